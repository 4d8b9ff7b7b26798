//! The store's bad days with the real programs: a file that is cut, overwritten or too new, and a keyring that does not answer.
//! The agent is told, goes on working, and nothing that reads is lost.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    api::PracticeCall,
    centre::PASSWORD,
    desktop::Role,
    display::Display,
    headless::{Audio, Headless},
    keyring::Keyring,
    place::eventually,
    window::Opening,
    work::{PATIENCE, check_in, sign_in},
    world::World,
};
use offhook_desk::{Again, Command, NoticeKind, SavedState, SessionView, View};
use offhook_model::{Activity, Code, FieldId, FieldValue, Presence, Secret, WrapUpId};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{fs, path::Path};

const TEXT: &str = "答应周五上门更换滤芯";

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_store_is_set_aside_and_what_reads_goes_on() -> Result<()> {
    let world = World::silent("store-damaged", 30).await?;
    let profile = world.place.dir("profile-lin")?;
    let mut lin = open(&world, "first", &profile).await?;
    lin.take_up_work(&world.centre.http, "lin", PASSWORD)
        .await?;
    let wrap_up = write_a_draft(&world, &mut lin).await?;
    lin.leave().await?;
    let file = profile.join("store.sqlite");
    let whole = fs::read(&file)?;

    // Cut by its last page; overwritten from the first byte; no store at all.
    let cut = whole[..whole.len() - 4096].to_vec();
    let mut header = whole.clone();
    header[..100].fill(0xff);
    for (n, (name, spoilt)) in [
        ("cut", cut),
        ("header", header),
        ("letter", b"a letter to the tax office".repeat(400)),
    ]
    .into_iter()
    .enumerate()
    {
        fs::write(&file, &spoilt)?;
        let mut lin = open(&world, name, &profile).await?;
        lin.take_up_work(&world.centre.http, "lin", PASSWORD)
            .await?;
        tells(&lin, Code::StoreSetAside).await?;
        let kept = profile.join(format!("store-damaged-{}.sqlite", n + 1));
        ensure!(fs::read(&kept)? == spoilt, "{name}: the file was touched");
        let told = fs::read_to_string(world.place.log(format!("headless-{name}.err")))?;
        ensure!(
            told.contains(&format!("store-damaged-{}.sqlite", n + 1)),
            "{name}: its name is not told"
        );
        // There is work to be done with the new one, and it lasts.
        let new = write_a_draft(&world, &mut lin).await?;
        lin.leave().await?;
        let mut lin = open(&world, &format!("{name}-again"), &profile).await?;
        lin.take_up_work(&world.centre.http, "lin", PASSWORD)
            .await?;
        has_draft(&lin, new).await?;
        ensure!(
            !lin.view()
                .is_some_and(|view| is_told(&view, Code::StoreSetAside)),
            "{name}: the new store is said to be damaged"
        );
        lin.leave().await?;
    }

    // Somebody puts the good file back.
    fs::write(&file, &whole)?;
    let mut lin = open(&world, "good", &profile).await?;
    lin.take_up_work(&world.centre.http, "lin", PASSWORD)
        .await?;
    has_draft(&lin, wrap_up).await?;
    lin.leave().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_a_newer_program_is_refused_with_its_code() -> Result<()> {
    let world = World::silent("store-newer", 30).await?;
    let profile = world.place.dir("profile-lin")?;
    make_newer(&world, &profile).await?;
    let before = fs::read(profile.join("store.sqlite"))?;
    let (code, said) = Headless::refuses_profile(&world.environment, &profile)?;
    ensure!(code == Some(1), "{code:?}");
    ensure!(said.contains("[store_newer]"), "{said}");
    ensure!(!said.contains("panicked"), "{said}");
    ensure!(
        fs::read(profile.join("store.sqlite"))? == before,
        "it was touched"
    );
    ensure!(
        !profile.join("store-damaged-1.sqlite").exists(),
        "it was set aside"
    );
    Ok(())
}

/// The keyring hangs from before the sign-in until after a call.
#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_hangs_keeps_nobody_from_a_call() -> Result<()> {
    let world = World::silent("store-keyring", 30).await?;
    let keyring = Keyring::unlocked(&world.place, &world.environment).await?;
    let profile = world.place.dir("profile-lin")?;
    let environment = keyring.environment();
    let start = async |name: &str| {
        Headless::on_profile(&world.place, environment, name, &profile, &Audio::Null).await
    };
    keyring.hang()?;
    let mut lin = start("hangs").await?;
    lin.take_up_work(&world.centre.http, "lin", PASSWORD)
        .await?;
    tells(&lin, Code::KeyringUnavailable).await?;
    let draft = write_a_draft(&world, &mut lin).await?;
    lin.leave().await?;

    keyring.go_on()?;
    let mut lin = start("goes-on").await?;
    lin.take_up_work(&world.centre.http, "lin", PASSWORD)
        .await?;
    has_draft(&lin, draft).await?;
    let view = lin.view().context("a view")?;
    ensure!(!is_told(&view, Code::KeyringUnavailable), "it works again");
    lin.leave().await
}

