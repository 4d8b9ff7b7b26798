//! Names to addresses.

use std::io;
use std::net::{IpAddr, SocketAddr};

use crate::Transport;
use crate::uri::split_host_port;

/// SIP's port over UDP and TCP.
const DEFAULT_PORT: u16 = 5060;
/// SIP's port over TLS (RFC 3261 §19.1.2).
const DEFAULT_TLS_PORT: u16 = 5061;

/// Why a server's name gives no address.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// Not `host`, `host:port` or `[v6]:port`.
    #[error("{0:?} is no host and port")]
    Syntax(String),
    /// The name is unknown, or no name server answers.
    #[error("the name {host:?} cannot be resolved")]
    Unknown {
        /// The host.
        host: String,
        /// What the system said.
        source: io::Error,
    },
    /// The name has no address.
    #[error("the name {0:?} has no address")]
    NoAddress(String),
}

/// Turns `host`, `host:port` or `[v6]:port` into an address; the port defaults to 5060, over TLS to 5061.
pub async fn resolve(server: &str, transport: Transport) -> Result<SocketAddr, ResolveError> {
    let (host, port) = split(server)?;
    let port = port.unwrap_or(match transport {
        Transport::Tls | Transport::TlsSctp | Transport::Wss => DEFAULT_TLS_PORT,
        Transport::Udp | Transport::Tcp | Transport::Sctp | Transport::Ws => DEFAULT_PORT,
    });
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(SocketAddr::new(ip, port));
    }
    let found = tokio::net::lookup_host((host.as_str(), port))
        .await
        .map(|mut found| found.next());
    match found {
        Ok(found) => found.ok_or(ResolveError::NoAddress(host)),
        Err(source) => Err(ResolveError::Unknown { host, source }),
    }
}

/// Takes the host, without brackets, and the port where there is one.
pub(super) fn split(server: &str) -> Result<(String, Option<u16>), ResolveError> {
    let syntax = || ResolveError::Syntax(server.to_owned());
    let (host, port) = split_host_port(server).map_err(|_| syntax())?;
    if host.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '@' | ';' | '?')) {
        return Err(syntax());
    }
    Ok((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn resolve(server: &str) -> Result<SocketAddr, ResolveError> {
        super::resolve(server, Transport::Udp).await
    }

    #[tokio::test]
    async fn addresses_need_no_name_server_and_get_the_usual_port() {
        assert_eq!(
            resolve("192.0.2.1").await.unwrap(),
            "192.0.2.1:5060".parse().unwrap()
        );
        assert_eq!(
            resolve("[2001:db8::1]:5080").await.unwrap(),
            "[2001:db8::1]:5080".parse().unwrap()
        );
        assert_eq!(
            super::resolve("[2001:db8::1]", Transport::Tls)
                .await
                .unwrap(),
            "[2001:db8::1]:5061".parse().unwrap()
        );
    }

    #[tokio::test]
    async fn what_is_no_server_is_told_from_a_name_nobody_knows() {
        for text in ["", "sip:host", "a b", "host:99999", "http://x"] {
            assert!(
                matches!(resolve(text).await, Err(ResolveError::Syntax(_))),
                "{text}"
            );
        }
        assert!(matches!(
            resolve("nobody.invalid").await,
            Err(ResolveError::Unknown { .. } | ResolveError::NoAddress(_))
        ));
    }
}
