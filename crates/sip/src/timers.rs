//! Deadlines by name.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Duration;

/// RTT estimate, the base of all retransmissions (RFC 3261 §17.1.1.1).
pub(crate) const T1: Duration = Duration::from_millis(500);
/// The longest interval between retransmissions but an INVITE's.
pub(crate) const T2: Duration = Duration::from_secs(4);
/// How long a message may stay in the network.
pub(crate) const T4: Duration = Duration::from_secs(5);
/// When to give up: 64 * T1.
pub(crate) const GIVE_UP: Duration = Duration::from_secs(32);

/// A set of timers; setting one again moves it.
#[derive(Debug)]
pub(crate) struct Timers<K> {
    queue: BTreeSet<(Duration, K)>,
    due: HashMap<K, Duration>,
}

impl<K: Copy + Ord + Hash> Timers<K> {
    pub(crate) fn new() -> Self {
        Self {
            queue: BTreeSet::new(),
            due: HashMap::new(),
        }
    }

    pub(crate) fn set(&mut self, key: K, at: Duration) {
        self.cancel(key);
        self.queue.insert((at, key));
        self.due.insert(key, at);
    }

    pub(crate) fn cancel(&mut self, key: K) {
        if let Some(at) = self.due.remove(&key) {
            self.queue.remove(&(at, key));
        }
    }

    /// The next deadline.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Takes the earliest timer that is due.
    pub(crate) fn pop(&mut self, now: Duration) -> Option<K> {
        let (at, key) = *self.queue.first()?;
        if at > now {
            return None;
        }
        self.queue.pop_first();
        self.due.remove(&key);
        Some(key)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_set_again_fires_once_at_the_later_time() {
        let mut timers = Timers::new();
        timers.set("a", T1);
        timers.set("b", T2);
        timers.set("a", T4);
        assert_eq!((timers.next(), timers.pop(T1)), (Some(T2), None));
        assert_eq!(
            (timers.pop(T4), timers.pop(T4), timers.pop(T4)),
            (Some("b"), Some("a"), None)
        );
        assert!(timers.is_empty());
    }
}
