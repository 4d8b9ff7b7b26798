//! One leg's shared state: who, through whom, and which number comes next (RFC 3261 §12).

use std::fmt;

use crate::message::Charset;
use crate::{Flow, Method, NameAddr, Request, Response, Scheme, Transport, Uri};

/// A dialog, early or confirmed, as one side holds it.
#[derive(Clone)]
pub(crate) struct Dialog {
    pub(crate) call_id: String,
    /// From of our requests, with our tag.
    local: String,
    /// To of our requests, with their tag, as they wrote it.
    remote: String,
    pub(crate) remote_tag: String,
    pub(crate) local_seq: u32,
    /// The highest number seen from them.
    remote_seq: Option<u32>,
    route_set: Vec<NameAddr>,
    target: Uri,
    /// Where their last message came from; also where requests go whose target names no address.
    source: Flow,
    symmetric: bool,
    contact: String,
    charset: Charset,
}

impl fmt::Debug for Dialog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialog")
            .field("call_id", &self.call_id)
            .field("remote_tag", &self.remote_tag)
            .field("local_seq", &self.local_seq)
            .field("remote_seq", &self.remote_seq)
            .finish_non_exhaustive()
    }
}

impl Dialog {
    /// From our INVITE and a response with a To tag: the route set is theirs, last hop first (§12.1.2).
    pub(crate) fn uac(
        request: &Request,
        response: &Response,
        source: Flow,
        symmetric: bool,
    ) -> Option<Self> {
        let mut route_set = response.addresses("Record-Route");
        route_set.reverse();
        let remote_tag = response.to()?.tag().unwrap_or_default().to_owned();
        Some(Self {
            call_id: request.call_id()?.to_owned(),
            local: request.header("From")?.to_owned(),
            remote: response.header("To")?.to_owned(),
            remote_tag,
            local_seq: request.cseq()?.number,
            remote_seq: None,
            route_set,
            target: response
                .contacts()
                .into_iter()
                .next()
                .map_or_else(|| request.uri.clone(), |contact| contact.uri),
            source,
            symmetric,
            contact: request.header("Contact").unwrap_or_default().to_owned(),
            charset: response.charset,
        })
    }

    /// From their INVITE: the route set is theirs in order (§12.1.1).
    pub(crate) fn uas(
        request: &Request,
        local_tag: &str,
        contact: String,
        source: Flow,
        symmetric: bool,
    ) -> Option<Self> {
        let from = request.from()?;
        Some(Self {
            call_id: request.call_id()?.to_owned(),
            local: format!("{};tag={local_tag}", request.header("To")?),
            remote: request.header("From")?.to_owned(),
            remote_tag: from.tag().unwrap_or_default().to_owned(),
            local_seq: 0,
            remote_seq: Some(request.cseq()?.number),
            route_set: request.addresses("Record-Route"),
            target: request
                .contacts()
                .into_iter()
                .next()
                .map_or(from.uri, |contact| contact.uri),
            source,
            symmetric,
            contact,
            charset: request.charset,
        })
    }

    /// True if a request of theirs comes from this dialog's other side.
    pub(crate) fn is_with(&self, request: &Request) -> bool {
        request
            .from()
            .is_some_and(|from| from.tag().unwrap_or_default() == self.remote_tag)
    }

    /// True if this dialog began with, or has just seen, a request of that From tag and number.
    pub(crate) fn is_from(&self, tag: Option<&str>, number: u32) -> bool {
        tag.unwrap_or_default() == self.remote_tag && self.remote_seq == Some(number)
    }

    pub(crate) fn contact(&self) -> &str {
        &self.contact
    }

    /// Takes the number of a request of theirs; false if it is older than one seen (§12.2.2).
    pub(crate) fn take_seq(&mut self, number: u32) -> bool {
        if self.remote_seq.is_some_and(|seen| number < seen) {
            return false;
        }
        self.remote_seq = Some(number);
        true
    }

    /// A target refresh: re-INVITE, UPDATE or a 2xx to one of ours names a new Contact (§12.2.1.2, §12.2.2).
    pub(crate) fn refresh(&mut self, contacts: Vec<NameAddr>) {
        if let Some(contact) = contacts.into_iter().next() {
            self.target = contact.uri;
        }
    }

    pub(crate) fn heard_from(&mut self, source: Flow) {
        self.source = source;
    }

