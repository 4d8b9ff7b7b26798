//! One request and its answer: status, problem+json, and a body of bounded size.

use crate::CloudError;
use offhook_model::Code;
use reqwest::{
    RequestBuilder, Response, StatusCode,
    header::{CONTENT_RANGE, CONTENT_TYPE, HeaderMap, RETRY_AFTER},
};
use serde::{Deserialize, de::DeserializeOwned};
use std::time::Duration;
use uuid::Uuid;

/// The largest answer that is read, in bytes: far above a week of calls.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;

/// What a request can be asked for.
pub(crate) trait Answer {
    /// Sends it and reads the JSON of a success.
    async fn json_answer<T: DeserializeOwned>(self) -> Result<T, CloudError>;
    /// Sends it and looks at the status only.
    async fn no_answer(self) -> Result<(), CloudError>;
    /// Sends it and reads the part of a file that begins at `first`, at most so many bytes.
    async fn part_answer(self, first: u64, most: u64) -> Result<Vec<u8>, CloudError>;
    /// Sends it and hands the body of a success out unread.
    async fn open_answer(self) -> Result<Response, CloudError>;
    /// Marks the request so that the centre carries it out once, however often it arrives.
    fn idempotent(self, key: Uuid) -> Self;
    /// Takes JSON that was written earlier, byte for byte: the key belongs to just these bytes.
    fn stored(self, json: Vec<u8>) -> Self;
}

impl Answer for RequestBuilder {
    async fn json_answer<T: DeserializeOwned>(self) -> Result<T, CloudError> {
        let body = read(self.open_answer().await?).await?;
        serde_json::from_slice(&body).map_err(|error| unreadable("the answer", &error))
    }

    async fn part_answer(self, first: u64, most: u64) -> Result<Vec<u8>, CloudError> {
        let response = self.open_answer().await?;
        let begins = response
            .headers()
            .get(CONTENT_RANGE)
            .and_then(|range| range.to_str().ok()?.strip_prefix("bytes "))
            .is_some_and(|range| range.starts_with(&format!("{first}-")));
        if response.status() != StatusCode::PARTIAL_CONTENT || !begins {
            return Err(CloudError::new(
                Code::CentreFailed,
                "the answer is not the part that was asked for",
            ));
        }
        let most = usize::try_from(most).unwrap_or(LARGEST_ANSWER);
        read_at_most(response, most.min(LARGEST_ANSWER)).await
    }

    async fn no_answer(self) -> Result<(), CloudError> {
        // Read to its end, so that the connection serves the next request.
        read(self.open_answer().await?).await.map(drop)
    }

    async fn open_answer(self) -> Result<Response, CloudError> {
        let response = self.send().await?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(refusal(response).await)
        }
    }

    fn idempotent(self, key: Uuid) -> Self {
        self.header("Idempotency-Key", key.to_string())
    }

    fn stored(self, json: Vec<u8>) -> Self {
        self.header(CONTENT_TYPE, "application/json").body(json)
    }
}

/// Says that JSON is not as expected, without quoting what stands in it.
pub(crate) fn unreadable(what: &str, error: &serde_json::Error) -> CloudError {
    CloudError::new(
        Code::CentreFailed,
        format!(
            "{what} is not as the API says ({:?} error in line {}, column {})",
            error.classify(),
            error.line(),
            error.column()
        ),
    )
}

async fn read(response: Response) -> Result<Vec<u8>, CloudError> {
    read_at_most(response, LARGEST_ANSWER).await
}

async fn read_at_most(mut response: Response, most: usize) -> Result<Vec<u8>, CloudError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > most {
            return Err(CloudError::new(
                Code::CentreFailed,
                "the answer is too large",
            ));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What is read of a problem: each part by itself, as a newer centre may know codes that this program does not.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    code: serde_json::Value,
    retry_after: Option<u32>,
    current: serde_json::Value,
}

async fn refusal(response: Response) -> CloudError {
    let status = response.status();
    let header = seconds(response.headers());
    let refusal: Refusal = match read(response).await {
        Ok(body) => serde_json::from_slice(&body).unwrap_or_default(),
        Err(_) => Refusal::default(),
    };
    let code = serde_json::from_value(refusal.code).unwrap_or_else(|_| by_status(status));
    CloudError::new(code, format!("the centre answered {status}"))
        .retry_after(
            refusal
                .retry_after
                .or(header)
                .map(|s| Duration::from_secs(s.into())),
        )
        .current(serde_json::from_value(refusal.current).ok())
}

fn seconds(headers: &HeaderMap) -> Option<u32> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

/// For whoever answers without a problem: a proxy, an older centre, something else altogether.
fn by_status(status: StatusCode) -> Code {
    match status.as_u16() {
        400 | 413 | 415 | 422 => Code::Malformed,
        401 => Code::SessionExpired,
        403 => Code::Forbidden,
        404 | 410 => Code::NotFound,
        409 | 412 => Code::Conflict,
        // Try again later, or (3xx) nothing this API ever says.
        408 | 425 | 429 | 500.. | ..400 => Code::CentreFailed,
        402 | 405..=407 | 411 | 414 | 416..=421 | 423 | 424 | 426..=428 | 430..=499 => {
            Code::Refused
        }
    }
}
