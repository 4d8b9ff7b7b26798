//! A wrap-up with a limit (ACCEPTANCE 97): its end frees the agent, and can be put off.

use super::*;

const LIMIT: Duration = Duration::from_secs(60);

/// A centre that gives wrap-ups a minute.
fn limited(agents: u128) -> Day {
    let config = Config {
        wrap_up: Some(LIMIT),
        ..Config::default()
    };
    Day::under(config, agents)
}

/// Agent 1 has talked and is in the wrap-up.
fn talked(day: &mut Day) {
    day.arrive(1);
    let leg = day.ringing(1, 1);
    day.input(Input::Answered { leg });
    day.pass(5_000);
    day.input(Input::LegEnded { leg });
    assert_eq!(day.activity(1), Activity::WrapUp);
}

fn extend(day: &mut Day) {
    day.input(Input::ExtendWrapUp { agent: agent_id(1) });
}

/// In how many milliseconds the wrap-up of agent 1 ends, as it was told last.
fn told(day: &Day) -> Option<i64> {
    let until = day.effects.iter().rev().find_map(|effect| match effect {
        Effect::ActivityChanged { agent, until, .. } if *agent == agent_id(1) => Some(*until),
        _ => None,
    });
    let until = until.expect("an activity was told")?;
    assert_eq!(day.acd.wrap_up_until(agent_id(1)), Some(until));
    Some(until.0 - at(day.now).wall.0)
}

#[test]
fn at_its_end_the_agent_is_free_and_the_next_call_rings() {
    let mut day = limited(1);
    talked(&mut day);
    assert_eq!(told(&day), Some(60_000));
    day.arrive(2);
    day.pass(59_999);
    assert!(day.offers().is_empty());
    assert_eq!(day.activity(1), Activity::WrapUp);
    day.pass(1);
    day.ringing(1, 2);
    assert_eq!(day.presence(1), (Presence::Ready, PresenceReason::ByHand));
    assert_eq!(told(&day), None);
}

#[test]
fn its_end_leaves_the_presence_as_it_is() {
    let mut day = limited(1);
    talked(&mut day);
    day.set(1, Presence::Break);
    day.arrive(2);
    day.pass(60_000);
    assert_eq!(day.activity(1), Activity::Free);
    assert_eq!(day.presence(1).0, Presence::Break);
    assert!(day.offers().is_empty(), "nothing is offered on Break");
}

#[test]
fn extended_it_has_its_whole_time_anew_however_often() {
    let mut day = limited(1);
    talked(&mut day);
    for _ in 0..3 {
        day.pass(50_000);
        extend(&mut day);
        assert_eq!(told(&day), Some(60_000));
    }
    day.pass(59_999);
    assert_eq!(day.activity(1), Activity::WrapUp);
    day.pass(1);
    assert_eq!(day.activity(1), Activity::Free);
    // Too late: there is nothing to extend.
    extend(&mut day);
    assert_eq!(day.acd.wrap_up_until(agent_id(1)), None);
    assert_eq!(day.activity(1), Activity::Free);
}

#[test]
fn a_call_dialled_in_it_stops_its_time_and_begins_a_new_one() {
    let mut day = limited(1);
    talked(&mut day);
    day.pass(50_000);
    day.input(dials::dialled(Some(1), None));
    assert_eq!(told(&day), None);
    day.input(dials::ANSWERED());
    day.arrive(2);
    day.pass(300_000);
    assert_eq!(day.activity(1), Activity::Talking);
    extend(&mut day);
    assert_eq!(day.acd.wrap_up_until(agent_id(1)), None);
    day.input(dials::over(LegOutcome::Connected));
    assert_eq!(day.activity(1), Activity::WrapUp);
    assert_eq!(told(&day), Some(60_000));
    day.pass(60_000);
    day.ringing(1, 2);
}

#[test]
fn start_answering_and_check_out_end_it_before_its_time() {
    for leaves in [false, true] {
        let mut day = limited(1);
        talked(&mut day);
        day.pass(30_000);
        if leaves {
            day.set(1, Presence::CheckedOut);
        } else {
            day.input(Input::StartAnswering {
                agent: agent_id(1),
                presence: Presence::Ready,
            });
        }
        assert_eq!(day.activity(1), Activity::Free);
        assert_eq!(told(&day), None);
        day.effects.clear();
        day.pass(120_000);
        assert!(day.effects.is_empty(), "its end comes to nobody");
    }
}

#[test]
fn a_wrap_up_on_record_has_its_whole_time_again() {
    let mut day = limited(0);
    day.acd.add_agent(
        at(day.now),
        AgentConfig {
            agent: agent_id(1),
            groups: vec![group_id(1)],
            presence: checked_out(),
            in_wrap_up: true,
            watched: false,
        },
    );
    day.pass(59_999);
    assert_eq!(day.activity(1), Activity::WrapUp);
    day.pass(1);
    assert_eq!(day.activity(1), Activity::Free);
}

#[test]
fn without_a_limit_it_lasts_and_cannot_be_extended() {
    let mut day = Day::with_agents(1);
    talked(&mut day);
    assert_eq!(told(&day), None);
    extend(&mut day);
    day.pass(86_400_000);
    assert_eq!(day.activity(1), Activity::WrapUp);
}
