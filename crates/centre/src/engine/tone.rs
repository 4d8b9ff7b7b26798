//! The soft tone a waiting customer hears, encoded once and played from memory.

use offhook_audio::engine::Engine;
use offhook_audio::{Codec, Direction, FRAME, SAMPLE_RATE, SessionKey, StreamConfig, TICK};
use std::f32::consts::TAU;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// One turn: two soft notes, then silence, in 20 ms packets.
const PACKETS: usize = 200;
/// How loud the notes are, against full scale.
const LOUDNESS: f32 = 0.06;
/// When each note begins, how long it lasts, in seconds, and how high it is, in Hz.
const NOTES: [(f32, f32, f32); 2] = [(0.2, 0.5, 523.25), (0.6, 0.7, 659.25)];
/// An RTP header without extension and sources.
const HEADER: usize = 12;

/// The payloads of one turn of the tone.
#[must_use]
pub fn payloads(codec: Codec) -> Vec<Vec<u8>> {
    encode(codec, PACKETS, note)
}

/// Encodes a sound, told by its sample, into so many packets.
pub(super) fn encode(codec: Codec, count: usize, sound: fn(usize) -> f32) -> Vec<Vec<u8>> {
    let mut engine = Engine::new(1);
    let session = SessionKey::next();
    engine.open(session);
    engine.start(
        session,
        StreamConfig {
            remote: SocketAddr::from((Ipv4Addr::LOCALHOST, 9)),
            codec,
            payload_type: codec.static_payload_type().unwrap_or(96),
            receive: Vec::new(),
            telephone_event: None,
            direction: Direction::BOTH,
        },
    );
    let mut payloads = Vec::with_capacity(count);
    let mut now = Duration::ZERO;
    let mut sample = 0;
    let mut ear = [0.0; FRAME];
    while payloads.len() < count {
        let mic: [f32; FRAME] = std::array::from_fn(|i| sound(sample + i));
        sample += FRAME;
        let mut packets = Vec::new();
        engine.tick(now, &mic, &mut ear, &mut packets);
        payloads.extend(
            packets
                .into_iter()
                .filter_map(|packet| Some(packet.datagram.get(HEADER..)?.to_vec())),
        );
        now += TICK;
    }
    payloads
}

fn note(sample: usize) -> f32 {
    let at = sample as f32 / SAMPLE_RATE as f32;
    NOTES
        .iter()
        .filter(|(start, length, _)| (*start..start + length).contains(&at))
        .map(|(start, length, hz)| {
            // A raised cosine over the whole note: no clicks.
            let swell = 0.5 - 0.5 * (TAU * (at - start) / length).cos();
            LOUDNESS * swell * (TAU * hz * at).sin()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_codec_has_four_seconds_of_tone() {
        for codec in Codec::ALL {
            let payloads = payloads(codec);
            assert_eq!(payloads.len(), PACKETS, "{codec:?}");
            assert!(payloads.iter().all(|payload| !payload.is_empty()));
        }
        let payloads = payloads(Codec::Pcma);
        assert!(payloads.iter().all(|payload| payload.len() == 160));
        let silence = &payloads[PACKETS - 1];
        assert_ne!(&payloads[20], silence, "there is a note in it");
    }
}
