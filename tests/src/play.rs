//! A whole call, played by itself in the real window: what `cargo dev demo` does where there is no display, and the last step
//! of `cargo dev test`.

use crate::{
    acceptance::shown,
    api::PracticeCall,
    centre::{Centre, Rules},
    desktop::{Desktop, Role},
    display::Display,
    environment::Environment,
    nonce::Nonce,
    pictures::{Picture, Pictures},
    place::{Place, eventually},
    pulse::Pulse,
    replay::{Original, the_row},
    talk::{Ear, Hearing, voice},
    tap::Tap,
    window::{Opening, TITLE},
    work::{check_in, sign_in},
};
use anyhow::{Context, Result, ensure};
use offhook_model::{CallId, LegOutcome, LegRecord};
use serde::Serialize;
use std::{path::Path, time::Duration};

/// The customer who calls.
pub const CUSTOMER: &str = "陈雨桐";
/// The number it calls from.
pub const NUMBER: &str = "12800550142";

/// What was seen, as it stands in `summary.json`.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// The centre has the call on record as answered.
    pub answered: bool,
    /// How long they talked, by the centre's record.
    pub talk_seconds: f64,
    /// What the agent's speaker gave out of the customer.
    pub agent_heard_customer: Hearing,
    /// What the customer recorded of the agent.
    pub customer_heard_agent: Hearing,
    /// The Notify call with the caller's number was seen on the session bus.
    pub notification_shown: bool,
    /// An administrator reads at the centre what was typed in the window.
    pub wrapup_synced: bool,
    /// The wrap-up's own request, sent again, changed nothing, and another body under its key was refused.
    pub idempotent_replay_ok: bool,
    /// One picture a step.
    pub screenshots: Vec<Picture>,
}

impl Summary {
    /// Tells whether all of it holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.answered
            && self.talk_seconds >= 1.0
            && self.agent_heard_customer.holds()
            && self.customer_heard_agent.holds()
            && self.notification_shown
            && self.wrapup_synced
            && self.idempotent_replay_ok
            && self.screenshots.len() == 5
            && self.screenshots.iter().all(Picture::holds)
    }
}

