//! A bare account: the phone on a registrar, without a centre.

// Each test program uses its own part of the tests' centre.
mod support;

use std::net::SocketAddr;
use std::time::Duration;

use offhook_desk::{Command, Filed, LinkView, SavedState, SessionView, View};
use offhook_model::{
    Activity, BareAccount, CallerMatch, Code, FieldId, FieldValue, LegOutcome, PhoneNumber,
    Presence, PresenceReason, Secret, SipTransport, WrapUpId, api::CustomerBody,
};
use offhook_phone::{Answer, Query};
use offhook_sip::Status;
use support::{Caller, Desk, PATIENCE, Registrar};

const NUMBER: &str = "12800550142";

fn account(registrar: SocketAddr) -> BareAccount {
    BareAccount {
        aor: "1001@pbx.test".into(),
        auth_user: None,
        password: Secret::new("SIP-PASSWORD"),
        registrar: Some(registrar.to_string()),
        transport: SipTransport::Udp,
        display_name: Some("林晓峰".into()),
    }
}

/// Somebody works with the account and is Ready.
async fn ready(home: &tempfile::TempDir, registrar: &Registrar) -> Desk {
    let mut desk = Desk::open(home.path()).await;
    use_account(&mut desk, account(registrar.address)).await;
    desk.check_in().await;
    desk
}

async fn use_account(desk: &mut Desk, account: BareAccount) {
    desk.send(Command::UseAccount { account }).await;
    desk.until("registered", |view| {
        matches!(view.session, SessionView::SignedIn { local: true, .. })
            && view.links.sip == LinkView::Up
            && view.presence.as_ref().is_some_and(|p| !p.unconfirmed)
    })
    .await;
}

/// A call that was looked up, taken and ended by the customer; its form.
async fn talked(desk: &mut Desk, registrar: &mut Registrar) -> WrapUpId {
    let call = registrar
        .call(Caller {
            number: NUMBER.into(),
            name: String::new(),
            headers: Vec::new(),
        })
        .await;
    let offered = desk.until_offered().await;
    desk.send(Command::Answer { leg: offered.leg }).await;
    desk.until_live().await;
    registrar.hang_up(call, None).await;
    desk.until("wrap-up, and looked up", |view| {
        view.activity == Activity::WrapUp && view.wrap_ups[0].caller != CallerMatch::Looking
    })
    .await;
    offered.wrap_up
}

fn saved(view: &View, wrap_up: WrapUpId) -> Option<SavedState> {
    let form = view.wrap_ups.iter().find(|form| form.id == wrap_up)?;
    Some(form.saved)
}

fn kept(view: &View, is: impl Fn(Filed) -> bool) -> bool {
    view.wrap_ups[0]
        .filed
        .iter()
        .any(|entry| is(entry.what) && matches!(entry.saved, SavedState::Kept { .. }))
}

