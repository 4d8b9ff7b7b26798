//! Read-only questions: what is too large for the view, or not asked for at each change.

use offhook_desk::{CannotPlay, Draft, Filed, RightToListen};
use offhook_model::{
    BareAccount, CallId, CallResult, Customer, CustomerCard, FormDefinition, LegRecord,
    PhoneNumber, Typed, Wall, WrapUpId, api::CustomerBody,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One question. Each is answered by the [`Answer`] of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Query {
    /// The body of an after-call form.
    Draft {
        /// Which form.
        wrap_up: WrapUpId,
    },
    /// What the screen pop of a call shows.
    Card {
        /// Which call.
        call: CallId,
    },
    /// Who has a number, with the history: for the details of a past call.
    Customers {
        /// The number.
        number: PhoneNumber,
    },
    /// What was filed beside a form and is not at the centre: to be mended, or compared with what somebody else wrote.
    Filed {
        /// What.
        what: Filed,
    },
    /// The definition of the after-call form.
    Form,
    /// 通话列表: this agent's legs of the last 7 × 24 hours, newest first.
    Calls,
    /// What this computer remembers between starts.
    Settings,
}

/// The answer to one [`Query`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Answer {
    /// To [`Query::Draft`].
    Draft {
        /// The form; nothing where this phone has no form of that id.
        draft: Option<Draft>,
    },
    /// To [`Query::Card`].
    Card {
        /// The caller's number; nothing where it was withheld.
        number: Option<PhoneNumber>,
        /// Every customer with that number. The answer waits for the look-up; none means that nobody has it or, with
        /// `stale`, that nobody could say.
        cards: Vec<CustomerCard>,
        /// The cards are this computer's copy, because the service did not answer.
        stale: bool,
    },
    /// To [`Query::Customers`].
    Customers {
        /// Every customer with that number.
        cards: Vec<CustomerCard>,
        /// The cards are this computer's copy, because the service did not answer.
        stale: bool,
    },
    /// To [`Query::Filed`].
    Filed {
        /// What was written; nothing where the centre has it.
        text: Option<FiledText>,
    },
    /// To [`Query::Form`].
    Form {
        /// The form; nothing before sign-in.
        form: Option<FormDefinition>,
    },
    /// To [`Query::Calls`].
    Calls {
        /// The rows, newest first.
        rows: Vec<CallRow>,
    },
    /// To [`Query::Settings`].
    Settings {
        /// The settings.
        settings: Settings,
    },
}

/// What was filed, as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FiledText {
    /// 工单.
    Ticket {
        /// What it is about, in a line.
        title: Typed,
        /// The whole of it.
        text: Typed,
        /// By when it should be done.
        due_at: Option<Wall>,
    },
    /// 客户资料.
    Customer {
        /// As it was written here last.
        mine: CustomerBody,
        /// How it stood before; nothing where that is not known, or the customer is new.
        base: Option<CustomerBody>,
        /// How it stands at the centre, as far as this computer has heard.
        theirs: Option<Box<Customer>>,
    },
}

/// One row of the call list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CallRow {
    /// The leg.
    pub record: LegRecord,
    /// Its drawer of the list; nothing while it goes on.
    pub result: Option<CallResult>,
    /// Why its recording cannot be played, whatever else is so; nothing where it can. The view says what stands in the way now.
    pub cannot_play: Option<CannotPlay>,
}

impl CallRow {
    pub(crate) fn new(record: LegRecord, right: RightToListen) -> Self {
        Self {
            result: record.result(),
            cannot_play: right.cannot_play(&record),
            record,
        }
    }
}

/// What this computer remembers between starts. Never a password.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Settings {
    /// The centre of the last sign-in that was accepted.
    pub centre: Option<String>,
    /// The sign-in name of the last sign-in that was accepted.
    pub username: Option<String>,
    /// The bare SIP account used last, its password left empty.
    pub account: Option<BareAccount>,
    /// The PEM file with the root certificates that are trusted at the next sign-in; nothing for the system's.
    pub roots: Option<String>,
    /// The last agent did not sign out: [`offhook_desk::Command::WorkOffline`] may open their data without the centre.
    #[serde(default)]
    pub opens_offline: bool,
}
