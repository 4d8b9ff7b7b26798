//! The telephone line: one registered SIP account on a task of its own.

mod incoming;
mod leg;
mod media;

pub(crate) use incoming::offered;
pub(crate) use leg::{Leg, Legs, end_of, end_of_ours, new_version};
pub(crate) use media::{Agreed, Plan, accept, plan_answer, plan_offer};

use std::net::IpAddr;
use std::time::Duration;

use offhook_model::{Code, PhoneNumber, SipTransport};
use offhook_sip::{
    Account, Command, Event, Password, RegistrationError, Transport, Uri, UserAgent,
    net::{self, Trust, TrustError},
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::warn;

use crate::account::LineAccount;
use crate::outlet::Outlet;

/// The registration interval asked for; the registrar may grant less. Short, since over UDP a registrar that is back between two
/// keep-alives and has forgotten us is noticed at the refresh only.
const EXPIRES: Duration = Duration::from_secs(60);

/// A line that was set up. Dropping its sender withdraws the registration.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) commands: Outlet<Command>,
    events: mpsc::Receiver<Event>,
    task: JoinHandle<()>,
    /// The address this machine has towards the registrar: where media is received, too.
    pub(crate) local: IpAddr,
    aor: Uri,
}

impl Line {
    /// Finds the registrar, binds towards it and asks to be registered. How that ends comes as an event.
    pub(crate) async fn open(account: &LineAccount) -> Result<Self, Code> {
        let aor: Uri = account.aor.parse().map_err(|error| {
            warn!(%error, "The address of record does not read");
            Code::RegistrationRefused
        })?;
        let transport = match account.transport {
            SipTransport::Udp => Transport::Udp,
            SipTransport::Tcp => Transport::Tcp,
            SipTransport::Tls => Transport::Tls,
        };
        let trust = match account.transport {
            SipTransport::Udp | SipTransport::Tcp => None,
            SipTransport::Tls => Some(trust(account)?),
        };
        let registrar = net::resolve(&account.registrar, transport)
            .await
            .map_err(|error| {
                warn!(%error, "The registrar was not found");
                Code::UnknownHost
            })?;
        let unreachable = |error| {
            warn!(%error, "No socket towards the registrar");
            Code::Unreachable
        };
        let sockets = net::bind_towards(registrar).await.map_err(unreachable)?;
        let sockets = match trust {
            Some(trust) => sockets.trusting(trust),
            None => sockets,
        };
        let local = sockets.local_addr().map_err(unreachable)?;
        let agent = UserAgent::new(
            Account {
                aor: aor.clone(),
                display_name: Some(account.display_name.clone()),
                auth_user: account.auth_user.clone(),
                password: Password::new(account.password.expose()),
                realm: None,
                registrar,
                transport,
                admitted: Vec::new(),
                expires: EXPIRES,
                user_agent: concat!("Offhook/", env!("CARGO_PKG_VERSION")).to_owned(),
            },
            local,
            rand::random(),
        );
        let (commands, events, task) = net::spawn(agent, sockets);
        let mut commands = Outlet::new(commands);
        commands.push(Command::Register);
        Ok(Self {
            commands,
            events,
            task,
            local: local.ip(),
            aor,
        })
    }

    /// A number's address in this account's domain.
    pub(crate) fn uri_of(&self, number: &PhoneNumber) -> Uri {
        Uri {
            // The only sign of a number that a user part may not hold as it is (RFC 3261 section 25.1).
            user: Some(number.as_str().replace('#', "%23")),
            password: None,
            ..self.aor.clone()
        }
    }

    /// Waits for the next event (inside, `None` when the task has ended), or sends what waits and says `None`. Safe to cancel.
    pub(crate) async fn next_or_flush(&mut self) -> Option<Option<Event>> {
        tokio::select! {
            event = self.events.recv() => Some(event),
            () = self.commands.flush() => None,
        }
    }

    /// Sends what is still to be sent, withdraws the registration, and waits for the task's end.
    pub(crate) async fn close(mut self) {
        let finish = self.commands.finish();
        // The task must never wait for us while we wait for it.
        let drain = async { while self.events.recv().await.is_some() {} };
        tokio::join!(finish, drain);
        if let Err(error) = self.task.await {
            warn!(%error, "The line's task did not end well");
        }
    }
}

/// Reads whom to trust to be the registrar: anew for each line, so that a file that was put right counts without a restart.
fn trust(account: &LineAccount) -> Result<Trust, Code> {
    Trust::new(&account.registrar, account.roots.as_deref()).map_err(|error| {
        warn!(%error, "Nobody can be trusted to be the registrar");
        match error {
            TrustError::Server(_) | TrustError::Name(_) => Code::UnknownHost,
            TrustError::Roots(_) => Code::RootsInvalid,
            TrustError::System(_) | TrustError::Tls(_) => Code::CertificateInvalid,
        }
    })
}

/// Says in our codes why a registration failed.
pub(crate) const fn registration_code(cause: &RegistrationError) -> Code {
    match cause {
        RegistrationError::Unauthorized
        | RegistrationError::Refused(_)
        | RegistrationError::BadChallenge
        | RegistrationError::Unsendable => Code::RegistrationRefused,
        RegistrationError::Untrusted => Code::CertificateInvalid,
        RegistrationError::Timeout
        | RegistrationError::Unreachable
        | RegistrationError::Disconnected => Code::RegistrationLost,
    }
}
