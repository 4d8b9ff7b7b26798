//! What a user agent tells its owner.

use std::fmt;
use std::time::Duration;

use crate::masked::{self, Length, Names};
use crate::{CallKey, EndCause, Headers, Incoming, Status};

/// Why the registration failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationError {
    /// User name or password refused: asked twice, told no twice. Not retried.
    #[error("user name or password refused")]
    Unauthorized,
    /// The registrar answered with this status.
    #[error("the registrar answered {0}")]
    Refused(Status),
    /// No answer within 32 s.
    #[error("the registrar does not answer")]
    Timeout,
    /// Nobody listens at the registrar's address, or no connection could be made in time.
    #[error("nobody listens at the registrar's address")]
    Unreachable,
    /// Whoever listens at the registrar's address has no certificate that verifies and holds the registrar's name.
    #[error("the registrar's certificate does not verify")]
    Untrusted,
    /// The connection to the registrar was lost.
    #[error("the connection to the registrar was lost")]
    Disconnected,
    /// The challenge is not for our realm or names no algorithm we know.
    #[error("the registrar's challenge cannot be answered")]
    BadChallenge,
    /// The account's own data cannot be written into a request.
    #[error("the account holds characters that cannot be sent")]
    Unsendable,
}

/// What a user agent tells its owner. `Debug` shows neither names, numbers nor bodies.
#[derive(Clone)]
pub enum Event {
    /// Registered, or registered again.
    Registered {
        /// The interval the registrar granted.
        expires: Duration,
    },
    /// Not registered; calls will not come.
    RegistrationFailed {
        /// Why.
        cause: RegistrationError,
        /// When it will be tried again; `None` waits for [`Command::Register`](super::Command::Register).
        retry_in: Option<Duration>,
    },
    /// The registration is withdrawn.
    Unregistered,
    /// A call came in.
    Incoming(Box<Incoming>),
    /// Our call makes progress (101-199).
    Progress {
        /// The call.
        call: CallKey,
        /// The status.
        status: Status,
        /// Early media.
        sdp: Option<Vec<u8>>,
        /// All headers of the response.
        headers: Headers,
    },
    /// Our call was answered.
    Answered {
        /// The call.
        call: CallKey,
        /// Their answer; `None` if it came with [`Event::Progress`] only.
        sdp: Option<Vec<u8>>,
        /// All headers of the response.
        headers: Headers,
    },
    /// The ACK to our answer came.
    Confirmed {
        /// The call.
        call: CallKey,
        /// Their answer, where ours carried the offer.
        sdp: Option<Vec<u8>>,
    },
    /// The other side changes the session.
    Reoffer {
        /// The call.
        call: CallKey,
        /// Their offer; `None` asks for ours.
        sdp: Option<Vec<u8>>,
    },
    /// The other side answered our change of the session.
    ReofferAnswered {
        /// The call.
        call: CallKey,
        /// Their answer, or the status it was refused with.
        answer: Result<Vec<u8>, Status>,
    },
    /// The call is over; told once.
    Ended {
        /// The call.
        call: CallKey,
        /// How.
        cause: EndCause,
    },
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Registered { expires } => write!(f, "Registered({expires:?})"),
            Event::RegistrationFailed { cause, retry_in } => {
                write!(f, "RegistrationFailed({cause:?}, {retry_in:?})")
            }
            Event::Unregistered => f.write_str("Unregistered"),
            Event::Incoming(incoming) => incoming.fmt(f),
            Event::Progress {
                call,
                status,
                sdp,
                headers,
            } => f
                .debug_struct("Progress")
                .field("call", call)
                .field("status", status)
                .field("sdp", &masked::body(sdp))
                .field("headers", &Names(headers))
                .finish(),
            Event::Answered { call, sdp, headers } => f
                .debug_struct("Answered")
                .field("call", call)
                .field("sdp", &masked::body(sdp))
                .field("headers", &Names(headers))
                .finish(),
            Event::Confirmed { call, sdp } => {
                write!(f, "Confirmed({call:?}, {:?})", masked::body(sdp))
            }
            Event::Reoffer { call, sdp } => write!(f, "Reoffer({call:?}, {:?})", masked::body(sdp)),
            Event::ReofferAnswered { call, answer } => {
                write!(
                    f,
                    "ReofferAnswered({call:?}, {:?})",
                    answer.as_ref().map(|sdp| Length(sdp.len()))
                )
            }
            Event::Ended { call, cause } => write!(f, "Ended({call:?}, {cause:?})"),
        }
    }
}
