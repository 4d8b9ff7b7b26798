//! Encoders and decoders: 48 kHz mono on one side, RTP payloads on the other.

use opus::{Application, Bitrate, Channels, Signal};

use super::Codec;
use super::band::Band;
use super::conceal::Conceal;
use super::g711::Law;
use super::g722;
use super::resample::{Down, Up};
use crate::units::{SAMPLE_RATE, Samples};

/// Samples of one sent packet: 20 ms at 48 kHz.
pub(crate) const PACKET: usize = 960;

/// The longest payload that counts as one packet: 120 ms (RFC 6716 section 3.2, and ample for the others).
const LONGEST: usize = 5_760;

/// Opus accepts made up durations in these steps: 2.5 ms.
const OPUS_STEP: usize = 120;

/// The loss to prepare for, in percent: with less, libopus spends nothing on redundancy.
const EXPECTED_LOSS: i32 = 10;

/// Turns voice into payloads.
#[derive(Debug)]
pub(crate) enum Encoder {
    Opus(opus::Encoder),
    Waveform { compress: Compress, down: Down },
}

/// The half of a waveform codec that sends.
#[derive(Debug)]
pub(crate) enum Compress {
    G711(Law),
    G722(Box<g722::Encoder>),
}

impl Encoder {
    pub(crate) fn new(codec: Codec) -> Encoder {
        let waveform = |band, compress| Encoder::Waveform {
            compress,
            down: Down::new(band),
        };
        match codec {
            Codec::Opus => {
                Encoder::Opus(opus_encoder().expect("libopus takes 48 kHz mono and these settings"))
            }
            Codec::G722 => waveform(Band::Wide, Compress::G722(Box::default())),
            Codec::Pcmu => waveform(Band::Narrow, Compress::G711(Law::Mu)),
            Codec::Pcma => waveform(Band::Narrow, Compress::G711(Law::A)),
        }
    }

