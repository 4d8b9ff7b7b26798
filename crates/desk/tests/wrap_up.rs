//! Wrap-up: typed, saved, submitted, synced (ACCEPTANCE 90-104).

mod day;

use day::Day;
use offhook_desk::{
    Command, DeskAction, Effect, Fact, LegEnd, NextAction, NoticeKind, RestoredWrapUp, SavedState,
    WrapUpAction,
};
use offhook_model::{
    Activity, CallerMatch, Code, CustomerId, CustomerName, LegOutcome, Presence, PresenceReason,
    Random, Wall, WrapUpId,
};
use std::time::Duration;

#[test]
fn notes_can_be_taken_from_the_first_ring_and_submit_waits_for_the_end() {
    let mut day = Day::ready();
    let leg = day.live_call();
    let wrap_up = day.call(leg).wrap_up;
    day.edit(wrap_up, "summary", "while talking");
    let beside = [WrapUpAction::SaveCustomer, WrapUpAction::CreateTicket];
    assert_eq!(
        day.form(wrap_up).can,
        [&[WrapUpAction::Edit], &beside[..]].concat()
    );
    day.take();
    day.command(Command::Submit { wrap_up });
    assert!(day.take().is_empty());
    day.command(Command::HangUp { leg });
    let can = day.form(wrap_up).can;
    assert_eq!(
        can,
        [
            WrapUpAction::Edit,
            WrapUpAction::Submit,
            WrapUpAction::SubmitAndStartAnswering,
            WrapUpAction::SaveCustomer,
            WrapUpAction::CreateTicket,
            WrapUpAction::Redial
        ]
    );
}

#[test]
fn an_untouched_form_does_not_claim_to_be_saved() {
    let mut day = Day::ready();
    let leg = day.queue_call();
    let (call, wrap_up) = (day.call(leg).call, day.call(leg).wrap_up);
    let customer = CustomerName {
        id: CustomerId::mint(Wall(5), &mut Random::seeded(9)),
        name: "陈雨桐".into(),
    };
    day.fact(Fact::CallerFound {
        call,
        caller: CallerMatch::Known {
            customer,
            stale: false,
        },
    });
    day.take();
    day.pass(Duration::from_secs(1));
    assert!(
        day.take().is_empty(),
        "a missed call would leave it on the disk for nothing"
    );
    day.command(Command::Answer { leg });
    day.fact(Fact::Connected { leg });
    let edit = day.take().iter().find_map(|effect| match effect {
        Effect::SaveDraft(draft) => Some(draft.edit),
        _ => None,
    });
    day.fact(Fact::DraftSaved {
        wrap_up,
        edit: edit.expect("the facts of a live call are on the disk"),
    });
    assert_eq!(day.form(wrap_up).saved, SavedState::Blank);
}

/// The store keeps what it is asked to: the edits.
fn keeps(day: &mut Day, wrap_up: WrapUpId) -> Vec<u64> {
    let effects = day.take();
    let edits = effects.iter().filter_map(|effect| match effect {
        Effect::SaveDraft(draft) => Some(draft.edit),
        _ => None,
    });
    let edits: Vec<u64> = edits.collect();
    for edit in edits.iter().copied() {
        day.fact(Fact::DraftSaved { wrap_up, edit });
    }
    edits
}

