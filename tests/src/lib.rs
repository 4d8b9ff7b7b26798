//! Stories of a call against real peers over real sockets: what the product promises, seen from outside.
pub mod nonce;
pub mod sound;
