//! The builtin engine's core: a registrar and a back-to-back user agent, without sockets and without a clock.
//!
//! Each side of a call is a leg with an RTP port of its own. A customer's leg is answered at once and hears the queue's
//! tone until an agent's leg is joined to it; then packets are forwarded untouched, so both legs speak one codec with one
//! set of payload types. What rings whom, and how long, is the queue's word alone.

mod admission;
mod dial;
mod hold;
mod offers;
mod queue;
mod session;
#[cfg(test)]
mod tests;

use super::{Command, Directory, Event};
use crate::guesses::Guesses;
use dial::Dial;
use offhook_audio::Codec;
use offhook_model::{AgentId, CallId, LegId, Mono, PhoneNumber, Random, SkillGroupId, Wall};
use offhook_sip::endpoint::{self, Endpoint};
use offhook_sip::sdp::SessionVersion;
use offhook_sip::server::{Challenger, Limits, Registrar};
use offhook_sip::{CallKey, Core, Flow, Header, Method, Reason, Status, Transmit};
use session::Chosen;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

/// Names an RTP port of a [`MediaPlane`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortKey(pub u64);

/// What a centre plays to who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tone {
    /// To a customer in a queue.
    Queue,
    /// To who is on hold.
    Hold,
}

/// What moves the voice. None of these waits.
pub trait MediaPlane {
    /// Opens a port and says where it receives; nothing where the system has none left.
    fn open(&mut self) -> Option<(PortKey, SocketAddr)>;
    /// Says where a port sends until packets show their true source.
    fn set_remote(&mut self, port: PortKey, remote: SocketAddr);
    /// Plays a tone at a port and nothing else. What comes in there is heard by nobody.
    fn play(&mut self, port: PortKey, tone: Tone, codec: Codec, payload_type: u8);
    /// Lets two ports hear each other, and ends their tones.
    fn join(&mut self, one: PortKey, other: PortKey);
    /// Plays nothing at a port. What comes in there is heard by nobody.
    fn silence(&mut self, port: PortKey);
    /// Records, for an agent's leg, what two ports hear of each other from now on, until one of them is closed.
    fn record(&mut self, leg: LegId, sides: Sides, codec: Codec, payload_type: u8);
    /// Closes a port.
    fn close(&mut self, port: PortKey);
}

/// The two ports of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sides {
    /// Where the customer's voice comes in: the left channel.
    pub customer: PortKey,
    /// Where the agent's voice comes in: the right channel.
    pub agent: PortKey,
}

/// How a switch appears.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address of its sockets.
    pub local: SocketAddr,
    /// The address where it listens for TLS, where it does.
    pub tls: Option<SocketAddr>,
    /// Whether anybody may call the queues, or only loopback and registered phones.
    pub open: bool,
    /// Where calls to numbers outside go; nothing where there is no way out.
    pub trunk: Option<SocketAddr>,
    /// The wall clock at the epoch of the times it is handed.
    pub epoch: Wall,
    /// Must not be guessable: nonces and tags come from it.
    pub seed: u64,
}

/// Whose a leg is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// A customer of a queue; an agent where one called a queue.
    Customer { call: CallId, by: Option<AgentId> },
    /// An agent who is offered a queue's call.
    Agent { leg: LegId, agent: AgentId },
    /// Who dialled past the queues.
    Caller {
        call: CallId,
        agent: Option<AgentId>,
    },
    /// Who was dialled so; nobody's agent outside.
    Callee {
        call: CallId,
        agent: Option<AgentId>,
    },
}

impl Role {
    /// The agent whose phone the leg is on.
    fn agent(self) -> Option<AgentId> {
        match self {
            Self::Customer { by, .. } => by,
            Self::Agent { agent, .. } => Some(agent),
            Self::Caller { agent, .. } | Self::Callee { agent, .. } => agent,
        }
    }
}

/// One side of a call. Not to be printed: it may hold the caller's name.
struct Leg {
    role: Role,
    port: PortKey,
    addr: SocketAddr,
    session: SessionVersion,
    /// What it speaks; nothing while a customer who offered nothing has not answered our offer, or the other side of a
    /// dialled call has not chosen.
    chosen: Option<Chosen>,
    /// The other side of the call.
    peer: Option<CallKey>,
    /// Whether it wants to hear; a side that does not has the other on hold.
    listens: bool,
    /// Where its INVITE went, for one we called.
    hop: Option<Flow>,
    reached: bool,
    answered: bool,
    /// Their SDP, where it came before the answer.
    early: Option<Vec<u8>>,
    /// The queue it waits for: told once it is known what it speaks.
    arriving: Option<(SkillGroupId, Option<PhoneNumber>, Option<String>)>,
}

impl Leg {
    /// A leg of which nothing but its port is known.
    fn new(role: Role, port: PortKey, addr: SocketAddr, session: SessionVersion) -> Self {
        Self {
            role,
            port,
            addr,
            session,
            chosen: None,
            peer: None,
            listens: true,
            hop: None,
            reached: false,
            answered: false,
            early: None,
            arriving: None,
        }
    }
}

