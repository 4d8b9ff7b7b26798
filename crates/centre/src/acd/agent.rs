//! One agent, as the queue sees them.

use super::words::{AgentConfig, Line};
use offhook_model::{Activity, LegId, Mono, Presence, PresenceState, SkillGroupId};

/// What an agent does for the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// Nothing.
    None,
    /// A leg rings.
    Ringing(LegId),
    /// A leg talks.
    Talking(LegId),
}

#[derive(Debug)]
pub(super) struct Agent {
    pub(super) groups: Vec<SkillGroupId>,
    pub(super) presence: PresenceState,
    pub(super) registered: bool,
    pub(super) work: Work,
    /// What the phone does as a customer of a queue.
    pub(super) line: Line,
    /// What the phone does in calls that were dialled.
    pub(super) dialled: Line,
    /// A dialled call rings here. It changes no state, but a queue call would find the phone busy.
    pub(super) rung: bool,
    pub(super) wrap_up: bool,
    /// Start answering was pressed before the call's end had arrived here.
    pub(super) skip_wrap_up: bool,
    /// Since when the agent could take a call; orders the offers.
    pub(super) idle_since: Mono,
    /// No offer before this.
    pub(super) paused_until: Mono,
    /// When the app was last heard; nothing for one that is not watched.
    pub(super) heard: Option<Mono>,
    /// The activity last told.
    pub(super) told: Activity,
}

impl Agent {
    pub(super) fn new(config: AgentConfig, now: Mono) -> Self {
        let mut agent = Self {
            groups: config.groups,
            presence: config.presence,
            registered: false,
            work: Work::None,
            line: Line::Idle,
            dialled: Line::Idle,
            rung: false,
            wrap_up: config.in_wrap_up,
            skip_wrap_up: false,
            idle_since: now,
            paused_until: now,
            heard: config.watched.then_some(now),
            told: Activity::Free,
        };
        agent.told = agent.activity();
        agent
    }

    /// One field out of three facts; the queue's own work is named before the agent's.
    pub(super) fn activity(&self) -> Activity {
        match (self.work, self.line.max(self.dialled), self.wrap_up) {
            (Work::Talking(_), _, _) | (_, Line::Talking, _) => Activity::Talking,
            (_, Line::Dialling, _) => Activity::Dialling,
            (Work::Ringing(_), _, _) => Activity::Ringing,
            (Work::None, Line::Idle, true) => Activity::WrapUp,
            (Work::None, Line::Idle, false) => Activity::Free,
        }
    }

    /// Tells whether a queue call would be offered but for the pause after a failed offer.
    pub(super) fn is_ready(&self) -> bool {
        self.registered
            && self.presence.presence == Presence::Ready
            && self.activity() == Activity::Free
            && !self.rung
    }

    /// Tells whether the agent is in a call of any kind.
    pub(super) fn in_call(&self) -> bool {
        match self.activity() {
            Activity::Dialling | Activity::Talking | Activity::Consulting => true,
            Activity::Free | Activity::Ringing | Activity::WrapUp => false,
        }
    }

    pub(super) fn can_take(&self, now: Mono) -> bool {
        self.is_ready() && now >= self.paused_until
    }

    /// A call with this agent is over: wrap-up, unless the agent has already gone on.
    pub(super) fn begin_wrap_up(&mut self, now: Mono) {
        self.wrap_up = !std::mem::take(&mut self.skip_wrap_up)
            && self.presence.presence != Presence::CheckedOut;
        self.idle_since = now;
    }
}
