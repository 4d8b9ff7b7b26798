//! The real program, spoken to over its standard streams.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(20);

/// One running `offhook-headless`.
struct Phone {
    child: Child,
    input: Option<ChildStdin>,
    lines: mpsc::Receiver<Value>,
}

impl Phone {
    fn start(profile: &Path) -> Self {
        Self::start_with(profile, &[])
    }

    fn start_with(profile: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_offhook-headless"))
            .args(["--audio", "null", "--profile"])
            .arg(profile)
            .args(arguments)
            .env("OFFHOOK_LOG", "off")
            // No keyring of the person who runs the test.
            .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).expect("every line is JSON");
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        let phone = Self {
            input: child.stdin.take(),
            child,
            lines,
        };
        let ready = phone.next();
        assert_eq!(ready["method"], "ready");
        assert_eq!(ready["params"]["version"], env!("CARGO_PKG_VERSION"));
        phone
    }

    fn say(&mut self, line: &str) {
        let input = self.input.as_mut().expect("not ended");
        input.write_all(line.as_bytes()).expect("it listens");
        input.write_all(b"\n").expect("it listens");
    }

    fn next(&self) -> Value {
        self.lines.recv_timeout(PATIENCE).expect("a line in time")
    }

    /// The next line that `is` likes; others are passed over.
    fn wait(&self, is: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).expect("a line in time");
            if is(&line) {
                return line;
            }
        }
    }

    fn answer(&self, id: &Value) -> Value {
        self.wait(|line| line.get("id") == Some(id))
    }

    fn end(mut self) -> bool {
        drop(self.input.take());
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().expect("it can be asked") {
                return status.success();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        // Err: it has ended, as it should.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn what_is_no_request_is_answered_and_the_next_one_is_served() {
    let home = tempfile::tempdir().expect("a folder");
    let mut phone = Phone::start(home.path());
    for (line, id, code) in [
        ("{\"jsonrpc\":", json!(null), -32700),
        ("[]", json!(null), -32600),
        ("\"hello\"", json!(null), -32600),
        ("{\"id\":1,\"method\":\"view\"}", json!(1), -32600),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":\"two\",\"method\":\"dance\"}",
            json!("two"),
            -32601,
        ),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"command\",\"params\":{\"kind\":\"dance\"}}",
            json!(3),
            -32602,
        ),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"query\",\"params\":[1,2]}",
            json!(4),
            -32602,
        ),
        ("\u{0}\u{1}\u{2}", json!(null), -32700),
    ] {
        phone.say(line);
        let answer = phone.answer(&id);
        assert_eq!(answer["error"]["code"], code, "{line}: {answer}");
    }
    phone.say(&"x".repeat(3 << 20));
    assert_eq!(phone.answer(&json!(null))["error"]["code"], -32700);
    phone.say(r#"{"jsonrpc":"2.0","id":5,"method":"view"}"#);
    let answer = phone.answer(&json!(5));
    assert_eq!(answer["result"]["session"]["kind"], "signed_out");
    assert!(phone.end());
}

