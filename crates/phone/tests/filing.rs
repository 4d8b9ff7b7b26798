//! Profiles and tickets filed beside a form, against a small centre of the tests' own.

// Each test program uses its own part of the tests' centre.
mod support;

use offhook_desk::{Command, Filed, SavedState, View};
use offhook_model::{
    Activity, CallId, CallerMatch, Code, Customer, CustomerCard, CustomerId, FieldId, FieldValue,
    PhoneNumber, WrapUpId, api::CustomerBody,
};
use offhook_phone::{Answer, FiledText, Query};
use support::{Api, Caller, Desk, PATIENCE, Registrar, eventually};
use uuid::Uuid;

const NUMBER: &str = "12800550142";
const ID: CustomerId = CustomerId(Uuid::from_u128(104_882));

fn number() -> PhoneNumber {
    PhoneNumber::parse(NUMBER).expect("a number")
}

fn card(version: u64) -> CustomerCard {
    CustomerCard {
        customer: Customer {
            id: ID,
            reference: "C-104882".into(),
            name: "陈雨桐".into(),
            numbers: vec![number()],
            home: None,
            tags: Vec::new(),
            fields: Vec::new(),
            version,
        },
        calls: Vec::new(),
        tickets: Vec::new(),
        records: Vec::new(),
    }
}

fn profile(name: &str) -> CustomerBody {
    CustomerBody {
        name: name.into(),
        numbers: vec![number()],
        tags: vec!["金卡会员".into()],
        fields: Vec::new(),
    }
}

struct World {
    home: tempfile::TempDir,
    registrar: Registrar,
    api: Api,
    desk: Desk,
}

async fn ready(known: Vec<CustomerCard>) -> World {
    let home = tempfile::tempdir().expect("a folder");
    let registrar = Registrar::start().await;
    let api = Api::start(registrar.address).await;
    api.knows(known);
    let mut desk = Desk::open(home.path()).await;
    desk.sign_in(&api).await;
    desk.check_in().await;
    World {
        home,
        registrar,
        api,
        desk,
    }
}

const CONFLICT: SavedState = SavedState::Refused {
    code: Code::Conflict,
};

impl World {
    /// A call whose profile was edited here at version 4, while somebody else had brought it to version 7.
    async fn in_conflict(&mut self) -> (CallId, WrapUpId, Filed) {
        let (call, wrap_up) = self.talked().await;
        self.api.knows(vec![card(7)]);
        self.api.refuse_filed([409]);
        self.edit(wrap_up, Some((ID, 4)), "陈大文").await;
        let refused = self.until_filed("refused", |saved| saved == CONFLICT);
        (call, wrap_up, refused.await)
    }

