//! The one event loop: everything that happens goes through here to the desk, one thing after the other.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use offhook_audio::{DeviceRole, Media, MediaEvent};
use offhook_desk::{Command, Desk, Fact, SessionView, SignedIn, View};
use offhook_model::{CallId, Code, PhoneNumber};
use offhook_store::{ProfileLock, Store};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::cards::Cards;
use crate::clock::Clock;
use crate::line::{Legs, Line};
use crate::outlet::Outlet;
use crate::pop;
use crate::query::{Answer, Query};
use crate::report::{Found, Generation, Report, SessionReport, SignIn, Teller};
use crate::session::{self, Standing};
use crate::shell::{Levels, Shell};
use crate::store_task::Job;

/// How long the centre may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(3);

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
    pub(crate) generation: Generation,
    pub(crate) signing_in: Option<CancellationToken>,
    pub(crate) standing: Option<Standing>,
    pub(crate) account: Option<(offhook_model::api::SipAccount, String)>,
    pub(crate) line: Option<Line>,
    pub(crate) legs: Legs,
    pub(crate) cards: Cards,
    /// Facts that came of carrying out effects, for the desk in their turn.
    pub(crate) facts: VecDeque<Fact>,
    /// Devices that are gone and whose loss was told.
    pub(crate) lost: Vec<DeviceRole>,
    /// What is said to the centre when nobody waits for it: sign-outs, lines being closed.
    pub(crate) farewells: JoinSet<()>,
    pub(crate) lock: ProfileLock,
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
        if timeout(GOODBYE, silence(&mut ears.media)).await.is_err() {
            warn!("The sound did not end in time");
        }
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
            Report::Fact(fact) => self.facts.push_back(fact),
            Report::SignIn(generation, outcome) if generation == self.generation => {
                self.signing_in = None;
                match *outcome {
                    Ok(sign_in) => self.signed_in(sign_in),
                    Err(code) => self.facts.push_back(Fact::SignInFailed(code)),
                }
            }
            Report::SignIn(_, outcome) => {
                if let Ok(late) = *outcome {
                    self.farewells.spawn(session::sign_out(late.session));
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
                    SessionReport::Fact(_)
                    | SessionReport::Legs(_)
                    | SessionReport::Found(..)
                    | SessionReport::Back
                    | SessionReport::Over(_) => {}
                }
            }
        }
    }

    fn signed_in(&mut self, sign_in: SignIn) {
        let SignIn {
            session,
            response,
            restored,
            trouble,
        } = sign_in;
        let Some(sip) = response.sip else {
            // `session::sign_in` lets nobody in without a telephone.
            return self.facts.push_back(Fact::SignInFailed(Code::Forbidden));
        };
        info!(agent = %response.agent.id, "Signed in");
        let name = response.agent.name.clone();
        self.account = Some((sip.clone(), name.clone()));
        self.standing = Some(Standing::start(
            session,
            sip,
            name,
            self.store.clone(),
            self.jobs_sender.clone(),
            Teller {
                generation: self.generation,
                reports: self.reports.clone(),
            },
        ));
        self.facts.push_back(Fact::SignedIn(SignedIn {
            agent: response.agent,
            presence: response.presence,
            activity: response.activity,
            ring: Duration::from_secs(u64::from(response.ring_seconds)),
            form: response.form,
        }));
        self.facts.push_back(Fact::Restored(restored));
        if let Some(code) = trouble {
            self.facts.push_back(Fact::Failed(code));
        }
    }

    fn session_said(&mut self, report: SessionReport) {
        match report {
            SessionReport::Fact(fact) => self.facts.push_back(fact),
            SessionReport::Legs(legs) => self.jobs.push(Job::MergeLegs(legs)),
            SessionReport::Line(line) => {
                if let Some(old) = self.line.replace(*line) {
                    self.farewells.spawn(old.close());
                }
            }
            SessionReport::Found(call, found) => {
                self.facts.push_back(Fact::CallerFound {
                    call,
                    caller: pop::caller(&found),
                });
                if let Found::Fresh(cards) = &found
                    && !cards.is_empty()
                {
                    self.jobs.push(Job::KeepCards(cards.clone()));
                }
                self.cards.keep(call, found);
            }
            SessionReport::Back => {
                if let Some(line) = &mut self.line {
                    line.commands.push(offhook_sip::Command::NetworkChanged);
                }
            }
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
            MediaEvent::DeviceLost { role, reason } => {
                warn!(?role, reason, "A sound device is gone");
                if !self.lost.contains(&role) {
                    self.lost.push(role);
                    self.facts.push_back(Fact::Failed(match role {
                        DeviceRole::Mic => Code::NoMicrophone,
                        DeviceRole::Speaker | DeviceRole::Ringer => Code::NoSpeaker,
                    }));
                }
            }
            MediaEvent::StreamStats { session, stats } => {
                info!(%session, ?stats, "A stream's counters");
            }
        }
    }

    fn answer(&mut self, query: Query, reply: oneshot::Sender<Result<Answer, Code>>) {
        match query {
            Query::Draft { wrap_up } => {
                let draft = self.desk.draft(wrap_up).cloned();
                // Err, here and below: whoever asked has gone.
                reply.send(Ok(Answer::Draft { draft })).ok();
            }
            Query::Form => {
                let form = self.desk.form().cloned();
                reply.send(Ok(Answer::Form { form })).ok();
            }
            Query::Card { call } => self.answer_card(call, reply),
            Query::Calls => {
                let (ask, answer) = oneshot::channel();
                self.jobs.push(Job::Calls(ask));
                hand_on(answer, reply, |rows| Answer::Calls { rows });
            }
            Query::Settings => {
                let (ask, answer) = oneshot::channel();
                self.jobs.push(Job::Settings(ask));
                hand_on(answer, reply, |settings| Answer::Settings { settings });
            }
        }
    }

    /// A form that an earlier run left has a number whose card nobody has looked up yet.
    fn answer_card(&mut self, call: CallId, reply: oneshot::Sender<Result<Answer, Code>>) {
        let Err(reply) = self.cards.ask(call, reply) else {
            return;
        };
        match self.number_of(call) {
            Some(Some(number)) if self.standing.is_some() => {
                self.look_up(call, number);
                self.cards.ask(call, reply).ok();
            }
            Some(number) => {
                reply
                    .send(Ok(Answer::Card {
                        number,
                        cards: Vec::new(),
                        stale: false,
                    }))
                    .ok();
            }
            None => {
                reply.send(Err(Code::NotFound)).ok();
            }
        }
    }

    /// The caller's number, where there is such a call or form; inside, where it was not withheld.
    fn number_of(&self, call: CallId) -> Option<Option<PhoneNumber>> {
        let view = self.view.borrow();
        let of_call = view.calls.iter().find(|kept| kept.call == call);
        let of_form = || view.wrap_ups.iter().find(|form| form.call == call);
        of_call
            .map(|kept| kept.number.clone())
            .or_else(|| of_form().map(|form| form.number.clone()))
    }

    pub(crate) fn look_up(&mut self, call: CallId, number: PhoneNumber) {
        if self.cards.expect(call, number.clone())
            && let Some(standing) = &mut self.standing
        {
            standing.look_up(call, number);
        }
    }

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
        let session = self.standing.take().map(|standing| standing.session);
        self.farewells.spawn(async move {
            // First the line, then the session: the registrar may ask for the session's password.
            if let Some(line) = line {
                line.close().await;
            }
            if tell && let Some(session) = session {
                session::sign_out(session).await;
            }
        });
        self.account = None;
        self.cards.clear();
        self.jobs.push(Job::Lock);
        while self.farewells.try_join_next().is_some() {}
    }

    /// Hangs up, signs out, and waits until what was typed is on the disk.
    async fn shut_down(&mut self, ears: &mut Ears) {
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
async fn silence(media: &mut mpsc::UnboundedReceiver<MediaEvent>) {
    while let Some(event) = media.recv().await {
        if event == MediaEvent::Ended {
            return;
        }
    }
}

/// Sends an answer on when it comes, without the actor waiting for it.
fn hand_on<T: Send + 'static>(
    answer: oneshot::Receiver<Result<T, Code>>,
    reply: oneshot::Sender<Result<Answer, Code>>,
    wrap: impl FnOnce(T) -> Answer + Send + 'static,
) {
    tokio::spawn(async move {
        let answer = answer.await.unwrap_or(Err(Code::NotNow));
        // Err: whoever asked has gone.
        reply.send(answer.map(wrap)).ok();
    });
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
