use super::super::Tone;
use super::world::{FAIR, Heard, QUEUE, STORM, World};
use offhook_sip::sdp::Direction;

const CUSTOMER: usize = 0;
const FIRST: usize = 1;
const SECOND: usize = 2;
const PROMPT: Heard = Heard::Tone(Tone::Hold);

/// A customer and an agent talk.
fn talking(world: &mut World) {
    world.dial(CUSTOMER, QUEUE);
    assert!(world.run_until(40_000, |world| world.phones[FIRST].call.is_some()));
    world.answer(FIRST);
    assert!(world.run_until(40_000, |world| world.talk(CUSTOMER, FIRST)));
    world.pass(2_000);
}

fn direction(world: &World, n: usize) -> String {
    let text = String::from_utf8_lossy(&world.phones[n].sdp).into_owned();
    ["sendrecv", "sendonly", "recvonly", "inactive"]
        .into_iter()
        .find(|word| text.contains(&format!("a={word}\r\n")))
        .expect("a direction")
        .to_owned()
}

#[test]
fn an_agents_hold_plays_the_prompt_and_the_agent_hears_nothing() {
    for (hold, answered) in [
        (Direction::SendOnly, "recvonly"),
        (Direction::Inactive, "inactive"),
    ] {
        let mut world = World::new(FAIR, 31);
        talking(&mut world);
        world.reoffer(FIRST, hold);
        world.pass(1_000);
        assert_eq!(direction(&world, FIRST), answered);
        assert_eq!(world.heard(CUSTOMER), PROMPT);
        assert_eq!(world.heard(FIRST), Heard::Nothing);
        assert_eq!(
            world.phones[CUSTOMER].changes, 0,
            "the customer is not told"
        );
        world.reoffer(FIRST, Direction::SendRecv);
        world.pass(1_000);
        assert_eq!(direction(&world, FIRST), "sendrecv");
        assert!(world.talk(CUSTOMER, FIRST));
        // Hanging up while held works as ever.
        world.reoffer(FIRST, hold);
        world.pass(1_000);
        world.hang_up(CUSTOMER);
        world.assert_nobody_is_stranded();
    }
}

#[test]
fn the_old_address_of_hold_is_understood_and_nothing_is_sent_to_it() {
    let mut world = World::new(FAIR, 32);
    talking(&mut world);
    let before = world.switch.media.remotes.clone();
    let sdp = b"v=0\r\no=- 1 9 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n\
        m=audio 6001 RTP/AVP 109\r\na=rtpmap:109 opus/48000/2\r\n";
    world.reoffer_with(FIRST, sdp.to_vec());
    world.pass(1_000);
    assert_eq!(direction(&world, FIRST), "recvonly");
    assert_eq!(world.heard(CUSTOMER), PROMPT);
    assert_eq!(world.heard(FIRST), Heard::Nothing);
    assert_eq!(world.switch.media.remotes, before);
    world.reoffer(FIRST, Direction::SendRecv);
    world.pass(1_000);
    assert!(world.talk(CUSTOMER, FIRST));
}

#[test]
fn a_customers_hold_is_silence_for_the_agent_who_is_not_told() {
    let mut world = World::new(FAIR, 33);
    talking(&mut world);
    world.reoffer(CUSTOMER, Direction::SendOnly);
    world.pass(1_000);
    assert_eq!(direction(&world, CUSTOMER), "recvonly");
    assert_eq!(world.heard(FIRST), Heard::Nothing);
    assert_eq!(world.heard(CUSTOMER), Heard::Nothing);
    assert_eq!(world.phones[FIRST].changes, 0);
    // Both hold; each takes only their own hold back.
    world.reoffer(FIRST, Direction::SendOnly);
    world.pass(1_000);
    assert_eq!(
        world.heard(CUSTOMER),
        Heard::Nothing,
        "who holds hears nothing"
    );
    world.reoffer(CUSTOMER, Direction::SendRecv);
    world.pass(1_000);
    assert_eq!(world.heard(CUSTOMER), PROMPT);
    assert_eq!(world.heard(FIRST), Heard::Nothing);
    world.reoffer(FIRST, Direction::SendRecv);
    world.pass(1_000);
    assert!(world.talk(CUSTOMER, FIRST));
}

#[test]
fn a_customer_who_held_in_the_queue_is_not_heard_by_the_agent() {
    let mut world = World::new(FAIR, 34);
    world.dial(CUSTOMER, QUEUE);
    assert!(world.run_until(5_000, |world| world.phones[FIRST].call.is_some()));
    world.reoffer(CUSTOMER, Direction::SendOnly);
    world.pass(1_000);
    world.answer(FIRST);
    world.pass(1_000);
    assert_eq!(world.heard(FIRST), Heard::Nothing);
    world.reoffer(CUSTOMER, Direction::SendRecv);
    world.pass(1_000);
    assert!(world.talk(CUSTOMER, FIRST));
}

#[test]
fn of_many_holds_and_retrieves_the_last_one_counts() {
    for seed in 0..30 {
        let weather = if seed == 0 { FAIR } else { STORM };
        let mut world = World::new(weather, seed);
        talking(&mut world);
        for n in 0..21 {
            let direction = if n % 2 == 0 {
                Direction::SendOnly
            } else {
                Direction::SendRecv
            };
            world.reoffer(FIRST, direction);
            world.pass(seed * 11 % 70);
        }
        world.pass(40_000);
        assert_eq!(world.heard(CUSTOMER), PROMPT, "seed {seed}");
        assert_eq!(world.heard(FIRST), Heard::Nothing, "seed {seed}");
        world.reoffer(FIRST, Direction::SendRecv);
        assert!(
            world.run_until(40_000, |world| world.talk(CUSTOMER, FIRST)),
            "seed {seed}"
        );
        world.hang_up(FIRST);
        world.assert_nobody_is_stranded();
    }
}

#[test]
fn both_sides_changing_at_once_end_right() {
    for seed in 0..30 {
        let mut world = World::new(FAIR, seed);
        talking(&mut world);
        world.weather.longest = 120;
        world.reoffer(FIRST, Direction::SendOnly);
        world.reoffer(CUSTOMER, Direction::Inactive);
        world.pass(20_000);
        assert_eq!(world.heard(FIRST), Heard::Nothing, "seed {seed}");
        assert_eq!(world.heard(CUSTOMER), Heard::Nothing, "seed {seed}");
        world.reoffer(FIRST, Direction::SendRecv);
        world.reoffer(CUSTOMER, Direction::SendRecv);
        assert!(
            world.run_until(20_000, |world| world.talk(CUSTOMER, FIRST)),
            "seed {seed}"
        );
    }
}

#[test]
fn a_direct_call_is_held_like_any_other() {
    let mut world = World::new(FAIR, 35);
    world.dial(FIRST, "1002");
    assert!(world.run_until(2_000, |world| world.phones[SECOND].call.is_some()));
    world.answer(SECOND);
    world.pass(1_000);
    assert!(world.talk(FIRST, SECOND));
    world.reoffer(SECOND, Direction::SendOnly);
    world.pass(1_000);
    assert_eq!(world.heard(FIRST), PROMPT);
    assert_eq!(world.heard(SECOND), Heard::Nothing);
    world.reoffer(SECOND, Direction::SendRecv);
    world.pass(1_000);
    assert!(world.talk(FIRST, SECOND));
    world.hang_up(FIRST);
    world.assert_nobody_is_stranded();
}