    /// A request within the dialog under the next number.
    pub(crate) fn request(&mut self, method: Method) -> Request {
        self.local_seq += 1;
        self.numbered(method, self.local_seq)
    }

    /// The ACK for a 2xx: the INVITE's number, and its credentials (§13.2.2.4, §22.1).
    pub(crate) fn ack(&self, invite: &Request) -> Request {
        let number = invite.cseq().map_or(self.local_seq, |cseq| cseq.number);
        let mut ack = self.numbered(Method::ACK, number);
        for name in ["Authorization", "Proxy-Authorization"] {
            for value in crate::HeadersExt::values(&invite.headers, name) {
                ack.push(name, value);
            }
        }
        ack
    }

    fn numbered(&self, method: Method, number: u32) -> Request {
        let mut route: Vec<String> = self.route_set.iter().map(NameAddr::to_string).collect();
        let mut uri = self.target.clone();
        // A first hop without `lr` is an old strict router: it wants itself in the Request-URI (§12.2.1.1).
        if let Some(first) = self
            .route_set
            .first()
            .filter(|first| !first.uri.params.contains("lr"))
        {
            route.remove(0);
            route.push(NameAddr::new(uri).to_string());
            uri = first.uri.clone();
        }
        uri.headers = None;
        let mut request = Request::new(method, uri);
        request.charset = self.charset;
        if !route.is_empty() {
            request.push("Route", route.join(", "));
        }
        request.push("Max-Forwards", "70");
        request.push("From", &*self.local);
        request.push("To", &*self.remote);
        request.push("Call-ID", &*self.call_id);
        request.push("CSeq", format!("{number} {}", request.method));
        if matches!(
            request.method,
            Method::Known(rsip::Method::Invite | rsip::Method::Update)
        ) {
            request.push("Contact", &*self.contact);
        }
        request
    }

    /// The way the next request goes: to the first route, else to the target, else by which they were last heard.
    pub(crate) fn next_hop(&self) -> Flow {
        match self.route_set.first() {
            Some(first) => self.way_to(&first.uri),
            None if self.symmetric => self.source,
            None => self.way_to(&self.target),
        }
    }

