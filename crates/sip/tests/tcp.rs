//! The driver over real TCP connections on loopback.
#![cfg(feature = "net")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use offhook_sip::endpoint::{Config, Endpoint, Event as Told, Invite};
use offhook_sip::server::{Challenger, Limits, Registrar};
use offhook_sip::{
    Account, CallKey, Command, Core, EndCause, Event, Flow, Method, NameAddr, Password,
    RegistrationError, Transmit, Transport, UserAgent, net,
};
use support::Office;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

/// What the tests ask of the exchange.
#[derive(Debug, Clone, Copy)]
enum Ask {
    /// Calls 1001 where it registered.
    Call,
    /// Hangs that call up.
    HangUp,
    /// Gives up all connections of 1001.
    Disconnect,
}

/// A registrar that takes every call and can make one.
struct Exchange {
    office: Office,
    /// Its own latest call.
    call: CallKey,
    flows: Vec<Flow>,
    disconnects: VecDeque<Flow>,
    events: VecDeque<Told>,
}

impl Exchange {
    fn settle(&mut self, now: Duration) {
        for event in self.office.settle(now) {
            if let Told::Incoming(incoming) = &event {
                let answer = b"answer".to_vec();
                self.office
                    .endpoint
                    .answer(now, incoming.call, answer, Vec::new());
            }
            self.events.push_back(event);
        }
    }

    fn phone(&self, now: Duration) -> (NameAddr, Flow) {
        let bindings = self.office.registrar.bindings(now, "1001");
        let binding = bindings.first().expect("a registered phone");
        (NameAddr::new(binding.contact.clone()), binding.source)
    }
}

impl Core for Exchange {
    type Command = Ask;
    type Event = Told;

    fn handle_command(&mut self, now: Duration, ask: Ask) {
        match ask {
            Ask::Call => {
                self.call.0 += 1;
                let (contact, flow) = self.phone(now);
                let invite = Invite {
                    uri: contact.uri,
                    from: NameAddr::new("sip:13800138000@example.com".parse().unwrap()),
                    to: NameAddr::new("sip:1001@example.com".parse().unwrap()),
                    next_hop: flow,
                    offer: b"offer".to_vec(),
                    headers: Vec::new(),
                    credentials: None,
                };
                self.office.endpoint.invite_as(now, self.call, invite);
            }
            Ask::HangUp => self.office.endpoint.hang_up(now, self.call, None),
            Ask::Disconnect => self.disconnects.extend(self.flows.drain(..)),
        }
        self.settle(now);
    }
    fn handle_message(&mut self, now: Duration, from: Flow, bytes: &[u8]) {
        if !self.flows.contains(&from) {
            self.flows.push(from);
        }
        self.office.endpoint.handle_message(now, from, bytes);
        self.settle(now);
    }
    fn handle_timeout(&mut self, now: Duration) {
        self.office.endpoint.handle_timeout(now);
        self.settle(now);
    }
    fn handle_unreachable(&mut self, now: Duration, to: Flow) {
        self.office.endpoint.handle_unreachable(now, to);
        self.settle(now);
    }
    fn handle_disconnected(&mut self, now: Duration, flow: Flow) {
        self.office.registrar.disconnected(flow);
        self.office.endpoint.handle_disconnected(now, flow);
        self.settle(now);
    }
    fn handle_shutdown(&mut self, _now: Duration) {}
    fn is_idle(&self) -> bool {
        true
    }
    fn poll_timeout(&self) -> Option<Duration> {
        self.office.endpoint.poll_timeout()
    }
    fn poll_disconnect(&mut self) -> Option<Flow> {
        self.disconnects.pop_front()
    }
    fn poll_transmit(&mut self) -> Option<Transmit> {
        self.office.endpoint.poll_transmit()
    }
    fn poll_event(&mut self) -> Option<Told> {
        self.events.pop_front()
    }
}

struct Running {
    addr: SocketAddr,
    asks: mpsc::Sender<Ask>,
    events: mpsc::Receiver<Told>,
    task: JoinHandle<()>,
}

impl Running {
    async fn at(addr: &str) -> Self {
        let sockets = net::Sockets::bind(addr.parse().unwrap()).await.unwrap();
        let addr = sockets.local_addr().unwrap();
        let config = Config {
            local: addr,
            user_agent: "office".to_owned(),
            serves: vec![Method::REGISTER],
            symmetric: true,
        };
        let limits = Limits {
            min: Duration::from_secs(60),
            max: Duration::from_secs(3600),
            default: Duration::from_secs(300),
            contacts: 1,
        };
        let exchange = Exchange {
            office: Office {
                endpoint: Endpoint::new(config, 1),
                registrar: Registrar::new(limits),
                challenger: Challenger::new("office", Duration::from_secs(32), 2),
            },
            call: CallKey(0),
            flows: Vec::new(),
            disconnects: VecDeque::new(),
            events: VecDeque::new(),
        };
        let (asks, events, task) = net::spawn(exchange, sockets);
        Self {
            addr,
            asks,
            events,
            task,
        }
    }

