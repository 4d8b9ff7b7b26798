//! `cargo dev setup`: brings a fresh machine to where everything builds.

use crate::{
    Outcome, api, place,
    run::{cargo, exists, npm, output, program, to_end},
};
use std::{path::Path, process::Command};

/// The list of Debian packages.
const PACKAGES: &str = include_str!("../packages.txt");
/// The oldest Node that the interface's tools run on.
const OLDEST_NODE: u32 = 20;
/// Packages that would have a server of the whole system started now and at each boot, with its unit.
const SERVERS: &[(&str, &str)] = &[("kamailio", "kamailio.service")];

/// Checks Node, installs or names what the system lacks, and installs the interface's modules.
///
/// # Errors
/// A sentence that says what is missing and how to get it.
pub fn run() -> Outcome {
    node()?;
    rust()?;
    system()?;
    modules()
}

/// First of all, since it is quick to tell and slow to find out.
fn node() -> Outcome {
    let advice = format!(
        "Install Node {OLDEST_NODE} or newer with npm (https://nodejs.org), then run this again."
    );
    let Some(version) = output(program("node").arg("--version")) else {
        return Err(format!("Node is not installed. {advice}"));
    };
    let version = version.trim();
    if major(version).is_none_or(|major| major < OLDEST_NODE) {
        return Err(format!("Node is {version}, which is too old. {advice}"));
    }
    if output(npm().arg("--version")).is_none() {
        return Err(format!("Node is there, but npm is not. {advice}"));
    }
    println!("Node {version}");
    Ok(())
}

fn rust() -> Outcome {
    for component in ["clippy", "fmt"] {
        if output(cargo().args([component, "--version"])).is_none() {
            return Err(format!(
                "`cargo {component}` is not installed. Run `rustup component add clippy rustfmt`, then this again."
            ));
        }
    }
    Ok(())
}

/// Reads the major version from what `node --version` says, `v20.11.1`.
fn major(version: &str) -> Option<u32> {
    version
        .trim_start_matches('v')
        .split('.')
        .next()?
        .parse()
        .ok()
}

fn system() -> Outcome {
    if Path::new("/etc/debian_version").exists() && exists("apt-get") {
        return debian();
    }
    let mut missing: Vec<&str> = ["cmake"].into_iter().filter(|name| !exists(name)).collect();
    if cfg!(target_os = "linux") {
        if exists("pkg-config") {
            missing.extend(
                ["webkit2gtk-4.1", "alsa", "librsvg-2.0"]
                    .into_iter()
                    .filter(|library| {
                        output(program("pkg-config").args(["--exists", library])).is_none()
                    }),
            );
        } else {
            missing.push("pkg-config");
        }
    }
    if output(program(api::python()).args(["-m", "venv", "--help"])).is_none() {
        missing.push("Python 3 with venv");
    }
    if cfg!(unix) && !exists("cc") {
        missing.push("a C compiler");
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "missing: {}. On this system they are not installed for you; tests/dev/packages.txt names the Debian packages.",
        missing.join(", ")
    ))
}

fn debian() -> Outcome {
    let wanted = names(PACKAGES);
    let missing = not_installed(&wanted);
    if missing.is_empty() {
        println!("{} system packages are there", wanted.len());
        return Ok(());
    }
    for (_, unit) in SERVERS.iter().filter(|(name, _)| missing.contains(name)) {
        mask(unit)?;
    }
    println!("Installing {}", missing.join(" "));
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(&missing);
    let by_hand = format!(
        "run `apt-get update && apt-get {}` as root, then this again",
        install.join(" ")
    );
    let lists_are_empty = std::fs::read_dir("/var/lib/apt/lists").map_or(true, |folder| {
        folder
            .filter_map(Result::ok)
            .filter(|entry| entry.path().is_file())
            .count()
            < 2
    });
    let told = |sentence: String| format!("{sentence}; {by_hand}");
    if lists_are_empty {
        apt(&["update"]).map_err(told)?;
        return apt(&install).map_err(told);
    }
    // Lists that are too old name packages that are gone: then once more with fresh ones.
    if apt(&install).is_ok() {
        return Ok(());
    }
    apt(&["update"]).map_err(told)?;
    apt(&install).map_err(told)
}

