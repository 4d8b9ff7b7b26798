//! An app that is gone, one that comes back in time, and a computer that sleeps (ACCEPTANCE 12).

use super::*;

const LOST: (Presence, PresenceReason) = (Presence::CheckedOut, PresenceReason::Lost);
const READY: (Presence, PresenceReason) = (Presence::Ready, PresenceReason::ByHand);
const ASLEEP: (Presence, PresenceReason) = (Presence::Break, PresenceReason::Asleep);

impl Day {
    /// The agent's app sends a heartbeat.
    fn beat(&mut self) {
        self.input(Input::Heard { agent: agent_id(1) });
    }

    /// A call of this agent, who talks.
    fn talk(&mut self, call: u128) {
        self.arrive(call);
        let leg = self.ringing(1, call);
        self.input(Input::Answered { leg });
    }

    fn hang_up(&mut self, call: u128) {
        self.input(Input::Gone {
            call: call_id(call),
        });
        self.pass(0);
    }

    fn sign_in(&mut self) {
        self.input(Input::SignedIn { agent: agent_id(1) });
    }

    fn suspend(&mut self) {
        self.input(Input::Suspending { agent: agent_id(1) });
    }
}

#[test]
fn an_app_that_falls_silent_is_checked_out_a_minute_after_its_last_heartbeat() {
    let mut day = Day::with_agents(1);
    day.pass(600_000);
    assert_eq!(
        day.presence(1),
        READY,
        "a bare SIP phone sends no heartbeat"
    );
    for _ in 0..8 {
        day.beat();
        day.pass(15_000);
    }
    day.pass(44_999);
    assert_eq!(day.presence(1), READY);
    day.pass(1);
    assert_eq!(day.presence(1), LOST);
    assert_eq!(
        day.acd.poll_timeout(),
        None,
        "nothing keeps the clock running"
    );
    day.arrive(1);
    assert_eq!(day.offers(), [], "nobody is there");
}

#[test]
fn an_app_that_is_back_in_time_finds_presence_and_wrap_up_as_they_were() {
    let mut day = Day::with_agents(1);
    day.beat();
    day.pass(59_000);
    day.sign_in();
    assert_eq!((day.presence(1), day.activity(1)), (READY, Activity::Free));
    // The sign-in is a sign of life before the first heartbeat comes.
    day.pass(59_000);
    assert_eq!(day.presence(1), READY);
    day.beat();
    day.talk(1);
    day.hang_up(1);
    assert_eq!(day.activity(1), Activity::WrapUp);
    day.pass(59_000);
    day.sign_in();
    day.pass(1_500);
    assert_eq!(
        (day.presence(1), day.activity(1)),
        (READY, Activity::WrapUp)
    );
    day.beat();
    day.pass(60_000);
    assert_eq!((day.presence(1), day.activity(1)), (LOST, Activity::Free));
    day.sign_in();
    assert_eq!(
        day.presence(1),
        (Presence::CheckedOut, PresenceReason::SignedIn)
    );
}

#[test]
fn nobody_is_checked_out_in_a_call_but_when_it_ends() {
    let mut day = Day::with_agents(1);
    day.beat();
    day.pass(59_000);
    day.talk(1);
    day.pass(600_000);
    assert_eq!(
        (day.presence(1), day.activity(1)),
        (READY, Activity::Talking)
    );
    day.hang_up(1);
    assert_eq!((day.presence(1), day.activity(1)), (LOST, Activity::Free));
    assert_eq!(
        day.call(1).outcome,
        Some(CallOutcome::Connected),
        "the call itself was one"
    );
}

#[test]
fn one_who_is_back_during_the_call_has_its_wrap_up() {
    let mut day = Day::with_agents(1);
    day.beat();
    day.talk(1);
    day.pass(600_000);
    day.sign_in();
    day.beat();
    day.hang_up(1);
    assert_eq!(
        (day.presence(1), day.activity(1)),
        (READY, Activity::WrapUp)
    );
}

#[test]
fn a_ring_at_an_app_that_is_gone_goes_on_to_the_next_agent() {
    let mut day = Day::with_agents(2);
    day.beat();
    day.pass(50_000);
    day.arrive(1);
    day.ringing(1, 1);
    day.pass(10_000);
    assert_eq!(day.presence(1), LOST);
    day.ringing(2, 1);
}

#[test]
fn a_computer_that_sleeps_is_on_break_and_is_not_checked_out_for_its_silence() {
    let mut day = Day::with_agents(2);
    day.beat();
    day.arrive(1);
    day.ringing(1, 1);
    day.suspend();
    assert_eq!(day.presence(1), ASLEEP);
    // What rang there rings at the next agent.
    day.ringing(2, 1);
    day.pass(8 * 3_600_000);
    assert_eq!(day.presence(1), ASLEEP);
    // Awake again, by hand and before the first heartbeat; from the first heartbeat on silence counts.
    day.check_in(1);
    day.pass(600_000);
    assert_eq!(day.presence(1), READY);
    day.beat();
    day.pass(60_000);
    assert_eq!(day.presence(1), LOST);
    day.suspend();
    assert_eq!(day.presence(1), LOST, "who is checked out stays so");
}

#[test]
fn answering_on_the_mobile_needs_no_app() {
    let mut day = Day::with_agents(1);
    day.beat();
    day.set(1, Presence::AnswerOnMobile);
    day.pass(600_000);
    day.suspend();
    assert_eq!(
        day.presence(1),
        (Presence::AnswerOnMobile, PresenceReason::ByHand)
    );
}
