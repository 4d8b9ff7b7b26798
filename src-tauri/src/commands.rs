//! What the window may ask. Each command hands on and returns; codes go back, never sentences.
#![allow(
    clippy::let_underscore_must_use,
    reason = "Tauri's command macro writes such lines to check the types of a command"
)]

use crate::{bridge::Bridge, words::Language};
use offhook_desk::{Command, View};
use offhook_model::Code;
use offhook_phone::{Answer, Config, Phone, Query};
use std::sync::Arc;
use tauri::State;
use tokio::sync::watch;

/// The phone, once it is open, or why it could not be opened.
pub type Opened = Result<Phone, Code>;

/// Opens the phone.
pub async fn open(config: Config, bridge: Arc<Bridge>) -> Opened {
    offhook_phone::open(config, bridge).await.map_err(|error| {
        tracing::error!(%error, "The phone could not be opened");
        error.code()
    })
}

/// The commands' way to the phone. Those that come before it is open wait.
pub struct Desk {
    opened: watch::Receiver<Option<Opened>>,
}

impl Desk {
    /// Waits for what `opened` will say.
    pub fn new(opened: watch::Receiver<Option<Opened>>) -> Self {
        Self { opened }
    }

    /// Returns the phone.
    pub async fn phone(&self) -> Opened {
        let mut opened = self.opened.clone();
        match opened.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(opened)) => opened.clone(),
            Ok(None) | Err(_) => Err(Code::NotNow),
        }
    }

    /// Returns the phone if it is open by now.
    pub fn open_phone(&self) -> Option<Phone> {
        self.opened.borrow().clone()?.ok()
    }
}

/// Asks the desk for something. Whether it may be so shows in the next view.
#[tauri::command]
pub async fn send(command: Command, desk: State<'_, Desk>) -> Result<(), Code> {
    let phone = desk.phone().await?;
    phone.send(command).await.map_err(|_closed| Code::NotNow)
}

/// Asks a read-only question.
#[tauri::command]
pub async fn query(query: Query, desk: State<'_, Desk>) -> Result<Answer, Code> {
    desk.phone().await?.query(query).await
}

/// Returns the snapshot of now; later ones come as the event `desk-changed`.
#[tauri::command]
pub async fn view(desk: State<'_, Desk>) -> Result<View, Code> {
    Ok(desk.phone().await?.view())
}

/// The window says which language it speaks, so that notifications speak it as well.
#[tauri::command]
pub fn set_language(language: Language, spoken: State<'_, watch::Sender<Language>>) {
    spoken.send_replace(language);
}
