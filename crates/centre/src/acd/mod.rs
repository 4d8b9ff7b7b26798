//! The queue: which agent gets which call, as a pure state machine.
//!
//! ```text
//!   call:   arrived -> queued -> ringing -> talking -> ended
//!                        ^          |
//!                        +----------+   ring no answer, declined, busy, unreachable: back to the head
//!   dialled:           dialled -> ringing -> talking -> ended   (beside the queues)
//!   agent:  free -> ringing -> talking -> wrap-up -> free      (activity; presence is a field of its own)
//! ```
//!
//! Promise: a call is always in exactly one place (a queue, one ringing leg, one talking leg) until it is recorded as
//! ended; an agent has at most one leg; an offer goes only to an agent who is Ready, free and registered; nobody
//! is checked out in a call for the silence of their app.
//!
//! Knows: presence, activity, queues, the 30 s. Does not know: SIP, SQL, HTTP, the clock; time comes in with each input.

mod agent;
mod dials;
mod grace;
mod machine;
#[cfg(test)]
mod random_days;
#[cfg(test)]
mod tests;
mod words;

pub use machine::Acd;
pub use words::{
    AgentConfig, Arrival, CallOutcome, CallRecord, CancelReason, Config, DialRefusal, Dialled,
    Effect, GroupConfig, Input, Line, Offer, Refusal,
};
