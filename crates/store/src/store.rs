//! The store, and whose data in it is open.

use crate::{
    KeyRing, Mended, StoreError,
    crypt::{DataKey, Place},
    keyring::Asker,
    mend, open,
};
use sqlx::{Row, Sqlite, SqlitePool, Transaction, migrate::Migrator, sqlite::SqliteRow};
use std::{
    collections::BTreeMap,
    fmt,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};
use tokio::sync::Mutex;

/// The phone's store. Clones share it. Settings can be read and written at once; everything that belongs to an agent answers
/// [`StoreError::Locked`] until somebody has unlocked it.
#[derive(Clone)]
pub struct Store(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) pool: SqlitePool,
    /// Names this store in the keyring.
    pub(crate) id: Vec<u8>,
    pub(crate) keyring: Asker,
    /// One unlocks at a time.
    pub(crate) unlocking: Mutex<()>,
    opened: RwLock<Option<Arc<Opened>>>,
    mended: Option<Mended>,
}

/// Whose data is open, and with which keys.
pub(crate) struct Opened {
    pub(crate) agent: i64,
    pub(crate) name: String,
    pub(crate) keys: BTreeMap<i64, DataKey>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store in a profile folder, and creates it where there is none. Hold the folder's
    /// [`ProfileLock`](crate::ProfileLock) for as long.
    ///
    /// # Errors
    /// [`StoreError`]: `Newer` leaves the file as it is. A damaged file is no error: see [`Store::mended`].
    pub async fn open(dir: &Path) -> Result<Self, StoreError> {
        Self::open_with(dir, KeyRing::System).await
    }

    /// Opens the store with a keyring of one's choice.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_with(dir: &Path, keyring: KeyRing) -> Result<Self, StoreError> {
        Self::open_migrated(dir, keyring, &open::migrations()).await
    }

    pub(crate) async fn open_migrated(
        dir: &Path,
        keyring: KeyRing,
        migrator: &Migrator,
    ) -> Result<Self, StoreError> {
        let (pool, mended) = mend::open(dir, migrator).await?;
        let id = sqlx::query_scalar("SELECT id FROM store WHERE only_row = 1")
            .fetch_one(&pool)
            .await?;
        Ok(Self(Arc::new(Inner {
            pool,
            id,
            keyring: Asker::new(keyring),
            unlocking: Mutex::default(),
            opened: RwLock::default(),
            mended,
        })))
    }

    /// Tells what was found damaged on opening and set aside.
    #[must_use]
    pub fn mended(&self) -> Option<&Mended> {
        self.0.mended.as_ref()
    }

    /// Returns whose data is open, as named when it was unlocked.
    #[must_use]
    pub fn agent(&self) -> Option<String> {
        self.opened().ok().map(|opened| opened.name.clone())
    }

    /// Forgets the keys. What is stored stays, and opens again with the password or the keyring.
    pub fn lock(&self) {
        *self.opened_slot() = None;
    }

    /// Closes the file in good order. A store that is dropped without it loses nothing either.
    pub async fn close(&self) {
        self.lock();
        self.0.pool.close().await;
    }

    pub(crate) fn pool(&self) -> &SqlitePool {
        &self.0.pool
    }

    pub(crate) fn opened(&self) -> Result<Arc<Opened>, StoreError> {
        self.0
            .opened
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .ok_or(StoreError::Locked)
    }

    pub(crate) fn set_opened(&self, opened: Opened) {
        *self.opened_slot() = Some(Arc::new(opened));
    }

    fn opened_slot(&self) -> std::sync::RwLockWriteGuard<'_, Option<Arc<Opened>>> {
        self.0
            .opened
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a transaction that has the right to write from its start, so that it never has to give up half-way.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.pool().begin_with("BEGIN IMMEDIATE").await?)
    }
}

impl Opened {
    /// Encrypts a body with the newest open key; returns the key's id with it.
    pub(crate) fn seal(&self, table: &'static str, row: &[u8], plain: &[u8]) -> (i64, Vec<u8>) {
        let (id, key) = self
            .keys
            .last_key_value()
            .expect("nothing is opened without a key");
        (*id, key.body().seal(self.place(table, row), plain))
    }

    /// Decrypts the body of a row with the columns `seq`, `key_id` and `body`. `Ok(None)`: it lies under a key that is shut.
    pub(crate) fn unseal(
        &self,
        table: &'static str,
        name: &[u8],
        row: &SqliteRow,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(key) = self.keys.get(&row.try_get("key_id")?) else {
            return Ok(None);
        };
        let seq: i64 = row.try_get("seq")?;
        key.body()
            .open(self.place(table, name), row.try_get("body")?)
            .map(Some)
            .map_err(|_| StoreError::damaged(format!("{table}, row {seq}")))
    }

    const fn place<'a>(&'a self, table: &'static str, row: &'a [u8]) -> Place<'a> {
        Place {
            table,
            row,
            agent: self.name.as_str(),
        }
    }
}
