//! The pop and what is filed beside a form: profiles and tickets, shown as written while they are on their way.

use offhook_desk::{Draft, Fact, Filed, SavedState};
use offhook_model::{
    CallId, Code, CustomerId, PhoneNumber, TicketId, WrapUpId,
    api::{CustomerBody, TicketBody},
};

use crate::actor::Actor;
use crate::edits::Left;
use crate::pop;
use crate::report::Found;
use crate::standing::Authority;
use crate::store_task::Job;

impl Actor {
    pub(crate) fn look_up(&mut self, call: CallId, number: PhoneNumber) {
        self.cards.expect(call, number.clone());
        if let Some(standing) = &mut self.standing {
            standing.look_up(call, number);
        }
    }

    /// A look-up answered. What the centre says is copied as it says it; what is shown has the edits on their way.
    pub(crate) fn found(&mut self, call: CallId, found: Found) {
        let authority = self.standing.as_ref().map(|standing| &standing.authority);
        if let (Some(Authority::Centre { .. }), Found::Fresh(cards)) = (authority, &found)
            && !cards.is_empty()
        {
            self.jobs.push(Job::KeepCards(cards.clone()));
        }
        let found = match self.cards.number(call) {
            Some(number) => self.edits.over(number, found),
            None => found,
        };
        self.facts.push_back(Fact::CallerFound {
            call,
            caller: pop::caller(&found),
        });
        self.cards.keep(call, found);
    }

    pub(crate) fn submit(&mut self, draft: Draft) {
        match &self.standing {
            Some(standing) => self.jobs.push(standing.submission(draft)),
            None => self.facts.push_back(Fact::NotSubmitted {
                wrap_up: draft.wrap_up,
                code: Code::NotNow,
            }),
        }
    }

    pub(crate) fn save_customer(
        &mut self,
        wrap_up: WrapUpId,
        customer: CustomerId,
        version: Option<u64>,
        body: CustomerBody,
    ) {
        let Some(standing) = &self.standing else {
            return self.not_filed(Filed::Customer { id: customer });
        };
        let base = version.and_then(|version| self.cards.profile(customer, version));
        let changes = self.edits.put(customer, version, body.clone(), base);
        self.cards.edit(&self.edits);
        self.jobs
            .push(standing.profile(wrap_up, customer, changes, body));
    }

    pub(crate) fn create_ticket(&mut self, wrap_up: WrapUpId, ticket: TicketId, body: TicketBody) {
        let Some(standing) = &self.standing else {
            return self.not_filed(Filed::Ticket { id: ticket });
        };
        self.jobs.push(standing.ticket(wrap_up, ticket, body));
    }

    pub(crate) fn give_up(&mut self, what: Filed) {
        self.jobs.push(Job::GiveUp(what));
    }

    fn not_filed(&mut self, what: Filed) {
        let saved = SavedState::SaveFailed { code: Code::NotNow };
        self.facts.push_back(Fact::Filed { what, saved });
    }

    /// A fact from the store or the session. What was filed and has arrived is looked up again, so that the pop shows it as it
    /// stands there.
    pub(crate) fn told(&mut self, fact: Fact) {
        if let Fact::Filed { what, saved } = &fact
            && self.settled(*what, *saved) == Left::More
        {
            return;
        }
        if let Fact::GivenUp {
            what: Filed::Customer { id },
        } = &fact
        {
            self.edits.given_up(*id);
            self.look_up_again(self.cards.of_customer(*id));
        }
        self.facts.push_back(fact);
    }

    /// Takes note of how far something is. More: later edits of the same profile are on their way, and tell how far it is.
    fn settled(&mut self, what: Filed, saved: SavedState) -> Left {
        match (what, saved) {
            (Filed::Customer { id }, SavedState::Synced { .. } | SavedState::Kept { .. }) => {
                if self.edits.arrived(id) == Left::More {
                    return Left::More;
                }
                self.look_up_again(self.cards.of_customer(id));
            }
            (Filed::Customer { id }, SavedState::Refused { .. }) => {
                self.edits.refused(id);
                self.look_up_again(self.cards.of_customer(id));
            }
            (Filed::Customer { id }, SavedState::SaveFailed { .. }) => self.edits.not_kept(id),
            (Filed::Ticket { .. }, SavedState::Synced { .. } | SavedState::Kept { .. }) => {
                self.look_up_again(self.cards.of_calls(&self.calls_beside(what)));
            }
            (Filed::Ticket { .. }, SavedState::Refused { .. } | SavedState::SaveFailed { .. })
            | (
                _,
                SavedState::Blank
                | SavedState::Unsaved
                | SavedState::Saved { .. }
                | SavedState::Submitting
                | SavedState::Waiting { .. },
            ) => {}
        }
        Left::Nothing
    }

    /// The calls of the forms beside which something was filed.
    fn calls_beside(&self, what: Filed) -> Vec<CallId> {
        let view = self.view.borrow();
        let forms = view.wrap_ups.iter();
        forms
            .filter(|form| form.filed.iter().any(|entry| entry.what == what))
            .map(|form| form.call)
            .collect()
    }

    /// The centre answers again: what it did not say is asked once more.
    pub(crate) fn look_up_copies_again(&mut self) {
        self.look_up_again(self.cards.without_the_centre());
    }

    fn look_up_again(&mut self, calls: Vec<(CallId, PhoneNumber)>) {
        for (call, number) in calls {
            self.look_up(call, number);
        }
    }
}
