//! A text in both languages of the product.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A label that comes from the service, in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Text {
    /// Simplified Chinese.
    #[cfg_attr(feature = "openapi", schema(max_length = 500))]
    pub zh: String,
    /// English.
    #[cfg_attr(feature = "openapi", schema(max_length = 500))]
    pub en: String,
}

impl Text {
    /// Pairs the two languages.
    #[must_use]
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            zh: zh.into(),
            en: en.into(),
        }
    }
}
