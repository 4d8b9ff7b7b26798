//! A wire in virtual time that loses, repeats and reorders, all from a seed.
#![allow(dead_code, reason = "each test file uses its part of the support")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[cfg(feature = "net")]
pub mod exchange;
pub mod stage;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::time::Duration;

use offhook_sip::endpoint::{Config, Endpoint, Event as Told};
use offhook_sip::server::{Challenger, Registrar, Secret, Verdict};
use offhook_sip::{Core, Flow, Frame, Framer, Password, Transmit, UserAgent};

/// SplitMix64.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub fn millis(&mut self, limit: u64) -> Duration {
        Duration::from_millis(self.below(limit))
    }
}

/// Percentages of datagrams that are lost and repeated, and the longest way.
#[derive(Clone, Copy)]
pub struct Weather {
    pub loss: u64,
    pub repeat: u64,
    pub longest: Duration,
}

pub const FAIR: Weather = Weather {
    loss: 0,
    repeat: 0,
    longest: Duration::from_millis(1),
};

/// What arrives at a party.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrival {
    Message(Flow, Vec<u8>),
    Unreachable(Flow),
    Disconnected(Flow),
}

#[derive(Debug, PartialEq, Eq)]
enum Cargo {
    Whole(Arrival),
    /// Part of a stream: which connection, and to which of its ends.
    Piece(usize, usize, Vec<u8>),
    /// The end of a connection, as one of its ends learns of it.
    Ended(usize, usize),
}

/// When it arrives, its number, to, what.
struct Flight(Duration, u64, SocketAddr, Cargo);

impl PartialEq for Flight {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Flight {}

impl PartialOrd for Flight {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Flight {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

/// One end of a connection.
struct End {
    party: SocketAddr,
    /// What it knows the other end by.
    flow: Flow,
    /// Cuts what arrives here into messages.
    framer: Framer,
    /// When the last piece on the way here arrives: none overtakes another.
    latest: Duration,
    /// It has not been told yet that the connection is no more.
    trusting: bool,
}

/// A connection; the listening end comes second.
struct Connection {
    ends: [End; 2],
    cut: bool,
}

pub struct Wire {
    pub weather: Weather,
    chance: Chance,
    flying: BinaryHeap<Reverse<Flight>>,
    sent: u64,
    connections: Vec<Connection>,
    /// Who accepts connections.
    pub listening: Vec<SocketAddr>,
    /// Who sent what: method or status, and the method of the CSeq.
    pub log: Vec<(SocketAddr, String, String)>,
}

impl Wire {
    pub fn new(weather: Weather, seed: u64) -> Self {
        Self {
            weather,
            chance: Chance(seed),
            flying: BinaryHeap::new(),
            sent: 0,
            connections: Vec::new(),
            listening: Vec::new(),
            log: Vec::new(),
        }
    }

    pub fn send(&mut self, now: Duration, from: SocketAddr, Transmit { to, bytes }: Transmit) {
        let text = String::from_utf8_lossy(&bytes);
        let first = text.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let first = first
            .strip_prefix("SIP/2.0 ")
            .unwrap_or_else(|| first.split(' ').next().unwrap_or_default())
            .to_owned();
        let cseq = text
            .lines()
            .find_map(|line| line.strip_prefix("CSeq: "))
            .and_then(|cseq| cseq.split(' ').nth(1));
        self.log
            .push((from, first, cseq.unwrap_or_default().to_owned()));
        if to.is_reliable() {
            return self.send_by_stream(now, from, to, bytes);
        }
        let copies = if self.chance.percent(self.weather.repeat) {
            2
        } else {
            1
        };
        for _ in 0..copies {
            if self.chance.percent(self.weather.loss) {
                continue;
            }
            let arrival = Arrival::Message(Flow::udp(from), bytes.clone());
            self.fly(now, to.addr, Cargo::Whole(arrival));
        }
    }

    fn fly(&mut self, now: Duration, to: SocketAddr, cargo: Cargo) {
        let way =
            self.chance.millis(self.weather.longest.as_millis() as u64) + Duration::from_millis(1);
        let mut at = now + way;
        if let Cargo::Piece(connection, side, _) = &cargo {
            let end = &mut self.connections[*connection].ends[*side];
            at = at.max(end.latest);
            end.latest = at;
        }
        self.sent += 1;
        self.flying.push(Reverse(Flight(at, self.sent, to, cargo)));
    }

