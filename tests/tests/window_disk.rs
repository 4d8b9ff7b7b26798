//! The profile's disk runs full, or lets nobody write.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    centre::PASSWORD,
    credentials::{Credentials, is_told},
    desktop::Role,
    display::Display,
    place::eventually,
    small_disk::SmallDisk,
    window::{Language, Opening, Window},
    words,
    work::{CALL, DIAL, PATIENCE, START, SUMMARY, WRAP_UP},
    world::World,
};
use offhook_model::{CallId, Code, FieldValue, Secret};
use offhook_store::{KeyRing, Store};
use std::time::{Duration, Instant};

const BUSY: &str = "12000550486";
const REJECTS: &str = "12000550603";
const SAVED: &[&str] = &["Saved on this computer", "已存到本机"];
/// The title of a notice that tells what went wrong.
const NOTICE: &str = "That did not work";
/// For what is told at once; a busy machine takes longer than an agent waits.
const AT_ONCE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_and_everything_arrives_once_there_is_room() -> Result<()> {
    let world = World::silent("window-disk", 60).await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let disk = SmallDisk::over(&world.place.dir("small")?)?;
    let opening = Opening::silent("lin").on_profile(disk.path.clone());
    let window = world.desk(&display, "lin", opening).await?;

    // One form is on the disk, and stays a draft.
    dials(&window, REJECTS).await?;
    writes(&window, "Written while there was room. 先前的内容").await?;
    window.shows(SAVED, PATIENCE).await?;
    window.click(Role::Button, START).await?;

    dials(&window, BUSY).await?;
    let call = world.last_with(BUSY).await?.0;
    writes(&window, "Begun. ").await?;
    window.shows(SAVED, PATIENCE).await?;
    disk.fill()?;
    let since = Instant::now();
    window.keys("Then the disk was full. 磁盘已满").await?;
    let after = is_told(&window, Code::StoreFull, since, AT_ONCE).await?;
    println!("StoreFull was told after {after:?}");
    window.picture_of("full").await?;
    let text = "Begun. Then the disk was full. 磁盘已满";
    assert_eq!(window.value(SUMMARY).await?, text);

    // Submitting is told the same way, and the form stays open.
    window
        .choose(&["Disposition"], &["After-sales / Repair"])
        .await?;
    while window.text().await?.contains(NOTICE) {
        window.click(Role::Button, &["Close"]).await?;
    }
    window.press("Ctrl+Enter").await?;
    window.shows(&[NOTICE], AT_ONCE).await?;
    let full = words::of(Code::StoreFull, Language::English)?;
    window.shows(&[&full], AT_ONCE).await?;
    window.picture_of("not-submitted").await?;
    assert_eq!(window.value(SUMMARY).await?, text);
    ensure!(world.administrator.wrap_ups_of(call).await?.is_empty());

    disk.make_room()?;
    // By itself, without another keystroke.
    window.shows(SAVED, PATIENCE).await?;
    window.press("Ctrl+Enter").await?;
    arrives(&world, call, text).await?;
    window.picture_of("room-again").await?;
    window.close().await?;
    is_whole(&world, &disk).await?;

    // A disk that nobody may write is told at the start, in the language that can be had then: what was chosen is on that disk.
    disk.set_read_only(true)?;
    let opening = Opening::silent("read-only").on_profile(disk.path.clone());
    let window = opening.open(&world.place, &display).await?;
    window.shows(&[&full], PATIENCE).await?;
    window.picture_of("read-only").await?;
    drop(window);
    disk.set_read_only(false)?;
    is_whole(&world, &disk).await
}

/// Calls somebody who does not answer: the form is open then.
async fn dials(window: &Window, number: &str) -> Result<()> {
    window.press("Ctrl+D").await?;
    window.focuses(DIAL, PATIENCE).await?;
    window.keys(number).await?;
    window.allows(Role::Button, CALL).await?;
    window.press("Enter").await?;
    window.find(Role::Button, WRAP_UP).await?;
    window.find(Role::TextBox, SUMMARY).await.map(drop)
}

async fn writes(window: &Window, text: &str) -> Result<()> {
    window.click(Role::TextBox, SUMMARY).await?;
    window.keys(text).await
}

/// The wrap-up of a call is at the centre, once, with this text.
async fn arrives(world: &World, call: CallId, text: &str) -> Result<()> {
    eventually("the wrap-up at the centre", PATIENCE, async || {
        let stored = world.administrator.wrap_ups_of(call).await?;
        ensure!(stored.len() == 1, "{} of it", stored.len());
        let summary = stored[0].body.values.get(&"summary".into());
        ensure!(
            summary == Some(&FieldValue::Text(text.into())),
            "another text"
        );
        Ok(())
    })
    .await
}

/// The store in the profile reads to its last row, and has the one draft.
async fn is_whole(world: &World, disk: &SmallDisk) -> Result<()> {
    let store = Store::open_with(&disk.path, KeyRing::Absent).await?;
    let agent = Credentials::of(&world.centre.http, "lin");
    let agent = format!("{}@{}", agent.username, agent.centre);
    let password = Secret::new(PASSWORD);
    store.unlock_with_password(&agent, &password).await?;
    store.check().await?;
    let drafts = store.drafts().await?;
    ensure!(drafts.len() == 1, "{} drafts", drafts.len());
    let draft: serde_json::Value = serde_json::from_slice(&drafts[0].body)?;
    let summary = draft["values"]["summary"].as_str().context("a text")?;
    ensure!(summary == "Written while there was room. 先前的内容");
    ensure!(store.outbox().await?.is_empty());
    store.close().await;
    Ok(())
}
