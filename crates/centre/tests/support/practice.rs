//! Practice people and what the centre recorded of them.

use super::{PATIENCE, World};
use offhook_centre::practice::{PracticeCall, Stage};
use offhook_centre::store::CallRow;
use offhook_model::CallId;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::time::Duration;

pub async fn practice_call(world: &World, admin: &str, body: &Value) -> PracticeCall {
    let response = world
        .ask(Method::POST, "/v1/practice/calls", admin)
        .json(body)
        .send()
        .await
        .expect("answered");
    assert_eq!(response.status(), StatusCode::CREATED);
    response.json().await.expect("a practice call")
}

pub async fn reached(
    world: &World,
    admin: &str,
    call: &PracticeCall,
    stage: Stage,
) -> PracticeCall {
    let path = format!("/v1/practice/calls/{}", call.id);
    let wait = async {
        loop {
            let state: PracticeCall = world.read(&path, admin).await;
            if state.stage == stage {
                return state;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("in time")
}

/// The record of a call, once its end has arrived at the centre.
pub async fn ended_row(world: &World, admin: &str, call: CallId) -> CallRow {
    let wait = async {
        loop {
            let row: CallRow = world.read(&format!("/v1/calls/{call}"), admin).await;
            if row.record.ended_at.is_some() {
                return row;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("in time")
}

/// What became of the practice person of a call, once they have come so far.
pub async fn callee(world: &World, admin: &str, call: &str, stage: Stage) -> PracticeCall {
    let wait = async {
        loop {
            let all: Vec<PracticeCall> = world.read("/v1/practice/calls", admin).await;
            let found = all.into_iter().find(|one| {
                one.stage == stage && one.call.is_some_and(|named| named.to_string() == call)
            });
            if let Some(found) = found {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("in time")
}
