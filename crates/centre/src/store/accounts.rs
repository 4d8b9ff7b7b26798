//! Who may sign in, with what they were last doing, and their sessions.

use super::words::{unword, word};
use super::{Store, StoreError};
use offhook_model::api::{AgentProfile, Role, SkillGroup};
use offhook_model::{
    AgentId, PhoneNumber, Presence, PresenceReason, PresenceState, SkillGroupId, Text, Wall,
};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

/// An account as sign-in needs it. Not to be printed: it holds the password's hash.
#[derive(Clone)]
pub struct Account {
    /// Whose.
    pub profile: AgentProfile,
    /// The argon2 hash of the password, in PHC form.
    pub password_hash: String,
}

/// An agent as the queue needs them at the start.
#[derive(Debug, Clone)]
pub struct AgentOnRecord {
    /// Whose.
    pub profile: AgentProfile,
    /// The presence on record.
    pub presence: PresenceState,
    /// Whether a wrap-up was open.
    pub in_wrap_up: bool,
    /// Whether a session of theirs has sent heartbeats and has not ended.
    pub watched: bool,
}

/// A skill group with the number its queue is called by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueNumber {
    /// The skill group.
    pub group: SkillGroup,
    /// The user part of its SIP address.
    pub number: String,
}

/// A session to be opened. Not to be printed: it holds the token's hash.
#[derive(Clone)]
pub struct NewSession {
    /// Whose.
    pub account: AgentId,
    /// SHA-256 of the token, in hex.
    pub token_hash: String,
    /// The telephone secret that lives as long as it; administrators have none.
    pub sip: Option<SipSecret>,
    /// Earlier sessions of the same account end.
    pub exclusive: bool,
}

/// A digest secret: `H(user:realm:password)` in lower-case hex.
#[derive(Clone, PartialEq, Eq)]
pub struct SipSecret {
    /// The digest user name.
    pub auth_user: String,
    /// Whose.
    pub agent: AgentId,
    /// With MD5.
    pub md5: String,
    /// With SHA-256.
    pub sha256: String,
    /// The password was drawn for a session: 256 bits that nobody guesses.
    pub drawn: bool,
}

impl std::fmt::Debug for SipSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SipSecret({})", self.auth_user)
    }
}

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionEnd {
    /// The agent signed out.
    SignedOut,
    /// The agent signed in elsewhere.
    Elsewhere,
}

/// What a token stands for.
#[derive(Debug, Clone)]
pub struct SessionOnRecord {
    /// Whose.
    pub account: AgentId,
    /// What it may do.
    pub role: Role,
    /// When it began.
    pub started_at: Wall,
    /// When its app was last heard.
    pub heard_at: Option<Wall>,
    /// Nothing while it lasts.
    pub ended: Option<SessionEnd>,
}

