//! The window as an instrument: several on one screen, each with a desktop of its own, used by mouse and by keyboard.

#![cfg(target_os = "linux")]

use anyhow::Result;
use e2e::{
    centre::PASSWORD,
    desktop::Role,
    display::Display,
    window::{Language, Opening},
    work::READY,
    world::World,
};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn two_windows_in_two_languages_are_signed_in_by_keyboard_alone() -> Result<()> {
    let world = World::silent("windows-two", 30).await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let (lin, zhou) = tokio::try_join!(
        Opening::silent("lin").open(&world.place, &display),
        Opening::silent("zhou")
            .in_language(Language::Chinese)
            .open(&world.place, &display)
    )?;
    lin.find(Role::Button, &["Sign in"]).await?;
    zhou.find(Role::Button, &["登录"]).await?;
    for (window, name, field) in [
        (&lin, "lin", "Centre address"),
        (&zhou, "zhou", "服务端地址"),
    ] {
        window.click(Role::TextBox, &[field]).await?;
        window.focuses(&[field], PATIENCE).await?;
        window.keys(&world.centre.http).await?;
        window.press("Tab").await?;
        window.focuses(&["Name", "用户名"], PATIENCE).await?;
        window.keys("nobody").await?;
        window.press("Ctrl+A").await?;
        window.keys(name).await?;
        window.press("Tab").await?;
        window.focuses(&["Password", "密码"], PATIENCE).await?;
        window.keys(PASSWORD).await?;
        window.press("Enter").await?;
        window.find(Role::Button, &["Check in", "签入"]).await?;
        window
            .hides(&["Centre address", "服务端地址"], PATIENCE)
            .await?;
        window
            .withholds(Role::Button, &["Sign in", "登录"], PATIENCE)
            .await?;
        window.picture_of("signed-in").await?;
        window.press("F2").await?;
        window.find(Role::Button, READY).await?;
    }
    lin.close().await?;
    zhou.close().await.map(drop)
}
