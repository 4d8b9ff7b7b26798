//! `cargo dev test`: every check and every test, quick ones first, stopping at the first that fails.

use crate::{
    Outcome, acceptance, api, demo,
    run::{Counts, cargo, step, time, to_end},
    setup, ui,
};
use std::time::Duration;

/// One step: its name, what it does, and what to do when it fails.
struct Step {
    name: &'static str,
    run: fn() -> Result<Option<Counts>, String>,
    advice: &'static str,
}

const STEPS: &[Step] = &[
    Step {
        name: "setup",
        run: || plain(setup::run()),
        advice: "the sentence below says what is missing",
    },
    Step {
        name: "format",
        run: || plain(to_end(cargo().args(["fmt", "--all", "--check"]))),
        advice: "run `cargo fmt --all`",
    },
    // Before any Rust: the shell embeds ui/dist when it is compiled.
    Step {
        name: "interface",
        run: || {
            ui::script("check")?;
            ui::script("test")?;
            plain(ui::script("build"))
        },
        advice: "run `npm run check` or `npm test` in ui/",
    },
    Step {
        name: "clippy",
        run: || {
            // Through the arguments and not RUSTFLAGS, which would have every dependency compiled once more.
            plain(to_end(cargo().args([
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ])))
        },
        advice: "run `cargo clippy --workspace --all-targets`",
    },
    Step {
        name: "docs",
        run: || {
            plain(to_end(
                cargo()
                    .args(["doc", "--workspace", "--no-deps"])
                    .env("RUSTDOCFLAGS", "-D warnings"),
            ))
        },
        advice: "run `cargo doc --workspace --no-deps`",
    },
    Step {
        name: "build",
        run: || plain(demo::programs()),
        advice: "run `cargo build --workspace --bins`",
    },
    // Unit tests, the generated TypeScript, the rules of the house, and the stories against real peers.
    Step {
        name: "tests",
        // To the end even when one fails: a long run should tell all that it can.
        run: || {
            acceptance::tested(cargo().args(["test", "--workspace", "--no-fail-fast"])).map(Some)
        },
        advice: "the test's name stands above; run it alone with `cargo test --workspace NAME`",
    },
    // The centre's API, tried by its description.
    Step {
        name: "api",
        run: || plain(api::run()),
        advice: "`curl` lines above show what was answered otherwise than docs/openapi.json says",
    },
    // A whole call in the real window on a display of its own.
    Step {
        name: "demo",
        run: || plain(acceptance::played()),
        advice: "run `cargo dev demo` and look at target/demo/",
    },
    // What the two steps before have shown; on its own, what they showed when they ran last.
    Step {
        name: "acceptance",
        run: || plain(acceptance::report()),
        advice: "a story claims a line that is not in tests/acceptance.txt",
    },
];

/// A step that counts no tests.
fn plain(outcome: Outcome) -> Result<Option<Counts>, String> {
    outcome.map(|()| None)
}

/// Runs all steps, or only those named.
///
/// # Errors
/// The first step that fails, with what to do.
pub fn run(wanted: &[String]) -> Outcome {
    if let Some(unknown) = wanted
        .iter()
        .find(|name| STEPS.iter().all(|step| step.name != name.as_str()))
    {
        return Err(format!(
            "there is no step '{unknown}'; there are: {}",
            names()
        ));
    }
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|one| one == name);
    if is_wanted("tests") || is_wanted("demo") {
        acceptance::clear()?;
    }
    let mut times: Vec<(&str, Duration)> = Vec::new();
    let mut counts = None;
    for one in STEPS {
        if !is_wanted(one.name) {
            continue;
        }
        match step(one.name, one.run) {
            Ok((counted, took)) => {
                times.push((one.name, took));
                counts = counted.or(counts);
            }
            Err(sentence) => {
                summary(&times);
                return Err(format!(
                    "step '{}' failed: {sentence}.\n{}.",
                    one.name, one.advice
                ));
            }
        }
    }
    summary(&times);
    println!("Every step passed.");
    if let Some(counts) = counts {
        println!("{counts}");
    }
    Ok(())
}

/// Returns the names of the steps in their order.
pub fn names() -> String {
    STEPS
        .iter()
        .map(|step| step.name)
        .collect::<Vec<_>>()
        .join(", ")
}

fn summary(times: &[(&str, Duration)]) {
    println!();
    for (name, took) in times {
        println!("{name:<10} {:>12}", time(*took));
    }
    let whole = times.iter().map(|(_, took)| *took).sum();
    println!("{:<10} {:>12}", "in all", time(whole));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_is_not_there_is_refused_before_anything_runs() {
        let sentence = run(&["tests".to_owned(), "tset".to_owned()]);
        assert!(sentence.is_err_and(|sentence| sentence.starts_with("there is no step 'tset'")));
    }
}
