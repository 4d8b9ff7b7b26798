//! The `cargo dev` commands: what a person or a build machine types to set up, build, try and test Offhook.
//!
//! Knows: which programs to start, in which order, and which Debian packages they need. Standard library only, so that it
//! compiles in seconds on a machine where nothing else does yet. Does not know: anything of the product itself.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program speaks on its standard output"
)]

mod acceptance;
mod api;
mod demo;
mod kill;
mod place;
mod run;
mod setup;
mod tauri;
mod test;
mod ui;

use std::process::ExitCode;

/// What went wrong, as a sentence that says what to do.
type Outcome = Result<(), String>;

/// One command: its name, a line about it, and the function behind it.
struct Entry {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Outcome,
}

const COMMANDS: &[Entry] = &[
    Entry {
        name: "demo",
        about: "build everything, start the practice centre and the desk, and let a customer call",
        run: demo::run,
    },
    Entry {
        name: "test",
        about: "run every check and test (or only the steps named after it)",
        run: test::run,
    },
    Entry {
        name: "acceptance",
        about: "run the stories, and tell which lines of the specification they have shown",
        run: |_| acceptance::run(),
    },
    Entry {
        name: "kill",
        about: "kill -9 the app, the centre and both in rounds, and compare what is left (--rounds N, --seed S)",
        run: kill::run,
    },
    Entry {
        name: "setup",
        about: "install the system packages and UI modules that are missing, or name them",
        run: |_| setup::run(),
    },
    Entry {
        name: "ui",
        about: "build the interface into ui/dist",
        run: |_| ui::run(),
    },
    Entry {
        name: "icons",
        about: "make the icon files anew from icons/icon.svg and icons/presence/*.svg",
        run: |_| tauri::icons(),
    },
    Entry {
        name: "bundle",
        about: "build this system's installers (arguments go to Tauri's tool)",
        run: tauri::bundle,
    },
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        list();
        return ExitCode::SUCCESS;
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        list();
        return ExitCode::SUCCESS;
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        eprintln!("cargo dev: there is no command '{name}'.\n");
        list();
        return ExitCode::from(2);
    };
    let rest: Vec<String> = arguments.collect();
    match (command.run)(&rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("\ncargo dev {name}: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn list() {
    println!("cargo dev COMMAND\n");
    for command in COMMANDS {
        println!("  {:<10}  {}", command.name, command.about);
    }
    println!("\nSteps of `cargo dev test`: {}", test::names());
}
