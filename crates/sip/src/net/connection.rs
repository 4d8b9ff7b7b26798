//! One stream: a task that reads frames and writes messages until either is at its end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::{TlsAcceptor, TlsStream};

use super::sockets::{bound, is_in_use};
use super::tls::{self, Trust};
use crate::Flow;
use crate::framer::{Frame, Framer};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(4);
/// How often our port is tried, and how long it is waited between.
const TRIES: usize = 10;
const WAIT: Duration = Duration::from_millis(50);
/// How long the other side may take to make room for what is written.
const WRITE: Duration = Duration::from_secs(10);
/// How long a message may take from its first byte to its last.
const AMID: Duration = Duration::from_secs(30);
/// How long the answer to a keep-alive may take, from one who has answered one before (RFC 5626 §4.4.1).
const PONG: Duration = Duration::from_secs(10);
/// A keep-alive, and its answer (RFC 5626 §3.5.1).
const PING: &[u8] = b"\r\n\r\n";
const ANSWER: &[u8] = b"\r\n";

/// What carries a stream. WebSocket is a further one.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {
    /// Sees to it that the end takes no time: the port is free for the next connection.
    fn abandon(&self);
}

impl Stream for TcpStream {
    fn abandon(&self) {
        if let Err(error) = self.set_zero_linger() {
            tracing::debug!(%error, "A connection lingers");
        }
    }
}

impl Stream for TlsStream<TcpStream> {
    fn abandon(&self) {
        self.get_ref().0.abandon();
    }
}

/// How a connection comes to be.
pub(super) enum Origin {
    /// They made it, and speak TLS where there is an acceptor.
    Accepted(TcpStream, Option<TlsAcceptor>),
    /// We make it, from this address where that can be, over TLS where there is somebody to trust.
    From(SocketAddr, Option<Trust>),
}

/// Which connection of a flow: one may follow another.
pub(super) type ConnectionId = u64;

/// What a connection tells.
pub(super) struct Told {
    pub(super) flow: Flow,
    pub(super) id: ConnectionId,
    pub(super) what: What,
}

pub(super) enum What {
    /// A message came.
    Message(Vec<u8>),
    /// It could not be made.
    Failed,
    /// It was made, but not to whom we meant.
    Untrusted,
    /// It stood and is at its end.
    Ended,
}

/// The task's side of the channels.
pub(super) struct Ends {
    pub(super) outbox: mpsc::UnboundedReceiver<Vec<u8>>,
    /// Bytes in the outbox.
    pub(super) queued: Arc<AtomicUsize>,
    /// It is to be given up at once. When only the outbox is dropped, what is queued is still written.
    pub(super) abandon: Arc<Notify>,
    pub(super) told: mpsc::Sender<Told>,
}

/// Runs until the stream ends, is given up, or has written all after its owner let go.
pub(super) async fn run(flow: Flow, id: ConnectionId, origin: Origin, ends: Ends) {
    let told = ends.told.clone();
    let theirs = matches!(origin, Origin::Accepted(..));
    let made = tokio::select! {
        made = make(flow.addr, origin) => made,
        () = ends.abandon.notified() => return,
    };
    let what = match made {
        Ok(Made::Plain(stream)) => {
            serve(flow, id, stream, ends).await;
            What::Ended
        }
        Ok(Made::Tls(stream)) => {
            serve(flow, id, *stream, ends).await;
            What::Ended
        }
        Err(error) => {
            tracing::debug!(%error, "No connection");
            match error {
                _ if theirs => What::Ended,
                error if tls::is_untrusted(&error) => What::Untrusted,
                _ => What::Failed,
            }
        }
    };
    // The driver may be gone.
    told.send(Told { flow, id, what }).await.ok();
}