/// The keyring opens what the agent left, without a password; after a sign-out it does not, and hanging it is told.
#[tokio::test(flavor = "multi_thread")]
async fn the_keyring_opens_the_desk_without_the_centre_until_the_agent_signs_out() -> Result<()> {
    let mut world = World::silent("store-offline", 30).await?;
    let keyring = Keyring::unlocked(&world.place, &world.environment).await?;
    let profile = world.place.dir("profile-lin")?;
    let environment = keyring.environment();
    let start = async |world: &World, name: &str| {
        Headless::on_profile(&world.place, environment, name, &profile, &Audio::Null).await
    };
    let mut lin = start(&world, "at-work").await?;
    lin.take_up_work(&world.centre.http, "lin", PASSWORD)
        .await?;
    let draft = write_a_draft(&world, &mut lin).await?;
    lin.kill()?;
    world.centre.crash()?;

    let mut lin = start(&world, "alone").await?;
    assert!(opens_offline(&mut lin).await?);
    keyring.hang()?;
    lin.command(&Command::WorkOffline).await?;
    refused(&lin).await?;
    keyring.go_on()?;
    // What it was asked while it hung it answers first.
    let asks = Again::AsksPassword { error: None };
    eventually("the desk without the centre", PATIENCE, async || {
        lin.command(&Command::WorkOffline).await?;
        let opens = lin.until("an answer", |view| match view.session {
            SessionView::Offline { again, .. } => Some(again == asks),
            SessionView::SignedOut { .. } => Some(false),
            SessionView::SigningIn | SessionView::SignedIn { .. } => None,
        });
        ensure!(opens.await?, "it is shut");
        Ok(())
    })
    .await?;
    has_draft(&lin, draft).await?;
    let query = serde_json::json!({ "kind": "draft", "wrap_up": draft });
    let text = lin.ask("query", query).await?;
    assert_eq!(text.pointer("/draft/values/summary"), Some(&TEXT.into()));

    // With the centre back the password makes a session of it; the form stays.
    world.centre.up(&world.place, &world.environment).await?;
    lin.command(&Command::SignInAgain {
        password: Secret::new(PASSWORD),
    })
    .await?;
    lin.until("a session", |view| {
        matches!(view.session, SessionView::SignedIn { .. }).then_some(())
    })
    .await?;
    has_draft(&lin, draft).await?;
    lin.command(&Command::SignOut).await?;
    lin.until("signed out", |view| {
        let error = None;
        (view.session == SessionView::SignedOut { error }).then_some(())
    })
    .await?;
    lin.leave().await?;

    let mut lin = start(&world, "left").await?;
    assert!(!opens_offline(&mut lin).await?);
    lin.command(&Command::WorkOffline).await?;
    refused(&lin).await?;
    lin.leave().await
}

async fn opens_offline(agent: &mut Headless) -> Result<bool> {
    let query = serde_json::json!({ "kind": "settings" });
    let settings = agent.ask("query", query).await?;
    let opens = settings.pointer("/settings/opens_offline");
    opens
        .and_then(serde_json::Value::as_bool)
        .context("no word of it")
}

