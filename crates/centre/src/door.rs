//! The API's connections: how many there may be, and how long one may say nothing.
//!
//! A client that is slow on purpose gets no further than this: its headers have to come in time, its body too
//! (`api::body`), and of connections without end only a few are let in.

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What the API bears of its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long the headers of a request, the next request on the same connection, and a body may each take to come.
    pub patience: Duration,
    /// How many connections there may be at once.
    pub connections: usize,
    /// How many of them may come from one address.
    pub of_one_address: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Heartbeats come every 15 s over a connection that stays.
            patience: Duration::from_secs(60),
            connections: 4_096,
            // A whole office may be one address: a phone has two or three.
            of_one_address: 1_024,
        }
    }
}

/// Serves until told to close, and returns when all that was under way is answered.
pub(crate) async fn serve<L>(
    mut listener: L,
    router: Router,
    limits: Limits,
    closing: CancellationToken,
) where
    L: Listener<Addr = SocketAddr>,
{
    let visitors = Visitors::default();
    let tasks = TaskTracker::new();
    loop {
        let (io, from) = tokio::select! {
            () = closing.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Some(visit) = visitors.admit(from.ip(), limits) else {
            tracing::warn!(%from, "Too many connections: this one is closed");
            continue;
        };
        let (router, closing) = (router.clone(), closing.clone());
        tasks.spawn(async move {
            attend(io, from, router, limits.patience, closing).await;
            drop(visit);
        });
    }
    tasks.close();
    tasks.wait().await;
}

async fn attend<I>(
    io: I,
    from: SocketAddr,
    router: Router,
    patience: Duration,
    closing: CancellationToken,
) where
    I: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(from));
        router.call(request)
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(patience)
            .serve_connection(TokioIo::new(io), service)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // The clients' doing: gone, too slow, or not speaking HTTP.
        tracing::debug!(%from, %error, "A connection ended");
    }
}

/// How many connections each address has.
#[derive(Debug, Clone, Default)]
struct Visitors(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A connection that counts until it is dropped.
#[derive(Debug)]
struct Visit {
    visitors: Visitors,
    from: IpAddr,
}

impl Visitors {
    fn admit(&self, from: IpAddr, limits: Limits) -> Option<Visit> {
        let mut count = self.lock();
        let all: usize = count.values().sum();
        let here = count.get(&from).copied().unwrap_or_default();
        if all >= limits.connections || here >= limits.of_one_address {
            return None;
        }
        count.insert(from, here + 1);
        Some(Visit {
            visitors: self.clone(),
            from,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        // What is guarded is whole after every statement: a panic elsewhere spoils nothing.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut count = self.visitors.lock();
        if let Some(here) = count.get_mut(&self.from) {
            *here -= 1;
            if *here == 0 {
                count.remove(&self.from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn address(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    #[test]
    fn one_address_does_not_take_the_places_of_all() {
        let limits = Limits {
            connections: 3,
            of_one_address: 2,
            ..Limits::default()
        };
        let visitors = Visitors::default();
        let first = visitors.admit(address(1), limits).expect("room");
        let _second = visitors.admit(address(1), limits).expect("room");
        assert!(visitors.admit(address(1), limits).is_none());
        let other = visitors.admit(address(2), limits).expect("room");
        assert!(visitors.admit(address(3), limits).is_none());
        drop(first);
        visitors.admit(address(1), limits).expect("room again");
        drop(other);
        assert_eq!(visitors.lock().len(), 1);
    }
}
