//! What is said and what is not, with a log of all levels to look into.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{EnvFilter, Registry, filter::filter_fn, fmt};

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("whole").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Does something with the most talkative log there is, and gives what was logged.
fn logged(act: impl FnOnce()) -> String {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = Registry::default()
        .with(EnvFilter::new("trace"))
        .with(filter_fn(offhook_log::is_said))
        .with(
            fmt::layer()
                .with_ansi(false)
                .with_writer(move || writer.clone()),
        );
    tracing::subscriber::with_default(subscriber, act);
    let bytes = log.0.lock().expect("whole").clone();
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn a_library_is_not_made_to_print_what_it_carries() {
    let log = logged(|| {
        tracing::debug!(target: "hyper_util::client", body = "12800550142", "read");
        tracing::trace!(target: "sqlx::query", "INSERT 12800550142");
        tracing::warn!(target: "hyper", "too late");
        tracing::trace!(target: "offhook_phone::sync", "ours");
    });
    assert!(!log.contains("12800550142"), "{log}");
    assert!(log.contains("too late") && log.contains("ours"), "{log}");
}

/// An error that quotes what it is about, as many do.
fn parse(text: &str) -> Result<(), String> {
    match text.len() {
        4 => Ok(()),
        _ => Err(format!("{text} is none")),
    }
}

#[test]
fn a_panic_is_told_by_its_place_and_not_by_its_words() {
    let usual = std::panic::take_hook();
    offhook_log::tell_panics();
    let number = String::from("12800550142");
    let log = logged(|| {
        std::panic::catch_unwind(|| panic!("no such number: {number}")).expect_err("a panic");
        std::panic::catch_unwind(|| parse(&number).expect("a good number")).expect_err("a panic");
        std::panic::catch_unwind(|| panic!("the ring is broken")).expect_err("a panic");
    });
    std::panic::set_hook(usual);
    assert!(!log.contains(&number), "{log}");
    assert_eq!(log.matches("Panicked").count(), 3, "{log}");
    assert_eq!(
        log.matches("place=\"crates/log/tests/discretion.rs:")
            .count(),
        3,
        "{log}"
    );
    assert!(log.contains("the ring is broken"), "{log}");
}
