//! What a run has shown: stories say which lines of the specification they have just shown, on both sides, and the judge counts
//! what a passed test said, nothing else.
//!
//! A story writes its claims while it runs, so a claim alone proves nothing: `cargo dev` keeps beside them which tests passed in the
//! same run. A test that fails, or never ends, leaves no line green, whatever it wrote before.

use crate::place::build_dir;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

/// The lines: number, bar, sentence.
const LINES: &str = include_str!("../acceptance.txt");
/// Which tests passed and which failed, one a line: program, test, `ok` or anything else, with tabs between. Written by `cargo dev`.
const RESULTS: &str = "results.txt";
/// Where claims go, set by `cargo dev` for the time of its run. Tests that are run by hand claim nothing: nobody would keep whether
/// they passed.
const FOLDER: &str = "OFFHOOK_ACCEPTANCE";

/// Says that these lines have just been shown, on both sides: to be called right after the assertions. `here` is what the agent's
/// side asserted, `phone: …` or `window: …`; `there` what the other end did, `centre: …` (its API) or `peer: …` (its wire or sound).
///
/// # Errors
/// It cannot be written down.
pub fn shown(lines: &[u16], here: &str, there: &str) -> Result<()> {
    note(lines.iter().map(u16::to_string).collect(), here, there)
}

/// As [`shown`], for the lines that begin with a B.
///
/// # Errors
/// It cannot be written down.
pub fn shown_beyond(lines: &[u16], here: &str, there: &str) -> Result<()> {
    note(
        lines.iter().map(|line| format!("B{line}")).collect(),
        here,
        there,
    )
}

fn note(lines: Vec<String>, here: &str, there: &str) -> Result<()> {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return Ok(());
    };
    let program = std::env::current_exe()?;
    let stem = program.file_stem().unwrap_or_default().to_string_lossy();
    let claim = Claim {
        program: without_hash(&stem).to_owned(),
        // The name of a test's thread is the test's.
        test: std::thread::current().name().unwrap_or_default().to_owned(),
        lines,
        here: here.to_owned(),
        there: there.to_owned(),
    };
    fs::create_dir_all(&folder)?;
    let name = claim.name().replace("::", ".");
    let path = folder.join(format!("{name}.{}.json", std::process::id()));
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("Opening {}", path.display()))?;
    writeln!(file, "{}", serde_json::to_string(&claim)?)?;
    Ok(())
}

/// Gives the folder of the last run's claims: `target/acceptance`.
///
/// # Errors
/// The running program has no path.
pub fn folder() -> Result<PathBuf> {
    Ok(build_dir()?.join("../acceptance"))
}

/// What a story said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    program: String,
    test: String,
    lines: Vec<String>,
    here: String,
    there: String,
}

impl Claim {
    fn name(&self) -> String {
        name(&self.program, &self.test)
    }

    fn is_of_both_sides(&self) -> bool {
        let says = |side: &str, names: &[&str]| {
            names.iter().any(|name| {
                side.strip_prefix(name)
                    .and_then(|rest| rest.strip_prefix(": "))
                    .is_some_and(|what| !what.trim().is_empty())
            })
        };
        says(&self.here, &["phone", "window"]) && says(&self.there, &["centre", "peer"])
    }
}

/// How a line stands after a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// `21` or `B2`.
    pub line: String,
    /// The passed tests that showed it.
    pub tests: Vec<String>,
    /// Green or open.
    pub status: Status,
    #[serde(skip)]
    text: String,
    #[serde(skip)]
    sides: Vec<(String, String)>,
}

/// Whether a line was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// A test that passed showed it, on both sides.
    Green,
    /// Not yet.
    Open,
}

/// Reads what a run left in the folder and judges it.
///
/// # Errors
/// Something in it cannot be read, or a story claims a line that is not there.
pub fn judge(folder: &Path) -> Result<Vec<Standing>> {
    let results = fs::read_to_string(folder.join(RESULTS)).unwrap_or_default();
    let mut claims: Vec<Claim> = Vec::new();
    let entries = fs::read_dir(folder).map_or_else(|_| Vec::new(), Iterator::collect);
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "json") {
            for line in fs::read_to_string(&path)?.lines() {
                let claim = serde_json::from_str(line)
                    .with_context(|| format!("Reading {}", path.display()))?;
                claims.push(claim);
            }
        }
    }
    claims.sort_by_key(Claim::name);
    weigh(LINES, &results, &claims)
}

fn weigh(lines: &str, results: &str, claims: &[Claim]) -> Result<Vec<Standing>> {
    let mut standings: Vec<Standing> = lines
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" | "))
        .map(|(line, text)| Standing {
            line: line.to_owned(),
            tests: Vec::new(),
            status: Status::Open,
            text: text.to_owned(),
            sides: Vec::new(),
        })
        .collect();
    let passed = passed(results);
    for claim in claims {
        for line in &claim.lines {
            let standing = standings
                .iter_mut()
                .find(|standing| standing.line == *line)
                .with_context(|| format!("{} shows line {line}: there is none", claim.name()))?;
            if !claim.is_of_both_sides() || !passed.contains(&claim.name()) {
                continue;
            }
            standing.status = Status::Green;
            if !standing.tests.contains(&claim.name()) {
                standing.tests.push(claim.name());
                standing
                    .sides
                    .push((claim.here.clone(), claim.there.clone()));
            }
        }
    }
    Ok(standings)
}

