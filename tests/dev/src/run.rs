//! Starting other programs, and steps with a name and a time.

use crate::{Outcome, place};
use std::{
    fmt,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Prepares a program that runs in the repository's root with this one's output and no input.
pub fn program(name: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(place::root()).stdin(Stdio::null());
    // `cargo run` describes this package in the environment. Build scripts that watch these variables (ring's does) would run
    // again each time cargo is called once from here and once by hand.
    for (variable, _) in std::env::vars_os() {
        let Some(text) = variable.to_str() else {
            continue;
        };
        if text.starts_with("CARGO_PKG_")
            || matches!(
                text,
                "CARGO_MANIFEST_DIR"
                    | "CARGO_MANIFEST_PATH"
                    | "CARGO_BIN_NAME"
                    | "CARGO_CRATE_NAME"
            )
        {
            command.env_remove(variable);
        }
    }
    command
}

/// Prepares the cargo that started this program.
pub fn cargo() -> Command {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Prepares npm in the interface's folder.
pub fn npm() -> Command {
    let mut command = program(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.current_dir(place::root().join("ui"));
    command
}

/// Runs a program to its end.
///
/// # Errors
/// It could not be started or ended with anything but success.
pub fn to_end(command: &mut Command) -> Outcome {
    let shown = shown(command);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{shown}` ended with {status}")),
        Err(error) => Err(format!("`{shown}` could not be started: {error}")),
    }
}

/// Runs `cargo test` to its end, shows what it says, and returns how many tests passed and failed.
///
/// # Errors
/// It could not be started or ended with anything but success.
pub fn counted(command: &mut Command) -> Result<Counts, String> {
    let shown = shown(command);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("`{shown}` could not be started: {error}"))?;
    let mut counts = Counts::default();
    if let Some(said) = child.stdout.take() {
        for line in BufReader::new(said).split(b'\n') {
            let line = line.map_err(|error| format!("`{shown}` cannot be heard: {error}"))?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            counts.add(&line);
        }
    }
    match child.wait() {
        Ok(status) if status.success() => Ok(counts),
        Ok(status) => Err(format!("`{shown}` ended with {status}")),
        Err(error) => Err(format!("`{shown}` was lost: {error}")),
    }
}

/// How many tests passed and failed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counts {
    passed: u32,
    failed: u32,
}

impl Counts {
    /// Reads the closing line of one test program: `test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out`.
    /// One that filtered was started by a test for itself, which is counted already.
    fn add(&mut self, line: &str) {
        let Some((_, result)) = line
            .trim_start()
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        let count = |what: &str| {
            result
                .split("; ")
                .find_map(|part| part.strip_suffix(what)?.trim().parse::<u32>().ok())
                .unwrap_or(0)
        };
        if count("filtered out") == 0 {
            self.passed += count("passed");
            self.failed += count("failed");
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// Runs a program quietly and returns what it wrote to its standard output; nothing where it could not be started or failed.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program of this name answers to `--version`.
pub fn exists(name: &str) -> bool {
    output(program(name).arg("--version")).is_some()
}

/// Runs a named step, and says its name before and its time after.
///
/// # Errors
/// What the step says.
pub fn step<T>(
    name: &str,
    body: impl FnOnce() -> Result<T, String>,
) -> Result<(T, Duration), String> {
    println!("\n── {name}");
    let begun = Instant::now();
    let outcome = body();
    let took = begun.elapsed();
    println!("── {name}: {}", time(took));
    outcome.map(|done| (done, took))
}

/// Writes a time as a person reads it.
pub fn time(took: Duration) -> String {
    let seconds = took.as_secs();
    if seconds < 60 {
        format!("{:.1} s", took.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

fn shown(command: &Command) -> String {
    let mut words = vec![
        std::path::Path::new(command.get_program())
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
    ];
    words.extend(
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_a_person_says_them() {
        assert_eq!(time(Duration::from_millis(1_240)), "1.2 s");
        assert_eq!(time(Duration::from_secs(125)), "2 min 05 s");
    }

    #[test]
    fn closing_lines_are_added_up_and_those_of_programs_inside_tests_are_not() {
        let mut counts = Counts::default();
        for line in [
            "test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.02s",
            "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 4 filtered out; finished in 0.02s",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.02s",
            "a test says: 3 passed; 3 failed",
        ] {
            counts.add(line);
        }
        assert_eq!(counts.to_string(), "9 passed, 1 failed");
    }

    #[test]
    fn a_failing_program_is_named_with_its_arguments() {
        let sentence = to_end(cargo().arg("no-such-command").stderr(Stdio::null()));
        assert!(
            sentence.is_err_and(|sentence| sentence.starts_with("`cargo no-such-command` ended"))
        );
    }

    #[test]
    fn a_missing_program_is_told_apart_from_a_failing_one() {
        let sentence = to_end(&mut program("offhook-no-such-program"));
        assert!(sentence.is_err_and(|sentence| sentence.contains("could not be started")));
        assert!(!exists("offhook-no-such-program"));
    }
}
