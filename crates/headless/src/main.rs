//! `offhook-headless --profile DIR [--audio null | wav:IN,OUT | device[:MIC,SPEAKER[,RINGER]]]`: a phone on stdio.

use anyhow::Context;
use offhook_phone::{Config, Flags, asked_to_stop};

fn main() -> anyhow::Result<()> {
    offhook_phone::log_to_stderr();
    let flags = Flags::parse(std::env::args_os().skip(1)).context("Reading the command line")?;
    let config = Config {
        profile: flags.profile.context("Which profile? Give --profile DIR")?,
        audio: flags.audio,
    };
    let runtime = tokio::runtime::Runtime::new().context("Starting the runtime")?;
    let served = runtime.block_on(offhook_headless::serve(
        config,
        tokio::io::stdin(),
        tokio::io::stdout(),
        stop(),
    ));
    // A read of the standard input cannot be taken back: it must not keep the program from ending.
    runtime.shutdown_background();
    served.context("Opening the phone")
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
