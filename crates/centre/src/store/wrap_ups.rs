//! 会话小结: what agents wrote after their calls.

use super::accounts::parse_id;
use super::idempotency::{Key, NotTheirs, Put, keep, repeated};
use super::rights::is_open_to;
use super::{Store, StoreError};
use offhook_model::api::{WrapUpBody, WrapUpReceipt, WrapUpStored};
use offhook_model::{AgentId, CallId, CustomerId, Wall, WrapUpId};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

impl Store {
    /// Keeps a wrap-up and the answer to its key in one transaction. A later one of the same agent replaces it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_wrap_up(
        &self,
        key: &Key,
        wrap_up: WrapUpId,
        body: &WrapUpBody,
        now: Wall,
    ) -> Result<Put<NotTheirs>, StoreError> {
        let mut tx = self.write().await?;
        if let Some(put) = repeated(&mut tx, key).await? {
            return Ok(put);
        }
        let owner: Option<String> = sqlx::query_scalar("SELECT agent FROM wrap_ups WHERE id = $1")
            .bind(wrap_up.to_string())
            .fetch_optional(&mut *tx)
            .await?;
        let theirs = owner.is_none_or(|owner| owner == key.account.to_string());
        let open = match body.customer {
            Some(customer) => is_open_to(&mut tx, key.account, customer).await?,
            None => true,
        };
        if !theirs || !open {
            return Ok(Put::Refused(NotTheirs));
        }
        sqlx::query(
            "INSERT INTO wrap_ups (id, agent, call, customer, legs, form_version, form_values, submitted_at, received_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (id) DO UPDATE SET customer = excluded.customer, legs = excluded.legs,
               form_version = excluded.form_version, form_values = excluded.form_values,
               submitted_at = excluded.submitted_at, received_at = excluded.received_at",
        )
        .bind(wrap_up.to_string())
        .bind(key.account.to_string())
        .bind(body.call.to_string())
        .bind(body.customer.map(|customer| customer.to_string()))
        .bind(serde_json::to_string(&body.legs)?)
        .bind(body.form_version)
        .bind(serde_json::to_string(&body.values)?)
        .bind(body.submitted_at.0)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        // The agent knows whose call it was where the number alone did not tell: a new customer, or one of several.
        sqlx::query(
            "UPDATE legs SET customer = $1 WHERE agent = $2 AND customer IS NULL
               AND id IN (SELECT value FROM json_each($3)) AND EXISTS (SELECT 1 FROM customers WHERE id = $1)",
        )
        .bind(body.customer.map(|customer| customer.to_string()))
        .bind(key.account.to_string())
        .bind(serde_json::to_string(&body.legs)?)
        .execute(&mut *tx)
        .await?;
        let answer = serde_json::to_string(&WrapUpReceipt {
            wrap_up,
            received_at: now,
        })?;
        keep(&mut tx, key, 201, &answer, now).await?;
        tx.commit().await?;
        Ok(Put::Kept {
            status: 201,
            answer,
        })
    }

    /// Finds one wrap-up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn wrap_up(&self, wrap_up: WrapUpId) -> Result<Option<WrapUpStored>, StoreError> {
        sqlx::query(
            "SELECT id, agent, call, customer, legs, form_version, form_values, submitted_at, received_at
             FROM wrap_ups WHERE id = $1",
        )
        .bind(wrap_up.to_string())
        .fetch_optional(&self.pool)
        .await?
        .as_ref()
        .map(stored)
        .transpose()
    }

    /// Lists the wrap-ups of a call, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn wrap_ups_of(&self, call: CallId) -> Result<Vec<WrapUpStored>, StoreError> {
        sqlx::query(
            "SELECT id, agent, call, customer, legs, form_version, form_values, submitted_at, received_at
             FROM wrap_ups WHERE call = $1 ORDER BY received_at, id",
        )
        .bind(call.to_string())
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(stored)
        .collect()
    }
}

fn stored(row: &SqliteRow) -> Result<WrapUpStored, StoreError> {
    Ok(WrapUpStored {
        wrap_up: WrapUpId(parse_id(row.try_get("id")?)?),
        agent: AgentId(parse_id(row.try_get("agent")?)?),
        received_at: Wall(row.try_get("received_at")?),
        body: WrapUpBody {
            call: CallId(parse_id(row.try_get("call")?)?),
            legs: serde_json::from_str(&row.try_get::<String, _>("legs")?)?,
            customer: row
                .try_get::<Option<String>, _>("customer")?
                .map(parse_id)
                .transpose()?
                .map(CustomerId),
            form_version: row.try_get("form_version")?,
            values: serde_json::from_str(&row.try_get::<String, _>("form_values")?)?,
            submitted_at: Wall(row.try_get("submitted_at")?),
        },
    })
}
