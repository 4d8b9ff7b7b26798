//! The one event loop: everything that happens goes through here to the desk, one thing after the other.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use offhook_audio::{DeviceFault, DeviceRole, Media, MediaEvent};
use offhook_desk::{Command, Desk, Fact, SessionView, View};
use offhook_model::{Code, Secret};
use offhook_store::{ProfileLock, Store};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::cards::Cards;
use crate::clock::Clock;
use crate::edits::Edits;
use crate::farewell;
use crate::line::{Legs, Line};
use crate::offline::{Handout, Offline};
use crate::outlet::Outlet;
use crate::playback::Playback;
use crate::query::{Answer, Query};
use crate::report::{Entry, Generation, Report, SessionReport, SignIn, Teller};
use crate::shell::{Levels, Shell};
use crate::standing::{Authority, Standing};
use crate::store_task::Job;
use crate::sync::Bell;

/// What the handles ask.
#[derive(Debug)]
pub(crate) enum Input {
    Command(Command),
    Query(Query, oneshot::Sender<Result<Answer, Code>>),
    ShutDown(oneshot::Sender<()>),
}

/// The ends of the channels that the actor listens at.
#[derive(Debug)]
pub(crate) struct Ears {
    pub(crate) inputs: mpsc::Receiver<Input>,
    pub(crate) reports: mpsc::Receiver<Report>,
    pub(crate) media: mpsc::UnboundedReceiver<MediaEvent>,
    pub(crate) levels: watch::Receiver<Levels>,
}

/// The phone itself. Its fields have one owner, this task.
pub(crate) struct Actor {
    pub(crate) clock: Clock,
    pub(crate) desk: Desk,
    pub(crate) shell: Arc<dyn Shell>,
    pub(crate) view: watch::Sender<View>,
    pub(crate) media: Media,
    pub(crate) store: Store,
    pub(crate) jobs: Outlet<Job>,
    pub(crate) jobs_sender: mpsc::Sender<Job>,
    pub(crate) reports: mpsc::Sender<Report>,
    /// The PEM file with the roots to trust at the next sign-in, instead of the system's.
    pub(crate) roots: Option<PathBuf>,
    pub(crate) generation: Generation,
    pub(crate) signing_in: Option<CancellationToken>,
    pub(crate) standing: Option<Standing>,
    pub(crate) line: Option<Line>,
    pub(crate) legs: Legs,
    pub(crate) cards: Cards,
    /// Profiles on their way, laid over the cards.
    pub(crate) edits: Edits,
    pub(crate) playback: Option<Playback>,
    /// Facts that came of carrying out effects, for the desk in their turn.
    pub(crate) facts: VecDeque<Fact>,
    /// Devices that are gone and whose loss was told.
    pub(crate) lost: Vec<DeviceRole>,
    /// What is said to the centre when nobody waits for it: sign-outs, lines being closed.
    pub(crate) farewells: JoinSet<()>,
    pub(crate) lock: ProfileLock,
    /// The program ends: a sign-out now is not the agent's.
    pub(crate) quitting: bool,
}

enum Woken {
    Input(Option<Input>),
    Report(Report),
    Line(Option<offhook_sip::Event>),
    Media(MediaEvent),
    Levels,
    Due,
    Flushed,
}

impl Actor {
    /// Runs until told to shut down, or until every handle is gone.
    pub(crate) async fn run(mut self, mut ears: Ears) {
        let reply = loop {
            match self.wake(&mut ears).await {
                Woken::Input(Some(Input::Command(command))) => {
                    let now = self.clock.now();
                    self.desk.handle_command(now, command);
                }
                Woken::Input(Some(Input::Query(query, reply))) => self.answer(query, reply),
                Woken::Input(Some(Input::ShutDown(reply))) => break Some(reply),
                Woken::Input(None) => break None,
                Woken::Report(report) => self.reported(report),
                Woken::Line(event) => self.line_said(event),
                Woken::Media(event) => self.media_said(event),
                Woken::Levels => {
                    let levels = *ears.levels.borrow_and_update();
                    self.shell.levels(levels);
                }
                Woken::Due => {
                    let now = self.clock.now();
                    self.desk.handle_timeout(now);
                }
                Woken::Flushed => {}
            }
            self.settle();
        };
        self.shut_down(&mut ears).await;
        let Self { media, lock, .. } = self;
        drop(media);
        farewell::silence(&mut ears.media).await;
        drop(lock);
        if let Some(reply) = reply {
            // Err: whoever asked did not wait.
            reply.send(()).ok();
        }
    }

