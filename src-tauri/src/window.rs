//! The one window.

use std::{
    fs::DirBuilder,
    io,
    path::{Path, PathBuf},
};
use tauri::{
    App, AppHandle, Manager, Url, UserAttentionType, WebviewWindowBuilder,
    webview::NewWindowResponse,
};

/// The window's label in tauri.conf.json and in the capability.
pub const MAIN: &str = "main";

/// Opens it. It shows the embedded interface and cannot be led anywhere else; what it remembers is in `memory`.
pub fn open(app: &App, memory: PathBuf) -> anyhow::Result<()> {
    create_private(&memory)?;
    let config = app
        .config()
        .app
        .windows
        .iter()
        .find(|window| window.label == MAIN)
        .ok_or_else(|| anyhow::anyhow!("tauri.conf.json has no window '{MAIN}'"))?;
    WebviewWindowBuilder::from_config(app, config)?
        .data_directory(memory)
        .on_navigation(is_ours)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_document_title_changed(|window, title| {
            if let Err(error) = window.set_title(&title) {
                tracing::debug!(%error, "The title stays");
            }
        })
        .build()?;
    Ok(())
}

/// Creates a folder, and those above it, for its owner only. The window is often here before the store is.
fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Brings it to the front, ready to be typed in.
pub fn raise(app: &AppHandle) {
    let Some(window) = app.get_webview_window(MAIN) else {
        return;
    };
    let raised = window
        .unminimize()
        .and_then(|()| window.show())
        .and_then(|()| window.set_focus())
        // Where the system lets no program come forward by itself, it at least blinks in the task bar.
        .and_then(|()| match window.is_focused() {
            Ok(true) => Ok(()),
            _ => window.request_user_attention(Some(UserAttentionType::Critical)),
        });
    if let Err(error) = raised {
        tracing::warn!(%error, "The window could not be raised");
    }
}

/// Whether an address is the embedded interface: `tauri://localhost`, on Windows `http://tauri.localhost`.
fn is_ours(address: &Url) -> bool {
    match address.scheme() {
        "tauri" => address.host_str() == Some("localhost"),
        "http" | "https" => address.host_str() == Some("tauri.localhost"),
        "about" => address.path() == "blank",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_goes_nowhere_else() {
        let ours = |text: &str| is_ours(&Url::parse(text).expect("an address"));
        assert!(ours("tauri://localhost/index.html"));
        assert!(ours("http://tauri.localhost/"));
        assert!(!ours("https://example.com/"));
        assert!(!ours("http://tauri.localhost.example.com/"));
        assert!(!ours("file:///etc/passwd"));
        assert!(!ours("tauri://elsewhere/"));
    }
}
