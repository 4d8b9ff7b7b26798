//! Time as the engine counts it: samples of 48 kHz.

use std::time::Duration;

/// Samples in a second, everywhere inside the engine.
pub const SAMPLE_RATE: u32 = 48_000;

/// Samples in one tick of 10 ms.
pub const FRAME: usize = 480;

/// One tick.
pub const TICK: Duration = Duration::from_millis(10);

/// A time or a span in samples of 48 kHz.
pub(crate) type Samples = i64;

pub(crate) const fn millis(count: i64) -> Samples {
    count * 48
}

pub(crate) fn from_duration(time: Duration) -> Samples {
    // 2^63 samples are six million years.
    (time.as_nanos() * 48 / 1_000_000) as Samples
}

pub(crate) fn to_duration(samples: Samples) -> Duration {
    Duration::from_nanos(samples.max(0) as u64 * 1_000_000 / 48)
}
