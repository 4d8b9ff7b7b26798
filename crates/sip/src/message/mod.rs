//! Requests and responses, read from bytes and written to them.

mod parse;
pub(crate) mod scan;
mod write;

use std::fmt;

pub use parse::{Malformed, parse};
pub(crate) use parse::{find_head_end, stated_lengths};
pub use write::WriteError;

use crate::header::{HeadersExt, header, header_name};
use crate::masked::Names;
use crate::{CSeq, Header, Headers, Method, NameAddr, Status, Uri, Via};

/// The largest message we read or write, in bytes.
pub const MAX_SIZE: usize = 65_536;

/// How the head's characters stood in bytes; an answer is written in the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Charset {
    /// UTF-8, as RFC 3261 wants it.
    #[default]
    Utf8,
    /// ISO 8859-1, as old exchanges write names.
    Latin1,
}

/// A request. `Debug` shows the method and the names of the headers, never values.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The Request-URI.
    pub uri: Uri,
    /// The headers in order, compact names written out, folded lines joined.
    pub headers: Headers,
    /// The body, cut to Content-Length.
    pub body: Vec<u8>,
    /// The head's charset.
    pub charset: Charset,
}

/// A response. `Debug` shows the status and the names of the headers, never values.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: Status,
    /// The phrase after it; may be empty.
    pub phrase: String,
    /// The headers in order.
    pub headers: Headers,
    /// The body, cut to Content-Length.
    pub body: Vec<u8>,
    /// The head's charset.
    pub charset: Charset,
}

/// Either of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A request.
    Request(Request),
    /// A response.
    Response(Response),
}

macro_rules! readers {
    ($($kind:ident),*) => { $(
        impl $kind {
            /// The value of the first header of that name.
            pub fn header(&self, name: &str) -> Option<&str> {
                self.headers.value(name)
            }

            /// All Via hops, topmost first.
            pub fn vias(&self) -> Vec<Via> {
                self.headers.values("Via").into_iter().flat_map(|value| scan::split_top(value, ',')).filter_map(Via::parse).collect()
            }

            /// The topmost Via hop.
            pub fn via(&self) -> Option<Via> {
                Via::parse(scan::split_top(self.header("Via")?, ',').next()?)
            }

            /// The From address.
            pub fn from(&self) -> Option<NameAddr> {
                NameAddr::parse(self.header("From")?).ok()
            }

            /// The To address.
            pub fn to(&self) -> Option<NameAddr> {
                NameAddr::parse(self.header("To")?).ok()
            }

            /// The Call-ID.
            pub fn call_id(&self) -> Option<&str> {
                self.header("Call-ID")
            }

            /// Sequence number and method.
            pub fn cseq(&self) -> Option<CSeq> {
                CSeq::parse(self.header("CSeq")?)
            }

            /// All Contact addresses; `*` is not one.
            pub fn contacts(&self) -> Vec<NameAddr> {
                self.addresses("Contact")
            }

            /// All addresses in headers of that name, in order.
            pub fn addresses(&self, name: &str) -> Vec<NameAddr> {
                self.headers.values(name).into_iter().flat_map(NameAddr::parse_list).collect()
            }

            /// All tokens in headers of that name, such as `Require`.
            pub fn tokens(&self, name: &str) -> Vec<&str> {
                self.headers.values(name).into_iter().flat_map(|value| value.split(',')).map(str::trim).filter(|t| !t.is_empty()).collect()
            }

            /// The body, if its type is `application/sdp` (or unsaid, as some leave it).
            pub fn sdp(&self) -> Option<Vec<u8>> {
                let kind = self.header("Content-Type").unwrap_or("application/sdp");
                let kind = kind.split(';').next().unwrap_or_default().trim();
                (!self.body.is_empty() && kind.eq_ignore_ascii_case("application/sdp")).then(|| self.body.clone())
            }

            /// Appends a header; the name may be in any case.
            pub fn push(&mut self, name: &str, value: impl Into<String>) {
                self.headers.push(header(name, value));
            }

            /// Replaces all headers of that name by one, at the place of the first.
            pub fn set(&mut self, name: &str, value: impl Into<String>) {
                let mut value = Some(value.into());
                let mut headers = Headers::default();
                for old in std::mem::take(&mut self.headers) {
                    if !header_name(&old).eq_ignore_ascii_case(name) {
                        headers.push(old);
                    } else if let Some(value) = value.take() {
                        headers.push(header(name, value));
                    }
                }
                if let Some(value) = value {
                    headers.push(header(name, value));
                }
                self.headers = headers;
            }
        }
    )* };
}

readers!(Request, Response);

impl Request {
    /// A request without headers.
    pub fn new(method: Method, uri: Uri) -> Self {
        Self {
            method,
            uri,
            headers: Headers::default(),
            body: Vec::new(),
            charset: Charset::Utf8,
        }
    }

    /// A response to this request: Via, From, To, Call-ID and CSeq copied, `to_tag` added where To has none (RFC 3261 §8.2.6.2).
    pub fn response(&self, status: Status, to_tag: &str) -> Response {
        response_to(&self.headers, self.charset, status, to_tag)
    }

    /// The request as bytes. Content-Length is written by itself.
    pub fn to_bytes(&self) -> Result<Vec<u8>, WriteError> {
        write::request(self)
    }
}

/// The same for a request that could be read no further than its headers.
pub(crate) fn response_to(
    headers: &Headers,
    charset: Charset,
    status: Status,
    to_tag: &str,
) -> Response {
    let mut response = Response {
        status,
        phrase: status.phrase().to_owned(),
        headers: Headers::default(),
        body: Vec::new(),
        charset,
    };
    for copied in headers.iter() {
        match copied {
            Header::Via(_) | Header::From(_) | Header::CallId(_) | Header::CSeq(_) => {
                response.headers.push(copied.clone())
            }
            Header::To(to) => {
                let value = rsip::headers::UntypedHeader::value(to);
                let tagged = NameAddr::parse(value).is_ok_and(|to| to.tag().is_some());
                // 100 opens no dialog, so it needs no tag.
                let text = if tagged || status == Status::TRYING {
                    value.to_owned()
                } else {
                    format!("{value};tag={to_tag}")
                };
                response.push("To", text);
            }
            _ => {}
        }
    }
    response
}

impl Response {
    /// The response as bytes. Content-Length is written by itself.
    pub fn to_bytes(&self) -> Result<Vec<u8>, WriteError> {
        write::response(self)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {:?}", self.method, Names(&self.headers))
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {:?}", self.status.0, Names(&self.headers))
    }
}
