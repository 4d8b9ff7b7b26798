//! Names and values of `rsip`'s headers, which carry everything as text.

use rsip::headers::UntypedHeader;
use rsip::{Header, Headers};

macro_rules! vocabulary {
    ($($variant:ident = $name:literal;)*) => {
        /// The header's name in its usual spelling; for an unknown one as it was written.
        pub fn header_name(header: &Header) -> &str {
            match header {
                $(Header::$variant(_) => $name,)*
                Header::Other(name, _) => name,
            }
        }

        /// The header's value, unfolded, quotes and escapes kept.
        pub fn header_value(header: &Header) -> &str {
            match header {
                $(Header::$variant(inner) => inner.value(),)*
                Header::Other(_, value) => value,
            }
        }

        /// A header from its name (any case, compact forms too) and its value.
        pub(crate) fn header(name: &str, value: impl Into<String>) -> Header {
            let name = expand(name);
            $(if name.eq_ignore_ascii_case($name) {
                return Header::$variant(rsip::headers::$variant::new(value.into()));
            })*
            Header::Other(name.to_owned(), value.into())
        }
    };
}

vocabulary! {
    Accept = "Accept";
    AcceptEncoding = "Accept-Encoding";
    AcceptLanguage = "Accept-Language";
    AlertInfo = "Alert-Info";
    Allow = "Allow";
    AuthenticationInfo = "Authentication-Info";
    Authorization = "Authorization";
    CSeq = "CSeq";
    CallId = "Call-ID";
    CallInfo = "Call-Info";
    Contact = "Contact";
    ContentDisposition = "Content-Disposition";
    ContentEncoding = "Content-Encoding";
    ContentLanguage = "Content-Language";
    ContentLength = "Content-Length";
    ContentType = "Content-Type";
    Date = "Date";
    ErrorInfo = "Error-Info";
    Event = "Event";
    Expires = "Expires";
    From = "From";
    InReplyTo = "In-Reply-To";
    MaxForwards = "Max-Forwards";
    MimeVersion = "MIME-Version";
    MinExpires = "Min-Expires";
    Organization = "Organization";
    Priority = "Priority";
    ProxyAuthenticate = "Proxy-Authenticate";
    ProxyAuthorization = "Proxy-Authorization";
    ProxyRequire = "Proxy-Require";
    RecordRoute = "Record-Route";
    ReplyTo = "Reply-To";
    Require = "Require";
    RetryAfter = "Retry-After";
    Route = "Route";
    Server = "Server";
    Subject = "Subject";
    SubscriptionState = "Subscription-State";
    Supported = "Supported";
    Timestamp = "Timestamp";
    To = "To";
    Unsupported = "Unsupported";
    UserAgent = "User-Agent";
    Via = "Via";
    Warning = "Warning";
    WwwAuthenticate = "WWW-Authenticate";
}

/// Compact forms (RFC 3261 §7.3.3 and the registry of header fields).
fn expand(name: &str) -> &str {
    if name.len() != 1 {
        return name;
    }
    match name.as_bytes()[0].to_ascii_lowercase() {
        b'a' => "Accept-Contact",
        b'b' => "Referred-By",
        b'c' => "Content-Type",
        b'd' => "Request-Disposition",
        b'e' => "Content-Encoding",
        b'f' => "From",
        b'i' => "Call-ID",
        b'j' => "Reject-Contact",
        b'k' => "Supported",
        b'l' => "Content-Length",
        b'm' => "Contact",
        b'o' => "Event",
        b'r' => "Refer-To",
        b's' => "Subject",
        b't' => "To",
        b'u' => "Allow-Events",
        b'v' => "Via",
        b'x' => "Session-Expires",
        b'y' => "Identity",
        _ => name,
    }
}

/// Reading headers by name, whatever variant `rsip` keeps them in.
pub trait HeadersExt {
    /// The value of the first header of that name, without case.
    fn value<'a>(&'a self, name: &str) -> Option<&'a str>;
    /// The values of all headers of that name, in order, each as it stood on its line.
    fn values<'a>(&'a self, name: &str) -> Vec<&'a str>;
}

impl HeadersExt for Headers {
    fn value<'a>(&'a self, name: &str) -> Option<&'a str> {
        self.iter()
            .find(|header| header_name(header).eq_ignore_ascii_case(name))
            .map(header_value)
    }

    fn values<'a>(&'a self, name: &str) -> Vec<&'a str> {
        self.iter()
            .filter(|header| header_name(header).eq_ignore_ascii_case(name))
            .map(header_value)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_and_odd_names_find_their_header() {
        assert_eq!(header_name(&header("i", "x")), "Call-ID");
        assert_eq!(header_name(&header("call-id", "x")), "Call-ID");
        assert_eq!(header_name(&header("r", "x")), "Refer-To");
        assert_eq!(
            header_name(&header("X-Offhook-Call", "x")),
            "X-Offhook-Call"
        );
        let mut headers = Headers::default();
        headers.push(header("x-one", "1"));
        headers.push(header("X-One", "2"));
        assert_eq!(headers.value("X-ONE"), Some("1"));
        assert_eq!(headers.values("x-one"), ["1", "2"]);
    }
}
