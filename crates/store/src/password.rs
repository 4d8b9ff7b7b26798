//! Keys made from passwords: argon2id, with its cost stored beside each key.

use crate::{StoreError, crypt::Key};
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::Generate;
use offhook_model::Secret;

/// What guessing one password costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
}

impl Cost {
    /// What new keys cost: 64 MiB and three passes (RFC 9106, section 4, second choice, on one lane).
    pub(crate) const USUAL: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 1,
    };

    /// More than this was not written by us, and would only make the computer stand still.
    const MOST: Self = Self {
        memory_kib: 1024 * 1024,
        passes: 64,
        lanes: 16,
    };
}

/// Draws a salt from the operating system.
pub(crate) fn draw_salt() -> [u8; 16] {
    <[u8; 16]>::generate()
}

/// Makes the key that belongs to a password. Takes a noticeable part of a second, on a thread where that is allowed.
///
/// # Errors
/// [`StoreError::Damaged`] where salt or cost cannot have been written by us.
pub(crate) async fn stretch(password: &Secret, salt: &[u8], cost: Cost) -> Result<Key, StoreError> {
    if cost.memory_kib > Cost::MOST.memory_kib
        || cost.passes > Cost::MOST.passes
        || cost.lanes > Cost::MOST.lanes
    {
        return Err(StoreError::damaged("data_keys: an impossible cost"));
    }
    let (password, salt) = (password.clone(), salt.to_vec());
    tokio::task::spawn_blocking(move || {
        let unusable = |error: argon2::Error| StoreError::damaged(format!("data_keys: {error}"));
        let params =
            Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(unusable)?;
        let mut key = zeroize::Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(password.expose().as_bytes(), &salt, key.as_mut_slice())
            .map_err(unusable)?;
        Ok(Key::from_bytes(key.as_slice()).expect("32 bytes"))
    })
    .await
    .map_err(|error| StoreError::Failed(error.to_string()))?
}
