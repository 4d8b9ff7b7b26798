//! Finds out that nobody listens at an address. An unconnected UDP socket is not told; a connected one is, so one sends the
//! empty keep-alive that every SIP stack ignores (RFC 5626 §3.5.1) and waits for the network to complain.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// An address heard from this lately needs no probe, nor one probed this lately.
const LATELY: Duration = Duration::from_secs(2);
/// How long the complaint may take.
const WAIT: Duration = Duration::from_secs(2);
/// How many addresses are remembered.
const REMEMBERED: usize = 1024;

pub(super) struct Prober {
    last: HashMap<SocketAddr, Instant>,
    running: HashSet<SocketAddr>,
    probes: JoinSet<(SocketAddr, bool)>,
}

impl Prober {
    pub(super) fn new() -> Self {
        Self {
            last: HashMap::new(),
            running: HashSet::new(),
            probes: JoinSet::new(),
        }
    }

    pub(super) fn heard_from(&mut self, from: SocketAddr) {
        self.note(from);
    }

    pub(super) fn sent_to(&mut self, to: SocketAddr, local: IpAddr) {
        if self.running.contains(&to) || self.last.get(&to).is_some_and(|at| at.elapsed() < LATELY)
        {
            return;
        }
        self.note(to);
        self.running.insert(to);
        self.probes
            .spawn(async move { (to, is_refused(to, local).await) });
    }

    /// The next address that proves deaf; waits for ever if none does.
    pub(super) async fn refused(&mut self) -> SocketAddr {
        loop {
            match self.probes.join_next().await {
                Some(Ok((to, refused))) => {
                    self.running.remove(&to);
                    if refused {
                        // Whoever is sent to again is asked again.
                        self.last.remove(&to);
                        return to;
                    }
                }
                Some(Err(error)) => tracing::warn!(%error, "A probe failed"),
                None => std::future::pending().await,
            }
        }
    }

    fn note(&mut self, addr: SocketAddr) {
        if self.last.len() >= REMEMBERED {
            self.last.retain(|_, at| at.elapsed() < LATELY);
        }
        if self.last.len() < REMEMBERED {
            self.last.insert(addr, Instant::now());
        }
    }
}

async fn is_refused(to: SocketAddr, local: IpAddr) -> bool {
    let complaint = async {
        let socket = UdpSocket::bind((local, 0)).await?;
        socket.connect(to).await?;
        socket.send(b"\r\n\r\n").await?;
        socket.recv(&mut [0; 16]).await
    };
    let outcome: Result<io::Result<usize>, _> = tokio::time::timeout(WAIT, complaint).await;
    matches!(outcome, Ok(Err(error)) if matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset))
}
