//! Transactions and dialogs in both roles (RFC 3261 §12-§15, §17; RFC 6026).

mod call;
mod callee;
mod caller;
mod change;
mod event;
mod leaving;
mod outside;
mod session;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use call::{Call, Timer, Usage};
pub(crate) use caller::retry_after;
pub use event::{Event, RequestFailure};

use crate::auth::DigestClient;
use crate::flow::via_name;
use crate::header::header;
use crate::message;
use crate::rng::Rng;
use crate::timers::Timers;
use crate::transaction::{ClientId, Failure, Transactions, TxEvent};
use crate::{
    CallKey, Credentials, EndCause, Flow, Header, Method, NameAddr, Reason, Request, Response,
    Status, Transmit, Transport, Uri,
};

/// How an endpoint appears and what it takes.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address our Via and Contact name: that of the sockets, not a wildcard. Over TLS it may be another
    /// ([`Endpoint::known_over_tls_at`]).
    pub local: SocketAddr,
    /// The `User-Agent` and `Server` header.
    pub user_agent: String,
    /// Methods outside dialogs handed to the owner as [`Event::Request`], such as REGISTER. OPTIONS is answered by itself.
    pub serves: Vec<Method>,
    /// Sends requests within a dialog without route set to where the other side's messages come from, not to what its Contact
    /// says: right for a server whose phones sit behind NAT.
    pub symmetric: bool,
}

/// A call to make. `Debug` shows neither names nor numbers.
#[derive(Clone)]
pub struct Invite {
    /// The Request-URI.
    pub uri: Uri,
    /// Who calls; the tag is added. Its user part is also our Contact's.
    pub from: NameAddr,
    /// Whom we call.
    pub to: NameAddr,
    /// Where the INVITE and its CANCEL go.
    pub next_hop: Flow,
    /// Our SDP.
    pub offer: Vec<u8>,
    /// More headers.
    pub headers: Vec<Header>,
    /// What to answer a challenge with.
    pub credentials: Option<Credentials>,
}

impl fmt::Debug for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invite")
            .field("next_hop", &self.next_hop)
            .finish_non_exhaustive()
    }
}

/// Names a request outside dialogs, in either direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey(u64);

/// Transactions and dialogs over datagrams and streams, in both roles.
#[derive(Debug)]
pub struct Endpoint {
    config: Config,
    credentials: Option<Credentials>,
    rng: Rng,
    tx: Transactions,
    calls: HashMap<CallKey, Call>,
    /// Calls by Call-ID and our tag: what a request within a dialog names.
    by_dialog: HashMap<(String, String), CallKey>,
    usages: HashMap<ClientId, Usage>,
    /// Requests outside dialogs that the owner has yet to answer.
    asked: HashMap<RequestKey, Request>,
    timers: Timers<Timer>,
    events: VecDeque<Event>,
    next_call: u64,
}

impl Endpoint {
    /// An endpoint at rest. The seed gives tags, branches and back-offs; in the field it must be random.
    pub fn new(config: Config, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let tx = Transactions::new(config.local, Rng::new(rng.next_u64()));
        Self {
            config,
            credentials: None,
            rng,
            tx,
            calls: HashMap::new(),
            by_dialog: HashMap::new(),
            usages: HashMap::new(),
            asked: HashMap::new(),
            timers: Timers::new(),
            events: VecDeque::new(),
            next_call: 0,
        }
    }

    /// Has Via and Contact name this address in what goes over TLS, where a port of its own listens for it.
    #[must_use]
    pub fn known_over_tls_at(mut self, local: SocketAddr) -> Self {
        self.tx.set_tls(local);
        self
    }

    /// How it appears.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What to answer a challenge within an incoming call with.
    pub fn set_credentials(&mut self, credentials: Option<Credentials>) {
        self.credentials = credentials;
    }

    /// Makes a call under a key of the endpoint's choice (from 2^62 up, so that it meets no key of an owner's).
    pub fn invite(&mut self, now: Duration, invite: Invite) -> CallKey {
        let call = CallKey((1 << 62) + self.next_call());
        self.invite_as(now, call, invite);
        call
    }

    /// Makes a call under the owner's key. A key in use is refused by doing nothing.
    pub fn invite_as(&mut self, now: Duration, call: CallKey, invite: Invite) {
        self.begin_call(now, call, invite);
        self.settle(now);
    }

