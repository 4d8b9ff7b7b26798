//! Who can be reached where (RFC 3261 §10.3).

use std::net::SocketAddr;
use std::time::Duration;

use crate::{Header, Request, Status, Uri};

/// The intervals a registrar grants. A shorter wish than `min` is raised, a longer one than `max` lowered, as Asterisk does.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The shortest.
    pub min: Duration,
    /// The longest.
    pub max: Duration,
    /// What a request without a wish gets.
    pub default: Duration,
    /// How many Contacts one account may have.
    pub contacts: usize,
}

/// One place where an account can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The Contact: the Request-URI of calls to it.
    pub contact: Uri,
    /// Where its REGISTER came from: where calls to it go.
    pub source: SocketAddr,
    /// When it ends.
    pub until: Duration,
}

/// A REGISTER that changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status}")]
pub struct Refusal {
    /// What to answer.
    pub status: Status,
    /// Headers of the answer.
    pub headers: Vec<Header>,
}

/// The bindings of all accounts, by the user part of the address of record.
#[derive(Debug)]
pub struct Registrar {
    limits: Limits,
}

impl Registrar {
    /// An empty registrar.
    pub fn new(limits: Limits) -> Self {
        Self { limits }
    }

    /// Carries out a REGISTER of `account` (whose credentials have been checked) and gives the headers of its 200.
    pub fn register(
        &mut self,
        now: Duration,
        account: &str,
        request: &Request,
        source: SocketAddr,
    ) -> Result<Vec<Header>, Refusal> {
        let _ = (now, account, request, source, self.limits);
        Ok(Vec::new())
    }

    /// Where an account can be reached now, the latest first.
    pub fn bindings(&self, now: Duration, account: &str) -> Vec<Binding> {
        let _ = (now, account);
        Vec::new()
    }

    /// Forgets an account's bindings, as after a sign-out.
    pub fn forget(&mut self, account: &str) {
        let _ = account;
    }

    /// Drops what has lapsed and names the accounts that can no longer be reached.
    pub fn expire(&mut self, now: Duration) -> Vec<String> {
        let _ = now;
        Vec::new()
    }

    /// When the next binding lapses.
    pub fn poll_timeout(&self) -> Option<Duration> {
        None
    }
}
