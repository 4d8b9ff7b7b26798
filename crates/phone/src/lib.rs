//! The body: the one event loop that feeds the desk and carries out its effects.
//!
//! Promise: commands and facts reach the desk in order and none is dropped; no effect waits inline, neither on the disk nor
//! on the network; what was typed is on the disk or said not to be.
//!
//! Knows: how to reach the centre, the telephone line, the sound and the store, and how their words map to the desk's.
//! Does not know: Tauri, HTML, and what a rule means: every "may I?" is the desk's.

mod query;
mod shell;

pub use query::{Answer, CallRow, Query, Settings};
pub use shell::{IncomingNotification, Levels, Shell};
