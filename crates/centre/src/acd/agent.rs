//! One agent, as the queue sees them.

use super::words::{AgentConfig, Line};
use offhook_model::{Activity, LegId, Mono, Now, Presence, PresenceState, SkillGroupId, Wall};
use std::time::Duration;

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

/// 话后处理, behind whatever the phone does in the meantime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WrapUp {
    /// There is none.
    Over,
    /// Until the agent ends it.
    Open,
    /// Until then at the latest, unless it is extended.
    Until(Now),
}

impl WrapUp {
    /// One that begins now and may take so long.
    fn begun(now: Now, limit: Option<Duration>) -> Self {
        limit.map_or(Self::Open, |limit| {
            Self::Until(Now {
                mono: now.mono + limit,
                wall: now.wall.plus(limit),
            })
        })
    }

    fn is_over(self) -> bool {
        self == Self::Over
    }
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
    pub(super) wrap_up: WrapUp,
    /// How long a wrap-up may take.
    limit: Option<Duration>,
    /// Start answering was pressed before the call's end had arrived here.
    pub(super) skip_wrap_up: bool,
    /// Since when the agent could take a call; orders the offers.
    pub(super) idle_since: Mono,
    /// No offer before this.
    pub(super) paused_until: Mono,
    /// When the app was last heard; nothing for one that is not watched: it sends no heartbeats, or sleeps.
    pub(super) heard: Option<Mono>,
    /// The activity last told, and the end of its time.
    pub(super) told: (Activity, Option<Wall>),
}

impl Agent {
    /// A wrap-up that was open has its whole time again: how much was left is not on record.
    pub(super) fn new(config: AgentConfig, now: Now, limit: Option<Duration>) -> Self {
        let mut agent = Self {
            groups: config.groups,
            presence: config.presence,
            registered: false,
            work: Work::None,
            line: Line::Idle,
            dialled: Line::Idle,
            rung: false,
            wrap_up: if config.in_wrap_up {
                WrapUp::begun(now, limit)
            } else {
                WrapUp::Over
            },
            limit,
            skip_wrap_up: false,
            idle_since: now.mono,
            paused_until: now.mono,
            heard: config.watched.then_some(now.mono),
            told: (Activity::Free, None),
        };
        agent.told = agent.tells();
        agent
    }

    /// One field out of three facts; the queue's own work is named before the agent's.
    pub(super) fn activity(&self) -> Activity {
        match (
            self.work,
            self.line.max(self.dialled),
            self.wrap_up.is_over(),
        ) {
            (Work::Talking(_), _, _) | (_, Line::Talking, _) => Activity::Talking,
            (_, Line::Dialling, _) => Activity::Dialling,
            (Work::Ringing(_), _, _) => Activity::Ringing,
            (Work::None, Line::Idle, false) => Activity::WrapUp,
            (Work::None, Line::Idle, true) => Activity::Free,
        }
    }

    /// When the wrap-up the agent is in ends by itself. During another call its time does not count: that call's end begins a
    /// new one.
    pub(super) fn wrap_up_until(&self) -> Option<Now> {
        match (self.activity(), self.wrap_up) {
            (Activity::WrapUp, WrapUp::Until(until)) => Some(until),
            (Activity::WrapUp, WrapUp::Open | WrapUp::Over)
            | (
                Activity::Free
                | Activity::Ringing
                | Activity::Dialling
                | Activity::Talking
                | Activity::Consulting,
                _,
            ) => None,
        }
    }

    /// What is told of the agent.
    pub(super) fn tells(&self) -> (Activity, Option<Wall>) {
        (
            self.activity(),
            self.wrap_up_until().map(|until| until.wall),
        )
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
    pub(super) fn begin_wrap_up(&mut self, now: Now) {
        let skipped = std::mem::take(&mut self.skip_wrap_up)
            || self.presence.presence == Presence::CheckedOut;
        self.wrap_up = if skipped {
            WrapUp::Over
        } else {
            WrapUp::begun(now, self.limit)
        };
        self.idle_since = now.mono;
    }

    /// The agent is free, in the presence they have.
    pub(super) fn end_wrap_up(&mut self, now: Mono) {
        self.wrap_up = WrapUp::Over;
        self.idle_since = now;
    }

    /// A wrap-up with a limit gets its whole time anew.
    pub(super) fn extend_wrap_up(&mut self, now: Now) {
        if self.wrap_up_until().is_some() {
            self.wrap_up = WrapUp::begun(now, self.limit);
        }
    }
}