    fn send_by_stream(&mut self, now: Duration, from: SocketAddr, to: Flow, bytes: Vec<u8>) {
        let open = |connections: &[Connection]| {
            connections.iter().enumerate().rev().find_map(|(at, open)| {
                let side = open
                    .ends
                    .iter()
                    .position(|end| end.trusting && end.party == from && end.flow == to)?;
                Some((at, side))
            })
        };
        let found = open(&self.connections).or_else(|| {
            self.connect(now, from, to);
            open(&self.connections)
        });
        let Some((at, side)) = found else {
            self.fly(now, from, Cargo::Whole(Arrival::Unreachable(to)));
            return;
        };
        let party = self.connections[at].ends[1 - side].party;
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let size = (1 + self.chance.below(700) as usize).min(rest.len());
            let (piece, later) = rest.split_at(size);
            rest = later;
            self.fly(now, party, Cargo::Piece(at, 1 - side, piece.to_vec()));
        }
    }

    /// True if that party knows of a connection, be it dead already.
    pub fn is_connected(&self, from: SocketAddr, to: Flow) -> bool {
        let mut ends = self.connections.iter().flat_map(|open| &open.ends);
        ends.any(|end| end.trusting && end.party == from && end.flow == to)
    }

    /// Makes a connection, where somebody listens. It leaves from the party's own port.
    pub fn connect(&mut self, now: Duration, from: SocketAddr, to: Flow) {
        if !self.listening.contains(&to.addr) {
            return;
        }
        let end = |party, flow| End {
            party,
            flow,
            framer: Framer::new(),
            latest: now,
            trusting: true,
        };
        let back = Flow::tcp(from);
        // A listener that trusts an older connection from there learns at once that it is no more.
        for at in 0..self.connections.len() {
            let listener = &self.connections[at].ends[1];
            if listener.trusting && listener.party == to.addr && listener.flow == back {
                self.sent += 1;
                let flight = Flight(now, self.sent, to.addr, Cargo::Ended(at, 1));
                self.flying.push(Reverse(flight));
            }
        }
        self.connections.push(Connection {
            ends: [end(from, to), end(to.addr, back)],
            cut: false,
        });
    }

    /// Cuts every connection: what is on its way is lost, and each end learns of it in its own time.
    pub fn cut(&mut self, now: Duration) {
        for at in 0..self.connections.len() {
            if std::mem::replace(&mut self.connections[at].cut, true) {
                continue;
            }
            for side in [0, 1] {
                let party = self.connections[at].ends[side].party;
                let way = self.chance.millis(500);
                self.sent += 1;
                let flight = Flight(now + way, self.sent, party, Cargo::Ended(at, side));
                self.flying.push(Reverse(flight));
            }
        }
    }

    pub fn next(&self) -> Option<Duration> {
        self.flying.peek().map(|Reverse(Flight(at, ..))| *at)
    }

