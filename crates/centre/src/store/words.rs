//! Between the words of the model and the texts in the rows.

use super::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The word an enum has on the wire, which is also the one in the row: `ring_no_answer`.
pub(super) fn word<T: Serialize>(value: &T) -> Result<String, StoreError> {
    Ok(match serde_json::to_value(value)? {
        serde_json::Value::String(word) => word,
        other => other.to_string(),
    })
}

/// The value that belongs to a word.
pub(super) fn unword<T: DeserializeOwned>(word: String) -> Result<T, StoreError> {
    Ok(serde_json::from_value(serde_json::Value::String(word))?)
}
