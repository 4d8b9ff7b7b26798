//! Digest access authentication (RFC 7616, RFC 8760; RFC 2617 and RFC 2069 for old servers).

mod client;
mod digest;

use std::fmt;

pub(crate) use client::{Attempt, DigestClient, Refused};
pub(crate) use digest::{Algorithm, Challenge, auth_params, ha1, response};

/// A password. `Debug` masks it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Takes a password.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Who we are to a server that asks. `Debug` shows the realm only.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user name.
    pub user: String,
    /// The password.
    pub password: Password,
    /// The only realm these are for; `None` answers any.
    pub realm: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}
