//! A whole day with every program as talkative as it can be: nothing private is in a log, in a file of the profile or in a
//! temporary one.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    api::{Api, PracticeCall},
    centre::PASSWORD,
    desktop::Role,
    discretion::Private,
    display::Display,
    headless::{Audio, Headless},
    place::eventually,
    tap::Tap,
    window::Opening,
    work::{ANSWER, DIAL, HANG_UP, PATIENCE, SUMMARY, TALK_TIME, WRAP_UP},
    world::World,
};
use offhook_desk::{CallPhase, Command, SavedState, SessionView};
use offhook_model::{
    Activity, FieldId, FieldValue, Key, PhoneNumber, Presence, Secret, Typed, WrapUpId,
    api::CustomerBody,
};
use serde_json::json;
use std::{path::Path, time::Duration};
use uuid::Uuid;

const CALLER: &str = "12800550142";
const CALLER_NAME: &str = "陈雨桐";
const STRANGER: &str = "12500550199";
const STRANGER_NAME: &str = "何一凡";
const CALLED: &str = "12900550167";
const CALLED_NAME: &str = "吴佳宁";
const KEYED: &str = "73914860*#";
const NO_NUMBER: &str = "geheimer Anruf";
const WRONG_PASSWORD: &str = "falsch-7f3ac1";
const SUMMARY_TEXT: &str = "答应周五上门更换滤芯";
const TAG: &str = "老客户回访";
const TICKET_TITLE: &str = "滤芯漏水上门";
const TICKET_TEXT: &str = "带两支新滤芯";
const EDITED_NAME: &str = "陈雨桐女士";
const UNSENT: &str = "断网时写下的话";

fn private() -> Private {
    Private::default()
        .and("the caller's number", CALLER)
        .and("the caller's name", CALLER_NAME)
        .and("the stranger's number", STRANGER)
        .and("the stranger's name", STRANGER_NAME)
        .and("the called number", CALLED)
        .and("the called person's name", CALLED_NAME)
        .and("the digits keyed", KEYED)
        .and("what was typed for a number", NO_NUMBER)
        .and("the wrong password", WRONG_PASSWORD)
        .and("the password", &format!("\"{PASSWORD}\""))
        .and("the summary", SUMMARY_TEXT)
        .and("a tag", TAG)
        .and("the ticket's title", TICKET_TITLE)
        .and("the ticket's text", TICKET_TEXT)
        .and("the edited name", EDITED_NAME)
        .and("the text written offline", UNSENT)
        .and("an address from a customer's record", "文澜路")
        .and("credentials", "Digest username")
        .and("a token in a header", "Bearer ")
}

/// What programs log. The standard output of a phone without a window is its interface, and tells what its agent may see.
fn is_log(file: &Path) -> bool {
    file.extension().is_some_and(|end| end == "err")
}

/// What a phone keeps on the disk and in its home folder. The centre's own records are no phone's.
fn is_the_phones(file: &Path) -> bool {
    !file.components().any(|part| part.as_os_str() == "centre")
}

