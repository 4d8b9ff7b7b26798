//! Nothing private is written to the logs, however much is asked of them.

// Each test program uses its own part of the tests' centre.
mod support;

use std::io;
use std::sync::{Arc, Mutex};

use offhook_desk::{Command, SavedState};
use offhook_model::{FieldId, FieldValue};
use offhook_phone::Query;
use support::{Api, Caller, Desk, Registrar};
use tracing_subscriber::fmt::MakeWriter;

/// Where the logs of this test go.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .expect("not poisoned")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Page {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_whole_call_leaves_nothing_private_in_the_logs() {
    let page = Page::default();
    tracing_subscriber::fmt()
        .with_env_filter("off,offhook_phone=trace,offhook_desk=trace,offhook_sip=trace,offhook_audio=trace,offhook_cloud=trace,offhook_store=trace")
        .with_writer(page.clone())
        .init();
    let home = tempfile::tempdir().expect("a folder");
    let mut registrar = Registrar::start().await;
    let api = Api::start(registrar.address).await;
    let mut desk = Desk::open(home.path()).await;
    desk.sign_in_with(&api, "PASSWORD-9271").await;
    desk.check_in().await;
    registrar
        .call(Caller {
            number: "12800559271".into(),
            name: "NAME-9271".into(),
            headers: Vec::new(),
        })
        .await;
    let offered = desk.until_offered().await;
    let asked = desk.phone.query(Query::Card { call: offered.call });
    asked.await.expect("an answer");
    desk.send(Command::Answer { leg: offered.leg }).await;
    desk.until_live().await;
    desk.send(Command::EditDraft {
        wrap_up: offered.wrap_up,
        field: FieldId::from("summary"),
        value: FieldValue::Text("SUMMARY-9271".into()),
    })
    .await;
    desk.send(Command::HangUp { leg: offered.leg }).await;
    desk.send(Command::Submit {
        wrap_up: offered.wrap_up,
    })
    .await;
    desk.until("synced", |view| {
        let form = view.wrap_ups.first();
        form.is_some_and(|form| matches!(form.saved, SavedState::Synced { .. }))
    })
    .await;
    desk.phone.shut_down().await;
    let logs = page.0.lock().expect("not poisoned").clone();
    let logs = String::from_utf8_lossy(&logs);
    assert!(logs.contains("Answered"), "the logs are read: {logs}");
    for line in logs.lines() {
        for private in ["9271", "TOKEN-", "SIP-PASSWORD"] {
            assert!(!line.contains(private), "{line}");
        }
    }
}
