//! What the queue is told, and what it asks for.

use offhook_model::api::QueueState;
use offhook_model::{
    Activity, AgentId, CallId, Direction, LegId, LegOutcome, LegRecord, PhoneNumber, Presence,
    PresenceReason, PresenceState, SkillGroupId, Text, Wall,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;
use utoipa::ToSchema;

/// The centre's times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// How long a queue call rings at one agent. Nobody else owns this time (ACCEPTANCE 23).
    pub ring: Duration,
    /// How long an agent's phone may stay wholly silent after an offer before it counts as unreachable.
    pub reach: Duration,
    /// How long an agent whose phone was busy gets no offer.
    pub busy_pause: Duration,
    /// How long an agent whose phone could not be reached gets no offer, unless it registers anew before.
    pub unreachable_pause: Duration,
    /// How long a number outside may ring.
    pub dial_ring: Duration,
    /// How long after the last heartbeat an agent is checked out (ACCEPTANCE 12).
    pub lost_after: Duration,
    /// How long a wrap-up may take; nothing where it has no limit (ACCEPTANCE 97).
    pub wrap_up: Option<Duration>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ring: Duration::from_secs(30),
            reach: Duration::from_secs(8),
            busy_pause: Duration::from_secs(5),
            unreachable_pause: Duration::from_secs(15),
            // What proxies give a ring, too (timer C, RFC 3261 section 16.6).
            dial_ring: Duration::from_secs(180),
            lost_after: Duration::from_secs(60),
            wrap_up: None,
        }
    }
}

/// A skill group, made known at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupConfig {
    /// Which one.
    pub id: SkillGroupId,
    /// Its name.
    pub name: Text,
}

/// An agent, made known at the start with what is on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentConfig {
    /// Who.
    pub agent: AgentId,
    /// The skill groups the agent is in.
    pub groups: Vec<SkillGroupId>,
    /// The presence on record.
    pub presence: PresenceState,
    /// Whether a wrap-up was open.
    pub in_wrap_up: bool,
    /// Whether the agent's app is expected to send heartbeats.
    pub watched: bool,
}

/// A call that came into a queue.
#[derive(Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Its name.
    pub call: CallId,
    /// Whose queue it came for.
    pub group: SkillGroupId,
    /// The caller's number, where it was not withheld.
    pub number: Option<PhoneNumber>,
    /// The name the network gave.
    pub name: Option<String>,
}

/// A call beside the queues: an agent dials, or somebody rings an agent directly.
#[derive(Clone, PartialEq, Eq)]
pub struct Dialled {
    /// Its name.
    pub call: CallId,
    /// The agent who dials, with their leg; nothing for a caller from outside.
    pub caller: Option<(AgentId, LegId)>,
    /// The agent it is for, with their leg; nothing for a number outside.
    pub callee: Option<(AgentId, LegId)>,
    /// What was dialled.
    pub number: Option<PhoneNumber>,
    /// Who calls, as the callee sees them.
    pub caller_id: Option<PhoneNumber>,
}

// Who calls is private: what is printed says which call, never whose.

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival")
            .field("call", &self.call)
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Dialled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialled")
            .field("call", &self.call)
            .field("caller", &self.caller)
            .field("callee", &self.callee)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offer")
            .field("leg", &self.leg)
            .field("call", &self.call)
            .field("agent", &self.agent)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for CallRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallRecord")
            .field("call", &self.call)
            .field("direction", &self.direction)
            .field("arrived_at", &self.arrived_at)
            .field("answered_at", &self.answered_at)
            .field("ended_at", &self.ended_at)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// Why an offer came to nothing, by the agent's phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The agent declined.
    Declined,
    /// The phone is in use: the agent dialled at that moment.
    Busy,
    /// The phone is not there, or could not take the call.
    Unreachable,
}

/// Why a call that was dialled is not put through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialRefusal {
    /// The agent who dials is checked out.
    CheckedOut,
    /// The agent it is for is in a call or a wrap-up.
    CalleeBusy,
    /// The agent it is for is checked out, or their phone is not there.
    CalleeAway,
}

