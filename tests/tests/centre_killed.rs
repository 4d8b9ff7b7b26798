//! The centre is killed while agents talk, one is free and a customer waits: on its next start everything that was answered before
//! has its record, what was open is lost by the restart, and the phones are back at work without a sign-in.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    headless::{Audio, Headless},
    world::World,
};
use offhook_desk::{CallPhase, CallView, Command, LinkView, NoticeKind, SavedState};
use offhook_model::{
    Activity, CallId, FieldId, FieldValue, LegOutcome, Presence, PresenceReason, WrapUpId,
};
use serde_json::{Value, json};
use std::{
    fs::File,
    io::Write as _,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Until a phone has found its centre again: tries are up to 30 s apart.
const FOUND: Duration = Duration::from_secs(90);
const NUMBERS: [&str; 5] = [
    "12800550142",
    "12900550167",
    "12600550173",
    "12500550108",
    "+14155550142",
];
/// A queue that `hannah` does not serve.
const MEMBERS: &str = "400200";

#[tokio::test(flavor = "multi_thread")]
async fn a_centre_killed_in_a_call_has_every_record_and_its_phones_go_on() -> Result<()> {
    let mut world = World::silent("centre-killed", 60).await?;
    let mut lin = world.agent("lin", &Audio::Null).await?;
    let mut zhou = world.agent("zhou", &Audio::Null).await?;
    // Over before: answered, ended, written up.
    let customer = world.customer_calls(NUMBERS[0]).await?;
    let before = lin.answer().await?;
    world.administrator.hang_up_customer(customer).await?;
    lin.does(Activity::WrapUp).await?;
    let filed = submit(&mut lin, before.wrap_up).await?;
    synced(&lin, before.wrap_up).await?;
    start_answering(&mut lin).await?;
    lin.does(Activity::Free).await?;

    // Talking, both; one is free, and a customer waits for somebody else.
    let (stays, leaves) = both_talk(&world, &mut lin, &mut zhou).await?;
    let mut hannah = world.agent("hannah", &Audio::Null).await?;
    let waiting = waits_for_a_member(&world).await?;
    world.centre.crash()?;

    // One hangs up though nobody answers, and writes; the other stays on the line.
    let leg = leaves.leg;
    zhou.command(&Command::HangUp { leg }).await?;
    zhou.does(Activity::WrapUp).await?;
    let written = submit(&mut zhou, leaves.wrap_up).await?;
    start_answering(&mut zhou).await?;
    lin.call(CallPhase::Live).await?;
    for agent in [&lin, &zhou, &hannah] {
        agent
            .until_within("that the centre is gone", FOUND, |view| {
                (view.presence.as_ref()?.unconfirmed && view.links.sip != LinkView::Up)
                    .then_some(())
            })
            .await?;
    }

    world.centre.up(&world.place, &world.environment).await?;
    let back = Instant::now();
    for (name, agent) in [("lin", &lin), ("zhou", &zhou), ("hannah", &hannah)] {
        agent
            .until_within("registered and confirmed", FOUND, |view| {
                let confirmed = !view.presence.as_ref()?.unconfirmed;
                (confirmed && view.links.sip == LinkView::Up).then_some(())
            })
            .await?;
        note(
            &world,
            &format!("{name} is back after {:?}", back.elapsed()),
        )?;
    }
    // Who was free is offered the next call, and nobody has signed in.
    let customer = world.customer_calls(NUMBERS[3]).await?;
    hannah.call(CallPhase::Offered).await?;
    note(
        &world,
        &format!("the first call was offered after {:?}", back.elapsed()),
    )?;
    hannah.answer().await?;
    world.customer_is(customer, "connected").await?;

    // The call that nobody will end is over, by the centre's word, and has its wrap-up; what was asked for meanwhile is so.
    lin.until_within("the end of the lost call", FOUND, |view| {
        view.calls.is_empty().then_some(())
    })
    .await?;
    lin.does(Activity::WrapUp).await?;
    lin.until("that it was lost", |view| {
        let lost = LegOutcome::LostByRestart;
        view.notices
            .iter()
            .any(|notice| matches!(notice.about, NoticeKind::CallGone { outcome, .. } if outcome == lost))
            .then_some(())
    })
    .await?;
    let after = submit(&mut lin, stays.wrap_up).await?;
    zhou.until_within("Ready again", FOUND, |view| {
        let state = view.presence.as_ref()?.confirmed;
        let ready = state.presence == Presence::Ready && state.reason == PresenceReason::ByHand;
        (ready && view.activity == Activity::Free).then_some(())
    })
    .await?;
    records(&world, &before, &stays, &leaves, waiting).await?;
    the_list_says_so(&mut lin, &before, &stays).await?;
    for (call, agent, text) in [
        (&before, &lin, filed),
        (&stays, &lin, after),
        (&leaves, &zhou, written),
    ] {
        synced(agent, call.wrap_up).await?;
        let rows = world.administrator.wrap_ups_of(call.call).await?;
        assert_eq!(rows.len(), 1);
        let summary = rows[0].body.values.get(&FieldId::from("summary"));
        assert_eq!(summary, Some(&FieldValue::Text(text)));
    }

    // The one who hung up takes the next call; the other one after the wrap-up, not in it.
    let customer = world.customer_calls(NUMBERS[1]).await?;
    zhou.answer().await?;
    world.customer_is(customer, "connected").await?;
    let customer = world.customer_calls(NUMBERS[4]).await?;
    let call = world.waits(customer).await?;
    assert_eq!(world.legs_so_far(call).await?, []);
    start_answering(&mut lin).await?;
    lin.answer().await?;
    world.customer_is(customer, "connected").await
}

/// Both agents talk; who took which call is known by their views.
async fn both_talk(
    world: &World,
    lin: &mut Headless,
    zhou: &mut Headless,
) -> Result<(CallView, CallView)> {
    for number in &NUMBERS[1..3] {
        world.customer_calls(number).await?;
    }
    Ok((lin.answer().await?, zhou.answer().await?))
}

async fn waits_for_a_member(world: &World) -> Result<CallId> {
    let body = json!({ "number": NUMBERS[3], "skill_group": MEMBERS });
    let state: Value = world
        .administrator
        .ask(
            reqwest::Method::POST,
            "/v1/practice/calls",
            None,
            Some(&body),
        )
        .await?
        .take()?;
    let customer: Uuid = serde_json::from_value(state["id"].clone())?;
    let call = world.waits(customer).await?;
    // Who asks for the records gets them once they are on the disk.
    assert_eq!(world.legs_of(call).await?, []);
    Ok(call)
}

async fn start_answering(agent: &mut Headless) -> Result<()> {
    let presence = Presence::Ready;
    agent.command(&Command::StartAnswering { presence }).await
}

/// Writes and submits a summary, and waits until it is at least in the outbox.
async fn submit(agent: &mut Headless, wrap_up: WrapUpId) -> Result<String> {
    let text = format!("已登记上门 {}", Uuid::new_v4().simple());
    for (field, value) in [("disposition", "visit_overdue"), ("summary", &*text)] {
        agent
            .command(&Command::EditDraft {
                wrap_up,
                field: FieldId::from(field),
                value: FieldValue::Text(value.into()),
            })
            .await?;
    }
    agent.command(&Command::Submit { wrap_up }).await?;
    agent
        .until("the form in the outbox", |view| {
            let form = view.wrap_ups.iter().find(|form| form.id == wrap_up)?;
            let kept = matches!(
                form.saved,
                SavedState::Waiting { .. } | SavedState::Synced { .. }
            );
            kept.then_some(())
        })
        .await?;
    Ok(text)
}

async fn synced(agent: &Headless, wrap_up: WrapUpId) -> Result<()> {
    agent
        .until_within("the form at the centre", FOUND, |view| {
            // The oldest of those that are there go out of sight.
            let form = view.wrap_ups.iter().find(|form| form.id == wrap_up);
            let there = form.is_none_or(|form| matches!(form.saved, SavedState::Synced { .. }));
            there.then_some(())
        })
        .await
}

/// What the centre has of the calls.
async fn records(
    world: &World,
    before: &CallView,
    stays: &CallView,
    leaves: &CallView,
    waiting: CallId,
) -> Result<()> {
    let ended = world.legs_of(before.call).await?;
    assert_eq!(ended.len(), 1);
    ensure!(ended[0].outcome == Some(LegOutcome::Connected) && ended[0].answered_at.is_some());
    for call in [stays, leaves] {
        let legs = world.legs_of(call.call).await?;
        assert_eq!(legs.len(), 1);
        assert_eq!(legs[0].leg, call.leg);
        assert_eq!(legs[0].outcome, Some(LegOutcome::LostByRestart));
        ensure!(legs[0].answered_at.is_some(), "they talked");
        assert_eq!(of_call(world, call.call).await?, "lost_by_restart");
    }
    assert_eq!(of_call(world, before.call).await?, "connected");
    assert_eq!(of_call(world, waiting).await?, "lost_by_restart");
    assert_eq!(world.legs_of(waiting).await?, []);
    Ok(())
}

/// The agent's own list has each call once, and both as talked in.
async fn the_list_says_so(agent: &mut Headless, before: &CallView, lost: &CallView) -> Result<()> {
    let list = agent.ask("query", json!({ "kind": "calls" })).await?;
    let rows = list["rows"].as_array().context("rows")?;
    for (call, outcome) in [(before, "connected"), (lost, "lost_by_restart")] {
        let mine: Vec<_> = rows
            .iter()
            .filter(|row| row["record"]["call"] == json!(call.call))
            .collect();
        ensure!(
            mine.len() == 1
                && mine[0]["result"] == "normal"
                && mine[0]["record"]["outcome"] == outcome,
            "{mine:?}"
        );
    }
    Ok(())
}

/// How a call ended for its customer.
async fn of_call(world: &World, call: CallId) -> Result<String> {
    let path = format!("/v1/calls/{call}");
    let answer = world
        .administrator
        .ask::<()>(reqwest::Method::GET, &path, None, None)
        .await?;
    let row: Value = answer.take()?;
    Ok(row["outcome"].as_str().context("an outcome")?.to_owned())
}

/// Keeps how long something took beside the logs: nothing is asserted of it.
fn note(world: &World, line: &str) -> Result<()> {
    let mut times = File::options()
        .create(true)
        .append(true)
        .open(world.place.log("times.txt"))?;
    Ok(writeln!(times, "{line}")?)
}
