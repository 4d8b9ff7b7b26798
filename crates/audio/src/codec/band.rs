//! What of the 48 kHz a waveform codec carries.

use crate::units::SAMPLE_RATE;

/// The sampling rate of a waveform codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Band {
    /// 8 kHz: G.711.
    Narrow,
    /// 16 kHz: G.722.
    Wide,
}

impl Band {
    /// How many 48 kHz samples stand for one of the band's.
    pub(crate) const fn factor(self) -> usize {
        match self {
            Band::Narrow => 6,
            Band::Wide => 3,
        }
    }

    /// How many of the band's samples last as long as `count` of 8 kHz.
    pub(crate) const fn samples(self, count: usize) -> usize {
        count * 6 / self.factor()
    }

    /// The upper edge of the pass band, at -6 dB.
    pub(crate) fn cutoff_hz(self) -> f64 {
        f64::from(SAMPLE_RATE) / self.factor() as f64 * 0.48125
    }
}
