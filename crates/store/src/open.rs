//! Opening the file: its version, the copy before a migration, the migrations.

use crate::{StoreError, private};
use sqlx::{
    ConnectOptions, Connection, SqlSafeStr, SqlitePool,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{fs, path::Path, time::Duration};

/// The store's file in the profile folder.
const FILE: &str = "store.sqlite";

/// Connections: one writes, and a list can be read beside it.
const CONNECTIONS: u32 = 3;

/// Every migration there is. Never edited; a new one is added at the end.
pub(crate) fn migrations() -> Migrator {
    Migrator::with_migrations(vec![Migration::new(
        1,
        "first".into(),
        MigrationType::Simple,
        include_str!("../migrations/0001_first.sql").into_sql_str(),
        false,
    )])
}

pub(crate) async fn open(dir: &Path, migrator: &Migrator) -> Result<SqlitePool, StoreError> {
    private::create_dir(dir)?;
    let file = dir.join(FILE);
    let stands = private::open_file(&file)?.metadata()?.len() > 0;
    let known = migrator.iter().map(|m| m.version).max().unwrap_or(0);
    if stands {
        let found = version(&file).await?;
        if found > known {
            return Err(StoreError::Newer { found, known });
        }
        if (1..known).contains(&found) {
            copy_before_migration(&file, found).await?;
        }
    }
    let pool = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS)
        .connect_with(
            at(&file)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true),
        )
        .await?;
    migrator.run(&pool).await.map_err(|error| match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        error => StoreError::damaged(error.to_string()),
    })?;
    Ok(pool)
}

fn at(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging()
}

/// Reads the newest migration a file has seen, without changing it; 0 for none.
async fn version(file: &Path) -> Result<i64, StoreError> {
    let mut connection = at(file).read_only(true).connect().await?;
    let migrated: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = '_sqlx_migrations'",
    )
    .fetch_one(&mut connection)
    .await?;
    let version = if migrated == 0 {
        0
    } else {
        sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations")
            .fetch_one(&mut connection)
            .await?
    };
    connection.close().await?;
    Ok(version)
}

/// Leaves a copy beside the file, whole or not at all: `store-before-N.sqlite`, N being the version after the one it holds.
async fn copy_before_migration(file: &Path, found: i64) -> Result<(), StoreError> {
    let copy = file.with_file_name(format!("store-before-{}.sqlite", found + 1));
    let unfinished = copy.with_extension("unfinished");
    if unfinished.exists() {
        fs::remove_file(&unfinished)?;
    }
    // An empty file of our own making, so that SQLite writes into one that only its owner may read.
    private::open_file(&unfinished)?;
    let mut connection = at(file).connect().await?;
    sqlx::query("VACUUM INTO $1")
        .bind(unfinished.to_string_lossy())
        .execute(&mut connection)
        .await?;
    connection.close().await?;
    fs::File::open(&unfinished)?.sync_all()?;
    fs::rename(&unfinished, &copy)?;
    Ok(())
}
