//! What goes over the wire, request by request.

mod support;

use offhook_cloud::Session;
use offhook_model::{
    CallId, Code, CustomerId, FieldValue, LegId, PhoneNumber, Presence, Secret, TicketId, Wall,
    WrapUpId,
    api::{CustomerBody, SignInRequest, TicketBody, WrapUpBody},
};
use support::{Centre, Request, TOKEN, answer_with, json, problem};
use uuid::Uuid;

const KEY: Uuid = Uuid::from_u128(7);
const PRESENCE: &str = r#"{"presence":"break","reason":"by_hand","since":1,"revision":2}"#;

fn wrap_up() -> WrapUpBody {
    WrapUpBody {
        call: CallId(Uuid::from_u128(1)),
        legs: vec![LegId(Uuid::from_u128(2))],
        customer: None,
        form_version: 3,
        values: [("summary".into(), FieldValue::Text("退款".into()))].into(),
        submitted_at: Wall(5),
    }
}

fn last(centre: &Centre) -> Request {
    centre.seen().pop().expect("a request")
}

#[tokio::test]
async fn signing_in_gives_a_session_whose_token_goes_with_every_request() {
    let centre = Centre::open(|request| {
        if request.line.starts_with("POST /v1/sessions ") {
            json("201 Created", &signed_in())
        } else {
            json("200 OK", "[]")
        }
    })
    .await;
    let who = SignInRequest {
        username: "lin".into(),
        password: Secret::new("practice"),
    };
    let (session, answer) = centre.cloud().sign_in(&who).await.expect("signed in");
    let asked = last(&centre);
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&asked.body).expect("JSON"),
        serde_json::json!({"username": "lin", "password": "practice"})
    );
    assert_eq!(asked.header("authorization"), None);
    assert_eq!(answer.agent.name, "林晓峰");
    assert_eq!(answer.ring_seconds, 30);
    assert_eq!(answer.wrap_up_seconds, None, "an older centre has none");

    assert_eq!(session.legs().await, Ok(vec![]));
    assert_eq!(
        last(&centre).header("authorization"),
        Some("Bearer token-7f3a")
    );
}

