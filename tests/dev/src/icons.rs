//! `cargo dev icons`: the files the bundles and the tray need, made from the drawings.

use crate::{
    Outcome, place,
    run::{program, to_end},
};
use std::{fs, path::Path};

/// The program that draws them: prebuilt, from the npm registry.
const CLI: &str = "@tauri-apps/cli@2.12.5";
/// What the bundles want, out of the many files it makes.
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

/// Draws all of them.
///
/// # Errors
/// The drawing program failed, or a file cannot be written.
pub fn run() -> Outcome {
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

fn draw(drawing: &Path, into: &Path, sizes: &[&str]) -> Outcome {
    let npx = if cfg!(windows) { "npx.cmd" } else { "npx" };
    to_end(
        program(npx)
            .args(["--yes", "--package", CLI, "tauri", "icon"])
            .arg(drawing)
            .arg("--output")
            .arg(into)
            .args(sizes)
            .stderr(std::process::Stdio::null())
            .stdout(std::process::Stdio::null()),
    )
}

fn copy(from: &Path, to: &Path) -> Outcome {
    fs::copy(from, to)
        .map(|_| ())
        .map_err(|error| format!("{} cannot be written: {error}", to.display()))
}
