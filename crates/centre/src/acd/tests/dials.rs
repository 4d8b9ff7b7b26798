//! Calls past the queues.

use super::*;
use offhook_model::Direction;

fn caller_leg() -> LegId {
    LegId(Uuid::from_u128(71))
}

fn callee_leg() -> LegId {
    LegId(Uuid::from_u128(72))
}

pub(super) fn dialled(caller: Option<u128>, callee: Option<u128>) -> Input {
    Input::Dialled(Dialled {
        call: call_id(50),
        caller: caller.map(|n| (agent_id(n), caller_leg())),
        callee: callee.map(|n| (agent_id(n), callee_leg())),
        number: PhoneNumber::parse("12800550196").ok(),
        caller_id: PhoneNumber::parse("057115550100").ok(),
    })
}

pub(super) fn over(outcome: LegOutcome) -> Input {
    Input::DialOver {
        call: call_id(50),
        outcome,
    }
}

pub(super) const ANSWERED: fn() -> Input = || Input::DialAnswered { call: call_id(50) };

fn goes_through(day: &Day) -> bool {
    day.did(&Effect::Dial { call: call_id(50) })
}

#[test]
fn an_answered_call_is_recorded_and_leaves_a_wrap_up() {
    let mut day = Day::with_agents(1);
    day.input(dialled(Some(1), None));
    assert!(goes_through(&day));
    assert_eq!(day.activity(1), Activity::Dialling);
    let leg = day.leg(caller_leg());
    assert_eq!((leg.direction, leg.outcome), (Direction::Outbound, None));
    assert_eq!(leg.number, PhoneNumber::parse("12800550196").ok());
    day.pass(9_000);
    day.input(ANSWERED());
    assert_eq!(day.activity(1), Activity::Talking);
    day.pass(200_000);
    day.input(over(LegOutcome::Connected));
    assert_eq!(day.activity(1), Activity::WrapUp);
    let leg = day.leg(caller_leg());
    assert_eq!(leg.outcome, Some(LegOutcome::Connected));
    let talk = leg
        .ended_at
        .expect("over")
        .since(leg.answered_at.expect("answered"));
    assert_eq!(talk, Duration::from_secs(200), "ringing is not talk time");
    let call = day.call(50);
    assert_eq!(call.direction, Direction::Outbound);
    assert_eq!(call.caller_id, PhoneNumber::parse("057115550100").ok());
    assert_eq!(call.outcome, Some(CallOutcome::Connected));
}

#[test]
fn a_call_that_came_to_nothing_leaves_a_wrap_up_and_says_why() {
    for (outcome, of_call) in [
        (LegOutcome::Busy, CallOutcome::Busy),
        (LegOutcome::NoAnswer, CallOutcome::NoAnswer),
        (LegOutcome::Rejected, CallOutcome::Rejected),
        (LegOutcome::InvalidNumber, CallOutcome::InvalidNumber),
        (LegOutcome::Cancelled, CallOutcome::Cancelled),
        (LegOutcome::Failed, CallOutcome::Failed),
    ] {
        let mut day = Day::with_agents(1);
        day.input(dialled(Some(1), None));
        day.input(over(outcome));
        assert_eq!(day.leg(caller_leg()).outcome, Some(outcome));
        assert_eq!(day.call(50).outcome, Some(of_call));
        assert_eq!(day.activity(1), Activity::WrapUp, "{outcome:?}");
        assert_eq!(day.presence(1).0, Presence::Ready);
    }
}

#[test]
fn ready_break_and_wrap_up_may_dial_and_checked_out_may_not() {
    for presence in [Presence::Ready, Presence::Break, Presence::CheckedOut] {
        let mut day = Day::with_agents(1);
        day.set(1, presence);
        day.input(dialled(Some(1), None));
        let refused = day.did(&Effect::RefuseDial {
            call: call_id(50),
            why: DialRefusal::CheckedOut,
        });
        assert_eq!(refused, presence == Presence::CheckedOut);
        assert_eq!(goes_through(&day), presence != Presence::CheckedOut);
        if refused {
            assert_eq!(day.activity(1), Activity::Free, "nothing happened");
        }
    }
    let mut day = Day::with_agents(1);
    day.input(dialled(Some(1), None));
    day.input(over(LegOutcome::Busy));
    assert_eq!(day.activity(1), Activity::WrapUp);
    day.effects.clear();
    day.input(dialled(Some(1), None));
    assert!(goes_through(&day), "Redial in the wrap-up");
    assert_eq!(day.activity(1), Activity::Dialling);
}

