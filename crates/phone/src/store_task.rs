//! The store's owner: one job after the other, in the order in which they were asked for.

use offhook_desk::{Draft, Fact, RestoredWrapUp};
use offhook_model::{
    Code, CustomerCard, LegRecord, PhoneNumber, Secret, Wall, WrapUpId, api::WrapUpBody,
};
use offhook_store::{DraftRow, KeyringState, OutboxItem, Store, StoreError};
use std::{sync::Arc, time::Duration};
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info, warn};
use uuid::Uuid;

use crate::clock::wall;
use crate::query::{CallRow, Settings};
use crate::report::Report;
use crate::sync::{self, Bell};

/// How far back the call list goes (ACCEPTANCE 105).
const LISTED: Duration = Duration::from_hours(7 * 24);
/// How far the two ends of a call may differ about when it began to ring.
const ABOUT: Duration = Duration::from_mins(1);

const CENTRE: &str = "centre";
const USERNAME: &str = "username";

/// One thing to do.
#[derive(Debug)]
pub(crate) enum Job {
    /// Open an agent's data after a sign-in that the centre accepted.
    Unlock {
        centre: String,
        username: String,
        password: Secret,
        reply: oneshot::Sender<Unlocked>,
    },
    /// Forget the keys.
    Lock,
    SaveDraft(Draft),
    DropDraft(WrapUpId),
    /// In one transaction: draft out, outbox row in. Then the bell is rung.
    Submit(Draft, Option<Arc<Bell>>),
    /// Put rows of the call list on the disk, ours and the centre's.
    MergeLegs(Vec<LegRecord>),
    KeepCards(Vec<CustomerCard>),
    /// The copies of every customer with a number; none where they do not read.
    Cards(PhoneNumber, oneshot::Sender<Vec<CustomerCard>>),
    Calls(oneshot::Sender<Result<Vec<CallRow>, Code>>),
    Settings(oneshot::Sender<Result<Settings, Code>>),
    /// Close the file in good order; the last job.
    Close(oneshot::Sender<()>),
}

/// What unlocking found.
#[derive(Debug)]
pub(crate) struct Unlocked {
    pub(crate) restored: Vec<RestoredWrapUp>,
    pub(crate) trouble: Option<Code>,
}

/// Does jobs until told to close, or until nobody is left to ask.
pub(crate) async fn run(
    store: Store,
    mut jobs: mpsc::Receiver<Job>,
    reports: mpsc::Sender<Report>,
) {
    while let Some(job) = jobs.recv().await {
        let fact = match job {
            Job::Unlock {
                centre,
                username,
                password,
                reply,
            } => {
                let unlocked = unlock(&store, &centre, &username, &password).await;
                // Err: the sign-in was given up meanwhile.
                reply.send(unlocked).ok();
                None
            }
            Job::Lock => {
                store.lock();
                None
            }
            Job::SaveDraft(draft) => Some(save(&store, &draft).await),
            Job::DropDraft(wrap_up) => failed(store.drop_draft(wrap_up).await),
            Job::Submit(draft, bell) => Some(submit(&store, &draft, bell).await),
            Job::MergeLegs(legs) => failed(merge(&store, legs).await),
            Job::KeepCards(cards) => {
                keep(&store, &cards).await;
                None
            }
            Job::Cards(number, reply) => {
                let cards = store.cards_by_number(&number).await;
                let cards = cards.unwrap_or_else(|error| {
                    warn!(%error, "The copies of customers' records do not read");
                    Vec::new()
                });
                reply.send(cards).ok();
                None
            }
            Job::Calls(reply) => {
                reply.send(calls(&store).await).ok();
                None
            }
            Job::Settings(reply) => {
                reply.send(settings(&store).await).ok();
                None
            }
            Job::Close(reply) => {
                store.close().await;
                reply.send(()).ok();
                return;
            }
        };
        if let Some(fact) = fact
            && reports.send(Report::Fact(fact)).await.is_err()
        {
            break;
        }
    }
    store.close().await;
}

