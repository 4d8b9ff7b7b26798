//! Loudness in dB below full scale.

/// What silence measures.
pub(crate) const SILENCE_DBFS: f32 = -100.0;

/// Measures the mean loudness of what it was given since it was last read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter {
    energy: f64,
    samples: u32,
}

impl Meter {
    pub(crate) fn add(&mut self, frame: &[f32]) {
        self.energy += frame
            .iter()
            .map(|&sample| f64::from(sample) * f64::from(sample))
            .sum::<f64>();
        self.samples += frame.len() as u32;
    }

    /// Returns dBFS, -100 to 0 (a full-scale sine is -3), and starts over.
    pub(crate) fn read(&mut self) -> f32 {
        let meter = std::mem::take(self);
        let mean = meter.energy / f64::from(meter.samples.max(1));
        let level = (10.0 * mean.log10()) as f32;
        // From a device gone mad.
        if level.is_nan() {
            SILENCE_DBFS
        } else {
            level.clamp(SILENCE_DBFS, 0.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_scale_is_zero_and_silence_is_the_floor() {
        let mut meter = Meter::default();
        assert_eq!(meter.read(), SILENCE_DBFS);
        meter.add(&[1.0, -1.0]);
        assert_eq!(meter.read(), 0.0);
        meter.add(&[0.001; 480]);
        assert!((meter.read() + 60.0).abs() < 0.01);
        meter.add(&[f32::NAN]);
        assert_eq!(meter.read(), SILENCE_DBFS);
    }
}
