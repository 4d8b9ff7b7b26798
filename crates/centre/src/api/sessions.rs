//! Sign-in, sign-out, heartbeat.

use super::body::Json;
use super::guard::{Agent, Session};
use super::refusals::{Refusals, Refuses, Said};
use super::{App, Refusal};
use crate::control::Closing;
use crate::password;
use crate::store::{Account, NewSession, SipSecret, StoreError};
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use offhook_model::api::{Event, Role, SignInRequest, SignInResponse, SipAccount};
use offhook_model::{Activity, Code, Presence, PresenceReason, PresenceState, Secret, Wall};
use std::net::SocketAddr;
use std::sync::PoisonError;

/// How many characters a sign-in name and a password may have.
const LONGEST_NAME: usize = 200;
const LONGEST_PASSWORD: usize = 1_000;

/// A name with its password.
struct Guess;

impl Refuses for Guess {
    fn said() -> Said {
        vec![(401, Code::WrongPassword), (429, Code::LockedOut)]
    }
}

/// Signs in.
///
/// The token belongs to this session alone. An agent's earlier sessions end with it: their streams are told
/// `signed_in_elsewhere`, and their requests answered 401 with the same code. After five wrong passwords in a row a name is locked
/// for a minute.
#[utoipa::path(
    post, path = "/v1/sessions", operation_id = "sign_in", tag = "Sessions", security(()),
    request_body = SignInRequest,
    responses(
        (status = 201, description = "Signed in.", body = SignInResponse),
        Refusals<(Json<SignInRequest>, Guess, StoreError, Closing)>,
    ),
)]
pub(super) async fn sign_in(
    State(app): State<App>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Json(request): Json<SignInRequest>,
) -> Result<(StatusCode, axum::Json<SignInResponse>), Refusal> {
    let length = |text: &str| text.chars().count();
    if length(&request.username) > LONGEST_NAME
        || length(request.password.expose()) > LONGEST_PASSWORD
    {
        return Err(Refusal::new(Code::Malformed));
    }
    let account = check_password(&app, from, request).await?;
    let now = app.clock.now().wall;
    let token = password::draw_token();
    let profile = account.profile;
    let sip_password = password::draw_token();
    // The digest user names the session: an old session's password then belongs to nobody.
    let auth_user = format!("{}-{}", profile.extension, password::draw_suffix());
    let is_agent = profile.role == Role::Agent;
    app.store
        .open_session(
            &NewSession {
                account: profile.id,
                token_hash: password::token_hash(token.expose()),
                sip: is_agent.then(|| SipSecret {
                    drawn: true,
                    ..password::sip_secret(profile.id, auth_user.clone(), &sip_password)
                }),
                exclusive: is_agent,
            },
            now,
        )
        .await?;
    if is_agent {
        app.refresh_directory().await?;
        app.hub.tell(profile.id, Event::SignedInElsewhere);
        app.control.signed_in(profile.id).await?;
    }
    let snapshot = app.control.snapshot(profile.id).await?;
    tracing::info!(account = %profile.id, "Signed in");
    Ok((
        StatusCode::CREATED,
        axum::Json(SignInResponse {
            token,
            sip: is_agent.then(|| SipAccount {
                aor: format!("sip:{}@{}", profile.extension, app.registrar),
                auth_user,
                password: sip_password,
                registrar: app.registrar.clone(),
                transport: app.transport,
            }),
            presence: snapshot
                .as_ref()
                .map_or_else(|| never_checked_in(now), |snapshot| snapshot.presence),
            activity: snapshot.map_or(Activity::Free, |snapshot| snapshot.activity),
            ring_seconds: app.ring_seconds,
            wrap_up_seconds: app.wrap_up_seconds,
            form: app.store.form().await?,
            caller_ids: app.store.caller_ids(profile.id).await?,
            agent: profile,
        }),
    ))
}

/// What stands for the presence of an account that takes no calls.
fn never_checked_in(now: Wall) -> PresenceState {
    PresenceState {
        presence: Presence::CheckedOut,
        reason: PresenceReason::SignedIn,
        since: now,
        revision: 0,
    }
}

async fn check_password(
    app: &App,
    from: SocketAddr,
    request: SignInRequest,
) -> Result<Account, Refusal> {
    let name = request.username.trim().to_lowercase();
    let now = app.clock.now().mono;
    {
        // What is guarded is whole after every statement: a panic elsewhere spoils nothing.
        let mut guesses = app.0.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = guesses.locked(now, from.ip(), &name) {
            let seconds = u32::try_from(left.as_secs() + 1).unwrap_or(u32::MAX);
            return Err(Refusal::new(Code::LockedOut).retry_after(seconds));
        }
        guesses.count(now, from.ip(), &name);
    }
    let account = app.store.account(&name).await?;
    let hash = account.as_ref().map_or_else(
        || app.nobody.clone(),
        |account| account.password_hash.clone(),
    );
    let right = matches(request.password, hash).await?;
    match account {
        Some(account) if right => {
            app.0
                .guesses
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .forgive(now, from.ip(), &name);
            Ok(account)
        }
        _ => Err(Refusal::new(Code::WrongPassword)),
    }
}

async fn matches(password: Secret, hash: String) -> Result<bool, Refusal> {
    tokio::task::spawn_blocking(move || password::verify(&password, &hash))
        .await
        .map_err(|_| Refusal::new(Code::CentreFailed))
}

/// Signs out.
///
/// An agent is checked out with it, and the SIP password is void.
#[utoipa::path(
    delete, path = "/v1/sessions/current", operation_id = "sign_out", tag = "Sessions",
    responses((status = 204, description = "The session is over."), Refusals<(Session, Closing)>),
)]
pub(super) async fn sign_out(
    State(app): State<App>,
    session: Session,
) -> Result<StatusCode, Refusal> {
    app.store
        .end_session(&session.token_hash, app.clock.now().wall)
        .await?;
    if session.role == Role::Agent {
        app.control
            .set_presence(session.account, Presence::CheckedOut)
            .await?;
        app.refresh_directory().await?;
        app.hub.end(session.account);
    }
    tracing::info!(account = %session.account, "Signed out");
    Ok(StatusCode::NO_CONTENT)
}

/// Says that the agent's phone is alive: every 15 s.
///
/// 60 s after the last one the agent is checked out, once no call is left.
#[utoipa::path(
    post, path = "/v1/heartbeat", operation_id = "heartbeat", tag = "Sessions",
    responses((status = 204, description = "Heard."), Refusals<(Agent, Closing)>),
)]
pub(super) async fn heartbeat(
    State(app): State<App>,
    Agent(session): Agent,
) -> Result<StatusCode, Refusal> {
    app.store
        .heard(&session.token_hash, app.clock.now().wall)
        .await?;
    app.control.heard(session.account).await?;
    Ok(StatusCode::NO_CONTENT)
}
