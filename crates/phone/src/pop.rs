//! 来电弹屏: who has the caller's number. The centre's word counts; this computer's copy stands in while there is none.

use std::time::Duration;

use offhook_model::{CallId, CallerMatch, CustomerCard, CustomerName, PhoneNumber};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tracing::debug;

use crate::own_store::OwnJob;
use crate::report::{Found, SessionReport, Teller};
use crate::standing::Authority;
use crate::store_task::{self, Job};

/// A caller who rings is not left without a name for longer than this, where this computer knows one.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Tells once, or twice where the copy was faster than the centre.
pub(crate) async fn look_up(
    authority: Authority,
    store: mpsc::Sender<Job>,
    told: Teller,
    call: CallId,
    number: PhoneNumber,
) {
    let tell = async |found| told.tell(SessionReport::Found(call, found)).await;
    let asked = ask(&authority, &store, &number);
    tokio::pin!(asked);
    match timeout(PATIENCE, &mut asked).await {
        Ok(answer) => tell(or_copies(answer, &store, &number).await).await,
        Err(_slow) => {
            let copies = or_copies(None, &store, &number).await;
            let told_a_copy = copies != Found::Nothing;
            if told_a_copy {
                tell(copies).await;
            }
            match asked.await {
                Some(cards) => tell(Found::Fresh(cards)).await,
                None if told_a_copy => {}
                None => tell(or_copies(None, &store, &number).await).await,
            }
        }
    }
}

/// Finds once: the copies where the centre is slow.
pub(crate) async fn find(
    authority: &Authority,
    store: &mpsc::Sender<Job>,
    number: &PhoneNumber,
) -> Found {
    let answer = timeout(PATIENCE, ask(authority, store, number)).await;
    or_copies(answer.ok().flatten(), store, number).await
}

/// Asks who has the last word; nothing where they do not answer.
async fn ask(
    authority: &Authority,
    store: &mpsc::Sender<Job>,
    number: &PhoneNumber,
) -> Option<Vec<CustomerCard>> {
    match authority {
        Authority::Centre { session, .. } => session
            .customers(number)
            .await
            .inspect_err(|error| debug!(%error, "The centre did not say who calls"))
            .ok(),
        Authority::Away { .. } => None,
        Authority::Own { agent } => {
            let agent = agent.clone();
            store_task::ask(store, |reply| {
                Job::Own(OwnJob::Cards {
                    number: number.clone(),
                    agent,
                    reply,
                })
            })
            .await
        }
    }
}

/// The copies stand in for an answer.
async fn or_copies(
    answer: Option<Vec<CustomerCard>>,
    store: &mpsc::Sender<Job>,
    number: &PhoneNumber,
) -> Found {
    if let Some(cards) = answer {
        return Found::Fresh(cards);
    }
    let copies = store_task::ask(store, |reply| Job::Cards(number.clone(), reply)).await;
    match copies {
        Some(copies) if !copies.is_empty() => Found::Stale(copies),
        Some(_) | None => Found::Nothing,
    }
}

/// Says in the desk's words what was found.
pub(crate) fn caller(found: &Found) -> CallerMatch {
    let (cards, stale) = match found {
        Found::Fresh(cards) => (cards, false),
        Found::Stale(cards) => (cards, true),
        Found::Nothing => return CallerMatch::Unavailable,
    };
    let name = |card: &CustomerCard| CustomerName {
        id: card.customer.id,
        name: card.customer.name.clone(),
    };
    match cards.as_slice() {
        [] => CallerMatch::Unknown,
        [one] => CallerMatch::Known {
            customer: name(one),
            stale,
        },
        several => CallerMatch::Several {
            customers: several.iter().map(name).collect(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use offhook_model::{Customer, CustomerId};
    use uuid::Uuid;

    fn card(id: u128) -> CustomerCard {
        CustomerCard {
            customer: Customer {
                id: CustomerId(Uuid::from_u128(id)),
                reference: "C-104882".into(),
                name: "陈雨桐".into(),
                numbers: Vec::new(),
                home: None,
                tags: Vec::new(),
                fields: Vec::new(),
                version: 1,
            },
            calls: Vec::new(),
            tickets: Vec::new(),
            records: Vec::new(),
        }
    }

    #[test]
    fn none_one_and_several_are_told_apart() {
        assert_eq!(caller(&Found::Fresh(vec![])), CallerMatch::Unknown);
        assert_eq!(caller(&Found::Nothing), CallerMatch::Unavailable);
        assert!(matches!(
            caller(&Found::Stale(vec![card(1)])),
            CallerMatch::Known { stale: true, .. }
        ));
        assert!(matches!(
            caller(&Found::Fresh(vec![card(1), card(2)])),
            CallerMatch::Several { customers } if customers.len() == 2
        ));
    }
}
