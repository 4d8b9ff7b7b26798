//! 工单: what agents opened.

use super::accounts::parse_id;
use super::idempotency::{Key, NotTheirs, Put, keep, repeated};
use super::rights::is_open_to;
use super::words::word;
use super::{Store, StoreError};
use offhook_model::api::{TicketBody, TicketReceipt, TicketStored};
use offhook_model::{AgentId, CallId, CustomerId, TicketId, TicketState, Wall};
use sqlx::Row;

impl Store {
    /// Keeps a ticket and the answer to its key in one transaction. A later one of the same agent replaces its texts.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_ticket(
        &self,
        key: &Key,
        ticket: TicketId,
        body: &TicketBody,
        now: Wall,
    ) -> Result<Put<NotTheirs>, StoreError> {
        let mut tx = self.write().await?;
        if let Some(put) = repeated(&mut tx, key).await? {
            return Ok(put);
        }
        let owner: Option<String> = sqlx::query_scalar("SELECT agent FROM tickets WHERE id = $1")
            .bind(ticket.to_string())
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
        let reference: String = sqlx::query_scalar(
            "INSERT INTO tickets (reference, id, agent, call, customer, title, text, state, opened_at, due_at)
             SELECT 'TK-' || (1 + COALESCE(MAX(CAST(SUBSTR(reference, 4) AS INTEGER)), 20000)), $1, $2, $3, $4, $5, $6, $7,
               $8, $9 FROM tickets WHERE true
             ON CONFLICT (id) DO UPDATE SET customer = excluded.customer, title = excluded.title, text = excluded.text,
               due_at = excluded.due_at
             RETURNING reference",
        )
        .bind(ticket.to_string())
        .bind(key.account.to_string())
        .bind(body.call.to_string())
        .bind(body.customer.map(|customer| customer.to_string()))
        .bind(body.title.trim())
        .bind(&body.text)
        .bind(word(&TicketState::Open)?)
        .bind(now.0)
        .bind(body.due_at.map(|at| at.0))
        .fetch_one(&mut *tx)
        .await?;
        let answer = serde_json::to_string(&TicketReceipt {
            ticket,
            reference,
            received_at: now,
        })?;
        keep(&mut tx, key, 201, &answer, now).await?;
        tx.commit().await?;
        Ok(Put::Kept {
            status: 201,
            answer,
        })
    }

    /// Lists the tickets that came out of a call, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tickets_of(&self, call: CallId) -> Result<Vec<TicketStored>, StoreError> {
        sqlx::query(
            "SELECT id, reference, agent, opened_at, customer, title, text, due_at
             FROM tickets WHERE call = $1 ORDER BY opened_at, reference",
        )
        .bind(call.to_string())
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| {
            Ok(TicketStored {
                ticket: TicketId(parse_id(row.try_get("id")?)?),
                reference: row.try_get("reference")?,
                agent: AgentId(parse_id(row.try_get("agent")?)?),
                received_at: Wall(row.try_get("opened_at")?),
                body: TicketBody {
                    call,
                    customer: row
                        .try_get::<Option<String>, _>("customer")?
                        .map(parse_id)
                        .transpose()?
                        .map(CustomerId),
                    title: row.try_get("title")?,
                    text: row.try_get("text")?,
                    due_at: row.try_get::<Option<i64>, _>("due_at")?.map(Wall),
                },
            })
        })
        .collect()
    }
}
