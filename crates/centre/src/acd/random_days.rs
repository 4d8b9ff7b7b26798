//! Whole days drawn from a seed: whatever happens in whatever order, no call is lost and no agent has two.

use super::tests::{agent_id, at, call_id, checked_out, group_id};
use super::*;
use offhook_model::{
    Activity, AgentId, CallId, LegId, LegOutcome, Mono, Presence, PresenceReason, Random, Text,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const AGENTS: u64 = 5;
const STEPS: u32 = 600;
/// How long a wrap-up may take on every other day.
const WRAP_UP: Duration = Duration::from_secs(10);

struct World {
    acd: Acd,
    now: Mono,
    random: Random,
    next_call: u128,
    /// Customers who have not been recorded as ended.
    open: BTreeSet<CallId>,
    /// Offers the phones have, by leg.
    offers: BTreeMap<LegId, (AgentId, CallId)>,
    /// Answers that are on the wire while the centre may already have taken the offer back.
    talking: BTreeMap<LegId, (AgentId, CallId)>,
    talked: u32,
    registered: BTreeSet<AgentId>,
    /// Calls past the queues that have not been recorded as ended.
    dials: BTreeSet<CallId>,
}

impl World {
    fn new(seed: u64) -> Self {
        let config = Config {
            wrap_up: seed.is_multiple_of(2).then_some(WRAP_UP),
            ..Config::default()
        };
        let mut acd = Acd::new(config, seed);
        for n in 1..=2 {
            acd.add_group(GroupConfig {
                id: group_id(n),
                name: Text::new("组", "Group"),
            });
        }
        for n in 1..=u128::from(AGENTS) {
            acd.add_agent(
                at(Mono::ZERO),
                AgentConfig {
                    agent: agent_id(n),
                    groups: if n % 2 == 0 {
                        vec![group_id(1)]
                    } else {
                        vec![group_id(1), group_id(2)]
                    },
                    presence: checked_out(),
                    in_wrap_up: false,
                    watched: n == 1,
                },
            );
        }
        Self {
            acd,
            now: Mono::ZERO,
            random: Random::seeded(seed ^ 0xACD),
            next_call: 1,
            open: BTreeSet::new(),
            offers: BTreeMap::new(),
            talking: BTreeMap::new(),
            talked: 0,
            registered: BTreeSet::new(),
            dials: BTreeSet::new(),
        }
    }

    fn some_agent(&mut self) -> AgentId {
        agent_id(u128::from(1 + self.random.below(AGENTS)))
    }

    fn pick<K: Copy + Ord, V>(random: &mut Random, from: &BTreeMap<K, V>) -> Option<K> {
        let at = random.below(from.len() as u64) as usize;
        from.keys().nth(at).copied()
    }

    fn step(&mut self) {
        let agent = self.some_agent();
        let input = match self.random.below(22) {
            0..=2 => {
                let call = call_id(self.next_call);
                self.next_call += 1;
                self.open.insert(call);
                Input::Arrived(Arrival {
                    call,
                    group: group_id(1 + u128::from(self.random.below(2))),
                    number: None,
                    name: None,
                })
            }
            3 => {
                let gone = self.random.below(self.open.len() as u64) as usize;
                match self.open.iter().nth(gone) {
                    Some(&call) => Input::Gone { call },
                    None => return,
                }
            }
            4 | 5 => match Self::pick(&mut self.random, &self.offers) {
                Some(leg) => Input::Reached { leg },
                None => return,
            },
            // Also legs whose offer has been taken back in the meantime: the 200 that crosses the CANCEL.
            6 | 7 => match Self::pick(&mut self.random, &self.offers) {
                Some(leg) => Input::Answered { leg },
                None => return,
            },
            8 => match Self::pick(&mut self.random, &self.offers) {
                Some(leg) => {
                    self.offers.remove(&leg);
                    Input::Refused {
                        leg,
                        why: [Refusal::Declined, Refusal::Busy, Refusal::Unreachable]
                            [self.random.below(3) as usize],
                    }
                }
                None => return,
            },
            9 => match Self::pick(&mut self.random, &self.talking) {
                Some(leg) => Input::LegEnded { leg },
                None => return,
            },
            10 => Input::SetPresence {
                agent,
                presence: [Presence::CheckedOut, Presence::Ready, Presence::Break]
                    [self.random.below(3) as usize],
                reason: PresenceReason::ByHand,
            },
            11 | 14..=16 => Input::StartAnswering {
                agent,
                presence: Presence::Ready,
            },
            12 => {
                self.registered.insert(agent);
                Input::Registered { agent }
            }
            13 => match self.random.below(8) {
                0 | 1 => {
                    self.registered.remove(&agent);
                    Input::Unregistered { agent }
                }
                2 => Input::SignedIn { agent },
                3 => Input::Suspending { agent },
                _ => Input::Heard { agent },
            },
            18 => {
                let call = call_id(self.next_call);
                self.next_call += 1;
                self.dials.insert(call);
                let callee = self.some_agent();
                let leg = |n| LegId(uuid::Uuid::from_u128(n + self.next_call * 2));
                Input::Dialled(Dialled {
                    call,
                    caller: (self.random.below(4) > 0).then_some((agent, leg(0))),
                    callee: (self.random.below(2) > 0 && callee != agent)
                        .then_some((callee, leg(1))),
                    number: None,
                    caller_id: None,
                })
            }
            19 | 20 => {
                let which = self.random.below(self.dials.len() as u64) as usize;
                match self.dials.iter().nth(which) {
                    Some(&call) if self.random.below(2) > 0 => Input::DialAnswered { call },
                    Some(&call) => Input::DialOver {
                        call,
                        outcome: LegOutcome::Busy,
                    },
                    None => return,
                }
            }
            21 => Input::ExtendWrapUp { agent },
            _ => Input::Line {
                agent,
                line: [Line::Dialling, Line::Talking, Line::Idle, Line::Idle]
                    [self.random.below(4) as usize],
            },
        };
        self.acd.handle(at(self.now), input);
        self.check();
    }

    fn pass(&mut self) {
        let end = self.now + Duration::from_millis(self.random.below(4_000));
        let mut turns = 0;
        while let Some(due) = self.acd.poll_timeout().filter(|&due| due <= end) {
            self.now = due.max(self.now);
            self.acd.handle_timeout(at(self.now));
            self.check();
            turns += 1;
            assert!(turns < 1_000, "the clock is kept busy for nothing");
        }
        self.now = end;
    }

    fn check(&mut self) {
        while let Some(effect) = self.acd.poll_effect() {
            match effect {
                Effect::Offer(offer) => {
                    let state = self.acd.presence(offer.agent).expect("known");
                    assert_eq!(state.presence, Presence::Ready);
                    assert!(self.registered.contains(&offer.agent));
                    assert_eq!(self.acd.activity(offer.agent), Some(Activity::Ringing));
                    assert!(
                        self.talking
                            .values()
                            .all(|&(agent, _)| agent != offer.agent),
                        "an agent in a call is offered another"
                    );
                    self.offers.insert(offer.leg, (offer.agent, offer.call));
                }
                // One phone in four has answered already: its 200 crosses the CANCEL.
                Effect::CancelOffer { leg, .. } => {
                    if self.random.below(4) > 0 {
                        self.offers.remove(&leg);
                    }
                }
                Effect::Connect { call, leg } => {
                    let (agent, offered) = self.offers.remove(&leg).expect("was offered");
                    assert_eq!(offered, call);
                    assert!(
                        self.talking
                            .values()
                            .all(|&(other, talking)| other != agent && talking != call),
                        "two agents on one call, or two calls on one agent"
                    );
                    self.talking.insert(leg, (agent, call));
                    self.talked += 1;
                }
                Effect::Drop { call } => {
                    self.talking.retain(|_, &mut (_, talking)| talking != call);
                }
                Effect::EndLeg { leg } => {
                    self.talking.remove(&leg);
                    self.offers.remove(&leg);
                }
                Effect::CallRecorded(record) => {
                    if record.outcome.is_some() {
                        let ended =
                            self.open.remove(&record.call) || self.dials.remove(&record.call);
                        assert!(ended, "ended twice");
                    }
                }
                Effect::RefuseDial {
                    call,
                    why: DialRefusal::CheckedOut,
                } => assert!(self.dials.remove(&call), "refused twice"),
                Effect::Dial { .. } | Effect::RefuseDial { .. } | Effect::EndDial { .. } => {}
                Effect::PresenceChanged { .. }
                | Effect::ActivityChanged { .. }
                | Effect::LegRecorded { .. }
                | Effect::QueuesChanged(_) => {}
            }
        }
        let places = self.acd.places();
        assert_eq!(
            places.keys().copied().collect::<BTreeSet<_>>(),
            self.open,
            "a call was lost"
        );
        let with: Vec<AgentId> = places.values().flatten().copied().collect();
        assert_eq!(
            with.iter().collect::<BTreeSet<_>>().len(),
            with.len(),
            "an agent has two calls"
        );
    }
}

#[test]
fn on_any_day_no_call_is_lost_and_no_agent_has_two() {
    let mut talked = 0;
    for seed in 0..120 {
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
            world.pass();
        }
        talked += world.talked;
    }
    assert!(talked > 1_500, "the days were empty: {talked}");
}

