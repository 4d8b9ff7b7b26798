//! Files where rights are inherited from the data folder.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

/// Makes the folder where it is missing.
pub(super) fn create_dir(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)
}

/// Makes a file that was not there.
pub(super) fn create_file(file: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(file)
}
