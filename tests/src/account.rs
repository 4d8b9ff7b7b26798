//! What a telephone that nobody here wrote is given: an address, and a password where it registers.

/// What SIP messages travel over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    /// UDP.
    #[default]
    Udp,
    /// TCP.
    Tcp,
}

impl Transport {
    /// Spells it as SIP URIs do.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
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
}
