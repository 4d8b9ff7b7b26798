//! A centre of one's own, spoken to over HTTP.

#![allow(dead_code, reason = "each story uses its part")]

pub mod phone;
pub mod practice;
pub mod routes;
pub mod telephone;

use futures_util::StreamExt;
use offhook_centre::serve::{Centre, Lifetime, Limits, Options};
use offhook_model::Code;
use offhook_model::api::{Event, Problem, SignInResponse};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use uuid::Uuid;

pub const PATIENCE: Duration = Duration::from_secs(20);

/// The problem that a refusal tells.
pub async fn problem(response: Response) -> (u16, Code) {
    let status = response.status().as_u16();
    assert_eq!(
        response
            .headers()
            .get("content-type")
            .and_then(|kind| kind.to_str().ok()),
        Some("application/problem+json"),
        "{status}"
    );
    let problem: Problem = response.json().await.expect("a problem");
    assert_eq!(problem.status, status);
    (status, problem.code)
}

pub struct World {
    pub centre: Centre,
    pub folder: TempDir,
    pub http: reqwest::Client,
}

pub fn options(data: &Path) -> Options {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Options {
        data: data.to_owned(),
        http: any,
        sip: any,
        ring_seconds: 30,
        wrap_up_seconds: None,
        grace_seconds: 60,
        trunk: None,
        record: true,
        sample_data: true,
        practice: true,
        allow_plain: false,
        lifetime: Lifetime::default(),
        limits: Limits::default(),
        tls: None,
    }
}

impl World {
    pub async fn start() -> Self {
        Self::start_with(|options| options).await
    }

    pub async fn start_with(with: impl FnOnce(Options) -> Options) -> Self {
        // Another test of this process may have been first.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            centre: Centre::start(with(options(folder.path())))
                .await
                .expect("a centre"),
            folder,
            http: reqwest::Client::new(),
        }
    }

    /// Closes the centre and opens it again over the same records.
    pub async fn restart(self) -> Self {
        self.centre.stop().await;
        Self {
            centre: Centre::start(options(self.folder.path()))
                .await
                .expect("a centre"),
            ..self
        }
    }

    pub fn ask(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.http
            .request(method, format!("http://{}{path}", self.centre.http))
            .bearer_auth(token)
    }

    pub async fn get(&self, path: &str, token: &str) -> Response {
        self.ask(Method::GET, path, token)
            .send()
            .await
            .expect("answered")
    }

    pub async fn read<T: serde::de::DeserializeOwned>(&self, path: &str, token: &str) -> T {
        let response = self.get(path, token).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.expect("JSON")
    }

    pub async fn sign_in(&self, username: &str, password: &str) -> Response {
        self.http
            .post(format!("http://{}/v1/sessions", self.centre.http))
            .json(&json!({"username": username, "password": password}))
            .send()
            .await
            .expect("answered")
    }

    pub async fn signed_in(&self, username: &str) -> SignInResponse {
        let response = self.sign_in(username, "practice").await;
        assert_eq!(response.status(), StatusCode::CREATED);
        response.json().await.expect("a session")
    }

    pub async fn token(&self, username: &str) -> String {
        self.signed_in(username).await.token.expose().to_owned()
    }

    pub async fn put(&self, path: &str, token: &str, key: Uuid, body: &Value) -> Response {
        self.ask(Method::PUT, path, token)
            .header("Idempotency-Key", key.to_string())
            .json(body)
            .send()
            .await
            .expect("answered")
    }

    pub async fn set_presence(&self, token: &str, presence: &str) -> Value {
        let body = json!({ "presence": presence });
        let response = self.put("/v1/presence", token, Uuid::new_v4(), &body).await;
        assert_eq!(response.status(), StatusCode::OK);
        response.json().await.expect("a presence")
    }

    pub async fn start_answering(&self, token: &str) {
        let body = json!({"presence": "ready"});
        let response = self
            .post("/v1/start-answering", token, Uuid::new_v4(), &body)
            .await;
        assert_eq!(response.status(), StatusCode::OK);
    }

    pub async fn extend_wrap_up(&self, token: &str, key: Uuid) -> Response {
        self.post("/v1/extend-wrap-up", token, key, &json!({}))
            .await
    }

    async fn post(&self, path: &str, token: &str, key: Uuid, body: &Value) -> Response {
        self.ask(Method::POST, path, token)
            .header("Idempotency-Key", key.to_string())
            .json(body)
            .send()
            .await
            .expect("answered")
    }

    pub async fn events(&self, token: &str, last: Option<u64>) -> Events {
        let mut request = self.ask(Method::GET, "/v1/events", token);
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let response = request.send().await.expect("answered");
        assert_eq!(response.status(), StatusCode::OK);
        Events {
            bytes: Box::pin(response.bytes_stream()),
            text: String::new(),
        }
    }
}

type Bytes =
    std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<axum::body::Bytes>> + Send>>;

pub struct Events {
    bytes: Bytes,
    text: String,
}

impl Events {
    /// The next event with its id; nothing at the end of the stream.
    pub async fn next(&mut self) -> Option<(u64, Event)> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                let field = |name: &str| {
                    block
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(str::trim)
                };
                if let (Some(id), Some(data)) = (field("id:"), field("data:")) {
                    let event = serde_json::from_str(data).expect("an event");
                    return Some((id.parse().expect("a number"), event));
                }
                continue;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.bytes.next())
                .await
                .expect("in time")?;
            self.text
                .push_str(std::str::from_utf8(&chunk.ok()?).expect("UTF-8"));
        }
    }

    /// Reads on until an event is the one looked for.
    pub async fn until(&mut self, so: impl Fn(&Event) -> bool) -> (u64, Event) {
        loop {
            let (id, event) = self.next().await.expect("the stream goes on");
            if so(&event) {
                return (id, event);
            }
        }
    }
}
