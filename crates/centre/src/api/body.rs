//! Extractors whose refusals are problem+json like all others.

use super::refusals::{Refuses, Said};
use super::{App, Refusal};
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use offhook_model::Code;
use serde::de::DeserializeOwned;

/// A JSON body.
#[derive(Debug)]
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        is_json(request.headers())?;
        read(&whole(request, app).await?).map(Self)
    }
}

/// Refuses a body that does not say it is JSON: a form of another site can send the others without asking.
pub(super) fn is_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Refusal::with_status(415, Code::Malformed))
    }
}

/// Waits for a body, but not for one that never ends.
pub(super) async fn whole(request: Request, app: &App) -> Result<Bytes, Refusal> {
    let body = Bytes::from_request(request, app);
    match tokio::time::timeout(app.patience, body).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Err(Refusal::with_status(413, Code::Malformed))
        }
        Ok(Err(_)) => Err(Refusal::new(Code::Malformed)),
        // Not the request is at fault: the same one may be sent again.
        Err(_) => Err(Refusal::with_status(408, Code::Unreachable)),
    }
}

/// Reads JSON: 400 for what is none, 422 for what says something else.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(bytes).map_err(|error| {
        let status = if error.is_data() { 422 } else { 400 };
        Refusal::with_status(status, Code::Malformed)
    })
}

/// A piece of the path. What cannot be an id names nothing: 404.
#[derive(Debug)]
pub(super) struct Id<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(_) => Err(Refusal::new(Code::NotFound)),
        }
    }
}

/// The query after `?`.
#[derive(Debug)]
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(query)) => Ok(Self(query)),
            Err(_) => Err(Refusal::new(Code::Malformed)),
        }
    }
}

impl<T> Refuses for Json<T> {
    fn said() -> Said {
        let malformed = [400, 413, 415, 422].map(|status| (status, Code::Malformed));
        [&malformed[..], &[(408, Code::Unreachable)]].concat()
    }
}

impl<T> Refuses for Id<T> {
    fn said() -> Said {
        vec![(404, Code::NotFound)]
    }
}

impl<T> Refuses for Asked<T> {
    fn said() -> Said {
        vec![(400, Code::Malformed)]
    }
}
