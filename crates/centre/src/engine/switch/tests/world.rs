//! Phones, a wire and a centre.

use super::super::{Config, MediaPlane, PortKey, Sides, Switch, Tone};
use super::trunk::Trunk;
use crate::acd::{self, Acd, AgentConfig, CallOutcome, CallRecord, Effect, GroupConfig, Input};
use crate::engine::{Command, Directory, Event};
use crate::password;
use offhook_audio::Codec;
use offhook_model::{
    Activity, AgentId, CallId, LegId, LegOutcome, LegRecord, Mono, Now, PhoneNumber, Presence,
    PresenceReason, PresenceState, Random, Secret, SkillGroupId, Text, Wall,
};
use offhook_sip::sdp::{self, Capabilities, CodecSpec, Direction, SessionVersion};
use offhook_sip::{
    Account, CallKey, Core, EndCause, Flow, Header, Headers, HeadersExt, Password, Status,
    Transmit, Transport, UserAgent,
};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::net::SocketAddr;
use std::time::Duration;
use uuid::Uuid;

const EPOCH: Wall = Wall(1_790_000_000_000);
pub(super) const QUEUE: &str = "400100";
/// The numbers the first agent may call from.
pub(super) const CALLER_IDS: [&str; 2] = ["057115550100", "02115550100"];
const SESSION: SessionVersion = SessionVersion { id: 1, version: 1 };

/// What a phone went through.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Saw {
    Registered,
    Ringing(CallId),
    /// The status, and whether there is something to be heard.
    Progress(Status, bool),
    Answered,
    Ended(EndCause),
}

pub(super) struct Phone {
    pub(super) ua: UserAgent,
    addr: SocketAddr,
    /// The call it has, with the offer it came with.
    pub(super) call: Option<CallKey>,
    offer: Vec<u8>,
    pub(super) headers: Headers,
    pub(super) saw: Vec<Saw>,
    pub(super) sdp: Vec<u8>,
    session: SessionVersion,
    /// How often a change of its session was answered.
    pub(super) changes: usize,
}

impl Phone {
    fn capabilities(&self) -> Capabilities {
        capabilities(self.addr)
    }

    pub(super) fn endings(&self) -> usize {
        self.saw
            .iter()
            .filter(|saw| matches!(saw, Saw::Ended(_)))
            .count()
    }

    pub(super) fn rang(&self) -> Vec<CallId> {
        self.saw
            .iter()
            .filter_map(|saw| match saw {
                Saw::Ringing(call) => Some(*call),
                _ => None,
            })
            .collect()
    }
}

pub(super) fn spec(payload_type: u8, name: &str, clock_rate: u32, channels: u8) -> CodecSpec {
    CodecSpec {
        payload_type,
        name: name.to_owned(),
        clock_rate,
        channels,
        fmtp: None,
    }
}

/// G.722 stands first, which the centre does not know: its first known codec is Opus with an odd payload type.
pub(super) fn capabilities(addr: SocketAddr) -> Capabilities {
    Capabilities {
        addr,
        codecs: vec![
            spec(18, "G729", 8_000, 1),
            spec(109, "opus", 48_000, 2),
            spec(0, "PCMU", 8_000, 1),
        ],
        telephone_event: vec![
            spec(110, "telephone-event", 48_000, 1),
            spec(101, "telephone-event", 8_000, 1),
        ],
        ptime: 20,
    }
}

/// A media plane that only remembers.
#[derive(Debug, Default)]
pub(super) struct Ports {
    next: u16,
    pub(super) open: BTreeSet<PortKey>,
    pub(super) remotes: BTreeMap<PortKey, SocketAddr>,
    pub(super) tones: Vec<(PortKey, Codec, u8)>,
    pub(super) joins: Vec<(PortKey, PortKey)>,
    pub(super) recorded: Vec<(LegId, Sides, Codec, u8)>,
    /// What is heard at each port.
    pub(super) heard: BTreeMap<PortKey, Heard>,
}

/// What a phone hears from its port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    Tone(Tone),
    Voice(PortKey),
    Nothing,
}

impl MediaPlane for Ports {
    fn open(&mut self) -> Option<(PortKey, SocketAddr)> {
        self.next += 1;
        let key = PortKey(self.next.into());
        self.open.insert(key);
        Some((
            key,
            SocketAddr::from(([127, 0, 0, 1], 20_000 + 2 * self.next)),
        ))
    }

    fn set_remote(&mut self, port: PortKey, remote: SocketAddr) {
        self.remotes.insert(port, remote);
    }

