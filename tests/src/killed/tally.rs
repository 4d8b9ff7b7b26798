//! What the rounds came to.

use super::moment::{Moment, Victim};
use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};

/// What one round came to.
#[derive(Debug, Clone)]
pub struct Landed {
    /// Where the kill was meant to fall.
    pub moment: Moment,
    /// Who was killed.
    pub victim: Victim,
    /// Whether it is proved that it fell there.
    pub proved: bool,
    /// The age of the oldest keystroke that was lost, where one was.
    pub lost: Duration,
    /// How late the machine itself was.
    pub late: Duration,
    /// Whether it was in the real window.
    pub windowed: bool,
}

impl fmt::Display for Landed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            moment,
            victim,
            proved,
            lost,
            ..
        } = self;
        let hit = if *proved { "hit" } else { "missed" };
        write!(
            f,
            "{moment:<34} {victim:<6} {hit:<6} {:>4} ms lost",
            lost.as_millis()
        )
    }
}

/// The table.
#[derive(Debug)]
pub struct Tally {
    begun: Instant,
    seed: u64,
    rows: BTreeMap<Moment, Row>,
}

#[derive(Debug, Default)]
struct Row {
    hits: BTreeMap<Victim, u32>,
    windowed: u32,
    missed: u32,
    lost: Duration,
    late: Duration,
}

impl Tally {
    /// Begins to count.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let rows = Moment::ALL.map(|moment| (moment, Row::default()));
        Self {
            begun: Instant::now(),
            seed,
            rows: rows.into(),
        }
    }

    /// Counts a round.
    pub fn add(&mut self, landed: &Landed) {
        let row = self.rows.entry(landed.moment).or_default();
        row.lost = row.lost.max(landed.lost);
        row.late = row.late.max(landed.late);
        if landed.proved {
            *row.hits.entry(landed.victim).or_default() += 1;
            row.windowed += u32::from(landed.windowed);
        } else {
            row.missed += 1;
        }
    }

    /// Tells how many kills fell in a window.
    #[must_use]
    pub fn hits(&self, moment: Moment) -> u32 {
        self.rows.get(&moment).map_or(0, Row::sum)
    }

    /// Tells how many rounds there were.
    #[must_use]
    pub fn rounds(&self) -> u32 {
        self.rows.values().map(|row| row.sum() + row.missed).sum()
    }
}

impl Row {
    fn sum(&self) -> u32 {
        self.hits.values().sum()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<34} {:>5} {:>5} {:>7} {:>5} {:>8} {:>7} {:>13} {:>13}",
            "window",
            "hits",
            "app",
            "centre",
            "both",
            "on-glass",
            "missed",
            "typing lost",
            "machine late"
        )?;
        for (moment, row) in &self.rows {
            let of = |victim| row.hits.get(&victim).copied().unwrap_or(0);
            writeln!(
                f,
                "{:<34} {:>5} {:>5} {:>7} {:>5} {:>8} {:>7} {:>10} ms {:>10} ms",
                moment,
                row.sum(),
                of(Victim::App),
                of(Victim::Centre),
                of(Victim::Both),
                row.windowed,
                row.missed,
                row.lost.as_millis(),
                row.late.as_millis(),
            )?;
        }
        let (rounds, took) = (self.rounds(), self.begun.elapsed().as_secs_f64());
        write!(
            f,
            "{rounds} rounds in {took:.0} s, {:.2} a second, seed {}",
            f64::from(rounds) / took.max(0.001),
            self.seed
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_that_fell_elsewhere_is_no_hit() {
        let mut tally = Tally::new(1);
        let mut landed = Landed {
            moment: Moment::InsideSaveDraft,
            victim: Victim::Both,
            proved: true,
            lost: Duration::from_millis(120),
            late: Duration::ZERO,
            windowed: false,
        };
        tally.add(&landed);
        landed.proved = false;
        tally.add(&landed);
        assert_eq!((tally.hits(landed.moment), tally.rounds()), (1, 2));
        let table = tally.to_string();
        assert!(
            table.contains("120 ms") && table.contains("seed 1"),
            "{table}"
        );
    }
}