/// See the module.
pub struct Switch<M> {
    config: Config,
    endpoint: Endpoint,
    registrar: Registrar,
    challenger: Challenger,
    guesses: Guesses,
    directory: Directory,
    media: M,
    legs: BTreeMap<CallKey, Leg>,
    customers: BTreeMap<CallId, CallKey>,
    offers: BTreeMap<LegId, CallKey>,
    dials: BTreeMap<CallId, Dial>,
    events: VecDeque<Event>,
    random: Random,
}

impl<M> std::fmt::Debug for Switch<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Switch")
            .field("local", &self.config.local)
            .field("legs", &self.legs.len())
            .finish_non_exhaustive()
    }
}

impl<M: MediaPlane> Switch<M> {
    /// A switch that knows nobody yet.
    pub fn new(config: Config, media: M) -> Self {
        let mut random = Random::seeded(config.seed);
        let endpoint = Endpoint::new(
            endpoint::Config {
                local: config.local,
                user_agent: format!("Offhook centre/{}", env!("CARGO_PKG_VERSION")),
                serves: vec![Method::REGISTER],
                symmetric: true,
            },
            random.draw(),
        );
        let endpoint = match config.tls {
            Some(tls) => endpoint.known_over_tls_at(tls),
            None => endpoint,
        };
        Self {
            endpoint,
            registrar: Registrar::new(Limits {
                min: Duration::from_secs(60),
                max: Duration::from_secs(3_600),
                default: Duration::from_secs(600),
                // A second phone of the same agent displaces the first.
                contacts: 1,
            }),
            challenger: Challenger::new(
                crate::password::REALM,
                Duration::from_secs(300),
                random.draw(),
            ),
            guesses: Guesses::default(),
            directory: Directory::default(),
            media,
            legs: BTreeMap::new(),
            customers: BTreeMap::new(),
            offers: BTreeMap::new(),
            dials: BTreeMap::new(),
            events: VecDeque::new(),
            config,
            random,
        }
    }

    fn wall(&self, now: Mono) -> Wall {
        self.config.epoch.plus(now)
    }

    /// Takes what the endpoint has to tell, until it has no more.
    fn settle(&mut self, now: Mono) {
        while let Some(event) = self.endpoint.poll_event() {
            self.endpoint_event(now, event);
        }
    }

    fn endpoint_event(&mut self, now: Mono, event: endpoint::Event) {
        match event {
            endpoint::Event::Incoming(incoming) => self.incoming(now, &incoming),
            endpoint::Event::Request {
                key,
                request,
                source,
            } => self.register(now, key, &request, source),
            endpoint::Event::Progress {
                call, status, sdp, ..
            } => self.progress(now, call, status, sdp),
            endpoint::Event::Answered { call, sdp, .. } => self.answered(now, call, sdp),
            endpoint::Event::Confirmed { call, sdp } => self.confirmed(now, call, sdp),
            endpoint::Event::Reoffer { call, sdp } => self.reoffer(now, call, sdp),
            endpoint::Event::ReofferAnswered { call, answer } => {
                self.reoffer_answered(call, answer)
            }
            endpoint::Event::Ended { call, cause } => {
                if let Some(leg) = self.forget(call) {
                    self.leg_over(now, leg, &cause);
                }
            }
            // The switch sends no requests outside calls.
            endpoint::Event::Response { .. } | endpoint::Event::RequestFailed { .. } => {}
        }
    }

