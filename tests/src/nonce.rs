//! The proof that one side was heard by the other: a sequence of tones drawn at run time, and the detector that looks
//! for exactly this sequence in what the other side's device gave out.
//!
//! The grammar: [`SYMBOLS`] tones of 120 ms each out of sixteen between 650 and 3050 Hz, no two neighbours equal. Telephone
//! tones (up to 620 Hz) are none of them, and what is left of the tones by Opus, PCMU or PCMA is still told apart.

use crate::sound::Sound;
use anyhow::Result;
use offhook_model::Random;
use std::time::Duration;

/// How many tones make a nonce: 40 out of 16 without neighbours alike, about 157 bits.
pub const SYMBOLS: usize = 40;

const TONES: usize = 16;
const LOWEST_HZ: f32 = 650.0;
const SPACING_HZ: f32 = 160.0;
const SYMBOL_MS: usize = 120;
const RATE: u32 = 48_000;
const LEVEL: f32 = 0.35;

/// A frame is a window of 20 ms, taken every 5 ms.
const HOP_MS: usize = 5;
const WINDOW: usize = 160;
const HOP: usize = 40;
const FRAMES: usize = SYMBOL_MS / HOP_MS;
/// A tone that is there for so many frames, three quarters of it, counts as whole: a jitter buffer that catches up plays a tone
/// a little shorter and leaves nothing out. What is truly missing shows as a gap, and a longer gap costs the tone.
const HEARD_WHOLE: usize = FRAMES * 3 / 4;

/// Below this nothing counts as a tone. Well above what is left of a nonce that is called muted.
const FLOOR_DBFS: f32 = -52.0;
/// A sound is called muted below this.
pub const MUTED_DBFS: f64 = -60.0;
/// This much of a nonce must be there, in order, to be called found.
pub const ENOUGH: f64 = 0.95;

/// The sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonce {
    tones: Vec<u8>,
}

/// What the detector found of one nonce in one recording.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Heard {
    /// How much of the nonce's length was there, in order: 0 to 1.
    pub found: f64,
    /// Mean level of its tones, where a full-scale sine is -3.
    pub dbfs: f64,
    /// The longest stretch within the nonce in which it was not there.
    pub longest_gap_ms: u64,
    /// Where in the recording it begins.
    #[serde(skip)]
    pub begin: Duration,
    /// Where in the recording it ends.
    #[serde(skip)]
    pub end: Duration,
}

impl Heard {
    /// Tells whether that is enough to say that it was heard.
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.found >= ENOUGH
    }
}

impl Nonce {
    /// Draws one from the randomness of the operating system.
    #[must_use]
    pub fn draw() -> Self {
        let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
        Self::seeded(high ^ low.rotate_left(17))
    }

