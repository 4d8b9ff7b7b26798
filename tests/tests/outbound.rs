//! 呼出: calls to numbers outside, through a trunk at whose other end is a stranger.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    acceptance::shown,
    account::Account,
    baresip::{self, Baresip, Devices},
    centre::DEVICE_PASSWORD,
    headless::{Audio, Headless},
    linphone::Linphone,
    nonce::Nonce,
    place::{eventually, free_port},
    sipp::{Codec, Cue, Message, Sipp},
    sound::Sound,
    talk::{Ear, voice},
    tone::{self, RINGBACK_HERTZ},
    world::World,
};
use offhook_desk::{CallPhase, CallView, Command, EndedBy, NoticeKind, WrapUpAction, WrapUpView};
use offhook_model::{Activity, Code, Direction, LegOutcome, Presence, PresenceReason, Typed};
use std::{path::Path, time::Duration};

const PATIENCE: Duration = Duration::from_secs(20);
const NUMBER: &str = "12800550196";
/// The same as somebody pastes it.
const PASTED: &str = " (128) 0055-0196 ";
/// The default number of every sample agent.
const CALLER_ID: &str = "057115550100";

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_out_rings_is_talked_and_is_redialled_and_given_up() -> Result<()> {
    let trunk = free_port()?;
    let world = World::with_trunk("outbound-talks", trunk).await?;
    let nonce = Nonce::draw();
    let (says, hears) = (
        voice(&world.place, "lin", &nonce)?,
        world.place.log("lin-heard.wav"),
    );
    let mut lin = world.agent("lin", &Audio::Wav(&says, &hears)).await?;
    let mut callee = line(&world, "talks", trunk).await?;
    lin.command(&dial(PASTED)).await?;
    let invite = callee.is_told("INVITE", PATIENCE).await?;
    is_from_the_centres_number(&invite)?;
    let dialling = lin.call(CallPhase::Dialling).await?;
    assert_eq!(dialling.direction, Direction::Outbound);
    let caller_id = dialling.caller_id.as_ref().map(|number| number.as_str());
    assert_eq!(caller_id, Some(CALLER_ID));
    assert_eq!(
        lin.view().and_then(|view| view.cannot_dial),
        Some(Code::LineBusy)
    );
    callee.cue(Cue::Ring).await?;
    let ringing = lin.call(CallPhase::Alerting).await?;
    assert_eq!(ringing.answered_at, None);
    hears_ringback(&hears).await?;
    callee.cue(Cue::Answer).await?;
    let call = lin.call(CallPhase::Live).await?;
    assert!(call.answered_at.is_some());
    // What the agent says is at the callee, and comes back from there.
    let (on_the_wire, at_the_agent) = (Ear::Wire(callee.rtp.clone()), Ear::file(&hears));
    tokio::try_join!(
        on_the_wire.hears_again(&nonce),
        at_the_agent.hears_again(&nonce)
    )
    .context("They talk")?;
    lin.press(call.leg, "1*3#").await?;
    callee.rtp.is_keyed("1*3#", PATIENCE).await?;
    callee.cue(Cue::HangUp).await?;
    callee.ends_well(PATIENCE).await?;
    let form = wrap_up_of(&lin, &call).await?;
    let ended = (form.ended_by, form.outcome);
    let talked = (Some(EndedBy::Customer), Some(LegOutcome::Connected));
    assert_eq!(ended, talked);
    let legs = world.legs_of(call.call).await?;
    assert_eq!(legs.len(), 1);
    assert_eq!(
        (legs[0].leg, legs[0].direction),
        (call.leg, Direction::Outbound)
    );
    assert_eq!(legs[0].outcome, Some(LegOutcome::Connected));
    shown(
        &[3, 85, 86, 87, 88, 90],
        "phone: it is dialling, alerting with the ringback tone and no talk time, live; it hears the callee and sends keys, and is in wrap-up",
        "peer: sipp was called with the centre's number, heard the agent and the keys; centre: the only leg is outbound, connected",
    )?;

    let mut callee = line(&world, "redialled", trunk).await?;
    ensure!(form.can.contains(&WrapUpAction::Redial));
    let wrap_up = form.id;
    lin.command(&Command::Redial { wrap_up }).await?;
    let again = callee.is_told("INVITE", PATIENCE).await?;
    assert_eq!(user(&again), user(&invite));
    is_from_the_centres_number(&again)?;
    callee.cue(Cue::Ring).await?;
    let call = lin.call(CallPhase::Alerting).await?;
    lin.command(&Command::HangUp { leg: call.leg }).await?;
    callee.is_told("CANCEL", PATIENCE).await?;
    callee.ends_well(PATIENCE).await?;
    let form = wrap_up_of(&lin, &call).await?;
    assert_ne!(form.id, wrap_up, "each call has a form of its own");
    let ended = (form.ended_by, form.outcome);
    let given_up = (Some(EndedBy::Agent), Some(LegOutcome::Cancelled));
    assert_eq!(ended, given_up);
    let outcomes = world.outcomes_of(call.call).await?;
    assert_eq!(outcomes, [LegOutcome::Cancelled]);
    shown(
        &[100, 101],
        "phone: the form has Redial, the call from wrap-up has a form of its own, and Hang up gives it up",
        "peer: sipp was called with the same number and caller ID and then cancelled; centre: the leg is cancelled",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn busy_no_answer_rejected_and_invalid_are_told_apart() -> Result<()> {
    let trunk = free_port()?;
    let world = World::with_trunk("outbound-refused", trunk).await?;
    let mut lin = world.agent("lin", &Audio::Null).await?;
    for (status, outcome) in [
        (486, LegOutcome::Busy),
        (480, LegOutcome::NoAnswer),
        (603, LegOutcome::Rejected),
        (404, LegOutcome::InvalidNumber),
        (484, LegOutcome::InvalidNumber),
        (503, LegOutcome::Failed),
    ] {
        let mut callee = line(&world, &status.to_string(), trunk).await?;
        lin.command(&dial(PASTED)).await?;
        is_from_the_centres_number(&callee.is_told("INVITE", PATIENCE).await?)?;
        callee.cue(Cue::Ring).await?;
        let call = lin.call(CallPhase::Alerting).await?;
        callee.cue(Cue::Refuse(status)).await?;
        callee.ends_well(PATIENCE).await?;
        let form = wrap_up_of(&lin, &call).await?;
        assert_eq!(form.outcome, Some(outcome), "{status}");
        assert_eq!(form.answered_at, None);
        lin.until("the notice", |view| {
            let newest = &view.notices.last()?.about;
            matches!(newest, NoticeKind::NotReached { outcome: why, .. } if *why == outcome)
                .then_some(())
        })
        .await?;
        let outcomes = world.outcomes_of(call.call).await?;
        assert_eq!(outcomes, [outcome], "{status}");
        // The first was from Ready, all others are from Break.
        let presence = Presence::Break;
        lin.command(&Command::StartAnswering { presence }).await?;
        lin.does(Activity::Free).await?;
        lin.presence(presence, PresenceReason::ByHand).await?;
    }
    shown(
        &[18, 76, 87, 98],
        "phone: from Ready and from Break each number dialled has a wrap-up with its own outcome, and a notice of it",
        "peer: sipp refused with 486, 480, 603, 404, 484, 503; centre: the legs are busy, no answer, rejected, invalid, failed",
    )?;
    // What is no number never leaves the phone.
    let calls = world.administrator.calls().await?.len();
    for typed in ["", "12ab", "1"] {
        lin.command(&dial(typed)).await?;
        let notice = lin
            .until("a refusal", |view| {
                let newest = view.notices.last()?;
                let code = Code::InvalidNumber;
                (newest.about == NoticeKind::Failed { code }).then_some(newest.id)
            })
            .await?;
        lin.command(&Command::DismissNotice { notice }).await?;
        lin.until("no refusal", |view| {
            let mut notices = view.notices.iter();
            notices.all(|kept| kept.id != notice).then_some(())
        })
        .await?;
        assert!(lin.view().context("a view")?.calls.is_empty());
    }
    assert_eq!(world.administrator.calls().await?.len(), calls);
    shown(
        &[84],
        "phone: a number pasted with blanks, brackets and a dash is dialled; an empty and two impossible ones are refused",
        "peer: sipp is called with the bare digits; centre: it has no call of those refused",
    )
}

/// linphone is the callee: it is heard before it answers, with no ringback tone over it, and afterwards both are.
#[tokio::test(flavor = "multi_thread")]
async fn early_media_are_heard_before_the_answer() -> Result<()> {
    let trunk = free_port()?;
    let world = World::sounding_with_trunk("outbound-early", &["callee"], trunk).await?;
    let (place, pulse) = (&world.place, world.pulse()?);
    let (agent_nonce, callee_nonce) = (Nonce::draw(), Nonce::draw());
    let (says, hears) = (
        voice(place, "lin", &agent_nonce)?,
        place.log("lin-heard.wav"),
    );
    let mut lin = world.agent("lin", &Audio::Wav(&says, &hears)).await?;
    let account = Account::line(NUMBER).at(trunk).heard_early();
    let mut callee = Linphone::start(place, pulse, "callee", &account).await?;
    let callee_says = voice(place, "callee", &callee_nonce)?;
    let _callee_speaks = pulse.speak(place, "callee", &callee_says)?;
    let callee_ear = Ear::Device(pulse.record(place, "callee").await?);
    let agent_ear = Ear::file(&hears);

    lin.command(&dial(NUMBER)).await?;
    lin.call(CallPhase::Alerting).await?;
    agent_ear.hears_again(&callee_nonce).await?;
    let early = lin.view().context("a view")?.calls.remove(0);
    ensure!(early.phase == CallPhase::Alerting && early.answered_at.is_none());
    let ringback = tone::length(&Sound::read(&hears)?, RINGBACK_HERTZ)?;
    ensure!(
        ringback < Duration::from_millis(300),
        "{ringback:?} of ringback"
    );
    callee.answer()?;
    callee.talks(PATIENCE).await?;
    let call = lin.call(CallPhase::Live).await?;
    tokio::try_join!(
        agent_ear.hears_again(&callee_nonce),
        callee_ear.hears_again(&agent_nonce)
    )
    .context("They talk")?;
    lin.command(&Command::HangUp { leg: call.leg }).await?;
    callee.is_over(PATIENCE).await?;
    let form = wrap_up_of(&lin, &call).await?;
    assert_eq!(form.ended_by, Some(EndedBy::Agent));
    let outcomes = world.outcomes_of(call.call).await?;
    assert_eq!(outcomes, [LegOutcome::Connected]);
    shown(
        &[87],
        "phone: while alerting it hears the callee and no ringback tone over it",
        "peer: linphone speaks before it answers; centre: the only leg is connected",
    )
}

/// baresip is the agent's telephone: outside, its extension is not seen either.
#[tokio::test(flavor = "multi_thread")]
async fn baresip_dials_out_as_an_agent_with_the_centres_number() -> Result<()> {
    let trunk = free_port()?;
    let world = World::with_trunk("outbound-agent", trunk).await?;
    let account = Account::agent(&world.centre.sip, "1002", DEVICE_PASSWORD);
    let echo = Devices::Echo(&world.environment);
    let codec = baresip::Codec::G711;
    let mut phone = Baresip::start(&world.place, echo, "zhou", &account, codec).await?;
    let zhou = e2e::api::Api::sign_in(&world.centre.http, "zhou", e2e::centre::PASSWORD).await?;
    zhou.set_presence(Presence::Break).await?;
    let mut callee = line(&world, "callee", trunk).await?;
    let to = format!("sip:{NUMBER}@{}", world.centre.sip);
    phone.call(&to).await?;
    is_from_the_centres_number(&callee.is_told("INVITE", PATIENCE).await?)?;
    callee.cue(Cue::Ring).await?;
    phone.hears_ringing(PATIENCE).await?;
    callee.cue(Cue::Answer).await?;
    phone.talks(PATIENCE).await?;
    callee.cue(Cue::HangUp).await?;
    callee.ends_well(PATIENCE).await?;
    phone.is_over(PATIENCE).await?;

    let mut callee = line(&world, "busy", trunk).await?;
    phone.call(&to).await?;
    callee.is_told("INVITE", PATIENCE).await?;
    callee.cue(Cue::Refuse(486)).await?;
    callee.ends_well(PATIENCE).await?;
    let why = phone.is_over(PATIENCE).await?;
    ensure!(why.contains("486"), "{why}");
    let calls = world.administrator.calls().await?;
    for (call, outcome) in [(0, LegOutcome::Busy), (1, LegOutcome::Connected)] {
        assert_eq!(world.outcomes_of(calls[call].call).await?, [outcome]);
    }
    Ok(())
}

fn dial(number: &str) -> Command {
    Command::Dial {
        number: Typed(number.into()),
    }
}

/// The other end of the trunk, for one call.
async fn line(world: &World, name: &str, trunk: u16) -> Result<Sipp> {
    let account = Account::line(NUMBER).at(trunk);
    let (place, environment) = (&world.place, &world.environment);
    Sipp::waits(place, environment, name, &account, Codec::Pcmu).await
}

async fn hears_ringback(hears: &Path) -> Result<()> {
    eventually("the ringback tone", PATIENCE, async || {
        let heard = tone::length(&Sound::read(hears)?, RINGBACK_HERTZ)?;
        ensure!(heard >= Duration::from_millis(900), "{heard:?} of it");
        Ok(())
    })
    .await
}

/// Waits for the wrap-up after a call, and gives its form.
async fn wrap_up_of(lin: &Headless, call: &CallView) -> Result<WrapUpView> {
    lin.until("wrap-up", |view| {
        let mut forms = view.wrap_ups.iter();
        let form = forms.find(|form| form.id == call.wrap_up)?;
        let over = view.activity == Activity::WrapUp && form.ended_at.is_some();
        over.then(|| form.clone())
    })
    .await
}

fn user(invite: &Message) -> Option<&str> {
    let (_, rest) = invite.text.split_once("INVITE sip:")?;
    rest.split('@').next()
}

/// The number dialled is in the request's address, and nobody's but the centre's number stands for the caller.
fn is_from_the_centres_number(invite: &Message) -> Result<()> {
    assert_eq!(user(invite), Some(NUMBER), "{}", invite.text);
    for name in ["From", "P-Asserted-Identity"] {
        let value = invite.header(name).unwrap_or_default();
        ensure!(
            value.contains(&format!("<sip:{CALLER_ID}@")),
            "{name} is {value:?}"
        );
    }
    for other in ["P-Preferred-Identity", "Remote-Party-ID"] {
        ensure!(invite.header(other).is_none(), "{}", invite.text);
    }
    Ok(())
}
