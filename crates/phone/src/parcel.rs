//! What stands in the outbox's bodies, one kind each. A kind and its version never change their meaning: a row that waits may be
//! sent by any later program.

use offhook_cloud::{CloudError, Session};
use offhook_desk::Filed;
use offhook_model::{
    CustomerId, TicketId, WrapUpId,
    api::{CustomerBody, TicketBody},
};
use offhook_store::OutboxItem;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::edits::Version;

/// The kind of an outbox row that holds a wrap-up: its body is the JSON that the centre takes.
pub(crate) const WRAP_UP: &str = "wrap_up";
/// The kind of one that holds a customer's profile: its body is a [`CustomerParcel`].
pub(crate) const CUSTOMER: &str = "customer";
/// The kind of one that holds a ticket: its body is a [`TicketParcel`].
pub(crate) const TICKET: &str = "ticket";

/// A profile on its way.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CustomerParcel {
    pub(crate) customer: CustomerId,
    /// The version it changes; nothing makes the record.
    pub(crate) version: Option<u64>,
    /// How the profile stood when this computer began to change it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) base: Option<CustomerBody>,
    /// What the centre takes, byte for byte the same at each try.
    pub(crate) json: String,
}

/// A ticket on its way.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TicketParcel {
    pub(crate) ticket: TicketId,
    /// What the centre takes, byte for byte the same at each try.
    pub(crate) json: String,
}

/// One row of the outbox, read.
pub(crate) enum Parcel {
    WrapUp(WrapUpId, Vec<u8>),
    Customer(CustomerParcel),
    Ticket(TicketParcel),
}

impl CustomerParcel {
    pub(crate) fn new(
        customer: CustomerId,
        changes: Version,
        body: &CustomerBody,
    ) -> serde_json::Result<Self> {
        Ok(Self {
            customer,
            version: changes.version,
            base: changes.base,
            json: serde_json::to_string(body)?,
        })
    }
}

impl TicketParcel {
    pub(crate) fn new(ticket: TicketId, body: &TicketBody) -> serde_json::Result<Self> {
        Ok(Self {
            ticket,
            json: serde_json::to_string(body)?,
        })
    }
}

impl Parcel {
    /// Reads a row; nothing where only a later program can.
    pub(crate) fn read(item: OutboxItem) -> Option<Self> {
        if item.version != 1 {
            return None;
        }
        match item.kind.as_str() {
            WRAP_UP => Some(Self::WrapUp(item.wrap_up, item.body)),
            CUSTOMER => serde_json::from_slice(&item.body).ok().map(Self::Customer),
            TICKET => serde_json::from_slice(&item.body).ok().map(Self::Ticket),
            _ => None,
        }
    }

    /// Says what it is in the desk's words; a wrap-up has words of its own.
    pub(crate) const fn filed(&self) -> Result<Filed, WrapUpId> {
        match self {
            Self::WrapUp(wrap_up, _) => Err(*wrap_up),
            Self::Customer(parcel) => Ok(Filed::Customer {
                id: parcel.customer,
            }),
            Self::Ticket(parcel) => Ok(Filed::Ticket { id: parcel.ticket }),
        }
    }

    /// Puts it to the centre.
    pub(crate) async fn send(self, session: &Session, key: Uuid) -> Result<(), CloudError> {
        match self {
            Self::WrapUp(wrap_up, json) => {
                session.put_wrap_up_json(wrap_up, key, json).await.map(drop)
            }
            Self::Customer(CustomerParcel {
                customer,
                version,
                base: _,
                json,
            }) => session
                .put_customer_json(key, customer, version, json.into_bytes())
                .await
                .map(drop),
            Self::Ticket(TicketParcel { ticket, json }) => session
                .put_ticket_json(key, ticket, json.into_bytes())
                .await
                .map(drop),
        }
    }
}
