//! How much others may say.

use tracing::{Level, Metadata};

/// Where the targets of our own crates begin.
const OURS: &str = "offhook";

/// Tells whether something may be said at all, however much was asked for. HTTP, SQL and D-Bus libraries print addresses,
/// headers and bodies when they are asked to debug: they are not.
#[must_use]
pub fn is_said(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with(OURS) || *metadata.level() <= Level::INFO
}
