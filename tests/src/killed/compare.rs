//! What must be there when everybody has come back: in the phone, at the centre, and at the end in both databases.

use super::{
    campaign::{AGENT, Campaign, PATIENCE},
    journal::{Killed, Submitted, Written},
};
use crate::{centre::PASSWORD, place::eventually};
use anyhow::{Context, Result, ensure};
use offhook_desk::{LinkView, NoticeKind, SavedState, View};
use offhook_model::{Code, FormValues, Secret, WrapUpId, api::WrapUpStored};
use offhook_store::{KeyRing, Store};
use serde_json::json;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{collections::BTreeSet, time::Duration};

/// A form that the centre has.
#[derive(Debug)]
pub(super) struct Filed {
    stored: WrapUpStored,
    key: String,
}

impl Campaign {
    /// Waits until nothing is under way, and nothing has gone wrong.
    pub(super) async fn settled(&mut self) -> Result<View> {
        let phone = self.phone()?;
        let view = phone
            .until_within("everything to be where it belongs", PATIENCE, |view| {
                let up = view.links.sip == LinkView::Up && view.links.api == LinkView::Up;
                let all = view.wrap_ups.iter().all(|form| match form.saved {
                    SavedState::Blank
                    | SavedState::Saved { .. }
                    | SavedState::Synced { .. }
                    | SavedState::Kept { .. }
                    | SavedState::Refused { .. }
                    | SavedState::SaveFailed { .. } => true,
                    SavedState::Unsaved | SavedState::Submitting | SavedState::Waiting { .. } => {
                        false
                    }
                });
                (up && all).then(|| view.clone())
            })
            .await?;
        for form in &view.wrap_ups {
            let wrong = matches!(
                form.saved,
                SavedState::Refused { .. } | SavedState::SaveFailed { .. }
            );
            ensure!(!wrong, "{} is {:?}", form.id, form.saved);
        }
        for notice in &view.notices {
            // No keyring is there, and each new profile is told so once.
            let wrong = matches!(notice.about, NoticeKind::Failed { code } if code != Code::KeyringUnavailable);
            ensure!(!wrong, "the agent is told: {:?}", notice.about);
        }
        Ok(view)
    }

    /// Reads a form as the interface does; nothing where the phone has none of this id.
    pub(super) async fn reads(&mut self, wrap_up: WrapUpId) -> Result<Option<FormValues>> {
        let query = json!({ "kind": "draft", "wrap_up": wrap_up });
        let answer = self.phone()?.ask("query", query).await?;
        let values = answer.pointer("/draft/values").cloned();
        Ok(values.map(serde_json::from_value).transpose()?)
    }

    /// Looks at the centre for a form that was submitted: nothing, or just what was written, once.
    pub(super) async fn file(&mut self, form: &Written) -> Result<bool> {
        let wrap_up = form.wrap_up;
        let of_call = eventually("the centre to answer", PATIENCE, async || {
            self.world.administrator.wrap_ups_of(form.call).await
        })
        .await?;
        let [stored] = &of_call[..] else {
            ensure!(of_call.is_empty(), "{} wrap-ups of a call", of_call.len());
            return Ok(false);
        };
        ensure!(stored.wrap_up == wrap_up, "another form has its call");
        ensure!(
            stored.body.values == form.values(),
            "{wrap_up} has another text at the centre"
        );
        let passages = self.gate.passages(wrap_up);
        let first = passages.first().context("it came through the gate")?;
        let key = first.sent.header("idempotency-key").context("a key")?;
        for again in &passages {
            ensure!(
                again.sent.header("idempotency-key") == Some(key),
                "{wrap_up} was sent with two keys"
            );
            let whole = again.forwarded.is_some() && first.forwarded.is_some();
            ensure!(
                !whole || again.sent.body == first.sent.body,
                "{wrap_up} was sent with two bodies"
            );
            if let Some((_, answer)) = &again.answered {
                let received = stored.received_at.0.to_string();
                let answer = String::from_utf8_lossy(answer);
                ensure!(
                    answer.starts_with("HTTP/1.1 2") && answer.contains(&received),
                    "{wrap_up} was received twice: {answer}"
                );
            }
        }
        self.filed.push(Filed {
            stored: stored.clone(),
            key: key.to_owned(),
        });
        Ok(true)
    }