/// A connection to read and write by.
enum Made {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

async fn make(to: SocketAddr, origin: Origin) -> io::Result<Made> {
    match origin {
        Origin::Accepted(stream, acceptor) => {
            stream.set_nodelay(true)?;
            match acceptor {
                None => Ok(Made::Plain(stream)),
                Some(acceptor) => {
                    let stream = tls::accept(&acceptor, stream).await?;
                    Ok(Made::Tls(Box::new(stream)))
                }
            }
        }
        Origin::From(local, trust) => {
            let stream = timeout(CONNECT, connect(local, to))
                .await
                .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
            stream.set_nodelay(true)?;
            match trust {
                None => Ok(Made::Plain(stream)),
                Some(trust) => Ok(Made::Tls(Box::new(trust.connect(stream).await?))),
            }
        }
    }
}

async fn connect(local: SocketAddr, to: SocketAddr) -> io::Result<TcpStream> {
    // The connection before this one may be about to end.
    for _ in 0..TRIES {
        match connect_from(local, to).await {
            Err(error) if is_in_use(&error) && local.port() != 0 => tokio::time::sleep(WAIT).await,
            outcome => return outcome,
        }
    }
    tracing::warn!("A connection from another port than Contact names");
    connect_from(SocketAddr::new(local.ip(), 0), to).await
}

async fn connect_from(local: SocketAddr, to: SocketAddr) -> io::Result<TcpStream> {
    bound(local)?.connect(to).await
}

/// What reading and writing know of each other.
#[derive(Default)]
struct Shared {
    /// A keep-alive of theirs waits for its answer.
    ping: Notify,
    /// A keep-alive of ours was written.
    pinged: Notify,
}

async fn serve<S: Stream>(flow: Flow, id: ConnectionId, stream: S, ends: Ends) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let shared = Shared::default();
    let Ends {
        mut outbox,
        queued,
        abandon,
        told,
    } = ends;
    let orderly = tokio::select! {
        why = read(flow, id, &mut reader, &told, &shared) => {
            tracing::debug!(why, "A connection ends");
            false
        }
        written = write(&mut writer, &mut outbox, &queued, &shared) => match written {
            Ok(()) => true,
            Err(error) => {
                tracing::debug!(%error, "A connection takes nothing more");
                false
            }
        },
        () = abandon.notified() => false,
    };
    if orderly {
        // They may have closed before.
        writer.shutdown().await.ok();
    } else {
        reader.unsplit(writer).abandon();
    }
}

/// Reads until the end and says why it is one.
async fn read<S: Stream>(
    flow: Flow,
    id: ConnectionId,
    reader: &mut ReadHalf<S>,
    told: &mpsc::Sender<Told>,
    shared: &Shared,
) -> &'static str {
    let mut framer = Framer::new();
    let mut buffer = vec![0; 16 * 1024];
    // Whoever connects has something to say.
    let mut begun = Some(Instant::now());
    let mut keep_alive = KeepAlive::default();
    loop {
        let due = begun
            .map(|begun| begun + AMID)
            .into_iter()
            .chain(keep_alive.due)
            .min();
        let size = tokio::select! {
            read = reader.read(&mut buffer) => match read {
                Ok(0) => return "They closed it",
                Ok(size) => size,
                Err(_) => return "It broke",
            },
            () = shared.pinged.notified() => {
                keep_alive.pinged();
                continue;
            }
            () = super::sleep_until(due) => return "Silence",
        };
        keep_alive.due = None;
        framer.push(&buffer[..size]);
        loop {
            match framer.next_frame() {
                Ok(Some(Frame::Message(bytes))) => {
                    keep_alive.half = false;
                    begun = None;
                    let what = What::Message(bytes);
                    if told.send(Told { flow, id, what }).await.is_err() {
                        // Only what is left to be written keeps the connection.
                        std::future::pending::<()>().await;
                    }
                }
                Ok(Some(Frame::LineEnd)) => {
                    if keep_alive.line_end() {
                        shared.ping.notify_one();
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::info!(%error, "A stream that cannot be read on");
                    return "What they send has no end";
                }
            }
        }
        begun = match framer.is_amid() {
            true => begun.or(Some(Instant::now())),
            false => None,
        };
    }
}

/// Tells keep-alives of theirs from answers to ours, and whether an answer is due.
#[derive(Default)]
struct KeepAlive {
    /// A line end is expected in answer.
    asked: bool,
    /// They have answered one before: many do not.
    answers: bool,
    /// A keep-alive of theirs has half come.
    half: bool,
    due: Option<Instant>,
}

impl KeepAlive {
    fn pinged(&mut self) {
        self.asked = true;
        self.due = self.answers.then(|| Instant::now() + PONG);
    }

    /// True when a keep-alive of theirs is whole.
    fn line_end(&mut self) -> bool {
        if self.asked {
            self.asked = false;
            self.answers = true;
            return false;
        }
        self.half = !self.half;
        !self.half
    }
}

/// Writes until the owner lets go of the outbox.
async fn write<S: Stream>(
    writer: &mut WriteHalf<S>,
    outbox: &mut mpsc::UnboundedReceiver<Vec<u8>>,
    queued: &AtomicUsize,
    shared: &Shared,
) -> io::Result<()> {
    loop {
        tokio::select! {
            bytes = outbox.recv() => {
                let Some(bytes) = bytes else { return Ok(()) };
                write_in_time(writer, &bytes).await?;
                queued.fetch_sub(bytes.len(), Ordering::Relaxed);
                if bytes == PING {
                    shared.pinged.notify_one();
                }
            }
            () = shared.ping.notified() => write_in_time(writer, ANSWER).await?,
        }
    }
}

async fn write_in_time<S: Stream>(writer: &mut WriteHalf<S>, bytes: &[u8]) -> io::Result<()> {
    let due = Instant::now() + WRITE;
    timeout_at(due, async {
        writer.write_all(bytes).await?;
        writer.flush().await
    })
    .await
    .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
