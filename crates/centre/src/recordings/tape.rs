//! The relay's end of a recording under way.

use super::{Message, Recordings};
use offhook_audio::Side;
use offhook_model::LegId;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// The relay's end of a recording under way, which ends at the latest when this is dropped. Nothing here waits.
#[derive(Debug)]
pub struct Tape {
    leg: LegId,
    recordings: Recordings,
    over: AtomicBool,
    missed: AtomicU64,
}

impl Tape {
    pub(super) fn new(leg: LegId, recordings: Recordings) -> Self {
        Self {
            leg,
            recordings,
            over: AtomicBool::new(false),
            missed: AtomicU64::new(0),
        }
    }

    /// Records a packet that has just come.
    pub fn hear(&self, side: Side, packet: &[u8]) {
        if !self.over.load(Ordering::Relaxed) && !self.recordings.hear(self.leg, side, packet) {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Ends it now; later packets are not recorded.
    pub fn end(&self) {
        if !self.over.swap(true, Ordering::Relaxed) {
            let missed = self.missed.load(Ordering::Relaxed);
            self.recordings
                .send(Message::End(self.leg, Instant::now(), missed));
        }
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.end();
    }
}
