//! Presence and the end of the wrap-up.

use super::once::{Write, answer};
use super::{App, Refusal};
use crate::control::Closing;
use crate::store::{Kept, Key};
use axum::extract::State;
use axum::response::Response;
use offhook_model::api::{PresenceRequest, StartAnsweringRequest};
use offhook_model::{Code, Presence, PresenceState};
use std::future::Future;

pub(super) async fn set(
    State(app): State<App>,
    write: Write<PresenceRequest>,
) -> Result<Response, Refusal> {
    let presence = possible(write.body.presence)?;
    let change = app.control.set_presence(write.key.account, presence);
    once(&app, &write.key, change).await
}

pub(super) async fn start_answering(
    State(app): State<App>,
    write: Write<StartAnsweringRequest>,
) -> Result<Response, Refusal> {
    let presence = possible(write.body.presence)?;
    let change = app.control.start_answering(write.key.account, presence);
    once(&app, &write.key, change).await
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
    match app.store.kept(key).await? {
        Kept::Answered {
            status,
            answer: json,
        } => return Ok(answer(status, json)),
        Kept::Reused => return Err(Refusal::new(Code::KeyReused)),
        Kept::New => {}
    }
    let state = change.await?.ok_or_else(|| Refusal::new(Code::NotFound))?;
    let json = serde_json::to_string(&state).map_err(|_| Refusal::new(Code::CentreFailed))?;
    app.store
        .keep_presence_answer(key, &state, &json, app.clock.now().wall)
        .await?;
    Ok(answer(200, json))
}
