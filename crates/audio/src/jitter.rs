//! The jitter buffer's memory and judgement: keeps packets in order, measures how late they come, says how long to wait.
//!
//! What is done with the answer, playing, concealing, stretching, is the [`Receiver`](crate::receiver::Receiver)'s.
//! Time comes in as an argument; sequence numbers and timestamps may wrap wherever they like.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::codec::Codec;
use crate::units::{Samples, millis};

/// How many packets are remembered for judging their delays: 5 s of 20 ms packets.
const WINDOW: usize = 250;
/// The share of packets that should be there in time.
const QUANTILE: f32 = 0.97;
/// What is waited beyond that, for the grain of the 10 ms tick.
const MARGIN: Samples = millis(8);
const LARGEST_MARGIN: Samples = millis(40);
/// The shortest and the longest delay that is aimed at.
const TARGETS: (Samples, Samples) = (millis(12), millis(400));
/// What to start with while nothing is known.
const FIRST_TARGET: Samples = millis(30);
const KNOWN_AFTER: usize = 20;
/// A jump that cannot be jitter: the far end has started its clock or its counter anew.
const CLOCK_JUMP: Samples = millis(1_500);
const SEQUENCE_JUMP: i64 = 3_000;
/// More than any target needs.
const CAPACITY: usize = 256;
const SEEN: usize = 512;

/// A packet that waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Its first sample, on the far end's clock in samples of 48 kHz, unwrapped.
    pub(crate) time: Samples,
    /// How many samples it holds.
    pub(crate) duration: Samples,
    /// How many samples of the packet before it, it can bring back.
    pub(crate) redundancy: Samples,
    pub(crate) codec: Codec,
    pub(crate) payload: Vec<u8>,
}

/// What came in, as far as the buffer cares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival<'a> {
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    /// Samples of 48 kHz per timestamp unit.
    pub(crate) scale: Samples,
    /// `None` for a packet that only counts, such as a telephone event.
    pub(crate) voice: Option<Voice<'a>>,
}