async fn unlock(store: &Store, centre: &str, username: &str, password: &Secret) -> Unlocked {
    let agent = format!("{username}@{centre}");
    let mut trouble = None;
    let keyring = match store.unlock_with_password(&agent, password).await {
        Err(StoreError::WrongPassword) => {
            // The centre took the password, so it was changed there. What lies under the old one stays where it is.
            warn!("The stored forms are shut with an earlier password");
            trouble = Some(Code::StoreDamaged);
            store.start_afresh(&agent, password).await
        }
        answer => answer,
    };
    match keyring {
        Ok(KeyringState::Kept) => {}
        Ok(KeyringState::Unavailable(why)) => info!(%why, "The keyring keeps no key"),
        Err(error) => {
            error!(%error, "The store does not open for this agent");
            return Unlocked {
                restored: Vec::new(),
                trouble: Some(error.code()),
            };
        }
    }
    for (name, value) in [(CENTRE, centre), (USERNAME, username)] {
        if let Err(error) = store.set_setting(name, value).await {
            warn!(%error, name, "A setting was not kept");
            trouble = Some(error.code());
        }
    }
    match restore(store).await {
        Ok((restored, damaged)) => Unlocked {
            restored,
            trouble: damaged.or(trouble),
        },
        Err(error) => {
            error!(%error, "The stored forms do not read");
            Unlocked {
                restored: Vec::new(),
                trouble: Some(error.code()),
            }
        }
    }
}

/// Reads every form that the centre has not. One that does not read is left on the disk, and said.
async fn restore(store: &Store) -> Result<(Vec<RestoredWrapUp>, Option<Code>), StoreError> {
    let mut damaged = None;
    let mut read = |body: &[u8]| match serde_json::from_slice::<Draft>(body) {
        Ok(draft) => Some(draft),
        Err(error) => {
            // The error's own words may quote the form.
            error!(
                line = error.line(),
                column = error.column(),
                "A stored form does not read"
            );
            damaged = Some(Code::StoreDamaged);
            None
        }
    };
    let mut restored = Vec::new();
    for row in store.drafts().await? {
        restored.extend(read(&row.body).map(|draft| RestoredWrapUp {
            draft,
            outbox: None,
        }));
    }
    for item in store.outbox().await? {
        let outbox = Some((item.submitted_at, item.refused));
        let edited = restored
            .iter_mut()
            .find(|form| form.draft.wrap_up == item.wrap_up);
        match edited {
            // Refused, and edited since: the newer text counts.
            Some(form) => form.outbox = outbox,
            None => restored
                .extend(read(&item.draft.body).map(|draft| RestoredWrapUp { draft, outbox })),
        }
    }
    Ok((restored, damaged))
}

async fn save(store: &Store, draft: &Draft) -> Fact {
    let wrap_up = draft.wrap_up;
    match row(draft) {
        Ok(row) => match store.save_draft(row).await {
            Ok(()) => Fact::DraftSaved {
                wrap_up,
                edit: draft.edit,
            },
            Err(error) => {
                warn!(%wrap_up, %error, "A draft was not saved");
                Fact::DraftNotSaved {
                    wrap_up,
                    code: error.code(),
                }
            }
        },
        Err(code) => Fact::DraftNotSaved { wrap_up, code },
    }
}

async fn submit(store: &Store, draft: &Draft, bell: Option<Arc<Bell>>) -> Fact {
    let wrap_up = draft.wrap_up;
    let now = wall();
    let body = WrapUpBody {
        call: draft.call,
        legs: draft.legs.clone(),
        customer: draft.customer_id(),
        form_version: draft.form_version,
        values: draft.values.clone(),
        submitted_at: now,
    };
    let ready = row(draft).and_then(|row| Ok((row, bytes(&body)?)));
    let (row, body) = match ready {
        Ok(ready) => ready,
        Err(code) => return Fact::NotSubmitted { wrap_up, code },
    };
    let item = OutboxItem {
        id: Uuid::new_v4(),
        wrap_up,
        customer: draft.customer_id(),
        kind: sync::WRAP_UP.to_owned(),
        version: 1,
        submitted_at: now,
        body,
    };
    match store.submit(row, item).await {
        Ok(()) => {
            if let Some(bell) = bell {
                bell.submitted();
            }
            Fact::Submitted { wrap_up }
        }
        Err(error) => {
            warn!(%wrap_up, %error, "A form was not submitted");
            Fact::NotSubmitted {
                wrap_up,
                code: error.code(),
            }
        }
    }
}

