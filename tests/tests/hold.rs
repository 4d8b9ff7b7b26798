//! 通话保持 / 通话取回: who is on hold hears the prompt and nothing else, and afterwards both hear each other again.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    acceptance::shown,
    account::Account,
    api::Api,
    baresip::{Baresip, Codec, Devices},
    centre::PASSWORD,
    headless::Audio,
    nonce::Nonce,
    sipp::{Cue, Message},
    talk::{Ear, voice},
    world::{CUSTOMER, World},
};
use offhook_desk::{CallAction, CallPhase, Command, EndedBy, Switch};
use offhook_model::{Activity, Direction, LegOutcome, Presence, Typed};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
const MANY: usize = 20;
/// The extension of `zhou`.
const ZHOU: &str = "1002";

/// baresip is the customer, with G.722; our agent holds.
#[tokio::test(flavor = "multi_thread")]
async fn our_agent_holds_baresip_and_takes_it_back() -> Result<()> {
    let world = World::sounding("hold-baresip", &["customer"]).await?;
    let (place, pulse) = (&world.place, world.pulse()?);
    let (agent_nonce, customer_nonce) = (Nonce::draw(), Nonce::draw());
    let (says, hears) = (
        voice(place, "lin", &agent_nonce)?,
        place.log("lin-heard.wav"),
    );
    let mut lin = world.agent("lin", &Audio::Wav(&says, &hears)).await?;
    let account = Account::customer(&world.centre.sip, CUSTOMER, "Chen");
    let devices = Devices::Of(pulse);
    let mut customer = Baresip::start(place, devices, "customer", &account, Codec::G722).await?;
    let customer_ear = Ear::Device(pulse.record(place, "customer").await?);
    let agent_ear = Ear::file(&hears);
    let customer_says = voice(place, "customer", &customer_nonce)?;
    let _customer_speaks = pulse.speak(place, "customer", &customer_says)?;
    customer.call(&world.queue()).await?;
    customer.talks(PATIENCE).await?;
    let call = lin.answer().await?;
    let leg = call.leg;
    let both_hear = async || {
        tokio::try_join!(
            agent_ear.hears_again(&customer_nonce),
            customer_ear.hears_again(&agent_nonce)
        )
        .map(drop)
    };
    both_hear().await.context("G.722 both ways")?;

    lin.set_held(leg, true).await?;
    let held = lin.view().and_then(|view| view.calls.first().cloned());
    let held = held.context("the call")?;
    ensure!(held.held_since.is_some() && held.can.contains(&CallAction::Retrieve));
    let nonces = [&agent_nonce, &customer_nonce];
    tokio::try_join!(
        customer_ear.hears_only_the_prompt(&nonces),
        agent_ear.hears_nothing_of(&customer_nonce)
    )
    .context("On hold")?;
    lin.set_held(leg, false).await?;
    lin.until("how long the hold took", |view| {
        let call = view.calls.first()?;
        (call.held_since.is_none() && call.held_millis >= 5_000).then_some(())
    })
    .await?;
    both_hear().await.context("Taken back")?;

    for _ in 0..MANY {
        lin.set_held(leg, true).await?;
        lin.set_held(leg, false).await?;
    }
    // A double click, and one who cannot decide: nothing is waited for.
    for held in [true, true, false, false, true, false, true, false] {
        lin.command(&Command::SetHeld { leg, held }).await?;
    }
    lin.until("retrieval", |view| {
        (view.calls.first()?.held == Switch::default()).then_some(())
    })
    .await?;
    both_hear()
        .await
        .context("After many holds and a double click")?;

    lin.set_held(leg, true).await?;
    customer_ear.hears_prompt().await?;
    customer.hang_up().await?;
    lin.does(Activity::WrapUp).await?;
    let view = lin.view().context("a view")?;
    assert_eq!(view.wrap_ups[0].ended_by, Some(EndedBy::Customer));
    let outcomes = world.outcomes_of(call.call).await?;
    assert_eq!(outcomes, [LegOutcome::Connected]);
    shown(
        &[66, 67, 68, 69, 70],
        "phone: held shows with its time and Retrieve, the customer is not heard then and is again afterwards, also after 20 rounds \
         and a double click; hung up while held, the desk is in wrap-up",
        "peer: baresip hears the prompt alone while held, the agent before and after, also after 20 rounds",
    )
}

