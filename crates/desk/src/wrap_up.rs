//! Wrap-ups: typed, saved, submitted, synced. Nothing typed is ever dropped here.

use crate::{
    Desk, Draft, Effect, Filed, FiledItem, InOutbox, NoticeKind, RestoredWrapUp, SavedState,
};
use offhook_model::{
    CallerMatch, Code, CustomerName, FieldId, FieldValue, LegOutcome, Mono, Now, Presence, Wall,
    WrapUpId,
};
use std::time::Duration;

/// How long a keystroke waits for those behind it. A crash may cost 300 ms of typing, and the disk has its share of them.
const TYPING_PAUSE: Duration = Duration::from_millis(100);
/// How long after a failed save the next is tried.
const SAVE_AGAIN: Duration = Duration::from_secs(5);

/// One after-call form.
#[derive(Debug, Clone)]
pub(crate) struct WrapUp {
    pub(crate) draft: Draft,
    pub(crate) caller: CallerMatch,
    /// All who have the number, where several do.
    pub(crate) candidates: Vec<CustomerName>,
    /// What was filed beside it.
    pub(crate) filed: Vec<FiledItem>,
    pub(crate) saving: Saving,
    /// When the draft must go to the disk.
    save_at: Option<Mono>,
    /// The newest edit that the store was asked to keep and has not answered for.
    asked: Option<u64>,
    /// The newest edit on the disk, and since when.
    saved: Option<(u64, Wall)>,
    save_failed: Option<Code>,
}

/// Where a form is on its way to the centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Saving {
    /// Being written.
    Open,
    /// The store was asked to submit it; afterwards the agent is freed with this presence.
    Submitting {
        /// What Start answering asks for.
        then: Option<Presence>,
    },
    /// In the outbox.
    Waiting {
        /// Since when.
        since: Wall,
        /// Why the last try failed.
        error: Option<Code>,
    },
    /// At the centre.
    Synced {
        /// Since when.
        at: Wall,
    },
    /// On this computer for good: there is no centre.
    Kept {
        /// Since when.
        at: Wall,
    },
    /// Refused for good; the text is kept and can be changed and submitted again.
    Refused {
        /// Why.
        code: Code,
    },
}

impl WrapUp {
    pub(crate) const fn open(draft: Draft) -> Self {
        Self {
            draft,
            caller: CallerMatch::Looking,
            candidates: Vec::new(),
            filed: Vec::new(),
            saving: Saving::Open,
            save_at: None,
            asked: None,
            saved: None,
            save_failed: None,
        }
    }

    /// Whether it can be typed in.
    pub(crate) const fn is_open(&self) -> bool {
        match self.saving {
            Saving::Open | Saving::Refused { .. } => true,
            Saving::Submitting { .. }
            | Saving::Waiting { .. }
            | Saving::Synced { .. }
            | Saving::Kept { .. } => false,
        }
    }

    /// Whether nothing of it is left to write or to send.
    pub(crate) fn is_done(&self) -> bool {
        let sent = match self.saving {
            Saving::Synced { .. } | Saving::Kept { .. } => true,
            Saving::Open
            | Saving::Submitting { .. }
            | Saving::Waiting { .. }
            | Saving::Refused { .. } => false,
        };
        sent && self.filed.iter().all(FiledItem::is_settled)
    }

    pub(crate) fn has_text(&self) -> bool {
        self.draft.values.values().any(|value| !value.is_blank())
    }

    pub(crate) const fn was_saved(&self) -> bool {
        self.saved.is_some()
    }

    /// Notes a change that the disk does not have.
    pub(crate) fn touch(&mut self, now: Now) {
        self.draft.edit += 1;
        self.save_at.get_or_insert(now.mono + TYPING_PAUSE);
    }

    /// When its next save is due: on a slow disk they do not pile up.
    pub(crate) fn save_due(&self) -> Option<Mono> {
        self.save_at.filter(|_| self.asked.is_none())
    }

    fn save(&mut self) -> Effect {
        self.save_at = None;
        self.asked = Some(self.draft.edit);
        Effect::SaveDraft(self.draft.clone())
    }

