//! A day's rows, in words that are found again: what the stores in `fixtures` hold, each written by the program of its time.

use super::{Drawer, LIN, ZHOU, card, draft, item, leg, password};
use offhook_model::{Code, CustomerId, Secret, Wall};
use offhook_store::{DraftRow, ItemState, KeptItem, KeyringState, OutboxItem, Store};
use std::{path::Path, time::Duration};
use uuid::Uuid;

/// The password before Lin's was changed; one of her forms lies under it.
pub const FORMER: &str = "autumn-2026";
const SUBMITTED_AT: Wall = Wall(1_790_000_000_000);

/// The keyring that the fixtures were made with.
fn drawer() -> Drawer {
    let drawer = Drawer::default();
    drawer.always(&[7; 32]);
    drawer
}

/// Opens a store of that day, or makes one.
pub async fn open(profile: &Path) -> Store {
    Store::open_with(profile, drawer().ring())
        .await
        .expect("a store")
}

/// The form as the phone writes it.
fn form(n: u128, edit: u64, summary: &str) -> DraftRow {
    let id = Uuid::from_u128(n);
    let body = format!(
        r#"{{"wrap_up":"{id}","call":"{id}","legs":["{id}"],"direction":"inbound","number":"12800550142","customer":{{"id":"{}","name":"陈雨桐"}},"skill_group":{{"zh":"售后服务","en":"After-sales"}},"offered_at":1790000000000,"answered_at":1790000004000,"ended_at":1790000184000,"ended_by":"customer","outcome":"connected","form_version":1,"values":{{"disposition":"repair","summary":"{summary}","tags":["渗水","回访"]}},"edit":{edit}}}"#,
        Uuid::from_u128(7)
    );
    draft(n, edit, &body)
}

/// The wrap-up as it goes to the centre.
fn sent_as(n: u128, summary: &str) -> OutboxItem {
    let id = Uuid::from_u128(n);
    let body = format!(
        r#"{{"call":"{id}","legs":["{id}"],"customer":"{}","form_version":1,"values":{{"summary":"{summary}"}},"submitted_at":{}}}"#,
        Uuid::from_u128(7),
        SUBMITTED_AT.0
    );
    OutboxItem {
        body: body.into(),
        submitted_at: SUBMITTED_AT,
        ..item(n, Some(7))
    }
}

fn drafts() -> [DraftRow; 2] {
    [form(1, 7, "底座渗水，已约上门"), form(2, 1, "")]
}

/// Waiting, refused, sent.
fn submitted() -> [(DraftRow, OutboxItem); 3] {
    [
        (form(3, 4, "积分到账"), sent_as(3, "积分到账")),
        (form(4, 9, "Wants a refund"), sent_as(4, "Wants a refund")),
        (form(5, 2, "已解决"), sent_as(5, "已解决")),
    ]
}

fn shut() -> DraftRow {
    form(6, 3, "写于改密码之前")
}

/// Writes what there was from the first schema on.
pub async fn write_first(store: &Store) {
    store
        .unlock_with_password(ZHOU, &password())
        .await
        .expect("unlocked");
    store.save_draft(form(1, 1, "周的")).await.expect("saved");

    // Without the keyring the key of before the change stays shut.
    let former = Secret::new(FORMER);
    store
        .unlock_with_password(LIN, &former)
        .await
        .expect("unlocked");
    store.save_draft(shut()).await.expect("saved");
}

/// Goes on after Lin's password was changed.
pub async fn write_after_the_change(store: &Store) {
    store.start_afresh(LIN, &password()).await.expect("afresh");
    for draft in drafts() {
        store.save_draft(draft).await.expect("saved");
    }
    let [waiting, refused, sent] = submitted();
    for (form, item) in [waiting.clone(), refused.clone(), sent.clone()] {
        store.submit(form, item).await.expect("submitted");
    }
    store
        .tried(waiting.1.id, Wall(5), Wall(60))
        .await
        .expect("counted");
    store
        .tried(waiting.1.id, Wall(65), Wall(180))
        .await
        .expect("counted");
    store
        .refused(refused.1.id, Code::Forbidden, Wall(9))
        .await
        .expect("settled");
    store.sent(sent.1.id, SUBMITTED_AT).await.expect("settled");
    for n in 1..=3 {
        store
            .record_leg(&leg(n, 10 * i64::try_from(n).expect("small")))
            .await
            .expect("recorded");
    }
    store
        .keep_card(&card(7, "陈雨桐", &["12800550142", "057115550188"]))
        .await
        .expect("kept");
    for (name, value) in [("centre", "https://centre.example"), ("username", "lin")] {
        store.set_setting(name, value).await.expect("kept");
    }
}