    /// Waits for the next thing to happen, whatever it is.
    async fn wake(&mut self, ears: &mut Ears) -> Woken {
        let due = self.desk.poll_timeout().map(|mono| self.clock.at(mono));
        tokio::select! {
            input = ears.inputs.recv() => Woken::Input(input),
            Some(report) = ears.reports.recv() => Woken::Report(report),
            woken = wake_line(&mut self.line) => woken,
            Some(event) = ears.media.recv() => Woken::Media(event),
            Ok(()) = ears.levels.changed() => Woken::Levels,
            () = until(due) => Woken::Due,
            () = self.jobs.flush() => Woken::Flushed,
            () = flush_wishes(&mut self.standing) => Woken::Flushed,
        }
    }

    /// Carries out what the desk asks until nothing is left to do, then shows what changed.
    pub(crate) fn settle(&mut self) {
        loop {
            while let Some(effect) = self.desk.poll_effect() {
                self.carry_out(effect);
            }
            let Some(fact) = self.facts.pop_front() else {
                break;
            };
            let now = self.clock.now();
            self.desk.handle_fact(now, fact);
        }
        let view = self.desk.view(self.clock.now());
        if matches!(view.session, SessionView::SignedOut { .. }) && self.standing.is_some() {
            // The centre ended the session; the last call is over now.
            self.stand_down(false);
        }
        let changed = self.view.send_if_modified(|shown| {
            let revision = shown.revision;
            shown.revision = view.revision;
            let changed = *shown != view;
            shown.revision = revision;
            if changed {
                shown.clone_from(&view);
            }
            changed
        });
        if changed {
            self.shell.publish(&view);
        }
    }

    fn reported(&mut self, report: Report) {
        match report {
            Report::Fact(fact) => self.told(fact),
            Report::SignIn(generation, outcome) if generation == self.generation => {
                self.signing_in = None;
                match outcome {
                    Ok(Entry::SignedIn(sign_in)) => self.signed_in(*sign_in),
                    Ok(Entry::Offline(offline)) => self.opened_offline(*offline),
                    Err(code) => self.facts.push_back(Fact::SignInFailed(code)),
                }
            }
            Report::SignIn(_, outcome) => {
                if let Ok(late) = outcome {
                    self.farewells.spawn(late.leave());
                    if self.standing.is_none() && self.signing_in.is_none() {
                        // It has opened the data of somebody who went away meanwhile.
                        self.jobs.push(Job::Lock);
                    }
                }
            }
            Report::Session(generation, report) => {
                let current = self
                    .standing
                    .as_ref()
                    .is_some_and(|standing| standing.generation() == generation);
                match report {
                    report if current => self.session_said(report),
                    SessionReport::Line(line) => {
                        self.farewells.spawn(line.close());
                    }
                    SessionReport::SignedIn(late) => {
                        self.farewells.spawn(late.authority.leave());
                    }
                    SessionReport::Fact(_)
                    | SessionReport::Legs(_)
                    | SessionReport::Found(..)
                    | SessionReport::Recording(..)
                    | SessionReport::Back
                    | SessionReport::Over(_) => {}
                }
            }
        }
    }

    /// A session stands. Where the desk was open without one, it goes on with what it has in hand.
    fn signed_in(&mut self, mut sign_in: SignIn) {
        info!(agent = %sign_in.signed_in.agent.id, local = sign_in.signed_in.local, "Signed in");
        let was_offline = self.standing.take();
        if let Some(offline) = &was_offline {
            self.generation = self.generation.next();
            // What is on its way to the store rings this bell.
            if let (Some(rung), Authority::Centre { bell, .. }) =
                (offline.bell(), &mut sign_in.authority)
            {
                *bell = rung;
            }
        }
        self.standing = Some(Standing::start(
            &sign_in,
            self.store.clone(),
            self.jobs_sender.clone(),
            Teller {
                generation: self.generation,
                reports: self.reports.clone(),
            },
        ));
        let SignIn {
            signed_in,
            unlocked,
            ..
        } = sign_in;
        if was_offline.is_none() {
            self.edits = unlocked.edits;
        }
        self.facts.push_back(Fact::SignedIn(signed_in));
        self.facts.push_back(Fact::Restored(unlocked.restored));
        if let Some(code) = unlocked.trouble {
            self.facts.push_back(Fact::Failed(code));
        }
        self.look_up_copies_again();
    }

