//! The snapshot the interface draws. It says what is so and what may be done; the interface derives no rule.
//!
//! Bounded: history, cards and form bodies come by query, so the snapshot stays under 32 KB whatever is stored.

use offhook_model::{
    Activity, CallId, CallerMatch, Code, CustomerId, Direction, FieldId, LegId, LegOutcome,
    PhoneNumber, Presence, PresenceState, Text, TicketId, Typed, Wall, WrapUpId,
    api::{AgentProfile, QueueState},
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The whole desk at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct View {
    /// Counts up with each change.
    #[ts(type = "number")]
    pub revision: u64,
    /// Signed in or not.
    pub session: SessionView,
    /// The three links to the centre.
    pub links: LinksView,
    /// The presence; nothing before sign-in.
    pub presence: Option<PresenceView>,
    /// What the agent is doing, as this phone sees it.
    pub activity: Activity,
    /// Since when the activity is so.
    pub activity_since: Option<Wall>,
    /// When the wrap-up ends by itself; nothing outside one, or where it has no limit. The centre ends it, not this moment.
    pub wrap_up_until: Option<Wall>,
    /// What the agent may do now that belongs to no call.
    pub can: Vec<DeskAction>,
    /// Why nothing can be dialled now; nothing where it can.
    pub cannot_dial: Option<Code>,
    /// Why no recording can be played now; nothing where one can.
    pub cannot_play: Option<CannotPlay>,
    /// The recording that is played.
    pub playback: Option<PlaybackView>,
    /// Counts up when rows of the call list change, which come by query.
    #[ts(type = "number")]
    pub call_list: u64,
    /// Calls that ring or talk, oldest first.
    pub calls: Vec<CallView>,
    /// Open wrap-ups and those not yet at the centre, newest first.
    pub wrap_ups: Vec<WrapUpView>,
    /// The queues of the agent's skill groups.
    pub queues: Vec<QueueState>,
    /// What the agent must be told, oldest first.
    pub notices: Vec<Notice>,
    /// The next action: what the slot under the stage and F2 do.
    pub next: Option<NextAction>,
}

/// Signed in or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SessionView {
    /// Nobody is signed in; no voice function is usable.
    SignedOut {
        /// Why the last try failed or the last session ended.
        error: Option<Code>,
    },
    /// The centre has been asked.
    SigningIn,
    /// Somebody is.
    SignedIn {
        /// Who.
        agent: AgentProfile,
        /// With a bare SIP account: there is no centre behind it.
        local: bool,
    },
    /// The centre cannot be reached: drafts, call list and copies are open, and what is filed waits. No voice function is usable.
    Offline {
        /// Whose desk it is.
        agent: AgentProfile,
        /// Why the centre was not reached.
        why: Code,
        /// How it goes on when the centre answers.
        again: Again,
    },
}

/// How a desk that was opened without the centre comes to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Again {
    /// The phone signs in as soon as the centre answers.
    ByItself,
    /// It needs the password: see [`crate::Command::SignInAgain`].
    AsksPassword {
        /// Why the last one was refused.
        error: Option<Code>,
    },
}

/// The links to the centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LinksView {
    /// The cloud API with its event stream: presence, queue, customers, wrap-ups.
    pub api: LinkView,
    /// The SIP registration: calls.
    pub sip: LinkView,
}

/// One link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LinkView {
    /// Not wanted now.
    Off,
    /// Being set up or tried again.
    Connecting {
        /// Why the last try failed.
        error: Option<Code>,
    },
    /// It stands.
    Up,
}

/// Presence as wanted and as confirmed by the centre.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PresenceView {
    /// What was asked for; equal to the confirmed one when nothing is under way.
    pub wanted: Presence,
    /// What the centre has on record.
    pub confirmed: PresenceState,
    /// The record cannot be checked at the moment, since the event stream is down.
    pub unconfirmed: bool,
    /// A check-out waits for the end of the call or wrap-up.
    pub check_out_queued: bool,
}

/// What may be done that belongs to no call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DeskAction {
    /// See [`crate::Command::SignIn`].
    SignIn,
    /// See [`crate::Command::SignInAgain`].
    SignInAgain,
    /// See [`crate::Command::SignOut`].
    SignOut,
    /// See [`crate::Command::CheckIn`].
    CheckIn,
    /// See [`crate::Command::CheckOut`].
    CheckOut,
    /// See [`crate::Command::CancelCheckOut`].
    CancelCheckOut,
    /// Ready by hand.
    SetReady,
    /// Break by hand.
    SetBreak,
    /// See [`crate::Command::StartAnswering`].
    StartAnswering,
    /// The second choice beside Start answering.
    BackToBreak,
    /// See [`crate::Command::ExtendWrapUp`].
    ExtendWrapUp,
}

