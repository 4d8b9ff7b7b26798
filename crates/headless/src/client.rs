//! One other side: what it says goes to the phone, what the phone says goes to it.

use std::io;
use std::pin::pin;
use std::sync::Arc;

use offhook_model::Code;
use offhook_phone::Phone;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::door::News;
use crate::rpc::{self, Call, Request, RpcError};
use crate::wire::{Ear, Heard, Mouth};

/// Answers on their way; whoever asks more waits.
const ANSWERS: usize = 64;
/// Queries under way; whoever asks more waits.
const QUERIES: usize = 32;

/// One other side that has come.
pub(crate) struct Client {
    pub(crate) phone: Phone,
    pub(crate) news: News,
    /// Ready when the phone is to shut down.
    pub(crate) closing: CancellationToken,
    /// Whether the phone shuts down when this side goes.
    pub(crate) ends_the_phone: bool,
}

impl Client {
    /// Says `ready`, then serves until the other side goes or the phone is gone. What was asked before is answered.
    pub(crate) async fn serve(
        self,
        ready: &impl Serialize,
        ear: &mut impl Ear,
        mouth: &mut impl Mouth,
    ) {
        let Self {
            phone,
            news,
            closing,
            ends_the_phone,
        } = self;
        let (answers_in, answers) = mpsc::channel(ANSWERS);
        let mut speaking = pin!(speak(ready, answers, news, mouth));
        let spoken = tokio::select! {
            ended = hear(&phone, answers_in.clone(), ear) => {
                if let Err(error) = ended {
                    debug!(%error, "The input broke");
                }
                false
            }
            ended = &mut speaking => {
                debug!(?ended, "Nobody reads any more");
                true
            }
            () = closing.cancelled() => false,
        };
        if ends_the_phone {
            closing.cancel();
        }
        if spoken {
            return;
        }
        // Whoever ends the phone is shown its end; so is everybody who is there then.
        let last = closing.is_cancelled().then_some(answers_in);
        if let Err(error) = speaking.await {
            debug!(%error, "The last words were not read");
        }
        drop(last);
    }
}

/// Hears until the end. Commands go to the phone in their order; queries are answered as they come.
async fn hear(phone: &Phone, answers: mpsc::Sender<String>, ear: &mut impl Ear) -> io::Result<()> {
    let queries = Arc::new(Semaphore::new(QUERIES));
    while let Some(heard) = ear.next().await? {
        let request = match heard {
            Heard::Said(text) => rpc::read(&text),
            Heard::TooLong => Err(RpcError::TOO_LONG),
        };
        let (id, outcome) = match request {
            Err(error) => (Some(Value::Null), Err(error)),
            Ok(Request {
                id,
                call: Err(error),
            }) => (id, Err(error)),
            Ok(Request { id, call: Ok(call) }) => match call {
                Call::Command(command) => {
                    let sent = phone.send(command).await;
                    let outcome = sent.map(|()| Value::Null);
                    (id, outcome.map_err(|_| RpcError::refused(Code::NotNow)))
                }
                Call::View => (id, to_value(&phone.view())),
                Call::Query(query) => {
                    let Ok(permit) = queries.clone().acquire_owned().await else {
                        return Ok(());
                    };
                    let (phone, answers) = (phone.clone(), answers.clone());
                    tokio::spawn(async move {
                        let outcome = match phone.query(query).await {
                            Ok(answer) => to_value(&answer),
                            Err(code) => Err(RpcError::refused(code)),
                        };
                        send(&answers, id, outcome).await;
                        drop(permit);
                    });
                    continue;
                }
            },
        };
        send(&answers, id, outcome).await;
    }
    Ok(())
}

async fn send(answers: &mpsc::Sender<String>, id: Option<Value>, outcome: Result<Value, RpcError>) {
    if let Some(id) = id {
        // Err: the other side is gone, and nobody listens any more.
        answers.send(rpc::answer(&id, outcome)).await.ok();
    }
}

fn to_value(value: &impl Serialize) -> Result<Value, RpcError> {
    serde_json::to_value(value).map_err(|_| RpcError::refused(Code::Malformed))
}

/// Says `ready`, then whatever comes, until nobody can ask any more or the phone is gone.
async fn speak(
    ready: &impl Serialize,
    mut answers: mpsc::Receiver<String>,
    mut news: News,
    mouth: &mut impl Mouth,
) -> io::Result<()> {
    mouth.say(rpc::notification("ready", ready)).await?;
    loop {
        // In this order, so that the view that comes with an answer is the newest.
        let text = tokio::select! {
            biased;
            answer = answers.recv() => match answer {
                Some(answer) => answer,
                None => break,
            },
            said = news.next() => match said {
                Some(said) => said,
                None => break,
            },
        };
        mouth.say(text).await?;
    }
    answers.close();
    while let Some(answer) = answers.recv().await {
        mouth.say(answer).await?;
    }
    mouth.close().await
}
