//! What an endpoint tells its owner.

use std::fmt;

use super::RequestKey;
use crate::masked::{self, Length, Names};
use crate::{CallKey, EndCause, Flow, Headers, Incoming, Request, Response, Status};

/// Why a request of ours got no final answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestFailure {
    /// Nothing came within 32 s (64 * T1).
    Timeout,
    /// The network says nobody listens there.
    Unreachable,
    /// Whoever listens there could not show to be the one who is meant.
    Untrusted,
    /// The connection was lost that the answer would have come by.
    Disconnected,
    /// It could not be written.
    Unsendable,
}

/// What an endpoint tells its owner. `Debug` shows neither names, numbers nor bodies.
#[derive(Clone)]
pub enum Event {
    /// A call came in. It has been answered with 100; ring, answer or reject it.
    Incoming(Box<Incoming>),
    /// A request outside dialogs, of a method in [`Config::serves`](super::Config::serves). Answer it with
    /// [`Endpoint::respond`](super::Endpoint::respond).
    Request {
        /// Its name.
        key: RequestKey,
        /// The request.
        request: Request,
        /// Where it came from.
        source: Flow,
    },
    /// The final answer to a request of ours outside dialogs.
    Response {
        /// The request's name.
        key: RequestKey,
        /// The answer.
        response: Response,
    },
    /// A request of ours outside dialogs got no final answer.
    RequestFailed {
        /// The request's name.
        key: RequestKey,
        /// Why.
        failure: RequestFailure,
    },
    /// Our call makes progress (101-199).
    Progress {
        /// The call.
        call: CallKey,
        /// The status.
        status: Status,
        /// Early media, if the other side answered our offer already.
        sdp: Option<Vec<u8>>,
        /// All headers of the response.
        headers: Headers,
    },
    /// Our call was answered. The ACK is on its way.
    Answered {
        /// The call.
        call: CallKey,
        /// Their answer to our offer; `None` if it came with [`Event::Progress`] only.
        sdp: Option<Vec<u8>>,
        /// All headers of the response.
        headers: Headers,
    },
    /// The ACK to our answer came: the call stands on both sides.
    Confirmed {
        /// The call.
        call: CallKey,
        /// Their answer, where our answer carried the offer.
        sdp: Option<Vec<u8>>,
    },
    /// The other side changes the session (re-INVITE). Answer with
    /// [`Endpoint::answer_reoffer`](super::Endpoint::answer_reoffer) or
    /// [`Endpoint::reject_reoffer`](super::Endpoint::reject_reoffer).
    Reoffer {
        /// The call.
        call: CallKey,
        /// Their new offer; `None` asks for ours.
        sdp: Option<Vec<u8>>,
    },
    /// The other side answered our re-INVITE, or the ACK brought its answer to the offer it had asked us for.
    ReofferAnswered {
        /// The call.
        call: CallKey,
        /// Their answer, or the status it was refused with; the session then stays as it was.
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
            Event::Request {
                key,
                request,
                source,
            } => write!(f, "Request({key:?}, {request:?}, from {source})"),
            Event::Response { key, response } => write!(f, "Response({key:?}, {response:?})"),
            Event::RequestFailed { key, failure } => {
                write!(f, "RequestFailed({key:?}, {failure:?})")
            }
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
