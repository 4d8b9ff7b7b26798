//! The store's owner: one job after the other, in the order in which they were asked for.

use offhook_desk::{Draft, Fact, Filed};
use offhook_model::{
    BareAccount, Code, CustomerCard, CustomerId, LegRecord, PhoneNumber, Secret, TicketId,
    WrapUpId,
    api::{CustomerBody, TicketBody, WrapUpBody},
};
use offhook_store::{DraftRow, KeyringState, OutboxItem, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tracing::{debug, error, info, warn};
use uuid::Uuid;

use crate::beside;
use crate::call_list;
use crate::clock::wall;
use crate::edits::Version;
use crate::offline::{Handout, Opened};
use crate::own_store::{self, OwnJob};
use crate::parcel::WRAP_UP;
use crate::query::{FiledText, Settings};
use crate::report::Report;
use crate::settings;
use crate::sync::Bell;
use crate::unlocked::{self, Unlocked};

/// How long the keyring may take to open the data: the agent waits for it.
const KEYRING_PATIENCE: Duration = Duration::from_secs(3);

/// One thing to do.
#[derive(Debug)]
pub(crate) enum Job {
    /// Open an agent's data after a sign-in that the centre accepted, or for a bare account.
    Unlock {
        agent: String,
        password: Secret,
        remembered: Remembered,
        reply: oneshot::Sender<Unlocked>,
    },
    /// Open the data of an agent while the centre is away; the password must be the one it was shut with.
    OpenAlone {
        owner: String,
        password: Secret,
        reply: oneshot::Sender<Opened>,
    },
    /// Open the data of the agent who was here last by the keyring, where that agent has not signed out.
    OpenByKeyring {
        reply: oneshot::Sender<Opened>,
    },
    /// The agent signs out: the keyring alone does not open the data again.
    Leave,
    /// Forget the keys.
    Lock,
    SaveDraft(Draft),
    DropDraft(WrapUpId),
    /// In one transaction: draft out, outbox row in. Then the bell is rung.
    Submit(Draft, Arc<Bell>),
    /// Put a profile into the outbox, and ring the bell.
    FileCustomer {
        wrap_up: WrapUpId,
        customer: CustomerId,
        changes: Version,
        body: CustomerBody,
        bell: Arc<Bell>,
    },
    /// Put a ticket into the outbox, and ring the bell.
    FileTicket {
        wrap_up: WrapUpId,
        ticket: TicketId,
        body: TicketBody,
        bell: Arc<Bell>,
    },
    /// Drop what was refused.
    GiveUp(Filed),
    /// What was filed and is not at the centre.
    FiledText(Filed, oneshot::Sender<Result<Option<FiledText>, Code>>),
    /// For a bare account.
    Own(OwnJob),
    /// Put rows of the call list on the disk, ours and the centre's.
    MergeLegs(Vec<LegRecord>),
    KeepCards(Vec<CustomerCard>),
    /// The copies of every customer with a number; none where they do not read.
    Cards(PhoneNumber, oneshot::Sender<Vec<CustomerCard>>),
    Calls(oneshot::Sender<Result<Vec<LegRecord>, Code>>),
    Settings(oneshot::Sender<Result<Settings, Code>>),
    /// Remember whose roots are trusted.
    KeepRoots(Option<String>),
    /// Close the file in good order; the last job.
    Close(oneshot::Sender<()>),
}

/// What is remembered between starts of who was here.
#[derive(Debug)]
pub(crate) enum Remembered {
    Centre(Handout),
    /// Its password is empty.
    Account(BareAccount),
}

/// Has an agent's data opened.
pub(crate) async fn unlock(
    jobs: &mpsc::Sender<Job>,
    agent: String,
    password: Secret,
    remembered: Remembered,
) -> Result<Unlocked, Code> {
    let unlocked = ask(jobs, |reply| Job::Unlock {
        agent,
        password,
        remembered,
        reply,
    });
    unlocked.await.ok_or(Code::NotNow)
}

/// Asks in turn, behind the jobs that were handed over before. Nothing: the phone shuts down.
pub(crate) async fn ask<T>(
    jobs: &mpsc::Sender<Job>,
    job: impl FnOnce(oneshot::Sender<T>) -> Job,
) -> Option<T> {
    let (reply, answer) = oneshot::channel();
    jobs.send(job(reply)).await.ok()?;
    answer.await.ok()
}

/// Does jobs until told to close, or until nobody is left to ask.
pub(crate) async fn run(
    store: Store,
    mut jobs: mpsc::Receiver<Job>,
    reports: mpsc::Sender<Report>,
) {
    while let Some(job) = jobs.recv().await {
        let mut ring = None;
        let facts = match job {
            Job::Unlock {
                agent,
                password,
                remembered,
                reply,
            } => {
                let unlocked = open(&store, &agent, &password, &remembered).await;
                // Err: the sign-in was given up meanwhile.
                reply.send(unlocked).ok();
                Vec::new()
            }
            Job::OpenAlone {
                owner,
                password,
                reply,
            } => {
                let opened = store.unlock_alone(&owner, &password).await;
                // Err, here and below: the sign-in was given up meanwhile.
                reply.send(open_kept(&store, opened).await).ok();
                Vec::new()
            }
            Job::OpenByKeyring { reply } => {
                let opened = by_keyring(&store).await;
                reply.send(open_kept(&store, opened).await).ok();
                Vec::new()
            }
            Job::Leave => {
                if let Err(error) = store.leave().await {
                    debug!(%error, "That the agent has left was not noted");
                }
                Vec::new()
            }
            Job::Lock => {
                store.lock();
                Vec::new()
            }
            Job::SaveDraft(draft) => vec![save(&store, &draft).await],
            Job::DropDraft(wrap_up) => failed(store.drop_draft(wrap_up).await)
                .into_iter()
                .collect(),
            Job::Submit(draft, bell) => {
                ring = Some(bell);
                vec![submit(&store, &draft).await]
            }
            Job::FileCustomer {
                wrap_up,
                customer,
                changes,
                body,
                bell,
            } => {
                ring = Some(bell);
                vec![beside::customer(&store, wrap_up, customer, changes, &body).await]
            }
            Job::FileTicket {
                wrap_up,
                ticket,
                body,
                bell,
            } => {
                ring = Some(bell);
                vec![beside::ticket(&store, wrap_up, ticket, &body).await]
            }
            Job::GiveUp(what) => vec![beside::give_up(&store, what).await],
            Job::FiledText(what, reply) => {
                reply.send(beside::text(&store, what).await).ok();
                Vec::new()
            }
            Job::Own(job) => own_store::run(&store, job).await,
            Job::MergeLegs(legs) => match call_list::merge(&store, legs).await {
                Ok(true) => vec![Fact::CallListChanged],
                Ok(false) => Vec::new(),
                Err(error) => failed(Err(error)).into_iter().collect(),
            },
            Job::KeepCards(cards) => {
                keep(&store, &cards).await;
                Vec::new()
            }
            Job::Cards(number, reply) => {
                let cards = store.cards_by_number(&number).await;
                let cards = cards.unwrap_or_else(|error| {
                    warn!(%error, "The copies of customers' records do not read");
                    Vec::new()
                });
                reply.send(cards).ok();
                Vec::new()
            }
            Job::Calls(reply) => {
                reply.send(call_list::read(&store).await).ok();
                Vec::new()
            }
            Job::Settings(reply) => {
                reply.send(settings::read(&store).await).ok();
                Vec::new()
            }
            Job::KeepRoots(file) => failed(settings::keep_roots(&store, file).await)
                .into_iter()
                .collect(),
            Job::Close(reply) => {
                store.close().await;
                reply.send(()).ok();
                return;
            }
        };
        for fact in facts {
            if reports.send(Report::Fact(fact)).await.is_err() {
                return store.close().await;
            }
        }
        // After the fact, so that nothing is told to be at the centre before it is told to wait.
        if let Some(bell) = ring {
            bell.submitted();
        }
    }
    store.close().await;
}

async fn open(store: &Store, agent: &str, password: &Secret, remembered: &Remembered) -> Unlocked {
    let mut trouble = store.mended().map(|_| Code::StoreSetAside);
    let keyring = match store.unlock_with_password(agent, password).await {
        Err(StoreError::WrongPassword) => {
            // Who took the password decides; it was changed there. What lies under the old one stays where it is.
            let keyring = store.start_afresh(agent, password).await;
            // Of a bare account's password nobody has said that it is right: one that was mistyped shuts nothing.
            if !matches!(store.holds_what_is_shut().await, Ok(false)) {
                warn!("The stored forms are shut with an earlier password");
                trouble = Some(Code::StoreDamaged);
            }
            keyring
        }
        answer => answer,
    };
    let only_trouble = |code| Unlocked {
        trouble: Some(code),
        ..Unlocked::default()
    };
    match keyring {
        Ok(KeyringState::Kept) => settings::keyring_works(store).await,
        Ok(KeyringState::Unavailable(why)) => {
            info!(%why, "The keyring keeps no key");
            if settings::is_news_that_no_keyring_works(store).await {
                trouble = trouble.or(Some(Code::KeyringUnavailable));
            }
        }
        Err(error) => {
            error!(%error, "The store does not open for this agent");
            return only_trouble(error.code());
        }
    }
    if let Err(error) = settings::remember(store, remembered).await {
        warn!(%error, "Who was here was not remembered");
        trouble = Some(error.code());
    }
    match unlocked::restore(store).await {
        Ok(unlocked) => Unlocked {
            trouble: trouble.or(unlocked.trouble).or(unread(store).await),
            ..unlocked
        },
        Err(error) => {
            error!(%error, "The stored forms do not read");
            only_trouble(error.code())
        }
    }
}

/// The keyring opens the data of the agent who was here last and has not signed out.
async fn by_keyring(store: &Store) -> Result<bool, StoreError> {
    if store.opens_by_keyring().await? {
        store.unlock_with_keyring(KEYRING_PATIENCE).await
    } else {
        Ok(false)
    }
}

/// Reads everything once: the lists leave out what does not read.
async fn unread(store: &Store) -> Option<Code> {
    let error = store.check().await.err()?;
    error!(%error, "Something in the store does not read");
    Some(error.code())
}

/// What an agent's data holds that was opened without the centre.
async fn open_kept(store: &Store, opened: Result<bool, StoreError>) -> Opened {
    let found = async {
        if !opened? {
            return Ok(None);
        }
        let Some(handout) = store.handout().await? else {
            return Ok(None);
        };
        Ok(Some((handout, unlocked::restore(store).await?)))
    };
    let found = found.await.map_err(|error: StoreError| {
        warn!(%error, "The store does not open without the centre");
        error.code()
    });
    let handout = found.map(|found| {
        found.and_then(|(handout, unlocked)| {
            Some((serde_json::from_slice::<Handout>(&handout).ok()?, unlocked))
        })
    });
    if !matches!(handout, Ok(Some(_))) {
        store.lock();
    }
    handout
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

async fn submit(store: &Store, draft: &Draft) -> Fact {
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
        kind: WRAP_UP.to_owned(),
        version: 1,
        submitted_at: now,
        body,
    };
    match store.submit(row, item).await {
        Ok(()) => Fact::Submitted { wrap_up },
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

async fn keep(store: &Store, cards: &[CustomerCard]) {
    for card in cards {
        if let Err(error) = store.keep_card(card).await {
            // A copy is a comfort: the next look-up makes it anew.
            warn!(%error, "A customer's record was not kept");
        }
    }
}

fn failed(answer: Result<(), StoreError>) -> Option<Fact> {
    answer.err().map(|error| {
        warn!(%error, "The store did not keep something");
        Fact::Failed(error.code())
    })
}
