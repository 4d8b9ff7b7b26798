//! Customers edited and tickets opened over real HTTP.

mod support;

use offhook_model::api::{Problem, TicketReceipt, TicketStored};
use offhook_model::{Code, Customer, CustomerCard, TicketState};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use support::World;
use uuid::Uuid;

const CALL: &str = "019a0000-0000-7000-8000-000000000001";

fn profile(name: &str, number: &str) -> Value {
    json!({
        "name": name,
        "numbers": [number, "057115550166"],
        "tags": ["新客户"],
        "fields": [{"label": {"zh": "产品", "en": "Product"}, "value": "净水器"}],
    })
}

async fn put(
    world: &World,
    path: &str,
    token: &str,
    key: Uuid,
    tag: &str,
    body: &Value,
) -> Response {
    world
        .ask(Method::PUT, path, token)
        .header("Idempotency-Key", key.to_string())
        .header("If-Match", tag)
        .json(body)
        .send()
        .await
        .expect("answered")
}

async fn refusal(response: Response) -> (u16, Code, Option<Box<Customer>>) {
    let problem: Problem = response.json().await.expect("a problem");
    (problem.status, problem.code, problem.current)
}

#[tokio::test]
async fn a_new_customer_is_made_once_and_found_by_the_number() {
    let world = World::start().await;
    let token = world.token("lin").await;
    let (id, key) = (Uuid::now_v7(), Uuid::new_v4());
    let path = format!("/v1/customers/{id}");
    let body = profile(" 何一凡 ", "+86 125 0055 0199");
    let mut answers = Vec::new();
    for _ in 0..2 {
        let response = world.put(&path, &token, key, &body).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        answers.push(response.text().await.expect("a body"));
    }
    assert_eq!(answers[0], answers[1], "a repetition changes nothing");
    let made: Customer = serde_json::from_str(&answers[0]).expect("a customer");
    assert_eq!((made.id.0, made.version), (id, 1));
    assert_eq!((made.name.as_str(), made.home), ("何一凡", None));
    assert_eq!(made.reference, "C-204883", "the next of the sample's");
    let other = world
        .put(&path, &token, key, &profile("别人", "12500550199"))
        .await;
    assert_eq!(refusal(other).await.1, Code::KeyReused);

    let found: Vec<CustomerCard> = world.read("/v1/customers?number=12500550199", &token).await;
    assert_eq!(found[0].customer.id.0, id);
    // Somebody who makes the same record under another key is told how it stands.
    let again = world.put(&path, &token, Uuid::new_v4(), &body).await;
    let (status, code, current) = refusal(again).await;
    assert_eq!((status, code), (409, Code::Conflict));
    assert_eq!(current.expect("the record").version, 1);
    world.centre.stop().await;
}

#[tokio::test]
async fn only_the_version_that_was_read_is_changed() {
    let world = World::start().await;
    let (token, other) = (world.token("lin").await, world.token("zhou").await);
    let cards: Vec<CustomerCard> = world.read("/v1/customers?number=12800550142", &token).await;
    let before = &cards[0].customer;
    let path = format!("/v1/customers/{}", before.id);
    let key = Uuid::new_v4();
    let body = profile("陈雨桐", "12800550142");
    let changed = put(&world, &path, &token, key, "\"1\"", &body).await;
    assert_eq!(changed.status(), StatusCode::OK);
    let changed: Customer = changed.json().await.expect("a customer");
    assert_eq!(changed.version, 2);
    assert_eq!(changed.tags, ["新客户"]);
    assert_eq!(changed.numbers.len(), 2);
    assert_eq!(changed.home, before.home, "the main number is the same");

    let late = put(
        &world,
        &path,
        &other,
        Uuid::new_v4(),
        "\"1\"",
        &profile("陈", "12800550142"),
    )
    .await;
    let (status, code, current) = refusal(late).await;
    assert_eq!((status, code), (409, Code::Conflict));
    assert_eq!(current.as_deref(), Some(&changed));
    let same_key = put(&world, &path, &token, key, "\"2\"", &body).await;
    assert_eq!(
        refusal(same_key).await.1,
        Code::KeyReused,
        "another version is another request"
    );
    let replay = put(&world, &path, &token, key, "\"1\"", &body).await;
    assert_eq!(replay.status(), StatusCode::OK);
    assert_eq!(
        replay.json::<Customer>().await.expect("a customer"),
        changed
    );
    let card: CustomerCard = world.read(&path, &world.token("admin").await).await;
    assert_eq!(card.customer, changed);
    assert!(!card.calls.is_empty(), "the history stays");
    let moved = put(
        &world,
        &path,
        &other,
        Uuid::new_v4(),
        "\"2\"",
        &profile("陈雨桐", "12500550111"),
    )
    .await;
    assert_eq!(
        moved.json::<Customer>().await.expect("a customer").home,
        None,
        "where another number is at home is not known"
    );
    world.centre.stop().await;
}

