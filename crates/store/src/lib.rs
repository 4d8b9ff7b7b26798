//! The phone's memory on this computer: drafts, outbox, call list, customers' records, settings, and
//! without a centre all that was filed.
//!
//! Promise: what a method confirmed is on the disk, also after a crash or a power cut (WAL, `synchronous=FULL`). The text of a
//! form leaves this store only when the centre has it; without a centre never. Forms, outbox bodies, calls and customer records are encrypted with a
//! key that opens with the agent's password, or with the keyring where there is one; a keyring that is locked, slow or absent
//! never blocks and never fails anything. One agent never sees what another one left on the same computer. A store written by
//! a newer program is refused untouched, and a copy stands before an older one is changed. A damaged one is set aside as it is;
//! what reads of it goes on in a new one.
//!
//! Knows: SQLite, the keyring, encryption, `offhook_model`. Does not know: what a draft says, when to send, HTTP, the clock.

mod cards;
mod check;
mod crypt;
mod drafts;
mod error;
mod handout;
mod kept;
mod keyring;
mod legs;
mod lock;
mod mend;
mod open;
mod outbox;
mod password;
#[cfg_attr(target_os = "macos", path = "platform_macos.rs")]
#[cfg_attr(windows, path = "platform_windows.rs")]
#[cfg_attr(all(unix, not(target_os = "macos")), path = "platform_linux.rs")]
mod platform;
#[cfg_attr(unix, path = "private_unix.rs")]
#[cfg_attr(not(unix), path = "private_other.rs")]
mod private;
mod row;
mod settings;
mod store;
mod unlock;

pub use drafts::DraftRow;
pub use error::StoreError;
pub use kept::KeptItem;
pub use keyring::{KeyRing, SecretService};
pub use lock::ProfileLock;
pub use mend::Mended;
pub use outbox::{ItemState, OutboxItem, OutboxState};
pub use store::Store;
pub use unlock::KeyringState;
