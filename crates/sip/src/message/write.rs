//! Messages to bytes. Nothing that could begin a line of its own gets through.

use super::{Charset, MAX_SIZE, Request, Response};
use crate::Headers;
use crate::header::{header_name, header_value};
use crate::message::scan;

/// A message that must not go on the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A name that is no token, or CR, LF or NUL in a value: it could forge a header.
    #[error("the header {0} holds a line end or NUL")]
    Forged(String),
    /// More than 64 KiB.
    #[error("the message is larger than 64 KiB")]
    TooLarge,
}

pub(super) fn request(request: &Request) -> Result<Vec<u8>, WriteError> {
    let line = format!("{} {} SIP/2.0", request.method, request.uri);
    message(
        &line,
        "Request-URI",
        &request.headers,
        &request.body,
        request.charset,
    )
}

pub(super) fn response(response: &Response) -> Result<Vec<u8>, WriteError> {
    let line = format!("SIP/2.0 {} {}", response.status.0, response.phrase);
    message(
        &line,
        "status line",
        &response.headers,
        &response.body,
        response.charset,
    )
}

fn message(
    line: &str,
    line_name: &str,
    headers: &Headers,
    body: &[u8],
    charset: Charset,
) -> Result<Vec<u8>, WriteError> {
    let mut text = String::with_capacity(512 + body.len());
    check(line_name, line)?;
    text.push_str(line);
    text.push_str("\r\n");
    for header in headers.iter() {
        let (name, value) = (header_name(header), header_value(header));
        if name == "Content-Length" {
            continue;
        }
        if !scan::is_token(name) {
            return Err(WriteError::Forged(name.escape_debug().collect()));
        }
        check(name, value)?;
        text.push_str(name);
        text.push_str(": ");
        text.push_str(value);
        text.push_str("\r\n");
    }
    text.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    let mut bytes = encode(text, charset);
    bytes.extend_from_slice(body);
    if bytes.len() > MAX_SIZE {
        return Err(WriteError::TooLarge);
    }
    Ok(bytes)
}

/// CR and LF never; NUL only as the second half of a quoted pair, which RFC 3261 §25.1 allows.
fn check(name: &str, value: &str) -> Result<(), WriteError> {
    let mut previous = ' ';
    for c in value.chars() {
        if matches!(c, '\r' | '\n') || (c == '\0' && previous != '\\') {
            return Err(WriteError::Forged(name.to_owned()));
        }
        previous = c;
    }
    Ok(())
}

/// Latin-1 where the other side speaks it and every character fits, else UTF-8.
fn encode(text: String, charset: Charset) -> Vec<u8> {
    let latin1 = || {
        text.chars()
            .map(|c| u8::try_from(u32::from(c)).ok())
            .collect::<Option<Vec<u8>>>()
    };
    match charset {
        Charset::Latin1 => latin1().unwrap_or_else(|| text.clone().into_bytes()),
        Charset::Utf8 => text.into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Method;

    #[test]
    fn a_value_cannot_forge_a_header() {
        for evil in ["x\r\nVia: y", "x\ny", "x\ry", "x\0y"] {
            let mut request = Request::new(Method::OPTIONS, "sip:a@b".parse().unwrap());
            request.push("Subject", evil);
            assert_eq!(
                request.to_bytes(),
                Err(WriteError::Forged("Subject".to_owned())),
                "{evil:?}"
            );
        }
        let mut request = Request::new(Method::OPTIONS, "sip:a@b".parse().unwrap());
        request.push("Evil: x\r\nVia", "y");
        assert!(request.to_bytes().is_err());
    }

    #[test]
    fn what_does_not_fit_a_datagram_is_refused() {
        let mut request = Request::new(Method::MESSAGE, "sip:a@b".parse().unwrap());
        request.body = vec![0; MAX_SIZE];
        assert_eq!(request.to_bytes(), Err(WriteError::TooLarge));
    }
}
