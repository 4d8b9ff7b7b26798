//! One practice customer: a user agent and a media thread of its own.

use super::{PracticeCall, Script, Stage};
use crate::clock;
use crate::control::Connected;
use offhook_audio::{BackendConfig, Codec, Direction, Media, MediaEvent, SessionKey, StreamConfig};
use offhook_model::CallId;
use offhook_sip::sdp::{self, Capabilities, CodecSpec, Negotiated, SessionVersion};
use offhook_sip::{
    Account, CallKey, Command, EndCause, Event, HeadersExt, Password, Status, UserAgent,
};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The only call of its user agent.
const CALL: CallKey = CallKey(1);
/// How long the recording may take to be completed.
const RECORDING: Duration = Duration::from_secs(2);
/// How long a hang-up may take before the customer is taken for gone.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a customer is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    HangUp,
    /// Be silent, or no longer. The voice goes on meanwhile, as a person's behind a mute button.
    Mute(bool),
}

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
    media: Media,
    media_ended: oneshot::Receiver<()>,
    session: SessionKey,
    capabilities: Capabilities,
    version: SessionVersion,
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
        let (ended, media_ended) = oneshot::channel();
        let media = self.media(ended)?;
        let (session, addr) = media.bind(local.ip()).map_err(|error| error.to_string())?;
        let capabilities = capabilities(addr);
        let version = SessionVersion {
            id: clock::wall().0.unsigned_abs(),
            version: 1,
        };
        let invite = Command::Invite {
            call: CALL,
            to: format!("sip:{}@{}", self.queue, self.centre)
                .parse()
                .map_err(|_| "the queue's number is no SIP user".to_owned())?,
            offer: sdp::offer(&capabilities, sdp::Direction::SendRecv, version),
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
            media,
            media_ended,
            session,
            capabilities,
            version,
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
            admitted: Vec::new(),
            expires: Duration::from_secs(300),
            user_agent: "Offhook practice customer".to_owned(),
        })
    }

    fn media(&self, ended: oneshot::Sender<()>) -> Result<Media, String> {
        let backend = BackendConfig::Wav {
            input: Some(self.voice.clone()),
            output: self.script.record.clone(),
        };
        let ended = std::sync::Mutex::new(Some(ended));
        Media::spawn(backend, move |event| {
            if let (MediaEvent::Ended, Ok(mut ended)) = (event, ended.lock())
                && let Some(ended) = ended.take()
            {
                // The customer may have stopped waiting.
                ended.send(()).ok();
            }
        })
        .map_err(|error| error.to_string())
    }
}

impl Caller {
    async fn run(mut self) {
        let cause = self.talk().await;
        self.media.stop(self.session);
        drop(self.media);
        // The recording is complete only then.
        if tokio::time::timeout(RECORDING, self.media_ended)
            .await
            .is_err()
        {
            tracing::warn!("A practice recording was not completed");
        }
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
                    Word::Mute(muted) => self.media.set_muted(self.session, muted),
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
                let negotiated = sdp.and_then(|sdp| sdp::accept(&sdp, &self.capabilities).ok());
                self.stream = negotiated.and_then(|negotiated| self.stream_of(&negotiated));
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
                let command = self.answer_reoffer(call, sdp);
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

    fn answer_reoffer(&mut self, call: CallKey, offer: Option<Vec<u8>>) -> Command {
        self.version.version += 1;
        let wish = sdp::Direction::SendRecv;
        let Some(offer) = offer else {
            return Command::AnswerReoffer {
                call,
                sdp: sdp::offer(&self.capabilities, wish, self.version),
            };
        };
        match sdp::answer(&offer, &self.capabilities, wish, self.version) {
            Ok((sdp, _)) => Command::AnswerReoffer { call, sdp },
            Err(_) => Command::RejectReoffer {
                call,
                status: Status::NOT_ACCEPTABLE_HERE,
            },
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
        self.media.start(self.session, stream);
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

    fn stream_of(&self, negotiated: &Negotiated) -> Option<StreamConfig> {
        let voice = negotiated.codecs.first()?;
        let codec = Codec::from_rtpmap(&voice.name, voice.clock_rate)?;
        Some(StreamConfig {
            remote: negotiated.remote,
            codec,
            payload_type: voice.payload_type,
            receive: self
                .capabilities
                .codecs
                .iter()
                .filter_map(|spec| {
                    let codec = Codec::from_rtpmap(&spec.name, spec.clock_rate)?;
                    Some((spec.payload_type, codec))
                })
                .collect(),
            telephone_event: negotiated.telephone_event,
            direction: Direction::BOTH,
        })
    }
}

fn capabilities(addr: SocketAddr) -> Capabilities {
    let event = |payload_type, clock_rate| CodecSpec {
        payload_type,
        name: "telephone-event".to_owned(),
        clock_rate,
        channels: 1,
        fmtp: Some("0-15".to_owned()),
    };
    Capabilities {
        addr,
        codecs: Codec::ALL
            .into_iter()
            .map(|codec| CodecSpec {
                payload_type: codec.static_payload_type().unwrap_or(96),
                name: codec.encoding_name().to_owned(),
                clock_rate: codec.clock_rate(),
                channels: codec.channels(),
                fmtp: codec.fmtp().map(str::to_owned),
            })
            .collect(),
        telephone_event: vec![event(97, 48_000), event(101, 8_000)],
        ptime: 20,
    }
}

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
