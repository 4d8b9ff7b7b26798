//! A registrar that takes calls and makes them, and phones, over real sockets.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use offhook_sip::endpoint::{Config, Endpoint, Event as Told, Invite};
use offhook_sip::server::{Challenger, Limits, Registrar};
use offhook_sip::{
    Account, CallKey, Command, Core, EndCause, Event, Flow, Method, NameAddr, Password, Transmit,
    Transport, UserAgent, net,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::Office;

pub const PATIENCE: Duration = Duration::from_secs(10);

/// What the tests ask of the exchange.
#[derive(Debug, Clone, Copy)]
pub enum Ask {
    /// Calls 1001 where it registered.
    Call,
    /// Hangs that call up.
    HangUp,
    /// Gives up all connections of 1001.
    Disconnect,
}

/// A registrar that takes every call and can make one.
pub struct Exchange {
    office: Office,
    /// Its own latest call.
    call: CallKey,
    flows: Vec<Flow>,
    disconnects: VecDeque<Flow>,
    events: VecDeque<Told>,
}

impl Exchange {
    pub fn settle(&mut self, now: Duration) {
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

    pub fn phone(&self, now: Duration) -> (NameAddr, Flow) {
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

pub struct Running {
    pub addr: SocketAddr,
    asks: mpsc::Sender<Ask>,
    events: mpsc::Receiver<Told>,
    task: JoinHandle<()>,
}

impl Running {
    pub async fn at(addr: &str) -> Self {
        let sockets = net::Sockets::bind(addr.parse().unwrap()).await.unwrap();
        let addr = sockets.local_addr().unwrap();
        Self::over(sockets, addr)
    }

    /// Runs over these sockets; phones reach it at `addr`.
    pub fn over(sockets: net::Sockets, addr: SocketAddr) -> Self {
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

    pub async fn ask(&self, ask: Ask) {
        self.asks.send(ask).await.unwrap();
    }

    pub async fn until(&mut self, is: impl Fn(&Told) -> bool) -> Told {
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

    pub async fn stop(self) {
        drop(self.asks);
        self.task.await.unwrap();
    }
}

pub struct Phone {
    pub commands: mpsc::Sender<Command>,
    pub events: mpsc::Receiver<Event>,
    pub task: JoinHandle<()>,
    pub local: SocketAddr,
}

impl Phone {
    pub async fn towards(registrar: SocketAddr, transport: Transport) -> Self {
        let sockets = net::bind_towards(registrar).await.unwrap();
        Self::over(sockets, registrar, transport)
    }

    pub fn over(sockets: net::Sockets, registrar: SocketAddr, transport: Transport) -> Self {
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

    pub async fn registered(registrar: SocketAddr, transport: Transport) -> Self {
        let mut phone = Self::towards(registrar, transport).await;
        phone.tell(Command::Register).await;
        assert!(matches!(phone.next().await, Event::Registered { .. }));
        phone
    }

    pub async fn tell(&self, command: Command) {
        self.commands.send(command).await.unwrap();
    }

    pub async fn next(&mut self) -> Event {
        timeout(PATIENCE, self.events.recv())
            .await
            .expect("an event in time")
            .expect("an open channel")
    }

    pub async fn invite(&self, call: CallKey) {
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
    pub async fn ringing(&mut self) -> CallKey {
        match self.next().await {
            Event::Incoming(incoming) => incoming.call,
            event => panic!("{event:?}"),
        }
    }

    /// Calls out, is called, and both calls end.
    pub async fn calls_both_ways(&mut self, exchange: &mut Running) {
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
