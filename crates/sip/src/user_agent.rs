//! One account: registration, digest, who may ring.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::endpoint::{self, Endpoint};
use crate::{
    CallKey, Core, EndCause, Header, Headers, Incoming, Password, Reason, Status, Transmit, Uri,
};

/// Who we are and where we register.
#[derive(Debug, Clone)]
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

/// What the owner asks of a user agent. Call keys of outgoing calls are the owner's, below [`CallKey::INCOMING`].
#[derive(Debug, Clone)]
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

/// What a user agent tells its owner.
#[derive(Debug, Clone)]
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
    Incoming(Incoming),
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

/// A user agent for one account.
#[derive(Debug)]
pub struct UserAgent {
    endpoint: Endpoint,
    account: Account,
}

impl UserAgent {
    /// A user agent at rest; [`Command::Register`] begins. `local` is what Contact names, not a wildcard.
    pub fn new(account: Account, local: SocketAddr, seed: u64) -> Self {
        let config = endpoint::Config {
            local,
            user_agent: account.user_agent.clone(),
            serves: Vec::new(),
            symmetric: false,
        };
        Self {
            endpoint: Endpoint::new(config, seed),
            account,
        }
    }

    /// The account.
    pub fn account(&self) -> &Account {
        &self.account
    }
}

impl Core for UserAgent {
    type Command = Command;
    type Event = Event;

    fn handle_command(&mut self, now: Duration, command: Command) {
        let _ = (now, command);
    }

    fn handle_datagram(&mut self, now: Duration, from: SocketAddr, bytes: &[u8]) {
        self.endpoint.handle_datagram(now, from, bytes);
    }

    fn handle_timeout(&mut self, now: Duration) {
        self.endpoint.handle_timeout(now);
    }

    fn handle_unreachable(&mut self, now: Duration, to: SocketAddr) {
        self.endpoint.handle_unreachable(now, to);
    }

    fn handle_shutdown(&mut self, now: Duration) {
        let _ = now;
    }

    fn is_idle(&self) -> bool {
        self.endpoint.is_idle()
    }

    fn poll_timeout(&self) -> Option<Duration> {
        self.endpoint.poll_timeout()
    }

    fn poll_transmit(&mut self) -> Option<Transmit> {
        self.endpoint.poll_transmit()
    }

    fn poll_event(&mut self) -> Option<Event> {
        None
    }
}
