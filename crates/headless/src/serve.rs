//! Opens the phone, lets the other sides in, and shuts the phone down.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use offhook_desk::Command;
use offhook_phone::{Config, OpenError, Phone, Shell};
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::account::Work;
use crate::client::Client;
use crate::door::Door;
use crate::lines::{LinesIn, LinesOut};
use crate::listener::{Listen, Listener};
use crate::rpc;
use crate::wire::Mouth;

/// Why no phone is served. Nothing was written then.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The phone cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The address is in use, or not this computer's.
    #[error("listening on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The token cannot be put into the profile folder.
    #[error("writing the token to {}: {source}", path.display())]
    Token {
        /// Where to.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The first thing that is said.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Ready {
    version: &'static str,
    /// Only on the standard output of a phone that listens.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    listening: Option<Listening>,
}

impl Ready {
    pub(crate) const fn new(listening: Option<Listening>) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            listening,
        }
    }
}

/// Where a phone listens, and where its token stands.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Listening {
    pub(crate) listening: SocketAddr,
    pub(crate) token_file: PathBuf,
}

/// Opens a phone, goes to work with an account where one is given, and drives it by what comes in, until the input ends, the
/// output breaks or `stop` is ready; then shuts the phone down and returns. Without an input `output` is told `ready` and no
/// more; those who come to `listen` come and go.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(
    config: Config,
    work: Option<Work>,
    listen: Option<Listen>,
    input: Option<impl AsyncRead + Send + Unpin>,
    output: impl AsyncWrite + Send + Unpin,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let profile = config.profile.clone();
    let door = Arc::new(Door::new());
    let phone = offhook_phone::open(config, door.clone()).await?;
    door.publish(&phone.view());
    let listener = match listen {
        None => None,
        Some(listen) => match Listener::open(listen, &profile).await {
            Ok(listener) => Some(listener),
            Err(error) => {
                phone.shut_down().await;
                return Err(error);
            }
        },
    };
    let ready = Ready::new(listener.as_ref().map(Listener::listening));
    let closing = CancellationToken::new();
    let visitors = listener
        .map(|listener| tokio::spawn(listener.run(phone.clone(), door.clone(), closing.clone())));
    let client = input.is_some().then(|| Client {
        phone: phone.clone(),
        news: door.news(),
        closing: closing.clone(),
        ends_the_phone: true,
    });
    let mut mouth = LinesOut(output);
    let said = async {
        match (client, input) {
            (Some(client), Some(input)) => {
                client
                    .serve(&ready, &mut LinesIn::new(input), &mut mouth)
                    .await;
            }
            (Some(_), None) | (None, Some(_)) | (None, None) => {
                if let Err(error) = mouth.say(rpc::notification("ready", &ready)).await {
                    debug!(%error, "Nobody reads where it listens");
                }
            }
        }
    };
    let run = async {
        let working = async {
            if let Some(work) = work {
                go_to_work(&phone, &door, work).await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = closing.cancelled() => {}
            () = stop => debug!("Told to stop"),
            () = working => {}
        }
        closing.cancel();
        phone.clone().shut_down().await;
        // The last end of its channels: what is still to be said is said.
        drop(door);
    };
    tokio::join!(said, run);
    if let Some(visitors) = visitors {
        visitors.await.ok();
    }
    Ok(())
}

/// Uses the account, and checks in where that is asked for. What goes wrong shows in the view.
async fn go_to_work(phone: &Phone, door: &Door, work: Work) {
    let account = work.account;
    // Err, here and below: the phone shuts down.
    phone.send(Command::UseAccount { account }).await.ok();
    if work.check_in && door.signed_in().await {
        phone.send(Command::CheckIn).await.ok();
    }
}
