//! `cargo dev ui`: the interface, built into the folder that the shell embeds.

use crate::{
    Outcome,
    run::{npm, to_end},
    setup,
};

/// Installs the modules where needed and builds.
///
/// # Errors
/// What npm said no to.
pub fn run() -> Outcome {
    setup::modules()?;
    script("build")
}

/// Runs one of the interface's npm scripts.
///
/// # Errors
/// The script failed.
pub fn script(name: &str) -> Outcome {
    to_end(npm().args(["run", "--silent", name]))
}
