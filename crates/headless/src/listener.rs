//! WebSockets on this computer alone (RFC 6455): who comes shows the token of a file that only the phone's owner reads.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use offhook_phone::Phone;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use crate::client::Client;
use crate::door::Door;
use crate::gate::Gate;
use crate::private;
use crate::serve::{Listening, Ready, ServeError};
use crate::web_socket;

/// The name of the token's file in the profile folder.
const TOKEN_FILE: &str = "headless-token";
/// How many may be there at once; the next one waits.
const VISITORS: usize = 16;
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long the last words to one who goes may take.
const FAREWELL: Duration = Duration::from_secs(5);

/// Where to listen, and to which web pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// A loopback address; port 0 is any free one.
    pub address: SocketAddr,
    /// The origins of web pages that may come. Programs have none and always may.
    pub origins: Vec<String>,
}

/// A socket that listens, and the token that opens it. The token's file goes with it.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    gate: Arc<Gate>,
    token_file: PathBuf,
}

impl Listener {
    /// Listens, and writes a new token into the profile folder, which is this program's alone by now.
    pub(crate) async fn open(listen: Listen, profile: &Path) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Listen {
            address: listen.address,
            source,
        };
        let socket = TcpListener::bind(listen.address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let gate = Gate::new(address.port(), listen.origins);
        let folder = std::path::absolute(profile).unwrap_or_else(|_| profile.to_owned());
        let token_file = folder.join(TOKEN_FILE);
        private::write(&token_file, gate.token().expose().as_bytes()).map_err(|source| {
            ServeError::Token {
                path: token_file.clone(),
                source,
            }
        })?;
        Ok(Self {
            socket,
            address,
            gate: Arc::new(gate),
            token_file,
        })
    }

    pub(crate) fn listening(&self) -> Listening {
        Listening {
            listening: self.address,
            token_file: self.token_file.clone(),
        }
    }

    /// Lets them in until the phone shuts down, and waits for the last words to them.
    pub(crate) async fn run(self, phone: Phone, door: Arc<Door>, closing: CancellationToken) {
        let (seats, visits) = (Arc::new(Semaphore::new(VISITORS)), TaskTracker::new());
        loop {
            let (seat, stream) = tokio::select! {
                seated = self.next(&seats) => match seated {
                    Some(seated) => seated,
                    None => continue,
                },
                () = closing.cancelled() => break,
            };
            let client = Client {
                phone: phone.clone(),
                news: door.news(),
                closing: closing.clone(),
                ends_the_phone: false,
            };
            let gate = self.gate.clone();
            visits.spawn(async move {
                visit(stream, &gate, client).await;
                drop(seat);
            });
        }
        // Else the phone would never be gone for those who are there.
        drop((phone, door));
        visits.close();
        if timeout(FAREWELL, visits.wait()).await.is_err() {
            debug!("Somebody did not read the last words");
        }
    }

    async fn next(
        &self,
        seats: &Arc<Semaphore>,
    ) -> Option<(tokio::sync::OwnedSemaphorePermit, TcpStream)> {
        let seat = seats.clone().acquire_owned().await.ok()?;
        match self.socket.accept().await {
            Ok((stream, _)) => Some((seat, stream)),
            Err(error) => {
                warn!(%error, "Nobody can be let in");
                tokio::time::sleep(Duration::from_millis(100)).await;
                None
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Err: it is gone already; nobody could use it any more.
        std::fs::remove_file(&self.token_file).ok();
    }
}

/// One who comes, from the handshake to the end.
#[allow(
    clippy::result_large_err,
    reason = "the handshake's own types are returned as they are"
)]
async fn visit(stream: TcpStream, gate: &Gate, client: Client) {
    let asked = |request: &Request, response: Response| admit(gate, request, response);
    let handshake = accept_hdr_async_with_config(stream, asked, Some(web_socket::bounds()));
    let closing = client.closing.clone();
    let shaken = tokio::select! {
        shaken = timeout(HANDSHAKE, handshake) => shaken,
        () = closing.cancelled() => return,
    };
    let socket = match shaken {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => return debug!(%error, "A handshake failed"),
        Err(_) => return debug!("A handshake took too long"),
    };
    let (mut ear, mut mouth) = web_socket::split(socket);
    client.serve(&Ready::new(None), &mut ear, &mut mouth).await;
    if timeout(FAREWELL, web_socket::part(ear, mouth))
        .await
        .is_err()
    {
        debug!("One who was told to go did not");
    }
}

#[allow(
    clippy::result_large_err,
    reason = "the handshake's own types are returned as they are"
)]
fn admit(
    gate: &Gate,
    request: &Request,
    mut response: Response,
) -> Result<Response, ErrorResponse> {
    match gate.admit(request.headers()) {
        Ok(protocol) => {
            if let Some(protocol) = protocol {
                response
                    .headers_mut()
                    .insert("Sec-WebSocket-Protocol", protocol);
            }
            Ok(response)
        }
        Err(turned) => {
            warn!(%turned, "Somebody was turned away");
            let mut refusal = ErrorResponse::new(Some(turned.to_string()));
            *refusal.status_mut() = turned.status();
            Err(refusal)
        }
    }
}
