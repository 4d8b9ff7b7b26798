//! The telephone side: lets anybody register, and calls who did.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use offhook_sip::endpoint::{Config, Endpoint, Event, Invite};
use offhook_sip::server::{self, Limits};
use offhook_sip::{
    CallKey, Core, Flow, Header, Method, NameAddr, Reason, Status, Transmit, Uri, net,
};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::PATIENCE;

/// What the tests ask of it.
pub enum Ask {
    Call {
        call: CallKey,
        caller: Caller,
        offer: Vec<u8>,
    },
    HangUp {
        call: CallKey,
        reason: Option<Reason>,
    },
    Reoffer {
        call: CallKey,
        sdp: Vec<u8>,
    },
    /// Tells the phone that its call makes progress.
    Progress {
        call: CallKey,
        status: Status,
        sdp: Option<Vec<u8>>,
    },
    Answer {
        call: CallKey,
        sdp: Vec<u8>,
    },
    Reject {
        call: CallKey,
        status: Status,
    },
    AnswerReoffer {
        call: CallKey,
        sdp: Vec<u8>,
    },
    RejectReoffer {
        call: CallKey,
        status: Status,
    },
}

/// Who calls, and with which headers.
pub struct Caller {
    pub number: String,
    pub name: String,
    pub headers: Vec<(String, String)>,
}

struct Switch {
    endpoint: Endpoint,
    registrar: server::Registrar,
    local: SocketAddr,
    events: VecDeque<Event>,
    /// Everybody is told this instead of being registered.
    refuses: Option<Status>,
}

impl Switch {
    fn settle(&mut self, now: Duration) {
        while let Some(event) = self.endpoint.poll_event() {
            match event {
                Event::Request {
                    key,
                    request,
                    source,
                } => {
                    if let Some(status) = self.refuses {
                        self.endpoint
                            .respond(now, key, status, Vec::new(), Vec::new());
                        continue;
                    }
                    let headers = self
                        .registrar
                        .register(now, "1001", &request, source)
                        .expect("a registration that can be carried out");
                    self.endpoint
                        .respond(now, key, Status::OK, headers, Vec::new());
                }
                event => self.events.push_back(event),
            }
        }
    }
}

impl Core for Switch {
    type Command = Ask;
    type Event = Event;

    fn handle_command(&mut self, now: Duration, ask: Ask) {
        match ask {
            Ask::Call {
                call,
                caller,
                offer,
            } => {
                let phone = self.registrar.bindings(now, "1001");
                let phone = phone.first().expect("somebody is registered");
                let from = Uri::from_addr(Some(&caller.number), self.local);
                let invite = Invite {
                    uri: phone.contact.clone(),
                    from: NameAddr::new(from).with_display(&caller.name),
                    to: NameAddr::new(Uri::from_addr(Some("1001"), self.local)),
                    next_hop: phone.source,
                    offer,
                    headers: caller
                        .headers
                        .into_iter()
                        .map(|(name, value)| Header::Other(name, value))
                        .collect(),
                    credentials: None,
                };
                self.endpoint.invite_as(now, call, invite);
            }
            Ask::HangUp { call, reason } => self.endpoint.hang_up(now, call, reason),
            Ask::Reoffer { call, sdp } => self.endpoint.reoffer(now, call, sdp),
            Ask::Progress { call, status, sdp } => {
                self.endpoint.progress(now, call, status, sdp, Vec::new())
            }
            Ask::Answer { call, sdp } => self.endpoint.answer(now, call, sdp, Vec::new()),
            Ask::Reject { call, status } => self.endpoint.reject(now, call, status, Vec::new()),
            Ask::AnswerReoffer { call, sdp } => self.endpoint.answer_reoffer(now, call, sdp),
            Ask::RejectReoffer { call, status } => self.endpoint.reject_reoffer(now, call, status),
        }
        self.settle(now);
    }

    fn handle_message(&mut self, now: Duration, from: Flow, bytes: &[u8]) {
        self.endpoint.handle_message(now, from, bytes);
        self.settle(now);
    }

