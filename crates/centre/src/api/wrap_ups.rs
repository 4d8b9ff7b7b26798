//! Wrap-ups: in from agents, out to their agent and to administrators.

use super::body::{Asked, Id};
use super::guard::{Administrator, Session};
use super::once::{Once, Write, outcome};
use super::refusals::{NotThere, Refusals};
use super::{App, Refusal};
use crate::store::NotTheirs;
use axum::extract::State;
use axum::response::Response;
use offhook_model::api::{Role, WrapUpBody, WrapUpReceipt, WrapUpStored};
use offhook_model::{CallId, Code, WrapUpId};
use serde::Deserialize;
use utoipa::IntoParams;

/// Files a wrap-up.
///
/// A later one under the same id by the same agent replaces it.
#[utoipa::path(
    put, path = "/v1/wrap-ups/{wrap_up}", operation_id = "put_wrap_up", tag = "Wrap-ups",
    params(("wrap_up" = WrapUpId, Path, description = "An id that the phone mints."), Once),
    request_body = WrapUpBody,
    responses(
        (status = 201, description = "Kept.", body = WrapUpReceipt),
        Refusals<(Id<WrapUpId>, Write<WrapUpBody>, NotTheirs)>,
    ),
)]
pub(super) async fn set(
    State(app): State<App>,
    Id(wrap_up): Id<WrapUpId>,
    write: Write<WrapUpBody>,
) -> Result<Response, Refusal> {
    if !write.body.is_valid() {
        return Err(Refusal::new(Code::Malformed));
    }
    let now = app.clock.now().wall;
    let put = app
        .store
        .put_wrap_up(&write.key, wrap_up, &write.body, now)
        .await?;
    outcome(put)
}

/// Reads one wrap-up: for its agent and for administrators.
#[utoipa::path(
    get, path = "/v1/wrap-ups/{wrap_up}", operation_id = "wrap_up", tag = "Wrap-ups",
    params(("wrap_up" = WrapUpId, Path, description = "Which one.")),
    responses(
        (status = 200, description = "What was filed.", body = WrapUpStored),
        Refusals<(Session, NotThere, NotTheirs)>,
    ),
)]
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

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OfCall {
    /// Which call.
    call: CallId,
}

/// Lists the wrap-ups of a call, oldest first.
#[utoipa::path(
    get, path = "/v1/wrap-ups", operation_id = "wrap_ups_of_call", tag = "Wrap-ups",
    params(OfCall),
    responses(
        (status = 200, description = "The wrap-ups.", body = Vec<WrapUpStored>),
        Refusals<(Administrator, Asked<OfCall>)>,
    ),
)]
pub(super) async fn of_call(
    State(app): State<App>,
    _: Administrator,
    Asked(query): Asked<OfCall>,
) -> Result<axum::Json<Vec<WrapUpStored>>, Refusal> {
    Ok(axum::Json(app.store.wrap_ups_of(query.call).await?))
}
