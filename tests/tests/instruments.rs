//! The instruments of the stories are themselves put to the test: what they say must be true without the product.

#![cfg(target_os = "linux")]

use anyhow::Result;
use e2e::{
    bus::Bus,
    display::Display,
    environment::Environment,
    nonce::{MUTED_DBFS, Nonce, loudest_dbfs},
    place::Place,
    process::Program,
    pulse::Pulse,
};
use std::time::Duration;

/// What is played into a party's speaker by a program of the system is found in its monitor, with its level; the other
/// party's speaker stays silent.
#[tokio::test(flavor = "multi_thread")]
async fn a_private_sound_server_carries_a_nonce() -> Result<()> {
    let place = Place::new("instruments-sound")?;
    let environment = Environment::private(&place)?;
    let pulse = Pulse::start(&place, &environment, &["agent", "customer"]).await?;
    let nonce = Nonce::draw();
    let wav = place.log("nonce.wav");
    nonce.sound().write(&wav)?;
    let (agent, customer) = (
        pulse.record(&place, "agent").await?,
        pulse.record(&place, "customer").await?,
    );
    Program::new("play", "paplay", &place, pulse.environment())
        .arg("--device=agent_spk")
        .arg(&wav)
        .start()?
        .success(Duration::from_secs(20))
        .await?;
    let heard = nonce.listen(&agent.sound())?;
    assert!(heard.is_enough() && heard.longest_gap_ms <= 20, "{heard:?}");
    let other = customer.sound();
    assert!(nonce.listen(&other)?.found < 0.1);
    assert!(loudest_dbfs(&other)? < MUTED_DBFS);
    Ok(())
}

/// A notification that any program asks for is seen with its words, and shown on the screen.
#[tokio::test(flavor = "multi_thread")]
async fn the_witness_sees_a_notification() -> Result<()> {
    let place = Place::new("instruments-bus")?;
    let environment = Environment::private(&place)?;
    let display = Display::start(&place, &environment).await?;
    let bus = Bus::start(&place, &display).await?;
    display.picture(&place, &place.log("before.png")).await?;
    let _asking = Program::new("dunstify", "dunstify", &place, bus.environment())
        .args([
            "--appname=story",
            "--action=default,Answer",
            "--timeout=20000",
        ])
        .args(["12800550142", "Li Lei"])
        .start()?;
    let seen = bus
        .notification("12800550142", Duration::from_secs(10))
        .await?;
    assert_eq!(seen.program, "story");
    assert_eq!(seen.body, "Li Lei");
    assert_eq!(seen.actions, ["Answer"]);
    Ok(())
}