    /// Gives the one that belongs to `seed`.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let mut random = Random::seeded(seed);
        let mut tones: Vec<u8> = Vec::with_capacity(SYMBOLS);
        while tones.len() < SYMBOLS {
            let tone = random.below(TONES as u64) as u8;
            if tones.last() != Some(&tone) {
                tones.push(tone);
            }
        }
        Self { tones }
    }

    /// Tells how long it lasts: 4.8 s.
    #[must_use]
    pub fn length(&self) -> Duration {
        Duration::from_millis((self.tones.len() * SYMBOL_MS) as u64)
    }

    /// Plays it into memory, at 48 kHz and -12 dBFS.
    #[must_use]
    pub fn sound(&self) -> Sound {
        let symbol = RATE as usize * SYMBOL_MS / 1000;
        let fade = RATE as usize / 500;
        let mut samples = Vec::with_capacity(symbol * self.tones.len());
        for tone in &self.tones {
            let step = std::f32::consts::TAU * hertz(*tone) / RATE as f32;
            for n in 0..symbol {
                let edge = n.min(symbol - 1 - n).min(fade) as f32 / fade as f32;
                samples.push((n as f32 * step).sin() * edge * LEVEL);
            }
        }
        Sound {
            rate: RATE,
            samples,
        }
    }

    /// Plays it over and over for at least `length`, with a pause of 240 ms after each time.
    #[must_use]
    pub fn repeated(&self, length: Duration) -> Sound {
        let once = self
            .sound()
            .then(&Sound::silence(RATE, Duration::from_millis(240)));
        let times = length.as_secs_f64() / once.length().as_secs_f64();
        once.times(times.ceil() as usize)
    }

    /// Looks for the best pass of this nonce in a recording.
    ///
    /// # Errors
    /// The recording's rate is no multiple of 8 kHz.
    pub fn listen(&self, recording: &Sound) -> Result<Heard> {
        Ok(self.find(&frames(&recording.at_8_khz()?)))
    }

    /// Puts the tones on the frames, each within 20 ms before and 200 ms after where the one before it ended, so that most
    /// frames fit; then says what is missing on that path.
    fn find(&self, frames: &[Frame]) -> Heard {
        let nothing = Heard {
            found: 0.0,
            dbfs: SILENCE_DBFS,
            longest_gap_ms: self.length().as_millis() as u64,
            begin: Duration::ZERO,
            end: Duration::ZERO,
        };
        let Some(path) = self.path(frames) else {
            return nothing;
        };
        let is = |at: usize, tone: u8| frames.get(at).is_some_and(|frame| frame.tone == Some(tone));
        let mut powers: Vec<f32> = (0..self.tones.len())
            .flat_map(|i| (path[i]..path[i] + FRAMES).map(move |at| (i, at)))
            .filter(|(i, at)| is(*at, self.tones[*i]))
            .map(|(_, at)| frames[at].power)
            .collect();
        if powers.is_empty() {
            return nothing;
        }
        powers.sort_by(f32::total_cmp);
        // Half covered by a tone that fades at its edge, a window has about an eighth of its power: so an edge is where the
        // middle of its window is.
        let least = powers[powers.len() / 2] * 0.12;
        let (mut found, mut gap, mut longest) = (0usize, 0usize, 0usize);
        for (i, tone) in self.tones.iter().enumerate() {
            let until = path.get(i + 1).copied().unwrap_or(path[i] + FRAMES);
            let mut matched = 0usize;
            for frame in &frames[path[i].min(frames.len())..until.min(frames.len())] {
                if frame.tone == Some(*tone) && frame.power >= least {
                    matched += 1;
                    gap = 0;
                } else {
                    gap += 1;
                    longest = longest.max(gap);
                }
            }
            found += if matched >= HEARD_WHOLE {
                FRAMES
            } else {
                matched
            };
        }
        let mean = powers.iter().map(|p| f64::from(*p)).sum::<f64>() / powers.len() as f64;
        let time = |at: usize| Duration::from_millis((at * HOP_MS) as u64);
        Heard {
            found: found as f64 / (self.tones.len() * FRAMES) as f64,
            dbfs: decibel(mean),
            longest_gap_ms: (longest * HOP_MS) as u64,
            begin: time(path[0]),
            end: time(path[path.len() - 1] + FRAMES),
        }
    }

    /// Gives the frame at which each tone begins on the best path, by dynamic programming from the last tone back.
    fn path(&self, frames: &[Frame]) -> Option<Vec<usize>> {
        const EARLY: usize = 4;
        const LATE: usize = 40;
        let count = frames.len();
        let mut next: Vec<u32> = vec![0; count + 1];
        let mut steps: Vec<Vec<u8>> = Vec::with_capacity(self.tones.len());
        for (i, tone) in self.tones.iter().enumerate().rev() {
            let mut sums = vec![0u32; count + 1];
            for at in 0..count {
                sums[at + 1] = sums[at] + u32::from(frames[at].tone == Some(*tone));
            }
            let mut best = vec![0u32; count + 1];
            let mut step = vec![EARLY as u8; count + 1];
            for at in 0..=count {
                let here = sums[(at + FRAMES).min(count)] - sums[at];
                if i + 1 == self.tones.len() {
                    best[at] = here;
                    continue;
                }
                // In time is tried first, so that nothing moves without a reason.
                let mut ahead = (next[(at + FRAMES).min(count)], EARLY);
                for shift in 0..=EARLY + LATE {
                    let there = next[(at + FRAMES + shift - EARLY).min(count)];
                    if there > ahead.0 {
                        ahead = (there, shift);
                    }
                }
                best[at] = here + ahead.0;
                step[at] = ahead.1 as u8;
            }
            next = best;
            steps.push(step);
        }
        steps.reverse();
        let (mut at, score) =
            next.iter().enumerate().fold(
                (0, 0),
                |best, (at, score)| if *score > best.1 { (at, *score) } else { best },
            );
        if score == 0 {
            return None;
        }
        let mut path = Vec::with_capacity(self.tones.len());
        for step in &steps {
            path.push(at);
            at = (at + FRAMES + usize::from(step[at]) - EARLY).min(count);
        }
        Some(path)
    }
}

