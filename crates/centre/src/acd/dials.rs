//! Calls beside the queues: agents who dial out, and calls straight to an agent.

use super::agent::Agent;
use super::machine::Acd;
use super::words::{CallOutcome, CallRecord, DialRefusal, Dialled, Effect, Line};
use offhook_model::{
    Activity, AgentId, CallId, Direction, LegId, LegOutcome, LegRecord, Mono, Now, Presence, Wall,
};

#[derive(Debug)]
pub(super) struct Dial {
    dialled: Dialled,
    began: Now,
    /// Whether the callee's phone was called.
    placed: bool,
    answered_at: Option<Wall>,
}

/// How a dialled call ended.
#[derive(Debug, Clone, Copy)]
struct End {
    at: Wall,
    outcome: LegOutcome,
}

impl Acd {
    pub(super) fn dialled(&mut self, now: Now, dialled: Dialled) {
        let call = dialled.call;
        let refuse = |why| Effect::RefuseDial { call, why };
        if let Some((agent, _)) = dialled.caller {
            let Some(agent) = self
                .agents
                .get_mut(&agent)
                .filter(|agent| agent.presence.presence != Presence::CheckedOut)
            else {
                return self.effects.push_back(refuse(DialRefusal::CheckedOut));
            };
            agent.skip_wrap_up = false;
        }
        let why = dialled
            .callee
            .and_then(|(agent, _)| self.cannot_ring(agent));
        let dial = Dial {
            dialled,
            began: now,
            placed: why.is_none(),
            answered_at: None,
        };
        self.dials.insert(call, dial);
        self.refresh_lines();
        match why {
            None => {
                self.record_dial(call, None);
                self.effects.push_back(Effect::Dial { call });
            }
            Some(why) => {
                self.effects.push_back(refuse(why));
                let outcome = match why {
                    DialRefusal::CalleeBusy => LegOutcome::Busy,
                    DialRefusal::CalleeAway | DialRefusal::CheckedOut => LegOutcome::NoAnswer,
                };
                self.dial_over(now, call, outcome);
            }
        }
    }

    pub(super) fn dial_answered(&mut self, now: Now, call: CallId) {
        let Some(dial) = self.dials.get_mut(&call) else {
            return;
        };
        dial.answered_at.get_or_insert(now.wall);
        if let Some(agent) = dial
            .dialled
            .callee
            .and_then(|(agent, _)| self.agents.get_mut(&agent))
        {
            agent.skip_wrap_up = false;
        }
        self.refresh_lines();
        self.record_dial(call, None);
    }

    /// The caller's wrap-up follows every call that was dialled; the callee's only one that was answered.
    pub(super) fn dial_over(&mut self, now: Now, call: CallId, outcome: LegOutcome) {
        let end = End {
            at: now.wall,
            outcome,
        };
        self.record_dial(call, Some(end));
        let Some(dial) = self.dials.remove(&call) else {
            return;
        };
        self.refresh_lines();
        let callee = dial.dialled.callee.filter(|_| dial.answered_at.is_some());
        for (agent, _) in [dial.dialled.caller, callee].into_iter().flatten() {
            if let Some(agent) = self.agents.get_mut(&agent) {
                agent.begin_wrap_up(now);
            }
        }
    }

    pub(super) fn end_unanswered_dials(&mut self, now: Now) {
        let due: Vec<CallId> = self
            .dials
            .iter()
            .filter(|(_, dial)| self.dial_deadline(dial).is_some_and(|due| due <= now.mono))
            .map(|(&call, _)| call)
            .collect();
        for call in due {
            self.effects.push_back(Effect::EndDial { call });
            self.dial_over(now, call, LegOutcome::NoAnswer);
        }
    }

    /// Until when it may ring: an agent as long as for a queue, anybody else as long as networks let it.
    pub(super) fn dial_deadline(&self, dial: &Dial) -> Option<Mono> {
        let patience = match dial.dialled.callee {
            Some(_) => self.config.ring,
            None => self.config.dial_ring,
        };
        dial.answered_at
            .is_none()
            .then(|| dial.began.mono + patience)
    }

    /// A direct call rings in Ready and Break, and finds busy who is in a call or a wrap-up (ACCEPTANCE 27).
    fn cannot_ring(&self, agent: AgentId) -> Option<DialRefusal> {
        let Some(agent) = self.agents.get(&agent).filter(|agent| agent.registered) else {
            return Some(DialRefusal::CalleeAway);
        };
        match (agent.presence.presence, agent.activity()) {
            (Presence::CheckedOut, _) => Some(DialRefusal::CalleeAway),
            (Presence::Ready | Presence::Break | Presence::AnswerOnMobile, Activity::Free)
                if !agent.rung =>
            {
                None
            }
            (Presence::Ready | Presence::Break | Presence::AnswerOnMobile, _) => {
                Some(DialRefusal::CalleeBusy)
            }
        }
    }

