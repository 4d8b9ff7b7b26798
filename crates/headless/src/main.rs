//! `offhook-headless --profile DIR [--audio null | wav:IN,OUT | device[:MIC,SPEAKER[,RINGER]]] [--roots FILE] [--account FILE]
//! [--listen 127.0.0.1:PORT [--allow-origin ORIGIN]... [--stdio]]`: a phone on stdio or on WebSockets.

use std::path::Path;

use anyhow::{Context, anyhow};
use offhook_headless::{Arguments, ServeError, Work};
use offhook_model::Code;
use offhook_phone::{Config, asked_to_stop};

fn main() -> anyhow::Result<()> {
    offhook_phone::log_to_stderr();
    let Arguments {
        flags,
        account,
        listen,
        stdio,
    } = Arguments::parse(std::env::args_os().skip(1)).context("Reading the command line")?;
    let mut config = Config {
        profile: flags.profile.context("Which profile? Give --profile DIR")?,
        audio: flags.audio,
        roots: flags.roots,
    };
    let runtime = tokio::runtime::Runtime::new().context("Starting the runtime")?;
    let served = runtime.block_on(async {
        let work = match account {
            Some(path) => Some(read(&path).await?),
            None => None,
        };
        config.roots = config
            .roots
            .or_else(|| work.as_ref().and_then(|work| work.roots.clone()));
        let (input, output) = (stdio.then(tokio::io::stdin), tokio::io::stdout());
        offhook_headless::serve(config, work, listen, input, output, stop())
            .await
            .map_err(|error| match error {
                ServeError::Open(error) => anyhow!("{error} [{}]", name(error.code())),
                ServeError::Listen { .. } | ServeError::Token { .. } => error.into(),
            })
            .context("Opening the phone")
    });
    // A read of the standard input cannot be taken back: it must not keep the program from ending.
    runtime.shutdown_background();
    served
}

/// Reads the account file; a refusal ends with its stable code.
async fn read(path: &Path) -> anyhow::Result<Work> {
    let work = Work::read(path).await;
    work.map_err(|error| anyhow!("{error} [{}]", name(error.code())))
}

/// A code as it is written.
fn name(code: Code) -> String {
    let code = serde_json::to_value(code).unwrap_or_default();
    code.as_str().unwrap_or_default().to_owned()
}

/// Ready when the system or a person asks the program to end.
async fn stop() {
    match asked_to_stop() {
        Ok(asked) => asked.await,
        Err(error) => {
            tracing::debug!(%error, "Signals cannot be heard");
            std::future::pending::<()>().await;
        }
    }
}