#[test]
fn on_a_slow_disk_saves_do_not_pile_up_and_the_newest_text_follows() {
    let mut day = Day::ready();
    let wrap_up = day.talked();
    keeps(&mut day, wrap_up);
    day.edit(wrap_up, "summary", "x");
    day.pass(Duration::from_millis(100));
    let [Effect::SaveDraft(slow)] = &day.take()[..] else {
        panic!("one save");
    };
    for n in 1..20 {
        day.edit(wrap_up, "summary", &"x".repeat(n + 1));
        day.pass(Duration::from_millis(100));
        assert!(day.take().is_empty(), "the store is busy with one");
    }
    assert_eq!(day.form(wrap_up).saved, SavedState::Unsaved);
    day.fact(Fact::DraftSaved {
        wrap_up,
        edit: slow.edit,
    });
    day.pass(Duration::ZERO);
    assert_eq!(keeps(&mut day, wrap_up), [slow.edit + 19]);
    assert!(matches!(day.form(wrap_up).saved, SavedState::Saved { .. }));
    // Whoever leaves meanwhile has it saved all the same.
    day.edit(wrap_up, "summary", "y");
    day.pass(Duration::from_millis(100));
    day.edit(wrap_up, "summary", "yz");
    day.take();
    day.command(Command::SignOut);
    assert!(matches!(day.take()[0], Effect::SaveDraft(_)));
}

#[test]
fn typing_goes_to_the_disk_within_100_ms_however_fast_it_goes_on() {
    let mut day = Day::ready();
    let wrap_up = day.talked();
    keeps(&mut day, wrap_up);
    let mut saves = 0;
    for n in 0..21 {
        day.edit(wrap_up, "summary", &"x".repeat(n + 1));
        day.pass(Duration::from_millis(50));
        saves += keeps(&mut day, wrap_up).len();
    }
    assert!(
        (10..=11).contains(&saves),
        "one save for each 100 ms of one second, not {saves}"
    );
    day.pass(Duration::from_millis(300));
    let edit = match day.take().as_slice() {
        [Effect::SaveDraft(draft)] => draft.edit,
        other => panic!("the last keystroke is saved, too: {other:?}"),
    };
    assert_eq!(day.form(wrap_up).saved, SavedState::Unsaved);
    day.fact(Fact::DraftSaved { wrap_up, edit });
    assert_eq!(
        day.form(wrap_up).saved,
        SavedState::Saved {
            at: day.clock().wall
        }
    );
}

#[test]
fn a_full_disk_is_told_once_keeps_the_text_and_is_tried_again() {
    let mut day = Day::ready();
    let wrap_up = day.talked();
    day.edit(wrap_up, "summary", "kept");
    day.pass(Duration::from_millis(300));
    for _ in 0..3 {
        day.fact(Fact::DraftNotSaved {
            wrap_up,
            code: Code::StoreFull,
        });
        day.take();
        day.pass(Duration::from_secs(5));
        assert!(matches!(day.take().as_slice(), [Effect::SaveDraft(_)]));
    }
    assert_eq!(
        day.form(wrap_up).saved,
        SavedState::SaveFailed {
            code: Code::StoreFull
        }
    );
    let told = day
        .view()
        .notices
        .iter()
        .filter(|n| {
            n.about
                == NoticeKind::Failed {
                    code: Code::StoreFull,
                }
        })
        .count();
    assert_eq!(told, 1);
    assert!(!day.desk.draft(wrap_up).expect("a form").values.is_empty());
}

#[test]
fn submit_and_start_answering_frees_the_agent_once_the_store_has_it() {
    let mut day = Day::ready();
    let wrap_up = day.talked();
    day.edit(wrap_up, "summary", "replaced the filter");
    day.take();
    day.command(Command::SubmitAndStartAnswering {
        wrap_up,
        presence: Presence::Ready,
    });
    day.command(Command::SubmitAndStartAnswering {
        wrap_up,
        presence: Presence::Ready,
    });
    assert!(
        matches!(day.take().as_slice(), [Effect::Submit(_)]),
        "once, and not yet free"
    );
    day.fact(Fact::Submitted { wrap_up });
    assert_eq!(day.take(), [Effect::StartAnswering(Presence::Ready)]);
    day.told(Presence::Ready, PresenceReason::ByHand);
    assert_eq!(day.view().activity, Activity::Free);
    day.fact(Fact::Synced { wrap_up });
    assert_eq!(
        day.form(wrap_up).saved,
        SavedState::Synced {
            at: day.clock().wall
        }
    );
}

