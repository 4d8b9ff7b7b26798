//! What Tauri's own tool does for us: `cargo dev icons` and `cargo dev bundle`.

use crate::{
    Outcome, place,
    run::{program, to_end},
    setup,
};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

/// The tool: prebuilt, from the npm registry.
const TOOL: &str = "@tauri-apps/cli@2.12.5";
/// What the bundles want, out of the many pictures it draws.
const KEPT: &[&str] = &[
    "32x32.png",
    "128x128.png",
    "128x128@2x.png",
    "icon.png",
    "icon.ico",
    "icon.icns",
];
/// Side of a tray picture in pixels.
const TRAY: &str = "32";

/// Draws all pictures.
///
/// # Errors
/// The tool failed, or a file cannot be written.
pub fn icons() -> Outcome {
    let icons = place::root().join("icons");
    let made = place::built()?.join("icons");
    draw(&icons.join("icon.svg"), &made, &[])?;
    for name in KEPT {
        copy(&made.join(name), &icons.join(name))?;
    }
    let presence = icons.join("presence");
    let drawings = fs::read_dir(&presence)
        .map_err(|error| format!("icons/presence cannot be read: {error}"))?;
    for drawing in drawings.filter_map(Result::ok).map(|entry| entry.path()) {
        if drawing
            .extension()
            .is_some_and(|extension| extension == "svg")
        {
            draw(&drawing, &made, &["--png", TRAY])?;
            copy(
                &made.join(format!("{TRAY}x{TRAY}.png")),
                &drawing.with_extension("png"),
            )?;
        }
    }
    Ok(())
}

/// Builds this system's installers, in target/release/bundle. Arguments go to the tool, such as `--bundles deb`.
///
/// # Errors
/// The tool failed; it has said why.
pub fn bundle(arguments: &[String]) -> Outcome {
    setup::modules()?;
    to_end(tool("build").arg("--ci").args(arguments))
}

fn draw(drawing: &Path, into: &Path, sizes: &[&str]) -> Outcome {
    to_end(
        tool("icon")
            .arg(drawing)
            .arg("--output")
            .arg(into)
            .args(sizes)
            .stderr(Stdio::null())
            .stdout(Stdio::null()),
    )
}

fn tool(command: &str) -> Command {
    let mut tool = program(if cfg!(windows) { "npx.cmd" } else { "npx" });
    tool.args(["--yes", "--package", TOOL, "tauri", command]);
    tool
}

fn copy(from: &Path, to: &Path) -> Outcome {
    fs::copy(from, to)
        .map(|_| ())
        .map_err(|error| format!("{} cannot be written: {error}", to.display()))
}
