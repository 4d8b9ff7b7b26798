//! A wire in virtual time that loses, repeats and reorders, all from a seed.
#![allow(dead_code, reason = "each test file uses its part of the support")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::time::Duration;

use offhook_sip::endpoint::{Config, Endpoint, Event as Told};
use offhook_sip::server::{Challenger, Registrar, Secret, Verdict};
use offhook_sip::{Core, Flow, Password, Transmit, UserAgent};

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

/// When it arrives, its number, from, to, bytes.
type Flight = (Duration, u64, SocketAddr, SocketAddr, Vec<u8>);

pub struct Wire {
    pub weather: Weather,
    chance: Chance,
    flying: BinaryHeap<Reverse<Flight>>,
    sent: u64,
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
            log: Vec::new(),
        }
    }

    pub fn send(&mut self, now: Duration, from: SocketAddr, Transmit { to, bytes }: Transmit) {
        let to = to.addr;
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
        let copies = if self.chance.percent(self.weather.repeat) {
            2
        } else {
            1
        };
        for _ in 0..copies {
            if self.chance.percent(self.weather.loss) {
                continue;
            }
            let way = self.chance.millis(self.weather.longest.as_millis() as u64)
                + Duration::from_millis(1);
            self.sent += 1;
            self.flying
                .push(Reverse((now + way, self.sent, from, to, bytes.clone())));
        }
    }

    pub fn next(&self) -> Option<Duration> {
        self.flying.peek().map(|Reverse((at, ..))| *at)
    }

    pub fn deliver(&mut self, now: Duration) -> Option<(SocketAddr, SocketAddr, Vec<u8>)> {
        if self.next()? > now {
            return None;
        }
        self.flying
            .pop()
            .map(|Reverse((_, _, from, to, bytes))| (from, to, bytes))
    }
}

/// Anything that hangs on the wire.
pub trait Party {
    fn addr(&self) -> SocketAddr;
    fn datagram(&mut self, now: Duration, from: SocketAddr, bytes: &[u8]);
    fn timeout(&mut self, now: Duration);
    fn next(&self) -> Option<Duration>;
    fn transmit(&mut self) -> Option<Transmit>;
}

impl Party for Endpoint {
    fn addr(&self) -> SocketAddr {
        self.config().local
    }
    fn datagram(&mut self, now: Duration, from: SocketAddr, bytes: &[u8]) {
        self.handle_message(now, Flow::udp(from), bytes);
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
    fn datagram(&mut self, now: Duration, from: SocketAddr, bytes: &[u8]) {
        self.ua.handle_message(now, Flow::udp(from), bytes);
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
    fn datagram(&mut self, now: Duration, from: SocketAddr, bytes: &[u8]) {
        self.endpoint.handle_message(now, Flow::udp(from), bytes);
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
    if let Some((from, to, bytes)) = wire.deliver(next) {
        if let Some(party) = parties.iter_mut().find(|party| party.addr() == to) {
            party.datagram(next, from, &bytes);
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
