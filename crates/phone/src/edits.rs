//! Profiles as the agent wrote them, laid over what the look-ups say until the centre has them.

use std::collections::BTreeMap;

use offhook_model::{Customer, CustomerCard, CustomerId, PhoneNumber, api::CustomerBody};

use crate::report::Found;

/// One customer's profile on its way.
#[derive(Debug, Clone)]
struct Edit {
    body: CustomerBody,
    /// How it stood before the first of the edits that are not settled.
    base: Option<CustomerBody>,
    /// What the centre will count it as.
    version: u64,
    /// How many edits of it are not settled.
    under_way: u32,
    /// The centre has no record of this customer yet.
    new: bool,
}

/// What an edit changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    /// Nothing: it makes the record, also where an earlier try to make it was refused.
    pub(crate) version: Option<u64>,
    /// How the profile stood before this computer began to change it, where that is known.
    pub(crate) base: Option<CustomerBody>,
    /// It builds on an edit that is still on its way.
    pub(crate) follows: bool,
}

/// What is left of a customer's edits when one has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// Later ones are on their way.
    More,
    /// Nothing: the look-ups know more than this from now on.
    Nothing,
}

/// Every profile on its way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edits(BTreeMap<CustomerId, Edit>);

impl Edits {
    /// Lays an edit over what is shown, `base` being how `version` stands, and says what it changes.
    pub(crate) fn put(
        &mut self,
        customer: CustomerId,
        version: Option<u64>,
        body: CustomerBody,
        base: Option<CustomerBody>,
    ) -> Version {
        let earlier = self.0.get(&customer);
        let new = version.is_none() || earlier.is_some_and(|earlier| earlier.new);
        let under_way = earlier.map_or(0, |earlier| earlier.under_way);
        let version = version.filter(|_| !new || under_way > 0);
        let base = match earlier {
            Some(earlier) if under_way > 0 => earlier.base.clone(),
            Some(_) | None => base.filter(|_| !new),
        };
        self.0.insert(
            customer,
            Edit {
                body,
                base: base.clone(),
                version: version.map_or(1, |version| version + 1),
                under_way: under_way + 1,
                new,
            },
        );
        Version {
            version,
            base,
            follows: under_way > 0,
        }
    }

    /// Notes that one edit is at the centre.
    pub(crate) fn arrived(&mut self, customer: CustomerId) -> Left {
        let Some(edit) = self.0.get_mut(&customer) else {
            return Left::Nothing;
        };
        edit.under_way = edit.under_way.saturating_sub(1);
        edit.new = false;
        if edit.under_way > 0 {
            return Left::More;
        }
        self.0.remove(&customer);
        Left::Nothing
    }

    /// Notes that one edit was not kept here.
    pub(crate) fn not_kept(&mut self, customer: CustomerId) {
        if let Some(edit) = self.0.get_mut(&customer) {
            edit.under_way = edit.under_way.saturating_sub(1);
            if edit.under_way == 0 && !edit.new {
                self.0.remove(&customer);
            }
        }
    }

    /// Notes that an edit was refused for good, and all that build on it. A record that could not be made stays as it was written,
    /// to be tried again; of one that is there the centre's word counts.
    pub(crate) fn refused(&mut self, customer: CustomerId) {
        if let Some(edit) = self.0.get_mut(&customer) {
            edit.under_way = 0;
            if !edit.new {
                self.0.remove(&customer);
            }
        }
    }

    /// Notes that the agent has given up what was refused.
    pub(crate) fn given_up(&mut self, customer: CustomerId) {
        self.0.remove(&customer);
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
    card_of(Customer {
        id,
        reference: String::new(),
        name: body.name,
        numbers: body.numbers,
        home: None,
        tags: body.tags,
        fields: body.fields,
        version,
    })
}

/// The card of a customer of whom nothing but the record is known.
pub(crate) const fn card_of(customer: Customer) -> CustomerCard {
    CustomerCard {
        customer,
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
        let base = Some(body("base"));
        let first = edits.put(ID, Some(4), body("one"), base.clone());
        assert_eq!((first.version, first.follows), (Some(4), false));
        assert_eq!(shown(&edits, centre(4)), [("one".into(), 5)]);
        let second = edits.put(ID, Some(5), body("two"), Some(body("one")));
        let changes = Version {
            version: Some(5),
            base,
            follows: true,
        };
        assert_eq!(second, changes, "both count from what the first found");
        assert_eq!(edits.arrived(ID), Left::More);
        assert_eq!(shown(&edits, centre(5)), [("two".into(), 6)]);
        assert_eq!(edits.arrived(ID), Left::Nothing);
        assert_eq!(shown(&edits, centre(6)), [("at the centre".into(), 6)]);
    }

    #[test]
    fn a_new_customer_is_shown_whatever_the_look_up_says_and_can_be_edited_again() {
        let mut edits = Edits::default();
        assert_eq!(edits.put(ID, None, body("new"), None).version, None);
        for found in [Found::Fresh(vec![]), Found::Nothing] {
            assert_eq!(shown(&edits, found), [("new".into(), 1)]);
        }
        let other = PhoneNumber::parse("12800550199").expect("a number");
        assert_eq!(edits.over(&other, Found::Nothing), Found::Nothing);
        let again = edits.put(ID, Some(1), body("newer"), Some(body("new")));
        assert_eq!((again.version, again.base), (Some(1), None));
        assert_eq!(shown(&edits, Found::Nothing), [("newer".into(), 2)]);
        assert_eq!(edits.arrived(ID), Left::More);
        assert_eq!(edits.arrived(ID), Left::Nothing);
    }

    #[test]
    fn a_record_that_could_not_be_made_is_made_by_the_next_edit() {
        let mut edits = Edits::default();
        edits.put(ID, None, body("refused"), None);
        edits.refused(ID);
        assert_eq!(
            shown(&edits, Found::Fresh(vec![])),
            [("refused".into(), 1)],
            "nothing typed is lost"
        );
        assert_eq!(edits.put(ID, Some(1), body("again"), None).version, None);
        assert_eq!(edits.arrived(ID), Left::Nothing);
        // Of a record that is there, the centre's word counts after a refusal, however many edits it took with it.
        edits.put(ID, Some(1), body("too late"), None);
        edits.put(ID, Some(2), body("later still"), None);
        edits.refused(ID);
        assert_eq!(shown(&edits, centre(2)), [("at the centre".into(), 2)]);
    }
}
