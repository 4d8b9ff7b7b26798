//! What the screen pop shows, kept for as long as somebody may look at it.

use std::collections::VecDeque;

use offhook_model::{CallId, Code, CustomerId, PhoneNumber, api::CustomerBody};
use tokio::sync::oneshot;

use crate::edits::Edits;
use crate::query::Answer;
use crate::report::Found;

/// How many calls' cards are kept; the oldest goes first.
const KEPT: usize = 30;

type Reply = oneshot::Sender<Result<Answer, Code>>;

/// One call's cards.
#[derive(Debug)]
struct Entry {
    call: CallId,
    number: Option<PhoneNumber>,
    /// Nothing while the look-up is on its way.
    found: Option<Found>,
    /// Who asked before the answer was there.
    waiting: Vec<Reply>,
}

/// The cards of the latest calls.
#[derive(Debug, Default)]
pub(crate) struct Cards(VecDeque<Entry>);

impl Cards {
    /// Notes that a look-up is on its way. A call that rings again keeps what was found before until then.
    pub(crate) fn expect(&mut self, call: CallId, number: PhoneNumber) {
        if self.0.iter().any(|entry| entry.call == call) {
            return;
        }
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(Entry {
            call,
            number: Some(number),
            found: None,
            waiting: Vec::new(),
        });
    }

    /// Keeps what a look-up found and answers those who wait for it. The centre's word is not undone by a copy.
    pub(crate) fn keep(&mut self, call: CallId, found: Found) {
        let Some(entry) = self.0.iter_mut().find(|entry| entry.call == call) else {
            return;
        };
        if matches!(entry.found, Some(Found::Fresh(_))) && !matches!(found, Found::Fresh(_)) {
            return;
        }
        entry.found = Some(found);
        for reply in std::mem::take(&mut entry.waiting) {
            // Err: whoever asked has gone.
            reply.send(Ok(entry.answer())).ok();
        }
    }

    /// Returns the number that a call was looked up by.
    pub(crate) fn number(&self, call: CallId) -> Option<&PhoneNumber> {
        let entry = self.0.iter().find(|entry| entry.call == call)?;
        entry.number.as_ref()
    }

    /// Returns how a customer's profile is shown, where it is shown in this version.
    pub(crate) fn profile(&self, customer: CustomerId, version: u64) -> Option<CustomerBody> {
        let cards = self.0.iter().flat_map(|entry| match &entry.found {
            Some(Found::Fresh(cards) | Found::Stale(cards)) => cards.as_slice(),
            Some(Found::Nothing) | None => &[],
        });
        cards
            .map(|card| &card.customer)
            .find(|shown| shown.id == customer && shown.version == version)
            .map(|shown| CustomerBody {
                name: shown.name.clone(),
                numbers: shown.numbers.clone(),
                tags: shown.tags.clone(),
                fields: shown.fields.clone(),
            })
    }

    /// Lays an edit over what was found.
    pub(crate) fn edit(&mut self, edits: &Edits) {
        for entry in &mut self.0 {
            if let (Some(number), Some(found)) = (&entry.number, entry.found.take()) {
                entry.found = Some(edits.over(number, found));
            }
        }
    }

    /// Names the calls that a customer's card is shown for, with the number they were looked up by.
    pub(crate) fn of_customer(&self, customer: CustomerId) -> Vec<(CallId, PhoneNumber)> {
        let shows = |found: &Found| match found {
            Found::Fresh(cards) | Found::Stale(cards) => {
                cards.iter().any(|card| card.customer.id == customer)
            }
            Found::Nothing => false,
        };
        self.0
            .iter()
            .filter(|entry| entry.found.as_ref().is_some_and(shows))
            .filter_map(|entry| Some((entry.call, entry.number.clone()?)))
            .collect()
    }

    /// Names the calls for which only a copy was found, or nothing yet, with the number they were looked up by.
    pub(crate) fn without_the_centre(&self) -> Vec<(CallId, PhoneNumber)> {
        let is = |found: &Found| match found {
            Found::Fresh(_) => false,
            Found::Stale(_) | Found::Nothing => true,
        };
        self.0
            .iter()
            .filter(|entry| entry.found.as_ref().is_none_or(is))
            .filter_map(|entry| Some((entry.call, entry.number.clone()?)))
            .collect()
    }

    /// Those of `calls` that were looked up, with their number.
    pub(crate) fn of_calls(&self, calls: &[CallId]) -> Vec<(CallId, PhoneNumber)> {
        let of = |call: &CallId| Some((*call, self.number(*call)?.clone()));
        calls.iter().filter_map(of).collect()
    }

    /// Answers now or when the look-up does. Gives the reply back where no look-up was noted.
    pub(crate) fn ask(&mut self, call: CallId, reply: Reply) -> Result<(), Reply> {
        let Some(entry) = self.0.iter_mut().find(|entry| entry.call == call) else {
            return Err(reply);
        };
        if entry.found.is_some() {
            reply.send(Ok(entry.answer())).ok();
        } else {
            entry.waiting.push(reply);
        }
        Ok(())
    }

    /// Forgets all; those who wait are told by their closed channel.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Entry {
    fn answer(&self) -> Answer {
        let (cards, stale) = self
            .found
            .clone()
            .map_or((Vec::new(), false), Found::into_cards);
        Answer::Card {
            number: self.number.clone(),
            cards,
            stale,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[tokio::test]
    async fn a_question_before_the_answer_waits_for_it() {
        let call = CallId(Uuid::from_u128(1));
        let number = PhoneNumber::parse("12800550142").expect("a number");
        let mut cards = Cards::default();
        let (early, answer) = oneshot::channel();
        let early = cards.ask(call, early).expect_err("nobody looks");
        cards.expect(call, number.clone());
        cards.expect(call, number.clone());
        cards.ask(call, early).expect("it waits");
        cards.keep(call, Found::Fresh(vec![]));
        cards.keep(call, Found::Nothing);
        let expected = Ok(Answer::Card {
            number: Some(number),
            cards: vec![],
            stale: false,
        });
        assert_eq!(answer.await.expect("an answer"), expected);
        let (late, answer) = oneshot::channel();
        cards.ask(call, late).expect("it is there");
        assert_eq!(answer.await.expect("an answer"), expected);
    }
}
