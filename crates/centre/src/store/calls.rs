//! Calls and their legs.

use super::accounts::parse_id;
use super::recordings::recorded;
use super::words::{unword, word};
use super::{Store, StoreError};
use crate::acd::{CallOutcome, CallRecord};
use offhook_model::{
    AgentId, CallId, CustomerId, CustomerName, LegId, LegOutcome, LegRecord, PhoneNumber, Text,
    Wall,
};
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use utoipa::ToSchema;

/// One call with all its legs, oldest leg first, as an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallRow {
    /// The call.
    #[serde(flatten)]
    pub record: CallRecord,
    /// Agent and leg.
    pub legs: Vec<(AgentId, LegRecord)>,
}

impl Store {
    /// Keeps a call as it now is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_call(&self, record: &CallRecord) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO calls (id, number, name, skill_group_zh, skill_group_en, arrived_at, answered_at, ended_at, outcome,
               direction, caller_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             ON CONFLICT (id) DO UPDATE SET answered_at = excluded.answered_at, ended_at = excluded.ended_at,
               outcome = excluded.outcome
             WHERE calls.ended_at IS NULL",
        )
        .bind(record.call.to_string())
        .bind(record.number.as_ref().map(PhoneNumber::as_str))
        .bind(&record.name)
        .bind(record.skill_group.as_ref().map(|name| name.zh.as_str()))
        .bind(record.skill_group.as_ref().map(|name| name.en.as_str()))
        .bind(record.arrived_at.0)
        .bind(record.answered_at.map(|at| at.0))
        .bind(record.ended_at.map(|at| at.0))
        .bind(record.outcome.as_ref().map(word).transpose()?)
        .bind(word(&record.direction)?)
        .bind(record.caller_id.as_ref().map(PhoneNumber::as_str))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Keeps a leg as it now is and returns it with its recording, and its customer where exactly one has the number whom this
    /// agent may know.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_leg(
        &self,
        agent: AgentId,
        mut record: LegRecord,
    ) -> Result<LegRecord, StoreError> {
        if record.customer.is_none()
            && let Some(number) = &record.number
        {
            record.customer = self.only_customer(number).await?;
            if let Some(customer) = &record.customer
                && !self.is_open_to(agent, customer.id).await?
            {
                record.customer = None;
            }
        }
        sqlx::query(
            "INSERT INTO legs (id, call, agent, direction, number, customer, skill_group_zh, skill_group_en, offered_at,
               answered_at, ended_at, outcome)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             ON CONFLICT (id) DO UPDATE SET answered_at = excluded.answered_at, ended_at = excluded.ended_at,
               outcome = excluded.outcome
             WHERE legs.agent = excluded.agent",
        )
        .bind(record.leg.to_string())
        .bind(record.call.to_string())
        .bind(agent.to_string())
        .bind(word(&record.direction)?)
        .bind(record.number.as_ref().map(PhoneNumber::as_str))
        .bind(record.customer.as_ref().map(|customer| customer.id.to_string()))
        .bind(record.skill_group.as_ref().map(|name| name.zh.as_str()))
        .bind(record.skill_group.as_ref().map(|name| name.en.as_str()))
        .bind(record.offered_at.0)
        .bind(record.answered_at.map(|at| at.0))
        .bind(record.ended_at.map(|at| at.0))
        .bind(record.outcome.as_ref().map(word).transpose()?)
        .execute(&self.pool)
        .await?;
        record.recording = self.recording(record.leg).await?;
        Ok(record)
    }

    /// Ends what a crash left open, as lost by the restart, and tells how many calls that were: nobody can still be talking when
    /// the centre starts. They end with the centre's last sign of life, a heartbeat's time exact. Whose call was one to wrap up
    /// has that before them, also where they know of the end before the centre does.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lose_open_calls(&self, now: Wall) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let alive: Option<i64> = sqlx::query_scalar(
            "SELECT max(at) FROM (
               SELECT max(heard_at) AS at FROM sessions
               UNION ALL SELECT max(max(arrived_at, coalesce(answered_at, 0), coalesce(ended_at, 0))) FROM calls
               UNION ALL SELECT max(max(offered_at, coalesce(answered_at, 0), coalesce(ended_at, 0))) FROM legs)",
        )
        .fetch_one(&mut *tx)
        .await?;
        let ended_at = alive.map_or(now.0, |alive| alive.min(now.0));
        // As the queue has it: after every call that was dialled, and after one that came in where they talked.
        sqlx::query(
            "UPDATE accounts SET in_wrap_up = 1 WHERE presence <> 'checked_out' AND id IN (
               SELECT agent FROM legs
               WHERE ended_at IS NULL AND (answered_at IS NOT NULL OR direction = 'outbound'))",
        )
        .execute(&mut *tx)
        .await?;
        let lost = word(&CallOutcome::LostByRestart)?;
        let calls =
            sqlx::query("UPDATE calls SET ended_at = $1, outcome = $2 WHERE ended_at IS NULL")
                .bind(ended_at)
                .bind(lost)
                .execute(&mut *tx)
                .await?
                .rows_affected();
        let lost = word(&LegOutcome::LostByRestart)?;
        sqlx::query("UPDATE legs SET ended_at = $1, outcome = $2 WHERE ended_at IS NULL")
            .bind(ended_at)
            .bind(lost)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(calls)
    }

    /// Lists an agent's legs that began after `since`, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn legs_of(&self, agent: AgentId, since: Wall) -> Result<Vec<LegRecord>, StoreError> {
        sqlx::query(
            "SELECT l.id, l.call, l.agent, l.direction, l.number, l.customer, c.name AS customer_name, l.skill_group_zh,
               l.skill_group_en, l.offered_at, l.answered_at, l.ended_at, l.outcome, r.millis AS recorded
             FROM legs l LEFT JOIN customers c ON c.id = l.customer LEFT JOIN recordings r ON r.leg = l.id
             WHERE l.agent = $1 AND l.offered_at > $2 ORDER BY l.offered_at DESC, l.id DESC",
        )
        .bind(agent.to_string())
        .bind(since.0)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| Ok(leg(row)?.1))
        .collect()
    }

    /// Lists the legs of one call with their agents, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn legs_of_call(
        &self,
        call: CallId,
    ) -> Result<Vec<(AgentId, LegRecord)>, StoreError> {
        sqlx::query(
            "SELECT l.id, l.call, l.agent, l.direction, l.number, l.customer, c.name AS customer_name, l.skill_group_zh,
               l.skill_group_en, l.offered_at, l.answered_at, l.ended_at, l.outcome, r.millis AS recorded
             FROM legs l LEFT JOIN customers c ON c.id = l.customer LEFT JOIN recordings r ON r.leg = l.id
             WHERE l.call = $1 ORDER BY l.offered_at, l.id",
        )
        .bind(call.to_string())
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(leg)
        .collect()
    }

    /// Lists the latest calls, newest first, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn calls(&self, limit: u32) -> Result<Vec<CallRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, direction, number, caller_id, name, skill_group_zh, skill_group_en, arrived_at, answered_at, ended_at,
               outcome
             FROM calls ORDER BY arrived_at DESC, id DESC LIMIT $1",
        )
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        let mut calls = Vec::with_capacity(rows.len());
        for row in &rows {
            calls.push(self.call_row(row).await?);
        }
        Ok(calls)
    }

    /// Finds one call.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn call(&self, call: CallId) -> Result<Option<CallRow>, StoreError> {
        let row = sqlx::query(
            "SELECT id, direction, number, caller_id, name, skill_group_zh, skill_group_en, arrived_at, answered_at, ended_at,
               outcome
             FROM calls WHERE id = $1",
        )
        .bind(call.to_string())
        .fetch_optional(&self.pool)
        .await?;
        match row {
            Some(row) => Ok(Some(self.call_row(&row).await?)),
            None => Ok(None),
        }
    }

    async fn call_row(&self, row: &SqliteRow) -> Result<CallRow, StoreError> {
        let call = CallId(parse_id(row.try_get("id")?)?);
        Ok(CallRow {
            record: CallRecord {
                call,
                direction: unword(row.try_get("direction")?)?,
                number: number(row, "number")?,
                caller_id: number(row, "caller_id")?,
                name: row.try_get("name")?,
                skill_group: skill_group(row)?,
                arrived_at: Wall(row.try_get("arrived_at")?),
                answered_at: row.try_get::<Option<i64>, _>("answered_at")?.map(Wall),
                ended_at: row.try_get::<Option<i64>, _>("ended_at")?.map(Wall),
                outcome: row
                    .try_get::<Option<String>, _>("outcome")?
                    .map(unword)
                    .transpose()?,
            },
            legs: self.legs_of_call(call).await?,
        })
    }
}

