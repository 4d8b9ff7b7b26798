//! A proxy between the phone and the centre's API that lets everything through but wrap-ups: those it notes, step by step, and
//! holds where it was told to.

use super::{trigger::Trigger, wal::WalWatch};
use crate::tap::Sent;
use anyhow::{Context, Result, ensure};
use offhook_model::WrapUpId;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// What to do with wrap-ups.
#[derive(Debug, Clone, Default)]
pub enum Order {
    /// Let them through.
    #[default]
    Pass,
    /// Keep the request.
    HoldRequest,
    /// Arm the watch of the centre's database before the last byte is forwarded, then let it through.
    Arm(Arc<WalWatch>, Arc<Trigger>),
    /// Keep the answer, and pull the trigger when it is in hand.
    HoldAnswer(Arc<Trigger>),
    /// Pull the trigger when the answer has been passed on.
    PassAnswer(Arc<Trigger>),
}

/// One request with a wrap-up, and how far it came.
#[derive(Debug, Clone)]
pub struct Passage {
    /// Whose.
    pub wrap_up: WrapUpId,
    /// As it was sent; the body is complete once it is forwarded.
    pub sent: Sent,
    /// When its head was here.
    pub arrived: Instant,
    /// When the centre had all of it.
    pub forwarded: Option<Instant>,
    /// When the whole answer was here, and the answer.
    pub answered: Option<(Instant, Vec<u8>)>,
    /// When the answer was on its way to the phone.
    pub passed: Option<Instant>,
}

/// The proxy.
#[derive(Debug)]
pub struct Gate {
    /// The address to give to the phone in place of the centre's.
    pub base: String,
    inner: Arc<Inner>,
    /// Ends with the gate, and each connection with it.
    task: JoinSet<()>,
}

#[derive(Debug)]
struct Inner {
    target: String,
    order: watch::Sender<Order>,
    passages: Mutex<Vec<Passage>>,
    open: watch::Sender<usize>,
}

impl Gate {
    /// Stands before the centre at `http://host:port`.
    ///
    /// # Errors
    /// No port is free.
    pub async fn before(centre: &str) -> Result<Self> {
        let target = centre.strip_prefix("http://").context("plain HTTP")?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut gate = Self {
            base: format!("http://{}", listener.local_addr()?),
            inner: Arc::new(Inner {
                target: target.to_owned(),
                order: watch::Sender::default(),
                passages: Mutex::default(),
                open: watch::Sender::default(),
            }),
            task: JoinSet::new(),
        };
        gate.listen(listener);
        Ok(gate)
    }

    /// Says what to do with wrap-ups from now on. What is held is dropped, not passed on, as on a network that broke.
    pub fn order(&self, order: Order) {
        self.inner.order.send_replace(order);
    }

    /// Closes its port and every connection.
    pub async fn shut(&mut self) {
        self.task.shutdown().await;
        self.inner.open.send_replace(0);
    }

    /// Stands where it stood again.
    ///
    /// # Errors
    /// Somebody else has its port.
    pub async fn open(&mut self) -> Result<()> {
        if self.task.is_empty() {
            let address = self.base.trim_start_matches("http://");
            let listener = TcpListener::bind(address).await?;
            self.listen(listener);
        }
        Ok(())
    }

    /// Waits until everything that a phone which is gone had written was read.
    ///
    /// # Errors
    /// A connection stays open.
    pub async fn drained(&self) -> Result<()> {
        let mut open = self.inner.open.subscribe();
        tokio::time::timeout(Duration::from_secs(10), open.wait_for(|open| *open == 0))
            .await
            .context("a connection of a phone that is gone stays open")??;
        Ok(())
    }

    /// Lists the requests with this wrap-up, oldest first.
    #[must_use]
    pub fn passages(&self, wrap_up: WrapUpId) -> Vec<Passage> {
        let all = self.inner.passages();
        let of_it = all.iter().filter(|passage| passage.wrap_up == wrap_up);
        of_it.cloned().collect()
    }

    fn listen(&mut self, listener: TcpListener) {
        let inner = Arc::clone(&self.inner);
        self.task.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((phone, _)) = listener.accept().await {
                let inner = Arc::clone(&inner);
                inner.open.send_modify(|open| *open += 1);
                open.spawn(async move {
                    // A connection that fails here fails for the phone too, which is all it has to do.
                    drop(inner.serve(phone).await);
                    inner
                        .open
                        .send_modify(|open| *open = open.saturating_sub(1));
                });
                while open.try_join_next().is_some() {}
            }
        });
    }
}

