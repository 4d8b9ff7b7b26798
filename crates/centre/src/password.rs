//! Passwords, tokens and digest secrets.

use crate::store::{SipSecret, StoreError};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use md5::Md5;
use offhook_model::{AgentId, Secret};
use rand::Rng;
use sha2::{Digest, Sha256};

/// The realm of the centre's digest challenges.
pub const REALM: &str = "offhook";

/// Hashes a password with argon2id. Takes tens of milliseconds: not for a thread that serves others.
///
/// # Errors
/// [`StoreError::Hash`] when the system gives no salt.
pub fn hash(password: &Secret) -> Result<String, StoreError> {
    Argon2::default()
        .hash_password(password.expose().as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|_| StoreError::Hash)
}

/// Tells whether a password belongs to a hash. Takes as long as [`hash`].
#[must_use]
pub fn verify(password: &Secret, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.expose().as_bytes(), &hash)
            .is_ok()
    })
}

/// Draws 256 bits from the system, in hex.
#[must_use]
pub fn draw_token() -> Secret {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    Secret::new(hex(&bytes))
}

/// Draws four bytes for names that need only be different, in hex.
#[must_use]
pub fn draw_suffix() -> String {
    hex(&rand::rng().next_u32().to_be_bytes())
}

/// What of a token is kept.
#[must_use]
pub fn token_hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// The digest secrets of a password (RFC 7616 section 3.4.2), as if a person had chosen it.
#[must_use]
pub fn sip_secret(agent: AgentId, auth_user: String, password: &Secret) -> SipSecret {
    let text = format!("{auth_user}:{REALM}:{}", password.expose());
    SipSecret {
        agent,
        md5: hex(&Md5::digest(text.as_bytes())),
        sha256: hex(&Sha256::digest(text.as_bytes())),
        auth_user,
        drawn: false,
    }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_only() {
        let hash = hash(&Secret::new("practice")).expect("hashed");
        assert!(hash.starts_with("$argon2id$"));
        assert!(verify(&Secret::new("practice"), &hash));
        assert!(!verify(&Secret::new("Practice"), &hash));
        assert!(!verify(&Secret::new("practice"), "no hash at all"));
    }

    #[test]
    fn digest_secrets_are_those_of_the_rfc() {
        // RFC 2617 section 3.5 with its user and password; the realm is ours.
        let secret = sip_secret(
            AgentId(uuid::Uuid::nil()),
            "1002".into(),
            &Secret::new("practice-sip"),
        );
        assert_eq!(secret.md5, hex(&Md5::digest(b"1002:offhook:practice-sip")));
        assert_eq!(secret.md5.len(), 32);
        assert_eq!(secret.sha256.len(), 64);
        assert_eq!(format!("{secret:?}"), "SipSecret(1002)");
    }
}
