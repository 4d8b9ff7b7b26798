//! The sounds the phone makes itself: ringtone, ringback and busy tone.

use std::f32::consts::PI;

use crate::stream::Tone;
use crate::units::{SAMPLE_RATE, millis};

/// The tone of the Chinese network (GB/T 3380): 450 Hz.
const NETWORK_HZ: f32 = 450.0;
/// -20 dBFS at the peak: a tone at the ear must not startle.
const NETWORK_LEVEL: f32 = 0.1;

/// Plays one [`Tone`] from its beginning.
#[derive(Debug, Clone)]
pub(crate) struct TonePlayer {
    tone: Tone,
    position: i64,
}

impl TonePlayer {
    pub(crate) fn new(tone: Tone) -> TonePlayer {
        TonePlayer { tone, position: 0 }
    }

    /// Adds the tone to what is there.
    pub(crate) fn add(&mut self, frame: &mut [f32]) {
        let (on, cycle) = match self.tone {
            Tone::Ringback => (millis(1_000), millis(5_000)),
            Tone::Busy => (millis(350), millis(700)),
        };
        for sample in frame {
            let position = self.position % cycle;
            if position < on {
                let phase = 2.0 * PI * NETWORK_HZ * position as f32 / SAMPLE_RATE as f32;
                let edge = position.min(on - position) as f32 / millis(5) as f32;
                *sample += NETWORK_LEVEL * phase.sin() * edge.min(1.0);
            }
            self.position += 1;
        }
    }
}

/// The ringtone: four struck bars going up and two coming down, a pause, again.
const NOTES: [(i64, f32); 6] = [
    (0, 659.26),
    (160, 783.99),
    (320, 987.77),
    (480, 1_318.51),
    (880, 987.77),
    (1_040, 1_318.51),
];
const RING_CYCLE: i64 = millis(3_200);
/// How long one note is heard.
const NOTE: i64 = millis(1_200);
/// A struck bar: its partials as multiples of the note, their strength, and how fast they die, per second.
const PARTIALS: [(f32, f32, f32); 3] = [(1.0, 0.22, 5.0), (3.93, 0.05, 11.0), (0.5, 0.05, 4.0)];

/// Plays the ringtone, round and round.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ringtone {
    position: i64,
}

impl Ringtone {
    pub(crate) fn fill(&mut self, frame: &mut [f32]) {
        for sample in frame {
            let position = self.position % RING_CYCLE;
            *sample = NOTES
                .iter()
                .map(|&(start, hz)| struck_bar(position - millis(start), hz))
                .sum();
            self.position += 1;
        }
    }
}

fn struck_bar(age: i64, hz: f32) -> f32 {
    if !(0..NOTE).contains(&age) {
        return 0.0;
    }
    let seconds = age as f32 / SAMPLE_RATE as f32;
    let attack = (age as f32 / millis(3) as f32).min(1.0);
    let release = ((NOTE - age) as f32 / millis(50) as f32).min(1.0);
    let sum: f32 = PARTIALS
        .iter()
        .map(|&(multiple, strength, decay)| {
            strength * (-decay * seconds).exp() * (2.0 * PI * hz * multiple * seconds).sin()
        })
        .sum();
    sum * attack * release
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ringback_is_a_second_of_tone_and_four_of_silence() {
        let mut heard = vec![0.0; 5 * 48_000];
        TonePlayer::new(Tone::Ringback).add(&mut heard);
        let loud =
            |range: std::ops::Range<usize>| heard[range].iter().any(|sample| sample.abs() > 0.09);
        assert!(loud(0..4_800) && loud(43_000..48_000));
        assert!(heard[48_000..].iter().all(|&sample| sample == 0.0));
    }

    #[test]
    fn the_ringtone_neither_clips_nor_clicks_and_pauses() {
        let mut heard = vec![0.0; 7 * 48_000];
        Ringtone::default().fill(&mut heard);
        assert!(heard.iter().all(|sample| sample.abs() < 0.8));
        assert!(heard.iter().any(|sample| sample.abs() > 0.2));
        assert!(
            heard
                .windows(2)
                .all(|pair| (pair[1] - pair[0]).abs() < 0.12)
        );
        assert!(
            heard[110_000..153_000]
                .iter()
                .all(|sample| sample.abs() < 0.01)
        );
    }
}
