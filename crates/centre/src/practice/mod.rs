//! Practice people: they call a queue, or are dialled, over real SIP and real RTP, say what stands in a wav file, and record
//! what they hear.

mod behaviour;
mod callee;
mod callees;
mod customer;
mod exchange;
mod sound;
mod voice;

use crate::control::Control;
use crate::store::{Store, StoreError, match_key};
use customer::Customer;
use offhook_model::{CallId, Direction, PhoneNumber, Wall};
use offhook_sip::EndCause;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use utoipa::ToSchema;
use uuid::Uuid;

pub use behaviour::{Behaviour, CalleeScript, SampleCallee};
pub use callees::PracticeTrunk;
pub use voice::VoiceError;

/// How long a hang-up may take before somebody is taken for gone.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many practice calls may run at once.
const AT_ONCE: usize = 16;
/// How many that are over are still told of.
const REMEMBERED: usize = 256;

/// How long anything may be put off, in milliseconds: a day.
const DAY_MILLIS: u64 = 86_400_000;
/// How many characters a name, the number of a queue and a path may have.
const LONGEST_NAME: usize = 200;
const LONGEST_QUEUE: usize = 100;
const LONGEST_PATH: usize = 4_096;

/// What a practice customer is to do: the body of `POST /v1/practice/calls`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Script {
    /// The customer's number.
    pub number: PhoneNumber,
    /// The name the network gives with it.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub display_name: Option<String>,
    /// The number of the queue to call; the first one if nothing is said.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub skill_group: Option<String>,
    /// The wav file on the centre's machine to be spoken once an agent has answered; a short complaint in the customer's
    /// language if nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 4096)]
    pub voice: Option<PathBuf>,
    /// The wav file on the centre's machine to record what the customer hears of the agent.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 4096)]
    pub record: Option<PathBuf>,
    /// How long after the agent's answer the customer hangs up, in milliseconds, at most a day; never if nothing is said.
    #[serde(default)]
    #[schema(maximum = 86_400_000)]
    pub hang_up_after_ms: Option<u64>,
}

impl Script {
    /// Tells whether everything is within its bounds.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let longest = |text: &Option<String>, most| {
            text.as_ref()
                .is_none_or(|text| text.chars().count() <= most)
        };
        longest(&self.display_name, LONGEST_NAME)
            && longest(&self.skill_group, LONGEST_QUEUE)
            && [&self.voice, &self.record].into_iter().all(is_path)
            && self.hang_up_after_ms.is_none_or(is_within_a_day)
    }
}

fn is_path(path: &Option<PathBuf>) -> bool {
    path.as_ref()
        .is_none_or(|path| path.to_string_lossy().chars().count() <= LONGEST_PATH)
}

fn is_within_a_day(millis: u64) -> bool {
    millis <= DAY_MILLIS
}

/// The body of `PUT /v1/practice/calls/{id}/muted`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Muted {
    /// Whether the customer's microphone is silent.
    pub muted: bool,
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Script")
            .field("number", &self.number)
            .field("hang_up_after_ms", &self.hang_up_after_ms)
            .finish_non_exhaustive()
    }
}

/// How far a practice call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The INVITE is out, or it rings at who was dialled.
    Dialling,
    /// The centre has answered; no agent has.
    Waiting,
    /// Customer and agent talk.
    Connected,
    /// It is over and the recording is complete.
    Ended,
}

/// A practice call: the answer to all of its requests.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PracticeCall {
    /// Its name here.
    pub id: Uuid,
    /// Who called: the customer (inbound), or an agent (outbound).
    pub direction: Direction,
    /// The customer's number.
    pub number: Option<PhoneNumber>,
    /// The digits the customer heard, in their order.
    pub digits: String,
    /// The centre's name of the call, once it has answered.
    pub call: Option<CallId>,
    /// How far it has come.
    pub stage: Stage,
    /// When the agent answered.
    pub connected_at: Option<Wall>,
    /// When it was over.
    pub ended_at: Option<Wall>,
    /// How it ended, in a word for people.
    pub ended: Option<String>,
}

