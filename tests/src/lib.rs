//! Stories of a call against real peers over real sockets: what the product promises, seen from outside.
pub mod nonce;
pub mod place;
pub mod sound;

#[cfg(target_os = "linux")]
pub mod bus;
#[cfg(target_os = "linux")]
pub mod display;
#[cfg(target_os = "linux")]
pub mod process;
#[cfg(target_os = "linux")]
pub mod pulse;
