//! A centre that sets a limit for wrap-ups: it is told, can be extended, and at its end the next call comes; nothing typed is lost.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    acceptance::shown,
    api::PracticeCall,
    desktop::Role,
    display::Display,
    headless::{Audio, Headless},
    place::eventually,
    window::{Opening, Window},
    work::{ANSWER, PATIENCE, SUMMARY, seconds},
    world::World,
};
use offhook_desk::{CallPhase, Command, DeskAction, NoticeKind, SavedState, WrapUpAction};
use offhook_model::{Activity, Code, FieldId, FieldValue, LegOutcome, Presence, Wall};
use std::time::Duration;

const LIMIT_SECONDS: u32 = 10;
/// In the window, where each look takes its time.
const LONG_LIMIT_SECONDS: u32 = 30;
const MORE_TIME: &[&str] = &["More time"];
/// A draft is put on the disk twice this long after its first keystroke, or later.
const TYPING: Duration = Duration::from_millis(50);
const CALL: PracticeCall<'static> = PracticeCall {
    number: "12800550142",
    display_name: None,
    voice: None,
    record: None,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_wrap_up_with_a_limit_is_extended_once_and_then_gives_way_to_the_next_call() -> Result<()>
{
    let world = World::with_wrap_ups_of("wrap-up-limit", LIMIT_SECONDS).await?;
    let mut lin = world.agent("lin", &Audio::Null).await?;
    let customer = world.administrator.call_in(&CALL).await?;
    let talked = lin.answer().await?;
    world.administrator.hang_up_customer(customer).await?;
    lin.does(Activity::WrapUp).await?;
    let first = ends_after(&lin, Wall(0)).await?;
    // The next customer waits until the wrap-up is over.
    world.administrator.call_in(&CALL).await?;
    lin.command(&Command::EditDraft {
        wrap_up: talked.wrap_up,
        field: FieldId::from("summary"),
        value: FieldValue::Text("half a sentence".into()),
    })
    .await?;

    lin.until("the draft on the disk", |view| {
        let form = view
            .wrap_ups
            .iter()
            .find(|form| form.id == talked.wrap_up)?;
        matches!(form.saved, SavedState::Saved { .. }).then_some(())
    })
    .await?;
    lin.command(&Command::ExtendWrapUp).await?;
    // Typing alone took longer than what phone and centre may see differently.
    let second = ends_after(&lin, first.plus(TYPING)).await?;

    let next = lin.call(CallPhase::Offered).await?;
    ensure!(next.call != talked.call);
    let view = lin.view().context("a view")?;
    let presence = view.presence.as_ref().context("a presence")?.confirmed;
    assert_eq!(presence.presence, Presence::Ready);
    assert!(!view.can.contains(&DeskAction::ExtendWrapUp));
    let told = view.notices.iter().map(|notice| &notice.about);
    assert!(told.clone().any(|about| *about == NoticeKind::WrapUpOver));
    assert!(
        told.clone()
            .all(|about| !matches!(about, NoticeKind::Failed { code } if *code != Code::KeyringUnavailable)),
        "{view:?}"
    );
    let form = view
        .wrap_ups
        .iter()
        .find(|form| form.id == talked.wrap_up)
        .context("the form")?;
    assert!(form.can.contains(&WrapUpAction::Submit));
    assert!(matches!(form.saved, SavedState::Saved { .. }), "{form:?}");

    let live = lin.answer().await?;
    let leg = world.legs_so_far(live.call).await?.pop();
    let offered = leg.context("the leg")?.offered_at;
    ensure!(offered >= second, "rung before the end: {offered:?}");
    println!("rung {:?} after the end", offered.since(second));
    lin.command(&Command::HangUp { leg: live.leg }).await?;
    assert_eq!(world.outcomes_of(live.call).await?, [LegOutcome::Connected]);
    shown(
        &[97],
        "phone: the wrap-up has an end that is told, extended once it ends later; then the phone is free with the reason and rings, \
         and the form that was being written is a saved draft that can be submitted",
        "centre: the waiting call's only leg was offered once the extended time was over, not once the first was, and connected",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_counts_down_gives_more_time_and_takes_nothing_from_who_types() -> Result<()> {
    let world = World::with_wrap_ups_of("window-wrap-up-limit", LONG_LIMIT_SECONDS).await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let window = world.desk(&display, "lin", Opening::silent("lin")).await?;
    let customer = world.customer_calls(CALL.number).await?;
    let talked = world.waits(customer).await?;
    window.click(Role::Button, ANSWER).await?;
    world.customer_is(customer, "connected").await?;
    world.administrator.hang_up_customer(customer).await?;
    window.find(Role::Button, &["Wrap-up, No calls"]).await?;
    let next = world.customer_calls(CALL.number).await?;
    let waiting = world.waits(next).await?;

    left(&window, 0..20).await?;
    window.click(Role::Button, MORE_TIME).await?;
    left(&window, 20..31).await?;
    window.picture_of("more-time").await?;
    window.click(Role::TextBox, SUMMARY).await?;
    window.keys("half a sent").await?;
    left(&window, 0..16).await?;
    window.picture_of("late").await?;

    // The caret stands in the form when its time is over, and the next call rings beside it.
    window
        .find_within(Role::Button, ANSWER, PATIENCE * 2)
        .await?;
    window.focuses(SUMMARY, PATIENCE).await?;
    window.keys("ence").await?;
    assert_eq!(window.value(SUMMARY).await?, "half a sentence");
    window.shows(&["Wrap-up time is over"], PATIENCE).await?;
    window.picture_of("over").await?;
    window.click(Role::Button, ANSWER).await?;
    world.customer_is(next, "connected").await?;
    let first = world.legs_so_far(talked).await?.pop().context("a leg")?;
    let second = world.legs_so_far(waiting).await?.pop().context("a leg")?;
    let after = second
        .offered_at
        .since(first.ended_at.context("the first is over")?);
    ensure!(
        after > Duration::from_secs(u64::from(LONG_LIMIT_SECONDS) + 5),
        "offered {after:?} after the first call, as if nothing had been extended"
    );
    shown(
        &[97, 38],
        "window: the wrap-up counts down, more time is given with a press, and at its end the next call rings while focus and words \
         stay in the form",
        "centre: the call that waited was offered when the extended time was over, and is connected",
    )?;
    window.close().await.map(drop)
}

/// Waits until so many seconds of the wrap-up are left, as the button for more says.
async fn left(window: &Window, expected: std::ops::Range<i64>) -> Result<()> {
    eventually("the countdown", PATIENCE * 2, async || {
        let says = window.read(Role::Button, MORE_TIME).await?;
        let figure = says.lines().next().context("a figure")?;
        let left = seconds(figure)?;
        ensure!(expected.contains(&left), "{left} s are left");
        Ok(())
    })
    .await
}

/// Waits for an end of the wrap-up that is later than this.
async fn ends_after(phone: &Headless, earliest: Wall) -> Result<Wall> {
    phone
        .until("a later end of the wrap-up", |view| {
            view.wrap_up_until.filter(|until| *until > earliest)
        })
        .await
}
