//! The centre over TLS: what it says of itself, and whom it keeps waiting.

mod support;

use offhook_centre::serve::{Centre, StartError};
use offhook_centre::tls::{Tls, TlsError};
use offhook_model::SipTransport;
use offhook_model::api::SignInResponse;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use support::options;
use tokio::net::TcpStream;

/// Writes a certificate for `localhost` and its key.
fn certified(folder: &Path) -> Tls {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let made = params.self_signed(&key).expect("a certificate");
    let tls = Tls {
        certificate: folder.join("certificate.pem"),
        key: folder.join("key.pem"),
        sips: SocketAddr::from(([127, 0, 0, 1], 0)),
        name: Some("localhost".to_owned()),
    };
    std::fs::write(&tls.certificate, made.pem()).expect("a file");
    std::fs::write(&tls.key, key.serialize_pem()).expect("a file");
    tls
}

#[tokio::test]
async fn it_is_reached_by_its_name_and_one_who_is_slow_keeps_nobody_waiting() {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let folder = tempfile::tempdir().expect("a folder");
    let tls = certified(folder.path());
    let roots = std::fs::read(&tls.certificate).expect("a file");
    let mut options = options(folder.path());
    options.tls = Some(tls);
    let centre = Centre::start(options).await.expect("a centre");
    let base = centre.base();
    assert_eq!(base, format!("https://localhost:{}", centre.http.port()));

    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(TcpStream::connect(centre.http).await.expect("connected"));
    }
    let roots = reqwest::Certificate::from_pem_bundle(&roots).expect("roots");
    let client = reqwest::Client::builder()
        .tls_certs_only(roots)
        .build()
        .expect("a client");
    let health: Value = client
        .get(format!("{base}/v1/health"))
        .send()
        .await
        .expect("answered")
        .json()
        .await
        .expect("JSON");
    assert!(health["version"].is_string());
    let session: SignInResponse = client
        .post(format!("{base}/v1/sessions"))
        .json(&json!({"username": "lin", "password": "practice"}))
        .send()
        .await
        .expect("answered")
        .json()
        .await
        .expect("a session");
    let sip = session.sip.expect("an account");
    assert_eq!(sip.transport, SipTransport::Tls);
    assert_eq!(Some(&sip.registrar), centre.sips().as_ref());
    assert!(sip.registrar.starts_with("localhost:"));
    assert_eq!(sip.aor, format!("sip:1001@{}", sip.registrar));

    let plain = format!("http://{}/v1/health", centre.http);
    assert!(reqwest::get(plain).await.is_err());
    centre.stop().await;
}

#[tokio::test]
async fn files_that_cannot_be_used_are_told_before_anything_is_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut tls = certified(folder.path());
    tls.key = tls.certificate.clone();
    let mut options = options(&folder.path().join("data"));
    options.tls = Some(tls);
    let refused = Centre::start(options).await.expect_err("no key");
    assert!(
        matches!(refused, StartError::Tls(TlsError::NoKey(_))),
        "{refused}"
    );
    assert!(!folder.path().join("data").exists());
}
