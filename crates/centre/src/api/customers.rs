//! Who has a number, and what agents write about them.

use super::body::{Asked, Id};
use super::guard::Session;
use super::once::{Write, outcome};
use super::{App, Refusal};
use crate::store::ProfileRefusal;
use axum::extract::State;
use axum::response::Response;
use offhook_model::api::{CustomerBody, Role};
use offhook_model::{Code, CustomerCard, CustomerId, PhoneNumber};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct ByNumber {
    number: PhoneNumber,
}

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
