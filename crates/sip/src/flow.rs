//! The way a message goes or came by.

use std::fmt;
use std::net::SocketAddr;

use crate::Transport;

/// A transport and the far side's address on it. On a stream it names the connection, whoever opened it: what is sent to a flow
/// goes by the connection that stands, or by a new one to that address (RFC 3261 §18).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flow {
    /// By what.
    pub transport: Transport,
    /// The far side.
    pub addr: SocketAddr,
}

impl Flow {
    /// By datagrams.
    pub const fn udp(addr: SocketAddr) -> Self {
        Self {
            transport: Transport::Udp,
            addr,
        }
    }

    /// By a TCP connection.
    pub const fn tcp(addr: SocketAddr) -> Self {
        Self {
            transport: Transport::Tcp,
            addr,
        }
    }

    /// By a TLS connection.
    pub const fn tls(addr: SocketAddr) -> Self {
        Self {
            transport: Transport::Tls,
            addr,
        }
    }

    /// True for a stream: what is written arrives, or the flow ends.
    pub const fn is_reliable(self) -> bool {
        match self.transport {
            Transport::Udp => false,
            Transport::Tcp
            | Transport::Tls
            | Transport::Sctp
            | Transport::TlsSctp
            | Transport::Ws
            | Transport::Wss => true,
        }
    }
}

/// The name in a Via, in upper case.
pub(crate) const fn via_name(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
        Transport::Tls => "TLS",
        Transport::Sctp => "SCTP",
        Transport::TlsSctp => "TLS-SCTP",
        Transport::Ws => "WS",
        Transport::Wss => "WSS",
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", via_name(self.transport), self.addr)
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
