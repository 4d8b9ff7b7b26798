//! The program itself: its ready line, its logs, its end.
#![cfg(unix)]

mod support;

use offhook_model::api::SignInResponse;
use offhook_sip::{CallKey, Event, sdp};
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::Duration;
use support::phone::{Headset, Phone};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn it_says_ready_logs_nothing_private_and_ends_cleanly() {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let folder = tempfile::tempdir().expect("a folder");
    let mut program = Command::new(env!("CARGO_BIN_EXE_offhook-centre"))
        .args([
            "serve",
            "--sample-data",
            "--practice",
            "--print-ready",
            "--data",
        ])
        .arg(folder.path())
        .env("OFFHOOK_LOG", "trace")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("started");
    let mut log = program.stderr.take().expect("piped");
    let log = tokio::spawn(async move {
        let mut text = Vec::new();
        log.read_to_end(&mut text).await.map(|_| text)
    });
    let mut lines = BufReader::new(program.stdout.take().expect("piped")).lines();
    let line = tokio::time::timeout(PATIENCE, lines.next_line())
        .await
        .expect("in time")
        .expect("read")
        .expect("a line");
    let ready: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(ready["ready"], true);
    let http = ready["http"].as_str().expect("an address");

    let client = reqwest::Client::new();
    let sign_in = |username: &str| {
        client
            .post(format!("{http}/v1/sessions"))
            .json(&json!({"username": username, "password": "practice"}))
    };
    let agent: Value = answer(sign_in("lin")).await;
    let admin: Value = answer(sign_in("admin")).await;
    let token = admin["token"].as_str().expect("a token");
    let card: Value = answer(
        client
            .get(format!("{http}/v1/customers?number=12800550142"))
            .bearer_auth(token),
    )
    .await;
    assert_eq!(card[0]["customer"]["name"], "陈雨桐");
    let call = json!({"number": "12800550142", "display_name": "陈雨桐"});
    let call: Value = answer(
        client
            .post(format!("{http}/v1/practice/calls"))
            .bearer_auth(token)
            .json(&call),
    )
    .await;
    let path = format!(
        "{http}/v1/practice/calls/{}",
        call["id"].as_str().expect("an id")
    );
    let waiting = async {
        loop {
            let state: Value = answer(client.get(&path).bearer_auth(token)).await;
            if state["stage"] == "waiting" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .expect("in time");

    // An agent dials out, edits the customer and opens a ticket.
    let session: SignInResponse = serde_json::from_value(agent.clone()).expect("a session");
    let mut phone = Phone::registered(&session).await;
    let put = |path: String, body: Value| {
        client
            .put(format!("{http}/v1/{path}"))
            .bearer_auth(session.token.expose())
            .header("Idempotency-Key", Uuid::new_v4().to_string())
            .json(&body)
    };
    answer(put("presence".into(), json!({"presence": "ready"}))).await;
    let (none, heard) = (
        folder.path().join("none.wav"),
        folder.path().join("heard.wav"),
    );
    let mut headset = Headset::new(&none, &heard);
    let offer = headset.offer(sdp::Direction::SendRecv);
    phone
        .dial(CallKey(7), "12900550167", offer, Vec::new())
        .await;
    phone
        .until(|event| matches!(event, Event::Answered { .. }).then_some(()))
        .await;
    let customer =
        json!({"name": "何一凡", "numbers": ["12500550199"], "tags": ["老客户"], "fields": []});
    answer(put(format!("customers/{}", Uuid::now_v7()), customer)).await;
    let ticket = json!({"call": Uuid::now_v7(), "customer": null, "title": "上门检修", "text": "周五上午", "due_at": null});
    answer(put(format!("tickets/{}", Uuid::now_v7()), ticket)).await;

    let id = program.id().expect("it runs").to_string();
    let killed = Command::new("kill").args(["-TERM", &id]).status().await;
    assert!(killed.expect("kill runs").success());
    let status = tokio::time::timeout(PATIENCE, program.wait())
        .await
        .expect("in time")
        .expect("ended");
    assert!(status.success(), "{status}");

    let log = String::from_utf8(log.await.expect("read").expect("read")).expect("UTF-8");
    assert!(log.contains("The centre is open"), "it logs at all");
    let secret = |value: &Value| value.as_str().expect("a text").to_owned();
    for private in [
        "12800550142".to_owned(),
        "陈雨桐".to_owned(),
        "practice-sip".to_owned(),
        "12900550167".to_owned(),
        "057115550100".to_owned(),
        "何一凡".to_owned(),
        "12500550199".to_owned(),
        "老客户".to_owned(),
        "上门检修".to_owned(),
        "周五上午".to_owned(),
        secret(&agent["token"]),
        secret(&admin["token"]),
        secret(&agent["sip"]["password"]),
    ] {
        let line = log.lines().find(|line| line.contains(&private));
        assert_eq!(line, None, "something private is in the log");
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Value {
    let response = request.send().await.expect("answered");
    assert!(response.status().is_success(), "{}", response.status());
    response.json().await.expect("JSON")
}