/// Finds all of it again, in a store that has just been opened; it is shut again then.
pub async fn find_first(store: &Store) {
    let setting = async |name| store.setting(name).await.expect("read");
    assert_eq!(
        setting("centre").await.as_deref(),
        Some("https://centre.example")
    );
    assert_eq!(setting("username").await.as_deref(), Some("lin"));

    // The keyring opens it without a password, for whom was here last.
    let patience = Duration::from_secs(20);
    assert!(store.unlock_with_keyring(patience).await.expect("asked"));
    assert_eq!(store.agent().as_deref(), Some(LIN));
    store.lock();
    let state = store.unlock_with_password(LIN, &password()).await;
    assert_eq!(state.expect("unlocked"), KeyringState::Kept);

    store.check().await.expect("every row reads");
    assert_eq!(store.drafts().await.expect("drafts"), drafts());
    let [waiting, refused, _sent] = submitted();
    let outbox = store.outbox().await.expect("outbox");
    let stands: Vec<_> = outbox
        .iter()
        .map(|state| {
            (
                state.draft.clone(),
                state.tries,
                state.next_try,
                state.state,
            )
        })
        .collect();
    assert_eq!(
        stands,
        [
            (waiting.0, 2, Wall(180), ItemState::Waiting),
            (
                refused.0,
                0,
                Wall(0),
                ItemState::Refused {
                    code: Code::Forbidden
                }
            ),
        ]
    );
    let due = store.due(Wall(1000)).await.expect("due");
    assert_eq!(due[0], waiting.1);
    let again = store.save_draft(form(5, 3, "zu spät")).await;
    assert!(again.is_err(), "what was sent is remembered");
    assert_eq!(
        store.legs(Wall(0)).await.expect("legs"),
        [leg(3, 30), leg(2, 20), leg(1, 10)]
    );
    for number in ["12800550142", "057115550188"] {
        let cards = store.cards_by_number(&super::number(number)).await;
        let known = card(7, "陈雨桐", &["12800550142", "057115550188"]);
        assert_eq!(cards.expect("cards"), [known], "{number}");
    }
}

/// Finds what lies under the former password, and what is Zhou's.
pub async fn find_the_rest(store: &Store) {
    assert!(store.holds_what_is_shut().await.expect("told"));
    store
        .unlock_after_password_change(LIN, &Secret::new(FORMER), &password())
        .await
        .expect("unlocked");
    let mut all = vec![shut()];
    all.extend(drafts());
    assert_eq!(store.drafts().await.expect("drafts"), all);
    store
        .unlock_with_password(ZHOU, &password())
        .await
        .expect("unlocked");
    assert_eq!(store.drafts().await.expect("drafts"), [form(1, 1, "周的")]);
}

fn profile() -> OutboxItem {
    OutboxItem {
        id: Uuid::from_u128(3001),
        kind: "customer".into(),
        body: format!(
            r#"{{"customer":"{}","version":3,"json":"{{\"name\":\"陈雨桐\",\"numbers\":[\"12800550142\"],\"tags\":[\"老客户\"],\"fields\":[]}}"}}"#,
            Uuid::from_u128(7)
        )
        .into(),
        ..item(1, Some(7))
    }
}

fn ticket() -> OutboxItem {
    OutboxItem {
        id: Uuid::from_u128(3002),
        kind: "ticket".into(),
        body: format!(r#"{{"ticket":"{}","json":"{{}}"}}"#, Uuid::from_u128(3002)).into(),
        ..item(1, Some(7))
    }
}

fn kept() -> [KeptItem; 2] {
    let kept = |n: u128, kind: &str, text: &str| KeptItem {
        id: Uuid::from_u128(n),
        customer: Some(CustomerId(Uuid::from_u128(8))),
        kind: kind.into(),
        version: 1,
        kept_at: SUBMITTED_AT,
        body: text.into(),
    };
    [
        kept(4001, "wrap_up", "在本机保存的小结"),
        kept(4002, "ticket", "在本机保存的工单"),
    ]
}

/// Writes what came with the second schema: items beside a form, and what is kept without a centre.
pub async fn write_second(store: &Store) {
    for item in [profile(), ticket()] {
        store.file(item).await.expect("filed");
    }
    for item in &kept() {
        store.keep(item).await.expect("kept");
    }
    store
        .keep_original_card(&card(8, "何一凡", &["12500550199"]))
        .await
        .expect("kept");
}

/// Finds it again, while Lin's data is open.
pub async fn find_second(store: &Store) {
    let beside = store.beside().await.expect("beside");
    let waiting = |item| (item, ItemState::Waiting);
    assert_eq!(beside, [profile(), ticket()].map(waiting));
    let [wrap_up, ticket] = kept();
    let customer = CustomerId(Uuid::from_u128(8));
    let history = store.kept_of(customer).await.expect("kept");
    assert_eq!(history, [ticket, wrap_up]);
    let card_of = store.card(customer).await.expect("read");
    assert_eq!(card_of, Some(card(8, "何一凡", &["12500550199"])));
}

/// What the centre handed out, as the phone writes it.
const HANDOUT: &str = r#"{"centre":"https://centre.example","username":"lin","agent":{"id":"00000000-0000-0000-0000-000000000009","name":"林晓峰","extension":"1001","role":"agent","skill_groups":[],"listen_recordings":false},"form":{"version":1,"fields":[]}}"#;

/// Writes what came with the third schema: what opens without a centre.
pub async fn write_third(store: &Store) {
    store.keep_handout(HANDOUT.as_bytes()).await.expect("kept");
}

/// Finds it again, while Lin's data is open.
pub async fn find_third(store: &Store) {
    let handout = store.handout().await.expect("read");
    assert_eq!(handout.as_deref(), Some(HANDOUT.as_bytes()));
    assert!(store.opens_by_keyring().await.expect("read"));
}
