//! The driver over real TLS connections on loopback.
#![cfg(feature = "net")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use offhook_sip::endpoint::Invite;
use offhook_sip::net::{Sockets, Trust, bind_towards};
use offhook_sip::{
    CallKey, Command, EndCause, Event, Flow, NameAddr, RegistrationError, Transport, Uri,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use support::exchange::{Ask, PATIENCE, Phone, Running};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// An authority, with its root in a file.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    home: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let home = tempfile::tempdir().unwrap();
        let root = params.self_signed(&key).unwrap();
        std::fs::write(home.path().join("root.pem"), root.pem()).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            home,
        }
    }

    /// What a server shows that has a certificate for this name, good until the end of this year.
    fn certifies(&self, name: &str, last_year: i32) -> Arc<ServerConfig> {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(last_year, 12, 31);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
        Arc::new(config)
    }

    /// A phone that trusts this authority and expects `host` at the registrar's address.
    async fn phone(&self, registrar: SocketAddr, host: &str) -> Phone {
        let root = self.home.path().join("root.pem");
        let trust = Trust::new(host, Some(&root)).unwrap();
        let sockets = bind_towards(registrar).await.unwrap().trusting(trust);
        Phone::over(sockets, registrar, Transport::Tls)
    }
}

async fn exchange(at: &str, config: Arc<ServerConfig>) -> Running {
    let sockets = Sockets::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let sockets = sockets
        .listening_for_tls(at.parse().unwrap(), config)
        .await
        .unwrap();
    let addr = sockets.tls_addr().unwrap().unwrap();
    Running::over(sockets, addr)
}

#[tokio::test]
async fn a_phone_registers_and_calls_both_ways_and_again_after_its_connection_was_cut() {
    let authority = Authority::new();
    for host in ["localhost", "127.0.0.1"] {
        let mut exchange = exchange("127.0.0.1:0", authority.certifies(host, 2100)).await;
        let mut phone = authority.phone(exchange.addr, host).await;
        phone.tell(Command::Register).await;
        assert!(matches!(phone.next().await, Event::Registered { .. }));
        phone.calls_both_ways(&mut exchange).await;
        exchange.ask(Ask::Disconnect).await;
        assert!(matches!(
            phone.next().await,
            Event::RegistrationFailed {
                cause: RegistrationError::Disconnected,
                retry_in: Some(_)
            }
        ));
        assert!(matches!(phone.next().await, Event::Registered { .. }));
        phone.calls_both_ways(&mut exchange).await;
    }
}

#[tokio::test]
async fn who_has_no_good_certificate_hears_nothing_and_the_next_one_is_registered_with() {
    let (authority, another) = (Authority::new(), Authority::new());
    for (bad, what) in [
        (
            authority.certifies("elsewhere.example", 2100),
            "a wrong name",
        ),
        (authority.certifies("localhost", 2001), "expired"),
        (another.certifies("localhost", 2100), "an unknown authority"),
    ] {
        let pretender = exchange("127.0.0.1:0", bad).await;
        let addr = pretender.addr;
        let mut phone = authority.phone(addr, "localhost").await;
        phone.tell(Command::Register).await;
        let told = phone.next().await;
        assert!(
            matches!(
                told,
                Event::RegistrationFailed {
                    cause: RegistrationError::Untrusted,
                    retry_in: Some(_)
                }
            ),
            "{what}: {told:?}"
        );
        phone.invite(CallKey(1)).await;
        loop {
            match phone.next().await {
                Event::RegistrationFailed { .. } => {}
                Event::Ended { cause, .. } => {
                    assert_eq!(cause, EndCause::Unreachable, "{what}");
                    break;
                }
                event => panic!("{what}: {event:?}"),
            }
        }
        pretender.stop().await;
        let good = authority.certifies("localhost", 2100);
        let mut exchange = exchange(&addr.to_string(), good).await;
        while !matches!(phone.next().await, Event::Registered { .. }) {}
        phone.calls_both_ways(&mut exchange).await;
    }
}

#[tokio::test]
async fn a_registrar_that_speaks_no_tls_is_not_there() {
    let exchange = Running::at("127.0.0.1:0").await;
    let authority = Authority::new();
    let mut phone = authority.phone(exchange.addr, "localhost").await;
    phone.tell(Command::Register).await;
    assert!(matches!(
        phone.next().await,
        Event::RegistrationFailed {
            cause: RegistrationError::Unreachable,
            ..
        }
    ));
}

#[tokio::test]
async fn a_handshake_that_is_not_answered_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = Authority::new();
    let addr = listener.local_addr().unwrap();
    let mut phone = authority.phone(addr, "localhost").await;
    phone.tell(Command::Register).await;
    let (_held, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    assert!(matches!(
        phone.next().await,
        Event::RegistrationFailed {
            cause: RegistrationError::Unreachable,
            ..
        }
    ));
}

/// What goes over TLS says so, and leaves from the port that Contact names.
#[tokio::test]
async fn via_and_contact_name_tls() {
    let authority = Authority::new();
    let acceptor = TlsAcceptor::from(authority.certifies("localhost", 2100));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let phone = authority.phone(addr, "localhost").await;
    phone.tell(Command::Register).await;
    let (stream, from) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    assert_eq!(from, phone.local);
    let mut stream = acceptor.accept(stream).await.unwrap();
    assert_eq!(stream.get_ref().1.server_name(), Some("localhost"));
    let mut buffer = vec![0; 4096];
    let size = timeout(PATIENCE, stream.read(&mut buffer))
        .await
        .unwrap()
        .unwrap();
    let text = String::from_utf8_lossy(&buffer[..size]);
    let contact = format!("Contact: <sip:1001@{from};transport=tls>;expires=120\r\n");
    assert!(
        text.contains(&contact) && text.contains(&format!("Via: SIP/2.0/TLS {from};")),
        "{text}"
    );
}

/// A server's encrypted side is known at an address of its own, and its plain side at the sockets'.
#[test]
fn each_side_of_a_server_is_known_at_its_own_address() {
    let (plain, tls) = ("127.0.0.1:5060", "127.0.0.1:5061");
    let there = "127.0.0.1:9".parse().unwrap();
    for (next_hop, here) in [
        (Flow::udp(there), plain),
        (Flow::tcp(there), plain),
        (Flow::tls(there), tls),
    ] {
        let mut endpoint = support::endpoint(plain, 1).known_over_tls_at(tls.parse().unwrap());
        let uri: Uri = "sip:1001@127.0.0.1:9".parse().unwrap();
        let invite = Invite {
            uri: uri.clone(),
            from: NameAddr::new(uri.clone()),
            to: NameAddr::new(uri),
            next_hop,
            offer: Vec::new(),
            headers: Vec::new(),
            credentials: None,
        };
        endpoint.invite(Duration::ZERO, invite);
        let sent = endpoint.poll_transmit().unwrap();
        let text = String::from_utf8_lossy(&sent.bytes).into_owned();
        let via = format!("Via: SIP/2.0/{} {here};", &next_hop.to_string()[..3]);
        let contact = format!("Contact: <sip:1001@{here}");
        assert!(text.contains(&via) && text.contains(&contact), "{text}");
    }
}