/// Looks into every log and every file that the story has left.
fn nothing_is_told(world: &World, private: &Private) -> Result<()> {
    private.is_in_no_file(&world.place.log(""), is_log)?;
    private.is_in_no_file(&world.place.dir("")?, is_the_phones)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_the_phone_without_a_window_is_in_no_log() -> Result<()> {
    let mut world = World::logging("discretion").await?;
    let mut tap = Tap::before(&world.centre.http).await?;
    let profile = world.place.dir("profile-lin")?;
    let (place, environment) = (&world.place, &world.environment);
    let mut lin = Headless::on_profile(place, environment, "lin", &profile, &Audio::Null).await?;

    lin.command(&Command::SignIn {
        centre: tap.base.clone(),
        username: "lin".into(),
        password: Secret::new(WRONG_PASSWORD),
    })
    .await?;
    lin.until("a refusal", |view| match &view.session {
        SessionView::SignedOut { error: Some(_), .. } => Some(()),
        _ => None,
    })
    .await?;
    lin.take_up_work(&tap.base, "lin", PASSWORD).await?;

    // In: hold, keys, hang up, and all that is written afterwards; somebody else writes to the same record.
    call_in(&world, CALLER, None).await?;
    let call = lin.answer().await?;
    lin.set_held(call.leg, true).await?;
    lin.set_held(call.leg, false).await?;
    lin.press(call.leg, KEYED).await?;
    lin.command(&Command::HangUp { leg: call.leg }).await?;
    lin.does(Activity::WrapUp).await?;
    let card = lin
        .ask("query", json!({"kind": "card", "call": call.call}))
        .await?;
    let customer = serde_json::from_value(card["cards"][0]["customer"]["id"].clone())?;
    let body = |name: &str| CustomerBody {
        name: name.into(),
        numbers: vec![PhoneNumber::parse(CALLER).expect("a number")],
        tags: vec![TAG.into()],
        fields: vec![],
    };
    let zhou = Api::sign_in(&world.centre.http, "zhou", PASSWORD).await?;
    zhou.change_customer(customer, 1, &body(CALLER_NAME))
        .await?;
    lin.command(&Command::SaveCustomer {
        wrap_up: call.wrap_up,
        edited: Some((customer, 1)),
        body: body(EDITED_NAME),
    })
    .await?;
    lin.command(&Command::CreateTicket {
        wrap_up: call.wrap_up,
        ticket: None,
        title: TICKET_TITLE.into(),
        text: TICKET_TEXT.into(),
        due_at: None,
    })
    .await?;
    write(&mut lin, call.wrap_up, SUMMARY_TEXT).await?;
    submit(&mut lin, call.wrap_up).await?;
    is_synced(&lin, call.wrap_up).await?;

    // In: somebody nobody knows, who is declined.
    call_in(&world, STRANGER, Some(STRANGER_NAME)).await?;
    let declined = lin.call(CallPhase::Offered).await?;
    lin.command(&Command::Decline { leg: declined.leg }).await?;
    lin.does(Activity::Free).await?;

    // Out: no number, then one that answers, with keys.
    for typed in [NO_NUMBER, CALLED] {
        let number = Typed(typed.into());
        lin.command(&Command::Dial { number }).await?;
    }
    let called = lin.call(CallPhase::Live).await?;
    for key in KEYED.chars() {
        let (leg, key) = (called.leg, Key::try_from(key)?);
        lin.command(&Command::Press { leg, key }).await?;
    }
    lin.command(&Command::HangUp { leg: called.leg }).await?;
    lin.does(Activity::WrapUp).await?;
    // What a company's own program gets wrong.
    for wrong in [
        json!({"kind": "dial", "number": {"typed": CALLED}}),
        json!({"kind": "no_such_command", "name": CALLED_NAME}),
        json!(SUMMARY_TEXT),
    ] {
        ensure!(
            lin.ask("command", wrong).await.is_err(),
            "it takes nonsense"
        );
    }

    // The centre's API goes, and the phone with it: what was written is there after the next start, and is sent then.
    tap.cut().await;
    write(&mut lin, called.wrap_up, UNSENT).await?;
    submit(&mut lin, called.wrap_up).await?;
    lin.until("that it waits", |view| {
        let form = view
            .wrap_ups
            .iter()
            .find(|form| form.id == called.wrap_up)?;
        matches!(form.saved, SavedState::Waiting { .. }).then_some(())
    })
    .await?;
    lin.kill()?;
    world
        .centre
        .crash_and_restart(&world.place, &world.environment)
        .await?;
    tap.mend().await?;
    let (place, environment) = (&world.place, &world.environment);
    let mut lin =
        Headless::on_profile(place, environment, "lin-again", &profile, &Audio::Null).await?;
    lin.command(&Command::SignIn {
        centre: tap.base.clone(),
        username: "lin".into(),
        password: Secret::new(PASSWORD),
    })
    .await?;
    is_synced(&lin, called.wrap_up).await?;
    let token = tap
        .sent("GET", "/v1/events")
        .iter()
        .filter_map(|sent| sent.header("authorization").map(str::to_owned))
        .next_back()
        .context("a token went over the wire")?;
    let token = token.trim_start_matches("Bearer ").to_owned();
    lin.command(&Command::SignOut).await?;
    lin.until("the end of the session", |view| {
        matches!(view.session, SessionView::SignedOut { .. }).then_some(())
    })
    .await?;
    lin.leave().await?;

    let private = private().and("a token", &token);
    for name in [
        "headless-lin.err",
        "headless-lin-again.err",
        "centre-1.err",
        "centre-2.err",
    ] {
        let log = std::fs::read_to_string(world.place.log(name))?;
        ensure!(
            log.contains("TRACE") || log.contains("DEBUG"),
            "{name} is not talkative"
        );
    }
    nothing_is_told(&world, &private)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_the_window_is_in_no_log() -> Result<()> {
    let world = World::logging("discretion-window").await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let window = world
        .desk(&display, "lin", Opening::silent("lin").logging())
        .await?;
    window.type_into(Role::TextBox, DIAL, NO_NUMBER).await?;
    window.press("Enter").await?;
    call_in(&world, CALLER, None).await?;
    window.find(Role::Button, ANSWER).await?;
    window.shows(&[CALLER_NAME], PATIENCE).await?;
    window.click(Role::Button, ANSWER).await?;
    window.find(Role::Timer, TALK_TIME).await?;
    window.click(Role::Button, HANG_UP).await?;
    window.find(Role::Button, WRAP_UP).await?;
    window
        .type_into(Role::TextBox, SUMMARY, SUMMARY_TEXT)
        .await?;
    window.close().await?;
    nothing_is_told(&world, &private())
}

async fn call_in(world: &World, number: &str, name: Option<&str>) -> Result<Uuid> {
    world
        .administrator
        .call_in(&PracticeCall {
            number,
            display_name: name,
            voice: None,
            record: None,
        })
        .await
}

async fn write(agent: &mut Headless, wrap_up: WrapUpId, text: &str) -> Result<()> {
    for (field, value) in [("summary", text), ("disposition", "visit_overdue")] {
        agent
            .command(&Command::EditDraft {
                wrap_up,
                field: FieldId::from(field),
                value: FieldValue::Text(value.into()),
            })
            .await?;
    }
    Ok(())
}

async fn submit(agent: &mut Headless, wrap_up: WrapUpId) -> Result<()> {
    let presence = Presence::Ready;
    agent
        .command(&Command::SubmitAndStartAnswering { wrap_up, presence })
        .await
}

async fn is_synced(agent: &Headless, wrap_up: WrapUpId) -> Result<()> {
    eventually(
        "the wrap-up at the centre",
        Duration::from_secs(40),
        async || {
            let view = agent.view().context("a view")?;
            // Forms that are synced may have left the list.
            let form = view.wrap_ups.iter().find(|form| form.id == wrap_up);
            ensure!(
                form.is_none_or(|form| matches!(form.saved, SavedState::Synced { .. })),
                "it is not: {form:?}"
            );
            ensure!(
                matches!(view.session, SessionView::SignedIn { .. }),
                "nobody is signed in"
            );
            Ok(())
        },
    )
    .await
}
