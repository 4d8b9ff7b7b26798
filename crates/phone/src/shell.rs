//! The one door out: what shows the phone to a person or a program.

use offhook_desk::View;
use offhook_model::{LegId, PhoneNumber, Text};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A window, a line protocol, or a test's recorder. Called from the phone's own task: implementations hand on and return
/// at once.
pub trait Shell: Send + Sync + 'static {
    /// The desk changed; `view` is all of it.
    fn publish(&self, view: &View);
    /// How loud it is, about ten times a second while a call is up. May be dropped.
    fn levels(&self, levels: Levels);
    /// A call rings: show the desktop notification.
    fn notify(&self, notification: IncomingNotification);
    /// The call of this leg rings no more: take its notification away.
    fn withdraw(&self, leg: LegId);
}

/// The loudness of both sides in dB below full scale: 0 is the loudest, -100 is silence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
pub struct Levels {
    /// The agent's microphone, before the mute button.
    pub mic_dbfs: f32,
    /// What the agent hears.
    pub far_dbfs: f32,
}

/// 提示窗: what the desktop notification of a call says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IncomingNotification {
    /// Which leg rings.
    pub leg: LegId,
    /// The caller's number; nothing where it was withheld.
    pub number: Option<PhoneNumber>,
    /// The customer's name, or the one the network gave.
    pub name: Option<String>,
    /// Whose queue the call came from.
    pub skill_group: Option<Text>,
}
