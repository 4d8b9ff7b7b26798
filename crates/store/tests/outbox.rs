//! Drafts and the outbox: what was confirmed is there, what was submitted is sent once and in order.

mod support;

use offhook_model::{Code, Wall};
use offhook_store::{ItemState, Store, StoreError};
use support::{LIN, REFUSED, draft, file, home, item, locked, password, unlocked};

async fn ids(store: &Store, now: i64) -> Vec<u128> {
    let due = store.due(Wall(now)).await.expect("due");
    due.into_iter()
        .map(|item| item.id.as_u128() - 1000)
        .collect()
}

#[tokio::test]
async fn a_confirmed_draft_is_there_after_a_crash() {
    let home = home();
    let store = unlocked(home.path()).await;
    for edit in 1..=3 {
        let text = format!("草稿 {edit}");
        store
            .save_draft(draft(1, edit, &text))
            .await
            .expect("saved");
    }
    store.save_draft(draft(2, 1, "b")).await.expect("saved");
    store
        .drop_draft(draft(2, 1, "").wrap_up)
        .await
        .expect("dropped");
    store
        .drop_draft(draft(2, 1, "").wrap_up)
        .await
        .expect("dropped already");
    // No close, no good-bye: the file is opened again beside the one that still stands.
    let again = unlocked(home.path()).await;
    assert_eq!(
        again.drafts().await.expect("drafts"),
        [draft(1, 3, "草稿 3")]
    );
    again.check().await.expect("whole");
    drop(store);
}

#[tokio::test]
async fn an_older_save_never_overwrites_a_newer_one() {
    let home = home();
    let store = unlocked(home.path()).await;
    store.save_draft(draft(1, 5, "newer")).await.expect("saved");
    store
        .save_draft(draft(1, 4, "older"))
        .await
        .expect("passed over");
    assert_eq!(
        store.drafts().await.expect("drafts"),
        [draft(1, 5, "newer")]
    );
}

#[tokio::test]
async fn submitting_moves_the_form_from_the_drafts_to_the_outbox_and_keeps_its_text() {
    let home = home();
    let store = unlocked(home.path()).await;
    store.save_draft(draft(1, 1, "a")).await.expect("saved");
    store
        .submit(draft(1, 2, "ab"), item(1, Some(7)))
        .await
        .expect("submitted");
    drop(store);

    let store = unlocked(home.path()).await;
    assert_eq!(store.drafts().await.expect("drafts"), []);
    assert_eq!(store.due(Wall(0)).await.expect("due"), [item(1, Some(7))]);
    let [state] = store
        .outbox()
        .await
        .expect("outbox")
        .try_into()
        .expect("one");
    assert_eq!(state.draft, draft(1, 2, "ab"));
    assert_eq!((state.id, state.tries), (item(1, None).id, 0));
    assert_eq!(state.submitted_at, Wall(101));
    assert_eq!(state.state, ItemState::Waiting);
}

#[tokio::test]
async fn a_submission_that_fails_half_way_leaves_the_draft_as_it_was() {
    let home = home();
    let store = unlocked(home.path()).await;
    store.save_draft(draft(1, 1, "a")).await.expect("saved");
    // The second of its three statements fails.
    sqlx::query(
        "CREATE TRIGGER fault BEFORE INSERT ON submitted BEGIN SELECT raise(FAIL, 'no'); END",
    )
    .execute(&mut file(home.path()).await)
    .await
    .expect("a trigger");
    let failed = store.submit(draft(1, 2, "ab"), item(1, None)).await;
    assert!(matches!(failed, Err(StoreError::Failed(_))), "{failed:?}");
    assert_eq!(store.drafts().await.expect("drafts"), [draft(1, 1, "a")]);
    assert_eq!(ids(&store, 1000).await, Vec::<u128>::new());

    sqlx::query("DROP TRIGGER fault")
        .execute(&mut file(home.path()).await)
        .await
        .expect("gone");
    store
        .submit(draft(1, 2, "ab"), item(1, None))
        .await
        .expect("submitted");
    assert_eq!(ids(&store, 1000).await, [1]);
}

#[tokio::test]
async fn a_form_is_submitted_once() {
    let home = home();
    let store = unlocked(home.path()).await;
    let form = draft(1, 1, "a");
    store
        .submit(form.clone(), item(1, None))
        .await
        .expect("submitted");
    store
        .submit(form.clone(), item(1, None))
        .await
        .expect("the same again");
    let mut another = item(1, None);
    another.id = uuid::Uuid::from_u128(2000);
    let twice = store.submit(form.clone(), another.clone()).await;
    assert!(
        matches!(twice, Err(StoreError::AlreadySubmitted)),
        "{twice:?}"
    );
    let late = store.save_draft(form.clone()).await;
    assert!(
        matches!(late, Err(StoreError::AlreadySubmitted)),
        "{late:?}"
    );
    assert_eq!(ids(&store, 1000).await, [1]);

    store.sent(item(1, None).id, Wall(500)).await.expect("sent");
    store
        .sent(item(1, None).id, Wall(501))
        .await
        .expect("said twice");
    let late = store.save_draft(form.clone()).await;
    assert!(
        matches!(late, Err(StoreError::AlreadySubmitted)),
        "{late:?}"
    );
    let twice = store.submit(form, another).await;
    assert!(
        matches!(twice, Err(StoreError::AlreadySubmitted)),
        "{twice:?}"
    );
    assert_eq!(store.drafts().await.expect("drafts"), []);
    assert_eq!(store.outbox().await.expect("outbox"), []);
    store.check().await.expect("whole");
}

