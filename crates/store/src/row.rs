//! From values to columns and back.

use crate::StoreError;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row, sqlite::SqliteRow};
use uuid::Uuid;

/// Leaves a row that does not read out of a list, so that one damaged row hides no other; `Store::check` names it.
pub(crate) fn readable<T>(row: Result<Option<T>, StoreError>) -> Option<Result<T, StoreError>> {
    match row {
        Ok(row) => row.map(Ok),
        Err(StoreError::Damaged { what }) => {
            tracing::warn!(%what, "A stored row does not read");
            None
        }
        Err(error) => Some(Err(error)),
    }
}

pub(crate) fn uuid(row: &SqliteRow, column: &'static str) -> Result<Uuid, StoreError> {
    let bytes: &[u8] = row.try_get(column)?;
    Uuid::from_slice(bytes).map_err(|_| StoreError::damaged(format!("{column} is no id")))
}

/// Counts are signed in SQLite.
pub(crate) fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(crate) fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("the model's types have string keys and write to memory")
}

/// Reads a body, and quotes nothing of it where it does not read.
pub(crate) fn from_json<T: DeserializeOwned>(table: &str, body: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(body).map_err(|error| {
        StoreError::damaged(format!(
            "{table}: a body has a {:?} error",
            error.classify()
        ))
    })
}
