//! The desk without its centre, against a small centre of the tests' own (ACCEPTANCE 39, 99, B1).

mod support;

use offhook_desk::{Again, Command, DeskAction, LinkView, SavedState, SessionView, View};
use offhook_model::{
    CallId, CallerMatch, Code, CustomerId, FieldId, FieldValue, PhoneNumber, Secret,
    api::CustomerBody,
};
use offhook_phone::{Answer, Query};
use support::{Desk, NUMBER, World, card, eventually, ready};

fn again(view: &View) -> Option<Again> {
    match &view.session {
        SessionView::Offline { again, .. } => Some(*again),
        SessionView::SignedOut { .. } | SessionView::SigningIn | SessionView::SignedIn { .. } => {
            None
        }
    }
}

/// Opens the same profile anew while the centre is away.
async fn reopened(world: &World, password: &str) -> Desk {
    let desk = Desk::open(world.home.path()).await;
    desk.send(Command::SignIn {
        centre: world.api.base(),
        username: "lin".into(),
        password: Secret::new(password),
    })
    .await;
    desk
}

async fn until_offline(desk: &mut Desk) -> View {
    desk.until("offline", |view| again(view).is_some()).await
}

async fn shown(desk: &Desk, call: CallId) -> (Vec<(String, u64)>, bool) {
    match desk.phone.query(Query::Card { call }).await {
        Ok(Answer::Card { cards, stale, .. }) => {
            let name =
                |card: offhook_model::CustomerCard| (card.customer.name, card.customer.version);
            (cards.into_iter().map(name).collect(), stale)
        }
        other => panic!("no card: {other:?}"),
    }
}

fn profile(name: &str) -> CustomerBody {
    CustomerBody {
        name: name.into(),
        numbers: PhoneNumber::parse(NUMBER).into_iter().collect(),
        tags: Vec::new(),
        fields: Vec::new(),
    }
}

