//! Time as an argument: deadlines on the monotonic clock, records on the wall clock.

use serde::{Deserialize, Serialize};
use std::time::Duration;
use ts_rs::TS;

/// A reading of the monotonic clock: time since an epoch that only the process knows.
pub type Mono = Duration;

/// A moment of the wall clock: milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, TS,
)]
#[serde(transparent)]
#[ts(as = "f64")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(
    feature = "openapi",
    schema(minimum = 0, maximum = 253402300799999_i64)
)]
pub struct Wall(pub i64);

impl Wall {
    /// Tells whether it lies in the years 1970 to 9999, which every program can show.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        0 <= self.0 && self.0 <= 253_402_300_799_999
    }

    /// Adds a duration, saturating at the ends of time.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// Returns how long after `earlier` this is; zero where the clock went backwards.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// Both clocks, read together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// For deadlines.
    pub mono: Mono,
    /// For records.
    pub wall: Wall,
}
