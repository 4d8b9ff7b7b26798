//! The cloud API, version 1, over HTTP: the bodies stand in `offhook_model::api`.
//!
//! Every refusal is `application/problem+json`, also those of the router. Every route says by its extractor who may use it.

mod body;
mod calls;
mod customers;
mod document;
mod events;
mod guard;
mod lasting;
mod once;
mod practice;
mod presence;
mod problem;
mod range;
mod recordings;
mod refusals;
mod sessions;
mod tickets;
mod wrap_ups;

pub use document::document;
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
pub use lasting::Lifetime;
use lasting::Used;
use offhook_model::{Code, SipTransport};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

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

/// All routes, with what a router says itself.
pub fn router(app: App) -> Router {
    let (router, _) = routes().split_for_parts();
    router
        .fallback(|| async { Refusal::new(Code::NotFound) })
        .method_not_allowed_fallback(|| async { Refusal::with_status(405, Code::Refused) })
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(app)
}

/// All routes with their descriptions. A new one needs `#[utoipa::path(…)]` over its handler, without which `routes!` does not
/// take it, with `Refusals<(…)>` of its extractors and errors; its line here and in tests/openapi.rs; and
/// `UPDATE_OPENAPI=1 cargo test -p offhook-centre --test openapi`.
fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(document::Base::openapi())
        .routes(routes!(health))
        .routes(routes!(document::served))
        .routes(routes!(sessions::sign_in))
        .routes(routes!(sessions::sign_out))
        .routes(routes!(sessions::heartbeat))
        .routes(routes!(presence::set))
        .routes(routes!(presence::start_answering))
        .routes(routes!(presence::extend_wrap_up))
        .routes(routes!(events::stream))
        .routes(routes!(customers::by_number))
        .routes(routes!(customers::set, customers::one))
        .routes(routes!(tickets::of_call))
        .routes(routes!(tickets::set))
        .routes(routes!(calls::legs))
        .routes(routes!(recordings::one))
        .routes(routes!(calls::list))
        .routes(routes!(calls::one))
        .routes(routes!(wrap_ups::of_call))
        .routes(routes!(wrap_ups::set, wrap_ups::one))
        .routes(routes!(practice::start, practice::list))
        .routes(routes!(practice::one, practice::hang_up))
        .routes(routes!(practice::mute))
        .routes(routes!(practice::teach))
}

/// Which centre answers.
#[derive(Debug, serde::Serialize, ToSchema)]
struct Health {
    /// The version of the program.
    version: &'static str,
}

/// Tells that the centre answers.
#[utoipa::path(
    get, path = "/v1/health", operation_id = "health", tag = "Centre", security(()),
    responses((status = 200, description = "It does.", body = Health)),
)]
async fn health() -> axum::Json<Health> {
    axum::Json(Health {
        version: env!("CARGO_PKG_VERSION"),
    })
}
