//! The centre's API as an administrator's or an agent's own program speaks it: HTTP, none of the product's client code.

use anyhow::{Context, Result, bail, ensure};
use offhook_model::{
    Activity, CallId, CustomerCard, CustomerId, Direction, LegId, LegRecord, PhoneNumber, Presence,
    PresenceState, WrapUpId,
    api::{
        CallLegs, CustomerBody, Event, SignInResponse, TicketStored, WrapUpBody, WrapUpReceipt,
        WrapUpStored,
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;
use std::{path::Path, sync::Once};
use uuid::Uuid;

/// Makes ring the process's cryptography, which the HTTP client asks for even where it speaks plain HTTP.
pub fn use_ring() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Whoever else came first installed the same.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
}

/// Somebody signed in at the centre.
#[derive(Debug, Clone)]
pub struct Api {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// What the centre answered: status and body, whatever they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, null where it was empty.
    pub body: serde_json::Value,
}

impl Answer {
    /// Takes the body of a success.
    ///
    /// # Errors
    /// It was no success, or another body.
    pub fn take<T: DeserializeOwned>(self) -> Result<T> {
        if !(200..300).contains(&self.status) {
            bail!("the centre answered {}: {}", self.status, self.body);
        }
        Ok(serde_json::from_value(self.body)?)
    }
}

/// A practice customer to call the queue.
#[derive(Debug, Clone, Serialize)]
pub struct PracticeCall<'a> {
    /// The number it calls from.
    pub number: &'a str,
    /// The name the network gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<&'a str>,
    /// What it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<&'a Path>,
    /// Where what it hears is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<&'a Path>,
}

/// How a practice customer fares.
#[derive(Debug, Clone, Deserialize)]
pub struct PracticeState {
    /// Its id.
    pub id: Uuid,
    /// `dialling`, `waiting`, `connected` or `ended`; a recording is complete only then.
    pub stage: String,
    /// Who called: the customer (inbound), or an agent (outbound).
    pub direction: Direction,
    /// The customer's number.
    pub number: Option<PhoneNumber>,
    /// The digits that it heard.
    pub digits: String,
    /// The call, once the centre has answered.
    pub call: Option<CallId>,
}

impl Api {
    /// Signs in.
    ///
    /// # Errors
    /// The centre refuses or does not answer.
    pub async fn sign_in(base: &str, username: &str, password: &str) -> Result<Self> {
        let record = Self::on_record(base, username, password)
            .await
            .context("Signing in")?;
        Self::with_token(base, record.token.expose())
    }

    /// Speaks in a session that somebody else has opened; with an empty token in none.
    ///
    /// # Errors
    /// No client can be made.
    pub fn with_token(base: &str, token: &str) -> Result<Self> {
        Self::trusting(base, token, None)
    }

    /// Signs in over TLS at a centre that was certified under these roots (a PEM file).
    ///
    /// # Errors
    /// The centre refuses, does not answer, or cannot be trusted.
    pub async fn sign_in_over_tls(
        base: &str,
        username: &str,
        password: &str,
        roots: &Path,
    ) -> Result<Self> {
        let body = json!({ "username": username, "password": password });
        let nobody = Self::trusting(base, "", Some(roots))?;
        let answer = nobody
            .ask(reqwest::Method::POST, "/v1/sessions", None, Some(&body))
            .await?;
        let record: SignInResponse = answer.take()?;
        Self::trusting(base, record.token.expose(), Some(roots))
    }

