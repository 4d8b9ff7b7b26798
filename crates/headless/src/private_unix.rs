//! A file that only its owner may read, on Unix.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Writes a file anew, for its owner only. Whoever reads finds the old one or the new one, never half of it.
pub(crate) fn write(file: &Path, text: &[u8]) -> io::Result<()> {
    let new = file.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)?
        .write_all(text)?;
    fs::rename(&new, file)
}
