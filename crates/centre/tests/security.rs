//! Who gets nothing: from the API, with real requests.

mod support;

use futures_util::future::join_all;
use offhook_centre::serve::{Lifetime, Limits};
use offhook_centre::store::Store;
use offhook_model::api::{Event, WrapUpReceipt};
use offhook_model::{Code, CustomerCard, Presence, PresenceState};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use support::routes::{self, For};
use support::{PATIENCE, World, problem};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use uuid::Uuid;

/// Another machine, as far as a loopback network has one.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

fn wrap_up(customer: Option<&str>) -> Value {
    json!({
        "call": "019a0000-0000-7000-8000-000000000001",
        "legs": ["019a0000-0000-7000-8000-000000000002"],
        "customer": customer,
        "form_version": 1,
        "values": {"summary": "底座渗水"},
        "submitted_at": 1_790_000_000_000_i64,
    })
}

fn ticket(customer: Option<&str>) -> Value {
    json!({
        "call": "019a0000-0000-7000-8000-000000000001",
        "customer": customer,
        "title": "上门检修",
        "text": "",
        "due_at": null,
    })
}

/// Asks every route that this role may use, and gives what each says.
async fn every_route(world: &World, role: For, token: &str) -> Vec<(String, (u16, Code))> {
    let mut answers = Vec::new();
    for (whose, method, path) in routes::all() {
        // Signing out is asked last, and not of a session that is still of use.
        if whose == role || whose == For::Both {
            let asked = world.ask(method.clone(), &path, token).send().await;
            let answer = problem(asked.expect("answered")).await;
            answers.push((format!("{method} {path}"), answer));
        }
    }
    answers
}

#[tokio::test]
async fn a_stolen_token_is_worth_nothing_once_its_session_is_over() {
    let world = World::start().await;
    let signed_out = world.token("lin").await;
    let left = world
        .ask(Method::DELETE, "/v1/sessions/current", &signed_out)
        .send()
        .await
        .expect("answered");
    assert_eq!(left.status(), StatusCode::NO_CONTENT);
    let elsewhere = world.token("zhou").await;
    world.token("zhou").await;
    let administrator = world.token("admin").await;
    let left = world
        .ask(Method::DELETE, "/v1/sessions/current", &administrator)
        .send()
        .await
        .expect("answered");
    assert_eq!(left.status(), StatusCode::NO_CONTENT);

    for (role, token, code) in [
        (For::Agents, &signed_out, Code::SessionExpired),
        (For::Agents, &elsewhere, Code::SignedInElsewhere),
        (For::Administrators, &administrator, Code::SessionExpired),
    ] {
        for (route, answer) in every_route(&world, role, token).await {
            assert_eq!(answer, (401, code), "{route}");
        }
    }
    // Nor after a restart.
    let world = world.restart().await;
    for (route, answer) in every_route(&world, For::Agents, &signed_out).await {
        assert_eq!(answer, (401, Code::SessionExpired), "{route}");
    }
    world.centre.stop().await;
}

