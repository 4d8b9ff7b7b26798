//! A recording for the agent's ear: a window of its sound, its place, its speed. It has no way to a call.
//!
//! ```text
//!            set_playing            the window has run dry
//!   Paused <------------> Playing <-----------------------> Waiting
//!      ^                     |
//!      +------- its end -----+
//! ```
//! It asks for what it will need next ([`PlayerNews::Wants`]), once, and is fed from outside; what was heard a while ago is let
//! go, so that a recording of any length takes the same memory.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::codec::resample::Up;
use crate::tempo::Tempo;
use crate::units::FRAME;
use crate::wav_head::WavHead;

/// How far ahead the window shall reach, and how far back it does, in seconds.
const AHEAD: u64 = 15;
const BEHIND: u64 = 30;
/// Ticks between two words about the place while it plays: a fifth of a second.
const TOLD_AFTER: u32 = 20;

/// Names one playback of a [`Media`](crate::Media); never reused within the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlaybackKey(u64);

impl PlaybackKey {
    /// Draws the next unused key.
    pub fn next() -> PlaybackKey {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        PlaybackKey(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl fmt::Display for PlaybackKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "playback-{}", self.0)
    }
}

/// What a playback does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaybackState {
    /// Nothing: it was told so, a call began, or it is new.
    Paused,
    /// It shall play, and the sound is still to come.
    Waiting,
    /// It is heard.
    Playing,
    /// It was played to its end.
    Ended,
}

/// What there is to tell of a playback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlayerNews {
    /// Samples from this one on are needed next.
    Wants {
        /// Which playback.
        key: PlaybackKey,
        /// The first one.
        first: u64,
    },
    /// Where it is: at each change, and five times a second while it plays.
    At {
        /// Which playback.
        key: PlaybackKey,
        /// The place, in milliseconds from the beginning.
        millis: u64,
        /// What it does.
        state: PlaybackState,
    },
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Player {
    key: PlaybackKey,
    head: WavHead,
    state: PlaybackState,
    /// The window: the place of its first sample, and the samples.
    first: u64,
    window: VecDeque<i16>,
    /// The next sample to be played.
    next: u64,
    asked: bool,
    up: Up,
    tempo: Tempo,
    told: Option<PlaybackState>,
    ticks: u32,
}

impl Player {
    pub(crate) fn new(key: PlaybackKey, head: WavHead) -> Player {
        Player {
            key,
            head,
            state: PlaybackState::Paused,
            first: 0,
            window: VecDeque::new(),
            next: 0,
            asked: false,
            up: Up::new(head.band),
            tempo: Tempo::new(),
            told: None,
            ticks: 0,
        }
    }

    pub(crate) fn key(&self) -> PlaybackKey {
        self.key
    }

    /// Takes samples from `first` on; others than those asked for are let go.
    pub(crate) fn feed(&mut self, first: u64, samples: &[i16]) {
        if first == self.end() && !samples.is_empty() {
            self.window.extend(samples);
            self.asked = false;
        }
    }

    /// Plays on, from the beginning after the end; or pauses.
    pub(crate) fn set_playing(&mut self, playing: bool) {
        match (playing, self.state) {
            (true, PlaybackState::Paused) => self.state = PlaybackState::Waiting,
            (true, PlaybackState::Ended) => {
                self.seek(0);
                self.state = PlaybackState::Waiting;
            }
            (false, PlaybackState::Waiting | PlaybackState::Playing) => {
                self.state = PlaybackState::Paused;
            }
            (true, PlaybackState::Waiting | PlaybackState::Playing)
            | (false, PlaybackState::Paused | PlaybackState::Ended) => {}
        }
    }

    /// Goes to a place, in milliseconds from the beginning.
    pub(crate) fn seek(&mut self, millis: u64) {
        let all = self.head.millis().max(1);
        let share = u128::from(millis.min(all)) * u128::from(self.head.length) / u128::from(all);
        self.next = u64::try_from(share).map_or(self.head.length, |next| next);
        self.tempo.clear();
        self.up = Up::new(self.head.band);
        if !(self.first..=self.end()).contains(&self.next) {
            self.window.clear();
            self.first = self.next;
            self.asked = false;
        }
        if self.state == PlaybackState::Ended {
            self.state = PlaybackState::Paused;
        }
        self.told = None;
    }

