//! Panics, without what they were about.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;

/// Has every panic of the process logged by its place alone. What it says may quote a value, and is left out unless it stands
/// in the program to the letter.
pub fn tell_panics() {
    std::panic::set_hook(Box::new(tell));
}

fn tell(panic: &PanicHookInfo<'_>) {
    let place = panic
        .location()
        .map_or_else(String::new, ToString::to_string);
    let thread = std::thread::current();
    let words = words(panic.payload());
    let way = Backtrace::capture();
    let way = (way.status() == BacktraceStatus::Captured).then_some(way);
    tracing::error!(
        place,
        thread = thread.name().unwrap_or_default(),
        words,
        way = way.map(tracing::field::display),
        "Panicked"
    );
}

/// The words of a panic that was given no values: then they are a constant of the program.
fn words(payload: &(dyn Any + Send)) -> &'static str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .unwrap_or("")
}
