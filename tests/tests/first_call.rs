//! The first call, on the phone without a window: ring, pop, talk, mute, hang up, wrap-up, and the centre after a crash.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    acceptance::shown,
    api::PracticeCall,
    headless::{Audio, Headless},
    nonce::Nonce,
    replay::{Original, the_row},
    talk::{Ear, voice},
    tap::Tap,
    world::World,
};
use offhook_desk::{CallPhase, CallView, Command, SavedState};
use offhook_model::{Activity, CallerMatch, FieldId, FieldValue, LegOutcome, Presence, WrapUpId};
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_takes_a_call_and_its_wrap_up_is_at_the_centre_exactly_once() -> Result<()> {
    let mut world = World::silent("first-call", 30).await?;
    let tap = Tap::before(&world.centre.http).await?;
    let (agent_nonce, customer_nonce) = (Nonce::draw(), Nonce::draw());
    let agent_says = voice(&world.place, "agent", &agent_nonce)?;
    let agent_hears = world.place.log("agent-heard.wav");
    let audio = Audio::Wav(&agent_says, &agent_hears);
    let mut agent = Headless::start(&world.place, &world.environment, "lin", &audio).await?;
    agent
        .take_up_work(&tap.base, "lin", e2e::centre::PASSWORD)
        .await?;

    let customer_hears = world.place.log("customer-heard.wav");
    let customer = world
        .administrator
        .call_in(&PracticeCall {
            number: "12800550142",
            display_name: None,
            voice: Some(&voice(&world.place, "customer", &customer_nonce)?),
            record: Some(&customer_hears),
        })
        .await?;
    let call = agent.call(CallPhase::Offered).await?;
    the_record_pops(&mut agent, &call).await?;
    agent.command(&Command::Answer { leg: call.leg }).await?;
    agent.call(CallPhase::Live).await?;

    let (agent_ear, customer_ear) = (Ear::file(&agent_hears), Ear::file(&customer_hears));
    let (agent_heard, customer_heard) = tokio::try_join!(
        agent_ear.hears(&customer_nonce),
        customer_ear.hears(&agent_nonce)
    )
    .context("Both listen")?;
    ensure!(
        agent_heard.longest_gap_ms < 200 && customer_heard.longest_gap_ms < 200,
        "one was cut: {agent_heard:?}, {customer_heard:?}"
    );
    set_muted(&mut agent, &call, true).await?;
    customer_ear.hears_nothing_of(&agent_nonce).await?;
    set_muted(&mut agent, &call, false).await?;
    world.administrator.mute_customer(customer, true).await?;
    tokio::try_join!(
        agent_ear.hears_nothing_of(&customer_nonce),
        customer_ear.hears_again(&agent_nonce)
    )
    .context("The customer is muted, the agent no longer")?;
    world.administrator.mute_customer(customer, false).await?;
    agent_ear
        .hears_again(&customer_nonce)
        .await
        .context("The agent listens again")?;
    shown(
        &[2, 42],
        "phone: Answer makes the call live, and the customer's voice comes out of the speaker",
        "centre: the practice customer records the agent's voice",
    )?;

    agent.command(&Command::HangUp { leg: call.leg }).await?;
    agent
        .until("wrap-up", |view| {
            (view.activity == Activity::WrapUp).then_some(())
        })
        .await?;
    let text = format!("答应明天九点上门 {}", uuid::Uuid::new_v4().simple());
    write_wrap_up(&mut agent, call.wrap_up, &text).await?;

    let legs = world.administrator.calls().await?;
    let legs = legs
        .iter()
        .find(|legs| legs.call == call.call)
        .context("the call")?;
    assert_eq!(legs.legs.len(), 1);
    assert_eq!(legs.legs[0].1.outcome, Some(LegOutcome::Connected));
    let row = the_row(&world.administrator, call.call, &text).await?;
    assert_eq!(row.wrap_up, call.wrap_up);
    shown(
        &[49],
        "phone: Hang up ends the call and the desk is in wrap-up",
        "centre: the only leg is over, connected",
    )?;
    shown(
        &[6, 95],
        "phone: the summary typed in the wrap-up is submitted and synced",
        "centre: an administrator reads the same text in the call's only wrap-up",
    )?;

    let original = Original::taken_from(&tap, &world.centre.http, &text)?;
    original.again(&world.administrator, &row).await?;
    original.twice_at_once(&world.administrator, &row).await?;
    original
        .not_with_another_body(&world.administrator, &row)
        .await?;
    let World {
        place,
        environment,
        centre,
        administrator,
        ..
    } = &mut world;
    centre.crash_and_restart(place, environment).await?;
    *administrator = centre.administrator().await?;
    original.again(administrator, &row).await?;
    original.twice_at_once(administrator, &row).await?;
    original.not_with_another_body(administrator, &row).await?;
    original.a_new_one_twice_at_once(administrator).await
}

/// The customer's card is there while it rings, before anybody answers.
async fn the_record_pops(agent: &mut Headless, call: &CallView) -> Result<()> {
    agent
        .until("the caller's name", |view| {
            match &view.calls.first()?.caller {
                CallerMatch::Known { customer, .. } if customer.name == "陈雨桐" => Some(()),
                _ => None,
            }
        })
        .await?;
    let card = agent
        .ask("query", json!({ "kind": "card", "call": call.call }))
        .await?;
    let customer = &card["cards"][0];
    ensure!(customer["customer"]["name"] == "陈雨桐", "the card: {card}");
    for part in ["calls", "tickets", "records"] {
        let rows = customer[part].as_array().map_or(0, Vec::len);
        ensure!(rows > 0, "the card has no {part}");
    }
    let number = call.number.as_ref().map(ToString::to_string);
    ensure!(
        agent
            .notified()
            .iter()
            .any(|asked| asked["number"] == json!(number)),
        "no notification was asked for"
    );
    Ok(())
}

async fn set_muted(agent: &mut Headless, call: &CallView, muted: bool) -> Result<()> {
    agent
        .command(&Command::SetMuted {
            leg: call.leg,
            muted,
        })
        .await?;
    agent
        .until("the microphone to be as asked", |view| {
            (view.calls.first()?.muted.confirmed == muted).then_some(())
        })
        .await
}

async fn write_wrap_up(agent: &mut Headless, wrap_up: WrapUpId, text: &str) -> Result<()> {
    for (field, value) in [("summary", text), ("disposition", "visit_overdue")] {
        agent
            .command(&Command::EditDraft {
                wrap_up,
                field: FieldId::from(field),
                value: FieldValue::Text(value.into()),
            })
            .await?;
    }
    agent
        .command(&Command::SubmitAndStartAnswering {
            wrap_up,
            presence: Presence::Ready,
        })
        .await?;
    agent
        .until_within(
            "the wrap-up to be at the centre",
            Duration::from_secs(20),
            |view| {
                let form = view.wrap_ups.iter().find(|form| form.id == wrap_up)?;
                matches!(form.saved, SavedState::Synced { .. }).then_some(())
            },
        )
        .await?;
    agent
        .until("Ready", |view| {
            (view.activity == Activity::Free).then_some(())
        })
        .await
}
