//! Where there are no groups of processes: the program itself.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Child, Command},
};

pub fn command(program: &OsStr) -> Command {
    Command::new(program)
}

pub fn of_its_own(_command: &mut Command) {}

pub fn ask_to_end(child: &mut Child) {
    kill(child);
}

/// One that has ended already gives an error that means nothing here.
pub fn kill(child: &mut Child) {
    drop(child.kill());
}

pub fn only_for_its_owner(_dir: &Path) -> std::io::Result<()> {
    Ok(())
}