/// Tells how loud anything a nonce could be made of is in a recording: the loudest 120 ms, summed over all sixteen tones.
///
/// # Errors
/// The recording's rate is no multiple of 8 kHz.
pub fn loudest_dbfs(recording: &Sound) -> Result<f64> {
    let frames = frames(&recording.at_8_khz()?);
    let sums: Vec<f64> = frames.iter().map(|frame| f64::from(frame.sum)).collect();
    let width = FRAMES.min(sums.len()).max(1);
    let loudest = sums
        .windows(width)
        .map(|window| window.iter().sum::<f64>() / width as f64)
        .fold(0.0, f64::max);
    Ok(decibel(loudest))
}

const SILENCE_DBFS: f64 = -120.0;

fn decibel(power: f64) -> f64 {
    if power <= 1e-12 {
        SILENCE_DBFS
    } else {
        10.0 * power.log10()
    }
}

fn hertz(tone: u8) -> f32 {
    LOWEST_HZ + SPACING_HZ * f32::from(tone)
}

/// What one window holds.
#[derive(Debug, Clone, Copy)]
struct Frame {
    /// The tone that stands out, if one does.
    tone: Option<u8>,
    /// Its power.
    power: f32,
    /// The power of all tones together.
    sum: f32,
}

/// Takes the frames of a recording at 8 kHz. Frame `n` is the window around `n` hops.
fn frames(sound: &Sound) -> Vec<Frame> {
    let bank = Bank::new();
    let mut padded = vec![0.0; WINDOW / 2];
    padded.extend_from_slice(&sound.samples);
    padded.extend_from_slice(&[0.0; WINDOW / 2]);
    padded
        .windows(WINDOW)
        .step_by(HOP)
        .map(|window| bank.frame(window))
        .collect()
}

/// Sixteen matched filters under a Hann window.
struct Bank {
    hann: Vec<f32>,
    filters: Vec<Vec<(f32, f32)>>,
}

impl Bank {
    fn new() -> Self {
        let turn = std::f32::consts::TAU;
        let hann: Vec<f32> = (0..WINDOW)
            .map(|n| 0.5 - 0.5 * (turn * (n as f32 + 0.5) / WINDOW as f32).cos())
            .collect();
        let filters = (0..TONES as u8)
            .map(|tone| {
                (0..WINDOW)
                    .map(|n| {
                        let angle = turn * hertz(tone) * n as f32 / 8000.0;
                        (hann[n] * angle.cos(), hann[n] * angle.sin())
                    })
                    .collect()
            })
            .collect();
        Self { hann, filters }
    }

    fn frame(&self, window: &[f32]) -> Frame {
        let energy: f32 = window
            .iter()
            .zip(&self.hann)
            .map(|(sample, weight)| sample * sample * weight)
            .sum();
        let total = energy / (WINDOW as f32 / 2.0);
        if total < 1e-12 {
            return Frame {
                tone: None,
                power: 0.0,
                sum: 0.0,
            };
        }
        // A sine of amplitude a gives |sum| = a/2 * WINDOW/2; its power is a^2/2.
        let scale = 8.0 / (WINDOW * WINDOW) as f32;
        let (mut best, mut loudest, mut sum) = (0u8, 0.0f32, 0.0f32);
        for (tone, filter) in (0u8..).zip(&self.filters) {
            let (re, im) = window
                .iter()
                .zip(filter)
                .fold((0.0, 0.0), |(re, im), (sample, (cos, sin))| {
                    (re + sample * cos, im + sample * sin)
                });
            let power = (re * re + im * im) * scale;
            sum += power;
            if power > loudest {
                (best, loudest) = (tone, power);
            }
        }
        let stands_out = loudest >= total * 0.12 && loudest >= 10f32.powf(FLOOR_DBFS / 10.0);
        Frame {
            tone: stands_out.then_some(best),
            power: loudest,
            sum: sum.min(total),
        }
    }
}

#[cfg(test)]
mod tests;
