//! Bytes to messages (RFC 3261 §7, §18.3, §25). Generous with form, strict with what a transaction needs.

use std::borrow::Cow;
use std::fmt;

use super::{Charset, MAX_SIZE, Message, Request, Response, scan};
use crate::header::{HeadersExt, header};
use crate::{CSeq, Headers, Method, NameAddr, Status, Uri, Via};

/// Bytes that are no message we can take.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Malformed {
    /// What is wrong, for people.
    pub why: &'static str,
    /// What a request like this is to be answered with.
    pub status: Status,
    /// The headers to answer by, if this was a request, no ACK, and had a usable Via.
    pub answerable: Option<(Headers, Charset)>,
}

impl fmt::Debug for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Malformed({}: {})", self.status.0, self.why)
    }
}

impl Malformed {
    fn silent(why: &'static str) -> Self {
        Self {
            why,
            status: Status::BAD_REQUEST,
            answerable: None,
        }
    }
}

/// Reads one datagram, or one message cut from a stream. Without Content-Length the rest is the body; bytes past it are dropped (RFC 3261 §18.3).
pub fn parse(bytes: &[u8]) -> Result<Message, Malformed> {
    if bytes.len() > MAX_SIZE {
        return Err(Malformed::silent("the message is larger than 64 KiB"));
    }
    // Empty lines before the start line are keep-alives (§7.5).
    let start = bytes
        .iter()
        .position(|b| !matches!(b, b'\r' | b'\n'))
        .ok_or(Malformed::silent("nothing but line ends"))?;
    let (head, body) = split_head(&bytes[start..]);
    let (head, charset) = decode(head);
    let (start_line, fields) = head.split_once('\n').unwrap_or((&head, ""));
    let start_line = start_line.trim_end();
    let headers = read_headers(fields);
    if start_line
        .get(..4)
        .is_some_and(|s| s.eq_ignore_ascii_case("SIP/"))
    {
        read_response(start_line, headers, body, charset)
    } else {
        read_request(start_line, headers, body, charset)
    }
}

/// The head up to the empty line, and what follows it.
fn split_head(bytes: &[u8]) -> (&[u8], &[u8]) {
    match find_head_end(bytes, &mut 0) {
        Some((head, body)) => (&bytes[..head], &bytes[body..]),
        None => (bytes, &[]),
    }
}

/// Where the head ends and the body begins, if the empty line between them is there. Lines may end in LF alone. `line` is where to
/// look on when more has come.
pub(crate) fn find_head_end(bytes: &[u8], line: &mut usize) -> Option<(usize, usize)> {
    while let Some(length) = bytes[*line..].iter().position(|&b| b == b'\n') {
        let next = *line + length + 1;
        if matches!(&bytes[*line..next], b"\n" | b"\r\n") {
            return Some((*line, next));
        }
        *line = next;
    }
    None
}

/// The Content-Lengths of a head, as they are written.
pub(crate) fn stated_lengths(head: &[u8]) -> Vec<String> {
    let (head, _) = decode(head);
    let fields = head.split_once('\n').map_or("", |(_, fields)| fields);
    let headers = read_headers(fields);
    let lengths = headers.values("Content-Length").into_iter();
    lengths.map(str::to_owned).collect()
}

fn decode(head: &[u8]) -> (Cow<'_, str>, Charset) {
    match std::str::from_utf8(head) {
        Ok(text) => (Cow::Borrowed(text), Charset::Utf8),
        Err(_) => (
            Cow::Owned(head.iter().map(|&b| char::from(b)).collect()),
            Charset::Latin1,
        ),
    }
}

/// Reads the fields; folded lines are joined with one space, lines without a colon are left out.
fn read_headers(fields: &str) -> Headers {
    let mut headers = Headers::default();
    let mut pending: Option<(String, String)> = None;
    for line in fields.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = &mut pending {
                let more = line.trim();
                if !value.is_empty() && !more.is_empty() {
                    value.push(' ');
                }
                value.push_str(more);
            }
            continue;
        }
        if let Some((name, value)) = pending.take() {
            headers.push(header(&name, value));
        }
        if let Some((name, value)) = line.split_once(':') {
            let name = name.trim_end();
            if scan::is_token(name) {
                pending = Some((name.to_owned(), value.trim().to_owned()));
            }
        }
    }
    if let Some((name, value)) = pending {
        headers.push(header(&name, value));
    }
    headers
}