#[tokio::test]
async fn each_customer_is_served_oldest_first_and_one_at_a_time() {
    let home = home();
    let store = unlocked(home.path()).await;
    for (n, customer) in [
        (1, Some(7)),
        (2, Some(8)),
        (3, Some(7)),
        (4, None),
        (5, None),
    ] {
        store
            .submit(draft(n, 1, "a"), item(n, customer))
            .await
            .expect("submitted");
    }
    assert_eq!(ids(&store, 1000).await, [1, 2, 4, 5]);

    // While the oldest waits for its next try, the customer's next one waits with it.
    store
        .tried(item(1, None).id, Wall(1000), Wall(2000))
        .await
        .expect("counted");
    assert_eq!(ids(&store, 1999).await, [2, 4, 5]);
    assert_eq!(ids(&store, 2000).await, [1, 2, 4, 5]);

    store
        .sent(item(1, None).id, Wall(2000))
        .await
        .expect("sent");
    assert_eq!(ids(&store, 2000).await, [2, 3, 4, 5]);
    store
        .refused(item(3, None).id, REFUSED, Wall(2001))
        .await
        .expect("refused");
    assert_eq!(ids(&store, 2001).await, [2, 4, 5]);
}

#[tokio::test]
async fn a_try_is_counted_before_it_is_sent() {
    let home = home();
    let store = unlocked(home.path()).await;
    store
        .submit(draft(1, 1, "a"), item(1, None))
        .await
        .expect("submitted");
    store
        .tried(item(1, None).id, Wall(10), Wall(20))
        .await
        .expect("counted");
    // The program dies while it sends.
    drop(store);
    let store = unlocked(home.path()).await;
    assert_eq!(ids(&store, 19).await, Vec::<u128>::new());
    store
        .tried(item(1, None).id, Wall(20), Wall(40))
        .await
        .expect("counted");
    let [state] = store
        .outbox()
        .await
        .expect("outbox")
        .try_into()
        .expect("one");
    assert_eq!((state.tries, state.next_try), (2, Wall(40)));

    store.sent(item(1, None).id, Wall(30)).await.expect("sent");
    let over = store.tried(item(1, None).id, Wall(40), Wall(80)).await;
    assert!(matches!(over, Err(StoreError::NotFound)), "{over:?}");
    let unknown = store.sent(item(9, None).id, Wall(30)).await;
    assert!(matches!(unknown, Err(StoreError::NotFound)), "{unknown:?}");
}

#[tokio::test]
async fn a_refused_form_keeps_its_text_and_can_be_submitted_anew() {
    let home = home();
    let store = unlocked(home.path()).await;
    store
        .submit(draft(1, 1, "text"), item(1, Some(7)))
        .await
        .expect("submitted");
    store
        .refused(item(1, None).id, Code::Malformed, Wall(5))
        .await
        .expect("refused");
    drop(store);

    let store = unlocked(home.path()).await;
    let [state] = store
        .outbox()
        .await
        .expect("outbox")
        .try_into()
        .expect("one");
    let code = Code::Malformed;
    assert_eq!(state.state, ItemState::Refused { code });
    assert_eq!(state.draft, draft(1, 1, "text"));

    store
        .save_draft(draft(1, 2, "better"))
        .await
        .expect("saved");
    let mut anew = item(1, Some(7));
    anew.id = uuid::Uuid::from_u128(1055);
    store
        .submit(draft(1, 2, "better"), anew)
        .await
        .expect("submitted");
    assert_eq!(ids(&store, 1000).await, [55]);
    let [state] = store
        .outbox()
        .await
        .expect("outbox")
        .try_into()
        .expect("one");
    assert_eq!(
        (state.state, state.draft),
        (ItemState::Waiting, draft(1, 2, "better"))
    );
    assert_eq!(store.drafts().await.expect("drafts"), []);
}

#[tokio::test]
async fn a_sent_form_is_forgotten_after_a_week() {
    let home = home();
    let store = unlocked(home.path()).await;
    let week = 7 * 24 * 3_600_000;
    for n in [1, 2] {
        store
            .submit(draft(n, 1, "a"), item(n, None))
            .await
            .expect("submitted");
    }
    store.sent(item(1, None).id, Wall(0)).await.expect("sent");
    store
        .sent(item(2, None).id, Wall(week + 1))
        .await
        .expect("sent");
    let gone = store.sent(item(1, None).id, Wall(week + 1)).await;
    assert!(matches!(gone, Err(StoreError::NotFound)), "{gone:?}");
    store
        .sent(item(2, None).id, Wall(week + 1))
        .await
        .expect("remembered");
}

#[tokio::test]
async fn two_handles_write_at_once_and_nothing_is_lost() {
    let home = home();
    let store = unlocked(home.path()).await;
    let writing: Vec<_> = (0..20)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                store.save_draft(draft(n, 1, "a")).await?;
                store.submit(draft(n, 2, "b"), item(n, Some(n % 3))).await
            })
        })
        .collect();
    for one in writing {
        one.await.expect("no panic").expect("written");
    }
    assert_eq!(store.outbox().await.expect("outbox").len(), 20);
    assert_eq!(store.drafts().await.expect("drafts"), []);
    store.close().await;
    let store = locked(home.path()).await;
    store
        .unlock_with_password(LIN, &password())
        .await
        .expect("unlocked");
    assert_eq!(store.outbox().await.expect("outbox").len(), 20);
}
