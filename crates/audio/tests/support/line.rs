//! Two engines and the wire between them, in virtual time.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use offhook_audio::engine::{Engine, Transmit};
use offhook_audio::{Codec, Direction, FRAME, SessionKey, StreamConfig, StreamStats};

use super::Random;

/// What a wire does to packets, one way.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// The share lost.
    pub loss: f64,
    /// The share sent twice, the second up to 40 ms later.
    pub duplicate: f64,
    /// Added to each packet's way, evenly spread from 0; beyond 20 ms packets overtake each other.
    pub jitter: Duration,
}

/// One way of the wire.
#[derive(Debug)]
pub struct Wire {
    pub faults: Faults,
    random: Random,
    under_way: BTreeMap<(Duration, u64), Vec<u8>>,
    count: u64,
    /// Added to what the sender chose: (sequence number, timestamp, SSRC).
    pub shift: (u16, u32, u32),
    last_sent: Option<(u16, u32, u32)>,
    stalled_until: Duration,
}

impl Wire {
    fn new(seed: u64) -> Wire {
        let random = Random::new(seed);
        Wire {
            faults: Faults::default(),
            random,
            under_way: BTreeMap::new(),
            count: 0,
            shift: (0, 0, 0),
            last_sent: None,
            stalled_until: Duration::ZERO,
        }
    }

    pub fn send(&mut self, now: Duration, mut datagram: Vec<u8>) {
        let (sequence, timestamp, ssrc) = self.shift;
        let field = |range: std::ops::Range<usize>| {
            datagram[range]
                .iter()
                .fold(0u32, |sum, byte| sum << 8 | u32::from(*byte))
        };
        let shifted = (field(2..4) as u16).wrapping_add(sequence);
        let shifted_timestamp = field(4..8).wrapping_add(timestamp);
        let shifted_ssrc = field(8..12).wrapping_add(ssrc);
        datagram[2..4].copy_from_slice(&shifted.to_be_bytes());
        datagram[4..8].copy_from_slice(&shifted_timestamp.to_be_bytes());
        datagram[8..12].copy_from_slice(&shifted_ssrc.to_be_bytes());
        self.last_sent = Some((shifted, shifted_timestamp, shifted_ssrc));
        if self.random.share() < self.faults.loss {
            return;
        }
        let way = Duration::from_millis(20) + self.faults.jitter.mul_f64(self.random.share());
        if self.random.share() < self.faults.duplicate {
            let later = Duration::from_millis(40).mul_f64(self.random.share());
            self.put(now + way + later, datagram.clone());
        }
        self.put(now + way, datagram);
    }

    /// Lets a datagram arrive at a time of its own.
    pub fn put(&mut self, arrival: Duration, datagram: Vec<u8>) {
        self.count += 1;
        self.under_way
            .insert((arrival.max(self.stalled_until), self.count), datagram);
    }

    fn arrived(&mut self, now: Duration) -> Vec<(Duration, Vec<u8>)> {
        let later = self
            .under_way
            .split_off(&(now + Duration::from_nanos(1), 0));
        std::mem::replace(&mut self.under_way, later)
            .into_iter()
            .map(|((at, _), datagram)| (at, datagram))
            .collect()
    }
}

/// A speaks to B; only A's side of the wire misbehaves.
pub struct Line {
    pub a: Engine,
    pub b: Engine,
    pub key: SessionKey,
    pub wire: Wire,
    pub addresses: (SocketAddr, SocketAddr),
    /// A's clock runs so many millionths faster than B's and the wire's.
    pub drift_ppm: f64,
    a_ticks: u32,
    b_ticks: u32,
    /// Everything B heard.
    pub heard: Vec<f32>,
    /// The sound A's microphone hears, and how much of it was said.
    pub mouth: Vec<f32>,
    pub said: usize,
    /// What A sent, and when.
    pub sent: Vec<Duration>,
}

