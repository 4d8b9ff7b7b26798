//! The keyring of the system, asked on a thread of its own: it may open a dialog and wait for a person, or never answer.

use crate::{StoreError, platform};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};
use tokio::{sync::oneshot, time::timeout};

/// The name under which people find our entries in their keyring.
const SERVICE: &str = "Offhook";

/// Where a wrapping key is kept between two runs.
#[derive(Clone, Default)]
pub enum KeyRing {
    /// Secret Service on Linux, Keychain on macOS, Credential Manager on Windows.
    #[default]
    System,
    /// Nowhere: the password is asked for at each start.
    Absent,
    /// Some other place.
    Custom(Arc<dyn SecretService>),
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Absent => "Absent",
            Self::Custom(_) => "Custom",
        })
    }
}

/// A place that keeps secrets by name. May block: it is called on a thread of its own, one call at a time.
pub trait SecretService: Send + Sync + 'static {
    /// Reads the secret of that name; nothing where there is none.
    ///
    /// # Errors
    /// Why it cannot be read, for the log.
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, String>;

    /// Keeps a secret under that name, over an older one.
    ///
    /// # Errors
    /// Why it cannot be kept, for the log.
    fn write(&self, name: &str, secret: &[u8]) -> Result<(), String>;
}

struct System;

impl SecretService for System {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        match entry(name).and_then(|entry| entry.get_secret()) {
            Ok(secret) => Ok(Some(secret)),
            Err(keyring_core::Error::NoEntry) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    fn write(&self, name: &str, secret: &[u8]) -> Result<(), String> {
        entry(name)
            .and_then(|entry| entry.set_secret(secret))
            .map_err(|error| error.to_string())
    }
}

/// Looks for the keyring anew each time: one that was absent, or that was started anew, is of use from then on.
fn entry(name: &str) -> keyring_core::Result<keyring_core::Entry> {
    platform::keyring()?.build(SERVICE, name, None)
}

/// Asks the keyring with a time-out.
#[derive(Debug)]
pub(crate) struct Asker {
    ring: KeyRing,
    busy: Arc<AtomicBool>,
}

impl Asker {
    pub(crate) fn new(ring: KeyRing) -> Self {
        Self {
            ring,
            busy: Arc::default(),
        }
    }

    /// Puts a question to the keyring. After a time-out the thread is left to wait; until it comes back (a person has unlocked
    /// the keyring) further questions fail at once.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        patience: Duration,
        question: impl FnOnce(&dyn SecretService) -> Result<T, String> + Send + 'static,
    ) -> Result<T, StoreError> {
        let unavailable = |why: &str| StoreError::KeyringUnavailable(why.to_owned());
        let service: Arc<dyn SecretService> = match &self.ring {
            KeyRing::Absent => return Err(unavailable("there is none")),
            KeyRing::System => Arc::new(System),
            KeyRing::Custom(service) => Arc::clone(service),
        };
        if self.busy.swap(true, Ordering::AcqRel) {
            return Err(unavailable("it has not answered the last question yet"));
        }
        let busy = Busy(Arc::clone(&self.busy));
        let (answer, answered) = oneshot::channel();
        thread::Builder::new()
            .name("keyring".into())
            .spawn(move || {
                let result = question(service.as_ref());
                drop(busy);
                // Err: nobody waits any more.
                answer.send(result).ok();
            })
            .map_err(|error| unavailable(&error.to_string()))?;
        match timeout(patience, answered).await {
            Ok(Ok(Ok(value))) => Ok(value),
            Ok(Ok(Err(why))) => Err(unavailable(&why)),
            Ok(Err(_)) => Err(unavailable("it broke off")),
            Err(_) => Err(unavailable("it does not answer; it may be locked")),
        }
    }
}

struct Busy(Arc<AtomicBool>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
