//! The real program, spoken to over real WebSockets.
#![cfg(unix)]

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

const PATIENCE: Duration = Duration::from_secs(20);

/// One running `offhook-headless --listen`.
struct Phone {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    address: SocketAddr,
    token_file: PathBuf,
    token: String,
}

impl Phone {
    async fn start(profile: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_offhook-headless"))
            .args(["--audio", "null", "--listen", "127.0.0.1:0", "--profile"])
            .arg(profile)
            .args(arguments)
            .env("OFFHOOK_LOG", "off")
            // No keyring of the person who runs the test.
            .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let mut output = BufReader::new(child.stdout.take().expect("piped")).lines();
        let line = timeout(PATIENCE, output.next_line())
            .await
            .expect("in time");
        let ready: Value =
            serde_json::from_str(&line.expect("read").expect("a line")).expect("JSON");
        assert_eq!(ready["method"], "ready");
        let text = |name: &str| ready["params"][name].as_str().expect("a text").to_owned();
        let token_file = PathBuf::from(text("token_file"));
        Self {
            input: child.stdin.take(),
            child,
            output,
            address: text("listening").parse().expect("an address"),
            token: std::fs::read_to_string(&token_file).expect("the token's file"),
            token_file,
        }
    }

    /// Comes with these headers in the place of those that stand by default; an empty one is left out.
    async fn come_with(&self, headers: &[(&'static str, &str)]) -> Result<Visitor, Error> {
        let stream = TcpStream::connect(self.address).await.expect("it listens");
        let mut request = format!("ws://{}", self.address)
            .into_client_request()
            .expect("a request");
        let own = request.headers_mut();
        let bearer = format!("Bearer {}", self.token);
        own.insert("authorization", bearer.parse().expect("a value"));
        for (name, value) in headers {
            match *value {
                "" => drop(own.remove(*name)),
                value => drop(own.insert(*name, value.parse().expect("a value"))),
            }
        }
        let (socket, _) = client_async(request, stream).await?;
        Ok(Visitor(socket))
    }

    async fn come(&self) -> Visitor {
        let mut visitor = self.come_with(&[]).await.expect("let in");
        assert_eq!(visitor.next().await["method"], "ready");
        let view = visitor.next().await;
        assert_eq!(view["method"], "desk-changed", "{view}");
        visitor
    }

    async fn stop(&mut self) -> bool {
        let id = self.child.id().expect("it runs").to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(told.expect("kill runs").success());
        self.ended().await
    }

    async fn ended(&mut self) -> bool {
        let ended = timeout(PATIENCE, self.child.wait()).await.expect("in time");
        ended.expect("it can be asked").success()
    }
}

/// One who was let in.
struct Visitor(WebSocketStream<TcpStream>);

impl Visitor {
    async fn say(&mut self, text: impl Into<String>) {
        let said = self.0.send(Message::text(text.into())).await;
        said.expect("it listens");
    }

    async fn command(&mut self, id: u32, kind: &str) {
        let request =
            json!({ "jsonrpc": "2.0", "id": id, "method": "command", "params": { "kind": kind } });
        self.say(request.to_string()).await;
    }

    async fn heard(&mut self) -> Option<Message> {
        let heard = timeout(PATIENCE, self.0.next()).await.expect("in time");
        heard.map(|message| message.expect("a message"))
    }

    async fn next(&mut self) -> Value {
        let message = self.heard().await.expect("it goes on");
        serde_json::from_str(message.to_text().expect("a text")).expect("JSON")
    }

    /// The next message that `is` likes; others are passed over.
    async fn wait(&mut self, is: impl Fn(&Value) -> bool) -> Value {
        loop {
            let said = self.next().await;
            if is(&said) {
                return said;
            }
        }
    }
}

fn refusal(came: Result<Visitor, Error>) -> u16 {
    match came {
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("let in"),
    }
}

#[tokio::test]
async fn only_who_shows_the_token_by_the_right_name_is_let_in() {
    let home = tempfile::tempdir().expect("a folder");
    let phone = Phone::start(home.path(), &["--allow-origin", "https://crm.example"]).await;
    let about = std::fs::metadata(&phone.token_file).expect("the token's file");
    assert_eq!(about.permissions().mode() & 0o777, 0o600);
    for (headers, status) in [
        (&[("authorization", "")][..], 401),
        (&[("authorization", "Bearer 0123")], 401),
        (&[("origin", "https://evil.example")], 403),
        (&[("origin", "null")], 403),
        (&[("host", "evil.example")], 403),
        (&[("host", "127.0.0.1:1")], 403),
    ] {
        assert_eq!(
            refusal(phone.come_with(headers).await),
            status,
            "{headers:?}"
        );
    }
    let host = format!("localhost:{}", phone.address.port());
    let page = format!("offhook, offhook.token.{}", phone.token);
    for headers in [
        &[("host", host.as_str())][..],
        &[
            ("authorization", ""),
            ("origin", "https://crm.example"),
            ("sec-websocket-protocol", &page),
        ],
    ] {
        let mut visitor = phone.come_with(headers).await.expect("let in");
        let ready = visitor.next().await;
        assert_eq!(
            ready["params"],
            json!({ "version": env!("CARGO_PKG_VERSION") })
        );
    }
}

#[tokio::test]
async fn two_see_the_same_and_one_who_leaves_ends_nothing() {
    let home = tempfile::tempdir().expect("a folder");
    let mut phone = Phone::start(home.path(), &[]).await;
    let (mut one, mut other) = (phone.come().await, phone.come().await);
    // Not possible while nobody is signed in, which both are told.
    one.command(1, "check_in").await;
    let answer = one.wait(|said| said["id"] == 1).await;
    assert_eq!(answer["result"], Value::Null);
    let noticed = |said: &Value| said["params"]["notices"][0]["about"]["code"] == "not_now";
    let seen = other.wait(noticed).await;
    one.say(r#"{"jsonrpc":"2.0","id":2,"method":"view"}"#).await;
    let asked = one.wait(|said| said["id"] == 2).await;
    assert_eq!(asked["result"], seen["params"]);

    one.0.close(None).await.expect("closed");
    while one.heard().await.is_some_and(|heard| !heard.is_close()) {}
    drop(one);
    other
        .say(r#"{"jsonrpc":"2.0","id":"a","method":"query","params":{"kind":"settings"}}"#)
        .await;
    let answer = other.wait(|said| said["id"] == "a").await;
    assert_eq!(answer["result"]["kind"], "settings");
    // Who comes back is shown what is so.
    let mut back = phone.come_with(&[]).await.expect("let in");
    back.wait(noticed).await;

    // The standard input is not listened to.
    drop(phone.input.take());
    back.command(3, "check_in").await;
    back.wait(|said| said["id"] == 3).await;
    assert!(phone.stop().await);
    while let Some(heard) = back.heard().await {
        if heard.is_close() {
            break;
        }
    }
    assert!(!phone.token_file.exists(), "the token went with the phone");
    assert_eq!(phone.output.next_line().await.expect("read"), None);
}

#[tokio::test]
async fn what_is_too_long_is_said_and_ends_the_visit_alone() {
    let home = tempfile::tempdir().expect("a folder");
    let phone = Phone::start(home.path(), &[]).await;
    let mut visitor = phone.come().await;
    visitor.say("{").await;
    let answer = visitor.wait(|said| said["error"].is_object()).await;
    assert_eq!(
        (&answer["error"]["code"], &answer["id"]),
        (&json!(-32700), &Value::Null)
    );
    visitor.say("x".repeat(3 << 20)).await;
    let answer = visitor.wait(|said| said["error"].is_object()).await;
    assert_eq!(
        answer["error"]["message"],
        "Parse error: the line is too long"
    );
    while let Some(heard) = visitor.heard().await {
        if heard.is_close() {
            break;
        }
    }
    phone.come().await;
}

#[tokio::test]
async fn one_who_does_not_read_holds_nobody_up_and_loses_no_answer() {
    let home = tempfile::tempdir().expect("a folder");
    let phone = Phone::start(home.path(), &[]).await;
    let (mut lazy, mut eager) = (phone.come().await, phone.come().await);
    const ASKED: u32 = 200;
    for id in 0..ASKED {
        lazy.say(json!({ "jsonrpc": "2.0", "id": id, "method": "view" }).to_string())
            .await;
    }
    eager.command(1, "check_in").await;
    eager.wait(|said| said["id"] == 1).await;
    for id in 0..ASKED {
        lazy.wait(|said| said["id"] == id).await;
    }
}

#[tokio::test]
async fn beside_stdio_the_end_of_the_input_ends_the_phone_for_all() {
    let home = tempfile::tempdir().expect("a folder");
    let mut phone = Phone::start(home.path(), &["--stdio"]).await;
    let mut visitor = phone.come().await;
    let mut input = phone.input.take().expect("piped");
    let command = r#"{"jsonrpc":"2.0","id":1,"method":"command","params":{"kind":"check_in"}}"#;
    input
        .write_all(command.as_bytes())
        .await
        .expect("it listens");
    input.write_all(b"\n").await.expect("it listens");
    visitor
        .wait(|said| said["params"]["notices"][0]["about"]["code"] == "not_now")
        .await;
    drop(input);
    assert!(phone.ended().await);
    while let Some(heard) = visitor.heard().await {
        if heard.is_close() {
            break;
        }
    }
}

#[tokio::test]
async fn an_address_in_use_is_said_and_the_profile_is_left_alone() {
    let home = tempfile::tempdir().expect("a folder");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    for (listen, said) in [
        (address.as_str(), "listening on"),
        ("0.0.0.0:0", "others can reach"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_offhook-headless"))
            .args(["--audio", "null", "--listen", listen, "--profile"])
            .arg(home.path())
            .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
            .stdin(Stdio::null())
            .output()
            .await
            .expect("the program starts");
        assert!(!output.status.success() && output.stdout.is_empty());
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(words.contains(said), "{words}");
    }
    assert!(!home.path().join("headless-token").exists());
}
