//! XChaCha20-Poly1305 blobs that open in their own place only, and keyed hashes of telephone numbers.

use blake2::{
    Blake2bMac,
    digest::{FixedOutput, KeyInit as _, Update, consts::U32},
};
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, Generate, Payload},
};
use offhook_model::PhoneNumber;
use zeroize::Zeroizing;

/// The only format so far: this byte, 24 bytes of nonce, ciphertext, 16 bytes of tag.
const FORMAT: u8 = 1;
const NONCE: usize = 24;

/// The blob was changed, cut off, moved from another place, or belongs to another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// Where a blob belongs. It opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'static str,
    pub(crate) row: &'a [u8],
    pub(crate) agent: &'a str,
}

impl Place<'_> {
    fn associated_data(&self) -> Vec<u8> {
        let mut data = vec![FORMAT];
        for part in [self.table.as_bytes(), self.row, self.agent.as_bytes()] {
            // A length before each part: no two places have the same bytes.
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part);
        }
        data
    }
}

/// 256 bits that open blobs. Wiped when dropped.
#[derive(Clone)]
pub(crate) struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// Draws a key from the operating system.
    pub(crate) fn draw() -> Self {
        Self(Zeroizing::new(<[u8; 32]>::generate()))
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes
            .try_into()
            .ok()
            .map(|bytes: [u8; 32]| Self(Zeroizing::new(bytes)))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// Derives a key for another use, so that no two uses share one.
    fn derive(&self, purpose: &[u8]) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(&self.hash(purpose));
        Self(key)
    }

    fn hash(&self, input: &[u8]) -> [u8; 32] {
        let mut mac = Blake2bMac::<U32>::new_from_slice(self.bytes())
            .expect("BLAKE2b takes keys of up to 64 bytes");
        mac.update(input);
        mac.finalize_fixed().into()
    }

    pub(crate) fn seal(&self, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
        let nonce = XNonce::generate();
        let sealed = XChaCha20Poly1305::new(self.0.as_slice().try_into().expect("32 bytes"))
            .encrypt(
                &nonce,
                Payload {
                    msg: plain,
                    aad: &place.associated_data(),
                },
            )
            .expect("only a message of 256 GiB is too long");
        let mut blob = Vec::with_capacity(1 + NONCE + sealed.len());
        blob.push(FORMAT);
        blob.extend_from_slice(&nonce);
        blob.extend_from_slice(&sealed);
        blob
    }

    pub(crate) fn open(&self, place: Place<'_>, blob: &[u8]) -> Result<Vec<u8>, Unreadable> {
        let (format, rest) = blob.split_first().ok_or(Unreadable)?;
        if *format != FORMAT {
            return Err(Unreadable);
        }
        let (nonce, sealed) = rest.split_at_checked(NONCE).ok_or(Unreadable)?;
        let nonce: &XNonce = nonce.try_into().map_err(|_| Unreadable)?;
        XChaCha20Poly1305::new(self.0.as_slice().try_into().expect("32 bytes"))
            .decrypt(
                nonce,
                Payload {
                    msg: sealed,
                    aad: &place.associated_data(),
                },
            )
            .map_err(|_| Unreadable)
    }
}

/// An agent's data key, split into its uses.
#[derive(Clone)]
pub(crate) struct DataKey {
    whole: Key,
    body: Key,
    number: Key,
}

impl DataKey {
    pub(crate) fn new(whole: Key) -> Self {
        Self {
            body: whole.derive(b"offhook store: bodies"),
            number: whole.derive(b"offhook store: numbers"),
            whole,
        }
    }

    /// The key as it is wrapped.
    pub(crate) const fn whole(&self) -> &Key {
        &self.whole
    }

    /// The key of the bodies.
    pub(crate) const fn body(&self) -> &Key {
        &self.body
    }

    /// Finds a number again without telling it.
    pub(crate) fn mark(&self, number: &PhoneNumber) -> [u8; 32] {
        self.number.hash(number.as_str().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place<'static> = Place {
        table: "drafts",
        row: b"1",
        agent: "lin@centre",
    };

    #[test]
    fn a_blob_opens_in_its_own_place_with_its_own_key_only() {
        let key = Key::draw();
        let blob = key.seal(HERE, "退款".as_bytes());
        assert_eq!(key.open(HERE, &blob), Ok("退款".as_bytes().to_vec()));
        assert_eq!(Key::draw().open(HERE, &blob), Err(Unreadable));
        for elsewhere in [
            Place {
                table: "submitted",
                ..HERE
            },
            Place { row: b"2", ..HERE },
            Place {
                agent: "zhou@centre",
                ..HERE
            },
            Place {
                row: b"",
                agent: "1lin@centre",
                ..HERE
            },
        ] {
            assert_eq!(key.open(elsewhere, &blob), Err(Unreadable), "{elsewhere:?}");
        }
    }

    #[test]
    fn a_changed_or_cut_blob_is_refused() {
        let key = Key::draw();
        let blob = key.seal(HERE, b"text");
        for length in 0..blob.len() {
            assert_eq!(key.open(HERE, &blob[..length]), Err(Unreadable), "{length}");
        }
        for at in 0..blob.len() {
            let mut changed = blob.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(HERE, &changed), Err(Unreadable), "{at}");
        }
    }

    #[test]
    fn the_same_text_never_makes_the_same_blob() {
        let key = Key::draw();
        assert_ne!(key.seal(HERE, b"text"), key.seal(HERE, b"text"));
    }

    #[test]
    fn a_number_has_one_mark_a_key() {
        let number = PhoneNumber::parse("12800550142").expect("a number");
        let (one, other) = (DataKey::new(Key::draw()), DataKey::new(Key::draw()));
        assert_eq!(one.mark(&number), one.mark(&number));
        assert_ne!(one.mark(&number), other.mark(&number));
    }
}
