//! The window with a bare SIP account: any PBX, no centre. Debian's kamailio is the registrar, sipp the stranger who calls.

#![cfg(target_os = "linux")]

use anyhow::{Result, ensure};
use e2e::{
    acceptance::{shown, shown_beyond},
    account::Account,
    credentials::{is_told, speak},
    desktop::{Desktop, Role},
    display::Display,
    environment::Environment,
    kamailio::{Digest, Kamailio, User},
    place::{Place, eventually},
    sipp::{Codec, Cue, Sipp},
    window::{Language, Opening},
    words,
};
use offhook_model::Code;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);
const LOCAL: Duration = Duration::from_secs(5);
const NUMBER: &str = "12800550147";
const USER: User<'static> = User {
    name: "1001",
    password: "right-enough",
};

#[tokio::test(flavor = "multi_thread")]
async fn a_day_with_a_sip_account_and_no_centre() -> Result<()> {
    let place = Place::new("account-window")?;
    let environment = Environment::private(&place)?;
    let display = Display::start(&place, &environment).await?;
    let mut pbx = Kamailio::start(&place, &environment, &[USER], Digest::Sha256, None).await?;
    let window = Opening::silent("lin").open(&place, &display).await?;

    // A wrong password is told, and the right one works then.
    window.click(Role::Radio, &["SIP account"]).await?;
    window
        .type_into(Role::TextBox, &["SIP address"], "1001@pbx.example")
        .await?;
    window
        .type_into(Role::TextBox, &["Registrar (optional)"], &pbx.address)
        .await?;
    window.click(Role::Radio, &["TCP"]).await?;
    let since = sign_in(&window, "wrong").await?;
    let after = is_told(&window, Code::WrongPassword, since, LOCAL).await?;
    println!("WrongPassword was told after {after:?}");
    window.picture_of("wrong-password").await?;
    pbx.says(&place, &["REGISTER 1001 over tcp"], PATIENCE)
        .await?;
    let registered = ["registered 1001 over tcp"];
    let at_once = Duration::from_millis(1);
    ensure!(pbx.says(&place, &registered, at_once).await.is_err());
    window.click(Role::Button, &["Settings"]).await?;
    window.click(Role::Button, &["Use another account"]).await?;
    sign_in(&window, USER.password).await?;
    window.shows(&["Local, registered"], PATIENCE).await?;
    pbx.says(&place, &registered, PATIENCE).await?;
    window.click(Role::Button, &["Check in"]).await?;
    let text = window.shows(&["Calls ring at once"], PATIENCE).await?;
    ensure!(!text.contains("That did not work"), "{text}");
    window.picture_of("ready").await?;

    // The profile is this window's alone.
    for language in [Language::English, Language::Chinese] {
        speak(&window, language).await?;
        let words = words::of(Code::ProfileInUse, language)?;
        // WebKit writes the language that was just chosen in its own time, and a window reads it once.
        eventually("the second window", 3 * PATIENCE, async || {
            let name = format!("second-{language:?}");
            let opening = Opening::silent(&name).on_profile(window.profile.clone());
            let second = opening.open(&place, &display).await?;
            let told = second.shows(&[&words], PATIENCE / 4).await;
            if told.is_ok() {
                second.picture_of("refused").await?;
            }
            second.close().await?;
            told
        })
        .await?;
    }
    speak(&window, Language::English).await?;

    // A stranger calls, and becomes a customer of this computer.
    let stranger = Account::customer(&pbx.address, NUMBER, "Chen");
    let codec = Codec::Pcmu;
    let mut caller =
        Sipp::calls(&place, &environment, "first", &stranger, USER.name, codec).await?;
    window.shows(&["New customer"], PATIENCE).await?;
    caller.is_told("SIP/2.0 180", PATIENCE).await?;
    window.bus.notification(NUMBER, PATIENCE).await?;
    window.click(Role::Button, &["Answer"]).await?;
    caller.is_told("SIP/2.0 200", PATIENCE).await?;
    window.find(Role::Button, &["Mute"]).await?;
    window.click(Role::Button, &["Hang up"]).await?;
    caller.is_told("BYE", PATIENCE).await?;
    caller.ends_well(PATIENCE).await?;
    window.type_into(Role::TextBox, &["Name"], "王秀兰").await?;
    window.click(Role::Button, &["Save"]).await?;
    window
        .type_into(Role::TextBox, &["Summary"], "换了滤芯")
        .await?;
    window.picture_of("wrap-up").await?;
    window
        .click(Role::Button, &["Submit", "Submit only"])
        .await?;
    window
        .shows(&["Submitted, kept on this computer"], PATIENCE)
        .await?;
    speak(&window, Language::Chinese).await?;
    window.shows(&["已提交，存在本机"], PATIENCE).await?;
    speak(&window, Language::English).await?;
    window.picture_of("kept").await?;
    window.click(Role::Button, &["Start answering"]).await?;
    window.shows(&["Calls ring at once"], PATIENCE).await?;

    // The registration is lost with the PBX, and comes back with it.
    pbx.stop();
    window.click(Role::Button, &["Today"]).await?;
    let since = Instant::now();
    window
        .shows(&["The telephone registration is down."], PATIENCE)
        .await?;
    println!("the loss was told after {} ms", since.elapsed().as_millis());
    let after = is_told(&window, Code::RegistrationLost, since, PATIENCE).await?;
    println!("RegistrationLost was told after {after:?}");
    window.picture_of("lost").await?;
    pbx.up(&place, &environment).await?;
    pbx.says(&place, &registered, PATIENCE).await?;
    window.shows(&["Local, registered"], PATIENCE).await?;

    // The same number again: this computer knows who it is.
    let mut caller =
        Sipp::calls(&place, &environment, "second", &stranger, USER.name, codec).await?;
    for known in ["王秀兰", "换了滤芯", "or it is missed"] {
        window.shows(&[known], PATIENCE).await?;
    }
    window.picture_of("known").await?;
    window.click(Role::Button, &["Answer"]).await?;
    window.find(Role::Button, &["Mute"]).await?;
    caller.cue(Cue::HangUp).await?;
    caller.ends_well(PATIENCE).await?;
    window.shows(&["Customer hung up"], PATIENCE).await?;
    shown(
        &[37],
        "window: an unknown number brings a form for a new customer; its name stands on the next call from the number",
        "peer: sipp called through kamailio from that number, twice",
    )?;
    shown_beyond(
        &[10],
        "window: with a SIP account alone it is Ready, answers, hangs up, keeps customer and summary, and shows both at the next call",
        "peer: kamailio registered the account, sipp was answered and got BYE, and hung up the second call itself",
    )?;
    window.close().await.map(drop)
}

async fn sign_in(window: &Desktop, password: &str) -> Result<Instant> {
    window
        .type_into(Role::Password, &["Password"], password)
        .await?;
    window.click(Role::Button, &["Sign in"]).await?;
    Ok(Instant::now())
}