fn row(draft: &Draft) -> Result<DraftRow, Code> {
    Ok(DraftRow {
        wrap_up: draft.wrap_up,
        edit: draft.edit,
        body: bytes(draft)?,
    })
}

fn bytes(value: &impl serde::Serialize) -> Result<Vec<u8>, Code> {
    serde_json::to_vec(value).map_err(|_| {
        error!("A form cannot be written as JSON");
        Code::Malformed
    })
}

/// Two tell of each leg, this phone and the centre, in any order: what is finished is not undone, what is known is kept.
async fn merge(store: &Store, legs: Vec<LegRecord>) -> Result<(), StoreError> {
    let Some(first) = legs.iter().map(|leg| leg.offered_at).min() else {
        return Ok(());
    };
    let about = i64::try_from(ABOUT.as_millis()).unwrap_or(0);
    let known = store.legs(Wall(first.0.saturating_sub(about))).await?;
    for leg in legs {
        let old = known.iter().find(|known| known.leg == leg.leg);
        if let Some(new) = merged(old, leg) {
            store.record_leg(&new).await?;
        }
    }
    Ok(())
}

/// The row to write; nothing where the new one says nothing new.
fn merged(old: Option<&LegRecord>, mut new: LegRecord) -> Option<LegRecord> {
    let Some(old) = old else {
        return Some(new);
    };
    if old.outcome.is_some() && new.outcome.is_none() {
        return None;
    }
    new.customer = new.customer.or_else(|| old.customer.clone());
    new.skill_group = new.skill_group.or_else(|| old.skill_group.clone());
    new.number = new.number.or_else(|| old.number.clone());
    (new != *old).then_some(new)
}

async fn keep(store: &Store, cards: &[CustomerCard]) {
    for card in cards {
        if let Err(error) = store.keep_card(card).await {
            // A copy is a comfort: the next look-up makes it anew.
            warn!(%error, "A customer's record was not kept");
        }
    }
}

async fn calls(store: &Store) -> Result<Vec<CallRow>, Code> {
    let now = wall();
    let listed = i64::try_from(LISTED.as_millis()).unwrap_or(i64::MAX);
    let legs = store
        .legs(Wall(now.0.saturating_sub(listed)))
        .await
        .map_err(|error| error.code())?;
    Ok(legs.into_iter().map(CallRow::from).collect())
}

async fn settings(store: &Store) -> Result<Settings, Code> {
    let read = async |name| store.setting(name).await.map_err(|error| error.code());
    Ok(Settings {
        centre: read(CENTRE).await?,
        username: read(USERNAME).await?,
        account: None,
    })
}

fn failed(answer: Result<(), StoreError>) -> Option<Fact> {
    answer.err().map(|error| {
        warn!(%error, "The store did not keep something");
        Fact::Failed(error.code())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use offhook_model::{CallId, Direction, LegId, LegOutcome, Text};

    fn leg() -> LegRecord {
        LegRecord {
            leg: LegId(Uuid::from_u128(1)),
            call: CallId(Uuid::from_u128(2)),
            direction: Direction::Inbound,
            number: PhoneNumber::parse("12800550142").ok(),
            customer: None,
            skill_group: Some(Text::new("售后服务", "After-sales")),
            offered_at: Wall(1_000),
            answered_at: None,
            ended_at: None,
            outcome: None,
        }
    }

    #[test]
    fn a_late_word_of_a_ringing_leg_does_not_undo_its_end() {
        let ended = LegRecord {
            ended_at: Some(Wall(5_000)),
            outcome: Some(LegOutcome::Connected),
            ..leg()
        };
        assert_eq!(merged(Some(&ended), leg()), None);
        assert_eq!(merged(Some(&leg()), ended.clone()), Some(ended.clone()));
        assert_eq!(merged(Some(&ended), ended.clone()), None);
        assert_eq!(merged(None, leg()), Some(leg()));
    }

    #[test]
    fn what_one_side_knew_is_kept_when_the_other_does_not_say_it() {
        let ended = LegRecord {
            number: None,
            skill_group: None,
            outcome: Some(LegOutcome::Declined),
            ..leg()
        };
        let row = merged(Some(&leg()), ended).expect("news");
        assert_eq!(row.number, leg().number);
        assert_eq!(row.skill_group, leg().skill_group);
        assert_eq!(row.outcome, Some(LegOutcome::Declined));
    }
}
