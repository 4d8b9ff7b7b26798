//! Calls as they are recorded.

use crate::{CallId, CustomerName, LegId, PhoneNumber, Text, Wall};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Who started the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Direction {
    /// 呼入: the customer calls.
    Inbound,
    /// 呼出: the agent calls.
    Outbound,
}

/// How one agent's leg of a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LegOutcome {
    /// They talked.
    Connected,
    /// It rang for the whole ring time (RONA).
    RingNoAnswer,
    /// The agent declined it.
    Declined,
    /// 振铃放弃: the caller left while it rang at this agent.
    AbandonedWhileRinging,
    /// Another agent or device took it.
    AnsweredElsewhere,
    /// Outbound: the callee is busy.
    Busy,
    /// Outbound: nobody answered.
    NoAnswer,
    /// Outbound: the callee, or the agent's own phone, refused it.
    Rejected,
    /// Outbound: there is no such number.
    InvalidNumber,
    /// Outbound: the agent gave up before an answer.
    Cancelled,
    /// The network, the phone or the centre failed.
    Failed,
    /// The centre was started anew while it rang or they talked.
    LostByRestart,
}

/// The three drawers of the call list (ACCEPTANCE 106).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CallResult {
    /// 正常: they talked.
    Normal,
    /// 未接通: everything else.
    Missed,
    /// 振铃放弃: the caller left while this agent's phone rang.
    Abandoned,
}

/// One row of the call list: one agent's leg of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LegRecord {
    /// The leg.
    pub leg: LegId,
    /// The call it belongs to.
    pub call: CallId,
    /// Who started it.
    pub direction: Direction,
    /// The customer's number; nothing where it was withheld.
    pub number: Option<PhoneNumber>,
    /// The customer, where known.
    pub customer: Option<CustomerName>,
    /// The skill group whose queue it came from.
    pub skill_group: Option<Text>,
    /// When it began to ring or was dialled.
    pub offered_at: Wall,
    /// When they began to talk.
    pub answered_at: Option<Wall>,
    /// When it was over.
    pub ended_at: Option<Wall>,
    /// How it ended; nothing while it goes on.
    pub outcome: Option<LegOutcome>,
    /// 录音: what was recorded of it, once that is complete; nothing where nothing was.
    #[serde(default)]
    pub recording: Option<Recording>,
}

/// What the centre has recorded of a leg: customer left, agent right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Recording {
    /// How long it is, in milliseconds.
    #[ts(type = "number")]
    pub millis: u64,
}

impl LegRecord {
    /// Sorts the row into its drawer of the call list; nothing while it goes on.
    #[must_use]
    pub const fn result(&self) -> Option<CallResult> {
        Some(match (self.outcome, self.answered_at) {
            (None, _) => return None,
            (Some(LegOutcome::Connected), _) | (Some(LegOutcome::LostByRestart), Some(_)) => {
                CallResult::Normal
            }
            (Some(LegOutcome::AbandonedWhileRinging), _) => CallResult::Abandoned,
            (
                Some(
                    LegOutcome::RingNoAnswer
                    | LegOutcome::Declined
                    | LegOutcome::AnsweredElsewhere
                    | LegOutcome::Busy
                    | LegOutcome::NoAnswer
                    | LegOutcome::Rejected
                    | LegOutcome::InvalidNumber
                    | LegOutcome::Cancelled
                    | LegOutcome::Failed,
                ),
                _,
            )
            | (Some(LegOutcome::LostByRestart), None) => CallResult::Missed,
        })
    }
}
