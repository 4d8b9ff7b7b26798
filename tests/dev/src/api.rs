//! `cargo dev test api`: schemathesis, which nobody here wrote, reads the API's description and tries a real centre by it.

use crate::{
    Outcome, demo, place,
    run::{output, program, to_end},
};
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// What is installed, with its version.
const REQUIREMENTS: &str = include_str!("../schemathesis/requirements.txt");
/// Who tries: an agent and an administrator of the sample.
const WHO: &[&str] = &["lin", "admin"];
/// What each answer is held against.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,negative_data_rejection,\
    positive_data_acceptance,missing_required_header,unsupported_method,ignored_auth";
/// What is left out: the stream has no end, and signing out would end the session that all others need.
const LEFT_OUT: &[&str] = &["events", "sign_out"];
/// How many requests are drawn at random for each operation, beside those at the edges of its description.
const EXAMPLES: &str = "8";
const SEED: &str = "20441";

/// Installs schemathesis where it is missing and tries a fresh centre, once as each of [`WHO`].
///
/// # Errors
/// What could not be installed, or that an answer was not as described.
pub fn run() -> Outcome {
    let tool = installed()?;
    demo::programs()?;
    for who in WHO {
        println!("As {who}:");
        as_somebody(&tool, who)?;
    }
    Ok(())
}

/// Makes the venv, and returns the tool in it.
fn installed() -> Result<PathBuf, String> {
    let built = place::built()?;
    let venv = built.parent().unwrap_or(&built).join("schemathesis");
    let programs = venv.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let tool = programs.join(format!("schemathesis{}", std::env::consts::EXE_SUFFIX));
    let stamp = venv.join(".installed-from");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == REQUIREMENTS)
        && output(program(&tool).arg("--version")).is_some()
    {
        return Ok(tool);
    }
    to_end(program(python()).args(["-m", "venv", "--clear"]).arg(&venv))
        .map_err(|error| format!("{error}; `cargo dev setup` installs Python's venv"))?;
    let wanted = place::root().join("tests/dev/schemathesis/requirements.txt");
    to_end(
        program(programs.join("python"))
            .args(["-m", "pip", "install", "--quiet", "--requirement"])
            .arg(wanted),
    )
    .map_err(|error| {
        format!(
            "{error}: schemathesis could not be installed from PyPI, which this step needs once. Go online, or name a mirror \
             in PIP_INDEX_URL, then run `cargo dev test api` again"
        )
    })?;
    std::fs::write(&stamp, REQUIREMENTS)
        .map_err(|error| format!("{} cannot be written: {error}", stamp.display()))?;
    Ok(tool)
}

/// The name of the Python that makes venvs.
pub fn python() -> &'static str {
    if cfg!(windows) { "python" } else { "python3" }
}

fn as_somebody(tool: &Path, who: &str) -> Outcome {
    let built = place::built()?;
    let scratch = built.parent().unwrap_or(&built).join("api").join(who);
    match std::fs::remove_dir_all(&scratch) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(format!("{} cannot be emptied: {error}", scratch.display()));
        }
        Ok(()) | Err(_) => {}
    }
    std::fs::create_dir_all(&scratch)
        .map_err(|error| format!("{} cannot be made: {error}", scratch.display()))?;
    let centre = Centre::start(&scratch)?;
    let mut tried = Command::new(tool);
    tried
        .current_dir(&scratch)
        .args(["--no-color", "run"])
        .arg(format!("{}/v1/openapi.json", centre.address))
        .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", EXAMPLES, "--seed", SEED])
        .args(["--generation-database", "none", "--continue-on-failure"])
        .args([
            "--request-timeout",
            "20",
            "--warnings",
            "off",
            // Two compile its own Python at once, at which Python 3.11 sometimes fails.
            "--workers",
            "1",
        ]);
    for operation in LEFT_OUT {
        tried.args(["--exclude-operation-id", operation]);
    }
    tried
        .env(
            "SCHEMATHESIS_HOOKS",
            place::root().join("tests/dev/schemathesis/hooks.py"),
        )
        .env("OFFHOOK_CENTRE", &centre.address)
        .env("OFFHOOK_USERNAME", who)
        .stdin(Stdio::null());
    to_end(&mut tried).map_err(|error| {
        format!(
            "as {who} {error}; the requests that show it stand above, the centre's log in {}",
            scratch.join("centre.log").display()
        )
    })
}

/// A centre with the sample, which goes when it is dropped. Not for practice: a description says nothing of the calls that would
/// be started by the dozen, and the routes read and refuse what they are sent all the same.
struct Centre {
    child: Child,
    address: String,
}

impl Centre {
    fn start(scratch: &Path) -> Result<Self, String> {
        let told = |error: std::io::Error| format!("the centre could not be started: {error}");
        let log = std::fs::File::create(scratch.join("centre.log")).map_err(told)?;
        let mut child = program(place::program("offhook-centre")?)
            .current_dir(scratch)
            .args(["serve", "--sample-data", "--print-ready", "--data", "data"])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(told)?;
        let mut ready = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut ready).map_err(told)?;
        }
        let centre = Self {
            child,
            address: address(&ready).unwrap_or_default().to_owned(),
        };
        if centre.address.is_empty() {
            return Err("the centre did not say where it listens".to_owned());
        }
        Ok(centre)
    }
}

impl Drop for Centre {
    fn drop(&mut self) {
        // Err: it has ended by itself, which the requests have shown.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Reads the API's address out of the ready line, `{"ready":true,"http":"http://127.0.0.1:1","sip":"…"}`.
fn address(ready: &str) -> Option<&str> {
    let (_, after) = ready.split_once("\"http\":\"")?;
    after.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_out_of_the_ready_line() {
        let line = r#"{"http":"http://127.0.0.1:8080","ready":true,"sip":"127.0.0.1:5060"}"#;
        assert_eq!(address(line), Some("http://127.0.0.1:8080"));
        assert_eq!(address("no"), None);
    }

    #[test]
    fn one_version_is_named() {
        let pinned = REQUIREMENTS
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        for line in pinned {
            assert!(line.contains("=="), "{line}");
        }
    }
}
