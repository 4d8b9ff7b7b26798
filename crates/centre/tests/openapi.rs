//! The description of the API that stands in docs/ and is served is the one that the routes give.

mod support;

use offhook_centre::api::document;
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use support::World;

/// Every route, as a person would list them.
const ROUTES: &[(&str, &str)] = &[
    ("get", "/v1/health"),
    ("get", "/v1/openapi.json"),
    ("post", "/v1/sessions"),
    ("delete", "/v1/sessions/current"),
    ("post", "/v1/heartbeat"),
    ("post", "/v1/extend-wrap-up"),
    ("get", "/v1/recordings/{leg}"),
    ("put", "/v1/presence"),
    ("post", "/v1/start-answering"),
    ("get", "/v1/events"),
    ("get", "/v1/customers"),
    ("get", "/v1/customers/{customer}"),
    ("put", "/v1/customers/{customer}"),
    ("get", "/v1/tickets"),
    ("put", "/v1/tickets/{ticket}"),
    ("get", "/v1/legs"),
    ("get", "/v1/calls"),
    ("get", "/v1/calls/{call}"),
    ("get", "/v1/wrap-ups"),
    ("get", "/v1/wrap-ups/{wrap_up}"),
    ("put", "/v1/wrap-ups/{wrap_up}"),
    ("get", "/v1/practice/calls"),
    ("post", "/v1/practice/calls"),
    ("get", "/v1/practice/calls/{id}"),
    ("delete", "/v1/practice/calls/{id}"),
    ("put", "/v1/practice/calls/{id}/muted"),
    ("put", "/v1/practice/callees/{number}"),
];

fn described() -> Value {
    serde_json::from_str(&document()).expect("JSON")
}

/// Each operation: method, path, what is said of it.
fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().expect("methods");
            methods
                .iter()
                .map(|(method, operation)| (method.clone(), path.clone(), operation))
        })
        .collect()
}

#[test]
fn the_description_in_docs_is_the_one_the_routes_give() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, document()).expect("the file is written");
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    // By meaning: in which order serde_json keeps keys depends on what else is built.
    assert!(
        serde_json::from_str::<Value>(&found).ok() == Some(described()),
        "docs/openapi.json is out of date: run `UPDATE_OPENAPI=1 cargo test -p offhook-centre --test openapi`"
    );
}

#[test]
fn every_route_is_described_and_says_how_it_refuses() {
    let document = described();
    let operations = operations(&document);
    let found: BTreeSet<(&str, &str)> = operations
        .iter()
        .map(|(method, path, _)| (method.as_str(), path.as_str()))
        .collect();
    assert_eq!(found, ROUTES.iter().copied().collect());
    let mut names = BTreeSet::new();
    for (method, path, operation) in &operations {
        let name = operation["operationId"].as_str().expect("a name");
        assert!(names.insert(name), "{name} is named twice");
        assert!(operation["summary"].is_string(), "{method} {path}");
        let has = |status: &str| operation["responses"].get(status).is_some();
        let is_open = operation["security"] == serde_json::json!([{}]);
        let needs_a_session = has("401") && name != "sign_in";
        assert_eq!(needs_a_session, !is_open, "{method} {path}: open or not");
        if !operation["requestBody"].is_null() {
            for status in ["400", "413", "415", "422"] {
                assert!(has(status), "{method} {path} has a body and no {status}");
            }
        }
        let has_key = operation["parameters"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["name"] == "Idempotency-Key"));
        assert!(
            !has_key || has("409"),
            "{method} {path}: a key may be reused"
        );
    }
}

#[test]
fn every_reference_leads_somewhere_and_nothing_of_rust_is_left() {
    let text = document();
    let document = described();
    let schemas = document["components"]["schemas"]
        .as_object()
        .expect("schemas");
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().expect("a name");
        assert!(schemas.contains_key(name), "{name} is not described");
    }
    for rust in ["crate::", "[`", "`Debug`"] {
        assert!(!text.contains(rust), "{rust}");
    }
}

#[tokio::test]
async fn it_is_served_to_everybody() {
    let world = World::start().await;
    let response = world
        .ask(Method::GET, "/v1/openapi.json", "")
        .send()
        .await
        .expect("answered");
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.text().await.expect("a body"), document());
    world.centre.stop().await;
}
