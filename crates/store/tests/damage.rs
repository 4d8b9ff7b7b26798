//! A damaged file: nothing that reads of it is lost, the file itself is never touched, and the agent goes on.

mod support;

use offhook_model::{Code, Wall};
use offhook_store::{DraftRow, Store, StoreError};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use support::{Drawer, LIN, card, draft, file, home, leg, locked, number, password};
use tempfile::TempDir;

const PAGE: usize = 4096;
const DRAFTS: u128 = 30;
const LEGS: u128 = 40;
const PATIENCE: Duration = Duration::from_secs(20);

/// A store of many pages, closed in good order, and its keyring.
async fn furnished() -> (TempDir, Drawer) {
    let (home, drawer) = (home(), Drawer::default());
    let store = open(home.path(), &drawer).await;
    store
        .unlock_with_password(LIN, &password())
        .await
        .expect("unlocked");
    write(&store).await;
    store.close().await;
    (home, drawer)
}

async fn write(store: &Store) {
    for draft in drafts() {
        store.save_draft(draft).await.expect("saved");
    }
    for n in 1..=LEGS {
        store.record_leg(&leg(n, 10)).await.expect("recorded");
    }
    store
        .keep_card(&card(1, "陈雨桐", &["12800550142"]))
        .await
        .expect("kept");
    store
        .set_setting("centre", "https://centre.example")
        .await
        .expect("kept");
}

fn drafts() -> Vec<DraftRow> {
    (1..=DRAFTS)
        .map(|n| draft(n, 1, &"底座渗水".repeat(100)))
        .collect()
}

async fn open(home: &Path, drawer: &Drawer) -> Store {
    Store::open_with(&home.join("profile"), drawer.ring())
        .await
        .expect("it opens, whatever is in it")
}

fn store_in(home: &Path) -> PathBuf {
    home.join("profile/store.sqlite")
}

/// What is there after something was done to the file, and how it was told.
struct Found {
    /// By their number; nothing where the keys do not read.
    drafts: Option<BTreeSet<u128>>,
    legs: usize,
    lost: Option<Vec<String>>,
    /// A row that does not read though its page does.
    named: bool,
}

/// Opens a spoilt copy, and sees that the file is kept to the byte and that there is work to be done with the new one.
async fn after(spoil: impl FnOnce(&mut Vec<u8>), whole: &[u8], drawer: &Drawer) -> Found {
    let home = home();
    fs::create_dir(home.path().join("profile")).expect("a folder");
    let mut spoilt = whole.to_vec();
    spoil(&mut spoilt);
    fs::write(store_in(home.path()), &spoilt).expect("written");

    let store = open(home.path(), drawer).await;
    let lost = store.mended().map(|mended| {
        assert!(
            fs::read(&mended.kept_as).expect("kept") == spoilt,
            "the file was touched"
        );
        assert_eq!(
            mended.kept_as,
            home.path().join("profile/store-damaged-1.sqlite")
        );
        mended.lost.clone()
    });
    let opened = store.unlock_with_keyring(PATIENCE).await.unwrap_or(false);
    let mut found = Found {
        drafts: None,
        legs: 0,
        lost,
        named: false,
    };
    if opened {
        let rows = store.drafts().await.expect("a list");
        let all = drafts();
        assert!(
            rows.iter().all(|row| all.contains(row)),
            "nothing is made up"
        );
        let numbers = rows.iter().map(|row| row.wrap_up.0.as_u128());
        found.drafts = Some(numbers.collect());
        found.legs = store.legs(Wall(0)).await.expect("a list").len();
    }
    if found.lost.is_none() && opened {
        found.named = store.check().await.is_err();
    }
    if found.lost.is_some() {
        // What was taken over is whole, and takes new rows.
        if opened {
            store.check().await.expect("whole");
        } else {
            store.start_afresh(LIN, &password()).await.expect("afresh");
        }
        store.save_draft(draft(99, 1, "new")).await.expect("saved");
        store.close().await;
        let store = open(home.path(), drawer).await;
        assert_eq!(store.mended(), None, "the new file is whole");
        assert!(store.unlock_with_keyring(PATIENCE).await.expect("asked"));
        let drafts = store.drafts().await.expect("a list");
        assert!(drafts.contains(&draft(99, 1, "new")));
    }
    found
}

