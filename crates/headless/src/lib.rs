//! The same phone without a window: JSON-RPC 2.0, one JSON object a line on any pair of streams (the binary: stdio), or one a
//! message on WebSockets of this computer (`--listen`). docs/headless.md is its manual.
//!
//! Promise: a program drives exactly the phone that the window drives, with the same types. Whatever comes in is answered as
//! JSON-RPC says, never with silence or a panic; the end of the input shuts the phone down in good order, a WebSocket's does not.
//!
//! In: `command` (params: a `Command`, result null), `query` (params: a `Query`, result: its `Answer`), `view` (result: the
//! `View`). Out, unasked: `ready` first, then `desk-changed` (the `View`), `levels`, `notify`, `withdraw`. A reader who falls
//! behind is shown the newest of them, not every one; answers are never dropped.
//!
//! With `--account FILE` the phone goes to work with a bare SIP account at start; see [`Work`].
//!
//! Knows: JSON-RPC, who may come in, the account file. Does not know: what any command means.

mod account;
mod arguments;
mod client;
mod door;
mod gate;
mod lines;
mod listener;
#[cfg(test)]
mod manual;
#[cfg_attr(unix, path = "private_unix.rs")]
#[cfg_attr(not(unix), path = "private_other.rs")]
mod private;
#[cfg_attr(unix, path = "readable_unix.rs")]
#[cfg_attr(not(unix), path = "readable_other.rs")]
mod readable;
mod rpc;
mod serve;
mod web_socket;
mod wire;

pub use account::{AccountError, Work};
pub use arguments::{Arguments, ArgumentsError};
pub use listener::Listen;
pub use serve::{ServeError, serve};
