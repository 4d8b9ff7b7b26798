//! Calls and legs as they were recorded.

use super::body::{Asked, Id};
use super::guard::{Administrator, Agent};
use super::refusals::{NotThere, Refusals};
use super::{App, Refusal};
use crate::control::Closing;
use crate::store::CallRow;
use axum::extract::State;
use offhook_model::{CallId, Code, LegRecord, Wall};
use serde::Deserialize;
use utoipa::IntoParams;

/// 7 × 24 h in milliseconds (ACCEPTANCE 105).
const LIST_MILLIS: i64 = 7 * 24 * 3_600_000;
/// How many calls an administrator gets unless asked otherwise, and at most.
const CALLS: u32 = 100;
const MOST_CALLS: u32 = 1_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Limit {
    /// How many calls: 100 if nothing is said, and never more than 1,000.
    #[param(value_type = u32, required = false, maximum = 4294967295_u64)]
    limit: Option<u32>,
}

/// Lists this agent's legs of the last 7 × 24 hours, newest first.
#[utoipa::path(
    get, path = "/v1/legs", operation_id = "legs", tag = "Calls",
    responses((status = 200, description = "The legs.", body = Vec<LegRecord>), Refusals<(Agent, Closing)>),
)]
pub(super) async fn legs(
    State(app): State<App>,
    Agent(session): Agent,
) -> Result<axum::Json<Vec<LegRecord>>, Refusal> {
    app.control.recorded().await?;
    let since = Wall(app.clock.now().wall.0 - LIST_MILLIS);
    Ok(axum::Json(app.store.legs_of(session.account, since).await?))
}

/// Lists the latest calls, newest first.
#[utoipa::path(
    get, path = "/v1/calls", operation_id = "calls", tag = "Calls",
    params(Limit),
    responses(
        (status = 200, description = "The calls.", body = Vec<CallRow>),
        Refusals<(Administrator, Asked<Limit>, Closing)>,
    ),
)]
pub(super) async fn list(
    State(app): State<App>,
    _: Administrator,
    Asked(query): Asked<Limit>,
) -> Result<axum::Json<Vec<CallRow>>, Refusal> {
    app.control.recorded().await?;
    let limit = query.limit.unwrap_or(CALLS).min(MOST_CALLS);
    Ok(axum::Json(app.store.calls(limit).await?))
}

/// Reads one call with its legs.
#[utoipa::path(
    get, path = "/v1/calls/{call}", operation_id = "call", tag = "Calls",
    params(("call" = CallId, Path, description = "Which call.")),
    responses(
        (status = 200, description = "The call.", body = CallRow),
        Refusals<(Administrator, NotThere, Closing)>,
    ),
)]
pub(super) async fn one(
    State(app): State<App>,
    _: Administrator,
    Id(call): Id<CallId>,
) -> Result<axum::Json<CallRow>, Refusal> {
    app.control.recorded().await?;
    let row = app.store.call(call).await?;
    row.map(axum::Json)
        .ok_or_else(|| Refusal::new(Code::NotFound))
}
