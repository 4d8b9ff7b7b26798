//! The numbers outside, all of them: who is dialled is brought to life, and gets what concerns them.

use super::callee::Callee;
use super::exchange::{Act, Exchange};
use super::{Practice, PracticeCall, Running, Stage, voice};
use offhook_model::{Direction, PhoneNumber};
use offhook_sip::endpoint::Event;
use offhook_sip::{CallKey, HeadersExt, Incoming, Status};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

/// The socket of the practice trunk, before anybody listens.
#[derive(Debug)]
pub struct PracticeTrunk {
    socket: UdpSocket,
    /// Where the centre sends calls to numbers outside.
    pub addr: SocketAddr,
}

impl PracticeTrunk {
    /// Takes any free port.
    ///
    /// # Errors
    /// When the address is not this machine's.
    pub async fn bind(ip: IpAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind((ip, 0)).await?;
        let addr = socket.local_addr()?;
        Ok(Self { socket, addr })
    }
}

impl Practice {
    /// Lets numbers outside be dialled. Ends when the centre closes.
    pub fn listen(&self, trunk: PracticeTrunk) {
        let exchange = Exchange::new(trunk.addr, self.sip, rand::random());
        let (acts, events, _task) = offhook_sip::net::spawn(exchange, trunk.socket);
        let callees = Callees {
            practice: self.clone(),
            local: trunk.addr.ip(),
            acts,
            calls: BTreeMap::new(),
        };
        tokio::spawn(callees.run(events));
    }
}

struct Callees {
    practice: Practice,
    local: IpAddr,
    acts: mpsc::Sender<Act>,
    calls: BTreeMap<CallKey, mpsc::Sender<Event>>,
}

impl Callees {
    async fn run(mut self, mut events: mpsc::Receiver<Event>) {
        let closing = self.practice.closing.clone();
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) => self.event(event).await,
                    None => return,
                },
                // The callees hang up by themselves; their acts still go out, for they hold senders, too.
                () = closing.cancelled() => break,
            }
        }
        let Self {
            mut calls, acts, ..
        } = self;
        drop(acts);
        while let Some(event) = events.recv().await {
            pass_on(&mut calls, event).await;
        }
    }

    async fn event(&mut self, event: Event) {
        match event {
            Event::Incoming(incoming) => {
                if let Err(status) = self.dialled(&incoming) {
                    let call = incoming.call;
                    // An exchange that has gone has no calls any more.
                    self.acts.send(Act::Refuse { call, status }).await.ok();
                }
            }
            other => pass_on(&mut self.calls, other).await,
        }
    }

    fn dialled(&mut self, incoming: &Incoming) -> Result<(), Status> {
        let user = incoming.request_uri.user_decoded().unwrap_or_default();
        let number = PhoneNumber::parse(&user).map_err(|_| Status::NOT_FOUND)?;
        let offer = incoming.offer.clone().ok_or(Status::NOT_ACCEPTABLE_HERE)?;
        let script = self.practice.script_of(&number);
        let id = Uuid::now_v7();
        let (told, state) = watch::channel(PracticeCall {
            direction: Direction::Outbound,
            number: Some(number.clone()),
            call: incoming
                .headers
                .value("X-Offhook-Call")
                .and_then(|text| text.trim().parse().ok()),
            ..PracticeCall::new(id, Stage::Dialling)
        });
        let (words, inbox) = mpsc::channel(4);
        self.practice
            .remember(id, Running { state, words })
            .map_err(|_| Status::SERVICE_UNAVAILABLE)?;
        let (events, own) = mpsc::channel(16);
        self.calls.insert(incoming.call, events);
        let voice = script.voice.clone().unwrap_or_else(|| {
            self.practice
                .voices
                .join(voice::of(script.behaviour, &number))
        });
        let callee = Callee {
            script,
            voice,
            call: incoming.call,
            offer,
            local: self.local,
            acts: self.acts.clone(),
            events: own,
            told,
            inbox,
            closing: self.practice.closing.clone(),
        };
        self.practice.tasks.spawn(callee.run());
        Ok(())
    }
}

async fn pass_on(calls: &mut BTreeMap<CallKey, mpsc::Sender<Event>>, event: Event) {
    let (call, over) = match &event {
        Event::Ended { call, .. } => (*call, true),
        Event::Reoffer { call, .. } => (*call, false),
        Event::Incoming(_)
        | Event::Request { .. }
        | Event::Response { .. }
        | Event::RequestFailed { .. }
        | Event::Progress { .. }
        | Event::Answered { .. }
        | Event::Confirmed { .. }
        | Event::ReofferAnswered { .. } => return,
    };
    if let Some(callee) = calls.get(&call) {
        // One who has refused the call does not listen any more.
        callee.send(event).await.ok();
    }
    if over {
        calls.remove(&call);
    }
}
