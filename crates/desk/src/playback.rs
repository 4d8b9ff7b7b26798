//! 录音播放: hearing a call again. Whatever rings or is dialled pauses it, and it does not go on by itself.

use crate::{
    CannotPlay, Desk, Effect, LinkView, PauseReason, PlaybackFact, PlaybackPhase, PlaybackView,
    session::Session,
};
use offhook_model::{Code, LegId, LegRecord, Now, api::Role};

/// The speeds there are, in percent.
const SPEEDS: std::ops::RangeInclusive<u16> = 50..=200;

/// The recording that is played.
///
/// ```text
///  Loading ─sound─▶ Playing ─Pause, a call, its end─▶ Paused ─Play─▶ Loading
///     └──────────────┴─ it cannot be had ─▶ Failed ─Play─▶ Loading
/// ```
#[derive(Debug, Clone)]
pub(crate) struct Playback {
    leg: LegId,
    phase: PlaybackPhase,
    position: u64,
    length: u64,
    speed: u16,
    /// The body has it open, so that it can be told what to do.
    open: bool,
}

impl Playback {
    const fn view(&self) -> PlaybackView {
        PlaybackView {
            leg: self.leg,
            phase: self.phase,
            position: self.position,
            length: self.length,
            speed: self.speed,
        }
    }

    const fn is_wanted(&self) -> bool {
        match self.phase {
            PlaybackPhase::Loading | PlaybackPhase::Playing => true,
            PlaybackPhase::Paused { .. } | PlaybackPhase::Failed { .. } => false,
        }
    }
}

/// Whether the agent may listen to recordings, to be held against rows of the call list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RightToListen(bool);

impl RightToListen {
    /// Why the recording of a leg cannot be played, whatever else is so; nothing where it can.
    #[must_use]
    pub const fn cannot_play(self, record: &LegRecord) -> Option<CannotPlay> {
        match (record.recording, self) {
            (None, Self(_)) => Some(CannotPlay::NoRecording),
            (Some(_), Self(false)) => Some(CannotPlay::NotAllowed),
            (Some(_), Self(true)) => None,
        }
    }
}

impl Desk {
    /// The right to listen of whoever is signed in.
    #[must_use]
    pub fn right_to_listen(&self) -> RightToListen {
        RightToListen(match &self.session {
            Session::SignedIn {
                agent,
                local: false,
            } => agent.listen_recordings || agent.role == Role::Administrator,
            Session::SignedIn { local: true, .. }
            | Session::SignedOut { .. }
            | Session::SigningIn
            | Session::Offline { .. } => false,
        })
    }

    /// Why no recording can be played now; nothing where one can.
    pub(crate) fn cannot_play_now(&self) -> Option<CannotPlay> {
        if !self.calls.is_empty() {
            return Some(CannotPlay::InCall);
        }
        match self.links.api {
            LinkView::Up if self.ending.is_none() => None,
            LinkView::Up | LinkView::Connecting { .. } | LinkView::Off => Some(CannotPlay::Offline),
        }
    }

    pub(crate) fn playback_view(&self) -> Option<PlaybackView> {
        self.playback.as_ref().map(Playback::view)
    }

    pub(crate) fn play_recording(&mut self, now: Now, leg: LegId) {
        let refusal = match self.right_to_listen() {
            RightToListen(true) => self.cannot_play_now(),
            RightToListen(false) => Some(CannotPlay::NotAllowed),
        };
        if let Some(why) = refusal {
            return self.refuse(
                now,
                match why {
                    CannotPlay::NoRecording => Code::NotFound,
                    CannotPlay::NotAllowed => Code::Forbidden,
                    CannotPlay::Offline => Code::Unreachable,
                    CannotPlay::InCall => Code::LineBusy,
                },
            );
        }
        match &mut self.playback {
            Some(playback) if playback.leg == leg => {
                if playback.is_wanted() {
                    return;
                }
                playback.phase = PlaybackPhase::Loading;
                if playback.open {
                    self.effects.push_back(Effect::ResumePlayback);
                    return;
                }
            }
            playback => {
                let speed = playback.as_ref().map_or(100, |before| before.speed);
                *playback = Some(Playback {
                    leg,
                    phase: PlaybackPhase::Loading,
                    position: 0,
                    length: 0,
                    speed,
                    open: false,
                });
            }
        }
        self.effects.push_back(Effect::OpenPlayback { leg });
    }

    /// Pauses what is played; nothing otherwise.
    pub(crate) fn pause_playback(&mut self, why: PauseReason) {
        if let Some(playback) = self.playback.as_mut().filter(|it| it.is_wanted()) {
            playback.phase = PlaybackPhase::Paused { why };
            if playback.open {
                self.effects.push_back(Effect::PausePlayback);
            }
        }
    }

    pub(crate) fn seek_playback(&mut self, millis: u64) {
        if let Some(playback) = &mut self.playback {
            playback.position = millis.min(playback.length);
            if let PlaybackPhase::Paused {
                why: PauseReason::Ended,
            } = playback.phase
            {
                playback.phase = PlaybackPhase::Paused {
                    why: PauseReason::ByHand,
                };
            }
            if playback.open {
                let millis = playback.position;
                self.effects.push_back(Effect::SeekPlayback { millis });
            }
        }
    }

    pub(crate) fn set_playback_speed(&mut self, speed: u16) {
        if let Some(playback) = &mut self.playback {
            playback.speed = speed.clamp(*SPEEDS.start(), *SPEEDS.end());
            if playback.open {
                let speed = playback.speed;
                self.effects.push_back(Effect::SetPlaybackSpeed { speed });
            }
        }
    }

    pub(crate) fn stop_playback(&mut self) {
        if self.playback.take().is_some() {
            self.effects.push_back(Effect::ClosePlayback);
        }
    }

    /// What the body tells of a playback; of an earlier one it means nothing.
    pub(crate) fn playback_told(&mut self, leg: LegId, told: PlaybackFact) {
        let Some(playback) = self.playback.as_mut().filter(|it| it.leg == leg) else {
            return;
        };
        match told {
            PlaybackFact::Opened { length } => {
                playback.length = length;
                playback.open = true;
                playback.position = playback.position.min(length);
                let (speed, millis) = (playback.speed, playback.position);
                let wanted = playback.is_wanted();
                self.effects.push_back(Effect::SetPlaybackSpeed { speed });
                self.effects.push_back(Effect::SeekPlayback { millis });
                if wanted {
                    self.effects.push_back(Effect::ResumePlayback);
                }
            }
            PlaybackFact::Waiting { position } => {
                playback.position = position;
                if playback.is_wanted() {
                    playback.phase = PlaybackPhase::Loading;
                }
            }
            PlaybackFact::Playing { position } => {
                playback.position = position;
                if playback.is_wanted() {
                    playback.phase = PlaybackPhase::Playing;
                }
            }
            PlaybackFact::Ended { position } => {
                playback.position = position;
                if playback.is_wanted() {
                    playback.phase = PlaybackPhase::Paused {
                        why: PauseReason::Ended,
                    };
                }
            }
            PlaybackFact::Failed(code) => {
                playback.phase = PlaybackPhase::Failed { code };
                playback.open = false;
            }
        }
    }
}
