//! The desk without the centre, and what is restored when it opens (ACCEPTANCE 99, 104, B1).

mod day;

use day::{Day, form};
use offhook_desk::{
    Again, Command, DeskAction, Effect, Fact, Filed, FiledAction, FiledItem, InOutbox, LinkView,
    OpenedOffline, RestoredWrapUp, SavedState, SessionView, View, WrapUpAction,
};
use offhook_model::{
    AgentId, Code, CustomerId, Random, Secret, TicketId, Typed, Wall, WrapUpId,
    api::{AgentProfile, Role},
};
use std::time::Duration;
use uuid::Uuid;

fn opened(by_itself: bool) -> OpenedOffline {
    OpenedOffline {
        agent: AgentProfile {
            id: AgentId::mint(Wall(1), &mut Random::seeded(1)),
            name: "林晓峰".into(),
            extension: "1001".into(),
            role: Role::Agent,
            skill_groups: Vec::new(),
            listen_recordings: false,
        },
        form: form(),
        why: Code::Unreachable,
        by_itself,
    }
}

fn sign_in() -> Command {
    Command::SignIn {
        centre: "http://centre.test".into(),
        username: "lin".into(),
        password: Secret::new("p"),
    }
}

fn again(view: &View) -> Option<Again> {
    match &view.session {
        SessionView::Offline { again, .. } => Some(*again),
        SessionView::SignedOut { .. } | SessionView::SigningIn | SessionView::SignedIn { .. } => {
            None
        }
    }
}

/// A day that opened offline, with a draft of an earlier one.
fn offline(by_itself: bool) -> (Day, WrapUpId) {
    let mut before = Day::ready();
    let wrap_up = before.talked();
    before.edit(wrap_up, "summary", "typed on the train");
    let draft = before.desk.draft(wrap_up).expect("a form").clone();
    let mut day = Day::dawn();
    day.command(sign_in());
    day.fact(Fact::OpenedOffline(opened(by_itself)));
    day.fact(Fact::Restored(vec![RestoredWrapUp {
        draft,
        outbox: None,
        filed: Vec::new(),
    }]));
    day.take();
    (day, wrap_up)
}

#[test]
fn forms_are_written_and_submitted_without_the_centre_and_nothing_rings_or_dials() {
    let (mut day, wrap_up) = offline(true);
    let view = day.view();
    assert_eq!(again(&view), Some(Again::ByItself));
    assert_eq!(view.can, [DeskAction::SignOut]);
    assert_eq!(view.cannot_dial, Some(Code::Unreachable));
    assert_eq!((view.presence, view.next), (None, None));
    assert_eq!(view.links.sip, LinkView::Off);
    assert!(!day.form(wrap_up).can.contains(&WrapUpAction::Redial));
    for refused in [
        Command::CheckIn,
        Command::Dial {
            number: Typed("12800550142".into()),
        },
        sign_in(),
    ] {
        day.command(refused);
        assert_eq!(day.take(), []);
    }
    // Missing required fields warn and keep the draft (ACCEPTANCE 104).
    day.edit(wrap_up, "summary", " ");
    day.command(Command::Submit { wrap_up });
    assert!(matches!(day.take().as_slice(), [Effect::SaveDraft(_)]));
    day.edit(wrap_up, "summary", "whole");
    day.command(Command::Submit { wrap_up });
    assert!(matches!(day.take().as_slice(), [Effect::Submit(_)]));
    day.fact(Fact::Submitted { wrap_up });
    assert!(matches!(
        day.form(wrap_up).saved,
        SavedState::Waiting { .. }
    ));
}

#[test]
fn the_session_that_comes_finds_the_forms_as_they_are() {
    let (mut day, wrap_up) = offline(true);
    day.edit(wrap_up, "summary", "typed since");
    let draft = day.desk.draft(wrap_up).expect("a form").clone();
    day.session_comes();
    day.fact(Fact::Restored(vec![RestoredWrapUp {
        draft: offhook_desk::Draft {
            values: Default::default(),
            ..draft.clone()
        },
        outbox: None,
        filed: Vec::new(),
    }]));
    let view = day.view();
    assert!(matches!(view.session, SessionView::SignedIn { .. }));
    assert!(view.can.contains(&DeskAction::CheckIn));
    assert_eq!(day.desk.draft(wrap_up), Some(&draft));
}

