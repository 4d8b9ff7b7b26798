//! Logs of both programs.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Writes logs to standard error, as much as the environment variable `OFFHOOK_LOG` asks for (`info` where it asks for
/// nothing or cannot be read). A second call changes nothing.
pub fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("OFFHOOK_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // Err: somebody set up logs before us, which is just as good.
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init()
        .ok();
}
