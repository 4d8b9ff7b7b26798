//! Calls to numbers outside, in the window: what is typed, how they end, what is heard on the way, the keypad and Redial.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    acceptance::shown,
    api::PracticeState,
    desktop::Role,
    display::Display,
    headless::Audio,
    nonce::Nonce,
    place::eventually,
    talk::{Ear, voice},
    window::{Language, Opening, Window},
    work::{
        ANSWER, CALL, DIAL, HANG_UP, HOLD, KEYPAD, PATIENCE, READY, START, TALK_TIME, WRAP_UP,
        seconds,
    },
    world::World,
};
use offhook_model::{Direction, LegOutcome};
use serde_json::json;

const MENU: &str = "12000550200";
/// Hannah, who is checked out.
const COLLEAGUE: &str = "1003";
const PERSON: &str = "12000550711";
const CALLER_ID: &str = "0571 1555 0100";

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_dialled_by_keyboard_and_told_apart_when_nobody_answers() -> Result<()> {
    let world = World::silent("window-outbound", 60).await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let nonce = Nonce::draw();
    let (says, hears) = (
        voice(&world.place, "agent", &Nonce::draw())?,
        world.place.log("agent-heard.wav"),
    );
    let opening = Opening::silent("lin")
        .in_language(Language::Chinese)
        .with_files(Audio::Wav(&says, &hears));
    let window = world.desk(&display, "lin", opening).await?;

    // Nothing, and what is no number, are refused in the field.
    window.press("Ctrl+D").await?;
    window.focuses(DIAL, PATIENCE).await?;
    window.press("Enter").await?;
    window.shows(&["先输入号码"], PATIENCE).await?;
    window.keys("12ab").await?;
    window.press("Enter").await?;
    window.shows(&["这不是电话号码"], PATIENCE).await?;
    window.picture_of("refused").await?;
    assert_eq!(window.value(DIAL).await?, "12ab");
    ensure!(outside(&world).await?.is_empty(), "somebody was dialled");
    // Pasted, with the country's code, blanks, dashes and brackets: busy.
    window.press("Ctrl+A").await?;
    window.keys("+86 (120) 0055-0486").await?;
    window.press("Ctrl+A").await?;
    window.press("Ctrl+X").await?;
    eventually("the field to be empty", PATIENCE, async || {
        ensure!(window.value(DIAL).await?.is_empty(), "it is not");
        Ok(())
    })
    .await?;
    window.press("Ctrl+V").await?;
    assert_eq!(window.value(DIAL).await?, "+86 (120) 0055-0486");
    window.allows(Role::Button, CALL).await?;
    window.press("Enter").await?;
    ended(&world, &window, "12000550486", "忙线", LegOutcome::Busy).await?;
    window.picture_of("busy").await?;
    shown(
        &[84],
        "window: an empty field and 12ab are refused in the field with words; a pasted +86 number with blanks, dash and brackets and Enter dials",
        "centre: nothing was dialled before; then this number was, and is on record as busy",
    )?;
    window.find(Role::Button, &["再次拨打"]).await?;
    window.find(Role::Button, START).await?;
    shown(
        &[98],
        "window: the busy call leads to wrap-up, with its form",
        "centre: the outbound leg is over without an answer",
    )?;

    // From the wrap-up: rejected, invalid, given up.
    dial(&window, "12000550603").await?;
    ended(
        &world,
        &window,
        "12000550603",
        "对方拒接",
        LegOutcome::Rejected,
    )
    .await?;
    dial(&window, "12000550404").await?;
    ended(
        &world,
        &window,
        "12000550404",
        "空号",
        LegOutcome::InvalidNumber,
    )
    .await?;
    // A colleague's telephone that is not there: the far side says 480, as a network does after a while.
    dial(&window, COLLEAGUE).await?;
    ended(&world, &window, COLLEAGUE, "无人接听", LegOutcome::NoAnswer).await?;
    dial(&window, "12000550480").await?;
    window.shows(&["对方正在振铃"], PATIENCE).await?;
    window.shows(&[CALLER_ID], PATIENCE).await?;
    for names in [HOLD, KEYPAD] {
        window.withholds(Role::Button, names, PATIENCE).await?;
    }
    window.withholds(Role::Timer, TALK_TIME, PATIENCE).await?;
    window.picture_of("rings-there").await?;
    let rings_from = std::fs::metadata(&hears)?.len();
    heard_something(&hears, rings_from)
        .await
        .context("Ringback")?;
    window.press("Shift+Escape").await?;
    ended(
        &world,
        &window,
        "12000550480",
        "已取消",
        LegOutcome::Cancelled,
    )
    .await?;

    // An announcement before the answer is heard.
    let early = json!({ "behaviour": "early_media", "answer_after_ms": 25_000,
        "voice": voice(&world.place, "announcement", &nonce)? });
    world.administrator.teach("12000550183", &early).await?;
    dial(&window, "12000550183").await?;
    Ear::file(&hears)
        .hears_again(&nonce)
        .await
        .context("Early media")?;
    window.withholds(Role::Timer, TALK_TIME, PATIENCE).await?;
    let told = world.last_with("12000550183").await?.1;
    ensure!(told.answered_at.is_none(), "it was answered");
    window.press("Shift+Escape").await?;
    ended(
        &world,
        &window,
        "12000550183",
        "已取消",
        LegOutcome::Cancelled,
    )
    .await?;
    shown(
        &[87],
        "window: busy, rejected, no such number, no answer and given up are told in different words; ringback and an announcement before the answer come out of the speaker",
        "centre: the legs' outcomes are busy, rejected, invalid number, no answer and cancelled; the announcement was a practice callee's, not answered",
    )?;
    window.close().await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_digits_of_an_answered_call_reach_the_menu_and_redial_dials_again() -> Result<()> {
    let world = World::silent("window-redial", 60).await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let window = world.desk(&display, "lin", Opening::silent("lin")).await?;

    // Long enough to look at what shows while it rings.
    let slowly = json!({ "answer_after_ms": 6_000 });
    world.administrator.teach(PERSON, &slowly).await?;
    dial(&window, PERSON).await?;
    window
        .shows(&["Talk time starts on answer"], PATIENCE)
        .await?;
    window.picture_of("calling").await?;
    window.withholds(Role::Button, HOLD, PATIENCE).await?;
    window.find(Role::Timer, TALK_TIME).await?;
    window.allows(Role::Button, HOLD).await?;
    eventually("some talk", PATIENCE, async || {
        let talk = seconds(&window.read(Role::Timer, TALK_TIME).await?)?;
        ensure!(talk >= 2, "{talk}");
        Ok(())
    })
    .await?;
    window.press("Shift+Escape").await?;
    window.find(Role::Button, WRAP_UP).await?;
    let (_, leg) = over(&world, PERSON).await?;
    let (answered, ended_at) = (
        leg.answered_at.context("answered")?,
        leg.ended_at.context("ended")?,
    );
    let talk = i64::try_from(ended_at.since(answered).as_secs())?;
    let shows = seconds(&window.read(Role::Timer, TALK_TIME).await?)?;
    let whole = i64::try_from(ended_at.since(leg.offered_at).as_secs())?;
    ensure!(whole > talk, "it rang before");
    ensure!((shows - talk).abs() <= 1, "{shows} for {talk}");
    window.picture_of("talked").await?;
    shown(
        &[3, 85, 86],
        "window: a number and Enter; while it rings there is no talk time and no Hold, both with the answer; the talk time at the end is without the ringing",
        "centre: the leg was answered after it had rung, and its talk is as long as the window said",
    )?;

    // Redial, from the wrap-up.
    window.click(Role::Button, &["Redial"]).await?;
    window.find(Role::Timer, TALK_TIME).await?;
    let calls = outside(&world).await?;
    let numbers: Vec<_> = calls
        .iter()
        .filter_map(|call| call.number.clone())
        .collect();
    ensure!(
        numbers.len() == 2 && numbers.iter().all(|number| number.as_str() == PERSON),
        "{calls:?}"
    );
    window.shows(&[CALLER_ID], PATIENCE).await?;
    shown(
        &[100],
        "window: in the wrap-up Redial is there, and leads to a new call with the same caller ID",
        "centre: the same number outside was dialled a second time",
    )?;
    window.press("Shift+Escape").await?;
    window.find(Role::Button, WRAP_UP).await?;

    // The voice menu: keys by mouse and by keyboard.
    dial(&window, MENU).await?;
    window.find(Role::Timer, TALK_TIME).await?;
    window.allows(Role::Button, KEYPAD).await?;
    window.press("F6").await?;
    window.find(Role::Button, &["Close keypad"]).await?;
    for key in ["4", "0", "7"] {
        window.click(Role::Button, &[key]).await?;
    }
    window.keys("1*93#").await?;
    window.shows(&["4071*93#"], PATIENCE).await?;
    window.picture_of("menu").await?;
    eventually("the digits", PATIENCE, async || {
        let calls = outside(&world).await?;
        let menu = calls.iter().find(|call| {
            call.number
                .as_ref()
                .is_some_and(|number| number.as_str() == MENU)
        });
        let digits = menu.map_or("", |call| call.digits.as_str());
        ensure!(digits == "4071*93#", "{digits:?}");
        Ok(())
    })
    .await?;
    window.find(Role::Button, HANG_UP).await?;
    window.press("Shift+Escape").await?;
    window.find(Role::Button, WRAP_UP).await?;
    let logs = [
        world.place.log("centre-1.err"),
        world.place.log("centre-1.out"),
        window.place.log("window.err"),
        window.place.log("window.out"),
    ];
    for log in logs {
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        ensure!(
            !said.contains("4071*93"),
            "{} holds the digits",
            log.display()
        );
    }
    shown(
        &[89],
        "window: digits by mouse and by keyboard show beside the keypad, and no log of it holds them",
        "centre: the voice menu heard exactly these digits in their order, and no log holds them",
    )?;
    // In a call that came in the keys work as well.
    window.click(Role::Button, START).await?;
    let customer = world.customer_calls("12800550142").await?;
    window.click(Role::Button, ANSWER).await?;
    window.click(Role::Button, KEYPAD).await?;
    for key in ["5", "#"] {
        window.click(Role::Button, &[key]).await?;
    }
    window.keys("07*").await?;
    eventually("the digits", PATIENCE, async || {
        let digits = world.administrator.practice_state(customer).await?.digits;
        ensure!(digits == "5#07*", "{digits:?}");
        Ok(())
    })
    .await?;
    window.shows(&["5#07*"], PATIENCE).await?;
    window.picture_of("keypad").await?;
    window.press("F6").await?;
    window.find(Role::Button, KEYPAD).await?;

    shown(
        &[88],
        "window: the keypad opens in an outbound call and in one that came in, by key and by click, and shows what was keyed",
        "centre: the voice menu and the practice customer heard the digits of their calls",
    )?;
    window.press("Shift+Escape").await?;
    window.find(Role::Button, WRAP_UP).await?;
    window.click(Role::Button, START).await?;
    window.find(Role::Button, READY).await?;
    window.press("Alt+2").await?;
    window
        .find(Role::Button, &["Break, No calls are offered"])
        .await?;
    dial(&window, MENU).await?;
    window.find(Role::Timer, TALK_TIME).await?;
    window.press("Shift+Escape").await?;
    window.find(Role::Button, WRAP_UP).await?;
    let tabs = window.names(Role::Button).await?;
    let drafts = tabs.iter().filter(|name| name.ends_with(", draft"));
    ensure!(drafts.count() >= 3, "{tabs:?}");
    let numbers: Vec<_> = outside(&world)
        .await?
        .into_iter()
        .filter_map(|call| call.number)
        .map(|number| number.as_str().to_owned())
        .collect();
    assert_eq!(numbers, [PERSON, PERSON, MENU, MENU]);
    shown(
        &[15, 76],
        "window: dialling leads to talking in Ready, twice in wrap-up, and on Break, and each call has a wrap-up beside the others; in Ready a call is answered",
        "centre: the four calls outside, in this order, and the customer's, who heard the digits",
    )?;
    window.close().await.map(drop)
}

async fn dial(window: &Window, number: &str) -> Result<()> {
    window.press("Ctrl+D").await?;
    window.focuses(DIAL, PATIENCE).await?;
    window.keys(number).await?;
    window.allows(Role::Button, CALL).await?;
    window.press("Enter").await
}

/// Waits until the newest call with this number is over at the centre as it should, and the window says so in its wrap-up.
async fn ended(
    world: &World,
    window: &Window,
    number: &str,
    words: &str,
    outcome: LegOutcome,
) -> Result<()> {
    let (_, leg) = over(world, number).await?;
    window.find(Role::Button, WRAP_UP).await?;
    window.shows(&[words], PATIENCE).await?;
    ensure!(
        leg.outcome == Some(outcome) && leg.direction == Direction::Outbound,
        "{leg:?}"
    );
    Ok(())
}

async fn over(
    world: &World,
    number: &str,
) -> Result<(offhook_model::CallId, offhook_model::LegRecord)> {
    eventually("the end at the centre", PATIENCE, async || {
        let last = world.last_with(number).await?;
        ensure!(last.1.ended_at.is_some(), "it goes on");
        Ok(last)
    })
    .await
}

async fn outside(world: &World) -> Result<Vec<PracticeState>> {
    let mut calls = world.administrator.practice_calls().await?;
    calls.retain(|call| call.direction == Direction::Outbound);
    Ok(calls)
}

/// Waits until something has come out of the speaker behind this place of its file.
async fn heard_something(file: &std::path::Path, from: u64) -> Result<()> {
    eventually("a sound", PATIENCE, async || {
        let bytes = std::fs::read(file)?;
        let new = bytes.get(usize::try_from(from)?..).unwrap_or_default();
        let loud = new
            .chunks_exact(2)
            .any(|pair| i16::from_le_bytes([pair[0], pair[1]]).unsigned_abs() > 1_000);
        ensure!(loud, "it is quiet");
        Ok(())
    })
    .await
}