#[test]
fn a_password_is_asked_for_where_none_is_known_or_the_last_was_refused() {
    let (mut day, _) = offline(false);
    assert_eq!(
        again(&day.view()),
        Some(Again::AsksPassword { error: None })
    );
    assert!(day.view().can.contains(&DeskAction::SignInAgain));
    day.fact(Fact::Api(Ok(())));
    assert_eq!(day.view().cannot_dial, Some(Code::SessionExpired));
    let password = Secret::new("typed");
    day.command(Command::SignInAgain {
        password: password.clone(),
    });
    assert_eq!(day.take(), [Effect::SignInAgain { password }]);
    assert_eq!(again(&day.view()), Some(Again::ByItself));
    day.fact(Fact::PasswordNeeded(Code::WrongPassword));
    let error = Some(Code::WrongPassword);
    assert_eq!(again(&day.view()), Some(Again::AsksPassword { error }));

    // What was typed goes to the disk before the desk closes.
    let wrap_up = day.view().wrap_ups[0].id;
    day.edit(wrap_up, "summary", "the last word");
    day.command(Command::SignOut);
    assert!(matches!(
        day.take().as_slice(),
        [Effect::SaveDraft(_), Effect::SignOut]
    ));
    assert_eq!(day.view().session, SessionView::SignedOut { error: None });
}

#[test]
fn the_keyring_opens_the_desk_on_request() {
    let mut day = Day::dawn();
    day.command(Command::WorkOffline);
    assert_eq!(day.take(), [Effect::WorkOffline]);
    day.fact(Fact::SignInFailed(Code::KeyringUnavailable));
    assert_eq!(
        day.view().session,
        SessionView::SignedOut {
            error: Some(Code::KeyringUnavailable)
        }
    );
    day.command(Command::SignInAgain {
        password: Secret::new("p"),
    });
    assert_eq!(day.take(), [], "nobody's desk is open");
}

#[test]
fn what_was_filed_is_back_beside_its_form_and_can_be_mended() {
    let mut before = Day::ready();
    let wrap_up = before.talked();
    let draft = before.desk.draft(wrap_up).expect("a form").clone();
    let ticket = TicketId(Uuid::from_u128(1));
    let customer = CustomerId(Uuid::from_u128(2));
    let item = |what, title: &str, saved| FiledItem {
        what,
        title: Typed(title.into()),
        saved,
    };
    let refused = |code| SavedState::Refused { code };
    let mut day = Day::ready();
    day.pass(Duration::from_secs(60));
    day.fact(Fact::Restored(vec![RestoredWrapUp {
        draft,
        outbox: Some(InOutbox::Sent { at: Wall(5) }),
        filed: vec![
            item(
                Filed::Ticket { id: ticket },
                "上门",
                refused(Code::Malformed),
            ),
            item(
                Filed::Customer { id: customer },
                "王秀兰",
                refused(Code::Conflict),
            ),
        ],
    }]));
    let form = day.form(wrap_up);
    assert_eq!(form.saved, SavedState::Synced { at: Wall(5) });
    assert_eq!(form.filed[0].can, [FiledAction::Mend, FiledAction::GiveUp]);
    assert_eq!(
        form.filed[1].can,
        [FiledAction::Compare, FiledAction::GiveUp]
    );
    // It stays in sight for what is left of it, however many forms come after.
    for _ in 0..4 {
        let other = day.talked();
        day.edit(other, "summary", "done");
        day.command(Command::Submit { wrap_up: other });
        day.fact(Fact::Submitted { wrap_up: other });
        day.fact(Fact::Synced { wrap_up: other });
        day.free();
    }
    day.take();
    let mend = |ticket| Command::CreateTicket {
        wrap_up,
        ticket,
        title: "上门检修".into(),
        text: String::new(),
        due_at: None,
    };
    let stranger = TicketId(Uuid::from_u128(9));
    day.command(mend(Some(stranger)));
    assert_eq!(day.take(), []);
    day.command(mend(Some(ticket)));
    let effects = day.take();
    assert!(
        matches!(effects.as_slice(), [Effect::CreateTicket { ticket: same, .. }] if *same == ticket),
        "{effects:?}"
    );
    day.command(mend(Some(ticket)));
    assert_eq!(day.take(), [], "it is on its way");

    let what = Filed::Customer { id: customer };
    day.command(Command::GiveUp { wrap_up, what });
    assert_eq!(day.take(), [Effect::GiveUp { what }]);
    day.fact(Fact::GivenUp { what });
    assert_eq!(day.form(wrap_up).filed.len(), 1);
    let arrived = Fact::Filed {
        what: Filed::Ticket { id: ticket },
        saved: SavedState::Synced { at: Wall(9) },
    };
    day.fact(arrived);
    assert!(
        day.view().wrap_ups.iter().all(|form| form.id != wrap_up),
        "nothing is left of it"
    );
}

#[test]
fn a_ticket_beside_a_call_that_was_missed_keeps_its_form() {
    let mut day = Day::ready();
    let leg = day.queue_call();
    let wrap_up = day.call(leg).wrap_up;
    day.command(Command::CreateTicket {
        wrap_up,
        ticket: None,
        title: "回拨".into(),
        text: String::new(),
        due_at: None,
    });
    day.take();
    day.command(Command::Decline { leg });
    assert!(
        day.take()
            .iter()
            .any(|effect| matches!(effect, Effect::SaveDraft(draft) if draft.wrap_up == wrap_up))
    );
    assert_eq!(day.form(wrap_up).filed.len(), 1);
}
