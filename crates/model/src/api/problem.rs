//! Errors on the wire (RFC 9457).

use crate::{Code, Customer};
use serde::{Deserialize, Serialize};

/// A refusal, as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// What went wrong.
    pub code: Code,
    /// The same in words, for a person who reads the wire.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Seconds to wait before trying again, where waiting helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// The record as it now stands, where somebody else changed it ([`Code::Conflict`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Box<Customer>>,
}
