//! A call that comes in, in the window, with sound: ringtone, card, answer, hold and retrieve, keypad, and both ways to end it.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    acceptance::shown,
    api::PracticeCall,
    desktop::Role,
    display::Display,
    nonce::Nonce,
    place::eventually,
    pulse::Recorder,
    talk::{Ear, voice},
    window::{Opening, Window},
    work::{
        ANSWER, DIAL, HANG_UP, HOLD, KEYPAD, PATIENCE, READY, RETRIEVE, START, TALK_TIME, WRAP_UP,
        seconds,
    },
    world::World,
};
use offhook_model::{CustomerCard, LegOutcome};
use std::time::{Duration, Instant};

const NUMBER: &str = "+14155550142";
const MENU: &str = "12000550200";
const NAME: &str = "Hannah Whitfield";

#[tokio::test(flavor = "multi_thread")]
async fn an_incoming_call_from_the_ring_to_the_wrap_up() -> Result<()> {
    let world = World::sounding("window-inbound", &["lin"]).await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let pulse = world.pulse()?;
    let opening = Opening::silent("lin").with_devices(pulse, "lin");
    let window = world.desk(&display, "lin", opening).await?;
    let (agent_nonce, customer_nonce) = (Nonce::draw(), Nonce::draw());
    let speaker = pulse.record(&world.place, "lin").await?;
    let _agent_speaks = pulse.speak(
        &world.place,
        "lin",
        &voice(&world.place, "lin", &agent_nonce)?,
    )?;
    let quiet = loudness(&speaker, Duration::from_secs(1)).await?;
    ensure!(
        quiet < -60.0,
        "before the call it is not quiet: {quiet:.0} dBFS"
    );

    let recording = world.place.log("customer-heard.wav");
    let customer = world
        .administrator
        .call_in(&PracticeCall {
            number: NUMBER,
            display_name: None,
            voice: Some(&voice(&world.place, "customer", &customer_nonce)?),
            record: Some(&recording),
        })
        .await?;
    let call = world.waits(customer).await?;
    window.find(Role::Button, ANSWER).await?;
    let ringing = loudness(&speaker, Duration::from_secs(3)).await?;
    ensure!(ringing > -40.0, "no ringtone: {ringing:.0} dBFS");
    world.legs_end(call, &[None]).await?;
    shown(
        &[41],
        "window: while it rings the ringtone comes out of the loudspeaker, which was silent before",
        "centre: the call is offered to the agent",
    )?;

    // The card, before answering.
    let cards = world.administrator.cards(NUMBER).await?;
    let [card] = cards.as_slice() else {
        anyhow::bail!("one card: {cards:?}");
    };
    ensure!(!card.calls.is_empty() && !card.tickets.is_empty());
    ensure!(card.records.iter().any(|record| record.link.is_some()));
    shows_card(&window, card).await?;
    window.picture_of("ringing").await?;
    for names in [HOLD, KEYPAD, HANG_UP, &["Mute"]] {
        window.withholds(Role::Button, names, PATIENCE).await?;
    }
    assert!(world.legs_so_far(call).await?[0].answered_at.is_none());
    shown(
        &[33, 34, 35, 36],
        "window: while it rings the profile is open with its past calls, tickets and other records (title, who, link), as the centre has them",
        "centre: the customer's card, read by the administrator, and a leg that is not answered yet",
    )?;

    let pressed = Instant::now();
    window.allows(Role::Button, ANSWER).await?;
    window.press("F2").await?;
    let first = seconds(&window.read(Role::Timer, TALK_TIME).await?)?;
    let most = i64::try_from(pressed.elapsed().as_secs())? + 1;
    ensure!((0..=most).contains(&first), "it began at {first}");
    for names in [HOLD, KEYPAD, HANG_UP, &["Mute"]] {
        window.allows(Role::Button, names).await?;
    }
    world.customer_is(customer, "connected").await?;
    window.picture_of("live").await?;
    shown(
        &[42, 46, 47],
        "window: F2 answers, the talk time begins at 0:00, Hold, Keypad, Mute and Hang up can be pressed and could not before",
        "centre: the customer is connected",
    )?;

    let customer_ear = Ear::file(&recording);
    let agent_ear = Ear::Device(speaker);
    tokio::try_join!(
        agent_ear.hears_again(&customer_nonce),
        customer_ear.hears_again(&agent_nonce)
    )
    .context("Both talk")?;

    window.press("F4").await?;
    window.allows(Role::Button, RETRIEVE).await?;
    window.shows(&["They hear the prompt"], PATIENCE).await?;
    let before = seconds(&window.read(Role::Timer, TALK_TIME).await?)?;
    let nonces = [&agent_nonce];
    tokio::try_join!(
        customer_ear.hears_only_the_prompt(&nonces),
        agent_ear.hears_nothing_of(&customer_nonce)
    )
    .context("On hold")?;
    let after = seconds(&window.read(Role::Timer, TALK_TIME).await?)?;
    let text = window.text().await?;
    let held = text.lines().skip_while(|line| *line != "held").nth(1);
    let held = match held {
        Some(figure) => seconds(figure)?,
        None => held_in(&text).context("no hold time")?,
    };
    ensure!(after > before && held > 0, "{before} {after} {held}");
    window.picture_of("held").await?;
    window.press("F4").await?;
    window.allows(Role::Button, HOLD).await?;
    tokio::try_join!(
        agent_ear.hears_again(&customer_nonce),
        customer_ear.hears_again(&agent_nonce)
    )
    .context("Retrieved")?;
    shown(
        &[66, 67, 68, 69],
        "window: F4 shows the call as held and the agent hears nothing of the customer; F4 again, and the customer is heard",
        "peer: the customer's recording holds the prompt alone, and after the retrieve the agent's voice",
    )?;

    for _ in 0..20 {
        window.press("F4").await?;
        window.allows(Role::Button, RETRIEVE).await?;
        window.press("F4").await?;
        window.allows(Role::Button, HOLD).await?;
    }
    // A double click is one press.
    window.double_click(Role::Button, HOLD).await?;
    window.allows(Role::Button, RETRIEVE).await?;
    customer_ear.hears_prompt().await?;
    window.double_click(Role::Button, RETRIEVE).await?;
    window.allows(Role::Button, HOLD).await?;
    tokio::try_join!(
        agent_ear.hears_again(&customer_nonce),
        customer_ear.hears_again(&agent_nonce)
    )
    .context("After twenty holds and double clicks")?;
    window.press("F4").await?;
    window.allows(Role::Button, RETRIEVE).await?;
    window.press("Shift+Escape").await?;
    window.find(Role::Button, WRAP_UP).await?;
    window.picture_of("hung-up-held").await?;
    world.customer_is(customer, "ended").await?;
    world.legs_end(call, &[Some(LegOutcome::Connected)]).await?;
    shown(
        &[49, 70],
        "window: on hold the talk time runs on and the hold time shows; 20 rounds by F4 and two double clicks end in a call where the customer is heard; Hang up while held leads to wrap-up",
        "peer: the customer hears the agent after the rounds, the prompt after a double click on Hold, the agent after one on Retrieve, and is hung up",
    )?;
    window.close().await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_hangs_up_first_leads_to_wrap_up_too() -> Result<()> {
    let world = World::silent("window-hung-up", 60).await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let window = world.desk(&display, "lin", Opening::silent("lin")).await?;
    let customer = world.customer_calls(NUMBER).await?;
    let call = world.waits(customer).await?;
    window.click(Role::Button, ANSWER).await?;
    window.allows(Role::Button, HANG_UP).await?;
    world.administrator.hang_up_customer(customer).await?;
    window.find(Role::Button, WRAP_UP).await?;
    window.shows(&["Customer hung up"], PATIENCE).await?;
    window.find(Role::Button, START).await?;
    window.picture_of("customer-hung-up").await?;
    world.legs_end(call, &[Some(LegOutcome::Connected)]).await?;
    // The agent hangs up, in a call that came in and in one of their own.
    window.click(Role::Button, START).await?;
    let second = world.customer_calls(NUMBER).await?;
    let next = world.waits(second).await?;
    window.click(Role::Button, ANSWER).await?;
    window.click(Role::Button, HANG_UP).await?;
    window.find(Role::Button, WRAP_UP).await?;
    window.shows(&["You hung up"], PATIENCE).await?;
    world.legs_end(next, &[Some(LegOutcome::Connected)]).await?;
    window.click(Role::Button, START).await?;
    window.find(Role::Button, READY).await?;
    window.press("Ctrl+D").await?;
    window.focuses(DIAL, PATIENCE).await?;
    window.keys(MENU).await?;
    window.press("Enter").await?;
    window.find(Role::Timer, TALK_TIME).await?;
    window.click(Role::Button, HANG_UP).await?;
    window.find(Role::Button, WRAP_UP).await?;
    let (outbound, _) = world.last_with(MENU).await?;
    world
        .legs_end(outbound, &[Some(LegOutcome::Connected)])
        .await?;
    shown(
        &[48, 49, 50, 90],
        "window: the customer hangs up, or the agent does, in or out: it says who, and is in wrap-up",
        "centre: the practice customer hung up the first; all three legs are over, connected",
    )?;
    window.close().await.map(drop)
}

/// Past calls, tickets and the other records, each with its own words.
async fn shows_card(window: &Window, card: &CustomerCard) -> Result<()> {
    window.find(Role::Region, &["Service history"]).await?;
    eventually("the card", PATIENCE, async || {
        let history = window.read(Role::Region, &["Service history"]).await?;
        let all = window.text().await?;
        ensure!(all.contains(NAME), "no name");
        let calls = card.calls.iter().map(|call| call.summary.clone());
        let tickets = card.tickets.iter().map(|ticket| ticket.title.clone());
        let records = card
            .records
            .iter()
            .flat_map(|record| {
                [
                    Some(record.title.clone()),
                    Some(record.by.clone()),
                    record.link.clone(),
                ]
            })
            .flatten();
        for words in calls.chain(tickets).chain(records) {
            ensure!(history.contains(&words), "no {words:?} in {history}");
        }
        Ok(())
    })
    .await
}

/// How loud the loudest of the next while is, in dBFS.
async fn loudness(speaker: &Recorder, length: Duration) -> Result<f64> {
    let from = speaker.position();
    eventually("the recording to go on", PATIENCE, async || {
        ensure!(speaker.position() >= from + length, "it stands");
        Ok(())
    })
    .await?;
    let sound = speaker.sound().window(from, from + length);
    let peak = sound
        .samples
        .iter()
        .fold(0.0_f32, |most, one| most.max(one.abs()));
    Ok(20.0 * f64::from(peak.max(1e-6)).log10())
}

/// The hold time in the facts of the call.
fn held_in(text: &str) -> Option<i64> {
    text.lines()
        .find_map(|line| line.strip_prefix("held "))
        .and_then(|figure| seconds(figure).ok())
}
