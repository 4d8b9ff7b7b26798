//! Practice customers, for administrators of a centre that was started for practice.

use super::body::{Id, Json};
use super::guard::Administrator;
use super::refusals::{NotThere, Refusals, Refuses, Said};
use super::{App, Refusal};
use crate::practice::{CalleeScript, Muted, Practice, PracticeCall, PracticeError, Script};
use axum::extract::State;
use axum::http::StatusCode;
use offhook_model::{Code, PhoneNumber};
use uuid::Uuid;

/// Lets a practice customer call a queue.
#[utoipa::path(
    post, path = "/v1/practice/calls", operation_id = "start_practice_call", tag = "Practice",
    request_body = Script,
    responses(
        (status = 201, description = "The call has begun.", body = PracticeCall),
        Refusals<(Administrator, Json<Script>, NotThere, PracticeError)>,
    ),
)]
pub(super) async fn start(
    State(app): State<App>,
    _: Administrator,
    Json(script): Json<Script>,
) -> Result<(StatusCode, axum::Json<PracticeCall>), Refusal> {
    if !script.is_valid() {
        return Err(Refusal::new(Code::Malformed));
    }
    let started = practice(&app)?.start(script).await?;
    Ok((StatusCode::CREATED, axum::Json(started)))
}

/// Tells how far all practice calls have come, oldest first.
#[utoipa::path(
    get, path = "/v1/practice/calls", operation_id = "practice_calls", tag = "Practice",
    responses(
        (status = 200, description = "The calls.", body = Vec<PracticeCall>),
        Refusals<(Administrator, NotThere)>,
    ),
)]
pub(super) async fn list(
    State(app): State<App>,
    _: Administrator,
) -> Result<axum::Json<Vec<PracticeCall>>, Refusal> {
    Ok(axum::Json(practice(&app)?.states()))
}

/// Tells how far a practice call has come.
#[utoipa::path(
    get, path = "/v1/practice/calls/{id}", operation_id = "practice_call", tag = "Practice",
    params(("id" = Uuid, Path, description = "Which one.")),
    responses((status = 200, description = "The call.", body = PracticeCall), Refusals<(Administrator, NotThere)>),
)]
pub(super) async fn one(
    State(app): State<App>,
    _: Administrator,
    Id(id): Id<Uuid>,
) -> Result<axum::Json<PracticeCall>, Refusal> {
    known(practice(&app)?.state(id))
}

/// Lets the practice customer hang up.
#[utoipa::path(
    delete, path = "/v1/practice/calls/{id}", operation_id = "hang_up_practice_call", tag = "Practice",
    params(("id" = Uuid, Path, description = "Which one.")),
    responses((status = 200, description = "The call.", body = PracticeCall), Refusals<(Administrator, NotThere)>),
)]
pub(super) async fn hang_up(
    State(app): State<App>,
    _: Administrator,
    Id(id): Id<Uuid>,
) -> Result<axum::Json<PracticeCall>, Refusal> {
    known(practice(&app)?.hang_up(id).await)
}

/// Has the practice customer be silent, or speak again.
#[utoipa::path(
    put, path = "/v1/practice/calls/{id}/muted", operation_id = "mute_practice_call", tag = "Practice",
    params(("id" = Uuid, Path, description = "Which one.")),
    request_body = Muted,
    responses(
        (status = 200, description = "The call.", body = PracticeCall),
        Refusals<(Administrator, Json<Muted>, NotThere)>,
    ),
)]
pub(super) async fn mute(
    State(app): State<App>,
    _: Administrator,
    Id(id): Id<Uuid>,
    Json(wish): Json<Muted>,
) -> Result<axum::Json<PracticeCall>, Refusal> {
    known(practice(&app)?.mute(id, wish.muted).await)
}

/// Says what a number outside does when it is dialled from now on.
#[utoipa::path(
    put, path = "/v1/practice/callees/{number}", operation_id = "teach_practice_callee", tag = "Practice",
    params(("number" = PhoneNumber, Path, description = "The number.")),
    request_body = CalleeScript,
    responses(
        (status = 204, description = "Learnt."),
        Refusals<(Administrator, Json<CalleeScript>, NotThere, PracticeError)>,
    ),
)]
pub(super) async fn teach(
    State(app): State<App>,
    _: Administrator,
    Id(number): Id<PhoneNumber>,
    Json(script): Json<CalleeScript>,
) -> Result<StatusCode, Refusal> {
    if !script.is_valid() {
        return Err(Refusal::new(Code::Malformed));
    }
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

impl Refuses for PracticeError {
    fn said() -> Said {
        vec![
            (404, Code::NotFound),
            (422, Code::Refused),
            (409, Code::NotNow),
            (500, Code::CentreFailed),
        ]
    }
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
