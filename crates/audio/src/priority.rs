//! Asks the system to let a thread go first: 10 ms of voice cannot wait for a compiler.

/// Raises the calling thread above ordinary ones, where the system allows it; the threads it starts inherit that.
#[cfg(target_os = "linux")]
pub(crate) fn raise() {
    /// What PulseAudio takes for itself.
    const NICE: i32 = -11;
    // Without a process id it is this thread alone, on Linux. An agent's account is mostly not allowed to: voice then
    // goes on as well as the machine is idle.
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "No higher priority for sound");
    }
}

/// Elsewhere the sound system's own threads have their priority already, and ours stays as it is.
#[cfg(not(target_os = "linux"))]
pub(crate) fn raise() {}
