//! What the world tells the desk.

use crate::{Draft, Filed, SavedState};
use offhook_model::{
    Activity, CallId, CallerMatch, Code, FormDefinition, Key, LegId, LegOutcome, PhoneNumber,
    PresenceState, Text, Typed, Wall, WrapUpId,
    api::{AgentProfile, QueueState},
};
use std::time::Duration;

/// One fact. Facts may come in any order; the leg id joins what belongs together.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// The centre accepted the sign-in.
    SignedIn(SignedIn),
    /// The centre or the network refused it.
    SignInFailed(Code),
    /// The centre cannot be reached; this computer's data is open.
    OpenedOffline(OpenedOffline),
    /// The offline desk needs a password to sign in: the last one was refused, and why.
    PasswordNeeded(Code),
    /// The session is over: signed out, expired, or taken over elsewhere.
    SessionEnded(Option<Code>),
    /// The API answers (true), or not (false) and why.
    Api(Result<(), Code>),
    /// The event stream stands (true) or is down: presence is then unconfirmed.
    EventStream(bool),
    /// The phone is registered, or not and why.
    Registration(Result<(), Code>),
    /// The centre's presence on record.
    Presence(PresenceState),
    /// The centre refused a presence change.
    PresenceRefused(Code),
    /// What the centre thinks the agent is doing.
    Activity {
        /// What.
        activity: Activity,
        /// When a wrap-up ends by itself; nothing where it has no limit.
        until: Option<Wall>,
    },
    /// The centre gave the wrap-up more time.
    WrapUpExtended {
        /// When it now ends by itself.
        until: Wall,
    },
    /// The queues.
    Queues(Vec<QueueState>),
    /// A call rings here.
    Offered(Offered),
    /// The far phone rings, or early media are heard.
    Alerting {
        /// Which leg.
        leg: LegId,
    },
    /// The far side has confirmed our answer, or answered our call, and media flow.
    Connected {
        /// Which leg.
        leg: LegId,
    },
    /// A leg is over, whatever it was doing.
    Ended {
        /// Which leg.
        leg: LegId,
        /// How.
        how: LegEnd,
    },
    /// The microphone of a leg is as asked.
    Muted {
        /// Which leg.
        leg: LegId,
        /// What is so.
        muted: bool,
    },
    /// Whether the far side of a leg is on hold.
    Held {
        /// Which leg.
        leg: LegId,
        /// What is so.
        held: bool,
    },
    /// The far side refused the change; hold is as it was.
    HoldRefused {
        /// Which leg.
        leg: LegId,
    },
    /// The far side keyed a digit.
    KeyHeard {
        /// On which leg.
        leg: LegId,
        /// Which.
        key: Key,
    },
    /// A keypad digit could not be sent: none was agreed on.
    KeyUnsent,
    /// The look-up of a caller's number answered.
    CallerFound {
        /// Which call.
        call: CallId,
        /// Who it is.
        caller: CallerMatch,
    },
    /// What was on the disk at start: unfinished drafts and wrap-ups on their way.
    Restored(Vec<RestoredWrapUp>),
    /// A draft is on the disk.
    DraftSaved {
        /// Which one.
        wrap_up: WrapUpId,
        /// The draft's edit count that was saved.
        edit: u64,
    },
    /// The store refused a draft.
    DraftNotSaved {
        /// Which one.
        wrap_up: WrapUpId,
        /// Why.
        code: Code,
    },
    /// The form is in the outbox, durably.
    Submitted {
        /// Which one.
        wrap_up: WrapUpId,
    },
    /// The store refused the submission; the form is open again.
    NotSubmitted {
        /// Which one.
        wrap_up: WrapUpId,
        /// Why.
        code: Code,
    },
    /// A try to send it failed; it will be tried again.
    SyncDelayed {
        /// Which one.
        wrap_up: WrapUpId,
        /// Why.
        code: Code,
    },
    /// The centre has it.
    Synced {
        /// Which one.
        wrap_up: WrapUpId,
    },
    /// The centre refused it for good.
    SyncRefused {
        /// Which one.
        wrap_up: WrapUpId,
        /// Why.
        code: Code,
    },
    /// Where something filed beside a form is on its way.
    Filed {
        /// What.
        what: Filed,
        /// Where it is.
        saved: SavedState,
    },
    /// What was refused is dropped.
    GivenUp {
        /// What.
        what: Filed,
    },
    /// The form is kept on this computer for good: there is no centre to have it.
    Kept {
        /// Which one.
        wrap_up: WrapUpId,
    },
    /// News of the recording of a leg that is played.
    Playback {
        /// Which leg.
        leg: LegId,
        /// What is new.
        told: PlaybackFact,
    },
    /// Rows of the call list have changed.
    CallListChanged,
    /// Something failed that belongs to no call or form (a device, the keyring).
    Failed(Code),
}

