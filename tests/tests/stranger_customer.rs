//! Debian's sipp as the customer of our agent: answered, declined, given up, and hung up from either side.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    acceptance::shown,
    centre::QUEUE,
    headless::{Audio, Headless},
    sipp::{Cue, Sipp},
    world::{CUSTOMER, World},
};
use offhook_desk::{
    CallPhase, CallView, Command, EndedBy, NextAction, NoticeKind, SavedState, View, WrapUpView,
};
use offhook_model::{Activity, LegOutcome, Presence, PresenceReason};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
/// The extension of `lin`.
const LIN: &str = "1001";

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_answered_and_hung_up_from_either_side() -> Result<()> {
    let world = World::silent("customer-hangs-up", 30).await?;
    let mut lin = world.agent("lin", &Audio::Null).await?;
    for by in [EndedBy::Agent, EndedBy::Customer] {
        let mut customer = world.sipp_calls(&format!("{by:?}"), QUEUE).await?;
        let ringing = lin.call(CallPhase::Offered).await?;
        assert_eq!(number(&ringing).as_deref(), Some(CUSTOMER));
        assert_eq!(ringing.answered_at, None);
        let call = lin.answer().await?;
        assert!(call.answered_at.is_some());
        if by == EndedBy::Agent {
            lin.command(&Command::HangUp { leg: call.leg }).await?;
            customer.is_told("BYE", PATIENCE).await?;
        } else {
            customer.cue(Cue::HangUp).await?;
        }
        customer.ends_well(PATIENCE).await?;
        lin.does(Activity::WrapUp).await?;
        let form = form_of(&lin, &call)?;
        assert_eq!(form.ended_by, Some(by));
        assert_eq!(form.outcome, Some(LegOutcome::Connected));
        assert!(form.ended_at.is_some() && form.answered_at.is_some());
        let outcomes = world.outcomes_of(call.call).await?;
        assert_eq!(outcomes, [LegOutcome::Connected]);
        start_answering(&mut lin).await?;
    }
    shown(
        &[48, 49, 50, 90, 102],
        "phone: after each the desk is in wrap-up, the form says who hung up, and Start answering frees it for the next call",
        "peer: sipp sent the one BYE and was sent the other; centre: both legs are over, connected",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_is_declined_waits_on_and_is_answered_at_the_second_ring() -> Result<()> {
    let world = World::silent("customer-declined", 30).await?;
    let mut lin = world.agent("lin", &Audio::Null).await?;
    let mut customer = world.sipp_calls("customer", QUEUE).await?;
    let first = lin.call(CallPhase::Offered).await?;
    lin.command(&Command::Decline { leg: first.leg }).await?;
    lin.presence(Presence::Break, PresenceReason::Declined)
        .await?;
    lin.until("one who waits, and no form", |view| {
        let waiting = waiting(view) == 1 && view.calls.is_empty();
        (waiting && view.wrap_ups.is_empty() && view.activity == Activity::Free).then_some(())
    })
    .await?;
    let view = lin.view().context("a view")?;
    assert_eq!(view.next, Some(NextAction::BackToReady));
    not_hung_up(&customer)?;

    lin.command(&Command::SetPresence {
        presence: Presence::Ready,
    })
    .await?;
    let second = lin.answer().await?;
    assert_eq!(second.call, first.call);
    assert_ne!(second.leg, first.leg);
    lin.until("nobody who waits", |view| {
        (waiting(view) == 0).then_some(())
    })
    .await?;
    customer.cue(Cue::HangUp).await?;
    customer.ends_well(PATIENCE).await?;
    lin.does(Activity::WrapUp).await?;
    let outcomes = world.outcomes_of(first.call).await?;
    assert_eq!(outcomes, [LegOutcome::Declined, LegOutcome::Connected]);
    shown(
        &[25, 26, 27, 98],
        "phone: declined, it is on Break with that reason and no form; one waits, it does not ring, and Ready brings the same call",
        "peer: sipp is not hung up meanwhile; centre: the legs are declined and connected",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_leaves_while_it_rings_changes_no_state() -> Result<()> {
    let world = World::silent("customer-leaves", 30).await?;
    let lin = world.agent("lin", &Audio::Null).await?;
    // A queue has answered already, so leaving it is a BYE; at an extension it is a CANCEL.
    for (callee, cue) in [(QUEUE, Cue::HangUp), (LIN, Cue::Cancel)] {
        let mut customer = world
            .sipp_calls(&format!("leaves-{callee}"), callee)
            .await?;
        let call = lin.call(CallPhase::Offered).await?;
        customer.cue(cue).await?;
        customer.ends_well(PATIENCE).await?;
        is_gone(&lin, LegOutcome::AbandonedWhileRinging, Presence::Ready).await?;
        let outcomes = world.outcomes_of(call.call).await?;
        assert_eq!(outcomes, [LegOutcome::AbandonedWhileRinging], "{callee}");
    }
    shown(
        &[24, 98],
        "phone: it stops to ring, says that the caller has left, stays Ready and free, and has no form",
        "peer: sipp sent BYE or CANCEL; centre: the only leg was abandoned while ringing",
    )
}

/// To the agent's extension: it rings on Break too, a missed or declined one changes no state, and it is busy during a call and in
/// wrap-up.
#[tokio::test(flavor = "multi_thread")]
async fn a_direct_call_rings_on_break_is_declined_and_finds_busy() -> Result<()> {
    let world = World::silent("customer-direct", 30).await?;
    let mut lin = world.agent("lin", &Audio::Null).await?;
    for presence in [Presence::Ready, Presence::Break] {
        if presence == Presence::Break {
            lin.set_presence(presence).await?;
        }
        let mut customer = world.sipp_calls(&format!("{presence:?}"), LIN).await?;
        let call = lin.call(CallPhase::Offered).await?;
        customer.is_told("SIP/2.0 180", PATIENCE).await?;
        lin.command(&Command::Decline { leg: call.leg }).await?;
        customer.is_told("SIP/2.0 603", PATIENCE).await?;
        customer.ends_well(PATIENCE).await?;
        let outcomes = world.outcomes_of(call.call).await?;
        assert_eq!(outcomes, [LegOutcome::Declined], "{presence:?}");
        let view = lin.view().context("a view")?;
        let confirmed = view.presence.context("a presence")?.confirmed;
        assert_eq!(confirmed.presence, presence);
        assert_eq!(view.activity, Activity::Free);
    }

    let mut talking = world.sipp_calls("talks", LIN).await?;
    let call = lin.answer().await?;
    for moment in ["talking", "wrap-up"] {
        if moment == "wrap-up" {
            talking.cue(Cue::HangUp).await?;
            talking.ends_well(PATIENCE).await?;
            lin.does(Activity::WrapUp).await?;
        }
        let mut other = world.sipp_calls(moment, LIN).await?;
        other.is_told("SIP/2.0 486", PATIENCE).await?;
        other.ends_well(PATIENCE).await?;
        let view = lin.view().context("a view")?;
        ensure!(view.calls.iter().all(|kept| kept.call == call.call));
    }
    let outcomes = world.outcomes_of(call.call).await?;
    assert_eq!(outcomes, [LegOutcome::Connected]);
    shown(
        &[27],
        "phone: direct calls ring in Ready and on Break, declining changes no state, and none rings in a call and in wrap-up",
        "peer: sipp is told 603 and 486; centre: the legs are declined and connected",
    )
}

/// The ring stops, the agent is told why, and is what they were.
async fn is_gone(lin: &Headless, outcome: LegOutcome, presence: Presence) -> Result<()> {
    lin.until("the ringing to stop, with its reason", |view| {
        let told = view.notices.iter().any(|notice| {
            matches!(&notice.about, NoticeKind::CallGone { outcome: why, .. } if *why == outcome)
        });
        let same = view.presence.as_ref()?.confirmed.presence == presence;
        let free = view.calls.is_empty() && view.activity == Activity::Free;
        (told && same && free && view.wrap_ups.is_empty()).then_some(())
    })
    .await
}

async fn start_answering(lin: &mut Headless) -> Result<()> {
    let presence = Presence::Ready;
    lin.command(&Command::StartAnswering { presence }).await?;
    lin.does(Activity::Free).await
}

fn form_of(lin: &Headless, call: &CallView) -> Result<WrapUpView> {
    let view = lin.view().context("a view")?;
    let mut forms = view.wrap_ups.into_iter();
    let form = forms
        .find(|form| form.id == call.wrap_up)
        .context("its form")?;
    ensure!(!matches!(form.saved, SavedState::SaveFailed { .. }));
    Ok(form)
}

fn number(call: &CallView) -> Option<String> {
    call.number
        .as_ref()
        .map(|number| number.as_str().to_owned())
}

fn waiting(view: &View) -> u32 {
    view.queues.iter().map(|queue| queue.waiting).sum()
}

fn not_hung_up(customer: &Sipp) -> Result<()> {
    let wire = customer.wire()?;
    ensure!(!wire.iter().any(|said| said.text.starts_with("BYE")));
    Ok(())
}
