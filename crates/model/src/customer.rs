//! The customer's record, as the screen pop shows it.

use crate::{CustomerId, Direction, LegOutcome, PhoneNumber, Text, Wall};
use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;

/// Enough of a customer to name them in a row. `Debug` shows the id alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerName {
    /// Whose record it is.
    pub id: CustomerId,
    /// The name.
    pub name: String,
}

impl fmt::Debug for CustomerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CustomerName({})", self.id)
    }
}

/// 客户资料: the profile. `Debug` shows the id alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Customer {
    /// The record's id.
    pub id: CustomerId,
    /// The number people quote, `C-104882`.
    pub reference: String,
    /// The name.
    pub name: String,
    /// Every number they are known by; the first is the main one.
    pub numbers: Vec<PhoneNumber>,
    /// 归属地: where the main number is at home.
    pub home: Option<Text>,
    /// 客户标签.
    pub tags: Vec<String>,
    /// The company's own fields, in their order.
    pub fields: Vec<ProfileField>,
    /// Counts up with each change; sent back as `If-Match`.
    #[ts(type = "number")]
    pub version: u64,
}

impl fmt::Debug for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Customer({})", self.id)
    }
}

/// One field of the profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProfileField {
    /// What it is called.
    pub label: Text,
    /// What stands in it.
    #[cfg_attr(feature = "openapi", schema(max_length = 500))]
    pub value: String,
}

/// 历史通话: one past call with this customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PastCall {
    /// When.
    pub at: Wall,
    /// Who called whom.
    pub direction: Direction,
    /// The colleague who had it; nothing where nobody took it.
    pub agent: Option<String>,
    /// How it ended.
    pub outcome: LegOutcome,
    /// Talk time in seconds.
    pub talk_seconds: u32,
    /// The summary written then.
    pub summary: String,
}

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TicketState {
    /// Nobody has taken it.
    Open,
    /// Somebody works on it.
    InProgress,
    /// Its time has passed.
    Overdue,
    /// Done.
    Closed,
}

/// 历史工单: one ticket of this customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PastTicket {
    /// The number people quote, `TK-20418`.
    pub reference: String,
    /// What it is about.
    pub title: String,
    /// Where it stands.
    pub state: TicketState,
    /// When it was opened.
    pub opened_at: Wall,
    /// By when it should be done.
    pub due_at: Option<Wall>,
}

/// The kinds of service that are neither a call nor a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ServiceKind {
    /// An online chat.
    Chat,
    /// A visit at the customer's.
    Visit,
    /// A survey answered.
    Survey,
    /// A follow-up.
    FollowUp,
}

/// Any other service record (ACCEPTANCE 36).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServiceRecord {
    /// What kind of service.
    pub kind: ServiceKind,
    /// Its title.
    pub title: String,
    /// When.
    pub at: Wall,
    /// Who did it.
    pub by: String,
    /// Where more of it stands.
    pub link: Option<String>,
}

/// 来电弹屏: all that the pop shows of one customer. `Debug` shows the customer's id alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerCard {
    /// The profile.
    pub customer: Customer,
    /// Past calls, newest first.
    pub calls: Vec<PastCall>,
    /// Tickets, open ones first.
    pub tickets: Vec<PastTicket>,
    /// Other records, newest first.
    pub records: Vec<ServiceRecord>,
}

impl fmt::Debug for CustomerCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CustomerCard({})", self.customer.id)
    }
}

/// What a look-up of the caller's number found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CallerMatch {
    /// The answer is on its way.
    Looking,
    /// One customer has this number.
    Known {
        /// Who.
        customer: CustomerName,
        /// The copy comes from this computer, because the service did not answer.
        stale: bool,
    },
    /// Several customers share this number: a chooser is shown.
    Several {
        /// Who it may be.
        customers: Vec<CustomerName>,
    },
    /// Nobody has this number: a new-customer form is shown.
    Unknown,
    /// The service did not answer and this computer has no copy.
    Unavailable,
}