    /// Answers an incoming call with 180 to 199, with early media if `sdp` is there. It is repeated every minute (RFC 3261 §13.3.1.1).
    pub fn progress(
        &mut self,
        now: Duration,
        call: CallKey,
        status: Status,
        sdp: Option<Vec<u8>>,
        headers: Vec<Header>,
    ) {
        self.send_progress(now, call, status, sdp, headers);
    }

    /// Takes an incoming call with 200 and our SDP. Does nothing if the call is no longer there to be taken.
    pub fn answer(&mut self, now: Duration, call: CallKey, sdp: Vec<u8>, headers: Vec<Header>) {
        self.take_call(now, call, sdp, headers);
    }

    /// Refuses an incoming call with a status from 300 up.
    pub fn reject(&mut self, now: Duration, call: CallKey, status: Status, headers: Vec<Header>) {
        self.refuse_call(now, call, status, headers);
    }

    /// Ends a call in any state: CANCEL, BYE or 480. [`Event::Ended`] comes at once; the wire is settled behind it.
    pub fn hang_up(&mut self, now: Duration, call: CallKey, reason: Option<Reason>) {
        self.leave(now, call, reason);
        self.settle(now);
    }

    /// Changes the session with a re-INVITE, as soon as no other change is under way; of several that wait only the last is sent.
    /// On glare (491) it is repeated by itself.
    pub fn reoffer(&mut self, now: Duration, call: CallKey, sdp: Vec<u8>) {
        self.queue_change(now, call, sdp);
        self.settle(now);
    }

    /// Answers [`Event::Reoffer`] with our SDP (the offer, if they had none).
    pub fn answer_reoffer(&mut self, now: Duration, call: CallKey, sdp: Vec<u8>) {
        self.finish_their_change(now, call, Ok(sdp));
        self.settle(now);
    }

    /// Refuses [`Event::Reoffer`]; the session stays as it was.
    pub fn reject_reoffer(&mut self, now: Duration, call: CallKey, status: Status) {
        self.finish_their_change(now, call, Err(status));
        self.settle(now);
    }

    /// Sends a request outside dialogs. Via, Max-Forwards and User-Agent are added; the rest is the owner's.
    pub fn request(&mut self, now: Duration, next_hop: Flow, request: Request) -> RequestKey {
        let key = self.send_outside(now, next_hop, request);
        self.settle(now);
        key
    }

    /// Answers [`Event::Request`] with a final status.
    pub fn respond(
        &mut self,
        now: Duration,
        key: RequestKey,
        status: Status,
        headers: Vec<Header>,
        body: Vec<u8>,
    ) {
        self.respond_outside(now, key, status, headers, body);
    }

    /// Takes a datagram, or a message of a stream, whatever it holds.
    pub fn handle_message(&mut self, now: Duration, from: Flow, bytes: &[u8]) {
        match message::parse(bytes) {
            Ok(message) => {
                self.tx.receive(now, from, message);
                self.settle(now);
            }
            Err(malformed) => {
                tracing::debug!(
                    why = malformed.why,
                    size = bytes.len(),
                    "A message that is none"
                );
                if let Some((headers, charset)) = malformed.answerable {
                    let response = message::response_to(
                        &headers,
                        charset,
                        malformed.status,
                        &self.rng.token(),
                    );
                    self.tx.answer_malformed(from, &headers, response);
                }
            }
        }
    }

    /// Lets due timers fire.
    pub fn handle_timeout(&mut self, now: Duration) {
        loop {
            while self.tx.handle_timer(now) {}
            self.settle(now);
            let Some(timer) = self.timers.pop(now) else {
                break;
            };
            self.handle_timer(now, timer);
            self.settle(now);
        }
    }

    /// Fails what waits for `to`, but for what ends a call: that is sent again for as long as any request may take.
    pub fn handle_unreachable(&mut self, now: Duration, to: Flow) {
        self.tx.unreachable(now, to, Failure::Unreachable);
        self.settle(now);
    }

    /// Fails what waits for `to`, where somebody else than expected answered: nothing was said to them.
    pub fn handle_untrusted(&mut self, now: Duration, to: Flow) {
        self.tx.unreachable(now, to, Failure::Untrusted);
        self.settle(now);
    }

