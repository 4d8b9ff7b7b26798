//! Practice customers, for administrators of a centre that was started for practice.

use super::body::{Id, Json};
use super::guard::Administrator;
use super::{App, Refusal};
use crate::practice::{CalleeScript, Muted, Practice, PracticeCall, PracticeError, Script};
use axum::extract::State;
use axum::http::StatusCode;
use offhook_model::{Code, PhoneNumber};
use uuid::Uuid;

pub(super) async fn start(
    State(app): State<App>,
    _: Administrator,
    Json(script): Json<Script>,
) -> Result<(StatusCode, axum::Json<PracticeCall>), Refusal> {
    let started = practice(&app)?.start(script).await?;
    Ok((StatusCode::CREATED, axum::Json(started)))
}

pub(super) async fn list(
    State(app): State<App>,
    _: Administrator,
) -> Result<axum::Json<Vec<PracticeCall>>, Refusal> {
    Ok(axum::Json(practice(&app)?.states()))
}

pub(super) async fn one(
    State(app): State<App>,
    _: Administrator,
    Id(id): Id<Uuid>,
) -> Result<axum::Json<PracticeCall>, Refusal> {
    known(practice(&app)?.state(id))
}

pub(super) async fn hang_up(
    State(app): State<App>,
    _: Administrator,
    Id(id): Id<Uuid>,
) -> Result<axum::Json<PracticeCall>, Refusal> {
    known(practice(&app)?.hang_up(id).await)
}

pub(super) async fn mute(
    State(app): State<App>,
    _: Administrator,
    Id(id): Id<Uuid>,
    Json(wish): Json<Muted>,
) -> Result<axum::Json<PracticeCall>, Refusal> {
    known(practice(&app)?.mute(id, wish.muted).await)
}

pub(super) async fn teach(
    State(app): State<App>,
    _: Administrator,
    Id(number): Id<PhoneNumber>,
    Json(script): Json<CalleeScript>,
) -> Result<StatusCode, Refusal> {
    practice(&app)?.teach(number, script)?;
    Ok(StatusCode::NO_CONTENT)
}

fn practice(app: &App) -> Result<&Practice, Refusal> {
    app.practice
        .as_ref()
        .ok_or_else(|| Refusal::new(Code::NotFound))
}

fn known(call: Option<PracticeCall>) -> Result<axum::Json<PracticeCall>, Refusal> {
    call.map(axum::Json)
        .ok_or_else(|| Refusal::new(Code::NotFound))
}

impl From<PracticeError> for Refusal {
    fn from(error: PracticeError) -> Self {
        tracing::warn!(%error, "A practice call was not started");
        match error {
            PracticeError::NoQueue => Self::new(Code::NotFound),
            PracticeError::Voice(_) => Self::with_status(422, Code::Refused),
            PracticeError::TooMany => Self::new(Code::NotNow),
            PracticeError::Phone(_) | PracticeError::Store(_) => Self::new(Code::CentreFailed),
        }
    }
}
