//! What a signed-in person may ask, one method a path.

use crate::{Cloud, CloudError, EventStream, events, request::Answer};
use offhook_model::{
    CallId, Customer, CustomerCard, CustomerId, LegId, LegRecord, PhoneNumber, Presence,
    PresenceState, Secret, TicketId, WrapUpId,
    api::{
        CallLegs, CustomerBody, ExtendWrapUpRequest, PresenceRequest, StartAnsweringRequest,
        TicketBody, TicketReceipt, WrapUpBody, WrapUpExtended, WrapUpReceipt, WrapUpStored,
    },
};
use reqwest::{
    Method, RequestBuilder,
    header::{ACCEPT, IF_MATCH, RANGE},
};
use std::ops::Range;
use uuid::Uuid;

/// A session at the centre: the API with a token. Cheap to clone; the token ends with [`Session::sign_out`] or when the centre
/// says so (`SessionExpired`, `SignedInElsewhere`).
#[derive(Debug, Clone)]
pub struct Session {
    cloud: Cloud,
    token: Secret,
}

impl Session {
    pub(crate) const fn new(cloud: Cloud, token: Secret) -> Self {
        Self { cloud, token }
    }

    /// `DELETE /v1/sessions/current`: ends the session.
    ///
    /// # Errors
    /// [`CloudError`]; `SessionExpired` where it was over already.
    pub async fn sign_out(&self) -> Result<(), CloudError> {
        self.request(Method::DELETE, &["sessions", "current"])
            .no_answer()
            .await
    }

    /// `PUT /v1/presence`: asks for a presence; the answer is what is so.
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn set_presence(
        &self,
        key: Uuid,
        presence: Presence,
    ) -> Result<PresenceState, CloudError> {
        self.request(Method::PUT, &["presence"])
            .idempotent(key)
            .json(&PresenceRequest {
                presence,
                asleep: false,
            })
            .json_answer()
            .await
    }

    /// `PUT /v1/presence`: says that this computer is about to sleep, so that its silence checks nobody out.
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn suspending(&self, key: Uuid) -> Result<PresenceState, CloudError> {
        self.request(Method::PUT, &["presence"])
            .idempotent(key)
            .json(&PresenceRequest {
                presence: Presence::Break,
                asleep: true,
            })
            .json_answer()
            .await
    }

    /// `POST /v1/start-answering`: ends the wrap-up activity with this presence.
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn start_answering(
        &self,
        key: Uuid,
        presence: Presence,
    ) -> Result<PresenceState, CloudError> {
        self.request(Method::POST, &["start-answering"])
            .idempotent(key)
            .json(&StartAnsweringRequest { presence })
            .json_answer()
            .await
    }

    /// `POST /v1/extend-wrap-up`: gives a wrap-up with a limit its whole time anew.
    ///
    /// # Errors
    /// `NotNow` where there is none; [`CloudError`].
    pub async fn extend_wrap_up(&self, key: Uuid) -> Result<WrapUpExtended, CloudError> {
        self.request(Method::POST, &["extend-wrap-up"])
            .idempotent(key)
            .json(&ExtendWrapUpRequest {})
            .json_answer()
            .await
    }

    /// `POST /v1/heartbeat`, every 15 s while signed in.
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn heartbeat(&self) -> Result<(), CloudError> {
        self.request(Method::POST, &["heartbeat"]).no_answer().await
    }

    /// `GET /v1/customers?number=N`: every customer with this number; none means unknown.
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn customers(&self, number: &PhoneNumber) -> Result<Vec<CustomerCard>, CloudError> {
        self.find(&["customers"], "number", number.as_str())
            .json_answer()
            .await
    }

    /// `GET /v1/customers/{customer}`: one customer's card.
    ///
    /// # Errors
    /// `NotFound`, or what kept the request from the centre.
    pub async fn customer(&self, customer: CustomerId) -> Result<CustomerCard, CloudError> {
        self.request(Method::GET, &["customers", &customer.to_string()])
            .json_answer()
            .await
    }

    /// `PUT /v1/customers/{customer}`: changes `version` of a profile, or makes a new one where none is named. The same key and
    /// body gives the same answer however often it is sent.
    ///
    /// # Errors
    /// `Conflict` where the centre has another version; see [`CloudError::is_for_good`].
    pub async fn put_customer(
        &self,
        key: Uuid,
        customer: CustomerId,
        version: Option<u64>,
        body: &CustomerBody,
    ) -> Result<Customer, CloudError> {
        self.customer_request(key, customer, version)
            .json(body)
            .json_answer()
            .await
    }

    /// [`Session::put_customer`] with the JSON as it was put into the outbox, byte for byte.
    ///
    /// # Errors
    /// As [`Session::put_customer`].
    pub async fn put_customer_json(
        &self,
        key: Uuid,
        customer: CustomerId,
        version: Option<u64>,
        json: Vec<u8>,
    ) -> Result<Customer, CloudError> {
        self.customer_request(key, customer, version)
            .stored(json)
            .json_answer()
            .await
    }

    /// `PUT /v1/tickets/{ticket}`: files a ticket. The same key and body gives the same receipt however often it is sent.
    ///
    /// # Errors
    /// See [`CloudError::is_for_good`].
    pub async fn put_ticket(
        &self,
        key: Uuid,
        ticket: TicketId,
        body: &TicketBody,
    ) -> Result<TicketReceipt, CloudError> {
        self.ticket_request(key, ticket)
            .json(body)
            .json_answer()
            .await
    }

