//! Wrap-up in the window: profile, tags, ticket, details, summary, and the ways out of it.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    acceptance::shown,
    desktop::Role,
    display::Display,
    place::eventually,
    window::Opening,
    work::{ANSWER, PATIENCE, READY, START, SUMMARY, TALK_TIME, WRAP_UP, fill_in, seconds},
    world::World,
};

const NUMBER: &str = "+13125550167";
const NEXT: &str = "+447700900142";
const SUBMIT_AND_START: &[&str] = &["Submit and start answering"];

#[tokio::test(flavor = "multi_thread")]
async fn everything_about_a_call_is_written_in_its_wrap_up() -> Result<()> {
    let world = World::silent("window-wrap-up", 60).await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let window = world.desk(&display, "lin", Opening::silent("lin")).await?;
    let call = world.talked(&window, NUMBER).await?;
    window.picture_of("wrap-up").await?;

    // The details of the call.
    let leg = world.legs_so_far(call).await?.pop().context("a leg")?;
    let (answered, ended) = (
        leg.answered_at.context("answered")?,
        leg.ended_at.context("ended")?,
    );
    let talk = i64::try_from(ended.since(answered).as_secs())?;
    let shows = seconds(&window.read(Role::Timer, TALK_TIME).await?)?;
    ensure!((shows - talk).abs() <= 1, "{shows} for {talk}");
    let text = window.text().await?;
    for words in [
        "Daniel Okafor",
        "+1 312 555 0167",
        "After-sales",
        "You hung up",
        "Rang",
    ] {
        ensure!(text.contains(words), "no {words:?}");
    }
    shown(
        &[94],
        "window: the wrap-up shows who it was, number, line, result, who hung up, how long it rang and how long they talked",
        "centre: the leg's talk is as long as the window says",
    )?;

    // The profile, with a tag.
    window.press("Ctrl+E").await?;
    window.focuses(&["Name"], PATIENCE).await?;
    window.press("End").await?;
    window.keys(" Jr").await?;
    window.click(Role::Button, &["Add to Profile tags"]).await?;
    window.focuses(&["Add to Profile tags"], PATIENCE).await?;
    window.keys("Moved house").await?;
    window.press("Enter").await?;
    window.press("Escape").await?;
    window.shows(&["Moved house"], PATIENCE).await?;
    window.picture_of("profile").await?;
    window.click(Role::Button, &["Save"]).await?;
    eventually("the profile at the centre", PATIENCE, async || {
        let cards = world.administrator.cards(NUMBER).await?;
        let customer = &cards.first().context("a card")?.customer;
        ensure!(customer.name == "Daniel Okafor Jr", "{}", customer.name);
        ensure!(customer.tags.iter().any(|tag| tag == "Moved house"));
        ensure!(customer.tags.iter().any(|tag| tag == "Dishwasher"));
        Ok(())
    })
    .await?;
    window.find(Role::Button, &["Edit profile"]).await?;
    window.shows(&["Daniel Okafor Jr"], PATIENCE).await?;
    shown(
        &[92, 93],
        "window: Ctrl E opens the profile in the wrap-up; a name is changed and a tag added, and both show after Save",
        "centre: the customer has the new name and the tag beside the old ones",
    )?;

    // A ticket.
    window.press("Ctrl+T").await?;
    window.focuses(&["Title"], PATIENCE).await?;
    window.press("Enter").await?;
    window
        .shows(&["Please fill in the title"], PATIENCE)
        .await?;
    window.keys("Drying again").await?;
    window.click(Role::TextBox, &["Details"]).await?;
    window.keys("Still wet after the long programme.").await?;
    window.picture_of("ticket").await?;
    window.click(Role::Button, &["Create ticket"]).await?;
    let ticket = eventually("the ticket at the centre", PATIENCE, async || {
        let tickets = world.administrator.tickets_of(call).await?;
        tickets.into_iter().next().context("none")
    })
    .await?;
    assert_eq!(ticket.body.title, "Drying again");
    assert_eq!(ticket.body.text, "Still wet after the long programme.");
    window.shows(&["Tickets of this call"], PATIENCE).await?;
    window.shows(&["Synced"], PATIENCE).await?;
    window.picture_of("ticket-filed").await?;
    shown(
        &[7, 96],
        "window: Ctrl T opens the form for a ticket in the wrap-up; without a title it says so; filed, it stands beside the call",
        "centre: the call has the ticket with title and text",
    )?;

    // Required fields are missing: a warning, and the draft stays.
    let waiting = world.customer_calls(NEXT).await?;
    let next = world.waits(waiting).await?;
    window
        .type_into(Role::TextBox, SUMMARY, "Wants the drying looked at.")
        .await?;
    window.shows(&["Saved on this computer"], PATIENCE).await?;
    window.press("F2").await?;
    window
        .shows(&["The summary is not complete"], PATIENCE)
        .await?;
    window
        .shows(&["Still missing: Disposition. Kept as a draft."], PATIENCE)
        .await?;
    window.picture_of("incomplete").await?;
    assert_eq!(window.value(SUMMARY).await?, "Wants the drying looked at.");
    assert!(world.administrator.wrap_ups_of(call).await?.is_empty());
    world.customer_is(waiting, "waiting").await?;
    shown(
        &[104],
        "window: F2 with a required field empty warns which, and the text stays as a draft",
        "centre: there is no wrap-up of the call, and the agent is not free: the next customer waits",
    )?;
    window
        .choose(&["Disposition"], &["After-sales / Repair"])
        .await?;
    window.press("Ctrl+Enter").await?;
    let stored = world.summary_of(call).await?;
    assert_eq!(stored, "Wants the drying looked at.");
    // Submitting alone keeps the state.
    window.find(Role::Button, START).await?;
    window.withholds(Role::Button, ANSWER, PATIENCE).await?;
    world.customer_is(waiting, "waiting").await?;
    assert_eq!(world.legs_so_far(next).await?, []);
    window.picture_of("submitted").await?;
    shown(
        &[6, 91, 95],
        "window: summary and disposition, Ctrl Enter submits them alone; it is still in wrap-up and nothing rings",
        "centre: the call's wrap-up has the summary; the next customer waits all the time without an offer",
    )?;
    window.allows(Role::Button, START).await?;
    window.press("F2").await?;
    window.find(Role::Button, ANSWER).await?;
    world.legs_end(next, &[None]).await?;
    shown(
        &[102],
        "window: after the call Start answering is there, and F2 does it",
        "centre: the next customer is offered then",
    )?;

    // Starting alone keeps the draft.
    window.click(Role::Button, ANSWER).await?;
    window.find(Role::Timer, TALK_TIME).await?;
    window.press("Shift+Escape").await?;
    window.find(Role::Button, WRAP_UP).await?;
    window.type_into(Role::TextBox, SUMMARY, "Half a").await?;
    window.shows(&["Saved on this computer"], PATIENCE).await?;
    window.click(Role::Button, START).await?;
    window.find(Role::Button, READY).await?;
    window.find(Role::Button, &["Emily Carter, draft"]).await?;
    assert!(world.administrator.wrap_ups_of(next).await?.is_empty());
    window.picture_of("draft").await?;

    // Submitting and starting in one.
    let third = world.talked(&window, NUMBER).await?;
    fill_in(&window, "All well now.").await?;
    window.allows(Role::Button, SUBMIT_AND_START).await?;
    window.press("F2").await?;
    window.find(Role::Button, READY).await?;
    assert_eq!(world.summary_of(third).await?, "All well now.");

    // Back to Break is the second choice: then nobody rings.
    let fourth = world.talked(&window, NUMBER).await?;
    fill_in(&window, "Called once more.").await?;
    window.click(Role::Button, &["Back to Break"]).await?;
    window
        .find(Role::Button, &["Break, No calls are offered"])
        .await?;
    assert_eq!(world.summary_of(fourth).await?, "Called once more.");
    let last = world.customer_calls(NEXT).await?;
    let last_call = world.waits(last).await?;
    window.withholds(Role::Button, ANSWER, PATIENCE).await?;
    window.press("Alt+1").await?;
    window.find(Role::Button, ANSWER).await?;
    world.legs_end(last_call, &[None]).await?;
    shown(
        &[103],
        "window: Start answering alone keeps the draft; Submit and start answering is the key F2; both lead to Ready, Back to Break to Break",
        "centre: no wrap-up of the draft's call, one of each submitted; calls are offered after the one, and wait after Break until Ready",
    )?;
    window.close().await.map(drop)
}
