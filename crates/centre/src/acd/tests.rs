mod dials;
mod grace;
mod head;
mod wrap_ups;

use super::*;
use offhook_model::api::QueueState;
use offhook_model::{
    Activity, AgentId, CallId, LegId, LegOutcome, LegRecord, Mono, Now, PhoneNumber, Presence,
    PresenceReason, PresenceState, SkillGroupId, Text, Wall,
};
use std::time::Duration;
use uuid::Uuid;

const WALL: i64 = 1_790_000_000_000;

pub(super) fn agent_id(n: u128) -> AgentId {
    AgentId(Uuid::from_u128(n))
}

pub(super) fn call_id(n: u128) -> CallId {
    CallId(Uuid::from_u128(1_000_000 + n))
}

pub(super) fn group_id(n: u128) -> SkillGroupId {
    SkillGroupId(Uuid::from_u128(900 + n))
}

pub(super) fn at(mono: Mono) -> Now {
    Now {
        mono,
        wall: Wall(WALL).plus(mono),
    }
}

pub(super) fn checked_out() -> PresenceState {
    PresenceState {
        presence: Presence::CheckedOut,
        reason: PresenceReason::SignedIn,
        since: Wall(WALL),
        revision: 1,
    }
}

/// One skill group, some agents checked in and registered, and a clock.
struct Day {
    acd: Acd,
    now: Mono,
    effects: Vec<Effect>,
}

impl Day {
    fn with_agents(count: u128) -> Self {
        Self::under(Config::default(), count)
    }

    fn under(config: Config, count: u128) -> Self {
        let mut acd = Acd::new(config, 7);
        acd.add_group(GroupConfig {
            id: group_id(1),
            name: Text::new("售后服务", "After-sales"),
        });
        let mut day = Self {
            acd,
            now: Duration::from_secs(1),
            effects: Vec::new(),
        };
        for n in 1..=count {
            day.acd.add_agent(
                at(day.now),
                AgentConfig {
                    agent: agent_id(n),
                    groups: vec![group_id(1)],
                    presence: checked_out(),
                    in_wrap_up: false,
                    watched: false,
                },
            );
            day.input(Input::Registered { agent: agent_id(n) });
            day.check_in(n);
            day.pass(1_000);
        }
        day.effects.clear();
        day
    }

    fn input(&mut self, input: Input) {
        self.acd.handle(at(self.now), input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(effect) = self.acd.poll_effect() {
            self.effects.push(effect);
        }
    }

    /// Lets time pass, stopping at each deadline on the way.
    fn pass(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while let Some(due) = self.acd.poll_timeout().filter(|&due| due <= end) {
            self.now = due.max(self.now);
            self.acd.handle_timeout(at(self.now));
            self.drain();
        }
        self.now = end;
    }

    fn set(&mut self, n: u128, presence: Presence) {
        self.input(Input::SetPresence {
            agent: agent_id(n),
            presence,
            reason: PresenceReason::ByHand,
        });
    }

    fn check_in(&mut self, n: u128) {
        self.set(n, Presence::Ready);
    }

    fn arrive(&mut self, n: u128) {
        self.input(Input::Arrived(Arrival {
            call: call_id(n),
            group: group_id(1),
            number: PhoneNumber::parse("12800550142").ok(),
            name: None,
        }));
    }

    /// The offers since the last look, as (agent, call, leg).
    fn offers(&mut self) -> Vec<(AgentId, CallId, LegId)> {
        let found = self
            .effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Offer(offer) => Some((offer.agent, offer.call, offer.leg)),
                _ => None,
            })
            .collect();
        self.effects
            .retain(|effect| !matches!(effect, Effect::Offer(_)));
        found
    }

    /// The one offer since the last look, which has reached the phone.
    fn ringing(&mut self, agent: u128, call: u128) -> LegId {
        let offers = self.offers();
        assert_eq!(offers.len(), 1, "{offers:?}");
        assert_eq!((offers[0].0, offers[0].1), (agent_id(agent), call_id(call)));
        self.input(Input::Reached { leg: offers[0].2 });
        offers[0].2
    }

    fn presence(&self, n: u128) -> (Presence, PresenceReason) {
        let state = self.acd.presence(agent_id(n)).expect("known");
        (state.presence, state.reason)
    }

    fn activity(&self, n: u128) -> Activity {
        self.acd.activity(agent_id(n)).expect("known")
    }

    fn leg(&self, leg: LegId) -> LegRecord {
        self.effects
            .iter()
            .rev()
            .find_map(|effect| match effect {
                Effect::LegRecorded { record, .. } if record.leg == leg => Some(record.clone()),
                _ => None,
            })
            .expect("recorded")
    }

    fn call(&self, n: u128) -> CallRecord {
        self.effects
            .iter()
            .rev()
            .find_map(|effect| match effect {
                Effect::CallRecorded(record) if record.call == call_id(n) => Some(record.clone()),
                _ => None,
            })
            .expect("recorded")
    }

    fn did(&self, effect: &Effect) -> bool {
        self.effects.contains(effect)
    }
}