#[tokio::test]
async fn a_day_without_a_centre_is_kept_on_this_computer() {
    let home = tempfile::tempdir().expect("a folder");
    let mut registrar = Registrar::start().await;
    let mut desk = ready(&home, &registrar).await;
    let view = desk.phone.view();
    assert_eq!(view.links.api, LinkView::Off);
    let SessionView::SignedIn { agent, .. } = &view.session else {
        panic!("nobody works here");
    };
    assert_eq!((&*agent.name, &*agent.extension), ("林晓峰", "1001"));
    let confirmed = view.presence.expect("a presence").confirmed;
    assert_eq!(
        (confirmed.reason, confirmed.revision),
        (PresenceReason::ByHand, 2)
    );

    let wrap_up = talked(&mut desk, &mut registrar).await;
    assert_eq!(desk.phone.view().wrap_ups[0].caller, CallerMatch::Unknown);
    desk.write(wrap_up, "换了滤芯").await;
    desk.send(Command::SubmitAndStartAnswering {
        wrap_up,
        presence: Presence::Break,
    })
    .await;
    desk.until("kept, and on Break", |view| {
        matches!(saved(view, wrap_up), Some(SavedState::Kept { .. }))
            && view.activity == Activity::Free
            && view
                .presence
                .as_ref()
                .expect("signed in")
                .confirmed
                .presence
                == Presence::Break
    })
    .await;
    // Who it was is known only now, and the form belongs to their history all the same.
    desk.send(Command::SaveCustomer {
        wrap_up,
        edited: None,
        body: CustomerBody {
            name: "王秀兰".into(),
            numbers: vec![PhoneNumber::parse(NUMBER).expect("a number")],
            tags: vec!["会员".into()],
            fields: Vec::new(),
        },
    })
    .await;
    desk.until("the customer is kept", |view| {
        kept(view, |what| matches!(what, Filed::Customer { .. }))
    })
    .await;
    desk.send(Command::CreateTicket {
        wrap_up,
        ticket: None,
        title: "上门维修".into(),
        text: "周五上午".into(),
        due_at: None,
    })
    .await;
    desk.until("the ticket is kept", |view| {
        kept(view, |what| matches!(what, Filed::Ticket { .. }))
    })
    .await;
    desk.phone.shut_down().await;

    let mut desk = ready(&home, &registrar).await;
    let Ok(Answer::Calls { rows }) = desk.phone.query(Query::Calls).await else {
        panic!("no call list");
    };
    assert_eq!(rows[0].record.outcome, Some(LegOutcome::Connected));
    let next = talked(&mut desk, &mut registrar).await;
    let view = desk.phone.view();
    let form = &view.wrap_ups[0];
    assert_eq!(form.id, next);
    assert!(
        matches!(&form.caller, CallerMatch::Known { customer, stale: false } if customer.name == "王秀兰"),
        "{:?}",
        form.caller
    );
    let Ok(Answer::Card { cards, stale, .. }) =
        desk.phone.query(Query::Card { call: form.call }).await
    else {
        panic!("no card");
    };
    assert!(!stale, "this computer is the authority");
    let [card] = cards.as_slice() else {
        panic!("not one card: {cards:?}");
    };
    assert_eq!(
        (card.customer.version, &*card.customer.tags[0]),
        (1, "会员")
    );
    let [past] = card.calls.as_slice() else {
        panic!("{} past calls", card.calls.len());
    };
    assert_eq!(
        (past.agent.as_deref(), past.outcome, &*past.summary),
        (Some("林晓峰"), LegOutcome::Connected, "换了滤芯")
    );
    assert_eq!(
        (&*card.tickets[0].reference, &*card.tickets[0].title),
        ("L-1", "上门维修")
    );
    let Ok(Answer::Draft { draft: Some(form) }) = desk.phone.query(Query::Draft { wrap_up }).await
    else {
        panic!("the kept form cannot be read");
    };
    assert_eq!(
        form.values.get(&FieldId::from("summary")),
        Some(&FieldValue::Text("换了滤芯".into()))
    );
    // A profile is changed; its history stays.
    let id = card.customer.id;
    desk.send(Command::SaveCustomer {
        wrap_up: next,
        edited: Some((id, 1)),
        body: CustomerBody {
            name: "王秀兰女士".into(),
            numbers: card.customer.numbers.clone(),
            tags: Vec::new(),
            fields: Vec::new(),
        },
    })
    .await;
    desk.until("kept", |view| {
        kept(view, |what| what == Filed::Customer { id })
    })
    .await;
    let asked = Query::Customers {
        number: PhoneNumber::parse(NUMBER).expect("a number"),
    };
    let Ok(Answer::Customers { cards, .. }) = desk.phone.query(asked).await else {
        panic!("no customers");
    };
    assert_eq!((cards[0].customer.version, cards[0].calls.len()), (2, 1));
    desk.phone.shut_down().await;
}