/// Plays the call. Pictures and `summary.json` go to `out`; `tell` is told each step in words.
///
/// # Errors
/// The first thing that does not hold, or a program that fails.
pub async fn play(place: &Place, out: &Path, mut tell: impl FnMut(&str)) -> Result<Summary> {
    tell("a display and sound devices come up");
    let environment = Environment::private(place)?;
    let display = Display::start(place, &environment).await?;
    let pulse = Pulse::start(place, &environment, &["agent"]).await?;
    tell("the practice centre comes up");
    let centre = Centre::start(place, &environment, Rules::default()).await?;
    let administrator = centre.administrator().await?;
    let tap = Tap::before(&centre.http).await?;
    let mut pictures = Pictures::new(out, CUSTOMER)?;

    tell("the window opens");
    let opening = Opening::silent("agent").with_devices(&pulse, "agent");
    let window = opening.open(place, &display).await?;
    tell("the agent signs in and checks in");
    sign_in(&window, &tap.base, "lin").await?;
    check_in(&window).await?;
    pictures.take(&window, "signed-in").await?;

    tell("a customer calls");
    let (agent_nonce, customer_nonce) = (Nonce::draw(), Nonce::draw());
    let agent_ear = Ear::Device(pulse.record(place, "agent").await?);
    let _agent_speaks = pulse.speak(place, "agent", &voice(place, "agent", &agent_nonce)?)?;
    let recording = place.log("customer-heard.wav");
    let customer = administrator
        .call_in(&PracticeCall {
            number: NUMBER,
            display_name: None,
            voice: Some(&voice(place, "customer", &customer_nonce)?),
            record: Some(&recording),
        })
        .await?;
    let patience = Duration::from_secs(20);
    window.bus.notification(NUMBER, patience).await?;
    window.shows(&[CUSTOMER], patience).await?;
    window.find(Role::Button, &["Answer", "接听"]).await?;
    pictures.take(&window, "ringing").await?;
    // With the toast, which is no part of the window.
    display
        .picture(place, &place.log("screen-ringing.png"))
        .await?;

    tell("the window is minimised; a press on the notification brings it back");
    display.minimise(place, TITLE).await?;
    window.press_notification().await?;
    eventually("the window in front", patience, async || {
        display.is_in_front(place, TITLE).await
    })
    .await?;
    tell("the agent answers");
    window.click(Role::Button, &["Answer", "接听"]).await?;
    window.find(Role::Button, &["Mute", "静音"]).await?;
    let customer_ear = Ear::file(&recording);
    eventually("the customer's recording", patience, async || {
        std::fs::metadata(&recording).context("it is not there")
    })
    .await?;
    tell("both speak");
    let (agent_heard, customer_heard) = tokio::try_join!(
        agent_ear.hears(&customer_nonce),
        customer_ear.hears(&agent_nonce)
    )
    .context("Both listen")?;
    pictures.take(&window, "live").await?;

    tell("the agent speaks muted");
    window.click(Role::Button, &["Mute", "静音"]).await?;
    window.find(Role::Button, &["Unmute", "取消静音"]).await?;
    let agent_muted = customer_ear
        .hears_nothing_of(&agent_nonce)
        .await
        .context("The customer listens to a muted agent")?;
    window.click(Role::Button, &["Unmute", "取消静音"]).await?;
    window.find(Role::Button, &["Mute", "静音"]).await?;
    tell("the customer speaks muted, the agent no longer");
    administrator.mute_customer(customer, true).await?;
    let (customer_muted, ()) = tokio::try_join!(
        agent_ear.hears_nothing_of(&customer_nonce),
        customer_ear.hears_again(&agent_nonce)
    )
    .context("The customer is muted, the agent no longer")?;
    administrator.mute_customer(customer, false).await?;
    agent_ear
        .hears_again(&customer_nonce)
        .await
        .context("The agent listens again")?;

    tell("the agent hangs up and writes the wrap-up");
    window.click(Role::Button, &["Hang up", "挂断"]).await?;
    let text = format!("上门师傅明天九点到 {}", uuid::Uuid::new_v4().simple());
    write_wrap_up(&window, &text).await?;
    pictures.take(&window, "wrap-up").await?;
    window
        .click(
            Role::Button,
            &["Submit and start answering", "提交并开始接听"],
        )
        .await?;
    window.shows(&["Synced", "已同步"], patience).await?;
    pictures.take(&window, "synced").await?;

    tell("the administrator reads it, and the same request is sent again");
    let (call, leg) = last_call(&administrator).await?;
    let row = the_row(&administrator, call, &text).await?;
    let original = Original::taken_from(&tap, &centre.http, &text)?;
    original.again(&administrator, &row).await?;
    original.twice_at_once(&administrator, &row).await?;
    original.not_with_another_body(&administrator, &row).await?;
    window.close().await?;

    ensure!(
        leg.outcome == Some(LegOutcome::Connected),
        "the leg at the centre: {:?}",
        leg.outcome
    );
    shown(
        &[43, 44],
        "window: a notification with the number is on the session bus, and a press on it brings the minimised window to the front",
        "centre: the leg that rang was then answered and is connected",
    )?;
    shown(
        &[42, 49],
        "window: a click on Answer connects, the voice comes out of the speaker, a click on Hang up leads to the wrap-up",
        "centre: the customer recorded the agent's voice; the leg is over, connected",
    )?;
    shown(
        &[95],
        "window: the summary typed in the wrap-up is submitted and shown as synced",
        "centre: an administrator reads the same text in the call's wrap-up",
    )?;

    // What does not hold up to here has ended the play with an error, so that nothing can be called true by mistake.
    let summary = Summary {
        answered: leg.outcome == Some(LegOutcome::Connected),
        talk_seconds: talk(&leg).as_secs_f64(),
        agent_heard_customer: Hearing {
            heard: agent_heard,
            when_muted_dbfs: customer_muted,
        },
        customer_heard_agent: Hearing {
            heard: customer_heard,
            when_muted_dbfs: agent_muted,
        },
        notification_shown: true,
        wrapup_synced: true,
        idempotent_replay_ok: true,
        screenshots: pictures.taken().to_vec(),
    };
    std::fs::write(
        pictures.beside("summary.json"),
        serde_json::to_string_pretty(&summary)? + "\n",
    )?;
    Ok(summary)
}

async fn write_wrap_up(window: &Desktop, text: &str) -> Result<()> {
    window
        .shows(&["Wrap-up", "话后处理"], Duration::from_secs(20))
        .await?;
    window
        .type_into(Role::TextBox, &["Call summary", "会话小结"], text)
        .await?;
    window
        .choose(
            &["Disposition", "业务类型"],
            &["After-sales / Visit overdue", "售后 / 上门超时"],
        )
        .await?;
    window
        .shows(
            &["Saved on this computer", "已存到本机"],
            Duration::from_secs(20),
        )
        .await
        .map(drop)
}

async fn last_call(administrator: &crate::api::Api) -> Result<(CallId, LegRecord)> {
    let calls = administrator.calls().await?;
    let call = calls
        .iter()
        .find(|call| {
            call.legs.iter().any(|(_, leg)| {
                leg.number
                    .as_ref()
                    .is_some_and(|number| number.as_str() == NUMBER)
            })
        })
        .context("the call is not on record")?;
    let (_, leg) = call.legs.last().context("the call has no leg")?;
    Ok((call.call, leg.clone()))
}

fn talk(leg: &LegRecord) -> Duration {
    match (leg.answered_at, leg.ended_at) {
        (Some(from), Some(to)) => to.since(from),
        _ => Duration::ZERO,
    }
}
