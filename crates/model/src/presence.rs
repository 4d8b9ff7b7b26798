//! Presence and activity: two fields, never one.

use crate::Wall;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The voice state an agent chooses, or the centre chooses for them (ACCEPTANCE 8-32).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Presence {
    /// 签出: no call is offered and dialling is refused.
    CheckedOut,
    /// 空闲: queue calls are offered, dialling works.
    Ready,
    /// 小休: no queue call is offered, dialling works.
    Break,
    /// 手机接听: queue calls ring the agent's mobile.
    AnswerOnMobile,
}

/// What the agent is doing, as seen by the centre. A queue call is offered when presence is Ready or Answer on mobile and
/// the activity is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Activity {
    /// Nothing on the line and no wrap-up to finish.
    Free,
    /// A call is ringing at this agent.
    Ringing,
    /// An outbound call is being set up.
    Dialling,
    /// Talking with a customer, held or not.
    Talking,
    /// Consulting a colleague while the customer waits.
    Consulting,
    /// 话后处理: after a call, until Start answering.
    WrapUp,
}

/// Why the presence is what it is. The window says it in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PresenceReason {
    /// Right after sign-in, before the first check-in.
    SignedIn,
    /// The agent chose it.
    ByHand,
    /// A call rang for the whole ring time and was not answered.
    RingNoAnswer,
    /// The agent declined a call.
    Declined,
    /// The computer went to sleep.
    Asleep,
    /// The centre heard nothing from the app for too long.
    Lost,
    /// The same agent signed in elsewhere.
    SignedInElsewhere,
}

/// The presence the centre has on record: the authority, which the window shows as confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PresenceState {
    /// The state itself.
    pub presence: Presence,
    /// Why it came about.
    pub reason: PresenceReason,
    /// Since when.
    pub since: Wall,
    /// Counts up with each change, so that an old answer never overrides a newer event.
    #[ts(type = "number")]
    pub revision: u64,
}
