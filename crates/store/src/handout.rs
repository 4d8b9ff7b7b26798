//! What the centre handed out at the last sign-in, for the days on which it cannot be asked.

use crate::{Store, StoreError, store::Opened};
use sqlx::sqlite::SqliteRow;

const HANDOUTS: &str = "handouts";

/// There is one an agent: it needs no name of its own.
const NAME: &[u8] = b"handout";

impl Store {
    /// Keeps what was handed out, over what was before. From now on the keyring alone opens this agent's data again.
    ///
    /// # Errors
    /// What the disk said.
    pub async fn keep_handout(&self, handout: &[u8]) -> Result<(), StoreError> {
        let opened = self.opened()?;
        let (key, body) = opened.seal(HANDOUTS, NAME, handout);
        sqlx::query(
            "INSERT INTO handouts (agent_id, key_id, body) VALUES ($1, $2, $3) ON CONFLICT (agent_id) DO UPDATE \
             SET key_id = excluded.key_id, by_keyring = 1, body = excluded.body",
        )
        .bind(opened.agent)
        .bind(key)
        .bind(body)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Reads what was handed out; `None` where nothing was, or it lies under a key that is shut.
    ///
    /// # Errors
    /// What the disk said; `Damaged` where it does not read.
    pub async fn handout(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let opened = self.opened()?;
        let row = sqlx::query("SELECT seq, key_id, body FROM handouts WHERE agent_id = $1")
            .bind(opened.agent)
            .fetch_optional(self.pool())
            .await?;
        match row {
            Some(row) => handout(&opened, &row),
            None => Ok(None),
        }
    }

    /// Notes that the agent has left: the keyring alone does not open their data again.
    ///
    /// # Errors
    /// What the disk said.
    pub async fn leave(&self) -> Result<(), StoreError> {
        let opened = self.opened()?;
        sqlx::query("UPDATE handouts SET by_keyring = 0 WHERE agent_id = $1")
            .bind(opened.agent)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Tells whether the data of the agent who was here last may be opened by the keyring alone. Whether the keyring does, it is
    /// not asked.
    ///
    /// # Errors
    /// What the disk said.
    pub async fn opens_by_keyring(&self) -> Result<bool, StoreError> {
        let may: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM handouts JOIN store ON handouts.agent_id = store.last_agent WHERE by_keyring = 1",
        )
        .fetch_one(self.pool())
        .await?;
        Ok(may > 0)
    }
}

/// Reads a row of `handouts`.
pub(crate) fn handout(opened: &Opened, row: &SqliteRow) -> Result<Option<Vec<u8>>, StoreError> {
    opened.unseal(HANDOUTS, NAME, row)
}
