//! A stream of the system's sound devices: started, and watched while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use cpal::traits::StreamTrait;
use cpal::{ErrorKind, Stream};

use super::system::system_error;
use super::{DeviceError, DeviceFault, Guard, Opened, Proof, Source};

/// A stream whose callback does not come for so long is dead, though nobody said so.
const STALLED: Duration = Duration::from_secs(2);
/// How long at a time the first sound of a microphone is waited for: other devices want to be opened as well.
const TURN: Duration = Duration::from_secs(1);
/// A speaker is asked for its first buffer whether anybody plays it or not. What is asked for later shows that it was played.
const FIRST_BUFFER: Duration = Duration::from_millis(500);

/// What callbacks tell the thread that keeps the stream: flags, nothing that could wait.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Counts callbacks, wrapping.
    beats: AtomicU8,
    /// One of the three below.
    condition: AtomicU8,
}

const WELL: u8 = 0;
const BROKEN: u8 = 1;
const GONE: u8 = 2;

impl Health {
    pub(super) fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn note(&self, kind: ErrorKind) {
        match kind {
            // The stream goes on.
            ErrorKind::Xrun | ErrorKind::RealtimeDenied | ErrorKind::DeviceChanged => {}
            ErrorKind::DeviceNotAvailable => self.condition.store(GONE, Ordering::Relaxed),
            _ => self.condition.store(BROKEN, Ordering::Relaxed),
        }
    }
}

/// A running stream.
pub(super) struct Playing {
    // Dropping it closes the device.
    _stream: Stream,
    health: Arc<Health>,
    beats: u8,
    alive: Instant,
    /// What comes after this is proof.
    proves_after: Instant,
}

impl Playing {
    /// Starts a speaker.
    pub(super) fn speaker(
        stream: Stream,
        health: Arc<Health>,
    ) -> Result<Box<dyn Guard>, DeviceError> {
        stream.play().map_err(system_error)?;
        Ok(Playing::from_now(stream, health, FIRST_BUFFER))
    }

    fn from_now(stream: Stream, health: Arc<Health>, unproved: Duration) -> Box<dyn Guard> {
        let now = Instant::now();
        Box::new(Playing {
            _stream: stream,
            health,
            beats: 0,
            alive: now,
            proves_after: now + unproved,
        })
    }
}

impl Guard for Playing {
    fn keep(&mut self) -> Result<Proof, DeviceError> {
        let failed = |fault, reason: &str| {
            let reason = reason.to_owned();
            Err(DeviceError::System { fault, reason })
        };
        match self.health.condition.load(Ordering::Relaxed) {
            WELL => {}
            GONE => return failed(DeviceFault::Missing, "the device went away"),
            _ => return failed(DeviceFault::Failed, "the device has stopped"),
        }
        let beats = self.health.beats.load(Ordering::Relaxed);
        if beats != self.beats {
            (self.beats, self.alive) = (beats, Instant::now());
        } else if self.alive.elapsed() > STALLED {
            return Err(stands_still());
        }
        if self.alive > self.proves_after {
            Ok(Proof::Works)
        } else {
            Ok(Proof::Open)
        }
    }
}

/// A microphone that is being started. PulseAudio opens also what another program has, and cpal then waits for its first sound for
/// as long as that program wants: on a thread of its own, so that nothing else does.
pub(super) struct Starting {
    name: String,
    source: Box<dyn Source>,
    health: Arc<Health>,
    since: Instant,
    started: Receiver<Result<Stream, cpal::Error>>,
}

/// Why a microphone is not open.
pub(super) enum NotStarted {
    /// Its first sound has not come.
    Yet(Starting),
    /// It never will be.
    Failed(DeviceError),
}

impl Starting {
    /// Starts it.
    pub(super) fn begin(
        name: String,
        source: Box<dyn Source>,
        stream: Stream,
        health: Arc<Health>,
    ) -> Result<Starting, DeviceError> {
        let (tell, started) = sync_channel(1);
        thread::Builder::new()
            .name("audio-start".to_owned())
            .spawn(move || {
                let outcome = stream.play().map(|()| stream);
                // Nobody may wait for it any more: dropped here, it is closed.
                tell.send(outcome).ok();
            })
            .map_err(|error| DeviceError::System {
                fault: DeviceFault::Failed,
                reason: error.to_string(),
            })?;
        Ok(Starting {
            name,
            source,
            health,
            since: Instant::now(),
            started,
        })
    }

    /// Which device it is.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Waits for its first sound, for a while at first and no more once it has been silent for too long.
    pub(super) fn wait(self) -> Result<Opened<Box<dyn Source>>, NotStarted> {
        let patience = STALLED.saturating_sub(self.since.elapsed()).min(TURN);
        match self.started.recv_timeout(patience) {
            Ok(Ok(stream)) => Ok(Opened {
                end: self.source,
                name: self.name,
                guard: Playing::from_now(stream, self.health, Duration::ZERO),
            }),
            Ok(Err(error)) => Err(NotStarted::Failed(system_error(error))),
            Err(RecvTimeoutError::Timeout) => Err(NotStarted::Yet(self)),
            // Its thread has panicked.
            Err(RecvTimeoutError::Disconnected) => Err(NotStarted::Failed(DeviceError::System {
                fault: DeviceFault::Failed,
                reason: "the device could not be started".to_owned(),
            })),
        }
    }
}

/// What is told of a device that gives or takes no sound.
pub(super) fn stands_still() -> DeviceError {
    DeviceError::System {
        fault: DeviceFault::Busy,
        reason: "the device stands still".to_owned(),
    }
}
