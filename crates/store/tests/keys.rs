//! What opens an agent's data, and what does not.

mod support;

use offhook_model::{Code, Secret, Wall};
use offhook_store::{KeyRing, KeyringState, Store, StoreError};
use std::{path::Path, sync::Arc, time::Duration};
use support::{
    Broken, Dialog, Drawer, LIN, ZHOU, draft, home, item, leg, locked, password, unlocked,
};

const PATIENCE: Duration = Duration::from_secs(20);

async fn with(home: &Path, ring: KeyRing) -> Store {
    Store::open_with(&home.join("profile"), ring)
        .await
        .expect("a store")
}

async fn texts(store: &Store) -> Vec<String> {
    let drafts = store.drafts().await.expect("drafts");
    drafts
        .into_iter()
        .map(|draft| String::from_utf8(draft.body).expect("text"))
        .collect()
}

#[tokio::test]
async fn nothing_private_is_given_out_or_taken_before_an_unlock() {
    let home = home();
    let store = locked(home.path()).await;
    assert_eq!(store.agent(), None);
    assert!(matches!(store.drafts().await, Err(StoreError::Locked)));
    assert!(matches!(
        store.save_draft(draft(1, 1, "a")).await,
        Err(StoreError::Locked)
    ));
    assert!(matches!(store.due(Wall(0)).await, Err(StoreError::Locked)));
    assert!(matches!(
        store.record_leg(&leg(1, 1)).await,
        Err(StoreError::Locked)
    ));
    assert!(matches!(store.check().await, Err(StoreError::Locked)));
    store.set_setting("language", "zh-CN").await.expect("kept");
    assert_eq!(
        store.setting("language").await.expect("read").as_deref(),
        Some("zh-CN")
    );
    assert_eq!(store.setting("theme").await.expect("read"), None);
}

#[tokio::test]
async fn without_a_keyring_the_password_opens_everything_and_it_is_said() {
    let home = home();
    let store = locked(home.path()).await;
    let error = store.unlock_with_keyring(PATIENCE).await;
    // Nobody was here yet: there is nothing to ask the keyring for.
    assert!(matches!(error, Ok(false)), "{error:?}");
    let state = store.unlock_with_password(LIN, &password()).await;
    assert!(
        matches!(state, Ok(KeyringState::Unavailable(_))),
        "{state:?}"
    );
    store.save_draft(draft(1, 1, "退款")).await.expect("saved");
    drop(store);

    let store = locked(home.path()).await;
    let error = store
        .unlock_with_keyring(PATIENCE)
        .await
        .expect_err("there is none");
    assert_eq!(error.code(), Code::KeyringUnavailable);
    store
        .unlock_with_password(LIN, &password())
        .await
        .expect("unlocked");
    assert_eq!(store.agent().as_deref(), Some(LIN));
    assert_eq!(texts(&store).await, ["退款"]);
}

#[tokio::test]
async fn a_wrong_password_opens_nothing_and_breaks_nothing() {
    let home = home();
    let store = unlocked(home.path()).await;
    store.save_draft(draft(1, 1, "a")).await.expect("saved");
    drop(store);

    let store = locked(home.path()).await;
    let wrong = store.unlock_with_password(LIN, &Secret::new("guess")).await;
    assert!(matches!(wrong, Err(StoreError::WrongPassword)), "{wrong:?}");
    assert_eq!(store.agent(), None);
    store
        .unlock_with_password(LIN, &password())
        .await
        .expect("unlocked");
    assert_eq!(texts(&store).await, ["a"]);
}

#[tokio::test]
async fn the_keyring_opens_at_start_without_a_password() {
    let home = home();
    let drawer = Drawer::default();
    let store = with(home.path(), drawer.ring()).await;
    let state = store.unlock_with_password(LIN, &password()).await;
    assert_eq!(state.expect("unlocked"), KeyringState::Kept);
    store.save_draft(draft(1, 1, "a")).await.expect("saved");
    drop(store);

    let store = with(home.path(), drawer.ring()).await;
    assert!(store.unlock_with_keyring(PATIENCE).await.expect("asked"));
    assert_eq!(store.agent().as_deref(), Some(LIN));
    assert_eq!(texts(&store).await, ["a"]);
    // A second sign-in finds its entry and makes no other.
    let state = store.unlock_with_password(LIN, &password()).await;
    assert_eq!(state.expect("unlocked"), KeyringState::Kept);
    assert_eq!(drawer.entries(), 1);
    store.lock();
    assert_eq!(store.agent(), None);
}

