//! The keyring of this system: the Secret Service of the session.

use keyring_core::{CredentialStore, Result};
use std::sync::Arc;

/// Goes to the keyring.
///
/// # Errors
/// There is none.
pub(crate) fn keyring() -> Result<Arc<CredentialStore>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}
