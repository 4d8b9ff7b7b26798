//! The state machine itself.

use super::agent::{Agent, Work, WrapUp};
use super::dials::Dial;
use super::words::{
    AgentConfig, Arrival, CallOutcome, CallRecord, CancelReason, Config, Effect, GroupConfig,
    Input, Line, Offer, Refusal,
};
use offhook_model::api::QueueState;
use offhook_model::{
    Activity, AgentId, CallId, Direction, LegId, LegOutcome, LegRecord, Mono, Now, Presence,
    PresenceReason, PresenceState, Random, SkillGroupId, Text, Wall,
};
use std::collections::{BTreeMap, VecDeque};

#[derive(Debug)]
struct Group {
    name: Text,
    queue: VecDeque<CallId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Queued,
    Ringing(LegId),
    Talking(LegId),
}

#[derive(Debug)]
struct Call {
    arrival: Arrival,
    arrived: Now,
    stage: Stage,
    answered_at: Option<Wall>,
}

#[derive(Debug)]
struct Leg {
    call: CallId,
    agent: AgentId,
    offered: Now,
    reached: bool,
    answered_at: Option<Wall>,
}

/// Queue and routing of one centre. Feed it with [`handle`](Self::handle) and [`handle_timeout`](Self::handle_timeout), then
/// carry out what [`poll_effect`](Self::poll_effect) gives, in order.
#[derive(Debug)]
pub struct Acd {
    pub(super) config: Config,
    random: Random,
    groups: BTreeMap<SkillGroupId, Group>,
    pub(super) agents: BTreeMap<AgentId, Agent>,
    calls: BTreeMap<CallId, Call>,
    legs: BTreeMap<LegId, Leg>,
    pub(super) dials: BTreeMap<CallId, Dial>,
    pub(super) effects: VecDeque<Effect>,
    queues_told: Vec<QueueState>,
}

impl Acd {
    /// An empty centre. The seed names the legs.
    #[must_use]
    pub fn new(config: Config, seed: u64) -> Self {
        Self {
            config,
            random: Random::seeded(seed),
            groups: BTreeMap::new(),
            agents: BTreeMap::new(),
            calls: BTreeMap::new(),
            legs: BTreeMap::new(),
            dials: BTreeMap::new(),
            effects: VecDeque::new(),
            queues_told: Vec::new(),
        }
    }

    /// Makes a skill group known.
    pub fn add_group(&mut self, group: GroupConfig) {
        self.groups.insert(
            group.id,
            Group {
                name: group.name,
                queue: VecDeque::new(),
            },
        );
        self.queues_told = self.queues();
    }

    /// Makes an agent known.
    pub fn add_agent(&mut self, now: Now, agent: AgentConfig) {
        let id = agent.agent;
        let agent = Agent::new(agent, now, self.config.wrap_up);
        self.agents.insert(id, agent);
        self.queues_told = self.queues();
    }

    /// The presence of an agent; nothing for somebody unknown.
    #[must_use]
    pub fn presence(&self, agent: AgentId) -> Option<PresenceState> {
        self.agents.get(&agent).map(|agent| agent.presence)
    }

    /// What an agent is doing; nothing for somebody unknown.
    #[must_use]
    pub fn activity(&self, agent: AgentId) -> Option<Activity> {
        self.agents.get(&agent).map(Agent::activity)
    }

    /// When the wrap-up of an agent ends by itself; nothing where none goes on, or none with a limit.
    #[must_use]
    pub fn wrap_up_until(&self, agent: AgentId) -> Option<Wall> {
        let until = self.agents.get(&agent)?.wrap_up_until()?;
        Some(until.wall)
    }

    /// All queues, in the order of their groups' ids.
    #[must_use]
    pub fn queues(&self) -> Vec<QueueState> {
        self.groups
            .iter()
            .map(|(&id, group)| QueueState {
                skill_group: id,
                name: group.name.clone(),
                waiting: u32::try_from(group.queue.len()).unwrap_or(u32::MAX),
                oldest_since: group
                    .queue
                    .iter()
                    .filter_map(|call| self.calls.get(call))
                    .map(|call| call.arrived.wall)
                    .min(),
                ready_agents: u32::try_from(
                    self.agents
                        .values()
                        .filter(|agent| agent.groups.contains(&id) && agent.is_ready())
                        .count(),
                )
                .unwrap_or(u32::MAX),
            })
            .collect()
    }

