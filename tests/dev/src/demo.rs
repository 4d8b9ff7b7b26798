//! `cargo dev demo`: from a fresh clone to a ringing desk.

use crate::{
    Outcome, place,
    run::{cargo, program, step, to_end},
    setup, ui,
};

/// Sets up, builds, and plays the demo. Arguments go to the demo itself.
///
/// # Errors
/// The step that failed, in a sentence.
pub fn run(arguments: &[String]) -> Outcome {
    step("setup", setup::run)?;
    step("interface", || ui::script("build"))?;
    step("build", programs)?;
    step("demo", || play(arguments)).map(|_| ())
}

/// Builds every program at once. Always the whole workspace: a part of it would resolve features of shared crates differently,
/// and the next whole build would compile them once more.
///
/// # Errors
/// The compiler's.
pub fn programs() -> Outcome {
    to_end(cargo().args(["build", "--workspace", "--bins"]))
}

/// Plays the demo; without a display it brings its own.
///
/// # Errors
/// The demo failed; it has said why.
pub fn play(arguments: &[String]) -> Outcome {
    let mut demo = program(place::program("demo")?);
    demo.args(arguments).stdin(std::process::Stdio::inherit());
    to_end(&mut demo)
}
