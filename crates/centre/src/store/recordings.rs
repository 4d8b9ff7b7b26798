//! Which legs were recorded, and who may listen.

use super::accounts::parse_id;
use super::calls::leg;
use super::{Store, StoreError};
use offhook_model::{AgentId, LegId, LegRecord, Recording};
use sqlx::Row;

impl Store {
    /// Keeps that a leg's recording is complete, and returns the leg with its agent, where it is on record.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_recording(
        &self,
        id: LegId,
        recording: Recording,
    ) -> Result<Option<(AgentId, LegRecord)>, StoreError> {
        sqlx::query(
            "INSERT INTO recordings (leg, millis) VALUES ($1, $2)
             ON CONFLICT (leg) DO UPDATE SET millis = excluded.millis",
        )
        .bind(id.to_string())
        .bind(i64::try_from(recording.millis).unwrap_or(i64::MAX))
        .execute(&self.pool)
        .await?;
        sqlx::query(
            "SELECT l.id, l.call, l.agent, l.direction, l.number, l.customer, c.name AS customer_name, l.skill_group_zh,
               l.skill_group_en, l.offered_at, l.answered_at, l.ended_at, l.outcome, r.millis AS recorded
             FROM legs l LEFT JOIN customers c ON c.id = l.customer LEFT JOIN recordings r ON r.leg = l.id
             WHERE l.id = $1",
        )
        .bind(id.to_string())
        .fetch_optional(&self.pool)
        .await?
        .as_ref()
        .map(leg)
        .transpose()
    }

    /// What was recorded of a leg.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn recording(&self, leg: LegId) -> Result<Option<Recording>, StoreError> {
        let millis: Option<i64> =
            sqlx::query_scalar("SELECT millis FROM recordings WHERE leg = $1")
                .bind(leg.to_string())
                .fetch_optional(&self.pool)
                .await?;
        Ok(millis.map(|millis| Recording {
            millis: millis.unsigned_abs(),
        }))
    }

    /// Lists the legs whose recording is complete.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn recorded_legs(&self) -> Result<Vec<LegId>, StoreError> {
        let ids: Vec<String> = sqlx::query_scalar("SELECT leg FROM recordings")
            .fetch_all(&self.pool)
            .await?;
        ids.into_iter().map(|id| Ok(LegId(parse_id(id)?))).collect()
    }

    /// Tells whether a leg is an agent's own, and that agent has the right to listen.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn may_listen(&self, agent: AgentId, leg: LegId) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT 1 FROM legs l JOIN accounts a ON a.id = l.agent
             WHERE l.id = $1 AND a.id = $2 AND a.listen_recordings",
        )
        .bind(leg.to_string())
        .bind(agent.to_string())
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.is_some())
    }
}

/// The recording of a row, where it has one.
pub(super) fn recorded(row: &sqlx::sqlite::SqliteRow) -> Result<Option<Recording>, StoreError> {
    let millis: Option<i64> = row.try_get("recorded")?;
    Ok(millis.map(|millis| Recording {
        millis: millis.unsigned_abs(),
    }))
}
