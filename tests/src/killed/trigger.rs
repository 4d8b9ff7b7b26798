//! What kills, once, from wherever the moment is seen.

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// Ends programs with SIGKILL when it is pulled.
#[derive(Debug)]
pub struct Trigger {
    victims: Vec<Pid>,
    delay: Duration,
    taken: AtomicBool,
    pulled: watch::Sender<Option<Instant>>,
}

impl Trigger {
    /// Prepares to kill processes, `delay` after the moment was seen.
    ///
    /// # Errors
    /// An id is no process's.
    pub fn on(victims: &[u32], delay: Duration) -> Result<Self> {
        let victims = victims.iter().map(|id| {
            let pid = i32::try_from(*id).ok().and_then(Pid::from_raw);
            pid.with_context(|| format!("{id} is no process"))
        });
        Ok(Self {
            victims: victims.collect::<Result<_>>()?,
            delay,
            taken: AtomicBool::new(false),
            pulled: watch::Sender::new(None),
        })
    }

    /// Kills. Whoever comes second changes nothing.
    pub fn pull(&self) {
        if self.taken.swap(true, Ordering::SeqCst) {
            return;
        }
        if !self.delay.is_zero() {
            // The runtime's own timer is coarser than the windows are wide.
            std::thread::sleep(self.delay);
        }
        let at = Instant::now();
        for victim in &self.victims {
            // One that has ended by itself is told by whoever waits for it.
            kill_process(*victim, Signal::KILL).ok();
        }
        self.pulled.send_replace(Some(at));
    }

    /// Tells when it killed.
    #[must_use]
    pub fn pulled(&self) -> Option<Instant> {
        *self.pulled.borrow()
    }

    /// Waits until it has killed; false where nobody pulls it in time.
    pub async fn is_pulled(&self, limit: Duration) -> bool {
        let mut pulled = self.pulled.subscribe();
        tokio::time::timeout(limit, pulled.wait_for(Option::is_some))
            .await
            .is_ok_and(|told| told.is_ok())
    }
}
