//! The cloud API over real HTTP.

mod support;

use offhook_model::api::{Event, WrapUpReceipt, WrapUpStored};
use offhook_model::{Activity, Code, CustomerCard, Presence, PresenceReason, PresenceState};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use support::routes::{self, For};
use support::{World, problem};
use uuid::Uuid;

fn wrap_up(text: &str) -> Value {
    json!({
        "call": "019a0000-0000-7000-8000-000000000001",
        "legs": ["019a0000-0000-7000-8000-000000000002"],
        "customer": null,
        "form_version": 1,
        "values": {"summary": text, "disposition": "repair", "tags": ["渗水"]},
        "submitted_at": 1_790_000_000_000_i64,
    })
}

#[tokio::test]
async fn sign_in_hands_out_everything_an_agent_needs() {
    let world = World::start().await;
    let session = world.signed_in("Lin").await;
    assert_eq!(session.agent.name, "林晓峰");
    assert_eq!(session.agent.extension, "1001");
    assert_eq!(session.agent.skill_groups[0].name.zh, "售后服务");
    assert_eq!(session.presence.presence, Presence::CheckedOut);
    assert_eq!(session.ring_seconds, 30);
    assert_eq!(session.form.fields[0].id, "summary".into());
    let sip = session.sip.expect("an account");
    assert_eq!(sip.registrar, world.centre.sip.to_string());
    assert_eq!(sip.aor, format!("sip:1001@{}", world.centre.sip));
    assert!(sip.auth_user.starts_with("1001-"));
    assert!(sip.password.expose().len() >= 32);
    assert_eq!(session.caller_ids.len(), 3);
    assert_eq!(session.caller_ids[0].as_str(), "057115550100");
    let admin = world.signed_in("admin").await;
    assert_eq!(admin.sip, None);
    assert_eq!(admin.caller_ids, []);
    world.centre.stop().await;
}

#[tokio::test]
async fn guessing_locks_the_name_and_no_other() {
    let world = World::start().await;
    for name in ["lin", "nobody"] {
        for _ in 0..5 {
            let answer = problem(world.sign_in(name, "wrong").await).await;
            assert_eq!(answer, (401, Code::WrongPassword), "{name}");
        }
        let response = world.sign_in(name, "practice").await;
        assert!(response.headers().contains_key("retry-after"));
        assert_eq!(problem(response).await, (429, Code::LockedOut), "{name}");
    }
    world.signed_in("zhou").await;
    world.centre.stop().await;
}

#[tokio::test]
async fn every_route_is_closed_to_who_may_not() {
    let world = World::start().await;
    let (agent, admin) = (world.token("lin").await, world.token("admin").await);
    for (whose, method, path) in routes::all() {
        for token in ["", "no-such-token"] {
            let response = world
                .ask(method.clone(), &path, token)
                .send()
                .await
                .expect("answered");
            assert_eq!(
                problem(response).await,
                (401, Code::SessionExpired),
                "{method} {path}"
            );
        }
        let other = match whose {
            For::Agents => &admin,
            For::Administrators => &agent,
            For::Both => continue,
        };
        let response = world
            .ask(method.clone(), &path, other)
            .send()
            .await
            .expect("answered");
        assert_eq!(
            problem(response).await,
            (403, Code::Forbidden),
            "{method} {path}"
        );
    }
    let health = world
        .http
        .get(format!("http://{}/v1/health", world.centre.http));
    let health: Value = health
        .send()
        .await
        .expect("answered")
        .json()
        .await
        .expect("JSON");
    assert!(health["version"].is_string());
    world.centre.stop().await;
}

