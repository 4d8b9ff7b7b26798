//! Telephone numbers as they are dialled and compared.

use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;

/// How many characters a number may be written in, its marks counted.
pub(crate) const LONGEST_WRITTEN: usize = 100;

/// A telephone number: an optional `+`, then 2 to 20 digits, `*` or `#`. Writing marks (spaces, dashes, dots, brackets) are
/// dropped on the way in. `Debug` shows only the last two digits; `Display` gives the number whole and is not for logs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(try_from = "String", into = "String")]
#[ts(as = "String")]
pub struct PhoneNumber(String);

/// Why a text is not a telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneNumberError {
    /// Nothing was left after the writing marks were dropped.
    #[error("the number is empty")]
    Empty,
    /// Something stands in it that no number has.
    #[error("a telephone number has digits, +, * and # only")]
    Character,
    /// Fewer than 2 or more than 20 digits, or more than 100 characters.
    #[error("a telephone number has 2 to 20 digits")]
    Length,
}

impl PhoneNumber {
    /// Reads a number as a person writes or pastes it.
    ///
    /// # Errors
    /// [`PhoneNumberError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, PhoneNumberError> {
        if text.chars().nth(LONGEST_WRITTEN).is_some() {
            return Err(PhoneNumberError::Length);
        }
        let mut kept = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '0'..='9' | '*' | '#' => kept.push(c),
                '+' if kept.is_empty() => kept.push(c),
                '０'..='９' => kept.extend(char::from_digit(u32::from(c) - u32::from('０'), 10)),
                '-' | '.' | '(' | ')' | '（' | '）' | '/' | '\u{2010}'..='\u{2015}' => {}
                c if c.is_whitespace()
                    || c == '\u{200b}'
                    || ('\u{202a}'..='\u{202e}').contains(&c) => {}
                _ => return Err(PhoneNumberError::Character),
            }
        }
        match kept.trim_start_matches('+').len() {
            0 => Err(PhoneNumberError::Empty),
            2..=20 => Ok(Self(kept)),
            _ => Err(PhoneNumberError::Length),
        }
    }

    /// Returns the number for dialling and comparing.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the number with its middle hidden, for a screen that others can see: `138****5678`.
    #[must_use]
    pub fn masked(&self) -> String {
        let shown = 4.min(self.0.len() / 2);
        let head = 3.min(self.0.len() - shown);
        format!("{}****{}", &self.0[..head], &self.0[self.0.len() - shown..])
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "PhoneNumber(…{})",
            &self.0[self.0.len().saturating_sub(2)..]
        )
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = PhoneNumberError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_marks_are_dropped() {
        for text in [
            "128 0055 0142",
            "128-0055-0142",
            "(128)00550142",
            "１２８ 0055 0142",
            "\u{202d}12800550142\u{202c}",
        ] {
            assert_eq!(
                PhoneNumber::parse(text).map(String::from),
                Ok("12800550142".into()),
                "{text}"
            );
        }
        assert_eq!(
            PhoneNumber::parse("+86 128").map(String::from),
            Ok("+86128".into())
        );
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert_eq!(PhoneNumber::parse(" "), Err(PhoneNumberError::Empty));
        assert_eq!(PhoneNumber::parse("12a"), Err(PhoneNumberError::Character));
        assert_eq!(PhoneNumber::parse("1+2"), Err(PhoneNumberError::Character));
        assert_eq!(PhoneNumber::parse("1"), Err(PhoneNumberError::Length));
        assert_eq!(
            PhoneNumber::parse(&"1".repeat(21)),
            Err(PhoneNumberError::Length)
        );
        let spaced = |spaces| format!("12{}", " ".repeat(spaces));
        assert!(PhoneNumber::parse(&spaced(98)).is_ok());
        assert_eq!(
            PhoneNumber::parse(&spaced(99)),
            Err(PhoneNumberError::Length)
        );
    }

    #[test]
    fn debug_does_not_give_the_number_away() {
        let number = PhoneNumber::parse("12800550142").expect("a number");
        assert_eq!(format!("{number:?}"), "PhoneNumber(…42)");
        assert_eq!(number.masked(), "128****0142");
    }
}