    async fn ask(&self, ask: Ask) {
        self.asks.send(ask).await.unwrap();
    }

    async fn until(&mut self, is: impl Fn(&Told) -> bool) -> Told {
        let wanted = async {
            loop {
                let event = self.events.recv().await.expect("the exchange runs");
                if is(&event) {
                    return event;
                }
            }
        };
        timeout(PATIENCE, wanted).await.expect("an event in time")
    }

    async fn stop(self) {
        drop(self.asks);
        self.task.await.unwrap();
    }
}

struct Phone {
    commands: mpsc::Sender<Command>,
    events: mpsc::Receiver<Event>,
    task: JoinHandle<()>,
    local: SocketAddr,
}

impl Phone {
    async fn towards(registrar: SocketAddr, transport: Transport) -> Self {
        let sockets = net::bind_towards(registrar).await.unwrap();
        let local = sockets.local_addr().unwrap();
        let account = Account {
            aor: "sip:1001@example.com".parse().unwrap(),
            display_name: None,
            auth_user: "1001".to_owned(),
            password: Password::new("right"),
            realm: None,
            registrar,
            transport,
            admitted: Vec::new(),
            expires: Duration::from_secs(120),
            user_agent: "test".to_owned(),
        };
        let (commands, events, task) = net::spawn(UserAgent::new(account, local, 3), sockets);
        Self {
            commands,
            events,
            task,
            local,
        }
    }

    async fn registered(registrar: SocketAddr, transport: Transport) -> Self {
        let mut phone = Self::towards(registrar, transport).await;
        phone.tell(Command::Register).await;
        assert!(matches!(phone.next().await, Event::Registered { .. }));
        phone
    }

    async fn tell(&self, command: Command) {
        self.commands.send(command).await.unwrap();
    }

    async fn next(&mut self) -> Event {
        timeout(PATIENCE, self.events.recv())
            .await
            .expect("an event in time")
            .expect("an open channel")
    }

    async fn invite(&self, call: CallKey) {
        let to = "sip:13800138000@example.com".parse().unwrap();
        let offer = b"offer".to_vec();
        let headers = Vec::new();
        self.tell(Command::Invite {
            call,
            to,
            offer,
            headers,
        })
        .await;
    }

    /// The next call that rings.
    async fn ringing(&mut self) -> CallKey {
        match self.next().await {
            Event::Incoming(incoming) => incoming.call,
            event => panic!("{event:?}"),
        }
    }

    /// Calls out, is called, and both calls end.
    async fn calls_both_ways(&mut self, exchange: &mut Running) {
        let call = CallKey(1);
        self.invite(call).await;
        assert!(
            matches!(self.next().await, Event::Answered { sdp: Some(sdp), .. } if sdp == b"answer")
        );
        exchange
            .until(|event| matches!(event, Told::Confirmed { .. }))
            .await;
        self.tell(Command::HangUp { call, reason: None }).await;
        assert!(matches!(self.next().await, Event::Ended { .. }));
        exchange
            .until(|event| {
                matches!(
                    event,
                    Told::Ended {
                        cause: EndCause::Bye { .. },
                        ..
                    }
                )
            })
            .await;

        exchange.ask(Ask::Call).await;
        let call = self.ringing().await;
        let sdp = b"ours".to_vec();
        self.tell(Command::Answer { call, sdp }).await;
        assert!(matches!(self.next().await, Event::Confirmed { .. }));
        exchange.ask(Ask::HangUp).await;
        assert!(matches!(
            self.next().await,
            Event::Ended {
                cause: EndCause::Bye { .. },
                ..
            }
        ));
    }
}

#[tokio::test]
async fn a_phone_registers_and_calls_both_ways_and_again_after_its_connection_was_cut() {
    let mut exchange = Running::at("127.0.0.1:0").await;
    let mut phone = Phone::registered(exchange.addr, Transport::Tcp).await;
    phone.calls_both_ways(&mut exchange).await;
    for _ in 0..3 {
        exchange.ask(Ask::Disconnect).await;
        assert!(matches!(
            phone.next().await,
            Event::RegistrationFailed {
                cause: RegistrationError::Disconnected,
                retry_in: Some(_)
            }
        ));
        assert!(matches!(phone.next().await, Event::Registered { .. }));
        phone.calls_both_ways(&mut exchange).await;
    }
    drop(phone.commands);
    let mut last = None;
    while let Some(event) = timeout(PATIENCE, phone.events.recv()).await.unwrap() {
        last = Some(event);
    }
    assert!(matches!(last, Some(Event::Unregistered)));
    phone.task.await.unwrap();
}

#[tokio::test]
async fn a_phone_comes_back_over_tcp_to_a_registrar_that_was_away() {
    comes_back(Transport::Tcp).await;
}

#[tokio::test]
async fn a_phone_comes_back_over_udp_to_a_registrar_that_was_away() {
    comes_back(Transport::Udp).await;
}

