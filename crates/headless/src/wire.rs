//! The two ends of a wire to another side. What is said is one JSON object at a time.

use std::io;

/// The longest request that is read, in bytes.
pub(crate) const LONGEST: usize = 1 << 20;

/// What was heard.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Something.
    Said(Vec<u8>),
    /// More than [`LONGEST`] bytes of it.
    TooLong,
}

/// Where requests come from.
pub(crate) trait Ear {
    /// Waits for the next one; nothing at the end.
    async fn next(&mut self) -> io::Result<Option<Heard>>;
}

/// Where answers and news go.
pub(crate) trait Mouth {
    /// Says one thing.
    async fn say(&mut self, text: String) -> io::Result<()>;
    /// Says that nothing more will come.
    async fn close(&mut self) -> io::Result<()>;
}
