//! Opening an agent's data: by the keyring at start, by the password after a sign-in.
//!
//! The data key is drawn once and wrapped twice. By password: argon2id makes a key that wraps it. By keyring: the keyring keeps
//! a key that wraps it. Either opens it; whichever was missing or outdated is then made anew.

use crate::{
    Store, StoreError,
    crypt::{DataKey, Key, Place},
    password::{self, Cost},
    store::Opened,
};
use offhook_model::Secret;
use sqlx::Row;
use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

/// How long the keyring may take after a sign-in. The data is open meanwhile.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether the next start will open by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyringState {
    /// The keyring has the key.
    Kept,
    /// It has not, and why (for the log). Everything works; the password is asked for at each start.
    Unavailable(String),
}

/// One row of `data_keys`.
struct Wrapped {
    id: i64,
    salt: Vec<u8>,
    cost: Cost,
    by_password: Vec<u8>,
    by_keyring: Vec<u8>,
}

impl Store {
    /// Opens the data of the agent who was here last with the key from the keyring. `Ok(false)`: there is none that helps, the
    /// password is needed.
    ///
    /// # Errors
    /// [`StoreError::KeyringUnavailable`] where the keyring does not answer within `patience`: to be said, not to be stopped by.
    pub async fn unlock_with_keyring(&self, patience: Duration) -> Result<bool, StoreError> {
        let _one_at_a_time = self.0.unlocking.lock().await;
        let last = sqlx::query(
            "SELECT agents.id AS id, agents.name AS name FROM store JOIN agents ON agents.id = store.last_agent",
        )
        .fetch_optional(self.pool())
        .await?;
        let Some(last) = last else {
            return Ok(false);
        };
        let (agent, name): (i64, String) = (last.try_get("id")?, last.try_get("name")?);
        let Some(ring_key) = self.read_keyring(&name, patience).await? else {
            return Ok(false);
        };
        let keys = by_keyring(&self.wrapped(agent).await?, &name, &ring_key);
        if keys.is_empty() {
            return Ok(false);
        }
        self.set_opened(Opened { agent, name, keys });
        Ok(true)
    }

    /// Opens the data of `agent` (`username@centre`) after a sign-in that the centre accepted, and closes anybody else's. The
    /// first time, the key is made. Where the password has changed and the keyring, or an earlier unlock, has the key open, it
    /// is wrapped anew.
    ///
    /// # Errors
    /// [`StoreError::WrongPassword`] where the password has changed and nothing else opens the key: see
    /// [`Store::unlock_after_password_change`] and [`Store::start_afresh`].
    pub async fn unlock_with_password(
        &self,
        agent: &str,
        password: &Secret,
    ) -> Result<KeyringState, StoreError> {
        let _one_at_a_time = self.0.unlocking.lock().await;
        self.unlock(agent, password, None).await
    }

    /// Opens the data of `agent` while no centre can say whether the password is right: it is when it opens the newest key.
    /// Nothing is made or wrapped anew. `Ok(false)`: this agent has never been here.
    ///
    /// # Errors
    /// [`StoreError::WrongPassword`].
    pub async fn unlock_alone(&self, agent: &str, password: &Secret) -> Result<bool, StoreError> {
        let _one_at_a_time = self.0.unlocking.lock().await;
        let Some(id) = self.agent_id(agent).await? else {
            return Ok(false);
        };
        let rows = self.wrapped(id).await?;
        let mut keys = BTreeMap::new();
        for row in &rows {
            if let Some(key) = row.by_password(agent, password).await? {
                keys.insert(row.id, key);
            }
        }
        if !rows
            .last()
            .is_some_and(|newest| keys.contains_key(&newest.id))
        {
            return Err(StoreError::WrongPassword);
        }
        self.publish(id, agent, &keys);
        Ok(true)
    }

    /// Opens the data of `agent` with the password of before the change, and wraps it with the new one.
    ///
    /// # Errors
    /// [`StoreError::WrongPassword`] where the old one opens nothing either.
    pub async fn unlock_after_password_change(
        &self,
        agent: &str,
        old: &Secret,
        new: &Secret,
    ) -> Result<KeyringState, StoreError> {
        let _one_at_a_time = self.0.unlocking.lock().await;
        self.unlock(agent, new, Some(old)).await
    }

    /// Goes on with a new key where the old password is forgotten. What lies under the old one stays, unread, until
    /// [`Store::unlock_after_password_change`] is given its password.
    ///
    /// # Errors
    /// What the disk said.
    pub async fn start_afresh(
        &self,
        agent: &str,
        password: &Secret,
    ) -> Result<KeyringState, StoreError> {
        let _one_at_a_time = self.0.unlocking.lock().await;
        self.add_key(agent, password).await?;
        self.unlock(agent, password, None).await
    }

