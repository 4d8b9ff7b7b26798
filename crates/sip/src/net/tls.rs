//! TLS below SIP (RFC 3261 §26.2, RFC 5922): whom a phone trusts, and the handshakes of both sides.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use super::address::{ResolveError, split};

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(4);

/// Whom a phone takes for its registrar: the roots it trusts, and the name that the certificate must hold.
#[derive(Clone)]
pub struct Trust {
    connector: TlsConnector,
    name: ServerName<'static>,
}

/// Why nobody can be trusted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The server is not `host`, `host:port` or `[v6]:port`.
    #[error(transparent)]
    Server(#[from] ResolveError),
    /// The host is neither an address nor a name that a certificate could hold.
    #[error("no certificate can hold the name {0:?}")]
    Name(String),
    /// The file with the roots cannot be read, or holds something else.
    #[error("the file with the root certificates: {0}")]
    Roots(String),
    /// This system has no root certificates.
    #[error("the system's root certificates: {0}")]
    System(#[source] rustls::Error),
    /// The cryptography speaks no version of TLS.
    #[error("TLS: {0}")]
    Tls(#[source] rustls::Error),
}

impl Trust {
    /// Trusts `server` (as [`resolve`](super::resolve) takes it) if it shows a certificate that holds its host as it is written
    /// there (RFC 5922 §7), issued under the system's roots, or under those in the PEM file `roots` and no others.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn new(server: &str, roots: Option<&Path>) -> Result<Self, TrustError> {
        let (host, _) = split(server)?;
        let name = ServerName::try_from(host.clone()).map_err(|_| TrustError::Name(host))?;
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TrustError::Tls)?;
        let builder = match roots {
            Some(file) => builder.with_root_certificates(read_roots(file)?),
            None => builder
                .with_platform_verifier()
                .map_err(TrustError::System)?,
        };
        Ok(Self {
            connector: Arc::new(builder.with_no_client_auth()).into(),
            name,
        })
    }

    /// Shakes hands over a connection of ours.
    pub(super) async fn connect(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let hands = self.connector.connect(self.name.clone(), stream);
        within_time(hands).await.map(TlsStream::Client)
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").finish_non_exhaustive()
    }
}

fn read_roots(file: &Path) -> Result<RootCertStore, TrustError> {
    let unusable = |why: &dyn fmt::Display| TrustError::Roots(why.to_string());
    let pem = std::fs::read(file).map_err(|error| unusable(&error))?;
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(&pem) {
        // What a broken file holds is nobody's business: its errors quote it.
        let root = root.map_err(|_| unusable(&"it is not PEM"))?;
        roots.add(root).map_err(|error| unusable(&error))?;
    }
    if roots.is_empty() {
        return Err(unusable(&"there is none in it"));
    }
    Ok(roots)
}

/// Shakes hands over a connection of theirs.
pub(super) async fn accept(
    acceptor: &TlsAcceptor,
    stream: TcpStream,
) -> io::Result<TlsStream<TcpStream>> {
    within_time(acceptor.accept(stream))
        .await
        .map(TlsStream::Server)
}

async fn within_time<T>(hands: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(HANDSHAKE, hands)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Tells a server that could not show to be the one who is meant from one that could not be spoken with.
pub(super) fn is_untrusted(error: &io::Error) -> bool {
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(
        tls,
        Some(
            rustls::Error::InvalidCertificate(_)
                | rustls::Error::NoCertificatesPresented
                | rustls::Error::UnsupportedNameType
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roots(text: &str) -> Result<Trust, TrustError> {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("roots.pem");
        std::fs::write(&file, text).unwrap();
        Trust::new("pbx.example", Some(&file))
    }

    #[test]
    fn a_file_without_a_root_is_told() {
        for text in [
            "",
            "hello",
            "-----BEGIN CERTIFICATE-----\nMIIB",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ] {
            assert!(matches!(roots(text), Err(TrustError::Roots(_))), "{text}");
        }
        let missing = Trust::new("pbx.example", Some(Path::new("/nowhere/roots.pem")));
        assert!(matches!(missing, Err(TrustError::Roots(_))));
    }

    #[test]
    fn a_certificate_holds_a_name_or_an_address() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("roots.pem");
        let key = rcgen::KeyPair::generate().unwrap();
        let root = rcgen::CertificateParams::default();
        std::fs::write(&file, root.self_signed(&key).unwrap().pem()).unwrap();
        for server in ["pbx.example:5061", "192.0.2.1", "[2001:db8::1]:5061"] {
            Trust::new(server, Some(&file)).unwrap();
        }
        let odd = Trust::new("-:5061", Some(&file));
        assert!(matches!(odd, Err(TrustError::Name(_))), "{odd:?}");
        let none = Trust::new("sip:pbx", Some(&file));
        assert!(matches!(none, Err(TrustError::Server(_))), "{none:?}");
    }
}
