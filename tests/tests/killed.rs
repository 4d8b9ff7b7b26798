//! `kill -9` of the app, the centre and both, in each named window.

#![cfg(target_os = "linux")]
#![allow(
    clippy::print_stdout,
    reason = "what was hit, and how often, is counted in the output"
)]

use anyhow::{Result, ensure};
use e2e::killed::{Campaign, Moment, Plan, Tally};
use tokio::sync::Mutex;

/// How often each window is hit, in the phone without a window and in the real one, which takes seconds to open.
const EACH: u32 = 20;
const ON_GLASS: u32 = 1;

/// One campaign at a time: what a busy machine loses time over must not be another of them.
static TURN: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nothing_is_doubled_by_a_kill_at_any_moment() -> Result<()> {
    play("killed", EACH, false).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_in_the_real_window() -> Result<()> {
    play("killed-on-glass", ON_GLASS, true).await
}

async fn play(story: &str, each: u32, glass: bool) -> Result<()> {
    let _turn = TURN.lock().await;
    let plan = Plan {
        rounds: 0,
        each,
        glass,
        seed: 2026,
    };
    let mut campaign = Campaign::start(story).await?;
    let mut tally = Tally::new(plan.seed);
    let played = campaign.play(plan, &mut tally, |round| println!("{round}"));
    let played = played.await;
    println!("{tally}");
    played?;
    campaign.finish().await?;
    for moment in Moment::ALL {
        let hits = tally.hits(moment);
        ensure!(hits >= each, "{moment}: {hits} hits");
    }
    Ok(())
}