/// One call as the agent sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CallView {
    /// The call.
    pub call: CallId,
    /// This agent's leg of it.
    pub leg: LegId,
    /// Who started it.
    pub direction: Direction,
    /// The customer's number; nothing where it was withheld.
    pub number: Option<PhoneNumber>,
    /// The name the network gave.
    pub caller_name: Option<String>,
    /// Which customer it is.
    pub caller: CallerMatch,
    /// The skill group whose queue it came from.
    pub skill_group: Option<Text>,
    /// Where the call stands.
    pub phase: CallPhase,
    /// When it began to ring.
    pub offered_at: Wall,
    /// Until when it can be answered; nothing where nobody set a limit.
    pub answer_by: Option<Wall>,
    /// How long it may ring in all, in milliseconds, for the countdown's full width.
    #[ts(type = "number | null")]
    pub ring_millis: Option<u64>,
    /// Since when the customer has been waiting in the queue.
    pub queued_since: Option<Wall>,
    /// When talking began.
    pub answered_at: Option<Wall>,
    /// The microphone.
    pub muted: Switch,
    /// 通话保持.
    pub held: Switch,
    /// Since when the customer has been on hold.
    pub held_since: Option<Wall>,
    /// How long earlier holds of this call took, in milliseconds.
    #[ts(type = "number")]
    pub held_millis: u64,
    /// 二次拨号: the digits keyed so far, the newest last.
    pub keyed: Typed,
    /// The digits the far side keyed, the newest last.
    pub heard_keys: Typed,
    /// 外呼号码: the number shown to the callee.
    pub caller_id: Option<PhoneNumber>,
    /// The form that opened with the call.
    pub wrap_up: WrapUpId,
    /// What may be done with it now.
    pub can: Vec<CallAction>,
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CallPhase {
    /// It rings here.
    Offered,
    /// Our call is on its way.
    Dialling,
    /// Our call rings at the far side.
    Alerting,
    /// Answer was pressed; the far side has not confirmed yet.
    Answering,
    /// They talk.
    Live,
}

/// Something that was asked for and something that is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct Switch {
    /// What the button shows.
    pub wanted: bool,
    /// What is so.
    pub confirmed: bool,
}

/// What may be done with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CallAction {
    /// See [`crate::Command::Answer`].
    Answer,
    /// See [`crate::Command::Decline`].
    Decline,
    /// See [`crate::Command::HangUp`].
    HangUp,
    /// See [`crate::Command::SetHeld`].
    Hold,
    /// See [`crate::Command::SetHeld`].
    Retrieve,
    /// See [`crate::Command::Press`].
    Press,
    /// Mute.
    Mute,
    /// Unmute.
    Unmute,
}

/// Why a recording cannot be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CannotPlay {
    /// There is none.
    NoRecording,
    /// The agent has no right to listen.
    NotAllowed,
    /// The centre, which has it, cannot be reached.
    Offline,
    /// A call is on this phone.
    InCall,
}

/// 录音播放: the recording that is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PlaybackView {
    /// Of which leg.
    pub leg: LegId,
    /// What it does.
    pub phase: PlaybackPhase,
    /// Where it is, in milliseconds from the beginning.
    #[ts(type = "number")]
    pub position: u64,
    /// How long it is, in milliseconds; 0 until that is known.
    #[ts(type = "number")]
    pub length: u64,
    /// How fast it plays, in percent.
    pub speed: u16,
}

/// What a playback does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PlaybackPhase {
    /// It shall play; the sound is on its way.
    Loading,
    /// It is heard.
    Playing,
    /// It is not heard until the agent says so.
    Paused {
        /// Why.
        why: PauseReason,
    },
    /// It cannot be had or heard.
    Failed {
        /// Why.
        code: Code,
    },
}

/// Why a playback pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PauseReason {
    /// The agent paused it.
    ByHand,
    /// A call came or was dialled.
    Call,
    /// It was played to its end.
    Ended,
}

