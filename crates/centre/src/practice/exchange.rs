//! The far end of the practice trunk on the wire: every number outside, behind one socket.

use offhook_sip::endpoint::{self, Endpoint};
use offhook_sip::{CallKey, Core, Flow, Status, Transmit};
use std::net::SocketAddr;
use std::time::Duration;

/// What somebody outside does.
#[derive(Clone)]
pub(super) enum Act {
    /// Rings, with early media if there is SDP.
    Progress {
        call: CallKey,
        status: Status,
        sdp: Option<Vec<u8>>,
    },
    Answer {
        call: CallKey,
        sdp: Vec<u8>,
    },
    Refuse {
        call: CallKey,
        status: Status,
    },
    HangUp {
        call: CallKey,
    },
    /// Takes a change of the session, or refuses it.
    AnswerReoffer {
        call: CallKey,
        answer: Result<Vec<u8>, Status>,
    },
}

pub(super) struct Exchange {
    endpoint: Endpoint,
    centre: SocketAddr,
}

impl Exchange {
    /// An exchange at `local` for the centre's calls alone.
    pub(super) fn new(local: SocketAddr, centre: SocketAddr, seed: u64) -> Self {
        let config = endpoint::Config {
            local,
            user_agent: "Offhook practice exchange".to_owned(),
            serves: Vec::new(),
            symmetric: true,
        };
        Self {
            endpoint: Endpoint::new(config, seed),
            centre,
        }
    }
}

impl Core for Exchange {
    type Command = Act;
    type Event = endpoint::Event;

    fn handle_command(&mut self, now: Duration, act: Act) {
        let none = Vec::new;
        match act {
            Act::Progress { call, status, sdp } => {
                self.endpoint.progress(now, call, status, sdp, none());
            }
            Act::Answer { call, sdp } => self.endpoint.answer(now, call, sdp, none()),
            Act::Refuse { call, status } => self.endpoint.reject(now, call, status, none()),
            Act::HangUp { call } => self.endpoint.hang_up(now, call, None),
            Act::AnswerReoffer { call, answer } => match answer {
                Ok(sdp) => self.endpoint.answer_reoffer(now, call, sdp),
                Err(status) => self.endpoint.reject_reoffer(now, call, status),
            },
        }
    }

    fn handle_message(&mut self, now: Duration, from: Flow, bytes: &[u8]) {
        // Whoever else finds the port is not answered.
        if from.addr == self.centre {
            self.endpoint.handle_message(now, from, bytes);
        }
    }

    fn handle_timeout(&mut self, now: Duration) {
        self.endpoint.handle_timeout(now);
    }

    fn handle_unreachable(&mut self, now: Duration, to: Flow) {
        self.endpoint.handle_unreachable(now, to);
    }

    fn handle_disconnected(&mut self, now: Duration, flow: Flow) {
        self.endpoint.handle_disconnected(now, flow);
    }

    fn handle_shutdown(&mut self, now: Duration) {
        for call in self.endpoint.calls() {
            self.endpoint.hang_up(now, call, None);
        }
    }

    fn is_idle(&self) -> bool {
        self.endpoint.is_settled()
    }

    fn poll_timeout(&self) -> Option<Duration> {
        self.endpoint.poll_timeout()
    }

    fn poll_transmit(&mut self) -> Option<Transmit> {
        self.endpoint.poll_transmit()
    }

    fn poll_event(&mut self) -> Option<endpoint::Event> {
        self.endpoint.poll_event()
    }
}
