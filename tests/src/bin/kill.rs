//! `cargo dev kill`: many rounds of `kill -9`, and the table.
#![allow(
    clippy::print_stdout,
    reason = "a command-line program speaks on its standard output"
)]

use anyhow::Result;

#[tokio::main]
async fn main() -> Result<()> {
    kill::run().await
}

#[cfg(target_os = "linux")]
mod kill {
    use anyhow::{Context, Result, bail, ensure};
    use e2e::killed::{Campaign, Moment, Plan, Tally};

    /// From so many rounds on each window has to be hit [`EACH`] times.
    const MANY: u32 = 200;
    const EACH: u32 = 20;

    pub async fn run() -> Result<()> {
        let plan = read(std::env::args().skip(1))?;
        let mut tally = Tally::new(plan.seed);
        let played = tokio::select! {
            played = play(plan, &mut tally) => played,
            // Whatever was started ends with what is dropped here.
            pressed = tokio::signal::ctrl_c() => pressed.context("Waiting for Ctrl C"),
        };
        println!("{tally}");
        played?;
        for moment in Moment::ALL {
            let hits = tally.hits(moment);
            ensure!(hits >= plan.each, "{moment}: only {hits} hits");
        }
        Ok(())
    }

    async fn play(plan: Plan, tally: &mut Tally) -> Result<()> {
        let mut campaign = Campaign::start("kill").await?;
        campaign
            .play(plan, tally, |round| println!("{round}"))
            .await?;
        campaign.finish().await
    }

    fn read(mut words: impl Iterator<Item = String>) -> Result<Plan> {
        let mut plan = Plan {
            rounds: 1_000,
            each: 0,
            glass: false,
            seed: u64::from(std::process::id()),
        };
        while let Some(word) = words.next() {
            if word == "--window" {
                plan.glass = true;
                continue;
            }
            let value = words.next().unwrap_or_default();
            match word.as_str() {
                "--rounds" => plan.rounds = value.parse().context("--rounds N")?,
                "--seed" => plan.seed = value.parse().context("--seed S")?,
                _ => bail!("unknown: {word}. `cargo dev kill [--window] [--rounds N] [--seed S]`"),
            }
        }
        if plan.rounds >= MANY && !plan.glass {
            plan.each = EACH;
        }
        Ok(plan)
    }
}

#[cfg(not(target_os = "linux"))]
mod kill {
    pub async fn run() -> anyhow::Result<()> {
        anyhow::bail!("processes are killed on Linux")
    }
}