#[test]
fn a_ring_of_thirty_seconds_goes_back_to_the_head_and_to_another_agent() {
    let mut day = Day::with_agents(2);
    day.arrive(1);
    let first = day.ringing(1, 1);
    day.arrive(2);
    // The second call rings at the second agent, who declines: it waits in line behind nobody yet.
    let second = day.ringing(2, 2);
    day.input(Input::Answered { leg: second });
    day.arrive(3);
    day.pass(29_999);
    assert_eq!(day.activity(1), Activity::Ringing);
    day.pass(1);
    assert!(day.did(&Effect::CancelOffer {
        leg: first,
        why: CancelReason::RingNoAnswer
    }));
    assert_eq!(
        day.presence(1),
        (Presence::Break, PresenceReason::RingNoAnswer)
    );
    assert_eq!(day.leg(first).outcome, Some(LegOutcome::RingNoAnswer));
    // The other agent comes free: the call that rang in vain goes before the one that came later.
    day.input(Input::LegEnded { leg: second });
    day.input(Input::StartAnswering {
        agent: agent_id(2),
        presence: Presence::Ready,
    });
    let again = day.ringing(2, 1);
    assert_ne!(again, first);
    day.input(Input::Answered { leg: again });
    assert!(day.did(&Effect::Connect {
        call: call_id(1),
        leg: again
    }));
    assert_eq!(day.call(1).outcome, None);
}

#[test]
fn at_29_9_seconds_answering_still_works() {
    let mut day = Day::with_agents(2);
    day.arrive(1);
    let leg = day.ringing(1, 1);
    day.pass(29_900);
    day.input(Input::Answered { leg });
    day.pass(10_000);
    assert_eq!(day.activity(1), Activity::Talking);
    assert_eq!(day.presence(1).0, Presence::Ready);
    assert!(day.offers().is_empty());
}

#[test]
fn an_answer_that_crosses_the_deadline_strands_nobody() {
    let mut day = Day::with_agents(2);
    day.arrive(1);
    let late = day.ringing(1, 1);
    day.pass(30_000);
    let taken = day.ringing(2, 1);
    day.input(Input::Answered { leg: late });
    assert!(
        day.did(&Effect::EndLeg { leg: late }),
        "the late phone hangs up"
    );
    assert_eq!(day.activity(1), Activity::Free);
    day.input(Input::Answered { leg: taken });
    assert_eq!(day.acd.places()[&call_id(1)], Some(agent_id(2)));
}

#[test]
fn with_nobody_else_ready_the_call_waits_and_is_not_offered_to_the_one_on_break() {
    let mut day = Day::with_agents(1);
    day.arrive(1);
    day.ringing(1, 1);
    day.pass(30_000);
    day.pass(600_000);
    assert!(day.offers().is_empty());
    assert_eq!(day.acd.queues()[0].waiting, 1);
    day.check_in(1);
    day.ringing(1, 1);
}

#[test]
fn declining_is_break_with_its_reason_and_busy_is_no_break() {
    let mut day = Day::with_agents(1);
    day.arrive(1);
    let leg = day.ringing(1, 1);
    day.input(Input::Refused {
        leg,
        why: Refusal::Busy,
    });
    assert_eq!(day.presence(1).0, Presence::Ready);
    assert!(day.offers().is_empty(), "not again at once");
    day.pass(5_000);
    let leg = day.ringing(1, 1);
    day.input(Input::Refused {
        leg,
        why: Refusal::Declined,
    });
    assert_eq!(day.presence(1), (Presence::Break, PresenceReason::Declined));
    assert_eq!(day.leg(leg).outcome, Some(LegOutcome::Declined));
    assert_eq!(day.acd.queues()[0].waiting, 1);
}

#[test]
fn a_phone_that_cannot_be_reached_costs_no_break() {
    let mut day = Day::with_agents(1);
    day.arrive(1);
    let leg = day.offers()[0].2;
    day.input(Input::Refused {
        leg,
        why: Refusal::Unreachable,
    });
    day.pass(14_999);
    assert!(day.offers().is_empty());
    day.pass(1);
    assert_eq!(day.offers().len(), 1);
    // Silence counts as unreachable, too.
    day.pass(8_000);
    assert_eq!(day.presence(1).0, Presence::Ready);
    assert_eq!(day.activity(1), Activity::Free);
    // Registering anew ends the pause.
    day.input(Input::Registered { agent: agent_id(1) });
    day.ringing(1, 1);
}

#[test]
fn the_caller_gone_while_ringing_changes_nothing_and_is_recorded_as_abandoned() {
    let mut day = Day::with_agents(1);
    day.arrive(1);
    let leg = day.ringing(1, 1);
    day.pass(12_000);
    day.input(Input::Gone { call: call_id(1) });
    assert!(day.did(&Effect::CancelOffer {
        leg,
        why: CancelReason::CallerGone
    }));
    assert_eq!(day.presence(1), (Presence::Ready, PresenceReason::ByHand));
    assert_eq!(day.activity(1), Activity::Free);
    assert_eq!(
        day.leg(leg).outcome,
        Some(LegOutcome::AbandonedWhileRinging)
    );
    assert_eq!(
        day.call(1).outcome,
        Some(CallOutcome::AbandonedWhileRinging)
    );
    day.arrive(2);
    day.ringing(1, 2);
}

