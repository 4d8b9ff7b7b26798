//! The keyring of a Linux desktop, unlocked and locked: gnome-keyring on a session bus of its own.
#![cfg(target_os = "linux")]

mod support;

use offhook_model::Code;
use offhook_store::{KeyringState, Store};
use std::{
    env,
    process::Command,
    time::{Duration, Instant},
};
use support::{LIN, draft, home, password};

const INSIDE: &str = "OFFHOOK_TEST_INSIDE_SESSION";

/// Starts the keyring with the arguments of `$KEYRING`, waits until it has its name on the bus, and runs the test again.
const SESSION: &str = r#"
printf %s "$SECRET" | gnome-keyring-daemon --foreground --components=secrets $KEYRING >/dev/null 2>&1 &
keyring=$!
tries=0
until dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
    org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets | grep -q true
do
    tries=$((tries + 1))
    [ $tries -lt 400 ] || { echo "the keyring does not start" >&2; exit 1; }
    sleep 0.05
done
"$0" --exact "$TEST"
code=$?
kill $keyring
exit $code
"#;

#[test]
fn an_unlocked_keyring_opens_the_next_start() {
    if run_inside("an_unlocked_keyring_opens_the_next_start", "--unlock") {
        block_on(async {
            let home = home();
            let store = Store::open(home.path()).await.expect("a store");
            let state = store.unlock_with_password(LIN, &password()).await;
            assert_eq!(state.expect("unlocked"), KeyringState::Kept);
            store.save_draft(draft(1, 1, "a")).await.expect("saved");
            drop(store);

            let store = Store::open(home.path()).await.expect("a store");
            let opened = store.unlock_with_keyring(Duration::from_secs(20)).await;
            assert!(opened.expect("asked"));
            assert_eq!(store.drafts().await.expect("drafts"), [draft(1, 1, "a")]);
        });
    }
}

#[test]
fn a_locked_keyring_costs_a_question_at_start() {
    if run_inside("a_locked_keyring_costs_a_question_at_start", "") {
        block_on(async {
            let home = home();
            let store = Store::open(home.path()).await.expect("a store");
            let begun = Instant::now();
            let state = store.unlock_with_password(LIN, &password()).await;
            assert!(
                matches!(state, Ok(KeyringState::Unavailable(_))),
                "{state:?}"
            );
            store.save_draft(draft(1, 1, "a")).await.expect("saved");
            drop(store);

            let store = Store::open(home.path()).await.expect("a store");
            match store.unlock_with_keyring(Duration::from_millis(500)).await {
                Ok(opened) => assert!(!opened),
                Err(error) => assert_eq!(error.code(), Code::KeyringUnavailable),
            }
            assert!(begun.elapsed() < Duration::from_secs(20));
            store
                .unlock_with_password(LIN, &password())
                .await
                .expect("unlocked");
            assert_eq!(store.drafts().await.expect("drafts"), [draft(1, 1, "a")]);
        });
    }
}

fn block_on(story: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(story);
}

/// Runs the test again in a session of its own. True there; outside, false after it has passed there.
fn run_inside(test: &str, keyring: &str) -> bool {
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let home = home();
    let ran = Command::new("dbus-run-session")
        .args(["--", "sh", "-c", SESSION])
        .arg(env::current_exe().expect("this test"))
        .envs([
            ("TEST", test),
            ("KEYRING", keyring),
            ("SECRET", "login"),
            (INSIDE, "1"),
        ])
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", home.path().join("data"))
        .env("XDG_RUNTIME_DIR", home.path())
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .expect("dbus and gnome-keyring are installed: `cargo dev setup` sees to it");
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success() && told.contains("1 passed"),
        "{told}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    false
}
