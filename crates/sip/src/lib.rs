//! A SIP user agent, sans-IO: bytes and time in, bytes and events out, over datagrams and streams.
//!
//! The promise: whatever the network loses, repeats or reorders, a call that started ends on both sides, and the user is
//! told once how it ended. Bad input is answered or dropped, never a panic.
//!
//! Knows: RFC 3261 and its amendments, digest access, registration, the offer/answer model of SDP.
//! Does not know: sockets (but for `net`), the clock (`now` is a [`Duration`](std::time::Duration) since any epoch the
//! caller chose), audio devices, agents, forms.
//!
//! - [`Endpoint`] is transactions and dialogs in both roles; a B2BUA builds on it, with [`server`] for registrations.
//! - [`UserAgent`] is one account over an `Endpoint`: registration, digest, who may ring.
//! - [`Framer`] cuts a stream into messages; a [`Flow`] says by which transport and connection a message goes or came.
//! - [`sdp`] offers and answers media. `net` (a feature) runs any [`Core`] over UDP, TCP and TLS.

mod auth;
mod call;
mod core;
mod cseq;
mod dialog;
pub mod endpoint;
mod flow;
mod framer;
mod header;
mod masked;
mod method;
mod name_addr;
#[cfg(feature = "net")]
pub mod net;
mod params;
mod reason;
mod registration;
mod rng;
pub mod sdp;
pub mod server;
mod status;
mod timers;
mod transaction;
mod uri;
mod user_agent;
mod via;

pub mod message;

pub use auth::{Credentials, Password};
pub use call::{CallKey, EndCause, Incoming};
pub use core::{Core, Transmit};
pub use cseq::CSeq;
pub use endpoint::Endpoint;
pub use flow::Flow;
pub use framer::{Frame, FrameError, Framer};
pub use header::{HeadersExt, header_name, header_value};
pub use message::{Message, Request, Response};
pub use method::Method;
pub use name_addr::NameAddr;
pub use params::Params;
pub use reason::Reason;
pub use rsip::{Header, Headers, Transport, Version};
pub use status::Status;
pub use uri::{Scheme, Uri};
pub use user_agent::{Account, Command, Event, RegistrationError, UserAgent};
pub use via::Via;