    fn play(&mut self, port: PortKey, tone: Tone, codec: Codec, payload_type: u8) {
        self.tones.push((port, codec, payload_type));
        self.heard.insert(port, Heard::Tone(tone));
    }

    fn join(&mut self, one: PortKey, other: PortKey) {
        self.joins.push((one, other));
        self.heard.insert(one, Heard::Voice(other));
        self.heard.insert(other, Heard::Voice(one));
    }

    fn silence(&mut self, port: PortKey) {
        self.heard.insert(port, Heard::Nothing);
    }

    fn record(&mut self, leg: LegId, sides: Sides, codec: Codec, payload_type: u8) {
        self.recorded.push((leg, sides, codec, payload_type));
    }

    fn close(&mut self, port: PortKey) {
        self.open.remove(&port);
    }
}

/// Percentages lost and repeated, and the longest way in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weather {
    pub(super) loss: u64,
    pub(super) repeat: u64,
    pub(super) longest: u64,
}

pub(super) const FAIR: Weather = Weather {
    loss: 0,
    repeat: 0,
    longest: 2,
};
pub(super) const STORM: Weather = Weather {
    loss: 15,
    repeat: 15,
    longest: 120,
};

type Flight = (Mono, u64, SocketAddr, SocketAddr, Vec<u8>);

pub(super) struct World {
    pub(super) now: Mono,
    pub(super) switch: Switch<Ports>,
    pub(super) acd: Acd,
    centre: SocketAddr,
    /// The way to numbers outside.
    pub(super) trunk: Trunk,
    pub(super) phones: Vec<Phone>,
    pub(super) weather: Weather,
    random: Random,
    flying: BinaryHeap<Reverse<Flight>>,
    sent: u64,
    pub(super) legs: BTreeMap<offhook_model::LegId, (AgentId, LegRecord)>,
    pub(super) calls: BTreeMap<CallId, CallRecord>,
    /// Kept back on the way to the queue: what happens in the same moment as a deadline.
    pub(super) hold_events: bool,
    held: Vec<Event>,
}

pub(super) fn agent(n: usize) -> AgentId {
    AgentId(Uuid::from_u128(n as u128))
}

fn extension(n: usize) -> String {
    format!("{}", 1_000 + n)
}

fn address(n: usize) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 6_000 + n as u16))
}

impl World {
    /// A centre with one queue; phones 1 and 2 are agents, Ready and registered, phone 0 is a customer's.
    pub(super) fn new(weather: Weather, seed: u64) -> Self {
        let centre = SocketAddr::from(([127, 0, 0, 1], 5_060));
        let group = SkillGroupId(Uuid::from_u128(900));
        let mut acd = Acd::new(acd::Config::default(), seed);
        acd.add_group(GroupConfig {
            id: group,
            name: Text::new("售后服务", "After-sales"),
        });
        let config = Config {
            local: centre,
            tls: None,
            open: false,
            trunk: Some(Trunk::ADDR),
            epoch: EPOCH,
            seed,
        };
        let mut switch = Switch::new(config, Ports::default());
        let mut phones = vec![phone(0, None, centre, seed)];
        let mut directory = Directory {
            queues: vec![(QUEUE.to_owned(), group)],
            caller_ids: BTreeMap::from([(
                agent(1),
                CALLER_IDS
                    .map(|number| PhoneNumber::parse(number).expect("a number"))
                    .to_vec(),
            )]),
            ..Directory::default()
        };
        for n in 1..=2 {
            let secret = Secret::new(format!("secret-{n}"));
            directory.agents.push((agent(n), extension(n)));
            directory
                .secrets
                .push(password::sip_secret(agent(n), extension(n), &secret));
            phones.push(phone(n, Some(&secret), centre, seed));
            acd.add_agent(
                now_of(Mono::ZERO),
                AgentConfig {
                    agent: agent(n),
                    groups: vec![group],
                    presence: PresenceState {
                        presence: Presence::CheckedOut,
                        reason: PresenceReason::SignedIn,
                        since: EPOCH,
                        revision: 1,
                    },
                    in_wrap_up: false,
                    watched: false,
                },
            );
        }
        switch.handle_command(Mono::ZERO, Command::Directory(directory));
        let mut world = Self {
            now: Mono::ZERO,
            switch,
            acd,
            centre,
            trunk: Trunk::new(seed),
            phones,
            weather,
            random: Random::seeded(seed ^ 0x317E),
            flying: BinaryHeap::new(),
            sent: 0,
            legs: BTreeMap::new(),
            calls: BTreeMap::new(),
            hold_events: false,
            held: Vec::new(),
        };
        for n in 1..=2 {
            world.command(n, offhook_sip::Command::Register);
            assert!(
                world.run_until(60_000, |world| world.phones[n]
                    .saw
                    .contains(&Saw::Registered)),
                "phone {n} is not registered"
            );
            world.presence(n, Presence::Ready);
            world.pass(1_000);
        }
        world
    }

