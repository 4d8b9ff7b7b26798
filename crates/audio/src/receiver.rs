//! One incoming stream: packets in whenever they come, 10 ms of voice out whenever asked.
//!
//! ```text
//!            first packet, after the target delay
//!   Waiting ------------------------------------> Playing
//!      ^                                             |
//!      +---- nothing came for DRY: silence <---------+
//! ```
//! While playing, a packet that is missing is brought back from its successor, or made up. While *nothing* is there the
//! clock of the far end stands still and voice is made up on credit: if the packet was late it is played in full and
//! the delay has grown; if it was lost, the credit counts as its replacement. Delay is won back, or added, by whole
//! pitch periods.

use std::time::Duration;

use crate::codec::Codec;
use crate::codec::coder::{self, Decoder, PACKET};
use crate::jitter::{Arrival, Inserted, Jitter, Voice};
use crate::rtp::Packet;
use crate::stream::StreamStats;
use crate::stretch;
use crate::units::{FRAME, SAMPLE_RATE, Samples, from_duration, millis, to_duration};

/// After so much made up voice without a packet, silence.
const DRY: Samples = millis(200);
/// How far the delay may be from its target before something is done.
const TOO_LONG: Samples = millis(8);
const TOO_SHORT: Samples = -millis(5);
/// From here on the cut may be heard, and comes more often.
const FAR_TOO_LONG: Samples = millis(60);
/// From here on whole packets are dropped.
const HOPELESS: Samples = millis(500);
/// Ticks between two cuts.
const REST: u32 = 5;
/// Made up at once, while waiting.
const PATCH: usize = FRAME;

/// See the module.
#[derive(Debug)]
pub(crate) struct Receiver {
    formats: Vec<(u8, Codec)>,
    telephone_event: Option<u8>,
    ssrc: Option<u32>,
    /// A new SSRC, and the sequence number that would prove it.
    candidate: Option<(u32, u16)>,
    jitter: Jitter,
    decoder: Option<(Codec, Decoder)>,
    /// The next sample to decode, on the far end's clock; `None` while waiting.
    next: Option<Samples>,
    /// What `next` was when playing ended, so that older packets are not played again.
    floor: Option<Samples>,
    /// Made up without moving `next`.
    credit: Samples,
    /// Decoded and not yet played.
    voice: Vec<f32>,
    delay: f32,
    rest: u32,
    /// Fade the next packet in: silence came before.
    fade_in: bool,
    last_arrival: Option<Duration>,
    stats: StreamStats,
}

impl Receiver {
    pub(crate) fn new(formats: Vec<(u8, Codec)>, telephone_event: Option<u8>) -> Receiver {
        Receiver {
            formats,
            telephone_event,
            ssrc: None,
            candidate: None,
            jitter: Jitter::new(),
            decoder: None,
            next: None,
            floor: None,
            credit: 0,
            voice: Vec::with_capacity(4 * PACKET),
            delay: 0.0,
            rest: 0,
            fade_in: true,
            last_arrival: None,
            stats: StreamStats::default(),
        }
    }

    /// Changes what payload types mean, without a gap.
    pub(crate) fn set_formats(&mut self, formats: Vec<(u8, Codec)>, telephone_event: Option<u8>) {
        self.formats = formats;
        self.telephone_event = telephone_event;
    }

    /// Counts a datagram that was not for this stream.
    pub(crate) fn refuse(&mut self) {
        self.stats.packets_refused += 1;
    }

    /// Takes a packet; `false` if it means nothing here.
    pub(crate) fn insert(&mut self, now: Duration, packet: &Packet<'_>) -> bool {
        let Some((scale, voice)) = self.read(packet) else {
            self.refuse();
            return false;
        };
        if !self.is_same_source(packet) {
            return true;
        }
        let arrival = Arrival {
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            scale,
            voice,
        };
        match self
            .jitter
            .insert(from_duration(now), arrival, self.next.or(self.floor))
        {
            Inserted::Stored => {}
            Inserted::Late => self.stats.packets_late += 1,
            Inserted::Duplicate => self.stats.packets_duplicated += 1,
            Inserted::Doubtful => return true,
            Inserted::Restarted => self.wait(None),
        }
        self.stats.packets_received += 1;
        if let Some(before) = self.last_arrival.replace(now) {
            self.stats.longest_gap = self.stats.longest_gap.max(now.saturating_sub(before));
        }
        true
    }