    fn opened_offline(&mut self, offline: Offline) {
        self.facts.push_back(Fact::OpenedOffline(offline.opened()));
        self.facts
            .push_back(Fact::Restored(offline.unlocked.restored));
        if let Some(code) = offline.unlocked.trouble {
            self.facts.push_back(Fact::Failed(code));
        }
        self.edits = offline.unlocked.edits;
        self.stand_offline(offline.handout, offline.password, false, offline.bell);
    }

    /// The agent typed the password of the desk that is open without a session.
    pub(crate) fn sign_in_again(&mut self, password: Secret) {
        let Some(standing) = &self.standing else {
            return;
        };
        if let (Some(handout), Some(bell)) = (standing.handout().cloned(), standing.bell()) {
            self.generation = self.generation.next();
            self.stand_offline(handout, Some(password), true, bell);
            self.look_up_copies_again();
        }
    }

    fn stand_offline(
        &mut self,
        handout: Handout,
        password: Option<Secret>,
        at_once: bool,
        bell: Arc<Bell>,
    ) {
        self.standing = Some(Standing::offline(
            handout,
            password,
            self.roots.clone(),
            at_once,
            bell,
            self.jobs_sender.clone(),
            Teller {
                generation: self.generation,
                reports: self.reports.clone(),
            },
        ));
    }

    fn session_said(&mut self, report: SessionReport) {
        match report {
            SessionReport::Fact(fact) => self.told(fact),
            SessionReport::Legs(legs) => {
                self.lost_by_restart(&legs);
                // The rows that this phone makes of it come first: the centre has the last word on them.
                self.settle();
                self.jobs.push(Job::MergeLegs(legs));
            }
            SessionReport::Line(line) => {
                if let Some(old) = self.line.replace(*line) {
                    self.farewells.spawn(old.close());
                }
            }
            SessionReport::Found(call, found) => self.found(call, found),
            SessionReport::Recording(leg, fetched) => self.fetched(leg, fetched),
            SessionReport::Back => {
                if let Some(line) = &mut self.line {
                    line.commands.push(offhook_sip::Command::NetworkChanged);
                }
                self.look_up_copies_again();
            }
            SessionReport::SignedIn(sign_in) => self.signed_in(*sign_in),
            SessionReport::Over(code) => {
                info!(?code, "The centre ended the session");
                self.facts.push_back(Fact::SessionEnded(Some(code)));
            }
        }
    }

    fn media_said(&mut self, event: MediaEvent) {
        match event {
            // They come by their own channel.
            MediaEvent::Levels { .. } => {}
            MediaEvent::Heard { session, source } => {
                info!(%session, %source, "The far end is heard");
            }
            MediaEvent::DeviceOpened { role, name } => {
                info!(?role, name, "A sound device is open");
                self.lost.retain(|lost| *lost != role);
            }
            MediaEvent::DeviceClosed { role } => debug!(?role, "A sound device is closed"),
            MediaEvent::Ended => {
                error!("The media thread has ended");
                self.facts.push_back(Fact::Failed(Code::MediaFailed));
            }
            MediaEvent::DeviceLost {
                role,
                fault,
                reason,
            } => {
                warn!(?role, ?fault, reason, "A sound device is gone");
                let code = match (fault, role) {
                    (DeviceFault::Busy, _) => Code::DeviceBusy,
                    (DeviceFault::Missing | DeviceFault::Failed, DeviceRole::Mic) => {
                        Code::NoMicrophone
                    }
                    (
                        DeviceFault::Missing | DeviceFault::Failed,
                        DeviceRole::Speaker | DeviceRole::Ringer,
                    ) => Code::NoSpeaker,
                };
                self.playback_lost(role, code);
                if !self.lost.contains(&role) {
                    self.lost.push(role);
                    self.facts.push_back(Fact::Failed(code));
                }
            }
            MediaEvent::Digit { session, digit } => self.key_heard(session, digit),
            MediaEvent::DigitSent { session, .. } => debug!(%session, "A digit was sent"),
            MediaEvent::DigitUnsent { session } => {
                warn!(%session, "A digit was not sent");
                self.facts.push_back(Fact::KeyUnsent);
            }
            MediaEvent::Player(news) => self.player_said(news),
            MediaEvent::StreamStats { session, stats } => {
                info!(%session, ?stats, "A stream's counters");
            }
        }
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

async fn wake_line(line: &mut Option<Line>) -> Woken {
    match line {
        Some(line) => line
            .next_or_flush()
            .await
            .map_or(Woken::Flushed, Woken::Line),
        None => std::future::pending().await,
    }
}

async fn flush_wishes(standing: &mut Option<Standing>) {
    match standing {
        Some(standing) => standing.wishes.flush().await,
        None => std::future::pending().await,
    }
}
