//! Opening the file: its version, the copy before a migration, the migrations.

use crate::{StoreError, private};
use sqlx::{
    ConnectOptions, Connection, SqlSafeStr, SqliteConnection, SqlitePool,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{fs, path::Path, time::Duration};

/// The store's file in the profile folder.
pub(crate) const FILE: &str = "store.sqlite";

/// Connections: one writes, and a list can be read beside it.
const CONNECTIONS: u32 = 3;

/// Every migration there is. Never edited; a new one is added at the end.
pub(crate) fn migrations() -> Migrator {
    let all = [
        (1, "first", include_str!("../migrations/0001_first.sql")),
        (2, "filed", include_str!("../migrations/0002_filed.sql")),
        (
            3,
            "handouts",
            include_str!("../migrations/0003_handouts.sql"),
        ),
    ];
    let migration = |(version, name, sql): (i64, &'static str, &'static str)| {
        Migration::new(
            version,
            name.into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    };
    Migrator::with_migrations(all.into_iter().map(migration).collect())
}

pub(crate) async fn open(dir: &Path, migrator: &Migrator) -> Result<SqlitePool, StoreError> {
    private::create_dir(dir)?;
    let file = dir.join(FILE);
    let stands = private::open_file(&file)?.metadata()?.len() > 0;
    let known = newest(migrator);
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
        // SQLite ends a transaction by itself where the disk is full; sqlx counts on, and that connection would begin no other.
        .before_acquire(|connection, _| {
            let usable = !connection.is_in_transaction();
            Box::pin(async move { Ok(usable) })
        })
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

/// The newest migration there is.
pub(crate) fn newest(migrator: &Migrator) -> i64 {
    migrator.iter().map(|m| m.version).max().unwrap_or(0)
}

/// Opens a file to read it alone.
pub(crate) async fn look_at(file: &Path) -> Result<SqliteConnection, StoreError> {
    Ok(at(file).read_only(true).connect().await?)
}

/// Reads the newest migration a file has seen, without changing it; 0 for none.
pub(crate) async fn version(file: &Path) -> Result<i64, StoreError> {
    let mut connection = look_at(file).await?;
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
    private::open_file(&unfinished)?.sync_all()?;
    fs::rename(&unfinished, &copy)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DraftRow, KeyRing, OutboxItem, Store};
    use offhook_model::{Code, CustomerId, Secret, Wall, WrapUpId};
    use sqlx::{AssertSqlSafe, Row};
    use std::path::PathBuf;
    use uuid::Uuid;

    fn later(version: i64, sql: &'static str) -> Migrator {
        let mut all: Vec<_> = migrations().iter().cloned().collect();
        all.push(Migration::new(
            version,
            "later".into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        ));
        Migrator::with_migrations(all)
    }

    async fn furnished(dir: &Path) -> DraftRow {
        let store = Store::open_with(dir, KeyRing::Absent).await.expect("new");
        let draft = unlock_and_write(&store).await;
        store.close().await;
        draft
    }

    async fn unlock_and_write(store: &Store) -> DraftRow {
        store
            .unlock_with_password("lin@centre", &Secret::new("practice"))
            .await
            .expect("unlocked");
        let draft = DraftRow {
            wrap_up: WrapUpId(Uuid::from_u128(1)),
            edit: 1,
            body: b"text".into(),
        };
        store.save_draft(draft.clone()).await.expect("saved");
        draft
    }

    fn files(dir: &Path) -> Vec<PathBuf> {
        let mut files: Vec<_> = fs::read_dir(dir)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        files.sort();
        files
    }

    #[tokio::test]
    async fn the_file_is_written_through_and_its_tables_are_strict() {
        let home = tempfile::tempdir().expect("a folder");
        let pool = open(home.path(), &migrations()).await.expect("a store");
        for (pragma, value) in [
            ("PRAGMA journal_mode", "wal"),
            // 2 is FULL.
            ("PRAGMA synchronous", "2"),
            ("PRAGMA foreign_keys", "1"),
        ] {
            let row = sqlx::query(pragma).fetch_one(&pool).await.expect("a row");
            let found = row
                .try_get::<String, _>(0)
                .or_else(|_| row.try_get::<i64, _>(0).map(|n| n.to_string()))
                .expect("a value");
            assert_eq!(found, value, "{pragma}");
        }
        let tables = sqlx::query("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE '%sql%'")
            .fetch_all(&pool)
            .await
            .expect("tables");
        assert_eq!(tables.len(), 12);
        for table in tables {
            let name: String = table.try_get("name").expect("a name");
            let strict: i64 = table.try_get("strict").expect("a flag");
            assert_eq!(strict, 1, "{name}");
        }
    }

    #[tokio::test]
    async fn a_store_of_a_newer_program_is_refused_untouched() {
        let home = tempfile::tempdir().expect("a folder");
        furnished(home.path()).await;
        let newer = later(4, "CREATE TABLE tomorrow (id INTEGER PRIMARY KEY) STRICT");
        open(home.path(), &newer)
            .await
            .expect("migrated")
            .close()
            .await;
        let file = home.path().join(FILE);
        let before = fs::read(&file).expect("a file");

        let refused = Store::open_with(home.path(), KeyRing::Absent)
            .await
            .expect_err("newer");
        assert!(
            matches!(refused, StoreError::Newer { found: 4, known: 3 }),
            "{refused}"
        );
        assert_eq!(refused.code(), Code::StoreNewer);
        assert!(fs::read(&file).expect("a file") == before);
    }

    #[tokio::test]
    async fn a_copy_stands_before_an_older_store_is_changed() {
        let home = tempfile::tempdir().expect("a folder");
        let draft = furnished(home.path()).await;
        assert_eq!(files(home.path()), [home.path().join(FILE)]);
        // A copy that an earlier attempt did not finish is in nobody's way.
        fs::write(home.path().join("store-before-4.unfinished"), "x").expect("a file");

        let newer = later(4, "DROP TABLE drafts");
        open(home.path(), &newer)
            .await
            .expect("migrated")
            .close()
            .await;
        let copy = home.path().join("store-before-4.sqlite");
        assert_eq!(files(home.path()), [copy.clone(), home.path().join(FILE)]);

        // The copy is a whole store: put in its place, it opens with everything in it.
        let other = tempfile::tempdir().expect("a folder");
        fs::copy(&copy, other.path().join(FILE)).expect("copied");
        let store = Store::open_with(other.path(), KeyRing::Absent)
            .await
            .expect("a store");
        store
            .unlock_with_password("lin@centre", &Secret::new("practice"))
            .await
            .expect("unlocked");
        assert_eq!(store.drafts().await.expect("drafts"), [draft]);
    }

    #[tokio::test]
    async fn a_store_of_the_first_version_comes_along_with_its_outbox() {
        let home = tempfile::tempdir().expect("a folder");
        let first = Migrator::with_migrations(migrations().iter().take(1).cloned().collect());
        let store = Store::open_migrated(home.path(), KeyRing::Absent, &first)
            .await
            .expect("a store of then");
        store
            .unlock_with_password("lin@centre", &Secret::new("practice"))
            .await
            .expect("unlocked");
        // As the program of then wrote them; the numbers have a gap where a row was forgotten.
        let opened = store.opened().expect("unlocked");
        let item = |n: u128| OutboxItem {
            id: Uuid::from_u128(1000 + n),
            wrap_up: WrapUpId(Uuid::from_u128(n)),
            customer: Some(CustomerId(Uuid::from_u128(n))),
            kind: "wrap_up".into(),
            version: 1,
            submitted_at: Wall(5),
            body: format!("body {n}").into(),
        };
        for (seq, n, state) in [(3, 1, "waiting"), (7, 2, "waiting"), (8, 3, "refused")] {
            let item = item(n);
            let (key, body) = opened.seal("outbox", &crate::outbox::name(&item), &item.body);
            sqlx::query(
                "INSERT INTO outbox (seq, agent_id, key_id, id, wrap_up, customer, kind, version, submitted_at, state, tries, body) \
                 VALUES ($1, $2, $3, $4, $5, $6, 'wrap_up', 1, 5, $7, 4, $8)",
            )
            .bind(seq)
            .bind(opened.agent)
            .bind(key)
            .bind(item.id.as_bytes().as_slice())
            .bind(item.wrap_up.0.as_bytes().as_slice())
            .bind(item.customer.expect("named").0.as_bytes().as_slice())
            .bind(state)
            .bind(body)
            .execute(store.pool())
            .await
            .expect("a row");
        }
        store.close().await;

        let store = Store::open_with(home.path(), KeyRing::Absent)
            .await
            .expect("migrated");
        assert!(home.path().join("store-before-2.sqlite").exists());
        store
            .unlock_with_password("lin@centre", &Secret::new("practice"))
            .await
            .expect("unlocked");
        let due = store.due(Wall(1000)).await.expect("due");
        assert_eq!(due, [item(1), item(2)]);
        let kept: Vec<(i64, i64, String)> =
            sqlx::query_as("SELECT seq, tries, state FROM outbox ORDER BY seq")
                .fetch_all(store.pool())
                .await
                .expect("rows");
        let state = |text: &str| text.to_owned();
        assert_eq!(
            kept,
            [
                (3, 4, state("waiting")),
                (7, 4, state("waiting")),
                (8, 4, state("refused"))
            ]
        );
        store.check().await.expect("whole");
    }

    #[tokio::test]
    async fn a_migration_that_fails_changes_nothing() {
        let home = tempfile::tempdir().expect("a folder");
        let draft = furnished(home.path()).await;
        let broken = later(4, "DROP TABLE drafts; CREATE TABLE nonsense");
        open(home.path(), &broken).await.expect_err("it fails");
        let store = Store::open_with(home.path(), KeyRing::Absent)
            .await
            .expect("as before");
        store
            .unlock_with_password("lin@centre", &Secret::new("practice"))
            .await
            .expect("unlocked");
        assert_eq!(store.drafts().await.expect("drafts"), [draft]);
    }

    #[tokio::test]
    async fn a_full_disk_and_a_read_only_one_are_told_and_lose_nothing() {
        for (fault, lifted, code) in [
            (
                "PRAGMA max_page_count = 1",
                "PRAGMA max_page_count = 4294967294",
                Code::StoreFull,
            ),
            (
                "PRAGMA query_only = 1",
                "PRAGMA query_only = 0",
                Code::StoreFull,
            ),
        ] {
            let home = tempfile::tempdir().expect("a folder");
            let store = Store::open_with(home.path(), KeyRing::Absent)
                .await
                .expect("new");
            let draft = unlock_and_write(&store).await;
            on_every_connection(&store, fault).await;
            let much = DraftRow {
                body: vec![7; 200_000],
                edit: 2,
                ..draft.clone()
            };
            let error = store.save_draft(much.clone()).await.expect_err(fault);
            assert_eq!(error.code(), code, "{fault}: {error}");
            assert!(
                matches!(error, StoreError::Full | StoreError::ReadOnly(_)),
                "{error}"
            );
            assert_eq!(store.drafts().await.expect("drafts"), [draft]);

            on_every_connection(&store, lifted).await;
            store.save_draft(much.clone()).await.expect("room again");
            assert_eq!(store.drafts().await.expect("drafts"), [much]);
        }
    }

    #[tokio::test]
    async fn a_transaction_that_sqlite_itself_gave_up_is_in_nobodys_way() {
        let home = tempfile::tempdir().expect("a folder");
        let store = Store::open_with(home.path(), KeyRing::Absent)
            .await
            .expect("new");
        let draft = unlock_and_write(&store).await;
        for edit in 2..=1 + u64::from(CONNECTIONS) {
            // As after a commit that met a full disk.
            let mut write = store.write().await.expect("a transaction");
            sqlx::query("ROLLBACK")
                .execute(&mut *write)
                .await
                .expect("given up");
            drop(write);
            let next = DraftRow {
                edit,
                ..draft.clone()
            };
            store.save_draft(next.clone()).await.expect("room again");
            assert_eq!(store.drafts().await.expect("drafts"), [next]);
        }
    }

    async fn on_every_connection(store: &Store, sql: &str) {
        let mut held = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut connection = store.pool().acquire().await.expect("a connection");
            sqlx::query(AssertSqlSafe(sql))
                .execute(&mut *connection)
                .await
                .expect("set");
            held.push(connection);
        }
    }
}
