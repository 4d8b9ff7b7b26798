//! What those who speak to the centre tell each other about the way there.

use tokio::sync::{Notify, watch};

/// The way to the centre.
#[derive(Debug, Default)]
pub(crate) struct Link {
    /// Counts how often the event stream stood again after it had broken off.
    back: watch::Sender<u64>,
    alive: Notify,
}

impl Link {
    /// The event stream stands again: whatever waits is tried at once.
    pub(crate) fn is_back(&self) {
        self.back.send_modify(|times| *times += 1);
    }

    /// Changes when the event stream stands again.
    pub(crate) fn returns(&self) -> watch::Receiver<u64> {
        self.back.subscribe()
    }

    /// The centre has answered something, by the API or as registrar.
    pub(crate) fn is_alive(&self) {
        self.alive.notify_waiters();
    }

    /// Waits until the centre answers anything, from now on.
    pub(crate) async fn until_alive(&self) {
        self.alive.notified().await;
    }
}
