//! Concealment for codecs that have none of their own: the last pitch period goes on and fades.

use std::ops::RangeInclusive;

use super::band::Band;

/// The lengths, in samples of the band.
#[derive(Debug, Clone)]
struct Lengths {
    history: usize,
    lags: RangeInclusive<usize>,
    /// What is compared to find the pitch.
    compared: usize,
    /// Full level this long, then a straight fade to silence.
    hold: usize,
    fade: usize,
    merge: usize,
}

/// Remembers what was heard last, and makes more of it.
#[derive(Debug, Clone)]
pub(crate) struct Conceal {
    lengths: Lengths,
    history: Vec<f32>,
    period: Vec<f32>,
    /// What bridges the step between the last heard sample and the first made up one.
    step: f32,
    /// What is left of the step after one sample.
    decay: f32,
    made: usize,
}

impl Conceal {
    pub(crate) fn new(band: Band) -> Conceal {
        let lengths = Lengths {
            history: band.samples(400),
            lags: band.samples(24)..=band.samples(140),
            compared: band.samples(120),
            hold: band.samples(80),
            fade: band.samples(480),
            merge: band.samples(40),
        };
        Conceal {
            history: vec![0.0; lengths.history],
            lengths,
            period: Vec::new(),
            step: 0.0,
            decay: 0.8f32.powf(1.0 / band.samples(1) as f32),
            made: 0,
        }
    }

    /// Takes decoded samples; directly after a gap blends them with what was made up, in place.
    pub(crate) fn heard(&mut self, samples: &mut [f32]) {
        if self.made > 0 {
            let merge = self.lengths.merge.min(samples.len());
            let mut tail = Vec::with_capacity(merge);
            self.make(merge, &mut tail);
            let length = tail.len() as f32;
            for (index, (sample, made)) in samples.iter_mut().zip(tail).enumerate() {
                let weight = (index as f32 + 0.5) / length;
                *sample = *sample * weight + made * (1.0 - weight);
            }
            self.made = 0;
            self.period.clear();
        }
        self.history.extend_from_slice(samples);
        let surplus = self.history.len() - self.lengths.history;
        self.history.drain(..surplus);
    }

    /// Appends `count` made up samples.
    pub(crate) fn make(&mut self, count: usize, output: &mut Vec<f32>) {
        if self.period.is_empty() {
            let lag = self.pitch();
            let end = self.history.len();
            self.period = self.history[end - lag..].to_vec();
            self.step = self.history[end - 1] - self.history[end - 1 - lag];
            self.smooth_wrap(lag);
            self.made = 0;
        }
        for _ in 0..count {
            let gain = match self.made.checked_sub(self.lengths.hold) {
                None => 1.0,
                Some(faded) => 1.0 - (faded as f32 / self.lengths.fade as f32).min(1.0),
            };
            output.push((self.period[self.made % self.period.len()] + self.step) * gain);
            self.step *= self.decay;
            self.made += 1;
        }
    }

    /// Lets the end of the period lead over into its beginning, which follows the sample before it.
    fn smooth_wrap(&mut self, lag: usize) {
        let overlap = lag / 4;
        for index in 0..overlap {
            let weight = (index as f32 + 1.0) / (overlap as f32 + 1.0);
            let before = self.history[self.history.len() - lag - overlap + index];
            let slot = &mut self.period[lag - overlap + index];
            *slot = *slot * (1.0 - weight) + before * weight;
        }
    }

    /// Finds the lag at which the last samples resemble those before them most.
    fn pitch(&self) -> usize {
        let Lengths { lags, compared, .. } = &self.lengths;
        let (end, start) = (self.history.len(), self.history.len() - compared);
        let recent = &self.history[start..];
        let similarity = |lag: usize| {
            let earlier = &self.history[start - lag..end - lag];
            let product: f32 = recent.iter().zip(earlier).map(|(a, b)| a * b).sum();
            let energy: f32 = earlier.iter().map(|b| b * b).sum();
            product / (energy + 1e-9).sqrt()
        };
        lags.clone()
            .max_by(|&a, &b| similarity(a).total_cmp(&similarity(b)))
            .unwrap_or(*lags.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::PI;

    const BANDS: [Band; 2] = [Band::Narrow, Band::Wide];

    /// So many samples of 8 kHz, or what lasts as long.
    fn voice(band: Band, hz: f32, samples: usize) -> Vec<f32> {
        let phase = |i: usize| 2.0 * PI * hz * i as f32 / band.samples(8_000) as f32;
        (0..band.samples(samples))
            .map(|i| 0.3 * phase(i).sin() + 0.15 * (2.0 * phase(i)).sin())
            .collect()
    }

    #[test]
    fn a_lost_frame_of_a_steady_voice_is_hardly_missed() {
        for band in BANDS {
            for hz in [90.0, 140.0, 200.0, 310.0] {
                let clean = voice(band, hz, 1_600);
                let (gap, end) = (band.samples(800), band.samples(880));
                let mut conceal = Conceal::new(band);
                conceal.heard(&mut clean[..gap].to_vec());
                let mut made = Vec::new();
                conceal.make(end - gap, &mut made);
                let error: f32 = made
                    .iter()
                    .zip(&clean[gap..])
                    .map(|(a, b)| (a - b).powi(2))
                    .sum();
                let energy: f32 = clean[gap..end].iter().map(|b| b * b).sum();
                assert!(
                    error < 0.15 * energy,
                    "{band:?}, {hz} Hz: {error} of {energy}"
                );
            }
        }
    }

    #[test]
    fn a_long_gap_fades_to_silence() {
        for band in BANDS {
            let mut conceal = Conceal::new(band);
            conceal.heard(&mut voice(band, 150.0, 800));
            let mut made = Vec::new();
            conceal.make(band.samples(800), &mut made);
            assert!(
                made[..band.samples(80)]
                    .iter()
                    .any(|sample| sample.abs() > 0.2)
            );
            assert!(
                made[band.samples(600)..]
                    .iter()
                    .all(|sample| sample.abs() < 1e-3)
            );
        }
    }

    #[test]
    fn neither_edge_of_a_gap_clicks() {
        for band in BANDS {
            let clean = voice(band, 170.0, 1_600);
            let (gap, end) = (band.samples(800), band.samples(960));
            let largest = clean
                .windows(2)
                .map(|w| (w[1] - w[0]).abs())
                .fold(0.0, f32::max);
            let mut conceal = Conceal::new(band);
            let mut output = clean[..gap].to_vec();
            conceal.heard(&mut output.clone());
            conceal.make(end - gap, &mut output);
            let mut after = clean[end..band.samples(1_200)].to_vec();
            conceal.heard(&mut after);
            output.extend(after);
            let step = output
                .windows(2)
                .map(|w| (w[1] - w[0]).abs())
                .fold(0.0, f32::max);
            assert!(step < 1.6 * largest, "{band:?}: {step} against {largest}");
        }
    }

    #[test]
    fn silence_stays_silence() {
        for band in BANDS {
            let mut conceal = Conceal::new(band);
            let mut made = Vec::new();
            conceal.make(400, &mut made);
            assert!(made.iter().all(|&sample| sample == 0.0));
        }
    }
}
