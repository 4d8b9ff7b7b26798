//! Folders and files where rights are inherited: a profile lies in the user's own application data, which others cannot read.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::Path,
};

/// Creates the folder where it is missing.
pub(crate) fn create_dir(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)
}

/// Opens a file to read and write, and creates it where it is missing.
pub(crate) fn open_file(file: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(file)
}
