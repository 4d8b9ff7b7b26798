use super::*;
use crate::acd::{CallOutcome, CallRecord};
use offhook_model::api::WrapUpBody;
use offhook_model::{
    CallId, CallResult, Direction, LegId, LegOutcome, LegRecord, PhoneNumber, Presence,
    PresenceReason, PresenceState, Random, Wall, WrapUpId,
};
use std::time::Duration;
use uuid::Uuid;

const NOW: Wall = Wall(1_790_000_000_000);
const TALKED: Wall = Wall(1_790_000_060_000);

async fn sample_store(folder: &std::path::Path) -> Store {
    let store = Store::open(folder).await.expect("opened");
    store.add_sample_data(NOW).await.expect("filled");
    store
}

fn number(text: &str) -> PhoneNumber {
    PhoneNumber::parse(text).expect("a number")
}

#[tokio::test]
async fn the_sample_customers_are_found_by_their_numbers() {
    let folder = tempfile::tempdir().expect("folder");
    let store = sample_store(folder.path()).await;
    store.add_sample_data(NOW).await.expect("a second time");
    let cards = store
        .cards(&number("+86 128 0055 0142"))
        .await
        .expect("read");
    assert_eq!(cards.len(), 1);
    assert_eq!(cards[0].customer.name, "陈雨桐");
    assert_eq!(cards[0].customer.reference, "C-104882");
    assert_eq!(cards[0].customer.tags, ["金卡会员", "净水器", "有孩家庭"]);
    assert_eq!(cards[0].tickets[0].reference, "TK-20418");
    assert!(cards[0].calls[0].at > cards[0].calls[1].at);
    assert_eq!(cards[0].records.len(), 4);
    let cards = store.cards(&number("+1 415 555 0142")).await.expect("read");
    assert_eq!(cards[0].customer.name, "Hannah Whitfield");
    assert!(
        store
            .cards(&number("99999"))
            .await
            .expect("read")
            .is_empty()
    );
    for card in store.cards(&number("12800550142")).await.expect("read") {
        assert!(card.calls.iter().all(|call| call.at <= NOW));
    }
}

#[tokio::test]
async fn calls_left_open_by_a_crash_are_lost_by_the_restart_and_presence_is_kept() {
    let folder = tempfile::tempdir().expect("folder");
    let store = sample_store(folder.path()).await;
    let agent = store.agents().await.expect("read")[0].profile.id;
    let mut random = Random::seeded(1);
    let call = CallId::mint(NOW, &mut random);
    store
        .keep_call(&CallRecord {
            call,
            direction: Direction::Inbound,
            number: Some(number("12800550142")),
            caller_id: None,
            name: None,
            skill_group: None,
            arrived_at: NOW,
            answered_at: None,
            ended_at: None,
            outcome: None,
        })
        .await
        .expect("kept");
    let leg = store
        .keep_leg(
            agent,
            LegRecord {
                leg: LegId::mint(NOW, &mut random),
                call,
                direction: Direction::Inbound,
                number: Some(number("12800550142")),
                customer: None,
                skill_group: None,
                offered_at: NOW,
                answered_at: Some(TALKED),
                ended_at: None,
                outcome: None,
                recording: None,
            },
        )
        .await
        .expect("kept");
    assert_eq!(leg.customer.expect("known").name, "陈雨桐");
    let state = PresenceState {
        presence: Presence::Break,
        reason: PresenceReason::RingNoAnswer,
        since: NOW,
        revision: 9,
    };
    store.keep_presence(agent, &state).await.expect("kept");
    let old = PresenceState {
        presence: Presence::Ready,
        revision: 8,
        ..state
    };
    store.keep_presence(agent, &old).await.expect("ignored");
    store.close().await;

    let store = Store::open(folder.path()).await.expect("opened again");
    let hours_later = TALKED.plus(Duration::from_secs(36_000));
    assert_eq!(store.lose_open_calls(hours_later).await.expect("ended"), 1);
    let row = store.call(call).await.expect("read").expect("there");
    assert_eq!(
        row.legs[0].1.ended_at,
        Some(TALKED),
        "the centre's last sign of life"
    );
    assert_eq!(row.legs[0].1.result(), Some(CallResult::Normal));
    assert!(
        store.agents().await.expect("read")[0].in_wrap_up,
        "they talked"
    );
    assert_eq!(store.lose_open_calls(hours_later).await.expect("read"), 0);
    assert_eq!(row.record.outcome, Some(CallOutcome::LostByRestart));
    assert_eq!(row.legs[0].1.outcome, Some(LegOutcome::LostByRestart));
    assert_eq!(store.agents().await.expect("read")[0].presence, state);
    let cards = store.cards(&number("12800550142")).await.expect("read");
    assert_eq!(
        cards[0].calls[0].outcome,
        LegOutcome::LostByRestart,
        "the own calls are part of the history"
    );
}

