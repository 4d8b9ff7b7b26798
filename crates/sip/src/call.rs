//! What the owner of a call sees of it.

use std::fmt;
use std::time::Duration;

use crate::masked::{self, Names};
use crate::{Flow, Headers, NameAddr, Reason, Status, Uri};

/// Names a call between owner and core. The owner draws keys for its own calls below [`CallKey::INCOMING`]; the core names the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallKey(pub u64);

impl CallKey {
    /// The first key of calls that came in.
    pub const INCOMING: u64 = 1 << 63;

    /// True for a call that came in.
    pub fn is_incoming(self) -> bool {
        self.0 >= Self::INCOMING
    }
}

/// A call that came in and waits for an answer. `Debug` shows neither names nor numbers.
#[derive(Clone)]
pub struct Incoming {
    /// Its name from now on.
    pub call: CallKey,
    /// Who calls, by their own word.
    pub from: NameAddr,
    /// Whom they called.
    pub to: NameAddr,
    /// Where the last hop sent it: a registrar puts our Contact here.
    pub request_uri: Uri,
    /// The way the INVITE came by.
    pub source: Flow,
    /// The Call-ID, with From's tag the name of a call without headers of ours.
    pub call_id: String,
    /// The caller's SDP; without one our answer carries the offer.
    pub offer: Option<Vec<u8>>,
    /// All headers.
    pub headers: Headers,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("call", &self.call)
            .field("source", &self.source)
            .field("offer", &masked::body(&self.offer))
            .field("headers", &Names(&self.headers))
            .finish_non_exhaustive()
    }
}

/// How a call ended. Each call ends exactly once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndCause {
    /// The other side hung up.
    Bye {
        /// Their reason, if they gave one.
        reason: Option<Reason>,
    },
    /// The caller gave up, or another phone took the call (see [`Reason::is_answered_elsewhere`]).
    Cancelled {
        /// Their reason, if they gave one.
        reason: Option<Reason>,
    },
    /// The other side refused our call.
    Rejected {
        /// The final status, 300 to 699.
        status: Status,
        /// The reason they gave.
        reason: Option<Reason>,
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// We hung up, cancelled or rejected.
    HungUp,
    /// Nothing came back within 32 s (64 * T1).
    Timeout,
    /// The network says nobody listens there, or the connection was lost that the answer would have come by.
    Unreachable,
    /// We answered, and no ACK came within 32 s.
    AckMissing,
    /// The other side forgot the call: 408 or 481 within it, or it refused our credentials.
    Lost {
        /// What it answered.
        status: Status,
    },
    /// The request could not be written: a line end or NUL in a header, or more than 64 KiB.
    Unsendable,
}
