use super::super::Sides;
use super::world::{FAIR, QUEUE, STORM, Saw, World, agent};
use crate::acd::CallOutcome;
use offhook_audio::Codec;
use offhook_model::{Activity, LegId, LegOutcome, Presence, PresenceReason};
use offhook_sip::{Command, Core, EndCause, Flow, HeadersExt, Reason, Status};

const CUSTOMER: usize = 0;
const FIRST: usize = 1;
const SECOND: usize = 2;

/// The customer has called and the first agent's phone rings.
fn ringing(world: &mut World) {
    world.dial(CUSTOMER, QUEUE);
    assert!(
        world.run_until(40_000, |world| world.phones[FIRST].call.is_some()),
        "it does not ring"
    );
}

#[test]
fn a_call_is_answered_offered_with_its_codec_and_bridged() {
    let mut world = World::new(FAIR, 1);
    ringing(&mut world);
    assert!(world.phones[CUSTOMER].saw.contains(&Saw::Answered));
    assert_eq!(
        world.switch.media.tones.len(),
        1,
        "the customer hears the tone"
    );
    let (customer_port, codec, payload_type) = world.switch.media.tones[0];
    assert_eq!(
        (codec, payload_type),
        (Codec::Opus, 109),
        "the customer's first known codec, by its own number"
    );
    let headers = &world.phones[FIRST].headers;
    assert_eq!(headers.value("X-Offhook-Ring-Left"), Some("30000"));
    assert_eq!(
        headers.value("X-Offhook-Skill-Group"),
        Some("%E5%94%AE%E5%90%8E%E6%9C%8D%E5%8A%A1;After-sales")
    );
    assert!(
        headers
            .value("From")
            .is_some_and(|from| from.contains("sip:12800550142@"))
    );
    world.answer(FIRST);
    assert!(world.run_until(5_000, |world| !world.switch.media.joins.is_empty()));
    let (customer, agent) = world.switch.media.joins[0];
    assert_eq!(customer, customer_port);
    let leg = headers_leg(&world);
    assert_eq!(
        world.switch.media.recorded,
        [(leg, Sides { customer, agent }, Codec::Opus, 109)]
    );
    assert_eq!(world.activity_of(FIRST), Activity::Talking);
    world.pass(20_000);
    world.hang_up(CUSTOMER);
    world.pass(1_000);
    assert_eq!(world.activity_of(FIRST), Activity::WrapUp);
    assert!(matches!(
        world.phones[FIRST].saw.last(),
        Some(Saw::Ended(EndCause::Bye { .. }))
    ));
    assert_eq!(world.outcomes(FIRST), [Some(LegOutcome::Connected)]);
    assert_eq!(world.call_outcomes(), [Some(CallOutcome::Connected)]);
    world.assert_nobody_is_stranded();
}

fn headers_leg(world: &World) -> LegId {
    let leg = world.phones[FIRST].headers.value("X-Offhook-Leg");
    leg.expect("a leg").parse().expect("an id")
}

#[test]
fn the_agent_may_hang_up_first() {
    let mut world = World::new(FAIR, 2);
    ringing(&mut world);
    world.answer(FIRST);
    world.pass(5_000);
    world.hang_up(FIRST);
    world.pass(1_000);
    assert_eq!(world.phones[CUSTOMER].endings(), 1);
    assert_eq!(world.activity_of(FIRST), Activity::WrapUp);
    world.assert_nobody_is_stranded();
}

#[test]
fn thirty_seconds_unanswered_is_break_and_the_second_agent_gets_the_same_call() {
    for seed in 0..40 {
        let weather = if seed == 0 { FAIR } else { STORM };
        let mut world = World::new(weather, seed);
        ringing(&mut world);
        let call = world.phones[FIRST].rang()[0];
        assert!(
            world.run_until(60_000, |world| world.phones[SECOND].call.is_some()),
            "seed {seed}: the second phone does not ring"
        );
        assert_eq!(
            world.presence_of(FIRST),
            (Presence::Break, PresenceReason::RingNoAnswer),
            "seed {seed}"
        );
        assert_eq!(world.phones[SECOND].rang(), [call], "seed {seed}");
        assert_eq!(
            world.outcomes(FIRST),
            [Some(LegOutcome::RingNoAnswer)],
            "seed {seed}"
        );
        world.answer(SECOND);
        assert!(
            world.run_until(30_000, |world| world.activity_of(SECOND)
                == Activity::Talking),
            "seed {seed}"
        );
        assert_eq!(world.switch.media.joins.len(), 1, "seed {seed}");
        world.pass(10_000);
        world.hang_up(SECOND);
        world.pass(40_000);
        assert_eq!(world.phones[CUSTOMER].endings(), 1, "seed {seed}");
        assert_eq!(
            world.presence_of(FIRST).0,
            Presence::Break,
            "seed {seed}: nothing more was offered to who is on Break"
        );
        assert_eq!(world.phones[FIRST].rang().len(), 1, "seed {seed}");
        world.assert_nobody_is_stranded();
    }
}