    /// A phone we called makes progress.
    fn progress(&mut self, now: Mono, key: CallKey, status: Status, sdp: Option<Vec<u8>>) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        if sdp.is_some() {
            leg.early.clone_from(&sdp);
        }
        match leg.role {
            Role::Callee { .. } => self.dial_progress(now, key, status, sdp),
            Role::Customer { .. } | Role::Agent { .. } | Role::Caller { .. } => {}
        }
        self.reached(key);
    }

    /// A phone we called has shown that it is there.
    fn reached(&mut self, key: CallKey) {
        if let Some(leg) = self.legs.get_mut(&key)
            && let Role::Agent { leg: id, .. } = leg.role
            && !std::mem::replace(&mut leg.reached, true)
        {
            self.events.push_back(Event::Reached { leg: id });
        }
    }

    /// Whatever comes from where an INVITE of ours went shows that the phone is there, though its 180 may be lost.
    fn heard_from(&mut self, source: Flow) {
        let heard: Vec<CallKey> = self
            .legs
            .iter()
            .filter(|(_, leg)| !leg.reached && leg.hop == Some(source))
            .map(|(&key, _)| key)
            .collect();
        for key in heard {
            self.reached(key);
        }
    }

    /// Phones that can no longer be called.
    fn unregistered(&mut self, extensions: &[String]) {
        for extension in extensions {
            if let Some(agent) = self.agent_of(extension) {
                self.events.push_back(Event::Unregistered { agent });
            }
        }
    }

    /// A phone we called answered.
    fn answered(&mut self, now: Mono, key: CallKey, sdp: Option<Vec<u8>>) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let sdp = sdp.or(leg.early.take());
        let id = match leg.role {
            Role::Agent { leg, .. } => leg,
            Role::Callee { .. } => return self.dial_answered(now, key, sdp),
            Role::Customer { .. } | Role::Caller { .. } => return,
        };
        leg.answered = true;
        let negotiated = leg
            .chosen
            .as_ref()
            .zip(sdp)
            .and_then(|(chosen, sdp)| chosen.accepted(&sdp, leg.addr));
        let Some(negotiated) = negotiated else {
            tracing::warn!("A phone answered without a codec of the offer");
            self.end(now, key, Some(Reason::sip(488, "No common codec")));
            return;
        };
        self.agreed(key, &negotiated);
        self.events.push_back(Event::Answered { leg: id });
    }

    /// Forgets a leg and closes its port.
    fn forget(&mut self, key: CallKey) -> Option<Leg> {
        let leg = self.legs.remove(&key)?;
        if let Some(peer) = leg.peer.and_then(|peer| self.legs.get_mut(&peer)) {
            peer.peer = None;
        }
        match leg.role {
            Role::Customer { call, .. } => {
                self.customers.remove(&call);
            }
            Role::Agent { leg, .. } => {
                self.offers.remove(&leg);
            }
            Role::Caller { .. } | Role::Callee { .. } => {}
        }
        self.media.close(leg.port);
        Some(leg)
    }

    /// Hangs up at a leg of ours and tells what follows from it, as if the far side had.
    fn end(&mut self, now: Mono, key: CallKey, reason: Option<Reason>) {
        self.endpoint.hang_up(now, key, reason);
        self.settle(now);
    }

    /// Hangs up at a leg because the queue said so: nobody need be told.
    fn end_silently(&mut self, now: Mono, key: CallKey, reason: Option<Reason>) {
        if let Some(leg) = self.forget(key) {
            if let (Some(agent), Role::Customer { .. }) = (leg.role.agent(), leg.role) {
                self.line_idle(agent);
            }
            self.endpoint.hang_up(now, key, reason);
        }
    }

    fn leg_over(&mut self, now: Mono, leg: Leg, cause: &offhook_sip::EndCause) {
        match leg.role {
            Role::Customer { call, by } => {
                if let Some(agent) = by {
                    self.line_idle(agent);
                }
                if leg.arriving.is_none() {
                    self.events.push_back(Event::Gone { call });
                }
            }
            Role::Agent { leg: id, .. } if leg.answered => {
                self.events.push_back(Event::LegEnded { leg: id });
            }
            Role::Agent { leg: id, .. } => self.events.push_back(Event::Refused {
                leg: id,
                why: offers::refusal(cause),
            }),
            Role::Caller { .. } | Role::Callee { .. } => self.dial_over(now, &leg, cause),
        }
    }
}

/// A header of the names rsip does not know.
fn header(name: &str, value: impl ToString) -> Header {
    Header::Other(name.to_owned(), value.to_string())
}

impl<M: MediaPlane> Core for Switch<M> {
    type Command = Command;
    type Event = Event;

    fn handle_command(&mut self, now: Duration, command: Command) {
        match command {
            Command::Directory(directory) => self.directory = directory,
            Command::Offer(offer) => self.offer(now, &offer),
            Command::CancelOffer { leg, why } => self.cancel_offer(now, leg, why),
            Command::Connect { call, leg } => self.connect(call, leg),
            Command::Drop { call } => {
                if let Some(&key) = self.customers.get(&call) {
                    self.end_silently(now, key, None);
                }
            }
            Command::EndLeg { leg } => {
                if let Some(&key) = self.offers.get(&leg) {
                    self.end_silently(now, key, None);
                }
            }
            Command::Dial { call } => self.place(now, call),
            Command::RefuseDial { call, why } => self.refuse_dial(now, call, why),
            Command::EndDial { call } => self.end_dial(now, call),
        }
        self.settle(now);
    }

    fn handle_message(&mut self, now: Duration, from: Flow, bytes: &[u8]) {
        self.heard_from(from);
        self.endpoint.handle_message(now, from, bytes);
        self.settle(now);
    }

    fn handle_timeout(&mut self, now: Duration) {
        self.endpoint.handle_timeout(now);
        let lapsed = self.registrar.expire(now);
        self.unregistered(&lapsed);
        self.settle(now);
    }

    fn handle_unreachable(&mut self, now: Duration, to: Flow) {
        self.endpoint.handle_unreachable(now, to);
        self.settle(now);
    }

    fn handle_disconnected(&mut self, now: Duration, flow: Flow) {
        let gone = self.registrar.disconnected(flow);
        self.unregistered(&gone);
        self.endpoint.handle_disconnected(now, flow);
        self.settle(now);
    }

    fn handle_shutdown(&mut self, now: Duration) {
        for key in self.endpoint.calls() {
            self.end(now, key, None);
        }
    }

    fn is_idle(&self) -> bool {
        self.endpoint.is_settled()
    }

    fn poll_timeout(&self) -> Option<Duration> {
        self.endpoint
            .poll_timeout()
            .into_iter()
            .chain(self.registrar.poll_timeout())
            .min()
    }

    fn poll_transmit(&mut self) -> Option<Transmit> {
        self.endpoint.poll_transmit()
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
}
