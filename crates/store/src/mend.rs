//! Going on when the file is damaged: it is set aside as it is, and what still reads of it is taken over into a new one.

use crate::{StoreError, open, private};
use sqlx::{
    AssertSqlSafe, Connection, Row, SqliteConnection, SqlitePool, migrate::Migrator,
    pool::PoolConnection,
};
use std::{
    fmt::Write as _,
    fs,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

/// Where a new store is made.
const WORKSHOP: &str = "store-mending";
/// What it is called when it is done.
const WHOLE: &str = "store-mended.sqlite";
const SMALLEST_PAGE: u64 = 512;
/// The most rows that are asked for one by one where a table does not read as a whole.
const MOST_PROBES: i64 = 1_000_000;

/// A damaged store that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// Where it is now, whole as it was found.
    pub kept_as: PathBuf,
    /// What of it does not read, by table and row; empty where only what can be made anew was damaged.
    pub lost: Vec<String>,
}

/// Opens the store of a folder, by way of a new file where the one that stands there is damaged.
pub(crate) async fn open(
    dir: &Path,
    migrator: &Migrator,
) -> Result<(SqlitePool, Option<Mended>), StoreError> {
    let file = dir.join(open::FILE);
    finish(dir, &file)?;
    let whole = match stands(&file) {
        true => check(&file, migrator).await,
        false => Ok(()),
    };
    let opened = match whole {
        Ok(()) => open::open(dir, migrator).await,
        Err(error) => Err(error),
    };
    match opened {
        Ok(pool) => Ok((pool, None)),
        Err(StoreError::Damaged { what }) => {
            tracing::error!(%what, "The store is damaged");
            let lost = begin_anew(dir, &file, migrator).await?;
            let kept_as = set_aside(&file)?;
            finish(dir, &file)?;
            tracing::error!(kept_as = %kept_as.display(), ?lost, "A new store was begun");
            let pool = open::open(dir, migrator).await?;
            Ok((pool, Some(Mended { kept_as, lost })))
        }
        Err(error) => Err(error),
    }
}

fn stands(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|metadata| metadata.len() > 0)
}

/// Looks at every page without changing any. A file of a newer program is for others to judge.
async fn check(file: &Path, migrator: &Migrator) -> Result<(), StoreError> {
    // SQLite takes what is shorter than the smallest page for nothing at all, and would write over it.
    if fs::metadata(file)?.len() < SMALLEST_PAGE {
        return Err(StoreError::damaged("cut off in its first page"));
    }
    if open::version(file).await? > open::newest(migrator) {
        return Ok(());
    }
    let mut connection = open::look_at(file).await?;
    let pages: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(&mut connection)
        .await?;
    connection.close().await?;
    match pages.as_str() {
        "ok" => Ok(()),
        _ => Err(StoreError::damaged(pages)),
    }
}

/// Makes a new store out of what reads of the damaged one, and says what does not. It is at `WHOLE` when it is done, so that a
/// program that dies on the way begins again.
async fn begin_anew(
    dir: &Path,
    damaged: &Path,
    migrator: &Migrator,
) -> Result<Vec<String>, StoreError> {
    let (workshop, whole) = (dir.join(WORKSHOP), dir.join(WHOLE));
    if workshop.exists() {
        fs::remove_dir_all(&workshop)?;
    }
    if whole.exists() {
        fs::remove_file(&whole)?;
    }
    let pool = open::open(&workshop, migrator).await?;
    let lost = take_over(damaged, &pool).await.unwrap_or_else(|error| {
        tracing::error!(%error, "Nothing of the damaged store reads");
        vec!["everything".to_owned()]
    });
    // Closing writes the journal into the file, which then stands alone.
    pool.close().await;
    private::open_file(&workshop.join(open::FILE))?.sync_all()?;
    fs::rename(workshop.join(open::FILE), &whole)?;
    fs::remove_dir_all(&workshop)?;
    Ok(lost)
}

/// Puts a new store in the place of the one that was set aside.
fn finish(dir: &Path, file: &Path) -> Result<(), StoreError> {
    let whole = dir.join(WHOLE);
    if !file.exists() && whole.exists() {
        fs::rename(whole, file)?;
    }
    Ok(())
}

/// Gives the file, with what SQLite wrote beside it, a name that nothing has: `store-damaged-N.sqlite`.
fn set_aside(file: &Path) -> Result<PathBuf, StoreError> {
    let mut n = 1;
    let kept_as = loop {
        let name = file.with_file_name(format!("store-damaged-{n}.sqlite"));
        if !name.exists() {
            break name;
        }
        n += 1;
    };
    // The journal first: were it alone left behind, it would be taken for the new file's.
    for end in ["-wal", "-shm", ""] {
        let beside = |path: &Path| {
            let mut name = path.as_os_str().to_owned();
            name.push(end);
            PathBuf::from(name)
        };
        if beside(file).exists() {
            fs::rename(beside(file), beside(&kept_as))?;
        }
    }
    Ok(kept_as)
}

