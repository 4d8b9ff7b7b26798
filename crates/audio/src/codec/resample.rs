//! Between a codec's band and 48 kHz: a polyphase low-pass of 144 taps, 1.5 ms of delay each way.

use std::f64::consts::PI;
use std::sync::LazyLock;

use super::band::Band;

const TAPS: usize = 144;

static NARROW: LazyLock<[f32; TAPS]> = LazyLock::new(|| low_pass(Band::Narrow));
static WIDE: LazyLock<[f32; TAPS]> = LazyLock::new(|| low_pass(Band::Wide));

fn kernel(band: Band) -> &'static [f32; TAPS] {
    match band {
        Band::Narrow => &NARROW,
        Band::Wide => &WIDE,
    }
}

/// A Kaiser-windowed sinc, gain 1 at 0 Hz.
fn low_pass(band: Band) -> [f32; TAPS] {
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
            let x = 2.0 * band.cutoff_hz() / 48_000.0 * offset;
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
}

/// From 48 kHz down to the band's rate.
#[derive(Debug, Clone)]
pub(crate) struct Down {
    band: Band,
    history: Vec<f32>,
}

impl Down {
    pub(crate) fn new(band: Band) -> Down {
        Down {
            band,
            history: vec![0.0; TAPS - 1],
        }
    }

    /// Appends one sample for every [`factor`](Band::factor) of `input`, whose length is a multiple of it.
    pub(crate) fn process(&mut self, input: &[f32], output: &mut Vec<f32>) {
        self.history.extend_from_slice(input);
        let kernel = kernel(self.band);
        for start in (0..input.len()).step_by(self.band.factor()) {
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

/// From the band's rate up to 48 kHz.
#[derive(Debug, Clone)]
pub(crate) struct Up {
    band: Band,
    history: Vec<f32>,
}

impl Up {
    pub(crate) fn new(band: Band) -> Up {
        Up {
            band,
            history: vec![0.0; TAPS / band.factor() - 1],
        }
    }

    /// Appends [`factor`](Band::factor) samples for every one of `input`.
    pub(crate) fn process(&mut self, input: &[f32], output: &mut Vec<f32>) {
        self.history.extend_from_slice(input);
        let factor = self.band.factor();
        let kernel = kernel(self.band);
        for window in self.history.windows(TAPS / factor) {
            for phase in 0..factor {
                let taps = kernel[phase..].iter().step_by(factor);
                let sum: f32 = window
                    .iter()
                    .rev()
                    .zip(taps)
                    .map(|(sample, tap)| sample * tap)
                    .sum();
                output.push(sum * factor as f32);
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
        for (band, hz) in [
            (Band::Narrow, 100.0),
            (Band::Narrow, 1_000.0),
            (Band::Narrow, 3_000.0),
            (Band::Wide, 100.0),
            (Band::Wide, 3_000.0),
            (Band::Wide, 6_800.0),
        ] {
            let (mut down, mut up) = (Down::new(band), Up::new(band));
            let (mut coded, mut full) = (Vec::new(), Vec::new());
            for frame in sine(hz, 48_000.0, 48_000).chunks(480) {
                down.process(frame, &mut coded);
            }
            for frame in coded.chunks(80) {
                up.process(frame, &mut full);
            }
            assert_eq!((coded.len(), full.len()), (48_000 / band.factor(), 48_000));
            let change = rms(&full[4_800..]) / rms(&sine(hz, 48_000.0, 48_000));
            assert!(
                (0.95..1.05).contains(&change),
                "{band:?}: {hz} Hz changed by {change}"
            );
        }
    }

    #[test]
    fn what_a_band_cannot_carry_does_not_alias() {
        for (band, hz) in [(Band::Narrow, 5_500.0), (Band::Wide, 8_700.0)] {
            let (mut down, mut coded) = (Down::new(band), Vec::new());
            down.process(&sine(hz, 48_000.0, 48_000), &mut coded);
            assert!(rms(&coded[400..]) < 0.001, "{band:?}");
        }
    }

    #[test]
    fn raising_the_rate_leaves_no_images() {
        for band in [Band::Narrow, Band::Wide] {
            let (mut up, mut full) = (Up::new(band), Vec::new());
            let rate = 48_000 / band.factor();
            up.process(&sine(1_000.0, rate as f64, rate), &mut full);
            let clean = sine(1_000.0, 48_000.0, 48_000);
            // The delay is 143 / 2 samples of 48 kHz: compare against both neighbours' mean.
            let error: Vec<f32> = (4_800..40_000)
                .map(|i| full[i] - (clean[i - 71] + clean[i - 72]) / 2.0)
                .collect();
            assert!(rms(&error) < 0.005, "{band:?}: {}", rms(&error));
        }
    }
}