    /// The way to a URI with an address (RFC 3263 §4.1). What cannot be reached by itself is reached by the dialog's own way, and
    /// what began encrypted goes on so.
    fn way_to(&self, uri: &Uri) -> Flow {
        if self.source.transport == Transport::Tls {
            return self.source;
        }
        let Some(addr) = uri.socket_addr().filter(|_| uri.scheme == Scheme::Sip) else {
            return self.source;
        };
        match uri.params.value("transport") {
            None if addr == self.source.addr => self.source,
            None => Flow::udp(addr),
            Some(name) if name.eq_ignore_ascii_case("udp") => Flow::udp(addr),
            Some(name) if name.eq_ignore_ascii_case("tcp") => Flow::tcp(addr),
            Some(_) => self.source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Message, parse};

    fn invite(record_route: &str) -> Request {
        let text = format!(
            "INVITE sip:bob@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: \"A, B\" <sip:alice@a>;tag=1\r\n\
             To: <sip:bob@b>\r\nCall-ID: c\r\nCSeq: 7 INVITE\r\nContact: <sip:alice@192.0.2.1:5070>\r\n{record_route}\r\n"
        );
        match parse(text.as_bytes()).unwrap() {
            Message::Request(request) => request,
            Message::Response(_) => panic!("a response"),
        }
    }

    fn source() -> Flow {
        udp("198.51.100.1:9000")
    }

    fn udp(addr: &str) -> Flow {
        Flow::udp(addr.parse().unwrap())
    }

    #[test]
    fn requests_follow_the_route_set_and_name_the_target() {
        let request = invite("Record-Route: <sip:192.0.2.20:5080;lr>, <sip:192.0.2.30;lr>\r\n");
        let mut dialog =
            Dialog::uas(&request, "2", "<sip:bob@192.0.2.9>".into(), source(), false).unwrap();
        let bye = dialog.request(Method::BYE);
        assert_eq!(bye.uri.to_string(), "sip:alice@192.0.2.1:5070");
        assert_eq!(
            bye.header("Route"),
            Some("<sip:192.0.2.20:5080;lr>, <sip:192.0.2.30;lr>")
        );
        assert_eq!(bye.header("To"), Some("\"A, B\" <sip:alice@a>;tag=1"));
        assert_eq!(bye.header("From"), Some("<sip:bob@b>;tag=2"));
        assert_eq!(dialog.next_hop(), udp("192.0.2.20:5080"));
    }

    #[test]
    fn the_callers_route_set_is_turned_round() {
        let request = invite("");
        let mut response = request.response(crate::Status::OK, "9");
        response.push("Record-Route", "<sip:192.0.2.20;lr>");
        response.push("Record-Route", "<sip:192.0.2.30;lr>");
        response.push("Contact", "<sip:bob@192.0.2.99>");
        let dialog = Dialog::uac(&request, &response, source(), false).unwrap();
        let ack = dialog.ack(&request);
        assert_eq!(
            ack.header("Route"),
            Some("<sip:192.0.2.30;lr>, <sip:192.0.2.20;lr>")
        );
        assert_eq!(
            (ack.header("CSeq"), ack.uri.to_string().as_str()),
            (Some("7 ACK"), "sip:bob@192.0.2.99")
        );
    }

    #[test]
    fn the_way_is_what_the_route_says_and_the_dialogs_own_where_that_cannot_be_gone() {
        let by = Flow::tcp("198.51.100.1:9000".parse().unwrap());
        for (route, way) in [
            (
                "Record-Route: <sip:192.0.2.20;transport=TCP;lr>\r\n",
                Flow::tcp("192.0.2.20:5060".parse().unwrap()),
            ),
            (
                "Record-Route: <sip:192.0.2.20;transport=udp;lr>\r\n",
                udp("192.0.2.20:5060"),
            ),
            (
                "Record-Route: <sip:192.0.2.20;lr>\r\n",
                udp("192.0.2.20:5060"),
            ),
            ("Record-Route: <sip:198.51.100.1:9000;lr>\r\n", by),
            ("Record-Route: <sip:192.0.2.20;transport=ws;lr>\r\n", by),
            ("Record-Route: <sips:192.0.2.20;lr>\r\n", by),
            ("Record-Route: <sip:proxy.example.com;lr>\r\n", by),
            ("", udp("192.0.2.1:5070")),
        ] {
            let dialog = Dialog::uas(&invite(route), "2", String::new(), by, false).unwrap();
            assert_eq!(dialog.next_hop(), way, "{route}");
        }
    }

    #[test]
    fn what_began_encrypted_never_goes_on_in_clear() {
        let by = Flow::tls("198.51.100.1:5061".parse().unwrap());
        for route in [
            "",
            "Record-Route: <sip:192.0.2.20;lr>\r\n",
            "Record-Route: <sip:192.0.2.20;transport=udp;lr>\r\n",
            "Record-Route: <sip:192.0.2.20;transport=tcp;lr>\r\n",
        ] {
            let dialog = Dialog::uas(&invite(route), "2", String::new(), by, false).unwrap();
            assert_eq!(dialog.next_hop(), by, "{route}");
        }
    }

    #[test]
    fn a_strict_router_gets_itself_in_the_request_uri() {
        let request = invite("Record-Route: <sip:192.0.2.20>\r\n");
        let mut dialog = Dialog::uas(&request, "2", String::new(), source(), false).unwrap();
        let bye = dialog.request(Method::BYE);
        assert_eq!(bye.uri.to_string(), "sip:192.0.2.20");
        assert_eq!(bye.header("Route"), Some("<sip:alice@192.0.2.1:5070>"));
    }

    #[test]
    fn old_numbers_are_noticed_and_new_contacts_taken() {
        let request = invite("");
        let mut dialog = Dialog::uas(&request, "2", String::new(), source(), false).unwrap();
        assert!(!dialog.take_seq(6) && dialog.take_seq(8) && !dialog.take_seq(7));
        dialog.refresh(vec![NameAddr::parse("<sip:alice@192.0.2.77>").unwrap()]);
        assert_eq!(dialog.next_hop(), udp("192.0.2.77:5060"));
        let mut behind_nat = Dialog::uas(&request, "2", String::new(), source(), true).unwrap();
        assert_eq!(behind_nat.next_hop(), source());
        behind_nat.heard_from(udp("198.51.100.1:9001"));
        assert_eq!(behind_nat.next_hop().addr.port(), 9001);
    }
}