#[tokio::test]
async fn a_session_that_lasted_too_long_ends_with_its_telephone() {
    let world = World::start_with(|mut options| {
        options.lifetime = Lifetime {
            unused: Duration::ZERO,
            ..Lifetime::default()
        };
        options
    })
    .await;
    let (agent, administrator) = (world.token("lin").await, world.token("admin").await);
    for (role, token) in [(For::Agents, agent), (For::Administrators, administrator)] {
        for (route, answer) in every_route(&world, role, &token).await {
            assert_eq!(answer, (401, Code::SessionExpired), "{route}");
        }
    }
    let store = Store::open(world.folder.path()).await.expect("a store");
    let forgotten = async {
        loop {
            let secrets = store.sip_secrets().await.expect("read");
            let sessions = store.open_sessions().await.expect("read");
            if sessions.is_empty() && !secrets.iter().any(|secret| secret.drawn) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, forgotten)
        .await
        .expect("both are over, and the telephone's password is forgotten, too");
    store.close().await;
    world.centre.stop().await;
}

#[tokio::test]
async fn the_list_of_routes_is_whole() {
    let open = ["/v1/health", "/v1/sessions", "/v1/openapi.json"];
    let document: Value = serde_json::from_str(&offhook_centre::api::document()).expect("JSON");
    let described = document["paths"].as_object().expect("paths");
    let listed = routes::all();
    for (path, methods) in described {
        if open.contains(&path.as_str()) {
            continue;
        }
        let is_it = |known: &str| {
            let known = known.split('?').next().unwrap_or_default();
            let known: Vec<&str> = known.split('/').collect();
            let parts: Vec<&str> = path.split('/').collect();
            let mut pairs = parts.iter().zip(&known);
            known.len() == parts.len()
                && pairs.all(|(part, known)| part.starts_with('{') || part == known)
        };
        for method in methods.as_object().expect("methods").keys() {
            assert!(
                listed.iter().any(|(_, known, path)| {
                    known.as_str().eq_ignore_ascii_case(method) && is_it(path)
                }),
                "{method} {path} stands in no list of routes"
            );
        }
    }
    assert!(described.len() > 10);
}

#[tokio::test]
async fn a_key_of_one_agent_says_nothing_to_another() {
    let world = World::start().await;
    let (lin, zhou) = (world.token("lin").await, world.token("zhou").await);
    let key = Uuid::new_v4();
    let (hers, his) = (Uuid::now_v7(), Uuid::now_v7());
    let path = |id: Uuid| format!("/v1/wrap-ups/{id}");
    let kept = world.put(&path(hers), &lin, key, &wrap_up(None)).await;
    assert_eq!(kept.status(), StatusCode::CREATED);

    // The same request to the letter, from another account: not her receipt.
    let replayed = world.put(&path(hers), &zhou, key, &wrap_up(None)).await;
    assert_eq!(problem(replayed).await, (403, Code::Forbidden));
    // The key is still his to use.
    let own = world.put(&path(his), &zhou, key, &wrap_up(None)).await;
    assert_eq!(own.status(), StatusCode::CREATED);
    let receipt: WrapUpReceipt = own.json().await.expect("a receipt");
    assert_eq!(receipt.wrap_up.0, his);

    let key = Uuid::new_v4();
    let ready = json!({"presence": "ready"});
    world.put("/v1/presence", &lin, key, &ready).await;
    world.set_presence(&lin, "break").await;
    let mut events = world.events(&zhou, None).await;
    let answer = world.put("/v1/presence", &zhou, key, &ready).await;
    let answer: PresenceState = answer.json().await.expect("a presence");
    let (_, told) = events
        .until(|event| matches!(event, Event::Presence(state) if state.presence == Presence::Ready))
        .await;
    assert_eq!(told, Event::Presence(answer), "his own, and it happened");
    world.centre.stop().await;
}

#[tokio::test]
async fn what_belongs_to_others_is_refused() {
    let world = World::start().await;
    let (lin, zhou) = (world.token("lin").await, world.token("zhou").await);
    let id = Uuid::now_v7();
    for (path, body) in [
        (format!("/v1/wrap-ups/{id}"), wrap_up(None)),
        (format!("/v1/tickets/{id}"), ticket(None)),
    ] {
        let kept = world.put(&path, &lin, Uuid::new_v4(), &body).await;
        assert_eq!(kept.status(), StatusCode::CREATED);
        let taken = world.put(&path, &zhou, Uuid::new_v4(), &body).await;
        assert_eq!(problem(taken).await, (403, Code::Forbidden), "{path}");
    }
    let read = world.get(&format!("/v1/wrap-ups/{id}"), &zhou).await;
    assert_eq!(problem(read).await, (403, Code::Forbidden));
    // Each agent's list has their own legs; the sample gives both some.
    let legs = async |token: &str| -> Vec<String> {
        let legs: Vec<Value> = world.read("/v1/legs", token).await;
        legs.iter().map(|leg| leg["leg"].to_string()).collect()
    };
    let (hers, his) = (legs(&lin).await, legs(&zhou).await);
    assert!(!hers.is_empty() && !his.is_empty());
    assert!(hers.iter().all(|leg| !his.contains(leg)));
    world.centre.stop().await;
}

#[tokio::test]
async fn customers_of_another_skill_group_are_closed() {
    let world = World::start().await;
    // Zhou takes the members' calls, Hannah does not.
    let (zhou, hannah, admin) = (
        world.token("zhou").await,
        world.token("hannah").await,
        world.token("admin").await,
    );
    let by_number = "/v1/customers?number=12500550131";
    for token in [&zhou, &admin] {
        let cards: Vec<CustomerCard> = world.read(by_number, token).await;
        assert_eq!(cards.len(), 1);
    }
    let cards: Vec<CustomerCard> = world.read(by_number, &zhou).await;
    let id = cards[0].customer.id.to_string();
    let path = format!("/v1/customers/{id}");
    let _: CustomerCard = world.read(&path, &zhou).await;

    let none: Vec<CustomerCard> = world.read(by_number, &hannah).await;
    assert!(none.is_empty());
    let closed = world.get(&path, &hannah).await;
    assert_eq!(problem(closed).await, (403, Code::Forbidden));
    let body = json!({"name": "改名", "numbers": ["12500550131"], "tags": [], "fields": []});
    for version in [None, Some("\"1\"")] {
        let mut request = world
            .ask(Method::PUT, &path, &hannah)
            .header("Idempotency-Key", Uuid::new_v4().to_string())
            .json(&body);
        if let Some(version) = version {
            request = request.header("If-Match", version);
        }
        let text = request
            .send()
            .await
            .expect("answered")
            .text()
            .await
            .expect("a body");
        assert!(text.contains("\"forbidden\""), "{text}");
        assert!(
            !text.contains("沈"),
            "the refusal tells nothing of the record"
        );
    }
    for (path, body) in [
        (
            format!("/v1/wrap-ups/{}", Uuid::now_v7()),
            wrap_up(Some(&id)),
        ),
        (format!("/v1/tickets/{}", Uuid::now_v7()), ticket(Some(&id))),
    ] {
        let refused = world.put(&path, &hannah, Uuid::new_v4(), &body).await;
        assert_eq!(problem(refused).await, (403, Code::Forbidden), "{path}");
        let kept = world.put(&path, &zhou, Uuid::new_v4(), &body).await;
        assert_eq!(kept.status(), StatusCode::CREATED, "{path}");
    }
    let unchanged: CustomerCard = world.read(&path, &zhou).await;
    assert_eq!(unchanged.customer, cards[0].customer);
    world.centre.stop().await;
}

async fn sign_in_from(world: &World, from: IpAddr, name: &str, password: &str) -> Response {
    let client = Client::builder()
        .local_address(from)
        .build()
        .expect("a client");
    client
        .post(format!("http://{}/v1/sessions", world.centre.http))
        .json(&json!({"username": name, "password": password}))
        .send()
        .await
        .expect("answered")
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn who_guesses_is_locked_out_and_the_agent_is_not() {
    let world = World::start().await;
    world.token("lin").await;
    for _ in 0..5 {
        let wrong = sign_in_from(&world, ELSEWHERE, "lin", "guess").await;
        assert_eq!(problem(wrong).await, (401, Code::WrongPassword));
    }
    let locked = sign_in_from(&world, ELSEWHERE, "lin", "practice").await;
    assert!(locked.headers().contains_key("retry-after"));
    assert_eq!(problem(locked).await, (429, Code::LockedOut));
    // Who has signed in here before still can.
    world.token("lin").await;

    // Names without end from one address: the address is locked, for any name; and no other address.
    let tries = (0..25).map(|n| {
        let name = format!("agent-{n}");
        let world = &world;
        async move { problem(sign_in_from(world, ELSEWHERE, &name, "guess").await).await }
    });
    for answer in join_all(tries).await {
        assert_eq!(answer, (401, Code::WrongPassword));
    }
    let locked = sign_in_from(&world, ELSEWHERE, "hannah", "practice").await;
    assert_eq!(problem(locked).await, (429, Code::LockedOut));
    world.token("hannah").await;
    world.centre.stop().await;
}

#[tokio::test]
async fn a_refused_sign_in_does_not_tell_whether_the_name_exists() {
    let world = World::start().await;
    for round in 0..7 {
        let mut answers = Vec::new();
        for name in ["lin", "nobody-of-this-name"] {
            let response = world.sign_in(name, "wrong").await;
            let mut headers: Vec<String> = response
                .headers()
                .keys()
                .map(|name| name.as_str().to_owned())
                .collect();
            headers.sort();
            let status = response.status();
            let mut body: Value = response.json().await.expect("a problem");
            // Seconds go by between the two.
            let waits = body
                .as_object_mut()
                .expect("an object")
                .remove("retry_after");
            answers.push((status, headers, body, waits.is_some()));
        }
        assert_eq!(answers[0], answers[1], "try {round}");
    }
    world.centre.stop().await;
}

#[tokio::test]
async fn nonsense_is_refused_and_the_centre_lives_on() {
    let world = World::start().await;
    let token = world.token("lin").await;
    let deep = |open: &str, close: &str| [open.repeat(50_000), close.repeat(50_000)].concat();
    let id = Uuid::now_v7();
    let customer = format!("/v1/customers/{id}");
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("/v1/presence", deep("[", "]").into_bytes()),
        ("/v1/presence", deep("{\"a\":", "}").into_bytes()),
        ("/v1/presence", b"{\"presence\":\"\xff\xfe\"}".to_vec()),
        ("/v1/presence", b"{\"presence\":\"\\ud800\"}".to_vec()),
        ("/v1/presence", b"\0\0\0\0".to_vec()),
        (
            "/v1/presence",
            b"{\"presence\":\"ready\"}{\"presence\":\"ready\"}".to_vec(),
        ),
        ("/v1/presence", vec![b' '; 256 * 1024 + 1]),
        (&customer, vec![b'"'; 200_000]),
        (
            &customer,
            b"{\"name\":1e400,\"numbers\":[],\"tags\":[],\"fields\":[]}".to_vec(),
        ),
    ];
    for (path, body) in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(30)]).into_owned();
        let response = world
            .ask(Method::PUT, path, &token)
            .header("Idempotency-Key", Uuid::new_v4().to_string())
            .header("Content-Type", "application/json")
            .body(body)
            .send()
            .await
            .expect("answered");
        let (status, code) = problem(response).await;
        assert!((400..500).contains(&status), "{status} for {shown}");
        assert_eq!(code, Code::Malformed, "{shown}");
    }
    // A NUL is a character like others in a text, and is kept or refused, but breaks nothing.
    let mut nul = wrap_up(None);
    nul["values"]["summary"] = json!("before\0after");
    let path = format!("/v1/wrap-ups/{}", Uuid::now_v7());
    let kept = world.put(&path, &token, Uuid::new_v4(), &nul).await;
    assert_eq!(kept.status(), StatusCode::CREATED);
    let read: Value = world.read(&path, &token).await;
    assert_eq!(read["values"]["summary"], "before\0after");
    for path in [
        "/v1/customers/%00",
        "/v1/wrap-ups/%ff%fe",
        "/v1/customers?number=%00",
        "/v1/customers?number=%ff",
        "/v1/customers?number[]=1",
        "/v1/customers",
    ] {
        let (status, _) = problem(world.get(path, &token).await).await;
        assert!((400..500).contains(&status), "{status} for {path}");
    }
    let name = world.sign_in("lin\0", "practice").await;
    assert_eq!(problem(name).await, (401, Code::WrongPassword));
    let _: Vec<Value> = world.read("/v1/legs", &token).await;
    world.centre.stop().await;
}