    /// The next that arrives, at whom: a piece of a stream may bring nothing yet, or several messages.
    pub fn deliver(&mut self, now: Duration) -> Option<(SocketAddr, Vec<Arrival>)> {
        if self.next()? > now {
            return None;
        }
        let Reverse(Flight(_, _, to, cargo)) = self.flying.pop()?;
        let arrivals = match cargo {
            Cargo::Whole(arrival) => vec![arrival],
            Cargo::Ended(at, side) => {
                let end = &mut self.connections[at].ends[side];
                let news = std::mem::replace(&mut end.trusting, false);
                let arrival = Arrival::Disconnected(end.flow);
                Vec::from_iter(news.then_some(arrival))
            }
            Cargo::Piece(at, side, bytes) => {
                let connection = &mut self.connections[at];
                let cut = connection.cut;
                let end = &mut connection.ends[side];
                if cut || !end.trusting {
                    return Some((to, Vec::new()));
                }
                end.framer.push(&bytes);
                let mut messages = Vec::new();
                while let Some(frame) = end.framer.next_frame().expect("a stream of ours") {
                    if let Frame::Message(bytes) = frame {
                        messages.push(Arrival::Message(end.flow, bytes));
                    }
                }
                messages
            }
        };
        Some((to, arrivals))
    }
}

/// Anything that hangs on the wire.
pub trait Party {
    fn addr(&self) -> SocketAddr;
    fn arrival(&mut self, now: Duration, arrival: Arrival);
    fn timeout(&mut self, now: Duration);
    fn next(&self) -> Option<Duration>;
    fn transmit(&mut self) -> Option<Transmit>;
}

impl Party for Endpoint {
    fn addr(&self) -> SocketAddr {
        self.config().local
    }
    fn arrival(&mut self, now: Duration, arrival: Arrival) {
        match arrival {
            Arrival::Message(from, bytes) => self.handle_message(now, from, &bytes),
            Arrival::Unreachable(to) => self.handle_unreachable(now, to),
            Arrival::Disconnected(flow) => self.handle_disconnected(now, flow),
        }
    }
    fn timeout(&mut self, now: Duration) {
        self.handle_timeout(now);
    }
    fn next(&self) -> Option<Duration> {
        self.poll_timeout()
    }
    fn transmit(&mut self) -> Option<Transmit> {
        self.poll_transmit()
    }
}

/// A user agent and where it stands.
pub struct Agent {
    pub ua: UserAgent,
    pub addr: SocketAddr,
}

impl Party for Agent {
    fn addr(&self) -> SocketAddr {
        self.addr
    }
    fn arrival(&mut self, now: Duration, arrival: Arrival) {
        match arrival {
            Arrival::Message(from, bytes) => self.ua.handle_message(now, from, &bytes),
            Arrival::Unreachable(to) => self.ua.handle_unreachable(now, to),
            Arrival::Disconnected(flow) => self.ua.handle_disconnected(now, flow),
        }
    }
    fn timeout(&mut self, now: Duration) {
        self.ua.handle_timeout(now);
    }
    fn next(&self) -> Option<Duration> {
        self.ua.poll_timeout()
    }
    fn transmit(&mut self) -> Option<Transmit> {
        self.ua.poll_transmit()
    }
}

/// A registrar that asks everyone for the password `right`.
pub struct Office {
    pub endpoint: Endpoint,
    pub registrar: Registrar,
    pub challenger: Challenger,
}

impl Office {
    /// Answers what registers and gives the other events.
    pub fn settle(&mut self, now: Duration) -> Vec<Told> {
        let mut others = Vec::new();
        while let Some(event) = self.endpoint.poll_event() {
            let Told::Request {
                key,
                request,
                source,
            } = event
            else {
                others.push(event);
                continue;
            };
            let secret = |_: &str| Some(Secret::Password(Password::new("right")));
            match self
                .challenger
                .check(now, false, &request.method, &request.headers, secret)
            {
                Verdict::Challenge {
                    status, headers, ..
                } => self.endpoint.respond(now, key, status, headers, Vec::new()),
                Verdict::Accepted { user } => match self
                    .registrar
                    .register(now, &user, &request, source)
                {
                    Ok(headers) => self.endpoint.respond(
                        now,
                        key,
                        offhook_sip::Status::OK,
                        headers,
                        Vec::new(),
                    ),
                    Err(refusal) => {
                        self.endpoint
                            .respond(now, key, refusal.status, refusal.headers, Vec::new())
                    }
                },
            }
        }
        others
    }
}

impl Party for Office {
    fn addr(&self) -> SocketAddr {
        self.endpoint.config().local
    }
    fn arrival(&mut self, now: Duration, arrival: Arrival) {
        if let Arrival::Disconnected(flow) = arrival {
            self.registrar.disconnected(flow);
        }
        self.endpoint.arrival(now, arrival);
        self.settle(now);
    }
    fn timeout(&mut self, now: Duration) {
        self.endpoint.handle_timeout(now);
        self.settle(now);
    }
    fn next(&self) -> Option<Duration> {
        self.endpoint.poll_timeout()
    }
    fn transmit(&mut self) -> Option<Transmit> {
        self.endpoint.poll_transmit()
    }
}

/// Takes one step: the next datagram or timer not after `until`. Gives the time of it; `None` when nothing more happens by then.
pub fn step(
    now: Duration,
    until: Duration,
    wire: &mut Wire,
    parties: &mut [&mut dyn Party],
) -> Option<Duration> {
    for party in parties.iter_mut() {
        while let Some(transmit) = party.transmit() {
            wire.send(now, party.addr(), transmit);
        }
    }
    let next = parties
        .iter()
        .filter_map(|party| party.next())
        .chain(wire.next())
        .min()?
        .max(now);
    if next > until {
        return None;
    }
    if let Some((to, arrivals)) = wire.deliver(next) {
        if let Some(party) = parties.iter_mut().find(|party| party.addr() == to) {
            for arrival in arrivals {
                party.arrival(next, arrival);
            }
        }
    } else if let Some(party) = parties
        .iter_mut()
        .find(|party| party.next().is_some_and(|at| at <= next))
    {
        party.timeout(next);
    }
    Some(next)
}

/// Runs until `until` or until nothing more happens.
pub fn run(now: Duration, until: Duration, wire: &mut Wire, parties: &mut [&mut dyn Party]) {
    let mut now = now;
    while let Some(next) = step(now, until, wire, parties) {
        now = next;
    }
}

pub fn endpoint(addr: &str, seed: u64) -> Endpoint {
    let local = addr.parse().unwrap();
    Endpoint::new(
        Config {
            local,
            user_agent: "test".to_owned(),
            serves: Vec::new(),
            symmetric: false,
        },
        seed,
    )
}
