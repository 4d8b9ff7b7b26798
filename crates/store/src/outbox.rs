//! What is to be sent to the centre: forms, and beside them profiles and tickets.
//!
//! ```text
//!             submit                 sent
//!  (draft) ───────────▶ waiting ─────────────▶ sent ──7 days──▶ (gone)
//!                        ▲   │ refused
//!                 submit │   ▼
//!                       refused   (the text stays, and can be edited and submitted again)
//! ```
//!
//! The texts of a form, of its profiles and of its tickets go together: when nothing of it is left to write or to send.

use crate::{
    DraftRow, Store, StoreError,
    drafts::{self, SUBMITTED, bound, draft},
    row::{count, readable, uuid},
    store::Opened,
};
use offhook_model::{Code, CustomerId, Wall, WrapUpId};
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};
use std::{collections::HashSet, fmt, time::Duration};
use uuid::Uuid;

pub(crate) const OUTBOX: &str = "outbox";

/// How long a sent row is remembered.
const REMEMBERED: Duration = Duration::from_hours(7 * 24);

/// Something to send.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboxItem {
    /// Its id, and the idempotency key it is sent with.
    pub id: Uuid,
    /// The form it is, or beside which it was written.
    pub wrap_up: WrapUpId,
    /// Items of one customer are sent in their order.
    pub customer: Option<CustomerId>,
    /// How to send it: `wrap_up`, `customer` or `ticket`. Stays what it is for ever, so that any later program sends it.
    pub kind: String,
    /// The version of that kind's body.
    pub version: u32,
    /// When the agent submitted it.
    pub submitted_at: Wall,
    /// What to send. Encrypted on the way in.
    pub body: Vec<u8>,
}

impl fmt::Debug for OutboxItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboxItem")
            .field("id", &self.id)
            .field("wrap_up", &self.wrap_up)
            .field("kind", &self.kind)
            .field("version", &self.version)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish_non_exhaustive()
    }
}

/// How far an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemState {
    /// It is to be sent.
    Waiting,
    /// The centre has it.
    Sent {
        /// Since when.
        at: Wall,
    },
    /// The centre refused it for good.
    Refused {
        /// Why.
        code: Code,
    },
}

/// Where a submitted form stands.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboxState {
    /// The item's id.
    pub id: Uuid,
    /// The form it came from.
    pub wrap_up: WrapUpId,
    /// How it is sent.
    pub kind: String,
    /// The version of that kind's body.
    pub version: u32,
    /// When the agent submitted it.
    pub submitted_at: Wall,
    /// How often it was tried.
    pub tries: u32,
    /// Not before this moment.
    pub next_try: Wall,
    /// How far it is.
    pub state: ItemState,
    /// The form as it was submitted.
    pub draft: DraftRow,
}

