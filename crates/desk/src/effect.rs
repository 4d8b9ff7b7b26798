//! What the desk asks of the body.

use crate::{Draft, Filed};
use offhook_model::{
    BareAccount, CallId, CustomerId, Key, LegId, LegRecord, PhoneNumber, Presence, Secret,
    TicketId, WrapUpId,
    api::{CustomerBody, TicketBody},
};

/// One thing to do. The body carries effects out in order and reports back with facts; it never waits inline.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Ask the centre to sign in.
    SignIn {
        /// Base address of the API.
        centre: String,
        /// Sign-in name.
        username: String,
        /// Password.
        password: Secret,
    },
    /// Register a bare account and open this computer's data for it.
    UseAccount(BareAccount),
    /// Trust the root certificates in this PEM file, or the system's, from the next sign-in on.
    SetRoots(Option<String>),
    /// Open the data of who was here last by the keyring, and look for the centre.
    WorkOffline,
    /// Sign in as the agent whose data is open.
    SignInAgain {
        /// Password.
        password: Secret,
    },
    /// End the session at the centre, un-register, forget the token.
    SignOut,
    /// Ask the centre for a presence.
    SetPresence(Presence),
    /// Ask the centre to end the wrap-up activity with this presence.
    StartAnswering(Presence),
    /// Ask the centre for the wrap-up's whole time anew.
    ExtendWrapUp,
    /// Sound the ringtone.
    Ring,
    /// Stop it.
    StopRinging,
    /// Show the incoming-call notification.
    Notify {
        /// For which leg.
        leg: LegId,
    },
    /// Withdraw it.
    WithdrawNotification {
        /// Of which leg.
        leg: LegId,
    },
    /// Ask who has this number.
    LookUp {
        /// For which call.
        call: CallId,
        /// The number.
        number: PhoneNumber,
    },
    /// Call somebody.
    Dial(Dial),
    /// Answer: 200 and media.
    Answer {
        /// Which leg.
        leg: LegId,
    },
    /// Decline.
    Decline {
        /// Which leg.
        leg: LegId,
    },
    /// Refuse a call that cannot be taken now, as busy.
    RejectBusy {
        /// Which leg.
        leg: LegId,
    },
    /// Hang up. The agent is free at once; the network part finishes in the background.
    HangUp {
        /// Which leg.
        leg: LegId,
    },
    /// Silence the microphone, or not.
    SetMuted {
        /// Of which leg.
        leg: LegId,
        /// Whether it is to be silent.
        muted: bool,
    },
    /// Put the far side on hold, or take it back. The voice stops both ways at once and flows again when the far side agrees.
    SetHeld {
        /// Of which leg.
        leg: LegId,
        /// Whether it is to be on hold.
        held: bool,
    },
    /// Send a keypad digit.
    SendKey {
        /// On which leg.
        leg: LegId,
        /// Which.
        key: Key,
    },
    /// Put a customer's profile into the outbox.
    SaveCustomer {
        /// The form beside which it was edited.
        wrap_up: WrapUpId,
        /// Whose.
        customer: CustomerId,
        /// Which version was edited; nothing for a new customer.
        version: Option<u64>,
        /// The profile.
        body: CustomerBody,
    },
    /// Put a ticket into the outbox, in the place of a refused one with the same id.
    CreateTicket {
        /// The form beside which it was written.
        wrap_up: WrapUpId,
        /// Its id.
        ticket: TicketId,
        /// What it says.
        body: TicketBody,
    },
    /// Drop what was refused.
    GiveUp {
        /// What.
        what: Filed,
    },
    /// Put a draft on the disk.
    SaveDraft(Draft),
    /// Drop a draft that never got a word and whose call was never answered.
    DropDraft {
        /// Which one.
        wrap_up: WrapUpId,
    },
    /// In one transaction: draft out, outbox row in.
    Submit(Draft),
    /// Fetch the recording of a leg and make ready to play it in the ear, instead of any other.
    OpenPlayback {
        /// Which leg.
        leg: LegId,
    },
    /// Let the open recording be heard.
    ResumePlayback,
    /// Pause it.
    PausePlayback,
    /// Go to a place in it.
    SeekPlayback {
        /// The place, in milliseconds from the beginning.
        millis: u64,
    },
    /// Change its speed.
    SetPlaybackSpeed {
        /// The speed in percent.
        speed: u16,
    },
    /// End it, and give up fetching it.
    ClosePlayback,
    /// Put a row of the call list on the disk.
    RecordLeg(LegRecord),
}

/// A call to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dial {
    /// The call, named by who starts it.
    pub call: CallId,
    /// This agent's leg.
    pub leg: LegId,
    /// Whom to call.
    pub number: PhoneNumber,
    /// 外呼号码: the number to show them, where one was given out.
    pub caller_id: Option<PhoneNumber>,
}
