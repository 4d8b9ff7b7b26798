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
//! pitch periods. Where a telephone event stands for the voice there is silence, and the clock goes on.

use std::ops::Range;
use std::time::Duration;

use crate::codec::Codec;
use crate::codec::coder::{self, Decoder, PACKET};
use crate::digit::Digit;
use crate::jitter::{Arrival, Inserted, Jitter, Voice};
use crate::pressed::Pressed;
use crate::rtp::Packet;
use crate::stream::StreamStats;
use crate::stretch;
use crate::telephone_event::TelephoneEvent;
use crate::units::{FRAME, Samples, from_duration, millis, to_duration};

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
/// The end of an event is said twice more, in place of so much voice.
const EVENT_TAIL: Samples = millis(40);

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It means nothing here.
    Refused,
    Accepted,
    /// It is the first one of a key pressed at the far end.
    Key(Digit),
}

/// What a packet holds.
#[derive(Debug, Clone, Copy)]
enum Content<'a> {
    Voice(Voice<'a>),
    Event(TelephoneEvent),
}

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
    pressed: Pressed,
    /// The part of the far end's clock that an event stands for, so that there is no voice.
    event: Option<Range<Samples>>,
    /// Decoded and not yet played.
    voice: Vec<f32>,
    delay: f32,
    rest: u32,
    /// Silence came before: fade the next packet in, and make nothing up.
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
            pressed: Pressed::default(),
            event: None,
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

    /// Forgets what has come and how late: after a hold the far end's clock may have stood still meanwhile.
    pub(crate) fn start_over(&mut self) {
        self.jitter.restart();
        self.voice.clear();
        self.wait(None);
    }

    /// Counts a datagram that was not for this stream.
    pub(crate) fn refuse(&mut self) {
        self.stats.packets_refused += 1;
    }

    /// Takes a packet.
    pub(crate) fn insert(&mut self, now: Duration, packet: &Packet<'_>) -> Taken {
        let Some((scale, content)) = self.read(packet) else {
            self.refuse();
            return Taken::Refused;
        };
        if !self.is_same_source(packet) {
            return Taken::Accepted;
        }
        let voice = match content {
            Content::Voice(voice) => Some(voice),
            Content::Event(_) => None,
        };
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
            Inserted::Doubtful => return Taken::Accepted,
            Inserted::Restarted => self.wait(None),
        }
        self.stats.packets_received += 1;
        if let Some(before) = self.last_arrival.replace(now) {
            self.stats.longest_gap = self.stats.longest_gap.max(now.saturating_sub(before));
        }
        match content {
            Content::Voice(_) => Taken::Accepted,
            Content::Event(event) => self.take_event(packet, scale, event),
        }
    }

    fn take_event(&mut self, packet: &Packet<'_>, scale: Samples, event: TelephoneEvent) -> Taken {
        if let Some(start) = self.jitter.time_of(packet.timestamp, scale) {
            let tail = if event.end { EVENT_TAIL } else { 0 };
            let end = start + Samples::from(event.duration) * scale + tail;
            self.event = Some(match self.event.take() {
                Some(known) if known.start > start => known,
                Some(known) if known.start == start => start..end.max(known.end),
                Some(_) | None => start..end,
            });
        }
        match self.pressed.take(packet.ssrc, packet.timestamp, event) {
            Some(digit) => Taken::Key(digit),
            None => Taken::Accepted,
        }
    }

    /// Tells what a packet holds; `None` for an unknown payload type or a payload that cannot be.
    fn read<'a>(&self, packet: &Packet<'a>) -> Option<(Samples, Content<'a>)> {
        if Some(packet.payload_type) == self.telephone_event {
            let codec = self
                .decoder
                .as_ref()
                .map_or(Codec::Pcmu, |(codec, _)| *codec);
            let event = TelephoneEvent::parse(packet.payload)?;
            return Some((coder::scale(codec), Content::Event(event)));
        }
        let &(_, codec) = self
            .formats
            .iter()
            .find(|(number, _)| *number == packet.payload_type)?;
        let payload = packet.payload;
        let duration = coder::duration(codec, payload)? as Samples;
        let redundancy = coder::redundancy(codec, payload) as Samples;
        Some((
            coder::scale(codec),
            Content::Voice(Voice {
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
        self.event = None;
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
            let length = stretch::lengthen(&mut self.voice, false) as Samples;
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
        } else if let Some(left) = self.event_left(next) {
            self.pass_event(next, left.min(gap));
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
        if !coder::decoder(&mut self.decoder, stored.codec).decode(&stored.payload, &mut self.voice)
        {
            self.make_up(end - next);
            return;
        }
        self.cut(start, next - stored.time);
        self.rise(start);
    }

    /// Fades the voice in from `start` on, after silence.
    fn rise(&mut self, start: usize) {
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
        let decoder = coder::decoder(&mut self.decoder, front.codec);
        if decoder.recover(&front.payload, front.redundancy as usize, &mut self.voice) {
            let surplus = front.redundancy - gap;
            self.cut(start, surplus);
            self.rise(start);
            self.stats.recovered += to_duration(gap);
        } else {
            self.make_up(gap);
        }
        self.credit = 0;
        self.next = Some(next + gap);
    }

    /// How much of an event is left from `next` on; `None` outside of one.
    fn event_left(&self, next: Samples) -> Option<Samples> {
        let event = self.event.as_ref().filter(|event| event.contains(&next))?;
        Some(event.end - next)
    }

    /// Lets the clock go on through some of the `left` samples of an event, in silence.
    fn pass_event(&mut self, next: Samples, left: Samples) {
        let paid = self.credit.min(left);
        if paid > 0 {
            self.credit -= paid;
            self.next = Some(next + paid);
            return;
        }
        let length = left.min(PATCH as Samples);
        let start = self.voice.len();
        if !std::mem::replace(&mut self.fade_in, true)
            && let Some((_, decoder)) = &mut self.decoder
        {
            decoder.conceal(length as usize, &mut self.voice);
            self.voice.truncate(start + length as usize);
            ramp(&mut self.voice[start..], 1.0, 0.0);
        }
        self.voice.resize(start + length as usize, 0.0);
        self.next = Some(next + length);
    }

    /// Bridges the time until something comes.
    fn patch(&mut self, next: Samples) {
        if let Some(left) = self.event_left(next) {
            return self.pass_event(next, left);
        }
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
            Some((_, decoder)) if !self.fade_in => {
                decoder.conceal(samples as usize, &mut self.voice)
            }
            Some(_) | None => {
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
