//! The wav files of practice customers.

use offhook_model::PhoneNumber;
use std::io;
use std::path::{Path, PathBuf};

const VOICES: [(&str, &[u8]); 2] = [
    ("zh.wav", include_bytes!("../../voices/zh.wav")),
    ("en.wav", include_bytes!("../../voices/en.wav")),
];

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
}

/// Writes the built-in voices into a folder: the sound engine plays files.
pub(super) fn write_all(folder: &Path) -> Result<(), VoiceError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| VoiceError::Write { path, source }
    };
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    for (name, bytes) in VOICES {
        let path = folder.join(name);
        std::fs::write(&path, bytes).map_err(failed(&path))?;
    }
    Ok(())
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