impl Inner {
    fn passages(&self) -> MutexGuard<'_, Vec<Passage>> {
        self.passages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, at: usize, note: impl FnOnce(&mut Passage)) {
        self.passages().get_mut(at).map(note);
    }

    async fn serve(&self, mut phone: TcpStream) -> Result<()> {
        let mut centre = TcpStream::connect(&self.target).await?;
        // Each step is seen when it happens, not when the kernel finds it worth a packet.
        phone.set_nodelay(true)?;
        centre.set_nodelay(true)?;
        let mut from_phone = Vec::new();
        loop {
            let (mut sent, begins, length) = head(&mut phone, &mut from_phone).await?;
            let at = (sent.method == "PUT")
                .then(|| sent.path.strip_prefix("/v1/wrap-ups/")?.parse().ok())
                .flatten()
                .map(|wrap_up| self.arrived(wrap_up, sent.clone()));
            let request = body(&mut phone, &mut from_phone, begins + length).await?;
            if sent.path.starts_with("/v1/events") {
                centre.write_all(&request).await?;
                copy_bidirectional(&mut phone, &mut centre).await?;
                return Ok(());
            }
            sent.body = request[begins..].to_vec();
            match at {
                Some(at) => {
                    self.wrap_up(at, sent, &mut phone, &mut centre, &request)
                        .await?
                }
                None => {
                    centre.write_all(&request).await?;
                    let answer = answer(&mut centre).await?;
                    phone.write_all(&answer).await?;
                }
            }
        }
    }

    async fn wrap_up(
        &self,
        at: usize,
        sent: Sent,
        phone: &mut TcpStream,
        centre: &mut TcpStream,
        request: &[u8],
    ) -> Result<()> {
        let mut orders = self.order.subscribe();
        let order = orders.borrow_and_update().clone();
        self.note(at, |passage| passage.sent = sent);
        match &order {
            Order::HoldRequest => {
                // Err, and a new order: it breaks here.
                orders.changed().await.ok();
                anyhow::bail!("held back");
            }
            Order::Arm(watch, trigger) => watch.arm(trigger),
            Order::Pass | Order::HoldAnswer(_) | Order::PassAnswer(_) => {}
        }
        centre.write_all(request).await?;
        self.note(at, |passage| passage.forwarded = Some(Instant::now()));
        let answer = answer(centre).await?;
        self.note(at, |passage| {
            passage.answered = Some((Instant::now(), answer.clone()));
        });
        if let Order::HoldAnswer(trigger) = &order {
            trigger.pull();
            orders.changed().await.ok();
            anyhow::bail!("held back");
        }
        phone.write_all(&answer).await?;
        if let Order::PassAnswer(trigger) = &order {
            trigger.pull();
        }
        self.note(at, |passage| passage.passed = Some(Instant::now()));
        Ok(())
    }

    fn arrived(&self, wrap_up: WrapUpId, sent: Sent) -> usize {
        let mut passages = self.passages();
        passages.push(Passage {
            wrap_up,
            sent,
            arrived: Instant::now(),
            forwarded: None,
            answered: None,
            passed: None,
        });
        passages.len() - 1
    }
}

/// Reads until a head is whole.
async fn head(from: &mut TcpStream, bytes: &mut Vec<u8>) -> Result<(Sent, usize, usize)> {
    loop {
        if let Some(begun) = Sent::begin(bytes) {
            return Ok(begun);
        }
        more(from, bytes).await?;
    }
}

/// Reads until so many bytes are there, and takes them.
async fn body(from: &mut TcpStream, bytes: &mut Vec<u8>, whole: usize) -> Result<Vec<u8>> {
    while bytes.len() < whole {
        more(from, bytes).await?;
    }
    Ok(bytes.drain(..whole).collect())
}

async fn more(from: &mut TcpStream, bytes: &mut Vec<u8>) -> Result<()> {
    ensure!(from.read_buf(bytes).await? > 0, "the connection has ended");
    Ok(())
}

async fn answer(centre: &mut TcpStream) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let (_, begins, length) = head(centre, &mut bytes).await?;
    body(centre, &mut bytes, begins + length).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const ANSWER: &[u8] = b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}";

    /// A centre that gives one answer to everything, and a phone's connection to it through the gate.
    async fn wired(task: &mut JoinSet<Result<()>>) -> Result<(Gate, TcpStream)> {
        let centre = TcpListener::bind("127.0.0.1:0").await?;
        let gate = Gate::before(&format!("http://{}", centre.local_addr()?)).await?;
        task.spawn(async move {
            let (mut asked, _) = centre.accept().await?;
            loop {
                let mut bytes = Vec::new();
                let (_, begins, length) = head(&mut asked, &mut bytes).await?;
                body(&mut asked, &mut bytes, begins + length).await?;
                asked.write_all(ANSWER).await?;
            }
        });
        let phone = TcpStream::connect(gate.base.trim_start_matches("http://")).await?;
        Ok((gate, phone))
    }

    fn put(wrap_up: WrapUpId) -> Vec<u8> {
        let head = "HTTP/1.1\r\nIdempotency-Key: k\r\nContent-Length: 3\r\n\r\n";
        format!("PUT /v1/wrap-ups/{wrap_up} {head}[1]").into_bytes()
    }

    #[tokio::test]
    async fn what_goes_through_is_noted_step_by_step() -> Result<()> {
        let mut task = JoinSet::new();
        let (gate, mut phone) = wired(&mut task).await?;
        let wrap_up = WrapUpId(Uuid::from_u128(7));
        for _ in 0..2 {
            phone.write_all(&put(wrap_up)).await?;
            assert_eq!(answer(&mut phone).await?, ANSWER);
        }
        let passages = gate.passages(wrap_up);
        assert_eq!(passages.len(), 2);
        assert_eq!(passages[0].sent.header("idempotency-key"), Some("k"));
        assert_eq!(passages[0].sent.body, b"[1]");
        assert!(passages[0].forwarded.is_some());
        assert!(passages[0].passed.is_some());
        drop(phone);
        gate.drained().await
    }

    #[tokio::test]
    async fn an_answer_that_is_held_back_never_arrives() -> Result<()> {
        let mut task = JoinSet::new();
        let (gate, mut phone) = wired(&mut task).await?;
        let wrap_up = WrapUpId(Uuid::from_u128(8));
        let trigger = Arc::new(Trigger::on(&[], Duration::ZERO)?);
        gate.order(Order::HoldAnswer(Arc::clone(&trigger)));
        phone.write_all(&put(wrap_up)).await?;
        assert!(trigger.is_pulled(Duration::from_secs(10)).await);
        gate.order(Order::Pass);
        assert!(answer(&mut phone).await.is_err(), "it was passed on");
        let passages = gate.passages(wrap_up);
        assert!(passages[0].answered.is_some());
        assert!(passages[0].passed.is_none());
        Ok(())
    }
}