/// Copies every row that reads, table by table in the order in which they refer to each other.
async fn take_over(old: &Path, pool: &SqlitePool) -> Result<Vec<String>, StoreError> {
    let mut connection = pool.acquire().await?;
    let old = std::path::absolute(old)?;
    // A file that was cut is refused as a whole without this, though most of it may read. Nothing is written to it.
    sqlx::query("PRAGMA writable_schema = ON")
        .execute(&mut *connection)
        .await?;
    sqlx::query("ATTACH $1 AS old")
        .bind(read_only(&old))
        .execute(&mut *connection)
        .await?;
    let copied = copy(&mut connection).await;
    // Err: it goes with the connection, which is not used again.
    sqlx::query("DETACH old")
        .execute(&mut *connection)
        .await
        .ok();
    retire(connection).await;
    copied
}

/// A file's name for SQLite, to be read alone (https://sqlite.org/uri.html).
fn read_only(file: &Path) -> String {
    let mut uri = String::from("file:");
    let path = file.to_string_lossy().replace('\\', "/");
    if !path.starts_with('/') {
        uri.push('/');
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-:".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            write!(uri, "%{byte:02X}").expect("a String takes everything");
        }
    }
    uri.push_str("?mode=ro");
    uri
}

/// A connection that saw a damaged file is not given to others.
async fn retire(connection: PoolConnection<sqlx::Sqlite>) {
    // Err: it is closed either way.
    connection.detach().close().await.ok();
}

async fn copy(connection: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    let known: Vec<String> =
        sqlx::query_scalar("SELECT name FROM old.sqlite_schema WHERE type = 'table'")
            .fetch_all(&mut *connection)
            .await?;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM main.sqlite_schema \
         WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> '_sqlx_migrations' ORDER BY rowid",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut lost = Vec::new();
    // Each row is a transaction of its own: after a damaged page SQLite writes nothing more in one. All of it is written
    // through when the file is closed.
    sqlx::query("PRAGMA synchronous = OFF")
        .execute(&mut *connection)
        .await?;
    for table in tables.iter().filter(|table| known.contains(table)) {
        let columns = columns(connection, table).await?;
        let all = format!(
            "INSERT OR REPLACE INTO main.{table} ({columns}) SELECT {columns} FROM old.{table}"
        );
        if let Err(error) = sqlx::query(AssertSqlSafe(all.as_str()))
            .execute(&mut *connection)
            .await
        {
            tracing::warn!(table, %error, "A table does not read as a whole");
            lost.extend(copy_rows(connection, table, &all).await);
        }
    }
    Ok(lost)
}

/// The columns that a table has both here and there.
async fn columns(connection: &mut SqliteConnection, table: &str) -> Result<String, StoreError> {
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM pragma_table_info($1, 'main') \
         WHERE name IN (SELECT name FROM pragma_table_info($1, 'old')) ORDER BY cid",
    )
    .bind(table)
    .fetch_all(connection)
    .await?;
    Ok(columns.join(", "))
}

/// Copies what reads of a table row by row, and names what does not.
async fn copy_rows(connection: &mut SqliteConnection, table: &str, all: &str) -> Vec<String> {
    let last = last_row(connection, table).await;
    let one = format!("{all} WHERE rowid = $1");
    let mut lost: Vec<RangeInclusive<i64>> = Vec::new();
    for row in 1..=last.min(MOST_PROBES) {
        let copied = sqlx::query(AssertSqlSafe(one.as_str()))
            .bind(row)
            .execute(&mut *connection)
            .await;
        match (copied, lost.last_mut()) {
            (Ok(_), _) => {}
            (Err(_), Some(rows)) if *rows.end() == row - 1 => *rows = *rows.start()..=row,
            (Err(_), _) => lost.push(row..=row),
        }
    }
    if last == 0 {
        return vec![table.to_owned()];
    }
    lost.iter()
        .map(|rows| format!("{table}, rows {} to {}", rows.start(), rows.end()))
        .collect()
}

/// The last row that a table may have; 0 where it has no rows by number, or nothing tells.
async fn last_row(connection: &mut SqliteConnection, table: &str) -> i64 {
    let counted = sqlx::query("SELECT seq FROM old.sqlite_sequence WHERE name = $1")
        .bind(table)
        .fetch_optional(&mut *connection)
        .await;
    if let Ok(Some(row)) = counted
        && let Ok(last) = row.try_get(0)
    {
        return last;
    }
    let last = format!("SELECT coalesce(max(rowid), 0) FROM old.{table}");
    sqlx::query_scalar(AssertSqlSafe(last))
        .fetch_one(connection)
        .await
        .unwrap_or(0)
}