#[test]
fn submit_alone_keeps_the_state_and_start_answering_alone_keeps_the_draft() {
    let mut day = Day::ready();
    let wrap_up = day.talked();
    day.edit(wrap_up, "summary", "a");
    day.command(Command::Submit { wrap_up });
    day.fact(Fact::Submitted { wrap_up });
    assert_eq!(day.view().activity, Activity::WrapUp);
    assert_eq!(day.view().next, Some(NextAction::StartAnswering));
    day.command(Command::StartAnswering {
        presence: Presence::Ready,
    });
    day.told(Presence::Ready, PresenceReason::ByHand);

    let draft = day.talked();
    day.edit(draft, "note", "half");
    day.command(Command::StartAnswering {
        presence: Presence::Ready,
    });
    day.told(Presence::Ready, PresenceReason::ByHand);
    assert_eq!(day.view().activity, Activity::Free);
    assert!(
        day.form(draft).can.contains(&WrapUpAction::Edit),
        "the draft is still there"
    );
    day.queue_call();
    day.edit(draft, "note", "half and more");
    assert_eq!(day.view().wrap_ups.len(), 3);
}

#[test]
fn a_call_that_comes_before_the_answer_to_start_answering_rings() {
    let mut day = Day::ready();
    day.talked();
    day.command(Command::StartAnswering {
        presence: Presence::Ready,
    });
    day.take();
    let leg = day.queue_call();
    assert_eq!(day.view().activity, Activity::Ringing);
    day.told(Presence::Ready, PresenceReason::ByHand);
    assert_eq!(day.view().activity, Activity::Ringing);
    day.fact(Fact::Ended {
        leg,
        how: LegEnd::Withdrawn(LegOutcome::AbandonedWhileRinging),
    });
    assert_eq!(day.view().activity, Activity::Free, "the wrap-up is over");
}

#[test]
fn in_wrap_up_and_on_the_way_to_break_no_call_rings() {
    let mut day = Day::ready();
    day.talked();
    let wraps = day.offer(None, true);
    let leg = wraps.leg;
    day.take();
    day.fact(Fact::Offered(wraps));
    assert_eq!(day.take(), [Effect::RejectBusy { leg }]);
    day.command(Command::StartAnswering {
        presence: Presence::Break,
    });
    let breaks = day.offer(None, true);
    let leg = breaks.leg;
    day.take();
    day.fact(Fact::Offered(breaks));
    assert_eq!(day.take(), [Effect::RejectBusy { leg }]);
}

#[test]
fn back_to_break_is_the_second_choice() {
    let mut day = Day::ready();
    day.talked();
    assert!(day.view().can.contains(&DeskAction::BackToBreak));
    day.take();
    day.command(Command::StartAnswering {
        presence: Presence::Break,
    });
    assert_eq!(day.take(), [Effect::StartAnswering(Presence::Break)]);
}

#[test]
fn a_missing_required_field_warns_and_keeps_the_draft() {
    let mut day = Day::ready();
    let wrap_up = day.talked();
    day.edit(wrap_up, "note", "no summary yet");
    day.take();
    day.command(Command::SubmitAndStartAnswering {
        wrap_up,
        presence: Presence::Ready,
    });
    assert!(matches!(day.take().as_slice(), [Effect::SaveDraft(_)]));
    assert!(
        matches!(&day.view().notices[0].about, NoticeKind::Incomplete { fields, .. } if fields[0].0 == "summary")
    );
    assert_eq!(day.view().activity, Activity::WrapUp);
}

#[test]
fn a_store_that_refuses_the_submission_leaves_the_form_open_and_the_agent_in_wrap_up() {
    let mut day = Day::ready();
    let wrap_up = day.talked();
    day.edit(wrap_up, "summary", "a");
    day.command(Command::SubmitAndStartAnswering {
        wrap_up,
        presence: Presence::Ready,
    });
    day.fact(Fact::NotSubmitted {
        wrap_up,
        code: Code::StoreFull,
    });
    assert!(day.form(wrap_up).can.contains(&WrapUpAction::Submit));
    assert_eq!(day.view().activity, Activity::WrapUp);
}

