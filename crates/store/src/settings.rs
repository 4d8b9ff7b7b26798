//! Choices that are nobody's secret: kept in clear, so that they can be read before anybody has signed in.

use crate::{Store, StoreError};

impl Store {
    /// Reads a setting.
    ///
    /// # Errors
    /// What the disk said.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(
            sqlx::query_scalar("SELECT value FROM settings WHERE name = $1")
                .bind(name)
                .fetch_optional(self.pool())
                .await?,
        )
    }

    /// Keeps a setting. Nothing private goes here.
    ///
    /// # Errors
    /// What the disk said.
    pub async fn set_setting(&self, name: &str, value: &str) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO settings (name, value) VALUES ($1, $2) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(name)
        .bind(value)
        .execute(self.pool())
        .await?;
        Ok(())
    }
}