#[tokio::test]
async fn a_changed_password_is_taken_on_where_the_keyring_has_the_key() {
    let home = home();
    let drawer = Drawer::default();
    let store = with(home.path(), drawer.ring()).await;
    store
        .unlock_with_password(LIN, &password())
        .await
        .expect("unlocked");
    store.save_draft(draft(1, 1, "a")).await.expect("saved");
    drop(store);

    let changed = Secret::new("spring-2027");
    let store = with(home.path(), drawer.ring()).await;
    let state = store.unlock_with_password(LIN, &changed).await;
    assert_eq!(state.expect("unlocked"), KeyringState::Kept);
    assert_eq!(texts(&store).await, ["a"]);
    drop(store);

    // Now the new password opens by itself, and the old one no more.
    let store = locked(home.path()).await;
    let old = store.unlock_with_password(LIN, &password()).await;
    assert!(matches!(old, Err(StoreError::WrongPassword)), "{old:?}");
    store
        .unlock_with_password(LIN, &changed)
        .await
        .expect("unlocked");
    assert_eq!(texts(&store).await, ["a"]);
}

#[tokio::test]
async fn a_password_changed_without_a_keyring_is_taken_on_with_the_old_one() {
    let home = home();
    let store = unlocked(home.path()).await;
    store.save_draft(draft(1, 1, "a")).await.expect("saved");
    store.lock();
    let changed = Secret::new("spring-2027");
    let alone = store.unlock_with_password(LIN, &changed).await;
    assert!(matches!(alone, Err(StoreError::WrongPassword)), "{alone:?}");
    let wrong = store
        .unlock_after_password_change(LIN, &Secret::new("guess"), &changed)
        .await;
    assert!(matches!(wrong, Err(StoreError::WrongPassword)), "{wrong:?}");
    store
        .unlock_after_password_change(LIN, &password(), &changed)
        .await
        .expect("unlocked");
    assert_eq!(texts(&store).await, ["a"]);
    store.lock();
    store
        .unlock_with_password(LIN, &changed)
        .await
        .expect("unlocked");
    assert_eq!(texts(&store).await, ["a"]);
}

#[tokio::test]
async fn starting_afresh_loses_nothing_for_good() {
    let home = home();
    let store = unlocked(home.path()).await;
    store.save_draft(draft(1, 1, "old")).await.expect("saved");
    store
        .submit(draft(2, 1, "old text"), item(2, Some(7)))
        .await
        .expect("submitted");
    store.lock();

    let changed = Secret::new("spring-2027");
    store.start_afresh(LIN, &changed).await.expect("afresh");
    assert_eq!(texts(&store).await, Vec::<String>::new());
    assert!(store.holds_what_is_shut().await.expect("told"));
    store.save_draft(draft(3, 1, "new")).await.expect("saved");
    store
        .submit(draft(4, 1, "new text"), item(4, Some(7)))
        .await
        .expect("submitted");
    // What is shut holds nobody up, and is no damage.
    let due = store.due(Wall(1000)).await.expect("due");
    assert_eq!(due, [item(4, Some(7))]);
    store.check().await.expect("whole");

    store
        .unlock_after_password_change(LIN, &password(), &changed)
        .await
        .expect("unlocked");
    assert_eq!(texts(&store).await, ["old", "new"]);
    assert!(!store.holds_what_is_shut().await.expect("told"));
    store.lock();
    store
        .unlock_with_password(LIN, &changed)
        .await
        .expect("unlocked");
    assert_eq!(texts(&store).await, ["old", "new"]);
}

#[tokio::test]
async fn a_key_under_which_nothing_was_written_shuts_nothing() {
    let home = home();
    let store = unlocked(home.path()).await;
    store.lock();
    let right = Secret::new("typed right");
    let refused = store.unlock_with_password(LIN, &right).await;
    assert!(matches!(refused, Err(StoreError::WrongPassword)));
    store.start_afresh(LIN, &right).await.expect("afresh");
    assert!(!store.holds_what_is_shut().await.expect("told"));
}

