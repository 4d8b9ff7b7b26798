//! The server's side of registration and digest: pure, for the call centre.

mod challenger;
mod registrar;

pub use challenger::{Challenger, Secret, Verdict};
pub use registrar::{Binding, Limits, Refusal, Registrar};