    /// Takes what happened.
    pub fn handle(&mut self, now: Now, input: Input) {
        match input {
            Input::SignedIn { agent } => {
                self.heard_otherwise(now, agent);
                if self.presence(agent).map(|state| state.presence) == Some(Presence::CheckedOut) {
                    self.set_presence(now, agent, Presence::CheckedOut, PresenceReason::SignedIn);
                }
            }
            Input::SetPresence {
                agent,
                presence,
                reason,
            } => {
                self.heard_otherwise(now, agent);
                self.set_presence(now, agent, presence, reason);
            }
            Input::Suspending { agent } => self.suspending(now, agent),
            Input::StartAnswering { agent, presence } => {
                self.heard_otherwise(now, agent);
                self.start_answering(now, agent, presence);
            }
            Input::ExtendWrapUp { agent } => {
                self.heard_otherwise(now, agent);
                if let Some(agent) = self.agents.get_mut(&agent) {
                    agent.extend_wrap_up(now);
                }
            }
            Input::Heard { agent } => {
                if let Some(agent) = self.agents.get_mut(&agent) {
                    agent.heard = Some(now.mono);
                }
            }
            Input::Registered { agent } => {
                if let Some(agent) = self.agents.get_mut(&agent) {
                    agent.registered = true;
                    agent.paused_until = now.mono;
                }
            }
            Input::Unregistered { agent } => {
                if let Some(agent) = self.agents.get_mut(&agent) {
                    agent.registered = false;
                }
            }
            Input::Line { agent, line } => self.line(now, agent, line),
            Input::Arrived(arrival) => self.arrived(now, arrival),
            Input::Gone { call } => self.gone(now, call),
            Input::Reached { leg } => {
                if let Some(leg) = self.legs.get_mut(&leg) {
                    leg.reached = true;
                }
            }
            Input::Answered { leg } => self.answered(now, leg),
            Input::Refused { leg, why } => self.refused(now, leg, why),
            Input::LegEnded { leg } => self.leg_ended(now, leg),
            Input::Dialled(dialled) => self.dialled(now, dialled),
            Input::DialAnswered { call } => self.dial_answered(now, call),
            Input::DialOver { call, outcome } => self.dial_over(now, call, outcome),
        }
        self.settle(now);
    }

