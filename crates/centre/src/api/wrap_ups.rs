//! Wrap-ups: in from agents, out to their agent and to administrators.

use super::body::{Asked, Id};
use super::guard::{Administrator, Session};
use super::once::{Write, outcome};
use super::{App, Refusal};
use axum::extract::State;
use axum::response::Response;
use offhook_model::api::{Role, WrapUpBody, WrapUpStored};
use offhook_model::{CallId, Code, WrapUpId};
use serde::Deserialize;

pub(super) async fn set(
    State(app): State<App>,
    Id(wrap_up): Id<WrapUpId>,
    write: Write<WrapUpBody>,
) -> Result<Response, Refusal> {
    let now = app.clock.now().wall;
    let put = app
        .store
        .put_wrap_up(&write.key, wrap_up, &write.body, now)
        .await?;
    outcome(put)
}

pub(super) async fn one(
    State(app): State<App>,
    session: Session,
    Id(wrap_up): Id<WrapUpId>,
) -> Result<axum::Json<WrapUpStored>, Refusal> {
    let stored = app.store.wrap_up(wrap_up).await?;
    let stored = stored.ok_or_else(|| Refusal::new(Code::NotFound))?;
    match session.role {
        Role::Administrator => Ok(axum::Json(stored)),
        Role::Agent if stored.agent == session.account => Ok(axum::Json(stored)),
        Role::Agent => Err(Refusal::new(Code::Forbidden)),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct OfCall {
    call: CallId,
}

pub(super) async fn of_call(
    State(app): State<App>,
    _: Administrator,
    Asked(query): Asked<OfCall>,
) -> Result<axum::Json<Vec<WrapUpStored>>, Refusal> {
    Ok(axum::Json(app.store.wrap_ups_of(query.call).await?))
}