#[tokio::test]
async fn a_write_carries_the_key_it_was_given() {
    let centre = Centre::open(|_| json("200 OK", PRESENCE)).await;
    let session = centre.session();
    let state = session
        .set_presence(KEY, Presence::Break)
        .await
        .expect("set");
    assert_eq!(state.presence, Presence::Break);
    let asked = last(&centre);
    assert_eq!(asked.line, "PUT /v1/presence HTTP/1.1");
    assert_eq!(
        asked.header("idempotency-key"),
        Some(KEY.to_string().as_str())
    );
    assert_eq!(asked.body, br#"{"presence":"break"}"#);

    session.suspending(KEY).await.expect("set");
    let asked = last(&centre);
    assert_eq!(asked.line, "PUT /v1/presence HTTP/1.1");
    assert_eq!(asked.body, br#"{"presence":"break","asleep":true}"#);

    session
        .start_answering(KEY, Presence::Ready)
        .await
        .expect("started");
    let asked = last(&centre);
    assert_eq!(asked.line, "POST /v1/start-answering HTTP/1.1");
    assert_eq!(
        asked.header("idempotency-key"),
        Some(KEY.to_string().as_str())
    );
    assert_eq!(asked.body, br#"{"presence":"ready"}"#);
}

#[tokio::test]
async fn more_time_for_a_wrap_up_is_a_write_of_its_own() {
    let centre = Centre::open(|_| json("200 OK", r#"{"until":60000}"#)).await;
    let extended = centre.session().extend_wrap_up(KEY).await;
    assert_eq!(extended.map(|extended| extended.until), Ok(Wall(60_000)));
    let asked = last(&centre);
    assert_eq!(asked.line, "POST /v1/extend-wrap-up HTTP/1.1");
    assert_eq!(
        asked.header("idempotency-key"),
        Some(KEY.to_string().as_str())
    );
    assert_eq!(asked.body, b"{}");
}

#[tokio::test]
async fn a_wrap_up_from_the_outbox_is_the_same_request_as_a_fresh_one() {
    let id = WrapUpId(Uuid::from_u128(9));
    let centre = Centre::open(move |_| {
        json(
            "201 Created",
            &format!(r#"{{"wrap_up":"{id}","received_at":6}}"#),
        )
    })
    .await;
    let session = centre.session();
    let fresh = session
        .put_wrap_up(id, KEY, &wrap_up())
        .await
        .expect("filed");
    let stored = serde_json::to_vec(&wrap_up()).expect("JSON");
    let replayed = session
        .put_wrap_up_json(id, KEY, stored)
        .await
        .expect("filed");
    assert_eq!(fresh, replayed);
    let [one, other] = centre.seen().try_into().expect("two requests");
    for asked in [&one, &other] {
        assert_eq!(asked.line, format!("PUT /v1/wrap-ups/{id} HTTP/1.1"));
        assert_eq!(
            asked.header("idempotency-key"),
            Some(KEY.to_string().as_str())
        );
        assert_eq!(asked.header("content-type"), Some("application/json"));
    }
    assert_eq!(one.body, other.body);
}

#[tokio::test]
async fn a_profile_names_the_version_it_changes_and_a_new_one_names_none() {
    let id = CustomerId(Uuid::from_u128(11));
    let customer = format!(
        r#"{{"id":"{id}","reference":"C-11","name":"王秀兰","numbers":["12800550142"],"home":null,"tags":[],"fields":[],"version":8}}"#
    );
    let centre = Centre::open(move |request| {
        if request.header("if-match") == Some("\"6\"") {
            return problem(
                "409 Conflict",
                r#"{"code":"conflict","title":"","status":409}"#,
            );
        }
        json("200 OK", &customer)
    })
    .await;
    let session = centre.session();
    let body = CustomerBody {
        name: "王秀兰".into(),
        numbers: vec![PhoneNumber::parse("12800550142").expect("a number")],
        tags: vec!["会员".into()],
        fields: Vec::new(),
    };
    let changed = session.put_customer(KEY, id, Some(7), &body).await;
    assert_eq!(changed.expect("changed").version, 8);
    let asked = last(&centre);
    assert_eq!(asked.line, format!("PUT /v1/customers/{id} HTTP/1.1"));
    assert_eq!(asked.header("if-match"), Some("\"7\""));
    assert_eq!(
        asked.header("idempotency-key"),
        Some(KEY.to_string().as_str())
    );
    let stored = serde_json::to_vec(&body).expect("JSON");
    session
        .put_customer_json(KEY, id, None, stored)
        .await
        .expect("made");
    let made = last(&centre);
    assert_eq!(made.header("if-match"), None);
    assert_eq!(made.header("content-type"), Some("application/json"));
    assert_eq!(made.body, asked.body);
    let late = session.put_customer(KEY, id, Some(6), &body).await;
    let late = late.expect_err("somebody else was faster");
    assert_eq!(late.code, Code::Conflict);
    assert!(late.is_for_good());
}

#[tokio::test]
async fn a_ticket_from_the_outbox_is_the_same_request_as_a_fresh_one() {
    let id = TicketId(Uuid::from_u128(12));
    let centre = Centre::open(move |_| {
        json(
            "201 Created",
            &format!(r#"{{"ticket":"{id}","reference":"TK-20441","received_at":6}}"#),
        )
    })
    .await;
    let session = centre.session();
    let body = TicketBody {
        call: CallId(Uuid::from_u128(1)),
        customer: Some(CustomerId(Uuid::from_u128(11))),
        title: "上门维修".into(),
        text: String::new(),
        due_at: Some(Wall(9)),
    };
    let fresh = session.put_ticket(KEY, id, &body).await.expect("filed");
    let stored = serde_json::to_vec(&body).expect("JSON");
    let replayed = session.put_ticket_json(KEY, id, stored).await;
    assert_eq!(replayed.expect("filed"), fresh);
    assert_eq!(fresh.reference, "TK-20441");
    let [one, other] = centre.seen().try_into().expect("two requests");
    for asked in [&one, &other] {
        assert_eq!(asked.line, format!("PUT /v1/tickets/{id} HTTP/1.1"));
        assert_eq!(
            asked.header("idempotency-key"),
            Some(KEY.to_string().as_str())
        );
    }
    assert_eq!(one.body, other.body);
}

#[tokio::test]
async fn a_plus_in_a_number_arrives_as_a_plus() {
    let centre = Centre::open(|_| json("200 OK", "[]")).await;
    let number = PhoneNumber::parse("+1 415 555 0142").expect("a number");
    assert_eq!(centre.session().customers(&number).await, Ok(vec![]));
    assert_eq!(
        last(&centre).line,
        "GET /v1/customers?number=%2B14155550142 HTTP/1.1"
    );
}

#[tokio::test]
async fn every_path_is_as_the_api_has_it() {
    let call = CallId(Uuid::from_u128(1));
    let id = WrapUpId(Uuid::from_u128(9));
    let centre = Centre::open(|request| {
        let line = &request.line;
        if line.starts_with("DELETE") || line.starts_with("POST") {
            support::answer_with("204 No Content", "", "")
        } else if line.contains("wrap-ups/") || line.contains("customers/") {
            problem(
                "404 Not Found",
                r#"{"code":"not_found","title":"","status":404}"#,
            )
        } else if line.contains("calls/") {
            json(
                "200 OK",
                &format!(r#"{{"call":"{}","legs":[]}}"#, Uuid::from_u128(1)),
            )
        } else {
            json("200 OK", "[]")
        }
    })
    .await;
    let session: Session = centre.session();
    session.heartbeat().await.expect("204");
    assert_eq!(session.calls().await, Ok(vec![]));
    assert_eq!(session.call(call).await.expect("a call").call, call);
    assert_eq!(session.wrap_ups_of(call).await, Ok(vec![]));
    let missing = session.wrap_up(id).await.expect_err("none there");
    assert_eq!(missing.code, Code::NotFound);
    let customer = CustomerId(Uuid::from_u128(11));
    let missing = session.customer(customer).await.expect_err("none there");
    assert_eq!(missing.code, Code::NotFound);
    session.sign_out().await.expect("204");
    let lines: Vec<_> = centre.seen().into_iter().map(|asked| asked.line).collect();
    assert_eq!(
        lines,
        [
            "POST /v1/heartbeat HTTP/1.1".to_owned(),
            "GET /v1/calls HTTP/1.1".to_owned(),
            format!("GET /v1/calls/{call} HTTP/1.1"),
            format!("GET /v1/wrap-ups?call={call} HTTP/1.1"),
            format!("GET /v1/wrap-ups/{id} HTTP/1.1"),
            format!("GET /v1/customers/{customer} HTTP/1.1"),
            "DELETE /v1/sessions/current HTTP/1.1".to_owned(),
        ]
    );
}

fn signed_in() -> String {
    serde_json::json!({
        "token": TOKEN,
        "agent": {
            "id": Uuid::from_u128(3), "name": "林晓峰", "extension": "1001", "role": "agent", "skill_groups": []
        },
        "sip": {
            "aor": "sip:1001@127.0.0.1", "auth_user": "1001", "password": "p", "registrar": "127.0.0.1:5060"
        },
        "presence": {"presence": "checked_out", "reason": "signed_in", "since": 0, "revision": 1},
        "activity": "free",
        "ring_seconds": 30,
        "form": {"version": 1, "fields": []}
    })
    .to_string()
}

#[tokio::test]
async fn a_part_of_a_recording_is_asked_for_and_nothing_else_is_taken() {
    let leg = LegId(Uuid::from_u128(2));
    let part = |range: &str, body: &str| {
        let headers = format!("Content-Type: audio/wav\r\nContent-Range: bytes {range}\r\n");
        answer_with("206 Partial Content", &headers, body)
    };
    let centre = Centre::open(move |request| match request.header("range") {
        Some("bytes=100-109") => part("100-109/200", "0123456789"),
        Some("bytes=195-204") => part("195-199/200", "56789"),
        // Another part, more than was asked for, and the whole file.
        Some("bytes=0-3") => part("4-7/200", "4567"),
        Some("bytes=0-4") => part("0-9/200", "0123456789"),
        Some("bytes=0-5") => answer_with("200 OK", "", "012345"),
        _ => problem(
            "403 Forbidden",
            r#"{"code":"forbidden","title":"","status":403}"#,
        ),
    })
    .await;
    let session = centre.session();
    let whole = session.recording(leg, 100..110).await.expect("a part");
    assert_eq!(whole, b"0123456789");
    let line = format!("GET /v1/recordings/{leg} HTTP/1.1");
    assert_eq!(last(&centre).line, line);
    assert_eq!(
        last(&centre).header("authorization"),
        Some("Bearer token-7f3a")
    );
    let tail = session.recording(leg, 195..205).await.expect("a part");
    assert_eq!(tail, b"56789");
    for end in [4, 5, 6] {
        let error = session.recording(leg, 0..end).await.expect_err("not that");
        assert_eq!(error.code, Code::CentreFailed, "{end}");
    }
    let error = session.recording(leg, 7..9).await.expect_err("refused");
    assert_eq!(error.code, Code::Forbidden);
    assert_eq!(session.recording(leg, 7..7).await, Ok(Vec::new()));
}
