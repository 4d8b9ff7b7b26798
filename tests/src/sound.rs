//! A piece of mono sound in memory, with its wav file.

use anyhow::{Context, Result, ensure};
use std::{path::Path, time::Duration};

/// Mono sound: samples in -1.0..=1.0 at `rate` Hz.
#[derive(Debug, Clone, PartialEq)]
pub struct Sound {
    /// Samples a second.
    pub rate: u32,
    /// The samples.
    pub samples: Vec<f32>,
}

impl Sound {
    /// Makes silence.
    #[must_use]
    pub fn silence(rate: u32, length: Duration) -> Self {
        Self {
            rate,
            samples: vec![0.0; index(rate, length)],
        }
    }

    /// Takes one channel out of a 16-bit wav file; the first is 0.
    ///
    /// # Errors
    /// It is not 16-bit PCM, or has no such channel.
    pub fn channel(bytes: &[u8], channel: usize) -> Result<Self> {
        Self::parse(bytes, channel)
    }

    /// Reads a 16-bit wav file; of several channels the first. A file whose writer has not closed it yet, so that its
    /// header still says nothing of its length, is read as far as it goes.
    ///
    /// # Errors
    /// The file cannot be read or is not 16-bit PCM.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("Reading {}", path.display()))?;
        Self::parse(&bytes, 0).with_context(|| format!("Reading {}", path.display()))
    }

    fn parse(bytes: &[u8], channel: usize) -> Result<Self> {
        ensure!(
            bytes.len() >= 12 && &bytes[..4] == b"RIFF" && &bytes[8..12] == b"WAVE",
            "no wav file"
        );
        let (mut rate, mut channels, mut at) = (0, 0, 12);
        while let Some(head) = bytes.get(at..at + 8) {
            let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
            let body = &bytes[at + 8..];
            match &head[..4] {
                b"fmt " => {
                    ensure!(body.len() >= 16, "short format");
                    ensure!(body[14] == 16, "{} bits a sample", body[14]);
                    channels = usize::from(u16::from_le_bytes([body[2], body[3]]));
                    rate = u32::from_le_bytes([body[4], body[5], body[6], body[7]]);
                }
                b"data" => {
                    ensure!(channel < channels && rate > 0, "data before its format");
                    let written = if length == 0 { body.len() } else { length };
                    let samples = body[..written.min(body.len())]
                        .chunks_exact(2 * channels)
                        .map(|frame| &frame[2 * channel..])
                        .map(|sample| {
                            f32::from(i16::from_le_bytes([sample[0], sample[1]])) / 32768.0
                        })
                        .collect();
                    return Ok(Self { rate, samples });
                }
                _ => {}
            }
            at += 8 + length + length % 2;
        }
        anyhow::bail!("no data in it")
    }

    /// Makes sound of raw 16-bit little-endian samples.
    #[must_use]
    pub fn from_raw(rate: u32, bytes: &[u8]) -> Self {
        Self {
            rate,
            samples: bytes
                .chunks_exact(2)
                .map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32768.0)
                .collect(),
        }
    }

    /// Writes a 16-bit wav file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: self.rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut wav = hound::WavWriter::create(path, spec)
            .with_context(|| format!("Writing {}", path.display()))?;
        for sample in &self.samples {
            wav.write_sample((sample.clamp(-1.0, 1.0) * 32767.0).round() as i16)?;
        }
        Ok(wav.finalize()?)
    }

    /// Tells how long it is.
    #[must_use]
    pub fn length(&self) -> Duration {
        Duration::from_secs_f64(self.samples.len() as f64 / f64::from(self.rate))
    }

    /// Cuts a window out of it; what lies outside of it is left out.
    #[must_use]
    pub fn window(&self, from: Duration, to: Duration) -> Self {
        let end = index(self.rate, to).min(self.samples.len());
        let begin = index(self.rate, from).min(end);
        Self {
            rate: self.rate,
            samples: self.samples[begin..end].to_vec(),
        }
    }

    /// Puts `other` after it.
    ///
    /// # Panics
    /// The rates differ: a fault of the story.
    #[must_use]
    pub fn then(mut self, other: &Self) -> Self {
        assert_eq!(self.rate, other.rate, "sounds of one rate");
        self.samples.extend_from_slice(&other.samples);
        self
    }

    /// Repeats it.
    #[must_use]
    pub fn times(&self, times: usize) -> Self {
        Self {
            rate: self.rate,
            samples: self.samples.repeat(times),
        }
    }

    /// Gives the same sound at 8 kHz, for rates that are a multiple of it.
    ///
    /// # Errors
    /// The rate is no multiple of 8 kHz.
    pub fn at_8_khz(&self) -> Result<Self> {
        ensure!(
            self.rate >= 8000 && self.rate.is_multiple_of(8000),
            "cannot listen at {} Hz",
            self.rate
        );
        let step = (self.rate / 8000) as usize;
        if step == 1 {
            return Ok(self.clone());
        }
        let taps = low_pass(step);
        let half = taps.len() / 2;
        let samples = (0..self.samples.len() / step)
            .map(|out| {
                let centre = out * step;
                taps.iter()
                    .enumerate()
                    .filter_map(|(tap, weight)| {
                        let at = (centre + tap).checked_sub(half)?;
                        Some(weight * self.samples.get(at)?)
                    })
                    .sum()
            })
            .collect();
        Ok(Self {
            rate: 8000,
            samples,
        })
    }
}

/// A windowed sinc that passes up to 3.6 kHz when `step` times 8 kHz goes down to 8 kHz.
fn low_pass(step: usize) -> Vec<f32> {
    let half = 12 * step as i32;
    let cut = 0.9 / step as f32;
    let weights: Vec<f32> = (-half..=half)
        .map(|at| {
            let x = at as f32;
            let sinc = if at == 0 {
                1.0
            } else {
                (std::f32::consts::PI * cut * x).sin() / (std::f32::consts::PI * cut * x)
            };
            sinc * 0.5 * (1.0 + (std::f32::consts::PI * x / half as f32).cos())
        })
        .collect();
    let sum: f32 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

fn index(rate: u32, at: Duration) -> usize {
    (at.as_secs_f64() * f64::from(rate)).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wav_file_comes_back_as_it_was() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("a.wav");
        let sound = Sound {
            rate: 8000,
            samples: vec![0.0, 0.5, -0.5, 0.25],
        };
        sound.write(&path)?;
        let back = Sound::read(&path)?;
        assert_eq!(back.rate, 8000);
        for (a, b) in sound.samples.iter().zip(&back.samples) {
            assert!((a - b).abs() < 1e-3);
        }
        Ok(())
    }

    #[test]
    fn a_tone_keeps_its_level_at_8_khz() -> Result<()> {
        let sound = Sound {
            rate: 48_000,
            samples: (0..48_000)
                .map(|n| (n as f32 * 1000.0 * std::f32::consts::TAU / 48_000.0).sin() * 0.5)
                .collect(),
        };
        let low = sound.at_8_khz()?;
        let middle = &low.samples[1000..7000];
        let power = middle.iter().map(|s| s * s).sum::<f32>() / 6000.0;
        assert!((power - 0.125).abs() < 0.003, "{power}");
        Ok(())
    }
}
