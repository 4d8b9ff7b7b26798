//! The phone's door to the window.

use crate::{notify::Notifier, window::MAIN, words::Language};
use offhook_desk::View;
use offhook_model::LegId;
use offhook_phone::{IncomingNotification, Levels, Shell};
use serde::Serialize;
use tauri::{AppHandle, Emitter};
use tokio::sync::watch;

/// Hands what the phone says to the window and to the desktop.
pub struct Bridge {
    app: AppHandle,
    notifier: Notifier,
    language: watch::Receiver<Language>,
}

impl Bridge {
    /// Ties the phone to this program's window.
    pub fn new(app: AppHandle, notifier: Notifier, language: watch::Receiver<Language>) -> Self {
        Self {
            app,
            notifier,
            language,
        }
    }

    fn tell<P: Serialize + Clone>(&self, event: &str, payload: P) {
        if let Err(error) = self.app.emit_to(MAIN, event, payload) {
            tracing::error!(%error, event, "The window was not told");
        }
    }
}

impl Shell for Bridge {
    fn publish(&self, view: &View) {
        self.tell("desk-changed", view);
    }

    fn levels(&self, levels: Levels) {
        self.tell("levels", levels);
    }

    fn notify(&self, notification: IncomingNotification) {
        let language = *self.language.borrow();
        self.notifier
            .show(notification.leg, language.toast(&notification));
    }

    fn withdraw(&self, leg: LegId) {
        self.notifier.withdraw(leg);
    }
}
