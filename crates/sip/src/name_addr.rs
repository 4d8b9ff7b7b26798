//! Addresses with a name: From, To, Contact, Route and their kin.

use std::fmt;

use crate::message::scan;
use crate::uri::UriError;
use crate::{Params, Uri};

/// A display name, a URI and header parameters (RFC 3261 §20.10). `Debug` shows scheme and host only.
#[derive(Clone, PartialEq, Eq)]
pub struct NameAddr {
    /// The name for people, without quotes and escapes.
    pub display: Option<String>,
    /// The address.
    pub uri: Uri,
    /// Parameters of the header, such as `tag` or `expires`.
    pub params: Params,
}

impl NameAddr {
    /// An address without a name.
    pub fn new(uri: Uri) -> Self {
        Self {
            display: None,
            uri,
            params: Params::new(),
        }
    }

    /// The same with a name; an empty one counts as none.
    pub fn with_display(mut self, display: &str) -> Self {
        self.display = (!display.is_empty()).then(|| display.to_owned());
        self
    }

    /// The same with a `tag`.
    pub fn with_tag(mut self, tag: &str) -> Self {
        self.params.set("tag", Some(tag));
        self
    }

    /// The `tag` parameter.
    pub fn tag(&self) -> Option<&str> {
        self.params.value("tag")
    }

    /// Reads one address, in angle brackets or bare. In the bare form what follows `;` are parameters of the header, not of the URI.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let text = text.trim();
        let Some(open) = find_open(text) else {
            let (uri, params) = match text.find(';') {
                // A semicolon may stand in the user part: cut after the host only.
                Some(_) => {
                    let from = text.find('@').unwrap_or(0);
                    match text[from..].find(';') {
                        Some(at) => (&text[..from + at], &text[from + at..]),
                        None => (text, ""),
                    }
                }
                None => (text, ""),
            };
            return Ok(Self {
                display: None,
                uri: uri.trim().parse()?,
                params: Params::parse(params),
            });
        };
        let name = text[..open].trim();
        let rest = &text[open + 1..];
        let close = rest.find('>').ok_or(UriError::BadCharacter)?;
        let params = rest[close + 1..].trim();
        if !params.is_empty() && !params.starts_with(';') {
            return Err(UriError::BadCharacter);
        }
        let display = scan::unquote(name);
        Ok(Self {
            display: (!display.is_empty()).then_some(display),
            uri: rest[..close].trim().parse()?,
            params: Params::parse(params),
        })
    }

    /// Reads a header value that may hold several, skipping those that are no addresses.
    pub fn parse_list(value: &str) -> impl Iterator<Item = NameAddr> {
        scan::split_top(value, ',').filter_map(|piece| Self::parse(piece).ok())
    }
}

/// The `<` that opens the URI: the first outside a quoted name.
fn find_open(text: &str) -> Option<usize> {
    scan::find_top(text, '<')
}

impl fmt::Debug for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{:?}>", self.uri)
    }
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            write!(f, "{} ", scan::quote(display))?;
        }
        write!(f, "<{}>{}", self.uri, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_names_may_hold_commas_and_brackets() {
        let addr = NameAddr::parse(r#""Doe, \"Jo\" <x>" <sip:jo@example.com;lr>;tag=1"#).unwrap();
        assert_eq!(addr.display.as_deref(), Some("Doe, \"Jo\" <x>"));
        assert_eq!(addr.uri.to_string(), "sip:jo@example.com;lr");
        assert_eq!(addr.tag(), Some("1"));
        assert_eq!(NameAddr::parse(&addr.to_string()).unwrap(), addr);
    }

    #[test]
    fn bare_addresses_give_their_parameters_to_the_header() {
        let addr = NameAddr::parse("sip:+16505552222@ss1.example.net;user=phone;tag=a").unwrap();
        assert!(addr.uri.params.is_empty());
        assert_eq!(addr.tag(), Some("a"));
        let addr = NameAddr::parse("sip:user;par=u%40example.net@example.com").unwrap();
        assert_eq!(addr.uri.user.as_deref(), Some("user;par=u%40example.net"));
    }

    #[test]
    fn unquoted_names_and_no_space_before_the_bracket_are_taken() {
        let addr = NameAddr::parse("caller<sip:caller@example.com>;tag=323").unwrap();
        assert_eq!(addr.display.as_deref(), Some("caller"));
        assert_eq!(NameAddr::parse("<sip:a@b>").unwrap().display, None);
    }

    #[test]
    fn lists_skip_what_is_no_address() {
        let all: Vec<_> =
            NameAddr::parse_list("<sip:a@b>, *, \"x, y\" <sip:c@d>;expires=5").collect();
        assert_eq!(all.len(), 2);
        assert_eq!(all[1].params.value("expires"), Some("5"));
    }
}
