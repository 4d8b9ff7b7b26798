//! One outgoing stream: 10 ms of voice in on every tick, an RTP packet out on every second one, whatever happens.

use crate::codec::Codec;
use crate::codec::coder::{Encoder, PACKET};
use crate::random::Random;
use crate::rtp::Packet;
use crate::units::{FRAME, SAMPLE_RATE, millis};

/// See the module.
#[derive(Debug)]
pub(crate) struct Sender {
    codec: Codec,
    payload_type: u8,
    encoder: Encoder,
    pending: [f32; PACKET],
    filled: usize,
    /// Follows the mute button within 5 ms, so that it does not click.
    gain: f32,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    marker: bool,
    sent: u64,
}

impl Sender {
    pub(crate) fn new(codec: Codec, payload_type: u8, random: &mut Random) -> Sender {
        Sender {
            codec,
            payload_type,
            encoder: Encoder::new(codec),
            pending: [0.0; PACKET],
            filled: 0,
            gain: 0.0,
            sequence: random.draw() as u16,
            timestamp: random.draw() as u32,
            ssrc: random.draw() as u32,
            marker: true,
            sent: 0,
        }
    }

    /// Changes the format. Another clock rate needs another SSRC (RFC 3550 section 5.2); else the stream goes on.
    pub(crate) fn set_format(&mut self, codec: Codec, payload_type: u8, random: &mut Random) {
        if codec != self.codec {
            if codec.clock_rate() != self.codec.clock_rate() {
                self.ssrc = random.draw() as u32;
                self.timestamp = random.draw() as u32;
            }
            self.codec = codec;
            self.encoder = Encoder::new(codec);
            self.marker = true;
        }
        self.payload_type = payload_type;
    }

    /// Takes 10 ms of the microphone, silenced if not `audible`; returns a datagram each second time.
    pub(crate) fn push(&mut self, mic: &[f32; FRAME], audible: bool) -> Option<Vec<u8>> {
        let step = if audible { 1.0 } else { -1.0 } / millis(5) as f32;
        for (slot, sample) in self.pending[self.filled..].iter_mut().zip(mic) {
            self.gain = (self.gain + step).clamp(0.0, 1.0);
            *slot = if sample.is_finite() {
                sample.clamp(-1.0, 1.0) * self.gain
            } else {
                0.0
            };
        }
        self.filled += FRAME;
        if self.filled < PACKET {
            return None;
        }
        self.filled = 0;
        Some(self.packet())
    }

    fn packet(&mut self) -> Vec<u8> {
        let mut datagram = Vec::with_capacity(256);
        let header = Packet {
            marker: std::mem::take(&mut self.marker),
            payload_type: self.payload_type,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
            payload: &[],
        };
        header.write_header(&mut datagram);
        self.encoder.encode(&self.pending, &mut datagram);
        self.sequence = self.sequence.wrapping_add(1);
        let samples = PACKET as u32 * self.codec.clock_rate() / SAMPLE_RATE;
        self.timestamp = self.timestamp.wrapping_add(samples);
        self.sent += 1;
        datagram
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }
}
