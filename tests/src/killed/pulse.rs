//! How late the machine itself is: something that is written through to the same disk every few milliseconds, and timed. What disk
//! and processor owe to other programs at the moment of a kill is not the phone's.

use anyhow::{Context, Result};
use std::{
    fs::File,
    io::{Seek, Write},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

const EVERY: Duration = Duration::from_millis(25);
/// How far before a kill a delay may still be felt.
const FELT: Duration = Duration::from_secs(1);

/// The beat.
#[derive(Debug)]
pub struct Pulse {
    beats: Arc<Mutex<Vec<Beat>>>,
    stopped: Arc<AtomicBool>,
}

#[derive(Debug, Clone, Copy)]
struct Beat {
    begun: Instant,
    late: Duration,
}

impl Pulse {
    /// Begins to beat in a folder.
    ///
    /// # Errors
    /// Nothing can be written there.
    pub fn of(folder: &Path) -> Result<Self> {
        let mut file = File::create(folder.join("pulse")).context("Writing beside the profile")?;
        let pulse = Self {
            beats: Arc::default(),
            stopped: Arc::default(),
        };
        let (beats, stopped) = (Arc::clone(&pulse.beats), Arc::clone(&pulse.stopped));
        thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let begun = Instant::now();
                thread::sleep(EVERY);
                // A disk that fails is told by those whom it concerns.
                drop(beat(&mut file));
                let late = begun.elapsed().saturating_sub(EVERY);
                let mut beats = beats.lock().unwrap_or_else(PoisonError::into_inner);
                beats.retain(|beat| begun.duration_since(beat.begun) < 30 * FELT);
                beats.push(Beat { begun, late });
            }
        });
        Ok(pulse)
    }

    /// Tells how late the machine was at most around a moment that is over.
    pub async fn late_at(&self, moment: Instant) -> Duration {
        loop {
            {
                let beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
                if beats.last().is_some_and(|beat| beat.begun > moment) {
                    let felt = beats.iter().filter(|beat| {
                        beat.begun <= moment && moment.duration_since(beat.begun) < FELT + beat.late
                    });
                    return felt.map(|beat| beat.late).max().unwrap_or_default();
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

fn beat(file: &mut File) -> std::io::Result<()> {
    file.rewind()?;
    file.write_all(&[7; 4096])?;
    file.sync_data()
}
