//! Stable codes of what can go wrong. The interface owns the words, in both languages.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What went wrong, as a code that never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Code {
    /// Name or password is wrong.
    WrongPassword,
    /// Too many wrong passwords; wait.
    LockedOut,
    /// The session is over; sign in again.
    SessionExpired,
    /// The same agent signed in elsewhere; this window is signed out.
    SignedInElsewhere,
    /// The centre's address cannot be found.
    UnknownHost,
    /// Nothing listens at the centre's address.
    ConnectionRefused,
    /// The certificate of the centre or the registrar does not verify.
    CertificateInvalid,
    /// The file with the root certificates cannot be read, or holds none.
    RootsInvalid,
    /// The centre does not answer.
    Unreachable,
    /// The centre failed inside.
    CentreFailed,
    /// The centre refused the request as it stands.
    Refused,
    /// The agent has no right to do this.
    Forbidden,
    /// There is no such thing at the centre.
    NotFound,
    /// The same idempotency key came with another body.
    KeyReused,
    /// Somebody else changed it in the meantime.
    Conflict,
    /// The request is too large or not well formed.
    Malformed,
    /// The telephone registration was refused.
    RegistrationRefused,
    /// The telephone registration was lost and is being tried again.
    RegistrationLost,
    /// The call could not be answered: it was already gone.
    CallGone,
    /// The call could not be set up: no common codec or no media path.
    MediaFailed,
    /// No microphone was found.
    NoMicrophone,
    /// No loudspeaker was found.
    NoSpeaker,
    /// The sound device is used by another program.
    DeviceBusy,
    /// This computer's store cannot be written: disk full or read-only.
    StoreFull,
    /// Something in this computer's store does not read; the rest works.
    StoreDamaged,
    /// This computer's store was damaged: it was set aside, and what reads of it goes on in a new one.
    StoreSetAside,
    /// The store was written by a newer version of the program.
    StoreNewer,
    /// The profile is in use by another window.
    ProfileInUse,
    /// The keyring does not answer: the password is asked for at each start.
    KeyringUnavailable,
    /// Not possible in this state (not checked in, call over, and the like).
    NotNow,
    /// A required field is missing.
    Incomplete,
    /// Dialling needs a check-in first.
    NotCheckedIn,
    /// What was typed is no telephone number.
    InvalidNumber,
    /// Another call is on this phone.
    LineBusy,
    /// The far side takes no keypad digits (no telephone-event agreed, RFC 4733).
    KeypadUnavailable,
    /// The far side refused to be put on hold or to be retrieved.
    HoldRefused,
    /// The account file can be read by others.
    AccountReadable,
    /// The account cannot be used as it is written.
    AccountInvalid,
}
