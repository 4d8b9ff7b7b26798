//! `cargo dev demo`: with a display, a practice centre and the desk to try it on; without one, or with `--play`, a whole call
//! that plays by itself and is measured.
#![allow(
    clippy::print_stdout,
    reason = "a demo talks to the person who started it"
)]

use anyhow::Result;

#[tokio::main]
async fn main() -> Result<()> {
    demo::run().await
}

#[cfg(target_os = "linux")]
mod demo {
    use anyhow::{Context, Result, ensure};
    use e2e::{
        place::{Place, build_dir},
        play, try_it,
    };
    use std::time::Instant;

    pub async fn run() -> Result<()> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        if let Some(unknown) = arguments.iter().find(|argument| *argument != "--play") {
            anyhow::bail!("unknown: {unknown}. `cargo dev demo [--play]`");
        }
        let display = ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
        tokio::select! {
            result = async {
                if display && arguments.is_empty() {
                    try_it::try_it(|step| println!("{step}")).await
                } else {
                    by_itself().await
                }
            } => result,
            // Whatever was started ends with what is dropped here.
            pressed = tokio::signal::ctrl_c() => pressed.context("Waiting for Ctrl C"),
        }
    }

    async fn by_itself() -> Result<()> {
        let begin = Instant::now();
        let out = build_dir()?.join("../demo");
        std::fs::create_dir_all(&out)?;
        let out = out.canonicalize()?;
        let place = Place::new("demo")?;
        let summary = play::play(&place, &out, |step| {
            println!("{:5.1} s  {step}", begin.elapsed().as_secs_f64());
        })
        .await?;
        println!("{}", serde_json::to_string_pretty(&summary)?);
        println!("{} s, see {}", begin.elapsed().as_secs(), out.display());
        ensure!(summary.holds(), "not all of it holds");
        Ok(())
    }
}

#[cfg(not(target_os = "linux"))]
mod demo {
    pub async fn run() -> anyhow::Result<()> {
        e2e::try_it::try_it(|step| println!("{step}")).await
    }
}
