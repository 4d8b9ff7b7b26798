//! What a person keyed or typed, before anybody has read it.

use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;

/// Text as it was typed, or digits as they were keyed. `Debug` tells only how much.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(as = "String")]
pub struct Typed(pub String);

impl From<&str> for Typed {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Typed({} characters)", self.0.chars().count())
    }
}

/// One key of the keypad: 0-9, `*`, `#`, A-D (RFC 4733 section 3.2). `Debug` does not tell which.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(try_from = "char", into = "char")]
#[ts(as = "String")]
pub struct Key(char);

/// There is no such key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the keypad has 0-9, *, # and A-D")]
pub struct NoSuchKey;

impl TryFrom<char> for Key {
    type Error = NoSuchKey;

    fn try_from(c: char) -> Result<Self, NoSuchKey> {
        match c.to_ascii_uppercase() {
            c @ ('0'..='9' | '*' | '#' | 'A'..='D') => Ok(Self(c)),
            _ => Err(NoSuchKey),
        }
    }
}

impl From<Key> for char {
    fn from(key: Key) -> Self {
        key.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(*)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_keyed_is_not_printed() {
        let key = Key::try_from('7').expect("a key");
        assert_eq!(format!("{key:?}"), "Key(*)");
        assert_eq!(char::from(key), '7');
        assert_eq!(
            format!("{:?}", Typed::from("128 0055")),
            "Typed(8 characters)"
        );
        assert_eq!(Key::try_from('x'), Err(NoSuchKey));
        assert_eq!(Key::try_from('d').map(char::from), Ok('D'));
    }
}