#[tokio::test]
async fn the_account_is_remembered_without_its_password() {
    let home = tempfile::tempdir().expect("a folder");
    let registrar = Registrar::start().await;
    let desk = ready(&home, &registrar).await;
    desk.phone.shut_down().await;
    let desk = Desk::open(home.path()).await;
    let Ok(Answer::Settings { settings }) = desk.phone.query(Query::Settings).await else {
        panic!("no settings");
    };
    let remembered = settings.account.expect("an account");
    assert!(remembered.password.is_empty());
    assert_eq!(remembered.aor, "1001@pbx.test");
    let store = std::fs::read(home.path().join("store.sqlite")).expect("a store");
    let secret = b"SIP-PASSWORD";
    assert!(!store.windows(secret.len()).any(|part| part == secret));
    desk.phone.shut_down().await;
}

#[tokio::test]
async fn whoever_goes_away_while_the_data_opens_leaves_it_shut() {
    let home = tempfile::tempdir().expect("a folder");
    let registrar = Registrar::start().await;
    let mut desk = Desk::open(home.path()).await;
    desk.send(Command::UseAccount {
        account: account(registrar.address),
    })
    .await;
    desk.send(Command::SignOut).await;
    desk.until("signed out", |view| {
        view.session == SessionView::SignedOut { error: None }
    })
    .await;
    let opened_and_shut = async {
        let opened = async || match desk.phone.query(Query::Settings).await {
            Ok(Answer::Settings { settings }) => settings.account.is_some(),
            other => panic!("no settings: {other:?}"),
        };
        while !opened().await || desk.phone.query(Query::Calls).await != Err(Code::NotNow) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, opened_and_shut)
        .await
        .expect("the call list is nobody's");
}

#[tokio::test]
async fn what_is_wrong_is_told_by_its_cause_and_the_next_good_try_works() {
    let home = tempfile::tempdir().expect("a folder");
    let registrar = Registrar::start().await;
    let strict = Registrar::refusing(Status::FORBIDDEN).await;
    let mut desk = Desk::open(home.path()).await;
    let mut malformed = account(registrar.address);
    malformed.aor = "1001".into();
    desk.send(Command::UseAccount { account: malformed }).await;
    desk.until("refused at once", |view| {
        view.session
            == SessionView::SignedOut {
                error: Some(Code::AccountInvalid),
            }
    })
    .await;

    let free = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let nobody = free.local_addr().expect("an address");
    drop(free);
    let mut unknown = account(nobody);
    unknown.registrar = Some("nobody.invalid".into());
    // First, so that this computer's data are begun with it: nothing was kept under it, and that is no damage.
    let mut slip = account(strict.address);
    slip.password = Secret::new("SLIP-PASSWORD");
    for (wrong, code) in [
        (slip, Code::WrongPassword),
        (account(nobody), Code::ConnectionRefused),
        (unknown, Code::UnknownHost),
    ] {
        let wrong = BareAccount {
            password: Secret::new("mistyped"),
            ..wrong
        };
        desk.send(Command::UseAccount { account: wrong }).await;
        desk.until("the cause", |view| {
            view.links.sip == LinkView::Connecting { error: Some(code) }
        })
        .await;
        desk.send(Command::SignOut).await;
        desk.until("signed out", |view| {
            view.session == SessionView::SignedOut { error: None }
        })
        .await;
    }
    use_account(&mut desk, account(registrar.address)).await;
    desk.check_in().await;
    desk.send(Command::CheckOut).await;
    let view = desk
        .until("checked out", |view| {
            let presence = view.presence.as_ref().expect("signed in");
            presence.confirmed.presence == Presence::CheckedOut && presence.confirmed.revision > 1
        })
        .await;
    assert!(view.notices.is_empty(), "{:?}", view.notices);
    tokio::time::timeout(Duration::from_secs(20), desk.phone.shut_down())
        .await
        .expect("nobody is waited for");
}
