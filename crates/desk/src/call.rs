//! Calls: offered, answering, live, gone. Those we make begin in `dial`.

use crate::{
    CallPhase, Desk, Draft, Effect, EndedBy, LegEnd, NoticeKind, Offered, PauseReason, Switch,
    hold::Hold,
    wrap_up::{Saving, WrapUp},
};
use offhook_model::{
    Activity, CallId, CallerMatch, Code, Direction, FormValues, LegId, LegOutcome, LegRecord, Mono,
    Now, PhoneNumber, Presence, Text, Typed, Wall, WrapUpId,
};
use std::time::Duration;

/// How long after the centre's deadline a ring that nobody took back is let go.
const RING_GRACE: Duration = Duration::from_secs(3);

/// One call on this phone. It is dropped when its leg is over; the facts live on in its wrap-up.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) call: CallId,
    pub(crate) leg: LegId,
    pub(crate) number: Option<PhoneNumber>,
    pub(crate) name: Option<String>,
    pub(crate) caller: CallerMatch,
    pub(crate) skill_group: Option<Text>,
    pub(crate) direction: Direction,
    pub(crate) phase: CallPhase,
    pub(crate) offered_at: Wall,
    /// How long it may ring here; nothing for a call of ours.
    pub(crate) ring: Option<Ring>,
    pub(crate) queued_since: Option<Wall>,
    pub(crate) answered_at: Option<Wall>,
    pub(crate) muted: Switch,
    pub(crate) hold: Hold,
    pub(crate) keyed: Typed,
    pub(crate) heard_keys: Typed,
    pub(crate) caller_id: Option<PhoneNumber>,
    pub(crate) wrap_up: WrapUpId,
}

/// The ring time of a call that came in.
#[derive(Debug, Clone)]
pub(crate) struct Ring {
    pub(crate) answer_by: Wall,
    pub(crate) whole: Duration,
    answer_until: Mono,
    /// The ring time is over: Answer is gone, and the ring is let go soon.
    expired: bool,
    /// The centre counts the ring time and takes the call back; without it the phone's own timer does.
    centre_counts: bool,
}

impl Ring {
    fn let_go_at(&self) -> Mono {
        if self.centre_counts {
            self.answer_until + RING_GRACE
        } else {
            self.answer_until
        }
    }
}

impl Call {
    /// When something about the ring becomes due: Answer goes away, and later the ring itself.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        match (self.phase, &self.ring) {
            (CallPhase::Offered, Some(ring)) if ring.expired => Some(ring.let_go_at()),
            (CallPhase::Offered, Some(ring)) => Some(ring.answer_until),
            (CallPhase::Offered, None)
            | (
                CallPhase::Answering | CallPhase::Dialling | CallPhase::Alerting | CallPhase::Live,
                _,
            ) => None,
        }
    }

    /// Whether Answer still makes sense.
    pub(crate) fn can_be_answered(&self, now: Now) -> bool {
        self.phase == CallPhase::Offered
            && self
                .ring
                .as_ref()
                .is_some_and(|ring| !ring.expired && now.mono < ring.answer_until)
    }
}

impl Desk {
    /// What the agent is doing, as this phone sees it.
    pub(crate) fn activity(&self) -> Activity {
        match self.calls.first().map(|call| call.phase) {
            Some(CallPhase::Offered) => Activity::Ringing,
            Some(CallPhase::Dialling | CallPhase::Alerting) => Activity::Dialling,
            Some(CallPhase::Answering | CallPhase::Live) => Activity::Talking,
            None if self.is_wrapping() => Activity::WrapUp,
            None => Activity::Free,
        }
    }