    /// Says anew at each agent what their phone does in dialled calls.
    fn refresh_lines(&mut self) {
        for (&id, agent) in &mut self.agents {
            let mine = |side: Option<(AgentId, LegId)>| side.is_some_and(|(whose, _)| whose == id);
            let Agent { dialled, rung, .. } = agent;
            (*dialled, *rung) = (Line::Idle, false);
            for dial in self.dials.values() {
                let line = match dial.answered_at {
                    Some(_) => Line::Talking,
                    None => Line::Dialling,
                };
                if mine(dial.dialled.caller) {
                    *dialled = line.max(*dialled);
                } else if mine(dial.dialled.callee) && dial.placed {
                    match line {
                        Line::Talking => *dialled = line,
                        Line::Dialling | Line::Idle => *rung = true,
                    }
                }
            }
        }
    }

    fn record_dial(&mut self, call: CallId, end: Option<End>) {
        let Some(dial) = self.dials.get(&call) else {
            return;
        };
        let dialled = &dial.dialled;
        let direction = match dialled.caller {
            Some(_) => Direction::Outbound,
            None => Direction::Inbound,
        };
        let end = end.map(|end| End {
            outcome: match dial.answered_at {
                Some(_) => LegOutcome::Connected,
                None => end.outcome,
            },
            ..end
        });
        let record = |leg, direction, outcome: fn(LegOutcome) -> LegOutcome| LegRecord {
            leg,
            call,
            direction,
            number: match direction {
                Direction::Outbound => dialled.number.clone(),
                Direction::Inbound => dialled.caller_id.clone(),
            },
            customer: None,
            skill_group: None,
            offered_at: dial.began.wall,
            answered_at: dial.answered_at,
            ended_at: end.map(|end| end.at),
            outcome: end.map(|end| outcome(end.outcome)),
            recording: None,
        };
        if let Some((agent, leg)) = dialled.caller {
            let record = record(leg, Direction::Outbound, std::convert::identity);
            self.effects
                .push_back(Effect::LegRecorded { agent, record });
        }
        if let Some((agent, leg)) = dialled.callee.filter(|_| dial.placed) {
            let record = record(leg, Direction::Inbound, as_the_callee_sees_it);
            self.effects
                .push_back(Effect::LegRecorded { agent, record });
        }
        self.effects.push_back(Effect::CallRecorded(CallRecord {
            call,
            direction,
            number: match direction {
                Direction::Outbound => dialled.number.clone(),
                Direction::Inbound => dialled.caller_id.clone(),
            },
            caller_id: match direction {
                Direction::Outbound => dialled.caller_id.clone(),
                Direction::Inbound => None,
            },
            name: None,
            skill_group: None,
            arrived_at: dial.began.wall,
            answered_at: dial.answered_at,
            ended_at: end.map(|end| end.at),
            outcome: end.map(|end| of_call(end.outcome)),
        }));
    }
}

/// The caller's outcome as the callee's row says it.
fn as_the_callee_sees_it(outcome: LegOutcome) -> LegOutcome {
    match outcome {
        LegOutcome::NoAnswer => LegOutcome::RingNoAnswer,
        LegOutcome::Rejected => LegOutcome::Declined,
        LegOutcome::Cancelled => LegOutcome::AbandonedWhileRinging,
        LegOutcome::Busy => LegOutcome::Rejected,
        LegOutcome::InvalidNumber => LegOutcome::Failed,
        LegOutcome::Connected
        | LegOutcome::RingNoAnswer
        | LegOutcome::Declined
        | LegOutcome::AbandonedWhileRinging
        | LegOutcome::AnsweredElsewhere
        | LegOutcome::Failed
        | LegOutcome::LostByRestart => outcome,
    }
}

fn of_call(outcome: LegOutcome) -> CallOutcome {
    match outcome {
        LegOutcome::Connected => CallOutcome::Connected,
        LegOutcome::Busy => CallOutcome::Busy,
        LegOutcome::NoAnswer | LegOutcome::RingNoAnswer => CallOutcome::NoAnswer,
        LegOutcome::Rejected | LegOutcome::Declined => CallOutcome::Rejected,
        LegOutcome::InvalidNumber => CallOutcome::InvalidNumber,
        LegOutcome::Cancelled => CallOutcome::Cancelled,
        LegOutcome::AbandonedWhileRinging => CallOutcome::AbandonedWhileRinging,
        LegOutcome::AnsweredElsewhere | LegOutcome::Failed => CallOutcome::Failed,
        LegOutcome::LostByRestart => CallOutcome::LostByRestart,
    }
}
