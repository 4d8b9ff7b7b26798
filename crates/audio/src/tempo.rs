//! Voice faster or slower at the same pitch: whole pitch periods are taken out or put in.

use std::collections::VecDeque;

use crate::stretch;
use crate::units::FRAME;

/// What a period is looked for in, besides what the frame before it takes at the highest speed.
const WANTED: usize = 2 * stretch::LONGEST + 2 * FRAME;
/// How far the voice may run from its tempo, in samples, before a period is taken out or put in.
const STRAY: f64 = 360.0;

/// See the module. Samples go in by [`feed`](Tempo::feed) and come out by [`pull`](Tempo::pull), both of 48 kHz.
#[derive(Debug)]
pub(crate) struct Tempo {
    speed: f64,
    waiting: Vec<f32>,
    done: VecDeque<f32>,
    /// Samples used up beyond what the tempo asks for.
    ahead: f64,
}

impl Tempo {
    pub(crate) fn new() -> Tempo {
        Tempo {
            speed: 1.0,
            waiting: Vec::new(),
            done: VecDeque::new(),
            ahead: 0.0,
        }
    }

    /// Changes the tempo: 2 is twice as fast.
    pub(crate) fn set_speed(&mut self, speed: f64) {
        self.speed = speed;
        self.ahead = 0.0;
    }

    /// Forgets what is under way.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
        self.done.clear();
        self.ahead = 0.0;
    }

    /// How many samples are still to be fed before there is a frame; 0 if there is one.
    pub(crate) fn missing(&self) -> usize {
        if self.done.len() >= FRAME {
            0
        } else {
            WANTED.saturating_sub(self.waiting.len())
        }
    }

    /// Takes voice.
    pub(crate) fn feed(&mut self, voice: &[f32]) {
        self.waiting.extend_from_slice(voice);
    }

    /// How much of what was fed has not been heard, in samples of its own.
    pub(crate) fn unheard(&self) -> usize {
        self.waiting.len() + (self.done.len() as f64 * self.speed) as usize
    }

    /// Gives one frame, with silence where nothing is left; returns whether there was anything.
    pub(crate) fn pull(&mut self, frame: &mut [f32; FRAME]) -> bool {
        while self.done.len() < FRAME && !self.waiting.is_empty() {
            self.step();
        }
        let any = !self.done.is_empty();
        for sample in frame {
            *sample = self.done.pop_front().unwrap_or(0.0);
        }
        any
    }

    fn step(&mut self) {
        let before = self.waiting.len();
        let whole = before >= 2 * stretch::LONGEST;
        let out = if whole && self.ahead < -STRAY {
            stretch::shorten(&mut self.waiting, stretch::LONGEST, true)
        } else if whole && self.ahead > STRAY {
            2 * stretch::lengthen(&mut self.waiting, true)
        } else {
            0
        };
        // Nothing was cut: some of it goes on as it is.
        let out = if out == 0 { before.min(FRAME / 4) } else { out };
        self.done.extend(self.waiting.drain(..out));
        let used = before - self.waiting.len();
        self.ahead += used as f64 - out as f64 * self.speed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::TAU;

    fn voice(hz: f32, samples: usize) -> Vec<f32> {
        (0..samples)
            .map(|n| 0.3 * (TAU * hz * n as f32 / 48_000.0).sin())
            .collect()
    }

    fn played(speed: f64, input: &[f32]) -> Vec<f32> {
        let mut tempo = Tempo::new();
        tempo.set_speed(speed);
        let (mut output, mut frame, mut fed) = (Vec::new(), [0.0; FRAME], 0);
        loop {
            let next = tempo.missing().min(input.len() - fed);
            tempo.feed(&input[fed..fed + next]);
            fed += next;
            if !tempo.pull(&mut frame) {
                return output;
            }
            output.extend(frame);
        }
    }

    /// How often a second the voice rises through zero.
    fn pitch(voice: &[f32]) -> f32 {
        let rises = voice
            .windows(2)
            .filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0)
            .count();
        rises as f32 * 48_000.0 / voice.len() as f32
    }

    #[test]
    fn every_speed_keeps_the_pitch_and_takes_its_time() {
        for speed in [0.5, 0.75, 1.0, 1.25, 1.5, 2.0] {
            for hz in [95.0, 220.0, 700.0, 1_234.0] {
                let input = voice(hz, 480_000);
                let output = played(speed, &input);
                let length = output.len() as f64 * speed / input.len() as f64;
                assert!((length - 1.0).abs() < 0.01, "{speed} x, {hz} Hz: {length}");
                let heard = pitch(&output[4_800..output.len() - 4_800]);
                assert!(
                    (heard - hz).abs() < 0.01 * hz,
                    "{speed} x, {hz} Hz: {heard}"
                );
                let step = |voice: &[f32]| {
                    let steps = voice.windows(2).map(|pair| (pair[1] - pair[0]).abs());
                    steps.fold(0.0, f32::max)
                };
                let inner = &output[..output.len() - 480];
                assert!(
                    step(inner) < 1.3 * step(&input),
                    "{speed} x, {hz} Hz clicks"
                );
            }
        }
    }

    #[test]
    fn noise_and_silence_keep_the_time_too() {
        let mut seed = 1u32;
        let noise: Vec<f32> = (0..480_000)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 8) as f32 / (1 << 24) as f32 - 0.5
            })
            .collect();
        for input in [noise, vec![0.0; 480_000]] {
            for speed in [0.5, 1.5, 2.0] {
                let length = played(speed, &input).len() as f64 * speed / input.len() as f64;
                assert!((length - 1.0).abs() < 0.01, "{speed} x: {length}");
            }
        }
    }
}
