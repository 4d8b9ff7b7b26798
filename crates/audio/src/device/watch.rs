//! The thread that opens devices, watches over them and opens them again: everything that may wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::{Duration, Instant};

use crate::priority;

use super::keeper::{Kept, QUIT, bit};
use super::{Backend, DeviceError, DeviceFault, DeviceRole, Guard, Opened, Proof, Wake};

/// How often open devices are looked after.
const ROUND: Duration = Duration::from_millis(50);
/// How often the list of devices is asked whether another one should be open: a device unplugged, or a changed default,
/// is not reported everywhere.
const LIST: Duration = Duration::from_secs(1);
/// The waits between attempts to open a device.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(1_600));
/// Nothing to do: only the media thread can change that, and it wakes us.
const IDLE: Duration = Duration::from_secs(3_600);

/// The thread's work.
pub(super) struct Watch {
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
    /// Open and told. `works` is whether it has shown that it does.
    Open {
        name: String,
        guard: Box<dyn Guard>,
        works: bool,
        list_at: Instant,
    },
    /// Open again after it stood still, and told once it works: what another program has can be opened as well.
    Proving {
        opened: Kept,
        name: String,
        guard: Box<dyn Guard>,
        told: Option<DeviceError>,
    },
}

/// A try to open a device.
struct Try {
    /// How long to wait before the next one.
    wait: Duration,
    /// A first failure is kept to ourselves: a server that is just being asked for another stream may refuse once and grant the
    /// next try.
    quiet: bool,
    /// Whether it must show that it works before it is told.
    proves: bool,
    /// The failure that was reported already.
    told: Option<DeviceError>,
}

impl Try {
    const FIRST: Try = Try {
        wait: RETRY.0,
        quiet: true,
        proves: false,
        told: None,
    };
}

impl Watch {
    pub(super) fn new(
        backend: Box<dyn Backend>,
        wants: Arc<AtomicU8>,
        reports: SyncSender<Kept>,
        wake: Wake,
    ) -> Watch {
        Watch {
            backend,
            wants,
            reports,
            wake,
            slots: Default::default(),
        }
    }

    pub(super) fn run(mut self) {
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
            Slot::Closed if wanted => self.open(role, Try::FIRST),
            Slot::Closed => Slot::Closed,
            Slot::Waiting { .. } if !wanted => {
                self.backend.give_up(role);
                Slot::Closed
            }
            Slot::Waiting {
                retry_at,
                wait,
                told,
            } if now >= retry_at => {
                let again = Try {
                    wait: (wait * 2).min(RETRY.1),
                    quiet: false,
                    proves: told.as_ref().is_some_and(stands_still),
                    told,
                };
                self.open(role, again)
            }
            Slot::Waiting { .. } => slot,
            Slot::Open { guard, .. } | Slot::Proving { guard, .. } if !wanted => {
                drop(guard);
                self.report(Kept::Closed { role });
                Slot::Closed
            }
            Slot::Proving {
                opened,
                name,
                mut guard,
                told,
            } => match guard.keep() {
                Ok(Proof::Open) => Slot::Proving {
                    opened,
                    name,
                    guard,
                    told,
                },
                Ok(Proof::Works) => {
                    self.report(opened);
                    Slot::Open {
                        name,
                        guard,
                        works: true,
                        list_at: now + LIST,
                    }
                }
                Err(reason) => {
                    drop(guard);
                    self.lost(role, reason, told)
                }
            },
            Slot::Open {
                name,
                mut guard,
                works,
                list_at,
            } => {
                let works = match guard.keep() {
                    Ok(proof) => works || proof == Proof::Works,
                    Err(reason) if works && stands_still(&reason) => {
                        drop(guard);
                        let again = Try {
                            quiet: false,
                            proves: true,
                            ..Try::FIRST
                        };
                        return self.open(role, again);
                    }
                    Err(reason) => {
                        drop(guard);
                        return self.lost(role, reason, None);
                    }
                };
                if now < list_at {
                    return Slot::Open {
                        name,
                        guard,
                        works,
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
                    return self.open(role, Try::FIRST);
                }
                Slot::Open {
                    name,
                    guard,
                    works,
                    list_at: now + LIST,
                }
            }
        }
    }

    fn open(&mut self, role: DeviceRole, attempt: Try) -> Slot {
        let opened = match role {
            DeviceRole::Mic => {
                self.backend
                    .open_mic(&self.wake)
                    .map(|Opened { end, name, guard }| {
                        let opened = Kept::Mic {
                            end,
                            name: name.clone(),
                        };
                        (opened, name, guard)
                    })
            }
            DeviceRole::Speaker | DeviceRole::Ringer => self
                .backend
                .open_sink(role, &self.wake)
                .map(|Opened { end, name, guard }| {
                    let opened = Kept::Sink {
                        role,
                        end,
                        name: name.clone(),
                    };
                    (opened, name, guard)
                }),
        };
        let Try {
            wait,
            quiet,
            proves,
            told,
        } = attempt;
        match opened {
            Ok((opened, name, guard)) if proves => Slot::Proving {
                opened,
                name,
                guard,
                told,
            },
            Ok((opened, name, guard)) => {
                self.report(opened);
                Slot::Open {
                    name,
                    guard,
                    works: false,
                    list_at: Instant::now() + LIST,
                }
            }
            Err(reason) => Slot::Waiting {
                retry_at: Instant::now() + wait,
                wait,
                told: if quiet {
                    told
                } else {
                    Some(self.tell_lost(role, reason, told))
                },
            },
        }
    }

    /// A device that was open is no more: it is told where that has not been told, and tried again at once.
    fn lost(&self, role: DeviceRole, reason: DeviceError, told: Option<DeviceError>) -> Slot {
        Slot::Waiting {
            retry_at: Instant::now(),
            wait: RETRY.0,
            told: Some(self.tell_lost(role, reason, told)),
        }
    }

    fn tell_lost(
        &self,
        role: DeviceRole,
        reason: DeviceError,
        told: Option<DeviceError>,
    ) -> DeviceError {
        if told.as_ref() != Some(&reason) {
            let reason = reason.clone();
            self.report(Kept::Lost { role, reason });
        }
        reason
    }

    fn report(&self, report: Kept) {
        // Failing means that the media thread ends: so will we.
        self.reports.send(report).ok();
        self.wake.wake();
    }
}

fn stands_still(reason: &DeviceError) -> bool {
    reason.fault() == DeviceFault::Busy
}