#[tokio::test]
async fn the_desk_opens_without_the_centre_and_what_is_written_there_arrives_when_it_is_back() {
    let mut world = ready().await;
    let wrap_up = world.talked(1).await;
    world.write(wrap_up, "typed at work").await;
    world
        .desk
        .until("saved, and known", |view| {
            matches!(view.wrap_ups[0].saved, SavedState::Saved { .. })
                && matches!(view.wrap_ups[0].caller, CallerMatch::Known { .. })
        })
        .await;
    world.desk.phone.clone().shut_down().await;
    world.api.is_away(true);

    let mut desk = reopened(&world, "practice").await;
    let view = until_offline(&mut desk).await;
    assert_eq!(again(&view), Some(Again::ByItself));
    assert!(view.cannot_dial.is_some() && view.presence.is_none());
    // Call list, form, draft and the customer's copy are there.
    let Ok(Answer::Calls { rows }) = desk.phone.query(Query::Calls).await else {
        panic!("no call list");
    };
    assert_eq!(rows.len(), 1);
    let Ok(Answer::Form { form: Some(_) }) = desk.phone.query(Query::Form).await else {
        panic!("no form");
    };
    let view = desk
        .until("the draft", |view| !view.wrap_ups.is_empty())
        .await;
    let call = view.wrap_ups[0].call;
    assert_eq!(
        shown(&desk, call).await,
        (vec![("陈雨桐".to_owned(), 1)], true),
        "a copy"
    );

    // Profile, ticket and form: all wait, in this order.
    let id = card().customer.id;
    for (version, name) in [(1, "陈大文"), (2, "陈大文先生")] {
        desk.send(Command::SaveCustomer {
            wrap_up,
            edited: Some((id, version)),
            body: profile(name),
        })
        .await;
    }
    desk.send(Command::CreateTicket {
        wrap_up,
        ticket: None,
        title: "上门".into(),
        text: String::new(),
        due_at: None,
    })
    .await;
    desk.write(wrap_up, "finished on the train").await;
    desk.send(Command::Submit { wrap_up }).await;
    desk.until("all of it waits", |view| {
        let form = &view.wrap_ups[0];
        let waits = |saved| matches!(saved, SavedState::Waiting { .. });
        waits(form.saved)
            && form.filed.len() == 2
            && form.filed.iter().all(|item| waits(item.saved))
    })
    .await;
    assert_eq!(
        shown(&desk, call).await,
        (vec![("陈大文先生".to_owned(), 3)], true)
    );
    assert!(world.api.filed.borrow().is_empty());

    world.api.is_away(false);
    desk.until("signed in by itself", |view| {
        matches!(view.session, SessionView::SignedIn { .. }) && view.links.sip == LinkView::Up
    })
    .await;
    let filed = eventually("all four", &world.api.filed, |all| all.len() >= 4).await;
    let order: Vec<_> = filed
        .iter()
        .map(|one| {
            (
                one.path.split('/').nth(2).unwrap_or_default(),
                one.version.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        order,
        [
            ("customers", Some("\"1\"")),
            ("customers", Some("\"2\"")),
            ("tickets", None),
            ("wrap-ups", None)
        ]
    );
    assert_eq!(filed[3].body["values"]["summary"], "finished on the train");
    desk.until("all of it there", |view| {
        let form = &view.wrap_ups[0];
        let there = |saved| matches!(saved, SavedState::Synced { .. });
        there(form.saved) && form.filed.iter().all(|item| there(item.saved))
    })
    .await;
    assert!(desk.phone.view().can.contains(&DeskAction::CheckIn));
    desk.phone.shut_down().await;
}

#[tokio::test]
async fn a_wrong_password_opens_nothing_and_neither_does_a_stranger() {
    let world = ready().await;
    world.desk.phone.clone().shut_down().await;
    world.api.is_away(true);
    let mut desk = reopened(&world, "guess").await;
    let error = Some(Code::WrongPassword);
    desk.until("told", |view| {
        view.session == SessionView::SignedOut { error }
    })
    .await;
    assert_eq!(desk.phone.query(Query::Calls).await, Err(Code::NotNow));
    // Somebody who has never worked here, and the keyring, which is absent.
    desk.send(Command::SignIn {
        centre: world.api.base(),
        username: "zhou".into(),
        password: Secret::new("practice"),
    })
    .await;
    desk.until("the network's word", |view| {
        matches!(
            view.session,
            SessionView::SignedOut {
                error: Some(Code::Unreachable | Code::CentreFailed)
            }
        )
    })
    .await;
    desk.send(Command::WorkOffline).await;
    let error = Some(Code::KeyringUnavailable);
    desk.until("the keyring's", |view| {
        view.session == SessionView::SignedOut { error }
    })
    .await;
    desk.phone.shut_down().await;
}

#[tokio::test]
async fn a_password_that_was_changed_meanwhile_is_asked_for_in_place() {
    let mut world = ready().await;
    let wrap_up = world.talked(1).await;
    world.write(wrap_up, "typed at work").await;
    world.desk.phone.clone().shut_down().await;
    world.api.is_away(true);
    let mut desk = reopened(&world, "practice").await;
    until_offline(&mut desk).await;
    desk.write(wrap_up, "and on the train").await;
    world.api.takes_password("changed");
    world.api.is_away(false);
    let refused = Again::AsksPassword {
        error: Some(Code::WrongPassword),
    };
    let view = desk
        .until("asked for", |view| again(view) == Some(refused))
        .await;
    assert!(view.can.contains(&DeskAction::SignInAgain));
    desk.until("the centre is there", |view| view.links.api == LinkView::Up)
        .await;
    desk.send(Command::SignInAgain {
        password: Secret::new("changed"),
    })
    .await;
    desk.until("signed in", |view| {
        matches!(view.session, SessionView::SignedIn { .. })
    })
    .await;
    match desk.phone.query(Query::Draft { wrap_up }).await {
        Ok(Answer::Draft { draft: Some(draft) }) => assert_eq!(
            draft.values.get(&FieldId::from("summary")),
            Some(&FieldValue::Text("and on the train".into()))
        ),
        other => panic!("no draft: {other:?}"),
    }
    desk.phone.clone().shut_down().await;

    // From now on the new one opens it, and the old one does not.
    world.api.is_away(true);
    let mut desk = reopened(&world, "practice").await;
    let error = Some(Code::WrongPassword);
    desk.until("the old one is wrong", |view| {
        view.session == SessionView::SignedOut { error }
    })
    .await;
    desk.phone.shut_down().await;
    let mut desk = reopened(&world, "changed").await;
    until_offline(&mut desk).await;
    desk.phone.shut_down().await;
}

#[tokio::test]
async fn a_new_customer_is_written_and_edited_again_before_the_centre_has_them() {
    let mut world = ready().await;
    world.api.knows(Vec::new());
    let wrap_up = world.talked(1).await;
    world.desk.phone.clone().shut_down().await;
    world.api.is_away(true);
    let mut desk = reopened(&world, "practice").await;
    let view = desk
        .until("the draft", |view| !view.wrap_ups.is_empty())
        .await;
    let call = view.wrap_ups[0].call;
    assert_eq!(view.wrap_ups[0].caller, CallerMatch::Unknown);
    desk.send(Command::SaveCustomer {
        wrap_up,
        edited: None,
        body: profile("王秀兰"),
    })
    .await;
    let view = desk
        .until("known", |view| {
            matches!(view.wrap_ups[0].caller, CallerMatch::Known { .. })
        })
        .await;
    let id: CustomerId = match &view.wrap_ups[0].caller {
        CallerMatch::Known { customer, .. } => customer.id,
        other => panic!("not known: {other:?}"),
    };
    assert_eq!(shown(&desk, call).await.0, [("王秀兰".to_owned(), 1)]);
    desk.send(Command::SaveCustomer {
        wrap_up,
        edited: Some((id, 1)),
        body: profile("王秀兰女士"),
    })
    .await;
    desk.until("the new name", |view| {
        matches!(&view.wrap_ups[0].caller, CallerMatch::Known { customer, .. } if customer.name == "王秀兰女士")
    })
    .await;
    world.api.is_away(false);
    let filed = eventually("both", &world.api.filed, |all| all.len() == 2).await;
    let versions: Vec<_> = filed.iter().map(|one| one.version.as_deref()).collect();
    assert_eq!(versions, [None, Some("\"1\"")]);
    assert!(filed.iter().all(|one| one.path.ends_with(&id.to_string())));
    desk.phone.shut_down().await;
}
