//! Keeps one address of record registered (RFC 3261 §10.2).
//!
//! ```text
//! Idle ──Register──▶ Asking ──200──▶ Registered ──¾ of the interval──▶ Asking
//!                      └──refused, silence──▶ Waiting ──back-off──▶ Asking
//!                      └──wrong password──▶ Refused ──network changed──▶ Asking
//! Registered ──nobody there──▶ Waiting; Registered, Asking ──connection lost──▶ Waiting ──at once──▶ Asking
//! any ──Unregister──▶ Withdrawing ──any answer──▶ Idle
//! ```

use std::time::Duration;

use crate::auth::{Attempt, DigestClient, Refused};
use crate::endpoint::{Endpoint, RequestFailure, RequestKey, retry_after};
use crate::rng::Rng;
use crate::user_agent::{Account, Event, RegistrationError};
use crate::{HeadersExt, Method, NameAddr, Request, Response, Status, Uri};

/// The first wait after a failure, doubled with each further one.
const FIRST_RETRY: Duration = Duration::from_secs(2);
/// The longest wait after a failure.
const LAST_RETRY: Duration = Duration::from_secs(120);
/// The longest wait where nobody answered at all: asking costs nobody anything, and no call comes meanwhile.
const LAST_KNOCK: Duration = Duration::from_secs(8);
/// Being lost again within this is a failure like any other.
const SETTLED: Duration = Duration::from_secs(10);
/// How often a connection is shown to be in use, in ms (RFC 5626 §4.4.1 has 95 to 120 s; middleboxes forget sooner).
const STREAM_KEEP_ALIVE: (u64, u64) = (25_000, 30_000);
/// The same over UDP, where it also finds out that the registrar has gone: the network refuses it then.
const DATAGRAM_KEEP_ALIVE: (u64, u64) = (15_000, 20_000);
/// The longest interval a registrar may ask for with 423.
const MAX_EXPIRES: Duration = Duration::from_secs(86_400);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Asking(RequestKey),
    Registered,
    Waiting,
    /// Wanted, but not asked for again by itself.
    Refused,
    Withdrawing(RequestKey),
}

#[derive(Debug)]
pub(crate) struct Registration {
    state: State,
    /// When to ask again, in `Registered` and `Waiting`.
    next: Option<Duration>,
    /// When to send the next keep-alive, while the registrar knows us.
    keep_alive: Option<Duration>,
    /// When the connection to the registrar was last lost.
    lost: Option<Duration>,
    call_id: String,
    tag: String,
    seq: u32,
    contact: Uri,
    expires: Duration,
    digest: DigestClient,
    attempt: Attempt,
    failures: u32,
    /// The registrar may know us: what must be withdrawn.
    known: bool,
    rng: Rng,
}

impl Registration {
    pub(crate) fn new(account: &Account, contact: Uri, mut rng: Rng) -> Self {
        Self {
            state: State::Idle,
            next: None,
            keep_alive: None,
            lost: None,
            call_id: format!("{}{}", rng.token(), rng.token()),
            tag: rng.token(),
            seq: 0,
            contact,
            expires: Duration::from_secs(account.expires.as_secs().max(1)),
            digest: DigestClient::new(account.credentials()),
            attempt: Attempt::default(),
            failures: 0,
            known: false,
            rng,
        }
    }

    /// Begins, or asks anew at once.
    pub(crate) fn register(&mut self, now: Duration, account: &Account, endpoint: &mut Endpoint) {
        self.failures = 0;
        self.ask(now, account, endpoint);
    }

    /// Asks anew at once, if we want to be registered at all.
    pub(crate) fn network_changed(
        &mut self,
        now: Duration,
        account: &Account,
        endpoint: &mut Endpoint,
    ) {
        match self.state {
            State::Asking(_) | State::Registered | State::Waiting | State::Refused => {
                self.register(now, account, endpoint)
            }
            State::Idle | State::Withdrawing(_) => {}
        }
    }

    pub(crate) fn unregister(
        &mut self,
        now: Duration,
        account: &Account,
        endpoint: &mut Endpoint,
    ) -> Option<Event> {
        self.next = None;
        self.keep_alive = None;
        if matches!(self.state, State::Withdrawing(_)) {
            return None;
        }
        if !self.known {
            self.state = State::Idle;
            return Some(Event::Unregistered);
        }
        self.attempt = Attempt::default();
        self.withdraw(now, account, endpoint);
        None
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.state == State::Idle
    }

    pub(crate) fn poll_timeout(&self) -> Option<Duration> {
        self.next.into_iter().chain(self.keep_alive).min()
    }

