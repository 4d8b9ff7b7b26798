//! Transactions and dialogs in both roles (RFC 3261 §12-§15, §17; RFC 6026).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use crate::{
    CallKey, Credentials, EndCause, Header, Headers, Incoming, Method, NameAddr, Reason, Request,
    Response, Status, Transmit, Uri,
};

/// How an endpoint appears and what it takes.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address our Via and Contact name: that of the socket, not a wildcard.
    pub local: SocketAddr,
    /// The `User-Agent` and `Server` header.
    pub user_agent: String,
    /// Methods outside dialogs handed to the owner as [`Event::Request`], such as REGISTER. OPTIONS is answered by itself.
    pub serves: Vec<Method>,
    /// Sends requests within a dialog without route set to where the other side's messages come from, not to what its Contact
    /// says: right for a server whose phones sit behind NAT.
    pub symmetric: bool,
}

/// A call to make.
#[derive(Debug, Clone)]
pub struct Invite {
    /// The Request-URI.
    pub uri: Uri,
    /// Who calls; the tag is added. Its user part is also our Contact's.
    pub from: NameAddr,
    /// Whom we call.
    pub to: NameAddr,
    /// Where the INVITE and its CANCEL go.
    pub next_hop: SocketAddr,
    /// Our SDP.
    pub offer: Vec<u8>,
    /// More headers.
    pub headers: Vec<Header>,
    /// What to answer a challenge with.
    pub credentials: Option<Credentials>,
}

/// Names a request outside dialogs, in either direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey(pub(crate) u64);

/// Why a request of ours got no final answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestFailure {
    /// Nothing came within 32 s (64 * T1).
    Timeout,
    /// The network says nobody listens there.
    Unreachable,
    /// It could not be written.
    Unsendable,
}

/// What an endpoint tells its owner.
#[derive(Debug, Clone)]
pub enum Event {
    /// A call came in. It has been answered with 100; ring, answer or reject it.
    Incoming(Incoming),
    /// A request outside dialogs, of a method in [`Config::serves`]. Answer it with [`Endpoint::respond`].
    Request {
        /// Its name.
        key: RequestKey,
        /// The request.
        request: Request,
        /// Where it came from.
        source: SocketAddr,
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
    /// The other side changes the session (re-INVITE). Answer with [`Endpoint::answer_reoffer`] or [`Endpoint::reject_reoffer`].
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

/// Transactions and dialogs over one socket, in both roles.
#[derive(Debug)]
pub struct Endpoint {
    config: Config,
    transmits: VecDeque<Transmit>,
    events: VecDeque<Event>,
    next_call: u64,
}

impl Endpoint {
    /// An endpoint at rest. The seed gives tags, branches and back-offs.
    pub fn new(config: Config, seed: u64) -> Self {
        let _ = seed;
        Self {
            config,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            next_call: 0,
        }
    }

    /// How it appears.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Makes a call under a key of the endpoint's choice (from 2^62 up, so that it meets no key of an owner's).
    pub fn invite(&mut self, now: Duration, invite: Invite) -> CallKey {
        let call = CallKey((1 << 62) + self.next_call);
        self.next_call += 1;
        self.invite_as(now, call, invite);
        call
    }

    /// Makes a call under the owner's key. A key in use is refused by doing nothing.
    pub fn invite_as(&mut self, now: Duration, call: CallKey, invite: Invite) {
        let _ = (now, call, invite);
    }

    /// Answers an incoming call with 180 to 199, with early media if `sdp` is there.
    pub fn progress(
        &mut self,
        now: Duration,
        call: CallKey,
        status: Status,
        sdp: Option<Vec<u8>>,
        headers: Vec<Header>,
    ) {
        let _ = (now, call, status, sdp, headers);
    }

    /// Takes an incoming call with 200 and our SDP.
    pub fn answer(&mut self, now: Duration, call: CallKey, sdp: Vec<u8>, headers: Vec<Header>) {
        let _ = (now, call, sdp, headers);
    }

    /// Refuses an incoming call.
    pub fn reject(&mut self, now: Duration, call: CallKey, status: Status, headers: Vec<Header>) {
        let _ = (now, call, status, headers);
    }

    /// Ends a call in any state: CANCEL, BYE or 603. [`Event::Ended`] comes at once; the wire is settled behind it.
    pub fn hang_up(&mut self, now: Duration, call: CallKey, reason: Option<Reason>) {
        let _ = (now, call, reason);
    }

    /// Changes the session with a re-INVITE. On glare (491) it is repeated by itself.
    pub fn reoffer(&mut self, now: Duration, call: CallKey, sdp: Vec<u8>) {
        let _ = (now, call, sdp);
    }

    /// Answers [`Event::Reoffer`] with our SDP (the offer, if they had none).
    pub fn answer_reoffer(&mut self, now: Duration, call: CallKey, sdp: Vec<u8>) {
        let _ = (now, call, sdp);
    }

    /// Refuses [`Event::Reoffer`]; the session stays as it was.
    pub fn reject_reoffer(&mut self, now: Duration, call: CallKey, status: Status) {
        let _ = (now, call, status);
    }

    /// Sends a request outside dialogs. Via, Max-Forwards and User-Agent are added; the rest is the owner's.
    pub fn request(&mut self, now: Duration, next_hop: SocketAddr, request: Request) -> RequestKey {
        let _ = (now, next_hop, request);
        RequestKey(0)
    }

    /// Answers [`Event::Request`].
    pub fn respond(
        &mut self,
        now: Duration,
        key: RequestKey,
        status: Status,
        headers: Vec<Header>,
        body: Vec<u8>,
    ) {
        let _ = (now, key, status, headers, body);
    }

    /// Takes a datagram.
    pub fn handle_datagram(&mut self, now: Duration, from: SocketAddr, bytes: &[u8]) {
        let _ = (now, from, bytes);
    }

    /// Lets due timers fire.
    pub fn handle_timeout(&mut self, now: Duration) {
        let _ = now;
    }

    /// Fails what waits for `to`.
    pub fn handle_unreachable(&mut self, now: Duration, to: SocketAddr) {
        let _ = (now, to);
    }

    /// When the next timer is due.
    pub fn poll_timeout(&self) -> Option<Duration> {
        None
    }

    /// The next datagram.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// True without call, transaction and timer.
    pub fn is_idle(&self) -> bool {
        true
    }
}
