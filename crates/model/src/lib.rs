//! The words of the trade: ids, telephone numbers, presence, calls, customers, forms, and the bodies of the cloud API.
//!
//! Promise: plain values only, with the meaning of every field written down once. Everything here serialises to JSON in
//! `snake_case` and is generated into TypeScript where the interface sees it.
//!
//! With the feature `openapi` the bodies of the cloud API also say what they look like as OpenAPI schemas.
//!
//! Knows: the vocabulary of ACCEPTANCE. Does not know: anything that acts (no I/O, no clock, no rules of the day).

mod account;
pub mod api;
mod call;
mod code;
mod customer;
mod form;
mod ids;
mod number;
mod presence;
mod random;
#[cfg(feature = "openapi")]
mod schema;
mod secret;
mod text;
mod time;
mod typed;

pub use account::{BareAccount, SipTransport};
pub use call::{CallResult, Direction, LegOutcome, LegRecord, Recording};
pub use code::Code;
pub use customer::{
    CallerMatch, Customer, CustomerCard, CustomerName, PastCall, PastTicket, ProfileField,
    ServiceKind, ServiceRecord, TicketState,
};
pub use form::{
    ChoiceOption, FieldDefinition, FieldId, FieldKind, FieldValue, FormDefinition, FormValues,
};
#[cfg(feature = "openapi")]
use form::{LONGEST_FIELD_ID, LONGEST_TEXT, LONGEST_WORD, MOST_FIELDS, MOST_WORDS};
pub use ids::{AgentId, CallId, CustomerId, LegId, SkillGroupId, TicketId, WrapUpId};
pub use number::{PhoneNumber, PhoneNumberError};
pub use presence::{Activity, Presence, PresenceReason, PresenceState};
pub use random::Random;
pub use secret::Secret;
pub use text::Text;
pub use time::{Mono, Now, Wall};
pub use typed::{Key, NoSuchKey, Typed};
