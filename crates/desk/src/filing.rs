//! What is filed with the centre beside a form: the customer's profile and tickets.

use crate::{Desk, Effect, Filed, FiledAction, FiledItem, SavedState, wrap_up::WrapUp};
use offhook_model::{
    CallerMatch, Code, CustomerId, CustomerName, Now, TicketId, Typed, Wall, WrapUpId,
    api::{CustomerBody, TicketBody},
};

impl Desk {
    pub(crate) fn choose_customer(&mut self, now: Now, wrap_up: WrapUpId, customer: CustomerId) {
        let Some(form) = self.wrap_up_mut(wrap_up).filter(|form| form.is_open()) else {
            return self.refuse(now, Code::NotNow);
        };
        let Some(chosen) = form.candidates.iter().find(|one| one.id == customer) else {
            return self.refuse(now, Code::NotFound);
        };
        let chosen = chosen.clone();
        self.is_customer(now, wrap_up, chosen);
    }

    pub(crate) fn save_customer(
        &mut self,
        now: Now,
        wrap_up: WrapUpId,
        edited: Option<(CustomerId, u64)>,
        mut body: CustomerBody,
    ) {
        body.name = body.name.trim().to_owned();
        let known = self
            .wrap_up_mut(wrap_up)
            .and_then(|form| form.customer_id());
        match (known, edited) {
            _ if body.name.is_empty() => return self.refuse(now, Code::Incomplete),
            _ if !body.is_valid() => return self.refuse(now, Code::Malformed),
            (Some(known), Some((edited, _))) if known == edited => {}
            (None, None) if self.wrap_up_mut(wrap_up).is_some() => {}
            (Some(_) | None, _) => return self.refuse(now, Code::NotNow),
        }
        let (customer, version) = match edited {
            Some((customer, version)) => (customer, Some(version)),
            None => (CustomerId::mint(now.wall, &mut self.random), None),
        };
        let name = body.name.clone();
        self.file(
            now,
            wrap_up,
            Filed::Customer { id: customer },
            Typed(name.clone()),
        );
        self.effects.push_back(Effect::SaveCustomer {
            wrap_up,
            customer,
            version,
            body,
        });
        self.is_customer(now, wrap_up, CustomerName { id: customer, name });
    }

    pub(crate) fn create_ticket(
        &mut self,
        now: Now,
        wrap_up: WrapUpId,
        mended: Option<TicketId>,
        title: &str,
        text: String,
        due_at: Option<Wall>,
    ) {
        let title = title.trim().to_owned();
        let Some((call, customer)) = self
            .wrap_up_mut(wrap_up)
            .map(|form| (form.draft.call, form.customer_id()))
        else {
            return self.refuse(now, Code::NotNow);
        };
        if let Some(id) = mended
            && !self.may(wrap_up, Filed::Ticket { id }, FiledAction::Mend)
        {
            return self.refuse(now, Code::NotNow);
        }
        if title.is_empty() {
            return self.refuse(now, Code::Incomplete);
        }
        let body = TicketBody {
            call,
            customer,
            title,
            text,
            due_at,
        };
        if !body.is_valid() {
            return self.refuse(now, Code::Malformed);
        }
        let ticket = mended.unwrap_or_else(|| TicketId::mint(now.wall, &mut self.random));
        let title = Typed(body.title.clone());
        self.file(now, wrap_up, Filed::Ticket { id: ticket }, title);
        self.effects.push_back(Effect::CreateTicket {
            wrap_up,
            ticket,
            body,
        });
    }

    /// A refusal is told once; the form shows it as well.
    pub(crate) fn filed(&mut self, now: Now, what: Filed, saved: SavedState) {
        let entries = self.wrap_ups.iter_mut().flat_map(|form| &mut form.filed);
        for entry in entries.filter(|entry| entry.what == what) {
            entry.saved = saved;
        }
        if let SavedState::Refused { code } | SavedState::SaveFailed { code } = saved {
            self.refuse(now, code);
        }
    }

    pub(crate) fn give_up(&mut self, now: Now, wrap_up: WrapUpId, what: Filed) {
        if self.may(wrap_up, what, FiledAction::GiveUp) {
            self.effects.push_back(Effect::GiveUp { what });
        } else {
            self.refuse(now, Code::NotNow);
        }
    }

    pub(crate) fn given_up(&mut self, what: Filed) {
        for form in &mut self.wrap_ups {
            form.filed.retain(|item| item.what != what);
        }
    }

