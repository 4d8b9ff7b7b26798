//! The hold prompt in a recording: 392 Hz for 0.4 s, 523 Hz for 0.4 s, 1.2 s of silence, over and over, at about -20 dBFS.
//!
//! What is looked for is one whole turn of it: both notes, each alone in its time, and a silence after them that is one.

use crate::sound::Sound;
use anyhow::Result;
use std::{ops::Range, time::Duration};

const NOTES: [f32; 2] = [392.0, 523.0];
const RATE: usize = 8000;
/// A frame is a window of 50 ms, taken every 10 ms: notes further apart than 40 Hz are told from each other.
const WINDOW: usize = 400;
const HOP: usize = 80;
/// How many frames a note and a turn last.
const NOTE: usize = 40;
const TURN: usize = 200;
/// How many frames at a change belong to neither side.
const EDGE: usize = 5;
/// So much of a note's and of the silence's frames must be right.
const ENOUGH: f32 = 0.9;
/// So much of all power must be the note's.
const ALONE: f32 = 0.5;
/// What a note must at least have, as power: -40 dBFS.
const FLOOR: f32 = 1e-4;
/// Silence is below this part of the notes' power: noise 20 dB below them is none.
const QUIET: f32 = 0.003;

/// One whole turn of the prompt in a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Mean level of its notes, where a full-scale sine is -3.
    pub dbfs: f64,
    /// Where the recording holds its silence, well inside of it.
    pub silence: Range<Duration>,
}

/// Finds the turns of the prompt in a recording.
///
/// # Errors
/// The recording's rate is no multiple of 8 kHz.
pub fn turns(recording: &Sound) -> Result<Vec<Turn>> {
    let frames = frames(&recording.at_8_khz()?);
    let mut found = Vec::new();
    let mut at = 0;
    while at + TURN <= frames.len() {
        if turn(&frames[at..at + TURN]).is_none() {
            at += 1;
            continue;
        }
        // The best of the places that lie close together, so that the silence is cut where it is.
        let near = at..(at + NOTE).min(frames.len() - TURN + 1);
        let best = near
            .filter_map(|place| Some((turn(&frames[place..place + TURN])?, place)))
            .reduce(|best, next| if next.0.0 > best.0.0 { next } else { best });
        let Some(((_, power), place)) = best else {
            break;
        };
        let time = |frame: usize| Duration::from_millis(frame as u64 * 10);
        found.push(Turn {
            dbfs: 10.0 * f64::from(power).log10(),
            silence: time(place + 2 * NOTE + 2 * EDGE)..time(place + TURN - 2 * EDGE),
        });
        at = place + TURN - 2 * EDGE;
    }
    Ok(found)
}

/// Tells whether the prompt is in a recording, by the level of its loudest turn in dBFS.
///
/// # Errors
/// The recording's rate is no multiple of 8 kHz.
pub fn level(recording: &Sound) -> Result<Option<f64>> {
    let turns = turns(recording)?;
    Ok(turns.into_iter().map(|turn| turn.dbfs).reduce(f64::max))
}

/// Makes the prompt as it should be: for the tests of what finds it.
#[must_use]
pub fn sound(rate: u32, turns: usize) -> Sound {
    let note = |hertz: f32| Sound {
        rate,
        samples: (0..rate * 2 / 5)
            .map(|n| 0.1414 * (n as f32 * hertz * std::f32::consts::TAU / rate as f32).sin())
            .collect(),
    };
    note(NOTES[0])
        .then(&note(NOTES[1]))
        .then(&Sound::silence(rate, Duration::from_millis(1200)))
        .times(turns)
}

/// What one window holds, as power.
#[derive(Debug, Clone, Copy)]
struct Frame {
    notes: [f32; 2],
    all: f32,
}

/// Judges the frames of one turn: how much of it is right, and the power of its notes.
fn turn(frames: &[Frame]) -> Option<(f32, f32)> {
    let part = |from: usize, to: usize| &frames[from + EDGE..to - EDGE];
    let share = |frames: &[Frame], is: &dyn Fn(&Frame) -> bool| {
        frames.iter().filter(|frame| is(frame)).count() as f32 / frames.len() as f32
    };
    let notes = [part(0, NOTE), part(NOTE, 2 * NOTE)];
    let mut score = 0.0;
    for (index, frames) in notes.iter().enumerate() {
        let right = share(frames, &|frame| {
            frame.notes[index] >= FLOOR && frame.notes[index] >= ALONE * frame.all
        });
        if right < ENOUGH {
            return None;
        }
        score += right;
    }
    let count = (notes[0].len() + notes[1].len()) as f32;
    let power = notes
        .iter()
        .enumerate()
        .flat_map(|(index, frames)| frames.iter().map(move |frame| frame.notes[index]))
        .sum::<f32>()
        / count;
    let quiet = share(part(2 * NOTE, frames.len()), &|frame| {
        frame.all < QUIET * power
    });
    (quiet >= ENOUGH).then_some((score + quiet, power))
}

/// Takes the frames of a recording at 8 kHz; frame `n` begins at `n` hops.
fn frames(sound: &Sound) -> Vec<Frame> {
    let turn = std::f32::consts::TAU;
    let hann: Vec<f32> = (0..WINDOW)
        .map(|n| 0.5 - 0.5 * (turn * (n as f32 + 0.5) / WINDOW as f32).cos())
        .collect();
    let filters = NOTES.map(|hertz| {
        (0..WINDOW)
            .map(|n| {
                let angle = turn * hertz * n as f32 / RATE as f32;
                (hann[n] * angle.cos(), hann[n] * angle.sin())
            })
            .collect::<Vec<_>>()
    });
    // A sine of amplitude a gives |sum| = a/2 * WINDOW/2; its power is a^2/2.
    let scale = 8.0 / (WINDOW * WINDOW) as f32;
    let mut padded = vec![0.0; WINDOW / 2];
    padded.extend_from_slice(&sound.samples);
    padded.extend_from_slice(&[0.0; WINDOW / 2]);
    padded
        .windows(WINDOW)
        .step_by(HOP)
        .map(|window| {
            let energy: f32 = window
                .iter()
                .zip(&hann)
                .map(|(sample, weight)| sample * sample * weight)
                .sum();
            let notes = [0, 1].map(|index: usize| {
                let (re, im) = window
                    .iter()
                    .zip(&filters[index])
                    .fold((0.0, 0.0), |(re, im), (sample, (cos, sin))| {
                        (re + sample * cos, im + sample * sin)
                    });
                (re * re + im * im) * scale
            });
            Frame {
                notes,
                all: energy / (WINDOW as f32 / 2.0),
            }
        })
        .collect()
}