impl fmt::Debug for OutboxState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboxState")
            .field("id", &self.id)
            .field("tries", &self.tries)
            .field("state", &self.state)
            .field("draft", &self.draft)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Submits a form, in one transaction: the draft goes, its text stays as submitted, the item waits in the outbox. The same
    /// item again changes nothing. A refused form is submitted with a new item in place of the refused one.
    ///
    /// # Errors
    /// [`StoreError::AlreadySubmitted`] where another item of this form waits or was sent.
    pub async fn submit(&self, form: DraftRow, item: OutboxItem) -> Result<(), StoreError> {
        let opened = self.opened()?;
        let wrap_up = item.wrap_up.0.as_bytes().as_slice();
        let (key, body) = opened.seal(OUTBOX, &name(&item), &item.body);
        let (text_key, text) = opened.seal(SUBMITTED, &bound(form.wrap_up, form.edit), &form.body);

        let mut write = self.write().await?;
        let earlier =
            sqlx::query("SELECT seq, id, state FROM outbox WHERE agent_id = $1 AND wrap_up = $2 AND kind = 'wrap_up'")
                .bind(opened.agent)
                .bind(wrap_up)
                .fetch_optional(&mut *write)
                .await?;
        if let Some(earlier) = earlier {
            if earlier.try_get::<&str, _>("state")? != "refused" {
                return if uuid(&earlier, "id")? == item.id {
                    Ok(())
                } else {
                    Err(StoreError::AlreadySubmitted)
                };
            }
            sqlx::query("DELETE FROM outbox WHERE seq = $1")
                .bind(earlier.try_get::<i64, _>("seq")?)
                .execute(&mut *write)
                .await?;
        }
        insert(&mut write, opened.agent, &item, key, body).await?;
        sqlx::query(
            "INSERT INTO submitted (agent_id, key_id, wrap_up, edit, body) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (agent_id, wrap_up) DO UPDATE \
             SET key_id = excluded.key_id, edit = excluded.edit, body = excluded.body",
        )
        .bind(opened.agent)
        .bind(text_key)
        .bind(form.wrap_up.0.as_bytes().as_slice())
        .bind(count(form.edit))
        .bind(text)
        .execute(&mut *write)
        .await?;
        drafts::delete(&mut write, opened.agent, form.wrap_up).await?;
        write.commit().await?;
        Ok(())
    }

    /// Puts an item beside a form into the outbox: a profile or a ticket. The same item again changes nothing. A profile takes
    /// the place of refused ones of the same customer.
    ///
    /// # Errors
    /// What the disk said.
    pub async fn file(&self, item: OutboxItem) -> Result<(), StoreError> {
        self.put(item, None).await
    }

    /// Puts a mended item into the outbox, under an id of its own, in the place of the refused one it was made from.
    ///
    /// # Errors
    /// What the disk said.
    pub async fn file_again(&self, item: OutboxItem, refused: Uuid) -> Result<(), StoreError> {
        self.put(item, Some(refused)).await
    }

    async fn put(&self, item: OutboxItem, instead_of: Option<Uuid>) -> Result<(), StoreError> {
        let opened = self.opened()?;
        let (key, body) = opened.seal(OUTBOX, &name(&item), &item.body);
        let mut write = self.write().await?;
        let there: i64 =
            sqlx::query_scalar("SELECT count(*) FROM outbox WHERE agent_id = $1 AND id = $2")
                .bind(opened.agent)
                .bind(item.id.as_bytes().as_slice())
                .fetch_one(&mut *write)
                .await?;
        if there > 0 {
            return Ok(());
        }
        sqlx::query(
            "DELETE FROM outbox WHERE agent_id = $1 AND state = 'refused' \
             AND (id = $4 OR (kind = 'customer' AND kind = $2 AND customer = $3))",
        )
        .bind(opened.agent)
        .bind(&item.kind)
        .bind(customer(&item))
        .bind(instead_of.map_or(vec![], |id| id.as_bytes().to_vec()))
        .execute(&mut *write)
        .await?;
        insert(&mut write, opened.agent, &item, key, body).await?;
        write.commit().await?;
        Ok(())
    }

    /// Drops a refused item for good: the agent has given it up. One that is not there is dropped already.
    ///
    /// # Errors
    /// What the disk said.
    pub async fn give_up(&self, id: Uuid) -> Result<(), StoreError> {
        let opened = self.opened()?;
        let mut write = self.write().await?;
        let dropped: Option<Vec<u8>> = sqlx::query_scalar(
            "DELETE FROM outbox WHERE agent_id = $1 AND id = $2 AND state = 'refused' AND kind <> 'wrap_up' \
             RETURNING wrap_up",
        )
        .bind(opened.agent)
        .bind(id.as_bytes().as_slice())
        .fetch_optional(&mut *write)
        .await?;
        if let Some(wrap_up) = dropped {
            forget_texts(&mut write, opened.agent, &wrap_up).await?;
        }
        write.commit().await?;
        Ok(())
    }

    /// Lists what was filed beside forms of which something is left to write or to send, oldest first.
    ///
    /// # Errors
    /// What the disk said. A damaged row is left out and named by [`Store::check`].
    pub async fn beside(&self) -> Result<Vec<(OutboxItem, ItemState)>, StoreError> {
        let opened = self.opened()?;
        let rows = sqlx::query(
            "SELECT seq, key_id, id, wrap_up, customer, kind, version, submitted_at, state, settled_at, refused_code, body \
             FROM outbox WHERE agent_id = $1 AND kind <> 'wrap_up' AND length(body) > 0 ORDER BY seq",
        )
        .bind(opened.agent)
        .fetch_all(self.pool())
        .await?;
        let mut beside = Vec::new();
        for row in &rows {
            if let Some(item) = readable(outbox_item(&opened, row)) {
                beside.push((item?, item_state(row)?));
            }
        }
        Ok(beside)
    }

    /// Lists what may be sent now, oldest first. Of each customer only the oldest: the next one follows when that is settled.
    ///
    /// # Errors
    /// What the disk said. A damaged row is left out, holds nobody up, and is named by [`Store::check`].
    pub async fn due(&self, now: Wall) -> Result<Vec<OutboxItem>, StoreError> {
        let opened = self.opened()?;
        let waiting = sqlx::query(
            "SELECT seq, key_id, id, wrap_up, customer, kind, version, submitted_at, next_try, body \
             FROM outbox WHERE agent_id = $1 AND state = 'waiting' ORDER BY seq",
        )
        .bind(opened.agent)
        .fetch_all(self.pool())
        .await?;
        let mut seen = HashSet::new();
        let mut due = Vec::new();
        for row in &waiting {
            let Some(item) = readable(outbox_item(&opened, row)) else {
                continue;
            };
            let item = item?;
            let first = item.customer.is_none_or(|customer| seen.insert(customer));
            if first && row.try_get::<i64, _>("next_try")? <= now.0 {
                due.push(item);
            }
        }
        Ok(due)
    }

    /// Counts a try and says when the next one may be. Call it before sending: a program that dies while sending has tried.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where no such item waits.
    pub async fn tried(&self, id: Uuid, now: Wall, next_try: Wall) -> Result<(), StoreError> {
        let opened = self.opened()?;
        let changed = sqlx::query(
            "UPDATE outbox SET tries = tries + 1, tried_at = $1, next_try = $2 \
             WHERE agent_id = $3 AND id = $4 AND state = 'waiting'",
        )
        .bind(now.0)
        .bind(next_try.0)
        .bind(opened.agent)
        .bind(id.as_bytes().as_slice())
        .execute(self.pool())
        .await?;
        one_row(changed.rows_affected())
    }

    /// Settles an item that the centre has. Its text is dropped here, with all that belongs to the same form, when nothing of
    /// that is left to write or to send. Saying it twice is fine.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such item.
    pub async fn sent(&self, id: Uuid, now: Wall) -> Result<(), StoreError> {
        let opened = self.opened()?;
        let mut write = self.write().await?;
        let wrap_up: Option<Vec<u8>> = sqlx::query_scalar(
            "UPDATE outbox SET state = 'sent', settled_at = $1, refused_code = '', \
             body = CASE WHEN kind = 'wrap_up' THEN x'' ELSE body END \
             WHERE agent_id = $2 AND id = $3 RETURNING wrap_up",
        )
        .bind(now.0)
        .bind(opened.agent)
        .bind(id.as_bytes().as_slice())
        .fetch_optional(&mut *write)
        .await?;
        let wrap_up = wrap_up.ok_or(StoreError::NotFound)?;
        forget_texts(&mut write, opened.agent, &wrap_up).await?;
        let forgotten = now.0.saturating_sub(count(
            u64::try_from(REMEMBERED.as_millis()).unwrap_or(u64::MAX),
        ));
        sqlx::query(
            "DELETE FROM outbox WHERE agent_id = $1 AND state = 'sent' AND settled_at < $2 AND NOT EXISTS \
             (SELECT 1 FROM outbox AS other WHERE other.agent_id = $1 AND other.wrap_up = outbox.wrap_up AND other.state <> 'sent')",
        )
        .bind(opened.agent)
        .bind(forgotten)
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// Settles an item that the centre refused for good. The text stays; the customer's next item is no longer held up. Later
    /// profiles of the same customer are refused with it: each changes the version that the one before was to make, and sent
    /// alone it could undo what somebody else wrote.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where no such item waits.
    pub async fn refused(&self, id: Uuid, code: Code, now: Wall) -> Result<(), StoreError> {
        let opened = self.opened()?;
        let changed = sqlx::query(
            "UPDATE outbox SET state = 'refused', settled_at = $1, refused_code = $2 \
             WHERE agent_id = $3 AND state = 'waiting' AND (id = $4 OR seq IN \
             (SELECT later.seq FROM outbox AS later JOIN outbox AS this \
              ON later.seq > this.seq AND later.kind = this.kind AND later.customer = this.customer \
              WHERE this.id = $4 AND this.kind = 'customer' AND this.state = 'waiting'))",
        )
        .bind(now.0)
        .bind(code_to_text(code))
        .bind(opened.agent)
        .bind(id.as_bytes().as_slice())
        .execute(self.pool())
        .await?;
        one_row(changed.rows_affected())
    }

    /// Lists every submitted form of which something is left to send, itself or what was filed beside it, oldest first. A refused
    /// one that is being edited again is among [`Store::drafts`] too, with the newer text.
    ///
    /// # Errors
    /// What the disk said. A damaged row is left out and named by [`Store::check`].
    pub async fn outbox(&self) -> Result<Vec<OutboxState>, StoreError> {
        let opened = self.opened()?;
        sqlx::query(
            "SELECT outbox.id AS id, kind, version, submitted_at, tries, next_try, state, settled_at, refused_code, \
             submitted.seq AS seq, submitted.key_id AS key_id, submitted.wrap_up AS wrap_up, \
             submitted.edit AS edit, submitted.body AS body \
             FROM outbox JOIN submitted \
             ON submitted.agent_id = outbox.agent_id AND submitted.wrap_up = outbox.wrap_up \
             WHERE outbox.agent_id = $1 AND kind = 'wrap_up' ORDER BY outbox.seq",
        )
        .bind(opened.agent)
        .fetch_all(self.pool())
        .await?
        .iter()
        .filter_map(|row| readable(outbox_state(&opened, row)))
        .collect()
    }
}