#[test]
fn the_cancel_at_the_deadline_says_why() {
    let mut world = World::new(FAIR, 3);
    ringing(&mut world);
    world.pass(31_000);
    let Some(Saw::Ended(EndCause::Cancelled {
        reason: Some(reason),
    })) = world.phones[FIRST].saw.last()
    else {
        panic!("{:?}", world.phones[FIRST].saw);
    };
    assert_eq!(reason, &Reason::sip(480, "Ring no answer"));
}

#[test]
fn at_29_9_seconds_answering_works() {
    let mut world = World::new(FAIR, 4);
    world.dial(CUSTOMER, QUEUE);
    assert!(world.run_until(1_000, |world| world.activity_of(FIRST) == Activity::Ringing));
    world.pass(29_900);
    world.answer(FIRST);
    world.pass(10_000);
    assert_eq!(world.activity_of(FIRST), Activity::Talking);
    assert_eq!(world.presence_of(FIRST).0, Presence::Ready);
    assert_eq!(world.phones[SECOND].rang(), []);
    world.hang_up(CUSTOMER);
    world.assert_nobody_is_stranded();
}

#[test]
fn an_answer_that_crosses_the_deadline_strands_nobody() {
    // The answer leaves the phone within half a second around the deadline, over a slow wire, so that 200 and CANCEL cross.
    for seed in 0..100 {
        let mut world = World::new(FAIR, seed);
        world.weather.longest = 120;
        if seed % 2 == 1 {
            world.weather.loss = 15;
        }
        world.dial(CUSTOMER, QUEUE);
        assert!(
            world.run_until(30_000, |world| world.activity_of(FIRST)
                == Activity::Ringing),
            "seed {seed}"
        );
        world.pass(29_800 + seed * 5);
        if world.phones[FIRST].call.is_some() {
            world.answer(FIRST);
        }
        world.pass(15_000);
        let first = world.activity_of(FIRST) == Activity::Talking;
        if !first {
            assert_eq!(
                world.presence_of(FIRST),
                (Presence::Break, PresenceReason::RingNoAnswer),
                "seed {seed}"
            );
            assert!(
                world.run_until(40_000, |world| world.phones[SECOND].call.is_some()),
                "seed {seed}: the caller is stranded"
            );
            world.answer(SECOND);
            assert!(
                world.run_until(30_000, |world| world.activity_of(SECOND)
                    == Activity::Talking),
                "seed {seed}"
            );
        }
        assert_eq!(
            world.acd.places().values().flatten().count(),
            1,
            "seed {seed}: one agent has the call"
        );
        world.pass(40_000);
        let talking = world
            .phones
            .iter()
            .skip(1)
            .filter(|phone| phone.call.is_some())
            .count();
        assert_eq!(
            talking,
            1,
            "seed {seed}: one phone has the call; {:?} {:?} {:?}",
            world.phones[FIRST].saw,
            world.phones[SECOND].saw,
            world.outcomes(FIRST)
        );
        assert_eq!(world.phones[CUSTOMER].endings(), 0, "seed {seed}");
        world.hang_up(CUSTOMER);
        world.assert_nobody_is_stranded();
    }
}