    fn may(&mut self, wrap_up: WrapUpId, what: Filed, action: FiledAction) -> bool {
        self.wrap_up_mut(wrap_up).is_some_and(|form| {
            let mut items = form.filed.iter();
            items.any(|item| item.what == what && item.can().contains(&action))
        })
    }

    /// What stands beside a form keeps the form: it goes to the disk though nothing was typed in it.
    fn file(&mut self, now: Now, wrap_up: WrapUpId, what: Filed, title: Typed) {
        if let Some(form) = self.wrap_up_mut(wrap_up) {
            form.filed.retain(|item| item.what != what);
            form.filed.push(FiledItem {
                what,
                title,
                saved: SavedState::Submitting,
            });
            if form.is_open() {
                form.touch(now);
            }
        }
    }

    /// The form, and the call where it goes on, are about this customer.
    fn is_customer(&mut self, now: Now, wrap_up: WrapUpId, customer: CustomerName) {
        let caller = CallerMatch::Known {
            customer: customer.clone(),
            stale: false,
        };
        if let Some(call) = self.calls.iter_mut().find(|call| call.wrap_up == wrap_up) {
            call.caller = caller.clone();
        }
        if let Some(form) = self.wrap_up_mut(wrap_up) {
            form.caller = caller;
            form.draft.customer = Some(customer);
            if form.is_open() {
                form.touch(now);
            }
        }
    }
}

impl FiledItem {
    /// Whether it has arrived where it was to go.
    pub(crate) const fn is_settled(&self) -> bool {
        match self.saved {
            SavedState::Synced { .. } | SavedState::Kept { .. } => true,
            SavedState::Blank
            | SavedState::Unsaved
            | SavedState::Saved { .. }
            | SavedState::SaveFailed { .. }
            | SavedState::Submitting
            | SavedState::Waiting { .. }
            | SavedState::Refused { .. } => false,
        }
    }

    pub(crate) fn can(&self) -> Vec<FiledAction> {
        match (self.saved, self.what) {
            (
                SavedState::Refused {
                    code: Code::Conflict,
                },
                Filed::Customer { .. },
            ) => vec![FiledAction::Compare, FiledAction::GiveUp],
            (SavedState::Refused { .. }, _) => vec![FiledAction::Mend, FiledAction::GiveUp],
            (SavedState::SaveFailed { .. }, _) => vec![FiledAction::Mend],
            (
                SavedState::Blank
                | SavedState::Unsaved
                | SavedState::Saved { .. }
                | SavedState::Submitting
                | SavedState::Waiting { .. }
                | SavedState::Synced { .. }
                | SavedState::Kept { .. },
                _,
            ) => Vec::new(),
        }
    }
}

impl WrapUp {
    pub(crate) fn customer_id(&self) -> Option<CustomerId> {
        self.draft.customer.as_ref().map(|customer| customer.id)
    }

    /// What a look-up found. A choice that was made among several is kept as long as it is one of them.
    pub(crate) fn found(&mut self, now: Now, caller: CallerMatch) {
        let chosen = self.draft.customer.clone();
        let (caller, customer) = match caller {
            CallerMatch::Several { customers } => {
                self.candidates.clone_from(&customers);
                match chosen.filter(|chosen| customers.iter().any(|one| one.id == chosen.id)) {
                    Some(customer) => (
                        CallerMatch::Known {
                            customer: customer.clone(),
                            stale: false,
                        },
                        Some(customer),
                    ),
                    None => (CallerMatch::Several { customers }, None),
                }
            }
            CallerMatch::Known { customer, stale } => (
                CallerMatch::Known {
                    customer: customer.clone(),
                    stale,
                },
                Some(customer),
            ),
            CallerMatch::Unknown => match chosen {
                // A new customer's record that is still on its way there.
                Some(customer) => (
                    CallerMatch::Known {
                        customer: customer.clone(),
                        stale: false,
                    },
                    Some(customer),
                ),
                None => (CallerMatch::Unknown, None),
            },
            caller @ (CallerMatch::Looking | CallerMatch::Unavailable) => (caller, None),
        };
        self.caller = caller;
        if customer.is_some() && self.draft.customer != customer {
            self.draft.customer = customer;
            // Before the answer there is nothing to keep yet: the form of a missed call is dropped.
            if self.draft.answered_at.is_some() || self.has_text() {
                self.touch(now);
            }
        }
    }
}
