//! A sequence of tones nobody can guess, and the ear that finds it again.

use std::f32::consts::PI;

use super::Random;

const RATE: f32 = 48_000.0;
/// No two of them harmonics of each other, none near the 450 Hz of the network's tones.
const TONES: [f32; 8] = [
    610.0, 770.0, 940.0, 1_150.0, 1_390.0, 1_690.0, 2_050.0, 2_480.0,
];
const SYMBOL: usize = 4_800;
const WINDOW: usize = 1_440;
const HOP: usize = 240;
/// A run must be this long to count as a symbol, in hops of 5 ms.
const SHORTEST_RUN: usize = 8;

/// The sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonce(Vec<usize>);

/// What the ear found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The share of the symbols found in order.
    pub share: f64,
    /// The longest time within the nonce in which none of its tones sounded, in ms.
    pub longest_gap_ms: usize,
    /// When the first of them began, in ms from the beginning of the recording.
    pub start_ms: usize,
}

impl Nonce {
    /// Draws a nonce of so many symbols of 100 ms; no symbol follows itself.
    pub fn draw(seed: u64, symbols: usize) -> Nonce {
        let mut random = Random::new(seed);
        let mut sequence: Vec<usize> = Vec::new();
        while sequence.len() < symbols {
            let symbol = random.draw() as usize % TONES.len();
            if sequence.last() != Some(&symbol) {
                sequence.push(symbol);
            }
        }
        Nonce(sequence)
    }

    /// Returns it as sound: 48 kHz, -10 dBFS at the peak.
    pub fn sound(&self) -> Vec<f32> {
        let mut phase = 0.0f32;
        let mut sound = Vec::with_capacity(self.0.len() * SYMBOL);
        for &symbol in &self.0 {
            for index in 0..SYMBOL {
                phase = (phase + 2.0 * PI * TONES[symbol] / RATE) % (2.0 * PI);
                let edge = index.min(SYMBOL - index) as f32 / 240.0;
                sound.push(0.3 * phase.sin() * edge.min(1.0));
            }
        }
        sound
    }

    /// Looks for it in a recording of 48 kHz.
    pub fn find(&self, recording: &[f32]) -> Found {
        let runs = runs(recording);
        let matched = common_subsequence(&self.0, &runs);
        let share = matched.len() as f64 / self.0.len() as f64;
        let ends = matched
            .windows(2)
            .map(|pair| (runs[pair[0]].end, runs[pair[1]].start));
        let longest = ends
            .map(|(end, start)| start.saturating_sub(end))
            .max()
            .unwrap_or(0);
        let start_ms = matched
            .first()
            .map_or(0, |&first| runs[first].start * HOP / 48);
        Found {
            share,
            longest_gap_ms: longest * HOP / 48,
            start_ms,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Run {
    symbol: usize,
    start: usize,
    end: usize,
}

fn runs(recording: &[f32]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (hop, window) in recording.windows(WINDOW).step_by(HOP).enumerate() {
        let Some(symbol) = tone_in(window) else {
            continue;
        };
        match runs.last_mut() {
            // A hole of up to 60 ms does not make two symbols of one.
            Some(run) if run.symbol == symbol && hop - run.end <= 12 => run.end = hop + 1,
            _ => runs.push(Run {
                symbol,
                start: hop,
                end: hop + 1,
            }),
        }
    }
    runs.retain(|run| run.end - run.start >= SHORTEST_RUN);
    runs
}

/// Names the tone that rises above all else in a window, if it is loud enough and one does.
fn tone_in(window: &[f32]) -> Option<usize> {
    let energy: f32 = window.iter().map(|sample| sample * sample).sum();
    if energy / (window.len() as f32) < 1e-5 {
        return None;
    }
    let power = |hz: f32| {
        let coefficient = 2.0 * (2.0 * PI * hz / RATE).cos();
        let (mut one, mut two) = (0.0, 0.0);
        for sample in window {
            (one, two) = (sample + coefficient * one - two, one);
        }
        // A pure tone gives 1.
        (one * one + two * two - coefficient * one * two) / (energy * window.len() as f32 / 2.0)
    };
    let powers = TONES.map(power);
    let (symbol, &strongest) = powers
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1))?;
    let clear = powers
        .iter()
        .filter(|&&power| power > strongest / 4.0)
        .count()
        == 1;
    (strongest > 0.35 && clear).then_some(symbol)
}

/// Returns the indices of the runs that match the sequence in order, as many as possible.
fn common_subsequence(sequence: &[usize], runs: &[Run]) -> Vec<usize> {
    let mut best = vec![vec![0usize; runs.len() + 1]; sequence.len() + 1];
    for i in (0..sequence.len()).rev() {
        for j in (0..runs.len()).rev() {
            best[i][j] = if sequence[i] == runs[j].symbol {
                best[i + 1][j + 1] + 1
            } else {
                best[i + 1][j].max(best[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut matched) = (0, 0, Vec::new());
    while i < sequence.len() && j < runs.len() {
        if sequence[i] == runs[j].symbol {
            matched.push(j);
            (i, j) = (i + 1, j + 1);
        } else if best[i + 1][j] >= best[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    matched
}

/// Loudness in dB below full scale.
pub fn dbfs(recording: &[f32]) -> f64 {
    let energy: f64 = recording
        .iter()
        .map(|&sample| f64::from(sample).powi(2))
        .sum();
    10.0 * (energy / recording.len().max(1) as f64).max(1e-12).log10()
}
