//! The phone's door to the other sides, and what each of them is told through it.

use std::collections::BTreeMap;

use offhook_desk::{SessionView, View};
use offhook_model::LegId;
use offhook_phone::{IncomingNotification, Levels, Shell};
use serde_json::json;
use tokio::sync::watch;

use crate::rpc;

type Ringing = BTreeMap<LegId, IncomingNotification>;

/// What the phone shows, for everybody who looks. Never waits, and holds nothing but the newest.
#[derive(Debug)]
pub(crate) struct Door {
    view: watch::Sender<Option<View>>,
    levels: watch::Sender<Option<Levels>>,
    /// The notifications that stand.
    ringing: watch::Sender<Ringing>,
}

impl Door {
    pub(crate) fn new() -> Self {
        Self {
            view: watch::Sender::new(None),
            levels: watch::Sender::new(None),
            ringing: watch::Sender::new(Ringing::new()),
        }
    }

    /// What one other side is told from now on, beginning with what is so.
    pub(crate) fn news(&self) -> News {
        let mut news = News {
            view: self.view.subscribe(),
            levels: self.levels.subscribe(),
            ringing: self.ringing.subscribe(),
            told: Ringing::new(),
        };
        news.view.mark_changed();
        news.ringing.mark_changed();
        news
    }

    /// Waits until somebody is signed in (true), or a try has failed.
    pub(crate) async fn signed_in(&self) -> bool {
        let mut views = self.view.subscribe();
        let settled = views.wait_for(|view| {
            view.as_ref().is_some_and(|view| match view.session {
                SessionView::SignedOut { error } => error.is_some(),
                SessionView::SigningIn => false,
                SessionView::SignedIn { .. } | SessionView::Offline { .. } => true,
            })
        });
        settled.await.is_ok_and(|view| {
            view.as_ref()
                .is_some_and(|view| matches!(view.session, SessionView::SignedIn { .. }))
        })
    }
}

impl Shell for Door {
    fn publish(&self, view: &View) {
        self.view.send_replace(Some(view.clone()));
    }

    fn levels(&self, levels: Levels) {
        self.levels.send_replace(Some(levels));
    }

    fn notify(&self, notification: IncomingNotification) {
        self.ringing
            .send_modify(|ringing| drop(ringing.insert(notification.leg, notification)));
    }

    fn withdraw(&self, leg: LegId) {
        self.ringing
            .send_modify(|ringing| drop(ringing.remove(&leg)));
    }
}

/// What one other side has not been told yet. Of views, levels and notifications the newest counts, so a reader who sleeps
/// costs nothing.
#[derive(Debug)]
pub(crate) struct News {
    view: watch::Receiver<Option<View>>,
    levels: watch::Receiver<Option<Levels>>,
    ringing: watch::Receiver<Ringing>,
    /// The notifications that the other side believes to stand.
    told: Ringing,
}

impl News {
    /// Waits for the next thing to say; nothing once the phone is gone. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(said) = self.rings() {
                return Some(said);
            }
            // In this order, so that the view that comes after a notification is the newest.
            tokio::select! {
                biased;
                Ok(()) = self.ringing.changed() => {}
                Ok(()) = self.view.changed() => {
                    if let Some(view) = &*self.view.borrow_and_update() {
                        return Some(rpc::notification("desk-changed", view));
                    }
                }
                Ok(()) = self.levels.changed() => {
                    if let Some(levels) = &*self.levels.borrow_and_update() {
                        return Some(rpc::notification("levels", levels));
                    }
                }
                else => return None,
            }
        }
    }

    /// The next step from what was told to what stands.
    fn rings(&mut self) -> Option<String> {
        let ringing = self.ringing.borrow_and_update();
        let gone = self.told.keys().find(|leg| !ringing.contains_key(leg));
        if let Some(leg) = gone.copied() {
            self.told.remove(&leg);
            return Some(rpc::notification("withdraw", &json!({ "leg": leg })));
        }
        let (leg, notification) = ringing
            .iter()
            .find(|(leg, notification)| self.told.get(leg) != Some(notification))?;
        self.told.insert(*leg, notification.clone());
        Some(rpc::notification("notify", notification))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use offhook_model::{Random, Wall};
    use serde_json::Value;

    fn notification(n: u64) -> IncomingNotification {
        IncomingNotification {
            leg: LegId::mint(Wall(1), &mut Random::seeded(n)),
            number: None,
            name: None,
            skill_group: None,
        }
    }

    async fn method(news: &mut News) -> String {
        let said: Value = serde_json::from_str(&news.next().await.expect("news")).expect("JSON");
        said["method"].as_str().expect("a method").to_owned()
    }

    #[tokio::test]
    async fn who_sleeps_is_told_what_stands_and_not_what_stood() {
        let door = Door::new();
        let (mut awake, mut asleep) = (door.news(), door.news());
        let (first, second) = (notification(1), notification(2));
        door.notify(first.clone());
        assert_eq!(method(&mut awake).await, "notify");
        door.withdraw(first.leg);
        door.notify(second.clone());
        assert_eq!(method(&mut awake).await, "withdraw");
        assert_eq!(method(&mut awake).await, "notify");
        // Of the first the one who slept hears nothing.
        let said = asleep.next().await.expect("news");
        assert!(said.contains(&second.leg.to_string()), "{said}");
        // Who comes later is told what stands.
        assert_eq!(method(&mut door.news()).await, "notify");
        door.withdraw(second.leg);
        assert_eq!(method(&mut asleep).await, "withdraw");
        drop(door);
        assert_eq!(asleep.next().await, None);
    }

    #[tokio::test]
    async fn levels_before_the_first_look_are_over() {
        let door = Door::new();
        let levels = |mic_dbfs| Levels {
            mic_dbfs,
            far_dbfs: -100.0,
        };
        door.levels(levels(-50.0));
        let mut news = door.news();
        door.levels(levels(-40.0));
        door.levels(levels(-30.0));
        let said = news.next().await.expect("news");
        assert!(said.contains("-30"), "{said}");
    }
}