impl PracticeCall {
    fn new(id: Uuid, stage: Stage) -> Self {
        Self {
            id,
            direction: Direction::Inbound,
            number: None,
            digits: String::new(),
            call: None,
            stage,
            connected_at: None,
            ended_at: None,
            ended: None,
        }
    }
}

impl std::fmt::Debug for PracticeCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Digits may be a password.
        f.debug_struct("PracticeCall")
            .field("id", &self.id)
            .field("direction", &self.direction)
            .field("call", &self.call)
            .field("stage", &self.stage)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// What somebody is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    HangUp,
    /// Be silent, or no longer. The voice goes on meanwhile, as a person's behind a mute button.
    Mute(bool),
}

/// Why a practice call was not started.
#[derive(Debug, thiserror::Error)]
pub enum PracticeError {
    /// The centre has no such queue.
    #[error("there is no such queue")]
    NoQueue,
    /// A wav file cannot be read or written.
    #[error(transparent)]
    Voice(#[from] VoiceError),
    /// Too many run already.
    #[error("too many practice calls at once")]
    TooMany,
    /// No port, no thread.
    #[error("setting up the customer's phone: {0}")]
    Phone(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

struct Running {
    state: watch::Receiver<PracticeCall>,
    words: mpsc::Sender<Word>,
}

/// All practice calls of a centre; clones share them.
#[derive(Clone)]
pub struct Practice {
    control: Control,
    store: Store,
    sip: SocketAddr,
    voices: PathBuf,
    callees: Arc<Mutex<BTreeMap<PhoneNumber, CalleeScript>>>,
    calls: Arc<Mutex<BTreeMap<Uuid, Running>>>,
    tasks: TaskTracker,
    closing: CancellationToken,
}

impl std::fmt::Debug for Practice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Practice").finish_non_exhaustive()
    }
}

impl Practice {
    /// Makes practice calls possible; the voices are written below `data`.
    ///
    /// # Errors
    /// When they cannot be written, or the sample cannot be read.
    pub fn new(
        control: Control,
        store: Store,
        sip: SocketAddr,
        data: &Path,
        closing: CancellationToken,
    ) -> Result<Self, VoiceError> {
        let voices = data.join("voices");
        voice::write_all(&voices)?;
        Ok(Self {
            control,
            store,
            sip,
            voices,
            callees: Arc::new(Mutex::new(behaviour::sample()?)),
            calls: Arc::default(),
            tasks: TaskTracker::new(),
            closing,
        })
    }

    /// Lets a customer call.
    ///
    /// # Errors
    /// [`PracticeError`] says what is missing.
    pub async fn start(&self, mut script: Script) -> Result<PracticeCall, PracticeError> {
        let queues = self.store.queue_numbers().await?;
        let queue = match &script.skill_group {
            None => queues.first(),
            Some(wanted) => queues
                .iter()
                .find(|queue| queue.number == *wanted || queue.group.id.to_string() == *wanted),
        };
        let queue = queue.ok_or(PracticeError::NoQueue)?.number.clone();
        let voice = match script.voice.take() {
            Some(path) => path,
            None => self.voices.join(voice::for_number(&script.number)),
        };
        voice::check(&voice, script.record.as_deref())?;
        let id = Uuid::now_v7();
        let (told, state) = watch::channel(PracticeCall {
            number: Some(script.number.clone()),
            ..PracticeCall::new(id, Stage::Dialling)
        });
        let (words, inbox) = mpsc::channel(4);
        let running = Running {
            state: state.clone(),
            words,
        };
        self.remember(id, running)?;
        let customer = Customer {
            script,
            voice,
            queue,
            centre: self.sip,
            told,
            inbox,
            connections: self.control.connections(),
            closing: self.closing.clone(),
        };
        if let Err(error) = customer.call(&self.tasks).await {
            self.lock().remove(&id);
            return Err(PracticeError::Phone(error));
        }
        let started = state.borrow().clone();
        Ok(started)
    }