async fn refused(agent: &Headless) -> Result<()> {
    let error = Some(Code::KeyringUnavailable);
    agent
        .until("that the keyring does not open it", |view| {
            (view.session == SessionView::SignedOut { error }).then_some(())
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_tells_a_damaged_and_a_newer_store_in_both_languages() -> Result<()> {
    let world = World::silent("store-window", 30).await?;
    let display = Display::start(&world.place, &world.environment).await?;
    for (name, username, aside, newer) in [
        (
            "english",
            "lin",
            &["the old file is kept beside it as store-damaged"][..],
            &["was written by a newer version; update first"][..],
        ),
        (
            "chinese",
            "zhou",
            &["旧文件保存在旁边"],
            &["本机数据来自更新的版本"],
        ),
    ] {
        let profile = world.place.dir(&format!("profile-{name}"))?;
        fs::write(profile.join("store.sqlite"), b"no store ".repeat(2000))?;
        let window = Opening::silent(name).on_profile(profile.clone());
        let window = window.open(&world.place, &display).await?;
        if name == "chinese" {
            window.click(Role::Radio, &["中文"]).await?;
        }
        sign_in(&window, &world.centre.http, username).await?;
        window.shows(aside, PATIENCE).await?;
        window.picture_of("set-aside").await?;
        check_in(&window).await?;
        let profile = window.close().await?;
        ensure!(
            profile.join("store-damaged-1.sqlite").exists(),
            "it is not kept"
        );

        make_newer(&world, &profile).await?;
        let name = format!("{name}-newer");
        let window = Opening::silent(&name).on_profile(profile);
        let window = window.open(&world.place, &display).await?;
        window.shows(newer, PATIENCE).await?;
        window.shows(&["store_newer"], PATIENCE).await?;
        window.picture_of("newer").await?;
        window.close().await?;
    }
    Ok(())
}

async fn open(world: &World, name: &str, profile: &Path) -> Result<Headless> {
    Headless::on_profile(
        &world.place,
        &world.environment,
        name,
        profile,
        &Audio::Null,
    )
    .await
}

/// Writes into the store, as a program of tomorrow does, that a migration was run which nobody here knows.
async fn make_newer(world: &World, profile: &Path) -> Result<()> {
    if !profile.join("store.sqlite").exists() {
        open(world, "today", profile).await?.leave().await?;
    }
    let options = SqliteConnectOptions::new().filename(profile.join("store.sqlite"));
    let mut file = SqliteConnection::connect_with(&options).await?;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'tomorrow', 1, x'00', 0)",
    )
    .execute(&mut file)
    .await?;
    file.close().await?;
    Ok(())
}

/// Takes a call and leaves its form as a draft.
async fn write_a_draft(world: &World, agent: &mut Headless) -> Result<WrapUpId> {
    let call = PracticeCall {
        number: "12800550142",
        display_name: None,
        voice: None,
        record: None,
    };
    world.administrator.call_in(&call).await?;
    let call = agent.answer().await?;
    agent.command(&Command::HangUp { leg: call.leg }).await?;
    agent.does(Activity::WrapUp).await?;
    let (wrap_up, field) = (call.wrap_up, FieldId::from("summary"));
    let value = FieldValue::Text(TEXT.into());
    agent
        .command(&Command::EditDraft {
            wrap_up,
            field,
            value,
        })
        .await?;
    has_draft(agent, wrap_up).await?;
    let presence = Presence::Ready;
    agent.command(&Command::StartAnswering { presence }).await?;
    agent.does(Activity::Free).await?;
    Ok(wrap_up)
}

/// The form is there, and on the disk.
async fn has_draft(agent: &Headless, wrap_up: WrapUpId) -> Result<()> {
    agent
        .until("the draft", |view| {
            let form = view.wrap_ups.iter().find(|form| form.id == wrap_up)?;
            matches!(form.saved, SavedState::Saved { .. }).then_some(())
        })
        .await
}

async fn tells(agent: &Headless, code: Code) -> Result<()> {
    agent
        .until(&format!("{code:?}"), |view| {
            is_told(view, code).then_some(())
        })
        .await
}

fn is_told(view: &View, code: Code) -> bool {
    view.notices
        .iter()
        .any(|notice| matches!(notice.about, NoticeKind::Failed { code: told } if told == code))
}
