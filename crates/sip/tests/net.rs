//! The driver over real sockets on loopback.
#![cfg(feature = "net")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use offhook_sip::endpoint::{Config, Endpoint};
use offhook_sip::server::{Challenger, Limits, Registrar};
use offhook_sip::{
    Account, CallKey, Command, Core, EndCause, Event, Flow, Method, Password, RegistrationError,
    Status, Transmit, Transport, UserAgent, net,
};
use support::Office;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// The registrar of the tests as a core; it passes calls to `1002` on to whom its command names.
struct Centre(Office);

impl Core for Centre {
    type Command = ();
    type Event = usize;

    fn handle_command(&mut self, _now: Duration, (): ()) {}
    fn handle_message(&mut self, now: Duration, from: Flow, bytes: &[u8]) {
        self.0.endpoint.handle_message(now, from, bytes);
        self.0.settle(now);
    }
    fn handle_timeout(&mut self, now: Duration) {
        self.0.endpoint.handle_timeout(now);
        self.0.settle(now);
    }
    fn handle_unreachable(&mut self, now: Duration, to: Flow) {
        self.0.endpoint.handle_unreachable(now, to);
    }
    fn handle_disconnected(&mut self, now: Duration, flow: Flow) {
        self.0.endpoint.handle_disconnected(now, flow);
        self.0.registrar.disconnected(flow);
    }
    fn handle_shutdown(&mut self, _now: Duration) {}
    fn is_idle(&self) -> bool {
        true
    }
    fn poll_timeout(&self) -> Option<Duration> {
        self.0.endpoint.poll_timeout()
    }
    fn poll_transmit(&mut self) -> Option<Transmit> {
        self.0.endpoint.poll_transmit()
    }
    fn poll_event(&mut self) -> Option<usize> {
        None
    }
}

fn account(registrar: SocketAddr) -> Account {
    Account {
        aor: "sip:1001@example.com".parse().unwrap(),
        display_name: None,
        auth_user: "1001".to_owned(),
        password: Password::new("right"),
        realm: None,
        registrar,
        transport: Transport::Udp,
        admitted: Vec::new(),
        expires: Duration::from_secs(120),
        user_agent: "test".to_owned(),
    }
}

async fn agent(
    registrar: SocketAddr,
    seed: u64,
) -> (
    mpsc::Sender<Command>,
    mpsc::Receiver<Event>,
    tokio::task::JoinHandle<()>,
    SocketAddr,
) {
    let socket = net::bind_towards(registrar).await.unwrap();
    let local = socket.local_addr().unwrap();
    let (commands, events, task) =
        net::spawn(UserAgent::new(account(registrar), local, seed), socket);
    (commands, events, task, local)
}

async fn next(events: &mut mpsc::Receiver<Event>) -> Event {
    timeout(Duration::from_secs(10), events.recv())
        .await
        .expect("an event in time")
        .expect("an open channel")
}

#[tokio::test]
async fn an_agent_registers_and_withdraws_when_its_owner_lets_go() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let local = socket.local_addr().unwrap();
    let config = Config {
        local,
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
    let office = Office {
        endpoint: Endpoint::new(config, 1),
        registrar: Registrar::new(limits),
        challenger: Challenger::new("office", Duration::from_secs(32), 2),
    };
    let (_hold, _events, _task) = net::spawn(Centre(office), socket);
    let (commands, mut events, task, _) = agent(local, 3).await;
    commands.send(Command::Register).await.unwrap();
    assert!(matches!(next(&mut events).await, Event::Registered { .. }));
    drop(commands);
    assert!(matches!(next(&mut events).await, Event::Unregistered));
    timeout(Duration::from_secs(3), task)
        .await
        .expect("the task ends")
        .unwrap();
    assert!(events.recv().await.is_none());
}

#[tokio::test]
async fn a_refused_port_is_told_at_once_and_the_task_lives_on() {
    let nobody = {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.local_addr().unwrap()
    };
    let (commands, mut events, task, _) = agent(nobody, 3).await;
    let begun = std::time::Instant::now();
    commands.send(Command::Register).await.unwrap();
    assert!(matches!(
        next(&mut events).await,
        Event::RegistrationFailed {
            cause: RegistrationError::Unreachable,
            retry_in: Some(_)
        }
    ));
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert!(!task.is_finished());
}

#[tokio::test]
async fn two_agents_talk_to_each_other_over_loopback() {
    let placeholder: SocketAddr = "127.0.0.1:9".parse().unwrap();
    let (callee, mut callee_events, _task, callee_addr) = agent(placeholder, 1).await;
    let (caller, mut caller_events, _task, _) = agent(callee_addr, 2).await;
    let call = CallKey(1);
    let to = "sip:1002@example.com".parse().unwrap();
    caller
        .send(Command::Invite {
            call,
            to,
            offer: b"offer".to_vec(),
            headers: Vec::new(),
        })
        .await
        .unwrap();
    let Event::Incoming(incoming) = next(&mut callee_events).await else {
        panic!("no call")
    };
    callee
        .send(Command::Ring {
            call: incoming.call,
        })
        .await
        .unwrap();
    assert!(matches!(
        next(&mut caller_events).await,
        Event::Progress {
            status: Status::RINGING,
            ..
        }
    ));
    callee
        .send(Command::Answer {
            call: incoming.call,
            sdp: b"answer".to_vec(),
        })
        .await
        .unwrap();
    assert!(
        matches!(next(&mut caller_events).await, Event::Answered { sdp: Some(sdp), .. } if sdp == b"answer")
    );
    assert!(matches!(
        next(&mut callee_events).await,
        Event::Confirmed { .. }
    ));
    caller
        .send(Command::Reoffer {
            call,
            sdp: b"hold".to_vec(),
        })
        .await
        .unwrap();
    assert!(matches!(
        next(&mut callee_events).await,
        Event::Reoffer { sdp: Some(_), .. }
    ));
    callee
        .send(Command::AnswerReoffer {
            call: incoming.call,
            sdp: b"held".to_vec(),
        })
        .await
        .unwrap();
    assert!(matches!(
        next(&mut caller_events).await,
        Event::ReofferAnswered { answer: Ok(_), .. }
    ));
    callee
        .send(Command::HangUp {
            call: incoming.call,
            reason: None,
        })
        .await
        .unwrap();
    assert!(matches!(
        next(&mut callee_events).await,
        Event::Ended {
            cause: EndCause::HungUp,
            ..
        }
    ));
    assert!(matches!(
        next(&mut caller_events).await,
        Event::Ended {
            cause: EndCause::Bye { .. },
            ..
        }
    ));
}