    pub(super) fn presence(&mut self, n: usize, presence: Presence) {
        let input = Input::SetPresence {
            agent: agent(n),
            presence,
            reason: PresenceReason::ByHand,
        };
        self.acd.handle(now_of(self.now), input);
        self.settle();
    }

    pub(super) fn presence_of(&self, n: usize) -> (Presence, PresenceReason) {
        let state = self.acd.presence(agent(n)).expect("known");
        (state.presence, state.reason)
    }

    pub(super) fn activity_of(&self, n: usize) -> Activity {
        self.acd.activity(agent(n)).expect("known")
    }

    pub(super) fn command(&mut self, n: usize, command: offhook_sip::Command) {
        self.phones[n].ua.handle_command(self.now, command);
        self.settle();
    }

    /// The customer, or an agent, calls.
    pub(super) fn dial(&mut self, n: usize, whom: &str) {
        self.dial_as(n, whom, Vec::new());
    }

    pub(super) fn dial_as(&mut self, n: usize, whom: &str, headers: Vec<Header>) {
        let offer = sdp::offer(&self.phones[n].capabilities(), Direction::SendRecv, SESSION);
        let call = CallKey(self.random.draw() >> 3);
        self.phones[n].call = Some(call);
        let to = format!("sip:{whom}@{}", self.centre)
            .parse()
            .expect("a URI");
        self.command(
            n,
            offhook_sip::Command::Invite {
                call,
                to,
                offer,
                headers,
            },
        );
    }

    pub(super) fn answer(&mut self, n: usize) {
        let phone = &self.phones[n];
        let call = phone.call.expect("it rings");
        let (sdp, _) = sdp::answer(
            &phone.offer,
            &phone.capabilities(),
            Direction::SendRecv,
            SESSION,
        )
        .expect("a common codec");
        self.command(n, offhook_sip::Command::Answer { call, sdp });
    }

    /// A phone puts the other side on hold, or takes it back: a re-INVITE with this direction.
    pub(super) fn reoffer(&mut self, n: usize, direction: Direction) {
        self.phones[n].session.version += 1;
        let phone = &self.phones[n];
        let sdp = sdp::offer(&phone.capabilities(), direction, phone.session);
        self.reoffer_with(n, sdp);
    }

    pub(super) fn reoffer_with(&mut self, n: usize, sdp: Vec<u8>) {
        let call = self.phones[n].call.expect("a call");
        self.command(n, offhook_sip::Command::Reoffer { call, sdp });
    }

    /// What a phone hears: whose voice, which tone, or nothing.
    pub(super) fn heard(&self, n: usize) -> Heard {
        self.heard_at(self.phones[n].addr)
    }

    pub(super) fn heard_at(&self, rtp: SocketAddr) -> Heard {
        let media = &self.switch.media;
        media
            .remotes
            .iter()
            .find(|(port, remote)| **remote == rtp && media.open.contains(port))
            .and_then(|(port, _)| media.heard.get(port))
            .copied()
            .unwrap_or(Heard::Nothing)
    }

    /// Tells whether two phones hear each other.
    pub(super) fn talk(&self, one: usize, other: usize) -> bool {
        let (one, other) = (self.phones[one].addr, self.phones[other].addr);
        self.hears(one, other) && self.hears(other, one)
    }

    /// Tells whether an agent and the number outside hear each other.
    pub(super) fn talks_outside(&self, n: usize) -> bool {
        let phone = self.phones[n].addr;
        self.hears(phone, Trunk::RTP) && self.hears(Trunk::RTP, phone)
    }

    fn hears(&self, who: SocketAddr, whom: SocketAddr) -> bool {
        match self.heard_at(who) {
            Heard::Voice(port) => self.switch.media.remotes.get(&port) == Some(&whom),
            Heard::Tone(_) | Heard::Nothing => false,
        }
    }

    /// The number outside makes progress, answers, refuses or hangs up.
    pub(super) fn outside(&mut self, act: impl FnOnce(&mut Trunk, Mono)) {
        act(&mut self.trunk, self.now);
        self.settle();
    }

    pub(super) fn hang_up(&mut self, n: usize) {
        let call = self.phones[n].call.expect("a call");
        self.command(n, offhook_sip::Command::HangUp { call, reason: None });
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        self.run(end, |_| false);
    }

