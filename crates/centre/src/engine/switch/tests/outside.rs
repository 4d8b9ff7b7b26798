//! Agents who dial numbers outside.

use super::super::{Tone, header};
use super::world::{CALLER_IDS, FAIR, Heard, STORM, Saw, World, spec};
use crate::acd::CallOutcome;
use offhook_audio::Codec;
use offhook_model::{Activity, Direction as Way, LegOutcome, Presence};
use offhook_sip::sdp::Direction;
use offhook_sip::{Core, EndCause, Flow, HeadersExt, Reason, Status};

const FIRST: usize = 1;
const SECOND: usize = 2;
const NUMBER: &str = "12800550196";
const CALL: &str = "019a0000-0000-7000-8000-000000000001";
const LEG: &str = "019a0000-0000-7000-8000-000000000002";

fn pcmu() -> offhook_sip::sdp::CodecSpec {
    spec(0, "PCMU", 8_000, 1)
}

/// The first agent has dialled and the INVITE has come out at the trunk.
fn dialled(world: &mut World) {
    world.dial(FIRST, NUMBER);
    assert!(
        world.run_until(40_000, |world| world.trunk.call().is_some()),
        "nothing comes out"
    );
}

fn talking(world: &mut World) {
    dialled(world);
    world.outside(|trunk, now| trunk.answer(now, pcmu()));
    assert!(world.run_until(40_000, |world| {
        world.activity_of(FIRST) == Activity::Talking && world.talks_outside(FIRST)
    }));
    world.pass(2_000);
}

