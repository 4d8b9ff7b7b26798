//! The state machine itself: what it holds, and where each input goes.

use crate::{
    Command, Draft, Effect, Fact, LinkView, LinksView, Notice, NoticeKind, PauseReason, call::Call,
    playback::Playback, presence::PresenceRecord, session::Session, wrap_up::WrapUp,
    wrapping::Wrapping,
};
use offhook_model::{
    Code, FormDefinition, Mono, Now, PhoneNumber, Random, Wall, WrapUpId, api::QueueState,
};
use std::{collections::VecDeque, time::Duration};

/// How many notices are kept; the oldest goes first.
const MOST_NOTICES: usize = 20;

/// The agent's day.
///
/// ```text
///            SignIn            SignedIn
/// SignedOut ───────▶ SigningIn ────────▶ SignedIn ── SignOut / SessionEnded ──▶ SignedOut
///                        │ OpenedOffline    ▲ │
///                        └───────▶ Offline ─┘ │ (SignedIn, when the centre answers)
///                                             │
///      a call:   Offered ─Answer─▶ Answering ─Connected─▶ Live ─Ended─▶ (gone) + wrap-up
///                Dialling ─Alerting─▶ Alerting ─Connected──▲
///      a form:   Open ─Submit─▶ Submitting ─Submitted─▶ Waiting ─Synced─▶ Synced
///                                  └─Kept─▶ Kept (no centre)
/// ```
///
/// The law of use: after each `handle_…`, drain [`Desk::poll_effect`], then arm a timer for [`Desk::poll_timeout`].
#[derive(Debug)]
pub struct Desk {
    pub(crate) random: Random,
    pub(crate) effects: VecDeque<Effect>,
    pub(crate) revision: u64,
    pub(crate) session: Session,
    /// Set when the session ended during a call: the call goes on, the session ends after it.
    pub(crate) ending: Option<Option<Code>>,
    pub(crate) links: LinksView,
    pub(crate) event_stream: bool,
    pub(crate) presence: Option<PresenceRecord>,
    pub(crate) ring: Duration,
    pub(crate) form: Option<FormDefinition>,
    /// 外呼号码: the numbers this agent may call from.
    pub(crate) caller_ids: Vec<PhoneNumber>,
    pub(crate) calls: Vec<Call>,
    pub(crate) wrap_ups: Vec<WrapUp>,
    /// 话后处理.
    pub(crate) wrapping: Wrapping,
    /// How long the centre lets it take.
    pub(crate) wrap_up_limit: Option<Duration>,
    pub(crate) activity_since: Option<Wall>,
    pub(crate) queues: Vec<QueueState>,
    pub(crate) playback: Option<Playback>,
    pub(crate) call_list: u64,
    pub(crate) notices: VecDeque<Notice>,
    next_notice: u64,
}

