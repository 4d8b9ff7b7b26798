//! Calls and wrap-ups as the centre keeps them.

use crate::{AgentId, CallId, CustomerId, FormValues, LegId, LegRecord, Wall, WrapUpId};
use serde::{Deserialize, Serialize};

/// `PUT /v1/wrap-ups/{wrap_up}` with an idempotency key; answered with [`WrapUpReceipt`] (201 first, the same on a replay).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrapUpBody {
    /// The call it is about.
    pub call: CallId,
    /// The agent's legs of that call.
    pub legs: Vec<LegId>,
    /// The customer, where known.
    pub customer: Option<CustomerId>,
    /// The version of the form it was written in.
    pub form_version: u32,
    /// What was entered.
    pub values: FormValues,
    /// When the agent submitted it.
    pub submitted_at: Wall,
}

/// The centre has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrapUpReceipt {
    /// Which one.
    pub wrap_up: WrapUpId,
    /// When it arrived.
    pub received_at: Wall,
}

/// `GET /v1/wrap-ups/{wrap_up}` (its agent or an administrator); `GET /v1/wrap-ups?call=ID` lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrapUpStored {
    /// Which one.
    pub wrap_up: WrapUpId,
    /// Who wrote it.
    pub agent: AgentId,
    /// When it arrived.
    pub received_at: Wall,
    /// What was sent.
    #[serde(flatten)]
    pub body: WrapUpBody,
}

/// The content type of `GET /v1/recordings/{leg}` (the leg's agent with the right to listen, or an administrator), which takes
/// `Range`: WAV with two channels of 16 bits, customer left, agent right. Who may not listen is told so (403) whether there is
/// such a leg or not; 404 is for one's own leg without a recording.
pub const RECORDING_TYPE: &str = "audio/wav";

/// `GET /v1/calls/{call}` (administrators): every leg of a call, oldest first, with who had it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallLegs {
    /// Which call.
    pub call: CallId,
    /// Agent and leg.
    pub legs: Vec<(AgentId, LegRecord)>,
}