    /// Lets time pass until something is so; false if it does not come about.
    pub(super) fn run_until(&mut self, millis: u64, so: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + Duration::from_millis(millis);
        self.run(end, so)
    }

    fn run(&mut self, end: Mono, so: impl Fn(&Self) -> bool) -> bool {
        loop {
            if so(self) {
                return true;
            }
            let next = self
                .flying
                .peek()
                .map(|Reverse((at, ..))| *at)
                .into_iter()
                .chain(self.acd.poll_timeout())
                .chain(self.switch.poll_timeout())
                .chain(self.trunk.endpoint.poll_timeout())
                .chain(
                    self.phones
                        .iter()
                        .filter_map(|phone| phone.ua.poll_timeout()),
                )
                .min()
                .filter(|&at| at <= end);
            let Some(next) = next else {
                self.now = end;
                return so(self);
            };
            self.now = self.now.max(next);
            self.step();
        }
    }

    fn step(&mut self) {
        if self.acd.poll_timeout().is_some_and(|at| at <= self.now) {
            self.acd.handle_timeout(now_of(self.now));
        }
        if self.switch.poll_timeout().is_some_and(|at| at <= self.now) {
            self.switch.handle_timeout(self.now);
        }
        let endpoint = &mut self.trunk.endpoint;
        if endpoint.poll_timeout().is_some_and(|at| at <= self.now) {
            endpoint.handle_timeout(self.now);
        }
        for phone in &mut self.phones {
            if phone.ua.poll_timeout().is_some_and(|at| at <= self.now) {
                phone.ua.handle_timeout(self.now);
            }
        }
        while let Some(Reverse((at, ..))) = self.flying.peek()
            && *at <= self.now
        {
            let Some(Reverse((_, _, from, to, bytes))) = self.flying.pop() else {
                break;
            };
            if to == self.centre {
                self.switch
                    .handle_message(self.now, Flow::udp(from), &bytes);
            } else if to == Trunk::ADDR {
                self.trunk
                    .endpoint
                    .handle_message(self.now, Flow::udp(from), &bytes);
            } else if let Some(phone) = self.phones.iter_mut().find(|phone| phone.addr == to) {
                phone.ua.handle_message(self.now, Flow::udp(from), &bytes);
            }
            self.settle();
        }
        self.settle();
    }

    /// Carries everything between the parts until nothing moves.
    fn settle(&mut self) {
        loop {
            let mut moved = false;
            while let Some(event) = self.switch.poll_event() {
                moved = true;
                if self.hold_events {
                    self.held.push(event);
                } else {
                    self.acd.handle(now_of(self.now), event.into());
                }
            }
            while let Some(effect) = self.acd.poll_effect() {
                moved = true;
                self.carry_out(effect);
            }
            for n in 0..self.phones.len() {
                while let Some(event) = self.phones[n].ua.poll_event() {
                    moved = true;
                    self.phone_event(n, event);
                }
            }
            self.trunk.settle();
            if !moved {
                break;
            }
        }
        while let Some(transmit) = self.trunk.endpoint.poll_transmit() {
            self.send(Trunk::ADDR, transmit);
        }
        while let Some(transmit) = self.switch.poll_transmit() {
            self.send(self.centre, transmit);
        }
        for n in 0..self.phones.len() {
            while let Some(transmit) = self.phones[n].ua.poll_transmit() {
                self.send(self.phones[n].addr, transmit);
            }
        }
    }

    /// Lets the queue hear what was kept back.
    pub(super) fn release_events(&mut self) {
        self.hold_events = false;
        for event in std::mem::take(&mut self.held) {
            self.acd.handle(now_of(self.now), event.into());
        }
        self.settle();
    }

    fn carry_out(&mut self, effect: Effect) {
        let command = match effect {
            Effect::Offer(offer) => Command::Offer(offer),
            Effect::CancelOffer { leg, why } => Command::CancelOffer { leg, why },
            Effect::Connect { call, leg } => Command::Connect { call, leg },
            Effect::Drop { call } => Command::Drop { call },
            Effect::EndLeg { leg } => Command::EndLeg { leg },
            Effect::LegRecorded { agent, record } => {
                self.legs.insert(record.leg, (agent, record));
                return;
            }
            Effect::CallRecorded(record) => {
                self.calls.insert(record.call, record);
                return;
            }
            Effect::Dial { call } => Command::Dial { call },
            Effect::RefuseDial { call, why } => Command::RefuseDial { call, why },
            Effect::EndDial { call } => Command::EndDial { call },
            Effect::PresenceChanged { .. }
            | Effect::ActivityChanged { .. }
            | Effect::QueuesChanged(_) => return,
        };
        self.switch.handle_command(self.now, command);
    }

