//! The reference call centre: the other end of every wire.
//!
//! Promise: a customer's call is answered, queued, offered to one agent at a time and bridged, and is never lost while the
//! centre runs; what an agent sends twice under one key happens once.
//!
//! Knows: queues, agents, SIP and RTP as a back-to-back user agent, the cloud API, its own SQLite.
//! Does not know: the desk and the phone, which it meets only on the wire.

pub mod acd;
pub mod api;
pub mod clock;
pub mod control;
mod door;
pub mod engine;
mod guesses;
pub mod hub;
pub mod password;
pub mod practice;
pub mod recorder;
pub mod recordings;
pub mod serve;
pub mod store;
pub mod tls;