pub(super) fn leg(row: &SqliteRow) -> Result<(AgentId, LegRecord), StoreError> {
    let customer = match row.try_get::<Option<String>, _>("customer")? {
        Some(id) => Some(CustomerName {
            id: CustomerId(parse_id(id)?),
            name: row.try_get("customer_name")?,
        }),
        None => None,
    };
    Ok((
        AgentId(parse_id(row.try_get("agent")?)?),
        LegRecord {
            leg: LegId(parse_id(row.try_get("id")?)?),
            call: CallId(parse_id(row.try_get("call")?)?),
            direction: unword(row.try_get("direction")?)?,
            number: number(row, "number")?,
            customer,
            skill_group: skill_group(row)?,
            offered_at: Wall(row.try_get("offered_at")?),
            answered_at: row.try_get::<Option<i64>, _>("answered_at")?.map(Wall),
            ended_at: row.try_get::<Option<i64>, _>("ended_at")?.map(Wall),
            outcome: row
                .try_get::<Option<String>, _>("outcome")?
                .map(unword)
                .transpose()?,
            recording: recorded(row)?,
        },
    ))
}

fn number(row: &SqliteRow, column: &str) -> Result<Option<PhoneNumber>, StoreError> {
    row.try_get::<Option<String>, _>(column)?
        .map(unword)
        .transpose()
}

fn skill_group(row: &SqliteRow) -> Result<Option<Text>, StoreError> {
    let zh: Option<String> = row.try_get("skill_group_zh")?;
    let en: Option<String> = row.try_get("skill_group_en")?;
    Ok(zh.zip(en).map(|(zh, en)| Text { zh, en }))
}
