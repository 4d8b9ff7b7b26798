//! Asks for digest credentials and checks them (RFC 7616, RFC 8760).

use std::time::Duration;

use crate::{Header, Headers, Method, Password, Status};

/// What the owner knows of a user.
#[derive(Debug, Clone)]
pub enum Secret {
    /// The password in clear.
    Password(Password),
    /// `H(user:realm:password)` in lower-case hex, per algorithm; an absent one refuses that algorithm.
    Ha1 {
        /// With MD5.
        md5: Option<Password>,
        /// With SHA-256.
        sha256: Option<Password>,
    },
}

/// What a request's credentials are worth.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// They are right, and fresh.
    Accepted {
        /// The user.
        user: String,
    },
    /// Answer with this status and these headers: none given, wrong, or stale.
    Challenge {
        /// 401 or 407.
        status: Status,
        /// One challenge per algorithm, SHA-256 first.
        headers: Vec<Header>,
        /// True if credentials were given and are wrong, not merely absent or stale: worth counting.
        wrong: bool,
    },
}

/// Issues nonces and checks answers to them.
#[derive(Debug)]
pub struct Challenger {
    realm: String,
}

impl Challenger {
    /// A challenger for one realm. Nonces live `lifetime`; older ones are answered with `stale=true`. `seed` must not be guessable.
    pub fn new(realm: impl Into<String>, lifetime: Duration, seed: u64) -> Self {
        let _ = (lifetime, seed);
        Self {
            realm: realm.into(),
        }
    }

    /// The realm.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// Checks a request by its method, headers and body. `lookup` gives the secret of a user, `None` if there is no such user.
    /// REGISTER and the like are challenged with 401; `proxy` asks with 407 (RFC 3261 §22.3).
    pub fn check(
        &mut self,
        now: Duration,
        proxy: bool,
        method: &Method,
        headers: &Headers,
        lookup: impl FnOnce(&str) -> Option<Secret>,
    ) -> Verdict {
        let _ = (now, method, headers, lookup);
        Verdict::Challenge {
            status: if proxy { Status(407) } else { Status(401) },
            headers: Vec::new(),
            wrong: false,
        }
    }
}
