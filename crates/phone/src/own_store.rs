//! What a bare account files, kept on this computer, and the history that comes of it.

use offhook_desk::{Draft, Fact, Filed, SavedState};
use offhook_model::{
    Code, CustomerCard, CustomerId, LegOutcome, PastCall, PastTicket, PhoneNumber, TicketId,
    TicketState, Wall, WrapUpId,
    api::{CustomerBody, TicketBody},
};
use offhook_store::{KeptItem, Store, StoreError};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tracing::{error, warn};

use crate::clock::wall;
use crate::edits::new_card;
use crate::own_form;
use crate::parcel::{TICKET, WRAP_UP};

/// One thing to do for a bare account.
#[derive(Debug)]
pub(crate) enum OwnJob {
    /// Keep a submitted form; its draft goes in the same transaction.
    Form(Draft),
    /// Keep a customer's profile as edited beside a form.
    Customer {
        wrap_up: WrapUpId,
        customer: CustomerId,
        body: CustomerBody,
    },
    Ticket {
        ticket: TicketId,
        body: TicketBody,
    },
    /// Every customer with a number, with calls and tickets; `agent` had the calls.
    Cards {
        number: PhoneNumber,
        agent: String,
        reply: oneshot::Sender<Vec<CustomerCard>>,
    },
    /// A form that is kept.
    Kept(WrapUpId, oneshot::Sender<Result<Option<Draft>, Code>>),
}

/// The body of a kept ticket.
#[derive(Serialize, Deserialize)]
struct KeptTicket {
    /// The number people quote.
    reference: String,
    ticket: TicketBody,
}

/// Does one job and says what came of it.
pub(crate) async fn run(store: &Store, job: OwnJob) -> Vec<Fact> {
    match job {
        OwnJob::Form(draft) => {
            let wrap_up = draft.wrap_up;
            match keep_form(store, &draft).await {
                // Submitted frees the agent who asked for it.
                Ok(()) => vec![Fact::Submitted { wrap_up }, Fact::Kept { wrap_up }],
                Err(code) => vec![Fact::NotSubmitted { wrap_up, code }],
            }
        }
        OwnJob::Customer {
            wrap_up,
            customer,
            body,
        } => {
            let kept = keep_customer(store, wrap_up, customer, body).await;
            vec![filed(Filed::Customer { id: customer }, kept)]
        }
        OwnJob::Ticket { ticket, body } => {
            let kept = keep_ticket(store, ticket, body).await;
            vec![filed(Filed::Ticket { id: ticket }, kept)]
        }
        OwnJob::Cards {
            number,
            agent,
            reply,
        } => {
            let cards = cards(store, &number, &agent).await;
            let cards = cards.unwrap_or_else(|error| {
                warn!(%error, "The customers' records do not read");
                Vec::new()
            });
            // Err, here and below: whoever asked has gone.
            reply.send(cards).ok();
            Vec::new()
        }
        OwnJob::Kept(wrap_up, reply) => {
            reply.send(kept_form(store, wrap_up).await).ok();
            Vec::new()
        }
    }
}

fn filed(what: Filed, kept: Result<(), Code>) -> Fact {
    let saved = match kept {
        Ok(()) => SavedState::Kept { at: wall() },
        Err(code) => SavedState::SaveFailed { code },
    };
    Fact::Filed { what, saved }
}

async fn keep_form(store: &Store, draft: &Draft) -> Result<(), Code> {
    let item = KeptItem {
        id: draft.wrap_up.0,
        customer: draft.customer_id(),
        kind: WRAP_UP.to_owned(),
        version: 1,
        kept_at: wall(),
        body: json(draft)?,
    };
    store.keep(&item).await.map_err(failed)
}

async fn keep_customer(
    store: &Store,
    wrap_up: WrapUpId,
    customer: CustomerId,
    body: CustomerBody,
) -> Result<(), Code> {
    let old = store.card(customer).await.map_err(failed)?;
    let version = old.as_ref().map_or(1, |card| card.customer.version + 1);
    let mut card = new_card(customer, body, version);
    if let Some(old) = old {
        card.customer.reference = old.customer.reference;
        card.customer.home = old.customer.home;
    }
    store.keep_original_card(&card).await.map_err(failed)?;
    // The form may have been submitted before anybody knew who it was.
    store
        .set_kept_customer(WRAP_UP, wrap_up.0, customer)
        .await
        .map_err(failed)
}

async fn keep_ticket(store: &Store, ticket: TicketId, body: TicketBody) -> Result<(), Code> {
    let before = store.kept_count(TICKET).await.map_err(failed)?;
    let item = KeptItem {
        id: ticket.0,
        customer: body.customer,
        kind: TICKET.to_owned(),
        version: 1,
        kept_at: wall(),
        body: json(&KeptTicket {
            reference: format!("L-{}", before + 1),
            ticket: body,
        })?,
    };
    store.keep(&item).await.map_err(failed)
}

async fn kept_form(store: &Store, wrap_up: WrapUpId) -> Result<Option<Draft>, Code> {
    let item = store.kept(WRAP_UP, wrap_up.0).await.map_err(failed)?;
    item.map(|item| read(&item).ok_or(Code::StoreDamaged))
        .transpose()
}

async fn cards(
    store: &Store,
    number: &PhoneNumber,
    agent: &str,
) -> Result<Vec<CustomerCard>, StoreError> {
    let mut cards = store.cards_by_number(number).await?;
    for card in &mut cards {
        let now = wall();
        for item in store.kept_of(card.customer.id).await? {
            match item.kind.as_str() {
                WRAP_UP => card
                    .calls
                    .extend(read(&item).map(|draft| past_call(&draft, agent))),
                TICKET => card
                    .tickets
                    .extend(read(&item).map(|kept| past_ticket(kept, item.kept_at, now))),
                kind => warn!(kind, "Something of an unknown kind is kept"),
            }
        }
        card.calls.sort_by_key(|call| std::cmp::Reverse(call.at));
    }
    Ok(cards)
}

fn past_call(draft: &Draft, agent: &str) -> PastCall {
    let talked = draft.answered_at.zip(draft.ended_at);
    PastCall {
        at: draft.offered_at,
        direction: draft.direction,
        agent: Some(agent.to_owned()),
        outcome: draft.outcome.unwrap_or(LegOutcome::Failed),
        talk_seconds: talked.map_or(0, |(answered, ended)| {
            u32::try_from(ended.since(answered).as_secs()).unwrap_or(u32::MAX)
        }),
        summary: own_form::summary(&draft.values),
    }
}

fn past_ticket(kept: KeptTicket, opened_at: Wall, now: Wall) -> PastTicket {
    let KeptTicket { reference, ticket } = kept;
    PastTicket {
        reference,
        title: ticket.title,
        state: match ticket.due_at {
            Some(due) if due < now => TicketState::Overdue,
            Some(_) | None => TicketState::Open,
        },
        opened_at,
        due_at: ticket.due_at,
    }
}

/// Reads a body, and quotes nothing of it where it does not read.
fn read<T: serde::de::DeserializeOwned>(item: &KeptItem) -> Option<T> {
    serde_json::from_slice(&item.body)
        .inspect_err(|error| error!(id = %item.id, kind = item.kind, line = error.line(), "Something kept does not read"))
        .ok()
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Code> {
    serde_json::to_vec(value).map_err(|_| {
        error!("Something to keep cannot be written as JSON");
        Code::Malformed
    })
}

fn failed(error: StoreError) -> Code {
    warn!(%error, "The store did not keep something");
    error.code()
}
