//! The desktop shell: the window, its notifications, and what the operating system wants of a program.
//!
//! Promise: what the window asks reaches the phone as it is, and what the phone says reaches the window as it is. The shell
//! decides nothing.
//!
//! Knows: Tauri, and how each operating system shows a notification and raises a window. Does not know: SIP, SQL, HTTP
//! bodies, or what any command means.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod bridge;
mod commands;
mod exit;
mod notify;
mod window;
mod words;

use crate::{bridge::Bridge, commands::Desk, notify::Notifier, words::Language};
use anyhow::Context;
use offhook_phone::{Config, Flags};
use std::sync::Arc;
use tauri::{Manager, RunEvent, async_runtime};
use tokio::sync::watch;

fn main() -> anyhow::Result<()> {
    offhook_phone::log_to_stderr();
    let flags = Flags::parse(std::env::args_os().skip(1)).context("Reading the command line")?;
    let config = Config {
        profile: match flags.profile {
            Some(folder) => folder,
            None => dirs::data_dir()
                .context("Finding this user's folder for application data")?
                .join("offhook"),
        },
        audio: flags.audio,
        roots: flags.roots,
    };

    tauri::Builder::default()
        // First, so that a second start ends before it opens anything.
        .plugin(tauri_plugin_single_instance::init(|app, _, _| {
            window::raise(app)
        }))
        .invoke_handler(tauri::generate_handler![
            commands::send,
            commands::query,
            commands::view,
            commands::set_language,
        ])
        .setup(move |app| {
            let (language, spoken) = watch::channel(Language::default());
            let (open, opened) = watch::channel(None);
            let notifier = Notifier::start(app.handle().clone());
            app.manage(language);
            app.manage(notifier.clone());
            app.manage(Desk::new(opened));
            // Each profile's window has a memory of its own: its language, its look.
            window::open(app, config.profile.join("window"))?;
            // Opening waits for the disk and perhaps for a keyring: the window is there first.
            let bridge = Arc::new(Bridge::new(app.handle().clone(), notifier, spoken));
            async_runtime::spawn(
                async move { open.send(Some(commands::open(config, bridge).await)) },
            );
            exit::on_signal(app.handle().clone());
            Ok(())
        })
        .build(tauri::generate_context!())
        .context("Starting the window system")?
        .run(|app, event| {
            // No code: the last window was closed. With a code it is our own exit after the phone has shut down.
            if let RunEvent::ExitRequested {
                api, code: None, ..
            } = event
            {
                api.prevent_exit();
                exit::begin(app);
            }
        });
    Ok(())
}
