//! The cloud API, version 1, over HTTP: the bodies stand in `offhook_model::api`.
//!
//! Every refusal is `application/problem+json`, also those of the router. Every route says by its extractor who may use it.

mod body;
mod calls;
mod customers;
mod events;
mod guard;
mod lasting;
mod once;
mod practice;
mod presence;
mod problem;
mod range;
mod recordings;
mod sessions;
mod tickets;
mod wrap_ups;

pub use problem::Refusal;

use crate::clock::Clock;
use crate::control::Control;
use crate::engine::Directory;
use crate::guesses::Guesses;
use crate::hub::Hub;
use crate::practice::Practice;
use crate::store::{Store, StoreError};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post, put};
pub use lasting::Lifetime;
use lasting::Used;
use offhook_model::{Code, SipTransport};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The largest body that is read, in bytes.
const BODY_LIMIT: usize = 256 * 1024;

/// What the routes work with. Clones share it.
#[derive(Debug, Clone)]
pub struct App(Arc<Inner>);

/// What an [`App`] is made of.
#[derive(Debug)]
pub struct Parts {
    /// The records.
    pub store: Store,
    /// The queue.
    pub control: Control,
    /// The streams.
    pub hub: Hub,
    /// The process's clock.
    pub clock: Clock,
    /// Where agents' telephones register, as `host:port`.
    pub registrar: String,
    /// By which transport they do.
    pub transport: SipTransport,
    /// The folder of the records, for the recordings in it.
    pub data: PathBuf,
    /// How long a queue call rings, in seconds.
    pub ring_seconds: u32,
    /// How long a wrap-up may take, in seconds.
    pub wrap_up_seconds: Option<u32>,
    /// Ends the streams when the centre closes.
    pub closing: CancellationToken,
    /// A hash that is checked against when nobody has the name, so that a guess takes as long either way.
    pub nobody: String,
    /// The practice customers, where the centre was started for them.
    pub practice: Option<Practice>,
    /// How long a session lasts.
    pub lifetime: Lifetime,
    /// How long a request's body may take to come.
    pub patience: Duration,
}

#[derive(Debug)]
struct Inner {
    parts: Parts,
    guesses: Mutex<Guesses>,
    used: Mutex<Used>,
    /// Held by a write with an idempotency key from the look-up to the answer, so that two at once are one after the other.
    writes: tokio::sync::Mutex<()>,
}

impl App {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            parts,
            guesses: Mutex::default(),
            used: Mutex::default(),
            writes: tokio::sync::Mutex::default(),
        }))
    }

    /// Tells the engine who may register now.
    pub(crate) async fn refresh_directory(&self) -> Result<(), Refusal> {
        let directory = directory(&self.store).await?;
        Ok(self.control.set_directory(directory).await?)
    }
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}

/// Reads whom the engine lets in.
///
/// # Errors
/// When the database fails.
pub async fn directory(store: &Store) -> Result<Directory, StoreError> {
    let mut agents = Vec::new();
    let mut caller_ids = BTreeMap::new();
    for agent in store.agents().await? {
        let id = agent.profile.id;
        caller_ids.insert(id, store.caller_ids(id).await?);
        agents.push((id, agent.profile.extension));
    }
    Ok(Directory {
        agents,
        caller_ids,
        queues: store
            .queue_numbers()
            .await?
            .into_iter()
            .map(|queue| (queue.number, queue.group.id))
            .collect(),
        secrets: store.sip_secrets().await?,
    })
}

/// All routes.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/v1/health", get(health))
        .route("/v1/sessions", post(sessions::sign_in))
        .route("/v1/sessions/current", delete(sessions::sign_out))
        .route("/v1/heartbeat", post(sessions::heartbeat))
        .route("/v1/presence", put(presence::set))
        .route("/v1/start-answering", post(presence::start_answering))
        .route("/v1/extend-wrap-up", post(presence::extend_wrap_up))
        .route("/v1/events", get(events::stream))
        .route("/v1/customers", get(customers::by_number))
        .route(
            "/v1/customers/{customer}",
            put(customers::set).get(customers::one),
        )
        .route("/v1/tickets", get(tickets::of_call))
        .route("/v1/tickets/{ticket}", put(tickets::set))
        .route("/v1/legs", get(calls::legs))
        .route("/v1/recordings/{leg}", get(recordings::one))
        .route("/v1/calls", get(calls::list))
        .route("/v1/calls/{call}", get(calls::one))
        .route("/v1/wrap-ups", get(wrap_ups::of_call))
        .route(
            "/v1/wrap-ups/{wrap_up}",
            put(wrap_ups::set).get(wrap_ups::one),
        )
        .route(
            "/v1/practice/calls",
            post(practice::start).get(practice::list),
        )
        .route(
            "/v1/practice/calls/{id}",
            get(practice::one).delete(practice::hang_up),
        )
        .route("/v1/practice/calls/{id}/muted", put(practice::mute))
        .route("/v1/practice/callees/{number}", put(practice::teach))
        .fallback(|| async { Refusal::new(Code::NotFound) })
        .method_not_allowed_fallback(|| async { Refusal::with_status(405, Code::Refused) })
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(app)
}

async fn health() -> axum::Json<serde_json::Value> {
    axum::Json(serde_json::json!({ "version": env!("CARGO_PKG_VERSION") }))
}
