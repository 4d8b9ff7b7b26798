//! Bodies of the cloud API, version 1. JSON over HTTP(S); the paths stand beside each body.
//!
//! Every request but sign-in carries `Authorization: Bearer TOKEN`. Every write carries `Idempotency-Key: UUID`: the same
//! key and body gives the same answer and changes nothing a second time, the same key with another body is refused (409,
//! `key_reused`). A change of what others may change as well carries `If-Match: "VERSION"`. Errors are `application/problem+json` ([`Problem`]).

mod customer;
mod event;
mod problem;
mod record;
mod session;
mod ticket;

pub use customer::CustomerBody;
pub use event::{Event, QueueState};
pub use problem::Problem;
pub use record::{CallLegs, RECORDING_TYPE, WrapUpBody, WrapUpReceipt, WrapUpStored};
pub use session::{
    AgentProfile, ExtendWrapUpRequest, PresenceRequest, Role, SignInRequest, SignInResponse,
    SipAccount, SkillGroup, StartAnsweringRequest, WrapUpExtended,
};
pub use ticket::{TicketBody, TicketReceipt, TicketStored};
