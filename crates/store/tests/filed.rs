//! What is filed beside a form: on its way to a centre, or kept here where there is none.

mod support;

use offhook_model::{Code, CustomerId, Wall};
use offhook_store::{ItemState, KeptItem, OutboxItem, Store, StoreError};
use support::{card, draft, file, home, item, number, unlocked, wrap_up};
use uuid::Uuid;

/// An item of a kind beside form 1.
fn beside(n: u128, kind: &str, customer: Option<u128>) -> OutboxItem {
    OutboxItem {
        kind: kind.into(),
        wrap_up: wrap_up(1),
        ..item(n, customer)
    }
}

fn kept(n: u128, kind: &str, customer: Option<u128>) -> KeptItem {
    KeptItem {
        id: Uuid::from_u128(n),
        customer: customer.map(|id| CustomerId(Uuid::from_u128(id))),
        kind: kind.into(),
        version: 1,
        kept_at: Wall(5),
        body: format!("kept {n}").into(),
    }
}

async fn due(store: &Store) -> Vec<OutboxItem> {
    store.due(Wall(1000)).await.expect("due")
}

#[tokio::test]
async fn a_form_has_one_wrap_up_and_any_number_of_other_items() {
    let home = home();
    let store = unlocked(home.path()).await;
    for n in [11, 12] {
        store.file(beside(n, "ticket", None)).await.expect("filed");
    }
    store.file(beside(11, "ticket", None)).await.expect("again");
    store
        .save_draft(draft(1, 1, "a"))
        .await
        .expect("a ticket submits no form");
    assert_eq!(store.outbox().await.expect("outbox"), []);
    store
        .submit(draft(1, 2, "ab"), item(1, None))
        .await
        .expect("submitted");
    let sent: Vec<_> = [11, 12].map(|n| beside(n, "ticket", None)).into();
    assert_eq!(due(&store).await, [&sent[..], &[item(1, None)]].concat());

    // A ticket that arrived leaves the form's text where it is.
    store.sent(sent[0].id, Wall(9)).await.expect("sent");
    let submitted = store.outbox().await.expect("outbox");
    assert_eq!(submitted.len(), 1);
    assert_eq!(submitted[0].draft, draft(1, 2, "ab"));
    store.check().await.expect("whole");
}

#[tokio::test]
async fn what_names_a_customer_follows_the_customers_own_row() {
    let home = home();
    let store = unlocked(home.path()).await;
    let profile = beside(11, "customer", Some(7));
    store.file(profile.clone()).await.expect("filed");
    let ticket = beside(12, "ticket", Some(7));
    store.file(ticket.clone()).await.expect("filed");
    store
        .submit(draft(1, 1, "a"), item(1, Some(7)))
        .await
        .expect("submitted");
    assert_eq!(due(&store).await, std::slice::from_ref(&profile));
    store.sent(profile.id, Wall(1)).await.expect("sent");
    assert_eq!(due(&store).await, std::slice::from_ref(&ticket));
    store.sent(ticket.id, Wall(2)).await.expect("sent");
    assert_eq!(due(&store).await, [item(1, Some(7))]);
}

#[tokio::test]
async fn a_refused_profile_gives_way_to_the_next_one_of_that_customer() {
    let home = home();
    let store = unlocked(home.path()).await;
    let (first, other) = (
        beside(11, "customer", Some(7)),
        beside(12, "customer", Some(8)),
    );
    let ticket = beside(13, "ticket", Some(7));
    for item in [&first, &other, &ticket] {
        store.file(item.clone()).await.expect("filed");
        store
            .refused(item.id, Code::Conflict, Wall(3))
            .await
            .expect("refused");
    }
    let anew = beside(14, "customer", Some(7));
    store.file(anew.clone()).await.expect("filed");
    let conflict = ItemState::Refused {
        code: Code::Conflict,
    };
    assert_eq!(
        store.beside().await.expect("rows"),
        [
            (other, conflict),
            (ticket, conflict),
            (anew.clone(), ItemState::Waiting)
        ]
    );
    assert_eq!(due(&store).await, [anew]);
}

#[tokio::test]
async fn profiles_that_build_on_a_refused_one_are_refused_with_it() {
    let home = home();
    let store = unlocked(home.path()).await;
    let items = [
        beside(11, "customer", Some(7)),
        beside(12, "customer", Some(8)),
        beside(13, "ticket", Some(7)),
        beside(14, "customer", Some(7)),
        beside(15, "customer", Some(7)),
    ];
    for item in &items {
        store.file(item.clone()).await.expect("filed");
    }
    store.sent(items[0].id, Wall(1)).await.expect("sent");
    store
        .refused(items[3].id, Code::Conflict, Wall(3))
        .await
        .expect("refused");
    let states: Vec<_> = store
        .beside()
        .await
        .expect("rows")
        .into_iter()
        .map(|(item, state)| (item.id.as_u128() - 1000, state))
        .collect();
    let refused = ItemState::Refused {
        code: Code::Conflict,
    };
    assert_eq!(
        states,
        [
            (11, ItemState::Sent { at: Wall(1) }),
            (12, ItemState::Waiting),
            (13, ItemState::Waiting),
            (14, refused),
            (15, refused)
        ]
    );
    let twice = store.refused(items[3].id, Code::Conflict, Wall(4)).await;
    assert!(matches!(twice, Err(StoreError::NotFound)), "{twice:?}");
    assert_eq!(due(&store).await, [items[1].clone(), items[2].clone()]);
}

