//! A call with both its sides, as two channels of one recording. No file, no clock: datagrams in as they came, samples out.
//!
//! Both sides are laid on one time line, that of their arrival, so that what was said at the same time is heard at the same time;
//! see [`Track`](crate::track::Track) for loss, jitter and clocks.

use std::time::Duration;

use crate::codec::Codec;
use crate::codec::coder::to_i16;
use crate::track::Track;
use crate::units::from_duration;

/// One of the two channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The first channel.
    Left,
    /// The second channel.
    Right,
}

/// See the module.
#[derive(Debug)]
pub struct Recorder {
    left: Track,
    right: Track,
}

impl Recorder {
    /// Samples in a second of each channel: all that the widest telephone band but Opus carries, and enough of that.
    pub const RATE: u32 = 16_000;

    /// Begins a recording. `formats` says what payload types mean; those that RFC 3551 fixes are known.
    pub fn new(formats: &[(u8, Codec)]) -> Recorder {
        Recorder {
            left: Track::new(formats.to_vec()),
            right: Track::new(formats.to_vec()),
        }
    }

    /// Takes a datagram that came `at` after the beginning; what is no voice is left out. Times never go back.
    pub fn insert(&mut self, side: Side, at: Duration, datagram: &[u8]) {
        let track = match side {
            Side::Left => &mut self.left,
            Side::Right => &mut self.right,
        };
        track.insert(from_duration(at), datagram);
    }

    /// Appends what is known for sure by `now`, about half a second less than that: left, right, left, right, 16 bits each.
    pub fn pull(&mut self, now: Duration, samples: &mut Vec<i16>) {
        for track in [&mut self.left, &mut self.right] {
            track.advance(from_duration(now));
        }
        self.interleave(samples);
    }

    /// Appends the rest, up to `end`.
    pub fn finish(mut self, end: Duration, samples: &mut Vec<i16>) {
        for track in [&mut self.left, &mut self.right] {
            track.finish(from_duration(end));
        }
        self.interleave(samples);
    }

    fn interleave(&mut self, samples: &mut Vec<i16>) {
        let (left, right) = (self.left.ready(), self.right.ready());
        let both = left.len().min(right.len());
        for (left, right) in left.drain(..both).zip(right.drain(..both)) {
            samples.extend([left, right].map(to_i16));
        }
    }
}