#[test]
fn the_caller_gone_while_waiting_is_recorded_without_a_leg() {
    let mut day = Day::with_agents(0);
    day.arrive(1);
    day.input(Input::Gone { call: call_id(1) });
    assert_eq!(day.call(1).outcome, Some(CallOutcome::AbandonedInQueue));
    assert_eq!(day.acd.queues()[0].waiting, 0);
}

#[test]
fn after_a_call_no_call_is_offered_until_start_answering() {
    let mut day = Day::with_agents(1);
    for (call, customer_first) in [(1, true), (2, false)] {
        day.arrive(call);
        let leg = day.ringing(1, call);
        day.input(Input::Answered { leg });
        if customer_first {
            day.input(Input::Gone {
                call: call_id(call),
            });
            assert!(day.did(&Effect::EndLeg { leg }));
        } else {
            day.input(Input::LegEnded { leg });
            assert!(day.did(&Effect::Drop {
                call: call_id(call)
            }));
        }
        assert_eq!(day.activity(1), Activity::WrapUp);
        assert_eq!(day.call(call).outcome, Some(CallOutcome::Connected));
        day.arrive(call + 10);
        day.pass(60_000);
        day.check_in(1);
        assert!(day.offers().is_empty());
        day.input(Input::Gone {
            call: call_id(call + 10),
        });
        day.input(Input::StartAnswering {
            agent: agent_id(1),
            presence: Presence::Ready,
        });
        assert_eq!(day.activity(1), Activity::Free);
    }
}

#[test]
fn start_answering_pressed_before_the_hang_up_arrived_here_still_counts() {
    let mut day = Day::with_agents(1);
    day.arrive(1);
    let leg = day.ringing(1, 1);
    day.input(Input::Answered { leg });
    day.input(Input::StartAnswering {
        agent: agent_id(1),
        presence: Presence::Break,
    });
    assert_eq!(day.activity(1), Activity::Talking);
    day.input(Input::LegEnded { leg });
    assert_eq!(day.activity(1), Activity::Free);
    assert_eq!(day.presence(1).0, Presence::Break);
}

#[test]
fn on_break_checked_out_or_on_the_phone_nothing_is_offered() {
    let mut day = Day::with_agents(1);
    day.set(1, Presence::Break);
    day.arrive(1);
    day.set(1, Presence::CheckedOut);
    assert!(day.offers().is_empty());
    day.input(Input::Line {
        agent: agent_id(1),
        line: Line::Dialling,
    });
    day.check_in(1);
    assert_eq!(day.activity(1), Activity::Dialling);
    day.input(Input::Line {
        agent: agent_id(1),
        line: Line::Idle,
    });
    assert_eq!(
        day.activity(1),
        Activity::WrapUp,
        "also after an unanswered call of one's own"
    );
    assert!(day.offers().is_empty());
    day.input(Input::Unregistered { agent: agent_id(1) });
    day.input(Input::StartAnswering {
        agent: agent_id(1),
        presence: Presence::Ready,
    });
    assert!(day.offers().is_empty());
    day.input(Input::Registered { agent: agent_id(1) });
    day.ringing(1, 1);
}

#[test]
fn checking_out_while_it_rings_sends_the_call_on() {
    let mut day = Day::with_agents(2);
    day.arrive(1);
    let leg = day.ringing(1, 1);
    day.set(1, Presence::CheckedOut);
    assert!(day.did(&Effect::CancelOffer {
        leg,
        why: CancelReason::Elsewhere
    }));
    assert_eq!(
        day.presence(1),
        (Presence::CheckedOut, PresenceReason::ByHand)
    );
    day.ringing(2, 1);
}

#[test]
fn the_longest_idle_agent_comes_first() {
    let mut day = Day::with_agents(3);
    day.arrive(1);
    let leg = day.ringing(1, 1);
    day.input(Input::Answered { leg });
    day.input(Input::LegEnded { leg });
    day.input(Input::StartAnswering {
        agent: agent_id(1),
        presence: Presence::Ready,
    });
    day.pass(1_000);
    day.arrive(2);
    day.ringing(2, 2);
    day.arrive(3);
    day.ringing(3, 3);
    day.arrive(4);
    day.ringing(1, 4);
}

#[test]
fn the_queues_are_told_at_each_change() {
    let mut day = Day::with_agents(0);
    day.arrive(1);
    let told: Vec<&Vec<QueueState>> = day
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::QueuesChanged(queues) => Some(queues),
            _ => None,
        })
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0][0].waiting, 1);
    assert_eq!(
        told[0][0].oldest_since,
        Some(Wall(WALL).plus(Duration::from_secs(1)))
    );
}

#[test]
fn a_double_click_changes_nothing() {
    let mut day = Day::with_agents(1);
    day.set(1, Presence::Break);
    let once = day.acd.presence(agent_id(1));
    day.pass(50);
    day.set(1, Presence::Break);
    assert_eq!(day.acd.presence(agent_id(1)), once);
}
