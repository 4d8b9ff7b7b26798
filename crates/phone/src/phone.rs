//! The handle to the phone, and the one place where it is wired together.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use offhook_audio::{Media, MediaEvent};
use offhook_desk::{Command, Desk, View};
use offhook_model::Code;
use offhook_store::{KeyRing, ProfileLock, Store};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::actor::{Actor, Ears, Input};
use crate::cards::Cards;
use crate::clock::Clock;
use crate::config::Config;
use crate::edits::Edits;
use crate::error::{Closed, OpenError};
use crate::line::Legs;
use crate::outlet::Outlet;
use crate::query::{Answer, Query};
use crate::report::Generation;
use crate::settings;
use crate::shell::{Levels, Shell};
use crate::store_task;

/// Commands, reports and jobs on their way; whoever sends more waits.
const CHANNEL: usize = 256;

/// A handle to the phone. Clones drive the same one; it shuts down when told to, or when the last handle drops.
#[derive(Clone)]
pub struct Phone {
    inputs: mpsc::Sender<Input>,
    view: watch::Receiver<View>,
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phone").finish_non_exhaustive()
    }
}

/// Opens the phone: takes the profile, opens the store, starts the sound and the event loop. `shell` is told at each change,
/// beginning with the next; [`Phone::view`] shows what is so now.
///
/// # Errors
/// [`OpenError`]: the profile is in use, the store cannot be opened, or there is no media thread.
pub async fn open(config: Config, shell: Arc<dyn Shell>) -> Result<Phone, OpenError> {
    open_with(config, shell, KeyRing::System).await
}

/// Opens the phone with a keyring of one's choice.
///
/// # Errors
/// As [`open`].
pub async fn open_with(
    config: Config,
    shell: Arc<dyn Shell>,
    keyring: KeyRing,
) -> Result<Phone, OpenError> {
    let lock = ProfileLock::take(&config.profile)?;
    let store = Store::open_with(&config.profile, keyring).await?;
    let roots = match config.roots {
        Some(file) => Some(file),
        None => settings::roots(&store).await?,
    };
    let (levels_in, levels) = watch::channel(Levels {
        mic_dbfs: -100.0,
        far_dbfs: -100.0,
    });
    // Not bounded, since the media thread must not wait; it says a few words a call.
    let (media_in, media_events) = mpsc::unbounded_channel();
    let media = Media::spawn(config.audio, move |event| match event {
        // Levels may be lost: the newest counts.
        MediaEvent::Levels { mic_dbfs, far_dbfs } => {
            levels_in.send_replace(Levels { mic_dbfs, far_dbfs });
        }
        event => {
            // Err: the phone has shut down.
            media_in.send(event).ok();
        }
    })?;

    let clock = Clock::start();
    let desk = Desk::new(rand::random());
    let (view_in, view) = watch::channel(desk.view(clock.now()));
    let (inputs, asked) = mpsc::channel(CHANNEL);
    let (reports_in, reports) = mpsc::channel(CHANNEL);
    let (jobs_in, jobs) = mpsc::channel(CHANNEL);
    tokio::spawn(store_task::run(store.clone(), jobs, reports_in.clone()));
    let actor = Actor {
        clock,
        desk,
        shell,
        view: view_in,
        media,
        store,
        jobs: Outlet::new(jobs_in.clone()),
        jobs_sender: jobs_in,
        reports: reports_in,
        roots,
        generation: Generation::FIRST,
        signing_in: None,
        standing: None,
        line: None,
        legs: Legs::default(),
        cards: Cards::default(),
        edits: Edits::default(),
        playback: None,
        facts: VecDeque::new(),
        lost: Vec::new(),
        farewells: JoinSet::new(),
        lock,
        quitting: false,
    };
    tokio::spawn(actor.run(Ears {
        inputs: asked,
        reports,
        media: media_events,
        levels,
    }));
    Ok(Phone { inputs, view })
}

impl Phone {
    /// Hands a command to the desk. Whether it may be so shows in the next view.
    ///
    /// # Errors
    /// [`Closed`] after the shutdown.
    pub async fn send(&self, command: Command) -> Result<(), Closed> {
        self.inputs
            .send(Input::Command(command))
            .await
            .map_err(|_| Closed)
    }

    /// Asks a read-only question.
    ///
    /// # Errors
    /// `NotFound` where there is no such call, `NotNow` where nobody is signed in or the phone has shut down, or what the
    /// store said.
    pub async fn query(&self, query: Query) -> Result<Answer, Code> {
        let (reply, answer) = oneshot::channel();
        let asked = self.inputs.send(Input::Query(query, reply)).await;
        asked.map_err(|_| Code::NotNow)?;
        answer.await.unwrap_or(Err(Code::NotNow))
    }

    /// Returns the desk as it is now.
    #[must_use]
    pub fn view(&self) -> View {
        self.view.borrow().clone()
    }

    /// Hangs up, signs out and un-registers, puts what was typed on the disk, and returns when all of it is done or the
    /// centre took too long. The profile is free afterwards. A second call returns at once.
    pub async fn shut_down(self) {
        let (reply, done) = oneshot::channel();
        if self.inputs.send(Input::ShutDown(reply)).await.is_ok() {
            // Err: another handle shut it down.
            done.await.ok();
        }
    }
}
