//! What the screen pop shows, kept for as long as somebody may look at it.

use std::collections::VecDeque;

use offhook_model::{CallId, Code, PhoneNumber};
use tokio::sync::oneshot;

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
        let (cards, stale) = match &self.found {
            Some(Found::Fresh(cards)) => (cards.clone(), false),
            Some(Found::Stale(cards)) => (cards.clone(), true),
            Some(Found::Nothing) => (Vec::new(), true),
            None => (Vec::new(), false),
        };
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
