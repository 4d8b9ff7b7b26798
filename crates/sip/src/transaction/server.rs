//! Their transactions.
//!
//! ```text
//! INVITE   Proceeding ──2xx──▶ Accepted (L), ACKs go up            (RFC 6026)
//!              └──3xx-6xx──▶ Completed (G, H) ──ACK──▶ Confirmed (I)
//! others   Proceeding ──final──▶ Completed (J)
//! ```

use std::fmt;
use std::time::Duration;

use crate::timers::{GIVE_UP, T1, T2, T4};
use crate::{Flow, Request, Status, Transmit, Via};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Proceeding,
    Completed,
    Accepted,
    Confirmed,
}

pub(super) struct Server {
    pub(super) key: String,
    invite: bool,
    to: Flow,
    state: State,
    response: Option<Vec<u8>>,
    interval: Duration,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {:?} from {}",
            if self.invite { "INVITE" } else { "request" },
            self.state,
            self.to
        )
    }
}

#[derive(Default)]
pub(super) struct Steps {
    pub(super) send: Option<Transmit>,
    pub(super) ack_up: bool,
    pub(super) stop_repeating: bool,
    pub(super) repeat_after: Option<Duration>,
    pub(super) end_after: Option<Duration>,
}

/// What makes two requests the same transaction (RFC 3261 §17.2.3). An ACK or CANCEL finds its INVITE by naming its method.
pub(super) fn key(request: &Request, via: &Via, method: &str) -> String {
    let hop = (&via.host, via.port);
    match via
        .branch()
        .filter(|branch| branch.len() > Via::COOKIE.len() && branch.starts_with(Via::COOKIE))
    {
        Some(branch) => format!("{branch} {hop:?} {method}"),
        None => {
            let from = request
                .from()
                .and_then(|from| from.tag().map(str::to_owned))
                .unwrap_or_default();
            let number = request.cseq().map_or(0, |cseq| cseq.number);
            let branch = via.branch().unwrap_or_default();
            format!(
                "{} {from} {number} {} {branch} {hop:?} {method}",
                request.call_id().unwrap_or_default(),
                request.uri
            )
        }
    }
}

impl Server {
    pub(super) fn new(key: String, invite: bool, to: Flow) -> Self {
        Self {
            key,
            invite,
            to,
            state: State::Proceeding,
            response: None,
            interval: T1,
        }
    }

    /// The response to send again.
    pub(super) fn last(&self) -> Option<Transmit> {
        self.response
            .clone()
            .map(|bytes| Transmit { to: self.to, bytes })
    }

    /// The time to the next retransmission of a refusal (timer G).
    pub(super) fn next_interval(&mut self) -> Duration {
        self.interval = (self.interval * 2).min(T2);
        self.interval
    }

    pub(super) fn respond(&mut self, status: Status, bytes: Vec<u8>) -> Steps {
        let mut steps = Steps::default();
        if self.state != State::Proceeding {
            return steps;
        }
        self.response = Some(bytes);
        steps.send = self.last();
        match (status, self.invite) {
            (status, _) if status.is_provisional() => {}
            (status, true) if status.is_success() => {
                self.state = State::Accepted;
                steps.end_after = Some(GIVE_UP);
            }
            (_, true) => {
                self.state = State::Completed;
                steps.repeat_after = (!self.to.is_reliable()).then_some(T1);
                steps.end_after = Some(GIVE_UP);
            }
            (_, false) => {
                self.state = State::Completed;
                steps.end_after = Some(self.linger(GIVE_UP));
            }
        }
        steps
    }

    /// How long to wait for repetitions: on a stream none come (timers I and J).
    fn linger(&self, unreliable: Duration) -> Duration {
        if self.to.is_reliable() {
            Duration::ZERO
        } else {
            unreliable
        }
    }

    /// The way the answers go.
    pub(super) fn flow(&self) -> Flow {
        self.to
    }

    /// The request came once more, by a new connection where the old one was lost: its answers follow it.
    pub(super) fn heard_by(&mut self, source: Flow) {
        if source.is_reliable() {
            self.to = source;
        }
    }

    /// The request once more, or the ACK.
    pub(super) fn receive(&mut self, ack: bool) -> Steps {
        let mut steps = Steps::default();
        match (self.state, ack) {
            (State::Proceeding | State::Completed, false) => steps.send = self.last(),
            (State::Completed, true) if self.invite => {
                self.state = State::Confirmed;
                steps.stop_repeating = true;
                steps.end_after = Some(self.linger(T4));
            }
            // Someone reuses the INVITE's branch for the ACK of a 2xx: it goes up all the same.
            (State::Accepted, true) => steps.ack_up = true,
            (State::Accepted | State::Confirmed, false) => {}
            (State::Proceeding | State::Completed | State::Confirmed, true) => {}
        }
        steps
    }
}
