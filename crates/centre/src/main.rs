//! `offhook-centre`: the reference call centre as a program.

mod arguments;
mod signal;

use anyhow::Context;
use arguments::Arguments;
use offhook_centre::serve::Centre;
use std::io::Write;

fn main() -> anyhow::Result<()> {
    let arguments = match arguments::read(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Told plainly, without the frame of an error report: the user only mistyped.
            writeln!(
                std::io::stderr(),
                "offhook-centre: {error}\n\n{}",
                arguments::USAGE
            )?;
            std::process::exit(2);
        }
    };
    offhook_log::log_to_stderr();
    tokio::runtime::Runtime::new()
        .context("Starting the runtime")?
        .block_on(run(arguments))
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let asked = signal::asked_to_stop()?;
    let mut centre = Centre::start(arguments.options)
        .await
        .context("Starting the centre")?;
    if arguments.print_ready {
        let mut ready = serde_json::json!({
            "ready": true,
            "http": centre.base(),
            "sip": centre.sip.to_string(),
        });
        if let Some(sips) = centre.sips() {
            ready["sips"] = sips.into();
        }
        let mut out = std::io::stdout();
        writeln!(out, "{ready}").context("Saying ready")?;
        out.flush().context("Saying ready")?;
    }
    let failed = tokio::select! {
        () = asked => false,
        () = centre.failed() => true,
    };
    centre.stop().await;
    anyhow::ensure!(!failed, "the centre stopped by itself");
    Ok(())
}
