//! Between 8 kHz and 48 kHz: a polyphase low-pass of 144 taps, 1.5 ms of delay each way.

use std::f64::consts::PI;
use std::sync::LazyLock;

/// How many 48 kHz samples stand for one 8 kHz sample.
pub(crate) const FACTOR: usize = 6;
const TAPS_PER_PHASE: usize = 24;
const TAPS: usize = FACTOR * TAPS_PER_PHASE;

/// Half the pass band's edge of 8 kHz telephony, at -6 dB.
const CUTOFF_HZ: f64 = 3_850.0;

/// A Kaiser-windowed sinc, gain 1 at 0 Hz.
static KERNEL: LazyLock<[f32; TAPS]> = LazyLock::new(|| {
    let bessel = |x: f64| {
        (1..20)
            .fold((1.0, 1.0), |(sum, term), k| {
                let term = term * (x / (2.0 * f64::from(k))).powi(2);
                (sum + term, term)
            })
            .0
    };
    let beta = 6.0;
    let centre = (TAPS as f64 - 1.0) / 2.0;
    let taps: Vec<f64> = (0..TAPS)
        .map(|index| {
            let offset = index as f64 - centre;
            let x = 2.0 * CUTOFF_HZ / 48_000.0 * offset;
            let sinc = if x.abs() < 1e-9 {
                1.0
            } else {
                (PI * x).sin() / (PI * x)
            };
            sinc * bessel(beta * (1.0 - (offset / centre).powi(2)).max(0.0).sqrt())
        })
        .collect();
    let sum: f64 = taps.iter().sum();
    let mut kernel = [0.0; TAPS];
    for (slot, tap) in kernel.iter_mut().zip(taps) {
        *slot = (tap / sum) as f32;
    }
    kernel
});

/// 48 kHz to 8 kHz.
#[derive(Debug, Clone)]
pub(crate) struct Down {
    history: Vec<f32>,
}

impl Down {
    pub(crate) fn new() -> Down {
        Down {
            history: vec![0.0; TAPS - 1],
        }
    }

    /// Appends one sample for every six of `input`, whose length is a multiple of six.
    pub(crate) fn process(&mut self, input: &[f32], output: &mut Vec<f32>) {
        self.history.extend_from_slice(input);
        let kernel = &*KERNEL;
        for start in (0..input.len()).step_by(FACTOR) {
            let window = &self.history[start..start + TAPS];
            output.push(
                window
                    .iter()
                    .zip(kernel)
                    .map(|(sample, tap)| sample * tap)
                    .sum(),
            );
        }
        self.history.drain(..input.len());
    }
}

/// 8 kHz to 48 kHz.
#[derive(Debug, Clone)]
pub(crate) struct Up {
    history: Vec<f32>,
}

impl Up {
    pub(crate) fn new() -> Up {
        Up {
            history: vec![0.0; TAPS_PER_PHASE - 1],
        }
    }

    /// Appends six samples for every one of `input`.
    pub(crate) fn process(&mut self, input: &[f32], output: &mut Vec<f32>) {
        self.history.extend_from_slice(input);
        let kernel = &*KERNEL;
        for window in self.history.windows(TAPS_PER_PHASE) {
            for phase in 0..FACTOR {
                let taps = kernel[phase..].iter().step_by(FACTOR);
                let sum: f32 = window
                    .iter()
                    .rev()
                    .zip(taps)
                    .map(|(sample, tap)| sample * tap)
                    .sum();
                output.push(sum * FACTOR as f32);
            }
        }
        self.history.drain(..input.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hz: f64, rate: f64, samples: usize) -> Vec<f32> {
        (0..samples)
            .map(|i| (2.0 * PI * hz * i as f64 / rate).sin() as f32 * 0.5)
            .collect()
    }

    fn rms(samples: &[f32]) -> f32 {
        (samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32).sqrt()
    }

    #[test]
    fn speech_passes_both_ways_unharmed() {
        for hz in [100.0, 1_000.0, 3_000.0] {
            let (mut down, mut up) = (Down::new(), Up::new());
            let (mut narrow, mut wide) = (Vec::new(), Vec::new());
            for frame in sine(hz, 48_000.0, 48_000).chunks(480) {
                down.process(frame, &mut narrow);
            }
            for frame in narrow.chunks(80) {
                up.process(frame, &mut wide);
            }
            assert_eq!((narrow.len(), wide.len()), (8_000, 48_000));
            let change = rms(&wide[4_800..]) / rms(&sine(hz, 48_000.0, 48_000));
            assert!(
                (0.95..1.05).contains(&change),
                "{hz} Hz changed by {change}"
            );
        }
    }

    #[test]
    fn what_eight_kilohertz_cannot_carry_does_not_alias() {
        let (mut down, mut narrow) = (Down::new(), Vec::new());
        down.process(&sine(5_500.0, 48_000.0, 48_000), &mut narrow);
        assert!(rms(&narrow[200..]) < 0.001);
    }

    #[test]
    fn raising_the_rate_leaves_no_images() {
        let (mut up, mut wide) = (Up::new(), Vec::new());
        up.process(&sine(1_000.0, 8_000.0, 8_000), &mut wide);
        let clean = sine(1_000.0, 48_000.0, 48_000);
        // The delay is 143 / 2 samples of 48 kHz: compare against both neighbours' mean.
        let error: Vec<f32> = (4_800..40_000)
            .map(|i| wide[i] - (clean[i - 71] + clean[i - 72]) / 2.0)
            .collect();
        assert!(rms(&error) < 0.005, "{}", rms(&error));
    }
}
