//! The keyring of a Linux desktop: gnome-keyring on a session bus of its own, unlocked, locked, stopped and absent.
#![cfg(target_os = "linux")]

mod support;

use offhook_model::{Code, Secret};
use offhook_store::{KeyringState, Store, StoreError};
use std::{
    env, fs,
    io::Write,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use support::{LIN, draft, home, password};

const INSIDE: &str = "OFFHOOK_TEST_INSIDE_SESSION";
const PATIENCE: Duration = Duration::from_secs(20);

/// A session bus that starts nothing by itself.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// gnome-keyring on the bus of this session. It ends with the test.
struct Keyring(Child);

impl Keyring {
    /// Starts it and waits until it has its name on the bus.
    fn start(unlock: bool) -> Self {
        let mut daemon = Command::new("gnome-keyring-daemon");
        daemon.args(["--foreground", "--components=secrets"]);
        if unlock {
            daemon.arg("--unlock");
        }
        let keyring = Self(with_login(&mut daemon));
        let begun = Instant::now();
        while !has_its_name() {
            assert!(begun.elapsed() < PATIENCE, "the keyring does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        keyring
    }

    /// Stops it where it stands, so that it answers nothing, or lets it go on.
    fn signal(&self, signal: &str) {
        let id = self.0.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.expect("kill runs").success());
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn with_login(command: &mut Command) -> Child {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("gnome-keyring is installed: `cargo dev setup` sees to it");
    let mut stdin = child.stdin.take().expect("piped");
    // Err: it is not asked for, so that it is not read.
    stdin.write_all(b"login").ok();
    child
}

fn has_its_name() -> bool {
    let asked = Command::new("dbus-send")
        .args([
            "--session",
            "--print-reply",
            "--dest=org.freedesktop.DBus",
            "/",
        ])
        .args([
            "org.freedesktop.DBus.NameHasOwner",
            "string:org.freedesktop.secrets",
        ])
        .output()
        .expect("dbus is installed: `cargo dev setup` sees to it");
    String::from_utf8_lossy(&asked.stdout).contains("true")
}

/// The password opens everything, whatever the keyring does, and nobody waits for it longer than its time-out.
async fn works_with_the_password_alone(home: &Path) {
    let begun = Instant::now();
    let store = Store::open(home).await.expect("a store");
    match store.unlock_with_keyring(Duration::from_millis(500)).await {
        Ok(opened) => assert!(!opened),
        Err(error) => assert_eq!(error.code(), Code::KeyringUnavailable),
    }
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
    // On one thread: whatever blocked here would have kept us from coming so far.
    store.save_draft(draft(1, 1, "a")).await.expect("saved");
    let state = signing_in.await.expect("no panic");
    assert!(
        matches!(state, Ok(KeyringState::Unavailable(_))),
        "{state:?}"
    );
    assert!(begun.elapsed() < PATIENCE);
    assert_eq!(store.drafts().await.expect("drafts"), [draft(1, 1, "a")]);
    store.close().await;
}

/// The keyring has the key again after a sign-in, and opens the next start with all that is in it.
async fn is_kept_again(home: &Path) {
    let store = Store::open(home).await.expect("a store");
    let state = store.unlock_with_password(LIN, &password()).await;
    assert_eq!(state.expect("unlocked"), KeyringState::Kept);
    store.close().await;
    let store = Store::open(home).await.expect("a store");
    assert!(store.unlock_with_keyring(PATIENCE).await.expect("asked"));
    assert_eq!(store.drafts().await.expect("drafts"), [draft(1, 1, "a")]);
    store.close().await;
}

#[test]
fn an_unlocked_keyring_opens_the_next_start_also_after_a_change_of_the_password() {
    if run_inside("an_unlocked_keyring_opens_the_next_start_also_after_a_change_of_the_password") {
        block_on(async {
            let home = home();
            let _keyring = Keyring::start(true);
            let store = Store::open(home.path()).await.expect("a store");
            let state = store.unlock_with_password(LIN, &password()).await;
            assert_eq!(state.expect("unlocked"), KeyringState::Kept);
            store.save_draft(draft(1, 1, "a")).await.expect("saved");
            store.close().await;

            let store = Store::open(home.path()).await.expect("a store");
            assert!(store.unlock_with_keyring(PATIENCE).await.expect("asked"));
            assert_eq!(store.drafts().await.expect("drafts"), [draft(1, 1, "a")]);
            store.close().await;

            // It was changed at the centre: the keyring opens, and the new one is taken on.
            let changed = Secret::new("spring-2027");
            let store = Store::open(home.path()).await.expect("a store");
            let state = store.unlock_with_password(LIN, &changed).await;
            assert_eq!(state.expect("unlocked"), KeyringState::Kept);
            assert_eq!(store.drafts().await.expect("drafts"), [draft(1, 1, "a")]);
            store.close().await;
            let store = Store::open_with(home.path(), offhook_store::KeyRing::Absent)
                .await
                .expect("a store");
            let old = store.unlock_with_password(LIN, &password()).await;
            assert!(matches!(old, Err(StoreError::WrongPassword)), "{old:?}");
            store
                .unlock_with_password(LIN, &changed)
                .await
                .expect("unlocked");
            store.close().await;
        });
    }
}

#[test]
fn a_locked_keyring_costs_a_question_and_is_of_use_again_once_it_is_unlocked() {
    if run_inside("a_locked_keyring_costs_a_question_and_is_of_use_again_once_it_is_unlocked") {
        block_on(async {
            let home = home();
            // It knows the key from yesterday.
            let yesterday = Keyring::start(true);
            let store = Store::open(home.path()).await.expect("a store");
            store
                .unlock_with_password(LIN, &password())
                .await
                .expect("unlocked");
            store.close().await;
            drop(yesterday);
            while has_its_name() {
                std::thread::sleep(Duration::from_millis(20));
            }
            let locked = Keyring::start(false);
            works_with_the_password_alone(home.path()).await;
            // The person logs in to it: without a screen that takes a new daemon.
            drop(locked);
            while has_its_name() {
                std::thread::sleep(Duration::from_millis(20));
            }
            let _unlocked = Keyring::start(true);
            is_kept_again(home.path()).await;
        });
    }
}

#[test]
fn a_keyring_that_does_not_answer_holds_nobody_up() {
    if run_inside("a_keyring_that_does_not_answer_holds_nobody_up") {
        block_on(async {
            let home = home();
            let keyring = Keyring::start(true);
            keyring.signal("-STOP");
            works_with_the_password_alone(home.path()).await;
            keyring.signal("-CONT");
            is_kept_again(home.path()).await;
        });
    }
}

#[test]
fn a_bus_without_a_keyring_is_no_obstacle() {
    if run_inside("a_bus_without_a_keyring_is_no_obstacle") {
        block_on(async {
            let home = home();
            works_with_the_password_alone(home.path()).await;
            let _keyring = Keyring::start(true);
            is_kept_again(home.path()).await;
        });
    }
}

#[test]
fn no_bus_at_all_is_no_obstacle() {
    if run(
        env::current_exe().map(Command::new),
        "no_bus_at_all_is_no_obstacle",
    ) {
        block_on(async {
            assert_eq!(env::var_os("DBUS_SESSION_BUS_ADDRESS"), None);
            works_with_the_password_alone(home().path()).await;
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

/// Runs the test again on a session bus of its own. True there; outside, false after it has passed there.
fn run_inside(test: &str) -> bool {
    let folder = home();
    let config = folder.path().join("bus.conf");
    fs::write(&config, BUS).expect("written");
    let this = env::current_exe().map(|this| {
        let mut bus = Command::new("dbus-run-session");
        bus.arg("--config-file").arg(&config).arg("--").arg(this);
        bus
    });
    run(this, test)
}

/// Runs the test again in a place of its own, where nothing of the person's session is.
fn run(this: std::io::Result<Command>, test: &str) -> bool {
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let home = home();
    let ran = this
        .expect("this test")
        .args(["--exact", test])
        .env(INSIDE, "1")
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", home.path().join("data"))
        .env("XDG_RUNTIME_DIR", home.path())
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
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
