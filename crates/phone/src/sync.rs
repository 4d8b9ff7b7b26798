//! Drains the outbox: oldest first for each customer, every try counted before it is sent, until the centre has it or has
//! refused it for good.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use offhook_cloud::{CloudError, Session};
use offhook_desk::{Fact, SavedState};
use offhook_model::{Code, Customer, CustomerCard, Wall};
use offhook_store::{OutboxItem, Store, StoreError};
use tokio::sync::Notify;
use tokio::time::sleep;
use tracing::{debug, error, info, warn};
use uuid::Uuid;

use crate::backoff::Backoff;
use crate::clock::wall;
use crate::edits::card_of;
use crate::parcel::Parcel;
use crate::report::Teller;

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long to wait where this computer's store does not answer.
const STORE_WAIT: Duration = Duration::from_secs(10);

/// Wakes the sync.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    submitted: Notify,
    link_up: Notify,
}

impl Bell {
    /// Something new is in the outbox.
    pub(crate) fn submitted(&self) {
        self.submitted.notify_one();
    }

    /// The centre answers again: whatever waits is tried at once.
    pub(crate) fn link_up(&self) {
        self.link_up.notify_one();
    }
}

/// What became of one try.
enum Tried {
    /// The centre has it, or has refused it for good: the customer's next item may follow.
    Settled,
    /// Tried again later.
    Later(Wall),
    /// The centre cannot be reached at all: nothing else needs to be tried now.
    Unreachable(Wall),
    /// The session is over.
    Over(Code),
}

/// Runs until the session is over or the task is dropped; either may happen at any point without loss.
pub(crate) async fn run(store: Store, session: Session, bell: Arc<Bell>, told: Teller) {
    let mut waits: HashMap<Uuid, (Backoff, Wall)> = HashMap::new();
    // What an earlier run of the program left is tried at once.
    let mut at_once = true;
    loop {
        let upto = if at_once { Wall(i64::MAX) } else { wall() };
        at_once = false;
        let mut pause = None;
        match store.due(upto).await {
            Ok(due) => {
                let mut settled = false;
                for item in due {
                    let id = item.id;
                    let (backoff, _) = waits
                        .entry(id)
                        .or_insert((Backoff::new(FIRST_WAIT, LONGEST_WAIT), Wall(0)));
                    let next = wall().plus(backoff.next(rand::random()));
                    match send(&store, &session, &told, item, next).await {
                        Tried::Settled => {
                            waits.remove(&id);
                            settled = true;
                        }
                        Tried::Later(next) => wait_until(&mut waits, id, next),
                        Tried::Unreachable(next) => {
                            wait_until(&mut waits, id, next);
                            // Those behind it were not tried: they are when this one is.
                            at_once = true;
                            break;
                        }
                        Tried::Over(code) => return told.over(code).await,
                    }
                }
                if settled {
                    continue;
                }
            }
            Err(error) => {
                warn!(%error, "The outbox does not read");
                pause = Some(STORE_WAIT);
            }
        }
        let earliest = waits.values().map(|(_, next)| *next).min();
        let pause = pause.or_else(|| earliest.map(|next| next.since(wall())));
        let time = async {
            match pause {
                // A moment more, or the row would be due a millisecond from now.
                Some(pause) => sleep(pause + Duration::from_millis(5)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = time => {}
            () = bell.submitted.notified() => {}
            () = bell.link_up.notified() => {
                at_once = true;
                for (backoff, _) in waits.values_mut() {
                    backoff.reset();
                }
            }
        }
    }
}

fn wait_until(waits: &mut HashMap<Uuid, (Backoff, Wall)>, id: Uuid, next: Wall) {
    if let Some((_, until)) = waits.get_mut(&id) {
        *until = next;
    }
}

async fn send(
    store: &Store,
    session: &Session,
    told: &Teller,
    item: OutboxItem,
    next: Wall,
) -> Tried {
    let (id, since) = (item.id, item.submitted_at);
    match store.tried(id, wall(), next).await {
        Ok(()) => {}
        Err(StoreError::NotFound) => return Tried::Settled,
        Err(error) => {
            warn!(%id, %error, "A try could not be counted");
            return Tried::Later(wall().plus(STORE_WAIT));
        }
    }
    let (kind, version) = (item.kind.clone(), item.version);
    let Some(parcel) = Parcel::read(item) else {
        // Only a later program writes such rows; that one sends them.
        error!(%id, kind, version, "An outbox row of an unknown kind is left alone");
        return Tried::Later(wall().plus(LONGEST_WAIT));
    };
    let what = parcel.filed();
    match parcel.send(session, id).await {
        Ok(()) => {
            if let Err(error) = store.sent(id, wall()).await {
                // It is sent again with the same key, which changes nothing at the centre.
                warn!(%id, %error, "What was sent could not be ticked off");
                return Tried::Later(next);
            }
            info!(%id, kind, "Something filed is at the centre");
            told.fact(match what {
                Err(wrap_up) => Fact::Synced { wrap_up },
                Ok(what) => Fact::Filed {
                    what,
                    saved: SavedState::Synced { at: wall() },
                },
            })
            .await;
            Tried::Settled
        }
        Err(error) if error.is_for_good() => {
            let code = error.code;
            warn!(%id, kind, %error, "The centre refused something for good");
            if let Some(theirs) = error.current {
                keep_theirs(store, *theirs).await;
            }
            if let Err(error) = store.refused(id, code, wall()).await {
                warn!(%id, %error, "A refusal could not be written down");
                return Tried::Later(next);
            }
            told.fact(match what {
                Err(wrap_up) => Fact::SyncRefused { wrap_up, code },
                Ok(what) => Fact::Filed {
                    what,
                    saved: SavedState::Refused { code },
                },
            })
            .await;
            Tried::Settled
        }
        Err(error) => {
            let code = error.code;
            debug!(%id, kind, %error, "Something filed waits");
            told.fact(match what {
                Err(wrap_up) => Fact::SyncDelayed { wrap_up, code },
                Ok(what) => Fact::Filed {
                    what,
                    saved: SavedState::Waiting {
                        since,
                        error: Some(code),
                    },
                },
            })
            .await;
            later(&error, next)
        }
    }
}

/// Keeps what somebody else wrote, so that both can be compared also without the centre.
async fn keep_theirs(store: &Store, theirs: Customer) {
    let kept = async {
        let card = store.card(theirs.id).await?;
        let card = match card {
            Some(card) => CustomerCard {
                customer: theirs,
                ..card
            },
            None => card_of(theirs),
        };
        store.keep_card(&card).await
    };
    if let Err(error) = kept.await {
        // The look-up that follows brings it again.
        warn!(%error, "What somebody else wrote was not kept");
    }
}

fn later(error: &CloudError, next: Wall) -> Tried {
    let next = error
        .retry_after
        .map_or(next, |wait| next.max(wall().plus(wait)));
    match error.code {
        code @ (Code::SessionExpired | Code::SignedInElsewhere) => Tried::Over(code),
        Code::Unreachable
        | Code::ConnectionRefused
        | Code::UnknownHost
        | Code::CertificateInvalid => Tried::Unreachable(next),
        // What is refused for good has been dealt with before; the rest concerns this item alone.
        _ => Tried::Later(next),
    }
}
