//! `kill -9` at named moments, of the app, the centre or both, and what must be left: all typing but the last 300 ms, and every
//! submitted form at the centre once, byte for byte.
//!
//! The last 300 ms are counted from when a keystroke was handed over; by as much as the machine itself was late then, measured on the
//! same disk, they are longer.
//!
//! A round counts for a window only where the kill is proved to have fallen in it, by what the phone had said, the proxy had seen
//! and the disk had been written until then. Everything else is drawn from a seed.

mod campaign;
mod compare;
mod gate;
mod glass;
mod journal;
mod moment;
mod pulse;
mod round;
mod tally;
mod text;
mod trigger;
mod wal;

pub use campaign::{Campaign, Plan};
pub use moment::{Moment, Victim};
pub use tally::{Landed, Tally};
