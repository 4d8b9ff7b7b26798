//! What can go wrong at the phone's own door.

use offhook_audio::MediaError;
use offhook_model::Code;
use offhook_store::StoreError;

/// Why the phone could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The profile folder is in use, or the store in it cannot be opened.
    #[error("opening the profile: {0}")]
    Store(#[from] StoreError),
    /// The system gave no media thread.
    #[error("starting the sound: {0}")]
    Media(#[from] MediaError),
}

impl OpenError {
    /// Returns the code that the interface has words for.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Store(error) => error.code(),
            Self::Media(_) => Code::MediaFailed,
        }
    }
}

/// The phone has been shut down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the phone has been shut down")]
pub struct Closed;
