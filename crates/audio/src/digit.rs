//! One key of a telephone's keypad.

use std::fmt;

/// The keys, each at the place of its event code (RFC 4733 section 3.2).
const KEYS: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D',
];

/// A key: `0` to `9`, `*`, `#`, or one of `A` to `D` that telephones have no more.
///
/// Digits keyed may be a password: `Debug` masks them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digit(u8);

impl Digit {
    /// Takes a key as it is written; `None` if there is no such key.
    pub fn parse(key: char) -> Option<Digit> {
        let code = KEYS.iter().position(|&known| known == key)?;
        Digit::from_event_code(code as u8)
    }

    /// Returns the key as it is written.
    pub fn as_char(self) -> char {
        KEYS[usize::from(self.0)]
    }

    pub(crate) fn from_event_code(code: u8) -> Option<Digit> {
        (usize::from(code) < KEYS.len()).then_some(Digit(code))
    }

    /// 0 to 15.
    pub(crate) fn event_code(self) -> u8 {
        self.0
    }
}

impl fmt::Debug for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digit(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_the_code_of_the_rfc_and_nothing_else_is_a_key() {
        let codes: Vec<u8> = "0123456789*#ABCD"
            .chars()
            .map(|key| Digit::parse(key).unwrap().event_code())
            .collect();
        assert_eq!(codes, (0..16).collect::<Vec<u8>>());
        for code in 0..16 {
            let digit = Digit::from_event_code(code).unwrap();
            assert_eq!(Digit::parse(digit.as_char()), Some(digit));
        }
        assert_eq!(Digit::from_event_code(16), None);
        for other in ['E', 'a', ' ', '+', '１'] {
            assert_eq!(Digit::parse(other), None);
        }
    }

    #[test]
    fn a_digit_is_not_printed() {
        let (one, nine) = (Digit::parse('1').unwrap(), Digit::parse('9').unwrap());
        assert_eq!(format!("{one:?}"), format!("{nine:?}"));
    }
}
