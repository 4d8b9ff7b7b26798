//! Tickets: in from agents, out to administrators.

use super::body::{Asked, Id};
use super::guard::Administrator;
use super::once::{Once, Write, outcome};
use super::refusals::Refusals;
use super::{App, Refusal};
use crate::store::NotTheirs;
use axum::extract::State;
use axum::response::Response;
use offhook_model::api::{TicketBody, TicketReceipt, TicketStored};
use offhook_model::{CallId, Code, TicketId};
use serde::Deserialize;
use utoipa::IntoParams;

/// Files a ticket.
///
/// A later one under the same id by the same agent replaces its texts and keeps its reference.
#[utoipa::path(
    put, path = "/v1/tickets/{ticket}", operation_id = "put_ticket", tag = "Tickets",
    params(("ticket" = TicketId, Path, description = "An id that the phone mints."), Once),
    request_body = TicketBody,
    responses(
        (status = 201, description = "Kept.", body = TicketReceipt),
        Refusals<(Id<TicketId>, Write<TicketBody>, NotTheirs)>,
    ),
)]
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

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OfCall {
    /// Which call.
    call: CallId,
}

/// Lists the tickets that came out of a call, oldest first.
#[utoipa::path(
    get, path = "/v1/tickets", operation_id = "tickets_of_call", tag = "Tickets",
    params(OfCall),
    responses(
        (status = 200, description = "The tickets.", body = Vec<TicketStored>),
        Refusals<(Administrator, Asked<OfCall>)>,
    ),
)]
pub(super) async fn of_call(
    State(app): State<App>,
    _: Administrator,
    Asked(query): Asked<OfCall>,
) -> Result<axum::Json<Vec<TicketStored>>, Refusal> {
    Ok(axum::Json(app.store.tickets_of(query.call).await?))
}
