//! Encoders and decoders: 48 kHz mono on one side, RTP payloads on the other.

use opus::{Application, Bitrate, Channels, Signal};

use super::Codec;
use super::conceal::Conceal;
use super::g711::Law;
use super::resample::{Down, FACTOR, Up};

/// Samples of one sent packet: 20 ms at 48 kHz.
pub(crate) const PACKET: usize = 960;

/// The longest payload that counts as one packet: 120 ms (RFC 6716 section 3.2, and ample for G.711).
const LONGEST: usize = 5_760;

/// Opus accepts made up durations in these steps: 2.5 ms.
const OPUS_STEP: usize = 120;

/// The loss to prepare for, in percent: with less, libopus spends nothing on redundancy.
const EXPECTED_LOSS: i32 = 10;

/// Turns voice into payloads.
#[derive(Debug)]
pub(crate) enum Encoder {
    Opus(opus::Encoder),
    G711 { law: Law, down: Down },
}

impl Encoder {
    pub(crate) fn new(codec: Codec) -> Encoder {
        match codec {
            Codec::Opus => {
                Encoder::Opus(opus_encoder().expect("libopus takes 48 kHz mono and these settings"))
            }
            Codec::Pcmu => Encoder::G711 {
                law: Law::Mu,
                down: Down::new(),
            },
            Codec::Pcma => Encoder::G711 {
                law: Law::A,
                down: Down::new(),
            },
        }
    }

    /// Appends the payload of one packet.
    pub(crate) fn encode(&mut self, frame: &[f32; PACKET], payload: &mut Vec<u8>) {
        match self {
            Encoder::Opus(encoder) => {
                let start = payload.len();
                payload.resize(start + 1_275, 0);
                let length = encoder
                    .encode_float(frame, &mut payload[start..])
                    .expect("a 20 ms frame and 1275 bytes suffice for every Opus packet");
                payload.truncate(start + length);
            }
            Encoder::G711 { law, down } => {
                let mut narrow = Vec::with_capacity(PACKET / FACTOR);
                down.process(frame, &mut narrow);
                payload.extend(narrow.iter().map(|&sample| law.encode(to_i16(sample))));
            }
        }
    }
}

fn opus_encoder() -> opus::Result<opus::Encoder> {
    let mut encoder = opus::Encoder::new(48_000, Channels::Mono, Application::Voip)?;
    encoder.set_bitrate(Bitrate::Bits(32_000))?;
    encoder.set_complexity(5)?;
    encoder.set_signal(Signal::Voice)?;
    encoder.set_inband_fec(true)?;
    encoder.set_packet_loss_perc(EXPECTED_LOSS)?;
    Ok(encoder)
}

fn to_i16(sample: f32) -> i16 {
    // `as` saturates, and turns NaN into 0.
    (sample * 32_768.0).round() as i16
}

/// Turns payloads back into voice, and missing ones into something like it.
#[derive(Debug)]
pub(crate) enum Decoder {
    Opus(opus::Decoder),
    G711 { law: Law, up: Up, conceal: Conceal },
}

impl Decoder {
    pub(crate) fn new(codec: Codec) -> Decoder {
        let g711 = |law| Decoder::G711 {
            law,
            up: Up::new(),
            conceal: Conceal::new(),
        };
        match codec {
            Codec::Opus => Decoder::Opus(
                opus::Decoder::new(48_000, Channels::Mono).expect("libopus takes 48 kHz mono"),
            ),
            Codec::Pcmu => g711(Law::Mu),
            Codec::Pcma => g711(Law::A),
        }
    }

    /// Appends the voice of a payload; `false` if it was no valid one, then nothing was appended.
    pub(crate) fn decode(&mut self, payload: &[u8], output: &mut Vec<f32>) -> bool {
        match self {
            Decoder::Opus(decoder) => opus_decode(decoder, payload, LONGEST, false, output),
            Decoder::G711 { law, up, conceal } => {
                let mut narrow: Vec<f32> = payload
                    .iter()
                    .map(|&byte| f32::from(law.decode(byte)) / 32_768.0)
                    .collect();
                conceal.heard(&mut narrow);
                up.process(&narrow, output);
                true
            }
        }
    }

    /// Appends `samples` of the packet before `next` from the redundancy in `next`; see [`redundancy`].
    pub(crate) fn recover(&mut self, next: &[u8], samples: usize, output: &mut Vec<f32>) -> bool {
        match self {
            Decoder::Opus(decoder) => opus_decode(decoder, next, samples, true, output),
            Decoder::G711 { .. } => false,
        }
    }