    /// Compares what the phone and the centre have with what was written, and gives the age of the oldest keystroke that is
    /// missing.
    pub(super) async fn compared(
        &mut self,
        view: &View,
        killed: Option<Killed>,
    ) -> Result<Duration> {
        let mut listed = BTreeSet::new();
        for form in &view.wrap_ups {
            ensure!(listed.insert(form.id), "{} is listed twice", form.id);
        }
        let mut oldest = Duration::ZERO;
        let mut goes_on = Vec::new();
        for mut form in std::mem::take(&mut self.open) {
            let wrap_up = form.wrap_up;
            let is_open = view.wrap_ups.iter().any(|shown| {
                shown.id == wrap_up && !matches!(shown.saved, SavedState::Synced { .. })
            });
            if form.submitted != Submitted::No && self.file(&form).await? {
                ensure!(!is_open, "{wrap_up} is at the centre and still open");
                continue;
            }
            ensure!(
                form.submitted != Submitted::Told,
                "{wrap_up} was said to be on its way and is nowhere"
            );
            let found = self.reads(wrap_up).await?;
            ensure!(
                found.is_some() == is_open,
                "{wrap_up} is open and not listed"
            );
            oldest = oldest.max(form.lost(found.as_ref(), killed)?);
            if let Some(found) = found {
                listed.remove(&wrap_up);
                form.stands(found);
                goes_on.push(form);
            }
        }
        self.open = goes_on;
        let strange = view.wrap_ups.iter().find(|shown| {
            listed.contains(&shown.id) && !matches!(shown.saved, SavedState::Synced { .. })
        });
        ensure!(
            strange.is_none(),
            "{AGENT} has a form that nobody opened: {strange:?}"
        );
        Ok(oldest)
    }

    /// Counts the wrap-ups in the centre's database.
    pub(super) async fn wrap_ups_on_record(&self) -> Result<i64> {
        let mut books = self.books().await?;
        let rows = sqlx::query_scalar("SELECT count(*) FROM wrap_ups");
        Ok(rows.fetch_one(&mut books).await?)
    }

    /// Ends it, and looks once more at everything that was filed, at the centre's own books and at the store.
    ///
    /// # Errors
    /// Something is not as it was, or not there once.
    pub async fn finish(mut self) -> Result<()> {
        for filed in &self.filed {
            let wrap_up = filed.stored.wrap_up;
            let stored = self.world.administrator.wrap_up(wrap_up).await?;
            ensure!(stored == filed.stored, "{wrap_up} has changed");
        }
        if let Some(phone) = self.phone.take() {
            phone.leave().await?;
        }
        self.world.centre.crash()?;
        self.kept_once().await.context("The centre's database")?;
        let store = Store::open_with(&self.profile, KeyRing::Absent).await?;
        let agent = format!("{AGENT}@{}", self.gate.base);
        store
            .unlock_with_password(&agent, &Secret::new(PASSWORD))
            .await?;
        store.check().await.context("The phone's store")?;
        let waiting = store.outbox().await?.len();
        ensure!(waiting == 0, "{waiting} forms still wait");
        ensure!(
            store.drafts().await?.len() <= self.open.len(),
            "the store has drafts that nobody wrote"
        );
        store.close().await;
        Ok(())
    }

    async fn books(&self) -> Result<SqliteConnection> {
        let file = self.world.centre.data().join("centre.sqlite3");
        let options = SqliteConnectOptions::new().filename(file);
        Ok(SqliteConnection::connect_with(&options).await?)
    }

    /// Reads the centre's database: whole, and for each form one row and one key.
    async fn kept_once(&self) -> Result<()> {
        let mut books = self.books().await?;
        let check: String = sqlx::query_scalar("PRAGMA integrity_check")
            .fetch_one(&mut books)
            .await?;
        ensure!(check == "ok", "{check}");
        let written = self.wrap_ups_on_record().await? - self.sample;
        ensure!(
            usize::try_from(written)? == self.filed.len(),
            "{written} wrap-ups for {}",
            self.filed.len()
        );
        for filed in &self.filed {
            let wrap_up = filed.stored.wrap_up;
            let keys: Vec<String> = sqlx::query_scalar(
                "SELECT key FROM idempotency WHERE answer LIKE '%' || $1 || '%'",
            )
            .bind(wrap_up.to_string())
            .fetch_all(&mut books)
            .await?;
            ensure!(
                keys == [filed.key.clone()],
                "{} keys of {wrap_up}",
                keys.len()
            );
        }
        books.close().await?;
        Ok(())
    }
}
