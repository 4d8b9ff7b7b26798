//! Letting go: of a session, and of everything.

use std::time::Duration;

use offhook_audio::MediaEvent;
use offhook_desk::Command;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tracing::warn;

use crate::actor::{Actor, Ears};
use crate::outlet::Outlet;
use crate::store_task::Job;

/// How long the centre, and the sound, may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(3);

impl Actor {
    /// Lets go of the session: its tasks end, the line is closed, the keys are forgotten. `tell` ends it at the centre, too.
    pub(crate) fn stand_down(&mut self, tell: bool) {
        self.generation = self.generation.next();
        if let Some(given_up) = self.signing_in.take() {
            given_up.cancel();
        }
        for leg in self.legs.take() {
            self.media.stop(leg.media);
        }
        self.media.ring(false);
        let line = self.line.take();
        let authority = self.standing.take().map(|standing| standing.authority);
        self.farewells.spawn(async move {
            // First the line, then the session: the registrar may ask for the session's password.
            if let Some(line) = line {
                line.close().await;
            }
            if tell && let Some(authority) = authority {
                authority.leave().await;
            }
        });
        self.cards.clear();
        self.edits.clear();
        self.jobs.push(Job::Lock);
        while self.farewells.try_join_next().is_some() {}
    }

    /// Hangs up, signs out, and waits until what was typed is on the disk.
    pub(crate) async fn shut_down(&mut self, ears: &mut Ears) {
        self.quitting = true;
        let legs: Vec<_> = self
            .view
            .borrow()
            .calls
            .iter()
            .map(|call| call.leg)
            .collect();
        for leg in legs {
            let now = self.clock.now();
            self.desk.handle_command(now, Command::HangUp { leg });
            self.settle();
        }
        let now = self.clock.now();
        self.desk.handle_command(now, Command::SignOut);
        self.settle();
        if self.standing.is_some() {
            self.stand_down(true);
        }
        let (closed, done) = oneshot::channel();
        self.jobs.push(Job::Close(closed));
        let mut jobs = std::mem::replace(&mut self.jobs, Outlet::new(self.jobs_sender.clone()));
        let farewells = async { while self.farewells.join_next().await.is_some() {} };
        let goodbye = async {
            if timeout(GOODBYE, farewells).await.is_err() {
                warn!("The centre did not say goodbye in time");
            }
        };
        // The store's task must not wait for us while we wait for it.
        let drain = async { while ears.reports.recv().await.is_some() {} };
        let stored = async {
            while !jobs.is_empty() {
                jobs.flush().await;
            }
            if done.await.is_err() {
                warn!("The store was not closed in good order");
            }
        };
        tokio::select! {
            ((), ()) = async { tokio::join!(goodbye, stored) } => {}
            () = drain => {}
        }
    }
}

/// Waits until devices are closed and files complete.
pub(crate) async fn silence(media: &mut mpsc::UnboundedReceiver<MediaEvent>) {
    let ended = async {
        while media
            .recv()
            .await
            .is_some_and(|event| event != MediaEvent::Ended)
        {}
    };
    if timeout(GOODBYE, ended).await.is_err() {
        warn!("The sound did not end in time");
    }
}
