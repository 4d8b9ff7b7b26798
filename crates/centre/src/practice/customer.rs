//! One practice customer: a user agent and a media thread of its own.

use super::sound::Sound;
use super::{PATIENCE, PracticeCall, Script, Stage, Word};
use super::{at, word};
use crate::clock;
use crate::control::Connected;
use offhook_audio::StreamConfig;
use offhook_model::CallId;
use offhook_sip::{
    Account, CallKey, Command, Event, HeadersExt, Password, Status, Transport, UserAgent,
};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The only call of its user agent.
const CALL: CallKey = CallKey(1);

pub(super) struct Customer {
    pub(super) script: Script,
    pub(super) voice: PathBuf,
    pub(super) queue: String,
    pub(super) centre: SocketAddr,
    pub(super) told: watch::Sender<PracticeCall>,
    pub(super) inbox: mpsc::Receiver<Word>,
    pub(super) connections: broadcast::Receiver<Connected>,
    pub(super) closing: CancellationToken,
}

/// A customer whose phone is set up.
struct Caller {
    customer: Customer,
    commands: mpsc::Sender<Command>,
    events: mpsc::Receiver<Event>,
    sound: Sound,
    /// What was agreed, once the centre has answered.
    stream: Option<StreamConfig>,
    /// Calls that were connected before the centre's answer had arrived here.
    connected: Vec<CallId>,
    hang_up_at: Option<tokio::time::Instant>,
}

impl Customer {
    /// Sets up the phone and begins the call; the rest goes on by itself.
    pub(super) async fn call(self, tasks: &TaskTracker) -> Result<(), String> {
        let socket = offhook_sip::net::bind_towards(self.centre)
            .await
            .map_err(|error| error.to_string())?;
        let local = socket.local_addr().map_err(|error| error.to_string())?;
        let ua = UserAgent::new(self.account()?, local, rand::random());
        let told = self.told.clone();
        let (voice, record) = (self.voice.clone(), self.script.record.clone());
        let sound = Sound::open(voice, record, local.ip(), told)?;
        let invite = Command::Invite {
            call: CALL,
            to: format!("sip:{}@{}", self.queue, self.centre)
                .parse()
                .map_err(|_| "the queue's number is no SIP user".to_owned())?,
            offer: sound.offer(),
            headers: Vec::new(),
        };
        let (commands, events, _task) = offhook_sip::net::spawn(ua, socket);
        commands
            .send(invite)
            .await
            .map_err(|_| "the phone has gone".to_owned())?;
        let caller = Caller {
            customer: self,
            commands,
            events,
            sound,
            stream: None,
            connected: Vec::new(),
            hang_up_at: None,
        };
        tasks.spawn(caller.run());
        Ok(())
    }

    fn account(&self) -> Result<Account, String> {
        let user = self.script.number.as_str().replace('#', "%23");
        Ok(Account {
            aor: format!("sip:{user}@{}", self.centre)
                .parse()
                .map_err(|_| "the number is no SIP user".to_owned())?,
            display_name: self.script.display_name.clone(),
            auth_user: String::new(),
            password: Password::new(""),
            realm: None,
            registrar: self.centre,
            transport: Transport::Udp,
            admitted: Vec::new(),
            expires: Duration::from_secs(300),
            user_agent: "Offhook practice customer".to_owned(),
        })
    }
}

impl Caller {
    async fn run(mut self) {
        let cause = self.talk().await;
        self.sound.close().await;
        self.customer.told.send_modify(|state| {
            state.stage = Stage::Ended;
            state.ended_at = Some(clock::wall());
            state.ended = Some(cause);
        });
    }

    /// The call from the INVITE to its end; says how it ended.
    async fn talk(&mut self) -> String {
        let mut leave_at = None;
        loop {
            tokio::select! {
                event = self.events.recv() => match event {
                    Some(event) => if let Some(cause) = self.event(event).await {
                        return cause;
                    },
                    None => return "the phone has gone".to_owned(),
                },
                connected = self.customer.connections.recv() => match connected {
                    Ok(Connected(call)) => {
                        self.connected.push(call);
                        self.begin_to_talk();
                    }
                    // Too many calls at once to follow them all, or the centre closes.
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return "the centre closed".to_owned(),
                },
                Some(word) = self.customer.inbox.recv() => match word {
                    Word::HangUp => leave_at = self.leave(leave_at).await,
                    Word::Mute(muted) => self.sound.set_muted(muted),
                },
                () = self.customer.closing.cancelled(), if leave_at.is_none() => {
                    leave_at = self.leave(leave_at).await;
                }
                () = at(self.hang_up_at) => {
                    self.hang_up_at = None;
                    leave_at = self.leave(leave_at).await;
                }
                () = at(leave_at) => return "hung_up".to_owned(),
            }
        }
    }

    async fn leave(&self, already: Option<tokio::time::Instant>) -> Option<tokio::time::Instant> {
        let hang_up = Command::HangUp {
            call: CALL,
            reason: None,
        };
        // A phone that has gone has no call to end.
        self.commands.send(hang_up).await.ok();
        already.or_else(|| Some(tokio::time::Instant::now() + PATIENCE))
    }

    /// Takes what the phone tells; how the call ended, once it has.
    async fn event(&mut self, event: Event) -> Option<String> {
        match event {
            Event::Answered { sdp, headers, .. } => {
                self.stream = sdp.and_then(|sdp| self.sound.accept(&sdp));
                if self.stream.is_none() {
                    self.leave(None).await;
                    return Some("no common codec".to_owned());
                }
                let call = headers
                    .value("X-Offhook-Call")
                    .and_then(|text| text.trim().parse().ok());
                self.customer.told.send_modify(|state| {
                    state.call = call;
                    state.stage = Stage::Waiting;
                });
                self.begin_to_talk();
                None
            }
            Event::Reoffer { call, sdp } => {
                let command = match self.sound.answer_again(sdp.as_deref()) {
                    Some(sdp) => Command::AnswerReoffer { call, sdp },
                    None => Command::RejectReoffer {
                        call,
                        status: Status::NOT_ACCEPTABLE_HERE,
                    },
                };
                self.commands.send(command).await.ok();
                None
            }
            Event::Ended { cause, .. } => Some(word(&cause)),
            Event::Incoming(incoming) => {
                let command = Command::Reject {
                    call: incoming.call,
                    status: Status::BUSY_HERE,
                    reason: None,
                };
                self.commands.send(command).await.ok();
                None
            }
            Event::Registered { .. }
            | Event::RegistrationFailed { .. }
            | Event::Unregistered
            | Event::Progress { .. }
            | Event::Confirmed { .. }
            | Event::ReofferAnswered { .. } => None,
        }
    }

    /// Starts the voice once the centre has connected an agent: whatever were said before, nobody would hear.
    fn begin_to_talk(&mut self) {
        let call = self.customer.told.borrow().call;
        if !call.is_some_and(|call| self.connected.contains(&call)) {
            return;
        }
        let Some(stream) = self.stream.take() else {
            return;
        };
        self.sound.start(stream);
        self.hang_up_at = self
            .customer
            .script
            .hang_up_after_ms
            .map(|millis| tokio::time::Instant::now() + Duration::from_millis(millis));
        self.customer.told.send_modify(|state| {
            state.stage = Stage::Connected;
            state.connected_at = Some(clock::wall());
        });
    }
}
