//! A witness on the wire between a desk and its centre: passes every byte on and keeps what the desk sent, so that the very
//! request of the product can be sent again. It cuts them off as networks do; telephone and sound go another way.

use anyhow::{Context, Result};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// The witness.
#[derive(Debug)]
pub struct Tap {
    /// The address to give to the desk in place of the centre's.
    pub base: String,
    target: String,
    connections: Connections,
    way: watch::Sender<Way>,
    /// Ends with the tap, and each connection with it.
    task: JoinSet<()>,
}

type Connections = Arc<Mutex<Vec<Arc<Mutex<Vec<u8>>>>>>;

/// How a way is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The port and every connection are closed, as by a program that ended.
    Refused,
    /// Nothing arrives, either way, and nobody is told: a dead router. What was sent arrives once the way is mended.
    Silent,
    /// Each connection is reset, new ones at once: a firewall that has forgotten them.
    Reset,
}

/// What the connections do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    Silent,
    Reset,
}

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
    /// Reads the head of a request or an answer: where its body begins and how long it is. Nothing before the head is whole.
    pub(crate) fn begin(bytes: &[u8]) -> Option<(Self, usize, usize)> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.lines();
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (method, path) = (
            words.next().unwrap_or_default().to_owned(),
            words.next().unwrap_or_default().to_owned(),
        );
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let sent = Self {
            method,
            path,
            headers,
            body: Vec::new(),
        };
        let length = sent.header("content-length");
        let length = length.and_then(|value| value.parse().ok()).unwrap_or(0);
        Some((sent, end + 4, length))
    }

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
            way: watch::Sender::new(Way::Open),
            task: JoinSet::new(),
        };
        tap.listen(listener);
        Ok(tap)
    }

    /// Closes its port and every connection, as a centre does whose API is gone.
    pub async fn cut(&mut self) {
        self.task.shutdown().await;
    }

    /// Cuts the way in one of three ways.
    pub async fn cut_by(&mut self, how: Cut) {
        match how {
            Cut::Refused => self.cut().await,
            Cut::Silent => drop(self.way.send_replace(Way::Silent)),
            Cut::Reset => drop(self.way.send_replace(Way::Reset)),
        }
    }

    /// Stands again where it stood before it was cut.
    ///
    /// # Errors
    /// Somebody else has its port.
    pub async fn mend(&mut self) -> Result<()> {
        self.way.send_replace(Way::Open);
        if !self.task.is_empty() {
            return Ok(());
        }
        let address = self.base.trim_start_matches("http://");
        let listener = TcpListener::bind(address).await?;
        self.listen(listener);
        Ok(())
    }

    fn listen(&mut self, listener: TcpListener) {
        let (list, target) = (Arc::clone(&self.connections), self.target.clone());
        let way = self.way.subscribe();
        self.task.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((desk, _)) = listener.accept().await {
                let seen = Arc::<Mutex<Vec<u8>>>::default();
                list.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(Arc::clone(&seen));
                // A connection that fails here fails for the desk too, which is all it has to do.
                open.spawn(pass_on(desk, target.clone(), seen, way.clone()));
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

async fn pass_on(
    mut desk: TcpStream,
    target: String,
    seen: Arc<Mutex<Vec<u8>>>,
    way: watch::Receiver<Way>,
) -> Result<()> {
    let mut reset = way.clone();
    let passed = tokio::select! {
        passed = pass(&mut desk, target, seen, way) => passed,
        _ = reset.wait_for(|way| *way == Way::Reset) => Ok(desk.set_zero_linger()?),
    };
    drop(desk);
    passed
}

async fn pass(
    desk: &mut TcpStream,
    target: String,
    seen: Arc<Mutex<Vec<u8>>>,
    way: watch::Receiver<Way>,
) -> Result<()> {
    let mut open = way.clone();
    is_not_silent(&mut open).await?;
    let mut centre = TcpStream::connect(target).await?;
    let (from_desk, to_desk) = desk.split();
    let (from_centre, to_centre) = centre.split();
    let back = carry(from_centre, to_desk, way, |_| {});
    let forth = carry(from_desk, to_centre, open, |piece| {
        seen.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(piece);
    });
    tokio::try_join!(back, forth).map(drop)
}

/// Carries bytes one way, and holds them back while the way is silent.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut way: watch::Receiver<Way>,
    mut see: impl FnMut(&[u8]),
) -> Result<()> {
    let mut piece = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut piece).await?;
        is_not_silent(&mut way).await?;
        if read == 0 {
            return Ok(to.shutdown().await?);
        }
        see(&piece[..read]);
        to.write_all(&piece[..read]).await?;
    }
}

async fn is_not_silent(way: &mut watch::Receiver<Way>) -> Result<()> {
    way.wait_for(|way| *way != Way::Silent).await?;
    Ok(())
}

/// Reads the requests of one connection; one that is not whole yet is left out.
fn requests(mut bytes: &[u8]) -> Vec<Sent> {
    let mut all = Vec::new();
    while let Some((sent, begins, length)) = Sent::begin(bytes) {
        let Some(body) = bytes.get(begins..begins + length) else {
            break;
        };
        all.push(Sent {
            body: body.to_vec(),
            ..sent
        });
        bytes = &bytes[begins + length..];
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::ensure;
    use std::{io::ErrorKind, time::Duration};

    #[tokio::test]
    async fn a_way_is_silent_or_reset_until_it_is_mended() -> Result<()> {
        let centre = TcpListener::bind("127.0.0.1:0").await?;
        let mut tap = Tap::before(&format!("http://{}", centre.local_addr()?)).await?;
        let address = tap.base.trim_start_matches("http://").to_owned();
        let mut desk = TcpStream::connect(&address).await?;
        desk.write_all(b"one").await?;
        let (mut met, _) = centre.accept().await?;
        let mut three = [0; 3];
        met.read_exact(&mut three).await?;

        tap.cut_by(Cut::Silent).await;
        desk.write_all(b"two").await?;
        let mut late = TcpStream::connect(&address).await?;
        late.write_all(b"new").await?;
        let heard = tokio::time::timeout(Duration::from_millis(300), met.read_exact(&mut three));
        ensure!(heard.await.is_err(), "it is heard through a silent way");
        tap.mend().await?;
        met.read_exact(&mut three).await?;
        assert_eq!(&three, b"two");
        let (mut newer, _) = centre.accept().await?;
        newer.read_exact(&mut three).await?;
        assert_eq!(&three, b"new");

        tap.cut_by(Cut::Reset).await;
        let mut again = TcpStream::connect(&address).await?;
        for stream in [&mut desk, &mut late, &mut again] {
            let end = stream.read(&mut three).await;
            let reset = end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset);
            ensure!(reset, "it is not reset");
        }
        tap.mend().await?;
        TcpStream::connect(&address)
            .await?
            .write_all(b"end")
            .await?;
        let (mut newest, _) = centre.accept().await?;
        newest.read_exact(&mut three).await?;
        Ok(())
    }

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
