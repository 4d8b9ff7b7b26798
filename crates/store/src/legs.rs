//! The call list.

use crate::{
    Store, StoreError,
    row::{from_json, json, readable, uuid},
    store::Opened,
};
use offhook_model::{LegRecord, Wall};
use sqlx::sqlite::SqliteRow;

pub(crate) const LEGS: &str = "legs";

impl Store {
    /// Puts a row of the call list on the disk, over its older self.
    ///
    /// # Errors
    /// What the disk said.
    pub async fn record_leg(&self, leg: &LegRecord) -> Result<(), StoreError> {
        let opened = self.opened()?;
        let id = leg.leg.0.as_bytes().as_slice();
        let (key, body) = opened.seal(LEGS, id, &json(leg));
        sqlx::query(
            "INSERT INTO legs (agent_id, key_id, leg, offered_at, body) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (agent_id, leg) DO UPDATE \
             SET key_id = excluded.key_id, offered_at = excluded.offered_at, body = excluded.body",
        )
        .bind(opened.agent)
        .bind(key)
        .bind(id)
        .bind(leg.offered_at.0)
        .bind(body)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Lists this agent's legs offered at or after `since`, newest first.
    ///
    /// # Errors
    /// What the disk said. A damaged row is left out and named by [`Store::check`].
    pub async fn legs(&self, since: Wall) -> Result<Vec<LegRecord>, StoreError> {
        let opened = self.opened()?;
        sqlx::query(
            "SELECT seq, key_id, leg, body FROM legs WHERE agent_id = $1 AND offered_at >= $2 \
             ORDER BY offered_at DESC, seq DESC",
        )
        .bind(opened.agent)
        .bind(since.0)
        .fetch_all(self.pool())
        .await?
        .iter()
        .filter_map(|row| readable(leg(&opened, row)))
        .collect()
    }
}

/// Reads a row of `legs`.
pub(crate) fn leg(opened: &Opened, row: &SqliteRow) -> Result<Option<LegRecord>, StoreError> {
    let id = uuid(row, "leg")?;
    opened
        .unseal(LEGS, id.as_bytes(), row)?
        .map(|body| from_json(LEGS, &body))
        .transpose()
}
