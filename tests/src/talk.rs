//! The proof that one side hears the other, and that it does not while the other is muted.
//!
//! Each side says its own nonce over and over for the whole call. What is measured is what comes out at the other end: a
//! device's monitor recorded by a program of the system, or the far side's own recording.

use crate::{
    nonce::{Heard, MUTED_DBFS, Nonce, loudest_dbfs},
    place::{Place, eventually},
    prompt,
    pulse::Recorder,
    rtp::Rtp,
    sound::Sound,
};
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// How long sound may be under way: devices, packets, jitter buffer.
const UNDER_WAY: Duration = Duration::from_millis(900);
/// For how long nothing must be heard of one who is muted: more than a whole nonce.
const MUTED_FOR: Duration = Duration::from_millis(5200);
/// For how long one on hold is listened to, and how many whole turns of the prompt must be in that: any four of five.
const HELD_FOR: Duration = Duration::from_millis(11_000);
const TURNS_HELD: usize = 4;
/// How much sound comes between two looks for a nonce.
const BETWEEN: Duration = Duration::from_millis(600);
/// How long a side may need until a whole nonce has come through. Six rounds.
const PATIENCE: Duration = Duration::from_secs(32);

/// What one side heard of the other, as the demo's summary tells it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Hearing {
    /// What was found of the nonce.
    #[serde(flatten)]
    pub heard: Heard,
    /// The loudest 120 ms of anything like a nonce while the other side was muted and spoke on.
    pub when_muted_dbfs: f64,
}

impl Hearing {
    /// Tells whether all of it holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.heard.is_enough() && self.when_muted_dbfs < MUTED_DBFS
    }
}

/// Writes what a side says for the whole call, and gives the file.
///
/// # Errors
/// The file cannot be written.
pub fn voice(place: &Place, who: &str, nonce: &Nonce) -> Result<PathBuf> {
    let wav = place.log(format!("{who}-says.wav"));
    nonce.repeated(Duration::from_secs(150)).write(&wav)?;
    Ok(wav)
}

/// Where one side's hearing is recorded.
#[derive(Debug)]
pub enum Ear {
    /// At its speaker.
    Device(Recorder),
    /// In a wav file that grows, brought up to date about once a second.
    File(PathBuf),
    /// On the wire to it.
    Wire(Rtp),
}

impl Ear {
    /// Hears by a file.
    #[must_use]
    pub fn file(path: &Path) -> Self {
        Self::File(path.to_owned())
    }

    /// Listens for two whole rounds of the nonce, from now on, and judges the better one.
    ///
    /// # Errors
    /// Neither came through, nor any later one in time; the best that came is told.
    pub async fn hears(&self, nonce: &Nonce) -> Result<Heard> {
        let from = self.now();
        let rounds = nonce.repeated(nonce.length() * 2).length() + UNDER_WAY;
        self.hears_by(nonce, from, from + self.lag() + rounds).await
    }

    /// Waits until the nonce comes through again, from now on.
    ///
    /// # Errors
    /// It does not come in time; the best that came is told.
    pub async fn hears_again(&self, nonce: &Nonce) -> Result<()> {
        let from = self.now();
        self.hears_by(nonce, from, from).await.map(drop)
    }

    async fn hears_by(&self, nonce: &Nonce, from: Duration, until: Duration) -> Result<Heard> {
        // Not at every look: listening costs time that the sound under test needs.
        let mut next = until;
        eventually("the other side's nonce", PATIENCE, async || {
            self.reaches(next)?;
            next = self.now() + BETWEEN;
            let heard = nonce.listen(&self.sound()?.window(from, Duration::MAX))?;
            ensure!(heard.is_enough(), "not heard: {heard:?}");
            Ok(heard)
        })
        .await
    }

    /// Listens to a muted side that speaks on, from now on, and tells how loud the loudest of it is, in dBFS.
    ///
    /// # Errors
    /// The recording stands still, or it is heard.
    pub async fn hears_nothing_of(&self, nonce: &Nonce) -> Result<f64> {
        let window = self.after_a_change().await?;
        let (found, dbfs) = (nonce.listen(&window)?.found, loudest_dbfs(&window)?);
        ensure!(
            found < 0.1 && dbfs < MUTED_DBFS,
            "heard while muted: {found:.2} of the nonce, at {dbfs:.1} dBFS"
        );
        Ok(dbfs)
    }

