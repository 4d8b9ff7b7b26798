//! What `Debug` shows in place of what is private: names, numbers, bodies and header values.

use std::fmt;

use crate::Headers;
use crate::header_name;

/// The names of headers without their values.
pub(crate) struct Names<'a>(pub(crate) &'a Headers);

impl fmt::Debug for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(header_name))
            .finish()
    }
}

/// A body's length.
pub(crate) struct Length(pub(crate) usize);

impl fmt::Debug for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0)
    }
}

/// A body's length, if there is one.
pub(crate) fn body(body: &Option<Vec<u8>>) -> Option<Length> {
    body.as_ref().map(|body| Length(body.len()))
}