    pub(crate) fn handle_timeout(
        &mut self,
        now: Duration,
        account: &Account,
        endpoint: &mut Endpoint,
    ) {
        if self.next.is_some_and(|next| next <= now) {
            self.ask(now, account, endpoint);
        }
        if self.keep_alive.is_some_and(|at| at <= now) {
            endpoint.keep_alive(account.flow());
            self.plan_keep_alive(now, account);
        }
    }

    /// The way to the registrar is gone, though it knew us.
    pub(crate) fn handle_lost(&mut self, now: Duration, cause: RegistrationError) -> Option<Event> {
        match self.state {
            State::Registered if cause == RegistrationError::Disconnected => {
                Some(self.disconnected(now))
            }
            State::Registered => Some(self.failed(now, cause, Retry::After(None))),
            State::Idle
            | State::Asking(_)
            | State::Waiting
            | State::Refused
            | State::Withdrawing(_) => None,
        }
    }

    pub(crate) fn handle_response(
        &mut self,
        now: Duration,
        key: RequestKey,
        response: &Response,
        account: &Account,
        endpoint: &mut Endpoint,
    ) -> Option<Event> {
        match self.state {
            State::Asking(asked) if asked == key => self.answered(now, response, account, endpoint),
            State::Withdrawing(asked) if asked == key => {
                if response.status.is_challenge()
                    && self
                        .digest
                        .challenged(&mut self.attempt, &response.headers)
                        .is_ok()
                {
                    self.withdraw(now, account, endpoint);
                    return None;
                }
                self.withdrawn()
            }
            State::Idle
            | State::Asking(_)
            | State::Registered
            | State::Waiting
            | State::Refused
            | State::Withdrawing(_) => None,
        }
    }

    pub(crate) fn handle_failure(
        &mut self,
        now: Duration,
        key: RequestKey,
        failure: RequestFailure,
    ) -> Option<Event> {
        match self.state {
            State::Asking(asked) if asked == key => Some(match failure {
                RequestFailure::Timeout => {
                    self.failed(now, RegistrationError::Timeout, Retry::After(None))
                }
                RequestFailure::Unreachable => {
                    self.failed(now, RegistrationError::Unreachable, Retry::After(None))
                }
                RequestFailure::Untrusted => {
                    self.failed(now, RegistrationError::Untrusted, Retry::After(None))
                }
                RequestFailure::Disconnected => self.disconnected(now),
                RequestFailure::Unsendable => {
                    self.failed(now, RegistrationError::Unsendable, Retry::Never)
                }
            }),
            State::Withdrawing(asked) if asked == key => self.withdrawn(),
            State::Idle
            | State::Asking(_)
            | State::Registered
            | State::Waiting
            | State::Refused
            | State::Withdrawing(_) => None,
        }
    }

    fn ask(&mut self, now: Duration, account: &Account, endpoint: &mut Endpoint) {
        self.attempt = Attempt::default();
        self.next = None;
        self.known = true;
        self.state = State::Asking(self.send(now, self.expires, account, endpoint));
    }

    fn withdraw(&mut self, now: Duration, account: &Account, endpoint: &mut Endpoint) {
        self.state = State::Withdrawing(self.send(now, Duration::ZERO, account, endpoint));
    }

    fn withdrawn(&mut self) -> Option<Event> {
        self.state = State::Idle;
        self.known = false;
        Some(Event::Unregistered)
    }

    fn answered(
        &mut self,
        now: Duration,
        response: &Response,
        account: &Account,
        endpoint: &mut Endpoint,
    ) -> Option<Event> {
        let status = response.status;
        if status.is_success() {
            self.failures = 0;
            let expires = self.granted(response);
            // A quarter of the interval is left for retransmissions and one more try.
            self.next = Some(now + expires.mul_f64(0.75));
            self.plan_keep_alive(now, account);
            self.state = State::Registered;
            return Some(Event::Registered { expires });
        }
        if status.is_challenge() {
            return match self.digest.challenged(&mut self.attempt, &response.headers) {
                Ok(()) => {
                    self.state = State::Asking(self.send(now, self.expires, account, endpoint));
                    None
                }
                Err(Refused::WrongPassword) => {
                    Some(self.failed(now, RegistrationError::Unauthorized, Retry::Never))
                }
                Err(Refused::Unanswerable) => {
                    Some(self.failed(now, RegistrationError::BadChallenge, Retry::Never))
                }
            };
        }
        if status == Status::INTERVAL_TOO_BRIEF
            && let Some(min) = response
                .header("Min-Expires")
                .and_then(|text| text.trim().parse().ok())
                .map(Duration::from_secs)
            && min > self.expires
            && min <= MAX_EXPIRES
        {
            self.expires = min;
            self.state = State::Asking(self.send(now, self.expires, account, endpoint));
            return None;
        }
        // Of a refusal for good an administrator may still repent, but there is no hurry.
        if matches!(status, Status::FORBIDDEN | Status::NOT_FOUND) {
            self.failures = self.failures.max(6);
        }
        Some(self.failed(
            now,
            RegistrationError::Refused(status),
            Retry::After(retry_after(response)),
        ))
    }

