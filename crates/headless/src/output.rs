//! What goes out: answers, and what the phone says unasked.

use std::sync::Arc;

use offhook_desk::{SessionView, View};
use offhook_model::LegId;
use offhook_phone::{IncomingNotification, Levels, Shell};
use serde_json::json;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, watch};

use crate::rpc;

/// Answers on their way; whoever asks more waits.
const ANSWERS: usize = 64;

/// The phone's door to the other side. Never waits: of views and levels the newest counts, and of the rest there is little.
#[derive(Debug)]
pub(crate) struct Door {
    /// Notifications to show and to withdraw, in order: a few a call, so a reader who sleeps does not fill the memory.
    said: mpsc::UnboundedSender<String>,
    view: watch::Sender<Option<View>>,
    levels: watch::Sender<Option<Levels>>,
}

/// The ends that the writer listens at.
pub(crate) struct Outgoing {
    answers: mpsc::Receiver<String>,
    said: mpsc::UnboundedReceiver<String>,
    view: watch::Receiver<Option<View>>,
    levels: watch::Receiver<Option<Levels>>,
}

/// Makes the door, the writer's ends, and the way for answers.
pub(crate) fn channels() -> (Arc<Door>, Outgoing, mpsc::Sender<String>) {
    let (answers_in, answers) = mpsc::channel(ANSWERS);
    let (said_in, said) = mpsc::unbounded_channel();
    let (view_in, view) = watch::channel(None);
    let (levels_in, levels) = watch::channel(None);
    let door = Door {
        said: said_in,
        view: view_in,
        levels: levels_in,
    };
    let outgoing = Outgoing {
        answers,
        said,
        view,
        levels,
    };
    (Arc::new(door), outgoing, answers_in)
}

impl Door {
    /// Waits until somebody is signed in (true), or a try has failed.
    pub(crate) async fn signed_in(&self) -> bool {
        let mut views = self.view.subscribe();
        let settled = views.wait_for(|view| {
            view.as_ref().is_some_and(|view| match view.session {
                SessionView::SignedOut { error } => error.is_some(),
                SessionView::SigningIn => false,
                SessionView::SignedIn { .. } => true,
            })
        });
        settled.await.is_ok_and(|view| {
            view.as_ref()
                .is_some_and(|view| matches!(view.session, SessionView::SignedIn { .. }))
        })
    }

    fn say(&self, line: String) {
        // Err: the writer is gone, and nobody listens any more.
        self.said.send(line).ok();
    }
}

impl Shell for Door {
    fn publish(&self, view: &View) {
        self.view.send_replace(Some(view.clone()));
    }

    fn levels(&self, levels: Levels) {
        self.levels.send_replace(Some(levels));
    }

    fn notify(&self, notification: IncomingNotification) {
        self.say(rpc::notification("notify", &notification));
    }

    fn withdraw(&self, leg: LegId) {
        self.say(rpc::notification("withdraw", &json!({ "leg": leg })));
    }
}

/// Writes `ready`, then whatever comes, until nobody can say anything more or the other side is gone.
pub(crate) async fn write(
    mut outgoing: Outgoing,
    mut output: impl AsyncWrite + Unpin,
) -> std::io::Result<()> {
    let version = json!({ "version": env!("CARGO_PKG_VERSION") });
    line(&mut output, rpc::notification("ready", &version)).await?;
    loop {
        // In this order, so that the view that comes with an answer or a notification is the newest.
        let text = tokio::select! {
            biased;
            Some(answer) = outgoing.answers.recv() => answer,
            Some(said) = outgoing.said.recv() => said,
            Ok(()) = outgoing.view.changed() => {
                match &*outgoing.view.borrow_and_update() {
                    Some(view) => rpc::notification("desk-changed", view),
                    None => continue,
                }
            }
            Ok(()) = outgoing.levels.changed() => {
                match &*outgoing.levels.borrow_and_update() {
                    Some(levels) => rpc::notification("levels", levels),
                    None => continue,
                }
            }
            else => return output.shutdown().await,
        };
        line(&mut output, text).await?;
    }
}

async fn line(output: &mut (impl AsyncWrite + Unpin), mut text: String) -> std::io::Result<()> {
    text.push('\n');
    output.write_all(text.as_bytes()).await?;
    output.flush().await
}