#[tokio::test]
async fn a_wrap_up_sent_twice_is_one_row_also_after_a_restart() {
    let folder = tempfile::tempdir().expect("folder");
    let store = sample_store(folder.path()).await;
    let agents = store.agents().await.expect("read");
    let mut random = Random::seeded(1);
    let body = WrapUpBody {
        call: CallId::mint(NOW, &mut random),
        legs: vec![],
        customer: None,
        form_version: 1,
        values: [(
            "summary".into(),
            offhook_model::FieldValue::Text("x".into()),
        )]
        .into(),
        submitted_at: NOW,
    };
    let wrap_up = WrapUpId::mint(NOW, &mut random);
    let key = Key {
        account: agents[0].profile.id,
        key: Uuid::from_u128(1),
        request_hash: "a".into(),
    };
    let put = |store: Store, key: Key| {
        let body = body.clone();
        async move { store.put_wrap_up(&key, wrap_up, &body, NOW).await }
    };
    let (one, two) = tokio::join!(
        put(store.clone(), key.clone()),
        put(store.clone(), key.clone())
    );
    let one = one.expect("put");
    assert_eq!(one, two.expect("put"));
    store.close().await;
    let store = Store::open(folder.path()).await.expect("opened again");
    assert_eq!(put(store.clone(), key.clone()).await.expect("put"), one);
    let other = Key {
        request_hash: "b".into(),
        ..key.clone()
    };
    assert_eq!(
        put(store.clone(), other).await.expect("put"),
        Put::KeyReused
    );
    let stranger = Key {
        account: agents[1].profile.id,
        ..key
    };
    assert_eq!(
        put(store.clone(), stranger).await.expect("put"),
        Put::Refused(NotTheirs)
    );
    assert_eq!(store.wrap_ups_of(body.call).await.expect("read").len(), 1);
}

#[tokio::test]
async fn a_newer_store_is_refused_untouched() {
    let folder = tempfile::tempdir().expect("folder");
    let store = sample_store(folder.path()).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (999, 'later', 1, x'00', 0)",
    )
    .execute(&store.pool)
    .await
    .expect("written");
    store.close().await;
    assert!(matches!(
        Store::open(folder.path()).await,
        Err(StoreError::Newer)
    ));
}

#[tokio::test]
async fn a_store_of_the_first_version_keeps_its_tickets_and_calls() {
    let folder = tempfile::tempdir().expect("folder");
    let store = sample_store(folder.path()).await;
    let before = store.cards(&number("12800550142")).await.expect("read");
    // Back to how the first version left it.
    let mut connection = store.pool.acquire().await.expect("open");
    for sql in [
        "DELETE FROM _sqlx_migrations WHERE version = 2",
        "DROP TABLE caller_ids",
        "ALTER TABLE calls DROP COLUMN direction",
        "ALTER TABLE calls DROP COLUMN caller_id",
        "DROP INDEX tickets_by_call",
        "ALTER TABLE tickets DROP COLUMN call",
        "ALTER TABLE tickets DROP COLUMN text",
        "ALTER TABLE tickets DROP COLUMN agent",
        "CREATE TABLE first (reference TEXT NOT NULL PRIMARY KEY, customer TEXT NOT NULL REFERENCES customers (id),
           title TEXT NOT NULL, state TEXT NOT NULL, opened_at INTEGER NOT NULL, due_at INTEGER) STRICT",
        "INSERT INTO first SELECT reference, customer, title, state, opened_at, due_at FROM tickets",
        "DROP TABLE tickets",
        "ALTER TABLE first RENAME TO tickets",
        "CREATE INDEX tickets_by_customer ON tickets (customer)",
        "INSERT INTO calls (id, arrived_at) VALUES ('019a0000-0000-7000-8000-000000000009', 1)",
    ] {
        sqlx::query(sql)
            .execute(&mut *connection)
            .await
            .expect(sql);
    }
    drop(connection);
    store.close().await;
    let store = Store::open(folder.path()).await.expect("migrated");
    let after = store.cards(&number("12800550142")).await.expect("read");
    assert_eq!(after[0].tickets, before[0].tickets);
    let calls = store.calls(10).await.expect("read");
    assert_eq!(calls[0].record.direction, Direction::Inbound);
}

#[tokio::test]
async fn a_wrap_up_that_names_the_customer_puts_the_call_into_their_history() {
    let folder = tempfile::tempdir().expect("folder");
    let store = sample_store(folder.path()).await;
    let agent = store.agents().await.expect("read")[0].profile.id;
    let mut random = Random::seeded(3);
    let call = CallId::mint(NOW, &mut random);
    let leg = LegId::mint(NOW, &mut random);
    let record = LegRecord {
        leg,
        call,
        direction: Direction::Outbound,
        number: Some(number("12500550199")),
        customer: None,
        skill_group: None,
        offered_at: NOW,
        answered_at: None,
        ended_at: Some(NOW),
        outcome: Some(LegOutcome::Busy),
        recording: None,
    };
    store.keep_leg(agent, record).await.expect("kept");
    let card = store.cards(&number("12800550142")).await.expect("read");
    let customer = card[0].customer.id;
    let body = WrapUpBody {
        call,
        legs: vec![leg],
        customer: Some(customer),
        form_version: 1,
        values: Default::default(),
        submitted_at: NOW,
    };
    let key = |n| Key {
        account: agent,
        key: Uuid::from_u128(n),
        request_hash: n.to_string(),
    };
    let wrap_up = WrapUpId::mint(NOW, &mut random);
    // One whose record has not come yet, or never will, is no reason to refuse what the agent wrote.
    let unknown = WrapUpBody {
        customer: Some(offhook_model::CustomerId(Uuid::from_u128(1))),
        ..body.clone()
    };
    let put = store.put_wrap_up(&key(1), wrap_up, &unknown, NOW).await;
    assert!(matches!(put, Ok(Put::Kept { .. })));
    assert_eq!(
        store.legs_of(agent, Wall(0)).await.expect("read")[0].customer,
        None
    );
    let put = store.put_wrap_up(&key(2), wrap_up, &body, NOW).await;
    assert!(matches!(put, Ok(Put::Kept { .. })));
    let card = store.card(customer).await.expect("read").expect("there");
    assert_eq!(
        (card.calls[0].at, card.calls[0].outcome),
        (NOW, LegOutcome::Busy)
    );
}
