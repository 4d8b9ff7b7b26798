//! One side of a call on the tape: packets in whenever they come, voice out at the place where it was said.
//!
//! A sender's clock is laid beside ours by the packets that came quickest: the least delay of the last seconds. So jitter moves
//! nothing, and two clocks that drift apart are brought together in steps of [`STEP`]. What has not come after [`HOLD`] is lost:
//! it is brought back from its successor, made up for a moment, then silence. A sender that begins anew (another SSRC, another
//! codec, a clock that jumped or stood still) is laid down from where its first packet came.

use std::collections::{BTreeMap, VecDeque};

use crate::codec::Codec;
use crate::codec::band::Band;
use crate::codec::coder::{self, Decoder};
use crate::codec::resample::Down;
use crate::rtp::Packet;
use crate::units::{Samples, millis};

/// How long a packet is waited for.
const HOLD: Samples = millis(400);
/// How far silence stays behind what is waited for, so that a packet can still bring back the one before it.
const BEHIND: Samples = millis(120);
/// The packets by whose delays the sender's clock is judged.
const WINDOW: Samples = millis(2_000);
/// A difference that is brought in line.
const STEP: Samples = millis(10);
/// A packet cannot come so much sooner than the quickest before it: its clock has jumped.
const TOO_SOON: Samples = millis(100);
/// The most voice that is made up in one go.
const MADE_UP: Samples = millis(70);

/// A packet that waits for its turn.
#[derive(Debug)]
enum Held {
    Voice {
        codec: Codec,
        payload: Vec<u8>,
        duration: Samples,
    },
    /// A telephone event, or comfort noise.
    NoVoice,
}

/// A sender's clock from one beginning to the next.
#[derive(Debug)]
struct Clock {
    ssrc: u32,
    /// Samples of 48 kHz per timestamp unit.
    scale: Samples,
    newest: u32,
    /// When `newest` was, on the sender's clock.
    time: Samples,
    /// Arrival, and how much later that is than the sender's clock says.
    delays: VecDeque<(Samples, Samples)>,
    /// What is added to the sender's clock; unknown until the first packet is laid down.
    shift: Option<Samples>,
}

impl Clock {
    fn begin(packet: &Packet<'_>, scale: Samples, at: Samples) -> Clock {
        Clock {
            ssrc: packet.ssrc,
            scale,
            newest: packet.timestamp,
            time: at,
            delays: VecDeque::from([(at, 0)]),
            shift: None,
        }
    }

    fn time_of(&self, timestamp: u32) -> Samples {
        let ahead = timestamp.wrapping_sub(self.newest) as i32;
        self.time + Samples::from(ahead) * self.scale
    }

    fn least_delay(&self) -> Samples {
        let delays = self.delays.iter().map(|(_, delay)| *delay);
        delays.min().unwrap_or(0)
    }

    /// Takes note of a packet that came `at`; `None` if it cannot be of this beginning.
    fn place(&mut self, packet: &Packet<'_>, scale: Samples, at: Samples) -> Option<Samples> {
        if packet.ssrc != self.ssrc || scale != self.scale {
            return None;
        }
        let time = self.time_of(packet.timestamp);
        let late = at - time - self.least_delay();
        if !(-TOO_SOON..=HOLD).contains(&late) {
            return None;
        }
        while self
            .delays
            .front()
            .is_some_and(|(old, _)| at - old > WINDOW)
        {
            self.delays.pop_front();
        }
        self.delays.push_back((at, at - time));
        if time > self.time {
            (self.newest, self.time) = (packet.timestamp, time);
        }
        Some(time)
    }

