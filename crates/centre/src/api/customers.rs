//! Who has a number.

use super::body::Asked;
use super::guard::Session;
use super::{App, Refusal};
use axum::extract::State;
use offhook_model::{CustomerCard, PhoneNumber};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct ByNumber {
    number: PhoneNumber,
}

pub(super) async fn by_number(
    State(app): State<App>,
    _session: Session,
    Asked(query): Asked<ByNumber>,
) -> Result<axum::Json<Vec<CustomerCard>>, Refusal> {
    app.control.recorded().await?;
    Ok(axum::Json(app.store.cards(&query.number).await?))
}
