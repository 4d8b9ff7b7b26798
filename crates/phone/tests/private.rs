//! Nothing private is written to the logs, however much is asked of them.

// Each test program uses its own part of the tests' centre.
mod support;

use std::io;
use std::sync::{Arc, Mutex};

use offhook_desk::{Command, LinkView, SavedState, SessionView};
use offhook_model::{
    BareAccount, Code, FieldId, FieldValue, PhoneNumber, Secret, SipTransport, WrapUpId,
    api::CustomerBody,
};
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
    file(&mut desk, offered.wrap_up).await;
    desk.send(Command::Submit {
        wrap_up: offered.wrap_up,
    })
    .await;
    desk.until("synced", |view| {
        let form = view.wrap_ups.first();
        form.is_some_and(|form| matches!(form.saved, SavedState::Synced { .. }))
    })
    .await;
    desk.send(Command::SignOut).await;
    desk.until("signed out", |view| {
        matches!(view.session, SessionView::SignedOut { .. })
    })
    .await;
    without_a_centre(&mut desk, &mut registrar).await;
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

/// A new customer and a ticket.
async fn file(desk: &mut Desk, wrap_up: WrapUpId) {
    desk.send(Command::SaveCustomer {
        wrap_up,
        edited: None,
        body: CustomerBody {
            name: "CUSTOMER-9271".into(),
            numbers: PhoneNumber::parse("12800559271").into_iter().collect(),
            tags: vec!["TAG-9271".into()],
            fields: Vec::new(),
        },
    })
    .await;
    desk.send(Command::CreateTicket {
        wrap_up,
        ticket: None,
        title: "TITLE-9271".into(),
        text: "TEXT-9271".into(),
        due_at: None,
    })
    .await;
    desk.until("both are filed", |view| {
        let filed = view.wrap_ups.first().map(|form| form.filed.as_slice());
        filed.is_some_and(|filed| {
            filed.len() == 2
                && filed.iter().all(|entry| {
                    matches!(
                        entry.saved,
                        SavedState::Synced { .. } | SavedState::Kept { .. }
                    )
                })
        })
    })
    .await;
}

/// The same on a bare account, which is refused once as it is written.
async fn without_a_centre(desk: &mut Desk, registrar: &mut Registrar) {
    let account = |aor: &str| BareAccount {
        aor: aor.into(),
        auth_user: Some("USER-9271".into()),
        password: Secret::new("PASSWORD-9271"),
        registrar: Some(registrar.address.to_string()),
        transport: SipTransport::Udp,
        display_name: Some("DISPLAY-9271".into()),
    };
    let (wrong, right) = (account("9271"), account("9271@pbx.test"));
    desk.send(Command::UseAccount { account: wrong }).await;
    desk.until("refused", |view| {
        view.session
            == SessionView::SignedOut {
                error: Some(Code::AccountInvalid),
            }
    })
    .await;
    desk.send(Command::UseAccount { account: right }).await;
    desk.until("registered", |view| view.links.sip == LinkView::Up)
        .await;
    desk.check_in().await;
    registrar
        .call(Caller {
            number: "12800559271".into(),
            name: "NAME-9271".into(),
            headers: Vec::new(),
        })
        .await;
    let offered = desk.until_offered().await;
    desk.send(Command::Answer { leg: offered.leg }).await;
    desk.until_live().await;
    desk.send(Command::HangUp { leg: offered.leg }).await;
    file(desk, offered.wrap_up).await;
    let asked = Query::Customers {
        number: PhoneNumber::parse("12800559271").expect("a number"),
    };
    desk.phone.query(asked).await.expect("an answer");
}