impl Desk {
    /// Starts signed out. The seed names the wrap-ups that will be opened.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            random: Random::seeded(seed),
            effects: VecDeque::new(),
            revision: 0,
            session: Session::SignedOut { error: None },
            ending: None,
            links: LinksView {
                api: LinkView::Off,
                sip: LinkView::Off,
            },
            event_stream: false,
            presence: None,
            ring: Duration::from_secs(30),
            form: None,
            caller_ids: Vec::new(),
            calls: Vec::new(),
            wrap_ups: Vec::new(),
            wrapping: Wrapping::Over,
            wrap_up_limit: None,
            activity_since: None,
            queues: Vec::new(),
            playback: None,
            call_list: 0,
            notices: VecDeque::new(),
            next_notice: 1,
        }
    }

    /// Does what the agent asks, or says in a notice why not.
    pub fn handle_command(&mut self, now: Now, command: Command) {
        let before = self.activity();
        match command {
            Command::SignIn {
                centre,
                username,
                password,
            } => self.sign_in(now, centre, username, password),
            Command::UseAccount { account } => self.use_account(now, account),
            Command::SetRoots { file } => self.set_roots(file),
            Command::WorkOffline => self.work_offline(now),
            Command::SignInAgain { password } => self.sign_in_again(now, password),
            Command::SignOut => self.sign_out(now),
            Command::CheckIn => self.check_in(now),
            Command::CheckOut => self.check_out(now),
            Command::CancelCheckOut => self.cancel_check_out(),
            Command::SetPresence { presence } => self.set_presence(now, presence),
            Command::Dial { number } => self.dial(now, &number),
            Command::Redial { wrap_up } => self.redial(now, wrap_up),
            Command::Answer { leg } => self.answer(now, leg),
            Command::Decline { leg } => self.decline(now, leg),
            Command::HangUp { leg } => self.hang_up(now, leg),
            Command::SetMuted { leg, muted } => self.set_muted(now, leg, muted),
            Command::SetHeld { leg, held } => self.set_held(now, leg, held),
            Command::Press { leg, key } => self.press(now, leg, key),
            Command::ChooseCustomer { wrap_up, customer } => {
                self.choose_customer(now, wrap_up, customer)
            }
            Command::SaveCustomer {
                wrap_up,
                edited,
                body,
            } => self.save_customer(now, wrap_up, edited, body),
            Command::CreateTicket {
                wrap_up,
                ticket,
                title,
                text,
                due_at,
            } => self.create_ticket(now, wrap_up, ticket, &title, text, due_at),
            Command::GiveUp { wrap_up, what } => self.give_up(now, wrap_up, what),
            Command::EditDraft {
                wrap_up,
                field,
                value,
            } => self.edit_draft(now, wrap_up, field, value),
            Command::Submit { wrap_up } => self.submit(now, wrap_up, None),
            Command::SubmitAndStartAnswering { wrap_up, presence } => {
                self.submit(now, wrap_up, Some(presence))
            }
            Command::StartAnswering { presence } => self.start_answering(now, presence),
            Command::ExtendWrapUp => self.extend_wrap_up(now),
            Command::PlayRecording { leg } => self.play_recording(now, leg),
            Command::PausePlayback => self.pause_playback(PauseReason::ByHand),
            Command::SeekPlayback { millis } => self.seek_playback(millis),
            Command::SetPlaybackSpeed { speed } => self.set_playback_speed(speed),
            Command::StopPlayback => self.stop_playback(),
            Command::DismissNotice { notice } => self.notices.retain(|kept| kept.id != notice),
        }
        self.settle(now, before);
    }

    /// Takes in what the world says. Facts about what is already gone change nothing.
    pub fn handle_fact(&mut self, now: Now, fact: Fact) {
        let before = self.activity();
        match fact {
            Fact::SignedIn(signed_in) => self.signed_in(now, signed_in),
            Fact::SignInFailed(code) => self.sign_in_failed(code),
            Fact::OpenedOffline(opened) => self.opened_offline(opened),
            Fact::PasswordNeeded(code) => self.password_needed(code),
            Fact::SessionEnded(why) => self.session_ended(why),
            Fact::Api(state) => self.links.api = self.link(state),
            Fact::EventStream(stands) => self.event_stream = stands,
            Fact::Registration(state) => self.links.sip = self.link(state),
            Fact::Presence(state) => self.presence_told(now, state),
            Fact::PresenceRefused(code) => self.presence_refused(now, code),
            Fact::Activity { activity, until } => self.activity_told(now, activity, until),
            Fact::WrapUpExtended { until } => self.wrap_up_extended(now, until),
            Fact::Queues(queues) => self.queues = queues,
            Fact::Offered(offered) => self.offered(now, offered),
            Fact::Alerting { leg } => self.alerting(leg),
            Fact::Connected { leg } => self.connected(now, leg),
            Fact::Ended { leg, how } => self.ended(now, leg, how),
            Fact::Muted { leg, muted } => self.muted(leg, muted),
            Fact::Held { leg, held } => self.held(now, leg, held),
            Fact::HoldRefused { leg } => self.hold_refused(now, leg),
            Fact::KeyHeard { leg, key } => self.key_heard(leg, key),
            Fact::KeyUnsent => self.refuse(now, Code::KeypadUnavailable),
            Fact::CallerFound { call, caller } => self.caller_found(now, call, caller),
            Fact::Restored(found) => self.restored(found),
            Fact::DraftSaved { wrap_up, edit } => self.draft_saved(now, wrap_up, edit),
            Fact::DraftNotSaved { wrap_up, code } => self.draft_not_saved(now, wrap_up, code),
            Fact::Submitted { wrap_up } => self.submitted(now, wrap_up),
            Fact::NotSubmitted { wrap_up, code } => self.not_submitted(now, wrap_up, code),
            Fact::SyncDelayed { wrap_up, code } => self.sync_delayed(wrap_up, code),
            Fact::Synced { wrap_up } => self.synced(now, wrap_up),
            Fact::SyncRefused { wrap_up, code } => self.sync_refused(now, wrap_up, code),
            Fact::Filed { what, saved } => self.filed(now, what, saved),
            Fact::GivenUp { what } => self.given_up(what),
            Fact::Kept { wrap_up } => self.kept(now, wrap_up),
            Fact::Playback { leg, told } => self.playback_told(leg, told),
            Fact::CallListChanged => self.call_list += 1,
            Fact::Failed(code) => self.notice(now, NoticeKind::Failed { code }),
        }
        self.settle(now, before);
    }

    /// Does what has become due.
    pub fn handle_timeout(&mut self, now: Now) {
        let before = self.activity();
        self.ring_deadlines(now);
        self.save_due_drafts(now);
        self.settle(now, before);
    }

    /// Hands out the next thing to do, in order.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// Tells when [`Desk::handle_timeout`] wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Mono> {
        let rings = self.calls.iter().filter_map(Call::deadline);
        let saves = self.wrap_ups.iter().filter_map(WrapUp::save_due);
        rings.chain(saves).min()
    }

    /// Returns a form with its facts and text.
    #[must_use]
    pub fn draft(&self, wrap_up: WrapUpId) -> Option<&Draft> {
        self.wrap_ups
            .iter()
            .find(|kept| kept.draft.wrap_up == wrap_up)
            .map(|kept| &kept.draft)
    }

    /// Returns the centre's after-call form; nothing before sign-in.
    #[must_use]
    pub const fn form(&self) -> Option<&FormDefinition> {
        self.form.as_ref()
    }

    pub(crate) fn notice(&mut self, now: Now, about: NoticeKind) {
        if self.notices.len() == MOST_NOTICES {
            self.notices.pop_front();
        }
        self.notices.push_back(Notice {
            id: self.next_notice,
            at: now.wall,
            about,
        });
        self.next_notice += 1;
    }

    /// Says that a request cannot be met in this state.
    pub(crate) fn refuse(&mut self, now: Now, code: Code) {
        self.notice(now, NoticeKind::Failed { code });
    }

    fn link(&self, state: Result<(), Code>) -> LinkView {
        match (&self.session, state) {
            (Session::SignedOut { .. }, _) => LinkView::Off,
            (Session::SigningIn | Session::SignedIn { .. } | Session::Offline { .. }, state) => {
                match state {
                    Ok(()) => LinkView::Up,
                    Err(code) => LinkView::Connecting { error: Some(code) },
                }
            }
        }
    }

    fn settle(&mut self, now: Now, before: offhook_model::Activity) {
        self.revision += 1;
        if self.activity() != before {
            self.activity_since = Some(now.wall);
        }
        if self.calls.is_empty()
            && let Some(why) = self.ending.take()
        {
            self.close_session(why);
        }
        self.forget_old_wrap_ups();
    }

    /// The newest forms that need nothing more stay in sight for a while, but not for ever.
    fn forget_old_wrap_ups(&mut self) {
        const SYNCED_IN_SIGHT: usize = 2;
        let all = self.wrap_ups.iter().filter(|form| form.is_done()).count();
        let mut excess = all.saturating_sub(SYNCED_IN_SIGHT);
        self.wrap_ups.retain(|form| {
            let goes = excess > 0 && form.is_done();
            excess -= usize::from(goes);
            !goes
        });
    }
}
