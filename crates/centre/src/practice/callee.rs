//! One number outside that an agent of the centre dialled.

use super::behaviour::{Behaviour, CalleeScript};
use super::exchange::Act;
use super::sound::Sound;
use super::{PATIENCE, PracticeCall, Stage, Word, at, word};
use crate::clock;
use offhook_audio::StreamConfig;
use offhook_sip::endpoint::Event;
use offhook_sip::{CallKey, Status};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(super) struct Callee {
    pub(super) script: CalleeScript,
    pub(super) voice: PathBuf,
    pub(super) call: CallKey,
    pub(super) offer: Vec<u8>,
    pub(super) local: IpAddr,
    pub(super) acts: mpsc::Sender<Act>,
    pub(super) events: mpsc::Receiver<Event>,
    pub(super) told: watch::Sender<PracticeCall>,
    pub(super) inbox: mpsc::Receiver<Word>,
    pub(super) closing: CancellationToken,
}

impl Callee {
    pub(super) async fn run(mut self) {
        let mut sound = None;
        let cause = self.live(&mut sound).await;
        if let Some(sound) = sound {
            sound.close().await;
        }
        self.told.send_modify(|state| {
            state.stage = Stage::Ended;
            state.ended_at = Some(clock::wall());
            state.ended = Some(cause);
        });
    }

    /// The call from the INVITE to its end; says how it ended.
    async fn live(&mut self, sound: &mut Option<Sound>) -> String {
        let behaviour = self.script.behaviour;
        let millis = self
            .script
            .answer_after_ms
            .unwrap_or_else(|| behaviour.answers_after());
        let answers_at = Some(Instant::now() + Duration::from_millis(millis));
        let call = self.call;
        match behaviour {
            Behaviour::Busy => return self.refuse(Status::BUSY_HERE).await,
            Behaviour::Invalid => return self.refuse(Status::NOT_FOUND).await,
            Behaviour::NeverAnswers => {
                self.progress(Status::RINGING, None).await;
                return self.wait(None, sound).await.unwrap_or_default();
            }
            Behaviour::Rejects => {
                self.progress(Status::RINGING, None).await;
                return match self.wait(answers_at, sound).await {
                    Some(cause) => cause,
                    None => self.refuse(Status::DECLINE).await,
                };
            }
            Behaviour::Answers | Behaviour::Ivr | Behaviour::EarlyMedia => {}
        }
        let (answer, stream) = match self.open(sound) {
            Ok(ready) => ready,
            Err(status) => return self.refuse(status).await,
        };
        if behaviour == Behaviour::EarlyMedia {
            let early = Some(answer.clone());
            self.progress(Status::SESSION_PROGRESS, early).await;
            start(sound, stream.clone());
        } else {
            self.progress(Status::RINGING, None).await;
        }
        if let Some(cause) = self.wait(answers_at, sound).await {
            return cause;
        }
        self.act(Act::Answer { call, sdp: answer }).await;
        if behaviour != Behaviour::EarlyMedia {
            start(sound, stream);
        }
        self.told.send_modify(|state| {
            state.stage = Stage::Connected;
            state.connected_at = Some(clock::wall());
        });
        let hangs_up_at = self
            .script
            .hang_up_after_ms
            .map(|millis| Instant::now() + Duration::from_millis(millis));
        match self.wait(hangs_up_at, sound).await {
            Some(cause) => cause,
            None => {
                self.act(Act::HangUp { call }).await;
                "hung_up".to_owned()
            }
        }
    }

    fn open(&self, sound: &mut Option<Sound>) -> Result<(Vec<u8>, StreamConfig), Status> {
        let told = self.told.clone();
        let opened = Sound::open(
            self.voice.clone(),
            self.script.record.clone(),
            self.local,
            told,
        )
        .map_err(|error| {
            tracing::warn!(%error, "A practice phone was not set up");
            Status::SERVER_ERROR
        })?;
        let opened = sound.insert(opened);
        opened
            .answer(&self.offer)
            .ok_or(Status::NOT_ACCEPTABLE_HERE)
    }

    /// Lives on until a moment; how the call ended, if it ended before.
    async fn wait(&mut self, until: Option<Instant>, sound: &mut Option<Sound>) -> Option<String> {
        let mut leave_at = None;
        let call = self.call;
        loop {
            tokio::select! {
                event = self.events.recv() => match event {
                    Some(Event::Ended { cause, .. }) => return Some(word(&cause)),
                    Some(Event::Reoffer { sdp, .. }) => {
                        let answer = sound
                            .as_mut()
                            .and_then(|sound| sound.answer_again(sdp.as_deref()))
                            .ok_or(Status::NOT_ACCEPTABLE_HERE);
                        self.act(Act::AnswerReoffer { call, answer }).await;
                    }
                    Some(_) => {}
                    None => return Some("the phone has gone".to_owned()),
                },
                Some(told) = self.inbox.recv() => match told {
                    Word::HangUp => {
                        self.act(Act::HangUp { call }).await;
                        leave_at = Some(Instant::now() + PATIENCE);
                    }
                    Word::Mute(muted) => {
                        if let Some(sound) = sound {
                            sound.set_muted(muted);
                        }
                    }
                },
                () = self.closing.cancelled(), if leave_at.is_none() => {
                    self.act(Act::HangUp { call }).await;
                    leave_at = Some(Instant::now() + PATIENCE);
                }
                () = at(until), if leave_at.is_none() => return None,
                () = at(leave_at) => return Some("hung_up".to_owned()),
            }
        }
    }

    async fn progress(&self, status: Status, sdp: Option<Vec<u8>>) {
        let call = self.call;
        self.act(Act::Progress { call, status, sdp }).await;
    }

    async fn refuse(&self, status: Status) -> String {
        let call = self.call;
        self.act(Act::Refuse { call, status }).await;
        format!("refused {}", status.0)
    }

    async fn act(&self, act: Act) {
        // An exchange that has gone has no calls any more.
        self.acts.send(act).await.ok();
    }
}

fn start(sound: &Option<Sound>, stream: StreamConfig) {
    if let Some(sound) = sound {
        sound.start(stream);
    }
}