#[tokio::test]
async fn a_whole_file_is_left_as_it_is() {
    let (home, drawer) = furnished().await;
    let whole = fs::read(store_in(home.path())).expect("a file");
    assert!(whole.len() > 20 * PAGE);
    let found = after(|_| {}, &whole, &drawer).await;
    assert_eq!(found.lost, None);
    assert_eq!(found.drafts.map(|drafts| drafts.len()), Some(30));
    assert_eq!(found.legs, 40);
}

#[tokio::test]
async fn of_a_file_that_was_cut_the_rest_goes_on() {
    let (home, drawer) = furnished().await;
    let whole = fs::read(store_in(home.path())).expect("a file");
    let mut partly = 0;
    for cut in [
        1,
        99,
        1000,
        PAGE,
        3 * PAGE + 17,
        whole.len() / 2,
        whole.len() - 3 * PAGE,
        whole.len() - PAGE,
        whole.len() - 1,
    ] {
        let found = after(|bytes| bytes.truncate(cut), &whole, &drawer).await;
        // The end of the last page is the end of a row: that one alone does not read then.
        assert!(found.lost.is_some() || found.named, "cut at {cut}");
        let drafts = found.drafts.map_or(0, |drafts| drafts.len());
        if cut >= whole.len() - PAGE {
            // The last page is one of a table's many.
            assert!(
                drafts + found.legs > 50,
                "cut at {cut}: {drafts}, {}",
                found.legs
            );
        }
        partly += usize::from(drafts + found.legs > 0 && drafts + found.legs < 70);
    }
    assert!(partly > 0, "some of the cuts went through the rows");
}

#[tokio::test]
async fn a_page_that_was_overwritten_takes_its_own_rows_alone_with_it() {
    let (home, drawer) = furnished().await;
    let whole = fs::read(store_in(home.path())).expect("a file");
    let (mut mended, mut unreadable) = (0, Vec::new());
    for page in 1..whole.len() / PAGE {
        let spoil = |bytes: &mut Vec<u8>| {
            for byte in &mut bytes[page * PAGE..page * PAGE + 64] {
                *byte = !*byte;
            }
        };
        let found = after(spoil, &whole, &drawer).await;
        mended += usize::from(found.lost.is_some());
        let Some(drafts) = found.drafts else {
            // Who was here, their keys, and what the tables are called: the rest waits in the file that was set aside.
            unreadable.push((page, found.lost));
            continue;
        };
        let all = (drafts.len(), found.legs);
        assert!(
            all.0 == 30 || all.1 == 40,
            "page {page}: {all:?}, {:?}",
            found.lost
        );
        let told = found.named || found.lost.is_some_and(|lost| !lost.is_empty());
        assert!(
            told || all == (30, 40),
            "page {page}: {all:?} and nothing is named"
        );
    }
    assert!(mended > 5, "{mended} pages were found damaged");
    assert!(unreadable.len() <= 5, "{unreadable:?} shut the whole store");
}

#[tokio::test]
async fn a_header_that_was_overwritten_is_no_end() {
    let (home, drawer) = furnished().await;
    let whole = fs::read(store_in(home.path())).expect("a file");
    // The magic, the page size, the format, the page count, the schema, the text encoding.
    for at in [0, 16, 18, 28, 40, 56, 105] {
        let found = after(|bytes| bytes[at] = !bytes[at], &whole, &drawer).await;
        assert!(
            found.lost.is_some() || found.drafts.is_some(),
            "byte {at}: neither told nor there"
        );
    }
    let none = after(|bytes| bytes.fill(0), &whole, &drawer).await;
    assert_eq!(none.lost, Some(vec!["everything".to_owned()]));
}

#[tokio::test]
async fn a_letter_in_the_place_of_the_store_is_kept_to_the_letter() {
    let letter = "a letter to the tax office".repeat(200);
    let found = after(|_| {}, letter.as_bytes(), &Drawer::default()).await;
    assert_eq!(found.lost, Some(vec!["everything".to_owned()]));
}