    fn trusting(base: &str, token: &str, roots: Option<&Path>) -> Result<Self> {
        use_ring();
        let mut builder = reqwest::Client::builder().timeout(std::time::Duration::from_secs(20));
        if let Some(roots) = roots {
            let roots = std::fs::read(roots)?;
            builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(&roots)?);
        }
        Ok(Self {
            http: builder.build()?,
            base: base.trim_end_matches('/').into(),
            token: token.into(),
        })
    }

    /// Asks anything.
    ///
    /// # Errors
    /// The centre does not answer, or not with JSON.
    pub async fn ask<B: Serialize + ?Sized>(
        &self,
        method: reqwest::Method,
        path: &str,
        key: Option<Uuid>,
        body: Option<&B>,
    ) -> Result<Answer> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key.to_string());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request
            .send()
            .await
            .with_context(|| format!("Asking {path}"))?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        let body = if text.is_empty() {
            serde_json::Value::Null
        } else {
            serde_json::from_str(&text)
                .with_context(|| format!("{path} answered {status}: {text}"))?
        };
        Ok(Answer { status, body })
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.ask::<()>(reqwest::Method::GET, path, None, None)
            .await?
            .take()
    }

    /// Sets this agent's own presence.
    ///
    /// # Errors
    /// The centre refuses.
    pub async fn set_presence(&self, presence: Presence) -> Result<()> {
        let body = json!({ "presence": presence });
        self.ask(
            reqwest::Method::PUT,
            "/v1/presence",
            Some(Uuid::new_v4()),
            Some(&body),
        )
        .await?
        .take::<serde_json::Value>()
        .map(drop)
    }

    /// Ends this agent's wrap-up.
    ///
    /// # Errors
    /// The centre refuses.
    pub async fn start_answering(&self, presence: Presence) -> Result<()> {
        let body = json!({ "presence": presence });
        self.ask(
            reqwest::Method::POST,
            "/v1/start-answering",
            Some(Uuid::new_v4()),
            Some(&body),
        )
        .await?
        .take::<serde_json::Value>()
        .map(drop)
    }

    /// Signs an agent in anew, which ends the session before, and tells what the centre has on record.
    ///
    /// # Errors
    /// The centre refuses or does not answer.
    pub async fn on_record(base: &str, username: &str, password: &str) -> Result<SignInResponse> {
        let body = json!({ "username": username, "password": password });
        Self::with_token(base, "")?
            .ask(reqwest::Method::POST, "/v1/sessions", None, Some(&body))
            .await?
            .take()
    }

    /// Asks what the centre has on record of this agent, by what their event stream begins with. It is no sign of life.
    ///
    /// # Errors
    /// The centre refuses, or says something else.
    pub async fn stands(&self) -> Result<(PresenceState, Activity)> {
        let request = self.http.get(format!("{}/v1/events", self.base));
        let mut stream = request.bearer_auth(&self.token).send().await?;
        ensure!(stream.status().is_success(), "{}", stream.status());
        let (mut said, mut presence) = (Vec::new(), None);
        while let Some(piece) = stream.chunk().await? {
            said.extend_from_slice(&piece);
            let text = String::from_utf8_lossy(&said);
            for data in text.lines().filter_map(|line| line.strip_prefix("data:")) {
                match serde_json::from_str(data) {
                    Ok(Event::Presence(state)) => presence = Some(state),
                    Ok(Event::Activity { activity, .. }) => {
                        return Ok((presence.context("presence comes first")?, activity));
                    }
                    Ok(Event::Queues { .. } | Event::Leg(_) | Event::SignedInElsewhere) => {}
                    // Not whole yet.
                    Err(_) => {}
                }
            }
        }
        bail!("the stream ended")
    }

    /// Lists every call with its legs, newest first (administrator).
    ///
    /// # Errors
    /// The centre refuses.
    pub async fn calls(&self) -> Result<Vec<CallLegs>> {
        self.get("/v1/calls").await
    }

    /// Fetches a leg's recording, or bytes of it (`0-99`): the status, and what came.
    ///
    /// # Errors
    /// The centre does not answer.
    pub async fn recording(&self, leg: LegId, bytes: Option<&str>) -> Result<(u16, Vec<u8>)> {
        let path = format!("{}/v1/recordings/{leg}", self.base);
        let mut request = self.http.get(path).bearer_auth(&self.token);
        if let Some(bytes) = bytes {
            request = request.header("Range", format!("bytes={bytes}"));
        }
        let answer = request.send().await.context("Asking for a recording")?;
        let status = answer.status().as_u16();
        Ok((status, answer.bytes().await?.to_vec()))
    }

    /// Lists this agent's own legs of the last seven days, newest first.
    ///
    /// # Errors
    /// The centre refuses.
    pub async fn legs(&self) -> Result<Vec<LegRecord>> {
        self.get("/v1/legs").await
    }

    /// Lists the customers who have a number, with all that is known of them.
    ///
    /// # Errors
    /// The centre refuses.
    pub async fn cards(&self, number: &str) -> Result<Vec<CustomerCard>> {
        let number = number.replace('+', "%2B");
        self.get(&format!("/v1/customers?number={number}")).await
    }

    /// Writes a new customer.
    ///
    /// # Errors
    /// The centre refuses.
    pub async fn new_customer(&self, body: &CustomerBody) -> Result<CustomerId> {
        let customer = CustomerId(Uuid::now_v7());
        let path = format!("/v1/customers/{}", customer.0);
        self.ask(
            reqwest::Method::PUT,
            &path,
            Some(Uuid::new_v4()),
            Some(body),
        )
        .await?
        .take::<serde_json::Value>()?;
        Ok(customer)
    }

    /// Changes a version of a customer's record.
    ///
    /// # Errors
    /// The centre refuses.
    pub async fn change_customer(
        &self,
        customer: CustomerId,
        version: u64,
        body: &CustomerBody,
    ) -> Result<()> {
        let answer = self
            .http
            .put(format!("{}/v1/customers/{}", self.base, customer.0))
            .bearer_auth(&self.token)
            .header("Idempotency-Key", Uuid::new_v4().to_string())
            .header("If-Match", format!("\"{version}\""))
            .json(body)
            .send()
            .await?;
        answer
            .error_for_status()
            .map(drop)
            .context("Changing a customer")
    }

    /// Lists the tickets of a call (administrator).
    ///
    /// # Errors
    /// The centre refuses.
    pub async fn tickets_of(&self, call: CallId) -> Result<Vec<TicketStored>> {
        self.get(&format!("/v1/tickets?call={}", call.0)).await
    }

    /// Lists the wrap-ups of a call (administrator).
    ///
    /// # Errors
    /// The centre refuses.
    pub async fn wrap_ups_of(&self, call: CallId) -> Result<Vec<WrapUpStored>> {
        self.get(&format!("/v1/wrap-ups?call={}", call.0)).await
    }

    /// Reads one wrap-up.
    ///
    /// # Errors
    /// The centre refuses or has none.
    pub async fn wrap_up(&self, wrap_up: WrapUpId) -> Result<WrapUpStored> {
        self.get(&format!("/v1/wrap-ups/{}", wrap_up.0)).await
    }

    /// Sends a wrap-up under a key.
    ///
    /// # Errors
    /// The centre does not answer.
    pub async fn put_wrap_up(
        &self,
        wrap_up: WrapUpId,
        key: Uuid,
        body: &WrapUpBody,
    ) -> Result<Answer> {
        let path = format!("/v1/wrap-ups/{}", wrap_up.0);
        self.ask(reqwest::Method::PUT, &path, Some(key), Some(body))
            .await
    }

    /// Takes the receipt of a wrap-up out of an answer.
    ///
    /// # Errors
    /// It is none.
    pub fn receipt(answer: Answer) -> Result<WrapUpReceipt> {
        answer.take()
    }

    /// Has a practice customer call the queue (administrator).
    ///
    /// # Errors
    /// The centre refuses.
    pub async fn call_in(&self, call: &PracticeCall<'_>) -> Result<Uuid> {
        let state: PracticeState = self
            .ask(
                reqwest::Method::POST,
                "/v1/practice/calls",
                Some(Uuid::new_v4()),
                Some(call),
            )
            .await?
            .take()?;
        Ok(state.id)
    }

    /// Asks how a practice customer fares.
    ///
    /// # Errors
    /// The centre refuses.
    pub async fn practice_state(&self, id: Uuid) -> Result<PracticeState> {
        self.get(&format!("/v1/practice/calls/{id}")).await
    }

    /// Lists the practice calls, both ways, oldest first (administrator).
    ///
    /// # Errors
    /// The centre refuses.
    pub async fn practice_calls(&self) -> Result<Vec<PracticeState>> {
        self.get("/v1/practice/calls").await
    }

    /// Tells what a number outside is to do when it is dialled (administrator).
    ///
    /// # Errors
    /// The centre refuses.
    pub async fn teach(&self, number: &str, script: &serde_json::Value) -> Result<()> {
        let path = format!("/v1/practice/callees/{number}");
        self.ask(reqwest::Method::PUT, &path, None, Some(script))
            .await?
            .take()
    }

    /// Has a practice customer be silent, or speak again.
    ///
    /// # Errors
    /// The centre refuses.
    pub async fn mute_customer(&self, id: Uuid, muted: bool) -> Result<()> {
        let body = json!({ "muted": muted });
        let path = format!("/v1/practice/calls/{id}/muted");
        self.ask(
            reqwest::Method::PUT,
            &path,
            Some(Uuid::new_v4()),
            Some(&body),
        )
        .await?
        .take::<serde_json::Value>()
        .map(drop)
    }

    /// Has a practice customer hang up.
    ///
    /// # Errors
    /// The centre refuses.
    pub async fn hang_up_customer(&self, id: Uuid) -> Result<()> {
        let path = format!("/v1/practice/calls/{id}");
        self.ask::<()>(reqwest::Method::DELETE, &path, None, None)
            .await?
            .take::<serde_json::Value>()
            .map(drop)
    }
}