#[tokio::test]
async fn what_is_not_there_or_not_well_formed_is_refused() {
    let world = World::start().await;
    let token = world.token("lin").await;
    let path = format!("/v1/customers/{}", Uuid::now_v7());
    let good = profile("何一凡", "12500550199");
    let missing = put(&world, &path, &token, Uuid::new_v4(), "\"3\"", &good).await;
    assert_eq!(refusal(missing).await.0, 404);
    for odd in [
        "*",
        "3",
        "W/\"3\"",
        "\"+3\"",
        "\"\"",
        "\"99999999999999999999\"",
    ] {
        let odd = put(&world, &path, &token, Uuid::new_v4(), odd, &good).await;
        assert_eq!(refusal(odd).await.1, Code::Malformed);
    }
    let mut nameless = good.clone();
    nameless["name"] = json!(" ");
    let mut numberless = good.clone();
    numberless["numbers"] = json!([]);
    for bad in [nameless, numberless] {
        let response = world.put(&path, &token, Uuid::new_v4(), &bad).await;
        let (status, code, _) = refusal(response).await;
        assert_eq!((status, code), (400, Code::Malformed));
    }
    assert_eq!(world.get(&path, &token).await.status(), 404);
    world.centre.stop().await;
}

#[tokio::test]
async fn a_ticket_is_opened_once_and_stands_in_the_card() {
    let world = World::start().await;
    let (token, other) = (world.token("lin").await, world.token("zhou").await);
    let admin = world.token("admin").await;
    let cards: Vec<CustomerCard> = world.read("/v1/customers?number=12800550142", &token).await;
    let customer = cards[0].customer.id;
    let (path, key) = (format!("/v1/tickets/{}", Uuid::now_v7()), Uuid::new_v4());
    let body = json!({
        "call": CALL, "customer": customer, "title": "上门检修", "text": "周五上午", "due_at": 1_990_000_000_000_i64,
    });
    let mut answers = Vec::new();
    for _ in 0..2 {
        let response = world.put(&path, &token, key, &body).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        answers.push(response.text().await.expect("a body"));
    }
    assert_eq!(answers[0], answers[1]);
    let receipt: TicketReceipt = serde_json::from_str(&answers[0]).expect("a receipt");
    let newest = cards
        .iter()
        .flat_map(|card| &card.tickets)
        .map(|ticket| ticket.reference.clone())
        .max()
        .expect("tickets");
    assert!(receipt.reference > newest, "{}", receipt.reference);

    let stored: Vec<TicketStored> = world
        .read(&format!("/v1/tickets?call={CALL}"), &admin)
        .await;
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].body.text, "周五上午");
    assert_eq!(stored[0].reference, receipt.reference);
    let card: CustomerCard = world
        .read(&format!("/v1/customers/{customer}"), &token)
        .await;
    let ticket = card
        .tickets
        .iter()
        .find(|ticket| ticket.reference == receipt.reference)
        .expect("in the card");
    assert_eq!(
        (ticket.title.as_str(), ticket.state),
        ("上门检修", TicketState::Open)
    );
    let theirs = world.put(&path, &other, Uuid::new_v4(), &body).await;
    assert_eq!(refusal(theirs).await.1, Code::Forbidden);
    let second = world
        .put(
            &format!("/v1/tickets/{}", Uuid::now_v7()),
            &other,
            Uuid::new_v4(),
            &json!({"call": CALL, "customer": null, "title": "回电", "text": "", "due_at": null}),
        )
        .await;
    let second: TicketReceipt = second.json().await.expect("a receipt");
    assert_ne!(second.reference, receipt.reference);
    let untitled = world
        .put(
            &format!("/v1/tickets/{}", Uuid::now_v7()),
            &token,
            Uuid::new_v4(),
            &json!({"call": CALL, "customer": null, "title": "", "text": "x", "due_at": null}),
        )
        .await;
    assert_eq!(refusal(untitled).await.1, Code::Malformed);
    world.centre.stop().await;
}
