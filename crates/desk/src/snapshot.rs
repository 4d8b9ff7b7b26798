//! The view drawn from the state.

use crate::{
    Again, CallAction, CallPhase, CallView, Desk, DeskAction, FiledItem, FiledView, NextAction,
    SessionView, View, WrapUpAction, WrapUpView,
    call::Call,
    presence::PresenceRecord,
    session::Session,
    wrap_up::{Saving, WrapUp},
};
use offhook_model::{Activity, Now, Presence};

/// The most wrap-ups a snapshot carries; older ones are reached by query.
const MOST_WRAP_UPS: usize = 20;

impl Desk {
    /// Draws the desk at this moment.
    #[must_use]
    pub fn view(&self, now: Now) -> View {
        View {
            revision: self.revision,
            session: match &self.session {
                Session::SignedOut { error } => SessionView::SignedOut { error: *error },
                Session::SigningIn => SessionView::SigningIn,
                Session::SignedIn { agent, local } => SessionView::SignedIn {
                    agent: agent.clone(),
                    local: *local,
                },
                Session::Offline { agent, why, again } => SessionView::Offline {
                    agent: agent.clone(),
                    why: *why,
                    again: *again,
                },
            },
            links: self.links,
            presence: self
                .presence
                .as_ref()
                .map(|presence| presence.view(self.event_stream)),
            activity: self.activity(),
            activity_since: self.activity_since,
            wrap_up_until: self.wrap_up_until(),
            can: self.can(),
            cannot_dial: self.cannot_dial(),
            cannot_play: self.cannot_play_now(),
            playback: self.playback_view(),
            call_list: self.call_list,
            calls: self.calls.iter().map(|call| call_view(call, now)).collect(),
            wrap_ups: self
                .wrap_ups
                .iter()
                .rev()
                .take(MOST_WRAP_UPS)
                .map(|form| self.wrap_up_view(form))
                .collect(),
            queues: self.queues.clone(),
            notices: self.notices.iter().cloned().collect(),
            next: self.next(now),
        }
    }

    fn can(&self) -> Vec<DeskAction> {
        let mut can = Vec::new();
        match &self.session {
            Session::SignedOut { .. } => return vec![DeskAction::SignIn],
            Session::SigningIn => return vec![DeskAction::SignOut],
            Session::Offline { again, .. } => {
                can.push(DeskAction::SignOut);
                if let Again::AsksPassword { .. } = again {
                    can.push(DeskAction::SignInAgain);
                }
            }
            Session::SignedIn { .. } if self.calls.is_empty() => can.push(DeskAction::SignOut),
            Session::SignedIn { .. } => {}
        }
        let Some(presence) = &self.presence else {
            return can;
        };
        match presence.wanted() {
            Presence::CheckedOut => can.push(DeskAction::CheckIn),
            Presence::Ready => can.extend([DeskAction::SetBreak, self.check_out_action(presence)]),
            Presence::Break => can.extend([DeskAction::SetReady, self.check_out_action(presence)]),
            Presence::AnswerOnMobile => {
                can.extend([
                    DeskAction::SetReady,
                    DeskAction::SetBreak,
                    self.check_out_action(presence),
                ]);
            }
        }
        if self.activity() == Activity::WrapUp && !presence.is_starting() {
            can.extend([DeskAction::StartAnswering, DeskAction::BackToBreak]);
            if self.wrap_up_until().is_some() {
                can.push(DeskAction::ExtendWrapUp);
            }
        }
        can
    }

    const fn check_out_action(&self, presence: &PresenceRecord) -> DeskAction {
        if presence.view(self.event_stream).check_out_queued {
            DeskAction::CancelCheckOut
        } else {
            DeskAction::CheckOut
        }
    }

    fn next(&self, now: Now) -> Option<NextAction> {
        let presence = self.presence.as_ref()?;
        if let Some(call) = self.calls.first() {
            return call
                .can_be_answered(now)
                .then_some(NextAction::Answer { leg: call.leg });
        }
        match (self.activity(), presence.wanted()) {
            (Activity::WrapUp, _) if presence.is_starting() => None,
            (Activity::WrapUp, _) => Some(
                self.wrap_ups
                    .iter()
                    .rev()
                    .find(|form| form.is_open() && form.draft.outcome.is_some())
                    .map_or(NextAction::StartAnswering, |form| {
                        NextAction::SubmitAndStartAnswering {
                            wrap_up: form.draft.wrap_up,
                        }
                    }),
            ),
            (_, Presence::CheckedOut) => Some(NextAction::CheckIn),
            (_, Presence::Break) => Some(NextAction::BackToReady),
            (_, Presence::Ready | Presence::AnswerOnMobile) => None,
        }
    }