async fn insert(
    write: &mut Transaction<'static, Sqlite>,
    agent: i64,
    item: &OutboxItem,
    key: i64,
    body: Vec<u8>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO outbox (agent_id, key_id, id, wrap_up, customer, kind, version, submitted_at, body) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(agent)
    .bind(key)
    .bind(item.id.as_bytes().as_slice())
    .bind(item.wrap_up.0.as_bytes().as_slice())
    .bind(customer(item))
    .bind(&item.kind)
    .bind(item.version)
    .bind(item.submitted_at.0)
    .bind(body)
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Where nothing of a form is left to write or to send, its texts go.
async fn forget_texts(
    write: &mut Transaction<'static, Sqlite>,
    agent: i64,
    wrap_up: &[u8],
) -> Result<(), StoreError> {
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM outbox WHERE agent_id = $1 AND wrap_up = $2 AND state <> 'sent') \
         + (SELECT count(*) FROM drafts WHERE agent_id = $1 AND wrap_up = $2)",
    )
    .bind(agent)
    .bind(wrap_up)
    .fetch_one(&mut **write)
    .await?;
    if left > 0 {
        return Ok(());
    }
    for forget in [
        "UPDATE outbox SET body = x'' WHERE agent_id = $1 AND wrap_up = $2",
        "DELETE FROM submitted WHERE agent_id = $1 AND wrap_up = $2",
    ] {
        sqlx::query(forget)
            .bind(agent)
            .bind(wrap_up)
            .execute(&mut **write)
            .await?;
    }
    Ok(())
}

