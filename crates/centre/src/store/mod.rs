//! The centre's records in SQLite: accounts, sessions, customers, calls, wrap-ups.
//!
//! Every table is STRICT, every write is one transaction, migrations are numbered and never edited. A store that a newer
//! program wrote is refused untouched.

mod accounts;
mod calls;
mod customers;
mod form;
mod idempotency;
mod profiles;
mod recordings;
mod rights;
mod sample;
#[cfg(test)]
mod tests;
mod tickets;
mod words;
mod wrap_ups;

pub use accounts::{
    Account, AgentOnRecord, NewSession, QueueNumber, SessionEnd, SessionOnRecord, SipSecret,
};
pub use calls::CallRow;
pub(crate) use customers::match_key;
pub use idempotency::{Kept, Key, NotTheirs, Put};
pub use profiles::ProfileRefusal;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, SqlSafeStr};
use std::path::Path;
use std::time::Duration;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file was written by a newer version of the centre; it is left as it is.
    #[error("the store was written by a newer version")]
    Newer,
    /// A migration failed.
    #[error("migrating the store: {0}")]
    Migration(#[source] MigrateError),
    /// The database refused: disk full, read-only, damaged.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    /// A row holds what this version cannot read.
    #[error("a row cannot be read: {0}")]
    Row(#[from] serde_json::Error),
    /// The folder cannot be made.
    #[error("making the data folder: {0}")]
    Folder(#[source] std::io::Error),
    /// A password could not be hashed.
    #[error("hashing a password")]
    Hash,
}

/// A handle to the database; clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    pool: SqlitePool,
}

impl Store {
    /// Opens the store in a folder, which is made if needed, and brings it up to date.
    ///
    /// # Errors
    /// [`StoreError::Newer`] leaves the file untouched.
    pub async fn open(folder: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder).map_err(StoreError::Folder)?;
        let options = SqliteConnectOptions::new()
            .filename(folder.join("centre.sqlite3"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            // SQLite ends a transaction by itself where the disk is full; sqlx counts on, and that connection would begin no other.
            .before_acquire(|connection, _| {
                let usable = !connection.is_in_transaction();
                Box::pin(async move { Ok(usable) })
            })
            .connect_with(options)
            .await?;
        let migrations = [
            (
                1,
                "centre",
                include_str!("../../migrations/0001_centre.sql"),
            ),
            (
                2,
                "outbound",
                include_str!("../../migrations/0002_outbound.sql"),
            ),
            (
                3,
                "recordings",
                include_str!("../../migrations/0003_recordings.sql"),
            ),
            (
                4,
                "rights",
                include_str!("../../migrations/0004_rights.sql"),
            ),
        ]
        .map(|(number, name, sql)| {
            let simple = MigrationType::Simple;
            Migration::new(number, name.into(), simple, sql.into_sql_str(), false)
        })
        .to_vec();
        Migrator::with_migrations(migrations)
            .run(&pool)
            .await
            .map_err(|error| match error {
                MigrateError::VersionMissing(_) => StoreError::Newer,
                other => StoreError::Migration(other),
            })?;
        Ok(Self { pool })
    }

    /// Finishes what is being written and closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// A transaction that may write. It takes the write lock at once, so that what it reads first still holds when it writes.
    async fn write(&self) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, StoreError> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }
}
