//! All connections of a driver, by their flow.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::connection::{self, ConnectionId, Ends, Origin, Told, What};
use super::tls::Trust;
use crate::{Flow, Transport};

/// How many connections there may be; further ones are turned away.
const MOST: usize = 4096;
/// How many bytes may wait to be written to one peer; past it the peer has stalled.
const BACKLOG: usize = 1 << 20;
/// How many messages may wait to be read by the driver.
const INBOX: usize = 64;
/// How long the last words may take.
const LAST_WORDS: Duration = Duration::from_millis(500);

pub(super) struct Streams {
    /// Where connections of ours leave from.
    local: SocketAddr,
    /// Whom connections of ours over TLS are made to.
    trust: Option<Trust>,
    open: HashMap<Flow, Connection>,
    next_id: ConnectionId,
    tasks: JoinSet<()>,
    teller: mpsc::Sender<Told>,
    told: mpsc::Receiver<Told>,
}

struct Connection {
    id: ConnectionId,
    outbox: mpsc::UnboundedSender<Vec<u8>>,
    queued: Arc<AtomicUsize>,
    abandon: Arc<Notify>,
}

/// What became of bytes to send.
#[must_use]
pub(super) enum Sending {
    /// They go as soon as they can.
    Taken,
    /// The peer takes nothing more, and its connection was given up.
    Stalled,
    /// No connection stands, and none can be made by this transport.
    NoWay,
}

/// What a connection brought.
pub(super) enum Heard {
    Message(Vec<u8>),
    Unreachable,
    Untrusted,
    Disconnected,
}

impl Streams {
    pub(super) fn new(local: SocketAddr, trust: Option<Trust>) -> Self {
        let (teller, told) = mpsc::channel(INBOX);
        Self {
            local,
            trust,
            open: HashMap::new(),
            next_id: 0,
            tasks: JoinSet::new(),
            teller,
            told,
        }
    }

    /// Sends by the connection that stands, or makes one.
    pub(super) fn send(&mut self, to: Flow, bytes: Vec<u8>) -> Sending {
        if !self.open.contains_key(&to) {
            let trust = match to.transport {
                Transport::Tcp => None,
                Transport::Tls if self.trust.is_some() => self.trust.clone(),
                Transport::Udp
                | Transport::Tls
                | Transport::Sctp
                | Transport::TlsSctp
                | Transport::Ws
                | Transport::Wss => return Sending::NoWay,
            };
            self.start(to, Origin::From(self.local, trust));
        }
        let Some(connection) = self.open.get(&to) else {
            return Sending::NoWay;
        };
        let size = bytes.len();
        let queued = connection.queued.fetch_add(size, Ordering::Relaxed);
        let taken = queued + size <= BACKLOG && connection.outbox.send(bytes).is_ok();
        if !taken {
            tracing::warn!("A peer takes nothing more, its connection is given up");
            self.abandon(to);
            return Sending::Stalled;
        }
        Sending::Taken
    }

    /// Takes a connection of theirs; true if another one of that flow stood and is no more.
    #[must_use]
    pub(super) fn accept(
        &mut self,
        stream: TcpStream,
        flow: Flow,
        acceptor: Option<TlsAcceptor>,
    ) -> bool {
        if self.open.len() >= MOST {
            tracing::warn!("Too many connections, a new one is turned away");
            return false;
        }
        let before = self.abandon(flow);
        self.start(flow, Origin::Accepted(stream, acceptor));
        before
    }

    /// Gives a connection up at once; true if it stood.
    pub(super) fn abandon(&mut self, flow: Flow) -> bool {
        let Some(connection) = self.open.remove(&flow) else {
            return false;
        };
        connection.abandon.notify_one();
        true
    }

    /// The next thing a connection brings.
    pub(super) async fn heard(&mut self) -> (Flow, Heard) {
        loop {
            // We hold a sender, so there is always a next.
            let Some(Told { flow, id, what }) = self.told.recv().await else {
                return std::future::pending().await;
            };
            let current = self.open.get(&flow).is_some_and(|open| open.id == id);
            if !current {
                continue;
            }
            let heard = match what {
                What::Message(bytes) => Heard::Message(bytes),
                What::Failed => Heard::Unreachable,
                What::Untrusted => Heard::Untrusted,
                What::Ended => Heard::Disconnected,
            };
            if !matches!(heard, Heard::Message(_)) {
                self.open.remove(&flow);
                while self.tasks.try_join_next().is_some() {}
            }
            return (flow, heard);
        }
    }

    /// Lets everything be written that still waits.
    pub(super) async fn finish(mut self) {
        // The connections end by themselves once nobody writes to them.
        self.told.close();
        self.open.clear();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(LAST_WORDS, all).await.is_err() {
            tracing::debug!("A connection is cut before its last words");
        }
    }

    fn start(&mut self, flow: Flow, origin: Origin) {
        self.next_id += 1;
        let id = self.next_id;
        let (outbox, waiting) = mpsc::unbounded_channel();
        let abandon = Arc::new(Notify::new());
        let queued = Arc::new(AtomicUsize::new(0));
        let ends = Ends {
            outbox: waiting,
            queued: Arc::clone(&queued),
            abandon: Arc::clone(&abandon),
            told: self.teller.clone(),
        };
        self.tasks.spawn(connection::run(flow, id, origin, ends));
        let connection = Connection {
            id,
            outbox,
            queued,
            abandon,
        };
        self.open.insert(flow, connection);
    }
}
