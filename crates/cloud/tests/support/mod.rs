//! A centre of canned answers, over real sockets on this computer.

// Each test file uses its own part of this.
#![allow(dead_code)]

use offhook_cloud::{Cloud, Options, Session};
use offhook_model::Secret;
use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

pub const TOKEN: &str = "token-7f3a";

/// One thing the centre does with a connection after it has read the request.
pub enum Step {
    Send(Vec<u8>),
    Wait(Duration),
    /// Says nothing more, and keeps the connection.
    Hold,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Request {
    pub line: String,
    pub head: String,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

pub struct Centre {
    pub base: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Centre {
    pub async fn open(script: impl Fn(&Request) -> Vec<Step> + Send + Sync + 'static) -> Self {
        Self::listen(None, script).await
    }

    pub async fn open_tls(
        tls: TlsAcceptor,
        script: impl Fn(&Request) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        Self::listen(Some(tls), script).await
    }

    async fn listen(
        tls: Option<TlsAcceptor>,
        script: impl Fn(&Request) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (script, log) = (Arc::new(script), Arc::clone(&seen));
        let scheme = if tls.is_some() { "https" } else { "http" };
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (tls, script, log) = (tls.clone(), Arc::clone(&script), Arc::clone(&log));
                tokio::spawn(async move {
                    // Err: the client broke off, which is what many of these tests make it do.
                    serve(socket, tls, script, log).await.ok();
                });
            }
        });
        Self {
            base: format!("{scheme}://{address}"),
            seen,
        }
    }

    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().expect("no test panics in here").clone()
    }

    pub fn session(&self) -> Session {
        self.cloud().session(Secret::new(TOKEN))
    }

    /// A session that soon gives up.
    pub fn hasty_session(&self) -> Session {
        Cloud::with_options(&self.base, None, hasty())
            .expect("an address")
            .session(Secret::new(TOKEN))
    }

    pub fn cloud(&self) -> Cloud {
        Cloud::with_options(&self.base, None, patient()).expect("an address")
    }
}

/// For tests that wait for something else than a time-out, on a computer that may be busy.
pub fn patient() -> Options {
    Options {
        connect: Duration::from_secs(60),
        answer: Duration::from_secs(60),
        silence: Duration::from_secs(60),
    }
}

/// For tests that wait for a time-out.
pub fn hasty() -> Options {
    Options {
        connect: Duration::from_millis(400),
        answer: Duration::from_millis(400),
        silence: Duration::from_millis(400),
    }
}

async fn serve(
    socket: TcpStream,
    tls: Option<TlsAcceptor>,
    script: Arc<impl Fn(&Request) -> Vec<Step>>,
    log: Arc<Mutex<Vec<Request>>>,
) -> io::Result<()> {
    match tls {
        Some(tls) => converse(tls.accept(socket).await?, script, log).await,
        None => converse(socket, script, log).await,
    }
}

async fn converse(
    mut socket: impl AsyncRead + AsyncWrite + Unpin,
    script: Arc<impl Fn(&Request) -> Vec<Step>>,
    log: Arc<Mutex<Vec<Request>>>,
) -> io::Result<()> {
    let request = read(&mut socket).await?;
    let steps = script(&request);
    log.lock().expect("no test panics in here").push(request);
    for step in steps {
        match step {
            Step::Send(bytes) => {
                socket.write_all(&bytes).await?;
                socket.flush().await?;
            }
            Step::Wait(time) => tokio::time::sleep(time).await,
            Step::Hold => std::future::pending::<()>().await,
        }
    }
    socket.shutdown().await
}

async fn read(socket: &mut (impl AsyncRead + Unpin)) -> io::Result<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if socket.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut request = Request {
        line: head.lines().next().unwrap_or_default().to_owned(),
        head,
        body: bytes.split_off(end),
    };
    let length: usize = request
        .header("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    while request.body.len() < length {
        if socket.read_buf(&mut request.body).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(request)
}

pub fn answer(status: &str, kind: &str, body: &str) -> Vec<Step> {
    answer_with(status, &format!("Content-Type: {kind}\r\n"), body)
}

pub fn answer_with(status: &str, headers: &str, body: &str) -> Vec<Step> {
    vec![Step::Send(
        format!(
            "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .into_bytes(),
    )]
}

pub fn json(status: &str, body: &str) -> Vec<Step> {
    answer(status, "application/json", body)
}

pub fn problem(status: &str, body: &str) -> Vec<Step> {
    answer(status, "application/problem+json", body)
}