#[test]
fn an_answer_the_queue_hears_of_after_its_deadline_ends_that_leg_only() {
    let mut world = World::new(FAIR, 5);
    ringing(&mut world);
    world.pass(29_500);
    // The engine has the 200 and has acknowledged it; the queue's clock strikes before it is told.
    world.hold_events = true;
    world.answer(FIRST);
    world.pass(1_000);
    assert_eq!(world.presence_of(FIRST).0, Presence::Break);
    world.release_events();
    assert!(world.run_until(5_000, |world| world.phones[SECOND].call.is_some()));
    world.answer(SECOND);
    world.pass(5_000);
    assert_eq!(world.activity_of(SECOND), Activity::Talking);
    assert_eq!(world.phones[FIRST].call, None, "the late phone was hung up");
    world.hang_up(CUSTOMER);
    world.assert_nobody_is_stranded();
}

#[test]
fn the_caller_gone_while_ringing_changes_nothing_and_is_recorded_as_abandoned() {
    for seed in 0..40 {
        let weather = if seed == 0 { FAIR } else { STORM };
        let mut world = World::new(weather, seed);
        ringing(&mut world);
        world.pass(7_000);
        world.hang_up(CUSTOMER);
        assert!(
            world.run_until(40_000, |world| world.phones[FIRST].call.is_none()),
            "seed {seed}"
        );
        assert_eq!(
            world.presence_of(FIRST),
            (Presence::Ready, PresenceReason::ByHand),
            "seed {seed}"
        );
        assert_eq!(world.activity_of(FIRST), Activity::Free, "seed {seed}");
        assert_eq!(
            world.outcomes(FIRST),
            [Some(LegOutcome::AbandonedWhileRinging)],
            "seed {seed}"
        );
        assert_eq!(
            world.call_outcomes(),
            [Some(CallOutcome::AbandonedWhileRinging)],
            "seed {seed}"
        );
        assert_eq!(world.phones[SECOND].rang(), [], "seed {seed}");
        world.assert_nobody_is_stranded();
    }
}

#[test]
fn declining_is_break_and_busy_is_not() {
    for (status, presence) in [
        (Status::DECLINE, Presence::Break),
        (Status::BUSY_HERE, Presence::Ready),
        (Status::TEMPORARILY_UNAVAILABLE, Presence::Ready),
    ] {
        let mut world = World::new(FAIR, 6);
        ringing(&mut world);
        let call = world.phones[FIRST].call.expect("rings");
        world.command(
            FIRST,
            Command::Reject {
                call,
                status,
                reason: None,
            },
        );
        world.pass(1_000);
        assert_eq!(world.presence_of(FIRST).0, presence, "{status}");
        assert_eq!(
            world.phones[SECOND].rang(),
            world.phones[FIRST].rang(),
            "{status}: the same call goes on to the second"
        );
        world.hang_up(CUSTOMER);
        world.assert_nobody_is_stranded();
    }
}

#[test]
fn a_phone_that_is_gone_costs_the_caller_seconds_and_the_agent_nothing() {
    let mut world = World::new(FAIR, 7);
    // Nobody listens any more where the first agent's phone was.
    let gone = world.phones.swap_remove(FIRST);
    let second = FIRST;
    world.dial(CUSTOMER, QUEUE);
    assert!(world.run_until(10_000, |world| world.phones[second].call.is_some()));
    assert_eq!(world.presence_of(FIRST).0, Presence::Ready);
    assert_eq!(world.outcomes(FIRST), [Some(LegOutcome::Failed)]);
    world.answer(second);
    world.pass(1_000);
    assert_eq!(world.activity_of(SECOND), Activity::Talking);
    drop(gone);
    world.hang_up(CUSTOMER);
    world.assert_nobody_is_stranded();
}

#[test]
fn the_network_saying_nobody_is_there_is_quicker_still() {
    let mut world = World::new(FAIR, 8);
    ringing(&mut world);
    let first = Flow::udp("127.0.0.1:6001".parse().expect("an address"));
    let now = world.now;
    world.switch.handle_unreachable(now, first);
    assert!(world.run_until(500, |world| world.phones[SECOND].call.is_some()));
    assert_eq!(world.presence_of(FIRST).0, Presence::Ready);
}

