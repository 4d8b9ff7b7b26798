//! Where things are: the repository, and the folder that holds the built programs.

use std::path::{Path, PathBuf};

/// Returns the repository's root: two folders above this package, which `cargo run` names at run time.
pub fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from("tests/dev"), PathBuf::from);
    package.ancestors().nth(2).map_or_else(
        || PathBuf::from("."),
        |root| {
            if root.as_os_str().is_empty() {
                PathBuf::from(".")
            } else {
                root.to_owned()
            }
        },
    )
}

/// Returns the folder of the built programs: this program's own, wherever the target directory was put.
///
/// # Errors
/// The operating system does not say where this program is.
pub fn built() -> Result<PathBuf, String> {
    let own = std::env::current_exe()
        .map_err(|error| format!("cannot tell where this program is: {error}"))?;
    own.parent()
        .map(Path::to_owned)
        .ok_or_else(|| "this program is in no folder".to_owned())
}

/// Returns the name of a program of ours as a path in [`built`].
///
/// # Errors
/// As [`built`].
pub fn program(name: &str) -> Result<PathBuf, String> {
    Ok(built()?.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
}
