//! A witness on the wire between a desk and its centre: passes every byte on and keeps what the desk sent, so that the very
//! request of the product can be sent again.

use anyhow::{Context, Result};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// The witness.
#[derive(Debug)]
pub struct Tap {
    /// The address to give to the desk in place of the centre's.
    pub base: String,
    target: String,
    connections: Connections,
    /// Ends with the tap, and each connection with it.
    task: JoinSet<()>,
}

type Connections = Arc<Mutex<Vec<Arc<Mutex<Vec<u8>>>>>>;

/// One request as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// `PUT`.
    pub method: String,
    /// `/v1/wrap-ups/…`.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Sent {
    /// Gives a header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

impl Tap {
    /// Stands before the centre at `http://host:port`.
    ///
    /// # Errors
    /// No port is free.
    pub async fn before(centre: &str) -> Result<Self> {
        let target = centre
            .strip_prefix("http://")
            .context("the centre speaks plain HTTP on this machine")?
            .trim_end_matches('/')
            .to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut tap = Self {
            base: format!("http://{}", listener.local_addr()?),
            target,
            connections: Connections::default(),
            task: JoinSet::new(),
        };
        tap.listen(listener);
        Ok(tap)
    }

    /// Closes its port and every connection, as a centre does whose API is gone.
    pub async fn cut(&mut self) {
        self.task.shutdown().await;
    }

    /// Stands again where it stood before it was cut.
    ///
    /// # Errors
    /// Somebody else has its port.
    pub async fn mend(&mut self) -> Result<()> {
        let address = self.base.trim_start_matches("http://");
        let listener = TcpListener::bind(address).await?;
        self.listen(listener);
        Ok(())
    }

    fn listen(&mut self, listener: TcpListener) {
        let (list, target) = (Arc::clone(&self.connections), self.target.clone());
        self.task.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((desk, _)) = listener.accept().await {
                let seen = Arc::<Mutex<Vec<u8>>>::default();
                list.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(Arc::clone(&seen));
                // A connection that fails here fails for the desk too, which is all it has to do.
                open.spawn(pass_on(desk, target.clone(), seen));
                while open.try_join_next().is_some() {}
            }
        });
    }

    /// Lists what was sent with this method to a path that begins so, oldest first on each connection.
    #[must_use]
    pub fn sent(&self, method: &str, path: &str) -> Vec<Sent> {
        let connections = self
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        connections
            .iter()
            .flat_map(|bytes| requests(&bytes.lock().unwrap_or_else(PoisonError::into_inner)))
            .filter(|sent| sent.method == method && sent.path.starts_with(path))
            .collect()
    }
}

async fn pass_on(desk: TcpStream, target: String, seen: Arc<Mutex<Vec<u8>>>) -> Result<()> {
    let centre = TcpStream::connect(target).await?;
    let (mut from_desk, mut to_desk) = desk.into_split();
    let (mut from_centre, mut to_centre) = centre.into_split();
    let back = async {
        tokio::io::copy(&mut from_centre, &mut to_desk).await?;
        Ok(to_desk.shutdown().await?)
    };
    let forth = async {
        let mut piece = vec![0; 16 * 1024];
        loop {
            let read = from_desk.read(&mut piece).await?;
            if read == 0 {
                return Ok(to_centre.shutdown().await?);
            }
            seen.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend_from_slice(&piece[..read]);
            to_centre.write_all(&piece[..read]).await?;
        }
    };
    tokio::try_join!(back, forth).map(drop)
}

/// Reads the requests of one connection; one that is not whole yet is left out.
fn requests(mut bytes: &[u8]) -> Vec<Sent> {
    let mut all = Vec::new();
    while let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.lines();
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (method, path) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let length = headers
            .iter()
            .find(|(name, _)| name == "content-length")
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(0usize);
        let Some(body) = bytes.get(end + 4..end + 4 + length) else {
            break;
        };
        all.push(Sent {
            method: method.to_owned(),
            path: path.to_owned(),
            headers,
            body: body.to_vec(),
        });
        bytes = &bytes[end + 4 + length..];
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_of_one_connection_are_told_apart() {
        let wire = b"GET /v1/legs HTTP/1.1\r\nHost: a\r\n\r\nPUT /v1/wrap-ups/7 HTTP/1.1\r\nIdempotency-Key: k\r\nContent-Length: 2\r\n\r\n{}PUT /x HTTP/1.1\r\ncontent-length: 9\r\n\r\nhalf";
        let all = requests(wire);
        assert_eq!(all.len(), 2);
        assert_eq!(all[1].path, "/v1/wrap-ups/7");
        assert_eq!(all[1].header("idempotency-key"), Some("k"));
        assert_eq!(all[1].body, b"{}");
    }
}
