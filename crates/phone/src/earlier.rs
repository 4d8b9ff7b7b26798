//! What earlier programs stored is read by this one: the profiles in `crates/store/tests/fixtures`.

use std::fs;
use std::path::Path;

use offhook_desk::{EndedBy, InOutbox};
use offhook_model::{Code, FieldId, FieldValue, LegOutcome, Secret, Wall};
use offhook_store::{KeyRing, Store};
use serde_json::json;
use tokio::sync::mpsc;

use crate::offline::Handout;
use crate::store_task::{self, Job, Remembered};

/// The agent of the fixtures.
const AGENT: &str = "lin@centre.example";

fn handout() -> Handout {
    serde_json::from_value(json!({
        "centre": "https://centre.example",
        "username": "lin",
        "agent": {
            "id": "00000000-0000-0000-0000-000000000009",
            "name": "林晓峰",
            "extension": "1001",
            "role": "agent",
            "skill_groups": [],
            "listen_recordings": false,
        },
        "form": { "version": 1, "fields": [] },
    }))
    .expect("a handout")
}

async fn forms_of(schema: u32) {
    let home = tempfile::tempdir().expect("a folder");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!(
        "../store/tests/fixtures/schema-{schema}/store.sqlite"
    ));
    fs::copy(fixture, home.path().join("store.sqlite")).expect("copied");
    let store = Store::open_with(home.path(), KeyRing::Absent)
        .await
        .expect("a store");
    let (jobs, asked) = mpsc::channel(8);
    let (reports, _heard) = mpsc::channel(8);
    let task = tokio::spawn(store_task::run(store, asked, reports));
    let unlocked = store_task::unlock(
        &jobs,
        AGENT.into(),
        Secret::new("practice"),
        Remembered::Centre(handout()),
    )
    .await
    .expect("unlocked");

    // Without the keyring that is news, and nothing else is wrong.
    assert_eq!(
        unlocked.trouble,
        Some(Code::KeyringUnavailable),
        "schema {schema}"
    );
    let summary = FieldId::from("summary");
    let forms: Vec<_> = unlocked
        .restored
        .iter()
        .map(|form| {
            let draft = &form.draft;
            assert_eq!(draft.outcome, Some(LegOutcome::Connected));
            assert_eq!(draft.ended_by, Some(EndedBy::Customer));
            assert_eq!(
                draft.customer.as_ref().map(|customer| &*customer.name),
                Some("陈雨桐")
            );
            let text = match draft.values.get(&summary) {
                Some(FieldValue::Text(text)) => text.as_str(),
                _ => panic!("no summary"),
            };
            (text, form.outbox)
        })
        .collect();
    assert_eq!(
        forms,
        [
            ("底座渗水，已约上门", None),
            ("", None),
            (
                "积分到账",
                Some(InOutbox::Waiting {
                    since: Wall(1_790_000_000_000)
                })
            ),
            (
                "Wants a refund",
                Some(InOutbox::Refused {
                    code: Code::Forbidden
                })
            ),
        ],
        "schema {schema}"
    );
    let closed = store_task::ask(&jobs, Job::Close).await;
    closed.expect("closed");
    task.await.expect("no panic");
}

#[tokio::test]
async fn forms_of_every_schema_are_open_again() {
    for schema in 1..=3 {
        forms_of(schema).await;
    }
}
