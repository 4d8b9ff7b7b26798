//! The wav files of practice customers.

use super::Behaviour;
use offhook_model::PhoneNumber;
use std::f32::consts::TAU;
use std::io;
use std::path::{Path, PathBuf};

const VOICES: [(&str, &[u8]); 2] = [
    ("zh.wav", include_bytes!("../../voices/zh.wav")),
    ("en.wav", include_bytes!("../../voices/en.wav")),
];

/// How long the announcement lasts, in milliseconds.
pub(super) const ANNOUNCEMENT_MILLIS: u64 = 3_000;
const ANNOUNCEMENT: &str = "announcement.wav";
/// How high it is, in Hz, and its peak against full scale.
const ANNOUNCEMENT_HZ: f32 = 620.0;
const ANNOUNCEMENT_LOUDNESS: f32 = 0.2;
/// What the voices are: 16 kHz, mono, 16 bit, behind a header of 44 bytes.
const VOICE_RATE: usize = 16_000;
const VOICE_HEADER: usize = 44;

/// A wav file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VoiceError {
    /// The built-in voices cannot be written to the data folder.
    #[error("writing {}: {source}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The voice is not there, or not readable.
    #[error("the voice cannot be read: {0}")]
    Read(#[source] io::Error),
    /// The recording's folder is not there.
    #[error("the recording has no folder to go to")]
    NoFolder,
    /// The numbers outside in the sample cannot be read.
    #[error("the sample's callees: {0}")]
    Sample(#[from] serde_json::Error),
}

/// Writes the built-in voices into a folder: the sound engine plays files.
pub(super) fn write_all(folder: &Path) -> Result<(), VoiceError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| VoiceError::Write { path, source }
    };
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    let announced = announced(VOICES[0].1);
    let announcement = [(ANNOUNCEMENT, announced.as_slice())];
    for (name, bytes) in VOICES.into_iter().chain(announcement) {
        let path = folder.join(name);
        std::fs::write(&path, bytes).map_err(failed(&path))?;
    }
    Ok(())
}

/// A voice with the announcement before it: a steady tone.
fn announced(voice: &[u8]) -> Vec<u8> {
    let samples = VOICE_RATE * ANNOUNCEMENT_MILLIS as usize / 1_000;
    let (head, said) = voice.split_at(VOICE_HEADER.min(voice.len()));
    let length = samples * 2 + said.len();
    let mut wav = head.to_vec();
    for (place, size) in [(4, length + VOICE_HEADER - 8), (40, length)] {
        // A few hundred kilobytes.
        wav[place..place + 4].copy_from_slice(&(size as u32).to_le_bytes());
    }
    for n in 0..samples {
        let tone = (TAU * ANNOUNCEMENT_HZ * n as f32 / VOICE_RATE as f32).sin();
        wav.extend(((ANNOUNCEMENT_LOUDNESS * tone * 32_767.0) as i16).to_le_bytes());
    }
    wav.extend(said);
    wav
}

/// The built-in voice of a number outside.
pub(super) fn of(behaviour: Behaviour, number: &PhoneNumber) -> &'static str {
    match behaviour {
        Behaviour::EarlyMedia => ANNOUNCEMENT,
        Behaviour::Answers
        | Behaviour::Busy
        | Behaviour::NeverAnswers
        | Behaviour::Rejects
        | Behaviour::Invalid
        | Behaviour::Ivr => for_number(number),
    }
}

/// The built-in voice in the language of a number: Chinese, unless it is from another country.
pub(super) fn for_number(number: &PhoneNumber) -> &'static str {
    let text = number.as_str();
    if text.starts_with('+') && !text.starts_with("+86") {
        "en.wav"
    } else {
        "zh.wav"
    }
}

/// Finds out before the call what would go wrong in it.
pub(super) fn check(voice: &Path, record: Option<&Path>) -> Result<(), VoiceError> {
    std::fs::File::open(voice).map_err(VoiceError::Read)?;
    let folder = record.map(|record| record.parent().unwrap_or(Path::new("")));
    match folder {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            Err(VoiceError::NoFolder)
        }
        _ => Ok(()),
    }
}
