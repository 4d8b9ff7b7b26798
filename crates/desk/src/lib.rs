//! The brain: one pure state machine of the agent's day.
//!
//! Promise: plain values in ([`Command`]s and [`Fact`]s), plain values out ([`Effect`]s and a [`View`]), the same in, the same
//! out. Every "may I?" of the product is answered here and nowhere else.
//!
//! Knows: session, presence, offered, answering, live, ended, wrap-ups. Does not know: sockets, SQL, clocks, random sources
//! other than the seed it is given, Tauri, or the words of any protocol.

mod call;
mod command;
mod desk;
mod dial;
mod draft;
mod effect;
mod fact;
mod filing;
mod hold;
mod playback;
mod presence;
mod session;
mod snapshot;
mod view;
mod wrap_up;
mod wrapping;

pub use command::Command;
pub use desk::Desk;
pub use draft::Draft;
pub use effect::{Dial, Effect};
pub use fact::{
    Fact, FiledItem, InOutbox, LegEnd, Offered, OpenedOffline, PlaybackFact, RestoredWrapUp,
    SignedIn,
};
pub use playback::RightToListen;
pub use view::{
    Again, CallAction, CallPhase, CallView, CannotPlay, DeskAction, EndedBy, Filed, FiledAction,
    FiledView, LinkView, LinksView, NextAction, Notice, NoticeKind, PauseReason, PlaybackPhase,
    PlaybackView, PresenceView, SavedState, SessionView, Switch, View, WrapUpAction, WrapUpView,
};
