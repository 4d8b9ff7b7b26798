//! Parameters after a `;`, in URIs, addresses and Via.

use std::fmt;

use crate::message::scan;

/// An ordered list of `name` or `name=value` parameters. Names compare without case; values keep their quotes off.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Params(Vec<(String, Option<String>)>);

impl Params {
    /// No parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads `;a=b;c` (the leading `;` may be missing). Empty pieces are skipped.
    pub fn parse(text: &str) -> Self {
        let mut list = Vec::new();
        for piece in scan::split_top(text, ';') {
            let piece = piece.trim();
            if piece.is_empty() {
                continue;
            }
            list.push(match piece.split_once('=') {
                Some((name, value)) => (name.trim().to_owned(), Some(scan::unquote(value.trim()))),
                None => (piece.to_owned(), None),
            });
        }
        Self(list)
    }

    /// The value of `name`: `None` if absent, an empty text if it stands without a value.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_deref().unwrap_or(""))
    }

    /// True if `name` is there, with or without a value.
    pub fn contains(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Sets `name`, replacing its first value if it is there.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        let value = value.map(str::to_owned);
        match self
            .0
            .iter_mut()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
        {
            Some(entry) => entry.1 = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Removes `name`.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_deref()))
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.0 {
            match value {
                None => write!(f, ";{name}")?,
                Some(value) if scan::needs_quotes(value) => {
                    write!(f, ";{name}={}", scan::quote(value))?
                }
                Some(value) => write!(f, ";{name}={value}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_values_may_hold_semicolons() {
        let params = Params::parse(";a=\"x;y\\\"\" ; Flag;n = 7");
        assert_eq!(params.value("A"), Some("x;y\""));
        assert_eq!(params.value("flag"), Some(""));
        assert_eq!(params.value("n"), Some("7"));
        assert_eq!(params.to_string(), ";a=\"x;y\\\"\";Flag;n=7");
    }
}
