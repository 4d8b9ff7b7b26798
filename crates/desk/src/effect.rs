//! What the desk asks of the body.

use crate::Draft;
use offhook_model::{CallId, LegId, LegRecord, PhoneNumber, Presence, Secret, WrapUpId};

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
    /// End the session at the centre, un-register, forget the token.
    SignOut,
    /// Ask the centre for a presence.
    SetPresence(Presence),
    /// Ask the centre to end the wrap-up activity with this presence.
    StartAnswering(Presence),
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
    /// Put a draft on the disk.
    SaveDraft(Draft),
    /// Drop a draft that never got a word and whose call was never answered.
    DropDraft {
        /// Which one.
        wrap_up: WrapUpId,
    },
    /// In one transaction: draft out, outbox row in.
    Submit(Draft),
    /// Put a row of the call list on the disk.
    RecordLeg(LegRecord),
}
