//! After-call forms being written.

use crate::{
    Store, StoreError,
    row::{count, readable, uuid},
    store::Opened,
};
use offhook_model::WrapUpId;
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};
use std::fmt;

pub(crate) const DRAFTS: &str = "drafts";
pub(crate) const SUBMITTED: &str = "submitted";

/// A draft as the store sees it.
#[derive(Clone, PartialEq, Eq)]
pub struct DraftRow {
    /// The form's id.
    pub wrap_up: WrapUpId,
    /// Counts up with each edit; an older save never overwrites a newer one.
    pub edit: u64,
    /// The form with its facts and text, as bytes of the caller's choice. Encrypted on the way in.
    pub body: Vec<u8>,
}

impl fmt::Debug for DraftRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DraftRow")
            .field("wrap_up", &self.wrap_up)
            .field("edit", &self.edit)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}

impl Store {
    /// Puts a draft on the disk, over its older self.
    ///
    /// # Errors
    /// [`StoreError::AlreadySubmitted`] where the form is in the outbox, sent or kept; after a refusal it can be edited again.
    pub async fn save_draft(&self, draft: DraftRow) -> Result<(), StoreError> {
        let opened = self.opened()?;
        let (key, body) = opened.seal(DRAFTS, &bound(draft.wrap_up, draft.edit), &draft.body);
        let mut write = self.write().await?;
        let submitted: i64 = sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM outbox \
             WHERE agent_id = $1 AND wrap_up = $2 AND kind = 'wrap_up' AND state <> 'refused') \
             + (SELECT count(*) FROM kept WHERE agent_id = $1 AND id = $2 AND kind = 'wrap_up')",
        )
        .bind(opened.agent)
        .bind(draft.wrap_up.0.as_bytes().as_slice())
        .fetch_one(&mut *write)
        .await?;
        if submitted > 0 {
            return Err(StoreError::AlreadySubmitted);
        }
        sqlx::query(
            "INSERT INTO drafts (agent_id, key_id, wrap_up, edit, body) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (agent_id, wrap_up) DO UPDATE \
             SET key_id = excluded.key_id, edit = excluded.edit, body = excluded.body \
             WHERE excluded.edit >= drafts.edit",
        )
        .bind(opened.agent)
        .bind(key)
        .bind(draft.wrap_up.0.as_bytes().as_slice())
        .bind(count(draft.edit))
        .bind(body)
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// Lists this agent's drafts, oldest first.
    ///
    /// # Errors
    /// What the disk said. A damaged row is left out and named by [`Store::check`].
    pub async fn drafts(&self) -> Result<Vec<DraftRow>, StoreError> {
        let opened = self.opened()?;
        sqlx::query(
            "SELECT seq, key_id, wrap_up, edit, body FROM drafts WHERE agent_id = $1 ORDER BY seq",
        )
        .bind(opened.agent)
        .fetch_all(self.pool())
        .await?
        .iter()
        .filter_map(|row| readable(draft(&opened, DRAFTS, row)))
        .collect()
    }

    /// Drops a draft for good: one that never got a word. A draft that is not there is dropped already.
    ///
    /// # Errors
    /// What the disk said.
    pub async fn drop_draft(&self, wrap_up: WrapUpId) -> Result<(), StoreError> {
        let opened = self.opened()?;
        let mut write = self.write().await?;
        delete(&mut write, opened.agent, wrap_up).await?;
        write.commit().await?;
        Ok(())
    }
}

pub(crate) async fn delete(
    write: &mut Transaction<'static, Sqlite>,
    agent: i64,
    wrap_up: WrapUpId,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM drafts WHERE agent_id = $1 AND wrap_up = $2")
        .bind(agent)
        .bind(wrap_up.0.as_bytes().as_slice())
        .execute(&mut **write)
        .await?;
    Ok(())
}

/// Reads a row of `drafts` or `submitted`.
pub(crate) fn draft(
    opened: &Opened,
    table: &'static str,
    row: &SqliteRow,
) -> Result<Option<DraftRow>, StoreError> {
    let wrap_up = WrapUpId(uuid(row, "wrap_up")?);
    let edit = u64::try_from(row.try_get::<i64, _>("edit")?).unwrap_or(0);
    Ok(opened
        .unseal(table, &bound(wrap_up, edit), row)?
        .map(|body| DraftRow {
            wrap_up,
            edit,
            body,
        }))
}

/// What a draft's body is bound to beside its table and agent.
pub(crate) fn bound(wrap_up: WrapUpId, edit: u64) -> Vec<u8> {
    let mut bytes = wrap_up.0.as_bytes().to_vec();
    bytes.extend_from_slice(&count(edit).to_be_bytes());
    bytes
}