async fn connect_from(world: &World, from: IpAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::new(from, 0)).expect("its address");
    socket
        .connect(world.centre.http)
        .await
        .expect("a connection")
}

/// All that comes until the centre closes the connection.
async fn until_closed(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    // Err: it was reset, which ends it as well.
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut text))
        .await
        .expect("it is closed in time")
        .ok();
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn a_slow_client_is_not_waited_for() {
    let world = World::start_with(|mut options| {
        options.limits.patience = Duration::from_millis(300);
        options
    })
    .await;
    let token = world.token("lin").await;
    let mut events = world.events(&token, None).await;
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);

    let silent = connect_from(&world, here).await;
    let mut headers = connect_from(&world, here).await;
    headers
        .write_all(b"GET /v1/health HTTP/1.1\r\nHost: centre\r\nX-Slow: ")
        .await
        .expect("written");
    let mut anybody = connect_from(&world, here).await;
    let head = |path: &str, token: &str| {
        format!(
            "{path} HTTP/1.1\r\nHost: centre\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {}\r\n\
             Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{\"a\":",
            Uuid::new_v4()
        )
    };
    anybody
        .write_all(head("POST /v1/sessions", "").as_bytes())
        .await
        .expect("written");
    let mut agent = connect_from(&world, here).await;
    agent
        .write_all(head("PUT /v1/presence", &token).as_bytes())
        .await
        .expect("written");
    let mut stranger = connect_from(&world, here).await;
    stranger
        .write_all(head("PUT /v1/presence", "none").as_bytes())
        .await
        .expect("written");

    until_closed(silent).await;
    until_closed(headers).await;
    for slow in [anybody, agent] {
        let answer = until_closed(slow).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        // Not `malformed`, which a phone takes for good: on a slow line the same request is sent again.
        assert!(answer.contains("\"unreachable\""), "{answer}");
    }
    // Who may not write is not waited for at all.
    let answer = until_closed(stranger).await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");

    // A stream that is read is no slow request.
    world.set_presence(&token, "ready").await;
    events
        .until(|event| matches!(event, Event::Presence(state) if state.presence == Presence::Ready))
        .await;
    world.centre.stop().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn one_address_cannot_take_every_connection() {
    let world = World::start_with(|mut options| {
        options.limits = Limits {
            of_one_address: 8,
            ..Limits::default()
        };
        options
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..8 {
        let mut stream = connect_from(&world, ELSEWHERE).await;
        stream
            .write_all(b"GET /v1/health HTTP/1.1\r\nHost: centre\r\n\r\n")
            .await
            .expect("written");
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.expect("answered");
        held.push(stream);
    }
    let one_more = connect_from(&world, ELSEWHERE).await;
    assert_eq!(until_closed(one_more).await, "");
    world.token("lin").await;
    drop(held);
    let again = async {
        loop {
            let mut stream = connect_from(&world, ELSEWHERE).await;
            let written = stream
                .write_all(b"GET /v1/health HTTP/1.1\r\nHost: centre\r\nConnection: close\r\n\r\n")
                .await;
            if written.is_ok() && until_closed(stream).await.starts_with("HTTP/1.1 200") {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, again)
        .await
        .expect("room again");
    world.centre.stop().await;
}
