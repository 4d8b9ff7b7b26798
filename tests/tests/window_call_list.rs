//! The call list in the window: its filters, its rows and the details of one, by mouse and by keyboard.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    acceptance::shown,
    call_list::{CallList, Drawer, begins_with, rows},
    desktop::Role,
    display::Display,
    place::eventually,
    window::{Language, Opening},
    work::{ANSWER, DECLINE, DIAL, PATIENCE, READY, START, TALK_TIME, WRAP_UP},
    world::World,
};
use offhook_model::{LegOutcome, LegRecord};

const CUSTOMER: &str = "12800550142";
const LEAVER: &str = "12900550167";
const DETAILS: &[&str] = &["通话详情"];
const WITH: &[&str] = &["与该客户的通话"];

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_holds_its_own_calls_and_the_details_of_each() -> Result<()> {
    let world = World::silent("window-call-list", 60).await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let opening = Opening::silent("lin").in_language(Language::Chinese);
    let window = world.desk(&display, "lin", opening).await?;

    // Declined, abandoned, busy outside, and one talked.
    let customer = world.customer_calls(CUSTOMER).await?;
    let call = world.waits(customer).await?;
    window.click(Role::Button, DECLINE).await?;
    world.legs_end(call, &[Some(LegOutcome::Declined)]).await?;
    world.administrator.hang_up_customer(customer).await?;
    window.click(Role::Button, &["回到空闲"]).await?;
    window.find(Role::Button, READY).await?;
    let leaver = world.customer_calls(LEAVER).await?;
    let left = world.waits(leaver).await?;
    window.find(Role::Button, ANSWER).await?;
    world.administrator.hang_up_customer(leaver).await?;
    world
        .legs_end(left, &[Some(LegOutcome::AbandonedWhileRinging)])
        .await?;
    window.find(Role::Button, READY).await?;
    window.press("Ctrl+D").await?;
    window.focuses(DIAL, PATIENCE).await?;
    window.keys("12000550486").await?;
    window.press("Enter").await?;
    window.find(Role::Button, WRAP_UP).await?;
    window.click(Role::Button, START).await?;
    window.find(Role::Button, READY).await?;
    let talker = world.customer_calls(CUSTOMER).await?;
    let talked = world.waits(talker).await?;
    window.click(Role::Button, ANSWER).await?;
    window.find(Role::Timer, TALK_TIME).await?;
    window.press("Shift+Escape").await?;
    window.find(Role::Button, WRAP_UP).await?;

    // The finished call is the first row at once.
    window.click(Role::Button, &["通话列表"]).await?;
    begins_with(&window, &["陈雨桐", "128 0055 0142", "正常"]).await?;
    window.picture_of("list").await?;
    let list = CallList::read(&window).await?;
    ensure!(list.rows(Drawer::Missed).len() >= 2, "{list:?}");

    // By keyboard: the filters' arrows, into the rows, down and up.
    window.click(Role::Radio, &["全部"]).await?;
    window.press("Right").await?;
    let normal = list.rows(Drawer::Normal);
    eventually("the next filter", PATIENCE, async || {
        ensure!(rows(&window).await? == normal, "not yet");
        Ok(())
    })
    .await?;
    window.press("Left").await?;
    window.press("Tab").await?;
    window.press("Enter").await?;
    let of_it = world.legs_so_far(talked).await?.pop().context("a leg")?;
    details(&world, &window, &of_it).await?;
    window.picture_of("details").await?;
    window.allows(Role::Button, &["播放"]).await?;
    window.press("Down").await?;
    eventually("the row below", PATIENCE, async || {
        let text = window.read(Role::Region, DETAILS).await?;
        ensure!(
            text.contains("120 0055 0486") && text.contains("忙线"),
            "{text}"
        );
        Ok(())
    })
    .await?;
    window.shows(&["没有通话，没有录音"], PATIENCE).await?;
    window.withholds(Role::Button, &["播放"], PATIENCE).await?;
    window.press("Down").await?;
    let abandoned = world.legs_so_far(left).await?.pop().context("a leg")?;
    details(&world, &window, &abandoned).await?;
    window.press("Up").await?;
    window.press("Up").await?;
    details(&world, &window, &of_it).await?;
    shown(
        &[5, 108, 109],
        "window: by keyboard alone a row brings its details, number, line, times and result, and the earlier calls with that customer",
        "centre: the leg and the customer's past calls, read by the administrator, are those shown",
    )?;

    let legs = list.agrees(&world, "lin", Language::Chinese).await?;
    let newest = legs.first().context("a leg")?;
    assert_eq!(newest.call, talked);
    let week = 7 * 24 * 3_600_000;
    ensure!(
        legs.iter()
            .all(|leg| newest.offered_at.0 - leg.offered_at.0 <= week)
    );
    shown(
        &[105, 106, 107],
        "window: the four filters hold exactly their own rows, newest first, with direction, name, number, result and length; the call just over is the first",
        "centre: the agent's own legs of seven days, by outcome, are exactly these",
    )?;
    window.close().await.map(drop)
}

/// Waits until the details are those of a leg, with the customer's past calls.
async fn details(world: &World, window: &e2e::window::Window, leg: &LegRecord) -> Result<()> {
    let number = leg.number.as_ref().context("a number")?;
    let cards = world.administrator.cards(number.as_str()).await?;
    let card = cards.first().context("a customer")?;
    eventually("the details", PATIENCE, async || {
        let text = window.read(Role::Region, DETAILS).await?;
        ensure!(text.contains(&card.customer.name), "{text}");
        ensure!(text.contains("售后服务") && text.contains("振铃"), "{text}");
        let words = match leg.outcome {
            Some(LegOutcome::Connected) => "正常",
            _ => "振铃放弃",
        };
        ensure!(text.contains(words), "{text}");
        let past = window.read(Role::Region, WITH).await?;
        for call in card.calls.iter().filter(|call| !call.summary.is_empty()) {
            ensure!(
                past.contains(&call.summary),
                "no {:?} in {past}",
                call.summary
            );
        }
        Ok(())
    })
    .await
}
