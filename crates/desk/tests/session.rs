//! Sign-in, check-in and check-out (ACCEPTANCE 1, 8-11).

mod day;

use day::Day;
use offhook_desk::{
    CallPhase, Command, DeskAction, Effect, Fact, LinkView, NextAction, SessionView,
};
use offhook_model::{Code, Presence, PresenceReason, Secret};

#[test]
fn signed_out_offers_nothing_but_sign_in() {
    let mut day = Day::dawn();
    assert_eq!(day.view().can, [DeskAction::SignIn]);
    day.command(Command::CheckIn);
    assert!(day.take().is_empty());
    let offered = day.offer(None, true);
    let leg = offered.leg;
    day.fact(Fact::Offered(offered));
    assert_eq!(day.take(), [Effect::RejectBusy { leg }]);
}

#[test]
fn right_after_sign_in_the_state_is_checked_out_and_check_in_is_next() {
    let mut day = Day::dawn();
    day.sign_in();
    let view = day.view();
    assert_eq!(
        view.presence.expect("signed in").confirmed.presence,
        Presence::CheckedOut
    );
    assert_eq!(view.next, Some(NextAction::CheckIn));
    assert_eq!(view.links.sip, LinkView::Up);
}

#[test]
fn a_wrong_password_is_told_and_the_next_try_works() {
    let mut day = Day::dawn();
    let try_in = Command::SignIn {
        centre: "c".into(),
        username: "u".into(),
        password: Secret::new("x"),
    };
    day.command(try_in.clone());
    assert_eq!(day.view().session, SessionView::SigningIn);
    day.fact(Fact::SignInFailed(Code::WrongPassword));
    assert_eq!(
        day.view().session,
        SessionView::SignedOut {
            error: Some(Code::WrongPassword)
        }
    );
    day.take();
    day.command(try_in);
    assert!(matches!(day.take().as_slice(), [Effect::SignIn { .. }]));
}

#[test]
fn roots_can_be_set_at_any_time_and_blanks_mean_the_systems() {
    let mut day = Day::dawn();
    for (typed, file) in [
        (Some(" /etc/ca.pem "), Some("/etc/ca.pem")),
        (Some("  "), None),
        (None, None),
    ] {
        let typed = typed.map(str::to_owned);
        day.command(Command::SetRoots { file: typed });
        let file = file.map(str::to_owned);
        assert_eq!(day.take(), [Effect::SetRoots(file)]);
    }
    day.sign_in();
    day.take();
    day.command(Command::SetRoots { file: None });
    assert_eq!(day.take(), [Effect::SetRoots(None)]);
}

#[test]
fn check_in_lands_in_ready_once_the_centre_says_so() {
    let mut day = Day::dawn();
    day.sign_in();
    day.take();
    day.command(Command::CheckIn);
    day.command(Command::CheckIn);
    assert_eq!(day.take(), [Effect::SetPresence(Presence::Ready)]);
    let asked = day.view().presence.expect("signed in");
    assert_eq!(
        (asked.wanted, asked.confirmed.presence),
        (Presence::Ready, Presence::CheckedOut)
    );
    day.told(Presence::Ready, PresenceReason::ByHand);
    let so = day.view().presence.expect("signed in");
    assert_eq!(
        (so.wanted, so.confirmed.presence),
        (Presence::Ready, Presence::Ready)
    );
}

#[test]
fn checked_out_no_call_rings() {
    let mut day = Day::dawn();
    day.sign_in();
    day.take();
    let offered = day.offer(None, false);
    let leg = offered.leg;
    day.fact(Fact::Offered(offered));
    assert_eq!(day.take(), [Effect::RejectBusy { leg }]);
}