    /// Lets deadlines that are due fire.
    pub fn handle_timeout(&mut self, now: Now) {
        let due: Vec<LegId> = self
            .ringing()
            .filter(|(_, leg)| self.leg_deadline(leg) <= now.mono)
            .map(|(&id, _)| id)
            .collect();
        for leg in due {
            if self.legs.get(&leg).is_some_and(|leg| leg.reached) {
                self.cancel(leg, CancelReason::RingNoAnswer);
                if let Some(agent) = self.requeue(now, leg, LegOutcome::RingNoAnswer) {
                    self.set_presence(now, agent, Presence::Break, PresenceReason::RingNoAnswer);
                }
            } else {
                self.cancel(leg, CancelReason::Elsewhere);
                self.unreachable(now, leg);
            }
        }
        self.end_unanswered_dials(now);
        self.check_out_the_lost(now);
        for agent in self.agents.values_mut() {
            if agent
                .wrap_up_until()
                .is_some_and(|until| until.mono <= now.mono)
            {
                agent.end_wrap_up(now.mono);
            }
        }
        let lost: Vec<AgentId> = self
            .agents
            .iter()
            .filter(|(_, agent)| {
                self.lost_deadline(agent)
                    .is_some_and(|deadline| deadline <= now.mono)
            })
            .map(|(&id, _)| id)
            .collect();
        for agent in lost {
            if let Some(agent) = self.agents.get_mut(&agent) {
                agent.heard = None;
            }
            self.set_presence(now, agent, Presence::CheckedOut, PresenceReason::Lost);
        }
        self.settle(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Mono> {
        let rings = self.ringing().map(|(_, leg)| self.leg_deadline(leg));
        let losses = self
            .agents
            .values()
            .filter_map(|agent| self.lost_deadline(agent));
        // A Ready agent beside a waiting call can only be one whose pause is not over.
        let pauses = self
            .agents
            .values()
            .filter(|agent| agent.is_ready() && self.has_waiting_call(agent))
            .map(|agent| agent.paused_until);
        let dials = self
            .dials
            .values()
            .filter_map(|dial| self.dial_deadline(dial));
        let wrap_ups = self
            .agents
            .values()
            .filter_map(|agent| agent.wrap_up_until().map(|until| until.mono));
        rings
            .chain(losses)
            .chain(pauses)
            .chain(dials)
            .chain(wrap_ups)
            .min()
    }

    /// The next thing to do.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    pub(super) fn set_presence(
        &mut self,
        now: Now,
        id: AgentId,
        presence: Presence,
        reason: PresenceReason,
    ) {
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        let old = agent.presence;
        if (old.presence, old.reason) == (presence, reason) {
            return;
        }
        let moved = old.presence != presence;
        agent.presence = PresenceState {
            presence,
            reason,
            since: if moved { now.wall } else { old.since },
            revision: old.revision + 1,
        };
        self.effects.push_back(Effect::PresenceChanged {
            agent: id,
            state: agent.presence,
        });
        if moved && presence == Presence::Ready {
            agent.idle_since = now.mono;
        }
        if presence == Presence::CheckedOut {
            agent.wrap_up = WrapUp::Over;
            if let Work::Ringing(leg) = agent.work {
                self.cancel(leg, CancelReason::Elsewhere);
                self.requeue(now, leg, LegOutcome::Declined);
            }
        }
    }

    fn start_answering(&mut self, now: Now, id: AgentId, presence: Presence) {
        if let Some(agent) = self.agents.get_mut(&id) {
            agent.end_wrap_up(now.mono);
            // The agent's desk is quicker than the end of the call: what is pressed now counts for the wrap-up to come.
            agent.skip_wrap_up = agent.in_call();
        }
        self.set_presence(now, id, presence, PresenceReason::ByHand);
    }

    fn line(&mut self, now: Now, id: AgentId, line: Line) {
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        let before = std::mem::replace(&mut agent.line, line);
        if before != Line::Idle && line == Line::Idle {
            agent.begin_wrap_up(now);
        }
    }

    fn arrived(&mut self, now: Now, arrival: Arrival) {
        let call = arrival.call;
        let Some(group) = self.groups.get_mut(&arrival.group) else {
            // The engine only names groups it was told of; a call without a queue is ended, never forgotten.
            self.effects.push_back(Effect::Drop { call });
            return;
        };
        if self.calls.contains_key(&call) {
            return;
        }
        group.queue.push_back(call);
        self.calls.insert(
            call,
            Call {
                arrival,
                arrived: now,
                stage: Stage::Queued,
                answered_at: None,
            },
        );
        self.record_call(call, None);
    }

    fn gone(&mut self, now: Now, call: CallId) {
        let Some(stage) = self.calls.get(&call).map(|call| call.stage) else {
            return;
        };
        match stage {
            Stage::Queued => self.end_call(now, call, CallOutcome::AbandonedInQueue),
            Stage::Ringing(leg) => {
                self.cancel(leg, CancelReason::CallerGone);
                self.end_leg(now, leg, LegOutcome::AbandonedWhileRinging);
                self.end_call(now, call, CallOutcome::AbandonedWhileRinging);
            }
            Stage::Talking(leg) => {
                self.effects.push_back(Effect::EndLeg { leg });
                self.end_leg(now, leg, LegOutcome::Connected);
                self.end_call(now, call, CallOutcome::Connected);
            }
        }
    }

    fn answered(&mut self, now: Now, id: LegId) {
        let Some(leg) = self.legs.get_mut(&id) else {
            // It crossed the deadline or the caller's hang-up on its way: that phone hangs up, the call is elsewhere.
            self.effects.push_back(Effect::EndLeg { leg: id });
            return;
        };
        if leg.answered_at.is_some() {
            return;
        }
        leg.answered_at = Some(now.wall);
        let (call, agent) = (leg.call, leg.agent);
        if let Some(call) = self.calls.get_mut(&call) {
            call.stage = Stage::Talking(id);
            call.answered_at.get_or_insert(now.wall);
        }
        if let Some(agent) = self.agents.get_mut(&agent) {
            agent.work = Work::Talking(id);
            agent.skip_wrap_up = false;
        }
        self.effects.push_back(Effect::Connect { call, leg: id });
        self.record_leg(id, None, None);
        self.record_call(call, None);
    }

    fn refused(&mut self, now: Now, leg: LegId, why: Refusal) {
        let rings = self
            .legs
            .get(&leg)
            .is_some_and(|leg| leg.answered_at.is_none());
        if !rings {
            return;
        }
        match why {
            Refusal::Declined => {
                if let Some(agent) = self.requeue(now, leg, LegOutcome::Declined) {
                    self.set_presence(now, agent, Presence::Break, PresenceReason::Declined);
                }
            }
            Refusal::Busy => {
                if let Some(agent) = self.requeue(now, leg, LegOutcome::Rejected) {
                    self.pause(agent, now.mono + self.config.busy_pause);
                }
            }
            Refusal::Unreachable => self.unreachable(now, leg),
        }
    }

    fn leg_ended(&mut self, now: Now, id: LegId) {
        let Some(leg) = self.legs.get(&id) else {
            return;
        };
        let call = leg.call;
        if leg.answered_at.is_none() {
            self.unreachable(now, id);
            return;
        }
        self.effects.push_back(Effect::Drop { call });
        self.end_leg(now, id, LegOutcome::Connected);
        self.end_call(now, call, CallOutcome::Connected);
    }

    fn unreachable(&mut self, now: Now, leg: LegId) {
        if let Some(agent) = self.requeue(now, leg, LegOutcome::Failed) {
            self.pause(agent, now.mono + self.config.unreachable_pause);
        }
    }

    fn pause(&mut self, agent: AgentId, until: Mono) {
        if let Some(agent) = self.agents.get_mut(&agent) {
            agent.paused_until = until;
        }
    }

    pub(super) fn cancel(&mut self, leg: LegId, why: CancelReason) {
        self.effects.push_back(Effect::CancelOffer { leg, why });
    }

    /// Ends a ringing leg and puts its call at the head of its queue; names the agent it rang at.
    pub(super) fn requeue(&mut self, now: Now, leg: LegId, outcome: LegOutcome) -> Option<AgentId> {
        let (call, agent) = self.end_leg(now, leg, outcome)?;
        let entry = self.calls.get_mut(&call)?;
        entry.stage = Stage::Queued;
        let group = entry.arrival.group;
        self.groups.get_mut(&group)?.queue.push_front(call);
        Some(agent)
    }

    /// Records a leg's end and frees its agent.
    fn end_leg(&mut self, now: Now, id: LegId, outcome: LegOutcome) -> Option<(CallId, AgentId)> {
        self.record_leg(id, Some(now.wall), Some(outcome));
        let leg = self.legs.remove(&id)?;
        if let Some(agent) = self.agents.get_mut(&leg.agent) {
            agent.work = Work::None;
            if leg.answered_at.is_some() {
                agent.begin_wrap_up(now);
            }
        }
        Some((leg.call, leg.agent))
    }

    fn end_call(&mut self, now: Now, id: CallId, outcome: CallOutcome) {
        self.record_call(id, Some((now.wall, outcome)));
        if let Some(call) = self.calls.remove(&id)
            && let Some(group) = self.groups.get_mut(&call.arrival.group)
        {
            group.queue.retain(|&queued| queued != id);
        }
    }

    fn record_call(&mut self, id: CallId, end: Option<(Wall, CallOutcome)>) {
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        self.effects.push_back(Effect::CallRecorded(CallRecord {
            call: id,
            direction: Direction::Inbound,
            caller_id: None,
            number: call.arrival.number.clone(),
            name: call.arrival.name.clone(),
            skill_group: self
                .groups
                .get(&call.arrival.group)
                .map(|group| group.name.clone()),
            arrived_at: call.arrived.wall,
            answered_at: call.answered_at,
            ended_at: end.map(|(at, _)| at),
            outcome: end.map(|(_, outcome)| outcome),
        }));
    }

    fn record_leg(&mut self, id: LegId, ended_at: Option<Wall>, outcome: Option<LegOutcome>) {
        let Some(leg) = self.legs.get(&id) else {
            return;
        };
        let call = self.calls.get(&leg.call);
        let record = LegRecord {
            leg: id,
            call: leg.call,
            direction: Direction::Inbound,
            number: call.and_then(|call| call.arrival.number.clone()),
            customer: None,
            skill_group: call
                .and_then(|call| self.groups.get(&call.arrival.group))
                .map(|group| group.name.clone()),
            offered_at: leg.offered.wall,
            answered_at: leg.answered_at,
            ended_at,
            outcome,
            recording: None,
        };
        self.effects.push_back(Effect::LegRecorded {
            agent: leg.agent,
            record,
        });
    }

    /// Brings calls and agents together, and tells what changed.
    fn settle(&mut self, now: Now) {
        while let Some((call, agent)) = self.next_match(now.mono) {
            self.offer(now, call, agent);
        }
        for (&id, agent) in &mut self.agents {
            let tells = agent.tells();
            if agent.told != tells {
                agent.told = tells;
                let (activity, until) = tells;
                self.effects.push_back(Effect::ActivityChanged {
                    agent: id,
                    activity,
                    until,
                });
            }
        }
        let queues = self.queues();
        if queues != self.queues_told {
            self.queues_told.clone_from(&queues);
            self.effects.push_back(Effect::QueuesChanged(queues));
        }
    }

    /// The head that came first among the queues somebody can serve, and who has been idle longest there.
    fn next_match(&self, now: Mono) -> Option<(CallId, AgentId)> {
        self.groups
            .iter()
            .filter_map(|(id, group)| {
                let call = *group.queue.front()?;
                let arrived = self.calls.get(&call)?.arrived.mono;
                let agent = self
                    .agents
                    .iter()
                    .filter(|(_, agent)| agent.groups.contains(id) && agent.can_take(now))
                    .map(|(&id, agent)| (agent.idle_since, id))
                    .min()
                    .map(|(_, id)| id)?;
                Some((arrived, call, agent))
            })
            .min()
            .map(|(_, call, agent)| (call, agent))
    }

    fn offer(&mut self, now: Now, id: CallId, to: AgentId) {
        let leg = LegId::mint(now.wall, &mut self.random);
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Some(group) = self.groups.get_mut(&call.arrival.group) else {
            return;
        };
        group.queue.retain(|&queued| queued != id);
        call.stage = Stage::Ringing(leg);
        self.effects.push_back(Effect::Offer(Offer {
            leg,
            call: id,
            agent: to,
            ring_left: self.config.ring,
            queued: now.mono.saturating_sub(call.arrived.mono),
            skill_group: group.name.clone(),
            number: call.arrival.number.clone(),
            name: call.arrival.name.clone(),
        }));
        self.legs.insert(
            leg,
            Leg {
                call: id,
                agent: to,
                offered: now,
                reached: false,
                answered_at: None,
            },
        );
        if let Some(agent) = self.agents.get_mut(&to) {
            agent.work = Work::Ringing(leg);
        }
        self.record_leg(leg, None, None);
    }

    fn ringing(&self) -> impl Iterator<Item = (&LegId, &Leg)> {
        self.legs
            .iter()
            .filter(|(_, leg)| leg.answered_at.is_none())
    }

    fn has_waiting_call(&self, agent: &Agent) -> bool {
        agent
            .groups
            .iter()
            .filter_map(|group| self.groups.get(group))
            .any(|group| !group.queue.is_empty())
    }

    fn leg_deadline(&self, leg: &Leg) -> Mono {
        let patience = if leg.reached {
            self.config.ring
        } else {
            self.config.reach.min(self.config.ring)
        };
        leg.offered.mono + patience
    }
}

#[cfg(test)]
impl Acd {
    /// Who waits in a queue, the head first.
    pub(crate) fn waiting(&self, group: SkillGroupId) -> Vec<CallId> {
        self.groups[&group].queue.iter().copied().collect()
    }

    /// Where each call is, for the tests' invariants: waiting, or with whom.
    pub(crate) fn places(&self) -> BTreeMap<CallId, Option<AgentId>> {
        self.calls
            .iter()
            .map(|(&id, call)| {
                let agent = match call.stage {
                    Stage::Queued => None,
                    Stage::Ringing(leg) | Stage::Talking(leg) => {
                        self.legs.get(&leg).map(|leg| leg.agent)
                    }
                };
                (id, agent)
            })
            .collect()
    }
}
