//! The one task that owns the queue: it feeds the acd and carries its effects to the engine, the records and the streams.
//!
//! It never waits for the disk or for the wire.

use crate::acd::{Acd, Effect, Input};
use crate::clock::Clock;
use crate::engine::{Command, Directory, Wires};
use crate::hub::Hub;
use crate::recorder::Record;
use offhook_model::api::{Event, QueueState};
use offhook_model::{
    Activity, AgentId, CallId, Presence, PresenceReason, PresenceState, SkillGroupId, Wall,
};
use std::collections::{BTreeMap, VecDeque};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// The centre is closing and takes no more requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the centre is closing")]
pub struct Closing;

/// What an agent's stream begins with.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The presence.
    pub presence: PresenceState,
    /// The activity.
    pub activity: Activity,
    /// When a wrap-up ends by itself.
    pub until: Option<Wall>,
    /// The queues of the agent's skill groups.
    pub queues: Vec<QueueState>,
}

enum Request {
    Input(Input),
    Presence(Input, AgentId, oneshot::Sender<Option<PresenceState>>),
    ExtendWrapUp(AgentId, oneshot::Sender<Option<Wall>>),
    Directory(Directory),
    Snapshot(AgentId, oneshot::Sender<Option<Snapshot>>),
    Mark(oneshot::Sender<()>),
}

/// What became of a customer's call, for those who play customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connected(pub CallId);

/// A handle to the control task; clones share it.
#[derive(Debug, Clone)]
pub struct Control {
    requests: mpsc::Sender<Request>,
    connected: broadcast::Sender<Connected>,
}

impl Control {
    /// Starts the task. It ends once `closing` is cancelled and the engine has ended its calls.
    #[must_use]
    pub fn spawn(
        acd: Acd,
        groups: BTreeMap<AgentId, Vec<SkillGroupId>>,
        clock: Clock,
        wires: Wires,
        hub: Hub,
        records: mpsc::UnboundedSender<Record>,
        closing: CancellationToken,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let (requests, inbox) = mpsc::channel(256);
        let connected = broadcast::Sender::new(64);
        let task = Task {
            acd,
            groups,
            clock,
            hub,
            records,
            connected: connected.clone(),
            outbox: VecDeque::new(),
        };
        let handle = tokio::spawn(task.run(wires, inbox, closing));
        (
            Self {
                requests,
                connected,
            },
            handle,
        )
    }

    /// Sets a presence at the agent's wish and returns what then holds; nothing for somebody unknown.
    ///
    /// # Errors
    /// [`Closing`] when the task is gone.
    pub async fn set_presence(
        &self,
        agent: AgentId,
        presence: Presence,
    ) -> Result<Option<PresenceState>, Closing> {
        let input = Input::SetPresence {
            agent,
            presence,
            reason: PresenceReason::ByHand,
        };
        self.ask(|reply| Request::Presence(input, agent, reply))
            .await
    }

    /// Sets Break because the agent's computer is about to sleep, and returns what then holds; nothing for somebody unknown.
    ///
    /// # Errors
    /// [`Closing`] when the task is gone.
    pub async fn suspending(&self, agent: AgentId) -> Result<Option<PresenceState>, Closing> {
        let input = Input::Suspending { agent };
        self.ask(|reply| Request::Presence(input, agent, reply))
            .await
    }

    /// Ends the wrap-up activity and returns the presence that then holds; nothing for somebody unknown.
    ///
    /// # Errors
    /// [`Closing`] when the task is gone.
    pub async fn start_answering(
        &self,
        agent: AgentId,
        presence: Presence,
    ) -> Result<Option<PresenceState>, Closing> {
        let input = Input::StartAnswering { agent, presence };
        self.ask(|reply| Request::Presence(input, agent, reply))
            .await
    }

