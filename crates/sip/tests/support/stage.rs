//! One endpoint against a peer written by hand.

use std::time::Duration;

use offhook_sip::endpoint::{Endpoint, Event, Invite};
use offhook_sip::message::{Message, parse};
use offhook_sip::{
    CallKey, Credentials, Flow, NameAddr, Request, Response, Status, Transport, Uri,
};

pub const OURS: &str = "192.0.2.1:5060";
pub const THEIRS: &str = "192.0.2.2:5060";

pub struct Stage {
    pub endpoint: Endpoint,
    pub now: Duration,
    pub branch: u32,
    pub transport: Transport,
}

impl Stage {
    pub fn new() -> Self {
        Self::over(Transport::Udp)
    }

    pub fn over(transport: Transport) -> Self {
        Self {
            transport,
            endpoint: super::endpoint(OURS, 1),
            now: Duration::from_secs(1),
            branch: 0,
        }
    }

    pub fn flow(&self) -> Flow {
        Flow {
            transport: self.transport,
            addr: THEIRS.parse().unwrap(),
        }
    }

    /// Sends a request of theirs and gives all that comes back.
    pub fn send(&mut self, text: &str) -> Vec<Message> {
        self.branch += 1;
        let (line, rest) = text.split_once('\n').unwrap();
        let via = format!(
            "Via: SIP/2.0/{} {THEIRS};branch=z9hG4bK{};rport",
            if self.transport == Transport::Tcp {
                "TCP"
            } else {
                "UDP"
            },
            self.branch
        );
        let text = format!("{line}\n{via}\n{rest}").replace('\n', "\r\n");
        self.endpoint
            .handle_message(self.now, self.flow(), text.as_bytes());
        self.sent()
    }

    pub fn sent(&mut self) -> Vec<Message> {
        std::iter::from_fn(|| self.endpoint.poll_transmit())
            .map(|transmit| parse(&transmit.bytes).unwrap())
            .collect()
    }

    /// The start lines of all that comes back, for answers as broken as their request.
    pub fn start_lines(&mut self, text: &str) -> Vec<String> {
        let text = text.replace('\n', "\r\n");
        self.endpoint
            .handle_message(self.now, self.flow(), text.as_bytes());
        let sent = std::iter::from_fn(|| self.endpoint.poll_transmit());
        sent.map(|transmit| {
            String::from_utf8_lossy(&transmit.bytes)
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
    }

    /// What is sent within that time.
    pub fn wait(&mut self, time: Duration) -> Vec<Message> {
        let until = self.now + time;
        let mut sent = Vec::new();
        while let Some(at) = self.endpoint.poll_timeout().filter(|at| *at <= until) {
            self.now = at;
            self.endpoint.handle_timeout(at);
            sent.extend(self.sent());
        }
        self.now = until;
        sent
    }

    pub fn answer(&mut self, response: &Response) -> Vec<Message> {
        self.endpoint
            .handle_message(self.now, self.flow(), &response.to_bytes().unwrap());
        self.sent()
    }

    pub fn event(&mut self) -> Event {
        self.endpoint.poll_event().expect("an event")
    }

    pub fn quiet(&mut self) {
        if let Some(event) = self.endpoint.poll_event() {
            panic!("{event:?}");
        }
    }

    /// An INVITE of theirs, ringing.
    pub fn incoming(&mut self, more: &str) -> CallKey {
        let sent = self.send(&invite(more));
        assert_eq!(statuses(&sent), [100]);
        match self.event() {
            Event::Incoming(incoming) => incoming.call,
            event => panic!("{event:?}"),
        }
    }

    /// A call of theirs that we answered; gives our tag.
    pub fn talking(&mut self) -> (CallKey, String) {
        let call = self.incoming("");
        self.endpoint
            .answer(self.now, call, b"v=0".to_vec(), Vec::new());
        let sent = self.sent();
        let tag = reply(&sent).to().unwrap().tag().unwrap().to_owned();
        self.send(&within("ACK", 1, &tag, ""));
        assert!(matches!(self.event(), Event::Confirmed { .. }));
        (call, tag)
    }

    /// A call of ours; gives its INVITE.
    pub fn outgoing(&mut self, credentials: Option<Credentials>) -> (CallKey, Request) {
        let uri: Uri = "sip:bob@192.0.2.2".parse().unwrap();
        let invite = Invite {
            uri: uri.clone(),
            from: NameAddr::new("sip:alice@example.com".parse().unwrap())
                .with_display("Alice, \"A\""),
            to: NameAddr::new(uri),
            next_hop: self.flow(),
            offer: b"v=0".to_vec(),
            headers: Vec::new(),
            credentials,
        };
        self.endpoint.invite_as(self.now, CallKey(7), invite);
        let sent = self.sent();
        (CallKey(7), asked(&sent, "INVITE"))
    }
}

pub fn invite(more: &str) -> String {
    format!(
        "INVITE sip:1001@192.0.2.1 SIP/2.0\nFrom: <sip:bob@b>;tag=theirs\nTo: <sip:1001@a>\nCall-ID: one\nCSeq: 1 INVITE\n\
         Contact: <sip:bob@{THEIRS}>\n{more}Content-Type: application/sdp\n\nv=0"
    )
}

pub fn within(method: &str, seq: u32, tag: &str, more: &str) -> String {
    format!(
        "{method} sip:1001@192.0.2.1 SIP/2.0\nFrom: <sip:bob@b>;tag=theirs\nTo: <sip:1001@a>;tag={tag}\nCall-ID: one\nCSeq: {seq} {method}\n{more}\n"
    )
}

pub fn statuses(sent: &[Message]) -> Vec<u16> {
    sent.iter()
        .filter_map(|message| match message {
            Message::Response(response) => Some(response.status.0),
            Message::Request(_) => None,
        })
        .collect()
}

pub fn methods(sent: &[Message]) -> Vec<String> {
    sent.iter()
        .filter_map(|message| match message {
            Message::Request(request) => Some(request.method.to_string()),
            Message::Response(_) => None,
        })
        .collect()
}

#[track_caller]
pub fn reply(sent: &[Message]) -> Response {
    let found = sent.iter().rev().find_map(|message| match message {
        Message::Response(response) => Some(response.clone()),
        Message::Request(_) => None,
    });
    found.expect("an answer")
}

#[track_caller]
pub fn asked(sent: &[Message], method: &str) -> Request {
    let found = sent.iter().find_map(|message| match message {
        Message::Request(request) if request.method.as_str() == method => Some(request.clone()),
        Message::Request(_) | Message::Response(_) => None,
    });
    found.unwrap_or_else(|| panic!("no {method} in {sent:?}"))
}

pub fn ok(request: &Request, tag: &str) -> Response {
    let mut response = request.response(Status::OK, tag);
    response.push("Contact", format!("<sip:{tag}@192.0.2.2>"));
    response.push("Content-Type", "application/sdp");
    response.body = b"v=0".to_vec();
    response
}
