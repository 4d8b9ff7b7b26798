//! The rules of the house, as tests: which crate may know which, what may come in from outside, and what no file may hold.
//!
//! Each rule is a function from facts to faults, and is itself shown a planted fault that it must find.

mod edges;
mod files;
mod outside;

use std::{path::PathBuf, sync::LazyLock};

/// The whole dependency graph, of every operating system.
static METADATA: LazyLock<cargo_metadata::Metadata> = LazyLock::new(|| {
    cargo_metadata::MetadataCommand::new()
        .current_dir(root())
        .exec()
        .expect("cargo describes this workspace")
});

/// The repository.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ is in the repository")
        .to_owned()
}

/// Fails with all faults at once.
#[track_caller]
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n  {}\n", faults.join("\n  "));
}