#[tokio::test]
async fn whatever_cannot_be_read_is_a_problem() {
    let world = World::start().await;
    let token = world.token("lin").await;
    let send = async |method: Method, path: &str, kind: &str, body: Vec<u8>| {
        let response = world
            .ask(method, path, &token)
            .header("Idempotency-Key", Uuid::new_v4().to_string())
            .header("Content-Type", kind)
            .body(body)
            .send()
            .await
            .expect("answered");
        problem(response).await
    };
    let json = "application/json";
    assert_eq!(
        send(Method::GET, "/nowhere", json, vec![]).await,
        (404, Code::NotFound)
    );
    assert_eq!(
        send(Method::POST, "/v1/presence", json, vec![]).await,
        (405, Code::Refused)
    );
    assert_eq!(
        send(Method::PUT, "/v1/presence", json, b"{".to_vec()).await,
        (400, Code::Malformed)
    );
    assert_eq!(
        send(
            Method::PUT,
            "/v1/presence",
            json,
            b"{\"presence\":\"asleep\"}".to_vec()
        )
        .await,
        (422, Code::Malformed)
    );
    assert_eq!(
        send(Method::PUT, "/v1/presence", "text/plain", b"{}".to_vec()).await,
        (415, Code::Malformed)
    );
    assert_eq!(
        send(Method::PUT, "/v1/presence", json, vec![b' '; 300_000]).await,
        (413, Code::Malformed)
    );
    assert_eq!(
        send(Method::POST, "/v1/sessions", json, vec![b' '; 300_000]).await,
        (413, Code::Malformed)
    );
    assert_eq!(
        send(Method::PUT, "/v1/wrap-ups/not-an-id", json, vec![]).await,
        (404, Code::NotFound)
    );
    assert_eq!(
        send(Method::GET, "/v1/customers?number=abc", json, vec![]).await,
        (400, Code::Malformed)
    );
    assert_eq!(
        send(
            Method::PUT,
            "/v1/presence",
            json,
            b"{\"presence\":\"answer_on_mobile\"}".to_vec()
        )
        .await,
        (409, Code::NotNow)
    );
    let name = format!(
        "{{\"username\":\"{}\",\"password\":\"x\"}}",
        "a".repeat(201)
    );
    assert_eq!(
        send(Method::POST, "/v1/sessions", json, name.into_bytes()).await,
        (400, Code::Malformed)
    );
    let mut late = wrap_up("");
    late["submitted_at"] = json!(i64::MAX);
    let mut long = wrap_up("");
    long["values"]["summary"] = json!("渗".repeat(20_001));
    for body in [late, long] {
        let path = format!("/v1/wrap-ups/{}", Uuid::now_v7());
        assert_eq!(
            send(Method::PUT, &path, json, body.to_string().into_bytes()).await,
            (400, Code::Malformed)
        );
    }
    let keyless = world
        .ask(Method::PUT, "/v1/presence", &token)
        .json(&json!({"presence": "ready"}))
        .send()
        .await
        .expect("answered");
    assert_eq!(problem(keyless).await, (400, Code::Malformed));
    let admin = world.token("admin").await;
    for (method, path, body) in [
        (
            Method::POST,
            "/v1/practice/calls",
            json!({"number": "10086", "hang_up_after_ms": u64::MAX}),
        ),
        (
            Method::PUT,
            "/v1/practice/callees/10086",
            json!({"answer_after_ms": u64::MAX}),
        ),
    ] {
        let request = world.ask(method, path, &admin).json(&body);
        let response = request.send().await.expect("answered");
        assert_eq!(problem(response).await, (400, Code::Malformed), "{path}");
    }
    world.centre.stop().await;
}

#[tokio::test]
async fn a_wrap_up_sent_again_is_answered_the_same_and_kept_once() {
    let world = World::start().await;
    let (lin, zhou, admin) = (
        world.token("lin").await,
        world.token("zhou").await,
        world.token("admin").await,
    );
    let (id, key) = (Uuid::now_v7(), Uuid::new_v4());
    let path = format!("/v1/wrap-ups/{id}");
    let body = wrap_up("底座渗水");
    let (one, two) = tokio::join!(
        world.put(&path, &lin, key, &body),
        world.put(&path, &lin, key, &body)
    );
    assert_eq!(
        (one.status(), two.status()),
        (StatusCode::CREATED, StatusCode::CREATED)
    );
    let receipt: WrapUpReceipt = one.json().await.expect("a receipt");
    assert_eq!(receipt, two.json().await.expect("the same"));
    let other = world.put(&path, &lin, key, &wrap_up("别的")).await;
    assert_eq!(problem(other).await, (409, Code::KeyReused));
    let elsewhere = format!("/v1/wrap-ups/{}", Uuid::now_v7());
    let other = world.put(&elsewhere, &lin, key, &body).await;
    assert_eq!(problem(other).await, (409, Code::KeyReused));

    let world = world.restart().await;
    let again = world.put(&path, &lin, key, &body).await;
    assert_eq!(again.status(), StatusCode::CREATED);
    assert_eq!(receipt, again.json().await.expect("the same"));
    let other = world.put(&path, &lin, key, &wrap_up("别的")).await;
    assert_eq!(problem(other).await, (409, Code::KeyReused));

    let call = body["call"].as_str().expect("an id");
    let stored: Vec<WrapUpStored> = world
        .read(&format!("/v1/wrap-ups?call={call}"), &admin)
        .await;
    assert_eq!(stored.len(), 1);
    let mine: WrapUpStored = world.read(&path, &lin).await;
    assert_eq!(mine, stored[0]);
    assert_eq!(
        serde_json::to_value(&mine.body).expect("JSON"),
        body,
        "kept to the letter"
    );
    assert_eq!(
        problem(world.get(&path, &zhou).await).await,
        (403, Code::Forbidden)
    );
    let stolen = world.put(&path, &zhou, Uuid::new_v4(), &body).await;
    assert_eq!(problem(stolen).await, (403, Code::Forbidden));
    assert_eq!(
        problem(world.get(&elsewhere, &lin).await).await,
        (404, Code::NotFound)
    );
    world.centre.stop().await;
}

