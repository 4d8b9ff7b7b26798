//! Notifications by the freedesktop.org D-Bus service. Without a session bus, or without such a service on it, there are none,
//! and everything else works.

use super::{ANSWER, DECLINE, Pressed, Toast};
use notify_rust::{Hint, Notification, Timeout, Urgency};
use tokio::sync::oneshot;

/// Shows one until it is pressed, dismissed or withdrawn (the sender is dropped). Returns what was pressed.
pub async fn show(toast: Toast, withdrawn: oneshot::Receiver<()>) -> Option<Pressed> {
    let shown = Notification::new()
        .appname("Offhook")
        .icon("offhook")
        .summary(&toast.title)
        .body(&plain(&toast.body))
        .action("default", toast.open)
        .action(ANSWER, toast.answer)
        .action(DECLINE, toast.decline)
        .hint(Hint::Category("call.incoming".to_owned()))
        .hint(Hint::DesktopEntry("Offhook".to_owned()))
        // The phone rings by itself, in the agent's ringer.
        .hint(Hint::SuppressSound(true))
        .urgency(Urgency::Critical)
        .timeout(Timeout::Never)
        .show_async()
        .await;
    let notification = match shown {
        Ok(notification) => notification,
        Err(error) => {
            tracing::warn!(%error, "The desktop shows no notification");
            return None;
        }
    };
    let mut pressed = None;
    tokio::select! {
        () = notification.wait_for_action_async(|response| {
            pressed = Pressed::from_response(response);
        }) => {}
        _ = withdrawn => {}
    }
    // Some desktops leave it standing after a press. Closing what is closed already does nothing.
    notification.close_async().await;
    pressed
}

/// The body may hold markup, the title not. What comes from outside is text.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_name_stays_text() {
        assert_eq!(plain("<b>A & B</b>"), "&lt;b&gt;A &amp; B&lt;/b&gt;");
    }
}
