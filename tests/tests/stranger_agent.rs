//! Debian's sipp as the desk telephone of an agent: it answers, declines, is busy, rings out, and either side hangs up or gives up.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    api::Api,
    centre::{PASSWORD, QUEUE},
    headless::Audio,
    place::eventually,
    sipp::{Cue, Message, Sipp},
    world::World,
};
use offhook_desk::CallPhase;
use offhook_model::{Activity, CallId, LegOutcome, Presence, PresenceReason};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
/// The extension of `zhou`.
const ZHOU: &str = "1002";

#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_answers_and_either_side_hangs_up() -> Result<()> {
    let world = World::silent("agent-hangs-up", 30).await?;
    for by in ["agent", "customer"] {
        let mut phone = ready(&world, &format!("phone-{by}")).await?;
        let mut customer = world.sipp_calls(by, QUEUE).await?;
        let call = call_of(&phone.is_told("INVITE", PATIENCE).await?)?;
        phone.cue(Cue::Ring).await?;
        is_doing(&world, Activity::Ringing).await?;
        phone.cue(Cue::Answer).await?;
        phone.is_told("ACK", PATIENCE).await?;
        is_doing(&world, Activity::Talking).await?;
        if by == "agent" {
            phone.cue(Cue::HangUp).await?;
            customer.is_told("BYE", PATIENCE).await?;
        } else {
            customer.cue(Cue::HangUp).await?;
            phone.is_told("BYE", PATIENCE).await?;
        }
        phone.ends_well(PATIENCE).await?;
        customer.ends_well(PATIENCE).await?;
        is_doing(&world, Activity::WrapUp).await?;
        assert_eq!(world.outcomes_of(call).await?, [LegOutcome::Connected]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_declines_and_the_caller_leaves_at_the_second_ring() -> Result<()> {
    let world = World::silent("agent-declines", 30).await?;
    let mut phone = ready(&world, "declines").await?;
    let mut customer = world.sipp_calls("customer", QUEUE).await?;
    let call = call_of(&phone.is_told("INVITE", PATIENCE).await?)?;
    phone.cue(Cue::Refuse(603)).await?;
    phone.ends_well(PATIENCE).await?;
    is_on_record(&world, Presence::Break, PresenceReason::Declined).await?;
    ensure!(!is_over(&customer)?, "the customer was hung up");

    let mut phone = ready(&world, "rings").await?;
    let again = phone.is_told("INVITE", PATIENCE).await?;
    assert_eq!(call_of(&again)?, call);
    phone.cue(Cue::Ring).await?;
    customer.cue(Cue::HangUp).await?;
    let cancel = phone.is_told("CANCEL", PATIENCE).await?;
    let reason = cancel.header("Reason").unwrap_or_default();
    ensure!(reason.contains("cause=487"), "{}", cancel.text);
    customer.ends_well(PATIENCE).await?;
    phone.ends_well(PATIENCE).await?;
    is_on_record(&world, Presence::Ready, PresenceReason::ByHand).await?;
    is_doing(&world, Activity::Free).await?;
    let expected = [LegOutcome::Declined, LegOutcome::AbandonedWhileRinging];
    assert_eq!(world.outcomes_of(call).await?, expected);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_that_rings_out_is_told_why_and_its_agent_is_on_break() -> Result<()> {
    let world = World::silent("agent-rings-out", 2).await?;
    let mut phone = ready(&world, "rings").await?;
    let mut customer = world.sipp_calls("customer", QUEUE).await?;
    let call = call_of(&phone.is_told("INVITE", PATIENCE).await?)?;
    phone.cue(Cue::Ring).await?;
    let cancel = phone.is_told("CANCEL", PATIENCE).await?;
    let reason = cancel.header("Reason").unwrap_or_default();
    ensure!(reason.contains("cause=480"), "{}", cancel.text);
    phone.ends_well(PATIENCE).await?;
    is_on_record(&world, Presence::Break, PresenceReason::RingNoAnswer).await?;
    ensure!(!is_over(&customer)?, "the customer was hung up");
    customer.cue(Cue::HangUp).await?;
    customer.ends_well(PATIENCE).await?;
    assert_eq!(world.outcomes_of(call).await?, [LegOutcome::RingNoAnswer]);
    Ok(())
}

/// Busy is no refusal by the agent: no Break, and the call goes to the other agent.
#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_that_is_busy_passes_the_call_on_without_break() -> Result<()> {
    let world = World::silent("agent-busy", 30).await?;
    let mut phone = ready(&world, "busy").await?;
    let mut lin = world.agent("lin", &Audio::Null).await?;
    let mut customer = world.sipp_calls("customer", QUEUE).await?;
    let call = call_of(&phone.is_told("INVITE", PATIENCE).await?)?;
    phone.cue(Cue::Refuse(486)).await?;
    phone.ends_well(PATIENCE).await?;
    assert_eq!(lin.call(CallPhase::Offered).await?.call, call);
    lin.answer().await?;
    is_on_record(&world, Presence::Ready, PresenceReason::ByHand).await?;
    customer.cue(Cue::HangUp).await?;
    customer.ends_well(PATIENCE).await?;
    lin.does(Activity::WrapUp).await?;
    let expected = [LegOutcome::Rejected, LegOutcome::Connected];
    assert_eq!(world.outcomes_of(call).await?, expected);
    Ok(())
}

/// Has a telephone of `zhou` registered, and the agent Ready.
async fn ready(world: &World, name: &str) -> Result<Sipp> {
    let phone = world.sipp_registers(name, ZHOU).await?;
    let zhou = Api::sign_in(&world.centre.http, "zhou", PASSWORD).await?;
    zhou.start_answering(Presence::Ready).await?;
    Ok(phone)
}

fn call_of(invite: &Message) -> Result<CallId> {
    let id = invite.header("X-Offhook-Call").context("a call's id")?;
    Ok(id.parse()?)
}

fn is_over(customer: &Sipp) -> Result<bool> {
    let wire = customer.wire()?;
    Ok(wire.iter().any(|said| said.text.starts_with("BYE")))
}

async fn is_doing(world: &World, activity: Activity) -> Result<()> {
    eventually(&format!("{activity:?}"), PATIENCE, async || {
        let record = Api::on_record(&world.centre.http, "zhou", PASSWORD).await?;
        ensure!(record.activity == activity, "it is {:?}", record.activity);
        Ok(())
    })
    .await
}

async fn is_on_record(world: &World, presence: Presence, reason: PresenceReason) -> Result<()> {
    eventually(&format!("{presence:?}"), PATIENCE, async || {
        let state = Api::on_record(&world.centre.http, "zhou", PASSWORD)
            .await?
            .presence;
        let is = (state.presence, state.reason);
        ensure!(is == (presence, reason), "it is {is:?}");
        Ok(())
    })
    .await
}