/// sipp is the telephone of the agent whom ours calls: it holds, and is held. It gives back what it hears, so that one nonce tells of
/// both ways.
#[tokio::test(flavor = "multi_thread")]
async fn our_agent_and_sipp_as_an_agent_hold_each_other() -> Result<()> {
    let world = World::silent("hold-sipp", 30).await?;
    let nonce = Nonce::draw();
    let (says, hears) = (
        voice(&world.place, "lin", &nonce)?,
        world.place.log("lin-heard.wav"),
    );
    let mut lin = world.agent("lin", &Audio::Wav(&says, &hears)).await?;
    let mut phone = world.sipp_registers("phone", ZHOU).await?;
    let zhou = Api::sign_in(&world.centre.http, "zhou", PASSWORD).await?;
    zhou.set_presence(Presence::Break).await?;
    let number = Typed(ZHOU.into());
    lin.command(&Command::Dial { number }).await?;
    phone.is_told("INVITE", PATIENCE).await?;
    phone.cue(Cue::Ring).await?;
    phone.cue(Cue::Answer).await?;
    let call = lin.call(CallPhase::Live).await?;
    let leg = call.leg;
    let (lins_ear, phones_ear) = (Ear::file(&hears), Ear::Wire(phone.rtp.clone()));
    let both_hear = async || {
        tokio::try_join!(lins_ear.hears_again(&nonce), phones_ear.hears_again(&nonce)).map(drop)
    };
    both_hear().await.context("They talk")?;

    phone.cue(Cue::Hold).await?;
    let held = phone.is_told("SIP/2.0 200", PATIENCE).await?;
    ensure!(held.text.contains("a=recvonly"), "{}", held.text);
    let nonces = [&nonce];
    tokio::try_join!(
        lins_ear.hears_only_the_prompt(&nonces),
        phones_ear.hears_nothing_of(&nonce)
    )
    .context("sipp holds")?;
    for _ in 1..MANY {
        phone.cue(Cue::Retrieve).await?;
        phone.cue(Cue::Hold).await?;
    }
    phone.cue(Cue::Retrieve).await?;
    let retrieved = phone.is_told("SIP/2.0 200", PATIENCE).await?;
    ensure!(retrieved.text.contains("a=sendrecv"), "{}", retrieved.text);
    both_hear().await.context("After many holds by sipp")?;

    lin.set_held(leg, true).await?;
    tokio::try_join!(phones_ear.hears_prompt(), lins_ear.hears_nothing_of(&nonce))
        .context("Our agent holds")?;
    lin.set_held(leg, false).await?;
    both_hear().await.context("Taken back")?;
    // The other side of a hold is never told of it: what it knows is the last that it asked for.
    let invites = phone.wire()?;
    let told = |said: &&Message| !said.sent && said.text.starts_with("INVITE");
    assert_eq!(invites.iter().filter(told).count(), 1);

    phone.cue(Cue::HangUp).await?;
    phone.ends_well(PATIENCE).await?;
    lin.does(Activity::WrapUp).await?;
    let legs = world.legs_of(call.call).await?;
    let legs: Vec<_> = legs
        .iter()
        .map(|leg| (leg.direction, leg.outcome))
        .collect();
    let talked = Some(LegOutcome::Connected);
    let expected = [(Direction::Outbound, talked), (Direction::Inbound, talked)];
    assert!(expected.iter().all(|leg| legs.contains(leg)), "{legs:?}");
    shown(
        &[66, 68, 69],
        "phone: held by a colleague it hears the prompt alone, holding it hears nothing, and afterwards it hears again",
        "peer: sipp is granted 20 holds, the last answer is sendrecv, and it hears the prompt when held",
    )
}