    /// Tells whether anything of this agent lies under a key that is not open.
    ///
    /// # Errors
    /// What the disk said, or nobody's data is open.
    pub async fn holds_what_is_shut(&self) -> Result<bool, StoreError> {
        let opened = self.opened()?;
        let used: Vec<i64> = sqlx::query_scalar(
            "SELECT key_id FROM drafts WHERE agent_id = $1 UNION SELECT key_id FROM submitted WHERE agent_id = $1 \
             UNION SELECT key_id FROM outbox WHERE agent_id = $1 AND length(body) > 0 \
             UNION SELECT key_id FROM legs WHERE agent_id = $1 UNION SELECT key_id FROM cards WHERE agent_id = $1 \
             UNION SELECT key_id FROM kept WHERE agent_id = $1",
        )
        .bind(opened.agent)
        .fetch_all(self.pool())
        .await?;
        Ok(used.iter().any(|key| !opened.keys.contains_key(key)))
    }

    async fn unlock(
        &self,
        name: &str,
        password: &Secret,
        old: Option<&Secret>,
    ) -> Result<KeyringState, StoreError> {
        let agent = match self.agent_id(name).await? {
            Some(agent) => agent,
            None => self.add_key(name, password).await?,
        };
        let rows = self.wrapped(agent).await?;
        let mut keys = BTreeMap::new();
        for row in &rows {
            if let Some(key) = row.by_password(name, password).await? {
                keys.insert(row.id, key);
            }
        }
        let by_this_password: Vec<i64> = keys.keys().copied().collect();
        if let Some(old) = old {
            for row in rows
                .iter()
                .filter(|row| !by_this_password.contains(&row.id))
            {
                if let Some(key) = row.by_password(name, old).await? {
                    keys.insert(row.id, key);
                }
            }
            if keys.len() == by_this_password.len() && keys.len() < rows.len() {
                return Err(StoreError::WrongPassword);
            }
        }
        if let Ok(opened) = self.opened()
            && opened.agent == agent
        {
            keys.extend(opened.keys.iter().map(|(id, key)| (*id, key.clone())));
        }
        if rows
            .last()
            .is_some_and(|newest| keys.contains_key(&newest.id))
        {
            // Nobody needs to wait for the keyring.
            self.publish(agent, name, &keys);
        }
        let ring_key = self.read_keyring(name, PATIENCE).await;
        if let Ok(Some(ring_key)) = &ring_key {
            for (id, key) in by_keyring(&rows, name, ring_key) {
                keys.entry(id).or_insert(key);
            }
        }
        if keys.is_empty() {
            return Err(StoreError::WrongPassword);
        }
        for row in &rows {
            if let Some(key) = keys.get(&row.id)
                && !by_this_password.contains(&row.id)
            {
                self.wrap_by_password(row.id, name, key, password).await?;
            }
        }
        self.publish(agent, name, &keys);
        sqlx::query("UPDATE store SET last_agent = $1 WHERE only_row = 1")
            .bind(agent)
            .execute(self.pool())
            .await?;
        self.keep_in_keyring(name, &rows, &keys, ring_key).await
    }

    fn publish(&self, agent: i64, name: &str, keys: &BTreeMap<i64, DataKey>) {
        self.set_opened(Opened {
            agent,
            name: name.to_owned(),
            keys: keys.clone(),
        });
    }

    async fn agent_id(&self, name: &str) -> Result<Option<i64>, StoreError> {
        Ok(sqlx::query_scalar("SELECT id FROM agents WHERE name = $1")
            .bind(name)
            .fetch_optional(self.pool())
            .await?)
    }

