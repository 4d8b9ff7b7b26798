//! What carries the calls: the seam between the queue and the wire.
//!
//! The queue decides, an engine does. The builtin one is a small back-to-back user agent; another could drive a PBX.

mod builtin;
mod hold_prompt;
mod one_source;
mod relay;
pub mod switch;
mod tone;

pub use builtin::Builtin;

use crate::acd::{Arrival, CancelReason, DialRefusal, Dialled, Input, Line, Offer, Refusal};
use crate::store::SipSecret;
use offhook_model::{AgentId, CallId, LegId, LegOutcome, PhoneNumber, SkillGroupId};
use std::collections::BTreeMap;
use std::future::Future;
use tokio::sync::mpsc;

/// Whom an engine lets in, and where their calls go. Sent whole at the start and at each change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directory {
    /// Every agent's extension.
    pub agents: Vec<(AgentId, String)>,
    /// Every queue's number.
    pub queues: Vec<(String, SkillGroupId)>,
    /// Every digest secret.
    pub secrets: Vec<SipSecret>,
    /// The numbers each agent may call from, the default one first.
    pub caller_ids: BTreeMap<AgentId, Vec<PhoneNumber>>,
}

/// What the queue asks of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Who may register and what can be called.
    Directory(Directory),
    /// Ring an agent.
    Offer(Offer),
    /// Stop ringing an agent; one who has answered in the meantime is hung up.
    CancelOffer {
        /// Which leg.
        leg: LegId,
        /// Why.
        why: CancelReason,
    },
    /// Let customer and agent talk.
    Connect {
        /// The customer.
        call: CallId,
        /// The agent.
        leg: LegId,
    },
    /// Hang up at the customer's side.
    Drop {
        /// Which call.
        call: CallId,
    },
    /// Hang up at the agent's side.
    EndLeg {
        /// Which leg.
        leg: LegId,
    },
    /// Put a dialled call through.
    Dial {
        /// Which call.
        call: CallId,
    },
    /// Refuse a dialled call. Nothing is told of its end.
    RefuseDial {
        /// Which call.
        call: CallId,
        /// Why.
        why: DialRefusal,
    },
    /// Stop ringing at both ends of a dialled call. Nothing is told of its end.
    EndDial {
        /// Which call.
        call: CallId,
    },
}

/// What an engine tells the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An agent's phone can be called, or can still.
    Registered {
        /// Whose.
        agent: AgentId,
    },
    /// An agent's phone can no longer be called.
    Unregistered {
        /// Whose.
        agent: AgentId,
    },
    /// An agent's phone calls a queue as a customer, or no longer.
    Line {
        /// Whose.
        agent: AgentId,
        /// For what.
        line: Line,
    },
    /// A customer called a queue's number and was answered.
    Arrived(Arrival),
    /// The customer hung up.
    Gone {
        /// Which call.
        call: CallId,
    },
    /// The agent's phone has shown that it is there.
    Reached {
        /// Which leg.
        leg: LegId,
    },
    /// The agent answered.
    Answered {
        /// Which leg.
        leg: LegId,
    },
    /// The offer came to nothing.
    Refused {
        /// Which leg.
        leg: LegId,
        /// Why.
        why: Refusal,
    },
    /// The agent hung up, or the phone was lost in the call.
    LegEnded {
        /// Which leg.
        leg: LegId,
    },
    /// Somebody dialled past the queues and waits for [`Command::Dial`] or [`Command::RefuseDial`].
    Dialled(Dialled),
    /// A dialled call was answered.
    DialAnswered {
        /// Which call.
        call: CallId,
    },
    /// A dialled call is over.
    DialOver {
        /// Which call.
        call: CallId,
        /// How it ended for who dialled.
        outcome: LegOutcome,
    },
}

impl From<Event> for Input {
    fn from(event: Event) -> Self {
        match event {
            Event::Registered { agent } => Self::Registered { agent },
            Event::Unregistered { agent } => Self::Unregistered { agent },
            Event::Line { agent, line } => Self::Line { agent, line },
            Event::Arrived(arrival) => Self::Arrived(arrival),
            Event::Gone { call } => Self::Gone { call },
            Event::Reached { leg } => Self::Reached { leg },
            Event::Answered { leg } => Self::Answered { leg },
            Event::Refused { leg, why } => Self::Refused { leg, why },
            Event::LegEnded { leg } => Self::LegEnded { leg },
            Event::Dialled(dialled) => Self::Dialled(dialled),
            Event::DialAnswered { call } => Self::DialAnswered { call },
            Event::DialOver { call, outcome } => Self::DialOver { call, outcome },
        }
    }
}

/// The two ends of a running engine. Dropping the sender ends every call and then the engine; the receiver then runs dry.
#[derive(Debug)]
pub struct Wires {
    /// What the queue asks.
    pub commands: mpsc::Sender<Command>,
    /// What the engine tells.
    pub events: mpsc::Receiver<Event>,
}

/// Something that can carry calls.
pub trait Engine {
    /// Why it did not start.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Starts it.
    fn start(self) -> impl Future<Output = Result<Wires, Self::Error>> + Send;
}
