//! Transactions over datagrams and streams (RFC 3261 §17, RFC 6026).

mod client;
mod server;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use client::Client;
use server::Server;

use crate::flow::via_name;
use crate::header::{header, header_name};
use crate::message::{Message, WriteError, response_to};
use crate::rng::Rng;
use crate::timers::{T2, Timers};
use crate::{Flow, Headers, Method, Reason, Request, Response, Transmit, Transport, Via};

/// Names a transaction of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ClientId(pub(crate) u64);

/// Names a transaction of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ServerId(pub(crate) u64);

/// What the layer tells the one above.
#[derive(Debug)]
pub(crate) enum TxEvent {
    /// A provisional, a final, or one more 2xx of an INVITE.
    Response {
        id: ClientId,
        response: Response,
        source: Flow,
    },
    /// The connection was lost that the final answer would have come by. The transaction stands:
    /// [`resend`](Transactions::resend) it or [`abandon`](Transactions::abandon) it.
    Cut { id: ClientId },
    /// No final answer in time, or none possible. `Gone` follows.
    Failed { id: ClientId, why: Failure },
    /// A new request, not an ACK.
    Request {
        id: ServerId,
        request: Request,
        source: Flow,
    },
    /// An ACK that belongs to a 2xx.
    Ack { request: Request, source: Flow },
    /// Our transaction is over.
    ClientGone { id: ClientId },
    /// Their transaction is over.
    ServerGone { id: ServerId },
}

/// Why there is no final answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// None came in time.
    Silence,
    /// Nobody is there to answer.
    Unreachable,
    /// Whoever is there could not show to be the one who is meant; nothing was said to them.
    Untrusted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Timer {
    ClientRepeat(ClientId),
    ClientEnd(ClientId),
    ServerRepeat(ServerId),
    ServerEnd(ServerId),
}

/// All transactions of an endpoint.
pub(crate) struct Transactions {
    local: SocketAddr,
    /// What stands in its place in what goes over TLS.
    tls: Option<SocketAddr>,
    rng: Rng,
    next_id: u64,
    clients: HashMap<ClientId, Client>,
    by_branch: HashMap<(String, String), ClientId>,
    servers: HashMap<ServerId, Server>,
    by_key: HashMap<String, ServerId>,
    timers: Timers<Timer>,
    transmits: VecDeque<Transmit>,
    events: VecDeque<TxEvent>,
}

impl fmt::Debug for Transactions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transactions")
            .field("clients", &self.clients)
            .field("servers", &self.servers)
            .field("timers", &self.timers)
            .finish_non_exhaustive()
    }
}

