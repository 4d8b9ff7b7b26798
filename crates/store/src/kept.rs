//! What an agent filed who works without a centre: forms and tickets, here for good.

use crate::{
    Store, StoreError, drafts,
    row::{readable, uuid},
    store::Opened,
};
use offhook_model::{CustomerId, Wall, WrapUpId};
use sqlx::{Row, sqlite::SqliteRow};
use std::fmt;
use uuid::Uuid;

pub(crate) const KEPT: &str = "kept";

/// Something that is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptItem {
    /// The form's or the ticket's id.
    pub id: Uuid,
    /// Whose history it belongs to.
    pub customer: Option<CustomerId>,
    /// What it is: `wrap_up` or `ticket`. Stays what it is for ever.
    pub kind: String,
    /// The version of that kind's body.
    pub version: u32,
    /// Since when.
    pub kept_at: Wall,
    /// What was written. Encrypted on the way in.
    pub body: Vec<u8>,
}

impl fmt::Debug for KeptItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptItem")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("version", &self.version)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Keeps a form or a ticket, in one transaction: the draft of that id goes. What is kept already stays as it is.
    ///
    /// # Errors
    /// What the disk said.
    pub async fn keep(&self, item: &KeptItem) -> Result<(), StoreError> {
        let opened = self.opened()?;
        let (key, body) = opened.seal(KEPT, &name(item), &item.body);
        let mut write = self.write().await?;
        sqlx::query(
            "INSERT INTO kept (agent_id, key_id, id, customer, kind, version, kept_at, body) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (agent_id, kind, id) DO NOTHING",
        )
        .bind(opened.agent)
        .bind(key)
        .bind(item.id.as_bytes().as_slice())
        .bind(item.customer.map_or(vec![], |id| id.0.as_bytes().to_vec()))
        .bind(&item.kind)
        .bind(item.version)
        .bind(item.kept_at.0)
        .bind(body)
        .execute(&mut *write)
        .await?;
        drafts::delete(&mut write, opened.agent, WrapUpId(item.id)).await?;
        write.commit().await?;
        Ok(())
    }

    /// Says whose history a kept item belongs to, where that became known later. An item that is not kept stays so.
    ///
    /// # Errors
    /// What the disk said.
    pub async fn set_kept_customer(
        &self,
        kind: &str,
        id: Uuid,
        customer: CustomerId,
    ) -> Result<(), StoreError> {
        let opened = self.opened()?;
        sqlx::query("UPDATE kept SET customer = $1 WHERE agent_id = $2 AND kind = $3 AND id = $4")
            .bind(customer.0.as_bytes().as_slice())
            .bind(opened.agent)
            .bind(kind)
            .bind(id.as_bytes().as_slice())
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Reads one kept item.
    ///
    /// # Errors
    /// What the disk said; `Damaged` where it does not read.
    pub async fn kept(&self, kind: &str, id: Uuid) -> Result<Option<KeptItem>, StoreError> {
        let opened = self.opened()?;
        let row = sqlx::query(
            "SELECT seq, key_id, id, customer, kind, version, kept_at, body FROM kept \
             WHERE agent_id = $1 AND kind = $2 AND id = $3",
        )
        .bind(opened.agent)
        .bind(kind)
        .bind(id.as_bytes().as_slice())
        .fetch_optional(self.pool())
        .await?;
        match row {
            Some(row) => kept_item(&opened, &row),
            None => Ok(None),
        }
    }

    /// Lists what is kept of a customer, newest first.
    ///
    /// # Errors
    /// What the disk said. A damaged row is left out and named by [`Store::check`].
    pub async fn kept_of(&self, customer: CustomerId) -> Result<Vec<KeptItem>, StoreError> {
        let opened = self.opened()?;
        sqlx::query(
            "SELECT seq, key_id, id, customer, kind, version, kept_at, body FROM kept \
             WHERE agent_id = $1 AND customer = $2 ORDER BY seq DESC",
        )
        .bind(opened.agent)
        .bind(customer.0.as_bytes().as_slice())
        .fetch_all(self.pool())
        .await?
        .iter()
        .filter_map(|row| readable(kept_item(&opened, row)))
        .collect()
    }

    /// Counts what is kept of a kind.
    ///
    /// # Errors
    /// What the disk said.
    pub async fn kept_count(&self, kind: &str) -> Result<u64, StoreError> {
        let opened = self.opened()?;
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM kept WHERE agent_id = $1 AND kind = $2")
                .bind(opened.agent)
                .bind(kind)
                .fetch_one(self.pool())
                .await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

/// Reads a row of `kept`.
pub(crate) fn kept_item(opened: &Opened, row: &SqliteRow) -> Result<Option<KeptItem>, StoreError> {
    let customer: &[u8] = row.try_get("customer")?;
    let mut item = KeptItem {
        id: uuid(row, "id")?,
        customer: Uuid::from_slice(customer).ok().map(CustomerId),
        kind: row.try_get("kind")?,
        version: row.try_get("version")?,
        kept_at: Wall(row.try_get("kept_at")?),
        body: vec![],
    };
    let Some(body) = opened.unseal(KEPT, &name(&item), row)? else {
        return Ok(None);
    };
    item.body = body;
    Ok(Some(item))
}

/// What an item's body is bound to beside its table and agent. Its customer may become known later.
fn name(item: &KeptItem) -> Vec<u8> {
    let mut name = item.id.as_bytes().to_vec();
    name.extend_from_slice(&item.version.to_be_bytes());
    name.extend_from_slice(item.kind.as_bytes());
    name
}