    /// Tells that voice is left out before what is encoded next.
    pub(crate) fn interrupt(&mut self) {
        match self {
            // Or the redundancy in the next packet would repeat what was heard before.
            Encoder::Opus(encoder) => encoder
                .reset_state()
                .expect("an encoder can be reset at any time"),
            // Goes on where the far end's decoder has stopped.
            Encoder::Waveform { .. } => {}
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
            Encoder::Waveform { compress, down } => {
                let mut samples = Vec::with_capacity(PACKET / Band::Wide.factor());
                down.process(frame, &mut samples);
                let samples: Vec<i16> = samples.into_iter().map(to_i16).collect();
                match compress {
                    Compress::G711(law) => {
                        payload.extend(samples.iter().map(|&sample| law.encode(sample)));
                    }
                    Compress::G722(encoder) => encoder.encode(&samples, payload),
                }
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

/// Returns a sample as 16 bits hold it.
pub(crate) fn to_i16(sample: f32) -> i16 {
    // `as` saturates, and turns NaN into 0.
    (sample * 32_768.0).round() as i16
}

/// Turns payloads back into voice, and missing ones into something like it.
#[derive(Debug)]
pub(crate) enum Decoder {
    Opus(opus::Decoder),
    Waveform {
        expand: Expand,
        band: Band,
        conceal: Conceal,
        up: Up,
    },
}

/// The half of a waveform codec that receives.
#[derive(Debug)]
pub(crate) enum Expand {
    G711(Law),
    G722(Box<g722::Decoder>),
}

impl Decoder {
    pub(crate) fn new(codec: Codec) -> Decoder {
        let waveform = |band, expand| Decoder::Waveform {
            expand,
            band,
            conceal: Conceal::new(band),
            up: Up::new(band),
        };
        match codec {
            Codec::Opus => Decoder::Opus(
                opus::Decoder::new(48_000, Channels::Mono).expect("libopus takes 48 kHz mono"),
            ),
            Codec::G722 => waveform(Band::Wide, Expand::G722(Box::default())),
            Codec::Pcmu => waveform(Band::Narrow, Expand::G711(Law::Mu)),
            Codec::Pcma => waveform(Band::Narrow, Expand::G711(Law::A)),
        }
    }

    /// Appends the voice of a payload; `false` if it was no valid one, then nothing was appended.
    pub(crate) fn decode(&mut self, payload: &[u8], output: &mut Vec<f32>) -> bool {
        match self {
            Decoder::Opus(decoder) => opus_decode(decoder, payload, LONGEST, false, output),
            Decoder::Waveform {
                expand,
                conceal,
                up,
                ..
            } => {
                let samples: Vec<i16> = match expand {
                    Expand::G711(law) => payload.iter().map(|&byte| law.decode(byte)).collect(),
                    Expand::G722(decoder) => decoder.decode(payload),
                };
                let mut samples: Vec<f32> = samples
                    .into_iter()
                    .map(|sample| f32::from(sample) / 32_768.0)
                    .collect();
                conceal.heard(&mut samples);
                up.process(&samples, output);
                true
            }
        }
    }

    /// Appends `samples` of the packet before `next` from the redundancy in `next`; see [`redundancy`].
    pub(crate) fn recover(&mut self, next: &[u8], samples: usize, output: &mut Vec<f32>) -> bool {
        match self {
            Decoder::Opus(decoder) => opus_decode(decoder, next, samples, true, output),
            Decoder::Waveform { .. } => false,
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
            Decoder::Waveform {
                band, conceal, up, ..
            } => {
                let mut made = Vec::new();
                conceal.make((samples / band.factor()).max(1), &mut made);
                up.process(&made, output);
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

/// Returns the decoder in `slot`, a new one where it is for another codec.
pub(crate) fn decoder(slot: &mut Option<(Codec, Decoder)>, codec: Codec) -> &mut Decoder {
    if slot.as_ref().is_none_or(|(current, _)| *current != codec) {
        *slot = None;
    }
    &mut slot.get_or_insert_with(|| (codec, Decoder::new(codec))).1
}

/// Returns how many 48 kHz samples a timestamp unit stands for.
pub(crate) fn scale(codec: Codec) -> Samples {
    Samples::from(SAMPLE_RATE / codec.clock_rate())
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
        // Two samples a byte.
        Codec::G722 => payload.len() * 2 * Band::Wide.factor(),
        Codec::Pcmu | Codec::Pcma => payload.len() * Band::Narrow.factor(),
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
    fn only_a_wide_band_brings_a_high_tone_across() {
        for hz in [4_200.0, 5_000.0] {
            for (codec, survives) in [
                (Codec::Opus, true),
                (Codec::G722, true),
                (Codec::Pcmu, false),
                (Codec::Pcma, false),
            ] {
                let share = passed(codec, hz);
                assert_eq!(share > 0.8, survives, "{codec:?}, {hz} Hz: {share}");
                assert!(survives || share < 0.05, "{codec:?}, {hz} Hz: {share}");
            }
        }
        let share = passed(Codec::G722, 3_000.0);
        assert!((0.9..1.1).contains(&share), "{share}");
    }

    /// The share of a tone's level that the codec brings across at this very pitch.
    fn passed(codec: Codec, hz: f32) -> f32 {
        let (mut encoder, mut decoder) = (Encoder::new(codec), Decoder::new(codec));
        let (mut said, mut heard) = (Vec::new(), Vec::new());
        for packet in 0..50 {
            let frame: [f32; PACKET] = std::array::from_fn(|i| {
                0.3 * (2.0 * PI * hz * (packet * PACKET + i) as f32 / 48_000.0).sin()
            });
            said.extend(frame);
            let mut payload = Vec::new();
            encoder.encode(&frame, &mut payload);
            decoder.decode(&payload, &mut heard);
        }
        let level_at_pitch = |sound: &[f32]| {
            let (sin, cos) = sound
                .iter()
                .enumerate()
                .fold((0.0, 0.0), |(sin, cos), (i, s)| {
                    let phase = 2.0 * PI * hz * i as f32 / 48_000.0;
                    (sin + s * phase.sin(), cos + s * phase.cos())
                });
            (sin * sin + cos * cos).sqrt()
        };
        level_at_pitch(&heard[24_000..]) / level_at_pitch(&said[24_000..])
    }

    #[test]
    fn a_packet_of_twenty_milliseconds_is_a_hundred_and_sixty_bytes_of_a_waveform() {
        for codec in [Codec::G722, Codec::Pcmu, Codec::Pcma] {
            let mut payload = Vec::new();
            Encoder::new(codec).encode(&tone(0), &mut payload);
            assert_eq!(payload.len(), 160, "{codec:?}");
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

    #[test]
    fn opus_repeats_nothing_across_an_interruption() {
        let mut encoder = Encoder::new(Codec::Opus);
        let mut next = |packet: usize, interrupted: bool| {
            if interrupted {
                encoder.interrupt();
            }
            let mut payload = Vec::new();
            encoder.encode(&tone(packet * PACKET), &mut payload);
            redundancy(Codec::Opus, &payload)
        };
        for packet in 0..20 {
            next(packet, false);
        }
        assert_eq!(next(20, false), PACKET);
        assert_eq!(next(29, true), 0);
        assert_eq!(next(30, false), PACKET, "its settings are kept");
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
