//! What can go wrong on this computer's disk and with its keys.

use offhook_model::Code;
use std::io;

/// Why the store did not do what it was asked. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another program has the profile open.
    #[error("the profile is in use by {by}")]
    InUse {
        /// Who, as it wrote itself down.
        by: String,
    },
    /// A newer program wrote the store. It was not touched.
    #[error("the store has version {found}, this program knows up to {known}")]
    Newer {
        /// The version of the store.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The profile folder, or the disk, cannot be written.
    #[error("the store cannot be written: {0}")]
    ReadOnly(String),
    /// The file is no store, or something in it was changed or cut off.
    #[error("the store is damaged: {what}")]
    Damaged {
        /// What does not read: a file, or a table and its row.
        what: String,
    },
    /// The password opens nothing that is stored for this agent.
    #[error("the password does not open what is stored for this agent")]
    WrongPassword,
    /// Nobody has unlocked the store yet.
    #[error("the store is locked")]
    Locked,
    /// The keyring is absent, locked or does not answer. The password still opens everything.
    #[error("the keyring cannot be used: {0}")]
    KeyringUnavailable(String),
    /// The form is in the outbox already, or sent.
    #[error("the form was submitted already")]
    AlreadySubmitted,
    /// There is no such row.
    #[error("there is no such row")]
    NotFound,
    /// Anything else the disk or the database said.
    #[error("the store failed: {0}")]
    Failed(String),
}

impl StoreError {
    /// Returns the code that the interface has words for.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::InUse { .. } => Code::ProfileInUse,
            Self::Newer { .. } => Code::StoreNewer,
            Self::Full | Self::ReadOnly(_) => Code::StoreFull,
            Self::Damaged { .. } | Self::Failed(_) => Code::StoreDamaged,
            Self::WrongPassword => Code::WrongPassword,
            Self::Locked | Self::AlreadySubmitted => Code::NotNow,
            Self::KeyringUnavailable(_) => Code::KeyringUnavailable,
            Self::NotFound => Code::NotFound,
        }
    }

    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::NotADirectory => Self::ReadOnly(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(error) => error.into(),
            sqlx::Error::Database(error) => {
                // The low byte is the primary result code: https://sqlite.org/rescode.html
                let code = error.code().and_then(|code| code.parse::<u32>().ok());
                match code.map(|code| code & 0xff) {
                    Some(13) => Self::Full,
                    // PERM, READONLY, CANTOPEN.
                    Some(3 | 8 | 14) => Self::ReadOnly(error.message().to_owned()),
                    // CORRUPT, NOTADB.
                    Some(11 | 26) => Self::damaged(error.message()),
                    _ => Self::Failed(error.message().to_owned()),
                }
            }
            // A column of another type, or missing: somebody changed the file.
            error @ (sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_)) => {
                Self::damaged(error.to_string())
            }
            error => Self::Failed(error.to_string()),
        }
    }
}
