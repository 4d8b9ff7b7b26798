//! An after-call form with its call's facts and its text.

use crate::EndedBy;
use offhook_model::{
    CallId, CustomerId, CustomerName, Direction, FormValues, LegId, LegOutcome, PhoneNumber, Text,
    Wall, WrapUpId,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// All of a wrap-up that must survive a crash. The store keeps it whole, encrypted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Draft {
    /// Its id, and the id of the wrap-up at the centre.
    pub wrap_up: WrapUpId,
    /// The call it is about.
    pub call: CallId,
    /// This agent's legs of the call.
    pub legs: Vec<LegId>,
    /// Who started the call.
    pub direction: Direction,
    /// The customer's number.
    pub number: Option<PhoneNumber>,
    /// The customer, where known.
    pub customer: Option<CustomerName>,
    /// Whose queue it came from.
    pub skill_group: Option<Text>,
    /// When the call began to ring.
    pub offered_at: Wall,
    /// When talking began.
    pub answered_at: Option<Wall>,
    /// When it was over.
    pub ended_at: Option<Wall>,
    /// Who ended it.
    pub ended_by: Option<EndedBy>,
    /// How the leg ended.
    pub outcome: Option<LegOutcome>,
    /// The version of the form.
    pub form_version: u32,
    /// What was entered.
    pub values: FormValues,
    /// Counts up with each edit.
    #[ts(type = "number")]
    pub edit: u64,
}

impl Draft {
    /// Returns the customer's id, where known.
    #[must_use]
    pub fn customer_id(&self) -> Option<CustomerId> {
        self.customer.as_ref().map(|customer| customer.id)
    }
}
