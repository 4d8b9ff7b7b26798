//! What was answered to which key, kept in the transaction of the write itself.

use super::accounts::put_presence;
use super::{Store, StoreError};
use offhook_model::{AgentId, PresenceState, Wall};
use sqlx::Row;
use uuid::Uuid;

/// A write's key, with what it asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Who wrote.
    pub account: AgentId,
    /// The `Idempotency-Key`.
    pub key: Uuid,
    /// SHA-256 of method, path and body, in hex.
    pub request_hash: String,
}

/// What is on record under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// Nothing: the write is new.
    New,
    /// The same write was answered so.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The JSON body.
        answer: String,
    },
    /// Another write had this key.
    Reused,
}

/// What became of a write that happens once. `R` says why it may be refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put<R> {
    /// It is kept; the same answer goes to every repetition.
    Kept {
        /// The HTTP status.
        status: u16,
        /// The JSON body.
        answer: String,
    },
    /// The key belongs to another write.
    KeyReused,
    /// It was refused and nothing was kept.
    Refused(R),
}

/// The record belongs to another agent, or names a customer who is kept for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotTheirs;

impl Store {
    /// Says whether a write has been answered before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn kept(&self, key: &Key) -> Result<Kept, StoreError> {
        let mut connection = self.pool.acquire().await?;
        look_up(&mut connection, key).await
    }

    /// Keeps the answer to a write of which nothing else is on record.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_answer(&self, key: &Key, answer: &str, now: Wall) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        keep(&mut tx, key, 200, answer, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Keeps a presence and the answer that told it, in one transaction.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_presence_answer(
        &self,
        key: &Key,
        state: &PresenceState,
        answer: &str,
        now: Wall,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        put_presence(&mut tx, key.account, state).await?;
        keep(&mut tx, key, 200, answer, now).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// The answer to a key that has been used; nothing for a new one.
pub(super) async fn repeated<R>(
    connection: &mut sqlx::SqliteConnection,
    key: &Key,
) -> Result<Option<Put<R>>, StoreError> {
    Ok(match look_up(connection, key).await? {
        Kept::New => None,
        Kept::Answered { status, answer } => Some(Put::Kept { status, answer }),
        Kept::Reused => Some(Put::KeyReused),
    })
}

async fn look_up(connection: &mut sqlx::SqliteConnection, key: &Key) -> Result<Kept, StoreError> {
    let row = sqlx::query(
        "SELECT request_hash, status, answer FROM idempotency WHERE account = $1 AND key = $2",
    )
    .bind(key.account.to_string())
    .bind(key.key.to_string())
    .fetch_optional(connection)
    .await?;
    Ok(match row {
        None => Kept::New,
        Some(row) if row.try_get::<String, _>("request_hash")? == key.request_hash => {
            Kept::Answered {
                status: row.try_get("status")?,
                answer: row.try_get("answer")?,
            }
        }
        Some(_) => Kept::Reused,
    })
}

pub(super) async fn keep(
    connection: &mut sqlx::SqliteConnection,
    key: &Key,
    status: u16,
    answer: &str,
    now: Wall,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO idempotency (account, key, request_hash, status, answer, at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(key.account.to_string())
    .bind(key.key.to_string())
    .bind(&key.request_hash)
    .bind(status)
    .bind(answer)
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(())
}