    /// Waits until the centre's word is shown.
    async fn until_theirs_is_shown(&self, call: CallId) {
        let looked_up = async {
            while shown(&self.desk, call).await != [("陈雨桐".into(), 7)] {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, looked_up)
            .await
            .expect("the centre's word");
    }

    /// A call that was looked up, taken and ended; its call and its form.
    async fn talked(&mut self) -> (CallId, WrapUpId) {
        let call = self.registrar.call(Caller {
            number: NUMBER.into(),
            name: String::new(),
            headers: Vec::new(),
        });
        let call = call.await;
        let offered = self.desk.until_offered().await;
        self.desk.send(Command::Answer { leg: offered.leg }).await;
        self.desk.until_live().await;
        self.registrar.hang_up(call, None).await;
        self.desk
            .until("wrap-up, and known or not", |view| {
                view.activity == Activity::WrapUp
                    && view.wrap_ups.first().is_some_and(|form| {
                        !matches!(form.caller, CallerMatch::Looking | CallerMatch::Unavailable)
                    })
            })
            .await;
        (offered.call, offered.wrap_up)
    }

    async fn edit(&self, wrap_up: WrapUpId, edited: Option<(CustomerId, u64)>, name: &str) {
        self.desk
            .send(Command::SaveCustomer {
                wrap_up,
                edited,
                body: profile(name),
            })
            .await;
    }

    /// Waits until the only customer filed beside a form is as `is` likes.
    async fn until_filed(&mut self, what: &str, is: impl Fn(SavedState) -> bool) -> Filed {
        let view = self
            .desk
            .until(what, |view| filed(view).is_some_and(|(_, saved)| is(saved)))
            .await;
        filed(&view).expect("it was there").0
    }
}

/// The newest thing filed beside the newest form.
fn filed(view: &View) -> Option<(Filed, SavedState)> {
    let entry = view.wrap_ups.first()?.filed.last()?;
    Some((entry.what, entry.saved))
}

async fn shown(desk: &Desk, call: CallId) -> Vec<(String, u64)> {
    match desk.phone.query(Query::Card { call }).await {
        Ok(Answer::Card { cards, .. }) => names(cards),
        other => panic!("no card: {other:?}"),
    }
}

fn names(cards: Vec<CustomerCard>) -> Vec<(String, u64)> {
    cards
        .into_iter()
        .map(|card| (card.customer.name, card.customer.version))
        .collect()
}

#[tokio::test]
async fn an_edited_profile_is_shown_at_once_and_reaches_the_centre_in_order() {
    let mut world = ready(vec![card(4)]).await;
    let (call, wrap_up) = world.talked().await;
    world.api.refuse_filed([503]);
    world.edit(wrap_up, Some((ID, 4)), "陈大文").await;
    let waiting = |saved| {
        matches!(
            saved,
            SavedState::Waiting {
                error: Some(Code::CentreFailed),
                ..
            }
        )
    };
    world.until_filed("delayed", waiting).await;
    assert_eq!(shown(&world.desk, call).await, [("陈大文".into(), 5)]);
    // Another edit and the form itself follow the first edit, of which they know.
    world.edit(wrap_up, Some((ID, 5)), "陈大文先生").await;
    let summary = FieldValue::Text("改了资料".into());
    world
        .desk
        .send(Command::EditDraft {
            wrap_up,
            field: FieldId::from("summary"),
            value: summary,
        })
        .await;
    world.desk.send(Command::Submit { wrap_up }).await;
    let received = eventually("all three", &world.api.filed, |all| all.len() == 4).await;
    let paths: Vec<_> = received
        .iter()
        .map(|one| (one.path.as_str(), one.version.as_deref(), one.answered))
        .collect();
    let customer = format!("/v1/customers/{ID}");
    let form = format!("/v1/wrap-ups/{wrap_up}");
    assert_eq!(
        paths,
        [
            (customer.as_str(), Some("\"4\""), 503),
            (customer.as_str(), Some("\"4\""), 200),
            (customer.as_str(), Some("\"5\""), 200),
            (form.as_str(), None, 201),
        ]
    );
    assert_eq!(received[0].key, received[1].key);
    assert_eq!(received[0].body, received[1].body);
    assert_ne!(received[1].key, received[2].key);
    assert_eq!(received[2].body["name"], "陈大文先生");
    let synced = |saved| matches!(saved, SavedState::Synced { .. });
    world.until_filed("synced", synced).await;
    // What the pop shows now is what the centre says.
    world
        .desk
        .until("the new name", |view| {
            matches!(&view.wrap_ups[0].caller, CallerMatch::Known { customer, .. } if customer.name == "陈大文先生")
        })
        .await;
    assert_eq!(shown(&world.desk, call).await, [("陈大文先生".into(), 6)]);
    world.desk.phone.shut_down().await;
}

#[tokio::test]
async fn a_new_customer_and_their_ticket_outlive_the_program_and_go_in_order() {
    let mut world = ready(Vec::new()).await;
    let (_, wrap_up) = world.talked().await;
    world.api.refuse_filed([503; 50]);
    world.edit(wrap_up, None, "王秀兰").await;
    let waiting = |saved| matches!(saved, SavedState::Waiting { error: Some(_), .. });
    let Filed::Customer { id } = world.until_filed("delayed", waiting).await else {
        panic!("no customer is filed");
    };
    world
        .desk
        .send(Command::CreateTicket {
            wrap_up,
            ticket: None,
            title: "上门维修".into(),
            text: "周五上午".into(),
            due_at: None,
        })
        .await;
    let waits = |saved| matches!(saved, SavedState::Waiting { error: None, .. });
    world.until_filed("the ticket waits", waits).await;
    world.desk.phone.shut_down().await;
    let tried = world.api.filed.borrow().len();

    let mut desk = Desk::open(world.home.path()).await;
    desk.sign_in(&world.api).await;
    let asked = Query::Customers { number: number() };
    match desk.phone.query(asked.clone()).await {
        Ok(Answer::Customers { cards, stale }) => {
            assert_eq!((names(cards), stale), (vec![("王秀兰".into(), 1)], false));
        }
        other => panic!("no customers: {other:?}"),
    }
    let received = eventually("another try", &world.api.filed, |all| all.len() > tried).await;
    assert!(
        received
            .iter()
            .all(|one| one.path == format!("/v1/customers/{id}"))
    );
    assert!(
        received
            .iter()
            .all(|one| one.key == received[0].key && one.version.is_none())
    );
    desk.phone.shut_down().await;
}

#[tokio::test]
async fn a_conflict_is_for_good_and_the_centres_word_is_shown() {
    let mut world = ready(vec![card(4)]).await;
    let (call, wrap_up, _) = world.in_conflict().await;
    // The look-up that follows brings the newer version, and the next edit is of that one.
    world.until_theirs_is_shown(call).await;
    world.edit(wrap_up, Some((ID, 7)), "陈大文").await;
    let synced = |saved| matches!(saved, SavedState::Synced { .. });
    world.until_filed("synced", synced).await;
    let last = world.api.filed.borrow().last().cloned().expect("a profile");
    assert_eq!(last.version.as_deref(), Some("\"7\""));
    world.desk.phone.shut_down().await;
}

#[tokio::test]
async fn any_number_is_looked_up_at_the_centre_and_else_in_the_copies() {
    let mut world = ready(vec![card(4)]).await;
    world.talked().await;
    let asked = async |desk: &Desk| {
        let asked = Query::Customers { number: number() };
        match desk.phone.query(asked).await {
            Ok(Answer::Customers { cards, stale }) => (names(cards), stale),
            other => panic!("no customers: {other:?}"),
        }
    };
    let found = vec![("陈雨桐".to_owned(), 4)];
    assert_eq!(asked(&world.desk).await, (found.clone(), false));
    world.api.customers_fail(true);
    assert_eq!(asked(&world.desk).await, (found, true));
    world.desk.phone.shut_down().await;
}

async fn text(desk: &Desk, what: Filed) -> Option<FiledText> {
    match desk.phone.query(Query::Filed { what }).await {
        Ok(Answer::Filed { text }) => text,
        other => panic!("not answered: {other:?}"),
    }
}

#[tokio::test]
async fn edits_that_build_on_a_conflict_wait_for_the_agents_choice_also_after_a_restart() {
    let mut world = ready(vec![card(4)]).await;
    let (_, wrap_up) = world.talked().await;
    // The first waits for a while; meanwhile another agent makes the very version that it was to make.
    world.api.refuse_filed([503]);
    world.edit(wrap_up, Some((ID, 4)), "陈大文").await;
    let waiting = |saved| matches!(saved, SavedState::Waiting { error: Some(_), .. });
    world.until_filed("delayed", waiting).await;
    world.edit(wrap_up, Some((ID, 5)), "陈大文先生").await;
    let mut theirs = card(5);
    theirs.customer.tags = vec!["钻石会员".into()];
    world.api.knows(vec![theirs.clone()]);
    world.api.refuse_filed([409]);
    world
        .until_filed("refused", |saved| saved == CONFLICT)
        .await;
    world.desk.phone.clone().shut_down().await;

    let mut desk = Desk::open(world.home.path()).await;
    desk.sign_in(&world.api).await;
    let what = Filed::Customer { id: ID };
    let view = desk
        .until("it is back", |view| filed(view) == Some((what, CONFLICT)))
        .await;
    assert_eq!(view.wrap_ups[0].id, wrap_up);
    let received = world.api.filed.borrow().clone();
    assert!(
        received
            .iter()
            .all(|one| one.version.as_deref() == Some("\"4\"")),
        "the second edit was never sent: {received:?}"
    );
    let base = CustomerBody {
        tags: Vec::new(),
        ..profile("陈雨桐")
    };
    assert_eq!(
        text(&desk, what).await,
        Some(FiledText::Customer {
            mine: profile("陈大文先生"),
            base: Some(base),
            theirs: Some(Box::new(theirs.customer)),
        })
    );

    // The choice is sent with the version that was seen.
    let chosen = CustomerBody {
        tags: vec!["钻石会员".into()],
        ..profile("陈大文先生")
    };
    desk.send(Command::SaveCustomer {
        wrap_up,
        edited: Some((ID, 5)),
        body: chosen,
    })
    .await;
    let received = eventually("the choice", &world.api.filed, |all| {
        all.last().is_some_and(|one| one.answered == 200)
    })
    .await;
    let last = received.last().expect("the choice");
    assert_eq!(last.version.as_deref(), Some("\"5\""));
    assert_eq!(last.body["tags"][0], "钻石会员");
    desk.until("synced", |view| {
        matches!(filed(view), Some((_, SavedState::Synced { .. })))
    })
    .await;
    assert_eq!(text(&desk, what).await, None);
    desk.phone.shut_down().await;
}

#[tokio::test]
async fn what_somebody_else_wrote_can_be_left_as_it_is() {
    let mut world = ready(vec![card(4)]).await;
    let (call, wrap_up, what) = world.in_conflict().await;
    world.desk.send(Command::GiveUp { wrap_up, what }).await;
    world
        .desk
        .until("given up", |view| filed(view).is_none())
        .await;
    assert_eq!(text(&world.desk, what).await, None);
    world.until_theirs_is_shown(call).await;
    world.desk.phone.shut_down().await;
}

#[tokio::test]
async fn a_refused_ticket_is_found_again_mended_and_sent_with_a_new_key() {
    let mut world = ready(vec![card(4)]).await;
    let (_, wrap_up) = world.talked().await;
    world.api.refuse_filed([400]);
    let ticket = |ticket, title: &str| Command::CreateTicket {
        wrap_up,
        ticket,
        title: title.into(),
        text: "周五上午".into(),
        due_at: None,
    };
    world.desk.send(ticket(None, "上门")).await;
    let malformed = SavedState::Refused {
        code: Code::Malformed,
    };
    let what = world
        .until_filed("refused", |saved| saved == malformed)
        .await;
    // The form itself is at the centre before the program ends.
    let summary = FieldValue::Text("已登记".into());
    world
        .desk
        .send(Command::EditDraft {
            wrap_up,
            field: FieldId::from("summary"),
            value: summary,
        })
        .await;
    world.desk.send(Command::Submit { wrap_up }).await;
    world
        .desk
        .until("synced", |view| {
            matches!(view.wrap_ups[0].saved, SavedState::Synced { .. })
        })
        .await;
    world.desk.phone.clone().shut_down().await;

    let mut desk = Desk::open(world.home.path()).await;
    desk.sign_in(&world.api).await;
    let view = desk
        .until("it is back", |view| filed(view) == Some((what, malformed)))
        .await;
    assert!(matches!(view.wrap_ups[0].saved, SavedState::Synced { .. }));
    assert_eq!(view.wrap_ups[0].filed[0].title.0, "上门");
    assert_eq!(
        text(&desk, what).await,
        Some(FiledText::Ticket {
            title: "上门".into(),
            text: "周五上午".into(),
            due_at: None,
        })
    );
    let Filed::Ticket { id } = what else {
        panic!("no ticket: {what:?}");
    };
    desk.send(ticket(Some(id), "上门检修")).await;
    let received = eventually("the mended one", &world.api.filed, |all| {
        all.last()
            .is_some_and(|one| one.body["title"] == "上门检修")
    })
    .await;
    let tickets: Vec<_> = received
        .iter()
        .filter(|one| one.path.starts_with("/v1/tickets/"))
        .collect();
    let [first, second] = tickets.as_slice() else {
        panic!("not two: {tickets:?}");
    };
    assert_eq!(first.path, second.path);
    assert_ne!(first.key, second.key);
    desk.until("at the centre", |view| {
        matches!(filed(view), Some((_, SavedState::Synced { .. })))
    })
    .await;
    desk.phone.clone().shut_down().await;

    // Nothing is left of it: neither form nor texts.
    let mut desk = Desk::open(world.home.path()).await;
    desk.sign_in(&world.api).await;
    assert_eq!(desk.phone.view().wrap_ups, []);
    assert_eq!(text(&desk, what).await, None);
    desk.phone.shut_down().await;
}
