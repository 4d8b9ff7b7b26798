//! Embeds the interface and lists the shell's commands: listed commands are denied until a capability allows them.

use std::path::Path;

fn main() {
    let interface = Path::new("../ui/dist/index.html");
    println!("cargo:rerun-if-changed={}", interface.display());
    assert!(
        interface.exists(),
        "ui/dist is missing, and the shell embeds it: run `cargo dev ui` first"
    );
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(
        tauri_build::AppManifest::new().commands(&["send", "query", "view", "set_language"]),
    ))
    .expect("tauri.conf.json and the capabilities are in order");
}
