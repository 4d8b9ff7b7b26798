//! Makes guessing slow: who tried wrong passwords has to wait, by the name that was tried and by the address it came from.
//!
//! A name that somebody guesses at would lock its owner out, too. So an address from which a name has once been proved keeps
//! an account of its own with that name, which nobody elsewhere can use up.

use offhook_model::Mono;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// What a name forgives: five wrong passwords at once, then one a minute.
const OF_A_NAME: Budget = Budget {
    at_once: 5,
    each: Duration::from_secs(60),
};
/// What an address forgives, whatever the names: an office of people who mistype is one address.
const OF_AN_ADDRESS: Budget = Budget {
    at_once: 30,
    each: Duration::from_secs(10),
};
/// How many of each are remembered at most.
const ENTRIES: usize = 10_000;

/// How many wrong tries are forgiven.
#[derive(Debug, Clone, Copy)]
struct Budget {
    /// So many in a row.
    at_once: u32,
    /// One more after each such while.
    each: Duration,
}

/// Wrong tries by key: until when the tries so far are paid for, at one each while (the generic cell rate algorithm).
#[derive(Debug)]
struct Ledger<K> {
    budget: Budget,
    paid_at: HashMap<K, Mono>,
}

impl<K: Eq + Hash + Clone> Ledger<K> {
    fn new(budget: Budget) -> Self {
        Self {
            budget,
            paid_at: HashMap::new(),
        }
    }

    /// How long this key has to wait; nothing when it may try.
    fn locked(&self, now: Mono, key: &K) -> Option<Duration> {
        let credit = self.budget.each * (self.budget.at_once - 1);
        let left = self.paid_at.get(key)?.saturating_sub(now + credit);
        (!left.is_zero()).then_some(left)
    }

    fn count(&mut self, now: Mono, key: &K) {
        if self.paid_at.len() >= ENTRIES && !self.paid_at.contains_key(key) {
            self.make_room(now);
        }
        let paid_at = self.paid_at.entry(key.clone()).or_default();
        *paid_at = now.max(*paid_at) + self.budget.each;
    }

    /// Takes one try back.
    fn take_back(&mut self, key: &K) {
        if let Some(paid_at) = self.paid_at.get_mut(key) {
            *paid_at = paid_at.saturating_sub(self.budget.each);
        }
    }

    /// What is paid is forgotten; in a flood the half that owes least, too.
    fn make_room(&mut self, now: Mono) {
        self.paid_at.retain(|_, paid_at| *paid_at > now);
        if self.paid_at.len() >= ENTRIES {
            let mut times: Vec<Mono> = self.paid_at.values().copied().collect();
            times.sort_unstable();
            let middle = times[times.len() / 2];
            self.paid_at.retain(|_, paid_at| *paid_at > middle);
        }
    }
}

/// Where a try comes from: an address of IPv4, or the half of an IPv6 address that a subscriber is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Network(IpAddr);

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
            address @ IpAddr::V4(_) => address,
        })
    }
}

/// Wrong passwords, by name and by address.
#[derive(Debug)]
pub(crate) struct Guesses {
    names: Ledger<String>,
    addresses: Ledger<Network>,
    /// Where a name has been proved from, with the wrong tries since.
    proved: Ledger<(Network, String)>,
}

impl Default for Guesses {
    fn default() -> Self {
        Self {
            names: Ledger::new(OF_A_NAME),
            addresses: Ledger::new(OF_AN_ADDRESS),
            proved: Ledger::new(OF_A_NAME),
        }
    }
}

impl Guesses {
    /// How long a name is still locked for an address; nothing when it may be tried.
    pub(crate) fn locked(&self, now: Mono, from: IpAddr, name: &str) -> Option<Duration> {
        let (from, name) = (Network::from(from), name.to_owned());
        let pair = (from, name);
        if self.proved.paid_at.contains_key(&pair) {
            return self.proved.locked(now, &pair);
        }
        self.names
            .locked(now, &pair.1)
            .max(self.addresses.locked(now, &from))
    }

    /// Counts a try before its password is checked, so that many at once are counted, too.
    pub(crate) fn count(&mut self, now: Mono, from: IpAddr, name: &str) {
        let pair = (Network::from(from), name.to_owned());
        if self.proved.paid_at.contains_key(&pair) {
            self.proved.count(now, &pair);
        } else {
            self.names.count(now, &pair.1);
            self.addresses.count(now, &pair.0);
        }
    }

