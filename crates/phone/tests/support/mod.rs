//! A small centre for the tests, on real sockets: a registrar that can call, and an API that answers as it is told.
#![allow(
    dead_code,
    unused_imports,
    reason = "each test file uses its own part of it"
)]

mod api;
mod registrar;
mod world;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use api::Api;
pub use registrar::{Ask, Caller, Registrar};
pub use world::{NUMBER, World, caller, card, ready};

use offhook_audio::BackendConfig;
use offhook_desk::{CallPhase, CallView, Command, LinkView, NoticeKind, SessionView, View};
use offhook_model::{Code, FieldId, FieldValue, LegId, Presence, Secret, WrapUpId};
use offhook_phone::{Config, IncomingNotification, KeyRing, Levels, Phone, Shell};
use tokio::sync::watch;

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A shell that remembers.
pub struct Recorder {
    view: watch::Sender<Option<View>>,
    pub shown: watch::Sender<Vec<IncomingNotification>>,
    pub withdrawn: watch::Sender<Vec<LegId>>,
}

impl Shell for Recorder {
    fn publish(&self, view: &View) {
        self.view.send_replace(Some(view.clone()));
    }

    fn levels(&self, _levels: Levels) {}

    fn notify(&self, notification: IncomingNotification) {
        self.shown.send_modify(|shown| shown.push(notification));
    }

    fn withdraw(&self, leg: LegId) {
        self.withdrawn.send_modify(|withdrawn| withdrawn.push(leg));
    }
}

/// A phone under test.
pub struct Desk {
    pub phone: Phone,
    pub shell: Arc<Recorder>,
    views: watch::Receiver<Option<View>>,
}

impl Desk {
    pub async fn open(profile: &Path) -> Self {
        let (view, views) = watch::channel(None);
        let shell = Arc::new(Recorder {
            view,
            shown: watch::Sender::default(),
            withdrawn: watch::Sender::default(),
        });
        let config = Config {
            profile: profile.to_owned(),
            audio: BackendConfig::Null,
            roots: None,
        };
        let phone = offhook_phone::open_with(config, shell.clone(), KeyRing::Absent)
            .await
            .expect("the phone opens");
        Self {
            phone,
            shell,
            views,
        }
    }

    pub async fn send(&self, command: Command) {
        self.phone.send(command).await.expect("the phone is open");
    }

    /// Waits for a view that `is` likes.
    pub async fn until(&mut self, what: &str, is: impl Fn(&View) -> bool) -> View {
        let seen = self.views.wait_for(|view| view.as_ref().is_some_and(&is));
        match tokio::time::timeout(PATIENCE, seen).await {
            Ok(view) => view
                .expect("the phone is open")
                .clone()
                .expect("there is a view"),
            Err(_) => panic!(
                "not seen in time: {what}; the view is {:#?}",
                self.phone.view()
            ),
        }
    }

    pub async fn sign_in(&mut self, api: &Api) {
        self.sign_in_with(api, "practice").await;
    }

    pub async fn sign_in_with(&mut self, api: &Api, password: &str) {
        self.send(Command::SignIn {
            centre: api.base(),
            username: "lin".into(),
            password: Secret::new(password),
        })
        .await;
        self.until("signed in", |view| {
            matches!(view.session, SessionView::SignedIn { .. })
                && view.links.sip == LinkView::Up
                && view.presence.as_ref().is_some_and(|p| !p.unconfirmed)
        })
        .await;
        self.put_away_the_word_on_the_keyring().await;
    }

    /// A profile is told once that no keyring keeps its key: there is none here.
    async fn put_away_the_word_on_the_keyring(&mut self) {
        const TOLD: NoticeKind = NoticeKind::Failed {
            code: Code::KeyringUnavailable,
        };
        let notices = self.phone.view().notices;
        if let Some(told) = notices.iter().find(|notice| notice.about == TOLD) {
            let notice = told.id;
            self.send(Command::DismissNotice { notice }).await;
            self.until("no word on the keyring", |view| {
                view.notices.iter().all(|notice| notice.about != TOLD)
            })
            .await;
        }
    }

    /// Types the whole summary of a form.
    pub async fn write(&self, wrap_up: WrapUpId, text: &str) {
        self.send(Command::EditDraft {
            wrap_up,
            field: FieldId::from("summary"),
            value: FieldValue::Text(text.into()),
        })
        .await;
    }

    pub async fn check_in(&mut self) {
        self.send(Command::CheckIn).await;
        self.until("checked in", |view| {
            view.presence
                .as_ref()
                .is_some_and(|p| p.confirmed.presence == Presence::Ready)
        })
        .await;
    }

    pub async fn until_offered(&mut self) -> CallView {
        let view = self
            .until("offered", |view| {
                view.calls
                    .first()
                    .is_some_and(|call| call.phase == CallPhase::Offered)
            })
            .await;
        view.calls[0].clone()
    }

    pub async fn until_live(&mut self) -> CallView {
        let view = self
            .until("live", |view| {
                view.calls
                    .first()
                    .is_some_and(|call| call.phase == CallPhase::Live)
            })
            .await;
        view.calls[0].clone()
    }
}

/// Waits until `is` is true of what a channel holds.
pub async fn eventually<T: Clone>(
    what: &str,
    channel: &watch::Sender<T>,
    is: impl FnMut(&T) -> bool,
) -> T {
    let mut receiver = channel.subscribe();
    let seen = receiver.wait_for(is);
    match tokio::time::timeout(PATIENCE, seen).await {
        Ok(value) => value.expect("the sender is held").clone(),
        Err(_) => panic!("not seen in time: {what}"),
    }
}
