//! A wrap-up with a limit of the centre's (ACCEPTANCE 97).

mod day;

use day::{Day, RING};
use offhook_desk::{Command, DeskAction, Effect, Fact, NoticeKind, WrapUpAction};
use offhook_model::{Activity, Code, Presence, PresenceReason, Wall};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

fn limited() -> Day {
    Day::ready_with(Some(LIMIT))
}

fn from_now(day: &Day, duration: Duration) -> Wall {
    day.clock().wall.plus(duration)
}

fn told(day: &mut Day, activity: Activity, until: Option<Wall>) {
    day.fact(Fact::Activity { activity, until });
}

fn says_it_is_over(day: &Day) -> bool {
    day.view()
        .notices
        .iter()
        .any(|notice| notice.about == NoticeKind::WrapUpOver)
}

#[test]
fn the_limit_counts_from_the_hang_up_and_then_by_the_centres_word() {
    let mut day = limited();
    day.talked();
    assert_eq!(day.view().wrap_up_until, Some(from_now(&day, LIMIT)));
    assert!(day.view().can.contains(&DeskAction::ExtendWrapUp));
    day.pass(Duration::from_millis(40));
    let until = from_now(&day, LIMIT - Duration::from_millis(25));
    told(&mut day, Activity::WrapUp, Some(until));
    assert_eq!(day.view().wrap_up_until, Some(until));
    // This computer's clock is an hour behind: there is never more than the limit.
    let late = from_now(&day, Duration::from_secs(3_600));
    told(&mut day, Activity::WrapUp, Some(late));
    assert_eq!(day.view().wrap_up_until, Some(from_now(&day, LIMIT)));
}

#[test]
fn at_the_end_the_agent_is_free_and_the_form_is_an_open_draft() {
    let mut day = limited();
    let wrap_up = day.talked();
    day.edit(wrap_up, "summary", "half a sent");
    day.pass(LIMIT);
    assert_eq!(
        day.view().activity,
        Activity::WrapUp,
        "the centre ends it, not this clock"
    );
    told(&mut day, Activity::Free, None);
    let view = day.view();
    assert_eq!((view.activity, view.wrap_up_until), (Activity::Free, None));
    assert!(!view.can.contains(&DeskAction::ExtendWrapUp));
    assert!(says_it_is_over(&day));
    let form = day.form(wrap_up);
    assert!(form.can.contains(&WrapUpAction::Edit) && form.can.contains(&WrapUpAction::Submit));
    day.edit(wrap_up, "summary", "half a sentence");
    let ringing = day.queue_call();
    assert!(day.call(ringing).can.len() > 1, "the next call rings");
    let draft = day.desk.draft(wrap_up).expect("kept");
    assert!(draft.values.values().any(|value| !value.is_blank()));
}

#[test]
fn a_queue_call_may_say_that_it_is_over_before_the_centre_does() {
    let mut day = limited();
    day.talked();
    day.pass(LIMIT - Duration::from_secs(10));
    let early = day.offer(Some(RING), true);
    let refused = Effect::RejectBusy { leg: early.leg };
    day.fact(Fact::Offered(early));
    assert!(day.take().contains(&refused), "it is not over yet");
    day.pass(Duration::from_secs(9));
    let leg = day.queue_call();
    assert_eq!(day.view().activity, Activity::Ringing);
    assert!(says_it_is_over(&day));
    day.command(Command::Decline { leg });
    assert_eq!(day.view().activity, Activity::Free);
}

#[test]
fn a_check_out_that_waited_goes_before_a_call_at_the_end() {
    for call_first in [false, true] {
        let mut day = limited();
        day.talked();
        day.command(Command::CheckOut);
        day.pass(LIMIT);
        day.take();
        if !call_first {
            told(&mut day, Activity::Free, None);
        }
        let offered = day.offer(Some(RING), true);
        let refused = Effect::RejectBusy { leg: offered.leg };
        day.fact(Fact::Offered(offered));
        let asked = day.take();
        assert!(asked.contains(&Effect::SetPresence(Presence::CheckedOut)));
        assert!(asked.contains(&refused), "{call_first}");
    }
}

#[test]
fn more_time_is_asked_for_as_often_as_wanted() {
    let mut day = limited();
    day.talked();
    for _ in 0..3 {
        day.pass(LIMIT - Duration::from_secs(1));
        day.take();
        day.command(Command::ExtendWrapUp);
        assert_eq!(day.take(), [Effect::ExtendWrapUp]);
        let until = from_now(&day, LIMIT);
        day.fact(Fact::WrapUpExtended { until });
        assert_eq!(day.view().wrap_up_until, Some(until));
    }
    // The centre had ended it when it was asked: the event stream has said so before.
    told(&mut day, Activity::Free, None);
    let until = from_now(&day, LIMIT);
    day.fact(Fact::WrapUpExtended { until });
    assert_eq!(day.view().activity, Activity::Free);
}

#[test]
fn without_a_limit_there_is_nothing_to_extend() {
    let mut day = Day::ready();
    day.talked();
    told(&mut day, Activity::WrapUp, None);
    assert_eq!(day.view().wrap_up_until, None);
    assert!(!day.view().can.contains(&DeskAction::ExtendWrapUp));
    day.take();
    day.command(Command::ExtendWrapUp);
    assert!(day.take().is_empty());
    let notices = day.view().notices;
    assert_eq!(
        notices.last().map(|notice| &notice.about),
        Some(&NoticeKind::Failed { code: Code::NotNow })
    );
    told(&mut day, Activity::Free, None);
    assert!(!says_it_is_over(&day));
}

#[test]
fn start_answering_is_not_taken_for_the_end_of_the_limit() {
    let mut day = limited();
    day.talked();
    day.pass(LIMIT);
    day.command(Command::StartAnswering {
        presence: Presence::Ready,
    });
    assert!(!day.view().can.contains(&DeskAction::ExtendWrapUp));
    told(&mut day, Activity::Free, None);
    day.told(Presence::Ready, PresenceReason::ByHand);
    assert_eq!(day.view().activity, Activity::Free);
    assert!(!says_it_is_over(&day));
}

#[test]
fn a_call_dialled_in_it_has_no_limit_and_its_own_wrap_up_has_it_anew() {
    let mut day = limited();
    day.talked();
    day.pass(LIMIT - Duration::from_secs(1));
    let leg = day.dialled("12800550196");
    assert_eq!(day.view().wrap_up_until, None);
    day.pass(LIMIT);
    day.command(Command::HangUp { leg });
    assert_eq!(day.view().wrap_up_until, Some(from_now(&day, LIMIT)));
}
