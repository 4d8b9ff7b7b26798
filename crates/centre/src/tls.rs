//! What a centre that speaks TLS shows: its certificate and key, and the API's listener over them.

use axum::serve::Listener;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How many handshakes may be under way; whoever comes then waits.
const HANDSHAKES: usize = 256;
/// How long to wait when the system has no room for one more connection.
const NO_ROOM: Duration = Duration::from_millis(100);

/// What a centre needs to speak TLS.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The PEM file with the certificate, and with what leads from it to its root.
    pub certificate: PathBuf,
    /// The PEM file with the certificate's key.
    pub key: PathBuf,
    /// Where SIP over TLS listens; port 0 is any free one.
    pub sips: SocketAddr,
    /// The name in the certificate by which phones reach the centre; its address where nothing is said.
    pub name: Option<String>,
}

/// Why a certificate and its key cannot be shown to anybody.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("reading {file}: {source}")]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no certificate in the file.
    #[error("{0} holds no certificate in PEM")]
    NoCertificate(PathBuf),
    /// There is no key in the file.
    #[error("{0} holds no private key in PEM (PKCS #8, PKCS #1 or SEC 1)")]
    NoKey(PathBuf),
    /// The two cannot be used together, most often because the key is another certificate's.
    #[error("the certificate and the key cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

impl Tls {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// [`TlsError`] names the file and what is wrong with it.
    pub(crate) fn config(&self) -> Result<ServerConfig, TlsError> {
        let text = read(&self.certificate)?;
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(&text)
            .collect::<Result<_, pem::Error>>()
            .map_err(|_| TlsError::NoCertificate(self.certificate.clone()))?;
        if certificates.is_empty() {
            return Err(TlsError::NoCertificate(self.certificate.clone()));
        }
        let key = PrivateKeyDer::from_pem_slice(&read(&self.key)?)
            .map_err(|_| TlsError::NoKey(self.key.clone()))?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(certificates, key)?;
        Ok(config)
    }

    /// Writes `host:port` as phones are told it: with the name, where there is one.
    pub(crate) fn host_port(&self, address: SocketAddr) -> String {
        match &self.name {
            Some(name) => format!("{name}:{}", address.port()),
            None => address.to_string(),
        }
    }
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(file).map_err(|source| TlsError::Read {
        file: file.to_owned(),
        source,
    })
}

/// A listener that hands on connections whose handshake is done. One who is slow at it keeps nobody waiting.
pub(crate) struct HttpsListener {
    address: SocketAddr,
    made: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    /// Ends with the listener.
    _task: JoinSet<()>,
}

impl HttpsListener {
    pub(crate) fn start(listener: TcpListener, mut config: ServerConfig) -> io::Result<Self> {
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let (sender, made) = mpsc::channel(1);
        let address = listener.local_addr()?;
        let mut task = JoinSet::new();
        task.spawn(shake_hands(listener, Arc::new(config).into(), sender));
        Ok(Self {
            address,
            made,
            _task: task,
        })
    }
}

impl Listener for HttpsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.made.recv().await {
            Some(made) => made,
            // The task only ends with us.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

async fn shake_hands(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    made: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    let room = Arc::new(Semaphore::new(HANDSHAKES));
    let mut handshakes = JoinSet::new();
    loop {
        while handshakes.try_join_next().is_some() {}
        let Ok(permit) = room.clone().acquire_owned().await else {
            return;
        };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "A connection cannot be accepted");
                tokio::time::sleep(NO_ROOM).await;
                continue;
            }
        };
        let (acceptor, made) = (acceptor.clone(), made.clone());
        handshakes.spawn(async move {
            match timeout(HANDSHAKE, acceptor.accept(stream)).await {
                // Err: the API is closing.
                Ok(Ok(stream)) => drop(made.send((stream, peer)).await),
                Ok(Err(error)) => tracing::debug!(%error, "A handshake failed"),
                Err(_) => tracing::debug!("A handshake took too long"),
            }
            drop(permit);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};

    /// Writes both files and reads them as a centre does.
    fn config(certificate: &str, key: &str) -> Result<ServerConfig, TlsError> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("a file");
            path
        };
        let tls = Tls {
            certificate: file("cert.pem", certificate),
            key: file("key.pem", key),
            sips: SocketAddr::from(([127, 0, 0, 1], 0)),
            name: None,
        };
        tls.config()
    }

    #[test]
    fn each_fault_of_the_files_is_told_apart() {
        let key = KeyPair::generate().expect("a key");
        let made = CertificateParams::default()
            .self_signed(&key)
            .expect("a certificate");
        let (certificate, key) = (made.pem(), key.serialize_pem());
        config(&certificate, &key).expect("a pair");

        for text in ["", "hello", &key, "-----BEGIN CERTIFICATE-----\nMIIB"] {
            let error = config(text, &key).expect_err(text);
            assert!(matches!(error, TlsError::NoCertificate(_)), "{error}");
            assert!(error.to_string().contains("cert.pem"), "{error}");
        }
        for text in ["", "hello", &certificate] {
            let error = config(&certificate, text).expect_err(text);
            assert!(matches!(error, TlsError::NoKey(_)), "{error}");
            assert!(error.to_string().contains("key.pem"), "{error}");
        }
        let another = KeyPair::generate().expect("a key").serialize_pem();
        let error = config(&certificate, &another).expect_err("another's key");
        assert!(matches!(error, TlsError::Unusable(_)), "{error}");
    }

    #[test]
    fn phones_are_told_the_name_where_there_is_one() {
        let mut tls = Tls {
            certificate: PathBuf::new(),
            key: PathBuf::new(),
            sips: SocketAddr::from(([127, 0, 0, 1], 0)),
            name: None,
        };
        let address = SocketAddr::from(([192, 0, 2, 1], 5061));
        assert_eq!(tls.host_port(address), "192.0.2.1:5061");
        tls.name = Some("centre.example".to_owned());
        assert_eq!(tls.host_port(address), "centre.example:5061");
    }
}