/// What an agent's phone does beside the queue, the busier the later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line {
    /// Nothing, or nothing any more.
    Idle,
    /// A call is being set up.
    Dialling,
    /// They talk.
    Talking,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A new session of the agent began.
    SignedIn {
        /// Who.
        agent: AgentId,
    },
    /// A presence was asked for.
    SetPresence {
        /// Whose.
        agent: AgentId,
        /// Which one.
        presence: Presence,
        /// Why.
        reason: PresenceReason,
    },
    /// The agent's computer is about to sleep.
    Suspending {
        /// Whose.
        agent: AgentId,
    },
    /// 开始接听: the wrap-up activity is over.
    StartAnswering {
        /// Whose.
        agent: AgentId,
        /// The presence to go on with.
        presence: Presence,
    },
    /// The wrap-up gets its whole time anew, from now on.
    ExtendWrapUp {
        /// Whose.
        agent: AgentId,
    },
    /// The agent's app is alive.
    Heard {
        /// Whose.
        agent: AgentId,
    },
    /// The agent's phone can be called.
    Registered {
        /// Whose.
        agent: AgentId,
    },
    /// The agent's phone can no longer be called.
    Unregistered {
        /// Whose.
        agent: AgentId,
    },
    /// The agent's phone is used beside the queue, or no longer.
    Line {
        /// Whose.
        agent: AgentId,
        /// For what.
        line: Line,
    },
    /// A customer called.
    Arrived(Arrival),
    /// The customer hung up.
    Gone {
        /// Which call.
        call: CallId,
    },
    /// The agent's phone has shown that it is there.
    Reached {
        /// Which leg.
        leg: LegId,
    },
    /// The agent answered.
    Answered {
        /// Which leg.
        leg: LegId,
    },
    /// The offer came to nothing.
    Refused {
        /// Which leg.
        leg: LegId,
        /// Why.
        why: Refusal,
    },
    /// The agent hung up, or the phone was lost in the call.
    LegEnded {
        /// Which leg.
        leg: LegId,
    },
    /// Somebody dialled past the queues.
    Dialled(Dialled),
    /// A dialled call was answered.
    DialAnswered {
        /// Which call.
        call: CallId,
    },
    /// A dialled call is over.
    DialOver {
        /// Which call.
        call: CallId,
        /// How it ended for who dialled.
        outcome: LegOutcome,
    },
}

/// A call for one agent.
#[derive(Clone, PartialEq, Eq)]
pub struct Offer {
    /// The leg it opens.
    pub leg: LegId,
    /// The call.
    pub call: CallId,
    /// Whom to ring.
    pub agent: AgentId,
    /// How long it may ring.
    pub ring_left: Duration,
    /// How long the customer has waited.
    pub queued: Duration,
    /// The skill group's name.
    pub skill_group: Text,
    /// The caller's number, where it was not withheld.
    pub number: Option<PhoneNumber>,
    /// The name the network gave.
    pub name: Option<String>,
}

/// Why an offer is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelReason {
    /// The ring time is over.
    RingNoAnswer,
    /// The caller hung up.
    CallerGone,
    /// The call goes to somebody else: the agent checked out, or the phone showed no life.
    Elsewhere,
}

/// How a call ended for the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// They talked to an agent.
    Connected,
    /// The customer left while waiting.
    AbandonedInQueue,
    /// The customer left while an agent's phone rang.
    AbandonedWhileRinging,
    /// Dialled: the callee is busy.
    Busy,
    /// Dialled: nobody answered.
    NoAnswer,
    /// Dialled: the callee refused it.
    Rejected,
    /// Dialled: there is no such number.
    InvalidNumber,
    /// Dialled: the caller gave up before an answer.
    Cancelled,
    /// The centre failed.
    Failed,
    /// The centre was started anew while it waited, rang or talked.
    LostByRestart,
}

/// A call as it is recorded.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallRecord {
    /// Which one.
    pub call: CallId,
    /// Who started it.
    pub direction: Direction,
    /// The customer's number: who called, where it was not withheld, or what was dialled.
    pub number: Option<PhoneNumber>,
    /// 外呼号码: the number that was shown to who was called.
    pub caller_id: Option<PhoneNumber>,
    /// The name the network gave.
    pub name: Option<String>,
    /// The skill group's name.
    pub skill_group: Option<Text>,
    /// When it came.
    pub arrived_at: Wall,
    /// When the first agent talked.
    pub answered_at: Option<Wall>,
    /// When it was over.
    pub ended_at: Option<Wall>,
    /// How it ended; nothing while it goes on.
    pub outcome: Option<CallOutcome>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Ring an agent.
    Offer(Offer),
    /// Stop ringing an agent.
    CancelOffer {
        /// Which leg.
        leg: LegId,
        /// Why.
        why: CancelReason,
    },
    /// Let customer and agent talk.
    Connect {
        /// The customer.
        call: CallId,
        /// The agent.
        leg: LegId,
    },
    /// Hang up at the customer's side.
    Drop {
        /// Which call.
        call: CallId,
    },
    /// Hang up at the agent's side.
    EndLeg {
        /// Which leg.
        leg: LegId,
    },
    /// Put a dialled call through.
    Dial {
        /// Which call.
        call: CallId,
    },
    /// Refuse a dialled call.
    RefuseDial {
        /// Which call.
        call: CallId,
        /// Why.
        why: DialRefusal,
    },
    /// Stop ringing: nobody answers a dialled call.
    EndDial {
        /// Which call.
        call: CallId,
    },
    /// Tell and keep a presence.
    PresenceChanged {
        /// Whose.
        agent: AgentId,
        /// What it is now.
        state: PresenceState,
    },
    /// Tell and keep an activity.
    ActivityChanged {
        /// Whose.
        agent: AgentId,
        /// What it is now.
        activity: Activity,
        /// When a wrap-up ends by itself.
        until: Option<Wall>,
    },
    /// Keep a leg as it now is.
    LegRecorded {
        /// Whose.
        agent: AgentId,
        /// The row.
        record: LegRecord,
    },
    /// Keep a call as it now is.
    CallRecorded(CallRecord),
    /// Tell the queues.
    QueuesChanged(Vec<QueueState>),
}
