//! Who can read a file, on Unix: its mode tells.

use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt;

/// Tells whether anybody but the owner has any right to a file.
pub(crate) fn by_others(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}
