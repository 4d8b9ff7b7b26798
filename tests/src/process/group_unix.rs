//! A group of processes, as Unix has it.

use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    ffi::OsStr,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::{Child, Command},
};

/// On Linux a program is told to go when the thread that started it does, however that ends.
pub fn command(program: &OsStr) -> Command {
    if cfg!(target_os = "linux") {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

pub fn of_its_own(command: &mut Command) {
    command.process_group(0);
}

pub fn ask_to_end(child: &mut Child) {
    signal(child, Signal::TERM);
}

pub fn kill(child: &mut Child) {
    signal(child, Signal::KILL);
}

pub fn only_for_its_owner(dir: &Path) -> std::io::Result<()> {
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))
}

/// A group without members gives an error that means nothing here.
fn signal(child: &Child, signal: Signal) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        kill_process_group(group, signal).ok();
    }
}
