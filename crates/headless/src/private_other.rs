//! A file where rights are inherited: a profile lies in the user's own application data, which others cannot read.

use std::fs;
use std::io;
use std::path::Path;

/// Writes a file anew. Whoever reads finds the old one or the new one, never half of it.
pub(crate) fn write(file: &Path, text: &[u8]) -> io::Result<()> {
    let new = file.with_extension("new");
    fs::write(&new, text)?;
    fs::rename(&new, file)
}
