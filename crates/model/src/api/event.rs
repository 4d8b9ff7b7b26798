//! The event stream: `GET /v1/events`, server-sent events with `Last-Event-ID`.

use crate::{Activity, LegRecord, PresenceState, SkillGroupId, Text, Wall};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One event. The SSE `data` is this JSON, the SSE `id` counts up per agent. The authority for presence and queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Event {
    /// The agent's presence changed, or is told at the start of the stream.
    Presence(PresenceState),
    /// What the agent is doing changed, or is told at the start of the stream.
    Activity {
        /// The activity.
        activity: Activity,
        /// When a wrap-up ends by itself, by the centre's clock; nothing where it has no limit.
        #[serde(default)]
        until: Option<Wall>,
    },
    /// The queues of the agent's skill groups, told at the start and at each change.
    Queues {
        /// One entry a skill group.
        queues: Vec<QueueState>,
    },
    /// A leg of this agent was recorded or its record changed.
    Leg(LegRecord),
    /// The session was taken over elsewhere; the stream ends.
    SignedInElsewhere,
}

/// One queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QueueState {
    /// Whose queue.
    pub skill_group: SkillGroupId,
    /// Its name.
    pub name: Text,
    /// How many calls wait.
    pub waiting: u32,
    /// When the one that waits longest came.
    pub oldest_since: Option<Wall>,
    /// How many agents are Ready and free.
    pub ready_agents: u32,
}