    /// Takes the end of a connection. A request that had no answer yet is sent once more by a new one, but for those outside
    /// dialogs: they fail. A call of ours that rang has ended.
    pub fn handle_disconnected(&mut self, now: Duration, flow: Flow) {
        self.tx.disconnected(flow);
        self.settle(now);
    }

    /// Sends the keep-alive of RFC 5626 §3.5.1, which opens no transaction.
    pub fn keep_alive(&mut self, flow: Flow) {
        self.tx.send(Transmit {
            to: flow,
            bytes: b"\r\n\r\n".to_vec(),
        });
    }

    /// When the next timer is due.
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.tx
            .next_timeout()
            .into_iter()
            .chain(self.timers.next())
            .min()
    }

    /// The next datagram.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.tx.poll_transmit()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// True without call, transaction and timer: nothing is remembered.
    pub fn is_idle(&self) -> bool {
        self.calls.is_empty()
            && self.by_dialog.is_empty()
            && self.usages.is_empty()
            && self.asked.is_empty()
            && self.timers.is_empty()
            && self.tx.is_idle()
    }

    /// True without call and without a request of ours that waits: what is left only guards against repeated messages.
    pub fn is_settled(&self) -> bool {
        self.calls.is_empty() && self.tx.nothing_awaited()
    }

    /// The calls that have not ended for the owner, in order.
    pub fn calls(&self) -> Vec<CallKey> {
        let mut keys: Vec<CallKey> = self
            .calls
            .iter()
            .filter(|(_, call)| !call.over)
            .map(|(key, _)| *key)
            .collect();
        keys.sort();
        keys
    }

    /// Handles what the transactions have to tell, until they have no more.
    fn settle(&mut self, now: Duration) {
        while let Some(event) = self.tx.poll_event() {
            match event {
                TxEvent::Request {
                    id,
                    request,
                    source,
                } => self.handle_request(now, id, request, source),
                TxEvent::Ack { request, source } => self.handle_ack(now, &request, source),
                TxEvent::Response {
                    id,
                    response,
                    source,
                } => self.handle_response(now, id, response, source),
                TxEvent::Cut { id } => self.handle_cut(now, id),
                TxEvent::Failed { id, why } => self.handle_failure(now, id, why),
                TxEvent::ClientGone { id } => self.handle_gone(now, id),
                TxEvent::ServerGone { id } => {
                    self.asked.remove(&RequestKey(id.0));
                }
            }
        }
    }

    fn handle_response(&mut self, now: Duration, id: ClientId, response: Response, source: Flow) {
        if response.status.is_final() {
            self.timers.cancel(Timer::Orphan(id));
        }
        match self.usages.get(&id) {
            Some(Usage::Invite { call, .. }) => {
                self.invite_answered(now, id, *call, response, source)
            }
            Some(Usage::Reinvite { call, .. }) => {
                self.change_answered(now, id, *call, response, source)
            }
            Some(Usage::Bye { call }) => self.bye_answered(now, *call, &response),
            Some(Usage::Request(key)) if response.status.is_final() => {
                let key = *key;
                self.events.push_back(Event::Response { key, response });
            }
            Some(Usage::Request(_) | Usage::Nobody) | None => {}
        }
    }

    fn handle_failure(&mut self, now: Duration, id: ClientId, why: Failure) {
        let unreachable = why != Failure::Silence;
        match self.usages.get(&id) {
            Some(Usage::Invite { call, .. }) => self.invite_failed(now, id, *call, unreachable),
            Some(Usage::Reinvite { call, .. }) => self.change_failed(now, id, *call, unreachable),
            Some(Usage::Bye { call }) => self.remove_call(now, *call),
            Some(Usage::Request(key)) => {
                let failure = match why {
                    Failure::Silence => RequestFailure::Timeout,
                    Failure::Unreachable => RequestFailure::Unreachable,
                    Failure::Untrusted => RequestFailure::Untrusted,
                };
                let key = *key;
                self.events.push_back(Event::RequestFailed { key, failure });
            }
            Some(Usage::Nobody) | None => {}
        }
    }

    fn handle_cut(&mut self, now: Duration, id: ClientId) {
        match self.usages.get(&id) {
            // Its owner asks anew, under a new number.
            Some(Usage::Request(key)) => {
                let key = *key;
                self.tx.abandon(id);
                self.events.push_back(Event::RequestFailed {
                    key,
                    failure: RequestFailure::Disconnected,
                });
            }
            Some(_) if self.tx.resend(now, id) => {}
            Some(Usage::Invite { call, .. }) => self.invite_cut(now, id, *call),
            Some(Usage::Reinvite { call, .. }) => self.change_cut(now, id, *call),
            Some(Usage::Bye { call }) => {
                self.remove_call(now, *call);
                self.tx.abandon(id);
            }
            Some(Usage::Nobody) | None => self.tx.abandon(id),
        }
    }

    fn handle_gone(&mut self, now: Duration, id: ClientId) {
        self.timers.cancel(Timer::Orphan(id));
        if let Some(Usage::Invite { call, .. }) = self.usages.remove(&id) {
            self.invite_gone(now, id, call);
        }
    }

    fn handle_timer(&mut self, now: Duration, timer: Timer) {
        match timer {
            Timer::Repeat(call) => self.repeat_answer(now, call),
            Timer::AckMissing(call) => self.ack_missing(now, call),
            Timer::Rering(call) => self.ring_again(now, call),
            Timer::Glare(call) => self.change_after_glare(now, call),
            Timer::Orphan(id) => self.tx.abandon(id),
        }
    }

    /// Tells the owner how the call ended, once.
    fn end(&mut self, key: CallKey, cause: EndCause) {
        if let Some(call) = self.calls.get_mut(&key).filter(|call| !call.over) {
            call.over = true;
            self.events.push_back(Event::Ended { call: key, cause });
        }
    }

    /// Tells the owner of a call that has not ended for it.
    fn tell(&mut self, key: CallKey, event: Event) {
        if self.calls.get(&key).is_some_and(|call| !call.over) {
            self.events.push_back(event);
        }
    }

    fn insert_call(&mut self, key: CallKey, call: Call) {
        self.by_dialog
            .insert((call.call_id.clone(), call.local_tag.clone()), key);
        self.calls.insert(key, call);
    }

    fn remove_call(&mut self, now: Duration, key: CallKey) {
        let Some(call) = self.calls.remove(&key) else {
            return;
        };
        // A change of ours that nobody answers any more must not wait for ever.
        if let Some(id) = call.phase.pending_change() {
            self.timers
                .set(Timer::Orphan(id), now + crate::timers::GIVE_UP);
        }
        self.by_dialog.remove(&(call.call_id, call.local_tag));
        for timer in [
            Timer::Repeat(key),
            Timer::AckMissing(key),
            Timer::Rering(key),
            Timer::Glare(key),
        ] {
            self.timers.cancel(timer);
        }
    }

    fn next_call(&mut self) -> u64 {
        self.next_call += 1;
        self.next_call
    }

    fn digest_for(&self, credentials: Option<Credentials>) -> Option<DigestClient> {
        credentials
            .or_else(|| self.credentials.clone())
            .map(DigestClient::new)
    }

    /// `<sip:user@here>`.
    fn contact(&self, user: Option<&str>, transport: Transport) -> String {
        NameAddr::new(self.contact_uri(user, transport)).to_string()
    }

    /// Where we are reached. Without the transport's name a proxy would call back over UDP (RFC 3263 §4.1).
    pub(crate) fn contact_uri(&self, user: Option<&str>, transport: Transport) -> Uri {
        let mut uri = Uri::from_addr(user, self.tx.local(transport));
        if transport != Transport::Udp {
            let name = via_name(transport).to_ascii_lowercase();
            uri.params.set("transport", Some(&name));
        }
        uri
    }

    /// The methods of an Allow header.
    pub(crate) fn allow(&self) -> String {
        let mut allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, NOTIFY".to_owned();
        for method in &self.config.serves {
            allow.push_str(", ");
            allow.push_str(method.as_str());
        }
        allow
    }

    /// A response to a request of theirs, with our name.
    fn response(&mut self, request: &Request, status: Status, tag: &str) -> Response {
        let mut response = request.response(status, tag);
        if !self.config.user_agent.is_empty() {
            response.push("Server", &*self.config.user_agent);
        }
        response
    }

    fn user_agent_header(&self) -> Option<Header> {
        (!self.config.user_agent.is_empty()).then(|| header("User-Agent", &*self.config.user_agent))
    }
}