#[tokio::test]
async fn two_agents_on_one_computer_see_their_own() {
    let home = home();
    let store = unlocked(home.path()).await;
    store.save_draft(draft(1, 1, "Lin's")).await.expect("saved");
    store
        .submit(draft(2, 1, "Lin's"), item(2, None))
        .await
        .expect("submitted");
    store.record_leg(&leg(1, 5)).await.expect("recorded");
    store
        .unlock_with_password(ZHOU, &password())
        .await
        .expect("unlocked");
    assert_eq!(store.agent().as_deref(), Some(ZHOU));
    assert_eq!(texts(&store).await, Vec::<String>::new());
    assert_eq!(store.due(Wall(1000)).await.expect("due"), []);
    assert_eq!(store.outbox().await.expect("outbox"), []);
    assert_eq!(store.legs(Wall(0)).await.expect("legs"), []);
    store
        .save_draft(draft(1, 1, "Zhou's"))
        .await
        .expect("saved");
    let not_his = store.sent(item(2, None).id, Wall(1)).await;
    assert!(matches!(not_his, Err(StoreError::NotFound)));
    store
        .unlock_with_password(LIN, &password())
        .await
        .expect("unlocked");
    assert_eq!(texts(&store).await, ["Lin's"]);
    assert_eq!(store.outbox().await.expect("outbox").len(), 1);
}

