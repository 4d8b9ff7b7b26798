//! What somebody finds who has the file, and what happens when they change it.

mod support;

use offhook_model::{Code, Wall};
use offhook_store::{KeptItem, KeyRing, Store, StoreError};
use sqlx::Executor;
use std::{fs, path::Path};
use support::{LIN, card, draft, file, home, item, leg, locked, number, password, unlocked};

/// One of everything, with words that can be looked for.
async fn furnished(home: &Path) -> Store {
    let store = unlocked(home).await;
    store
        .save_draft(draft(1, 1, "秘密草稿 secret-draft"))
        .await
        .expect("saved");
    store
        .submit(draft(2, 1, "secret-text"), item(2, Some(7)))
        .await
        .expect("submitted");
    store.record_leg(&leg(1, 10)).await.expect("recorded");
    let kept = KeptItem {
        id: uuid::Uuid::from_u128(9),
        customer: None,
        kind: "ticket".into(),
        version: 1,
        kept_at: Wall(5),
        body: b"secret-ticket".into(),
    };
    store.keep(&kept).await.expect("kept");
    store
        .keep_card(&card(1, "secret-name", &["12800550142"]))
        .await
        .expect("kept");
    store
}

async fn change(home: &Path, sql: &'static str) {
    file(home).await.execute(sql).await.expect("changed");
}

#[tokio::test]
async fn nothing_private_stands_in_the_files() {
    let home = home();
    let store = furnished(home.path()).await;
    let mut bytes = Vec::new();
    for entry in fs::read_dir(home.path().join("profile")).expect("a folder") {
        bytes.extend(fs::read(entry.expect("an entry").path()).expect("a file"));
    }
    assert!(bytes.len() > 4096);
    for private in [
        "秘密草稿",
        "secret-draft",
        "secret-text",
        "secret-name",
        "secret-ticket",
        "body 2",
        "12800550142",
        "practice",
    ] {
        let found = bytes
            .windows(private.len())
            .any(|part| part == private.as_bytes());
        assert!(!found, "{private}");
    }
    drop(store);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_profile() {
    use std::os::unix::fs::PermissionsExt;
    let home = home();
    let store = furnished(home.path()).await;
    let profile = home.path().join("profile");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&profile), 0o700);
    for entry in fs::read_dir(&profile).expect("a folder") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    drop(store);
}

#[tokio::test]
async fn a_changed_or_cut_body_is_named_and_hides_no_other() {
    for (table, spoil) in [
        ("drafts", "UPDATE drafts SET body = substr(body, 1, 20)"),
        ("drafts", "UPDATE drafts SET body = x''"),
        ("drafts", "UPDATE drafts SET edit = edit + 1"),
        (
            "submitted",
            "UPDATE submitted SET body = zeroblob(length(body))",
        ),
        (
            "submitted",
            "UPDATE submitted SET body = (SELECT body FROM drafts)",
        ),
        ("outbox", "UPDATE outbox SET kind = 'refund'"),
        (
            "outbox",
            "UPDATE outbox SET body = CAST(body || x'41' AS BLOB)",
        ),
        ("kept", "UPDATE kept SET kind = 'refund'"),
        ("kept", "UPDATE kept SET id = zeroblob(16)"),
        ("legs", "UPDATE legs SET leg = zeroblob(16)"),
        ("cards", "UPDATE cards SET customer = zeroblob(16)"),
    ] {
        let home = home();
        let store = furnished(home.path()).await;
        store.check().await.expect("whole");
        change(home.path(), spoil).await;
        let damage = store.check().await.expect_err(spoil);
        assert_eq!(damage.code(), Code::StoreDamaged);
        assert!(damage.to_string().contains(table), "{damage}");

        // The lists go on without it, and take new rows.
        store.drafts().await.expect("drafts");
        store.outbox().await.expect("outbox");
        store.legs(Wall(0)).await.expect("legs");
        store
            .cards_by_number(&number("12800550142"))
            .await
            .expect("cards");
        store
            .submit(draft(3, 1, "c"), item(3, Some(7)))
            .await
            .expect("submitted");
        let due = store.due(Wall(1000)).await.expect("due");
        let expected = if table == "outbox" {
            item(3, Some(7))
        } else {
            item(2, Some(7))
        };
        assert_eq!(due, [expected], "{spoil}");
    }
}

#[tokio::test]
async fn a_row_given_to_another_agent_does_not_open() {
    let home = home();
    let store = furnished(home.path()).await;
    store
        .unlock_with_password(support::ZHOU, &password())
        .await
        .expect("unlocked");
    change(
        home.path(),
        "UPDATE drafts SET agent_id = (SELECT max(id) FROM agents), key_id = (SELECT max(id) FROM data_keys)",
    )
    .await;
    assert_eq!(store.drafts().await.expect("drafts"), []);
    assert!(matches!(
        store.check().await,
        Err(StoreError::Damaged { .. })
    ));
}

#[tokio::test]
async fn spoilt_keys_are_an_error_and_not_a_crash() {
    for (spoil, code) in [
        (
            "UPDATE data_keys SET memory_kib = 4000000000",
            Code::StoreDamaged,
        ),
        ("UPDATE data_keys SET memory_kib = -1", Code::StoreDamaged),
        ("UPDATE data_keys SET passes = 0", Code::StoreDamaged),
        ("UPDATE data_keys SET lanes = 0", Code::StoreDamaged),
        ("UPDATE data_keys SET salt = x''", Code::StoreDamaged),
        (
            "UPDATE data_keys SET by_password = x'01'",
            Code::WrongPassword,
        ),
    ] {
        let home = home();
        drop(furnished(home.path()).await);
        change(home.path(), spoil).await;
        let store = locked(home.path()).await;
        let error = store
            .unlock_with_password(LIN, &password())
            .await
            .expect_err(spoil);
        assert_eq!(error.code(), code, "{spoil}: {error}");
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_said() {
    let home = home();
    let in_the_way = home.path().join("file");
    fs::write(&in_the_way, "").expect("a file");
    let error = Store::open_with(&in_the_way.join("profile"), KeyRing::Absent)
        .await
        .expect_err("no folder");
    assert_eq!(error.code(), Code::StoreFull, "{error}");
}

#[tokio::test]
async fn debug_tells_lengths_and_no_words() {
    let home = home();
    let store = furnished(home.path()).await;
    let told = format!(
        "{:?} {:?} {:?} {store:?}",
        store.drafts().await,
        store.outbox().await,
        store.due(Wall(1000)).await
    );
    for private in ["secret", "body 2", "practice"] {
        assert!(!told.contains(private), "{told}");
    }
}