/// A payload to be played.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Voice<'a> {
    pub(crate) codec: Codec,
    pub(crate) payload: &'a [u8],
    pub(crate) duration: Samples,
    pub(crate) redundancy: Samples,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inserted {
    Stored,
    /// Its turn is over.
    Late,
    Duplicate,
    /// So far off that it is believed only if the next one agrees.
    Doubtful,
    /// The far end has started anew; everything before was forgotten, this packet is the first.
    Restarted,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Jitter {
    store: BTreeMap<i64, Stored>,
    /// Sequence numbers of packets without voice whose turn is yet to come.
    voiceless: BTreeSet<i64>,
    /// Sequence numbers taken lately, to know a duplicate also after its turn.
    seen: BTreeSet<i64>,
    newest: Option<Newest>,
    last_taken: Option<i64>,
    /// The sequence number that would prove a jump to be real.
    expected_after_jump: Option<u16>,
    delays: VecDeque<Samples>,
    base: Samples,
    spread: Samples,
    margin: Samples,
    /// The share of packets lost lately.
    loss: f32,
    /// Wait for the packet after, which brings a lost one back.
    wait_for_redundancy: Samples,
    interarrival: f32,
    received: u64,
    first_sequence: i64,
    lost_before: u64,
}

#[derive(Debug, Clone, Copy)]
struct Newest {
    sequence: i64,
    timestamp: u32,
    time: Samples,
    /// Arrival minus time.
    delay: Samples,
}

impl Newest {
    fn time_of(self, timestamp: u32, scale: Samples) -> Samples {
        let ahead = i64::from(timestamp.wrapping_sub(self.timestamp) as i32);
        self.time + ahead * scale
    }
}

impl Jitter {
    pub(crate) fn new() -> Jitter {
        Jitter {
            store: BTreeMap::new(),
            voiceless: BTreeSet::new(),
            seen: BTreeSet::new(),
            newest: None,
            last_taken: None,
            expected_after_jump: None,
            delays: VecDeque::with_capacity(WINDOW),
            base: 0,
            spread: 0,
            margin: MARGIN,
            loss: 0.0,
            wait_for_redundancy: 0,
            interarrival: 0.0,
            received: 0,
            first_sequence: 0,
            lost_before: 0,
        }
    }

    /// Takes a packet in. What ends before `floor` was played already.
    pub(crate) fn insert(
        &mut self,
        now: Samples,
        arrival: Arrival<'_>,
        floor: Option<Samples>,
    ) -> Inserted {
        let Some(newest) = self.newest else {
            self.start(now, arrival);
            return Inserted::Stored;
        };
        let step = i64::from(arrival.sequence.wrapping_sub(newest.sequence as u16) as i16);
        let sequence = newest.sequence + step;
        let time = newest.time_of(arrival.timestamp, arrival.scale);
        let delay = now - time;
        // An event's timestamp stands still while it lasts, and says nothing about the line.
        let jumped = arrival.voice.is_some() && (delay - newest.delay).abs() > CLOCK_JUMP;
        if jumped || step.abs() > SEQUENCE_JUMP {
            if self.expected_after_jump != Some(arrival.sequence) {
                self.expected_after_jump = Some(arrival.sequence.wrapping_add(1));
                return Inserted::Doubtful;
            }
            self.restart();
            self.start(now, arrival);
            return Inserted::Restarted;
        }
        self.expected_after_jump = None;
        if !self.seen.insert(sequence) {
            return Inserted::Duplicate;
        }
        if self.seen.len() > SEEN {
            self.seen.pop_first();
        }
        self.received += 1;
        if step > 0 {
            self.newest = Some(Newest { sequence, ..newest });
        }
        let Some(voice) = arrival.voice else {
            self.voiceless.insert(sequence);
            if self.voiceless.len() > CAPACITY {
                self.voiceless.pop_first();
            }
            return Inserted::Stored;
        };
        self.measure(delay, delay - newest.delay);
        if step > 0 {
            self.newest = Some(Newest {
                sequence,
                timestamp: arrival.timestamp,
                time,
                delay,
            });
        }
        if floor.is_some_and(|floor| time + voice.duration <= floor) {
            return Inserted::Late;
        }
        self.keep(sequence, time, voice);
        Inserted::Stored
    }

    fn start(&mut self, now: Samples, arrival: Arrival<'_>) {
        let sequence = i64::from(arrival.sequence);
        self.newest = Some(Newest {
            sequence,
            timestamp: arrival.timestamp,
            time: 0,
            delay: now,
        });
        self.first_sequence = sequence;
        self.received = 1;
        self.seen.insert(sequence);
        self.delays.push_back(now);
        self.judge();
        if let Some(voice) = arrival.voice {
            self.keep(sequence, 0, voice);
        }
    }

    /// Forgets the stream, but for its losses.
    pub(crate) fn restart(&mut self) {
        let fresh = Jitter {
            lost_before: self.lost(),
            margin: self.margin,
            ..Jitter::new()
        };
        *self = fresh;
    }

    fn keep(&mut self, sequence: i64, time: Samples, voice: Voice<'_>) {
        let Voice {
            codec,
            payload,
            duration,
            redundancy,
        } = voice;
        self.store.insert(
            sequence,
            Stored {
                time,
                duration,
                redundancy,
                codec,
                payload: payload.to_vec(),
            },
        );
        if self.store.len() > CAPACITY {
            self.store.pop_first();
        }
    }

    fn measure(&mut self, delay: Samples, change: Samples) {
        self.interarrival += (change.abs() as f32 - self.interarrival) / 16.0;
        if self.delays.len() == WINDOW {
            self.delays.pop_front();
        }
        self.delays.push_back(delay);
        self.judge();
        // A second without trouble takes one millisecond off again.
        self.margin = (self.margin - 1).max(MARGIN);
    }

    fn judge(&mut self) {
        let mut sorted: Vec<Samples> = self.delays.iter().copied().collect();
        sorted.sort_unstable();
        self.base = sorted.first().copied().unwrap_or(0);
        let rank = (sorted.len().saturating_sub(1)) as f32 * QUANTILE;
        self.spread = sorted.get(rank.ceil() as usize).copied().unwrap_or(0) - self.base;
    }

    /// Judges the line by what was there when its turn came: packets that overtake each other are not lost.
    fn count_loss(&mut self, step: i64, redundancy: Samples) {
        const WEIGHT: f32 = 0.01;
        for _ in 1..step.min(50) {
            self.loss += WEIGHT * (1.0 - self.loss);
        }
        self.loss -= WEIGHT * self.loss;
        // Two thresholds, so that the target does not flutter.
        if self.loss > 0.015 {
            self.wait_for_redundancy = self.wait_for_redundancy.max(redundancy);
        } else if self.loss < 0.005 {
            self.wait_for_redundancy = 0;
        }
    }

    /// Says that a packet was missed although it came in the end: wait a little longer from now on.
    pub(crate) fn was_hasty(&mut self) {
        self.margin = (self.margin + millis(2)).min(LARGEST_MARGIN);
    }

    /// The delay to aim at, measured like [`delay_of`](Jitter::delay_of).
    pub(crate) fn target(&self) -> Samples {
        let known = if self.delays.len() < KNOWN_AFTER {
            FIRST_TARGET
        } else {
            0
        };
        (self.spread + self.margin + self.wait_for_redundancy)
            .max(known)
            .clamp(TARGETS.0, TARGETS.1)
    }

    /// The delay that playing `time` at `now` means, beyond that of the fastest packets.
    pub(crate) fn delay_of(&self, now: Samples, time: Samples) -> Samples {
        now - time - self.base
    }

    /// Returns where a timestamp lies on the far end's clock, once that is known.
    pub(crate) fn time_of(&self, timestamp: u32, scale: Samples) -> Option<Samples> {
        Some(self.newest?.time_of(timestamp, scale))
    }

    /// The packet whose turn is next.
    pub(crate) fn front(&self) -> Option<&Stored> {
        self.store.first_key_value().map(|(_, stored)| stored)
    }

    /// Takes the packet whose turn is next.
    pub(crate) fn take(&mut self) -> Option<Stored> {
        let (sequence, stored) = self.store.pop_first()?;
        let later = self.voiceless.split_off(&sequence);
        let voiceless = std::mem::replace(&mut self.voiceless, later).len() as i64;
        let step = self
            .last_taken
            .map_or(1, |last| sequence - last - voiceless);
        self.last_taken = Some(sequence);
        self.count_loss(step, stored.redundancy);
        Some(stored)
    }

    /// Packets that should have come and did not.
    pub(crate) fn lost(&self) -> u64 {
        let expected = self
            .newest
            .map_or(0, |newest| newest.sequence - self.first_sequence + 1);
        self.lost_before + (expected.max(0) as u64).saturating_sub(self.received)
    }

    /// Interarrival jitter (RFC 3550 section 6.4.1).
    pub(crate) fn interarrival(&self) -> Samples {
        self.interarrival as Samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOOR: Option<Samples> = None;

    /// Packet `index` of a stream of 20 ms packets that begins just before both counters wrap.
    fn packet(index: u16) -> Arrival<'static> {
        let voice = Voice {
            codec: Codec::Pcmu,
            payload: &[0xff; 160],
            duration: millis(20),
            redundancy: 0,
        };
        Arrival {
            sequence: index.wrapping_sub(3),
            timestamp: u32::from(index).wrapping_mul(160).wrapping_sub(400),
            scale: 6,
            voice: Some(voice),
        }
    }

    fn insert(jitter: &mut Jitter, at_ms: i64, index: u16) -> Inserted {
        jitter.insert(millis(at_ms), packet(index), FLOOR)
    }

    #[test]
    fn packets_come_out_in_order_across_the_wrap() {
        let mut jitter = Jitter::new();
        for index in [0, 2, 1, 5, 4, 3, 6] {
            assert_eq!(insert(&mut jitter, 100, index), Inserted::Stored);
        }
        let times: Vec<Samples> =
            std::iter::from_fn(|| jitter.take().map(|packet| packet.time)).collect();
        assert_eq!(
            times,
            (0..7).map(|index| millis(20 * index)).collect::<Vec<_>>()
        );
        assert_eq!(jitter.lost(), 0);
    }

    #[test]
    fn a_packet_counts_once_before_and_after_its_turn() {
        let mut jitter = Jitter::new();
        insert(&mut jitter, 0, 0);
        assert_eq!(insert(&mut jitter, 1, 0), Inserted::Duplicate);
        jitter.take();
        assert_eq!(insert(&mut jitter, 2, 0), Inserted::Duplicate);
        insert(&mut jitter, 60, 3);
        assert_eq!(jitter.lost(), 2);
        assert_eq!(
            jitter.insert(millis(61), packet(1), Some(millis(40))),
            Inserted::Late
        );
        assert_eq!(jitter.lost(), 1, "late is not lost");
    }

    #[test]
    fn one_wild_packet_is_not_believed_and_two_are() {
        let mut jitter = Jitter::new();
        for index in 0..50 {
            insert(&mut jitter, 20 * i64::from(index), index);
        }
        assert_eq!(insert(&mut jitter, 1_000, 20_000), Inserted::Doubtful);
        assert_eq!(insert(&mut jitter, 1_000, 50), Inserted::Stored);
        assert_eq!(insert(&mut jitter, 1_020, 20_001), Inserted::Doubtful);
        assert_eq!(insert(&mut jitter, 1_040, 20_002), Inserted::Restarted);
        assert_eq!(
            jitter.front().map(|packet| packet.time),
            Some(0),
            "nothing older is left"
        );
    }

    #[test]
    fn the_target_covers_the_slow_packets_but_not_the_slowest() {
        let mut jitter = Jitter::new();
        for index in 0..300u16 {
            let late = match index % 100 {
                0 => 300,
                share if share % 10 == 0 => 40,
                _ => 0,
            };
            insert(&mut jitter, 20 * i64::from(index) + late, index);
        }
        assert!(
            (millis(40)..millis(60)).contains(&jitter.target()),
            "{}",
            jitter.target()
        );
        jitter.was_hasty();
        assert!(jitter.target() > millis(45));
    }

    #[test]
    fn a_packet_without_voice_is_not_missed() {
        let mut jitter = Jitter::new();
        for index in 0..60 {
            let arrival = Arrival {
                voice: packet(index).voice.filter(|_| index % 12 < 4),
                ..packet(index)
            };
            jitter.insert(millis(20 * i64::from(index)), arrival, FLOOR);
            jitter.take();
        }
        assert_eq!((jitter.loss, jitter.lost()), (0.0, 0));
        insert(&mut jitter, 1_300, 65);
        jitter.take();
        assert!(jitter.loss > 0.0, "the five before it are");
    }

    #[test]
    fn a_flood_that_nobody_plays_is_bounded() {
        let mut jitter = Jitter::new();
        for index in 0..2_000 {
            insert(&mut jitter, 0, index);
        }
        assert!(jitter.store.len() <= CAPACITY && jitter.seen.len() <= SEEN);
    }
}
