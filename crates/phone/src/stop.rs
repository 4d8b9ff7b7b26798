//! How each system asks a program to stop.

use std::future::Future;
use std::io;

/// Begins to listen; the future is ready at ctrl-c or SIGTERM.
///
/// # Errors
/// The system does not let this program hear signals.
#[cfg(unix)]
pub fn asked_to_stop() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Begins to listen; the future is ready at ctrl-c, a closed console or the end of the session.
///
/// # Errors
/// The system does not let this program hear signals.
#[cfg(windows)]
pub fn asked_to_stop() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::windows;
    let mut interrupt = windows::ctrl_c()?;
    let mut broken = windows::ctrl_break()?;
    let mut closed = windows::ctrl_close()?;
    let mut shutdown = windows::ctrl_shutdown()?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = broken.recv() => {}
            _ = closed.recv() => {}
            _ = shutdown.recv() => {}
        }
    })
}
