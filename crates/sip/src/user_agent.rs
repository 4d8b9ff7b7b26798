//! One account: registration, digest, who may ring.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::endpoint::{self, Endpoint, Invite};
use crate::header::header;
use crate::masked::{self, Length, Names};
use crate::registration::Registration;
use crate::rng::Rng;
use crate::{
    CallKey, Core, Credentials, EndCause, Header, Headers, Incoming, NameAddr, Password, Reason,
    Status, Transmit, Uri,
};

/// Who we are and where we register. `Debug` shows neither name nor number.
#[derive(Clone)]
pub struct Account {
    /// The address of record, such as `sip:1001@example.com`.
    pub aor: Uri,
    /// The name for people in From.
    pub display_name: Option<String>,
    /// The user name of the digest.
    pub auth_user: String,
    /// Its password.
    pub password: Password,
    /// The only realm to answer; `None` answers any the registrar asks with.
    pub realm: Option<String>,
    /// The registrar's (or its proxy's) address; all requests outside dialogs go there.
    pub registrar: SocketAddr,
    /// More addresses calls may come from, beside the registrar's.
    pub admitted: Vec<IpAddr>,
    /// The registration interval asked for, in whole seconds.
    pub expires: Duration,
    /// The `User-Agent` header.
    pub user_agent: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("registrar", &self.registrar)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

impl Account {
    pub(crate) fn credentials(&self) -> Credentials {
        Credentials {
            user: self.auth_user.clone(),
            password: self.password.clone(),
            realm: self.realm.clone(),
        }
    }

    /// Who we are in From.
    fn name_addr(&self) -> NameAddr {
        NameAddr::new(self.aor.clone())
            .with_display(self.display_name.as_deref().unwrap_or_default())
    }
}

/// What the owner asks of a user agent. Call keys of outgoing calls are the owner's, below [`CallKey::INCOMING`]. `Debug` shows
/// neither numbers nor bodies.
#[derive(Clone)]
pub enum Command {
    /// Registers, and keeps registered until [`Command::Unregister`].
    Register,
    /// Withdraws the registration.
    Unregister,
    /// Makes a call.
    Invite {
        /// Its name, not in use.
        call: CallKey,
        /// Whom to call.
        to: Uri,
        /// Our SDP.
        offer: Vec<u8>,
        /// More headers.
        headers: Vec<Header>,
    },
    /// Tells the caller that it rings (180).
    Ring {
        /// The incoming call.
        call: CallKey,
    },
    /// Takes an incoming call.
    Answer {
        /// The call.
        call: CallKey,
        /// Our SDP.
        sdp: Vec<u8>,
    },
    /// Refuses an incoming call.
    Reject {
        /// The call.
        call: CallKey,
        /// 300 to 699, such as 486 or 603.
        status: Status,
        /// Why, for the centre.
        reason: Option<Reason>,
    },
    /// Ends a call in any state.
    HangUp {
        /// The call.
        call: CallKey,
        /// Why, for the centre.
        reason: Option<Reason>,
    },
    /// Changes the session, as for hold.
    Reoffer {
        /// The call.
        call: CallKey,
        /// Our new offer.
        sdp: Vec<u8>,
    },
    /// Answers [`Event::Reoffer`].
    AnswerReoffer {
        /// The call.
        call: CallKey,
        /// Our SDP.
        sdp: Vec<u8>,
    },
    /// Refuses [`Event::Reoffer`].
    RejectReoffer {
        /// The call.
        call: CallKey,
        /// The status, such as 488.
        status: Status,
    },
    /// The network changed or the machine woke: registers anew at once.
    NetworkChanged,
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Register => f.write_str("Register"),
            Command::Unregister => f.write_str("Unregister"),
            Command::Invite { call, .. } => write!(f, "Invite({call:?})"),
            Command::Ring { call } => write!(f, "Ring({call:?})"),
            Command::Answer { call, .. } => write!(f, "Answer({call:?})"),
            Command::Reject {
                call,
                status,
                reason,
            } => write!(f, "Reject({call:?}, {status:?}, {reason:?})"),
            Command::HangUp { call, reason } => write!(f, "HangUp({call:?}, {reason:?})"),
            Command::Reoffer { call, .. } => write!(f, "Reoffer({call:?})"),
            Command::AnswerReoffer { call, .. } => write!(f, "AnswerReoffer({call:?})"),
            Command::RejectReoffer { call, status } => {
                write!(f, "RejectReoffer({call:?}, {status:?})")
            }
            Command::NetworkChanged => f.write_str("NetworkChanged"),
        }
    }
}

