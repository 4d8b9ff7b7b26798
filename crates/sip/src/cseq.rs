//! The `CSeq` header.

use std::fmt;

use crate::Method;

/// Sequence number and method (RFC 3261 §20.16); the number is below 2^31.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CSeq {
    /// The number.
    pub number: u32,
    /// The method, equal to the request's.
    pub method: Method,
}

impl CSeq {
    /// Reads `314 INVITE`; `None` if the number is not one below 2^31.
    pub fn parse(value: &str) -> Option<Self> {
        let mut pieces = value.split_ascii_whitespace();
        let number: u32 = pieces.next()?.parse().ok()?;
        let method = Method::parse(pieces.next()?);
        (number < 1 << 31 && pieces.next().is_none()).then_some(Self { number, method })
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_past_31_bits_are_refused() {
        assert_eq!(
            CSeq::parse("0009  INVITE"),
            Some(CSeq {
                number: 9,
                method: Method::INVITE
            })
        );
        assert_eq!(CSeq::parse("2147483648 INVITE"), None);
        assert_eq!(CSeq::parse("36893488147419103232 REGISTER"), None);
        assert_eq!(CSeq::parse("INVITE"), None);
    }
}
