//! Runs a [`Core`] over UDP, TCP and TLS on its own tokio task.

mod address;
mod connection;
mod probe;
mod sockets;
mod streams;
mod tls;

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub use address::{ResolveError, resolve};
use probe::Prober;
pub use sockets::{Sockets, bind_towards};
use sockets::{Tcp, Tls};
use streams::{Heard, Sending, Streams};
pub use tls::{Trust, TrustError};
use tokio_rustls::TlsAcceptor;

use crate::flow::via_name;
use crate::message::MAX_SIZE;
use crate::{Core, Flow, Transmit, Transport};

/// How long to wait when the system has no room for one more connection.
const NO_ROOM: Duration = Duration::from_millis(100);
/// How long the task stays for un-registering and hanging up after its owner let go.
const PATIENCE: Duration = Duration::from_secs(2);

/// Starts the task over these sockets; a lone UDP socket does, and connections then leave from any port. What goes by a stream has
/// its connection made when it is first needed, within 4 s (over TLS 4 s more), and kept until either side ends it. Commands and
/// events are never dropped: a full command channel makes the sender wait, a full event channel leaves events queued while the wire
/// is served on. When the command sender is dropped the core shuts down (it un-registers and
/// hangs up) within 2 s and the task ends; the event channel then closes.
pub fn spawn<C>(
    core: C,
    sockets: impl Into<Sockets>,
) -> (
    mpsc::Sender<C::Command>,
    mpsc::Receiver<C::Event>,
    JoinHandle<()>,
)
where
    C: Core + Send + 'static,
    C::Command: Send + 'static,
    C::Event: Send + 'static,
{
    let (command_tx, commands) = mpsc::channel(64);
    let (events, event_rx) = mpsc::channel(256);
    let Sockets { udp, tcp, tls } = sockets.into();
    let trust = match &tls {
        Tls::Trusting(trust) => Some(trust.clone()),
        Tls::Absent | Tls::Listening(..) => None,
    };
    let streams = Streams::new(leaves_from(&udp, &tcp), trust);
    let driver = Driver {
        core,
        udp,
        tcp,
        tls,
        streams,
        events,
        pending: VecDeque::new(),
        prober: Prober::new(),
        epoch: Instant::now(),
        leave_at: None,
    };
    (command_tx, event_rx, tokio::spawn(driver.run(commands)))
}

/// Where connections of ours leave from: the port of Contact, unless others are accepted there.
fn leaves_from(udp: &UdpSocket, tcp: &Tcp) -> SocketAddr {
    let mut local = udp
        .local_addr()
        .unwrap_or_else(|_| (Ipv4Addr::UNSPECIFIED, 0).into());
    match tcp {
        Tcp::Reserved(_) => {}
        Tcp::Listening(_) | Tcp::Unbound => local.set_port(0),
    }
    local
}

struct Driver<C: Core> {
    core: C,
    udp: UdpSocket,
    tcp: Tcp,
    tls: Tls,
    streams: Streams,
    events: mpsc::Sender<C::Event>,
    /// Events the owner has not had room for yet.
    pending: VecDeque<C::Event>,
    prober: Prober,
    epoch: Instant,
    /// The owner let go: when the task ends at the latest.
    leave_at: Option<Instant>,
}

impl<C: Core> Driver<C> {
    async fn run(mut self, mut commands: mpsc::Receiver<C::Command>) {
        let mut buffer = vec![0; MAX_SIZE];
        loop {
            self.flush().await;
            if self
                .leave_at
                .is_some_and(|at| self.core.is_idle() || Instant::now() >= at)
            {
                break;
            }
            let timer = self
                .core
                .poll_timeout()
                .map(|at| self.epoch + at)
                .into_iter()
                .chain(self.leave_at)
                .min();
            tokio::select! {
                received = self.udp.recv_from(&mut buffer) => match received {
                    Ok((size, from)) => {
                        self.prober.heard_from(from);
                        let from = Flow::udp(from);
                        self.core.handle_message(self.epoch.elapsed(), from, &buffer[..size]);
                    }
                    Err(error) => note_receive_error(&error),
                },
                (stream, flow, acceptor) = accepted(&self.tcp, &self.tls) => {
                    if self.streams.accept(stream, flow, acceptor) {
                        self.core.handle_disconnected(self.epoch.elapsed(), flow);
                    }
                }
                (flow, heard) = self.streams.heard() => {
                    let now = self.epoch.elapsed();
                    match heard {
                        Heard::Message(bytes) => self.core.handle_message(now, flow, &bytes),
                        Heard::Unreachable => self.core.handle_unreachable(now, flow),
                        Heard::Untrusted => self.core.handle_untrusted(now, flow),
                        Heard::Disconnected => self.core.handle_disconnected(now, flow),
                    }
                }
                command = commands.recv(), if self.leave_at.is_none() => match command {
                    Some(command) => self.core.handle_command(self.epoch.elapsed(), command),
                    None => {
                        self.leave_at = Some(Instant::now() + PATIENCE);
                        self.core.handle_shutdown(self.epoch.elapsed());
                    }
                },
                () = sleep_until(timer) => self.core.handle_timeout(self.epoch.elapsed()),
                to = self.prober.refused() => {
                    tracing::debug!("Nobody listens at the peer's address");
                    self.core.handle_unreachable(self.epoch.elapsed(), Flow::udp(to));
                }
                permit = self.events.reserve(), if !self.pending.is_empty() => match permit {
                    Ok(permit) => {
                        if let Some(event) = self.pending.pop_front() {
                            permit.send(event);
                        }
                    }
                    // Nobody listens to events any more.
                    Err(_) => self.pending.clear(),
                },
            }
        }
        self.streams.finish().await;
    }

