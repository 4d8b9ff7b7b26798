//! The prompt a customer on hold hears: two notes, one higher, then a pause, over and over.

use super::tone;
use offhook_audio::{Codec, SAMPLE_RATE};
use std::f32::consts::TAU;

/// One turn in 20 ms packets: 0.4 s, 0.4 s and 1.2 s of silence.
const PACKETS: usize = 100;
/// Peak against full scale: a sine of -20 dBFS.
const LOUDNESS: f32 = 0.141;
/// How long each note lasts, in seconds, and how high they are, in Hz.
const NOTE: f32 = 0.4;
const NOTES: [f32; 2] = [392.0, 523.0];
/// How long a note swells and fades, in seconds: no clicks.
const RAMP: f32 = 0.01;

/// The payloads of one turn of the prompt.
#[must_use]
pub fn payloads(codec: Codec) -> Vec<Vec<u8>> {
    tone::encode(codec, PACKETS, sound)
}

fn sound(sample: usize) -> f32 {
    let at = sample as f32 / SAMPLE_RATE as f32;
    NOTES
        .iter()
        .zip([0.0, NOTE])
        .filter(|(_, start)| (*start..start + NOTE).contains(&at))
        .map(|(hz, start)| {
            let (since, left) = (at - start, start + NOTE - at);
            let swell = (since.min(left) / RAMP).min(1.0);
            LOUDNESS * swell * (TAU * hz * since).sin()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RMS of one second's part, in dBFS.
    fn level(from: f32, to: f32) -> f32 {
        let range = (from * SAMPLE_RATE as f32) as usize..(to * SAMPLE_RATE as f32) as usize;
        let count = range.len() as f32;
        let power: f32 = range.map(|sample| sound(sample).powi(2)).sum();
        10.0 * (power / count).log10()
    }

    #[test]
    fn two_notes_of_minus_twenty_and_a_pause() {
        for (from, to) in [(0.02, 0.38), (0.42, 0.78)] {
            assert!((level(from, to) + 20.0).abs() < 0.5, "{}", level(from, to));
        }
        assert_eq!(level(0.81, 1.99), f32::NEG_INFINITY);
    }

    #[test]
    fn each_codec_has_two_seconds_of_it() {
        for codec in Codec::ALL {
            let payloads = payloads(codec);
            assert_eq!(payloads.len(), PACKETS, "{codec:?}");
            assert!(payloads.iter().all(|payload| !payload.is_empty()));
        }
    }
}
