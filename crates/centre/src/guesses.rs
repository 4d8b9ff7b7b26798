//! Locks a sign-in name after wrong passwords.

use offhook_model::Mono;
use std::collections::HashMap;
use std::time::Duration;

/// How many wrong passwords in a row are forgiven.
const FORGIVEN: u32 = 5;
/// How long a name is locked after that, and after each further wrong one.
const LOCK: Duration = Duration::from_secs(60);
/// After this long without a try a name starts anew.
const MEMORY: Duration = Duration::from_secs(15 * 60);
/// How many names are remembered at most.
const NAMES: usize = 10_000;

#[derive(Debug)]
struct Tries {
    wrong: u32,
    last: Mono,
    locked_until: Mono,
}

/// Wrong passwords, by sign-in name.
#[derive(Debug, Default)]
pub(super) struct Guesses(HashMap<String, Tries>);

impl Guesses {
    /// How long a name is still locked; nothing when it may be tried.
    pub(super) fn locked(&self, now: Mono, name: &str) -> Option<Duration> {
        let left = self.0.get(name)?.locked_until.saturating_sub(now);
        (!left.is_zero()).then_some(left)
    }

    /// Counts a try before its password is checked, so that many at once are counted, too.
    pub(super) fn count(&mut self, now: Mono, name: &str) {
        if self.0.len() >= NAMES {
            self.forget_older_half(now);
        }
        let tries = self.0.entry(name.to_owned()).or_insert(Tries {
            wrong: 0,
            last: now,
            locked_until: Mono::ZERO,
        });
        if tries.last + MEMORY <= now {
            tries.wrong = 0;
        }
        tries.wrong += 1;
        tries.last = now;
        if tries.wrong >= FORGIVEN {
            tries.locked_until = now + LOCK;
        }
    }

    /// Somebody tries thousands of names: the older half is forgotten, but none that is locked.
    fn forget_older_half(&mut self, now: Mono) {
        let mut times: Vec<Mono> = self.0.values().map(|tries| tries.last).collect();
        times.sort_unstable();
        let middle = times[times.len() / 2];
        self.0
            .retain(|_, tries| tries.last > middle || tries.locked_until > now);
    }

    /// The password was right.
    pub(super) fn forgive(&mut self, name: &str) {
        self.0.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_guess_has_to_wait_a_minute() {
        let mut guesses = Guesses::default();
        let mut now = Duration::from_secs(100);
        for _ in 0..5 {
            assert_eq!(guesses.locked(now, "lin"), None);
            guesses.count(now, "lin");
        }
        assert_eq!(guesses.locked(now, "lin"), Some(LOCK));
        assert_eq!(guesses.locked(now, "zhou"), None);
        now += LOCK;
        assert_eq!(guesses.locked(now, "lin"), None);
        guesses.count(now, "lin");
        assert!(
            guesses.locked(now, "lin").is_some(),
            "one more try, then locked again"
        );
        guesses.forgive("lin");
        assert_eq!(guesses.locked(now, "lin"), None);
    }

    #[test]
    fn a_flood_of_names_is_bounded() {
        let mut guesses = Guesses::default();
        for n in 0..30_000u32 {
            guesses.count(Duration::from_millis(n.into()), &n.to_string());
        }
        assert!(guesses.0.len() <= NAMES);
    }
}
