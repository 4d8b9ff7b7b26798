//! Says when the next 10 ms are due: when a living device asks, else when the clock says so.
//!
//! A device that stands still for 40 ms is dead until it moves again. Ticks that are late, because a device or the whole
//! machine stood still, are made up for at once, so that the far end misses nothing: RTP keeps to the clock. A device
//! cannot run ahead of the clock by more than 20 ms, whatever it asks for.

use std::time::Duration;

use crate::units::TICK;

/// A device that did not move for so long is dead.
const DEAD_AFTER: Duration = Duration::from_millis(40);
/// The most ticks to be ahead of the clock.
const AHEAD: f64 = 2.0;
/// So many ticks behind, a tick is due whether the device asks or not.
const BEHIND: f64 = 2.0;
/// So many ticks behind, it is due even if the microphone has nothing: what it heard is lost, not late.
const LOST: f64 = 10.0;
/// What is further behind than this second is forgotten: the machine slept.
const FORGOTTEN: f64 = 100.0;
/// What is left, after each tick, of the difference between the device's clock and ours: they never agree exactly.
const FORGET: f64 = 0.998;

/// See the module.
#[derive(Debug)]
pub(crate) struct Pacer {
    /// Ticks the clock has asked for and nobody has made.
    owed: f64,
    now: Duration,
    clock: Option<u64>,
    moved: Option<Duration>,
}

impl Pacer {
    pub(crate) fn new(now: Duration) -> Pacer {
        Pacer {
            owed: 0.0,
            now,
            clock: None,
            moved: None,
        }
    }

    /// Lets time pass. `clock` is how far the pacing device has got, if there is one with a clock of its own.
    pub(crate) fn advance(&mut self, now: Duration, clock: Option<u64>) {
        let passed = now.saturating_sub(self.now);
        self.owed = (self.owed + passed.as_secs_f64() / TICK.as_secs_f64()).min(FORGOTTEN);
        self.now = now;
        match (self.clock, clock) {
            (Some(before), Some(after)) if after != before => self.moved = Some(now),
            (_, None) => self.moved = None,
            _ => {}
        }
        self.clock = clock;
    }

    /// Tells whether to tick now; `hungry` is the pacing device asking for it, `heard` the microphone having something.
    pub(crate) fn is_due(&self, hungry: bool, heard: bool) -> bool {
        if self.is_device_alive() {
            hungry && self.owed > -AHEAD || heard && self.owed >= BEHIND || self.owed >= LOST
        } else {
            self.owed >= 1.0
        }
    }

    /// Counts a tick.
    pub(crate) fn tick(&mut self) {
        self.owed -= 1.0;
        if self.is_device_alive() {
            self.owed *= FORGET;
        }
    }

    /// The longest time to sleep, if no device wakes us before.
    pub(crate) fn sleep(&self) -> Duration {
        match self.moved.filter(|_| self.is_device_alive()) {
            Some(_) if self.owed >= LOST => Duration::ZERO,
            Some(moved) => (moved + DEAD_AFTER).saturating_sub(self.now),
            None => TICK.mul_f64((1.0 - self.owed).clamp(0.0, 1.0)),
        }
    }

    fn is_device_alive(&self) -> bool {
        self.moved
            .is_some_and(|moved| self.now.saturating_sub(moved) < DEAD_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// Runs from `from` to `to` ms in steps of 1 ms; `device` gives its clock and whether it asks. Returns when it ticked.
    fn run(
        pacer: &mut Pacer,
        from: u64,
        to: u64,
        mut device: impl FnMut(u64) -> (Option<u64>, bool),
    ) -> Vec<u64> {
        let mut ticks = Vec::new();
        for now in from..to {
            let (clock, mut hungry) = device(now);
            pacer.advance(millis(now), clock);
            while pacer.is_due(hungry, true) {
                pacer.tick();
                ticks.push(now);
                hungry = false;
            }
        }
        ticks
    }

    #[test]
    fn without_a_device_the_clock_ticks() {
        let ticks = run(&mut Pacer::new(millis(0)), 0, 1_000, |_| (None, false));
        assert_eq!(ticks.len(), 99);
        assert!(
            ticks
                .windows(2)
                .all(|pair| (9..=11).contains(&(pair[1] - pair[0])))
        );
    }

    #[test]
    fn a_living_device_ticks_in_its_own_rhythm() {
        let mut pacer = Pacer::new(millis(0));
        // One in a thousand fast, and asking for two ticks at a time.
        let mut asked = 0;
        let mut left = 0;
        pacer.advance(millis(0), Some(0));
        let mut ticks = 0;
        for now in 0..100_000u64 {
            let clock = now * 1_001 / 20_000;
            if clock > asked {
                (asked, left) = (clock, 2);
            }
            pacer.advance(millis(now), Some(clock));
            while pacer.is_due(left > 0, true) {
                pacer.tick();
                ticks += 1;
                left -= 1;
            }
        }
        assert!((10_000..=10_012).contains(&ticks), "{ticks}");
    }

    #[test]
    fn the_clock_takes_over_within_forty_milliseconds_and_catches_up() {
        let mut pacer = Pacer::new(millis(0));
        run(&mut pacer, 0, 1_000, |now| (Some(now / 10), now % 10 == 0));
        let after = run(&mut pacer, 1_000, 1_200, |_| (Some(99), false));
        assert!(after[0] <= 1_040, "{after:?}");
        assert!(
            after.iter().filter(|&&at| at < 1_050).count() >= 4,
            "{after:?}"
        );
        assert!((19..=21).contains(&after.len()), "{after:?}");
        let again = run(&mut pacer, 1_200, 1_400, |now| {
            (Some(now / 10), now % 10 == 0)
        });
        assert!((19..=22).contains(&again.len()), "{again:?}");
    }

    #[test]
    fn a_machine_that_stood_still_makes_up_for_it() {
        let mut pacer = Pacer::new(millis(0));
        run(&mut pacer, 0, 1_000, |now| (Some(now / 10), now % 10 == 0));
        pacer.advance(millis(1_400), Some(140));
        let mut ticks = 0;
        while pacer.is_due(ticks == 0, true) {
            pacer.tick();
            ticks += 1;
        }
        assert!((36..=41).contains(&ticks), "{ticks}");
    }

    #[test]
    fn what_the_microphone_heard_is_waited_for_but_not_for_ever() {
        let mut pacer = Pacer::new(millis(0));
        run(&mut pacer, 0, 1_000, |now| (Some(now / 10), now % 10 == 0));
        pacer.advance(millis(1_060), Some(101));
        assert!(pacer.is_due(false, true) && !pacer.is_due(false, false));
        assert!(pacer.is_due(true, false), "the speaker must not run dry");
        pacer.advance(millis(1_120), Some(102));
        assert!(pacer.is_due(false, false));
    }

    #[test]
    fn a_device_that_asks_for_everything_at_once_gets_little_more_than_its_due() {
        let mut pacer = Pacer::new(millis(0));
        let mut ticks = 0;
        for now in 0..1_000u64 {
            pacer.advance(millis(now), Some(now * 50));
            while pacer.is_due(true, true) {
                pacer.tick();
                ticks += 1;
            }
        }
        assert!((100..125).contains(&ticks), "{ticks}");
    }
}
