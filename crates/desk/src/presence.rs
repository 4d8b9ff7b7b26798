//! Presence: what the agent wants, what the centre has on record, and Start answering.

use crate::{Desk, Effect, NoticeKind, PresenceView, wrapping::Wrapping};
use offhook_model::{Activity, Code, Now, Presence, PresenceReason, PresenceState};

/// Presence as wanted and as on record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PresenceRecord {
    wanted: Presence,
    /// The newest wish that the centre has not confirmed.
    asked: Option<Presence>,
    confirmed: PresenceState,
    check_out_queued: bool,
    /// Start answering was asked for with this presence, and the centre has not answered.
    starting: Option<Presence>,
}

impl PresenceRecord {
    pub(crate) const fn told(confirmed: PresenceState) -> Self {
        Self {
            wanted: confirmed.presence,
            asked: None,
            confirmed,
            check_out_queued: false,
            starting: None,
        }
    }

    pub(crate) const fn view(&self, event_stream: bool) -> PresenceView {
        PresenceView {
            wanted: self.wanted,
            confirmed: self.confirmed,
            unconfirmed: !event_stream,
            check_out_queued: self.check_out_queued,
        }
    }

    pub(crate) const fn wanted(&self) -> Presence {
        self.wanted
    }

    pub(crate) const fn is_starting(&self) -> bool {
        self.starting.is_some()
    }

    /// Takes a call out of a queue for the answer to Start answering, where that was asked for.
    pub(crate) fn started_by_offer(&mut self) -> bool {
        match self.starting {
            Some(Presence::Ready | Presence::AnswerOnMobile) => {
                self.starting = None;
                true
            }
            Some(Presence::Break | Presence::CheckedOut) | None => false,
        }
    }
}

impl Desk {
    pub(crate) fn check_in(&mut self, now: Now) {
        match self.presence.as_ref().map(|presence| presence.wanted) {
            Some(Presence::CheckedOut) => self.ask_presence(Presence::Ready),
            Some(Presence::Ready | Presence::Break | Presence::AnswerOnMobile) => {}
            None => self.refuse(now, Code::NotNow),
        }
    }

    /// At once when the agent is free, else when the call and its wrap-up are over.
    pub(crate) fn check_out(&mut self, now: Now) {
        let free = self.activity() == Activity::Free;
        match &mut self.presence {
            None => self.refuse(now, Code::NotNow),
            Some(presence) if presence.wanted == Presence::CheckedOut => {}
            Some(_) if free => self.ask_presence(Presence::CheckedOut),
            Some(presence) => presence.check_out_queued = true,
        }
    }

    pub(crate) fn cancel_check_out(&mut self) {
        if let Some(presence) = &mut self.presence {
            presence.check_out_queued = false;
        }
    }

    pub(crate) fn set_presence(&mut self, now: Now, wanted: Presence) {
        let Some(presence) = &self.presence else {
            return self.refuse(now, Code::NotNow);
        };
        match wanted {
            Presence::CheckedOut => self.check_out(now),
            Presence::Ready | Presence::Break if presence.wanted == wanted => {}
            Presence::Ready | Presence::Break if presence.wanted != Presence::CheckedOut => {
                self.ask_presence(wanted)
            }
            Presence::Ready | Presence::Break | Presence::AnswerOnMobile => {
                self.refuse(now, Code::NotNow)
            }
        }
    }

    fn ask_presence(&mut self, wanted: Presence) {
        if let Some(presence) = &mut self.presence {
            presence.wanted = wanted;
            presence.asked = Some(wanted);
            self.effects.push_back(Effect::SetPresence(wanted));
        }
    }

    /// The centre's word; an older one than we have is ignored, in whatever order they come.
    pub(crate) fn presence_told(&mut self, now: Now, state: PresenceState) {
        let Some(presence) = &mut self.presence else {
            return;
        };
        if state.revision < presence.confirmed.revision {
            return;
        }
        let news = state.revision > presence.confirmed.revision;
        presence.confirmed = state;
        // Neither what is told once more, at the start of the event stream, nor the answer to an earlier wish undoes what has
        // just been asked for.
        let earlier = state.reason == PresenceReason::ByHand
            && presence.asked.is_some_and(|asked| asked != state.presence);
        if news && !earlier {
            presence.wanted = state.presence;
            presence.asked = None;
        }
        let started = presence.starting == Some(state.presence);
        if started {
            presence.starting = None;
            self.wrapping = Wrapping::Over;
        }
        if news {
            self.notices
                .retain(|notice| !matches!(notice.about, NoticeKind::PresenceChanged { .. }));
            if !chosen_by_the_agent(state.reason) {
                self.notice(now, NoticeKind::PresenceChanged { state });
            }
        }
        self.check_out_if_queued();
    }

    pub(crate) fn presence_refused(&mut self, now: Now, code: Code) {
        if let Some(presence) = &mut self.presence {
            presence.wanted = presence.confirmed.presence;
            presence.asked = None;
            presence.starting = None;
        }
        self.refuse(now, code);
    }

    /// Frees the agent. A queued check-out goes by way of Break, so that no call slips in between.
    pub(crate) fn start_answering(&mut self, now: Now, wanted: Presence) {
        if !self.is_wrapping() || !self.calls.is_empty() {
            return self.refuse(now, Code::NotNow);
        }
        let Some(presence) = &mut self.presence else {
            return self.refuse(now, Code::NotNow);
        };
        let wanted = match wanted {
            Presence::CheckedOut => return self.refuse(now, Code::NotNow),
            Presence::Ready | Presence::Break | Presence::AnswerOnMobile
                if presence.check_out_queued =>
            {
                Presence::Break
            }
            Presence::Ready | Presence::Break | Presence::AnswerOnMobile => wanted,
        };
        presence.starting = Some(wanted);
        presence.wanted = wanted;
        presence.asked = Some(wanted);
        self.effects.push_back(Effect::StartAnswering(wanted));
    }

    pub(crate) fn check_out_if_queued(&mut self) {
        let free = self.activity() == Activity::Free;
        if let Some(presence) = &mut self.presence
            && presence.check_out_queued
            && free
        {
            presence.check_out_queued = false;
            self.ask_presence(Presence::CheckedOut);
        }
    }
}

const fn chosen_by_the_agent(reason: PresenceReason) -> bool {
    match reason {
        PresenceReason::SignedIn | PresenceReason::ByHand => true,
        PresenceReason::RingNoAnswer
        | PresenceReason::Declined
        | PresenceReason::Asleep
        | PresenceReason::Lost
        | PresenceReason::SignedInElsewhere => false,
    }
}
