//! A WebSocket as a wire: one JSON object a message, text or binary.

use std::io;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::wire::{Ear, Heard, LONGEST, Mouth};

/// How much is read of one who was told to go.
const REST: u64 = 64 << 20;

/// How much may come at once.
pub(crate) fn bounds() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(LONGEST))
        .max_frame_size(Some(LONGEST))
}

/// Takes the two ends of a socket apart.
pub(crate) fn split(socket: WebSocketStream<TcpStream>) -> (SocketEar, SocketMouth) {
    let (mouth, ear) = socket.split();
    (SocketEar(ear), SocketMouth(mouth))
}

/// Hears messages. One that is too long is the last: what stands behind it cannot be found.
#[derive(Debug)]
pub(crate) struct SocketEar(SplitStream<WebSocketStream<TcpStream>>);

impl Ear for SocketEar {
    async fn next(&mut self) -> io::Result<Option<Heard>> {
        loop {
            let text = match self.0.next().await {
                None => return Ok(None),
                Some(Ok(Message::Text(text))) => text.as_bytes().to_vec(),
                Some(Ok(Message::Binary(bytes))) => bytes.to_vec(),
                Some(Ok(
                    Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_),
                )) => continue,
                Some(Err(Error::Capacity(_))) => return Ok(Some(Heard::TooLong)),
                Some(Err(Error::ConnectionClosed | Error::AlreadyClosed)) => return Ok(None),
                Some(Err(error)) => return Err(io::Error::other(error)),
            };
            if !text.trim_ascii().is_empty() {
                return Ok(Some(Heard::Said(text)));
            }
        }
    }
}

/// Says messages.
#[derive(Debug)]
pub(crate) struct SocketMouth(SplitSink<WebSocketStream<TcpStream>, Message>);

impl Mouth for SocketMouth {
    async fn say(&mut self, text: String) -> io::Result<()> {
        self.0
            .send(Message::text(text))
            .await
            .map_err(io::Error::other)
    }

    async fn close(&mut self) -> io::Result<()> {
        self.0
            .send(Message::Close(None))
            .await
            .map_err(io::Error::other)
    }
}

/// Parts in a way that the last words arrive: a socket that is dropped while something unread lies in it takes back what was
/// said last.
pub(crate) async fn part(ear: SocketEar, mouth: SocketMouth) {
    let Ok(mut socket) = ear.0.reunite(mouth.0) else {
        return;
    };
    let stream = socket.get_mut();
    // Err, in both: the other side has gone.
    stream.shutdown().await.ok();
    tokio::io::copy(&mut stream.take(REST), &mut tokio::io::sink())
        .await
        .ok();
}