    /// As [`Self::hears_nothing_of`], where the telephone makes tones of its own: only the nonce must not be heard.
    ///
    /// # Errors
    /// The recording stands still, or it is heard.
    pub async fn hears_other_than(&self, nonce: &Nonce) -> Result<()> {
        let found = nonce.listen(&self.after_a_change().await?)?.found;
        ensure!(found < 0.1, "heard while muted: {found:.2} of the nonce");
        Ok(())
    }

    /// What is heard from now on, once what is under way has come.
    async fn after_a_change(&self) -> Result<Sound> {
        let from = self.now() + self.lag() + UNDER_WAY;
        let until = from + MUTED_FOR;
        eventually("the recording to go on", PATIENCE, async || {
            self.reaches(until + self.lag())
        })
        .await?;
        let window = self.sound()?.window(from, until);
        ensure!(
            window.length() + Duration::from_millis(10) >= MUTED_FOR,
            "only {:?} of it are recorded",
            window.length()
        );
        Ok(window)
    }

    /// Waits until a whole turn of the hold prompt has come, from now on, and tells how loud it was, in dBFS.
    ///
    /// # Errors
    /// None comes in time.
    pub async fn hears_prompt(&self) -> Result<f64> {
        let from = self.now();
        let mut next = from;
        eventually("the hold prompt", PATIENCE, async || {
            self.reaches(next)?;
            next = self.now() + BETWEEN;
            let level = prompt::level(&self.sound()?.window(from, Duration::MAX))?;
            level.context("no hold prompt")
        })
        .await
    }

    /// Listens on hold, from now on: the prompt is heard all the time, none of these nonces is, and nothing of one in the prompt's
    /// silences. Tells how loud the prompt was, in dBFS.
    ///
    /// # Errors
    /// The recording stands still, the prompt is not heard, or a voice is.
    pub async fn hears_only_the_prompt(&self, nonces: &[&Nonce]) -> Result<f64> {
        let from = self.now() + self.lag() + UNDER_WAY;
        let until = from + HELD_FOR;
        eventually("the recording to go on", PATIENCE, async || {
            self.reaches(until + self.lag())
        })
        .await?;
        let window = self.sound()?.window(from, until);
        let turns = prompt::turns(&window)?;
        ensure!(
            turns.len() >= TURNS_HELD,
            "only {} turns of the hold prompt in {HELD_FOR:?}",
            turns.len()
        );
        for nonce in nonces {
            let found = nonce.listen(&window)?.found;
            ensure!(found < 0.1, "heard on hold: {found:.2} of a nonce");
        }
        let mut level = f64::MIN;
        for turn in turns {
            level = level.max(turn.dbfs);
            let silence = window.window(turn.silence.start, turn.silence.end);
            let dbfs = loudest_dbfs(&silence)?;
            ensure!(
                dbfs < MUTED_DBFS,
                "heard in a silence of the hold prompt: a voice at {dbfs:.1} dBFS"
            );
        }
        Ok(level)
    }

    fn reaches(&self, position: Duration) -> Result<()> {
        let now = self.now();
        ensure!(now >= position, "the recording stands at {now:?}");
        Ok(())
    }

    fn now(&self) -> Duration {
        match self {
            Self::Device(recorder) => recorder.position(),
            Self::Wire(rtp) => rtp.position(),
            // It may not be there yet: then it begins now. 48 kHz, mono, 16 bits behind a head of 44 bytes.
            Self::File(path) => std::fs::metadata(path).map_or(Duration::ZERO, |file| {
                Duration::from_secs_f64(file.len().saturating_sub(44) as f64 / 96_000.0)
            }),
        }
    }

    fn sound(&self) -> Result<Sound> {
        match self {
            Self::Device(recorder) => Ok(recorder.sound()),
            Self::Wire(rtp) => Ok(rtp.sound()),
            Self::File(path) => Sound::read(path),
        }
    }

    fn lag(&self) -> Duration {
        match self {
            Self::Device(_) | Self::Wire(_) => Duration::from_millis(60),
            Self::File(_) => Duration::from_millis(1200),
        }
    }
}
