//! Why a call ended (RFC 3326).

use std::fmt;

use crate::Params;
use crate::message::scan;

/// One value of a `Reason` header, such as `SIP;cause=200;text="Call completed elsewhere"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// `SIP` or `Q.850`, or any other token.
    pub protocol: String,
    /// The code in that protocol.
    pub cause: Option<u16>,
    /// A sentence for people.
    pub text: Option<String>,
}

impl Reason {
    /// `SIP;cause=…`.
    pub fn sip(cause: u16, text: &str) -> Self {
        Self {
            protocol: "SIP".to_owned(),
            cause: Some(cause),
            text: Some(text.to_owned()),
        }
    }

    /// Reads one header value; of several the first counts.
    pub fn parse(value: &str) -> Option<Self> {
        let first = scan::split_top(value, ',').next()?;
        let (protocol, params) = first.split_once(';').unwrap_or((first, ""));
        let protocol = protocol.trim();
        if protocol.is_empty() {
            return None;
        }
        let params = Params::parse(params);
        Some(Self {
            protocol: protocol.to_owned(),
            cause: params.value("cause").and_then(|cause| cause.parse().ok()),
            text: params.value("text").map(str::to_owned),
        })
    }

    /// True for a CANCEL because someone else took the call: not a missed call (RFC 3326 §2).
    pub fn is_answered_elsewhere(&self) -> bool {
        self.protocol.eq_ignore_ascii_case("SIP") && self.cause == Some(200)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.protocol)?;
        if let Some(cause) = self.cause {
            write!(f, ";cause={cause}")?;
        }
        match &self.text {
            Some(text) => write!(f, ";text={}", scan::quote(text)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answered_elsewhere_is_told_from_a_timeout() {
        let elsewhere = Reason::parse("SIP;cause=200;text=\"Call completed elsewhere\"").unwrap();
        assert!(elsewhere.is_answered_elsewhere());
        assert!(
            !Reason::parse("Q.850;cause=0")
                .unwrap()
                .is_answered_elsewhere()
        );
        assert_eq!(Reason::parse(&elsewhere.to_string()), Some(elsewhere));
    }
}