#[test]
fn a_wrong_password_does_not_register_and_nobody_calls_in_an_agents_name() {
    let mut world = World::new(FAIR, 9);
    // The customer's phone has no credentials: a call in an agent's name is challenged and ends there.
    let account = world.phones[CUSTOMER].ua.account().clone();
    let mut false_account = account;
    false_account.aor = "sip:1001@127.0.0.1:5060".parse().expect("a URI");
    false_account.auth_user = "1001".to_owned();
    let addr = "127.0.0.1:6000".parse().expect("an address");
    world.phones[CUSTOMER].ua = offhook_sip::UserAgent::new(false_account, addr, 99);
    world.command(CUSTOMER, Command::Register);
    world.pass(5_000);
    assert!(!world.phones[CUSTOMER].saw.contains(&Saw::Registered));
    world.dial(CUSTOMER, QUEUE);
    world.pass(5_000);
    assert_eq!(world.phones[CUSTOMER].endings(), 1);
    assert!(world.calls.is_empty());
}

#[test]
fn an_agent_calls_another_directly_and_both_have_a_wrap_up() {
    let mut world = World::new(FAIR, 10);
    world.dial(FIRST, "1002");
    assert!(world.run_until(2_000, |world| world.phones[SECOND].call.is_some()));
    assert_eq!(world.activity_of(FIRST), Activity::Dialling);
    assert_eq!(
        world.activity_of(SECOND),
        Activity::Free,
        "a direct call that rings changes no state"
    );
    world.answer(SECOND);
    world.pass(1_000);
    assert_eq!(world.activity_of(FIRST), Activity::Talking);
    assert_eq!(world.activity_of(SECOND), Activity::Talking);
    assert_eq!(world.switch.media.joins.len(), 1);
    world.hang_up(FIRST);
    world.pass(1_000);
    assert_eq!(world.activity_of(FIRST), Activity::WrapUp);
    assert_eq!(world.activity_of(SECOND), Activity::WrapUp);
    world.assert_nobody_is_stranded();
}

#[test]
fn a_direct_call_declined_tells_the_caller_and_changes_nothing() {
    let mut world = World::new(FAIR, 11);
    world.dial(FIRST, "1002");
    assert!(world.run_until(2_000, |world| world.phones[SECOND].call.is_some()));
    let call = world.phones[SECOND].call.expect("rings");
    world.command(
        SECOND,
        Command::Reject {
            call,
            status: Status::DECLINE,
            reason: None,
        },
    );
    world.pass(1_000);
    assert!(matches!(
        world.phones[FIRST].saw.last(),
        Some(Saw::Ended(EndCause::Rejected {
            status: Status::DECLINE,
            ..
        }))
    ));
    assert_eq!(world.presence_of(SECOND).0, Presence::Ready);
    assert_eq!(world.activity_of(SECOND), Activity::Free);
    // Given up by the caller before an answer: the same.
    world.dial(FIRST, "1002");
    world.pass(3_000);
    world.hang_up(FIRST);
    world.pass(1_000);
    assert_eq!(world.activity_of(SECOND), Activity::Free);
    world.assert_nobody_is_stranded();
}

#[test]
fn closing_hangs_up_everywhere() {
    let mut world = World::new(FAIR, 13);
    ringing(&mut world);
    world.answer(FIRST);
    world.pass(2_000);
    let now = world.now;
    world.switch.handle_shutdown(now);
    world.pass(2_000);
    assert!(world.switch.is_idle());
    assert_eq!(world.phones[CUSTOMER].endings(), 1);
    assert_eq!(world.phones[FIRST].endings(), 1);
    assert_eq!(world.call_outcomes(), [Some(CallOutcome::Connected)]);
    assert!(world.legs.values().all(|(whose, _)| *whose == agent(FIRST)));
}

#[test]
fn garbage_changes_nothing() {
    let mut world = World::new(FAIR, 14);
    let from = Flow::udp("127.0.0.1:9999".parse().expect("an address"));
    let now = world.now;
    for bytes in [
        &b""[..],
        b"\r\n\r\n",
        b"INVITE sip:400100@x SIP/2.0\r\n\r\n",
        b"REGISTER sip:x SIP/2.0\r\nTo: <sip:1001@x>\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nCSeq: 1 REGISTER\r\nCall-ID: a\r\nFrom: <sip:1001@x>;tag=1\r\nContact: *\r\n\r\n",
        &[0xff; 2_000],
    ] {
        world.switch.handle_message(now, from, bytes);
    }
    world.pass(60_000);
    ringing(&mut world);
    world.hang_up(CUSTOMER);
    world.assert_nobody_is_stranded();
}
