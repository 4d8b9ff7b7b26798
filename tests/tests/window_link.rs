//! The window without its centre, and the window that is killed.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    acceptance::shown,
    api::Api,
    credentials::{Credentials, is_told, speak},
    desktop::Role,
    display::Display,
    place::eventually,
    tap::{Cut, Tap},
    window::{Language, Opening},
    work::{ANSWER, HANG_UP, PATIENCE, READY, START, SUMMARY, WRAP_UP, check_in},
    world::{CUSTOMER, World},
};
use offhook_model::{Activity, Code, Presence, PresenceReason, PresenceState};
use std::time::{Duration, Instant};

/// Longer than the 15 s between two heartbeats, and long enough for a busy machine to bring a window back.
const GRACE: u32 = 40;
/// Until a window has found its centre again: tries are up to 30 s apart.
const FOUND: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_nobody_confirms_is_marked_and_what_is_asked_for_comes_later() -> Result<()> {
    let world = World::silent("window-unconfirmed", 60).await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let mut tap = Tap::before(&world.centre.http).await?;
    let opening = Opening::silent("lin").in_language(Language::Chinese);
    let window = opening.open(&world.place, &display).await?;
    Credentials::of(&tap.base, "lin").are_typed(&window).await?;
    check_in(&window).await?;

    tap.cut_by(Cut::Reset).await;
    window.find(Role::Button, &["空闲, 未经服务端确认"]).await?;
    window.picture_of("unconfirmed").await?;
    window.press("Alt+2").await?;
    window
        .find(Role::Button, &["空闲, 服务端恢复后转为小休"])
        .await?;
    speak(&window, Language::English).await?;
    window
        .find(Role::Button, &["Ready, Break not sent yet"])
        .await?;
    window.picture_of("asked-for").await?;
    assert_eq!(stands(&world, &tap).await?.0.presence, Presence::Ready);

    tap.mend().await?;
    window
        .find_within(Role::Button, &["Break, No calls are offered"], FOUND)
        .await?;
    window.picture_of("so").await?;
    let (state, activity) = stands(&world, &tap).await?;
    let by_hand = (Presence::Break, PresenceReason::ByHand);
    assert_eq!((state.presence, state.reason), by_hand);
    assert_eq!(activity, Activity::Free);
    window.close().await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_is_killed_comes_back_to_its_wrap_up_and_the_last_sign_in_wins() -> Result<()>
{
    let mut world = World::silent("window-killed", 60).await?;
    world
        .centre
        .restart_with_grace(&world.place, &world.environment, GRACE)
        .await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let tap = Tap::before(&world.centre.http).await?;
    let mine = Credentials::of(&tap.base, "lin");
    let window = Opening::silent("lin").open(&world.place, &display).await?;
    mine.are_typed(&window).await?;
    check_in(&window).await?;
    let customer = world.customer_calls(CUSTOMER).await?;
    window.click(Role::Button, ANSWER).await?;
    window.find(Role::Button, HANG_UP).await?;
    world.administrator.hang_up_customer(customer).await?;
    window.find(Role::Button, WRAP_UP).await?;
    let text = "She asked for the invoice.";
    window.type_into(Role::TextBox, SUMMARY, text).await?;
    window.shows(&["Saved on this computer"], PATIENCE).await?;
    let profile = window.kill()?;

    let window = Opening::silent("again")
        .on_profile(profile)
        .open(&world.place, &display)
        .await?;
    mine.are_typed(&window).await?;
    window.find(Role::Button, WRAP_UP).await?;
    assert_eq!(window.value(SUMMARY).await?, text);
    window.picture_of("back-in-wrap-up").await?;
    let (state, activity) = stands(&world, &tap).await?;
    assert_eq!(
        (state.presence, activity),
        (Presence::Ready, Activity::WrapUp)
    );
    window.click(Role::Button, START).await?;
    window.find(Role::Button, READY).await?;

    let other = Opening::silent("other")
        .open(&world.place, &display)
        .await?;
    let since = Instant::now();
    mine.are_typed(&other).await?;
    other.find(Role::Button, READY).await?;
    is_told(&window, Code::SignedInElsewhere, since, PATIENCE).await?;
    window.picture_of("signed-in-elsewhere").await?;
    other.kill()?;
    let lost = (Presence::CheckedOut, PresenceReason::Lost);
    eventually("the check-out of who is lost", FOUND + FOUND, async || {
        let (state, _) = stands(&world, &tap).await?;
        ensure!((state.presence, state.reason) == lost, "{state:?}");
        Ok(())
    })
    .await?;
    let customer = world.customer_calls(CUSTOMER).await?;
    let call = world.waits(customer).await?;
    assert_eq!(world.legs_so_far(call).await?, []);
    shown(
        &[12],
        "window: killed in the wrap-up and started in time it is in it again, Ready, with all that was typed; signed in elsewhere \
         the earlier one says so, and the later one is Ready",
        "centre: the agent was Ready and in wrap-up all the time; when the later window is killed, too, the centre checks the agent \
         out as lost after the grace, and the next customer waits",
    )?;
    window.close().await.map(drop)
}

/// What the centre has of the agent, asked for in the newest session that came by the tap.
async fn stands(world: &World, tap: &Tap) -> Result<(PresenceState, Activity)> {
    eventually("what the centre has", PATIENCE, async || {
        let streams = tap.sent("GET", "/v1/events");
        let token = streams.last().context("a stream")?.header("authorization");
        let token = token.context("a token")?.trim_start_matches("Bearer ");
        ensure!(!token.is_empty(), "no token");
        Api::with_token(&world.centre.http, token)?.stands().await
    })
    .await
}
