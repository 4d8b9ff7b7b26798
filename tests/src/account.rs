//! What a telephone that nobody here wrote is given: an address, and a password where it registers.

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
        }
    }
}