/// Why the registration failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationError {
    /// User name or password refused: asked twice, told no twice. Not retried.
    #[error("user name or password refused")]
    Unauthorized,
    /// The registrar answered with this status.
    #[error("the registrar answered {0}")]
    Refused(Status),
    /// No answer within 32 s.
    #[error("the registrar does not answer")]
    Timeout,
    /// Nobody listens at the registrar's address.
    #[error("nobody listens at the registrar's address")]
    Unreachable,
    /// The challenge is not for our realm or names no algorithm we know.
    #[error("the registrar's challenge cannot be answered")]
    BadChallenge,
    /// The account's own data cannot be written into a request.
    #[error("the account holds characters that cannot be sent")]
    Unsendable,
}

/// What a user agent tells its owner. `Debug` shows neither names, numbers nor bodies.
#[derive(Clone)]
pub enum Event {
    /// Registered, or registered again.
    Registered {
        /// The interval the registrar granted.
        expires: Duration,
    },
    /// Not registered; calls will not come.
    RegistrationFailed {
        /// Why.
        cause: RegistrationError,
        /// When it will be tried again; `None` waits for [`Command::Register`].
        retry_in: Option<Duration>,
    },
    /// The registration is withdrawn.
    Unregistered,
    /// A call came in.
    Incoming(Box<Incoming>),
    /// Our call makes progress (101-199).
    Progress {
        /// The call.
        call: CallKey,
        /// The status.
        status: Status,
        /// Early media.
        sdp: Option<Vec<u8>>,
        /// All headers of the response.
        headers: Headers,
    },
    /// Our call was answered.
    Answered {
        /// The call.
        call: CallKey,
        /// Their answer; `None` if it came with [`Event::Progress`] only.
        sdp: Option<Vec<u8>>,
        /// All headers of the response.
        headers: Headers,
    },
    /// The ACK to our answer came.
    Confirmed {
        /// The call.
        call: CallKey,
        /// Their answer, where ours carried the offer.
        sdp: Option<Vec<u8>>,
    },
    /// The other side changes the session.
    Reoffer {
        /// The call.
        call: CallKey,
        /// Their offer; `None` asks for ours.
        sdp: Option<Vec<u8>>,
    },
    /// The other side answered our change of the session.
    ReofferAnswered {
        /// The call.
        call: CallKey,
        /// Their answer, or the status it was refused with.
        answer: Result<Vec<u8>, Status>,
    },
    /// The call is over; told once.
    Ended {
        /// The call.
        call: CallKey,
        /// How.
        cause: EndCause,
    },
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Registered { expires } => write!(f, "Registered({expires:?})"),
            Event::RegistrationFailed { cause, retry_in } => {
                write!(f, "RegistrationFailed({cause:?}, {retry_in:?})")
            }
            Event::Unregistered => f.write_str("Unregistered"),
            Event::Incoming(incoming) => incoming.fmt(f),
            Event::Progress {
                call,
                status,
                sdp,
                headers,
            } => f
                .debug_struct("Progress")
                .field("call", call)
                .field("status", status)
                .field("sdp", &masked::body(sdp))
                .field("headers", &Names(headers))
                .finish(),
            Event::Answered { call, sdp, headers } => f
                .debug_struct("Answered")
                .field("call", call)
                .field("sdp", &masked::body(sdp))
                .field("headers", &Names(headers))
                .finish(),
            Event::Confirmed { call, sdp } => {
                write!(f, "Confirmed({call:?}, {:?})", masked::body(sdp))
            }
            Event::Reoffer { call, sdp } => write!(f, "Reoffer({call:?}, {:?})", masked::body(sdp)),
            Event::ReofferAnswered { call, answer } => {
                write!(
                    f,
                    "ReofferAnswered({call:?}, {:?})",
                    answer.as_ref().map(|sdp| Length(sdp.len()))
                )
            }
            Event::Ended { call, cause } => write!(f, "Ended({call:?}, {cause:?})"),
        }
    }
}

/// A user agent for one account.
#[derive(Debug)]
pub struct UserAgent {
    endpoint: Endpoint,
    account: Account,
    registration: Registration,
    /// Calls from an address that may not ring; nobody hears of them.
    turned_away: HashSet<CallKey>,
    events: VecDeque<Event>,
}

impl UserAgent {
    /// A user agent at rest; [`Command::Register`] begins. `local` is what Via and Contact name, so not a wildcard. The seed must be
    /// random in the field.
    pub fn new(account: Account, local: SocketAddr, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let config = endpoint::Config {
            local,
            user_agent: account.user_agent.clone(),
            serves: Vec::new(),
            symmetric: false,
        };
        let mut endpoint = Endpoint::new(config, rng.next_u64());
        endpoint.set_credentials(Some(account.credentials()));
        let contact = Uri::from_addr(account.aor.user.as_deref(), local);
        let registration = Registration::new(&account, contact, rng);
        Self {
            endpoint,
            account,
            registration,
            turned_away: HashSet::new(),
            events: VecDeque::new(),
        }
    }

    /// The account.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// True without call, transaction and timer: nothing is remembered.
    pub fn is_at_rest(&self) -> bool {
        self.endpoint.is_idle() && self.registration.poll_timeout().is_none()
    }

