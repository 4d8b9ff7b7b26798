//! A call in the real window, from sign-in to the wrap-up at the centre, as an agent does it.

#![cfg(target_os = "linux")]

use anyhow::Result;
use e2e::{place::Place, play};

/// The window pops the customer's record, a notification shows, both hear each other through sound devices and neither hears
/// a muted other, and the wrap-up typed in is at the centre once, however often it is sent.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_takes_a_call_in_the_window() -> Result<()> {
    let place = Place::new("desktop")?;
    let summary = play::play(&place, &place.log("pictures"), |_| ()).await?;
    assert!(summary.holds(), "{summary:#?}");
    Ok(())
}
