//! Concealment for codecs that have none of their own: the last pitch period goes on and fades.

/// All counts are samples at 8 kHz.
const HISTORY: usize = 400;
const LAGS: std::ops::RangeInclusive<usize> = 24..=140;
const MATCH: usize = 120;
/// Full level this long, then a straight fade to silence.
const HOLD: usize = 80;
const FADE: usize = 480;
const MERGE: usize = 40;

/// Remembers what was heard last, and makes more of it.
#[derive(Debug, Clone)]
pub(crate) struct Conceal {
    history: Vec<f32>,
    period: Vec<f32>,
    /// What bridges the step between the last heard sample and the first made up one.
    step: f32,
    made: usize,
}

impl Conceal {
    pub(crate) fn new() -> Conceal {
        Conceal {
            history: vec![0.0; HISTORY],
            period: Vec::new(),
            step: 0.0,
            made: 0,
        }
    }

    /// Takes decoded samples; directly after a gap blends them with what was made up, in place.
    pub(crate) fn heard(&mut self, samples: &mut [f32]) {
        if self.made > 0 {
            let mut tail = Vec::with_capacity(MERGE);
            self.make(MERGE.min(samples.len()), &mut tail);
            let length = tail.len() as f32;
            for (index, (sample, made)) in samples.iter_mut().zip(tail).enumerate() {
                let weight = (index as f32 + 0.5) / length;
                *sample = *sample * weight + made * (1.0 - weight);
            }
            self.made = 0;
            self.period.clear();
        }
        self.history.extend_from_slice(samples);
        let surplus = self.history.len() - HISTORY;
        self.history.drain(..surplus);
    }

    /// Appends `count` made up samples.
    pub(crate) fn make(&mut self, count: usize, output: &mut Vec<f32>) {
        if self.period.is_empty() {
            let lag = self.pitch();
            self.period = self.history[HISTORY - lag..].to_vec();
            self.step = self.history[HISTORY - 1] - self.history[HISTORY - 1 - lag];
            self.smooth_wrap(lag);
            self.made = 0;
        }
        for _ in 0..count {
            let gain = match self.made.checked_sub(HOLD) {
                None => 1.0,
                Some(faded) => 1.0 - (faded as f32 / FADE as f32).min(1.0),
            };
            output.push((self.period[self.made % self.period.len()] + self.step) * gain);
            self.step *= 0.8;
            self.made += 1;
        }
    }

    /// Lets the end of the period lead over into its beginning, which follows the sample before it.
    fn smooth_wrap(&mut self, lag: usize) {
        let overlap = lag / 4;
        for index in 0..overlap {
            let weight = (index as f32 + 1.0) / (overlap as f32 + 1.0);
            let before = self.history[HISTORY - lag - overlap + index];
            let slot = &mut self.period[lag - overlap + index];
            *slot = *slot * (1.0 - weight) + before * weight;
        }
    }

    /// Finds the lag at which the last samples resemble those before them most.
    fn pitch(&self) -> usize {
        let recent = &self.history[HISTORY - MATCH..];
        let similarity = |lag: usize| {
            let earlier = &self.history[HISTORY - MATCH - lag..HISTORY - lag];
            let product: f32 = recent.iter().zip(earlier).map(|(a, b)| a * b).sum();
            let energy: f32 = earlier.iter().map(|b| b * b).sum();
            product / (energy + 1e-9).sqrt()
        };
        LAGS.max_by(|&a, &b| similarity(a).total_cmp(&similarity(b)))
            .unwrap_or(*LAGS.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::PI;

    fn voice(hz: f32, samples: usize) -> Vec<f32> {
        let phase = |i: usize| 2.0 * PI * hz * i as f32 / 8_000.0;
        (0..samples)
            .map(|i| 0.3 * phase(i).sin() + 0.15 * (2.0 * phase(i)).sin())
            .collect()
    }

    #[test]
    fn a_lost_frame_of_a_steady_voice_is_hardly_missed() {
        for hz in [90.0, 140.0, 200.0, 310.0] {
            let clean = voice(hz, 1_600);
            let mut conceal = Conceal::new();
            conceal.heard(&mut clean[..800].to_vec());
            let mut made = Vec::new();
            conceal.make(80, &mut made);
            let error: f32 = made
                .iter()
                .zip(&clean[800..])
                .map(|(a, b)| (a - b).powi(2))
                .sum();
            let energy: f32 = clean[800..880].iter().map(|b| b * b).sum();
            assert!(error < 0.15 * energy, "{hz} Hz: {error} of {energy}");
        }
    }

    #[test]
    fn a_long_gap_fades_to_silence() {
        let mut conceal = Conceal::new();
        conceal.heard(&mut voice(150.0, 800));
        let mut made = Vec::new();
        conceal.make(800, &mut made);
        assert!(made[..80].iter().any(|sample| sample.abs() > 0.2));
        assert!(made[600..].iter().all(|sample| sample.abs() < 1e-3));
    }

    #[test]
    fn neither_edge_of_a_gap_clicks() {
        let clean = voice(170.0, 1_600);
        let largest = clean
            .windows(2)
            .map(|w| (w[1] - w[0]).abs())
            .fold(0.0, f32::max);
        let mut conceal = Conceal::new();
        let mut output = clean[..800].to_vec();
        conceal.heard(&mut output.clone());
        conceal.make(160, &mut output);
        let mut after = clean[960..1_200].to_vec();
        conceal.heard(&mut after);
        output.extend(after);
        let step = output
            .windows(2)
            .map(|w| (w[1] - w[0]).abs())
            .fold(0.0, f32::max);
        assert!(step < 1.6 * largest, "{step} against {largest}");
    }

    #[test]
    fn silence_stays_silence() {
        let mut conceal = Conceal::new();
        let mut made = Vec::new();
        conceal.make(400, &mut made);
        assert!(made.iter().all(|&sample| sample == 0.0));
    }
}
