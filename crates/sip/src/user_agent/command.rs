//! What the owner asks of a user agent.

use std::fmt;

use crate::{CallKey, Header, Reason, Status, Uri};

/// What the owner asks of a user agent. Call keys of outgoing calls are the owner's, below [`CallKey::INCOMING`]. `Debug` shows
/// neither numbers nor bodies.
#[derive(Clone)]
pub enum Command {
    /// Registers, and keeps registered until [`Command::Unregister`].
    Register,
    /// Withdraws the registration.
    Unregister,
    /// Makes a call.
    Invite {
        /// Its name, not in use.
        call: CallKey,
        /// Whom to call.
        to: Uri,
        /// Our SDP.
        offer: Vec<u8>,
        /// More headers.
        headers: Vec<Header>,
    },
    /// Tells the caller that it rings (180).
    Ring {
        /// The incoming call.
        call: CallKey,
    },
    /// Takes an incoming call.
    Answer {
        /// The call.
        call: CallKey,
        /// Our SDP.
        sdp: Vec<u8>,
    },
    /// Refuses an incoming call.
    Reject {
        /// The call.
        call: CallKey,
        /// 300 to 699, such as 486 or 603.
        status: Status,
        /// Why, for the centre.
        reason: Option<Reason>,
    },
    /// Ends a call in any state.
    HangUp {
        /// The call.
        call: CallKey,
        /// Why, for the centre.
        reason: Option<Reason>,
    },
    /// Changes the session, as for hold.
    Reoffer {
        /// The call.
        call: CallKey,
        /// Our new offer.
        sdp: Vec<u8>,
    },
    /// Answers [`Event::Reoffer`](super::Event::Reoffer).
    AnswerReoffer {
        /// The call.
        call: CallKey,
        /// Our SDP.
        sdp: Vec<u8>,
    },
    /// Refuses [`Event::Reoffer`](super::Event::Reoffer).
    RejectReoffer {
        /// The call.
        call: CallKey,
        /// The status, such as 488.
        status: Status,
    },
    /// The network changed or the machine woke: registers anew at once.
    NetworkChanged,
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Register => f.write_str("Register"),
            Command::Unregister => f.write_str("Unregister"),
            Command::Invite { call, .. } => write!(f, "Invite({call:?})"),
            Command::Ring { call } => write!(f, "Ring({call:?})"),
            Command::Answer { call, .. } => write!(f, "Answer({call:?})"),
            Command::Reject {
                call,
                status,
                reason,
            } => write!(f, "Reject({call:?}, {status:?}, {reason:?})"),
            Command::HangUp { call, reason } => write!(f, "HangUp({call:?}, {reason:?})"),
            Command::Reoffer { call, .. } => write!(f, "Reoffer({call:?})"),
            Command::AnswerReoffer { call, .. } => write!(f, "AnswerReoffer({call:?})"),
            Command::RejectReoffer { call, status } => {
                write!(f, "RejectReoffer({call:?}, {status:?})")
            }
            Command::NetworkChanged => f.write_str("NetworkChanged"),
        }
    }
}