    /// Tells what a packet holds; `None` for an unknown payload type or a payload that cannot be.
    fn read<'a>(&self, packet: &Packet<'a>) -> Option<(Samples, Option<Voice<'a>>)> {
        if Some(packet.payload_type) == self.telephone_event {
            let codec = self
                .decoder
                .as_ref()
                .map_or(Codec::Pcmu, |(codec, _)| *codec);
            return Some((scale(codec), None));
        }
        let &(_, codec) = self
            .formats
            .iter()
            .find(|(number, _)| *number == packet.payload_type)?;
        let payload = packet.payload;
        let duration = coder::duration(codec, payload)? as Samples;
        let redundancy = coder::redundancy(codec, payload) as Samples;
        Some((
            scale(codec),
            Some(Voice {
                codec,
                payload,
                duration,
                redundancy,
            }),
        ))
    }

    /// Believes a new SSRC at its second packet, and starts over with it (RFC 3550 section 8.2).
    fn is_same_source(&mut self, packet: &Packet<'_>) -> bool {
        if self.ssrc.is_none_or(|ssrc| ssrc == packet.ssrc) {
            self.ssrc = Some(packet.ssrc);
            self.candidate = None;
            return true;
        }
        if self.candidate != Some((packet.ssrc, packet.sequence)) {
            self.candidate = Some((packet.ssrc, packet.sequence.wrapping_add(1)));
            return false;
        }
        self.ssrc = Some(packet.ssrc);
        self.candidate = None;
        self.jitter.restart();
        self.wait(None);
        true
    }

    fn wait(&mut self, floor: Option<Samples>) {
        self.next = None;
        self.floor = floor;
        self.credit = 0;
        self.fade_in = true;
    }

    /// Gives the next 10 ms; silence while there is nothing to play.
    pub(crate) fn pull(&mut self, now: Duration, frame: &mut [f32; FRAME]) {
        let now = from_duration(now);
        self.begin(now);
        self.fill(now);
        self.steer(now);
        self.fill(now);
        frame.copy_from_slice(&self.voice[..FRAME]);
        self.voice.drain(..FRAME);
    }

    fn fill(&mut self, now: Samples) {
        while self.voice.len() < FRAME {
            match self.next {
                Some(next) => self.step(now, next),
                None => self.voice.resize(FRAME, 0.0),
            }
        }
    }

    /// Starts to play once the first packet has waited long enough.
    fn begin(&mut self, now: Samples) {
        let (None, Some(front)) = (self.next, self.jitter.front()) else {
            return;
        };
        let delay = self.jitter.delay_of(now, front.time);
        if delay >= self.jitter.target() {
            self.next = Some(self.floor.map_or(front.time, |floor| floor.max(front.time)));
            self.delay = delay as f32;
        }
    }

    /// Keeps the delay near its target.
    fn steer(&mut self, now: Samples) {
        let Some(next) = self.next else { return };
        let delay = self
            .jitter
            .delay_of(now, next - self.voice.len() as Samples);
        self.delay += (delay as f32 - self.delay) / 8.0;
        if self.rest > 0 {
            self.rest -= 1;
            return;
        }
        let excess = self.delay as Samples - self.jitter.target();
        if excess > HOPELESS {
            self.skip(now);
        } else if excess > TOO_LONG {
            self.read_ahead(next);
            let length = stretch::shorten(&mut self.voice, excess as usize, excess > FAR_TOO_LONG)
                as Samples;
            self.delay -= length as f32;
            self.stats.shortened += to_duration(length);
            self.rest = if excess > FAR_TOO_LONG { 1 } else { REST };
        } else if excess < TOO_SHORT && self.voice.len() >= 2 * FRAME {
            let length = stretch::lengthen(&mut self.voice) as Samples;
            self.delay += length as f32;
            self.stats.lengthened += to_duration(length);
            self.rest = REST;
        }
    }

    /// Decodes packets that are there already, to have enough to cut a period from.
    fn read_ahead(&mut self, mut next: Samples) {
        while self.voice.len() < 2 * stretch::LONGEST
            && self.jitter.front().is_some_and(|front| front.time <= next)
        {
            self.play_front(next);
            let Some(after) = self.next else { return };
            next = after;
        }
    }

    /// Drops packets until the delay is bearable.
    fn skip(&mut self, now: Samples) {
        while let Some(front) = self.jitter.front()
            && self.jitter.delay_of(now, front.time) > self.jitter.target() + TOO_LONG
        {
            self.stats.shortened += to_duration(front.duration);
            self.next = Some(front.time + front.duration);
            self.jitter.take();
        }
        self.delay = self.jitter.target() as f32;
        self.fade_in = true;
    }

    /// Appends some voice from `next` on, in whatever way there is.
    fn step(&mut self, now: Samples, next: Samples) {
        let Some(front) = self.jitter.front() else {
            return self.patch(next);
        };
        let gap = front.time - next;
        if gap <= 0 {
            let delay_at_first_patch = self.jitter.delay_of(now, next) - self.credit;
            if self.credit > 0 && delay_at_first_patch >= self.jitter.target() {
                self.jitter.was_hasty();
            }
            self.play_front(next);
        } else if gap <= front.redundancy {
            self.recover_from_front(next, gap);
        } else if self.credit > 0 {
            let paid = self.credit.min(gap);
            self.credit -= paid;
            self.next = Some(next + paid);
        } else {
            let made = self.make_up((gap - front.redundancy).min(PACKET as Samples));
            self.next = Some(next + made.min(gap));
        }
    }

    fn play_front(&mut self, next: Samples) {
        let Some(stored) = self.jitter.take() else {
            return;
        };
        let end = (stored.time + stored.duration).max(next);
        self.credit = 0;
        self.next = Some(end);
        let start = self.voice.len();
        if !decoder(&mut self.decoder, stored.codec).decode(&stored.payload, &mut self.voice) {
            self.make_up(end - next);
            return;
        }
        self.cut(start, next - stored.time);
        if std::mem::take(&mut self.fade_in) {
            ramp(&mut self.voice[start..], 0.0, 1.0);
        }
    }

    /// Plays the `gap` samples before the front packet from what it repeats of them.
    fn recover_from_front(&mut self, next: Samples, gap: Samples) {
        let Some(front) = self.jitter.front() else {
            return;
        };
        let start = self.voice.len();
        let decoder = decoder(&mut self.decoder, front.codec);
        if decoder.recover(&front.payload, front.redundancy as usize, &mut self.voice) {
            let surplus = front.redundancy - gap;
            self.cut(start, surplus);
            self.stats.recovered += to_duration(gap);
        } else {
            self.make_up(gap);
        }
        self.credit = 0;
        self.next = Some(next + gap);
    }

    /// Bridges the time until something comes.
    fn patch(&mut self, next: Samples) {
        let start = self.voice.len();
        self.credit += self.make_up(PATCH as Samples);
        if self.credit >= DRY {
            ramp(&mut self.voice[start..], 1.0, 0.0);
            self.wait(Some(next));
        }
    }

    /// Appends about so much made up voice; returns how much.
    fn make_up(&mut self, samples: Samples) -> Samples {
        let made = match &mut self.decoder {
            Some((_, decoder)) => decoder.conceal(samples as usize, &mut self.voice),
            None => {
                self.voice.resize(self.voice.len() + samples as usize, 0.0);
                samples as usize
            }
        };
        self.stats.concealed += to_duration(made as Samples);
        made as Samples
    }

    /// Takes up to `surplus` samples out at `start`: they were played already.
    fn cut(&mut self, start: usize, surplus: Samples) {
        let surplus = usize::try_from(surplus)
            .unwrap_or(0)
            .min(self.voice.len() - start);
        self.voice.drain(start..start + surplus);
    }

    /// What was counted so far.
    pub(crate) fn stats(&self) -> StreamStats {
        StreamStats {
            packets_lost: self.jitter.lost(),
            jitter: to_duration(self.jitter.interarrival()),
            target_delay: to_duration(self.jitter.target()),
            delay: to_duration(self.delay as Samples),
            ..self.stats
        }
    }
}

fn decoder(slot: &mut Option<(Codec, Decoder)>, codec: Codec) -> &mut Decoder {
    if slot.as_ref().is_none_or(|(current, _)| *current != codec) {
        *slot = None;
    }
    &mut slot.get_or_insert_with(|| (codec, Decoder::new(codec))).1
}

fn scale(codec: Codec) -> Samples {
    Samples::from(SAMPLE_RATE / codec.clock_rate())
}

/// Fades over at most 5 ms: up at the beginning of `voice`, or down at its end.
fn ramp(voice: &mut [f32], from: f32, to: f32) {
    let length = voice.len().min(millis(5) as usize);
    let part = if from < to {
        &mut voice[..length]
    } else {
        let start = voice.len() - length;
        &mut voice[start..]
    };
    for (index, sample) in part.iter_mut().enumerate() {
        *sample *= from + (to - from) * (index as f32 + 0.5) / length as f32;
    }
}
