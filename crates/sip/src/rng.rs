//! Randomness from a seed, so that a run can be repeated. What it gives tells nothing of what it gave or will give: tags and
//! Call-IDs are all that keeps a stranger from ending somebody's call.

use sha2::{Digest, Sha256};

/// SHA-256 over a key and a counter.
#[derive(Clone)]
pub(crate) struct Rng {
    key: [u8; 32],
    counter: u64,
}

impl std::fmt::Debug for Rng {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rng")
    }
}

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            key: Sha256::digest(seed.to_le_bytes()).into(),
            counter: 0,
        }
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        self.counter += 1;
        let digest = Sha256::new()
            .chain_update(self.key)
            .chain_update(self.counter.to_le_bytes())
            .finalize();
        digest
            .iter()
            .take(8)
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn range(&mut self, low: u64, high: u64) -> u64 {
        let width = high.saturating_sub(low).saturating_add(1);
        low + self.next_u64() % width
    }

    /// A token of 16 hex digits: 64 bits, where RFC 3261 §19.3 wants at least 32.
    pub(crate) fn token(&mut self) -> String {
        format!("{:016x}", self.next_u64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_two_differ() {
        let tokens = |seed| {
            let mut rng = Rng::new(seed);
            [rng.token(), rng.token()]
        };
        assert_eq!(tokens(1), tokens(1));
        assert!(tokens(1)[0] != tokens(1)[1] && tokens(1) != tokens(2));
        let mut rng = Rng::new(1);
        assert!((0..1000).all(|_| (3..=5).contains(&rng.range(3, 5))));
        assert_eq!(rng.range(u64::MAX, u64::MAX), u64::MAX);
    }
}
