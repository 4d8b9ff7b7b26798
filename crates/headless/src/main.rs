//! `offhook-headless --profile DIR [--audio null | wav:IN,OUT | device[:MIC,SPEAKER[,RINGER]]]`: a phone on stdio.

use anyhow::Context;
use offhook_phone::{Config, Flags};

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
        asked_to_stop(),
    ));
    // A read of the standard input cannot be taken back: it must not keep the program from ending.
    runtime.shutdown_background();
    served.context("Opening the phone")
}

/// Ready when the system or a person asks the program to end.
async fn asked_to_stop() {
    if let Err(error) = signal().await {
        tracing::debug!(%error, "Signals cannot be heard");
        std::future::pending::<()>().await;
    }
}

#[cfg(unix)]
async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        pressed = tokio::signal::ctrl_c() => pressed,
    }
}

#[cfg(not(unix))]
async fn signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
