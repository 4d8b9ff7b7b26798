//! The keyring of this system: the Keychain.

use keyring_core::{CredentialStore, Result};
use std::sync::Arc;

/// Goes to the keyring.
///
/// # Errors
/// There is none.
pub(crate) fn keyring() -> Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}
