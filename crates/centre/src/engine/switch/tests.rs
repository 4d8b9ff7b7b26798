//! Real user agents against the switch and the queue, over a wire that loses, repeats and reorders; all in virtual time.

mod holds;
mod outside;
mod stories;
mod trunk;
mod world;