/// What the desk needs of a sign-in.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedIn {
    /// Who.
    pub agent: AgentProfile,
    /// The presence on record.
    pub presence: PresenceState,
    /// What the centre thinks the agent is doing.
    pub activity: Activity,
    /// How long a call rings where the INVITE does not say.
    pub ring: Duration,
    /// How long a wrap-up may take; nothing where it has no limit.
    pub wrap_up_limit: Option<Duration>,
    /// The after-call form.
    pub form: FormDefinition,
    /// 外呼号码: the numbers this agent may call from, the default one first.
    pub caller_ids: Vec<PhoneNumber>,
    /// A bare SIP account: there is no centre behind it.
    pub local: bool,
}

/// What the desk needs to open without the centre.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenedOffline {
    /// Who.
    pub agent: AgentProfile,
    /// The after-call form of the last sign-in.
    pub form: FormDefinition,
    /// Why the centre was not reached.
    pub why: Code,
    /// The password is known: the phone signs in by itself as soon as the centre answers.
    pub by_itself: bool,
}

/// A call that rings here.
#[derive(Debug, Clone, PartialEq)]
pub struct Offered {
    /// The call.
    pub call: CallId,
    /// This agent's leg.
    pub leg: LegId,
    /// The caller's number; nothing where it was withheld.
    pub number: Option<PhoneNumber>,
    /// The name the network gave.
    pub name: Option<String>,
    /// Whose queue it came from.
    pub skill_group: Option<Text>,
    /// How much ring time is left by the centre's word; the centre alone owns the deadline.
    pub ring_left: Option<Duration>,
    /// Since when the customer has waited in the queue.
    pub queued_since: Option<Wall>,
}

/// What the body tells of a playback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaybackFact {
    /// It can be played; paused at its beginning.
    Opened {
        /// How long it is, in milliseconds.
        length: u64,
    },
    /// It shall play, and its sound is still to come.
    Waiting {
        /// Where it is, in milliseconds from the beginning.
        position: u64,
    },
    /// It is heard.
    Playing {
        /// Where it is, in milliseconds from the beginning.
        position: u64,
    },
    /// It was played to its end.
    Ended {
        /// Where that is, in milliseconds from the beginning.
        position: u64,
    },
    /// It cannot be had or heard; nothing of it is open any more.
    Failed(Code),
}

/// How a leg ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegEnd {
    /// The far side hung up a live call.
    FarHungUp,
    /// We hung up a live call.
    HungUp,
    /// The far side gave up or took it back while it rang, and why.
    Withdrawn(LegOutcome),
    /// We declined it.
    Declined,
    /// Our call reached nobody, and why.
    NotReached(LegOutcome),
    /// Network, media or the centre failed.
    Failed(Code),
}

/// A form found on the disk at start.
#[derive(Debug, Clone, PartialEq)]
pub struct RestoredWrapUp {
    /// The form with its facts and text.
    pub draft: Draft,
    /// Where it is in the outbox; nothing where it is still a draft.
    pub outbox: Option<InOutbox>,
    /// What was filed beside it, oldest first.
    pub filed: Vec<FiledItem>,
}

/// Where a submitted form is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InOutbox {
    /// It is to be sent.
    Waiting {
        /// Since when.
        since: Wall,
    },
    /// The centre refused it for good.
    Refused {
        /// Why.
        code: Code,
    },
    /// The centre has it; something that was filed beside it is left.
    Sent {
        /// Since when.
        at: Wall,
    },
}

/// Something filed beside a form, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiledItem {
    /// What.
    pub what: Filed,
    /// The ticket's title or the customer's name.
    pub title: Typed,
    /// Where it is.
    pub saved: SavedState,
}
