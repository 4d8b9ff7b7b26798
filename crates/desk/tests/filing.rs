//! The customer's profile and tickets beside a form (ACCEPTANCE 4, 7, 37, 92-93, 96).

mod day;

use day::Day;
use offhook_desk::{Command, Effect, Fact, Filed, NoticeKind, SavedState, WrapUpAction};
use offhook_model::{
    CallerMatch, Code, CustomerId, CustomerName, PhoneNumber, Random, Wall, WrapUpId,
    api::CustomerBody,
};
use std::time::Duration;

fn body(name: &str) -> CustomerBody {
    CustomerBody {
        name: name.into(),
        numbers: PhoneNumber::parse("12800550142").into_iter().collect(),
        tags: vec!["金卡会员".into()],
        fields: Vec::new(),
    }
}

fn name(n: u64, name: &str) -> CustomerName {
    CustomerName {
        id: CustomerId::mint(Wall(1), &mut Random::seeded(n)),
        name: name.into(),
    }
}

fn found(day: &mut Day, wrap_up: WrapUpId, caller: CallerMatch) {
    let call = day.form(wrap_up).call;
    day.fact(Fact::CallerFound { call, caller });
}

#[test]
fn a_new_customer_gets_an_id_and_the_form_is_about_them() {
    let mut day = Day::ready();
    let leg = day.live_call();
    let wrap_up = day.call(leg).wrap_up;
    found(&mut day, wrap_up, CallerMatch::Unknown);
    day.take();
    day.command(Command::SaveCustomer {
        wrap_up,
        edited: None,
        body: body(" 王秀兰 "),
    });
    let (customer, version, sent) = day
        .take()
        .into_iter()
        .find_map(|effect| match effect {
            Effect::SaveCustomer {
                customer,
                version,
                body,
                ..
            } => Some((customer, version, body)),
            _ => None,
        })
        .expect("it is filed");
    assert_eq!((version, sent.name.as_str()), (None, "王秀兰"));
    let known = |caller: &CallerMatch| matches!(caller, CallerMatch::Known { customer: name, .. } if name.id == customer);
    assert!(known(&day.call(leg).caller));
    assert!(known(&day.form(wrap_up).caller));
    assert_eq!(day.form(wrap_up).filed[0].saved, SavedState::Submitting);
    let what = Filed::Customer { id: customer };
    let saved = SavedState::Synced { at: Wall(5) };
    day.fact(Fact::Filed { what, saved });
    assert_eq!(day.form(wrap_up).filed[0].saved, saved);
    // The centre does not know the number yet when it is asked again.
    found(&mut day, wrap_up, CallerMatch::Unknown);
    assert!(known(&day.form(wrap_up).caller));
}

#[test]
fn a_submitted_form_is_not_saved_again_when_its_customer_becomes_known() {
    let mut day = Day::ready();
    let wrap_up = day.talked();
    day.edit(wrap_up, "summary", "done");

    day.command(Command::Submit { wrap_up });
    day.fact(Fact::Submitted { wrap_up });
    day.take();
    day.command(Command::SaveCustomer {
        wrap_up,
        edited: None,
        body: body("王秀兰"),
    });
    day.pass(Duration::from_secs(10));
    let effects = day.take();
    assert!(
        matches!(effects.as_slice(), [Effect::SaveCustomer { .. }]),
        "{effects:?}"
    );
}

#[test]
fn one_of_several_is_chosen_kept_and_can_be_chosen_again() {
    let (one, other) = (name(1, "陈雨桐"), name(2, "陈建国"));
    let customers = vec![one.clone(), other.clone()];
    let mut day = Day::ready();
    let wrap_up = day.talked();
    let several = CallerMatch::Several {
        customers: customers.clone(),
    };
    found(&mut day, wrap_up, several.clone());
    assert!(
        day.form(wrap_up)
            .can
            .contains(&WrapUpAction::ChooseCustomer)
    );
    for customer in [one, other] {
        day.command(Command::ChooseCustomer {
            wrap_up,
            customer: customer.id,
        });
        found(&mut day, wrap_up, several.clone());
        let known = CallerMatch::Known {
            customer,
            stale: false,
        };
        assert_eq!(day.form(wrap_up).caller, known, "the choice is kept");
    }
    day.command(Command::ChooseCustomer {
        wrap_up,
        customer: name(3, "x").id,
    });
    assert!(matches!(
        day.view().notices.last().map(|notice| &notice.about),
        Some(NoticeKind::Failed {
            code: Code::NotFound
        })
    ));
}

#[test]
fn a_ticket_without_a_title_is_refused_and_one_with_it_carries_call_and_customer() {
    let mut day = Day::ready();
    let wrap_up = day.talked();
    let customer = name(1, "陈雨桐");
    found(
        &mut day,
        wrap_up,
        CallerMatch::Known {
            customer: customer.clone(),
            stale: false,
        },
    );
    day.take();
    let ticket = |title: &str| Command::CreateTicket {
        wrap_up,
        ticket: None,
        title: title.into(),
        text: "底座渗水".into(),
        due_at: None,
    };
    day.command(ticket("  "));
    assert!(day.form(wrap_up).filed.is_empty());
    day.command(ticket("上门检修"));
    let filed = day
        .take()
        .into_iter()
        .find_map(|effect| match effect {
            Effect::CreateTicket { body, .. } => Some(body),
            _ => None,
        })
        .expect("a ticket");
    assert_eq!(filed.call, day.form(wrap_up).call);
    assert_eq!(filed.customer, Some(customer.id));
    assert_eq!(day.form(wrap_up).filed[0].title.0, "上门检修");
}

#[test]
fn a_profile_that_somebody_else_changed_is_told() {
    let mut day = Day::ready();
    let wrap_up = day.talked();
    let customer = name(1, "陈雨桐");
    found(
        &mut day,
        wrap_up,
        CallerMatch::Known {
            customer: customer.clone(),
            stale: false,
        },
    );
    day.command(Command::SaveCustomer {
        wrap_up,
        edited: Some((customer.id, 4)),
        body: body("陈雨桐"),
    });
    let saved = SavedState::Refused {
        code: Code::Conflict,
    };
    day.fact(Fact::Filed {
        what: Filed::Customer { id: customer.id },
        saved,
    });
    assert_eq!(day.form(wrap_up).filed[0].saved, saved);
    assert!(matches!(
        day.view().notices.last().map(|notice| &notice.about),
        Some(NoticeKind::Failed {
            code: Code::Conflict
        })
    ));
    day.command(Command::SaveCustomer {
        wrap_up,
        edited: Some((name(9, "x").id, 1)),
        body: body("x"),
    });
    assert_eq!(
        day.form(wrap_up).filed.len(),
        1,
        "another's profile is refused"
    );
}
