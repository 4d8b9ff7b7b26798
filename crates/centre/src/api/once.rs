//! Writes that happen once, however often they are sent.

use super::body::Json;
use super::guard::Agent;
use super::refusals::{Refuses, Said};
use super::{App, Refusal, body};
use crate::store::{Key, NotTheirs, Put};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use offhook_model::Code;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use uuid::Uuid;

/// How many digits a version has at most.
const MOST_DIGITS: usize = 19;

/// The key of a write, for its description.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "only its description is used")]
pub(super) struct Once {
    /// Names this write. The same key with the same request gives the same answer and changes nothing a second time.
    #[param(rename = "Idempotency-Key", value_type = Uuid)]
    key: Uuid,
}

/// The version a write changes, for its description.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "only its description is used")]
pub(super) struct IfMatch {
    /// The version that was read, `"3"`. Without it a new record is made.
    #[param(rename = "If-Match", value_type = String, required = false, pattern = "^\"[0-9]{1,19}\"$")]
    version: Option<String>,
}

/// An agent's write with its idempotency key.
#[derive(Debug)]
pub(super) struct Write<T> {
    pub(super) key: Key,
    /// The version it changes, of `If-Match: "N"`.
    pub(super) version: Option<u64>,
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
        let version = version(&parts.headers)?;
        let mut hash = Sha256::new();
        hash.update(parts.method.as_str());
        hash.update([0]);
        hash.update(parts.uri.path());
        hash.update([0]);
        if let Some(version) = version {
            hash.update(version.to_be_bytes());
            hash.update([0]);
        }
        let bytes = body::whole(Request::from_parts(parts, rest), app).await?;
        hash.update(&bytes);
        Ok(Self {
            key: Key {
                account: session.account,
                key,
                request_hash: crate::password::hex(&hash.finalize()),
            },
            version,
            body: body::read(&bytes)?,
        })
    }
}

/// Reads `If-Match` (RFC 9110 section 13.1.1), of which only one strong tag of ours makes sense here.
fn version(headers: &HeaderMap) -> Result<Option<u64>, Refusal> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Ok(None);
    };
    value
        .to_str()
        .ok()
        .and_then(|text| {
            let number = text.trim().strip_prefix('"')?.strip_suffix('"')?;
            let is_number =
                number.len() <= MOST_DIGITS && number.bytes().all(|b| b.is_ascii_digit());
            number.parse().ok().filter(|_| is_number)
        })
        .map(Some)
        .ok_or_else(|| Refusal::new(Code::Malformed))
}

/// What became of a write.
pub(super) fn outcome<R: Into<Refusal>>(put: Put<R>) -> Result<Response, Refusal> {
    match put {
        Put::Kept {
            status,
            answer: json,
        } => Ok(answer(status, json)),
        Put::KeyReused => Err(Refusal::new(Code::KeyReused)),
        Put::Refused(refusal) => Err(refusal.into()),
    }
}

impl<T> Refuses for Write<T> {
    fn said() -> Said {
        let once = vec![(409, Code::KeyReused)];
        [Agent::said(), Json::<T>::said(), once].concat()
    }
}

impl Refuses for NotTheirs {
    fn said() -> Said {
        vec![(403, Code::Forbidden)]
    }
}

impl From<NotTheirs> for Refusal {
    fn from(_: NotTheirs) -> Self {
        Self::new(Code::Forbidden)
    }
}

/// An answer that was kept, as JSON.
pub(super) fn answer(status: u16, json: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    (status, [(header::CONTENT_TYPE, "application/json")], json).into_response()
}
