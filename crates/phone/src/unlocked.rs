//! What is found when an agent's data opens: forms, what was filed beside them, and profiles on their way.

use offhook_desk::{Filed, FiledItem, InOutbox, RestoredWrapUp, SavedState};
use offhook_model::{
    Code, Typed, Wall,
    api::{CustomerBody, TicketBody},
};
use offhook_store::{ItemState, Store, StoreError};
use tracing::error;

use crate::edits::Edits;
use crate::parcel::Parcel;

/// What unlocking found.
#[derive(Debug, Default)]
pub(crate) struct Unlocked {
    pub(crate) restored: Vec<RestoredWrapUp>,
    /// Profiles on their way.
    pub(crate) edits: Edits,
    /// What went wrong on the disk, without keeping the agent from the calls.
    pub(crate) trouble: Option<Code>,
}

/// Reads every form of which something is left, and every profile that the centre has not. One that does not read is left on the
/// disk, and said.
pub(crate) async fn restore(store: &Store) -> Result<Unlocked, StoreError> {
    let mut found = Unlocked::default();
    for row in store.drafts().await? {
        let draft = read(&row.body, &mut found.trouble);
        found.restored.extend(draft.map(|draft| RestoredWrapUp {
            draft,
            outbox: None,
            filed: Vec::new(),
        }));
    }
    for item in store.outbox().await? {
        let outbox = Some(match item.state {
            ItemState::Waiting => InOutbox::Waiting {
                since: item.submitted_at,
            },
            ItemState::Refused { code } => InOutbox::Refused { code },
            ItemState::Sent { at } => InOutbox::Sent { at },
        });
        let edited = found
            .restored
            .iter_mut()
            .find(|form| form.draft.wrap_up == item.wrap_up);
        match edited {
            // Refused, and edited since: the newer text counts.
            Some(form) => form.outbox = outbox,
            None => {
                let draft = read(&item.draft.body, &mut found.trouble);
                found.restored.extend(draft.map(|draft| RestoredWrapUp {
                    draft,
                    outbox,
                    filed: Vec::new(),
                }));
            }
        }
    }
    for (item, state) in store.beside().await? {
        let (id, wrap_up, since) = (item.id, item.wrap_up, item.submitted_at);
        match Parcel::read(item) {
            Some(Parcel::Customer(parcel)) => {
                let body: Option<CustomerBody> = read(parcel.json.as_bytes(), &mut found.trouble);
                let Some(body) = body else { continue };
                let what = Filed::Customer {
                    id: parcel.customer,
                };
                found.filed(wrap_up, what, &body.name, saved(state, since));
                let edits = &mut found.edits;
                match state {
                    ItemState::Waiting => {
                        edits.put(parcel.customer, parcel.version, body, parcel.base);
                    }
                    ItemState::Refused { .. } => {
                        edits.put(parcel.customer, parcel.version, body, parcel.base);
                        edits.refused(parcel.customer);
                    }
                    ItemState::Sent { .. } => {}
                }
            }
            Some(Parcel::Ticket(parcel)) => {
                let body: Option<TicketBody> = read(parcel.json.as_bytes(), &mut found.trouble);
                let Some(body) = body else { continue };
                let what = Filed::Ticket { id: parcel.ticket };
                found.filed(wrap_up, what, &body.title, saved(state, since));
            }
            // Only a later program writes such rows; that one sends them.
            Some(Parcel::WrapUp(..)) | None => error!(%id, "Something filed does not read"),
        }
    }
    Ok(found)
}

impl Unlocked {
    /// Of several items about one customer the newest tells where the profile is.
    fn filed(
        &mut self,
        wrap_up: offhook_model::WrapUpId,
        what: Filed,
        title: &str,
        saved: SavedState,
    ) {
        let mut forms = self.restored.iter_mut();
        if let Some(form) = forms.find(|form| form.draft.wrap_up == wrap_up) {
            form.filed.retain(|item| item.what != what);
            form.filed.push(FiledItem {
                what,
                title: Typed(title.to_owned()),
                saved,
            });
        }
    }
}

const fn saved(state: ItemState, since: Wall) -> SavedState {
    match state {
        ItemState::Waiting => SavedState::Waiting { since, error: None },
        ItemState::Sent { at } => SavedState::Synced { at },
        ItemState::Refused { code } => SavedState::Refused { code },
    }
}

/// Reads something stored. The error's own words may quote it.
fn read<T: serde::de::DeserializeOwned>(body: &[u8], trouble: &mut Option<Code>) -> Option<T> {
    serde_json::from_slice(body)
        .inspect_err(|error| {
            let (line, column) = (error.line(), error.column());
            error!(line, column, "Something stored does not read");
            *trouble = Some(Code::StoreDamaged);
        })
        .ok()
}
