//! Writes that happen once, however often they are sent.

use super::guard::Agent;
use super::{App, Refusal, body};
use crate::store::Key;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use offhook_model::Code;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// An agent's write with its idempotency key.
#[derive(Debug)]
pub(super) struct Write<T> {
    pub(super) key: Key,
    pub(super) body: T,
}

impl<T: DeserializeOwned> FromRequest<App> for Write<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let (mut parts, rest) = request.into_parts();
        let Agent(session) = Agent::from_request_parts(&mut parts, app).await?;
        body::is_json(&parts.headers)?;
        let key = parts
            .headers
            .get("Idempotency-Key")
            .and_then(|value| value.to_str().ok())
            .and_then(|text| Uuid::try_parse(text).ok())
            .ok_or_else(|| Refusal::new(Code::Malformed))?;
        let mut hash = Sha256::new();
        hash.update(parts.method.as_str());
        hash.update([0]);
        hash.update(parts.uri.path());
        hash.update([0]);
        let bytes = Bytes::from_request(Request::from_parts(parts, rest), app)
            .await
            .map_err(body::unreadable)?;
        hash.update(&bytes);
        Ok(Self {
            key: Key {
                account: session.account,
                key,
                request_hash: crate::password::hex(&hash.finalize()),
            },
            body: body::read(&bytes)?,
        })
    }
}

/// An answer that was kept, as JSON.
pub(super) fn answer(status: u16, json: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    (status, [(header::CONTENT_TYPE, "application/json")], json).into_response()
}
