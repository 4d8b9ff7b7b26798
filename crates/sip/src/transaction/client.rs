//! Our transactions.
//!
//! ```text
//! INVITE      Calling ──1xx──▶ Proceeding ──2xx──▶ Accepted (M)        (RFC 6026)
//!                │ A, B            └──3xx-6xx──▶ Completed (D), ACKs by itself
//! others      Calling ──1xx──▶ Proceeding ──final──▶ Completed (K)
//!                  E, F
//! ```

use std::fmt;
use std::time::Duration;

use crate::header::header_name;
use crate::timers::{GIVE_UP, T1, T2, T4};
use crate::{Flow, Headers, Method, Request, Response};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Calling,
    Proceeding,
    Completed,
    Accepted,
}

pub(super) struct Client {
    pub(super) to: Flow,
    pub(super) branch: String,
    pub(super) request: Request,
    pub(super) bytes: Vec<u8>,
    state: State,
    interval: Duration,
    /// It was sent once more after its connection was lost.
    resent: bool,
    /// The ACK of a refused INVITE, repeated with each repeated refusal.
    ack: Option<Vec<u8>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} to {}", self.request.method, self.state, self.to)
    }
}

pub(super) enum End {
    Keep,
    Never,
    After(Duration),
}

pub(super) struct Steps {
    pub(super) up: Option<Response>,
    pub(super) ack: Option<Vec<u8>>,
    pub(super) stop_repeating: bool,
    pub(super) repeat_after: Option<Duration>,
    pub(super) end_after: End,
}

impl Client {
    pub(super) fn new(to: Flow, branch: String, request: Request, bytes: Vec<u8>) -> Self {
        Self {
            to,
            branch,
            request,
            bytes,
            state: State::Calling,
            interval: Duration::ZERO,
            resent: false,
            ack: None,
        }
    }

    /// The time to the next retransmission: T1, doubled each time, for all but INVITE up to T2 (timers A and E).
    pub(super) fn next_interval(&mut self) -> Duration {
        let cap = if self.is_invite() { GIVE_UP } else { T2 };
        self.interval = match (self.state, self.interval) {
            (State::Proceeding, _) => T2,
            (_, Duration::ZERO) => T1,
            (_, before) => (before * 2).min(cap),
        };
        self.interval
    }

    /// True on an unreliable transport only: a stream repeats by itself.
    pub(super) fn repeats(&self) -> bool {
        !self.to.is_reliable()
    }

    /// True for what ends a call: whoever is not there now may be back in a moment, and would ring or talk on.
    pub(super) fn insists(&self) -> bool {
        self.is_unanswered() && matches!(self.request.method, Method::BYE | Method::CANCEL)
    }

    /// True the first time, if no answer came at all: then it may be sent once more.
    pub(super) fn take_resend(&mut self) -> bool {
        self.state == State::Calling && !std::mem::replace(&mut self.resent, true)
    }

    /// True if nothing but retransmissions has happened: an unreachable peer then means failure.
    pub(super) fn is_unanswered(&self) -> bool {
        match self.state {
            State::Calling => true,
            State::Proceeding => !self.is_invite(),
            State::Completed | State::Accepted => false,
        }
    }

    pub(super) fn awaits_final(&self) -> bool {
        matches!(self.state, State::Calling | State::Proceeding)
    }

    pub(super) fn receive(&mut self, response: Response) -> Steps {
        let mut steps = Steps {
            up: None,
            ack: None,
            stop_repeating: false,
            repeat_after: None,
            end_after: End::Keep,
        };
        let provisional = response.status.is_provisional();
        match (self.state, self.is_invite()) {
            (State::Calling | State::Proceeding, true) if provisional => {
                self.state = State::Proceeding;
                steps.stop_repeating = true;
                steps.end_after = End::Never;
                steps.up = Some(response);
            }
            (State::Calling | State::Proceeding, false) if provisional => {
                if self.state == State::Calling {
                    self.state = State::Proceeding;
                    steps.repeat_after = self.repeats().then_some(T2);
                }
                steps.up = Some(response);
            }
            (State::Calling | State::Proceeding, true) if response.status.is_success() => {
                self.state = State::Accepted;
                steps.stop_repeating = true;
                steps.end_after = End::After(GIVE_UP);
                steps.up = Some(response);
            }
            (State::Calling | State::Proceeding, true) => {
                self.state = State::Completed;
                self.ack = self.ack_for(&response);
                steps.ack = self.ack.clone();
                steps.stop_repeating = true;
                steps.end_after = End::After(self.linger(GIVE_UP));
                steps.up = Some(response);
            }
            (State::Calling | State::Proceeding, false) => {
                self.state = State::Completed;
                steps.stop_repeating = true;
                steps.end_after = End::After(self.linger(T4));
                steps.up = Some(response);
            }
            (State::Accepted, _) if response.status.is_success() => steps.up = Some(response),
            (State::Completed, true) if !provisional => steps.ack = self.ack.clone(),
            (State::Accepted | State::Completed, _) => {}
        }
        steps
    }

    /// A request on this one's branch: CANCEL, or the ACK of a refusal (RFC 3261 §9.1, §17.1.1.3). Credentials go along.
    pub(super) fn sibling(&self, method: Method) -> Request {
        let number = self.request.cseq().map_or(0, |cseq| cseq.number);
        let mut headers = Headers::default();
        for header in self.request.headers.iter() {
            if matches!(
                header_name(header),
                "Via"
                    | "From"
                    | "To"
                    | "Call-ID"
                    | "Route"
                    | "Max-Forwards"
                    | "Authorization"
                    | "Proxy-Authorization"
                    | "User-Agent"
            ) {
                headers.push(header.clone());
            }
        }
        let mut sibling = Request {
            method,
            uri: self.request.uri.clone(),
            headers,
            body: Vec::new(),
            charset: self.request.charset,
        };
        sibling.push("CSeq", format!("{number} {}", sibling.method));
        sibling
    }

    /// `None` if their To cannot be written, as with a bare NUL in it; then their refusal times out.
    fn ack_for(&self, response: &Response) -> Option<Vec<u8>> {
        let mut ack = self.sibling(Method::ACK);
        if let Some(to) = response.header("To") {
            ack.set("To", to);
        }
        ack.to_bytes().ok()
    }

    /// How long to wait for repeated answers: on a stream none come (timers D and K).
    fn linger(&self, unreliable: Duration) -> Duration {
        if self.repeats() {
            unreliable
        } else {
            Duration::ZERO
        }
    }

    fn is_invite(&self) -> bool {
        self.request.method == Method::INVITE
    }
}