impl Store {
    /// Finds an account by its sign-in name, case aside.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account(&self, username: &str) -> Result<Option<Account>, StoreError> {
        let row = sqlx::query(
            "SELECT id, name, role, extension, listen_recordings, password_hash FROM accounts WHERE username = $1",
        )
        .bind(username.to_lowercase())
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Account {
            profile: self.profile(&row).await?,
            password_hash: row.try_get("password_hash")?,
        }))
    }

    /// The numbers an agent may call from, the default one first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn caller_ids(&self, agent: AgentId) -> Result<Vec<PhoneNumber>, StoreError> {
        let numbers: Vec<String> =
            sqlx::query_scalar("SELECT number FROM caller_ids WHERE agent = $1 ORDER BY position")
                .bind(agent.to_string())
                .fetch_all(&self.pool)
                .await?;
        numbers.into_iter().map(unword).collect()
    }

    async fn profile(&self, row: &SqliteRow) -> Result<AgentProfile, StoreError> {
        let id: Uuid = parse_id(row.try_get("id")?)?;
        let groups = sqlx::query(
            "SELECT g.id, g.name_zh, g.name_en FROM memberships m JOIN skill_groups g ON g.id = m.skill_group
             WHERE m.agent = $1 ORDER BY g.number",
        )
        .bind(id.to_string())
        .fetch_all(&self.pool)
        .await?;
        Ok(AgentProfile {
            id: AgentId(id),
            name: row.try_get("name")?,
            extension: row
                .try_get::<Option<String>, _>("extension")?
                .unwrap_or_default(),
            role: unword(row.try_get("role")?)?,
            skill_groups: groups
                .iter()
                .map(|row| {
                    Ok(SkillGroup {
                        id: SkillGroupId(parse_id(row.try_get("id")?)?),
                        name: Text::new(
                            row.try_get::<String, _>("name_zh")?,
                            row.try_get::<String, _>("name_en")?,
                        ),
                    })
                })
                .collect::<Result<_, StoreError>>()?,
            listen_recordings: row.try_get("listen_recordings")?,
        })
    }

    /// Lists the agents with what they were last doing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn agents(&self) -> Result<Vec<AgentOnRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, name, role, extension, listen_recordings, presence, presence_reason, presence_since, presence_revision, in_wrap_up,
               EXISTS (SELECT 1 FROM sessions s WHERE s.account = accounts.id AND s.ended_at IS NULL
                 AND s.heard_at IS NOT NULL) AS watched
             FROM accounts WHERE role = 'agent' ORDER BY extension",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut agents = Vec::with_capacity(rows.len());
        for row in rows {
            agents.push(AgentOnRecord {
                profile: self.profile(&row).await?,
                presence: PresenceState {
                    presence: unword::<Presence>(row.try_get("presence")?)?,
                    reason: unword::<PresenceReason>(row.try_get("presence_reason")?)?,
                    since: Wall(row.try_get("presence_since")?),
                    revision: row.try_get::<i64, _>("presence_revision")?.unsigned_abs(),
                },
                in_wrap_up: row.try_get("in_wrap_up")?,
                watched: row.try_get("watched")?,
            });
        }
        Ok(agents)
    }

    /// Lists the skill groups with their numbers.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn queue_numbers(&self) -> Result<Vec<QueueNumber>, StoreError> {
        sqlx::query("SELECT id, number, name_zh, name_en FROM skill_groups ORDER BY number")
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(|row| {
                Ok(QueueNumber {
                    group: SkillGroup {
                        id: SkillGroupId(parse_id(row.try_get("id")?)?),
                        name: Text::new(
                            row.try_get::<String, _>("name_zh")?,
                            row.try_get::<String, _>("name_en")?,
                        ),
                    },
                    number: row.try_get("number")?,
                })
            })
            .collect()
    }

    /// Lists every digest secret: of devices, and of sessions that last.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sip_secrets(&self) -> Result<Vec<SipSecret>, StoreError> {
        sqlx::query("SELECT auth_user, agent, ha1_md5, ha1_sha256, session IS NOT NULL AS drawn FROM sip_secrets")
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(|row| {
                Ok(SipSecret {
                    auth_user: row.try_get("auth_user")?,
                    agent: AgentId(parse_id(row.try_get("agent")?)?),
                    md5: row.try_get("ha1_md5")?,
                    sha256: row.try_get("ha1_sha256")?,
                    drawn: row.try_get("drawn")?,
                })
            })
            .collect()
    }

    /// Opens a session, ending earlier ones where it is exclusive.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_session(&self, session: &NewSession, now: Wall) -> Result<(), StoreError> {
        let account = session.account.to_string();
        let mut tx = self.write().await?;
        if session.exclusive {
            sqlx::query(
                "DELETE FROM sip_secrets WHERE session IN (SELECT token_hash FROM sessions WHERE account = $1)",
            )
            .bind(&account)
            .execute(&mut *tx)
            .await?;
            sqlx::query(
                "UPDATE sessions SET ended_at = $2, ended_why = 'elsewhere' WHERE account = $1 AND ended_at IS NULL",
            )
            .bind(&account)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        }
        sqlx::query("INSERT INTO sessions (token_hash, account, started_at) VALUES ($1, $2, $3)")
            .bind(&session.token_hash)
            .bind(&account)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        if let Some(secret) = &session.sip {
            insert_secret(&mut tx, secret, Some(&session.token_hash)).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Says what a token stands for, also one whose session is over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(&self, token_hash: &str) -> Result<Option<SessionOnRecord>, StoreError> {
        let row = sqlx::query(
            "SELECT s.account, a.role, s.started_at, s.heard_at, s.ended_at, s.ended_why
             FROM sessions s JOIN accounts a ON a.id = s.account WHERE s.token_hash = $1",
        )
        .bind(token_hash)
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(on_record).transpose()
    }

    /// Lists the sessions that have not ended, with the hashes of their tokens.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_sessions(&self) -> Result<Vec<(String, SessionOnRecord)>, StoreError> {
        sqlx::query(
            "SELECT s.token_hash, s.account, a.role, s.started_at, s.heard_at, s.ended_at, s.ended_why
             FROM sessions s JOIN accounts a ON a.id = s.account WHERE s.ended_at IS NULL",
        )
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| Ok((row.try_get("token_hash")?, on_record(row)?)))
        .collect()
    }

    /// Ends a session that the agent ended or that lasted too long, and forgets its telephone secret.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_session(&self, token_hash: &str, now: Wall) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("DELETE FROM sip_secrets WHERE session = $1")
            .bind(token_hash)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "UPDATE sessions SET ended_at = $2, ended_why = 'signed_out' WHERE token_hash = $1 AND ended_at IS NULL",
        )
        .bind(token_hash)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Keeps when a session's app was last heard.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn heard(&self, token_hash: &str, now: Wall) -> Result<(), StoreError> {
        sqlx::query("UPDATE sessions SET heard_at = $2 WHERE token_hash = $1")
            .bind(token_hash)
            .bind(now.0)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Keeps a presence; an older revision changes nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_presence(
        &self,
        agent: AgentId,
        state: &PresenceState,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        put_presence(&mut tx, agent, state).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Keeps whether an agent has a wrap-up to finish.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_wrap_up(&self, agent: AgentId, in_wrap_up: bool) -> Result<(), StoreError> {
        sqlx::query("UPDATE accounts SET in_wrap_up = $2 WHERE id = $1")
            .bind(agent.to_string())
            .bind(in_wrap_up)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

fn on_record(row: &SqliteRow) -> Result<SessionOnRecord, StoreError> {
    let ended = row.try_get::<Option<i64>, _>("ended_at")?.is_some();
    let why: Option<String> = row.try_get("ended_why")?;
    Ok(SessionOnRecord {
        account: AgentId(parse_id(row.try_get("account")?)?),
        role: unword(row.try_get("role")?)?,
        started_at: Wall(row.try_get("started_at")?),
        heard_at: row.try_get::<Option<i64>, _>("heard_at")?.map(Wall),
        ended: ended.then_some(match why.as_deref() {
            Some("elsewhere") => SessionEnd::Elsewhere,
            _ => SessionEnd::SignedOut,
        }),
    })
}

pub(super) async fn put_presence(
    tx: &mut sqlx::SqliteConnection,
    agent: AgentId,
    state: &PresenceState,
) -> Result<(), StoreError> {
    let revision = i64::try_from(state.revision).unwrap_or(i64::MAX);
    sqlx::query(
        "UPDATE accounts SET presence = $2, presence_reason = $3, presence_since = $4, presence_revision = $5
         WHERE id = $1 AND presence_revision < $5",
    )
    .bind(agent.to_string())
    .bind(word(&state.presence)?)
    .bind(word(&state.reason)?)
    .bind(state.since.0)
    .bind(revision)
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn insert_secret(
    tx: &mut sqlx::SqliteConnection,
    secret: &SipSecret,
    session: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO sip_secrets (auth_user, agent, session, ha1_md5, ha1_sha256) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(&secret.auth_user)
    .bind(secret.agent.to_string())
    .bind(session)
    .bind(&secret.md5)
    .bind(&secret.sha256)
    .execute(tx)
    .await?;
    Ok(())
}

/// Reads an id out of a row.
pub(super) fn parse_id(text: String) -> Result<Uuid, StoreError> {
    Uuid::parse_str(&text)
        .map_err(|error| StoreError::Database(sqlx::Error::Decode(Box::new(error))))
}
