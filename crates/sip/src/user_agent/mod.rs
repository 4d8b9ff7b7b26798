//! One account: registration, digest, who may ring.

mod account;
mod command;
mod event;

use std::collections::{HashSet, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

pub use account::Account;
pub use command::Command;
pub use event::{Event, RegistrationError};

use crate::endpoint::{self, Endpoint, Invite, RequestFailure};
use crate::header::header;
use crate::registration::Registration;
use crate::rng::Rng;
use crate::{CallKey, Core, EndCause, Flow, NameAddr, Status, Transmit, Transport};

/// A user agent for one account.
#[derive(Debug)]
pub struct UserAgent {
    endpoint: Endpoint,
    account: Account,
    registration: Registration,
    /// Calls from an address that may not ring; nobody hears of them.
    turned_away: HashSet<CallKey>,
    /// Connections that proved dead.
    disconnects: VecDeque<Flow>,
    events: VecDeque<Event>,
}

impl UserAgent {
    /// A user agent at rest; [`Command::Register`] begins. `local` is what Via and Contact name, so not a wildcard. The seed must be
    /// random in the field.
    pub fn new(account: Account, local: SocketAddr, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let config = endpoint::Config {
            local,
            user_agent: account.user_agent.clone(),
            serves: Vec::new(),
            symmetric: false,
        };
        let mut endpoint = Endpoint::new(config, rng.next_u64());
        endpoint.set_credentials(Some(account.credentials()));
        let contact = endpoint.contact_uri(account.aor.user.as_deref(), account.transport);
        let registration = Registration::new(&account, contact, rng);
        Self {
            endpoint,
            account,
            registration,
            turned_away: HashSet::new(),
            disconnects: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// The account.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// True without call, transaction and timer: nothing is remembered.
    pub fn is_at_rest(&self) -> bool {
        self.endpoint.is_idle() && self.registration.poll_timeout().is_none()
    }

    /// Anybody can write another's address on a datagram; whoever speaks over TLS to us has shown a certificate.
    fn admits(&self, source: Flow) -> bool {
        let ip = source.addr.ip();
        let known = ip == self.account.registrar.ip() || self.account.admitted.contains(&ip);
        let encrypted = source.transport == Transport::Tls;
        known && (encrypted || self.account.transport != Transport::Tls)
    }

    /// Gives up the connection to the registrar: it proved dead, or leads through a network that is no more.
    fn drop_connection(&mut self, now: Duration) {
        let flow = self.account.flow();
        if flow.is_reliable() {
            self.disconnects.push_back(flow);
            self.endpoint.handle_disconnected(now, flow);
        }
    }

    /// Passes on what the endpoint has to tell.
    fn settle(&mut self, now: Duration) {
        while let Some(event) = self.endpoint.poll_event() {
            let told =
                match event {
                    endpoint::Event::Incoming(incoming) if !self.admits(incoming.source) => {
                        tracing::info!("A call from an address that may not ring");
                        self.turned_away.insert(incoming.call);
                        self.endpoint
                            .reject(now, incoming.call, Status::FORBIDDEN, Vec::new());
                        None
                    }
                    endpoint::Event::Incoming(incoming) => Some(Event::Incoming(incoming)),
                    // No method is served, so none comes.
                    endpoint::Event::Request { .. } => None,
                    endpoint::Event::Response { key, response } => self
                        .registration
                        .handle_response(now, key, &response, &self.account, &mut self.endpoint),
                    endpoint::Event::RequestFailed { key, failure } => {
                        if failure == RequestFailure::Timeout {
                            self.drop_connection(now);
                        }
                        self.registration.handle_failure(now, key, failure)
                    }
                    endpoint::Event::Progress {
                        call,
                        status,
                        sdp,
                        headers,
                    } => Some(Event::Progress {
                        call,
                        status,
                        sdp,
                        headers,
                    }),
                    endpoint::Event::Answered { call, sdp, headers } => {
                        Some(Event::Answered { call, sdp, headers })
                    }
                    endpoint::Event::Confirmed { call, sdp } => {
                        Some(Event::Confirmed { call, sdp })
                    }
                    endpoint::Event::Reoffer { call, sdp } => Some(Event::Reoffer { call, sdp }),
                    endpoint::Event::ReofferAnswered { call, answer } => {
                        Some(Event::ReofferAnswered { call, answer })
                    }
                    endpoint::Event::Ended { call, cause } => {
                        if cause == EndCause::Timeout {
                            self.drop_connection(now);
                        }
                        (!self.turned_away.remove(&call)).then_some(Event::Ended { call, cause })
                    }
                };
            self.events.extend(told);
        }
    }
}

impl Core for UserAgent {
    type Command = Command;
    type Event = Event;

    fn handle_command(&mut self, now: Duration, command: Command) {
        let Self {
            endpoint,
            account,
            registration,
            ..
        } = self;
        match command {
            Command::Register => registration.register(now, account, endpoint),
            Command::Unregister => {
                let told = registration.unregister(now, account, endpoint);
                self.events.extend(told);
            }
            Command::Invite {
                call,
                to,
                offer,
                headers,
            } => {
                let invite = Invite {
                    uri: to.clone(),
                    from: account.name_addr(),
                    to: NameAddr::new(to),
                    next_hop: account.flow(),
                    offer,
                    headers,
                    credentials: None,
                };
                endpoint.invite_as(now, call, invite);
            }
            Command::Ring { call } => {
                endpoint.progress(now, call, Status::RINGING, None, Vec::new())
            }
            Command::Answer { call, sdp } => endpoint.answer(now, call, sdp, Vec::new()),
            Command::Reject {
                call,
                status,
                reason,
            } => {
                let headers = reason
                    .map(|reason| header("Reason", reason.to_string()))
                    .into_iter()
                    .collect();
                endpoint.reject(now, call, status, headers);
            }
            Command::HangUp { call, reason } => endpoint.hang_up(now, call, reason),
            Command::Reoffer { call, sdp } => endpoint.reoffer(now, call, sdp),
            Command::AnswerReoffer { call, sdp } => endpoint.answer_reoffer(now, call, sdp),
            Command::RejectReoffer { call, status } => endpoint.reject_reoffer(now, call, status),
            Command::NetworkChanged => {
                self.drop_connection(now);
                self.registration
                    .network_changed(now, &self.account, &mut self.endpoint);
            }
        }
        self.settle(now);
    }

    fn handle_message(&mut self, now: Duration, from: Flow, bytes: &[u8]) {
        self.endpoint.handle_message(now, from, bytes);
        self.settle(now);
    }

    fn handle_timeout(&mut self, now: Duration) {
        self.endpoint.handle_timeout(now);
        self.registration
            .handle_timeout(now, &self.account, &mut self.endpoint);
        self.settle(now);
    }

    fn handle_unreachable(&mut self, now: Duration, to: Flow) {
        self.endpoint.handle_unreachable(now, to);
        self.settle(now);
        if to == self.account.flow() {
            let cause = RegistrationError::Unreachable;
            self.events
                .extend(self.registration.handle_lost(now, cause));
        }
    }

    fn handle_untrusted(&mut self, now: Duration, to: Flow) {
        self.endpoint.handle_untrusted(now, to);
        self.settle(now);
        if to == self.account.flow() {
            let cause = RegistrationError::Untrusted;
            self.events
                .extend(self.registration.handle_lost(now, cause));
        }
    }

    fn handle_disconnected(&mut self, now: Duration, flow: Flow) {
        self.endpoint.handle_disconnected(now, flow);
        self.settle(now);
        if flow == self.account.flow() {
            let cause = RegistrationError::Disconnected;
            self.events
                .extend(self.registration.handle_lost(now, cause));
        }
    }

    fn handle_shutdown(&mut self, now: Duration) {
        for call in self.endpoint.calls() {
            self.endpoint.hang_up(now, call, None);
        }
        self.settle(now);
        self.handle_command(now, Command::Unregister);
    }

    fn is_idle(&self) -> bool {
        self.endpoint.is_settled() && self.registration.is_idle()
    }

    fn poll_timeout(&self) -> Option<Duration> {
        self.endpoint
            .poll_timeout()
            .into_iter()
            .chain(self.registration.poll_timeout())
            .min()
    }

    fn poll_disconnect(&mut self) -> Option<Flow> {
        self.disconnects.pop_front()
    }

    fn poll_transmit(&mut self) -> Option<Transmit> {
        self.endpoint.poll_transmit()
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
}