/// Names the tests that passed and did not fail as well.
fn passed(results: &str) -> Vec<String> {
    let parsed: Vec<(String, bool)> = results
        .lines()
        .filter_map(|line| {
            let mut parts = line.split('\t');
            let (program, test, result) = (parts.next()?, parts.next()?, parts.next()?);
            Some((name(without_hash(program), test), result == "ok"))
        })
        .collect();
    parsed
        .iter()
        .filter(|(name, _)| parsed.iter().all(|(other, ok)| other != name || *ok))
        .map(|(name, _)| name.clone())
        .collect()
}

/// Writes the table: each line with its tests and what each side asserted; those that are open with their sentence.
///
/// # Errors
/// A text cannot be put together, which does not happen.
pub fn table(standings: &[Standing]) -> Result<String> {
    let mut table = String::new();
    for standing in standings {
        let Standing { line, text, .. } = standing;
        let status = match standing.status {
            Status::Green => "green",
            Status::Open => "open",
        };
        writeln!(table, "{line:>4}  {status:<5}  {text}")?;
        for (test, (here, there)) in standing.tests.iter().zip(&standing.sides) {
            writeln!(
                table,
                "             {test}\n               {here}\n               {there}"
            )?;
        }
    }
    let green = standings
        .iter()
        .filter(|standing| standing.status == Status::Green)
        .count();
    let open = standings.len() - green;
    writeln!(table, "{green} lines are green, {open} are open.")?;
    Ok(table)
}

/// Writes the list for programs.
///
/// # Errors
/// The file cannot be written.
pub fn write(standings: &[Standing], path: &Path) -> Result<()> {
    ensure!(!standings.is_empty(), "there are no lines");
    fs::write(path, serde_json::to_string_pretty(standings)? + "\n")
        .with_context(|| format!("Writing {}", path.display()))
}

/// A program that is no test program runs as `main`, and is named alone.
fn name(program: &str, test: &str) -> String {
    if test == "main" {
        program.to_owned()
    } else {
        format!("{program}::{test}")
    }
}

/// Takes the hash off that cargo puts behind the names of test programs.
fn without_hash(stem: &str) -> &str {
    match stem.rsplit_once('-') {
        Some((name, hash))
            if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
        {
            name
        }
        _ => stem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOME: &str = "# about\n1 | one\n2 | two\nB1 | beyond\n";

    fn claim(test: &str, lines: &[&str], here: &str, there: &str) -> Claim {
        Claim {
            program: "story".into(),
            test: test.into(),
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            here: here.into(),
            there: there.into(),
        }
    }

    fn green(results: &str, claims: &[Claim]) -> Result<Vec<String>> {
        let standings = weigh(SOME, results, claims)?;
        assert_eq!(standings.len(), 3);
        let green = standings
            .into_iter()
            .filter(|one| one.status == Status::Green);
        Ok(green.map(|one| one.line).collect())
    }

    #[test]
    fn a_line_is_green_when_a_passed_test_showed_both_sides() -> Result<()> {
        let claims = [claim("a", &["2", "B1"], "phone: x", "centre: y")];
        assert_eq!(
            green("story-0123456789abcdef\ta\tok\n", &claims)?,
            ["2", "B1"]
        );
        let standings = weigh(SOME, "story\ta\tok\n", &claims)?;
        let json = serde_json::to_value(&standings[1])?;
        let expected = serde_json::json!({ "line": "2", "tests": ["story::a"], "status": "green" });
        assert_eq!(json, expected);
        assert!(table(&standings)?.ends_with("2 lines are green, 1 are open.\n"));
        Ok(())
    }

    #[test]
    fn a_claim_whose_test_did_not_pass_leaves_its_line_open() -> Result<()> {
        let claims = [claim("a", &["1"], "phone: x", "centre: y")];
        for results in [
            "",
            "story\ta\tFAILED\n",
            "story\tb\tok\n",
            "other\ta\tok\n",
            "story\ta\tok\nstory\ta\tFAILED\n",
        ] {
            assert!(green(results, &claims)?.is_empty(), "{results:?}");
        }
        Ok(())
    }

    #[test]
    fn a_claim_of_one_side_leaves_its_line_open() -> Result<()> {
        for (here, there) in [
            ("phone: x", ""),
            ("", "centre: y"),
            ("phone: x", "phone: y"),
            ("centre: x", "centre: y"),
            ("phone: ", "centre: y"),
            ("x", "y"),
        ] {
            let claims = [claim("a", &["1"], here, there)];
            assert!(
                green("story\ta\tok\n", &claims)?.is_empty(),
                "{here:?} {there:?}"
            );
        }
        Ok(())
    }

    #[test]
    fn a_claim_of_a_line_that_is_not_there_is_an_error() {
        assert!(green("", &[claim("a", &["3"], "phone: x", "centre: y")]).is_err());
    }

    #[test]
    fn every_line_is_there_once_and_in_order() {
        let numbers: Vec<&str> = LINES
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| Some(line.split_once(" | ")?.0))
            .collect();
        let expected: Vec<String> = (1..=112)
            .map(|line| line.to_string())
            .chain((1..=10).map(|line| format!("B{line}")))
            .collect();
        assert_eq!(numbers, expected);
    }
}