#[tokio::test]
async fn a_second_damaged_file_does_not_take_the_place_of_the_first() {
    let home = home();
    for n in 1..=3 {
        let letter = format!("letter {n}").repeat(600);
        fs::create_dir_all(home.path().join("profile")).expect("a folder");
        fs::write(store_in(home.path()), &letter).expect("written");
        let store = open(home.path(), &Drawer::default()).await;
        store.close().await;
        let kept = home
            .path()
            .join(format!("profile/store-damaged-{n}.sqlite"));
        assert_eq!(fs::read_to_string(kept).expect("kept"), letter);
    }
}

#[tokio::test]
async fn a_journal_that_was_spoilt_costs_what_was_written_last_at_most() {
    let (home, drawer) = (home(), Drawer::default());
    let store = open(home.path(), &drawer).await;
    store
        .unlock_with_password(LIN, &password())
        .await
        .expect("unlocked");
    store.save_draft(draft(1, 1, "a")).await.expect("saved");
    store.close().await;
    // As after a crash: what was written since stands in the journal alone.
    let store = open(home.path(), &drawer).await;
    assert!(store.unlock_with_keyring(PATIENCE).await.expect("asked"));
    store.save_draft(draft(2, 1, "b")).await.expect("saved");
    let (database, journal) = (
        store_in(home.path()),
        home.path().join("profile/store.sqlite-wal"),
    );
    let (database, journal) = (
        fs::read(database).expect("a file"),
        fs::read(journal).expect("a journal"),
    );
    assert!(journal.len() > 200);

    for at in [3, 30, 40, 100, journal.len() / 2, journal.len() - 1] {
        let crashed = support::home();
        fs::create_dir(crashed.path().join("profile")).expect("a folder");
        fs::write(store_in(crashed.path()), &database).expect("written");
        let mut spoilt = journal.clone();
        spoilt[at] = !spoilt[at];
        fs::write(crashed.path().join("profile/store.sqlite-wal"), spoilt).expect("written");
        let store = open(crashed.path(), &drawer).await;
        assert!(
            store.unlock_with_keyring(PATIENCE).await.expect("asked"),
            "byte {at}"
        );
        let drafts = store.drafts().await.expect("a list");
        assert!(drafts.contains(&draft(1, 1, "a")), "byte {at}");
        store.check().await.expect("whole");
        store.close().await;
    }
    store.close().await;
}

#[tokio::test]
async fn the_key_of_another_store_opens_nothing_and_loses_nothing() {
    let (one, other) = (home(), home());
    for home in [&one, &other] {
        let store = locked(home.path()).await;
        store
            .unlock_with_password(LIN, &password())
            .await
            .expect("unlocked");
        store.save_draft(draft(1, 1, "a")).await.expect("saved");
        store.close().await;
    }
    let mut connection = file(one.path()).await;
    sqlx::query("ATTACH $1 AS other")
        .bind(store_in(other.path()).to_string_lossy())
        .execute(&mut connection)
        .await
        .expect("attached");
    sqlx::query(
        "UPDATE data_keys SET (salt, by_password) = (SELECT salt, by_password FROM other.data_keys)",
    )
    .execute(&mut connection)
    .await
    .expect("changed");
    drop(connection);

    // The wrapping opens with the password, but what it holds is another key.
    let store = locked(one.path()).await;
    assert_eq!(store.mended(), None);
    store
        .unlock_with_password(LIN, &password())
        .await
        .expect("unlocked");
    assert_eq!(store.drafts().await.expect("a list"), []);
    let damage = store.check().await.expect_err("it does not read");
    assert!(matches!(damage, StoreError::Damaged { .. }));
    assert_eq!(damage.code(), Code::StoreDamaged);
    store.save_draft(draft(2, 1, "b")).await.expect("saved");
    assert_eq!(store.drafts().await.expect("a list"), [draft(2, 1, "b")]);
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM drafts")
        .fetch_one(&mut file(one.path()).await)
        .await
        .expect("counted");
    assert_eq!(rows, 2, "what does not read stays");
    let cards = store.cards_by_number(&number("12800550142")).await;
    assert_eq!(cards.expect("a list"), []);
}