    fn phone_event(&mut self, n: usize, event: offhook_sip::Event) {
        let phone = &mut self.phones[n];
        match event {
            offhook_sip::Event::Registered { .. } => phone.saw.push(Saw::Registered),
            offhook_sip::Event::Incoming(incoming) => {
                phone.call = Some(incoming.call);
                phone.offer = incoming.offer.clone().unwrap_or_default();
                let call = incoming
                    .headers
                    .value("X-Offhook-Call")
                    .and_then(|text| text.parse().ok())
                    .expect("the centre names its calls");
                phone.saw.push(Saw::Ringing(call));
                phone.headers = incoming.headers.clone();
                phone.ua.handle_command(
                    self.now,
                    offhook_sip::Command::Ring {
                        call: incoming.call,
                    },
                );
            }
            offhook_sip::Event::Progress { status, sdp, .. } => {
                phone.saw.push(Saw::Progress(status, sdp.is_some()));
            }
            offhook_sip::Event::Answered { sdp, .. } => {
                phone.sdp = sdp.unwrap_or_default();
                phone.saw.push(Saw::Answered);
            }
            offhook_sip::Event::ReofferAnswered { answer, .. } => {
                phone.sdp = answer.expect("the change is taken");
                phone.changes += 1;
            }
            offhook_sip::Event::Ended { cause, .. } => {
                phone.saw.push(Saw::Ended(cause));
                phone.call = None;
            }
            _ => {}
        }
    }

    fn send(&mut self, from: SocketAddr, Transmit { to, bytes }: Transmit) {
        let copies = 1 + u64::from(self.random.below(100) < self.weather.repeat);
        for _ in 0..copies {
            if self.random.below(100) < self.weather.loss {
                continue;
            }
            let way = Duration::from_millis(1 + self.random.below(self.weather.longest));
            self.sent += 1;
            let flight = (self.now + way, self.sent, from, to.addr, bytes.clone());
            self.flying.push(Reverse(flight));
        }
    }

    /// The outcomes of an agent's legs, oldest first.
    pub(super) fn outcomes(&self, n: usize) -> Vec<Option<LegOutcome>> {
        let mut legs: Vec<&LegRecord> = self
            .legs
            .values()
            .filter(|(whose, _)| *whose == agent(n))
            .map(|(_, record)| record)
            .collect();
        legs.sort_by_key(|record| record.offered_at);
        legs.iter().map(|record| record.outcome).collect()
    }

    pub(super) fn call_outcomes(&self) -> Vec<Option<CallOutcome>> {
        self.calls.values().map(|record| record.outcome).collect()
    }

    /// Nothing is left: no call at the queue, no leg, no port, and the phones have no call either.
    pub(super) fn assert_nobody_is_stranded(&mut self) {
        self.pass(70_000);
        assert!(self.acd.places().is_empty(), "the queue holds a call");
        assert!(self.switch.legs.is_empty(), "the switch holds a leg");
        assert!(
            self.switch.dials.is_empty(),
            "the switch holds a dialled call"
        );
        assert_eq!(self.trunk.call(), None, "the number outside holds a call");
        assert!(self.switch.media.open.is_empty(), "a port is open");
        for (n, phone) in self.phones.iter().enumerate() {
            assert_eq!(phone.call, None, "phone {n} holds a call");
        }
    }
}

fn now_of(mono: Mono) -> Now {
    Now {
        mono,
        wall: EPOCH.plus(mono),
    }
}

fn phone(n: usize, secret: Option<&Secret>, centre: SocketAddr, seed: u64) -> Phone {
    let user = secret.map_or_else(|| "12800550142".to_owned(), |_| extension(n));
    let account = Account {
        aor: format!("sip:{user}@{centre}").parse().expect("a URI"),
        display_name: Some("陈雨桐".to_owned()),
        auth_user: user,
        password: Password::new(secret.map_or("", |secret| secret.expose())),
        realm: None,
        registrar: centre,
        transport: Transport::Udp,
        admitted: Vec::new(),
        expires: Duration::from_secs(300),
        user_agent: format!("phone {n}"),
    };
    Phone {
        ua: UserAgent::new(account, address(n), seed ^ (n as u64 + 77)),
        addr: address(n),
        call: None,
        offer: Vec::new(),
        headers: Headers::default(),
        saw: Vec::new(),
        sdp: Vec::new(),
        session: SESSION,
        changes: 0,
    }
}
