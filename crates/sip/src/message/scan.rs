//! Cutting header text where quotes and angle brackets allow it (RFC 3261 §25.1).

use std::borrow::Cow;

/// Splits at `separator` outside quoted strings and angle brackets.
pub(crate) fn split_top(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let current = rest?;
        match find_top(current, separator) {
            Some(at) => {
                rest = Some(&current[at + separator.len_utf8()..]);
                Some(&current[..at])
            }
            None => {
                rest = None;
                Some(current)
            }
        }
    })
}

/// The byte offset of the first `wanted` outside quoted strings and angle brackets.
pub(crate) fn find_top(text: &str, wanted: char) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    let mut depth = 0u32;
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        if quoted {
            match c {
                '\\' => escaped = true,
                '"' => quoted = false,
                _ => {}
            }
            continue;
        }
        if c == wanted && depth == 0 {
            return Some(at);
        }
        match c {
            '"' => quoted = true,
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// Takes the quotes and backslashes off a quoted string; other text is returned as it is.
pub(crate) fn unquote(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    out
}

/// Puts text between quotes, with backslashes where they are needed.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '\0') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// True if a parameter value cannot stand without quotes. IPv6 references (`[::1]`) and addresses can.
pub(crate) fn needs_quotes(text: &str) -> bool {
    text.is_empty()
        || text.chars().any(|c| {
            !(is_token_char(c) || matches!(c, '[' | ']' | ':' | '/' | '@' | '$' | '&' | '(' | ')'))
        })
}

/// RFC 3261 §25.1 `token`.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_token_char)
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(
            c,
            '-' | '.' | '!' | '%' | '*' | '_' | '+' | '`' | '\'' | '~'
        )
}

/// Undoes `%xx`; what is not an escape, or not UTF-8 after it, stays as it is.
pub(crate) fn percent_decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| Some((hex(*bytes.get(at + 1)?)?, hex(*bytes.get(at + 2)?)?)))
            .flatten();
        match escape {
            Some((high, low)) => {
                out.push(high * 16 + low);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(out).map_or(Cow::Borrowed(text), Cow::Owned)
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_names_and_uris_do_not_split() {
        let text = r#""Doe, \"J\"" <sip:a,b@c>, <sip:d@e>;x="1,2",sip:f"#;
        let parts: Vec<_> = split_top(text, ',').map(str::trim).collect();
        assert_eq!(
            parts,
            [
                r#""Doe, \"J\"" <sip:a,b@c>"#,
                r#"<sip:d@e>;x="1,2""#,
                "sip:f"
            ]
        );
    }

    #[test]
    fn quoting_is_undone_by_unquoting() {
        for text in ["", "plain", "a \"b\" \\ c", "bell \u{7} nul \0"] {
            assert_eq!(unquote(&quote(text)), text);
        }
        assert_eq!(unquote("token"), "token");
        assert_eq!(unquote("\""), "\"");
    }

    #[test]
    fn bad_escapes_stay() {
        assert_eq!(percent_decode("%75se%72"), "user");
        assert_eq!(percent_decode("100%"), "100%");
        assert_eq!(percent_decode("%zz%4"), "%zz%4");
        assert_eq!(percent_decode("%ff"), "%ff");
    }
}