    /// A call rings: pop, ring and notify, or refuse it as busy where the day has no place for it.
    pub(crate) fn offered(&mut self, now: Now, offered: Offered) {
        if self.calls.iter().any(|call| call.leg == offered.leg) {
            return;
        }
        if offered.skill_group.is_some() {
            self.freed_by_offer(now);
        }
        if !self.takes(&offered) {
            self.effects
                .push_back(Effect::RejectBusy { leg: offered.leg });
            return;
        }
        let ring = offered.ring_left.unwrap_or(self.ring);
        let wrap_up = WrapUpId::mint(now.wall, &mut self.random);
        let caller = match &offered.number {
            Some(number) => {
                self.effects.push_back(Effect::LookUp {
                    call: offered.call,
                    number: number.clone(),
                });
                CallerMatch::Looking
            }
            None => CallerMatch::Unknown,
        };
        self.wrap_ups.push(WrapUp::open(Draft {
            wrap_up,
            call: offered.call,
            legs: vec![offered.leg],
            direction: Direction::Inbound,
            number: offered.number.clone(),
            customer: None,
            skill_group: offered.skill_group.clone(),
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
            call: offered.call,
            leg: offered.leg,
            number: offered.number,
            name: offered.name,
            caller,
            skill_group: offered.skill_group,
            direction: Direction::Inbound,
            phase: CallPhase::Offered,
            offered_at: now.wall,
            ring: Some(Ring {
                answer_by: now.wall.plus(ring),
                whole: ring.max(self.ring),
                answer_until: now.mono + ring,
                expired: false,
                centre_counts: offered.ring_left.is_some(),
            }),
            queued_since: offered.queued_since,
            answered_at: None,
            muted: Switch::default(),
            hold: Hold::default(),
            keyed: Typed::default(),
            heard_keys: Typed::default(),
            caller_id: None,
            wrap_up,
        });
        self.pause_playback(PauseReason::Call);
        self.effects.push_back(Effect::Ring);
        self.effects.push_back(Effect::Notify { leg: offered.leg });
    }

    /// A queue call rings in Ready; a direct one also on Break; none beside another call or in wrap-up.
    fn takes(&self, offered: &Offered) -> bool {
        let free =
            self.is_signed_in() && self.ending.is_none() && self.activity() == Activity::Free;
        let from_queue = offered.skill_group.is_some();
        free && self
            .presence
            .as_ref()
            .is_some_and(|presence| match presence.wanted() {
                Presence::Ready | Presence::AnswerOnMobile => true,
                Presence::Break => !from_queue,
                Presence::CheckedOut => false,
            })
    }

    pub(crate) fn answer(&mut self, now: Now, leg: LegId) {
        let Some(call) = self.call_mut(leg) else {
            return self.refuse(now, Code::CallGone);
        };
        if call.can_be_answered(now) {
            call.phase = CallPhase::Answering;
            self.stop_ringing(leg);
            self.effects.push_back(Effect::Answer { leg });
        } else if call.phase == CallPhase::Offered {
            self.refuse(now, Code::CallGone);
        }
    }

    pub(crate) fn decline(&mut self, now: Now, leg: LegId) {
        match self.call_mut(leg).map(|call| call.phase) {
            Some(CallPhase::Offered) => {
                self.stop_ringing(leg);
                self.effects.push_back(Effect::Decline { leg });
                self.leave(now, leg, LegOutcome::Declined, EndedBy::Agent);
            }
            Some(
                CallPhase::Answering | CallPhase::Dialling | CallPhase::Alerting | CallPhase::Live,
            ) => self.refuse(now, Code::NotNow),
            None => self.refuse(now, Code::CallGone),
        }
    }

    /// Immediate for the agent; the network part finishes in the background. A second press finds nothing and is harmless.
    pub(crate) fn hang_up(&mut self, now: Now, leg: LegId) {
        match self.call_mut(leg).map(|call| call.phase) {
            Some(CallPhase::Offered) => self.decline(now, leg),
            Some(CallPhase::Answering) => {
                self.effects.push_back(Effect::HangUp { leg });
                self.leave(now, leg, LegOutcome::Failed, EndedBy::Agent);
            }
            Some(CallPhase::Dialling | CallPhase::Alerting) => {
                self.effects.push_back(Effect::HangUp { leg });
                self.leave(now, leg, LegOutcome::Cancelled, EndedBy::Agent);
            }
            Some(CallPhase::Live) => {
                self.effects.push_back(Effect::HangUp { leg });
                self.leave(now, leg, LegOutcome::Connected, EndedBy::Agent);
            }
            None => {}
        }
    }

    pub(crate) fn set_muted(&mut self, now: Now, leg: LegId, muted: bool) {
        match self.call_mut(leg) {
            Some(call) if call.phase == CallPhase::Live => {
                call.muted.wanted = muted;
                self.effects.push_back(Effect::SetMuted { leg, muted });
            }
            Some(_) | None => self.refuse(now, Code::NotNow),
        }
    }

    pub(crate) fn muted(&mut self, leg: LegId, muted: bool) {
        if let Some(call) = self.call_mut(leg) {
            call.muted.confirmed = muted;
        }
    }

    pub(crate) fn connected(&mut self, now: Now, leg: LegId) {
        let Some(call) = self.call_mut(leg) else {
            return;
        };
        match call.phase {
            CallPhase::Answering | CallPhase::Dialling | CallPhase::Alerting => {}
            CallPhase::Offered | CallPhase::Live => return,
        }
        call.phase = CallPhase::Live;
        call.answered_at = Some(now.wall);
        let wrap_up = call.wrap_up;
        if let Some(wrap_up) = self.wrap_up_mut(wrap_up) {
            wrap_up.draft.answered_at = Some(now.wall);
        }
        self.save_now(wrap_up);
    }

    /// The leg is over, by the far side's doing or by a failure.
    pub(crate) fn ended(&mut self, now: Now, leg: LegId, how: LegEnd) {
        let Some(phase) = self.call_mut(leg).map(|call| call.phase) else {
            return;
        };
        let ringing = phase == CallPhase::Offered;
        if ringing {
            self.stop_ringing(leg);
        }
        let talked = phase == CallPhase::Live;
        let dialled = matches!(phase, CallPhase::Dialling | CallPhase::Alerting);
        let (outcome, by) = match how {
            LegEnd::FarHungUp if talked => (LegOutcome::Connected, EndedBy::Customer),
            LegEnd::HungUp if talked => (LegOutcome::Connected, EndedBy::Agent),
            LegEnd::Failed(_) if talked => (LegOutcome::Connected, EndedBy::Network),
            LegEnd::NotReached(outcome) => (outcome, EndedBy::Customer),
            LegEnd::FarHungUp if dialled => (LegOutcome::Rejected, EndedBy::Customer),
            LegEnd::HungUp if dialled => (LegOutcome::Cancelled, EndedBy::Agent),
            LegEnd::FarHungUp => (LegOutcome::AbandonedWhileRinging, EndedBy::Customer),
            LegEnd::HungUp | LegEnd::Declined => (LegOutcome::Declined, EndedBy::Agent),
            LegEnd::Withdrawn(outcome @ LegOutcome::AbandonedWhileRinging) => {
                (outcome, EndedBy::Customer)
            }
            LegEnd::Withdrawn(outcome) => (outcome, EndedBy::Network),
            LegEnd::Failed(_) => (LegOutcome::Failed, EndedBy::Network),
        };
        match how {
            LegEnd::Failed(code) => self.refuse(now, code),
            LegEnd::FarHungUp | LegEnd::Withdrawn(_) | LegEnd::NotReached(_)
                if !talked || outcome == LegOutcome::LostByRestart =>
            {
                let number = self.call_mut(leg).and_then(|call| call.number.clone());
                self.notice(
                    now,
                    if dialled {
                        NoticeKind::NotReached { number, outcome }
                    } else {
                        NoticeKind::CallGone { number, outcome }
                    },
                );
            }
            LegEnd::FarHungUp
            | LegEnd::Withdrawn(_)
            | LegEnd::NotReached(_)
            | LegEnd::HungUp
            | LegEnd::Declined => {}
        }
        self.leave(now, leg, outcome, by);
    }

    pub(crate) fn caller_found(&mut self, now: Now, call: CallId, caller: CallerMatch) {
        if let Some(ringing) = self.calls.iter_mut().find(|kept| kept.call == call) {
            ringing.caller = caller.clone();
        }
        let Some(form) = self
            .wrap_ups
            .iter_mut()
            .find(|kept| kept.draft.call == call && kept.is_open())
        else {
            return;
        };
        form.found(now, caller);
    }

    /// Takes Answer away when the ring time is over, and lets rings go that nobody took back in time.
    pub(crate) fn ring_deadlines(&mut self, now: Now) {
        let mut let_go = Vec::new();
        for call in self
            .calls
            .iter_mut()
            .filter(|call| call.phase == CallPhase::Offered)
        {
            let Some(ring) = &mut call.ring else {
                continue;
            };
            ring.expired |= ring.answer_until <= now.mono;
            if ring.expired && ring.let_go_at() <= now.mono {
                let_go.push(call.leg);
            }
        }
        for leg in let_go {
            self.effects.push_back(Effect::RejectBusy { leg });
            self.ended(now, leg, LegEnd::Withdrawn(LegOutcome::RingNoAnswer));
        }
    }

    pub(crate) fn call_mut(&mut self, leg: LegId) -> Option<&mut Call> {
        self.calls.iter_mut().find(|call| call.leg == leg)
    }

    fn stop_ringing(&mut self, leg: LegId) {
        self.effects.push_back(Effect::StopRinging);
        self.effects.push_back(Effect::WithdrawNotification { leg });
    }

    /// The call leaves the phone. Its row goes to the call list; its form stays where they talked, where it was ours, or where
    /// something was typed.
    fn leave(&mut self, now: Now, leg: LegId, outcome: LegOutcome, by: EndedBy) {
        let Some(at) = self.calls.iter().position(|call| call.leg == leg) else {
            return;
        };
        let call = self.calls.remove(at);
        let wraps_up = call.phase == CallPhase::Live || call.direction == Direction::Outbound;
        let mut customer = None;
        if let Some(form) = self.wrap_up_mut(call.wrap_up) {
            form.draft.ended_at = Some(now.wall);
            form.draft.ended_by = Some(by);
            form.draft.outcome = Some(outcome);
            customer.clone_from(&form.draft.customer);
            if wraps_up || form.has_text() || !form.filed.is_empty() {
                self.save_now(call.wrap_up);
            } else {
                self.drop_form(call.wrap_up);
            }
        }
        if wraps_up {
            self.begin_wrap_up(now);
        }
        self.effects.push_back(Effect::RecordLeg(LegRecord {
            leg,
            call: call.call,
            direction: call.direction,
            number: call.number,
            customer,
            skill_group: call.skill_group,
            offered_at: call.offered_at,
            answered_at: call.answered_at,
            ended_at: Some(now.wall),
            outcome: Some(outcome),
            recording: None,
        }));
    }

    fn drop_form(&mut self, id: WrapUpId) {
        let was_saved = self
            .wrap_ups
            .iter()
            .any(|form| form.draft.wrap_up == id && form.was_saved());
        self.wrap_ups
            .retain(|form| form.draft.wrap_up != id || !matches!(form.saving, Saving::Open));
        if was_saved {
            self.effects.push_back(Effect::DropDraft { wrap_up: id });
        }
    }
}
