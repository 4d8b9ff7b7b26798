//! The named windows, and who is killed in them.

use offhook_model::Random;
use std::fmt;

/// A window of time in the life of a form, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// A keystroke was taken, the next one not yet given.
    BetweenKeystrokes,
    /// The store has begun to write a draft, and the phone has not said that it is saved.
    InsideSaveDraft,
    /// The form is said to be on its way, and no request of it has been seen.
    BeforeRequest,
    /// The centre has the whole request, has begun to write, and has not answered.
    InsideTransaction,
    /// The centre has answered, and the answer is held back.
    AnswerHeldBack,
    /// The answer was passed on, and the outbox does not have it.
    AnswerNotRecorded,
}

impl Moment {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::BetweenKeystrokes,
        Self::InsideSaveDraft,
        Self::BeforeRequest,
        Self::InsideTransaction,
        Self::AnswerHeldBack,
        Self::AnswerNotRecorded,
    ];

    /// Draws one.
    pub fn drawn(random: &mut Random) -> Self {
        drawn(random, Self::ALL)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::BetweenKeystrokes => "between keystrokes",
            Self::InsideSaveDraft => "inside SaveDraft",
            Self::BeforeRequest => "between outbox commit and request",
            Self::InsideTransaction => "request received, centre writing",
            Self::AnswerHeldBack => "request sent, answer held back",
            Self::AnswerNotRecorded => "answer sent, not yet recorded",
        })
    }
}

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Victim {
    /// The app.
    App,
    /// The centre.
    Centre,
    /// Both at once.
    Both,
}

impl Victim {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::App, Self::Centre, Self::Both];

    /// Draws one.
    pub fn drawn(random: &mut Random) -> Self {
        drawn(random, Self::ALL)
    }

    /// Whether the app is killed.
    #[must_use]
    pub const fn app(self) -> bool {
        match self {
            Self::App | Self::Both => true,
            Self::Centre => false,
        }
    }

    /// Whether the centre is killed.
    #[must_use]
    pub const fn centre(self) -> bool {
        match self {
            Self::Centre | Self::Both => true,
            Self::App => false,
        }
    }
}

impl fmt::Display for Victim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::App => "app",
            Self::Centre => "centre",
            Self::Both => "both",
        })
    }
}

fn drawn<T: Copy, const N: usize>(random: &mut Random, of: [T; N]) -> T {
    let at = usize::try_from(random.below(N as u64)).unwrap_or(0);
    of[at]
}
