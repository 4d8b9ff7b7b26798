//! Makes voice a little shorter or longer at the same pitch: takes out or puts in one pitch period.

use crate::units::millis;

/// The periods looked for, in samples: from 400 Hz down to 67 Hz.
const SHORTEST: usize = millis(5) as usize / 2;
/// See [`SHORTEST`].
pub(crate) const LONGEST: usize = millis(15) as usize;
/// The search looks at every sixth sample: 8 kHz are enough to see a period.
const STRIDE: usize = 6;
/// How alike two neighbouring periods must be, 1 being the same.
const ALIKE: f32 = 0.6;
/// Below this mean square (-50 dBFS) any cut is inaudible.
const QUIET: f32 = 1e-5;

/// Takes one period of at most `longest` out of the beginning of `voice`; returns its length, 0 if none fits. `anyhow`
/// takes the best there is, for when a long delay is worse than a rough cut.
pub(crate) fn shorten(voice: &mut Vec<f32>, longest: usize, anyhow: bool) -> usize {
    let Some(period) = period(voice, longest, anyhow) else {
        return 0;
    };
    for index in 0..period {
        let weight = (index as f32 + 0.5) / period as f32;
        voice[index] = voice[index] * (1.0 - weight) + voice[index + period] * weight;
    }
    voice.drain(period..2 * period);
    period
}

/// Puts one more period behind the first of `voice`; returns its length, 0 if none fits. `anyhow` as for [`shorten`].
pub(crate) fn lengthen(voice: &mut Vec<f32>, anyhow: bool) -> usize {
    let Some(period) = period(voice, LONGEST, anyhow) else {
        return 0;
    };
    let bridge: Vec<f32> = (0..period)
        .map(|index| {
            let weight = (index as f32 + 0.5) / period as f32;
            voice[index + period] * (1.0 - weight) + voice[index] * weight
        })
        .collect();
    voice.splice(period..period, bridge);
    period
}

/// Finds the length after which the beginning of `voice` repeats itself best.
fn period(voice: &[f32], longest: usize, anyhow: bool) -> Option<usize> {
    let longest = longest.min(LONGEST).min(voice.len() / 2);
    if longest < SHORTEST {
        return None;
    }
    let energy: f32 = voice[..2 * longest]
        .iter()
        .map(|sample| sample * sample)
        .sum();
    if energy / (2 * longest) as f32 <= QUIET {
        return Some(longest);
    }
    let coarse = (SHORTEST..=longest)
        .step_by(STRIDE)
        .map(|lag| (lag, likeness(voice, lag, STRIDE)));
    let (around, _) = coarse.max_by(|a, b| a.1.total_cmp(&b.1))?;
    let fine = (around.saturating_sub(STRIDE).max(SHORTEST)..=(around + STRIDE).min(longest))
        .map(|lag| (lag, likeness(voice, lag, 2)));
    let (lag, likeness) = fine.max_by(|a, b| a.1.total_cmp(&b.1))?;
    (anyhow || likeness > ALIKE).then_some(lag)
}

fn likeness(voice: &[f32], lag: usize, stride: usize) -> f32 {
    let pairs = || {
        voice[..lag]
            .iter()
            .zip(&voice[lag..2 * lag])
            .step_by(stride)
    };
    let product: f32 = pairs().map(|(a, b)| a * b).sum();
    let energy: f32 = pairs().map(|(a, b)| a * a + b * b).sum();
    2.0 * product / (energy + 1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::PI;

    fn voice(hz: f32) -> Vec<f32> {
        let phase = |i: usize| 2.0 * PI * hz * i as f32 / 48_000.0;
        (0..1_440)
            .map(|i| 0.3 * phase(i).sin() + 0.2 * (3.0 * phase(i)).sin())
            .collect()
    }

    fn largest_step(voice: &[f32]) -> f32 {
        voice
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).abs())
            .fold(0.0, f32::max)
    }

    #[test]
    fn a_voice_loses_or_gains_whole_periods_without_a_click() {
        for hz in [80.0, 120.0, 233.0, 390.0] {
            let clean = voice(hz);
            let (mut short, mut long) = (clean.clone(), clean.clone());
            let (out, added) = (
                shorten(&mut short, LONGEST, false),
                lengthen(&mut long, false),
            );
            assert_eq!(
                (short.len() + out, long.len() - added),
                (clean.len(), clean.len())
            );
            for changed in [out, added] {
                let periods = changed as f32 / (48_000.0 / hz);
                assert!(
                    changed > 0 && (periods - periods.round()).abs() < 0.05,
                    "{hz} Hz: {periods}"
                );
            }
            assert!(largest_step(&short).max(largest_step(&long)) < 1.1 * largest_step(&clean));
        }
    }

    #[test]
    fn silence_can_be_cut_anywhere_and_noise_only_if_need_be() {
        let mut seed = 1u32;
        let mut noise: Vec<f32> = (0..1_440)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 8) as f32 / (1 << 24) as f32 - 0.5
            })
            .collect();
        assert_eq!(shorten(&mut vec![0.0; 1_440], LONGEST, false), LONGEST);
        assert_eq!(shorten(&mut noise, LONGEST, false), 0);
        assert!(shorten(&mut noise, LONGEST, true) > 0);
        assert_eq!(
            shorten(&mut vec![0.0; 100], LONGEST, true),
            0,
            "too short to cut"
        );
    }
}