    /// The password of a try that was counted was right.
    pub(crate) fn forgive(&mut self, now: Mono, from: IpAddr, name: &str) {
        let pair = (Network::from(from), name.to_owned());
        if !self.proved.paid_at.contains_key(&pair) {
            self.names.paid_at.remove(name);
            self.addresses.take_back(&pair.0);
        }
        if self.proved.paid_at.len() >= ENTRIES {
            self.proved.make_room(now);
        }
        self.proved.paid_at.insert(pair, Mono::ZERO);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));

    fn guess(guesses: &mut Guesses, now: Mono, from: IpAddr, name: &str, times: u32) {
        for _ in 0..times {
            guesses.count(now, from, name);
        }
    }

    #[test]
    fn the_sixth_guess_has_to_wait_a_minute() {
        let mut guesses = Guesses::default();
        let mut now = Duration::from_secs(100);
        for _ in 0..5 {
            assert_eq!(guesses.locked(now, HERE, "lin"), None);
            guesses.count(now, HERE, "lin");
        }
        let minute = Duration::from_secs(60);
        assert_eq!(guesses.locked(now, HERE, "lin"), Some(minute));
        assert_eq!(guesses.locked(now, THERE, "lin"), Some(minute));
        assert_eq!(guesses.locked(now, HERE, "zhou"), None);
        now += minute;
        assert_eq!(guesses.locked(now, HERE, "lin"), None);
        guesses.count(now, HERE, "lin");
        assert!(
            guesses.locked(now, HERE, "lin").is_some(),
            "one more try, then locked again"
        );
        guesses.forgive(now, HERE, "lin");
        assert_eq!(guesses.locked(now, HERE, "lin"), None);
    }

    #[test]
    fn who_guesses_elsewhere_does_not_lock_the_owner_out() {
        let mut guesses = Guesses::default();
        let now = Duration::from_secs(100);
        guesses.count(now, HERE, "lin");
        guesses.forgive(now, HERE, "lin");
        guess(&mut guesses, now, THERE, "lin", 5);
        assert!(guesses.locked(now, THERE, "lin").is_some());
        assert_eq!(guesses.locked(now, HERE, "lin"), None);
        // Nor does the owner's success open the door to who guesses.
        guesses.count(now, HERE, "lin");
        guesses.forgive(now, HERE, "lin");
        assert!(guesses.locked(now, THERE, "lin").is_some());
        // The owner's own address is no licence to guess.
        guess(&mut guesses, now, HERE, "lin", 5);
        assert!(guesses.locked(now, HERE, "lin").is_some());
    }

    #[test]
    fn an_address_that_tries_many_names_is_locked_and_no_other() {
        let mut guesses = Guesses::default();
        let now = Duration::from_secs(100);
        guesses.count(now, HERE, "zhou");
        guesses.forgive(now, HERE, "zhou");
        for n in 0..30 {
            guesses.count(now, HERE, &n.to_string());
        }
        assert!(guesses.locked(now, HERE, "lin").is_some());
        assert_eq!(guesses.locked(now, THERE, "lin"), None);
        assert_eq!(guesses.locked(now, HERE, "zhou"), None, "who works there");
        // Signing in does not pay for the others.
        guesses.count(now, HERE, "zhou");
        guesses.forgive(now, HERE, "zhou");
        assert!(guesses.locked(now, HERE, "lin").is_some());
    }

    #[test]
    fn the_addresses_of_one_subscriber_are_one() {
        let mut guesses = Guesses::default();
        let now = Duration::from_secs(100);
        for n in 0..30u16 {
            let from = Ipv6Addr::new(0x2001, 0xdb8, 1, 2, 0, 0, 0, n);
            guesses.count(now, from.into(), &n.to_string());
        }
        let locked = |last: u16| {
            let from = Ipv6Addr::new(0x2001, 0xdb8, 1, last, 0, 0, 0, 99);
            guesses.locked(now, from.into(), "lin").is_some()
        };
        assert!(locked(2));
        assert!(!locked(3));
        let mapped = Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped();
        assert_eq!(Network::from(IpAddr::V6(mapped)), Network::from(HERE));
    }

    #[test]
    fn a_flood_of_names_is_bounded() {
        let mut guesses = Guesses::default();
        for n in 0..30_000u32 {
            let now = Duration::from_millis(n.into());
            guesses.count(now, HERE, &n.to_string());
            guesses.forgive(now, THERE, &n.to_string());
        }
        for n in 30_000..60_000u32 {
            guesses.count(Duration::from_millis(n.into()), HERE, &n.to_string());
        }
        assert!(guesses.names.paid_at.len() <= ENTRIES);
        assert!(guesses.proved.paid_at.len() <= ENTRIES);
    }
}
