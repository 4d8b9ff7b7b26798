//! Client of the cloud API and of its event stream.
//!
//! Promise: one method a path, bodies as `offhook_model::api` has them, and errors that say what really went wrong: a name
//! that cannot be found, a refused port, a certificate that does not verify, a centre that does not answer and a session that
//! is over are five different codes. Nothing is tried again here; whoever calls decides, with the key it gave. What comes
//! from the network is bounded in size and never trusted to be well formed.
//!
//! Writes that make or change a record (presence, Start answering, wrap-ups) carry the caller's `Idempotency-Key`. Sign-in and
//! sign-out need none: a replayed sign-in would have to keep a token, and ending a session twice ends it once.
//!
//! Knows: HTTP, TLS, server-sent events, the API's paths. Does not know: when to sign in, what a presence means, the outbox.

mod cloud;
mod error;
mod events;
mod request;
mod resolve;
mod session;
mod sse;

pub use cloud::{Cloud, Health, Options};
pub use error::CloudError;
pub use events::EventStream;
pub use session::Session;
pub use sse::{SseError, SseEvent, SseParser};
