//! Offered, answered, live, gone (ACCEPTANCE 16-27, 33, 38, 40-50).

mod day;

use day::{Day, RING};
use offhook_desk::{
    CallAction, CallPhase, Command, Effect, EndedBy, Fact, LegEnd, NextAction, NoticeKind,
};
use offhook_model::{
    Activity, CallResult, CallerMatch, Code, CustomerId, CustomerName, LegOutcome, Presence,
    PresenceReason, Random, Wall,
};
use std::time::Duration;

#[test]
fn an_offered_call_rings_pops_and_notifies_by_itself() {
    let mut day = Day::ready();
    let leg = day.queue_call();
    let effects = day.take();
    assert!(effects.contains(&Effect::Ring));
    assert!(effects.contains(&Effect::Notify { leg }));
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::LookUp { .. }))
    );
    let view = day.view();
    assert_eq!(view.activity, Activity::Ringing);
    assert_eq!(view.next, Some(NextAction::Answer { leg }));
    assert_eq!(view.calls[0].can, [CallAction::Answer, CallAction::Decline]);
    assert_eq!(view.calls[0].answer_by, Some(day.clock().wall.plus(RING)));
}

#[test]
fn answer_connects_and_the_timer_starts_when_the_far_side_confirms() {
    let mut day = Day::ready();
    let leg = day.queue_call();
    day.take();
    day.command(Command::Answer { leg });
    day.command(Command::Answer { leg });
    let asked = [
        Effect::StopRinging,
        Effect::WithdrawNotification { leg },
        Effect::Answer { leg },
    ];
    assert_eq!(day.take(), asked, "a double click answers once");
    assert_eq!(day.call(leg).phase, CallPhase::Answering);
    assert_eq!(day.call(leg).answered_at, None);
    day.pass(Duration::from_millis(120));
    day.fact(Fact::Connected { leg });
    let call = day.call(leg);
    assert_eq!(
        (call.phase, call.answered_at),
        (CallPhase::Live, Some(day.clock().wall))
    );
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
fn either_side_may_hang_up_and_both_lead_to_wrap_up() {
    for (by_agent, ended_by) in [(true, EndedBy::Agent), (false, EndedBy::Customer)] {
        let mut day = Day::ready();
        let leg = day.live_call();
        let wrap_up = day.call(leg).wrap_up;
        day.pass(Duration::from_secs(65));
        day.take();
        if by_agent {
            day.command(Command::HangUp { leg });
            day.command(Command::HangUp { leg });
            assert_eq!(
                day.take()
                    .iter()
                    .filter(|effect| matches!(effect, Effect::HangUp { .. }))
                    .count(),
                1
            );
            day.fact(Fact::Ended {
                leg,
                how: LegEnd::HungUp,
            });
        } else {
            day.fact(Fact::Ended {
                leg,
                how: LegEnd::FarHungUp,
            });
        }
        let view = day.view();
        assert!(view.calls.is_empty());
        assert_eq!(view.activity, Activity::WrapUp);
        assert_eq!(
            view.next,
            Some(NextAction::SubmitAndStartAnswering { wrap_up })
        );
        assert_eq!(day.form(wrap_up).ended_by, Some(ended_by));
        assert!(view.notices.is_empty());
    }
}

#[test]
fn in_a_call_and_in_wrap_up_another_call_is_refused_as_busy() {
    let mut day = Day::ready();
    day.live_call();
    day.take();
    let second = day.queue_call();
    assert_eq!(day.take(), [Effect::RejectBusy { leg: second }]);

    let mut day = Day::ready();
    day.talked();
    day.take();
    let next = day.queue_call();
    assert_eq!(day.take(), [Effect::RejectBusy { leg: next }]);
}

#[test]
fn on_break_a_queue_call_is_refused_and_a_direct_one_rings() {
    let mut day = Day::ready();
    day.command(Command::SetPresence {
        presence: Presence::Break,
    });
    day.take();
    let leg = day.queue_call();
    assert_eq!(
        day.take(),
        [Effect::RejectBusy { leg }],
        "already when Break is only asked for"
    );
    day.told(Presence::Break, PresenceReason::ByHand);
    let direct = day.offer(Some(RING), false);
    day.fact(Fact::Offered(direct));
    assert!(day.take().contains(&Effect::Ring));
}

#[test]
fn the_caller_who_leaves_while_it_rings_changes_no_state_and_is_recorded() {
    let mut day = Day::ready();
    let leg = day.queue_call();
    day.take();
    day.fact(Fact::Ended {
        leg,
        how: LegEnd::Withdrawn(LegOutcome::AbandonedWhileRinging),
    });
    let effects = day.take();
    assert!(effects.contains(&Effect::StopRinging));
    assert!(effects.contains(&Effect::WithdrawNotification { leg }));
    let record = effects
        .iter()
        .find_map(|effect| match effect {
            Effect::RecordLeg(record) => Some(record.clone()),
            _ => None,
        })
        .expect("a row for the call list");
    assert_eq!(record.result(), Some(CallResult::Abandoned));
    let view = day.view();
    assert_eq!(
        view.presence.expect("signed in").confirmed.presence,
        Presence::Ready
    );
    assert_eq!(view.activity, Activity::Free);
    assert!(view.wrap_ups.is_empty(), "no wrap-up after a missed call");
    assert!(matches!(view.notices[0].about, NoticeKind::CallGone { .. }));
}

#[test]
fn answer_works_to_the_last_moment_and_is_gone_at_the_deadline() {
    let mut day = Day::ready();
    let leg = day.queue_call();
    day.pass(RING - Duration::from_millis(100));
    assert!(day.call(leg).can.contains(&CallAction::Answer));
    day.pass(Duration::from_millis(100));
    assert!(day.call(leg).can.is_empty());
    assert_eq!(day.view().next, None);
    day.take();
    day.command(Command::Answer { leg });
    assert!(day.take().is_empty(), "too late");
    assert!(day.view().notices.iter().any(|notice| notice.about
        == NoticeKind::Failed {
            code: Code::CallGone
        }));
}

#[test]
fn a_ring_the_centre_forgets_is_let_go_by_itself() {
    let mut day = Day::ready();
    let leg = day.queue_call();
    day.take();
    day.pass(RING + Duration::from_secs(4));
    assert!(day.take().contains(&Effect::RejectBusy { leg }));
    assert!(day.view().calls.is_empty());
    assert_eq!(day.desk.poll_timeout(), None);
}

#[test]
fn without_a_word_of_the_centre_the_phones_own_timer_ends_the_ring() {
    let mut day = Day::ready();
    let offered = day.offer(None, false);
    let leg = offered.leg;
    day.fact(Fact::Offered(offered));
    day.take();
    day.pass(RING);
    assert!(day.take().contains(&Effect::RejectBusy { leg }));
}

#[test]
fn ring_no_answer_tells_why_and_one_action_leads_back_to_ready() {
    let mut day = Day::ready();
    let leg = day.queue_call();
    day.pass(RING);
    day.fact(Fact::Ended {
        leg,
        how: LegEnd::Withdrawn(LegOutcome::RingNoAnswer),
    });
    day.told(Presence::Break, PresenceReason::RingNoAnswer);
    let view = day.view();
    assert_eq!(view.next, Some(NextAction::BackToReady));
    assert!(view.notices.iter().any(|notice| matches!(
        notice.about,
        NoticeKind::PresenceChanged { state } if state.reason == PresenceReason::RingNoAnswer
    )));
    day.take();
    day.command(Command::SetPresence {
        presence: Presence::Ready,
    });
    assert_eq!(day.take(), [Effect::SetPresence(Presence::Ready)]);
    day.told(Presence::Ready, PresenceReason::ByHand);
    let told = day
        .view()
        .notices
        .iter()
        .any(|notice| matches!(notice.about, NoticeKind::PresenceChanged { .. }));
    assert!(!told, "the reason goes when the state does");
}

#[test]
fn declining_stops_the_ring_at_once() {
    let mut day = Day::ready();
    let leg = day.queue_call();
    day.take();
    day.command(Command::Decline { leg });
    let effects = day.take();
    assert!(effects.contains(&Effect::Decline { leg }));
    assert!(effects.contains(&Effect::StopRinging));
    assert!(day.view().calls.is_empty());
    day.fact(Fact::Ended {
        leg,
        how: LegEnd::Declined,
    });
    assert!(day.view().notices.is_empty());
}

#[test]
fn a_call_that_dies_between_answer_and_confirmation_strands_nobody() {
    let mut day = Day::ready();
    let leg = day.queue_call();
    day.command(Command::Answer { leg });
    day.fact(Fact::Ended {
        leg,
        how: LegEnd::Withdrawn(LegOutcome::RingNoAnswer),
    });
    let view = day.view();
    assert!(view.calls.is_empty());
    assert_eq!(
        view.activity,
        Activity::Free,
        "they never talked: no wrap-up"
    );
    assert!(matches!(view.notices[0].about, NoticeKind::CallGone { .. }));
}

#[test]
fn the_pop_names_the_customer_in_the_call_and_in_its_form() {
    let mut day = Day::ready();
    let leg = day.queue_call();
    let call = day.call(leg).call;
    let customer = CustomerName {
        id: CustomerId::mint(Wall(5), &mut Random::seeded(9)),
        name: "陈雨桐".into(),
    };
    let caller = CallerMatch::Known {
        customer: customer.clone(),
        stale: false,
    };
    day.fact(Fact::CallerFound {
        call,
        caller: caller.clone(),
    });
    assert_eq!(day.call(leg).caller, caller);
    let wrap_up = day.call(leg).wrap_up;
    assert_eq!(day.form(wrap_up).caller, caller);
    assert_eq!(
        day.desk.draft(wrap_up).expect("a form").customer,
        Some(customer)
    );
}

#[test]
fn mute_shows_what_was_asked_and_what_is_so() {
    let mut day = Day::ready();
    let leg = day.live_call();
    day.take();
    day.command(Command::SetMuted { leg, muted: true });
    assert_eq!(day.take(), [Effect::SetMuted { leg, muted: true }]);
    let muted = day.call(leg).muted;
    assert!(muted.wanted && !muted.confirmed);
    assert!(day.call(leg).can.contains(&CallAction::Unmute));
    day.fact(Fact::Muted { leg, muted: true });
    assert!(day.call(leg).muted.confirmed);
}

#[test]
fn a_call_that_the_centre_lost_by_its_restart_is_told_and_has_its_wrap_up() {
    let how = LegEnd::Withdrawn(LegOutcome::LostByRestart);
    let told = |day: &Day| {
        matches!(
            day.view().notices.last().map(|notice| &notice.about),
            Some(NoticeKind::CallGone {
                outcome: LegOutcome::LostByRestart,
                number: Some(_)
            })
        )
    };
    let row = |day: &mut Day| {
        day.take().into_iter().find_map(|effect| match effect {
            Effect::RecordLeg(record) => record.result(),
            _ => None,
        })
    };
    let mut day = Day::ready();
    let leg = day.queue_call();
    day.fact(Fact::Ended { leg, how });
    assert!(told(&day));
    assert_eq!(row(&mut day), Some(CallResult::Missed));
    assert_eq!(day.view().activity, Activity::Free);

    let leg = day.live_call();
    let wrap_up = day.call(leg).wrap_up;
    day.fact(Fact::Ended { leg, how });
    assert!(told(&day));
    assert_eq!(row(&mut day), Some(CallResult::Normal), "they talked");
    assert_eq!(day.view().activity, Activity::WrapUp);
    let form = day.form(wrap_up);
    assert_eq!(form.outcome, Some(LegOutcome::LostByRestart));
}
