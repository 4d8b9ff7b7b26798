//! Sound devices behind one small trait: the system's, wav files, or none.
//!
//! A [`Backend`] opens devices on a thread of its own, which may wait for disks and sound servers. What it hands over, a
//! [`Source`] or a [`Sink`], is used on the media thread and never waits.

use std::path::PathBuf;
use std::sync::Arc;

mod fault;
pub(crate) mod keeper;
pub mod null;
mod playing;
pub mod ring;
mod system;
mod watch;
pub mod wav;

pub use fault::DeviceFault;
pub use system::{System, list_devices};

/// Which sound hardware a [`Media`](crate::Media) uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendConfig {
    /// No device: silence in, nothing out, paced by a timer.
    Null,
    /// Files instead of devices, paced by a timer in real time. The ringtone goes nowhere.
    Wav {
        /// Is the microphone: played from its beginning whenever a first stream starts, once, then silence. `None` is
        /// silence.
        input: Option<PathBuf>,
        /// Gets what the speaker would give, 48 kHz mono 16 bit, one stream after the other. `None` drops it.
        output: Option<PathBuf>,
    },
    /// The system's devices, by name as [`list_devices`] gives it; the system's default for `None`, and while the one
    /// named is not there.
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

impl DeviceRole {
    pub(crate) const ALL: [DeviceRole; 3] =
        [DeviceRole::Mic, DeviceRole::Speaker, DeviceRole::Ringer];
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
    /// The system has no device in this direction.
    #[error("the system has no such device")]
    NoDevice,
    /// The sound system refused or is not there.
    #[error("the sound system: {reason}")]
    System {
        /// What that means.
        fault: DeviceFault,
        /// What it said.
        reason: String,
    },
    /// The device offers no sample format or rate that can be used.
    #[error("{0:?} has no usable sample format")]
    Format(String),
    /// A wav file could not be read or written.
    #[error("wav file {path}: {reason}", path = .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system or the file said.
        reason: String,
    },
}

impl DeviceError {
    /// Returns what the error means for who uses the device.
    pub fn fault(&self) -> DeviceFault {
        match self {
            DeviceError::NoDevice => DeviceFault::Missing,
            DeviceError::System { fault, .. } => *fault,
            DeviceError::Format(_) | DeviceError::File { .. } => DeviceFault::Failed,
        }
    }
}

/// Opens devices for the three roles, and watches them.
pub trait Backend: Send {
    /// Opens the microphone.
    ///
    /// # Errors
    /// See [`DeviceError`].
    fn open_mic(&mut self, wake: &Wake) -> Result<Opened<Box<dyn Source>>, DeviceError>;

    /// Opens the speaker, or the ringer.
    ///
    /// # Errors
    /// See [`DeviceError`].
    fn open_sink(
        &mut self,
        role: DeviceRole,
        wake: &Wake,
    ) -> Result<Opened<Box<dyn Sink>>, DeviceError>;

    /// The role is no longer wanted: forgets what is still being opened for it.
    fn give_up(&mut self, role: DeviceRole);

    /// Names the device that opening this role now would take, or `None` if that cannot be told.
    ///
    /// # Errors
    /// See [`DeviceError`]; `NoDevice` where there is none for this role any more.
    fn current(&mut self, role: DeviceRole) -> Result<Option<String>, DeviceError>;
}

/// An open device.
pub struct Opened<End> {
    /// What the media thread uses.
    pub end: End,
    /// What the device is called; compared with [`Backend::current`].
    pub name: String,
    /// Keeps it open; stays on the backend's thread.
    pub guard: Box<dyn Guard>,
}

/// Keeps a device open until it is dropped.
pub trait Guard {
    /// Does what is to be done now and then, about ten times a second, and tells whether the device has shown that it works.
    ///
    /// # Errors
    /// The device is lost, or stands still: then with [`DeviceFault::Busy`], as one does that another program has.
    fn keep(&mut self) -> Result<Proof, DeviceError>;
}

/// What an open device has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Nothing yet: what another program has can be opened, but no sound comes or goes.
    Open,
    /// Sound comes, or goes.
    Works,
}

/// Where voice comes from, 48 kHz mono. Never waits.
pub trait Source: Send {
    /// Tells whether [`read`](Source::read) would give a full frame of what was heard.
    fn is_ready(&self) -> bool;

    /// Fills the frame with what was heard, or with silence.
    fn read(&mut self, frame: &mut [f32]);

    /// How far the device has got, in its own samples; `None` without a clock of its own.
    fn clock(&self) -> Option<u64>;
}

/// Where voice goes to, 48 kHz mono. Never waits.
pub trait Sink: Send {
    /// Tells whether it should be given more now, to never run dry.
    fn is_hungry(&mut self) -> bool;

    /// Takes the frame, or drops it where there is no room.
    fn write(&mut self, frame: &[f32]);

    /// How far the device has got, in its own samples; `None` without a clock of its own.
    fn clock(&self) -> Option<u64>;
}

/// Wakes the media thread, from a device's callback too.
#[derive(Debug, Clone, Default)]
pub struct Wake(Option<Arc<mio::Waker>>);

impl Wake {
    pub(crate) fn new(waker: Arc<mio::Waker>) -> Wake {
        Wake(Some(waker))
    }

    /// Makes one that wakes nobody, for a backend that is driven by hand.
    pub fn nobody() -> Wake {
        Wake(None)
    }

    /// Wakes the media thread.
    pub fn wake(&self) {
        // Failing means that it is gone, or awake anyhow.
        self.0.as_ref().map(|waker| waker.wake().ok());
    }
}

/// Makes the backend of a configuration; opens nothing yet.
pub(crate) fn backend(config: BackendConfig) -> Box<dyn Backend> {
    match config {
        BackendConfig::Null => Box::new(null::Null),
        BackendConfig::Wav { input, output } => Box::new(wav::Wav::new(input, output)),
        BackendConfig::Device {
            mic,
            speaker,
            ringer,
        } => Box::new(System::new(mic, speaker, ringer)),
    }
}