    /// Gives a wrap-up its whole time anew and returns when it now ends by itself; nothing where there is none with a limit.
    ///
    /// # Errors
    /// [`Closing`] when the task is gone.
    pub async fn extend_wrap_up(&self, agent: AgentId) -> Result<Option<Wall>, Closing> {
        self.ask(|reply| Request::ExtendWrapUp(agent, reply)).await
    }

    /// Tells that a session of the agent began.
    ///
    /// # Errors
    /// [`Closing`] when the task is gone.
    pub async fn signed_in(&self, agent: AgentId) -> Result<(), Closing> {
        self.send(Request::Input(Input::SignedIn { agent })).await
    }

    /// Tells that the agent's app is alive.
    ///
    /// # Errors
    /// [`Closing`] when the task is gone.
    pub async fn heard(&self, agent: AgentId) -> Result<(), Closing> {
        self.send(Request::Input(Input::Heard { agent })).await
    }

    /// Hands the engine a new directory.
    ///
    /// # Errors
    /// [`Closing`] when the task is gone.
    pub async fn set_directory(&self, directory: Directory) -> Result<(), Closing> {
        self.send(Request::Directory(directory)).await
    }

    /// What an agent's stream begins with; nothing for somebody unknown.
    ///
    /// # Errors
    /// [`Closing`] when the task is gone.
    pub async fn snapshot(&self, agent: AgentId) -> Result<Option<Snapshot>, Closing> {
        self.ask(|reply| Request::Snapshot(agent, reply)).await
    }

    /// Waits until everything decided so far is on disk, so that who reads the records finds it.
    ///
    /// # Errors
    /// [`Closing`] when the task is gone.
    pub async fn recorded(&self) -> Result<(), Closing> {
        self.ask(Request::Mark).await
    }

    /// Hears which calls are connected to an agent.
    #[must_use]
    pub fn connections(&self) -> broadcast::Receiver<Connected> {
        self.connected.subscribe()
    }

    async fn send(&self, request: Request) -> Result<(), Closing> {
        self.requests.send(request).await.map_err(|_| Closing)
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> Request,
    ) -> Result<T, Closing> {
        let (reply, answer) = oneshot::channel();
        self.send(request(reply)).await?;
        answer.await.map_err(|_| Closing)
    }
}

struct Task {
    acd: Acd,
    groups: BTreeMap<AgentId, Vec<SkillGroupId>>,
    clock: Clock,
    hub: Hub,
    records: mpsc::UnboundedSender<Record>,
    connected: broadcast::Sender<Connected>,
    /// Commands on their way to the engine: kept here, so that a busy engine never holds up the queue.
    outbox: VecDeque<Command>,
}

impl Task {
    async fn run(
        mut self,
        wires: Wires,
        mut inbox: mpsc::Receiver<Request>,
        closing: CancellationToken,
    ) {
        let Wires {
            commands,
            mut events,
        } = wires;
        // Dropped at closing: that is what ends the engine.
        let mut commands = Some(commands);
        loop {
            let deadline = self.acd.poll_timeout().map(|due| self.clock.instant(due));
            tokio::select! {
                () = closing.cancelled(), if commands.is_some() => commands = None,
                event = events.recv() => match event {
                    Some(event) => self.acd.handle(self.clock.now(), event.into()),
                    None => break,
                },
                Some(permit) = send_permit(commands.clone()), if !self.outbox.is_empty() => {
                    if let Some(command) = self.outbox.pop_front() {
                        permit.send(command);
                    }
                }
                Some(request) = inbox.recv() => self.request(request),
                () = sleep_until(deadline) => self.acd.handle_timeout(self.clock.now()),
            }
            self.carry_out();
            if commands.is_none() {
                self.outbox.clear();
            }
        }
    }

