//! Refusals as problem+json (RFC 9457).

use super::refusals::{Refuses, Said};
use crate::control::Closing;
use crate::store::StoreError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use offhook_model::api::Problem;
use offhook_model::{Code, Customer};

/// A refusal: a code, its status, how long to wait where waiting helps, and what stands there instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    code: Code,
    status: u16,
    retry_after: Option<u32>,
    current: Option<Box<Customer>>,
}

impl Refusal {
    /// The refusal a code stands for, with its usual status.
    #[must_use]
    pub fn new(code: Code) -> Self {
        let status = match code {
            Code::WrongPassword | Code::SessionExpired | Code::SignedInElsewhere => 401,
            Code::Forbidden => 403,
            Code::NotFound => 404,
            Code::KeyReused | Code::Conflict | Code::NotNow => 409,
            Code::Malformed => 400,
            Code::Refused | Code::Incomplete => 422,
            Code::LockedOut => 429,
            _ => 500,
        };
        Self::with_status(status, code)
    }

    /// A code under another status.
    #[must_use]
    pub fn with_status(status: u16, code: Code) -> Self {
        Self {
            code,
            status,
            retry_after: None,
            current: None,
        }
    }

    /// Somebody else changed the record, which now stands like this.
    #[must_use]
    pub fn conflict(current: Box<Customer>) -> Self {
        Self {
            current: Some(current),
            ..Self::new(Code::Conflict)
        }
    }

    /// Adds how many seconds to wait.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let problem = Problem {
            code: self.code,
            title: title(self.code, status),
            status: self.status,
            retry_after: self.retry_after,
            current: self.current,
        };
        let mut response = (status, axum::Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

pub(super) fn title(code: Code, status: StatusCode) -> String {
    match code {
        Code::WrongPassword => "The name or the password is wrong.",
        Code::LockedOut => "Too many wrong passwords. Wait before the next try.",
        Code::SessionExpired => "There is no such session. Sign in.",
        Code::SignedInElsewhere => "The same agent signed in elsewhere.",
        Code::Forbidden => "This account may not do that.",
        Code::NotFound => "There is no such thing here.",
        Code::KeyReused => "The idempotency key belongs to another request.",
        Code::Conflict => "Somebody else changed it in the meantime.",
        Code::NotNow => "Not possible in this state.",
        Code::Malformed => "The request cannot be read.",
        Code::CentreFailed => "The centre failed.",
        _ => status.canonical_reason().unwrap_or("Refused."),
    }
    .to_owned()
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "The store failed");
        Self::new(Code::CentreFailed)
    }
}

impl Refuses for StoreError {
    fn said() -> Said {
        vec![(500, Code::CentreFailed)]
    }
}

impl Refuses for Closing {
    fn said() -> Said {
        vec![(503, Code::CentreFailed)]
    }
}

impl From<Closing> for Refusal {
    fn from(_: Closing) -> Self {
        Self::with_status(503, Code::CentreFailed).retry_after(1)
    }
}