    /// Changes the speed: 2 is twice as fast.
    pub(crate) fn set_speed(&mut self, speed: f64) {
        self.tempo.set_speed(speed);
    }

    /// Whether the speaker is needed.
    pub(crate) fn is_audible(&self) -> bool {
        match self.state {
            PlaybackState::Waiting | PlaybackState::Playing => true,
            PlaybackState::Paused | PlaybackState::Ended => false,
        }
    }

    /// Adds the next 10 ms to what is heard.
    pub(crate) fn add(&mut self, speaker: &mut [f32; FRAME]) {
        if !self.is_audible() {
            return;
        }
        self.ticks += 1;
        self.load();
        if self.tempo.missing() > 0 && self.next < self.head.length {
            self.state = PlaybackState::Waiting;
            return;
        }
        let mut frame = [0.0; FRAME];
        self.state = if self.tempo.pull(&mut frame) {
            PlaybackState::Playing
        } else {
            PlaybackState::Ended
        };
        for (sum, sample) in speaker.iter_mut().zip(frame) {
            *sum += sample;
        }
    }

    /// Returns what is new, one by one, until there is no more.
    pub(crate) fn poll(&mut self) -> Option<PlayerNews> {
        let (key, first) = (self.key, self.end());
        let short = first - self.next < self.head.samples(AHEAD);
        if short && first < self.head.length && !self.asked {
            self.asked = true;
            return Some(PlayerNews::Wants { key, first });
        }
        let moved = self.state == PlaybackState::Playing && self.ticks >= TOLD_AFTER;
        if self.told == Some(self.state) && !moved {
            return None;
        }
        self.told = Some(self.state);
        self.ticks = 0;
        Some(PlayerNews::At {
            key,
            millis: self.millis(),
            state: self.state,
        })
    }

    fn millis(&self) -> u64 {
        let unheard = (self.tempo.unheard() / self.head.band.factor()) as u64;
        let heard = self.next.saturating_sub(unheard);
        heard * self.head.millis() / self.head.length.max(1)
    }

    fn end(&self) -> u64 {
        self.first + self.window.len() as u64
    }

    /// Puts into the tempo what it is short of, as far as it is there.
    fn load(&mut self) {
        let missing = self.tempo.missing().div_ceil(self.head.band.factor());
        let there = (self.end() - self.next).min(missing as u64);
        if there == 0 {
            return;
        }
        let from = (self.next - self.first) as usize;
        let samples: Vec<f32> = self
            .window
            .range(from..from + there as usize)
            .map(|sample| f32::from(*sample) / 32_768.0)
            .collect();
        let mut voice = Vec::with_capacity(samples.len() * self.head.band.factor());
        self.up.process(&samples, &mut voice);
        self.tempo.feed(&voice);
        self.next += there;
        let kept = self.head.samples(BEHIND);
        let gone = (self.next - self.first).saturating_sub(kept);
        self.window.drain(..gone as usize);
        self.first += gone;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::TAU;

    /// A head of so many seconds at 16 kHz, as its file says.
    fn head(seconds: u32) -> WavHead {
        let mut bytes = Vec::new();
        bytes.extend(b"RIFF");
        bytes.extend((36 + seconds * 32_000).to_le_bytes());
        bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        bytes.extend(16_000u32.to_le_bytes());
        bytes.extend(32_000u32.to_le_bytes());
        bytes.extend(b"\x02\0\x10\0data");
        bytes.extend((seconds * 32_000).to_le_bytes());
        WavHead::read(&bytes).unwrap()
    }

    /// A player with whoever feeds it: each second of the recording has its own pitch, 300 Hz and 100 Hz more each second.
    struct Stage {
        player: Player,
        told: Vec<(u64, PlaybackState)>,
        most: usize,
    }

    impl Stage {
        fn new(seconds: u32) -> Stage {
            let mut stage = Stage {
                player: Player::new(PlaybackKey::next(), head(seconds)),
                told: Vec::new(),
                most: 0,
            };
            stage.settle(true);
            stage
        }

        fn settle(&mut self, fed: bool) {
            while let Some(news) = self.player.poll() {
                match news {
                    PlayerNews::Wants { first, .. } if fed => {
                        let samples: Vec<i16> = (first
                            ..(first + 80_000).min(self.player.head.length))
                            .map(|n| {
                                let hz = 300.0 + 100.0 * (n / 16_000 % 10) as f32;
                                ((TAU * hz * (n % 16_000) as f32 / 16_000.0).sin() * 9_000.0) as i16
                            })
                            .collect();
                        self.player.feed(first, &samples);
                    }
                    PlayerNews::Wants { .. } => {}
                    PlayerNews::At { millis, state, .. } => self.told.push((millis, state)),
                }
            }
            self.most = self.most.max(self.player.window.len());
        }

        /// Lets it be heard for so many milliseconds.
        fn hear(&mut self, millis: usize, fed: bool) -> Vec<f32> {
            let mut heard = Vec::new();
            for _ in 0..millis / 10 {
                let mut frame = [0.0; FRAME];
                self.player.add(&mut frame);
                heard.extend(frame);
                self.settle(fed);
            }
            heard
        }

        fn at(&self) -> (u64, PlaybackState) {
            *self.told.last().unwrap()
        }
    }

    fn pitch(voice: &[f32]) -> f32 {
        let rises = voice
            .windows(2)
            .filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0)
            .count();
        rises as f32 * 48_000.0 / voice.len() as f32
    }