fn read_response(
    line: &str,
    headers: Headers,
    body: &[u8],
    charset: Charset,
) -> Result<Message, Malformed> {
    let mut pieces = line.splitn(3, ' ');
    if !pieces
        .next()
        .is_some_and(|version| version.eq_ignore_ascii_case("SIP/2.0"))
    {
        return Err(Malformed::silent("a response of another SIP version"));
    }
    let code = pieces.next().unwrap_or_default();
    let status = match code.parse() {
        Ok(code @ 100..=699) if code >= 100 => Status(code),
        _ => return Err(Malformed::silent("a status code out of range")),
    };
    check_common(&headers).map_err(Malformed::silent)?;
    let body = cut_body(&headers, body).map_err(Malformed::silent)?;
    let phrase = pieces.next().unwrap_or_default().to_owned();
    Ok(Message::Response(Response {
        status,
        phrase,
        headers,
        body,
        charset,
    }))
}

fn read_request(
    line: &str,
    headers: Headers,
    body: &[u8],
    charset: Charset,
) -> Result<Message, Malformed> {
    let method = line.split([' ', '\t']).next().unwrap_or_default();
    let refuse = |status: Status, why: &'static str| {
        let answerable = method != "ACK"
            && headers.value("Via").is_some_and(|via| {
                Via::parse(scan::split_top(via, ',').next().unwrap_or_default()).is_some()
            });
        Malformed {
            why,
            status,
            answerable: answerable.then(|| (headers.clone(), charset)),
        }
    };
    if !scan::is_token(method) {
        return Err(Malformed::silent("a start line without a method"));
    }
    let rest = line[method.len()..]
        .strip_prefix(' ')
        .ok_or(Malformed::silent("a start line of one word"))?;
    // The URI ends at the last space: what stands between may be a bad URI, but it is answered.
    let (uri, version) = rest
        .rsplit_once(' ')
        .ok_or(Malformed::silent("a start line without a version"))?;
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        let known = version
            .get(..4)
            .is_some_and(|s| s.eq_ignore_ascii_case("SIP/"));
        let status = if known {
            Status::VERSION_NOT_SUPPORTED
        } else {
            Status::BAD_REQUEST
        };
        return Err(refuse(status, "another version than SIP/2.0"));
    }
    let uri: Uri = match uri.parse() {
        Ok(uri) => uri,
        Err(_) => return Err(refuse(Status::BAD_REQUEST, "the Request-URI is none")),
    };
    if uri.headers.is_some() {
        return Err(refuse(Status::BAD_REQUEST, "the Request-URI holds headers"));
    }
    if headers
        .values("Via")
        .into_iter()
        .flat_map(|value| scan::split_top(value, ','))
        .any(|hop| Via::parse(hop).is_none())
    {
        return Err(refuse(Status::BAD_REQUEST, "a Via that is none"));
    }
    if let Err(why) = check_common(&headers) {
        return Err(refuse(Status::BAD_REQUEST, why));
    }
    if headers
        .value("CSeq")
        .and_then(CSeq::parse)
        .is_none_or(|cseq| cseq.method.as_str() != method)
    {
        return Err(refuse(
            Status::BAD_REQUEST,
            "CSeq and start line name different methods",
        ));
    }
    let body = match cut_body(&headers, body) {
        Ok(body) => body,
        Err(why) => return Err(refuse(Status::BAD_REQUEST, why)),
    };
    Ok(Message::Request(Request {
        method: Method::parse(method),
        uri,
        headers,
        body,
        charset,
    }))
}

/// The headers without which no transaction can be (§8.1.1), each once where once is the rule.
fn check_common(headers: &Headers) -> Result<(), &'static str> {
    let once = |name: &str, missing: &'static str, twice: &'static str| match headers.values(name)[..]
    {
        [value] => Ok(value),
        [] => Err(missing),
        _ => Err(twice),
    };
    if once("Call-ID", "no Call-ID", "more than one Call-ID")?.is_empty() {
        return Err("an empty Call-ID");
    }
    CSeq::parse(once("CSeq", "no CSeq", "more than one CSeq")?).ok_or("a CSeq that is none")?;
    for name in ["From", "To"] {
        NameAddr::parse(once(name, "no From or To", "more than one From or To")?)
            .map_err(|_| "a From or To that is no address")?;
    }
    let top = headers.value("Via").ok_or("no Via")?;
    Via::parse(scan::split_top(top, ',').next().unwrap_or_default()).ok_or("a Via that is none")?;
    Ok(())
}

fn cut_body(headers: &Headers, body: &[u8]) -> Result<Vec<u8>, &'static str> {
    let text = match headers.values("Content-Length")[..] {
        [] => return Ok(body.to_vec()),
        [text] => text,
        _ => return Err("more than one Content-Length"),
    };
    // A number too large for any type is still a number, only never the length of what came.
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err("a Content-Length that is no number");
    }
    match text.parse::<usize>() {
        Ok(length) if length <= body.len() => Ok(body[..length].to_vec()),
        _ => Err("Content-Length says more than came"),
    }
}