#[tokio::test]
async fn presence_is_told_kept_over_a_restart_and_not_set_twice_by_one_key() {
    let world = World::start().await;
    let token = world.token("lin").await;
    let mut events = world.events(&token, None).await;
    let (first, event) = events.next().await.expect("a presence");
    let Event::Presence(state) = event else {
        panic!("{event:?}");
    };
    assert_eq!(
        (state.presence, state.reason),
        (Presence::CheckedOut, PresenceReason::SignedIn)
    );
    assert!(matches!(
        events.next().await,
        Some((
            _,
            Event::Activity {
                activity: Activity::Free,
                until: None
            }
        ))
    ));
    let Some((_, Event::Queues { queues })) = events.next().await else {
        panic!("no queues");
    };
    assert_eq!(queues.len(), 3);

    let key = Uuid::new_v4();
    let ready = json!({"presence": "ready"});
    let answer: Value = world
        .put("/v1/presence", &token, key, &ready)
        .await
        .json()
        .await
        .expect("a presence");
    let (id, event) = events
        .until(|event| matches!(event, Event::Presence(_)))
        .await;
    assert!(id > first);
    assert!(matches!(event, Event::Presence(state) if state.presence == Presence::Ready));
    world.set_presence(&token, "break").await;
    let again: Value = world
        .put("/v1/presence", &token, key, &ready)
        .await
        .json()
        .await
        .expect("a presence");
    assert_eq!(answer, again, "the old answer, not the old presence");
    let (_, event) = events
        .until(|event| matches!(event, Event::Presence(_)))
        .await;
    assert!(matches!(event, Event::Presence(state) if state.presence == Presence::Break));

    let world = world.restart().await;
    assert!(
        events.next().await.is_none(),
        "the stream ends when the centre closes"
    );
    let mut events = world.events(&token, Some(id)).await;
    let (after, event) = events.next().await.expect("a presence");
    assert!(after >= id, "ids count up over a restart");
    assert!(matches!(
        event,
        Event::Presence(state) if (state.presence, state.reason) == (Presence::Break, PresenceReason::ByHand)
    ));
    world.centre.stop().await;
}

#[tokio::test]
async fn signing_in_elsewhere_ends_the_earlier_window_and_says_so() {
    let world = World::start().await;
    let old = world.token("lin").await;
    world.set_presence(&old, "ready").await;
    let mut events = world.events(&old, None).await;
    let new = world.signed_in("lin").await;
    assert_eq!(
        new.presence.presence,
        Presence::Ready,
        "a restart of the app comes back to the same state"
    );
    let (_, event) = events
        .until(|event| matches!(event, Event::SignedInElsewhere))
        .await;
    assert_eq!(event, Event::SignedInElsewhere);
    assert!(events.next().await.is_none());
    assert_eq!(
        problem(world.get("/v1/legs", &old).await).await,
        (401, Code::SignedInElsewhere)
    );
    let token = new.token.expose();
    let response = world
        .ask(Method::DELETE, "/v1/sessions/current", token)
        .send()
        .await
        .expect("answered");
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        problem(world.get("/v1/legs", token).await).await,
        (401, Code::SessionExpired)
    );
    let again = world.signed_in("lin").await;
    assert_eq!(again.presence.presence, Presence::CheckedOut);
    world.centre.stop().await;
}

#[tokio::test]
async fn a_computer_that_sleeps_is_on_break_with_its_reason() {
    let world = World::start().await;
    let token = world.token("lin").await;
    world.set_presence(&token, "ready").await;
    let awake = json!({"presence": "ready", "asleep": true});
    let told: PresenceState = world
        .put("/v1/presence", &token, Uuid::new_v4(), &awake)
        .await
        .json()
        .await
        .expect("a presence");
    assert_eq!(told.presence, Presence::Ready);
    let asleep = json!({"presence": "break", "asleep": true});
    let told: PresenceState = world
        .put("/v1/presence", &token, Uuid::new_v4(), &asleep)
        .await
        .json()
        .await
        .expect("a presence");
    let so = (Presence::Break, PresenceReason::Asleep);
    assert_eq!((told.presence, told.reason), so);
    let world = world.restart().await;
    let again = world.signed_in("lin").await.presence;
    assert_eq!((again.presence, again.reason), so);
    world.centre.stop().await;
}

#[tokio::test]
async fn customers_are_found_by_any_writing_of_their_number() {
    let world = World::start().await;
    let token = world.token("lin").await;
    for number in ["12800550142", "%2B8612800550142", "128-0055-0142"] {
        let cards: Vec<CustomerCard> = world
            .read(&format!("/v1/customers?number={number}"), &token)
            .await;
        assert_eq!(cards.len(), 1, "{number}");
        assert_eq!(cards[0].customer.name, "陈雨桐");
    }
    let nobody: Vec<CustomerCard> = world.read("/v1/customers?number=10086", &token).await;
    assert!(nobody.is_empty());
    world.centre.stop().await;
}
