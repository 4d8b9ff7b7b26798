//! Requests of any kind: what is checked first, and what is answered without a call (RFC 3261 §8.2, §11).

use std::time::Duration;

use super::call::Usage;
use super::{Endpoint, Event, RequestFailure, RequestKey};
use crate::header::header;
use crate::transaction::ServerId;
use crate::{CallKey, Flow, Header, Method, Request, Scheme, Status};

impl Endpoint {
    /// Inspects a new request of theirs.
    pub(super) fn handle_request(
        &mut self,
        now: Duration,
        id: ServerId,
        request: Request,
        source: Flow,
    ) {
        if request.method == Method::CANCEL {
            return self.cancel_came(now, id, &request);
        }
        if let Some((status, headers)) = self.inspect(&request) {
            return self.reply(now, id, &request, status, headers);
        }
        if request.to().is_some_and(|to| to.tag().is_some()) {
            return match self.dialog_of(&request) {
                Some(key) => self.handle_within(now, id, key, request, source),
                // An OPTIONS wants to know whether we are there, and we are.
                None if request.method == Method::OPTIONS => self.reply_generic(now, id, &request),
                None => self.reply(now, id, &request, Status::NO_SUCH_CALL, Vec::new()),
            };
        }
        match &request.method {
            Method::Known(rsip::Method::Invite) => self.call_came_in(now, id, request, source),
            method if self.config.serves.contains(method) => {
                let key = RequestKey(id.0);
                self.asked.insert(key, request.clone());
                self.events.push_back(Event::Request {
                    key,
                    request,
                    source,
                });
            }
            Method::Known(
                rsip::Method::Bye | rsip::Method::Update | rsip::Method::Info | rsip::Method::PRack,
            ) => {
                self.reply(now, id, &request, Status::NO_SUCH_CALL, Vec::new());
            }
            Method::Known(_) | Method::Other(_) => self.reply_generic(now, id, &request),
        }
    }

    /// What speaks against a request before its meaning is looked at.
    fn inspect(&self, request: &Request) -> Option<(Status, Vec<Header>)> {
        if !matches!(request.uri.scheme, Scheme::Sip | Scheme::Sips | Scheme::Tel) {
            return Some((Status::UNSUPPORTED_URI_SCHEME, Vec::new()));
        }
        let required = request.tokens("Require");
        if !required.is_empty() {
            return Some((
                Status::BAD_EXTENSION,
                vec![header("Unsupported", required.join(", "))],
            ));
        }
        None
    }

    /// The answer by method alone.
    pub(super) fn reply_generic(&mut self, now: Duration, id: ServerId, request: &Request) {
        let allow = || header("Allow", self.allow());
        let (status, headers) = match &request.method {
            Method::Known(rsip::Method::Options) => (
                Status::OK,
                vec![
                    allow(),
                    header("Accept", "application/sdp"),
                    header("Accept-Language", "en, zh-CN"),
                ],
            ),
            Method::Known(rsip::Method::Info | rsip::Method::Update) => (Status::OK, Vec::new()),
            // Of events we know none yet; 489 leaves the call alone, where 481 would end it with some.
            Method::Known(rsip::Method::Notify | rsip::Method::Subscribe) => {
                (Status::BAD_EVENT, Vec::new())
            }
            Method::Known(_) => (Status::METHOD_NOT_ALLOWED, vec![allow()]),
            Method::Other(_) => (Status::NOT_IMPLEMENTED, vec![allow()]),
        };
        let mut headers = headers;
        if let Some(flow) = self
            .tx
            .flow(id)
            .filter(|_| request.method == Method::UPDATE)
        {
            let contact = self.contact(request.uri.user.as_deref(), flow.transport);
            headers.push(header("Contact", contact));
        }
        self.reply(now, id, request, status, headers);
    }

    /// Another change is under way: come back in a moment (§14.2).
    pub(super) fn reply_later(&mut self, now: Duration, id: ServerId, request: &Request) {
        let seconds = self.rng.range(1, 10);
        self.reply(
            now,
            id,
            request,
            Status::SERVER_ERROR,
            vec![header("Retry-After", seconds.to_string())],
        );
    }

    pub(super) fn reply(
        &mut self,
        now: Duration,
        id: ServerId,
        request: &Request,
        status: Status,
        headers: Vec<Header>,
    ) {
        self.reply_tagged(now, id, request, status, headers, None);
    }

    pub(super) fn reply_tagged(
        &mut self,
        now: Duration,
        id: ServerId,
        request: &Request,
        status: Status,
        headers: Vec<Header>,
        tag: Option<String>,
    ) {
        let tag = tag.unwrap_or_else(|| self.rng.token());
        let mut response = self.response(request, status, &tag);
        response.headers.extend(headers);
        if let Err(error) = self.tx.respond(now, id, &response) {
            tracing::debug!(%error, status = status.0, "An answer that cannot be written");
        }
    }

    pub(super) fn send_outside(
        &mut self,
        now: Duration,
        next_hop: Flow,
        mut request: Request,
    ) -> RequestKey {
        // Keys of requests that came in are transactions' numbers; ours stand apart from them.
        let key = RequestKey((1 << 63) + self.next_call());
        if request.header("Max-Forwards").is_none() {
            request.push("Max-Forwards", "70");
        }
        request
            .headers
            .extend(self.user_agent_header().into_iter().collect());
        match self.tx.start(now, next_hop, request) {
            Ok(id) => {
                self.usages.insert(id, Usage::Request(key));
            }
            Err(error) => {
                tracing::warn!(%error, "A request that cannot be written");
                self.events.push_back(Event::RequestFailed {
                    key,
                    failure: RequestFailure::Unsendable,
                });
            }
        }
        key
    }

    pub(super) fn respond_outside(
        &mut self,
        now: Duration,
        key: RequestKey,
        status: Status,
        headers: Vec<Header>,
        body: Vec<u8>,
    ) {
        let Some(request) = self.asked.get(&key).cloned() else {
            return;
        };
        let tag = self.rng.token();
        let mut response = self.response(&request, status, &tag);
        response.headers.extend(headers);
        response.body = body;
        let id = ServerId(key.0);
        if let Err(error) = self.tx.respond(now, id, &response) {
            tracing::warn!(%error, status = status.0, "An answer that cannot be written");
            self.reply(now, id, &request, Status::SERVER_ERROR, Vec::new());
        }
        if status.is_final() {
            self.asked.remove(&key);
        }
    }

    /// The call that a request names by Call-ID and To tag.
    pub(super) fn dialog_of(&self, request: &Request) -> Option<CallKey> {
        let tag = request.to()?.tag()?.to_owned();
        self.by_dialog
            .get(&(request.call_id()?.to_owned(), tag))
            .copied()
    }
}
