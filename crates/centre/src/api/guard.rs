//! Who asks. A route that takes one of these extractors is closed to everybody else.

use super::refusals::{Refuses, Said};
use super::{App, Refusal};
use crate::password;
use crate::store::{SessionEnd, StoreError};
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use offhook_model::api::Role;
use offhook_model::{AgentId, Code};

/// Anybody with a session. Not to be printed: it holds the token's hash.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) account: AgentId,
    pub(super) role: Role,
    pub(super) token_hash: String,
}

/// An agent.
#[derive(Clone)]
pub(super) struct Agent(pub(super) Session);

/// An administrator.
#[derive(Clone)]
pub(super) struct Administrator;

impl FromRequestParts<App> for Session {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let expired = || Refusal::new(Code::SessionExpired);
        let header = parts.headers.get(AUTHORIZATION).ok_or_else(expired)?;
        let (scheme, token) = header
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .ok_or_else(expired)?;
        if !scheme.eq_ignore_ascii_case("Bearer") {
            return Err(expired());
        }
        let token_hash = password::token_hash(token.trim());
        let session = app.store.session(&token_hash).await?.ok_or_else(expired)?;
        match session.ended {
            Some(SessionEnd::Elsewhere) => return Err(Refusal::new(Code::SignedInElsewhere)),
            Some(SessionEnd::SignedOut) => return Err(expired()),
            None => {}
        }
        if !app.lasts(&token_hash, &session) {
            return Err(expired());
        }
        Ok(Self {
            account: session.account,
            role: session.role,
            token_hash,
        })
    }
}

impl FromRequestParts<App> for Agent {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let session = Session::from_request_parts(parts, app).await?;
        match session.role {
            Role::Agent => Ok(Self(session)),
            Role::Administrator => Err(Refusal::new(Code::Forbidden)),
        }
    }
}

impl FromRequestParts<App> for Administrator {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        match Session::from_request_parts(parts, app).await?.role {
            Role::Administrator => Ok(Self),
            Role::Agent => Err(Refusal::new(Code::Forbidden)),
        }
    }
}

impl Refuses for Session {
    fn said() -> Said {
        let over = [Code::SessionExpired, Code::SignedInElsewhere].map(|code| (401, code));
        [&over[..], &StoreError::said()].concat()
    }
}

impl Refuses for Agent {
    fn said() -> Said {
        [Session::said(), vec![(403, Code::Forbidden)]].concat()
    }
}

impl Refuses for Administrator {
    fn said() -> Said {
        Agent::said()
    }
}
