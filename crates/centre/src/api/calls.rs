//! Calls and legs as they were recorded.

use super::body::{Asked, Id};
use super::guard::{Administrator, Agent};
use super::{App, Refusal};
use crate::store::CallRow;
use axum::extract::State;
use offhook_model::{CallId, Code, LegRecord, Wall};
use serde::Deserialize;

/// 7 × 24 h in milliseconds (ACCEPTANCE 105).
const LIST_MILLIS: i64 = 7 * 24 * 3_600_000;
/// How many calls an administrator gets unless asked otherwise, and at most.
const CALLS: u32 = 100;
const MOST_CALLS: u32 = 1_000;

#[derive(Debug, Deserialize)]
pub(super) struct Limit {
    limit: Option<u32>,
}

pub(super) async fn legs(
    State(app): State<App>,
    Agent(session): Agent,
) -> Result<axum::Json<Vec<LegRecord>>, Refusal> {
    app.control.recorded().await?;
    let since = Wall(app.clock.now().wall.0 - LIST_MILLIS);
    Ok(axum::Json(app.store.legs_of(session.account, since).await?))
}

pub(super) async fn list(
    State(app): State<App>,
    _: Administrator,
    Asked(query): Asked<Limit>,
) -> Result<axum::Json<Vec<CallRow>>, Refusal> {
    app.control.recorded().await?;
    let limit = query.limit.unwrap_or(CALLS).min(MOST_CALLS);
    Ok(axum::Json(app.store.calls(limit).await?))
}

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