/// Keeps a unit from ever being started: the stories start their own servers, each on ports of its own. What a package's scripts
/// do at its installation does not lift it; where there is no systemd, /etc/default has to ask for the server first.
fn mask(unit: &str) -> Outcome {
    if !exists("systemctl") {
        return Ok(());
    }
    println!("Masking {unit}; `systemctl unmask {unit}` lifts that");
    to_end(as_root()?.args(["systemctl", "mask", unit]))
}

fn apt(arguments: &[&str]) -> Outcome {
    let mut command = as_root()?;
    command
        .args([
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "-o",
            "DPkg::Lock::Timeout=600",
            "--quiet=2",
        ])
        .args(arguments);
    to_end(&mut command)
}

/// Prepares `env` as root, to be given variables, a program and its arguments.
fn as_root() -> Result<Command, String> {
    if output(program("id").arg("-u")).is_some_and(|id| id.trim() == "0") {
        return Ok(program("env"));
    }
    if !exists("sudo") {
        return Err("not root, and there is no sudo".to_owned());
    }
    let mut sudo = program("sudo");
    // sudo may ask for a password.
    sudo.stdin(std::process::Stdio::inherit()).arg("env");
    Ok(sudo)
}

/// Reads the package names out of the list: the first word of each line that is no comment.
fn names(list: &str) -> Vec<&str> {
    list.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_whitespace().next())
        .collect()
}

fn not_installed<'a>(wanted: &[&'a str]) -> Vec<&'a str> {
    // dpkg-query fails as soon as one is unknown, and still tells about the others.
    let told = program("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Abbrev} ${Package}\n"])
        .args(wanted)
        .stderr(std::process::Stdio::null())
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    missing(wanted, &told)
}

/// Finds what `dpkg-query` did not call installed (`ii`).
fn missing<'a>(wanted: &[&'a str], told: &str) -> Vec<&'a str> {
    let installed: Vec<&str> = told
        .lines()
        .filter_map(|line| line.strip_prefix("ii "))
        .map(str::trim)
        .collect();
    wanted
        .iter()
        .copied()
        .filter(|name| !installed.contains(name))
        .collect()
}

/// Installs the interface's modules when its lock file has changed since the last time.
pub fn modules() -> Outcome {
    let ui = place::root().join("ui");
    let lock = std::fs::read(ui.join("package-lock.json"))
        .map_err(|error| format!("ui/package-lock.json cannot be read: {error}"))?;
    let stamp = ui.join("node_modules/.installed-from");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        println!("the interface's modules are there");
        return Ok(());
    }
    to_end(npm().args(["ci", "--no-audit", "--no-fund"]))?;
    std::fs::write(&stamp, lock)
        .map_err(|error| format!("{} cannot be written: {error}", stamp.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_packages_and_says_what_for() {
        let list = names(PACKAGES);
        assert!(list.contains(&"libwebkit2gtk-4.1-dev"));
        for line in PACKAGES
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
        {
            assert!(line.split_whitespace().count() > 1, "{line}: what for?");
        }
        let mut once = list.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), list.len(), "a package is named twice");
    }

    #[test]
    fn every_server_is_on_the_list() {
        for (name, unit) in SERVERS {
            assert!(names(PACKAGES).contains(name), "{name}");
            assert!(unit.ends_with(".service"), "{unit}");
        }
    }

    #[test]
    fn only_what_dpkg_calls_installed_is_installed() {
        let told = "ii  cmake\nrc  dunst\nun  xauth\n";
        assert_eq!(
            missing(&["cmake", "dunst", "xauth", "xvfb"], told),
            ["dunst", "xauth", "xvfb"]
        );
    }

    #[test]
    fn the_version_of_node_is_read() {
        assert_eq!(major("v20.11.1"), Some(20));
        assert_eq!(major("v9.0.0"), Some(9));
        assert_eq!(major("what?"), None);
    }
}
