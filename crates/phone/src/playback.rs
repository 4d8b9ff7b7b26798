//! 录音播放: fetches a recording piece by piece, as the player asks for it, and hands the pieces on. Nothing of it touches the disk.

use offhook_audio::{DeviceRole, Media, PlaybackKey, PlaybackState, PlayerNews, WavHead};
use offhook_cloud::{CloudError, Session};
use offhook_desk::{Fact, PlaybackFact};
use offhook_model::{Code, LegId};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tracing::{debug, info, warn};

use crate::actor::Actor;
use crate::report::{SessionReport, Teller};
use crate::standing::Authority;

/// What is fetched at once, in seconds of sound.
const PIECE: u64 = 5;

/// The recording that is played: what fetches it, and the player's name once there is one.
#[derive(Debug)]
pub(crate) struct Playback {
    leg: LegId,
    player: Option<PlaybackKey>,
    wants: watch::Sender<Option<(PlaybackKey, u64)>>,
    fetching: AbortHandle,
}

impl Drop for Playback {
    fn drop(&mut self) {
        self.fetching.abort();
    }
}

/// News of a task that fetches.
#[derive(Debug)]
pub(crate) enum Fetched {
    /// The beginning is here: it can be played.
    Head(WavHead),
    Failed(Code),
}

impl Actor {
    /// Begins to fetch a recording, instead of any other.
    pub(crate) fn open_playback(&mut self, leg: LegId) {
        self.close_playback();
        let centre = self.standing.as_mut().and_then(|standing| {
            match &standing.authority {
                Authority::Centre { session, .. } => Some(session.clone()),
                Authority::Away { .. } | Authority::Own { .. } => None,
            }
            .map(|session| (session, standing))
        });
        let Some((session, standing)) = centre else {
            return self.playback_told(leg, PlaybackFact::Failed(Code::NotNow));
        };
        let (wants, wanted) = watch::channel(None);
        let media = self.media.clone();
        let fetching = standing.run(|told| fetch(session, leg, media, wanted, told));
        self.playback = Some(Playback {
            leg,
            player: None,
            wants,
            fetching,
        });
    }

    pub(crate) fn close_playback(&mut self) {
        if let Some(key) = self.playback.take().and_then(|playback| playback.player) {
            self.media.close_playback(key);
        }
    }

    /// Does something with the player, if there is one.
    pub(crate) fn with_player(&self, act: impl FnOnce(&Media, PlaybackKey)) {
        if let Some(key) = self.playback.as_ref().and_then(|playback| playback.player) {
            act(&self.media, key);
        }
    }

    /// Takes news of the task that fetches; of an earlier one's they mean nothing.
    pub(crate) fn fetched(&mut self, leg: LegId, fetched: Fetched) {
        let Some(playback) = self.playback.as_mut().filter(|it| it.leg == leg) else {
            return;
        };
        match fetched {
            Fetched::Head(head) => {
                info!(%leg, millis = head.millis(), "A recording is open");
                playback.player = Some(self.media.open_playback(head));
                let length = head.millis();
                self.playback_told(leg, PlaybackFact::Opened { length });
            }
            Fetched::Failed(code) => {
                self.close_playback();
                self.playback_told(leg, PlaybackFact::Failed(code));
            }
        }
    }

    /// Takes what the player says.
    pub(crate) fn player_said(&mut self, news: PlayerNews) {
        let (PlayerNews::Wants { key, .. } | PlayerNews::At { key, .. }) = news;
        let Some(playback) = self.playback.as_ref().filter(|it| it.player == Some(key)) else {
            return;
        };
        let leg = playback.leg;
        match news {
            PlayerNews::Wants { key, first } => {
                playback.wants.send_replace(Some((key, first)));
            }
            PlayerNews::At { millis, state, .. } => {
                let position = millis;
                let told = match state {
                    // Who paused it knows.
                    PlaybackState::Paused => return,
                    PlaybackState::Waiting => PlaybackFact::Waiting { position },
                    PlaybackState::Playing => PlaybackFact::Playing { position },
                    PlaybackState::Ended => PlaybackFact::Ended { position },
                };
                self.playback_told(leg, told);
            }
        }
    }

    /// The speaker is gone: what was played there is not heard any more.
    pub(crate) fn playback_lost(&mut self, role: DeviceRole, code: Code) {
        if role == DeviceRole::Speaker
            && let Some(playback) = self.playback.as_ref().filter(|it| it.player.is_some())
        {
            let leg = playback.leg;
            self.close_playback();
            self.playback_told(leg, PlaybackFact::Failed(code));
        }
    }

    fn playback_told(&mut self, leg: LegId, told: PlaybackFact) {
        self.facts.push_back(Fact::Playback { leg, told });
    }
}

/// Fetches the beginning, then whatever the player asks for, the newest wish first.
async fn fetch(
    session: Session,
    leg: LegId,
    media: Media,
    mut wanted: watch::Receiver<Option<(PlaybackKey, u64)>>,
    told: Teller,
) {
    let tell = async |fetched| told.tell(SessionReport::Recording(leg, fetched)).await;
    let failed = |error: CloudError| {
        warn!(%leg, %error, "A recording cannot be had");
        Fetched::Failed(error.code)
    };
    let beginning = match session.recording(leg, 0..WavHead::ENOUGH).await {
        Ok(beginning) => beginning,
        Err(error) => return tell(failed(error)).await,
    };
    let Some(head) = WavHead::read(&beginning) else {
        warn!(%leg, "A recording is none that can be played");
        return tell(Fetched::Failed(Code::MediaFailed)).await;
    };
    tell(Fetched::Head(head)).await;
    while wanted.changed().await.is_ok() {
        let Some((key, first)) = *wanted.borrow_and_update() else {
            continue;
        };
        let range = head.bytes(first, head.samples(PIECE));
        debug!(%leg, ?range, "A piece of a recording");
        match session.recording(leg, range).await {
            Ok(piece) => media.feed_playback(key, first, head.mono(&piece)),
            Err(error) => return tell(failed(error)).await,
        }
    }
}
