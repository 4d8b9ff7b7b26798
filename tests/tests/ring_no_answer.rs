//! A call that the first agent lets ring goes to the second, and one whose caller leaves changes nothing.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result};
use e2e::{
    acceptance::shown,
    api::PracticeCall,
    headless::{Audio, Headless},
    world::World,
};
use offhook_desk::{CallPhase, Command};
use offhook_model::{Activity, CallerMatch, LegOutcome, Presence, PresenceReason};

const CALL: PracticeCall<'static> = PracticeCall {
    number: "12800550142",
    display_name: None,
    voice: None,
    record: None,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_rings_out_is_offered_to_the_next_agent_and_the_first_is_on_break() -> Result<()>
{
    let world = World::silent("ring-no-answer", 2).await?;
    let lin = world.agent("lin", &Audio::Null).await?;
    let zhou = world.agent("zhou", &Audio::Null).await?;
    let customer = world.administrator.call_in(&CALL).await?;

    let (first, mut second) = who_rings_first(lin, zhou).await?;
    let call = first.call(CallPhase::Offered).await?;
    let next = second.call(CallPhase::Offered).await?;
    assert_eq!(next.call, call.call, "it is the same contact");
    assert_ne!(next.leg, call.leg);
    second.command(&Command::Answer { leg: next.leg }).await?;
    second.call(CallPhase::Live).await?;
    first
        .until("Break, with the reason", |view| {
            let state = view.presence.as_ref()?.confirmed;
            let on_break =
                state.presence == Presence::Break && state.reason == PresenceReason::RingNoAnswer;
            (on_break && view.calls.is_empty()).then_some(())
        })
        .await?;

    world.administrator.hang_up_customer(customer).await?;
    second
        .until("wrap-up", |view| {
            (view.activity == Activity::WrapUp).then_some(())
        })
        .await?;
    let outcomes = world.outcomes_of(call.call).await?;
    assert_eq!(outcomes, [LegOutcome::RingNoAnswer, LegOutcome::Connected]);
    shown(
        &[21, 22],
        "phone: the first agent's call is gone and it is on Break, ring no answer; the second's rings with the same call and is live",
        "centre: the call has two legs, ring no answer and connected",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_leaves_while_it_rings_changes_no_state_and_is_recorded_as_abandoned()
-> Result<()> {
    let world = World::silent("abandoned", 30).await?;
    let lin = world.agent("lin", &Audio::Null).await?;
    let customer = world.administrator.call_in(&CALL).await?;
    let call = lin.call(CallPhase::Offered).await?;
    world.administrator.hang_up_customer(customer).await?;
    lin.until("the ringing to stop", |view| {
        view.calls.is_empty().then_some(())
    })
    .await?;
    let view = lin.view().context("a view")?;
    let presence = view.presence.context("a presence")?;
    assert_eq!(presence.confirmed.presence, Presence::Ready);
    assert_eq!(view.activity, Activity::Free);
    let outcomes = world.outcomes_of(call.call).await?;
    assert_eq!(outcomes, [LegOutcome::AbandonedWhileRinging]);
    shown(
        &[24],
        "phone: the ringing stops, and it stays Ready and free",
        "centre: the only leg was abandoned while ringing",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_rings_the_same_agent_again_still_brings_its_record() -> Result<()> {
    let world = World::silent("rings-again", 2).await?;
    let mut lin = world.agent("lin", &Audio::Null).await?;
    world.administrator.call_in(&CALL).await?;
    let first = lin.call(CallPhase::Offered).await?;
    lin.until("Break", |view| {
        let presence = view.presence.as_ref()?.confirmed.presence;
        (presence == Presence::Break && view.calls.is_empty()).then_some(())
    })
    .await?;
    let presence = Presence::Ready;
    lin.command(&Command::SetPresence { presence }).await?;
    let again = lin.call(CallPhase::Offered).await?;
    assert_eq!(again.call, first.call);
    assert_ne!(again.leg, first.leg);
    lin.until("the caller's name", |view| {
        match &view.calls.first()?.caller {
            CallerMatch::Known { customer, .. } if customer.name == "陈雨桐" => Some(()),
            _ => None,
        }
    })
    .await?;
    lin.command(&Command::Answer { leg: again.leg }).await?;
    lin.call(CallPhase::Live).await.map(drop)
}

/// Sorts two phones by which of them rings.
async fn who_rings_first(one: Headless, other: Headless) -> Result<(Headless, Headless)> {
    let first = tokio::select! {
        rings = one.call(CallPhase::Offered) => { rings?; true }
        rings = other.call(CallPhase::Offered) => { rings?; false }
    };
    Ok(if first { (one, other) } else { (other, one) })
}
