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

/// Runs `cargo test` to its end, shows what it says, and returns what became of each test.
///
/// # Errors
/// It could not be started or heard.
pub fn tested(command: &mut Command) -> Result<Tested, String> {
    let shown = shown(command);
    // One pipe for both, since cargo says on one which program runs, and the program on the other which test passed.
    let (said, own) = std::io::pipe()
        .and_then(|(said, own)| Ok((said, (own.try_clone()?, own))))
        .map_err(|error| format!("no pipe for `{shown}`: {error}"))?;
    let started = command.stdout(own.0).stderr(own.1).spawn();
    // The command keeps its ends of the pipe open for as long as it has them.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = started.map_err(|error| format!("`{shown}` could not be started: {error}"))?;
    let mut tested = Tested::default();
    for line in BufReader::new(said).split(b'\n') {
        let line = line.map_err(|error| format!("`{shown}` cannot be heard: {error}"))?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        tested.add(&line);
    }
    match child.wait() {
        Ok(status) if status.success() => {}
        Ok(status) => tested.failed = Some(format!("`{shown}` ended with {status}")),
        Err(error) => tested.failed = Some(format!("`{shown}` was lost: {error}")),
    }
    Ok(tested)
}

/// What a run of tests came to.
#[derive(Debug, Default)]
pub struct Tested {
    /// How many passed and failed.
    pub counts: Counts,
    /// Each test that came to an end.
    pub ends: Vec<End>,
    /// Why the run as a whole is no success.
    pub failed: Option<String>,
    program: String,
}

/// One test's end.
#[derive(Debug, PartialEq, Eq)]
pub struct End {
    /// The test program's file name, with cargo's hash.
    pub program: String,
    /// The test's name.
    pub test: String,
    /// `ok`, `FAILED` or `ignored`.
    pub result: String,
}

impl Tested {
    /// Reads one line: cargo's about the program that runs, `Running tests/a.rs (target/debug/deps/a-0123456789abcdef)`, a test's
    /// end, `test a::b ... ok`, or a program's closing line.
    fn add(&mut self, line: &str) {
        self.counts.add(line);
        let trimmed = line.trim();
        if trimmed.starts_with("Running ")
            && let Some((_, path)) = trimmed.trim_end_matches(')').rsplit_once(" (")
        {
            let stem = std::path::Path::new(path).file_stem();
            self.program = stem.unwrap_or_default().to_string_lossy().into_owned();
        } else if trimmed.starts_with("Doc-tests ") {
            self.program = "doc-tests".to_owned();
        } else if let Some((test, result)) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.rsplit_once(" ... "))
        {
            self.ends.push(End {
                program: self.program.clone(),
                test: test.trim_end_matches(" - should panic").to_owned(),
                result: result.trim().to_owned(),
            });
        }
    }
}

/// How many tests passed and failed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
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
    fn a_tests_end_is_told_with_its_program() {
        let mut tested = Tested::default();
        for line in [
            "     Running tests/first_call.rs (target/debug/deps/first_call-0123456789abcdef)",
            "running 2 tests",
            "test a_call ... ok",
            "test module::fails - should panic ... FAILED",
            "test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.02s",
            "   Doc-tests offhook_model",
            "test src/lib.rs - (line 3) ... ok",
        ] {
            tested.add(line);
        }
        let told: Vec<String> = tested
            .ends
            .iter()
            .map(|end| format!("{} {} {}", end.program, end.test, end.result))
            .collect();
        assert_eq!(
            told,
            [
                "first_call-0123456789abcdef a_call ok",
                "first_call-0123456789abcdef module::fails FAILED",
                "doc-tests src/lib.rs - (line 3) ok",
            ]
        );
        assert_eq!(tested.counts.to_string(), "1 passed, 1 failed");
    }

    #[test]
    fn what_a_run_said_on_either_side_is_heard() {
        let heard = tested(cargo().args(["no-such-command"])).expect("it can be started");
        assert!(
            heard
                .failed
                .is_some_and(|why| why.starts_with("`cargo no-such-command` ended"))
        );
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