pub const TELEPHONE_EVENT: u8 = 101;

pub fn config(codec: Codec, remote: SocketAddr) -> StreamConfig {
    StreamConfig {
        remote,
        codec,
        payload_type: codec.static_payload_type().unwrap_or(111),
        receive: vec![
            (111, Codec::Opus),
            (9, Codec::G722),
            (0, Codec::Pcmu),
            (8, Codec::Pcma),
        ],
        telephone_event: Some(TELEPHONE_EVENT),
        direction: Direction::BOTH,
    }
}

impl Line {
    pub fn new(codec: Codec, seed: u64, mouth: Vec<f32>) -> Line {
        let (at_a, at_b) = (
            "192.0.2.1:4000".parse().unwrap(),
            "192.0.2.2:4000".parse().unwrap(),
        );
        let key = SessionKey::next();
        let (mut a, mut b) = (Engine::new(seed), Engine::new(seed + 1));
        for (engine, remote) in [(&mut a, at_b), (&mut b, at_a)] {
            engine.open(key);
            assert!(engine.start(key, config(codec, remote)));
        }
        Line {
            a,
            b,
            key,
            wire: Wire::new(seed),
            addresses: (at_a, at_b),
            drift_ppm: 0.0,
            a_ticks: 0,
            b_ticks: 0,
            heard: Vec::new(),
            mouth,
            said: 0,
            sent: Vec::new(),
        }
    }

    /// B's clock.
    pub fn now(&self) -> Duration {
        // B ticks out of step with A.
        Duration::from_millis(10) * self.b_ticks + Duration::from_micros(3_300)
    }

    fn a_time(&self) -> Duration {
        (Duration::from_millis(10) * self.a_ticks).div_f64(1.0 + self.drift_ppm * 1e-6)
    }

    /// Runs for so long, and calls `each` after every tick of B.
    pub fn run_with(&mut self, time: Duration, mut each: impl FnMut(&mut Line)) {
        for _ in 0..time.as_millis() / 10 {
            while self.a_time() <= self.now() {
                self.tick_a();
            }
            for (at, datagram) in self.wire.arrived(self.now()) {
                self.b.receive(self.key, at, self.addresses.0, &datagram);
            }
            let (mut speaker, mut transmits) = ([0.0; FRAME], Vec::new());
            self.b
                .tick(self.now(), &[0.0; FRAME], &mut speaker, &mut transmits);
            self.heard.extend(speaker);
            self.b_ticks += 1;
            each(self);
        }
    }

    pub fn run(&mut self, time: Duration) {
        self.run_with(time, |_| {});
    }

    fn tick_a(&mut self) {
        let now = self.a_time();
        self.a_ticks += 1;
        let mut mic = [0.0; FRAME];
        let rest = &self.mouth[self.said.min(self.mouth.len())..];
        let length = rest.len().min(FRAME);
        mic[..length].copy_from_slice(&rest[..length]);
        self.said += FRAME;
        let mut transmits: Vec<Transmit> = Vec::new();
        self.a.tick(now, &mic, &mut [0.0; FRAME], &mut transmits);
        for transmit in transmits {
            self.sent.push(now);
            self.wire.send(now, transmit.datagram);
        }
    }

    /// The sequence number and timestamp of what was put on the wire last.
    pub fn last_sent(&self) -> Option<(u16, u32)> {
        self.wire
            .last_sent
            .map(|(sequence, timestamp, _)| (sequence, timestamp))
    }

    /// A's SSRC on the wire.
    pub fn ssrc(&self) -> u32 {
        self.wire.last_sent.unwrap().2
    }

    /// Lets nothing arrive for so long, and then all of it at once.
    pub fn stall(&mut self, time: Duration) {
        let end = self.now() + time;
        self.wire.stalled_until = end;
        self.run(time);
    }

    /// What B counted.
    pub fn stats(&self) -> StreamStats {
        self.b.stats(self.key).unwrap()
    }
}
