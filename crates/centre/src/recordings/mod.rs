//! Recordings of calls: what the relay forwards, decoded and written to files by a thread of its own.
//!
//! The relay never waits for it: a tape that cannot be written in time loses packets, which are counted, and the call goes on
//! unharmed. A recording is on record once its file is complete; what a crash leaves behind is completed at the next start.

mod tape;
mod wav;

#[cfg_attr(unix, path = "private_unix.rs")]
#[cfg_attr(not(unix), path = "private_other.rs")]
mod private;

pub use tape::Tape;

use crate::recorder::Record;
use offhook_audio::{Codec, Recorder, Side};
use offhook_model::{LegId, Recording};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;
use wav::Wav;

/// Packets on their way to the thread, all tapes together: ten seconds of fifty calls.
const WAITING: usize = 50_000;
/// How often what is known for sure goes to the disk.
const ROUND: Duration = Duration::from_millis(500);

/// Where the recording of a leg lies.
#[must_use]
pub fn path(data: &Path, leg: LegId) -> PathBuf {
    folder(data).join(format!("{leg}.wav"))
}

fn folder(data: &Path) -> PathBuf {
    data.join("recordings")
}

/// Completes the files that an earlier run has left behind, those not in `known`, and returns what is on each.
///
/// # Errors
/// When the folder cannot be read; a file that cannot be completed is left as it is.
pub fn complete(data: &Path, known: &[LegId]) -> io::Result<Vec<(LegId, Recording)>> {
    let mut found = Vec::new();
    let files = match std::fs::read_dir(folder(data)) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(error),
    };
    for file in files {
        let path = file?.path();
        let leg = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_suffix(".wav")?.parse().ok());
        let Some(leg) = leg.filter(|leg| !known.contains(leg)) else {
            continue;
        };
        match wav::repair(&path) {
            Ok(millis) => found.push((leg, Recording { millis })),
            Err(error) => tracing::error!(%leg, %error, "A recording was not completed"),
        }
    }
    Ok(found)
}

/// What the thread is told.
#[derive(Debug)]
enum Message {
    Begin(LegId, Vec<(u8, Codec)>, Instant),
    Heard(LegId, Side, Instant, Box<[u8]>),
    /// It is over, and how many packets did not fit.
    End(LegId, Instant, u64),
}

/// A handle to the thread. Clones share it; it ends, everything written, when the last one and the last tape are dropped.
#[derive(Debug, Clone)]
pub struct Recordings {
    messages: Sender<Message>,
    waiting: Arc<AtomicUsize>,
}

impl Recordings {
    /// Starts the thread over a data folder; `records` is told of each recording that is complete.
    ///
    /// # Errors
    /// When the folder cannot be made or the system gives no thread.
    pub fn start(data: &Path, records: UnboundedSender<Record>) -> io::Result<Self> {
        private::create_dir(&folder(data))?;
        let (messages, inbox) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let writer = Writer {
            data: data.to_owned(),
            records,
            waiting: Arc::clone(&waiting),
            open: BTreeMap::new(),
        };
        thread::Builder::new()
            .name("recordings".to_owned())
            .spawn(move || writer.run(&inbox))?;
        Ok(Self { messages, waiting })
    }

    /// Begins the recording of a leg. Returns at once.
    #[must_use]
    pub fn begin(&self, leg: LegId, codec: Codec, payload_type: u8) -> Tape {
        let formats = vec![(payload_type, codec)];
        self.send(Message::Begin(leg, formats, Instant::now()));
        Tape::new(leg, self.clone())
    }

    /// Hands on a packet; `false` where too many wait.
    fn hear(&self, leg: LegId, side: Side, packet: &[u8]) -> bool {
        if self.waiting.load(Ordering::Relaxed) >= WAITING {
            return false;
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.send(Message::Heard(leg, side, Instant::now(), packet.into()));
        true
    }

    fn send(&self, message: Message) {
        if self.messages.send(message).is_err() {
            tracing::error!("The recording thread is gone");
        }
    }
}

/// A recording under way.
#[derive(Debug)]
struct Open {
    began: Instant,
    recorder: Recorder,
    /// Nothing where no file could be made.
    wav: Option<Wav>,
    /// The disk took no more: what is there stays.
    refused: bool,
}

struct Writer {
    data: PathBuf,
    records: UnboundedSender<Record>,
    waiting: Arc<AtomicUsize>,
    open: BTreeMap<LegId, Open>,
}

impl Writer {
    fn run(mut self, inbox: &Receiver<Message>) {
        let mut written = Instant::now();
        loop {
            // While messages wait, it is as late as the last one says: nothing is lost by being behind.
            let now = match inbox.recv_timeout(ROUND) {
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Timeout) => Instant::now(),
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if now.saturating_duration_since(written) >= ROUND {
                written = now;
                for (leg, open) in &mut self.open {
                    open.write(*leg, now);
                }
            }
        }
        let now = Instant::now();
        for (leg, open) in std::mem::take(&mut self.open) {
            self.finish(leg, open, now);
        }
    }

    /// Does what a message says, and tells when that was.
    fn take(&mut self, message: Message) -> Instant {
        match message {
            Message::Begin(leg, formats, began) => {
                let wav = Wav::create(&path(&self.data, leg))
                    .inspect_err(|error| tracing::error!(%leg, %error, "Nothing is recorded"));
                let open = Open {
                    began,
                    recorder: Recorder::new(&formats),
                    wav: wav.ok(),
                    refused: false,
                };
                self.open.insert(leg, open);
                began
            }
            Message::Heard(leg, side, at, packet) => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                if let Some(open) = self.open.get_mut(&leg) {
                    let since = at.saturating_duration_since(open.began);
                    open.recorder.insert(side, since, &packet);
                }
                at
            }
            Message::End(leg, at, missed) => {
                if missed > 0 {
                    tracing::error!(%leg, missed, "The recording lacks packets");
                }
                if let Some(open) = self.open.remove(&leg) {
                    self.finish(leg, open, at);
                }
                at
            }
        }
    }

    fn finish(&self, leg: LegId, open: Open, at: Instant) {
        let Some(finished) = open.finish(leg, at) else {
            return;
        };
        match finished {
            Ok(millis) => {
                tracing::info!(%leg, millis, "Recorded");
                let record = Record::Recording(leg, Recording { millis });
                // The task that keeps records outlives this thread; should it have died, that has been logged there.
                self.records.send(record).ok();
            }
            Err(error) => tracing::error!(%leg, %error, "A recording was not completed"),
        }
    }
}

impl Open {
    fn write(&mut self, leg: LegId, now: Instant) {
        let mut samples = Vec::new();
        let now = now.saturating_duration_since(self.began);
        self.recorder.pull(now, &mut samples);
        if let Some(wav) = self.wav.as_mut().filter(|_| !self.refused)
            && let Err(error) = wav.append(&samples)
        {
            tracing::error!(%leg, %error, "The recording ends here");
            self.refused = true;
        }
    }

    /// The length in milliseconds; nothing where there is no file.
    fn finish(mut self, leg: LegId, at: Instant) -> Option<io::Result<u64>> {
        self.write(leg, at);
        let mut samples = Vec::new();
        let at = at.saturating_duration_since(self.began);
        self.recorder.finish(at, &mut samples);
        let mut wav = self.wav?;
        if !self.refused
            && let Err(error) = wav.append(&samples)
        {
            tracing::error!(%leg, %error, "The recording ends here");
        }
        Some(wav.finish())
    }
}
