//! The method of a request: `rsip`'s closed set, and all others by name.

use std::fmt;

/// A request method (RFC 3261 §7.1). Methods are case-sensitive; an unknown one survives as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    /// One of the methods with an RFC.
    Known(rsip::Method),
    /// Any other token.
    Other(String),
}

macro_rules! known {
    ($($constant:ident = $variant:ident, $text:literal;)*) => {
        impl Method {
            $(#[doc = concat!("`", $text, "`.")] pub const $constant: Method = Method::Known(rsip::Method::$variant);)*

            /// Reads a method token; it never fails, as any token is a method.
            pub fn parse(token: &str) -> Method {
                match token {
                    $($text => Method::$constant,)*
                    other => Method::Other(other.to_owned()),
                }
            }

            /// The token as it goes on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Method::Known(rsip::Method::$variant) => $text,)*
                    Method::Other(token) => token,
                }
            }
        }
    };
}

known! {
    ACK = Ack, "ACK";
    BYE = Bye, "BYE";
    CANCEL = Cancel, "CANCEL";
    INFO = Info, "INFO";
    INVITE = Invite, "INVITE";
    MESSAGE = Message, "MESSAGE";
    NOTIFY = Notify, "NOTIFY";
    OPTIONS = Options, "OPTIONS";
    PRACK = PRack, "PRACK";
    PUBLISH = Publish, "PUBLISH";
    REFER = Refer, "REFER";
    REGISTER = Register, "REGISTER";
    SUBSCRIBE = Subscribe, "SUBSCRIBE";
    UPDATE = Update, "UPDATE";
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_methods_survive_and_case_matters() {
        assert_eq!(Method::parse("INVITE"), Method::INVITE);
        assert_eq!(Method::parse("invite").as_str(), "invite");
        assert_eq!(Method::parse("PRACK").to_string(), "PRACK");
        assert_eq!(Method::parse("!odd'~").to_string(), "!odd'~");
    }
}
