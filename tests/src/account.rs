//! What a telephone that nobody here wrote is given: an address, and a password where it registers.

use crate::place::free_port;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// What SIP messages travel over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    /// UDP.
    #[default]
    Udp,
    /// TCP.
    Tcp,
    /// TLS.
    Tls,
}

impl Transport {
    /// Spells it as SIP URIs do.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

/// One SIP account of a peer.
#[derive(Debug, Clone)]
pub struct Account {
    /// `host:port` of the centre.
    pub centre: String,
    /// The user part: the caller's number, or an agent's extension.
    pub user: String,
    /// The name it shows.
    pub name: String,
    /// The device password; nothing for one who does not register.
    pub password: Option<String>,
    /// What its messages travel over.
    pub transport: Transport,
    /// The PEM file with the roots it trusts, where it verifies certificates.
    pub roots: Option<PathBuf>,
    /// The port at which it is reached; any free one where nothing is said.
    pub port: Option<u16>,
    /// It is heard before it answers (early media).
    pub early: bool,
}

impl Account {
    /// A customer's telephone, which registers nowhere.
    #[must_use]
    pub fn customer(centre: &str, number: &str, name: &str) -> Self {
        Self {
            centre: centre.into(),
            user: number.into(),
            name: name.into(),
            password: None,
            transport: Transport::Udp,
            roots: None,
            port: None,
            early: false,
        }
    }

    /// An agent's desk telephone.
    #[must_use]
    pub fn agent(centre: &str, extension: &str, password: &str) -> Self {
        Self {
            centre: centre.into(),
            user: extension.into(),
            name: extension.into(),
            password: Some(password.into()),
            transport: Transport::Udp,
            roots: None,
            port: None,
            early: false,
        }
    }

    /// A telephone that is only called, at its own address.
    #[must_use]
    pub fn line(number: &str) -> Self {
        Self::customer("127.0.0.1", number, number)
    }

    /// The same over another transport.
    #[must_use]
    pub fn over(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// The same over TLS, to a server whose certificate was issued under these roots (a PEM file).
    #[must_use]
    pub fn trusting(mut self, roots: &Path) -> Self {
        self.transport = Transport::Tls;
        self.roots = Some(roots.to_owned());
        self
    }

    /// The same at this port, which others know already.
    #[must_use]
    pub fn at(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// The same, heard before it answers. For linphone alone: baresip is silent until it has answered, and sipp until it is
    /// spoken to.
    #[must_use]
    pub fn heard_early(mut self) -> Self {
        self.early = true;
        self
    }

    pub(crate) fn port(&self) -> Result<u16> {
        self.port.map_or_else(free_port, Ok)
    }
}
