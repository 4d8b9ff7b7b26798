//! Stories of a call against real peers over real sockets: what the product promises, seen from outside.
pub mod api;
pub mod nonce;
pub mod place;
pub mod sound;

#[cfg(target_os = "linux")]
pub mod account;
#[cfg(target_os = "linux")]
pub mod baresip;
#[cfg(target_os = "linux")]
pub mod bus;
#[cfg(target_os = "linux")]
pub mod centre;
#[cfg(target_os = "linux")]
pub mod desktop;
#[cfg(target_os = "linux")]
pub mod display;
#[cfg(target_os = "linux")]
pub mod headless;
#[cfg(target_os = "linux")]
pub mod linphone;
#[cfg(target_os = "linux")]
pub mod process;
#[cfg(target_os = "linux")]
pub mod pulse;
