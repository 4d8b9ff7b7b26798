//! Who has a number, and what agents write about them.

use super::body::{Asked, Id};
use super::guard::Session;
use super::once::{IfMatch, Once, Write, outcome};
use super::refusals::{NotThere, Refusals, Refuses, Said};
use super::{App, Refusal};
use crate::control::Closing;
use crate::store::{NotTheirs, ProfileRefusal};
use axum::extract::State;
use axum::response::Response;
use offhook_model::api::{CustomerBody, Role};
use offhook_model::{Code, Customer, CustomerCard, CustomerId, PhoneNumber};
use serde::Deserialize;
use utoipa::IntoParams;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ByNumber {
    /// The number, in any writing.
    number: PhoneNumber,
}

/// Finds every customer with a number, with their history.
///
/// None: nobody is known by it. Several: the agent chooses.
#[utoipa::path(
    get, path = "/v1/customers", operation_id = "customers_by_number", tag = "Customers",
    params(ByNumber),
    responses(
        (status = 200, description = "Everybody with this number.", body = Vec<CustomerCard>),
        Refusals<(Session, Asked<ByNumber>, Closing)>,
    ),
)]
pub(super) async fn by_number(
    State(app): State<App>,
    session: Session,
    Asked(query): Asked<ByNumber>,
) -> Result<axum::Json<Vec<CustomerCard>>, Refusal> {
    app.control.recorded().await?;
    let mut cards = Vec::new();
    for card in app.store.cards(&query.number).await? {
        if may_see(&app, &session, card.customer.id).await? {
            cards.push(card);
        }
    }
    Ok(axum::Json(cards))
}

/// Reads one customer, with their history.
#[utoipa::path(
    get, path = "/v1/customers/{customer}", operation_id = "customer", tag = "Customers",
    params(("customer" = CustomerId, Path, description = "Whose record.")),
    responses(
        (status = 200, description = "The record.", body = CustomerCard),
        Refusals<(Session, NotTheirs, NotThere, Closing)>,
    ),
)]
pub(super) async fn one(
    State(app): State<App>,
    session: Session,
    Id(customer): Id<CustomerId>,
) -> Result<axum::Json<CustomerCard>, Refusal> {
    if !may_see(&app, &session, customer).await? {
        return Err(Refusal::new(Code::Forbidden));
    }
    app.control.recorded().await?;
    let card = app.store.card(customer).await?;
    card.map(axum::Json)
        .ok_or_else(|| Refusal::new(Code::NotFound))
}

/// An agent sees whom their skill groups may see, an administrator everybody.
async fn may_see(app: &App, session: &Session, customer: CustomerId) -> Result<bool, Refusal> {
    match session.role {
        Role::Administrator => Ok(true),
        Role::Agent => Ok(app.store.is_open_to(session.account, customer).await?),
    }
}

/// Makes a customer's record, or changes the version that was read.
#[utoipa::path(
    put, path = "/v1/customers/{customer}", operation_id = "put_customer", tag = "Customers",
    params(("customer" = CustomerId, Path, description = "Whose record; for a new one an id that the phone mints."), Once, IfMatch),
    request_body = CustomerBody,
    responses(
        (status = 200, description = "Changed: the record as it now stands.", body = Customer),
        (status = 201, description = "Made: the record as it now stands.", body = Customer),
        Refusals<(Id<CustomerId>, Write<CustomerBody>, ProfileRefusal)>,
    ),
)]
pub(super) async fn set(
    State(app): State<App>,
    Id(customer): Id<CustomerId>,
    write: Write<CustomerBody>,
) -> Result<Response, Refusal> {
    if !write.body.is_valid() {
        return Err(Refusal::new(Code::Malformed));
    }
    let now = app.clock.now().wall;
    let put = app
        .store
        .put_customer(&write.key, customer, write.version, &write.body, now)
        .await?;
    outcome(put)
}

impl From<ProfileRefusal> for Refusal {
    fn from(refusal: ProfileRefusal) -> Self {
        match refusal {
            ProfileRefusal::NotThere => Self::new(Code::NotFound),
            ProfileRefusal::NotTheirs => Self::new(Code::Forbidden),
            ProfileRefusal::Conflict(current) => Self::conflict(current),
        }
    }
}

impl Refuses for ProfileRefusal {
    fn said() -> Said {
        vec![
            (403, Code::Forbidden),
            (404, Code::NotFound),
            (409, Code::Conflict),
        ]
    }
}