#[test]
fn who_dials_is_offered_nothing_and_an_offer_that_crosses_goes_back_without_break() {
    let mut day = Day::with_agents(1);
    day.arrive(1);
    let leg = day.ringing(1, 1);
    day.input(dialled(Some(1), None));
    day.arrive(2);
    day.input(Input::Refused {
        leg,
        why: Refusal::Busy,
    });
    assert_eq!(day.presence(1), (Presence::Ready, PresenceReason::ByHand));
    assert_eq!(day.acd.waiting(group_id(1)), [1, 2].map(call_id));
    day.pass(20_000);
    assert!(day.offers().is_empty(), "while dialling");
    day.input(ANSWERED());
    day.pass(20_000);
    day.input(over(LegOutcome::Connected));
    day.pass(20_000);
    assert!(day.offers().is_empty(), "while talking and in the wrap-up");
    day.input(Input::StartAnswering {
        agent: agent_id(1),
        presence: Presence::Ready,
    });
    day.ringing(1, 1);
}

#[test]
fn a_number_outside_rings_for_three_minutes() {
    let mut day = Day::with_agents(1);
    day.input(dialled(Some(1), None));
    day.pass(179_999);
    assert_eq!(day.activity(1), Activity::Dialling);
    day.pass(1);
    assert!(day.did(&Effect::EndDial { call: call_id(50) }));
    assert_eq!(day.leg(caller_leg()).outcome, Some(LegOutcome::NoAnswer));
    assert_eq!(day.activity(1), Activity::WrapUp);
    // The end of the wire's own transaction comes too late to matter.
    day.input(over(LegOutcome::Failed));
    assert_eq!(day.leg(caller_leg()).outcome, Some(LegOutcome::NoAnswer));
}

#[test]
fn a_direct_call_that_is_missed_changes_nothing_but_both_rows() {
    for (outcome, callees) in [
        (LegOutcome::Rejected, LegOutcome::Declined),
        (LegOutcome::Cancelled, LegOutcome::AbandonedWhileRinging),
        (LegOutcome::Busy, LegOutcome::Rejected),
    ] {
        let mut day = Day::with_agents(2);
        day.input(dialled(Some(1), Some(2)));
        assert!(goes_through(&day));
        assert_eq!(day.activity(2), Activity::Free);
        day.input(over(outcome));
        assert_eq!(day.leg(caller_leg()).outcome, Some(outcome));
        let theirs = day.leg(callee_leg());
        assert_eq!(
            (theirs.direction, theirs.outcome),
            (Direction::Inbound, Some(callees))
        );
        assert_eq!(theirs.number, PhoneNumber::parse("057115550100").ok());
        assert_eq!(day.presence(2), (Presence::Ready, PresenceReason::ByHand));
        assert_eq!(day.activity(2), Activity::Free);
        assert_eq!(day.activity(1), Activity::WrapUp);
    }
    let mut day = Day::with_agents(2);
    day.input(dialled(Some(1), Some(2)));
    day.pass(30_000);
    assert!(day.did(&Effect::EndDial { call: call_id(50) }));
    assert_eq!(
        day.leg(callee_leg()).outcome,
        Some(LegOutcome::RingNoAnswer)
    );
    assert_eq!(
        day.presence(2).0,
        Presence::Ready,
        "no Break for a direct call"
    );
}

#[test]
fn a_direct_call_rings_in_break_and_finds_busy_who_is_in_a_wrap_up() {
    let mut day = Day::with_agents(2);
    day.set(2, Presence::Break);
    day.input(dialled(Some(1), Some(2)));
    assert!(goes_through(&day));
    day.input(ANSWERED());
    day.input(over(LegOutcome::Connected));
    assert_eq!(day.activity(2), Activity::WrapUp);
    day.effects.clear();
    day.input(dialled(Some(1), Some(2)));
    assert!(day.did(&Effect::RefuseDial {
        call: call_id(50),
        why: DialRefusal::CalleeBusy
    }));
    assert_eq!(day.leg(caller_leg()).outcome, Some(LegOutcome::Busy));
    let rang = |effect: &Effect| matches!(effect, Effect::LegRecorded { agent, .. } if *agent == agent_id(2));
    assert!(!day.effects.iter().any(rang), "nothing rang there");
    day.set(2, Presence::CheckedOut);
    day.input(dialled(Some(1), Some(2)));
    assert!(day.did(&Effect::RefuseDial {
        call: call_id(50),
        why: DialRefusal::CalleeAway
    }));
}

#[test]
fn whose_phone_rings_directly_is_offered_no_queue_call_meanwhile() {
    let mut day = Day::with_agents(1);
    day.input(dialled(None, Some(1)));
    day.arrive(1);
    assert!(day.offers().is_empty());
    day.input(over(LegOutcome::Cancelled));
    day.ringing(1, 1);
    assert_eq!(day.call(50).direction, Direction::Inbound);
}