#[tokio::test]
async fn a_keyring_that_waits_for_a_person_holds_nobody_up() {
    let home = home();
    let drawer = Drawer::default();
    let store = with(home.path(), drawer.ring()).await;
    store
        .unlock_with_password(LIN, &password())
        .await
        .expect("unlocked");
    drop(store);

    let (person, dialog) = Dialog::over(&drawer);
    let store = with(home.path(), dialog).await;
    let asked = store.unlock_with_keyring(Duration::from_millis(50)).await;
    assert!(
        matches!(asked, Err(StoreError::KeyringUnavailable(_))),
        "{asked:?}"
    );
    // The dialog is still open: no second one is opened over it.
    let state = store.unlock_with_password(LIN, &password()).await;
    let Ok(KeyringState::Unavailable(why)) = state else {
        panic!("{state:?}");
    };
    assert!(why.contains("last question"), "{why}");

    // The person comes, and the keyring is of use again.
    person.send(()).expect("the dialog is open");
    let opened = async {
        while store.unlock_with_keyring(PATIENCE).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    person.send(()).expect("somebody will ask");
    tokio::time::timeout(PATIENCE, opened).await.expect("open");
    assert_eq!(store.agent().as_deref(), Some(LIN));
}

#[tokio::test]
async fn the_data_is_open_while_the_keyring_still_thinks() {
    let home = home();
    unlocked(home.path()).await;
    let (person, dialog) = Dialog::over(&Drawer::default());
    let store = with(home.path(), dialog).await;
    let signing_in = tokio::spawn({
        let store = store.clone();
        async move { store.unlock_with_password(LIN, &password()).await }
    });
    let open = async {
        while store.agent().is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, open).await.expect("open");
    store.save_draft(draft(1, 1, "a")).await.expect("saved");
    drop(person);
    let state = signing_in.await.expect("no panic").expect("unlocked");
    assert!(matches!(state, KeyringState::Unavailable(_)), "{state:?}");
    assert_eq!(texts(&store).await, ["a"]);
}

#[tokio::test]
async fn a_keyring_that_falls_over_takes_nothing_with_it() {
    let home = home();
    let store = with(home.path(), KeyRing::Custom(Arc::new(Broken))).await;
    let state = store.unlock_with_password(LIN, &password()).await;
    assert!(
        matches!(state, Ok(KeyringState::Unavailable(_))),
        "{state:?}"
    );
    store.save_draft(draft(1, 1, "a")).await.expect("saved");
}

#[tokio::test]
async fn an_emptied_or_spoilt_keyring_is_filled_again() {
    for spoil in [Drawer::empty, Drawer::spoil] {
        let home = home();
        let drawer = Drawer::default();
        let store = with(home.path(), drawer.ring()).await;
        store
            .unlock_with_password(LIN, &password())
            .await
            .expect("unlocked");
        store.lock();
        spoil(&drawer);
        assert!(!store.unlock_with_keyring(PATIENCE).await.expect("asked"));
        let state = store.unlock_with_password(LIN, &password()).await;
        assert_eq!(state.expect("unlocked"), KeyringState::Kept);
        store.lock();
        assert!(store.unlock_with_keyring(PATIENCE).await.expect("asked"));
    }
}

#[tokio::test]
async fn another_profile_has_an_entry_of_its_own() {
    let (one, other) = (home(), home());
    let drawer = Drawer::default();
    for home in [&one, &other] {
        let store = with(home.path(), drawer.ring()).await;
        store
            .unlock_with_password(LIN, &password())
            .await
            .expect("unlocked");
    }
    assert_eq!(drawer.entries(), 2);
    let store = with(one.path(), drawer.ring()).await;
    assert!(store.unlock_with_keyring(PATIENCE).await.expect("asked"));
}

#[tokio::test]
async fn the_keyring_of_this_computer_whatever_it_is_holds_nobody_up() {
    let home = home();
    drop(unlocked(home.path()).await);
    let store = Store::open(&home.path().join("profile"))
        .await
        .expect("a store");
    let begun = std::time::Instant::now();
    match store.unlock_with_keyring(Duration::from_millis(500)).await {
        Ok(false) | Err(StoreError::KeyringUnavailable(_)) => {}
        other => panic!("it has no entry for a folder of a test: {other:?}"),
    }
    assert!(begun.elapsed() < PATIENCE);
}

#[tokio::test]
async fn without_a_centre_the_password_must_open_the_newest_key() {
    let home = home();
    let store = unlocked(home.path()).await;
    store.save_draft(draft(1, 1, "Lin's")).await.expect("saved");
    store.keep_handout(b"who Lin is").await.expect("kept");
    store.lock();

    let wrong = store.unlock_alone(LIN, &Secret::new("guess")).await;
    assert!(matches!(wrong, Err(StoreError::WrongPassword)), "{wrong:?}");
    let never_here = store.unlock_alone(ZHOU, &password()).await;
    assert!(matches!(never_here, Ok(false)), "{never_here:?}");
    assert!(matches!(store.drafts().await, Err(StoreError::Locked)));
    assert!(store.unlock_alone(LIN, &password()).await.expect("opens"));
    assert_eq!(texts(&store).await, ["Lin's"]);
    let handout = store.handout().await.expect("a row");
    assert_eq!(handout.as_deref(), Some(b"who Lin is".as_slice()));

    // The password was changed at the centre and the old one forgotten: the old one is wrong from then on.
    store.lock();
    let changed = Secret::new("changed");
    store.start_afresh(LIN, &changed).await.expect("afresh");
    store.lock();
    let old = store.unlock_alone(LIN, &password()).await;
    assert!(matches!(old, Err(StoreError::WrongPassword)), "{old:?}");
    assert!(store.unlock_alone(LIN, &changed).await.expect("opens"));
}

#[tokio::test]
async fn who_has_left_is_not_opened_by_the_keyring_alone() {
    let home = home();
    let store = unlocked(home.path()).await;
    assert!(!store.opens_by_keyring().await.expect("told"));
    store.keep_handout(b"one").await.expect("kept");
    assert!(store.opens_by_keyring().await.expect("told"));
    store.leave().await.expect("left");
    store.lock();
    assert!(!store.opens_by_keyring().await.expect("told"));
    // The next sign-in of the same agent, and then of somebody else.
    store
        .unlock_with_password(LIN, &password())
        .await
        .expect("unlocked");
    store.keep_handout(b"two").await.expect("kept");
    assert!(store.opens_by_keyring().await.expect("told"));
    store
        .unlock_with_password(ZHOU, &password())
        .await
        .expect("unlocked");
    assert!(!store.opens_by_keyring().await.expect("told"));
    assert_eq!(store.handout().await.expect("told"), None);
    store.check().await.expect("whole");
}