    pub(crate) fn saved_state(&self) -> SavedState {
        match self.saving {
            Saving::Open => match (self.save_failed, self.saved) {
                (Some(code), _) => SavedState::SaveFailed { code },
                (None, _) if !self.has_text() => SavedState::Blank,
                (None, Some((edit, at))) if edit == self.draft.edit => SavedState::Saved { at },
                (None, Some(_) | None) => SavedState::Unsaved,
            },
            Saving::Submitting { .. } => SavedState::Submitting,
            Saving::Waiting { since, error } => SavedState::Waiting { since, error },
            Saving::Synced { at } => SavedState::Synced { at },
            Saving::Kept { at } => SavedState::Kept { at },
            Saving::Refused { code } => SavedState::Refused { code },
        }
    }
}

impl Desk {
    pub(crate) fn edit_draft(
        &mut self,
        now: Now,
        wrap_up: WrapUpId,
        field: FieldId,
        value: FieldValue,
    ) {
        match self.wrap_up_mut(wrap_up) {
            Some(form) if form.is_open() => {
                if form.draft.values.get(&field) != Some(&value) {
                    form.draft.values.insert(field, value);
                    form.touch(now);
                }
            }
            Some(_) | None => self.refuse(now, Code::NotNow),
        }
    }

    /// A form goes to the outbox when its call is over and nothing required is blank; otherwise it stays a draft and the
    /// agent is told.
    pub(crate) fn submit(&mut self, now: Now, wrap_up: WrapUpId, then: Option<Presence>) {
        if self.calls.iter().any(|call| call.wrap_up == wrap_up) {
            return self.refuse(now, Code::NotNow);
        }
        let definition = self.form.clone();
        let Some(form) = self.wrap_up_mut(wrap_up) else {
            return self.refuse(now, Code::NotNow);
        };
        if let Saving::Submitting { .. } = form.saving {
            return;
        }
        if !form.is_open() {
            return self.refuse(now, Code::NotNow);
        }
        let fields = definition.map_or_else(Vec::new, |definition| {
            definition.missing(&form.draft.values)
        });
        if !fields.is_empty() {
            self.save_now(wrap_up);
            return self.notice(now, NoticeKind::Incomplete { wrap_up, fields });
        }
        form.saving = Saving::Submitting { then };
        form.save_at = None;
        let draft = form.draft.clone();
        self.notices.retain(|notice| !matches!(notice.about, NoticeKind::Incomplete { wrap_up: about, .. } if about == wrap_up));
        self.effects.push_back(Effect::Submit(draft));
    }

    pub(crate) fn submitted(&mut self, now: Now, wrap_up: WrapUpId) {
        let Some(form) = self.wrap_up_mut(wrap_up) else {
            return;
        };
        let Saving::Submitting { then } = form.saving else {
            return;
        };
        form.saving = Saving::Waiting {
            since: now.wall,
            error: None,
        };
        if let Some(presence) = then
            && self.is_wrapping()
        {
            self.start_answering(now, presence);
        }
    }

    pub(crate) fn not_submitted(&mut self, now: Now, wrap_up: WrapUpId, code: Code) {
        if let Some(form) = self.wrap_up_mut(wrap_up)
            && let Saving::Submitting { .. } = form.saving
        {
            form.saving = Saving::Open;
            form.save_failed = Some(code);
            form.save_at = Some(now.mono + SAVE_AGAIN);
        }
        self.refuse(now, code);
    }

    pub(crate) fn sync_delayed(&mut self, wrap_up: WrapUpId, code: Code) {
        if let Some(form) = self.wrap_up_mut(wrap_up)
            && let Saving::Waiting { error, .. } = &mut form.saving
        {
            *error = Some(code);
        }
    }

    pub(crate) fn synced(&mut self, now: Now, wrap_up: WrapUpId) {
        if let Some(form) = self.wrap_up_mut(wrap_up) {
            form.saving = Saving::Synced { at: now.wall };
            form.save_at = None;
        }
    }

    pub(crate) fn kept(&mut self, now: Now, wrap_up: WrapUpId) {
        if let Some(form) = self.wrap_up_mut(wrap_up) {
            form.saving = Saving::Kept { at: now.wall };
            form.save_at = None;
        }
    }

