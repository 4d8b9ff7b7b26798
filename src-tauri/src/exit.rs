//! Leaving: the phone un-registers and writes what is unwritten, then the program ends.

use crate::{commands::Desk, notify::Notifier};
use std::time::Duration;
use tauri::{AppHandle, Manager, async_runtime};

/// How long the phone may take to say goodbye to a centre that does not answer.
const GOODBYE: Duration = Duration::from_secs(3);

/// Begins to leave. The window may be gone already.
pub fn begin(app: &AppHandle) {
    let app = app.clone();
    async_runtime::spawn(async move {
        app.state::<Notifier>().inner().clone().end().await;
        let phone = app.state::<Desk>().open_phone();
        if let Some(phone) = phone
            && tokio::time::timeout(GOODBYE, phone.shut_down())
                .await
                .is_err()
        {
            tracing::warn!("The phone did not shut down in time");
        }
        app.exit(0);
    });
}

/// Leaves in order when the session ends or somebody presses Ctrl C.
pub fn on_signal(app: AppHandle) {
    async_runtime::spawn(async move {
        match offhook_phone::asked_to_stop() {
            Ok(asked) => {
                asked.await;
                begin(&app);
            }
            Err(error) => tracing::debug!(%error, "Signals cannot be heard"),
        }
    });
}
