//! SIP, SIPS and tel URIs, and any other scheme as opaque text (RFC 3261 §19.1, RFC 3966).

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use crate::Params;
use crate::message::scan;

/// What stands before the first colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// `sip`.
    Sip,
    /// `sips`.
    Sips,
    /// `tel`.
    Tel,
    /// Anything else, in lower case.
    Other(String),
}

impl Scheme {
    /// The scheme as it is written.
    pub fn as_str(&self) -> &str {
        match self {
            Scheme::Sip => "sip",
            Scheme::Sips => "sips",
            Scheme::Tel => "tel",
            Scheme::Other(name) => name,
        }
    }
}

/// A URI. User part, password and headers keep their `%` escapes. `Debug` shows scheme and host only.
#[derive(Clone, PartialEq, Eq)]
pub struct Uri {
    /// The scheme.
    pub scheme: Scheme,
    /// The user part, escapes kept; for `tel` the number.
    pub user: Option<String>,
    /// The password after the user part.
    pub password: Option<String>,
    /// Host name or address, IPv6 without brackets; empty for `tel`; for other schemes all that follows the colon.
    pub host: String,
    /// The port, if written.
    pub port: Option<u16>,
    /// The parameters, such as `transport` or `lr`.
    pub params: Params,
    /// The headers after `?`, escapes kept, such as `Replaces` in a Refer-To.
    pub headers: Option<String>,
}

/// Text that is no URI.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// No colon, or an empty or odd scheme before it.
    #[error("the URI has no scheme")]
    NoScheme,
    /// Nothing where the host or the number should be.
    #[error("the URI has no host")]
    NoHost,
    /// The port is no number from 0 to 65535.
    #[error("the URI's port is not a port")]
    BadPort,
    /// White space, quotes or angle brackets inside.
    #[error("the URI holds a character that must be escaped")]
    BadCharacter,
}

impl Uri {
    /// `sip:user@host:port` for an address.
    pub fn from_addr(user: Option<&str>, addr: SocketAddr) -> Self {
        Self {
            scheme: Scheme::Sip,
            user: user.map(str::to_owned),
            password: None,
            host: addr.ip().to_string(),
            port: Some(addr.port()),
            params: Params::new(),
            headers: None,
        }
    }

    /// The user part without escapes: what to match a call or an account by.
    pub fn user_decoded(&self) -> Option<Cow<'_, str>> {
        self.user.as_deref().map(scan::percent_decode)
    }

    /// True for `sip` and `sips`.
    pub fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// The address, if the host is one and not a name. The port defaults to 5060 (5061 for `sips`); `maddr` counts before the host.
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        if !self.is_sip() {
            return None;
        }
        let host = self.params.value("maddr").unwrap_or(&self.host);
        let ip: IpAddr = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse()
            .ok()?;
        let default = if self.scheme == Scheme::Sips {
            5061
        } else {
            5060
        };
        Some(SocketAddr::new(ip, self.port.unwrap_or(default)))
    }

    /// The same account: scheme, user and host alike (host without case), port and parameters aside. Names an address of record.
    pub fn same_account(&self, other: &Uri) -> bool {
        self.user_decoded() == other.user_decoded() && self.host.eq_ignore_ascii_case(&other.host)
    }
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let (scheme, rest) = text.split_once(':').ok_or(UriError::NoScheme)?;
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            || !scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        {
            return Err(UriError::NoScheme);
        }
        if rest
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"'))
        {
            return Err(UriError::BadCharacter);
        }
        match scheme.to_ascii_lowercase().as_str() {
            "sip" => parse_sip(Scheme::Sip, rest),
            "sips" => parse_sip(Scheme::Sips, rest),
            "tel" => parse_tel(rest),
            other if rest.is_empty() => {
                Err(UriError::NoHost).inspect_err(|_| tracing::trace!(scheme = other, "Empty URI"))
            }
            other => Ok(Self {
                scheme: Scheme::Other(other.to_owned()),
                user: None,
                password: None,
                host: rest.to_owned(),
                port: None,
                params: Params::new(),
                headers: None,
            }),
        }
    }
}

fn parse_sip(scheme: Scheme, rest: &str) -> Result<Uri, UriError> {
    let (userinfo, rest) = match rest.split_once('@') {
        Some((userinfo, rest)) => (Some(userinfo), rest),
        None => (None, rest),
    };
    let (user, password) = match userinfo {
        None => (None, None),
        Some(info) => match info.split_once(':') {
            Some((user, password)) => (Some(user.to_owned()), Some(password.to_owned())),
            None => (Some(info.to_owned()), None),
        },
    };
    let (rest, headers) = match rest.split_once('?') {
        Some((rest, headers)) => (rest, Some(headers.to_owned())),
        None => (rest, None),
    };
    let (hostport, params) = match rest.find(';') {
        Some(at) => (&rest[..at], Params::parse(&rest[at..])),
        None => (rest, Params::new()),
    };
    let (host, port) = split_host_port(hostport)?;
    Ok(Uri {
        scheme,
        user,
        password,
        host,
        port,
        params,
        headers,
    })
}