#[tokio::test]
async fn a_refused_ticket_is_mended_or_given_up() {
    let home = home();
    let store = unlocked(home.path()).await;
    for n in [11, 12] {
        let ticket = beside(n, "ticket", None);
        store.file(ticket.clone()).await.expect("filed");
        store
            .refused(ticket.id, Code::Malformed, Wall(3))
            .await
            .expect("refused");
    }
    let mended = beside(13, "ticket", None);
    store
        .file_again(mended.clone(), beside(11, "ticket", None).id)
        .await
        .expect("filed again");
    assert_eq!(due(&store).await, std::slice::from_ref(&mended));
    // What waits is not given up.
    for n in [12, 13] {
        let id = beside(n, "ticket", None).id;
        store.give_up(id).await.expect("given up, or not there");
    }
    assert_eq!(
        store.beside().await.expect("rows"),
        [(mended, ItemState::Waiting)]
    );
}

#[tokio::test]
async fn the_texts_of_a_form_go_when_nothing_of_it_is_left() {
    let home = home();
    let store = unlocked(home.path()).await;
    let (sent, refused) = (beside(11, "ticket", None), beside(12, "ticket", None));
    for ticket in [&sent, &refused] {
        store.file(ticket.clone()).await.expect("filed");
    }
    store
        .refused(refused.id, Code::Malformed, Wall(3))
        .await
        .expect("refused");
    store
        .submit(draft(1, 2, "ab"), item(1, None))
        .await
        .expect("submitted");
    store.sent(item(1, None).id, Wall(4)).await.expect("sent");
    // A week later, as something else arrives.
    let week = Wall(8 * 24 * 3_600_000);
    store.sent(sent.id, week).await.expect("sent");
    let [form] = store
        .outbox()
        .await
        .expect("outbox")
        .try_into()
        .expect("the form");
    assert_eq!(form.draft, draft(1, 2, "ab"));
    assert_eq!(form.state, ItemState::Sent { at: Wall(4) });
    let there = store.beside().await.expect("rows");
    assert_eq!(there[0], (sent, ItemState::Sent { at: week }));
    assert_eq!(there[1].0, refused);

    store.give_up(refused.id).await.expect("given up");
    assert_eq!(store.outbox().await.expect("outbox"), []);
    assert_eq!(store.beside().await.expect("rows"), []);
    let texts: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM submitted) + (SELECT count(*) FROM outbox WHERE length(body) > 0)",
    )
    .fetch_one(&mut file(home.path()).await)
    .await
    .expect("a count");
    assert_eq!(texts, 0);
}

#[tokio::test]
async fn what_is_kept_here_is_there_after_a_crash_and_replaces_its_draft() {
    let home = home();
    let store = unlocked(home.path()).await;
    store.save_draft(draft(1, 1, "a")).await.expect("saved");
    for item in [
        kept(1, "wrap_up", Some(7)),
        kept(2, "ticket", Some(7)),
        kept(3, "wrap_up", None),
    ] {
        store.keep(&item).await.expect("kept");
    }
    let twice = KeptItem {
        body: b"other".into(),
        ..kept(1, "wrap_up", Some(7))
    };
    store.keep(&twice).await.expect("is kept already");
    drop(store);

    let store = unlocked(home.path()).await;
    assert_eq!(store.drafts().await.expect("drafts"), []);
    let seven = CustomerId(Uuid::from_u128(7));
    assert_eq!(
        store.kept_of(seven).await.expect("kept"),
        [kept(2, "ticket", Some(7)), kept(1, "wrap_up", Some(7))]
    );
    assert_eq!(store.kept_count("wrap_up").await.expect("a count"), 2);
    let late = store.save_draft(draft(3, 9, "late")).await;
    assert!(
        matches!(late, Err(StoreError::AlreadySubmitted)),
        "{late:?}"
    );
    store
        .set_kept_customer("wrap_up", Uuid::from_u128(3), seven)
        .await
        .expect("known by now");
    let third = store.kept("wrap_up", Uuid::from_u128(3)).await;
    assert_eq!(third.expect("kept"), Some(kept(3, "wrap_up", Some(7))));
    assert_eq!(
        store
            .kept("ticket", Uuid::from_u128(3))
            .await
            .expect("none"),
        None
    );
    store.check().await.expect("whole");
}

#[tokio::test]
async fn an_original_record_never_makes_room_for_copies() {
    let home = home();
    let store = unlocked(home.path()).await;
    let original = card(1, "陈雨桐", &["12800550142"]);
    store.keep_original_card(&original).await.expect("kept");
    store
        .keep_card(&card(2, "a copy", &[]))
        .await
        .expect("kept");
    // As many copies as there is room for, past the store.
    sqlx::query(
        "WITH RECURSIVE n (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < 2000) \
         INSERT INTO cards (agent_id, key_id, customer, body) \
         SELECT agent_id, key_id, CAST(printf('%016d', n) AS BLOB), x'' FROM n, (SELECT agent_id, key_id FROM cards LIMIT 1)",
    )
    .execute(&mut file(home.path()).await)
    .await
    .expect("many");
    store
        .keep_card(&card(3, "newest", &[]))
        .await
        .expect("kept");
    let of = async |n: u128| store.card(CustomerId(Uuid::from_u128(n))).await;
    assert_eq!(of(1).await.expect("a row"), Some(original));
    assert_eq!(of(2).await.expect("no row"), None);
    let newest = Some(card(3, "newest", &[]));
    assert_eq!(of(3).await.expect("a row"), newest);
    let found = store.cards_by_number(&number("12800550142")).await;
    assert_eq!(found.expect("cards").len(), 1);
}