    /// Appends about `samples` of made up voice, rounded to what the codec can make; returns how many.
    pub(crate) fn conceal(&mut self, samples: usize, output: &mut Vec<f32>) -> usize {
        let before = output.len();
        match self {
            Decoder::Opus(decoder) => {
                let rounded = (samples / OPUS_STEP).clamp(1, LONGEST / OPUS_STEP) * OPUS_STEP;
                if !opus_decode(decoder, &[], rounded, false, output) {
                    output.resize(before + rounded, 0.0);
                }
            }
            Decoder::G711 { up, conceal, .. } => {
                let mut narrow = Vec::new();
                conceal.make((samples / FACTOR).max(1), &mut narrow);
                up.process(&narrow, output);
            }
        }
        output.len() - before
    }
}

fn opus_decode(
    decoder: &mut opus::Decoder,
    payload: &[u8],
    samples: usize,
    redundancy: bool,
    output: &mut Vec<f32>,
) -> bool {
    let start = output.len();
    output.resize(start + samples, 0.0);
    let decoded = decoder
        .decode_float(payload, &mut output[start..], redundancy)
        .unwrap_or(0);
    output.truncate(start + decoded);
    decoded > 0
}

/// Returns how many 48 kHz samples a payload carries, or `None` if it cannot be one of this codec.
pub(crate) fn duration(codec: Codec, payload: &[u8]) -> Option<usize> {
    if payload.is_empty() {
        return None;
    }
    let samples = match codec {
        Codec::Opus => {
            opus::packet::parse(payload).ok()?;
            opus::packet::get_nb_samples(payload, 48_000).ok()?
        }
        Codec::Pcmu | Codec::Pcma => payload.len() * FACTOR,
    };
    (1..=LONGEST).contains(&samples).then_some(samples)
}

/// Tells how many samples of the packet before this one it carries a second time; 0 for none (RFC 6716 section 4.2.5).
pub(crate) fn redundancy(codec: Codec, payload: &[u8]) -> usize {
    let (Codec::Opus, Some(&toc)) = (codec, payload.first()) else {
        return 0;
    };
    let config = toc >> 3;
    // From 16 on the packet is pure CELT, which carries no redundancy.
    if config >= 16 {
        return 0;
    }
    let Ok(frame) = opus::packet::get_samples_per_frame(payload, 48_000) else {
        return 0;
    };
    let Ok(packet) = opus::packet::parse(payload) else {
        return 0;
    };
    let Some(&first) = packet.frames.first().and_then(|frame| frame.first()) else {
        return 0;
    };
    // One voice flag for each 20 ms of the frame come first, then the flag for redundancy.
    let flags = (frame / 960).max(1);
    if first >> (7 - flags) & 1 == 1 {
        frame
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::f32::consts::PI;

    fn tone(start: usize) -> [f32; PACKET] {
        std::array::from_fn(|i| 0.4 * (2.0 * PI * 700.0 * (start + i) as f32 / 48_000.0).sin())
    }

    fn level(samples: &[f32]) -> f32 {
        (samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32).sqrt()
    }

    #[test]
    fn every_codec_brings_a_tone_across_at_its_level() {
        for codec in Codec::ALL {
            let (mut encoder, mut decoder) = (Encoder::new(codec), Decoder::new(codec));
            let mut heard = Vec::new();
            for packet in 0..50 {
                let mut payload = Vec::new();
                encoder.encode(&tone(packet * PACKET), &mut payload);
                assert_eq!(duration(codec, &payload), Some(PACKET));
                assert!(decoder.decode(&payload, &mut heard));
            }
            assert_eq!(heard.len(), 50 * PACKET);
            let level = level(&heard[10 * PACKET..]);
            assert!((0.25..0.31).contains(&level), "{codec:?}: {level}");
        }
    }

    #[test]
    fn opus_brings_a_lost_packet_back_from_the_next_one() {
        let (mut encoder, mut decoder) = (Encoder::new(Codec::Opus), Decoder::new(Codec::Opus));
        let payloads: Vec<Vec<u8>> = (0..30)
            .map(|packet| {
                let mut payload = Vec::new();
                encoder.encode(&tone(packet * PACKET), &mut payload);
                payload
            })
            .collect();
        let mut heard = Vec::new();
        for payload in &payloads[..20] {
            decoder.decode(payload, &mut heard);
        }
        heard.clear();
        assert_eq!(redundancy(Codec::Opus, &payloads[21]), PACKET);
        assert!(decoder.recover(&payloads[21], PACKET, &mut heard));
        assert_eq!(heard.len(), PACKET);
        assert!(level(&heard) > 0.2, "{}", level(&heard));
    }

    proptest! {
        #[test]
        fn no_payload_from_the_network_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400), gap in 0usize..6_000) {
            for codec in Codec::ALL {
                let mut decoder = Decoder::new(codec);
                let mut heard = Vec::new();
                let _ = (duration(codec, &bytes), redundancy(codec, &bytes));
                if !bytes.is_empty() {
                    decoder.decode(&bytes, &mut heard);
                    decoder.recover(&bytes, PACKET, &mut heard);
                }
                decoder.conceal(gap, &mut heard);
                prop_assert!(heard.iter().all(|sample| sample.is_finite()));
            }
        }
    }
}