impl Transactions {
    pub(crate) fn new(local: SocketAddr, rng: Rng) -> Self {
        Self {
            local,
            tls: None,
            rng,
            next_id: 0,
            clients: HashMap::new(),
            by_branch: HashMap::new(),
            servers: HashMap::new(),
            by_key: HashMap::new(),
            timers: Timers::new(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Names another address in what goes over TLS.
    pub(crate) fn set_tls(&mut self, local: SocketAddr) {
        self.tls = Some(local);
    }

    /// The address we are known by on this transport.
    pub(crate) fn local(&self, transport: Transport) -> SocketAddr {
        match transport {
            Transport::Tls => self.tls.unwrap_or(self.local),
            Transport::Udp
            | Transport::Tcp
            | Transport::Sctp
            | Transport::TlsSctp
            | Transport::Ws
            | Transport::Wss => self.local,
        }
    }

    /// Sends a request under a branch of its own.
    pub(crate) fn start(
        &mut self,
        now: Duration,
        to: Flow,
        request: Request,
    ) -> Result<ClientId, WriteError> {
        let branch = self.branch();
        self.start_on(now, to, request, branch)
    }

    /// Sends CANCEL for an INVITE on the INVITE's own branch and way (RFC 3261 §9.1). `None` if that transaction is over.
    pub(crate) fn cancel(
        &mut self,
        now: Duration,
        invite: ClientId,
        reason: Option<&Reason>,
    ) -> Option<ClientId> {
        let client = self.clients.get(&invite)?;
        let (to, branch) = (client.to, client.branch.clone());
        let mut request = client.sibling(Method::CANCEL);
        if let Some(reason) = reason {
            request.push("Reason", reason.to_string());
        }
        self.start_on(now, to, request, branch).ok()
    }

    /// Sends an ACK for a 2xx, which is no transaction; gives what to repeat when the 2xx is repeated.
    pub(crate) fn send_ack(&mut self, to: Flow, request: Request) -> Option<Transmit> {
        let branch = self.branch();
        let bytes = self.with_via(request, to, &branch).to_bytes().ok()?;
        let transmit = Transmit { to, bytes };
        self.transmits.push_back(transmit.clone());
        Some(transmit)
    }

    /// Sends what belongs to no transaction: an ACK again, or a keep-alive.
    pub(crate) fn send(&mut self, transmit: Transmit) {
        self.transmits.push_back(transmit);
    }

    /// Sends a request once more after its connection was lost; false if that has been done before or an answer has come.
    /// BYE and CANCEL are sent until their time is over.
    pub(crate) fn resend(&mut self, now: Duration, id: ClientId) -> bool {
        let Some(client) = self.clients.get_mut(&id) else {
            return false;
        };
        if client.take_resend() {
            self.transmits.push_back(Transmit {
                to: client.to,
                bytes: client.bytes.clone(),
            });
            return true;
        }
        let insists = client.insists();
        if insists {
            self.timers.set(Timer::ClientRepeat(id), now + T2);
        }
        insists
    }

    /// The way the answers to one of their requests go.
    pub(crate) fn flow(&self, id: ServerId) -> Option<Flow> {
        self.servers.get(&id).map(Server::flow)
    }

    /// The request of one of our transactions.
    pub(crate) fn request(&self, id: ClientId) -> Option<&Request> {
        self.clients.get(&id).map(|client| &client.request)
    }

    /// Forgets one of our transactions (RFC 3261 §9.1: after a CANCEL nobody answers).
    pub(crate) fn abandon(&mut self, id: ClientId) {
        self.remove_client(id);
    }

    /// Answers a request. After a final answer the transaction looks after itself, but for repeating a 2xx to an INVITE.
    pub(crate) fn respond(
        &mut self,
        now: Duration,
        id: ServerId,
        response: &Response,
    ) -> Result<(), WriteError> {
        let bytes = response.to_bytes()?;
        let Some(server) = self.servers.get_mut(&id) else {
            return Ok(());
        };
        let steps = server.respond(response.status, bytes);
        self.apply_server(now, id, steps);
        Ok(())
    }

    /// Sends the 2xx of an INVITE once more.
    pub(crate) fn repeat(&mut self, id: ServerId) {
        if let Some(transmit) = self.servers.get(&id).and_then(Server::last) {
            self.transmits.push_back(transmit);
        }
    }

    /// The INVITE that a CANCEL means.
    pub(crate) fn cancelled_invite(&self, cancel: &Request) -> Option<ServerId> {
        self.by_key
            .get(&server::key(cancel, &cancel.via()?, "INVITE"))
            .copied()
    }

    /// Takes a message from the wire.
    pub(crate) fn receive(&mut self, now: Duration, source: Flow, message: Message) {
        match message {
            Message::Response(response) => self.receive_response(now, source, response),
            Message::Request(request) => self.receive_request(now, source, request),
        }
    }

    /// Answers a request that could be read no further than its headers, without keeping anything.
    pub(crate) fn answer_malformed(&mut self, source: Flow, headers: &Headers, response: Response) {
        let mut response = response;
        let Some(mut via) = top_via(headers) else {
            return;
        };
        via.note_source(source.addr);
        replace_top_via(&mut response.headers, &via);
        if let Ok(bytes) = response.to_bytes() {
            self.transmits.push_back(Transmit {
                to: way_back(&via, source),
                bytes,
            });
        }
    }

    /// Fails what waits for an address where nobody listens, or nobody who may be spoken to.
    pub(crate) fn unreachable(&mut self, now: Duration, to: Flow, why: Failure) {
        let mut lost: Vec<ClientId> = self
            .clients
            .iter()
            .filter(|(_, client)| client.to == to && client.is_unanswered())
            .map(|(id, _)| *id)
            .collect();
        lost.sort();
        for id in lost {
            if self.clients.get(&id).is_some_and(Client::insists) {
                self.timers.set(Timer::ClientRepeat(id), now + T2);
                continue;
            }
            self.events.push_back(TxEvent::Failed { id, why });
            self.remove_client(id);
        }
    }

    /// Tells what waits for an answer by a connection that is no more.
    pub(crate) fn disconnected(&mut self, flow: Flow) {
        let mut cut: Vec<ClientId> = self
            .clients
            .iter()
            .filter(|(_, client)| client.to == flow && client.awaits_final())
            .map(|(id, _)| *id)
            .collect();
        cut.sort();
        self.events
            .extend(cut.into_iter().map(|id| TxEvent::Cut { id }));
    }

    /// Lets the earliest due timer fire; false if none is.
    pub(crate) fn handle_timer(&mut self, now: Duration) -> bool {
        let Some(timer) = self.timers.pop(now) else {
            return false;
        };
        match timer {
            Timer::ClientRepeat(id) => {
                let Some(client) = self.clients.get_mut(&id) else {
                    return true;
                };
                self.transmits.push_back(Transmit {
                    to: client.to,
                    bytes: client.bytes.clone(),
                });
                if client.repeats() {
                    let next = client.next_interval();
                    self.timers.set(timer, now + next);
                }
            }
            Timer::ClientEnd(id) => {
                if self.clients.get(&id).is_some_and(Client::awaits_final) {
                    self.events.push_back(TxEvent::Failed {
                        id,
                        why: Failure::Silence,
                    });
                }
                self.remove_client(id);
            }
            Timer::ServerRepeat(id) => {
                let Some(server) = self.servers.get_mut(&id) else {
                    return true;
                };
                self.transmits.extend(server.last());
                let next = server.next_interval();
                self.timers.set(timer, now + next);
            }
            Timer::ServerEnd(id) => self.remove_server(id),
        }
        true
    }

    pub(crate) fn next_timeout(&self) -> Option<Duration> {
        self.timers.next()
    }

    pub(crate) fn poll_event(&mut self) -> Option<TxEvent> {
        self.events.pop_front()
    }

    pub(crate) fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.clients.is_empty()
            && self.servers.is_empty()
            && self.timers.is_empty()
            && self.by_branch.is_empty()
            && self.by_key.is_empty()
    }

    /// True if no request of ours waits for its final answer.
    pub(crate) fn nothing_awaited(&self) -> bool {
        !self.clients.values().any(Client::awaits_final)
    }

    fn branch(&mut self) -> String {
        format!("{}{}", Via::COOKIE, self.rng.token())
    }

    fn with_via(&self, request: Request, to: Flow, branch: &str) -> Request {
        let mut headers = Headers::from(header(
            "Via",
            Via::new(via_name(to.transport), self.local(to.transport), branch).to_string(),
        ));
        headers.extend(
            request
                .headers
                .into_iter()
                .filter(|header| header_name(header) != "Via")
                .collect(),
        );
        Request { headers, ..request }
    }

    fn start_on(
        &mut self,
        now: Duration,
        to: Flow,
        request: Request,
        branch: String,
    ) -> Result<ClientId, WriteError> {
        let request = self.with_via(request, to, &branch);
        let bytes = request.to_bytes()?;
        let id = ClientId(self.next_id());
        let mut client = Client::new(to, branch.clone(), request, bytes.clone());
        self.by_branch
            .insert((branch, client.request.method.to_string()), id);
        self.transmits.push_back(Transmit { to, bytes });
        if client.repeats() {
            let next = client.next_interval();
            self.timers.set(Timer::ClientRepeat(id), now + next);
        }
        self.timers
            .set(Timer::ClientEnd(id), now + crate::timers::GIVE_UP);
        self.clients.insert(id, client);
        Ok(id)
    }

    fn receive_response(&mut self, now: Duration, source: Flow, response: Response) {
        let key = response.via().and_then(|via| {
            Some((
                via.branch()?.to_owned(),
                response.cseq()?.method.to_string(),
            ))
        });
        let Some(&id) = key.as_ref().and_then(|key| self.by_branch.get(key)) else {
            return;
        };
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        // Only our own Via may be on it: two mean it was meant for someone else (RFC 3261 §8.1.3.3).
        if response.vias().len() != 1 {
            return;
        }
        let steps = client.receive(response);
        let to = client.to;
        if steps.stop_repeating {
            self.timers.cancel(Timer::ClientRepeat(id));
        }
        if let Some(after) = steps.repeat_after {
            self.timers.set(Timer::ClientRepeat(id), now + after);
        }
        match steps.end_after {
            client::End::Keep => {}
            client::End::Never => self.timers.cancel(Timer::ClientEnd(id)),
            client::End::After(after) => self.timers.set(Timer::ClientEnd(id), now + after),
        }
        self.transmits
            .extend(steps.ack.map(|bytes| Transmit { to, bytes }));
        self.events
            .extend(steps.up.map(|response| TxEvent::Response {
                id,
                response,
                source,
            }));
    }

    fn receive_request(&mut self, now: Duration, source: Flow, mut request: Request) {
        let Some(mut via) = request.via() else { return };
        let method = if request.method == Method::ACK {
            "INVITE"
        } else {
            request.method.as_str()
        };
        let key = server::key(&request, &via, method);
        via.note_source(source.addr);
        replace_top_via(&mut request.headers, &via);
        if let Some(&id) = self.by_key.get(&key) {
            let Some(server) = self.servers.get_mut(&id) else {
                return;
            };
            server.heard_by(source);
            let steps = server.receive(request.method == Method::ACK);
            let up = steps.ack_up;
            self.apply_server(now, id, steps);
            if up {
                self.events.push_back(TxEvent::Ack { request, source });
            }
            return;
        }
        if request.method == Method::ACK {
            self.events.push_back(TxEvent::Ack { request, source });
            return;
        }
        let id = ServerId(self.next_id());
        let server = Server::new(
            key.clone(),
            request.method == Method::INVITE,
            way_back(&via, source),
        );
        self.timers
            .set(Timer::ServerEnd(id), now + crate::timers::GIVE_UP);
        if request.method == Method::INVITE {
            // It may ring for as long as it likes.
            self.timers.cancel(Timer::ServerEnd(id));
        }
        self.servers.insert(id, server);
        self.by_key.insert(key, id);
        if request.method == Method::INVITE {
            let trying = response_to(&request.headers, request.charset, crate::Status::TRYING, "");
            if self.respond(now, id, &trying).is_err() {
                self.remove_server(id);
                return;
            }
        }
        self.events.push_back(TxEvent::Request {
            id,
            request,
            source,
        });
    }

    fn apply_server(&mut self, now: Duration, id: ServerId, steps: server::Steps) {
        self.transmits.extend(steps.send);
        if steps.stop_repeating {
            self.timers.cancel(Timer::ServerRepeat(id));
        }
        if let Some(after) = steps.repeat_after {
            self.timers.set(Timer::ServerRepeat(id), now + after);
        }
        if let Some(after) = steps.end_after {
            self.timers.set(Timer::ServerEnd(id), now + after);
        }
    }

    fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn remove_client(&mut self, id: ClientId) {
        if let Some(client) = self.clients.remove(&id) {
            self.by_branch
                .remove(&(client.branch, client.request.method.to_string()));
            self.timers.cancel(Timer::ClientRepeat(id));
            self.timers.cancel(Timer::ClientEnd(id));
            self.events.push_back(TxEvent::ClientGone { id });
        }
    }

    fn remove_server(&mut self, id: ServerId) {
        if let Some(server) = self.servers.remove(&id) {
            self.by_key.remove(&server.key);
            self.timers.cancel(Timer::ServerRepeat(id));
            self.timers.cancel(Timer::ServerEnd(id));
            self.events.push_back(TxEvent::ServerGone { id });
        }
    }
}

/// The way a response goes: on a stream back by the connection its request came by (RFC 3261 §18.2.2).
fn way_back(via: &Via, source: Flow) -> Flow {
    if source.is_reliable() {
        source
    } else {
        Flow::udp(via.response_addr(source.addr))
    }
}

fn top_via(headers: &Headers) -> Option<Via> {
    use crate::HeadersExt;
    Via::parse(crate::message::scan::split_top(headers.value("Via")?, ',').next()?)
}

/// Writes the topmost Via anew, and leaves the hops below it as they are.
fn replace_top_via(headers: &mut Headers, via: &Via) {
    let mut done = false;
    let replaced: Vec<_> = std::mem::take(headers)
        .into_iter()
        .map(|old| {
            if done || header_name(&old) != "Via" {
                return old;
            }
            done = true;
            let value = crate::header_value(&old);
            match crate::message::scan::find_top(value, ',') {
                Some(at) => header("Via", format!("{via}{}", &value[at..])),
                None => header("Via", via.to_string()),
            }
        })
        .collect();
    headers.extend(replaced);
}