    /// Sends what the core wants sent and collects what it has to tell.
    async fn flush(&mut self) {
        loop {
            while let Some(flow) = self.core.poll_disconnect() {
                self.streams.abandon(flow);
            }
            while let Some(transmit) = self.core.poll_transmit() {
                self.send(transmit).await;
            }
            let Some(event) = self.core.poll_event() else {
                break;
            };
            if let Err(mpsc::error::TrySendError::Full(event)) = self.deliver(event) {
                if self.pending.is_empty() {
                    tracing::warn!("The owner of the SIP task is behind with its events");
                }
                self.pending.push_back(event);
            }
        }
    }

    fn deliver(&mut self, event: C::Event) -> Result<(), mpsc::error::TrySendError<C::Event>> {
        if self.pending.is_empty() {
            self.events.try_send(event)
        } else {
            Err(mpsc::error::TrySendError::Full(event))
        }
    }

    async fn send(&mut self, Transmit { to, bytes }: Transmit) {
        match to.transport {
            Transport::Udp => self.send_datagram(to.addr, &bytes).await,
            Transport::Tcp
            | Transport::Tls
            | Transport::Sctp
            | Transport::TlsSctp
            | Transport::Ws
            | Transport::Wss => match self.streams.send(to, bytes) {
                Sending::Taken => {}
                Sending::Stalled => self.core.handle_disconnected(self.epoch.elapsed(), to),
                Sending::NoWay => {
                    tracing::debug!(transport = %via_name(to.transport), "No connection to send by");
                    self.core.handle_unreachable(self.epoch.elapsed(), to);
                }
            },
        }
    }

    async fn send_datagram(&mut self, to: SocketAddr, bytes: &[u8]) {
        match self.udp.send_to(bytes, to).await {
            Ok(_) => {
                if let Ok(local) = self.udp.local_addr() {
                    self.prober.sent_to(to, local.ip());
                }
            }
            Err(error) => {
                tracing::debug!(%error, size = bytes.len(), "A datagram could not be sent");
                // Too large is no word on who listens there.
                if is_unreachable(&error) {
                    self.core
                        .handle_unreachable(self.epoch.elapsed(), Flow::udp(to));
                }
            }
        }
    }
}

/// The next connection of theirs, with what it speaks TLS by where it is to; none ever comes where nothing listens.
async fn accepted(tcp: &Tcp, tls: &Tls) -> (TcpStream, Flow, Option<TlsAcceptor>) {
    let plain = async {
        match tcp {
            Tcp::Listening(listener) => next_of(listener).await,
            Tcp::Reserved(_) | Tcp::Unbound => std::future::pending().await,
        }
    };
    let encrypted = async {
        match tls {
            Tls::Listening(listener, acceptor) => (next_of(listener).await, acceptor.clone()),
            Tls::Absent | Tls::Trusting(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        (stream, peer) = plain => (stream, Flow::tcp(peer), None),
        ((stream, peer), acceptor) = encrypted => (stream, Flow::tls(peer), Some(acceptor)),
    }
}

async fn next_of(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "A connection cannot be accepted");
                tokio::time::sleep(NO_ROOM).await;
            }
        }
    }
}

/// Windows, and Linux on some routes, report an earlier datagram's fate here; the prober finds out whose.
fn note_receive_error(error: &io::Error) {
    tracing::debug!(%error, "The socket reports an error");
}

fn is_unreachable(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkDown, NetworkUnreachable};
    matches!(
        error.kind(),
        ConnectionRefused | HostUnreachable | NetworkDown | NetworkUnreachable
    )
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
