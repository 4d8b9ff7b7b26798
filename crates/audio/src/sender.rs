//! One outgoing stream: 10 ms of voice in on every tick, an RTP packet out on every second one, whatever happens.

use crate::codec::Codec;
use crate::codec::coder::{Encoder, PACKET};
use crate::keypad::{EventPacket, Keypad};
use crate::random::Random;
use crate::rtp::Packet;
use crate::stream::StreamConfig;
use crate::units::{FRAME, SAMPLE_RATE, millis};

/// See the module.
#[derive(Debug)]
pub(crate) struct Sender {
    codec: Codec,
    payload_type: u8,
    telephone_event: Option<u8>,
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
    pub(crate) fn new(config: &StreamConfig, random: &mut Random) -> Sender {
        Sender {
            codec: config.codec,
            payload_type: config.payload_type,
            telephone_event: config.telephone_event,
            encoder: Encoder::new(config.codec),
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

    /// Changes the format. Another clock rate needs another SSRC (RFC 3550 section 5.2); else the stream goes on. An event
    /// under way ends where it can go on no more.
    pub(crate) fn set_format(
        &mut self,
        config: &StreamConfig,
        keypad: &mut Keypad,
        random: &mut Random,
    ) {
        if config.codec != self.codec {
            if config.codec.clock_rate() != self.codec.clock_rate() {
                self.ssrc = random.draw() as u32;
                self.timestamp = random.draw() as u32;
                keypad.cut();
            }
            self.codec = config.codec;
            self.encoder = Encoder::new(config.codec);
            self.marker = true;
        }
        self.payload_type = config.payload_type;
        self.telephone_event = config.telephone_event;
        if config.telephone_event.is_none() {
            keypad.cut();
        }
    }

    /// Takes 10 ms of the microphone, silenced if not `audible`; returns a datagram each second time: voice, or what was
    /// keyed.
    pub(crate) fn push(
        &mut self,
        mic: &[f32; FRAME],
        audible: bool,
        keypad: &mut Keypad,
    ) -> Option<Vec<u8>> {
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
        let step = PACKET as u32 * self.codec.clock_rate() / SAMPLE_RATE;
        let event = self.telephone_event.and_then(|payload_type| {
            Some((payload_type, keypad.next_packet(self.timestamp, step)?))
        });
        let datagram = match event {
            Some((payload_type, event)) => self.event_packet(payload_type, event),
            None => self.voice_packet(),
        };
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(step);
        self.sent += 1;
        Some(datagram)
    }

    fn voice_packet(&mut self) -> Vec<u8> {
        let marker = std::mem::take(&mut self.marker);
        let mut datagram = self.header(marker, self.payload_type, self.timestamp);
        self.encoder.encode(&self.pending, &mut datagram);
        datagram
    }

    fn event_packet(&mut self, payload_type: u8, packet: EventPacket) -> Vec<u8> {
        let mut datagram = self.header(packet.marker, payload_type, packet.timestamp);
        datagram.extend(packet.event.payload());
        self.encoder.interrupt();
        datagram
    }

    fn header(&self, marker: bool, payload_type: u8, timestamp: u32) -> Vec<u8> {
        let mut datagram = Vec::with_capacity(256);
        let header = Packet {
            marker,
            payload_type,
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
            payload: &[],
        };
        header.write_header(&mut datagram);
        datagram
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }
}