    /// Says what a number outside does when it is dialled from now on.
    ///
    /// # Errors
    /// [`PracticeError::Voice`] says what would go wrong.
    pub fn teach(&self, number: PhoneNumber, script: CalleeScript) -> Result<(), PracticeError> {
        let voice = script.voice.clone();
        let voice = voice.unwrap_or_else(|| self.voices.join(voice::of(script.behaviour, &number)));
        voice::check(&voice, script.record.as_deref())?;
        // What is guarded is whole after every statement: a panic elsewhere spoils nothing.
        self.callees
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(number, script);
        Ok(())
    }

    /// However the number was written: the exchange knows its own with the country's code too.
    fn script_of(&self, number: &PhoneNumber) -> CalleeScript {
        let callees = self.callees.lock().unwrap_or_else(PoisonError::into_inner);
        let key = match_key(number);
        let known = callees.iter().find(|(known, _)| match_key(known) == key);
        known.map(|(_, script)| script.clone()).unwrap_or_default()
    }

    /// Keeps an eye on a call, and forgets the oldest that are over.
    fn remember(&self, id: Uuid, running: Running) -> Result<(), PracticeError> {
        let mut calls = self.lock();
        if calls.values().filter(|call| !call.is_over()).count() >= AT_ONCE {
            return Err(PracticeError::TooMany);
        }
        while calls.len() >= REMEMBERED {
            let over = calls.iter().find(|(_, call)| call.is_over());
            let Some(over) = over.map(|(&id, _)| id) else {
                break;
            };
            calls.remove(&over);
        }
        calls.insert(id, running);
        Ok(())
    }

    /// Says how far a call has come; nothing for one that is not known.
    #[must_use]
    pub fn state(&self, id: Uuid) -> Option<PracticeCall> {
        let calls = self.lock();
        let state = calls.get(&id)?.state.borrow().clone();
        Some(state)
    }

    /// Says how far all calls have come, oldest first.
    #[must_use]
    pub fn states(&self) -> Vec<PracticeCall> {
        self.lock()
            .values()
            .map(|call| call.state.borrow().clone())
            .collect()
    }

    /// Lets the customer hang up and says how far the call has come; one that is over stays so.
    pub async fn hang_up(&self, id: Uuid) -> Option<PracticeCall> {
        let words = self.lock().get(&id)?.words.clone();
        // A customer who has gone hears nothing any more, and need not.
        words.send(Word::HangUp).await.ok();
        self.state(id)
    }

    /// Has the customer be silent, or speak again, and says how far the call has come.
    pub async fn mute(&self, id: Uuid, muted: bool) -> Option<PracticeCall> {
        let words = self.lock().get(&id)?.words.clone();
        // A customer who has gone is silent.
        words.send(Word::Mute(muted)).await.ok();
        self.state(id)
    }

    /// Waits until every customer has hung up, which they do when the centre closes.
    pub async fn finished(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Uuid, Running>> {
        // What is guarded is whole after every statement: a panic elsewhere spoils nothing.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn is_over(&self) -> bool {
        self.state.borrow().stage == Stage::Ended
    }
}

/// How a call ended, in a word for people.
fn word(cause: &EndCause) -> String {
    match cause {
        EndCause::Bye { .. } => "agent_hung_up".to_owned(),
        EndCause::HungUp => "hung_up".to_owned(),
        EndCause::Rejected { status, .. } => format!("rejected {}", status.0),
        EndCause::Cancelled { .. } => "cancelled".to_owned(),
        EndCause::Timeout | EndCause::Unreachable => "unreachable".to_owned(),
        EndCause::AckMissing | EndCause::Lost { .. } | EndCause::Unsendable => "lost".to_owned(),
    }
}

async fn at(moment: Option<tokio::time::Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
