//! What an endpoint keeps of a call.
//!
//! ```text
//! ours    Calling ──2xx──▶ Talking ──BYE sent──▶ Leaving ──▶ gone
//! theirs  Ringing ──2xx──▶ Talking ──BYE came──▶ gone
//! ```
//! `over` runs beside it: the owner has been told the end, and what remains is between us and the wire.

use std::fmt;
use std::time::Duration;

use crate::auth::{Attempt, DigestClient};
use crate::dialog::Dialog;
use crate::endpoint::RequestKey;
use crate::transaction::{ClientId, ServerId};
use crate::{CallKey, Flow, Reason, Request, Response, Transmit};

#[derive(Debug)]
pub(super) struct Call {
    pub(super) call_id: String,
    pub(super) local_tag: String,
    pub(super) over: bool,
    pub(super) digest: Option<DigestClient>,
    pub(super) phase: Phase,
}

#[derive(Debug)]
pub(super) enum Phase {
    Calling(Box<Calling>),
    Ringing(Box<Ringing>),
    Talking(Box<Talking>),
    Leaving(Box<Leaving>),
}

/// Our INVITE without a final answer.
#[derive(Debug)]
pub(super) struct Calling {
    pub(super) invite: ClientId,
    /// The INVITE without Via and credentials, to be sent again when challenged.
    pub(super) request: Request,
    pub(super) next_hop: Flow,
    pub(super) seq: u32,
    pub(super) attempt: Attempt,
    /// A provisional answer came: only now may it be cancelled (RFC 3261 §9.1).
    pub(super) provisional: bool,
    pub(super) cancel: Cancel,
    /// One per To tag.
    pub(super) early: Vec<Dialog>,
}

#[derive(Debug)]
pub(super) enum Cancel {
    No,
    /// As soon as a provisional answer comes.
    Wanted(Option<Reason>),
    Sent,
}

/// Their INVITE without a final answer.
#[derive(Debug)]
pub(super) struct Ringing {
    pub(super) invite: ServerId,
    pub(super) request: Request,
    pub(super) dialog: Dialog,
    /// The last 18x, to be repeated.
    pub(super) progress: Option<Response>,
}

/// A confirmed dialog.
pub(super) struct Talking {
    pub(super) dialog: Dialog,
    pub(super) change: Change,
    /// A 2xx of ours without its ACK.
    pub(super) unacked: Option<Unacked>,
    /// A change of ours that waits for its turn.
    pub(super) queued: Option<Vec<u8>>,
    /// We hung up before the ACK to our first 2xx: BYE must wait for it (RFC 3261 §15).
    pub(super) leave: Option<Option<Reason>>,
}

impl Talking {
    pub(super) fn new(dialog: Dialog, unacked: Option<Unacked>) -> Self {
        Self {
            dialog,
            change: Change::None,
            unacked,
            queued: None,
            leave: None,
        }
    }
}

/// A change of the session under way.
pub(super) enum Change {
    None,
    /// Our re-INVITE without a final answer.
    Ours {
        invite: ClientId,
        sdp: Vec<u8>,
        attempt: Attempt,
        glares: u32,
    },
    /// Our re-INVITE met theirs: it is sent again when the timer fires.
    Glare {
        sdp: Vec<u8>,
        glares: u32,
    },
    /// Their re-INVITE or UPDATE without a final answer.
    Theirs {
        request: ServerId,
        message: Box<Request>,
    },
}

impl fmt::Debug for Talking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Talking")
            .field("dialog", &self.dialog)
            .field("change", &self.change)
            .field("unacked", &self.unacked)
            .field("queued", &self.queued.is_some())
            .field("leave", &self.leave)
            .finish()
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::None => f.write_str("None"),
            Change::Ours { invite, glares, .. } => write!(f, "Ours({invite:?}, {glares} glares)"),
            Change::Glare { glares, .. } => write!(f, "Glare({glares})"),
            Change::Theirs { request, .. } => write!(f, "Theirs({request:?})"),
        }
    }
}

#[derive(Debug)]
pub(super) struct Unacked {
    pub(super) invite: ServerId,
    pub(super) seq: u32,
    pub(super) interval: Duration,
    /// Our 2xx carried the offer, the ACK carries the answer.
    pub(super) offered: bool,
    /// It is the answer to the call, not to a change.
    pub(super) first: bool,
}

/// BYE is on its way.
#[derive(Debug)]
pub(super) struct Leaving {
    pub(super) dialog: Dialog,
    pub(super) attempt: Attempt,
    /// A re-INVITE of ours that was pending.
    pub(super) pending: Option<ClientId>,
}

impl Phase {
    /// A re-INVITE of ours without a final answer.
    pub(super) fn pending_change(&self) -> Option<ClientId> {
        match self {
            Phase::Talking(talking) => talking.pending_change(),
            Phase::Leaving(leaving) => leaving.pending,
            Phase::Calling(_) | Phase::Ringing(_) => None,
        }
    }
}

impl Talking {
    pub(super) fn pending_change(&self) -> Option<ClientId> {
        match self.change {
            Change::Ours { invite, .. } => Some(invite),
            Change::None | Change::Glare { .. } | Change::Theirs { .. } => None,
        }
    }
}

/// Whom a transaction of ours works for. It may outlive the call: repeated 2xx must be acknowledged as long as they can come.
#[derive(Debug)]
pub(super) enum Usage {
    Invite {
        call: CallKey,
        acks: Vec<(String, Transmit)>,
    },
    Reinvite {
        call: CallKey,
        dialog: Box<Dialog>,
        ack: Option<Transmit>,
    },
    Bye {
        call: CallKey,
    },
    Request(RequestKey),
    /// CANCEL, and the BYE of a fork that came too late.
    Nobody,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Timer {
    /// Our 2xx is repeated.
    Repeat(CallKey),
    /// The ACK to our 2xx is given up.
    AckMissing(CallKey),
    /// Our 18x is repeated, or a proxy would think us dead.
    Rering(CallKey),
    /// After a 491.
    Glare(CallKey),
    /// Nobody waits for this INVITE's answer any more, and none may come.
    Orphan(ClientId),
}
