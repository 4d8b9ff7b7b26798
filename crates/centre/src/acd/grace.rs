//! The grace (ACCEPTANCE 12): how long an agent stays as they are though nothing is heard of their app.
//!
//! ```text
//!   not watched ──Heard──▶ watched ──nothing heard for the grace, and no call──▶ not watched, Checked out (lost)
//!        ▲                   │  ▲
//!        └─────Suspending────┘  └──Heard, SignedIn, a presence by hand: the grace begins anew
//! ```

use super::agent::{Agent, Work};
use super::machine::Acd;
use super::words::CancelReason;
use offhook_model::{AgentId, LegOutcome, Mono, Now, Presence, PresenceReason};

impl Acd {
    /// The app is there. A program that sends no heartbeats is not watched for signing in.
    pub(super) fn heard_otherwise(&mut self, now: Now, agent: AgentId) {
        if let Some(heard) = self
            .agents
            .get_mut(&agent)
            .and_then(|agent| agent.heard.as_mut())
        {
            *heard = now.mono;
        }
    }

    /// The computer says that it will sleep: Break until it is back, however long that is, and no call meanwhile.
    pub(super) fn suspending(&mut self, now: Now, id: AgentId) {
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        agent.heard = None;
        match agent.presence.presence {
            // Their calls do not come to this computer.
            Presence::CheckedOut | Presence::AnswerOnMobile => return,
            Presence::Ready | Presence::Break => {}
        }
        if let Work::Ringing(leg) = agent.work {
            self.cancel(leg, CancelReason::Elsewhere);
            self.requeue(now, leg, LegOutcome::Failed);
        }
        self.set_presence(now, id, Presence::Break, PresenceReason::Asleep);
    }

    pub(super) fn check_out_the_lost(&mut self, now: Now) {
        let lost: Vec<AgentId> = self
            .agents
            .iter()
            .filter(|(_, agent)| {
                self.lost_deadline(agent)
                    .is_some_and(|deadline| deadline <= now.mono)
            })
            .map(|(&id, _)| id)
            .collect();
        for id in lost {
            if let Some(agent) = self.agents.get_mut(&id) {
                agent.heard = None;
            }
            self.set_presence(now, id, Presence::CheckedOut, PresenceReason::Lost);
        }
    }

    /// When a watched agent counts as lost. Never during a call: then when it ends.
    pub(super) fn lost_deadline(&self, agent: &Agent) -> Option<Mono> {
        match agent.presence.presence {
            Presence::CheckedOut | Presence::AnswerOnMobile => None,
            Presence::Ready | Presence::Break if agent.in_call() => None,
            Presence::Ready | Presence::Break => {
                agent.heard.map(|heard| heard + self.config.lost_after)
            }
        }
    }
}
