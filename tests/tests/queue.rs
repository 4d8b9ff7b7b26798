//! Two agents and a queue: who lets it ring or declines goes on Break, the call back to the head, and the others wait behind it.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    acceptance::shown,
    api::PracticeCall,
    headless::{Audio, Headless},
    place::{eventually, free_port},
    sipp::{Codec, Cue, Sipp},
    world::{CUSTOMER, World},
};
use offhook_desk::{CallPhase, Command, NextAction};
use offhook_model::{Activity, LegOutcome, Presence, PresenceReason, Typed};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
/// How the sample data name the queue that is called.
const QUEUE: &str = "After-sales";
const CUSTOMERS: [&str; 3] = [CUSTOMER, "12900550167", "12600550173"];

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_nobody_takes_stays_at_the_head_of_its_queue() -> Result<()> {
    let world = World::silent("queue-head", 3).await?;
    let mut lin = world.agent("lin", &Audio::Null).await?;
    let mut zhou = world.agent("zhou", &Audio::Null).await?;
    zhou.set_presence(Presence::Break).await?;
    let mut customers = Vec::new();
    customers.push(call_in(&world, CUSTOMERS[0]).await?);
    let first = lin.call(CallPhase::Offered).await?;
    for number in &CUSTOMERS[1..] {
        customers.push(call_in(&world, number).await?);
    }
    for agent in [&lin, &zhou] {
        waits(agent, 2).await?;
    }
    // It rings out: three wait, and nobody is there to take one.
    lin.presence(Presence::Break, PresenceReason::RingNoAnswer)
        .await?;
    waits(&lin, 3).await?;
    let view = lin.view().context("a view")?;
    ensure!(view.calls.is_empty() && view.next == Some(NextAction::BackToReady));
    assert!(zhou.view().context("a view")?.calls.is_empty());

    // Back to Ready is one action, and brings the head: the call that rang out, not the one behind it.
    let ready = Command::SetPresence {
        presence: Presence::Ready,
    };
    zhou.command(&ready).await?;
    let second = zhou.call(CallPhase::Offered).await?;
    assert_eq!(second.call, first.call);
    zhou.command(&Command::Decline { leg: second.leg }).await?;
    zhou.presence(Presence::Break, PresenceReason::Declined)
        .await?;
    waits(&zhou, 3).await?;

    lin.command(&ready).await?;
    let third = lin.answer().await?;
    assert_eq!(third.call, first.call);
    waits(&lin, 2).await?;
    zhou.command(&ready).await?;
    let next = zhou.answer().await?;
    let number = next.number.as_ref().map(|number| number.as_str());
    assert_eq!(number, Some(CUSTOMERS[1]), "first come, first served");
    waits(&zhou, 1).await?;

    for customer in customers {
        world.administrator.hang_up_customer(customer).await?;
    }
    for agent in [&lin, &zhou] {
        agent.does(Activity::WrapUp).await?;
        waits(agent, 0).await?;
    }
    let expected = [
        LegOutcome::RingNoAnswer,
        LegOutcome::Declined,
        LegOutcome::Connected,
    ];
    assert_eq!(world.outcomes_of(first.call).await?, expected);
    let outcomes = world.outcomes_of(next.call).await?;
    assert_eq!(outcomes, [LegOutcome::Connected]);
    shown(
        &[22, 25, 26, 27],
        "phone: rung out and declined, each agent is on Break with the reason; the call waits at the head of three, seen in the \
         queue, and rings where somebody is Ready again",
        "centre: the call has three legs, ring no answer, declined and connected, and the one behind it one",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn break_by_hand_sends_calls_to_the_other_and_the_own_calls_go_on() -> Result<()> {
    let world = World::silent("queue-break", 30).await?;
    let mut lin = world.agent("lin", &Audio::Null).await?;
    let mut zhou = world.agent("zhou", &Audio::Null).await?;
    // lin has been Ready longer, so it would ring there.
    lin.set_presence(Presence::Break).await?;
    let customer = call_in(&world, CUSTOMERS[0]).await?;
    let call = zhou.answer().await?;
    let view = lin.view().context("a view")?;
    ensure!(view.calls.is_empty() && view.activity == Activity::Free);
    lin.set_presence(Presence::Ready).await?;
    world.administrator.hang_up_customer(customer).await?;
    zhou.does(Activity::WrapUp).await?;
    // In wrap-up none is offered either: the next one is lin's.
    let customer = call_in(&world, CUSTOMERS[1]).await?;
    let other = lin.answer().await?;
    assert!(zhou.view().context("a view")?.calls.is_empty());
    world.administrator.hang_up_customer(customer).await?;
    lin.does(Activity::WrapUp).await?;
    for call in [call.call, other.call] {
        let outcomes = world.outcomes_of(call).await?;
        assert_eq!(outcomes, [LegOutcome::Connected]);
    }
    shown(
        &[17, 20, 91],
        "phone: it rings at the other agent while this one is on Break, and at this one while the other is in wrap-up",
        "centre: each call has one leg, connected",
    )
}

/// Who dials is busy: a queue's call goes past them without Break and without a ring, a direct one is told so.
#[tokio::test(flavor = "multi_thread")]
async fn who_dials_is_offered_nothing_and_stays_ready() -> Result<()> {
    let trunk = free_port()?;
    let world = World::with_trunk("queue-dialling", trunk).await?;
    let mut lin = world.agent("lin", &Audio::Null).await?;
    let account = e2e::account::Account::line("12800550196").at(trunk);
    let (place, environment) = (&world.place, &world.environment);
    let mut callee = Sipp::waits(place, environment, "callee", &account, Codec::Pcmu).await?;
    let number = Typed("12800550196".into());
    lin.command(&Command::Dial { number }).await?;
    callee.is_told("INVITE", PATIENCE).await?;
    callee.cue(Cue::Ring).await?;
    let dialled = lin.call(CallPhase::Alerting).await?;
    let customer = call_in(&world, CUSTOMERS[0]).await?;
    waits(&lin, 1).await?;
    let mut direct = world.sipp_calls("direct", "1001").await?;
    direct.is_told("SIP/2.0 486", PATIENCE).await?;
    direct.ends_well(PATIENCE).await?;
    let mut zhou = world.agent("zhou", &Audio::Null).await?;
    let call = zhou.answer().await?;
    waits(&lin, 0).await?;
    lin.presence(Presence::Ready, PresenceReason::ByHand)
        .await?;
    let view = lin.view().context("a view")?;
    let calls: Vec<_> = view.calls.iter().map(|call| call.call).collect();
    assert_eq!(calls, [dialled.call]);

    callee.cue(Cue::Answer).await?;
    lin.call(CallPhase::Live).await?;
    callee.cue(Cue::HangUp).await?;
    callee.ends_well(PATIENCE).await?;
    lin.does(Activity::WrapUp).await?;
    world.administrator.hang_up_customer(customer).await?;
    zhou.does(Activity::WrapUp).await?;
    for call in [dialled.call, call.call] {
        let outcomes = world.outcomes_of(call).await?;
        assert_eq!(outcomes, [LegOutcome::Connected]);
    }
    shown(
        &[27],
        "phone: while it dials nothing rings and it stays Ready; the call that waits rings at the other agent",
        "peer: sipp, calling the one who dials, is told 486; centre: the other's leg is the call's only one",
    )
}

/// Has a practice customer call, and waits until they stand in the queue.
async fn call_in(world: &World, number: &str) -> Result<uuid::Uuid> {
    let call = PracticeCall {
        number,
        display_name: None,
        voice: None,
        record: None,
    };
    let customer = world.administrator.call_in(&call).await?;
    eventually("the customer to wait", PATIENCE, async || {
        let state = world.administrator.practice_state(customer).await?;
        ensure!(state.stage != "dialling", "it is {}", state.stage);
        Ok(())
    })
    .await?;
    Ok(customer)
}

/// Waits until so many calls wait in the queue, as the agent sees it.
async fn waits(agent: &Headless, count: u32) -> Result<()> {
    agent
        .until(&format!("{count} who wait"), |view| {
            let mut queues = view.queues.iter();
            let queue = queues.find(|queue| queue.name.en == QUEUE)?;
            let oldest = queue.oldest_since.is_some() == (count > 0);
            (queue.waiting == count && oldest).then_some(())
        })
        .await
}
