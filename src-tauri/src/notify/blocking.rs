//! Notifications of Windows and macOS, whose handles wait on a thread of their own and cannot be closed by a program. So a
//! notification there goes by itself after its time, and a press that comes after the call was withdrawn does nothing.

use super::{ANSWER, DECLINE, Pressed, Toast};
use notify_rust::{Notification, NotificationResponse};
use tokio::sync::oneshot;

/// Shows one until it is pressed or dismissed; withdrawing (the sender is dropped) stops listening to it.
pub async fn show(toast: Toast, withdrawn: oneshot::Receiver<()>) -> Option<Pressed> {
    let (answer, answered) = oneshot::channel();
    // A thread of its own and not one of the runtime's: it may wait for as long as the notification stands.
    let spawned = std::thread::Builder::new()
        .name("notification".to_owned())
        .spawn(move || drop(answer.send(wait(&toast))));
    if let Err(error) = spawned {
        tracing::warn!(%error, "The desktop shows no notification");
        return None;
    }
    tokio::select! {
        pressed = answered => pressed.ok().flatten(),
        _ = withdrawn => None,
    }
}

fn wait(toast: &Toast) -> Option<Pressed> {
    let mut notification = Notification::new();
    notification
        .summary(&toast.title)
        .body(&toast.body)
        .action(ANSWER, toast.answer)
        .action(DECLINE, toast.decline);
    #[cfg(windows)]
    notification.app_id("app.offhook.desk");
    let mut pressed = None;
    let outcome = notification.show().and_then(|shown| {
        shown.wait_for_response(|response: &NotificationResponse| {
            pressed = Pressed::from_response(response);
        })
    });
    if let Err(error) = outcome {
        tracing::warn!(%error, "The desktop shows no notification");
    }
    pressed
}
