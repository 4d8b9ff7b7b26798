//! The keyring of this system: the Credential Manager.

use keyring_core::{CredentialStore, Result};
use std::sync::Arc;

/// Goes to the keyring.
///
/// # Errors
/// There is none.
pub(crate) fn keyring() -> Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}