    /// [`Session::put_ticket`] with the JSON as it was put into the outbox, byte for byte.
    ///
    /// # Errors
    /// As [`Session::put_ticket`].
    pub async fn put_ticket_json(
        &self,
        key: Uuid,
        ticket: TicketId,
        json: Vec<u8>,
    ) -> Result<TicketReceipt, CloudError> {
        self.ticket_request(key, ticket)
            .stored(json)
            .json_answer()
            .await
    }

    /// `GET /v1/legs`: this agent's legs of the last 7×24 h, newest first.
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn legs(&self) -> Result<Vec<LegRecord>, CloudError> {
        self.request(Method::GET, &["legs"]).json_answer().await
    }

    /// `PUT /v1/wrap-ups/{id}`: files a wrap-up. The same key and body gives the same receipt however often it is sent.
    ///
    /// # Errors
    /// `KeyReused` where the key came with another body before; see [`CloudError::is_for_good`].
    pub async fn put_wrap_up(
        &self,
        wrap_up: WrapUpId,
        key: Uuid,
        body: &WrapUpBody,
    ) -> Result<WrapUpReceipt, CloudError> {
        self.wrap_up_request(Method::PUT, wrap_up)
            .idempotent(key)
            .json(body)
            .json_answer()
            .await
    }

    /// [`Session::put_wrap_up`] with the JSON as it was put into the outbox, byte for byte.
    ///
    /// # Errors
    /// As [`Session::put_wrap_up`].
    pub async fn put_wrap_up_json(
        &self,
        wrap_up: WrapUpId,
        key: Uuid,
        json: Vec<u8>,
    ) -> Result<WrapUpReceipt, CloudError> {
        self.wrap_up_request(Method::PUT, wrap_up)
            .idempotent(key)
            .stored(json)
            .json_answer()
            .await
    }

    /// `GET /v1/wrap-ups/{id}`: what the centre has (its agent, or an administrator).
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`, or what kept the request from the centre.
    pub async fn wrap_up(&self, wrap_up: WrapUpId) -> Result<WrapUpStored, CloudError> {
        self.wrap_up_request(Method::GET, wrap_up)
            .json_answer()
            .await
    }

    /// `GET /v1/wrap-ups?call=ID`: the wrap-ups of a call (administrators).
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn wrap_ups_of(&self, call: CallId) -> Result<Vec<WrapUpStored>, CloudError> {
        self.find(&["wrap-ups"], "call", &call.to_string())
            .json_answer()
            .await
    }

    /// `GET /v1/calls`: every call with its legs, newest first (administrators).
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn calls(&self) -> Result<Vec<CallLegs>, CloudError> {
        self.request(Method::GET, &["calls"]).json_answer().await
    }

    /// `GET /v1/calls/{call}`: one call with its legs (administrators).
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn call(&self, call: CallId) -> Result<CallLegs, CloudError> {
        self.request(Method::GET, &["calls", &call.to_string()])
            .json_answer()
            .await
    }

    /// `GET /v1/recordings/{leg}`: these bytes of a leg's recording, fewer where it ends before.
    ///
    /// # Errors
    /// `Forbidden` without the right to listen and for another agent's; `NotFound` where there is none; `CentreFailed` where the
    /// answer is not what was asked for; or what kept the request from the centre.
    pub async fn recording(&self, leg: LegId, bytes: Range<u64>) -> Result<Vec<u8>, CloudError> {
        let most = bytes.end.saturating_sub(bytes.start);
        if most == 0 {
            return Ok(Vec::new());
        }
        self.request(Method::GET, &["recordings", &leg.to_string()])
            .header(RANGE, format!("bytes={}-{}", bytes.start, bytes.end - 1))
            .part_answer(bytes.start, most)
            .await
    }

    /// `GET /v1/events`: the event stream, resumed after event `last`. It connects when first polled; a failure to connect is
    /// its first item. It ends when the centre ends it, and after its first error; whoever reads it opens a new one.
    #[must_use]
    pub fn events(&self, last: Option<u64>) -> EventStream {
        let mut request = self
            .cloud
            .http
            .get(self.cloud.address(&["events"]))
            .bearer_auth(self.token.expose())
            .header(ACCEPT, "text/event-stream");
        if let Some(id) = last {
            request = request.header("Last-Event-ID", id.to_string());
        }
        events::open(request, self.cloud.options)
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        self.cloud
            .request(method, path)
            .bearer_auth(self.token.expose())
    }

    fn wrap_up_request(&self, method: Method, wrap_up: WrapUpId) -> RequestBuilder {
        self.request(method, &["wrap-ups", &wrap_up.to_string()])
    }

    fn customer_request(
        &self,
        key: Uuid,
        customer: CustomerId,
        version: Option<u64>,
    ) -> RequestBuilder {
        let request = self
            .request(Method::PUT, &["customers", &customer.to_string()])
            .idempotent(key);
        match version {
            Some(version) => request.header(IF_MATCH, format!("\"{version}\"")),
            None => request,
        }
    }

    fn ticket_request(&self, key: Uuid, ticket: TicketId) -> RequestBuilder {
        self.request(Method::PUT, &["tickets", &ticket.to_string()])
            .idempotent(key)
    }

    fn find(&self, path: &[&str], name: &str, value: &str) -> RequestBuilder {
        let mut url = self.cloud.address(path);
        url.query_pairs_mut().append_pair(name, value);
        self.cloud
            .http
            .get(url)
            .timeout(self.cloud.options.answer)
            .bearer_auth(self.token.expose())
    }
}