    fn handle_timeout(&mut self, now: Duration) {
        self.endpoint.handle_timeout(now);
        self.settle(now);
    }

    fn handle_unreachable(&mut self, now: Duration, to: Flow) {
        self.endpoint.handle_unreachable(now, to);
        self.settle(now);
    }

    fn handle_disconnected(&mut self, now: Duration, flow: Flow) {
        self.registrar.disconnected(flow);
        self.endpoint.handle_disconnected(now, flow);
        self.settle(now);
    }

    fn handle_shutdown(&mut self, _now: Duration) {}

    fn is_idle(&self) -> bool {
        true
    }

    fn poll_timeout(&self) -> Option<Duration> {
        self.endpoint.poll_timeout()
    }

    fn poll_transmit(&mut self) -> Option<Transmit> {
        self.endpoint.poll_transmit()
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
}

/// The handle to it.
pub struct Registrar {
    pub address: SocketAddr,
    asks: mpsc::Sender<Ask>,
    events: mpsc::Receiver<Event>,
    calls: u64,
    /// Where the test's customer receives sound.
    pub rtp: UdpSocket,
}

impl Registrar {
    pub async fn start() -> Self {
        Self::start_with(None).await
    }

    /// A registrar that takes nobody.
    pub async fn refusing(status: Status) -> Self {
        Self::start_with(Some(status)).await
    }

    async fn start_with(refuses: Option<Status>) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let local = socket.local_addr().expect("an address");
        let config = Config {
            local,
            user_agent: "test".into(),
            serves: vec![Method::REGISTER],
            symmetric: true,
        };
        let switch = Switch {
            endpoint: Endpoint::new(config, 7),
            registrar: server::Registrar::new(Limits {
                min: Duration::from_secs(1),
                max: Duration::from_secs(600),
                default: Duration::from_secs(120),
                contacts: 2,
            }),
            local,
            events: VecDeque::new(),
            refuses,
        };
        let (asks, events, _task) = net::spawn(switch, socket);
        Self {
            address: local,
            asks,
            events,
            calls: 0,
            rtp: UdpSocket::bind("127.0.0.1:0").await.expect("a port"),
        }
    }

    /// Calls with A-law.
    pub async fn call(&mut self, caller: Caller) -> CallKey {
        let sdp = self.sdp("m=audio PORT RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n");
        self.call_with(caller, sdp).await
    }

    pub async fn call_with(&mut self, caller: Caller, offer: Vec<u8>) -> CallKey {
        self.calls += 1;
        let call = CallKey(self.calls);
        self.ask(Ask::Call {
            call,
            caller,
            offer,
        })
        .await;
        call
    }

    /// SDP of the test's customer; `PORT` in `lines` stands for where it receives.
    pub fn sdp(&self, lines: &str) -> Vec<u8> {
        let port = self.rtp.local_addr().expect("an address").port();
        let lines = lines.replace("PORT", &port.to_string());
        format!("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n{lines}")
            .into_bytes()
    }

    pub async fn ask(&self, ask: Ask) {
        self.asks.send(ask).await.ok();
    }

    pub async fn hang_up(&self, call: CallKey, reason: Option<&str>) {
        let reason = reason.and_then(Reason::parse);
        self.ask(Ask::HangUp { call, reason }).await;
    }

    pub async fn reoffer(&self, call: CallKey, sdp: Vec<u8>) {
        self.ask(Ask::Reoffer { call, sdp }).await;
    }

    /// The next event that `is` likes; others are passed over.
    pub async fn until(&mut self, what: &str, is: impl Fn(&Event) -> bool) -> Event {
        let wanted = async {
            loop {
                let event = self.events.recv().await.expect("the switch runs");
                if is(&event) {
                    return event;
                }
            }
        };
        match timeout(PATIENCE, wanted).await {
            Ok(event) => event,
            Err(_) => panic!("not heard in time: {what}"),
        }
    }
}
