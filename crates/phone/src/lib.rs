//! The body: the one event loop that feeds the desk and carries out its effects.
//!
//! Promise: commands and facts reach the desk in order and none is dropped; no effect waits inline, neither on the disk nor
//! on the network; what was typed is on the disk or said not to be.
//!
//! Knows: how to reach the centre, the telephone line, the sound and the store, and how their words map to the desk's.
//! Does not know: Tauri, HTML, and what a rule means: every "may I?" is the desk's.
//!
//! Four owners, no locks: the line's task has the sockets and the user agent, [`Phone`]'s actor has the desk, the store's task
//! has the disk, the media thread has the sound. Beside them stand the tasks of a session (event stream, heartbeat, presence,
//! outbox), which end with it. A bare account has no session: this computer is the authority then.

mod account;
mod actor;
mod answers;
mod backoff;
mod beside;
mod call_list;
mod calls;
mod cards;
mod clock;
mod config;
#[cfg(test)]
mod earlier;
mod edits;
mod effects;
mod error;
mod farewell;
mod filing;
mod hold;
mod line;
mod link;
mod offline;
mod outgoing;
mod outlet;
mod own;
mod own_form;
mod own_store;
mod parcel;
mod phone;
mod playback;
mod pop;
mod query;
mod report;
mod session;
mod settings;
mod shell;
mod standing;
mod stop;
mod store_task;
mod sync;
mod unlocked;
mod wishes;

pub use config::{Config, Flags, FlagsError, parse_audio};
pub use error::{Closed, OpenError};
pub use offhook_log::log_to_stderr;
pub use offhook_store::KeyRing;
pub use phone::{Phone, open, open_with};
pub use query::{Answer, CallRow, FiledText, Query, Settings};
pub use shell::{IncomingNotification, Levels, Shell};
pub use stop::asked_to_stop;
