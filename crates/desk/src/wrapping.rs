//! The wrap-up as an activity: from the end of a call until Start answering, or until the centre's limit (ACCEPTANCE 97).

use crate::{Desk, Effect, NoticeKind, presence::PresenceRecord};
use offhook_model::{Activity, Code, Now, Wall};
use std::time::Duration;

/// How much sooner than this clock says the limit may be over at the centre.
const CLOCKS_APART: Duration = Duration::from_secs(2);

/// Whether the agent is in one.
///
/// ```text
///        a call ends               Start answering confirmed, or told free
/// Over ──────────────▶ Open, Until ───────────────────────────────────────▶ Over
///                           │  ▲
///                           └──┘ told, extended
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrapping {
    /// No.
    Over,
    /// For as long as the agent wants.
    Open,
    /// The centre ends it then. This phone only shows it.
    Until(Wall),
}

impl Desk {
    pub(crate) fn is_wrapping(&self) -> bool {
        self.wrapping != Wrapping::Over
    }

    /// When the wrap-up the agent is in ends by itself.
    pub(crate) fn wrap_up_until(&self) -> Option<Wall> {
        match (self.activity(), self.wrapping) {
            (Activity::WrapUp, Wrapping::Until(until)) => Some(until),
            (Activity::WrapUp, Wrapping::Open | Wrapping::Over)
            | (
                Activity::Free
                | Activity::Ringing
                | Activity::Dialling
                | Activity::Talking
                | Activity::Consulting,
                _,
            ) => None,
        }
    }

    /// Until the centre says more precisely, its limit counts from here.
    pub(crate) fn begin_wrap_up(&mut self, now: Now) {
        self.wrapping = self.wrap_up_limit.map_or(Wrapping::Open, |limit| {
            Wrapping::Until(now.wall.plus(limit))
        });
    }

    /// The centre's activity decides only what this phone cannot know: whether a wrap-up is still open there.
    pub(crate) fn activity_told(&mut self, now: Now, activity: Activity, until: Option<Wall>) {
        if !self.calls.is_empty() {
            return;
        }
        match activity {
            Activity::WrapUp if self.is_starting() => self.wrapping = Wrapping::Over,
            Activity::WrapUp => {
                self.wrapping = until.map_or(Wrapping::Open, |until| self.ends(now, until));
            }
            Activity::Free => self.free(now),
            Activity::Ringing | Activity::Dialling | Activity::Talking | Activity::Consulting => {}
        }
    }

    /// Asks for more time.
    pub(crate) fn extend_wrap_up(&mut self, now: Now) {
        if self.wrap_up_until().is_some() && !self.is_starting() {
            self.effects.push_back(Effect::ExtendWrapUp);
        } else {
            self.refuse(now, Code::NotNow);
        }
    }

    /// The answer, which the event stream may have overtaken.
    pub(crate) fn wrap_up_extended(&mut self, now: Now, until: Wall) {
        if self.wrap_up_until().is_some() {
            self.wrapping = self.ends(now, until);
        }
    }

    /// A call out of a queue says by itself that the centre has freed the agent, and may come before the word of it does: the
    /// answer to Start answering, or that the limit is over.
    pub(crate) fn freed_by_offer(&mut self, now: Now) {
        let started = self
            .presence
            .as_mut()
            .is_some_and(PresenceRecord::started_by_offer);
        if started {
            self.wrapping = Wrapping::Over;
        } else if self.is_due(now) {
            self.free(now);
        }
    }

    /// The centre has freed the agent.
    fn free(&mut self, now: Now) {
        if self.is_due(now) && !self.is_starting() {
            self.notice(now, NoticeKind::WrapUpOver);
        }
        self.wrapping = Wrapping::Over;
        self.check_out_if_queued();
    }

    fn is_due(&self, now: Now) -> bool {
        self.wrap_up_until()
            .is_some_and(|until| until <= now.wall.plus(CLOCKS_APART))
    }

    /// A clock that is behind the centre's would promise more than there is.
    fn ends(&self, now: Now, until: Wall) -> Wrapping {
        let most = self.wrap_up_limit.map(|limit| now.wall.plus(limit));
        Wrapping::Until(most.map_or(until, |most| until.min(most)))
    }

    fn is_starting(&self) -> bool {
        self.presence
            .as_ref()
            .is_some_and(PresenceRecord::is_starting)
    }
}