    /// Makes a data key for the agent, who is written down where new, and returns the agent's id.
    async fn add_key(&self, name: &str, password: &Secret) -> Result<i64, StoreError> {
        let (salt, cost) = (password::draw_salt(), Cost::USUAL);
        let wrapping = password::stretch(password, &salt, cost).await?;
        let by_password = wrapping.seal(password_place(name), Key::draw().bytes());
        let mut write = self.write().await?;
        sqlx::query("INSERT INTO agents (name) VALUES ($1) ON CONFLICT (name) DO NOTHING")
            .bind(name)
            .execute(&mut *write)
            .await?;
        let agent: i64 = sqlx::query_scalar("SELECT id FROM agents WHERE name = $1")
            .bind(name)
            .fetch_one(&mut *write)
            .await?;
        sqlx::query(
            "INSERT INTO data_keys (agent_id, salt, memory_kib, passes, lanes, by_password) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(agent)
        .bind(salt.as_slice())
        .bind(cost.memory_kib)
        .bind(cost.passes)
        .bind(cost.lanes)
        .bind(by_password)
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(agent)
    }

    async fn wrap_by_password(
        &self,
        id: i64,
        name: &str,
        key: &DataKey,
        password: &Secret,
    ) -> Result<(), StoreError> {
        let (salt, cost) = (password::draw_salt(), Cost::USUAL);
        let wrapping = password::stretch(password, &salt, cost).await?;
        sqlx::query(
            "UPDATE data_keys SET salt = $1, memory_kib = $2, passes = $3, lanes = $4, by_password = $5 WHERE id = $6",
        )
        .bind(salt.as_slice())
        .bind(cost.memory_kib)
        .bind(cost.passes)
        .bind(cost.lanes)
        .bind(wrapping.seal(password_place(name), key.whole().bytes()))
        .bind(id)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    async fn keep_in_keyring(
        &self,
        name: &str,
        rows: &[Wrapped],
        keys: &BTreeMap<i64, DataKey>,
        ring_key: Result<Option<Key>, StoreError>,
    ) -> Result<KeyringState, StoreError> {
        let kept = match ring_key {
            Ok(Some(ring_key)) => Ok(ring_key),
            Ok(None) => self.write_keyring(name).await,
            Err(error) => Err(error),
        };
        let ring_key = match kept {
            Ok(ring_key) => ring_key,
            Err(StoreError::KeyringUnavailable(why)) => return Ok(KeyringState::Unavailable(why)),
            Err(error) => return Err(error),
        };
        let kept = by_keyring(rows, name, &ring_key);
        for (id, key) in keys.iter().filter(|(id, _)| !kept.contains_key(id)) {
            sqlx::query("UPDATE data_keys SET by_keyring = $1 WHERE id = $2")
                .bind(ring_key.seal(keyring_place(name), key.whole().bytes()))
                .bind(id)
                .execute(self.pool())
                .await?;
        }
        Ok(KeyringState::Kept)
    }

    async fn wrapped(&self, agent: i64) -> Result<Vec<Wrapped>, StoreError> {
        sqlx::query(
            "SELECT id, salt, memory_kib, passes, lanes, by_password, by_keyring FROM data_keys \
             WHERE agent_id = $1 ORDER BY id",
        )
        .bind(agent)
        .fetch_all(self.pool())
        .await?
        .iter()
        .map(|row| {
            Ok(Wrapped {
                id: row.try_get("id")?,
                salt: row.try_get("salt")?,
                cost: Cost {
                    memory_kib: row.try_get("memory_kib")?,
                    passes: row.try_get("passes")?,
                    lanes: row.try_get("lanes")?,
                },
                by_password: row.try_get("by_password")?,
                by_keyring: row.try_get("by_keyring")?,
            })
        })
        .collect()
    }

    /// Reads the keyring's key; `None` where it has none, or something that is no key.
    async fn read_keyring(
        &self,
        agent: &str,
        patience: Duration,
    ) -> Result<Option<Key>, StoreError> {
        let entry = self.keyring_entry(agent);
        let secret = self
            .0
            .keyring
            .ask(patience, move |ring| ring.read(&entry))
            .await?;
        Ok(secret
            .map(zeroize::Zeroizing::new)
            .and_then(|secret| Key::from_bytes(&secret)))
    }

    async fn write_keyring(&self, agent: &str) -> Result<Key, StoreError> {
        let entry = self.keyring_entry(agent);
        self.0
            .keyring
            .ask(PATIENCE, move |ring| {
                let key = Key::draw();
                ring.write(&entry, key.bytes())?;
                Ok(key)
            })
            .await
    }

    /// Two profiles on one computer have entries of their own.
    fn keyring_entry(&self, agent: &str) -> String {
        let mut entry = format!("{agent} ");
        for byte in &self.0.id {
            write!(entry, "{byte:02x}").expect("a String takes everything");
        }
        entry
    }
}

impl Wrapped {
    async fn by_password(
        &self,
        name: &str,
        password: &Secret,
    ) -> Result<Option<DataKey>, StoreError> {
        let wrapping = password::stretch(password, &self.salt, self.cost).await?;
        Ok(unwrap(&wrapping, password_place(name), &self.by_password))
    }
}

fn by_keyring(rows: &[Wrapped], name: &str, ring_key: &Key) -> BTreeMap<i64, DataKey> {
    rows.iter()
        .filter_map(|row| {
            unwrap(ring_key, keyring_place(name), &row.by_keyring).map(|key| (row.id, key))
        })
        .collect()
}

fn unwrap(wrapping: &Key, place: Place<'_>, blob: &[u8]) -> Option<DataKey> {
    let bytes = zeroize::Zeroizing::new(wrapping.open(place, blob).ok()?);
    Key::from_bytes(&bytes).map(DataKey::new)
}

const fn password_place(name: &str) -> Place<'_> {
    Place {
        table: "data_keys",
        row: b"by_password",
        agent: name,
    }
}

const fn keyring_place(name: &str) -> Place<'_> {
    Place {
        table: "data_keys",
        row: b"by_keyring",
        agent: name,
    }
}
