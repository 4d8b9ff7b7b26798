//! What a driver sends and listens by.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpSocket, UdpSocket};
use tokio_rustls::TlsAcceptor;

use super::tls::Trust;

/// How many free ports of one transport are tried for the other.
const TRIES: usize = 16;

/// A UDP socket, and the same port of TCP: to listen at, or for connections to leave from. TLS is a third, where it is spoken.
#[derive(Debug)]
pub struct Sockets {
    pub(super) udp: UdpSocket,
    pub(super) tcp: Tcp,
    pub(super) tls: Tls,
}

/// What is done with the port of TCP.
#[derive(Debug)]
pub(super) enum Tcp {
    /// Connections are accepted here, and leave from any port.
    Listening(TcpListener),
    /// Connections leave from here, so that Contact names a place where we can be reached. The socket only holds the port.
    Reserved(#[expect(dead_code, reason = "it holds the port")] TcpSocket),
    /// Connections leave from any port.
    Unbound,
}

/// What is done over TLS.
pub(super) enum Tls {
    /// Nothing.
    Absent,
    /// Connections are accepted here.
    Listening(TcpListener, TlsAcceptor),
    /// Connections are made to one who proves to be the registrar, and leave from where those over TCP do.
    Trusting(Trust),
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("Absent"),
            Self::Listening(listener, _) => f.debug_tuple("Listening").field(listener).finish(),
            Self::Trusting(_) => f.write_str("Trusting"),
        }
    }
}

impl Sockets {
    /// For a server: listens on UDP and TCP at one address. Port 0 takes one that is free for both.
    ///
    /// # Errors
    /// When the address is not this machine's, or in use.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let mut tries = 0;
        loop {
            tries += 1;
            let udp = UdpSocket::bind(address).await?;
            match TcpListener::bind(udp.local_addr()?).await {
                Ok(listener) => {
                    return Ok(Self {
                        udp,
                        tcp: Tcp::Listening(listener),
                        tls: Tls::Absent,
                    });
                }
                Err(error) if is_in_use(&error) && address.port() == 0 && tries < TRIES => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// For a server: listens for TLS as well, at an address of its own, with the certificate and key of `config`.
    ///
    /// # Errors
    /// When the address is not this machine's, or in use.
    pub async fn listening_for_tls(
        mut self,
        address: SocketAddr,
        config: Arc<ServerConfig>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        self.tls = Tls::Listening(listener, config.into());
        Ok(self)
    }

    /// For a phone: connections over TLS are made, to whoever proves to be the one that is trusted.
    #[must_use]
    pub fn trusting(mut self, trust: Trust) -> Self {
        self.tls = Tls::Trusting(trust);
        self
    }

    /// Where it listens for TLS; nothing where it does not.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn tls_addr(&self) -> io::Result<Option<SocketAddr>> {
        match &self.tls {
            Tls::Listening(listener, _) => listener.local_addr().map(Some),
            Tls::Absent | Tls::Trusting(_) => Ok(None),
        }
    }

    /// Where it is bound.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.udp.local_addr()
    }
}

impl From<UdpSocket> for Sockets {
    fn from(udp: UdpSocket) -> Self {
        Self {
            udp,
            tcp: Tcp::Unbound,
            tls: Tls::Absent,
        }
    }
}

/// For a phone: binds to the local address this machine would use towards `peer`, at any free port, so that Via and Contact name
/// an address that `peer` can answer. It accepts no connections; its own leave from that port.
///
/// # Errors
/// When no way leads to `peer`, or no port is left.
pub async fn bind_towards(peer: SocketAddr) -> io::Result<Sockets> {
    let any: IpAddr = if peer.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    };
    // Connecting a UDP socket sends nothing; it only asks the routing table.
    let route = UdpSocket::bind((any, 0)).await?;
    route.connect(peer).await?;
    let ip = route.local_addr()?.ip();
    let mut tries = 0;
    loop {
        tries += 1;
        let udp = UdpSocket::bind((ip, 0)).await?;
        match bound(udp.local_addr()?) {
            Ok(socket) => {
                return Ok(Sockets {
                    udp,
                    tcp: Tcp::Reserved(socket),
                    tls: Tls::Absent,
                });
            }
            Err(error) if is_in_use(&error) && tries < TRIES => {}
            Err(error) => return Err(error),
        }
    }
}

/// A TCP socket to connect from `local`, where others of ours may leave from, too.
pub(super) fn bound(local: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if local.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(local)?;
    Ok(socket)
}

pub(super) fn is_in_use(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_phone_is_bound_where_the_peer_can_answer() {
        let sockets = bind_towards("127.0.0.1:9".parse().unwrap()).await.unwrap();
        assert_eq!(sockets.local_addr().unwrap().ip(), Ipv4Addr::LOCALHOST);
    }

    #[tokio::test]
    async fn a_phones_connections_leave_from_one_port_again_and_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = listener.local_addr().unwrap();
        let sockets = bind_towards(peer).await.unwrap();
        let local = sockets.local_addr().unwrap();
        for _ in 0..3 {
            let ours = bound(local).unwrap().connect(peer).await.unwrap();
            let (theirs, from) = listener.accept().await.unwrap();
            assert_eq!(from, local);
            ours.set_zero_linger().unwrap();
            drop((ours, theirs));
        }
    }
}
