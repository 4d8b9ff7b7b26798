//! The `Via` header.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::Params;
use crate::uri::{split_host_port, write_host_port};

/// One hop of a message's way (RFC 3261 §20.42).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// The transport as written, in upper case: `UDP`, `TCP`, `TLS`, `WSS` or one nobody knows.
    pub transport: String,
    /// The sender's own word for its host, IPv6 without brackets.
    pub host: String,
    /// The sender's own word for its port.
    pub port: Option<u16>,
    /// `branch`, `received`, `rport` and others.
    pub params: Params,
}

impl Via {
    /// What begins every branch of RFC 3261 (§8.1.1.7).
    pub const COOKIE: &'static str = "z9hG4bK";

    /// Our own hop, asking for `rport` (RFC 3581).
    pub fn new(transport: &str, local: SocketAddr, branch: &str) -> Self {
        let mut params = Params::new();
        params.set("branch", Some(branch));
        params.set("rport", None);
        Self {
            transport: transport.to_owned(),
            host: local.ip().to_string(),
            port: Some(local.port()),
            params,
        }
    }

    /// Reads one value. White space is allowed around every separator.
    pub fn parse(text: &str) -> Option<Self> {
        let (hop, params) = match text.find(';') {
            Some(at) => (&text[..at], Params::parse(&text[at..])),
            None => (text, Params::new()),
        };
        let mut pieces = hop.splitn(3, '/');
        if !pieces.next()?.trim().eq_ignore_ascii_case("SIP") {
            return None;
        }
        let _version = pieces.next()?;
        let rest = pieces.next()?.trim();
        let (transport, sent_by) = rest.split_once(|c: char| c.is_ascii_whitespace())?;
        let (host, port) = split_host_port(sent_by).ok()?;
        Some(Self {
            transport: transport.to_ascii_uppercase(),
            host,
            port,
            params,
        })
    }

    /// The transaction's name.
    pub fn branch(&self) -> Option<&str> {
        self.params
            .value("branch")
            .filter(|branch| !branch.is_empty())
    }

    /// Writes down where a request really came from (RFC 3261 §18.2.1, RFC 3581 §4).
    pub fn note_source(&mut self, source: SocketAddr) {
        let asked = self.params.contains("rport");
        if asked {
            self.params.set("rport", Some(&source.port().to_string()));
        }
        if asked || self.host.parse::<IpAddr>().ok() != Some(source.ip()) {
            self.params.set("received", Some(&source.ip().to_string()));
        }
    }

    /// Where a response goes over UDP, after [`note_source`](Via::note_source) (RFC 3261 §18.2.2, RFC 3581 §4).
    pub fn response_addr(&self, source: SocketAddr) -> SocketAddr {
        let rport = self
            .params
            .value("rport")
            .and_then(|port| port.parse().ok());
        if let Some(port) = rport {
            return SocketAddr::new(source.ip(), port);
        }
        let maddr = self
            .params
            .value("maddr")
            .and_then(|host| host.parse().ok());
        SocketAddr::new(maddr.unwrap_or(source.ip()), self.port.unwrap_or(5060))
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} ", self.transport)?;
        write_host_port(f, &self.host, self.port)?;
        write!(f, "{}", self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_around_every_separator_is_taken() {
        let via =
            Via::parse("SIP  /    2.0   / UDP  192.168.255.111   ; branch= z9hG4bK30239").unwrap();
        assert_eq!(
            (via.transport.as_str(), via.host.as_str(), via.port),
            ("UDP", "192.168.255.111", None)
        );
        assert_eq!(via.branch(), Some("z9hG4bK30239"));
    }

    #[test]
    fn ipv6_with_a_port_is_read_and_written() {
        let via = Via::parse("SIP/2.0/TLS [2001:db8::9]:5061;branch=z9hG4bK1;received=2001:db8::8")
            .unwrap();
        assert_eq!((via.host.as_str(), via.port), ("2001:db8::9", Some(5061)));
        assert_eq!(
            via.to_string(),
            "SIP/2.0/TLS [2001:db8::9]:5061;branch=z9hG4bK1;received=2001:db8::8"
        );
    }

    #[test]
    fn answers_go_to_the_source_when_rport_asks_and_to_the_named_port_otherwise() {
        let source: SocketAddr = "203.0.113.5:33000".parse().unwrap();
        let mut via = Via::parse("SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1;rport").unwrap();
        via.note_source(source);
        assert_eq!(via.params.value("received"), Some("203.0.113.5"));
        assert_eq!(via.response_addr(source), source);
        let mut via = Via::parse("SIP/2.0/UDP 203.0.113.5:5070;branch=z9hG4bK1").unwrap();
        via.note_source(source);
        assert!(!via.params.contains("received"));
        assert_eq!(
            via.response_addr(source),
            "203.0.113.5:5070".parse().unwrap()
        );
    }
}