fn parse_tel(rest: &str) -> Result<Uri, UriError> {
    let (number, params) = match rest.find(';') {
        Some(at) => (&rest[..at], Params::parse(&rest[at..])),
        None => (rest, Params::new()),
    };
    // Some write tel://; the slashes are no part of the number.
    let number = number.trim_start_matches('/');
    if number.is_empty() {
        return Err(UriError::NoHost);
    }
    Ok(Uri {
        scheme: Scheme::Tel,
        user: Some(number.to_owned()),
        password: None,
        host: String::new(),
        port: None,
        params,
        headers: None,
    })
}

/// Cuts `host:port`, `[v6]:port` and a bare IPv6 address that someone forgot the brackets of.
pub(crate) fn split_host_port(text: &str) -> Result<(String, Option<u16>), UriError> {
    let text = text.trim();
    let (host, port) = if let Some(inner) = text.strip_prefix('[') {
        let (host, after) = inner.split_once(']').ok_or(UriError::BadCharacter)?;
        match after.trim().strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if after.trim().is_empty() => (host, None),
            None => return Err(UriError::BadPort),
        }
    } else if text.parse::<std::net::Ipv6Addr>().is_ok() {
        (text, None)
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    let host = host.trim();
    if host.is_empty() {
        return Err(UriError::NoHost);
    }
    let port = match port {
        Some(port) => Some(port.trim().parse().map_err(|_| UriError::BadPort)?),
        None => None,
    };
    Ok((host.to_owned(), port))
}

/// Writes `host:port`, with brackets where the host is an IPv6 address.
pub(crate) fn write_host_port(
    f: &mut fmt::Formatter<'_>,
    host: &str,
    port: Option<u16>,
) -> fmt::Result {
    if host.contains(':') {
        write!(f, "[{host}]")?;
    } else {
        f.write_str(host)?;
    }
    match port {
        Some(port) => write!(f, ":{port}"),
        None => Ok(()),
    }
}

impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = if self.is_sip() {
            self.host.as_str()
        } else {
            ""
        };
        write!(
            f,
            "{}:{}{host}",
            self.scheme.as_str(),
            if self.user.is_some() { "…@" } else { "" }
        )
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.scheme.as_str())?;
        match &self.scheme {
            Scheme::Tel => f.write_str(self.user.as_deref().unwrap_or_default())?,
            Scheme::Other(_) => f.write_str(&self.host)?,
            Scheme::Sip | Scheme::Sips => {
                if let Some(user) = &self.user {
                    f.write_str(user)?;
                    if let Some(password) = &self.password {
                        write!(f, ":{password}")?;
                    }
                    f.write_str("@")?;
                }
                write_host_port(f, &self.host, self.port)?;
            }
        }
        write!(f, "{}", self.params)?;
        match &self.headers {
            Some(headers) => write!(f, "?{headers}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parse(text: &str) -> Uri {
        text.parse().unwrap()
    }

    #[test]
    fn every_kind_prints_as_it_was_read() {
        for text in [
            "sip:example.com",
            "sips:alice:secret@example.com:5061;transport=tcp;lr",
            "sip:[2001:db8::10]:5070",
            "sip:bob@[2001:db8::10];maddr=[::1]",
            "sip:carol@example.com?Replaces=a%40b%3Bto-tag%3D1&Subject=x",
            "tel:+8613800138000;phone-context=+86",
            "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
            "sip:user;par=u%40example.net@example.com",
            "nobodyKnowsThisScheme:totallyopaquecontent"
                .to_lowercase()
                .as_str(),
        ] {
            assert_eq!(parse(text).to_string(), text);
        }
    }

    #[test]
    fn ipv6_hosts_lose_and_regain_their_brackets() {
        let uri = parse("sip:bob@[::1]:5080");
        assert_eq!(uri.host, "::1");
        assert_eq!(uri.socket_addr(), Some("[::1]:5080".parse().unwrap()));
    }

    #[test]
    fn user_part_is_compared_without_escapes() {
        assert!(
            parse("sip:%75se%72@Example.com;x=1").same_account(&parse("sip:user@example.COM:5060"))
        );
        assert!(!parse("sip:user@a").same_account(&parse("sip:User@a")));
    }

    #[test]
    fn what_is_no_uri_is_refused() {
        for text in [
            "",
            "alice",
            "sip:",
            "sip:@",
            "sip:a b@c",
            "sip:a@b:port",
            "sip:a@b:70000",
            "tel:",
            "<sip:a@b>",
            ":x",
            "sip:[::1",
        ] {
            assert!(text.parse::<Uri>().is_err(), "{text}");
        }
    }
}
