//! 工单 as an agent opens it.

use crate::{AgentId, CallId, CustomerId, TicketId, Wall};
use serde::{Deserialize, Serialize};
use std::fmt;

/// `PUT /v1/tickets/{ticket}` with an idempotency key; answered with [`TicketReceipt`] (201 first, the same on a replay; 400
/// `malformed` when it does not hold what it must). It stands in the customer's card from then on. `Debug` shows the ids alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TicketBody {
    /// The call it came out of.
    pub call: CallId,
    /// The customer, where known.
    pub customer: Option<CustomerId>,
    /// What it is about: 1 to 200 characters.
    #[cfg_attr(
        feature = "openapi",
        schema(
            min_length = 1,
            max_length = 200,
            pattern = "[^\\t\\n\\x0b\\x0c\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]"
        )
    )]
    pub title: String,
    /// What is to be done: at most 10,000 characters.
    #[cfg_attr(feature = "openapi", schema(max_length = 10000))]
    pub text: String,
    /// By when it should be done: in the years 1970 to 9999.
    pub due_at: Option<Wall>,
}

impl TicketBody {
    /// Tells whether everything is within its bounds.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        !self.title.trim().is_empty()
            && self.title.chars().count() <= 200
            && self.text.chars().count() <= 10_000
            && self.due_at.is_none_or(Wall::is_valid)
    }
}

impl fmt::Debug for TicketBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketBody")
            .field("call", &self.call)
            .field("customer", &self.customer)
            .field("due_at", &self.due_at)
            .finish_non_exhaustive()
    }
}

/// The centre has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TicketReceipt {
    /// Which one.
    pub ticket: TicketId,
    /// The number people quote, `TK-20441`.
    pub reference: String,
    /// When it arrived.
    pub received_at: Wall,
}

/// `GET /v1/tickets?call=ID` (administrators) lists the tickets that came out of a call, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TicketStored {
    /// Which one.
    pub ticket: TicketId,
    /// The number people quote.
    pub reference: String,
    /// Who opened it.
    pub agent: AgentId,
    /// When it arrived.
    pub received_at: Wall,
    /// What was sent.
    #[serde(flatten)]
    pub body: TicketBody,
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn body() -> TicketBody {
        TicketBody {
            call: CallId(Uuid::from_u128(1)),
            customer: None,
            title: "上门维修".into(),
            text: "周五上午".into(),
            due_at: None,
        }
    }

    #[test]
    fn a_ticket_has_a_title_and_its_bounds() {
        assert!(body().is_valid());
        for (title, text) in [
            (" ".to_owned(), String::new()),
            ("a".repeat(201), String::new()),
            ("a".to_owned(), "a".repeat(10_001)),
        ] {
            let wrong = TicketBody {
                title,
                text,
                ..body()
            };
            assert!(!wrong.is_valid());
        }
        for due_at in [-1, i64::MAX] {
            let wrong = TicketBody {
                due_at: Some(Wall(due_at)),
                ..body()
            };
            assert!(!wrong.is_valid());
        }
    }

    #[test]
    fn debug_shows_nothing_of_what_was_written() {
        let text = format!("{:?}", body());
        assert!(!text.contains("上门") && !text.contains("周五"), "{text}");
    }
}