    fn wrap_up_view(&self, form: &WrapUp) -> WrapUpView {
        let draft = &form.draft;
        let over = !self.calls.iter().any(|call| call.wrap_up == draft.wrap_up);
        let mut can = Vec::new();
        if form.is_open() {
            can.push(WrapUpAction::Edit);
            if form.candidates.len() > 1 {
                can.push(WrapUpAction::ChooseCustomer);
            }
            if over {
                can.push(WrapUpAction::Submit);
                if self.activity() == Activity::WrapUp {
                    can.push(WrapUpAction::SubmitAndStartAnswering);
                }
            }
        }
        can.extend([WrapUpAction::SaveCustomer, WrapUpAction::CreateTicket]);
        if over && draft.number.is_some() && self.cannot_dial().is_none() {
            can.push(WrapUpAction::Redial);
        }
        WrapUpView {
            id: draft.wrap_up,
            call: draft.call,
            number: draft.number.clone(),
            caller: form.caller.clone(),
            direction: draft.direction,
            skill_group: draft.skill_group.clone(),
            offered_at: draft.offered_at,
            answered_at: draft.answered_at,
            ended_at: draft.ended_at,
            ended_by: draft.ended_by,
            outcome: draft.outcome,
            saved: form.saved_state(),
            filed: form.filed.iter().map(filed_view).collect(),
            missing: match form.saving {
                Saving::Open | Saving::Refused { .. } => self
                    .form
                    .as_ref()
                    .map_or_else(Vec::new, |definition| definition.missing(&draft.values)),
                Saving::Submitting { .. }
                | Saving::Waiting { .. }
                | Saving::Synced { .. }
                | Saving::Kept { .. } => Vec::new(),
            },
            can,
        }
    }
}

fn filed_view(item: &FiledItem) -> FiledView {
    FiledView {
        what: item.what,
        title: item.title.clone(),
        saved: item.saved,
        can: item.can(),
    }
}

fn call_view(call: &Call, now: Now) -> CallView {
    let ringing = call
        .ring
        .as_ref()
        .filter(|_| call.phase == CallPhase::Offered);
    CallView {
        call: call.call,
        leg: call.leg,
        direction: call.direction,
        number: call.number.clone(),
        caller_name: call.name.clone(),
        caller: call.caller.clone(),
        skill_group: call.skill_group.clone(),
        phase: call.phase,
        offered_at: call.offered_at,
        answer_by: ringing.map(|ring| ring.answer_by),
        ring_millis: ringing.and_then(|ring| u64::try_from(ring.whole.as_millis()).ok()),
        queued_since: call.queued_since,
        answered_at: call.answered_at,
        muted: call.muted,
        held: call.hold.switch,
        held_since: call.hold.since,
        held_millis: u64::try_from(call.hold.before.as_millis()).unwrap_or(u64::MAX),
        keyed: call.keyed.clone(),
        heard_keys: call.heard_keys.clone(),
        caller_id: call.caller_id.clone(),
        wrap_up: call.wrap_up,
        can: match call.phase {
            CallPhase::Offered if call.can_be_answered(now) => {
                vec![CallAction::Answer, CallAction::Decline]
            }
            CallPhase::Offered => Vec::new(),
            CallPhase::Answering | CallPhase::Dialling | CallPhase::Alerting => {
                vec![CallAction::HangUp]
            }
            CallPhase::Live => live_actions(call),
        },
    }
}

fn live_actions(call: &Call) -> Vec<CallAction> {
    let mut can = vec![
        CallAction::HangUp,
        if call.muted.wanted {
            CallAction::Unmute
        } else {
            CallAction::Mute
        },
        if call.hold.switch.wanted {
            CallAction::Retrieve
        } else {
            CallAction::Hold
        },
    ];
    if call.takes_keys() {
        can.push(CallAction::Press);
    }
    can
}
