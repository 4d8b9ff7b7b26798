//! The media thread's end of the thread that keeps the devices.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::watch::Watch;
use super::{Backend, DeviceError, DeviceRole, Sink, Source, Wake};

/// Among the bits of what is wanted: nothing, ever again.
pub(super) const QUIT: u8 = 0x80;

/// What the keeper tells the media thread.
pub(crate) enum Kept {
    Mic {
        end: Box<dyn Source>,
        name: String,
    },
    Sink {
        role: DeviceRole,
        end: Box<dyn Sink>,
        name: String,
    },
    Lost {
        role: DeviceRole,
        reason: DeviceError,
    },
    Closed {
        role: DeviceRole,
    },
}

/// The media thread's handle to the keeper.
pub(crate) struct Keeper {
    wants: Arc<AtomicU8>,
    wanted: u8,
    reports: Receiver<Kept>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    pub(crate) fn start(backend: Box<dyn Backend>, wake: Wake) -> io::Result<Keeper> {
        let wants = Arc::new(AtomicU8::new(0));
        // One more for each role than can be open would do; the keeper waits where it is full.
        let (reports_in, reports) = sync_channel(64);
        let shared = wants.clone();
        let thread = thread::Builder::new()
            .name("audio-devices".to_owned())
            .spawn(move || {
                // Made here, because open devices cannot change threads.
                Watch::new(backend, shared, reports_in, wake).run();
            })?;
        Ok(Keeper {
            wants,
            wanted: 0,
            reports,
            thread: Some(thread),
        })
    }

    /// Says which roles shall be open. Returns at once.
    pub(crate) fn want(&mut self, roles: impl IntoIterator<Item = DeviceRole>) {
        let wanted = roles.into_iter().fold(0, |bits, role| bits | bit(role));
        if wanted != self.wanted {
            self.wanted = wanted;
            self.tell(wanted);
        }
    }

    /// Tells whether a role is wanted.
    pub(crate) fn wants(&self, role: DeviceRole) -> bool {
        self.wanted & bit(role) != 0
    }

    /// Returns what has happened.
    pub(crate) fn poll(&self) -> Option<Kept> {
        self.reports.try_recv().ok()
    }

    fn tell(&self, bits: u8) {
        self.wants.store(bits, Ordering::Release);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Keeper {
    /// Closes all devices, finishes all files, and waits for that.
    fn drop(&mut self) {
        self.tell(QUIT);
        // Its reports may fill the channel while it ends.
        while self
            .thread
            .as_ref()
            .is_some_and(|thread| !thread.is_finished())
        {
            drop(self.reports.recv_timeout(Duration::from_millis(10)));
        }
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("The thread of the sound devices has panicked");
        }
    }
}

pub(super) fn bit(role: DeviceRole) -> u8 {
    match role {
        DeviceRole::Mic => 1,
        DeviceRole::Speaker => 2,
        DeviceRole::Ringer => 4,
    }
}