#[test]
fn nobody_waits_while_somebody_could_answer() {
    for seed in 0..40 {
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
            world.pass();
        }
        // Everybody comes to work and stays.
        world.now += Config::default().unreachable_pause;
        let legs: Vec<LegId> = world.talking.keys().copied().collect();
        for leg in legs {
            world.acd.handle(at(world.now), Input::LegEnded { leg });
        }
        for &call in &world.dials {
            let outcome = LegOutcome::Cancelled;
            world
                .acd
                .handle(at(world.now), Input::DialOver { call, outcome });
        }
        for n in 1..=u128::from(AGENTS) {
            let agent = agent_id(n);
            world.registered.insert(agent);
            for input in [
                Input::Line {
                    agent,
                    line: Line::Idle,
                },
                Input::Registered { agent },
                Input::StartAnswering {
                    agent,
                    presence: Presence::Ready,
                },
            ] {
                world.acd.handle(at(world.now), input);
            }
        }
        let waiting: u32 = world.acd.queues().iter().map(|queue| queue.waiting).sum();
        let free = (1..=u128::from(AGENTS))
            .filter(|&n| world.acd.activity(agent_id(n)) == Some(Activity::Free))
            .count();
        assert!(
            waiting == 0 || free == 0 || !serves_all(&world),
            "seed {seed}: {waiting} wait while {free} are free"
        );
    }
}

/// Agents with even numbers serve the first group only: a free one of them beside a full second queue is no fault.
fn serves_all(world: &World) -> bool {
    (1..=u128::from(AGENTS))
        .filter(|n| n % 2 == 1)
        .any(|n| world.acd.activity(agent_id(n)) == Some(Activity::Free))
}