/// One after-call form, without its body (that comes by query).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct WrapUpView {
    /// Which one.
    pub id: WrapUpId,
    /// The call it is about.
    pub call: CallId,
    /// The customer's number.
    pub number: Option<PhoneNumber>,
    /// Which customer it is.
    pub caller: CallerMatch,
    /// Who started the call.
    pub direction: Direction,
    /// The skill group whose queue it came from.
    pub skill_group: Option<Text>,
    /// When the call began to ring.
    pub offered_at: Wall,
    /// When talking began.
    pub answered_at: Option<Wall>,
    /// When the call was over; nothing while it goes on.
    pub ended_at: Option<Wall>,
    /// Who ended it, for the facts of the ended call.
    pub ended_by: Option<EndedBy>,
    /// How the leg ended.
    pub outcome: Option<LegOutcome>,
    /// Where the text is.
    pub saved: SavedState,
    /// What was filed beside it, oldest first.
    pub filed: Vec<FiledView>,
    /// Required fields that are blank.
    pub missing: Vec<FieldId>,
    /// What may be done with it now.
    pub can: Vec<WrapUpAction>,
}

/// Who hung up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// The agent.
    Agent,
    /// The customer.
    Customer,
    /// The network or the centre.
    Network,
}

/// Something filed with the centre beside a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Filed {
    /// A customer's profile.
    Customer {
        /// Whose.
        id: CustomerId,
    },
    /// A ticket.
    Ticket {
        /// Which one.
        id: TicketId,
    },
}

/// Something filed, and where it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct FiledView {
    /// What.
    pub what: Filed,
    /// The ticket's title or the customer's name.
    pub title: Typed,
    /// Where it is.
    pub saved: SavedState,
    /// What may be done with it now.
    pub can: Vec<FiledAction>,
}

/// What may be done with something that was filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FiledAction {
    /// Change it and file it again.
    Mend,
    /// Somebody else changed the same record: choose between both, and file what was chosen.
    Compare,
    /// See [`crate::Command::GiveUp`].
    GiveUp,
}

/// Where the text of a form is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SavedState {
    /// Nothing was typed yet.
    Blank,
    /// Typed, and not yet on the disk.
    Unsaved,
    /// On this computer's disk.
    Saved {
        /// Since when.
        at: Wall,
    },
    /// This computer's store refused it; the text is still in the form.
    SaveFailed {
        /// Why.
        code: Code,
    },
    /// Submitted; the store has not answered yet.
    Submitting,
    /// In the outbox, on its way to the centre.
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
    /// The centre refused it for good; the text is kept.
    Refused {
        /// Why.
        code: Code,
    },
}

/// What may be done with a wrap-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WrapUpAction {
    /// Type in it.
    Edit,
    /// See [`crate::Command::ChooseCustomer`].
    ChooseCustomer,
    /// See [`crate::Command::SaveCustomer`].
    SaveCustomer,
    /// See [`crate::Command::CreateTicket`].
    CreateTicket,
    /// See [`crate::Command::Redial`].
    Redial,
    /// See [`crate::Command::Submit`].
    Submit,
    /// See [`crate::Command::SubmitAndStartAnswering`].
    SubmitAndStartAnswering,
}

/// The one thing to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NextAction {
    /// Check in.
    CheckIn,
    /// Answer this leg.
    Answer {
        /// Which one.
        leg: LegId,
    },
    /// Submit this wrap-up and start answering.
    SubmitAndStartAnswering {
        /// Which one.
        wrap_up: WrapUpId,
    },
    /// Start answering.
    StartAnswering,
    /// Back to Ready.
    BackToReady,
}

/// Something the agent must be told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Notice {
    /// For [`crate::Command::DismissNotice`].
    #[ts(type = "number")]
    pub id: u64,
    /// When it happened.
    pub at: Wall,
    /// What happened.
    pub about: NoticeKind,
}

/// What a notice is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NoticeKind {
    /// The presence changed without the agent's doing; the reason stands in the presence.
    PresenceChanged {
        /// What it is now, and why.
        state: PresenceState,
    },
    /// A ringing call went away.
    CallGone {
        /// Whose call.
        number: Option<PhoneNumber>,
        /// How its leg ended.
        outcome: LegOutcome,
    },
    /// A call of ours reached nobody.
    NotReached {
        /// Whom it was to reach.
        number: Option<PhoneNumber>,
        /// Why.
        outcome: LegOutcome,
    },
    /// Something failed.
    Failed {
        /// What.
        code: Code,
    },
    /// The time the centre gives a wrap-up is over: the agent is free, and the form stays a draft.
    WrapUpOver,
    /// A wrap-up cannot be submitted before its required fields are filled; it is kept as a draft.
    Incomplete {
        /// Which one.
        wrap_up: WrapUpId,
        /// The blank fields.
        fields: Vec<FieldId>,
    },
}
