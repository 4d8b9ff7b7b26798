//! 来电弹屏: who has the caller's number. The centre's word counts; this computer's copy stands in while there is none.

use std::time::Duration;

use offhook_cloud::Session;
use offhook_model::{CallId, CallerMatch, CustomerCard, CustomerName, PhoneNumber};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tracing::debug;

use crate::report::{Found, SessionReport, Teller};
use crate::store_task::Job;

/// A caller who rings is not left without a name for longer than this, where this computer knows one.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Tells once, or twice where the copy was faster than the centre.
pub(crate) async fn look_up(
    session: Session,
    store: mpsc::Sender<Job>,
    told: Teller,
    call: CallId,
    number: PhoneNumber,
) {
    let tell = async |found| told.tell(SessionReport::Found(call, found)).await;
    let asked = session.customers(&number);
    tokio::pin!(asked);
    let mut told_a_copy = false;
    let answer = match timeout(PATIENCE, &mut asked).await {
        Ok(answer) => answer,
        Err(_slow) => {
            let copies = copies(&store, &number).await;
            if !copies.is_empty() {
                told_a_copy = true;
                tell(Found::Stale(copies)).await;
            }
            asked.await
        }
    };
    match answer {
        Ok(cards) => tell(Found::Fresh(cards)).await,
        Err(error) => {
            debug!(%error, "The centre did not say who calls");
            if told_a_copy {
                return;
            }
            let copies = copies(&store, &number).await;
            tell(if copies.is_empty() {
                Found::Nothing
            } else {
                Found::Stale(copies)
            })
            .await;
        }
    }
}

/// Asked in its turn, so that a copy that is just being kept is found.
async fn copies(store: &mpsc::Sender<Job>, number: &PhoneNumber) -> Vec<CustomerCard> {
    let (reply, copies) = oneshot::channel();
    let asked = store.send(Job::Cards(number.clone(), reply)).await;
    // Err: the phone shuts down.
    match asked {
        Ok(()) => copies.await.unwrap_or_default(),
        Err(_) => Vec::new(),
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