#[test]
fn check_out_in_a_call_waits_for_the_wrap_up_and_can_be_taken_back() {
    let mut day = Day::ready();
    let wrap_up = day.talked();
    day.command(Command::CheckOut);
    assert!(day.view().presence.expect("signed in").check_out_queued);
    assert!(day.view().can.contains(&DeskAction::CancelCheckOut));
    day.command(Command::CancelCheckOut);
    assert!(!day.view().presence.expect("signed in").check_out_queued);

    day.command(Command::CheckOut);
    day.edit(wrap_up, "summary", "done");
    day.take();
    day.command(Command::StartAnswering {
        presence: Presence::Ready,
    });
    assert!(
        day.take()
            .contains(&Effect::StartAnswering(Presence::Break)),
        "no call may slip in between"
    );
    day.told(Presence::Break, PresenceReason::ByHand);
    assert!(
        day.take()
            .contains(&Effect::SetPresence(Presence::CheckedOut))
    );
}

#[test]
fn an_older_word_of_the_centre_never_overrides_a_newer_one() {
    let mut day = Day::ready();
    let old = day.state(Presence::Break, PresenceReason::RingNoAnswer);
    day.told(Presence::Ready, PresenceReason::ByHand);
    day.fact(Fact::Presence(old));
    assert_eq!(
        day.view().presence.expect("signed in").confirmed.presence,
        Presence::Ready
    );
}

#[test]
fn what_the_centre_tells_once_more_does_not_undo_what_was_asked_for() {
    let mut day = Day::dawn();
    day.sign_in();
    let confirmed = day.view().presence.expect("signed in").confirmed;
    day.command(Command::CheckIn);
    day.fact(Fact::Presence(confirmed));
    let presence = day.view().presence.expect("signed in");
    assert_eq!(presence.wanted, Presence::Ready);
    // A call that waited is offered at once, before the centre's answer is here.
    let leg = day.queue_call();
    assert_eq!(day.call(leg).phase, CallPhase::Offered);
}

#[test]
fn the_answer_to_an_earlier_wish_does_not_undo_the_newer_one() {
    let mut day = Day::ready();
    for presence in [Presence::Break, Presence::Ready] {
        day.command(Command::SetPresence { presence });
    }
    day.told(Presence::Break, PresenceReason::ByHand);
    let presence = day.view().presence.expect("signed in");
    assert_eq!(presence.wanted, Presence::Ready);
    assert_eq!(presence.confirmed.presence, Presence::Break);
    day.told(Presence::Ready, PresenceReason::ByHand);
    day.told(Presence::Break, PresenceReason::RingNoAnswer);
    let presence = day.view().presence.expect("signed in");
    assert_eq!(presence.wanted, Presence::Break, "the centre's own word");
}

#[test]
fn a_session_that_expires_in_a_call_ends_after_the_call() {
    let mut day = Day::ready();
    let leg = day.live_call();
    day.fact(Fact::SessionEnded(Some(Code::SessionExpired)));
    assert!(matches!(day.view().session, SessionView::SignedIn { .. }));
    let wrap_up = day.call(leg).wrap_up;
    day.edit(wrap_up, "summary", "typed before the session closed");
    day.take();
    day.command(Command::HangUp { leg });
    assert_eq!(
        day.view().session,
        SessionView::SignedOut {
            error: Some(Code::SessionExpired)
        }
    );
    let saved = day.take().into_iter().any(
        |effect| matches!(effect, Effect::SaveDraft(draft) if draft.wrap_up == wrap_up && !draft.values.is_empty()),
    );
    assert!(saved, "what was typed is on the disk");
}

#[test]
fn signing_out_in_a_call_is_refused_and_in_wrap_up_saves_first() {
    let mut day = Day::ready();
    let leg = day.live_call();
    let wrap_up = day.call(leg).wrap_up;
    day.take();
    day.command(Command::SignOut);
    assert!(day.take().is_empty());
    day.command(Command::HangUp { leg });
    day.edit(wrap_up, "note", "half a wor");
    day.take();
    day.command(Command::SignOut);
    let effects = day.take();
    assert!(
        matches!(effects.first(), Some(Effect::SaveDraft(draft)) if draft.wrap_up == wrap_up),
        "{effects:?}"
    );
    assert_eq!(effects.last(), Some(&Effect::SignOut));
}
