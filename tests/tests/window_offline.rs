//! The window without its centre: what is written there is kept, and arrives once. And the calls of another computer.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    acceptance::{shown, shown_beyond},
    api::Api,
    call_list::{CallList, begins_with},
    centre::PASSWORD,
    credentials::{Credentials, is_told},
    desktop::Role,
    display::Display,
    headless::Audio,
    place::eventually,
    tap::{Cut, Tap},
    window::{Language, Opening, Window},
    work::{PATIENCE, READY, START, SUMMARY, WRAP_UP, check_in, fill_in},
    world::{CUSTOMER, World},
};
use offhook_desk::Command;
use offhook_model::{Activity, CallId, Code, Customer, api::CustomerBody};
use std::time::{Duration, Instant};

const DANIEL: &str = "+13125550167";
const EMILY: &str = "+447700900142";
const ANOTHER: &str = "12900550167";
/// Longer than the story, in seconds: the agent is in wrap-up all the time.
const GRACE: u32 = 600;
/// Until a desk has found its centre again: tries are up to 30 s apart.
const FOUND: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_without_the_centre_is_kept_and_arrives_once() -> Result<()> {
    let mut world = World::silent("window-offline", 60).await?;
    world
        .centre
        .restart_with_grace(&world.place, &world.environment, GRACE)
        .await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let mut tap = Tap::before(&world.centre.http).await?;
    let base = tap.base.clone();
    let mine = Credentials::of(&base, "lin");
    let open = async |name: &str, profile| {
        let opening = Opening::silent(name).on_profile(profile);
        opening.open(&world.place, &display).await
    };

    // Two calls, a form of each open side by side, and the power goes.
    let window = Opening::silent("online")
        .open(&world.place, &display)
        .await?;
    mine.are_typed(&window).await?;
    check_in(&window).await?;
    let first = world.talked(&window, DANIEL).await?;
    window.type_into(Role::TextBox, SUMMARY, "Looked").await?;
    window.shows(&["Saved on this computer"], PATIENCE).await?;
    window.click(Role::Button, START).await?;
    window.find(Role::Button, READY).await?;
    let second = world.talked(&window, EMILY).await?;
    window.type_into(Role::TextBox, SUMMARY, "Half a").await?;
    window.shows(&["Saved on this computer"], PATIENCE).await?;
    let profile = window.kill()?;
    tap.cut_by(Cut::Reset).await;

    // Without network the agent's own password opens both, with the customers' copies and the call list.
    let window = open("offline", profile).await?;
    mine.are_typed(&window).await?;
    window.shows(&["You work offline."], PATIENCE).await?;
    window.picture_of("opened").await?;
    window.click(Role::Button, &["Emily Carter, draft"]).await?;
    assert_eq!(window.value(SUMMARY).await?, "Half a");
    window
        .type_into(Role::TextBox, SUMMARY, "Half a sentence")
        .await?;
    window.shows(&["Saved on this computer"], PATIENCE).await?;
    window.picture_of("side-by-side").await?;
    window.click(Role::Button, &["Calls"]).await?;
    begins_with(&window, &["Emily Carter", "Connected"]).await?;

    // Signed out and in again, still without: another program has opened it since.
    sign_out(&window).await?;
    let profile = window.close().await?;
    let window = open("another-day", profile).await?;
    mine.are_typed(&window).await?;
    window.shows(&["You work offline."], PATIENCE).await?;
    window
        .click(Role::Button, &["Daniel Okafor, draft"])
        .await?;
    assert_eq!(window.value(SUMMARY).await?, "Looked");

    // The profile, a ticket and the summary are written; meanwhile somebody else writes the same profile.
    window.press("Ctrl+E").await?;
    window.focuses(&["Name"], PATIENCE).await?;
    window.press("End").await?;
    window.keys(" Jr").await?;
    window.click(Role::Button, &["Save"]).await?;
    window.shows(&["Daniel Okafor Jr"], PATIENCE).await?;
    window.press("Ctrl+T").await?;
    window.focuses(&["Title"], PATIENCE).await?;
    window.keys("Drying again").await?;
    window.click(Role::Button, &["Create ticket"]).await?;
    window.shows(&["Tickets of this call"], PATIENCE).await?;
    fill_in(&window, "Looked at, comes on Friday.").await?;
    window.press("Ctrl+Enter").await?;
    window
        .find(Role::Button, &["Daniel Okafor Jr, waiting"])
        .await?;
    window.picture_of("waiting").await?;
    let colleague = Api::sign_in(&world.centre.http, "hannah", PASSWORD).await?;
    changes_daniel(&colleague).await?;
    assert!(world.administrator.wrap_ups_of(first).await?.is_empty());

    // The centre is back: everything arrives by itself.
    tap.mend().await?;
    window.find_within(Role::Button, WRAP_UP, FOUND).await?;
    assert_eq!(
        world.summary_of(first).await?,
        "Looked at, comes on Friday."
    );
    let tickets = world.administrator.tickets_of(first).await?;
    assert_eq!(tickets.len(), 1);
    assert_eq!(tickets[0].body.title, "Drying again");

    // But for the profile that two have written: both stand there, and the agent says what counts.
    window
        .shows(&["Somebody else changed this profile as well"], PATIENCE)
        .await?;
    window.picture_of("conflict").await?;
    window
        .click(Role::Radio, &["Name: Written here, Daniel Okafor Jr"])
        .await?;
    window.picture_of("chosen").await?;
    window.click(Role::Button, &["Save what is chosen"]).await?;
    eventually("the profile at the centre", PATIENCE, async || {
        let customer = daniel(&world.administrator).await?;
        ensure!(customer.name == "Daniel Okafor Jr", "{}", customer.name);
        ensure!(customer.tags.iter().any(|tag| tag == "Moved house"));
        Ok(())
    })
    .await?;
    window
        .click(Role::Button, &["Emily Carter, wrap-up"])
        .await?;
    assert_eq!(window.value(SUMMARY).await?, "Half a sentence");
    fill_in(&window, "Half a sentence, and the rest.").await?;
    window.press("Ctrl+Enter").await?;
    assert_eq!(
        world.summary_of(second).await?,
        "Half a sentence, and the rest."
    );
    window.picture_of("all-there").await?;
    shown(
        &[99],
        "window: killed, opened without network, signed out, opened again: the forms of two calls are there with every word, and one \
         is submitted there",
        "centre: no wrap-up until it is back, then one of each call with all that was typed",
    )?;
    shown_beyond(
        &[1],
        "window: two forms side by side with the state of each; after the centre is back the profile that two have written shows \
         both sides, and the agent chooses",
        "centre: one ticket and one wrap-up of each call; the profile has the chosen name beside the \
         other's tag",
    )?;
    window.close().await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_taken_on_another_computer_stand_in_the_list() -> Result<()> {
    let world = World::silent("window-elsewhere", 60).await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let window = world.desk(&display, "lin", Opening::silent("lin")).await?;
    let here = world.talked(&window, CUSTOMER).await?;
    window.click(Role::Button, START).await?;
    window.find(Role::Button, READY).await?;

    let since = Instant::now();
    let mut other = world.agent("lin", &Audio::Null).await?;
    is_told(&window, Code::SignedInElsewhere, since, PATIENCE).await?;
    let customer = world.customer_calls(ANOTHER).await?;
    let there = world.waits(customer).await?;
    let leg = other.answer().await?.leg;
    world.customer_is(customer, "connected").await?;
    other.command(&Command::HangUp { leg }).await?;
    other.does(Activity::WrapUp).await?;
    other.leave().await?;

    Credentials::of(&world.centre.http, "lin")
        .are_typed(&window)
        .await?;
    window.find(Role::Button, &["Calls"]).await?;
    window.click(Role::Button, &["Calls"]).await?;
    begins_with(&window, &["吴佳宁", "Connected"]).await?;
    let list = CallList::read(&window).await?;
    window.picture_of("elsewhere").await?;
    let legs = list.agrees(&world, "lin", Language::English).await?;
    let calls: Vec<CallId> = legs.iter().map(|leg| leg.call).collect();
    assert_eq!(calls[..2], [there, here]);
    shown(
        &[111],
        "window: after a call on another computer, and signed in here again, the list has that call on top of the one taken here",
        "centre: the legs of both calls are what the list shows, filter by filter",
    )?;
    window.close().await.map(drop)
}

async fn sign_out(window: &Window) -> Result<()> {
    window.click(Role::Button, &["Settings"]).await?;
    window.click(Role::Button, &["Sign out"]).await?;
    window.find(Role::Password, &["Password"]).await.map(drop)
}

async fn daniel(reader: &Api) -> Result<Customer> {
    let cards = reader.cards(DANIEL).await?;
    Ok(cards.into_iter().next().context("a card")?.customer)
}

/// Another name, and a tag more.
async fn changes_daniel(colleague: &Api) -> Result<()> {
    let Customer {
        id,
        version,
        numbers,
        mut tags,
        fields,
        ..
    } = daniel(colleague).await?;
    tags.push("Moved house".to_owned());
    let body = CustomerBody {
        name: "Daniel T. Okafor".to_owned(),
        numbers,
        tags,
        fields,
    };
    colleague.change_customer(id, version, &body).await
}
