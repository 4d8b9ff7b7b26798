//! Profiles as the agent wrote them, laid over what the look-ups say until the centre has them.

use std::collections::BTreeMap;

use offhook_model::{Customer, CustomerCard, CustomerId, PhoneNumber, api::CustomerBody};

use crate::report::Found;

/// One customer's profile on its way.
#[derive(Debug, Clone)]
struct Edit {
    body: CustomerBody,
    /// What the centre will count it as.
    version: u64,
    /// How many edits of it are not settled.
    under_way: u32,
    /// The centre has no record of this customer yet.
    new: bool,
}

/// Every profile on its way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edits(BTreeMap<CustomerId, Edit>);

impl Edits {
    /// Lays an edit over what is shown, and says which version it changes. Nothing: it makes the record, also where an earlier
    /// try to make it was refused.
    pub(crate) fn put(
        &mut self,
        customer: CustomerId,
        version: Option<u64>,
        body: CustomerBody,
    ) -> Option<u64> {
        let earlier = self.0.get(&customer);
        let new = version.is_none() || earlier.is_some_and(|earlier| earlier.new);
        let under_way = earlier.map_or(0, |earlier| earlier.under_way);
        let version = version.filter(|_| !new || under_way > 0);
        self.0.insert(
            customer,
            Edit {
                body,
                version: version.map_or(1, |version| version + 1),
                under_way: under_way + 1,
                new,
            },
        );
        version
    }

    /// Notes that one edit arrived, or was refused for good. Says whether the look-ups know more than this from now on; a
    /// record that could not be made stays as it was written, to be tried again.
    pub(crate) fn settled(&mut self, customer: CustomerId, arrived: bool) -> bool {
        let Some(edit) = self.0.get_mut(&customer) else {
            return false;
        };
        edit.under_way = edit.under_way.saturating_sub(1);
        edit.new &= !arrived;
        let over = edit.under_way == 0 && !edit.new;
        if over {
            self.0.remove(&customer);
        }
        over
    }

    /// Lays the edits over what a look-up of `number` found.
    pub(crate) fn over(&self, number: &PhoneNumber, mut found: Found) -> Found {
        let mut cards = match &mut found {
            Found::Fresh(cards) | Found::Stale(cards) => std::mem::take(cards),
            Found::Nothing => Vec::new(),
        };
        for card in &mut cards {
            if let Some(edit) = self.0.get(&card.customer.id) {
                edit.write(&mut card.customer);
            }
        }
        for (id, edit) in &self.0 {
            let shown = cards.iter().any(|card| card.customer.id == *id);
            if edit.new && !shown && edit.body.numbers.contains(number) {
                cards.push(new_card(*id, edit.body.clone(), edit.version));
            }
        }
        match found {
            Found::Fresh(_) => Found::Fresh(cards),
            Found::Nothing if cards.is_empty() => Found::Nothing,
            Found::Stale(_) | Found::Nothing => Found::Stale(cards),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Edit {
    fn write(&self, customer: &mut Customer) {
        customer.name.clone_from(&self.body.name);
        customer.numbers.clone_from(&self.body.numbers);
        customer.tags.clone_from(&self.body.tags);
        customer.fields.clone_from(&self.body.fields);
        customer.version = self.version;
    }
}

/// The card of a customer of whom no more is known than what was just written.
pub(crate) fn new_card(id: CustomerId, body: CustomerBody, version: u64) -> CustomerCard {
    CustomerCard {
        customer: Customer {
            id,
            reference: String::new(),
            name: body.name,
            numbers: body.numbers,
            home: None,
            tags: body.tags,
            fields: body.fields,
            version,
        },
        calls: Vec::new(),
        tickets: Vec::new(),
        records: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const ID: CustomerId = CustomerId(Uuid::from_u128(7));

    fn number() -> PhoneNumber {
        PhoneNumber::parse("12800550142").expect("a number")
    }

    fn body(name: &str) -> CustomerBody {
        CustomerBody {
            name: name.into(),
            numbers: vec![number()],
            tags: Vec::new(),
            fields: Vec::new(),
        }
    }

    fn shown(edits: &Edits, found: Found) -> Vec<(String, u64)> {
        match edits.over(&number(), found) {
            Found::Fresh(cards) | Found::Stale(cards) => cards
                .into_iter()
                .map(|card| (card.customer.name, card.customer.version))
                .collect(),
            Found::Nothing => Vec::new(),
        }
    }

    fn centre(version: u64) -> Found {
        Found::Fresh(vec![new_card(ID, body("at the centre"), version)])
    }

    #[test]
    fn each_edit_changes_the_version_that_the_one_before_makes() {
        let mut edits = Edits::default();
        assert_eq!(edits.put(ID, Some(4), body("one")), Some(4));
        assert_eq!(shown(&edits, centre(4)), [("one".into(), 5)]);
        assert_eq!(edits.put(ID, Some(5), body("two")), Some(5));
        assert!(!edits.settled(ID, true), "one is still under way");
        assert_eq!(shown(&edits, centre(5)), [("two".into(), 6)]);
        assert!(edits.settled(ID, true));
        assert_eq!(shown(&edits, centre(6)), [("at the centre".into(), 6)]);
    }

    #[test]
    fn a_new_customer_is_shown_whatever_the_look_up_says() {
        let mut edits = Edits::default();
        assert_eq!(edits.put(ID, None, body("new")), None);
        for found in [Found::Fresh(vec![]), Found::Nothing] {
            assert_eq!(shown(&edits, found), [("new".into(), 1)]);
        }
        let other = PhoneNumber::parse("12800550199").expect("a number");
        assert_eq!(edits.over(&other, Found::Nothing), Found::Nothing);
        assert_eq!(edits.put(ID, Some(1), body("newer")), Some(1));
        assert!(!edits.settled(ID, true));
        assert!(edits.settled(ID, true));
    }

    #[test]
    fn a_record_that_could_not_be_made_is_made_by_the_next_edit() {
        let mut edits = Edits::default();
        edits.put(ID, None, body("refused"));
        assert!(!edits.settled(ID, false));
        assert_eq!(
            shown(&edits, Found::Fresh(vec![])),
            [("refused".into(), 1)],
            "nothing typed is lost"
        );
        assert_eq!(edits.put(ID, Some(1), body("again")), None);
        assert!(edits.settled(ID, true));
        // Of a record that is there, the centre's word counts after a refusal.
        edits.put(ID, Some(1), body("too late"));
        assert!(edits.settled(ID, false));
        assert_eq!(shown(&edits, centre(2)), [("at the centre".into(), 2)]);
    }
}
