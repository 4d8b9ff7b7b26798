//! Calls the agent makes (ACCEPTANCE 10, 18, 76, 84-87, 90, 98, 100-101).

mod day;

use day::Day;
use offhook_desk::{
    CallAction, CallPhase, Command, Effect, EndedBy, Fact, LegEnd, NoticeKind, WrapUpAction,
};
use offhook_model::{Activity, CallResult, Code, Direction, LegOutcome, Presence, PresenceReason};
use std::time::Duration;

#[test]
fn what_is_pasted_is_dialled_and_the_callee_is_looked_up() {
    let mut day = Day::ready();
    let leg = day.dialled(" +86 (128) 0055-0142 ");
    let effects = day.take();
    let dial = effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Dial(dial) => Some(dial.clone()),
            _ => None,
        })
        .expect("it dials");
    assert_eq!(dial.leg, leg);
    assert_eq!(dial.number.as_str(), "+8612800550142");
    assert_eq!(
        dial.caller_id.expect("a caller id").as_str(),
        "057115550100"
    );
    assert!(effects.iter().any(
        |effect| matches!(effect, Effect::LookUp { call, .. } if *call == day.call(leg).call)
    ));
    let call = day.call(leg);
    assert_eq!(
        (call.direction, call.phase),
        (Direction::Outbound, CallPhase::Dialling)
    );
    assert_eq!(call.can, [CallAction::HangUp]);
    assert_eq!(day.view().activity, Activity::Dialling);
    assert_eq!(day.view().cannot_dial, Some(Code::LineBusy));
}

#[test]
fn ringing_is_not_talk_time() {
    let mut day = Day::ready();
    let leg = day.dialled("12800550142");
    day.fact(Fact::Alerting { leg });
    assert_eq!(day.call(leg).phase, CallPhase::Alerting);
    day.pass(Duration::from_secs(12));
    assert_eq!(day.call(leg).answered_at, None);
    day.fact(Fact::Connected { leg });
    let call = day.call(leg);
    assert_eq!(call.phase, CallPhase::Live);
    assert_eq!(call.answered_at, Some(day.clock().wall));
    assert_eq!(
        call.can,
        [
            CallAction::HangUp,
            CallAction::Mute,
            CallAction::Hold,
            CallAction::Press
        ]
    );
}

#[test]
fn each_way_not_to_reach_somebody_is_told_apart_and_leads_to_wrap_up() {
    for outcome in [
        LegOutcome::Busy,
        LegOutcome::NoAnswer,
        LegOutcome::Rejected,
        LegOutcome::InvalidNumber,
        LegOutcome::Failed,
    ] {
        let mut day = Day::ready();
        let leg = day.dialled("12800550142");
        let wrap_up = day.call(leg).wrap_up;
        day.fact(Fact::Ended {
            leg,
            how: LegEnd::NotReached(outcome),
        });
        let view = day.view();
        assert_eq!(view.activity, Activity::WrapUp);
        assert!(matches!(
            view.notices.last().map(|notice| &notice.about),
            Some(NoticeKind::NotReached { outcome: told, .. }) if *told == outcome
        ));
        let form = day.form(wrap_up);
        assert_eq!(form.outcome, Some(outcome));
        assert!(form.can.contains(&WrapUpAction::Redial));
        let recorded = day.take().into_iter().find_map(|effect| match effect {
            Effect::RecordLeg(record) => Some(record),
            _ => None,
        });
        let recorded = recorded.expect("a row");
        assert_eq!(recorded.direction, Direction::Outbound);
        assert_eq!(recorded.result(), Some(CallResult::Missed));
    }
}

#[test]
fn giving_up_is_immediate_and_recorded_as_cancelled() {
    let mut day = Day::ready();
    let leg = day.dialled("12800550142");
    let wrap_up = day.call(leg).wrap_up;
    day.fact(Fact::Alerting { leg });
    day.command(Command::HangUp { leg });
    assert!(day.view().calls.is_empty());
    assert_eq!(day.form(wrap_up).outcome, Some(LegOutcome::Cancelled));
    assert_eq!(day.form(wrap_up).ended_by, Some(EndedBy::Agent));
    day.fact(Fact::Ended {
        leg,
        how: LegEnd::HungUp,
    });
    assert_eq!(day.view().activity, Activity::WrapUp);
}

#[test]
fn what_is_no_number_and_dialling_while_checked_out_are_refused_with_the_reason() {
    let refused = |day: &mut Day, number: &str| {
        day.command(Command::Dial {
            number: number.into(),
        });
        assert!(day.view().calls.is_empty(), "{number}");
        match day.view().notices.last().map(|notice| notice.about.clone()) {
            Some(NoticeKind::Failed { code }) => code,
            other => panic!("not refused: {other:?}"),
        }
    };
    let mut day = Day::ready();
    for number in ["", "   ", "12a", "1", "+", "电话"] {
        assert_eq!(refused(&mut day, number), Code::InvalidNumber, "{number:?}");
    }
    day.fact(Fact::Registration(Err(Code::RegistrationLost)));
    assert_eq!(refused(&mut day, "12800550142"), Code::RegistrationLost);
    day.fact(Fact::Registration(Ok(())));
    day.told(Presence::CheckedOut, PresenceReason::ByHand);
    assert_eq!(refused(&mut day, "12800550142"), Code::NotCheckedIn);
    assert_eq!(day.view().cannot_dial, Some(Code::NotCheckedIn));
}

#[test]
fn break_and_wrap_up_dial_too_and_redial_opens_a_form_of_its_own() {
    let mut day = Day::ready();
    day.told(Presence::Break, PresenceReason::ByHand);
    assert_eq!(day.view().cannot_dial, None);
    let leg = day.dialled("12800550142");
    let first = day.call(leg).wrap_up;
    day.fact(Fact::Ended {
        leg,
        how: LegEnd::NotReached(LegOutcome::NoAnswer),
    });
    day.take();
    day.command(Command::Redial { wrap_up: first });
    let again = day.view().calls[0].clone();
    assert_ne!(again.wrap_up, first);
    assert_eq!(
        again.number.as_ref().map(|number| number.as_str()),
        Some("12800550142")
    );
    assert_eq!(day.view().wrap_ups.len(), 2, "both forms are there");
    assert!(
        !day.form(first).can.contains(&WrapUpAction::Redial),
        "a call is on"
    );
    day.fact(Fact::Connected { leg: again.leg });
    day.fact(Fact::Ended {
        leg: again.leg,
        how: LegEnd::FarHungUp,
    });
    assert_eq!(day.form(again.wrap_up).outcome, Some(LegOutcome::Connected));
}

#[test]
fn a_call_that_is_offered_while_dialling_is_refused_as_busy() {
    let mut day = Day::ready();
    day.dialled("12800550142");
    day.take();
    let offered = day.queue_call();
    assert_eq!(day.take(), [Effect::RejectBusy { leg: offered }]);
}