    pub(crate) fn sync_refused(&mut self, now: Now, wrap_up: WrapUpId, code: Code) {
        if let Some(form) = self.wrap_up_mut(wrap_up) {
            form.saving = Saving::Refused { code };
        }
        self.refuse(now, code);
    }

    pub(crate) fn draft_saved(&mut self, now: Now, wrap_up: WrapUpId, edit: u64) {
        if let Some(form) = self.wrap_up_mut(wrap_up) {
            form.save_failed = None;
            form.asked = form.asked.filter(|asked| *asked != edit);
            if form.saved.is_none_or(|(newest, _)| newest <= edit) {
                form.saved = Some((edit, now.wall));
            }
        }
    }

    /// Tells the agent once, and tries again.
    pub(crate) fn draft_not_saved(&mut self, now: Now, wrap_up: WrapUpId, code: Code) {
        let Some(form) = self.wrap_up_mut(wrap_up) else {
            return;
        };
        let told = form.save_failed == Some(code);
        form.save_failed = Some(code);
        form.asked = None;
        form.save_at = Some(now.mono + SAVE_AGAIN);
        if !told {
            self.refuse(now, code);
        }
    }

    /// Takes up what an earlier run of the program left on the disk.
    pub(crate) fn restored(&mut self, found: Vec<RestoredWrapUp>) {
        for RestoredWrapUp {
            mut draft,
            outbox,
            filed,
        } in found
        {
            if self
                .wrap_ups
                .iter()
                .any(|form| form.draft.wrap_up == draft.wrap_up)
            {
                continue;
            }
            if draft.outcome.is_none() {
                // The program ended during the call: what is known is that they talked, or did not.
                let talked = draft.answered_at.is_some();
                draft.outcome = Some(if talked {
                    LegOutcome::Connected
                } else {
                    LegOutcome::Failed
                });
            }
            // A profile that was filed after the form was submitted.
            let of_filed = filed.iter().rev().find_map(|item| match item.what {
                Filed::Customer { id } => Some(CustomerName {
                    id,
                    name: item.title.0.clone(),
                }),
                Filed::Ticket { .. } => None,
            });
            draft.customer = draft.customer.or(of_filed);
            let mut form = WrapUp::open(draft);
            form.filed = filed;
            form.caller = form
                .draft
                .customer
                .clone()
                .map_or(CallerMatch::Unknown, |customer| CallerMatch::Known {
                    customer,
                    stale: true,
                });
            match outbox {
                None => {
                    form.saved = Some((
                        form.draft.edit,
                        form.draft.ended_at.unwrap_or(form.draft.offered_at),
                    ))
                }
                Some(InOutbox::Waiting { since }) => {
                    form.saving = Saving::Waiting { since, error: None };
                }
                Some(InOutbox::Refused { code }) => form.saving = Saving::Refused { code },
                Some(InOutbox::Sent { at }) => form.saving = Saving::Synced { at },
            }
            self.wrap_ups.push(form);
        }
        self.wrap_ups.sort_by_key(|form| form.draft.offered_at);
    }

    pub(crate) fn save_due_drafts(&mut self, now: Now) {
        for form in &mut self.wrap_ups {
            if form.save_due().is_some_and(|due| due <= now.mono) {
                self.effects.push_back(form.save());
            }
        }
    }

    /// Before the session closes: whatever the disk does not have goes there.
    pub(crate) fn save_all_drafts(&mut self) {
        for form in &mut self.wrap_ups {
            if form.save_at.is_some() {
                self.effects.push_back(form.save());
            }
        }
    }

    pub(crate) fn save_now(&mut self, wrap_up: WrapUpId) {
        if let Some(form) = self
            .wrap_ups
            .iter_mut()
            .find(|form| form.draft.wrap_up == wrap_up)
        {
            form.draft.edit += 1;
            self.effects.push_back(form.save());
        }
    }

    pub(crate) fn wrap_up_mut(&mut self, wrap_up: WrapUpId) -> Option<&mut WrapUp> {
        self.wrap_ups
            .iter_mut()
            .find(|form| form.draft.wrap_up == wrap_up)
    }
}
