//! The first write of a transaction, seen from outside: SQLite writes its pages into the `-wal` file beside the database, and only
//! the last of them makes them count.

use super::trigger::Trigger;
use anyhow::{Context, Result};
use rustix::{
    fd::OwnedFd,
    fs::inotify::{self, CreateFlags, WatchFlags},
};
use std::{
    mem::MaybeUninit,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

/// Watches the databases of a folder.
#[derive(Debug)]
pub struct WalWatch(Arc<Watched>);

#[derive(Debug)]
struct Watched {
    events: OwnedFd,
    armed: Mutex<Option<Arc<Trigger>>>,
}

impl WalWatch {
    /// Watches a folder.
    ///
    /// # Errors
    /// It is not there, or the system watches no more.
    pub fn of(folder: &Path) -> Result<Self> {
        let events = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        inotify::add_watch(&events, folder, WatchFlags::MODIFY)
            .with_context(|| format!("Watching {}", folder.display()))?;
        Ok(Self(Arc::new(Watched {
            events,
            armed: Mutex::default(),
        })))
    }

    /// Has the next write pull a trigger.
    pub fn arm(&self, trigger: &Arc<Trigger>) {
        {
            let mut armed = self.0.armed();
            // What was written before this moment is not meant.
            self.0.written();
            *armed = Some(Arc::clone(trigger));
        }
        let watched = Arc::clone(&self.0);
        thread::spawn(move || watched.look());
    }

    /// Has writes pull nothing again.
    pub fn disarm(&self) {
        *self.0.armed() = None;
    }
}

impl Drop for WalWatch {
    fn drop(&mut self) {
        self.disarm();
    }
}

impl Watched {
    fn armed(&self) -> MutexGuard<'_, Option<Arc<Trigger>>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks until something is written, or the watch is disarmed.
    fn look(&self) {
        loop {
            let pull = {
                let mut armed = self.armed();
                if armed.is_none() {
                    return;
                }
                if self.written() { armed.take() } else { None }
            };
            if let Some(trigger) = pull {
                return trigger.pull();
            }
            // A transaction's pages follow one another within microseconds, which no sleep is short enough for.
            thread::yield_now();
        }
    }

    /// Takes the events that have come; tells whether a `-wal` file was among them.
    fn written(&self) -> bool {
        let mut written = false;
        let mut room = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.events, &mut room);
        // Err: nothing more has come.
        while let Ok(event) = reader.next() {
            written |= event
                .file_name()
                .is_some_and(|name| name.to_bytes().ends_with(b"-wal"));
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, time::Duration};

    #[tokio::test]
    async fn the_first_write_after_it_was_armed_pulls_the_trigger() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let watch = WalWatch::of(folder.path())?;
        fs::write(folder.path().join("store-wal"), "before")?;
        let trigger = Arc::new(Trigger::on(&[], Duration::ZERO)?);
        watch.arm(&trigger);
        fs::write(folder.path().join("store"), "another file")?;
        assert!(!trigger.is_pulled(Duration::from_millis(50)).await);
        fs::write(folder.path().join("store-wal"), "after")?;
        assert!(trigger.is_pulled(Duration::from_secs(10)).await);
        Ok(())
    }
}