    fn request(&mut self, request: Request) {
        let now = self.clock.now();
        // Whoever asked may have gone in the meantime: nobody is left to be told.
        match request {
            Request::Input(input) => self.acd.handle(now, input),
            Request::Presence(input, agent, reply) => {
                self.acd.handle(now, input);
                reply.send(self.acd.presence(agent)).ok();
            }
            Request::ExtendWrapUp(agent, reply) => {
                self.acd.handle(now, Input::ExtendWrapUp { agent });
                reply.send(self.acd.wrap_up_until(agent)).ok();
            }
            Request::Directory(directory) => self.outbox.push_back(Command::Directory(directory)),
            Request::Mark(reply) => self.record(Record::Mark(reply)),
            Request::Snapshot(agent, reply) => {
                let snapshot = self.acd.presence(agent).zip(self.acd.activity(agent)).map(
                    |(presence, activity)| Snapshot {
                        presence,
                        activity,
                        until: self.acd.wrap_up_until(agent),
                        queues: self.queues_of(agent, &self.acd.queues()),
                    },
                );
                reply.send(snapshot).ok();
            }
        }
    }

    fn carry_out(&mut self) {
        while let Some(effect) = self.acd.poll_effect() {
            match effect {
                Effect::Offer(offer) => {
                    tracing::info!(call = %offer.call, leg = %offer.leg, agent = %offer.agent, "Offered");
                    self.outbox.push_back(Command::Offer(offer));
                }
                Effect::CancelOffer { leg, why } => {
                    tracing::info!(%leg, ?why, "Offer taken back");
                    self.outbox.push_back(Command::CancelOffer { leg, why });
                }
                Effect::Connect { call, leg } => {
                    tracing::info!(%call, %leg, "Connected");
                    self.outbox.push_back(Command::Connect { call, leg });
                    // Only practice customers listen, and only while they play.
                    self.connected.send(Connected(call)).ok();
                }
                Effect::Drop { call } => self.outbox.push_back(Command::Drop { call }),
                Effect::EndLeg { leg } => self.outbox.push_back(Command::EndLeg { leg }),
                Effect::Dial { call } => {
                    tracing::info!(%call, "Dialled");
                    self.outbox.push_back(Command::Dial { call });
                }
                Effect::RefuseDial { call, why } => {
                    tracing::info!(%call, ?why, "Dialling refused");
                    self.outbox.push_back(Command::RefuseDial { call, why });
                }
                Effect::EndDial { call } => self.outbox.push_back(Command::EndDial { call }),
                Effect::PresenceChanged { agent, state } => {
                    tracing::info!(%agent, presence = ?state.presence, reason = ?state.reason, "Presence changed");
                    self.record(Record::Presence(agent, state));
                }
                Effect::ActivityChanged {
                    agent,
                    activity,
                    until,
                } => {
                    tracing::debug!(%agent, ?activity, "Activity changed");
                    self.hub.tell(agent, Event::Activity { activity, until });
                    self.record(Record::Activity(agent, activity));
                }
                Effect::LegRecorded { agent, record } => self.record(Record::Leg(agent, record)),
                Effect::CallRecorded(record) => {
                    if let Some(outcome) = record.outcome {
                        tracing::info!(call = %record.call, ?outcome, "Call over");
                    }
                    self.record(Record::Call(record));
                }
                Effect::QueuesChanged(queues) => {
                    for &agent in self.groups.keys() {
                        let queues = self.queues_of(agent, &queues);
                        self.hub.tell(agent, Event::Queues { queues });
                    }
                }
            }
        }
    }

    fn record(&self, record: Record) {
        // The recorder outlives this task; should it have died, that has been logged there.
        self.records.send(record).ok();
    }

    fn queues_of(&self, agent: AgentId, queues: &[QueueState]) -> Vec<QueueState> {
        let groups = self.groups.get(&agent).map_or(&[][..], Vec::as_slice);
        queues
            .iter()
            .filter(|queue| groups.contains(&queue.skill_group))
            .cloned()
            .collect()
    }
}

async fn send_permit(
    commands: Option<mpsc::Sender<Command>>,
) -> Option<mpsc::OwnedPermit<Command>> {
    commands?.reserve_owned().await.ok()
}

async fn sleep_until(deadline: Option<std::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
