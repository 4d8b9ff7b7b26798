//! 呼出: calls the agent makes.

use crate::{
    CallPhase, Desk, Dial, Draft, Effect, LinkView, PauseReason, Switch, call::Call, hold::Hold,
    session::Session, wrap_up::WrapUp,
};
use offhook_model::{
    CallId, CallerMatch, Code, Direction, FormValues, LegId, Now, PhoneNumber, Presence, Typed,
    WrapUpId,
};

impl Desk {
    /// Why nothing can be dialled now. In wrap-up it can: the new call opens its own form beside (ACCEPTANCE 76).
    pub(crate) fn cannot_dial(&self) -> Option<Code> {
        let Some(presence) = &self.presence else {
            return Some(match self.session {
                Session::Offline { .. } if self.links.api == LinkView::Up => Code::SessionExpired,
                Session::Offline { why, .. } => why,
                Session::SignedOut { .. } | Session::SigningIn | Session::SignedIn { .. } => {
                    Code::NotNow
                }
            });
        };
        if self.ending.is_some() {
            return Some(Code::SessionExpired);
        }
        match presence.wanted() {
            Presence::CheckedOut => return Some(Code::NotCheckedIn),
            Presence::Ready | Presence::Break | Presence::AnswerOnMobile => {}
        }
        if !self.calls.is_empty() {
            return Some(Code::LineBusy);
        }
        match self.links.sip {
            LinkView::Up => None,
            LinkView::Connecting { error } => Some(error.unwrap_or(Code::RegistrationLost)),
            LinkView::Off => Some(Code::RegistrationLost),
        }
    }

    pub(crate) fn dial(&mut self, now: Now, number: &Typed) {
        match PhoneNumber::parse(&number.0) {
            Ok(number) => self.call_out(now, number),
            Err(_) => self.refuse(now, Code::InvalidNumber),
        }
    }

    pub(crate) fn redial(&mut self, now: Now, wrap_up: WrapUpId) {
        match self.draft(wrap_up).and_then(|draft| draft.number.clone()) {
            Some(number) => self.call_out(now, number),
            None => self.refuse(now, Code::InvalidNumber),
        }
    }

    fn call_out(&mut self, now: Now, number: PhoneNumber) {
        if let Some(code) = self.cannot_dial() {
            return self.refuse(now, code);
        }
        let call = CallId::mint(now.wall, &mut self.random);
        let leg = LegId::mint(now.wall, &mut self.random);
        let wrap_up = WrapUpId::mint(now.wall, &mut self.random);
        let caller_id = self.caller_ids.first().cloned();
        self.wrap_ups.push(WrapUp::open(Draft {
            wrap_up,
            call,
            legs: vec![leg],
            direction: Direction::Outbound,
            number: Some(number.clone()),
            customer: None,
            skill_group: None,
            offered_at: now.wall,
            answered_at: None,
            ended_at: None,
            ended_by: None,
            outcome: None,
            form_version: self.form.as_ref().map_or(0, |form| form.version),
            values: FormValues::new(),
            edit: 0,
        }));
        self.calls.push(Call {
            call,
            leg,
            number: Some(number.clone()),
            name: None,
            caller: CallerMatch::Looking,
            skill_group: None,
            direction: Direction::Outbound,
            phase: CallPhase::Dialling,
            offered_at: now.wall,
            ring: None,
            queued_since: None,
            answered_at: None,
            muted: Switch::default(),
            hold: Hold::default(),
            keyed: Typed::default(),
            heard_keys: Typed::default(),
            caller_id: caller_id.clone(),
            wrap_up,
        });
        self.pause_playback(PauseReason::Call);
        self.effects.push_back(Effect::LookUp {
            call,
            number: number.clone(),
        });
        self.effects.push_back(Effect::Dial(Dial {
            call,
            leg,
            number,
            caller_id,
        }));
    }

    pub(crate) fn alerting(&mut self, leg: LegId) {
        if let Some(call) = self.call_mut(leg)
            && call.phase == CallPhase::Dialling
        {
            call.phase = CallPhase::Alerting;
        }
    }
}
