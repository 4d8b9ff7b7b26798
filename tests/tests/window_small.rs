//! The smallest window: a call is taken in it from the first ring to the next one, and nothing that acts is cut off.

#![cfg(target_os = "linux")]

use anyhow::{Result, ensure};
use e2e::{
    api::PracticeCall,
    credentials::{Credentials, is_told, speak},
    desktop::{Desktop, Role},
    display::Display,
    place::eventually,
    window::{Language, Opening, Window},
    world::World,
};
use offhook_model::Code;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
/// As small as it can be made.
const SMALLEST: (u32, u32) = (360, 560);

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_taken_in_the_smallest_window() -> Result<()> {
    let world = World::silent("small", 30).await?;
    let (place, administrator) = (&world.place, &world.administrator);
    let display = Display::start(place, &world.environment).await?;
    let window = Opening::silent("lin").open(place, &display).await?;
    display.resize(place, "Offhook", SMALLEST).await?;
    window.find(Role::Button, &["Sign in"]).await?;
    let enter: &[(Role, &[&str])] = &[(Role::Button, &["Sign in", "登录"])];
    both(&window, "sign-in", ["Centre address", "服务端地址"], enter).await?;
    let mine = Credentials::of(&world.centre.http, "lin");
    let wrong = Credentials {
        password: "guess",
        ..mine
    };
    let since = wrong.are_typed(&window).await?;
    let after = is_told(&window, Code::WrongPassword, since, PATIENCE).await?;
    println!("WrongPassword was told after {after:?}");
    both(
        &window,
        "wrong-password",
        ["(wrong_password)", "(wrong_password)"],
        enter,
    )
    .await?;
    mine.are_typed(&window).await?;
    window.click(Role::Button, &["Check in"]).await?;
    both(
        &window,
        "ready",
        ["Calls ring at once", "来电将直接振铃"],
        &[(Role::Button, &["#"])],
    )
    .await?;

    let customer = administrator
        .call_in(&PracticeCall {
            number: "12800550142",
            display_name: None,
            voice: None,
            record: None,
        })
        .await?;
    window.shows(&["陈雨桐"], PATIENCE).await?;
    let ringing: &[(Role, &[&str])] = &[
        (Role::Button, &["Answer", "接听"]),
        (Role::Button, &["Decline", "拒接"]),
    ];
    both(&window, "ringing", ["Incoming", "来电"], ringing).await?;
    window.click(Role::Button, &["Answer"]).await?;
    let live: &[(Role, &[&str])] = &[
        (Role::Button, &["Mute", "静音"]),
        (Role::Button, &["Hold", "保持"]),
        (Role::Button, &["Keypad", "键盘"]),
        (Role::Button, &["Hang up", "挂断"]),
    ];
    both(&window, "live", ["On a call", "通话中"], live).await?;
    is(&world, customer, "connected").await?;
    window.click(Role::Button, &["Keypad"]).await?;
    let keypad: &[(Role, &[&str])] =
        &[(Role::Button, &["#"]), (Role::Button, &["Hang up", "挂断"])];
    both(
        &window,
        "keypad",
        ["Keys go to them", "按键会发给对方"],
        keypad,
    )
    .await?;
    window.click(Role::Button, &["Hang up"]).await?;
    is(&world, customer, "ended").await?;
    let wrap_up: &[(Role, &[&str])] = &[
        (
            Role::Button,
            &["Submit and start answering", "提交并开始接听"],
        ),
        (Role::Button, &["Start answering", "开始接听"]),
        (Role::Button, &["Dial pad", "拨号盘"]),
    ];
    both(&window, "wrap-up", ["You hung up", "您挂断"], wrap_up).await?;
    window.click(Role::Button, &["Start answering"]).await?;
    window.shows(&["Calls ring at once"], PATIENCE).await?;
    window.close().await.map(drop)
}

/// Looks in both languages, beginning and ending with English.
async fn both(
    window: &Window,
    step: &str,
    [english, chinese]: [&str; 2],
    whole: &[(Role, &[&str])],
) -> Result<()> {
    for (language, says) in [(Language::English, english), (Language::Chinese, chinese)] {
        speak(window, language).await?;
        window.shows(&[says], PATIENCE).await?;
        are_whole(window, whole).await?;
        window.picture_of(&format!("{step}-{language:?}")).await?;
    }
    speak(window, Language::English).await
}

async fn are_whole(window: &Desktop, whole: &[(Role, &[&str])]) -> Result<()> {
    for (role, names) in whole {
        window
            .is_whole(*role, names, Duration::from_secs(5))
            .await?;
    }
    Ok(())
}

/// Waits until the customer's call is this far at the centre.
async fn is(world: &World, customer: uuid::Uuid, stage: &str) -> Result<()> {
    eventually(&format!("the customer {stage}"), PATIENCE, async || {
        let state = world.administrator.practice_state(customer).await?;
        ensure!(state.stage == stage, "it is {}", state.stage);
        Ok(())
    })
    .await
}