    #[test]
    fn it_plays_from_any_place_at_any_speed_and_tells_where_it_is() {
        let mut stage = Stage::new(20);
        assert_eq!(stage.at(), (0, PlaybackState::Paused));
        assert!(!stage.player.is_audible());
        stage.player.set_playing(true);
        let heard = stage.hear(900, true);
        assert!((pitch(&heard[4_800..]) - 300.0).abs() < 5.0);
        assert!(stage.told.len() >= 5, "{:?}", stage.told);
        assert!((800..=900).contains(&stage.at().0), "{:?}", stage.told);

        stage.player.seek(5_000);
        let heard = stage.hear(800, true);
        assert!((pitch(&heard[4_800..]) - 800.0).abs() < 8.0);
        stage.player.seek(12_000);
        stage.player.set_speed(2.0);
        let heard = stage.hear(450, true);
        assert!(
            (pitch(&heard[4_800..]) - 500.0).abs() < 8.0,
            "the pitch stays"
        );
        let (millis, state) = stage.at();
        assert_eq!(state, PlaybackState::Playing);
        assert!((12_600..=12_920).contains(&millis), "{millis}");
        stage.player.set_playing(false);
        assert!(stage.hear(100, true).iter().all(|&sample| sample == 0.0));
        assert_eq!(stage.at().1, PlaybackState::Paused);
    }

    #[test]
    fn without_sound_it_waits_where_it_is_and_goes_on_when_it_comes() {
        let mut stage = Stage::new(20);
        stage.player.seek(10_000);
        stage.player.window.clear();
        stage.player.first = stage.player.next;
        stage.player.set_playing(true);
        let heard = stage.hear(500, false);
        assert!(heard.iter().all(|&sample| sample == 0.0));
        assert_eq!(stage.at(), (10_000, PlaybackState::Waiting));
        stage.player.feed(0, &[1; 100]);
        assert_eq!(
            stage.hear(100, false),
            vec![0.0; 4_800],
            "not what was asked"
        );
        stage.player.asked = false;
        stage.settle(true);
        let heard = stage.hear(500, true);
        assert!(pitch(&heard) > 250.0);
        assert_eq!(stage.at().1, PlaybackState::Playing);
    }

    #[test]
    fn it_ends_at_its_end_and_begins_again_and_takes_little_memory() {
        let mut stage = Stage::new(300);
        stage.player.set_speed(2.0);
        stage.player.set_playing(true);
        stage.hear(152_000, true);
        assert_eq!(stage.at(), (300_000, PlaybackState::Ended));
        assert!(!stage.player.is_audible());
        assert!(stage.most < 16_000 * 60, "{}", stage.most);
        stage.player.set_playing(true);
        stage.hear(1_000, true);
        assert!((1_500..=2_100).contains(&stage.at().0), "{:?}", stage.at());
        stage.player.seek(u64::MAX);
        stage.hear(100, true);
        assert_eq!(stage.at(), (300_000, PlaybackState::Ended));
    }
}
