//! `Range` of a request (RFC 9110 section 14): one range of bytes. Several, or another unit, are as if nothing was asked.

use std::ops::Range;

/// What of a file is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it: 200.
    Whole,
    /// These bytes: 206.
    Part(Range<u64>),
    /// None of what was asked is there: 416.
    Nothing,
}

/// Reads the header's value for a file of `length` bytes.
pub(super) fn wanted(header: &str, length: u64) -> Wanted {
    let Some((unit, set)) = header.trim().split_once('=') else {
        return Wanted::Whole;
    };
    let Some((first, last)) = set.trim().split_once('-') else {
        return Wanted::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Wanted::Whole;
    }
    let range = match (number(first), number(last)) {
        (Some(Ok(first)), Some(Ok(last))) if first <= last => first..last.saturating_add(1),
        (Some(Ok(first)), None) => first..length,
        (None, Some(Ok(most))) => length.saturating_sub(most)..length,
        (Some(_) | None, Some(_) | None) => return Wanted::Whole,
    };
    let range = range.start..range.end.min(length);
    if range.start < range.end {
        Wanted::Part(range)
    } else {
        Wanted::Nothing
    }
}

/// A position; nothing where it is left out.
fn number(text: &str) -> Option<Result<u64, std::num::ParseIntError>> {
    let text = text.trim();
    // A sign is none of the grammar.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    (!text.is_empty()).then(|| if digits { text } else { "-" }.parse())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_taken_and_anything_else_is_the_whole() {
        for (header, expected) in [
            ("bytes=0-9", Wanted::Part(0..10)),
            ("Bytes= 5-5", Wanted::Part(5..6)),
            ("bytes=90-", Wanted::Part(90..100)),
            ("bytes=90-18446744073709551615", Wanted::Part(90..100)),
            ("bytes=-10", Wanted::Part(90..100)),
            ("bytes=-200", Wanted::Part(0..100)),
            ("bytes=100-", Wanted::Nothing),
            ("bytes=100-200", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=9-0", Wanted::Whole),
            ("bytes=0-1,5-6", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("bytes=99999999999999999999-", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("items=0-9", Wanted::Whole),
            ("0-9", Wanted::Whole),
            ("", Wanted::Whole),
        ] {
            assert_eq!(wanted(header, 100), expected, "{header}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Nothing);
    }
}
