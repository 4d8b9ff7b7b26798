//! The one place that reads the clocks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use offhook_model::{Mono, Now, Wall};
use tokio::time::Instant;

/// Both clocks, with the epoch of the monotonic one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    epoch: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            epoch: Instant::now(),
        }
    }

    pub(crate) fn now(&self) -> Now {
        Now {
            mono: self.epoch.elapsed(),
            wall: wall(),
        }
    }

    /// Returns when the runtime's clock shows `mono`.
    pub(crate) fn at(&self, mono: Mono) -> Instant {
        self.epoch + mono
    }
}

/// Reads the wall clock; a clock before 1970 reads as 1970.
pub(crate) fn wall() -> Wall {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    Wall(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
