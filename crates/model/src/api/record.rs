//! Calls and wrap-ups as the centre keeps them.

use crate::form::{LONGEST_FIELD_ID, MOST_FIELDS};
use crate::{AgentId, CallId, CustomerId, FormValues, LegId, LegRecord, Wall, WrapUpId};
use serde::{Deserialize, Serialize};

/// How many legs of a call one agent may have in a wrap-up.
const MOST_LEGS: usize = 100;

/// `PUT /v1/wrap-ups/{wrap_up}` with an idempotency key; answered with [`WrapUpReceipt`] (201 first, the same on a replay; 400
/// `malformed` when something is out of its bounds).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WrapUpBody {
    /// The call it is about.
    pub call: CallId,
    /// The agent's legs of that call: at most 100.
    #[cfg_attr(feature = "openapi", schema(max_items = 100))]
    pub legs: Vec<LegId>,
    /// The customer, where known.
    pub customer: Option<CustomerId>,
    /// The version of the form it was written in.
    #[cfg_attr(feature = "openapi", schema(maximum = 4294967295_u64))]
    pub form_version: u32,
    /// What was entered: at most 100 fields with names of 1 to 100 characters; see [`FieldValue::is_valid`](crate::FieldValue::is_valid).
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::schema::form_values))]
    pub values: FormValues,
    /// When the agent submitted it: in the years 1970 to 9999.
    pub submitted_at: Wall,
}

impl WrapUpBody {
    /// Tells whether everything is within its bounds.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.legs.len() <= MOST_LEGS
            && self.submitted_at.is_valid()
            && self.values.len() <= MOST_FIELDS
            && self.values.iter().all(|(field, value)| {
                (1..=LONGEST_FIELD_ID).contains(&field.0.chars().count()) && value.is_valid()
            })
    }
}

/// The centre has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WrapUpReceipt {
    /// Which one.
    pub wrap_up: WrapUpId,
    /// When it arrived.
    pub received_at: Wall,
}

/// `GET /v1/wrap-ups/{wrap_up}` (its agent or an administrator); `GET /v1/wrap-ups?call=ID` lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FieldValue;
    use uuid::Uuid;

    #[test]
    fn what_is_out_of_bounds_is_told() {
        let body = WrapUpBody {
            call: CallId(Uuid::from_u128(1)),
            legs: vec![LegId(Uuid::from_u128(2))],
            customer: None,
            form_version: 1,
            values: [("summary".into(), FieldValue::Text("渗".repeat(20_000)))].into(),
            submitted_at: Wall(1_790_000_000_000),
        };
        assert!(body.is_valid());
        let wrong = |change: &dyn Fn(&mut WrapUpBody)| {
            let mut body = body.clone();
            change(&mut body);
            !body.is_valid()
        };
        let value = |name: &str, value: FieldValue| {
            wrong(&|body| drop(body.values.insert(name.into(), value.clone())))
        };
        assert!(wrong(&|body| body.legs = vec![body.legs[0]; 101]));
        assert!(wrong(&|body| body.submitted_at = Wall(-1)));
        assert!(wrong(&|body| body.submitted_at = Wall(i64::MAX)));
        assert!(value("summary", FieldValue::Text("渗".repeat(20_001))));
        assert!(value("tags", FieldValue::Many(vec!["a".into(); 101])));
        assert!(value("tags", FieldValue::Many(vec!["a".repeat(501)])));
        assert!(value("", FieldValue::Text("a".into())));
        assert!(value(&"a".repeat(101), FieldValue::Text("a".into())));
        assert!(wrong(&|body| body.values.extend((0..100).map(|n| {
            (n.to_string().as_str().into(), FieldValue::Many(Vec::new()))
        }))));
    }
}