#[test]
fn the_first_view_comes_unasked_and_refusals_show_in_it() {
    let home = tempfile::tempdir().expect("a folder");
    let mut phone = Phone::start(home.path());
    let view = phone.wait(|line| line["method"] == "desk-changed");
    assert_eq!(view["params"]["can"], json!(["sign_in"]));
    phone.say(r#"{"jsonrpc":"2.0","id":1,"method":"command","params":{"kind":"check_in"}}"#);
    assert_eq!(phone.answer(&json!(1))["result"], json!(null));
    phone.say(r#"{"jsonrpc":"2.0","id":2,"method":"view"}"#);
    let seen = |view: &Value| view["notices"][0]["about"]["code"] == "not_now";
    let changed = phone.wait(|line| seen(&line["params"]) || seen(&line["result"]));
    assert!(changed.is_object());
    assert!(phone.end());
}

#[test]
fn a_centre_that_is_not_there_is_said() {
    let home = tempfile::tempdir().expect("a folder");
    let mut phone = Phone::start(home.path());
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let centre = format!("http://{}", free.local_addr().expect("an address"));
    drop(free);
    let command = json!({ "jsonrpc": "2.0", "id": 1, "method": "command", "params": {
        "kind": "sign_in", "centre": centre, "username": "lin", "password": "practice" } });
    phone.say(&command.to_string());
    let view = phone.wait(|line| {
        line["params"]["session"]["error"] != json!(null)
            && line["params"]["session"]["kind"] == "signed_out"
    });
    assert_eq!(
        view["params"]["session"]["error"], "connection_refused",
        "{view}"
    );
    phone.say(r#"{"jsonrpc":"2.0","id":2,"method":"query","params":{"kind":"calls"}}"#);
    assert_eq!(phone.answer(&json!(2))["error"]["data"]["code"], "not_now");
    phone.say(r#"{"jsonrpc":"2.0","id":3,"method":"query","params":{"kind":"settings"}}"#);
    let settings = phone.answer(&json!(3));
    assert_eq!(settings["result"]["settings"]["centre"], json!(null));
    assert!(phone.end());
}

#[test]
fn a_second_program_is_told_who_has_the_profile() {
    let home = tempfile::tempdir().expect("a folder");
    let phone = Phone::start(home.path());
    let second = Command::new(env!("CARGO_BIN_EXE_offhook-headless"))
        .args(["--audio", "null", "--profile"])
        .arg(home.path())
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    assert!(!second.status.success());
    assert!(second.stdout.is_empty());
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(
        said.contains(&format!("(process {})", phone.child.id())),
        "{said}"
    );
    assert!(phone.end());
    assert!(Phone::start(home.path()).end(), "the profile is free again");
}

#[test]
fn a_command_line_that_cannot_be_followed_ends_the_program() {
    for arguments in [
        &["--dance"][..],
        &[],
        &["--profile"],
        &["--audio", "tape"],
        &["--account"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_offhook-headless"))
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("the program starts");
        assert!(!output.status.success(), "{arguments:?}");
    }
}

/// A registrar that takes everybody, as far as a phone without a call needs one.
fn registrar() -> std::net::SocketAddr {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address");
    std::thread::spawn(move || {
        let mut datagram = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut datagram) {
            let text = String::from_utf8_lossy(&datagram[..length]).into_owned();
            let kept = text.lines().filter(|line| {
                ["Via:", "From:", "To:", "Call-ID:", "CSeq:", "Contact:"]
                    .iter()
                    .any(|name| line.starts_with(name))
            });
            let mut answer = "SIP/2.0 200 OK\r\n".to_owned();
            for line in kept {
                let tag = if line.starts_with("To:") {
                    ";tag=1"
                } else {
                    ""
                };
                answer.push_str(&format!("{line}{tag}\r\n"));
            }
            answer.push_str("Content-Length: 0\r\n\r\n");
            if socket.send_to(answer.as_bytes(), from).is_err() {
                return;
            }
        }
    });
    address
}

#[test]
fn an_account_goes_to_work_by_itself() {
    let home = tempfile::tempdir().expect("a folder");
    let account = home.path().join("account.json");
    let written = json!({ "aor": "1001@pbx.test", "password_command": [env!("CARGO_BIN_EXE_offhook-headless"), "--dance"],
        "registrar": registrar(), "check_in": true });
    std::fs::write(&account, written.to_string()).expect("a file");
    let file = account.to_str().expect("plain").to_owned();
    let start = || {
        Command::new(env!("CARGO_BIN_EXE_offhook-headless"))
            .args(["--audio", "null", "--account", &file, "--profile"])
            .arg(home.path().join("profile"))
            .stdin(Stdio::null())
            .output()
            .expect("the program starts")
    };
    // A command that fails ends the program before it opens anything.
    let refused = start();
    assert!(!refused.status.success());
    assert!(refused.stdout.is_empty() && !home.path().join("profile").exists());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("the password command failed"), "{said}");

    let written = json!({ "aor": "1001@pbx.test", "password": "practice", "registrar": registrar(), "check_in": true });
    std::fs::write(&account, written.to_string()).expect("a file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let rights = |mode| {
            std::fs::set_permissions(&account, std::fs::Permissions::from_mode(mode))
                .expect("rights")
        };
        rights(0o644);
        let refused = start();
        assert!(!refused.status.success());
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(
            said.contains("others can read") && said.contains("[account_readable]"),
            "{said}"
        );
        rights(0o600);
    }
    let phone = Phone::start_with(&home.path().join("profile"), &["--account", &file]);
    let view = phone.wait(|line| {
        let view = &line["params"];
        view["links"]["sip"]["kind"] == "up"
            && view["presence"]["confirmed"]["presence"] == "ready"
            && view["presence"]["unconfirmed"] == false
    });
    assert_eq!(view["params"]["session"]["local"], true);
    assert!(phone.end());
}
