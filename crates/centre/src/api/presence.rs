//! Presence and the end of the wrap-up.

use super::once::{Once, Write, answer};
use super::refusals::{NotNow, NotThere, Refusals};
use super::{App, Refusal};
use crate::control::Closing;
use crate::store::{Kept, Key};
use axum::extract::State;
use axum::response::Response;
use offhook_model::api::{
    ExtendWrapUpRequest, PresenceRequest, StartAnsweringRequest, WrapUpExtended,
};
use offhook_model::{Code, Presence, PresenceState};
use serde::Serialize;
use std::future::Future;

/// Sets the presence.
///
/// Check-in is `ready`, check-out `checked_out`. The answer is what then holds; the event stream tells the same.
#[utoipa::path(
    put, path = "/v1/presence", operation_id = "set_presence", tag = "Presence",
    params(Once), request_body = PresenceRequest,
    responses(
        (status = 200, description = "The presence that now holds.", body = PresenceState),
        Refusals<(Write<PresenceRequest>, NotNow, NotThere, Closing)>,
    ),
)]
pub(super) async fn set(
    State(app): State<App>,
    write: Write<PresenceRequest>,
) -> Result<Response, Refusal> {
    let PresenceRequest { presence, asleep } = write.body;
    let (presence, agent) = (possible(presence)?, write.key.account);
    let change = async {
        match presence {
            Presence::Break if asleep => app.control.suspending(agent).await,
            other => app.control.set_presence(agent, other).await,
        }
    };
    once(&app, &write.key, change).await
}

/// Ends the wrap-up and sets the presence, in one step.
#[utoipa::path(
    post, path = "/v1/start-answering", operation_id = "start_answering", tag = "Presence",
    params(Once), request_body = StartAnsweringRequest,
    responses(
        (status = 200, description = "The presence that now holds.", body = PresenceState),
        Refusals<(Write<StartAnsweringRequest>, NotNow, NotThere, Closing)>,
    ),
)]
pub(super) async fn start_answering(
    State(app): State<App>,
    write: Write<StartAnsweringRequest>,
) -> Result<Response, Refusal> {
    let presence = possible(write.body.presence)?;
    let change = app.control.start_answering(write.key.account, presence);
    once(&app, &write.key, change).await
}

/// Gives a wrap-up that has a limit its whole time anew, from now on.
///
/// As often as wanted; the activity event tells the new end, too.
#[utoipa::path(
    post, path = "/v1/extend-wrap-up", operation_id = "extend_wrap_up", tag = "Presence",
    params(Once), request_body = ExtendWrapUpRequest,
    responses(
        (status = 200, description = "When the wrap-up now ends by itself.", body = WrapUpExtended),
        Refusals<(Write<ExtendWrapUpRequest>, NotNow, Closing)>,
    ),
)]
pub(super) async fn extend_wrap_up(
    State(app): State<App>,
    write: Write<ExtendWrapUpRequest>,
) -> Result<Response, Refusal> {
    let _turn = app.0.writes.lock().await;
    if let Some(again) = answered(&app, &write.key).await? {
        return Ok(again);
    }
    let until = app.control.extend_wrap_up(write.key.account).await?;
    let until = until.ok_or_else(|| Refusal::new(Code::NotNow))?;
    let json = json(&WrapUpExtended { until })?;
    app.store
        .keep_answer(&write.key, &json, app.clock.now().wall)
        .await?;
    Ok(answer(200, json))
}

/// Answer on mobile needs a number to ring, which no account has yet.
fn possible(presence: Presence) -> Result<Presence, Refusal> {
    match presence {
        Presence::AnswerOnMobile => Err(Refusal::new(Code::NotNow)),
        Presence::CheckedOut | Presence::Ready | Presence::Break => Ok(presence),
    }
}

async fn once(
    app: &App,
    key: &Key,
    change: impl Future<Output = Result<Option<PresenceState>, Closing>>,
) -> Result<Response, Refusal> {
    let _turn = app.0.writes.lock().await;
    if let Some(again) = answered(app, key).await? {
        return Ok(again);
    }
    let state = change.await?.ok_or_else(|| Refusal::new(Code::NotFound))?;
    // The end of a wrap-up is a record of its own: once it is answered, no crash brings the wrap-up back.
    app.control.recorded().await?;
    let json = json(&state)?;
    app.store
        .keep_presence_answer(key, &state, &json, app.clock.now().wall)
        .await?;
    Ok(answer(200, json))
}

/// The answer that a write with this key had before.
async fn answered(app: &App, key: &Key) -> Result<Option<Response>, Refusal> {
    match app.store.kept(key).await? {
        Kept::Answered {
            status,
            answer: json,
        } => Ok(Some(answer(status, json))),
        Kept::Reused => Err(Refusal::new(Code::KeyReused)),
        Kept::New => Ok(None),
    }
}

fn json(body: &impl Serialize) -> Result<String, Refusal> {
    serde_json::to_string(body).map_err(|_| Refusal::new(Code::CentreFailed))
}
