//! Each way of not getting an answer has its own code, found over real sockets.

mod support;

use offhook_cloud::{Cloud, CloudError, Options};
use offhook_model::{Code, PhoneNumber, Secret, api::SignInRequest};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use std::{path::PathBuf, sync::Arc, time::Duration};
use support::{Centre, Step, TOKEN, answer, answer_with, hasty, json, patient, problem};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

async fn failure(base: &str, roots: Option<PathBuf>, options: Options) -> CloudError {
    match Cloud::with_options(base, roots, options) {
        Ok(cloud) => cloud.health().await.expect_err("nobody is there"),
        Err(error) => error,
    }
}

async fn failure_with(script: impl Fn() -> Vec<Step> + Send + Sync + 'static) -> CloudError {
    let centre = Centre::open(move |_| script()).await;
    centre.session().legs().await.expect_err("a failure")
}

#[tokio::test]
async fn a_centre_that_is_there_tells_its_version() {
    let centre = Centre::open(|_| json("200 OK", r#"{"version":"0.1.0"}"#)).await;
    let health = centre.cloud().health().await.expect("an answer");
    assert_eq!(health.version, "0.1.0");
    assert_eq!(centre.seen()[0].line, "GET /v1/health HTTP/1.1");
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_refused() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let error = failure(&base, None, patient()).await;
    assert_eq!(error.code, Code::ConnectionRefused, "{error}");
    assert!(!error.is_for_good());
}

#[tokio::test]
async fn a_name_that_no_one_has_is_an_unknown_host() {
    // `.invalid` is never given out (RFC 6761). The resolver of a computer without a network may take its time.
    let (_home, roots) = some_root();
    for (base, roots) in [
        ("https://centre.invalid", Some(roots)),
        ("http://centre.invalid", None),
    ] {
        let error = failure(base, roots, patient()).await;
        assert_eq!(error.code, Code::UnknownHost, "{error}");
    }
}

#[tokio::test]
async fn a_self_signed_certificate_is_trusted_only_where_it_is_named() {
    let (tls, home, its_root) = certificate("127.0.0.1", (2000, 2100));
    let centre = Centre::open_tls(tls, |_| json("200 OK", r#"{"version":"1"}"#)).await;

    let by_the_system = failure(&centre.base, None, patient()).await;
    assert_eq!(
        by_the_system.code,
        Code::CertificateInvalid,
        "{by_the_system}"
    );

    let (_home, another_root) = some_root();
    let by_another = failure(&centre.base, Some(another_root), patient()).await;
    assert_eq!(by_another.code, Code::CertificateInvalid, "{by_another}");

    let cloud = Cloud::with_options(&centre.base, Some(its_root), patient()).expect("a root");
    assert_eq!(cloud.health().await.expect("trusted").version, "1");
    drop(home);
}

#[tokio::test]
async fn a_certificate_for_another_name_or_another_time_is_invalid() {
    for (name, years) in [
        ("elsewhere.example", (2000, 2100)),
        ("127.0.0.1", (2000, 2001)),
    ] {
        let (tls, _home, root) = certificate(name, years);
        let centre = Centre::open_tls(tls, |_| json("200 OK", "{}")).await;
        let error = failure(&centre.base, Some(root), patient()).await;
        assert_eq!(error.code, Code::CertificateInvalid, "{name}: {error}");
    }
}

#[tokio::test]
async fn who_does_not_speak_tls_is_not_the_centre() {
    let (_home, root) = some_root();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let base = format!("https://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut hello = [0; 64];
            socket.read_exact(&mut hello).await.ok();
            socket
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .await
                .ok();
        }
    });
    let error = failure(&base, Some(root), patient()).await;
    assert_eq!(error.code, Code::CentreFailed, "{error}");
}

#[tokio::test]
async fn a_handshake_that_is_never_answered_is_unreachable() {
    let (_home, root) = some_root();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let base = format!("https://{}", listener.local_addr().expect("an address"));
    let error = failure(&base, Some(root), hasty()).await;
    assert_eq!(error.code, Code::Unreachable, "{error}");
}

#[tokio::test]
async fn a_centre_that_never_answers_is_unreachable() {
    let centre = Centre::open(|_| vec![Step::Hold]).await;
    let error = centre.hasty_session().legs().await.expect_err("a time-out");
    assert_eq!(error.code, Code::Unreachable, "{error}");
}

#[tokio::test]
async fn an_answer_that_stops_half_way_is_unreachable() {
    let centre = Centre::open(|_| {
        vec![
            Step::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n[".to_vec()),
            Step::Hold,
        ]
    })
    .await;
    let error = centre.hasty_session().legs().await.expect_err("a time-out");
    assert_eq!(error.code, Code::Unreachable, "{error}");
}

#[tokio::test]
async fn a_connection_that_breaks_off_is_unreachable() {
    for sent in ["", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n["] {
        let error = failure_with(move || vec![Step::Send(sent.into())]).await;
        assert_eq!(error.code, Code::Unreachable, "{sent}: {error}");
    }
}

#[tokio::test]
async fn garbage_is_not_an_answer_of_a_centre() {
    let not_http = failure_with(|| vec![Step::Send(b"\x00\xff\x13SSH-2.0\r\n\r\n".to_vec())]).await;
    assert_eq!(not_http.code, Code::CentreFailed, "{not_http}");

    let a_page =
        failure_with(|| answer("200 OK", "text/html", "<h1>Welcome to 13800550142</h1>")).await;
    assert_eq!(a_page.code, Code::CentreFailed, "{a_page}");

    let other_json = failure_with(|| json("200 OK", r#"[{"leg":"13800550142"}]"#)).await;
    assert_eq!(other_json.code, Code::CentreFailed, "{other_json}");
    assert!(!format!("{other_json} {other_json:?}").contains("13800550142"));
}

#[tokio::test]
async fn an_answer_without_an_end_is_given_up() {
    let error = failure_with(|| {
        let length = 1u64 << 40;
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        let mut steps = vec![Step::Send(head.into_bytes())];
        steps.extend((0..17).map(|_| Step::Send(vec![b' '; 1 << 20])));
        steps
    })
    .await;
    assert_eq!(error.code, Code::CentreFailed, "{error}");
}

#[tokio::test]
async fn a_problem_is_told_by_its_code() {
    let wrong = failure_with(|| {
        problem(
            "401 Unauthorized",
            r#"{"code":"wrong_password","title":"x","status":401}"#,
        )
    })
    .await;
    assert_eq!(wrong.code, Code::WrongPassword);

    let locked = failure_with(|| {
        problem(
            "429 Too Many Requests",
            r#"{"code":"locked_out","title":"x","status":429,"retry_after":30}"#,
        )
    })
    .await;
    assert_eq!(locked.code, Code::LockedOut);
    assert_eq!(locked.retry_after, Some(Duration::from_secs(30)));

    let reused = failure_with(|| {
        problem(
            "409 Conflict",
            r#"{"code":"key_reused","title":"x","status":409}"#,
        )
    })
    .await;
    assert_eq!(reused.code, Code::KeyReused);
    assert!(reused.is_for_good());
}

#[tokio::test]
async fn a_refusal_in_other_words_is_told_by_its_status() {
    for (status, code) in [
        ("401 Unauthorized", Code::SessionExpired),
        ("403 Forbidden", Code::Forbidden),
        ("404 Not Found", Code::NotFound),
        ("409 Conflict", Code::Conflict),
        ("413 Payload Too Large", Code::Malformed),
        ("418 I'm a teapot", Code::Refused),
        ("500 Internal Server Error", Code::CentreFailed),
        ("502 Bad Gateway", Code::CentreFailed),
    ] {
        for body in ["", "<p>proxy</p>", r#"{"code":"of_a_later_day"}"#, "[]"] {
            let error = failure_with(move || answer(status, "text/html", body)).await;
            assert_eq!(error.code, code, "{status} {body}");
        }
    }
}

#[tokio::test]
async fn a_busy_proxy_says_when_to_come_back() {
    let error =
        failure_with(|| answer_with("503 Service Unavailable", "Retry-After: 7\r\n", "")).await;
    assert_eq!(error.code, Code::CentreFailed);
    assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
    assert!(!error.is_for_good());
}

#[tokio::test]
async fn a_token_does_not_follow_a_redirect() {
    let thief = Centre::open(|_| json("200 OK", "[]")).await;
    let location = format!("Location: {}/v1/legs\r\n", thief.base);
    let error = failure_with(move || answer_with("302 Found", &location, "")).await;
    assert_eq!(error.code, Code::CentreFailed);
    assert_eq!(thief.seen().len(), 0);
}

#[tokio::test]
async fn neither_number_nor_token_nor_password_is_in_an_error_or_in_debug() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let cloud = Cloud::with_options(&base, None, patient()).expect("an address");
    let session = cloud.session(Secret::new(TOKEN));
    let number = PhoneNumber::parse("13800550142").expect("a number");
    let by_number = session
        .customers(&number)
        .await
        .expect_err("nobody is there");
    let who = SignInRequest {
        username: "lin".into(),
        password: Secret::new("correct horse"),
    };
    let by_password = cloud.sign_in(&who).await.expect_err("nobody is there");
    let told = format!("{by_number} {by_number:?} {by_password:?} {session:?} {who:?}");
    for private in ["13800550142", TOKEN, "correct horse"] {
        assert!(!told.contains(private), "{told}");
    }
}

/// A server certificate for `name`, its own root, in a folder that holds the root as a PEM file.
fn certificate(name: &str, (from, until): (i32, i32)) -> (TlsAcceptor, TempDir, PathBuf) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    let certificate = params.self_signed(&key).expect("a certificate");
    let home = tempfile::tempdir().expect("a folder");
    let root = home.path().join("ca.pem");
    std::fs::write(&root, certificate.pem()).expect("a file");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .expect("a certificate and its key");
    (TlsAcceptor::from(Arc::new(config)), home, root)
}

/// A root that nobody's certificate comes from.
fn some_root() -> (TempDir, PathBuf) {
    let (_, home, root) = certificate("nobody.example", (2000, 2100));
    (home, root)
}
