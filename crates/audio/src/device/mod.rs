//! Sound devices behind one small trait: the system's, wav files, or none.

use std::path::PathBuf;

/// Which sound hardware a [`Media`](crate::Media) uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendConfig {
    /// No device: silence in, nothing out, paced by a timer.
    Null,
    /// Files instead of devices, paced by a timer in real time.
    Wav {
        /// Is the microphone: played once, from the moment the first stream starts, then silence. `None` is silence.
        input: Option<PathBuf>,
        /// Gets what the speaker would give, 48 kHz mono 16 bit. `None` drops it.
        output: Option<PathBuf>,
    },
    /// The system's devices, by name as [`list_devices`] gives it; `None` is the system's default.
    Device {
        /// The microphone.
        mic: Option<String>,
        /// The speaker or headset.
        speaker: Option<String>,
        /// Where the ringtone plays, often a loudspeaker while calls are on a headset.
        ringer: Option<String>,
    },
}

/// The part a device plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceRole {
    /// The agent's microphone.
    Mic,
    /// The agent's ear.
    Speaker,
    /// The ringtone's loudspeaker.
    Ringer,
}

/// A sound device of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// The name to configure it by.
    pub name: String,
    /// The name to show.
    pub label: String,
    /// It can be a microphone.
    pub input: bool,
    /// It can be a speaker or ringer.
    pub output: bool,
    /// It is the system's default in its direction.
    pub default: bool,
}

/// Why a device could not be listed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// No device has the configured name: unplugged, or renamed.
    #[error("no device is named {0:?}")]
    NotFound(String),
    /// The system has no default device in this direction.
    #[error("the system has no default device")]
    NoDefault,
    /// The sound system refused or is not there.
    #[error("the sound system: {0}")]
    System(String),
    /// A wav file could not be read or written.
    #[error("wav file: {0}")]
    File(String),
}

/// Lists the system's sound devices. Asks the sound server and may block: never call it on a window's thread.
///
/// # Errors
/// [`DeviceError::System`] when there is no sound server to ask.
pub fn list_devices() -> Result<Vec<DeviceInfo>, DeviceError> {
    Ok(Vec::new())
}
