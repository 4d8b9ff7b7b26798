//! Stores that earlier programs wrote come along whole.
//!
//! `fixtures/schema-N` is a profile of `support/day.rs`, written by the program whose newest migration was N. A new schema
//! brings a new fixture: add what it can hold to `day.rs`, run `OFFHOOK_WRITE_FIXTURE=1 cargo test -p offhook-store --test
//! earlier` once before the schema is out, and commit the folder. A fixture is never written again.

mod support;

use blake2::{Blake2b512, Digest};
use offhook_store::{KeyRing, Store};
use std::{
    env, fs,
    path::{Path, PathBuf},
};
use support::{day, home};

/// Every migration that is out, with the beginning of its BLAKE2b. Editing one shuts the stores of everybody who ran it.
const OUT: &[(&str, &str)] = &[
    ("0001_first.sql", "44e5258e8b4207f7b5f712cc1eec247a"),
    ("0002_filed.sql", "b4aa99f1584e81793af170a613e56396"),
    ("0003_handouts.sql", "6e728cfa2b728f313c5c21a06eb13400"),
];

fn here(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

fn fixture(schema: usize) -> PathBuf {
    here("tests/fixtures").join(format!("schema-{schema}"))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    fs::copy(from.join("store.sqlite"), to.join("store.sqlite")).expect("copied");
}

/// Writes a day into a new profile, with the program of today.
async fn write(profile: &Path) {
    let store = Store::open_with(profile, KeyRing::Absent)
        .await
        .expect("new");
    day::write_first(&store).await;
    store.close().await;
    let store = day::open(profile).await;
    day::write_after_the_change(&store).await;
    day::write_second(&store).await;
    day::write_third(&store).await;
    store.close().await;
}

/// Finds a day in a profile, as much of it as that schema could hold.
async fn find(profile: &Path, schema: usize) {
    let store = day::open(profile).await;
    day::find_first(&store).await;
    if schema >= 2 {
        day::find_second(&store).await;
    }
    if schema >= 3 {
        day::find_third(&store).await;
    }
    day::find_the_rest(&store).await;
    store.close().await;
}

#[tokio::test]
async fn a_day_is_found_again_where_it_was_written() {
    let home = home();
    write(home.path()).await;
    if env::var_os("OFFHOOK_WRITE_FIXTURE").is_some() {
        let fixture = fixture(OUT.len());
        assert!(!fixture.exists(), "{} is out", fixture.display());
        copy(home.path(), &fixture);
    }
    find(home.path(), OUT.len()).await;
}

#[tokio::test]
async fn a_store_of_every_schema_comes_along_whole() {
    for schema in 1..=OUT.len() {
        let (home, other) = (home(), home());
        copy(&fixture(schema), home.path());
        find(home.path(), schema).await;

        let copies: Vec<_> = (1..=OUT.len())
            .map(|after| home.path().join(format!("store-before-{after}.sqlite")))
            .filter(|copy| copy.exists())
            .collect();
        if schema == OUT.len() {
            assert!(copies.is_empty(), "{copies:?}");
            continue;
        }
        // The copy of before is whole: put in its place, it comes along just as well.
        let before = home
            .path()
            .join(format!("store-before-{}.sqlite", schema + 1));
        assert_eq!(copies, [&*before]);
        fs::copy(&before, other.path().join("store.sqlite")).expect("copied");
        find(other.path(), schema).await;
    }
}

#[test]
fn a_migration_that_is_out_is_never_edited() {
    let mut files: Vec<String> = fs::read_dir(here("migrations"))
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| name.ends_with(".sql"))
        .collect();
    files.sort();
    let names: Vec<&str> = OUT.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        files, names,
        "a new migration has its line here, and its fixture"
    );
    for (name, hash) in OUT {
        let bytes = fs::read(here("migrations").join(name)).expect("a file");
        let found: String = Blake2b512::digest(&bytes)
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            found, *hash,
            "{name} was edited: write a new migration instead"
        );
    }
}