async fn comes_back(transport: Transport) {
    let exchange = Running::at("127.0.0.1:0").await;
    let addr = exchange.addr;
    let mut phone = Phone::registered(addr, transport).await;
    exchange.stop().await;
    // Over UDP the next keep-alive would find out; a call finds out before.
    phone.invite(CallKey(1)).await;
    let mut lost = 0;
    while lost < 2 {
        if let Event::RegistrationFailed { cause, retry_in } = phone.next().await {
            assert!(retry_in.is_some(), "{cause:?}");
            lost += 1;
        }
    }
    let mut exchange = Running::at(&addr.to_string()).await;
    loop {
        match phone.next().await {
            Event::Registered { .. } => break,
            Event::RegistrationFailed { .. } | Event::Ended { .. } => {}
            event => panic!("{event:?}"),
        }
    }
    phone.calls_both_ways(&mut exchange).await;
}

#[tokio::test]
async fn a_phones_connection_leaves_from_the_port_that_contact_names() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let phone = Phone::towards(listener.local_addr().unwrap(), Transport::Tcp).await;
    phone.tell(Command::Register).await;
    let (mut stream, from) = listener.accept().await.unwrap();
    assert_eq!(from, phone.local);
    let mut buffer = vec![0; 4096];
    let size = timeout(PATIENCE, stream.read(&mut buffer))
        .await
        .unwrap()
        .unwrap();
    let text = String::from_utf8_lossy(&buffer[..size]);
    let contact = format!(
        "Contact: <sip:1001@{};transport=tcp>;expires=120\r\n",
        phone.local
    );
    assert!(
        text.contains(&contact) && text.contains("Via: SIP/2.0/TCP "),
        "{text}"
    );
}

#[tokio::test]
async fn a_refused_connection_is_told_at_once() {
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let mut phone = Phone::towards(nobody, Transport::Tcp).await;
    let begun = std::time::Instant::now();
    phone.tell(Command::Register).await;
    assert!(matches!(
        phone.next().await,
        Event::RegistrationFailed {
            cause: RegistrationError::Unreachable,
            retry_in: Some(_)
        }
    ));
    assert!(begun.elapsed() < Duration::from_secs(2));
    phone.invite(CallKey(1)).await;
    assert!(matches!(
        phone.next().await,
        Event::Ended {
            cause: EndCause::Unreachable,
            ..
        }
    ));
}

const OPTIONS: &str = "OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKBRANCH\r\nFrom: <sip:x@x>;tag=1\r\nTo: <sip:y@y>\r\n\
                       Call-ID: o\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";

async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 1024];
    while !text.contains(end) {
        let size = timeout(PATIENCE, stream.read(&mut buffer))
            .await
            .unwrap()
            .unwrap();
        assert!(size > 0, "closed after {text:?}");
        text.push_str(&String::from_utf8_lossy(&buffer[..size]));
    }
    text
}

#[tokio::test]
async fn keep_alives_are_answered_bad_messages_too_and_the_stream_goes_on() {
    let exchange = Running::at("127.0.0.1:0").await;
    let mut stream = TcpStream::connect(exchange.addr).await.unwrap();
    stream.write_all(b"\r\n\r\n").await.unwrap();
    assert_eq!(read_until(&mut stream, "\r\n").await, "\r\n");
    let bad = OPTIONS
        .replace("sip:x@127.0.0.1 ", "<sip:x> ")
        .replace("BRANCH", "1");
    stream.write_all(bad.as_bytes()).await.unwrap();
    assert!(
        read_until(&mut stream, "\r\n\r\n")
            .await
            .starts_with("SIP/2.0 400")
    );
    for byte in OPTIONS.replace("BRANCH", "2").bytes() {
        stream.write_all(&[byte]).await.unwrap();
    }
    assert!(
        read_until(&mut stream, "\r\n\r\n")
            .await
            .starts_with("SIP/2.0 200")
    );
    let endless = OPTIONS.replace("Length: 0", "Length: 18446744073709551615");
    stream.write_all(endless.as_bytes()).await.unwrap();
    let closed = timeout(PATIENCE, stream.read(&mut [0; 16])).await.unwrap();
    assert!(matches!(closed, Ok(0) | Err(_)));
}

#[tokio::test]
async fn a_peer_that_never_reads_loses_its_connection_and_delays_nobody() {
    let mut exchange = Running::at("127.0.0.1:0").await;
    let stalled = TcpStream::connect(exchange.addr).await.unwrap();
    let (_unread, mut writer) = stalled.into_split();
    let flood = tokio::spawn(async move {
        let padding = "x".repeat(20_000);
        for n in 0.. {
            let text = OPTIONS.replace("BRANCH", &format!("{n};padding={padding}"));
            if writer.write_all(text.as_bytes()).await.is_err() {
                break;
            }
        }
    });
    let mut phone = Phone::registered(exchange.addr, Transport::Tcp).await;
    phone.calls_both_ways(&mut exchange).await;
    timeout(PATIENCE, flood)
        .await
        .expect("the connection is cut")
        .unwrap();
    phone.calls_both_ways(&mut exchange).await;
}
