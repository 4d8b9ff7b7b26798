//! Who is let in: the token is right, and no web page sent them that was not asked.

use std::fmt;

use offhook_model::Secret;
use rand::Rng;
use subtle::ConstantTimeEq;
use tokio_tungstenite::tungstenite::http::header::{
    AUTHORIZATION, HOST, ORIGIN, SEC_WEBSOCKET_PROTOCOL,
};
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// The protocol that a web page names, and that is named back.
const PROTOCOL: &str = "offhook";
/// What stands before the token where a web page shows it: pages cannot send `Authorization`.
const TOKEN_PROTOCOL: &str = "offhook.token.";

/// Why somebody was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turned {
    /// The name they came by is not this computer's: DNS rebinding.
    Host,
    /// The web page is not one of those that may.
    Origin,
    /// The token is wrong or missing.
    Token,
}

impl Turned {
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Host | Self::Origin => StatusCode::FORBIDDEN,
            Self::Token => StatusCode::UNAUTHORIZED,
        }
    }
}

impl fmt::Display for Turned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "Host is not this computer's",
            Self::Origin => "this Origin is not allowed",
            Self::Token => "the token is wrong or missing",
        })
    }
}

/// Knows the token, the port, and the web pages that may come.
#[derive(Debug)]
pub(crate) struct Gate {
    hosts: [String; 3],
    origins: Vec<String>,
    token: Secret,
}

impl Gate {
    /// A gate with a new token: 256 bits from the system, in hex.
    pub(crate) fn new(port: u16, origins: Vec<String>) -> Self {
        let mut bytes = [0; 32];
        rand::rng().fill_bytes(&mut bytes);
        let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            hosts: ["127.0.0.1", "[::1]", "localhost"].map(|name| format!("{name}:{port}")),
            origins,
            token: Secret::new(token),
        }
    }

    pub(crate) const fn token(&self) -> &Secret {
        &self.token
    }

    /// Lets somebody in, and says which protocol to name back.
    pub(crate) fn admit(&self, headers: &HeaderMap) -> Result<Option<HeaderValue>, Turned> {
        let host = only(headers, &HOST).ok_or(Turned::Host)?;
        if !self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host)) {
            return Err(Turned::Host);
        }
        if headers.contains_key(ORIGIN) {
            let origin = only(headers, &ORIGIN).ok_or(Turned::Origin)?;
            if !self.origins.iter().any(|allowed| allowed == origin) {
                return Err(Turned::Origin);
            }
        }
        let protocols: Vec<&str> = headers
            .get_all(SEC_WEBSOCKET_PROTOCOL)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|text| text.split(','))
            .map(str::trim)
            .collect();
        let shown = bearer(headers).or_else(|| {
            protocols
                .iter()
                .find_map(|protocol| protocol.strip_prefix(TOKEN_PROTOCOL))
        });
        if !shown.is_some_and(|shown| self.is_token(shown)) {
            return Err(Turned::Token);
        }
        Ok(protocols
            .contains(&PROTOCOL)
            .then_some(HeaderValue::from_static(PROTOCOL)))
    }

    /// Takes as long for every wrong token of the right length.
    fn is_token(&self, shown: &str) -> bool {
        self.token
            .expose()
            .as_bytes()
            .ct_eq(shown.as_bytes())
            .into()
    }
}

/// The value of a header that stands once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    match values.next() {
        None => value.to_str().ok(),
        Some(_) => None,
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = only(headers, &AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(gate: &Gate, headers: &[(&'static str, &str)]) -> Result<Option<String>, Turned> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).expect("a value"));
        }
        let named = gate.admit(&map)?;
        Ok(named.map(|value| value.to_str().expect("a name").to_owned()))
    }

    #[test]
    fn the_token_opens_in_both_places() {
        let gate = Gate::new(7070, Vec::new());
        let token = gate.token().expose().to_owned();
        assert_eq!(token.len(), 64);
        assert_ne!(token, Gate::new(7070, Vec::new()).token().expose());
        let host = ("host", "127.0.0.1:7070");
        let bearer = format!("bearer {token}");
        assert_eq!(admit(&gate, &[host, ("authorization", &bearer)]), Ok(None));
        let page = format!("offhook, {TOKEN_PROTOCOL}{token}");
        let named = admit(&gate, &[host, ("sec-websocket-protocol", &page)]);
        assert_eq!(named, Ok(Some("offhook".to_owned())));
        let other = format!("Bearer {}", "0".repeat(64));
        for headers in [
            &[host][..],
            &[host, ("authorization", &other)],
            &[host, ("authorization", "Bearer ")],
            &[host, ("authorization", &token)],
            &[host, ("authorization", &bearer), ("authorization", &bearer)],
            &[host, ("sec-websocket-protocol", "offhook")],
            &[host, ("sec-websocket-protocol", "offhook.token.")],
        ] {
            assert_eq!(admit(&gate, headers), Err(Turned::Token), "{headers:?}");
        }
        assert!(!format!("{gate:?}").contains(&token));
    }

    #[test]
    fn web_pages_and_other_names_are_turned_away() {
        let gate = Gate::new(7070, vec!["https://crm.example".into()]);
        let bearer = format!("Bearer {}", gate.token().expose());
        let with = |headers: &[(&'static str, &str)]| {
            admit(
                &gate,
                &[headers, &[("authorization", bearer.as_str())]].concat(),
            )
        };
        for host in ["127.0.0.1:7070", "[::1]:7070", "LocalHost:7070"] {
            assert_eq!(with(&[("host", host)]), Ok(None), "{host}");
        }
        for host in [
            "127.0.0.1",
            "127.0.0.1:7071",
            "evil.example:7070",
            "localhost.evil.example:7070",
            "",
        ] {
            assert_eq!(with(&[("host", host)]), Err(Turned::Host), "{host}");
        }
        assert_eq!(with(&[]), Err(Turned::Host));
        let host = ("host", "localhost:7070");
        assert_eq!(with(&[host, host]), Err(Turned::Host));
        assert_eq!(with(&[host, ("origin", "https://crm.example")]), Ok(None));
        for origin in [
            "null",
            "",
            "https://crm.example.evil",
            "http://localhost:7070",
        ] {
            let turned = with(&[host, ("origin", origin)]);
            assert_eq!(turned, Err(Turned::Origin), "{origin}");
        }
    }
}