    fn admits(&self, source: SocketAddr) -> bool {
        source.ip() == self.account.registrar.ip() || self.account.admitted.contains(&source.ip())
    }

    /// Passes on what the endpoint has to tell.
    fn settle(&mut self, now: Duration) {
        while let Some(event) = self.endpoint.poll_event() {
            let told =
                match event {
                    endpoint::Event::Incoming(incoming) if !self.admits(incoming.source) => {
                        tracing::info!("A call from an address that may not ring");
                        self.turned_away.insert(incoming.call);
                        self.endpoint
                            .reject(now, incoming.call, Status::FORBIDDEN, Vec::new());
                        None
                    }
                    endpoint::Event::Incoming(incoming) => Some(Event::Incoming(incoming)),
                    // No method is served, so none comes.
                    endpoint::Event::Request { .. } => None,
                    endpoint::Event::Response { key, response } => self
                        .registration
                        .handle_response(now, key, &response, &self.account, &mut self.endpoint),
                    endpoint::Event::RequestFailed { key, failure } => {
                        self.registration.handle_failure(now, key, failure)
                    }
                    endpoint::Event::Progress {
                        call,
                        status,
                        sdp,
                        headers,
                    } => Some(Event::Progress {
                        call,
                        status,
                        sdp,
                        headers,
                    }),
                    endpoint::Event::Answered { call, sdp, headers } => {
                        Some(Event::Answered { call, sdp, headers })
                    }
                    endpoint::Event::Confirmed { call, sdp } => {
                        Some(Event::Confirmed { call, sdp })
                    }
                    endpoint::Event::Reoffer { call, sdp } => Some(Event::Reoffer { call, sdp }),
                    endpoint::Event::ReofferAnswered { call, answer } => {
                        Some(Event::ReofferAnswered { call, answer })
                    }
                    endpoint::Event::Ended { call, cause } => {
                        (!self.turned_away.remove(&call)).then_some(Event::Ended { call, cause })
                    }
                };
            self.events.extend(told);
        }
    }
}

impl Core for UserAgent {
    type Command = Command;
    type Event = Event;

    fn handle_command(&mut self, now: Duration, command: Command) {
        let Self {
            endpoint,
            account,
            registration,
            ..
        } = self;
        match command {
            Command::Register => registration.register(now, account, endpoint),
            Command::Unregister => {
                let told = registration.unregister(now, account, endpoint);
                self.events.extend(told);
            }
            Command::Invite {
                call,
                to,
                offer,
                headers,
            } => {
                let invite = Invite {
                    uri: to.clone(),
                    from: account.name_addr(),
                    to: NameAddr::new(to),
                    next_hop: account.registrar,
                    offer,
                    headers,
                    credentials: None,
                };
                endpoint.invite_as(now, call, invite);
            }
            Command::Ring { call } => {
                endpoint.progress(now, call, Status::RINGING, None, Vec::new())
            }
            Command::Answer { call, sdp } => endpoint.answer(now, call, sdp, Vec::new()),
            Command::Reject {
                call,
                status,
                reason,
            } => {
                let headers = reason
                    .map(|reason| header("Reason", reason.to_string()))
                    .into_iter()
                    .collect();
                endpoint.reject(now, call, status, headers);
            }
            Command::HangUp { call, reason } => endpoint.hang_up(now, call, reason),
            Command::Reoffer { call, sdp } => endpoint.reoffer(now, call, sdp),
            Command::AnswerReoffer { call, sdp } => endpoint.answer_reoffer(now, call, sdp),
            Command::RejectReoffer { call, status } => endpoint.reject_reoffer(now, call, status),
            Command::NetworkChanged => registration.network_changed(now, account, endpoint),
        }
        self.settle(now);
    }

    fn handle_datagram(&mut self, now: Duration, from: SocketAddr, bytes: &[u8]) {
        self.endpoint.handle_datagram(now, from, bytes);
        self.settle(now);
    }

    fn handle_timeout(&mut self, now: Duration) {
        self.endpoint.handle_timeout(now);
        self.registration
            .handle_timeout(now, &self.account, &mut self.endpoint);
        self.settle(now);
    }

    fn handle_unreachable(&mut self, now: Duration, to: SocketAddr) {
        self.endpoint.handle_unreachable(now, to);
        self.settle(now);
    }

    fn handle_shutdown(&mut self, now: Duration) {
        for call in self.endpoint.calls() {
            self.endpoint.hang_up(now, call, None);
        }
        self.handle_command(now, Command::Unregister);
    }

    fn is_idle(&self) -> bool {
        self.endpoint.is_settled() && self.registration.is_idle()
    }

    fn poll_timeout(&self) -> Option<Duration> {
        self.endpoint
            .poll_timeout()
            .into_iter()
            .chain(self.registration.poll_timeout())
            .min()
    }

    fn poll_transmit(&mut self) -> Option<Transmit> {
        self.endpoint.poll_transmit()
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
}
