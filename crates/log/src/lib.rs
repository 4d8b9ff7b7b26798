//! What the programs say on standard error, and what they never say there.
//!
//! Promise: no level that anybody asks for makes a library print what it carries, and a panic is told by its place, without
//! words that may have been made of somebody's number or name.
//!
//! Knows: levels and targets, panics. Does not know: what any program does; that our own logs are discreet is theirs to see to.

mod cap;
mod panic;

pub use cap::is_said;
pub use panic::tell_panics;

use std::io::IsTerminal;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, filter::filter_fn, fmt};

/// Writes logs to standard error, as much as the environment variable `OFFHOOK_LOG` asks for (`info` where it asks for
/// nothing or cannot be read), and panics with them. A second call changes nothing.
pub fn log_to_stderr() {
    let asked = EnvFilter::try_from_env("OFFHOOK_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let begun = tracing_subscriber::registry()
        .with(asked)
        .with(filter_fn(is_said))
        .with(
            fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(std::io::stderr().is_terminal()),
        )
        .try_init();
    // Err: somebody set up logs before us, which is just as good.
    if begun.is_ok() {
        tell_panics();
    }
}
