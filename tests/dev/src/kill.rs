//! `cargo dev kill`: rounds of `kill -9` of the app, the centre and both, and what is left afterwards.

use crate::{
    Outcome, demo, place,
    run::{program, step, to_end},
    setup, ui,
};

/// Sets up, builds, and plays the rounds. Arguments go to the rounds themselves.
///
/// # Errors
/// The step that failed; a round that failed has named its seed.
pub fn run(arguments: &[String]) -> Outcome {
    step("setup", setup::run)?;
    step("interface", || ui::script("build"))?;
    step("build", demo::programs)?;
    step("kill", || {
        to_end(program(place::program("kill")?).args(arguments))
    })
    .map(|_| ())
}
