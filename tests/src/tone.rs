//! Steady tones in a recording, such as the ringback tone, which is 450 Hz.

use crate::sound::Sound;
use anyhow::Result;
use std::time::Duration;

/// The ringback tone.
pub const RINGBACK_HERTZ: f32 = 450.0;

/// A frame is 20 ms at 8 kHz.
const FRAME: usize = 160;
/// 50 ms, for the level of one tone beside another.
const WINDOW: usize = 400;
const FRAME_LENGTH: Duration = Duration::from_millis(20);
/// So much of a frame's power must be the tone's.
const ALONE: f32 = 0.8;
/// What the tone must at least have, as power: -40 dBFS.
const FLOOR: f32 = 1e-4;

/// Tells for how long in all a tone is heard, alone.
///
/// # Errors
/// The recording's rate is no multiple of 8 kHz.
pub fn length(recording: &Sound, hertz: f32) -> Result<Duration> {
    let sound = recording.at_8_khz()?;
    let frames = sound.samples.chunks_exact(FRAME);
    let heard = frames.filter(|frame| holds(frame, hertz)).count();
    Ok(FRAME_LENGTH * u32::try_from(heard)?)
}

/// Tells how loud a tone is in all of a recording, whatever else is heard, in dBFS of a sine.
///
/// # Errors
/// The recording's rate is no multiple of 8 kHz.
pub fn level(recording: &Sound, hertz: f32) -> Result<f64> {
    let sound = recording.at_8_khz()?;
    let frames = sound.samples.chunks_exact(WINDOW);
    let count = frames.len().max(1) as f32;
    let power = frames.map(|frame| windowed(frame, hertz)).sum::<f32>() / count;
    Ok(10.0 * f64::from(power.max(1e-12)).log10())
}

/// The power of a tone in a frame, by a window beside which even a loud other tone is not seen.
fn windowed(frame: &[f32], hertz: f32) -> f32 {
    let (turn, count) = (std::f32::consts::TAU, frame.len() as f32);
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in frame.iter().enumerate() {
        let weight = 0.5 - 0.5 * (turn * (n as f32 + 0.5) / count).cos();
        let angle = turn * hertz * n as f32 / 8000.0;
        re += weight * sample * angle.cos();
        im += weight * sample * angle.sin();
    }
    // A sine of amplitude a gives |sum| = a/2 * count/2; its power is a^2/2.
    (re * re + im * im) * 8.0 / (count * count)
}

/// Makes a tone.
#[must_use]
pub fn sound(hertz: f32, length: Duration) -> Sound {
    let mut sound = Sound::silence(48_000, length);
    for (n, sample) in sound.samples.iter_mut().enumerate() {
        *sample = 0.1 * (std::f32::consts::TAU * hertz * n as f32 / 48_000.0).sin();
    }
    sound
}

fn holds(frame: &[f32], hertz: f32) -> bool {
    let (power, all) = power(frame, hertz);
    power >= FLOOR && power >= ALONE * all
}

/// The power of a tone in a frame, and of all of it.
fn power(frame: &[f32], hertz: f32) -> (f32, f32) {
    let step = std::f32::consts::TAU * hertz / 8000.0;
    let (mut re, mut im, mut all) = (0.0, 0.0, 0.0);
    for (n, sample) in frame.iter().enumerate() {
        let angle = step * n as f32;
        re += sample * angle.cos();
        im += sample * angle.sin();
        all += sample * sample;
    }
    let count = frame.len() as f32;
    // A sine of amplitude a gives |sum| = a/2 * count; its power is a^2/2.
    ((re * re + im * im) * 2.0 / (count * count), all / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hertz: f32, millis: u64) -> Sound {
        sound(hertz, Duration::from_millis(millis))
    }

    #[test]
    fn a_tone_has_its_level_also_beside_another() -> Result<()> {
        let mut both = sine(700.0, 1000);
        for (sum, other) in both.samples.iter_mut().zip(sine(1250.0, 1000).samples) {
            *sum += other;
        }
        for hertz in [700.0, 1250.0] {
            let found = level(&both, hertz)?;
            assert!((found + 23.0).abs() < 1.0, "{hertz} Hz: {found}");
        }
        assert!(level(&both, 950.0)? < -80.0);
        Ok(())
    }

    #[test]
    fn the_tone_is_told_from_silence_and_from_other_tones() -> Result<()> {
        let heard = length(
            &sine(450.0, 1000)
                .then(&Sound::silence(48_000, Duration::from_secs(4)))
                .then(&sine(450.0, 1000)),
            RINGBACK_HERTZ,
        )?;
        assert!(heard.as_millis().abs_diff(2000) <= 80, "{heard:?}");
        for other in [392.0, 523.0, 650.0] {
            assert_eq!(length(&sine(other, 1000), RINGBACK_HERTZ)?, Duration::ZERO);
        }
        Ok(())
    }
}
