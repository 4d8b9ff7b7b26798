//! Hold, retrieve and the keypad (ACCEPTANCE 66-70, 88-89).

mod day;

use day::Day;
use offhook_desk::{CallAction, Command, Effect, Fact, LegEnd, NoticeKind, Switch};
use offhook_model::{Activity, Code, Key, LegId};
use std::time::Duration;

fn hold(day: &mut Day, leg: LegId, held: bool) {
    day.command(Command::SetHeld { leg, held });
}

fn key(c: char) -> Key {
    Key::try_from(c).expect("a key")
}

#[test]
fn asked_and_confirmed_are_apart_and_the_hold_time_adds_up() {
    let mut day = Day::ready();
    let leg = day.live_call();
    day.take();
    hold(&mut day, leg, true);
    assert_eq!(day.take(), [Effect::SetHeld { leg, held: true }]);
    let call = day.call(leg);
    assert_eq!(
        call.held,
        Switch {
            wanted: true,
            confirmed: false
        }
    );
    assert_eq!(call.held_since, None);
    assert!(call.can.contains(&CallAction::Retrieve));
    day.fact(Fact::Held { leg, held: true });
    assert_eq!(day.call(leg).held_since, Some(day.clock().wall));
    day.pass(Duration::from_secs(7));
    hold(&mut day, leg, false);
    day.fact(Fact::Held { leg, held: false });
    day.pass(Duration::from_secs(3));
    hold(&mut day, leg, true);
    day.fact(Fact::Held { leg, held: true });
    let call = day.call(leg);
    assert_eq!(call.held_millis, 7_000);
    assert_eq!(call.held_since, Some(day.clock().wall));
}

#[test]
fn twenty_holds_in_a_row_and_a_double_click_end_right() {
    let mut day = Day::ready();
    let leg = day.live_call();
    day.take();
    for _ in 0..20 {
        for held in [true, false] {
            hold(&mut day, leg, held);
            hold(&mut day, leg, held);
            assert_eq!(day.take(), [Effect::SetHeld { leg, held }]);
            day.fact(Fact::Held { leg, held });
        }
    }
    let call = day.call(leg);
    assert_eq!(call.held, Switch::default());
    assert!(day.view().notices.is_empty());
}

#[test]
fn a_refused_hold_is_told_and_the_call_goes_on_as_it_was() {
    let mut day = Day::ready();
    let leg = day.live_call();
    hold(&mut day, leg, true);
    day.fact(Fact::HoldRefused { leg });
    assert_eq!(day.call(leg).held, Switch::default());
    assert!(matches!(
        day.view().notices.last().map(|notice| &notice.about),
        Some(NoticeKind::Failed {
            code: Code::HoldRefused
        })
    ));
}

#[test]
fn hanging_up_works_while_held() {
    let mut day = Day::ready();
    let leg = day.live_call();
    hold(&mut day, leg, true);
    day.fact(Fact::Held { leg, held: true });
    day.command(Command::HangUp { leg });
    assert!(day.take().contains(&Effect::HangUp { leg }));
    day.fact(Fact::Ended {
        leg,
        how: LegEnd::HungUp,
    });
    assert_eq!(day.view().activity, Activity::WrapUp);
}

#[test]
fn keys_are_sent_in_order_and_shown_and_never_printed() {
    let mut day = Day::ready();
    let leg = day.live_call();
    day.take();
    for c in "0123456789*#".chars() {
        day.command(Command::Press { leg, key: key(c) });
    }
    let sent: Vec<char> = day
        .take()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::SendKey { key, .. } => Some(char::from(key)),
            _ => None,
        })
        .collect();
    assert_eq!(sent.iter().collect::<String>(), "0123456789*#");
    assert_eq!(day.call(leg).keyed.0, "0123456789*#");
    let printed = format!("{:?}", day.view());
    assert!(!printed.contains("789*"), "{printed}");
}

#[test]
fn no_key_is_sent_before_the_answer_or_while_held() {
    let mut day = Day::ready();
    let leg = day.queue_call();
    day.command(Command::Press { leg, key: key('1') });
    day.command(Command::Answer { leg });
    day.fact(Fact::Connected { leg });
    hold(&mut day, leg, true);
    assert!(!day.call(leg).can.contains(&CallAction::Press));
    day.command(Command::Press { leg, key: key('1') });
    assert!(
        !day.take()
            .iter()
            .any(|effect| matches!(effect, Effect::SendKey { .. }))
    );
    assert_eq!(day.call(leg).keyed.0, "");
}