fn rejected(world: &World, n: usize) -> (Status, Option<Reason>) {
    match world.phones[n].saw.last() {
        Some(Saw::Ended(EndCause::Rejected { status, reason, .. })) => (*status, reason.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_goes_out_with_its_caller_id_rings_is_answered_and_recorded() {
    let mut world = World::new(FAIR, 51);
    let wished = format!("<sip:{}@centre>", CALLER_IDS[1]);
    world.dial_as(
        FIRST,
        NUMBER,
        vec![
            header("X-Offhook-Call", CALL),
            header("X-Offhook-Leg", LEG),
            header("P-Preferred-Identity", wished),
        ],
    );
    assert!(world.run_until(2_000, |world| world.trunk.call().is_some()));
    let invited = world.trunk.invited().clone();
    assert_eq!(invited.request_uri.user.as_deref(), Some(NUMBER));
    assert_eq!(invited.from.uri.user.as_deref(), Some(CALLER_IDS[1]));
    assert!(
        invited
            .headers
            .value("P-Asserted-Identity")
            .is_some_and(|value| value.contains(CALLER_IDS[1]))
    );
    let offer = String::from_utf8_lossy(invited.offer.as_deref().expect("an offer")).into_owned();
    assert!(
        offer.contains("opus/48000/2") && offer.contains("PCMU/8000") && !offer.contains("G729"),
        "all that the phone offers and we know: {offer}"
    );
    assert_eq!(world.activity_of(FIRST), Activity::Dialling);
    world.outside(|trunk, now| trunk.progress(now, Status::RINGING, None));
    world.pass(3_000);
    assert!(
        world.phones[FIRST]
            .saw
            .contains(&Saw::Progress(Status::RINGING, false))
    );
    world.outside(|trunk, now| trunk.answer(now, pcmu()));
    world.pass(1_000);
    assert_eq!(world.activity_of(FIRST), Activity::Talking);
    assert!(world.talks_outside(FIRST));
    let [(leg, sides, codec, payload_type)] = world.switch.media.recorded[..] else {
        panic!("{:?}", world.switch.media.recorded);
    };
    assert_eq!(
        (leg.to_string().as_str(), codec, payload_type),
        (LEG, Codec::Pcmu, 0)
    );
    let joined = world.switch.media.heard[&sides.agent];
    assert_eq!(joined, Heard::Voice(sides.customer));
    let answer = String::from_utf8_lossy(&world.phones[FIRST].sdp).into_owned();
    assert!(
        answer.contains("PCMU")
            && !answer.contains("opus")
            && answer.contains("telephone-event/8000"),
        "one codec, the callee's: {answer}"
    );
    world.pass(60_000);
    world.outside(|trunk, now| trunk.hang_up(now));
    world.pass(1_000);
    assert_eq!(world.phones[FIRST].endings(), 1);
    assert_eq!(world.activity_of(FIRST), Activity::WrapUp);
    let (_, leg) = &world.legs[&LEG.parse().expect("an id")];
    assert_eq!(
        (leg.direction, leg.outcome),
        (Way::Outbound, Some(LegOutcome::Connected))
    );
    assert_eq!(leg.call.to_string(), CALL);
    assert_eq!(
        leg.number.as_ref().map(|number| number.as_str()),
        Some(NUMBER)
    );
    let talk = leg
        .ended_at
        .expect("over")
        .since(leg.answered_at.expect("answered"));
    assert!((60..63).contains(&talk.as_secs()), "{talk:?}");
    let call = &world.calls[&CALL.parse().expect("an id")];
    assert_eq!(
        (call.direction, call.outcome),
        (Way::Outbound, Some(CallOutcome::Connected))
    );
    assert_eq!(
        call.caller_id.as_ref().map(|number| number.as_str()),
        Some(CALLER_IDS[1])
    );
    world.assert_nobody_is_stranded();
}

#[test]
fn a_number_that_is_not_the_agents_is_never_shown() {
    for wished in ["<sip:10086@centre>", "nonsense", "<sip:anonymous@centre>"] {
        let mut world = World::new(FAIR, 52);
        world.dial_as(FIRST, NUMBER, vec![header("P-Preferred-Identity", wished)]);
        assert!(world.run_until(2_000, |world| world.trunk.call().is_some()));
        let from = &world.trunk.invited().from;
        assert_eq!(from.uri.user.as_deref(), Some(CALLER_IDS[0]), "{wished}");
        assert_eq!(from.display, None);
        world.hang_up(FIRST);
        world.assert_nobody_is_stranded();
    }
}

#[test]
fn busy_no_answer_rejected_and_invalid_are_told_apart() {
    for (status, outcome) in [
        (486, LegOutcome::Busy),
        (600, LegOutcome::Busy),
        (408, LegOutcome::NoAnswer),
        (480, LegOutcome::NoAnswer),
        (403, LegOutcome::Rejected),
        (603, LegOutcome::Rejected),
        (404, LegOutcome::InvalidNumber),
        (484, LegOutcome::InvalidNumber),
        (604, LegOutcome::InvalidNumber),
        (503, LegOutcome::Failed),
    ] {
        let mut world = World::new(FAIR, 53);
        dialled(&mut world);
        world.outside(|trunk, now| trunk.progress(now, Status::RINGING, None));
        world.pass(500);
        world.outside(|trunk, now| trunk.refuse(now, Status(status)));
        world.pass(1_000);
        assert_eq!(rejected(&world, FIRST).0, Status(status));
        assert_eq!(world.outcomes(FIRST), [Some(outcome)], "{status}");
        assert_eq!(world.activity_of(FIRST), Activity::WrapUp, "{status}");
        assert_eq!(world.presence_of(FIRST).0, Presence::Ready, "{status}");
        world.assert_nobody_is_stranded();
    }
}

#[test]
fn early_media_are_heard_before_the_answer() {
    for early in [Direction::SendRecv, Direction::SendOnly] {
        let mut world = World::new(FAIR, 54);
        dialled(&mut world);
        world.outside(|trunk, now| trunk.progress(now, Status::SESSION_PROGRESS, Some(early)));
        world.pass(1_000);
        assert!(
            world.phones[FIRST]
                .saw
                .contains(&Saw::Progress(Status::SESSION_PROGRESS, true))
        );
        assert!(world.talks_outside(FIRST), "{early:?}");
        assert_eq!(world.activity_of(FIRST), Activity::Dialling);
        world.outside(|trunk, now| trunk.answer(now, pcmu()));
        world.pass(1_000);
        assert!(world.talks_outside(FIRST), "{early:?}");
        assert_eq!(world.activity_of(FIRST), Activity::Talking);
        world.hang_up(FIRST);
        world.pass(1_000);
        assert!(matches!(world.trunk.ended[..], [EndCause::Bye { .. }]));
        world.assert_nobody_is_stranded();
    }
}

#[test]
fn the_agent_gives_up_before_an_answer() {
    for seed in 0..40 {
        let weather = if seed == 0 { FAIR } else { STORM };
        let mut world = World::new(weather, seed);
        dialled(&mut world);
        world.outside(|trunk, now| trunk.progress(now, Status::RINGING, None));
        world.pass(seed * 97);
        world.hang_up(FIRST);
        assert!(
            world.run_until(70_000, |world| world.trunk.call().is_none()),
            "seed {seed}: it still rings outside"
        );
        assert!(
            world.run_until(70_000, |world| world.outcomes(FIRST)
                == [Some(LegOutcome::Cancelled)]),
            "seed {seed}: {:?}",
            world.outcomes(FIRST)
        );
        assert_eq!(world.activity_of(FIRST), Activity::WrapUp, "seed {seed}");
        world.assert_nobody_is_stranded();
    }
}

#[test]
fn an_answer_that_crosses_the_agents_cancel_strands_nobody() {
    for seed in 0..60 {
        let mut world = World::new(FAIR, seed);
        dialled(&mut world);
        world.outside(|trunk, now| trunk.progress(now, Status::RINGING, None));
        world.pass(2_000);
        world.weather.longest = 120;
        world.hang_up(FIRST);
        world.pass(seed * 3);
        if world.trunk.call().is_some() {
            world.outside(|trunk, now| trunk.answer(now, pcmu()));
        }
        world.pass(20_000);
        assert_eq!(world.trunk.call(), None, "seed {seed}");
        assert_eq!(world.activity_of(FIRST), Activity::WrapUp, "seed {seed}");
        world.assert_nobody_is_stranded();
    }
}

#[test]
fn it_rings_for_three_minutes_and_then_says_no_answer() {
    let mut world = World::new(FAIR, 55);
    dialled(&mut world);
    world.outside(|trunk, now| trunk.progress(now, Status::RINGING, None));
    world.pass(175_000);
    assert_eq!(world.activity_of(FIRST), Activity::Dialling);
    world.pass(10_000);
    assert_eq!(rejected(&world, FIRST).0, Status::TEMPORARILY_UNAVAILABLE);
    assert_eq!(world.trunk.call(), None);
    assert_eq!(world.outcomes(FIRST), [Some(LegOutcome::NoAnswer)]);
    world.assert_nobody_is_stranded();
}

#[test]
fn who_is_checked_out_may_not_dial_and_is_told_why() {
    let mut world = World::new(FAIR, 56);
    world.presence(FIRST, Presence::CheckedOut);
    for whom in [NUMBER, "1002"] {
        world.dial(FIRST, whom);
        world.pass(1_000);
        let (status, reason) = rejected(&world, FIRST);
        assert_eq!(status, Status::FORBIDDEN);
        assert_eq!(reason, Some(Reason::sip(403, "Checked out")));
    }
    assert_eq!(world.trunk.call(), None);
    assert_eq!(world.activity_of(FIRST), Activity::Free);
    assert!(world.legs.is_empty() && world.calls.is_empty());
    world.presence(FIRST, Presence::Break);
    dialled(&mut world);
    world.hang_up(FIRST);
    world.assert_nobody_is_stranded();
}

#[test]
fn nobody_from_outside_may_use_the_way_out_and_without_one_nobody_may() {
    let mut world = World::new(FAIR, 57);
    world.dial(0, NUMBER);
    world.pass(1_000);
    assert_eq!(rejected(&world, 0).0, Status::NOT_FOUND);
    world.switch.config.trunk = None;
    world.dial(FIRST, NUMBER);
    world.pass(1_000);
    assert_eq!(rejected(&world, FIRST).0, Status::SERVICE_UNAVAILABLE);
    world.dial(FIRST, "nobody");
    world.pass(1_000);
    assert_eq!(rejected(&world, FIRST).0, Status::NOT_FOUND);
    assert_eq!(world.activity_of(FIRST), Activity::Free, "nothing rang");
    assert!(world.legs.is_empty());
    world.assert_nobody_is_stranded();
}

#[test]
fn a_trunk_that_is_gone_is_said_and_recorded_as_failed() {
    let mut world = World::new(FAIR, 58);
    dialled(&mut world);
    let now = world.now;
    world
        .switch
        .handle_unreachable(now, Flow::udp(super::trunk::Trunk::ADDR));
    world.pass(1_000);
    assert_eq!(rejected(&world, FIRST).0, Status::SERVICE_UNAVAILABLE);
    assert_eq!(world.outcomes(FIRST), [Some(LegOutcome::Failed)]);
}

#[test]
fn both_sides_of_a_call_outside_may_hold() {
    let mut world = World::new(FAIR, 59);
    talking(&mut world);
    let outside = super::trunk::Trunk::RTP;
    world.reoffer(FIRST, Direction::SendOnly);
    world.pass(1_000);
    assert_eq!(world.heard_at(outside), Heard::Tone(Tone::Hold));
    assert_eq!(world.heard(FIRST), Heard::Nothing);
    world.reoffer(FIRST, Direction::SendRecv);
    world.pass(1_000);
    assert!(world.talks_outside(FIRST));
    world.outside(|trunk, now| trunk.reoffer(now, Direction::SendOnly));
    world.pass(1_000);
    assert_eq!(world.heard(FIRST), Heard::Nothing);
    world.outside(|trunk, now| trunk.reoffer(now, Direction::SendRecv));
    world.pass(1_000);
    assert!(world.talks_outside(FIRST));
    world.hang_up(FIRST);
    world.assert_nobody_is_stranded();
}

#[test]
fn an_offer_that_crosses_the_dialling_goes_to_the_next_agent_without_break() {
    let mut world = World::new(FAIR, 60);
    world.dial(0, super::world::QUEUE);
    assert!(world.run_until(2_000, |world| world.phones[FIRST].call.is_some()));
    let offered = world.phones[FIRST].call.expect("rings");
    dialled(&mut world);
    world.command(
        FIRST,
        offhook_sip::Command::Reject {
            call: offered,
            status: Status::BUSY_HERE,
            reason: None,
        },
    );
    world.pass(1_000);
    assert_eq!(world.presence_of(FIRST).0, Presence::Ready);
    assert_eq!(world.phones[SECOND].rang().len(), 1);
    world.outside(|trunk, now| trunk.answer(now, pcmu()));
    world.pass(2_000);
    assert_eq!(world.activity_of(FIRST), Activity::Talking);
}

#[test]
fn in_bad_weather_calls_outside_are_answered_and_end_as_they_should() {
    for seed in 0..40 {
        let mut world = World::new(STORM, seed);
        talking(&mut world);
        world.pass(5_000);
        if seed % 2 == 0 {
            world.hang_up(FIRST);
        } else {
            world.outside(|trunk, now| trunk.hang_up(now));
        }
        assert!(
            world.run_until(70_000, |world| world.activity_of(FIRST) == Activity::WrapUp),
            "seed {seed}"
        );
        assert_eq!(
            world.outcomes(FIRST),
            [Some(LegOutcome::Connected)],
            "seed {seed}"
        );
        world.assert_nobody_is_stranded();
    }
}
