//! The loop: a line in, a line out.

use std::future::Future;
use std::io;
use std::sync::Arc;

use offhook_desk::Command;
use offhook_model::Code;
use offhook_phone::{Config, OpenError, Phone, Shell};
use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader};
use tokio::sync::{Semaphore, mpsc};
use tracing::{debug, warn};

use crate::account::Work;
use crate::output::{self, Door};
use crate::rpc::{self, Call, Request, RpcError};

/// The longest line that is read; the rest of a longer one is passed over.
const LONGEST: usize = 1 << 20;
/// Queries under way; whoever asks more waits.
const QUERIES: usize = 32;

/// Opens a phone, goes to work with an account where one is given, and drives it by what comes in, until the input ends, the output breaks or `stop` is ready; then shuts the
/// phone down and returns.
///
/// # Errors
/// [`OpenError`] where the phone cannot be opened; nothing was written then.
pub async fn serve(
    config: Config,
    work: Option<Work>,
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Send + Unpin + 'static,
    stop: impl Future<Output = ()>,
) -> Result<(), OpenError> {
    let (door, outgoing, answers) = output::channels();
    let phone = offhook_phone::open(config, door.clone()).await?;
    door.publish(&phone.view());
    let mut writer = tokio::spawn(output::write(outgoing, output));
    let working = async {
        if let Some(work) = work {
            go_to_work(&phone, &door, work).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = read(&phone, answers, BufReader::new(input)) => {
            if let Err(error) = ended {
                warn!(%error, "The input broke");
            }
        }
        ended = &mut writer => debug!(?ended, "Nobody reads any more"),
        () = stop => debug!("Told to stop"),
        () = working => {}
    }
    phone.shut_down().await;
    // The last end of its channels: what is still to be said is said, then the writer ends.
    drop(door);
    if !writer.is_finished()
        && let Ok(Err(error)) = writer.await
    {
        debug!(%error, "The last words were not read");
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

/// Reads until the input ends. Commands go to the phone in their order; queries are answered as they come.
async fn read(
    phone: &Phone,
    answers: mpsc::Sender<String>,
    mut input: impl AsyncBufRead + Unpin,
) -> io::Result<()> {
    let queries = Arc::new(Semaphore::new(QUERIES));
    let mut line = Vec::new();
    while next_line(&mut input, &mut line).await? {
        let request = if line.len() > LONGEST {
            Err(RpcError::TOO_LONG)
        } else if line.trim_ascii().is_empty() {
            continue;
        } else {
            rpc::read(&line)
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

/// Reads one line without holding more than [`LONGEST`] bytes of it; one more tells that it was longer. False at the end.
async fn next_line(
    input: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
) -> io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let held = input.fill_buf().await?;
        if held.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = held.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(held.len(), |at| at + 1);
        let room = (LONGEST + 1).saturating_sub(line.len());
        line.extend_from_slice(&held[..end.unwrap_or(held.len()).min(room)]);
        input.consume(taken);
        if end.is_some() {
            return Ok(true);
        }
    }
}

async fn send(answers: &mpsc::Sender<String>, id: Option<Value>, outcome: Result<Value, RpcError>) {
    if let Some(id) = id {
        // Err: the writer is gone, and nobody listens any more.
        answers.send(rpc::answer(&id, outcome)).await.ok();
    }
}

fn to_value(value: &impl serde::Serialize) -> Result<Value, RpcError> {
    serde_json::to_value(value).map_err(|_| RpcError::refused(Code::Malformed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_that_is_too_long_is_passed_over_and_the_next_one_read() {
        let mut text = vec![b'x'; LONGEST + 5_000];
        text.extend_from_slice(b"\nnext\nlast");
        let mut input = BufReader::new(text.as_slice());
        let mut line = Vec::new();
        assert!(next_line(&mut input, &mut line).await.expect("a line"));
        assert_eq!(line.len(), LONGEST + 1);
        assert!(next_line(&mut input, &mut line).await.expect("a line"));
        assert_eq!(line, b"next");
        assert!(next_line(&mut input, &mut line).await.expect("a line"));
        assert_eq!(line, b"last");
        assert!(!next_line(&mut input, &mut line).await.expect("the end"));
    }
}