    fn plan_keep_alive(&mut self, now: Duration, account: &Account) {
        let (low, high) = if account.flow().is_reliable() {
            STREAM_KEEP_ALIVE
        } else {
            DATAGRAM_KEEP_ALIVE
        };
        let wait = Duration::from_millis(self.rng.range(low, high));
        self.keep_alive = Some(now + wait);
    }

    /// Asks anew at once by a new connection, but not again and again.
    fn disconnected(&mut self, now: Duration) -> Event {
        let again = self
            .lost
            .replace(now)
            .is_some_and(|before| now < before + SETTLED);
        let retry = if again {
            Retry::After(None)
        } else {
            Retry::AtOnce
        };
        self.failed(now, RegistrationError::Disconnected, retry)
    }

    fn failed(&mut self, now: Duration, cause: RegistrationError, retry: Retry) -> Event {
        self.keep_alive = None;
        self.failures += u32::from(!matches!(retry, Retry::AtOnce));
        let longest = match cause {
            RegistrationError::Timeout
            | RegistrationError::Unreachable
            | RegistrationError::Untrusted
            | RegistrationError::Disconnected => LAST_KNOCK,
            RegistrationError::Unauthorized
            | RegistrationError::Refused(_)
            | RegistrationError::BadChallenge
            | RegistrationError::Unsendable => LAST_RETRY,
        };
        let retry_in = match retry {
            Retry::Never => None,
            Retry::AtOnce => Some(Duration::ZERO),
            Retry::After(Some(wait)) => Some(wait + Duration::from_millis(self.rng.range(0, 1000))),
            Retry::After(None) => {
                let doubled = FIRST_RETRY * (1 << (self.failures - 1).min(6));
                // Half of it is chance, or all phones of a house would come back at once.
                let millis = doubled.min(longest).as_millis() as u64;
                Some(Duration::from_millis(self.rng.range(millis / 2, millis)))
            }
        };
        self.next = retry_in.map(|wait| now + wait);
        self.state = if retry_in.is_some() {
            State::Waiting
        } else {
            State::Refused
        };
        Event::RegistrationFailed { cause, retry_in }
    }

    /// The interval of our own Contact among those returned; the Expires header counts less (§10.2.4).
    fn granted(&self, response: &Response) -> Duration {
        let contacts = response.contacts();
        let ours = contacts
            .iter()
            .find(|contact| {
                contact.uri.same_account(&self.contact) && contact.uri.port == self.contact.port
            })
            .or_else(|| contacts.first().filter(|_| contacts.len() == 1));
        ours.and_then(|contact| contact.params.value("expires"))
            .or_else(|| response.headers.value("Expires"))
            .and_then(|text| text.trim().parse().ok())
            .filter(|seconds| *seconds > 0)
            .map_or(self.expires, Duration::from_secs)
            .min(MAX_EXPIRES)
    }

    fn send(
        &mut self,
        now: Duration,
        expires: Duration,
        account: &Account,
        endpoint: &mut Endpoint,
    ) -> RequestKey {
        self.seq += 1;
        let mut registrar = account.aor.clone();
        registrar.user = None;
        registrar.password = None;
        let aor = NameAddr::new(account.aor.clone())
            .with_display(account.display_name.as_deref().unwrap_or_default());
        let mut contact = NameAddr::new(self.contact.clone());
        let seconds = expires.as_secs().to_string();
        contact.params.set("expires", Some(&seconds));
        let mut request = Request::new(Method::REGISTER, registrar);
        request.push("From", aor.clone().with_tag(&self.tag).to_string());
        request.push("To", aor.to_string());
        request.push("Call-ID", &*self.call_id);
        request.push("CSeq", format!("{} REGISTER", self.seq));
        request.push("Contact", contact.to_string());
        request.push("Expires", seconds);
        request.push("Allow", endpoint.allow());
        let uri = request.uri.to_string();
        for (name, value) in self
            .digest
            .authorize(&mut self.rng, &Method::REGISTER, &uri)
        {
            request.push(name, value);
        }
        endpoint.request(now, account.flow(), request)
    }
}

enum Retry {
    Never,
    AtOnce,
    After(Option<Duration>),
}
