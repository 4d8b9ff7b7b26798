//! `cargo dev acceptance`: runs the stories and tells which lines of the specification they have shown.
//!
//! Stories claim lines while they run. Which of them passed is kept beside their claims here, and only both together count.

use crate::{
    Outcome, demo, place,
    run::{Counts, End, Tested, cargo, program, step, tested as run_tests, to_end},
    setup, ui,
};
use std::{fs, io::Write as _, path::PathBuf, process::Command};

/// Tells the stories where their claims go; without it they claim nothing.
const FOLDER: &str = "OFFHOOK_ACCEPTANCE";

/// Sets up, builds, runs every story and the play, and prints the table, also when something failed.
///
/// # Errors
/// The first step that failed.
pub fn run() -> Outcome {
    step("setup", setup::run)?;
    step("interface", || ui::script("build"))?;
    step("build", demo::programs)?;
    clear()?;
    let mut stories = cargo();
    // The whole workspace, so that its crates are built with the features that they have in every other build.
    stories.args(["test", "--workspace", "--no-fail-fast"]);
    for name in story_names()? {
        stories.args(["--test", &name]);
    }
    let told = step("stories", || tested(&mut stories));
    let demo = step("demo", played);
    step("acceptance", report)?;
    let (counts, _) = told?;
    println!("{counts}");
    demo.map(|_| ())
}

/// Forgets what was shown before.
///
/// # Errors
/// The folder cannot be emptied.
pub fn clear() -> Outcome {
    let folder = folder()?;
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .map_err(|error| format!("{} cannot be emptied: {error}", folder.display()))?;
    }
    Ok(())
}

/// Runs `cargo test`, and keeps what became of each test.
///
/// # Errors
/// A test failed, or cargo did.
pub fn tested(command: &mut Command) -> Result<Counts, String> {
    let Tested {
        counts,
        ends,
        failed,
        ..
    } = run_tests(command.env(FOLDER, folder()?))?;
    keep(&ends)?;
    failed.map_or(Ok(counts), Err)
}

/// Plays the demo on a display of its own, and keeps what became of it.
///
/// # Errors
/// It failed; it has said why.
pub fn played() -> Outcome {
    let mut demo = program(place::program("demo")?);
    demo.env(FOLDER, folder()?)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY");
    let outcome = to_end(&mut demo);
    keep(&[End {
        program: "demo".to_owned(),
        test: "main".to_owned(),
        result: if outcome.is_ok() { "ok" } else { "FAILED" }.to_owned(),
    }])?;
    outcome
}

/// Prints the table of what was shown and writes target/acceptance.json.
///
/// # Errors
/// Something there cannot be read, or a story claims a line that there is not.
pub fn report() -> Outcome {
    to_end(&mut program(place::program("acceptance")?))
}

fn keep(ends: &[End]) -> Outcome {
    let folder = folder()?;
    let path = folder.join("results.txt");
    let written = fs::create_dir_all(&folder).and_then(|()| {
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)?;
        ends.iter().try_for_each(|end| {
            let End {
                program,
                test,
                result,
            } = end;
            writeln!(file, "{program}\t{test}\t{result}")
        })
    });
    written.map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

/// Names the test programs of the stories: those that claim something.
fn story_names() -> Result<Vec<String>, String> {
    let folder = place::root().join("tests/tests");
    let entries = fs::read_dir(&folder)
        .map_err(|error| format!("{} cannot be read: {error}", folder.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .filter(|path| fs::read_to_string(path).is_ok_and(|text| text.contains("acceptance")))
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    Ok(names)
}

fn folder() -> Result<PathBuf, String> {
    Ok(place::built()?.join("../acceptance"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stories_are_found_and_the_instruments_are_none() {
        let names = story_names().expect("the stories can be read");
        assert!(names.contains(&"ring_no_answer".to_owned()), "{names:?}");
        assert!(!names.contains(&"instruments".to_owned()), "{names:?}");
    }
}