fn item_state(row: &SqliteRow) -> Result<ItemState, StoreError> {
    Ok(match row.try_get("state")? {
        "waiting" => ItemState::Waiting,
        "sent" => ItemState::Sent {
            at: Wall(row.try_get("settled_at")?),
        },
        _ => ItemState::Refused {
            code: code_from_text(row.try_get("refused_code")?),
        },
    })
}

fn customer(item: &OutboxItem) -> Vec<u8> {
    item.customer.map_or(vec![], |id| id.0.as_bytes().to_vec())
}

/// Reads a row of `outbox`.
pub(crate) fn outbox_item(
    opened: &Opened,
    row: &SqliteRow,
) -> Result<Option<OutboxItem>, StoreError> {
    let customer: &[u8] = row.try_get("customer")?;
    let mut item = OutboxItem {
        id: uuid(row, "id")?,
        wrap_up: WrapUpId(uuid(row, "wrap_up")?),
        customer: Uuid::from_slice(customer).ok().map(CustomerId),
        kind: row.try_get("kind")?,
        version: row.try_get("version")?,
        submitted_at: Wall(row.try_get("submitted_at")?),
        body: vec![],
    };
    let Some(body) = opened.unseal(OUTBOX, &name(&item), row)? else {
        return Ok(None);
    };
    item.body = body;
    Ok(Some(item))
}

fn outbox_state(opened: &Opened, row: &SqliteRow) -> Result<Option<OutboxState>, StoreError> {
    let Some(draft) = draft(opened, SUBMITTED, row)? else {
        return Ok(None);
    };
    Ok(Some(OutboxState {
        id: uuid(row, "id")?,
        wrap_up: draft.wrap_up,
        kind: row.try_get("kind")?,
        version: row.try_get("version")?,
        submitted_at: Wall(row.try_get("submitted_at")?),
        tries: row.try_get("tries")?,
        next_try: Wall(row.try_get("next_try")?),
        state: item_state(row)?,
        draft,
    }))
}

/// What an item's body is bound to beside its table and agent: all that decides what is sent where.
pub(crate) fn name(item: &OutboxItem) -> Vec<u8> {
    let mut name = item.id.as_bytes().to_vec();
    name.extend_from_slice(item.wrap_up.0.as_bytes());
    name.extend_from_slice(&item.version.to_be_bytes());
    name.extend_from_slice(item.kind.as_bytes());
    name
}

fn one_row(changed: u64) -> Result<(), StoreError> {
    if changed == 0 {
        Err(StoreError::NotFound)
    } else {
        Ok(())
    }
}

fn code_to_text(code: Code) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(text)) => text,
        // A code is written as its name; `refused` says the least.
        _ => "refused".into(),
    }
}

/// Reads a code. A name of a later day still means that the item was refused.
fn code_from_text(text: &str) -> Code {
    serde_json::from_value(text.into()).unwrap_or(Code::Refused)
}
