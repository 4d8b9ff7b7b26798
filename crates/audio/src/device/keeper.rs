//! The thread that opens devices, watches over them and opens them again: everything that may wait.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::priority;

use super::{Backend, DeviceError, DeviceRole, Guard, Opened, Sink, Source, Wake};

/// How often open devices are looked after.
const ROUND: Duration = Duration::from_millis(50);
/// How often the list of devices is asked whether another one should be open: a device unplugged, or a changed default,
/// is not reported everywhere.
const LIST: Duration = Duration::from_secs(1);
/// The waits between attempts to open a device.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(1_600));
/// Nothing to do: only the media thread can change that, and it wakes us.
const IDLE: Duration = Duration::from_secs(3_600);

const QUIT: u8 = 0x80;

/// What the keeper tells the media thread.
pub(crate) enum Kept {
    Mic {
        end: Box<dyn Source>,
        name: String,
    },
    Sink {
        role: DeviceRole,
        end: Box<dyn Sink>,
        name: String,
    },
    Lost {
        role: DeviceRole,
        reason: DeviceError,
    },
    Closed {
        role: DeviceRole,
    },
}

/// The media thread's handle to the keeper.
pub(crate) struct Keeper {
    wants: Arc<AtomicU8>,
    wanted: u8,
    reports: Receiver<Kept>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    pub(crate) fn start(backend: Box<dyn Backend>, wake: Wake) -> io::Result<Keeper> {
        let wants = Arc::new(AtomicU8::new(0));
        // One more for each role than can be open would do; the keeper waits where it is full.
        let (reports_in, reports) = sync_channel(64);
        let shared = wants.clone();
        let thread = thread::Builder::new()
            .name("audio-devices".to_owned())
            .spawn(move || {
                // Made here, because open devices cannot change threads.
                Work {
                    backend,
                    wants: shared,
                    reports: reports_in,
                    wake,
                    slots: Default::default(),
                }
                .run();
            })?;
        Ok(Keeper {
            wants,
            wanted: 0,
            reports,
            thread: Some(thread),
        })
    }

    /// Says which roles shall be open. Returns at once.
    pub(crate) fn want(&mut self, roles: impl IntoIterator<Item = DeviceRole>) {
        let wanted = roles.into_iter().fold(0, |bits, role| bits | bit(role));
        if wanted != self.wanted {
            self.wanted = wanted;
            self.tell(wanted);
        }
    }

    /// Tells whether a role is wanted.
    pub(crate) fn wants(&self, role: DeviceRole) -> bool {
        self.wanted & bit(role) != 0
    }

    /// Returns what has happened.
    pub(crate) fn poll(&self) -> Option<Kept> {
        self.reports.try_recv().ok()
    }

    fn tell(&self, bits: u8) {
        self.wants.store(bits, Ordering::Release);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Keeper {
    /// Closes all devices, finishes all files, and waits for that.
    fn drop(&mut self) {
        self.tell(QUIT);
        // Its reports may fill the channel while it ends.
        while self
            .thread
            .as_ref()
            .is_some_and(|thread| !thread.is_finished())
        {
            drop(self.reports.recv_timeout(Duration::from_millis(10)));
        }
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("The thread of the sound devices has panicked");
        }
    }
}

fn bit(role: DeviceRole) -> u8 {
    match role {
        DeviceRole::Mic => 1,
        DeviceRole::Speaker => 2,
        DeviceRole::Ringer => 4,
    }
}

struct Work {
    backend: Box<dyn Backend>,
    wants: Arc<AtomicU8>,
    reports: SyncSender<Kept>,
    wake: Wake,
    slots: [Slot; 3],
}

#[derive(Default)]
enum Slot {
    #[default]
    Closed,
    /// Was tried and could not be opened.
    Waiting {
        retry_at: Instant,
        wait: Duration,
        /// The failure that was reported, if one was.
        told: Option<DeviceError>,
    },
    Open {
        name: String,
        guard: Box<dyn Guard>,
        list_at: Instant,
    },
}

impl Work {
    fn run(mut self) {
        // The sound system's threads are started from here, and inherit it.
        priority::raise();
        loop {
            let wants = self.wants.load(Ordering::Acquire);
            if wants & QUIT != 0 {
                return;
            }
            for role in DeviceRole::ALL {
                let slot = std::mem::take(&mut self.slots[role as usize]);
                self.slots[role as usize] = self.look_after(role, wants & bit(role) != 0, slot);
            }
            let idle = self.slots.iter().all(|slot| matches!(slot, Slot::Closed));
            thread::park_timeout(if idle { IDLE } else { ROUND });
        }
    }

