//! What comes back to the actor from its tasks.

use offhook_desk::{Fact, SignedIn};
use offhook_model::{CallId, Code, CustomerCard, LegId, LegRecord};
use tokio::sync::mpsc;

use crate::account::LineAccount;
use crate::line::Line;
use crate::offline::Offline;
use crate::playback::Fetched;
use crate::standing::Authority;
use crate::unlocked::Unlocked;

/// Counts sessions, so that the word of an ended one is told from the word of this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Generation(u64);

impl Generation {
    pub(crate) const FIRST: Self = Self(0);

    pub(crate) const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A session's task tells the actor through this.
#[derive(Debug, Clone)]
pub(crate) struct Teller {
    pub(crate) generation: Generation,
    pub(crate) reports: mpsc::Sender<Report>,
}

impl Teller {
    /// Waits while the actor is busy. Where the actor is gone, so is this task, soon.
    pub(crate) async fn tell(&self, report: SessionReport) {
        let report = Report::Session(self.generation, report);
        self.reports.send(report).await.ok();
    }

    pub(crate) async fn fact(&self, fact: Fact) {
        self.tell(SessionReport::Fact(fact)).await;
    }

    /// The session is over; nothing more can be done in it.
    pub(crate) async fn over(&self, code: Code) {
        self.tell(SessionReport::Over(code)).await;
    }
}

/// One report.
#[derive(Debug)]
pub(crate) enum Report {
    /// The store's word, true for whatever session.
    Fact(Fact),
    /// How a sign-in went.
    SignIn(Generation, Result<Entry, Code>),
    /// The word of a session's task.
    Session(Generation, SessionReport),
}

/// How the agent came in.
#[derive(Debug)]
pub(crate) enum Entry {
    /// With a session.
    SignedIn(Box<SignIn>),
    /// While the centre is away.
    Offline(Box<Offline>),
}

impl Entry {
    /// Ends what came too late.
    pub(crate) async fn leave(self) {
        match self {
            Self::SignedIn(late) => late.authority.leave().await,
            Self::Offline(_) => {}
        }
    }
}

/// A sign-in that the centre accepted, or a bare account that can be used.
#[derive(Debug)]
pub(crate) struct SignIn {
    pub(crate) authority: Authority,
    pub(crate) account: LineAccount,
    /// For the desk.
    pub(crate) signed_in: SignedIn,
    /// What the disk had of this agent.
    pub(crate) unlocked: Unlocked,
}

/// What a look-up found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// The word of who has the last: every customer with that number.
    Fresh(Vec<CustomerCard>),
    /// This computer's copies, because the centre has not answered.
    Stale(Vec<CustomerCard>),
    /// Neither the centre nor this computer can say.
    Nothing,
}

impl Found {
    /// The cards, and whether they are copies.
    pub(crate) fn into_cards(self) -> (Vec<CustomerCard>, bool) {
        match self {
            Self::Fresh(cards) => (cards, false),
            Self::Stale(cards) => (cards, true),
            Self::Nothing => (Vec::new(), true),
        }
    }
}

/// The word of a session's task.
#[derive(Debug)]
pub(crate) enum SessionReport {
    /// For the desk.
    Fact(Fact),
    /// What the centre recorded of this agent's legs.
    Legs(Vec<LegRecord>),
    /// The telephone line is set up; whether it is registered, its events say.
    Line(Box<Line>),
    /// A look-up answered; the cards are kept for the screen pop.
    Found(CallId, Found),
    /// News of the recording that is fetched.
    Recording(LegId, Fetched),
    /// The centre answers again after it did not. It may have forgotten where this phone is.
    Back,
    /// The offline desk has come to a session.
    SignedIn(Box<SignIn>),
    /// The centre ended the session.
    Over(Code),
}