#[test]
fn what_was_typed_while_it_rang_outlives_a_caller_who_left() {
    let mut day = Day::ready();
    let leg = day.queue_call();
    let wrap_up = day.call(leg).wrap_up;
    day.edit(wrap_up, "note", "called three times");
    day.fact(Fact::Ended {
        leg,
        how: LegEnd::Withdrawn(LegOutcome::AbandonedWhileRinging),
    });
    assert!(day.form(wrap_up).can.contains(&WrapUpAction::Edit));
    assert_eq!(day.view().activity, Activity::Free);
}

#[test]
fn after_a_crash_in_a_call_the_form_is_back_and_can_be_submitted() {
    let mut day = Day::ready();
    let leg = day.live_call();
    let wrap_up = day.call(leg).wrap_up;
    day.edit(wrap_up, "summary", "typed before the crash");
    let draft = day.desk.draft(wrap_up).expect("a form").clone();

    let mut after = Day::ready();
    after.fact(Fact::Restored(vec![RestoredWrapUp {
        draft,
        outbox: None,
        filed: Vec::new(),
    }]));
    let form = after.form(wrap_up);
    assert_eq!(form.outcome, Some(LegOutcome::Connected));
    assert!(form.can.contains(&WrapUpAction::Submit));
    after.take();
    after.command(Command::Submit { wrap_up });
    assert!(matches!(after.take().as_slice(), [Effect::Submit(_)]));
}

#[test]
fn a_refusal_for_good_keeps_the_text_and_can_be_mended() {
    let mut day = Day::ready();
    let wrap_up = day.talked();
    day.edit(wrap_up, "summary", "a");
    day.command(Command::Submit { wrap_up });
    day.fact(Fact::Submitted { wrap_up });
    day.fact(Fact::SyncDelayed {
        wrap_up,
        code: Code::Unreachable,
    });
    assert!(matches!(
        day.form(wrap_up).saved,
        SavedState::Waiting {
            error: Some(Code::Unreachable),
            ..
        }
    ));
    day.fact(Fact::SyncRefused {
        wrap_up,
        code: Code::Refused,
    });
    assert_eq!(
        day.form(wrap_up).saved,
        SavedState::Refused {
            code: Code::Refused
        }
    );
    day.edit(wrap_up, "summary", "b");
    day.take();
    day.command(Command::Submit { wrap_up });
    assert!(matches!(day.take().as_slice(), [Effect::Submit(_)]));
}

#[test]
fn the_newest_synced_forms_stay_in_sight_and_no_draft_ever_goes() {
    let mut day = Day::ready();
    let mut synced = Vec::new();
    let draft = day.talked();
    day.edit(draft, "note", "half");
    for _ in 0..4 {
        day.command(Command::StartAnswering {
            presence: Presence::Ready,
        });
        day.told(Presence::Ready, PresenceReason::ByHand);
        let wrap_up = day.talked();
        day.edit(wrap_up, "summary", "done");
        day.command(Command::Submit { wrap_up });
        day.fact(Fact::Submitted { wrap_up });
        day.fact(Fact::Synced { wrap_up });
        synced.push(wrap_up);
    }
    let seen: Vec<_> = day.view().wrap_ups.iter().map(|form| form.id).collect();
    assert_eq!(seen, [synced[3], synced[2], draft], "newest first");
}

#[test]
fn a_full_desk_still_gives_a_small_snapshot() {
    let mut day = Day::ready();
    for _ in 0..200 {
        let wrap_up = day.talked();
        day.edit(wrap_up, "note", &"long ".repeat(400));
        day.command(Command::StartAnswering {
            presence: Presence::Ready,
        });
        day.told(Presence::Ready, PresenceReason::ByHand);
    }
    let size = serde_json::to_vec(&day.view())
        .expect("a view serialises")
        .len();
    assert!(size < 32 * 1024, "{size} bytes");
}
