//! Profiles and tickets beside a form, in the store: filed, mended, given up, and read again.

use offhook_desk::{Fact, Filed, SavedState};
use offhook_model::{
    Code, CustomerId, TicketId, Typed, WrapUpId,
    api::{CustomerBody, TicketBody},
};
use offhook_store::{ItemState, OutboxItem, Store, StoreError};
use tracing::{error, warn};
use uuid::Uuid;

use crate::clock::wall;
use crate::edits::Version;
use crate::parcel::{CUSTOMER, CustomerParcel, Parcel, TICKET, TicketParcel};
use crate::query::FiledText;

/// Puts a profile into the outbox.
pub(crate) async fn customer(
    store: &Store,
    wrap_up: WrapUpId,
    customer: CustomerId,
    changes: Version,
    body: &CustomerBody,
) -> Fact {
    let what = Filed::Customer { id: customer };
    let follows = changes.follows;
    let filed = async {
        let refused = if follows {
            // What it builds on was refused while this was on its way here: it is no better.
            refusal(&items_of(store, what).await?)
        } else {
            None
        };
        let parcel = CustomerParcel::new(customer, changes, body);
        let item = item(wrap_up, Some(customer), CUSTOMER, parcel)?;
        let (id, since) = (item.id, item.submitted_at);
        store.file(item).await.map_err(failed)?;
        if let Some(code) = refused {
            store.refused(id, code, wall()).await.map_err(failed)?;
            return Ok(SavedState::Refused { code });
        }
        Ok(SavedState::Waiting { since, error: None })
    };
    told(what, filed.await)
}

/// Puts a ticket into the outbox, in the place of a refused one with the same id.
pub(crate) async fn ticket(
    store: &Store,
    wrap_up: WrapUpId,
    ticket: TicketId,
    body: &TicketBody,
) -> Fact {
    let what = Filed::Ticket { id: ticket };
    let filed = async {
        let item = item(
            wrap_up,
            body.customer,
            TICKET,
            TicketParcel::new(ticket, body),
        )?;
        let since = item.submitted_at;
        let mended = items_of(store, what).await?.pop();
        match mended {
            Some(mended) => store.file_again(item, mended.id).await,
            None => store.file(item).await,
        }
        .map_err(failed)?;
        Ok(SavedState::Waiting { since, error: None })
    };
    told(what, filed.await)
}

/// Drops what was refused.
pub(crate) async fn give_up(store: &Store, what: Filed) -> Fact {
    let dropped = async {
        for kept in items_of(store, what).await? {
            store.give_up(kept.id).await.map_err(failed)?;
        }
        Ok(())
    };
    match dropped.await {
        Ok(()) => Fact::GivenUp { what },
        Err(code) => Fact::Failed(code),
    }
}

/// Reads what was filed; of a customer's profile also what it changed, and what the centre has.
pub(crate) async fn text(store: &Store, what: Filed) -> Result<Option<FiledText>, Code> {
    let mut items = items_of(store, what).await?.into_iter();
    let first = items.next();
    let last = items.last();
    let Some(first) = first else {
        return Ok(None);
    };
    match (first.parcel, last.map(|last| last.parcel)) {
        (Parcel::Customer(first), last) => {
            let mine = match &last {
                Some(Parcel::Customer(last)) => read(&last.json)?,
                Some(Parcel::Ticket(_) | Parcel::WrapUp(..)) | None => read(&first.json)?,
            };
            let theirs = store.card(first.customer).await.map_err(failed)?;
            Ok(Some(FiledText::Customer {
                mine,
                base: first.base,
                theirs: theirs.map(|card| Box::new(card.customer)),
            }))
        }
        (Parcel::Ticket(parcel), _) => {
            let TicketBody {
                title,
                text,
                due_at,
                ..
            } = read(&parcel.json)?;
            Ok(Some(FiledText::Ticket {
                title: Typed(title),
                text: Typed(text),
                due_at,
            }))
        }
        (Parcel::WrapUp(..), _) => Ok(None),
    }
}

/// An item that is not at the centre.
struct Kept {
    id: Uuid,
    state: ItemState,
    parcel: Parcel,
}

/// All that is kept of one thing and not at the centre, oldest first.
async fn items_of(store: &Store, what: Filed) -> Result<Vec<Kept>, Code> {
    let mut kept = Vec::new();
    for (item, state) in store.beside().await.map_err(failed)? {
        let id = item.id;
        if let ItemState::Sent { .. } = state {
            continue;
        }
        if let Some(parcel) = Parcel::read(item)
            && parcel.filed() == Ok(what)
        {
            kept.push(Kept { id, state, parcel });
        }
    }
    Ok(kept)
}

fn refusal(items: &[Kept]) -> Option<Code> {
    items.iter().rev().find_map(|item| match item.state {
        ItemState::Refused { code } => Some(code),
        ItemState::Waiting | ItemState::Sent { .. } => None,
    })
}

fn item(
    wrap_up: WrapUpId,
    customer: Option<CustomerId>,
    kind: &str,
    parcel: serde_json::Result<impl serde::Serialize>,
) -> Result<OutboxItem, Code> {
    let unwritable = |_| {
        error!("Something to file cannot be written as JSON");
        Code::Malformed
    };
    let body = parcel.and_then(|parcel| serde_json::to_vec(&parcel));
    Ok(OutboxItem {
        id: Uuid::new_v4(),
        wrap_up,
        customer,
        kind: kind.to_owned(),
        version: 1,
        submitted_at: wall(),
        body: body.map_err(unwritable)?,
    })
}

fn read<T: serde::de::DeserializeOwned>(json: &str) -> Result<T, Code> {
    serde_json::from_str(json).map_err(|_| Code::StoreDamaged)
}

fn told(what: Filed, filed: Result<SavedState, Code>) -> Fact {
    let saved = filed.unwrap_or_else(|code| SavedState::SaveFailed { code });
    Fact::Filed { what, saved }
}

fn failed(error: StoreError) -> Code {
    warn!(%error, "The store did not do what concerns something filed");
    error.code()
}
