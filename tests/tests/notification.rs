//! 提示窗: the desktop notification of a ringing call answers, declines and raises the window, and goes when it rings no more.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    acceptance::shown,
    api::PracticeCall,
    credentials::Credentials,
    desktop::Role,
    display::Display,
    place::eventually,
    window::{Language, Opening, Window},
    world::World,
};
use offhook_model::{LegOutcome, LegRecord};
use std::time::Duration;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(20);
/// What the title of the first sample agent's window holds, and of the second one's.
const LIN: &str = "林晓峰";
const ZHOU: &str = "周启明";

#[tokio::test(flavor = "multi_thread")]
async fn its_actions_answer_and_decline_while_the_window_is_minimised() -> Result<()> {
    let world = World::silent("notification-actions", 30).await?;
    let (place, administrator) = (&world.place, &world.administrator);
    let display = Display::start(place, &world.environment).await?;
    let window = Opening::silent("lin").open(place, &display).await?;
    ready(&world, &window, "lin", "Calls ring at once").await?;

    display.minimise(place, LIN).await?;
    let customer = calls(&world, "12800550142").await?;
    let shows = window.bus.notification("12800550142", PATIENCE).await?;
    ensure!(shows.actions == ["Open", "Answer", "Decline"], "{shows:?}");
    ensure!(shows.body == "Incoming call · After-sales", "{shows:?}");
    window.notifications_stand(1, PATIENCE).await?;
    window.choose_on_notification("Answer").await?;
    stands(&world, customer, "connected").await?;
    window.find(Role::Button, &["Mute"]).await?;
    in_front(&world, &display, LIN).await?;
    window.notifications_stand(0, PATIENCE).await?;
    administrator.hang_up_customer(customer).await?;
    ended(&world, "12800550142", LegOutcome::Connected).await?;
    window.click(Role::Button, &["Start answering"]).await?;
    window.shows(&["Calls ring at once"], PATIENCE).await?;

    display.minimise(place, LIN).await?;
    let customer = calls(&world, "12700550119").await?;
    window.bus.notification("12700550119", PATIENCE).await?;
    window.notifications_stand(1, PATIENCE).await?;
    window.choose_on_notification("Decline").await?;
    ended(&world, "12700550119", LegOutcome::Declined).await?;
    window.notifications_stand(0, PATIENCE).await?;
    window
        .shows(&["Set after a declined call"], PATIENCE)
        .await?;
    stands(&world, customer, "waiting").await?;
    ensure!(
        display.is_in_front(place, LIN).await.is_err(),
        "a declined call brings the window up"
    );
    shown(
        &[43, 44, 45],
        "window: minimised, its notification has Answer, which brings it to the front with the call live, and Decline, which leaves it where it is, on Break",
        "centre: the first leg is connected; the second is declined, and its customer waits in the queue",
    )?;
    shown(
        &[27],
        "window: declined on the notification, it says Break, set after a declined call",
        "centre: the leg is recorded as declined, and its customer is back in the queue",
    )?;
    window.close().await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_with_the_ringing_and_brings_the_window_from_behind_another() -> Result<()> {
    let world = World::silent("notification-goes", 30).await?;
    let place = &world.place;
    let display = Display::start(place, &world.environment).await?;
    let opening = Opening::silent("lin").in_language(Language::Chinese);
    let window = opening.open(place, &display).await?;
    ready(&world, &window, "lin", "来电将直接振铃").await?;
    let other = Opening::silent("zhou").open(place, &display).await?;
    let theirs = Credentials::of(&world.centre.http, "zhou");
    theirs.are_typed(&other).await?;
    other.find(Role::Button, &["Check in"]).await?;

    display.bring_to_front(place, ZHOU).await?;
    in_front(&world, &display, ZHOU).await?;
    let customer = calls(&world, "12800550142").await?;
    let shows = window.bus.notification("12800550142", PATIENCE).await?;
    ensure!(shows.actions == ["打开", "接听", "拒接"], "{shows:?}");
    ensure!(shows.body == "来电 · 售后服务", "{shows:?}");
    window.notifications_stand(1, PATIENCE).await?;
    in_front(&world, &display, ZHOU).await?;
    window.press_notification().await?;
    in_front(&world, &display, LIN).await?;
    window.find(Role::Button, &["接听"]).await?;
    world.administrator.hang_up_customer(customer).await?;
    ended(&world, "12800550142", LegOutcome::AbandonedWhileRinging).await?;
    window.notifications_stand(0, PATIENCE).await?;

    let customer = calls(&world, "12700550119").await?;
    window.bus.notification("12700550119", PATIENCE).await?;
    window.notifications_stand(1, PATIENCE).await?;
    window.click(Role::Button, &["接听"]).await?;
    stands(&world, customer, "connected").await?;
    window.notifications_stand(0, PATIENCE).await?;
    shown(
        &[43, 44, 45],
        "window: behind another one, a press on its notification brings it to the front with Answer; the notification goes when the caller leaves, and when the call is answered in the window",
        "centre: the first leg is abandoned while ringing, the second caller is connected",
    )?;
    other.close().await?;
    window.close().await.map(drop)
}

async fn ready(world: &World, window: &Window, username: &str, says: &str) -> Result<()> {
    let mine = Credentials::of(&world.centre.http, username);
    mine.are_typed(window).await?;
    window.click(Role::Button, &["Check in", "签入"]).await?;
    window.shows(&[says], PATIENCE).await.map(drop)
}

async fn calls(world: &World, number: &str) -> Result<Uuid> {
    world
        .administrator
        .call_in(&PracticeCall {
            number,
            display_name: None,
            voice: None,
            record: None,
        })
        .await
}

async fn in_front(world: &World, display: &Display, title: &str) -> Result<()> {
    eventually(&format!("{title} in front"), PATIENCE, async || {
        display.is_in_front(&world.place, title).await
    })
    .await
}

/// Waits until the customer's call is this far at the centre.
async fn stands(world: &World, customer: Uuid, stage: &str) -> Result<()> {
    eventually(&format!("the customer {stage}"), PATIENCE, async || {
        let state = world.administrator.practice_state(customer).await?;
        ensure!(state.stage == stage, "it is {}", state.stage);
        Ok(())
    })
    .await
}

/// Waits until the centre has the leg with this number on record with this outcome.
async fn ended(world: &World, number: &str, outcome: LegOutcome) -> Result<LegRecord> {
    eventually(&format!("the leg {outcome:?}"), PATIENCE, async || {
        let calls = world.administrator.calls().await?;
        let legs = calls.into_iter().flat_map(|call| call.legs);
        let leg = legs
            .map(|(_, leg)| leg)
            .find(|leg| {
                let known = leg.number.as_ref();
                known.is_some_and(|known| known.as_str() == number)
            })
            .context("it is not on record")?;
        ensure!(leg.outcome == Some(outcome), "it is {:?}", leg.outcome);
        Ok(leg)
    })
    .await
}
