//! Tickets: in from agents, out to administrators.

use super::body::{Asked, Id};
use super::guard::Administrator;
use super::once::{Write, outcome};
use super::{App, Refusal};
use axum::extract::State;
use axum::response::Response;
use offhook_model::api::{TicketBody, TicketStored};
use offhook_model::{CallId, Code, TicketId};
use serde::Deserialize;

pub(super) async fn set(
    State(app): State<App>,
    Id(ticket): Id<TicketId>,
    write: Write<TicketBody>,
) -> Result<Response, Refusal> {
    if !write.body.is_valid() {
        return Err(Refusal::new(Code::Malformed));
    }
    let now = app.clock.now().wall;
    let put = app
        .store
        .put_ticket(&write.key, ticket, &write.body, now)
        .await?;
    outcome(put)
}

#[derive(Debug, Deserialize)]
pub(super) struct OfCall {
    call: CallId,
}

pub(super) async fn of_call(
    State(app): State<App>,
    _: Administrator,
    Asked(query): Asked<OfCall>,
) -> Result<axum::Json<Vec<TicketStored>>, Refusal> {
    Ok(axum::Json(app.store.tickets_of(query.call).await?))
}
