//! Somebody on the way of a TCP connection, who passes every byte on and keeps all of them, in both directions.

use anyhow::{Result, ensure};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// The eavesdropper. Its connections end with it.
#[derive(Debug)]
pub struct Eavesdropper {
    /// The port of 127.0.0.1 to connect to in place of the server's.
    pub port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
    _task: JoinSet<()>,
}

impl Eavesdropper {
    /// Stands before the server at this port of 127.0.0.1.
    ///
    /// # Errors
    /// No port is free.
    pub async fn before(server: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let heard = Arc::<Mutex<Vec<u8>>>::default();
        let kept = Arc::clone(&heard);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                // A connection that fails here fails for both sides, which is all it has to do.
                open.spawn(between(client, server, Arc::clone(&kept)));
                while open.try_join_next().is_some() {}
            }
        });
        Ok(Self {
            port,
            heard,
            _task: task,
        })
    }

    /// Tells how often these bytes were heard, on any connection.
    #[must_use]
    pub fn heard(&self, words: &str) -> usize {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard
            .windows(words.len())
            .filter(|window| *window == words.as_bytes())
            .count()
    }

    /// Makes sure that something passed, and none of these words.
    ///
    /// # Errors
    /// Nothing passed at all, or one of them did.
    pub fn heard_none_of(&self, words: &[&str]) -> Result<()> {
        let size = self
            .heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len();
        ensure!(size > 2000, "only {size} bytes passed");
        for word in words {
            ensure!(self.heard(word) == 0, "{word:?} passed in clear");
        }
        Ok(())
    }
}

async fn between(client: TcpStream, server: u16, heard: Arc<Mutex<Vec<u8>>>) -> Result<()> {
    let server = TcpStream::connect(("127.0.0.1", server)).await?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::try_join!(
        pass_on(from_client, to_server, &heard),
        pass_on(from_server, to_client, &heard)
    )
    .map(drop)
}

async fn pass_on(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    heard: &Mutex<Vec<u8>>,
) -> Result<()> {
    let mut piece = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut piece).await?;
        if read == 0 {
            return Ok(to.shutdown().await?);
        }
        heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(&piece[..read]);
        to.write_all(&piece[..read]).await?;
    }
}