    /// What is to be added to the sender's clock now.
    fn shift(&mut self) -> Samples {
        let wanted = self.least_delay();
        let shift = self
            .shift
            .filter(|shift| (wanted - shift).abs() <= STEP)
            .unwrap_or(wanted);
        *self.shift.insert(shift)
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Track {
    formats: Vec<(u8, Codec)>,
    clock: Option<Clock>,
    /// What waits, by its time on the sender's clock.
    held: BTreeMap<Samples, Held>,
    decoder: Option<(Codec, Decoder)>,
    /// How far it is laid down, in samples of 48 kHz from the beginning.
    laid: Samples,
    /// Made up since there was voice.
    made_up: Samples,
    voice: Vec<f32>,
    down: Down,
    ready: Vec<f32>,
}

impl Track {
    pub(crate) fn new(formats: Vec<(u8, Codec)>) -> Track {
        Track {
            formats,
            clock: None,
            held: BTreeMap::new(),
            decoder: None,
            laid: 0,
            made_up: MADE_UP,
            voice: Vec::new(),
            down: Down::new(Band::Wide),
            ready: Vec::new(),
        }
    }

    /// Takes a datagram that came `at`. Times never go back.
    pub(crate) fn insert(&mut self, at: Samples, datagram: &[u8]) {
        let Some(packet) = Packet::parse(datagram) else {
            return;
        };
        let Some((codec, duration)) = self.voice_of(&packet) else {
            return self.insert_event(&packet);
        };
        let scale = coder::scale(codec);
        let placed = self
            .clock
            .as_mut()
            .and_then(|clock| clock.place(&packet, scale, at));
        let time = placed.unwrap_or_else(|| {
            self.lay_all();
            self.clock = Some(Clock::begin(&packet, scale, at));
            at
        });
        self.held.entry(time).or_insert(Held::Voice {
            codec,
            payload: packet.payload.to_vec(),
            duration,
        });
    }

    fn voice_of(&self, packet: &Packet<'_>) -> Option<(Codec, Samples)> {
        let codec = self
            .formats
            .iter()
            .find(|(number, _)| *number == packet.payload_type)
            .map(|(_, codec)| *codec)
            .or_else(|| Codec::from_static_payload_type(packet.payload_type))?;
        let duration = coder::duration(codec, packet.payload)?;
        Some((codec, duration as Samples))
    }

    /// A packet that says that there is no voice from its time on. It tells nothing of the delay: all of an event's packets have
    /// the time of its beginning (RFC 4733 section 2.3.1).
    fn insert_event(&mut self, packet: &Packet<'_>) {
        if let Some(clock) = self.clock.as_ref().filter(|it| it.ssrc == packet.ssrc) {
            let time = clock.time_of(packet.timestamp);
            self.held.entry(time).or_insert(Held::NoVoice);
        }
    }

    /// Lays down what can be by `now`.
    pub(crate) fn advance(&mut self, now: Samples) {
        while let Some((&time, _)) = self.held.first_key_value()
            && let Some(clock) = &mut self.clock
        {
            let place = time + clock.shift();
            if place > now - HOLD {
                break;
            }
            if let Some((_, held)) = self.held.pop_first() {
                self.lay(place, held);
            }
        }
        self.fill(now - HOLD - BEHIND);
        self.settle();
    }

    /// Lays down all there is, up to `end` and no further.
    pub(crate) fn finish(&mut self, end: Samples) {
        self.lay_all();
        self.fill(end);
        let excess = (self.laid - end).max(0) as usize;
        self.voice.truncate(self.voice.len().saturating_sub(excess));
        // The resampler takes whole steps.
        let factor = Band::Wide.factor();
        self.voice
            .resize(self.voice.len().next_multiple_of(factor), 0.0);
        self.settle();
    }

    /// What is laid down and has not been taken, at the rate of the wide band.
    pub(crate) fn ready(&mut self) -> &mut Vec<f32> {
        &mut self.ready
    }

    fn lay_all(&mut self) {
        while let Some((time, held)) = self.held.pop_first() {
            let shift = self.clock.as_mut().map_or(0, Clock::shift);
            self.lay(time + shift, held);
        }
    }

    fn lay(&mut self, place: Samples, held: Held) {
        let (codec, payload, duration) = match held {
            Held::Voice {
                codec,
                payload,
                duration,
            } => (codec, payload, duration),
            Held::NoVoice => {
                // Nothing goes on from here: nothing is made up.
                self.made_up = MADE_UP;
                return;
            }
        };
        let redundancy = coder::redundancy(codec, &payload) as Samples;
        if redundancy > 0 && place - self.laid >= redundancy && self.made_up < MADE_UP {
            self.fill(place - redundancy);
            self.recover(codec, &payload, redundancy);
        }
        self.fill(place);
        let over = self.laid - place;
        let start = self.voice.len();
        let decoder = coder::decoder(&mut self.decoder, codec);
        if !decoder.decode(&payload, &mut self.voice) {
            return;
        }
        let cut = over.clamp(0, duration) as usize;
        let cut = cut.min(self.voice.len() - start);
        self.voice.drain(start..start + cut);
        self.laid += (self.voice.len() - start) as Samples;
        self.made_up = 0;
    }

    fn recover(&mut self, codec: Codec, next: &[u8], length: Samples) {
        let start = self.voice.len();
        let decoder = coder::decoder(&mut self.decoder, codec);
        if decoder.recover(next, length as usize, &mut self.voice) {
            self.laid += (self.voice.len() - start) as Samples;
        }
    }

    /// Makes up what is missing before `place`.
    fn fill(&mut self, place: Samples) {
        let missing = place - self.laid;
        if missing <= 0 {
            return;
        }
        let start = self.voice.len();
        let made = missing.min(MADE_UP - self.made_up).max(0);
        if made > 0
            && let Some((_, decoder)) = &mut self.decoder
        {
            decoder.conceal(made as usize, &mut self.voice);
            let length = self.voice.len().min(start + made as usize);
            self.voice.truncate(length);
        }
        self.made_up += made;
        self.voice.resize(start + missing as usize, 0.0);
        self.laid = place;
    }

    fn settle(&mut self) {
        let whole = self.voice.len() / Band::Wide.factor() * Band::Wide.factor();
        self.down.process(&self.voice[..whole], &mut self.ready);
        self.voice.drain(..whole);
    }
}