    fn look_after(&mut self, role: DeviceRole, wanted: bool, slot: Slot) -> Slot {
        let now = Instant::now();
        match slot {
            Slot::Closed if wanted => self.open(role, RETRY.0, true, None),
            Slot::Closed => Slot::Closed,
            Slot::Waiting { .. } if !wanted => Slot::Closed,
            Slot::Waiting {
                retry_at,
                wait,
                told,
            } if now >= retry_at => self.open(role, (wait * 2).min(RETRY.1), false, told),
            Slot::Waiting { .. } => slot,
            Slot::Open { guard, .. } if !wanted => {
                drop(guard);
                self.report(Kept::Closed { role });
                Slot::Closed
            }
            Slot::Open {
                name,
                mut guard,
                list_at,
            } => {
                if let Err(reason) = guard.keep() {
                    drop(guard);
                    self.report(Kept::Lost {
                        role,
                        reason: reason.clone(),
                    });
                    return Slot::Waiting {
                        retry_at: now,
                        wait: RETRY.0,
                        told: Some(reason),
                    };
                }
                if now < list_at {
                    return Slot::Open {
                        name,
                        guard,
                        list_at,
                    };
                }
                let elsewhere = match self.backend.current(role) {
                    Ok(current) => current.is_some_and(|current| current != name),
                    // A stream whose device is gone may have been moved to one that nobody chose.
                    Err(DeviceError::NoDevice) => true,
                    Err(
                        DeviceError::System { .. }
                        | DeviceError::Format(_)
                        | DeviceError::File { .. },
                    ) => false,
                };
                if elsewhere {
                    drop(guard);
                    return self.open(role, RETRY.0, true, None);
                }
                Slot::Open {
                    name,
                    guard,
                    list_at: now + LIST,
                }
            }
        }
    }

    /// Opens a role's device. A first failure is kept to ourselves: a server that is just being asked for another stream may
    /// refuse once and grant the next try. `told` is the failure that was reported already.
    fn open(
        &mut self,
        role: DeviceRole,
        wait: Duration,
        first: bool,
        told: Option<DeviceError>,
    ) -> Slot {
        let opened = match role {
            DeviceRole::Mic => {
                self.backend
                    .open_mic(&self.wake)
                    .map(|Opened { end, name, guard }| {
                        self.report(Kept::Mic {
                            end,
                            name: name.clone(),
                        });
                        (name, guard)
                    })
            }
            DeviceRole::Speaker | DeviceRole::Ringer => self
                .backend
                .open_sink(role, &self.wake)
                .map(|Opened { end, name, guard }| {
                    self.report(Kept::Sink {
                        role,
                        end,
                        name: name.clone(),
                    });
                    (name, guard)
                }),
        };
        match opened {
            Ok((name, guard)) => Slot::Open {
                name,
                guard,
                list_at: Instant::now() + LIST,
            },
            Err(reason) => {
                let told = if first || told.as_ref() == Some(&reason) {
                    told
                } else {
                    self.report(Kept::Lost {
                        role,
                        reason: reason.clone(),
                    });
                    Some(reason)
                };
                Slot::Waiting {
                    retry_at: Instant::now() + wait,
                    wait,
                    told,
                }
            }
        }
    }

    fn report(&self, report: Kept) {
        // Failing means that the media thread ends: so will we.
        self.reports.send(report).ok();
        self.wake.wake();
    }
}
