//! The peers of the stories, put to the test against each other and against the centre, before anything is told with them.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    account::Account,
    api::Api,
    centre::{DEVICE_PASSWORD, PASSWORD},
    environment::Environment,
    headless::Audio,
    nonce::Nonce,
    place::{Place, eventually},
    sipp::{Codec, Cue, REFUSALS, Sipp, Transport},
    talk::{Ear, voice},
    world::World,
};
use offhook_desk::{CallPhase, Command};
use offhook_model::{Activity, Presence};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// Two sipps and the folders around them.
struct Pair {
    place: Place,
    environment: Environment,
}

impl Pair {
    fn new(story: &str) -> Result<Self> {
        let place = Place::new(story)?;
        let environment = Environment::private(&place)?;
        Ok(Self { place, environment })
    }

    /// A caller and the one it calls, who does not say anything yet.
    async fn call(&self, round: &str, transport: Transport) -> Result<(Sipp, Sipp)> {
        let nobody = Account::customer("127.0.0.1", "400", "Line");
        let line = (transport, Codec::Pcmu);
        let callee = Sipp::waits(
            &self.place,
            &self.environment,
            &format!("callee-{round}"),
            &nobody,
            line,
        )
        .await?;
        let account = Account::customer(&callee.address, "12800550142", "Chen");
        let caller = Sipp::calls(
            &self.place,
            &self.environment,
            &format!("caller-{round}"),
            &account,
            "400",
            line,
        )
        .await?;
        callee.is_told("INVITE", PATIENCE).await?;
        Ok((caller, callee))
    }
}

async fn both_end_well((mut caller, mut callee): (Sipp, Sipp)) -> Result<()> {
    caller.ends_well(PATIENCE).await?;
    callee.ends_well(PATIENCE).await
}

#[tokio::test(flavor = "multi_thread")]
async fn sipp_talks_holds_and_retrieves_on_both_sides() -> Result<()> {
    let pair = Pair::new("peers-sipp-talks")?;
    for (round, transport) in [("udp", Transport::Udp), ("tcp", Transport::Tcp)] {
        let (mut caller, mut callee) = pair.call(round, transport).await?;
        callee.cue(Cue::Ring).await?;
        caller.is_told("SIP/2.0 180", PATIENCE).await?;
        callee.cue(Cue::Early).await?;
        let early = caller.is_told("SIP/2.0 183", PATIENCE).await?;
        assert!(early.text.contains("m=audio"));
        callee.cue(Cue::Answer).await?;
        callee.is_told("ACK", PATIENCE).await?;
        for _ in 0..2 {
            caller.cue(Cue::Hold).await?;
            let held = caller.is_told("SIP/2.0 200", PATIENCE).await?;
            assert!(held.text.contains("a=recvonly"), "{}", held.text);
            caller.cue(Cue::Retrieve).await?;
            let retrieved = caller.is_told("SIP/2.0 200", PATIENCE).await?;
            assert!(retrieved.text.contains("a=sendrecv"), "{}", retrieved.text);
        }
        callee.cue(Cue::Hold).await?;
        callee.cue(Cue::Retrieve).await?;
        if transport == Transport::Udp {
            caller.cue(Cue::HangUp).await?;
        } else {
            callee.cue(Cue::HangUp).await?;
        }
        both_end_well((caller, callee)).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn sipp_cancels_and_refuses() -> Result<()> {
    let pair = Pair::new("peers-sipp-refuses")?;
    let (mut caller, mut callee) = pair.call("cancelled", Transport::Udp).await?;
    callee.cue(Cue::Ring).await?;
    caller.is_told("SIP/2.0 180", PATIENCE).await?;
    caller.cue(Cue::Cancel).await?;
    both_end_well((caller, callee)).await?;
    for status in REFUSALS {
        let (caller, mut callee) = pair.call(&status.to_string(), Transport::Udp).await?;
        callee.cue(Cue::Refuse(status)).await?;
        caller
            .is_told(&format!("SIP/2.0 {status} "), PATIENCE)
            .await?;
        both_end_well((caller, callee)).await?;
    }
    Ok(())
}

/// sipp is the customer and calls the queue: what our agent says is on the wire to it, and comes back from it.
#[tokio::test(flavor = "multi_thread")]
async fn sipp_calls_the_queue_and_gives_back_what_it_hears() -> Result<()> {
    let world = World::silent("peers-sipp-customer", 30).await?;
    let nonce = Nonce::draw();
    let (says, hears) = (
        voice(&world.place, "lin", &nonce)?,
        world.place.log("lin-heard.wav"),
    );
    let mut agent = world.agent("lin", &Audio::Wav(&says, &hears)).await?;
    let account = Account::customer(&world.centre.sip, "12800550142", "Chen");
    let (place, environment) = (&world.place, &world.environment);
    let line = (Transport::Udp, Codec::Pcmu);
    let mut customer = Sipp::calls(
        place,
        environment,
        "customer",
        &account,
        e2e::centre::QUEUE,
        line,
    )
    .await?;
    let call = agent.call(CallPhase::Offered).await?;
    agent.command(&Command::Answer { leg: call.leg }).await?;
    agent.call(CallPhase::Live).await?;
    let (on_the_wire, at_the_agent) = (Ear::Wire(customer.rtp.clone()), Ear::file(&hears));
    tokio::try_join!(on_the_wire.hears(&nonce), at_the_agent.hears(&nonce))
        .context("What the agent says goes to sipp and back")?;
    customer.cue(Cue::HangUp).await?;
    customer.ends_well(PATIENCE).await?;
    agent
        .until("wrap-up", |view| {
            (view.activity == Activity::WrapUp).then_some(())
        })
        .await
}

/// sipp is an agent's telephone at the centre: it declines a call, rings until the caller has gone, and takes one.
#[tokio::test(flavor = "multi_thread")]
async fn sipp_registers_at_the_centre_as_an_agent() -> Result<()> {
    let world = World::silent("peers-sipp-agent", 30).await?;
    let (place, environment) = (&world.place, &world.environment);
    let zhou = Api::sign_in(&world.centre.http, "zhou", PASSWORD).await?;
    let account = Account::agent(&world.centre.sip, "1002", DEVICE_PASSWORD);
    for (name, cue) in [
        ("declines", Cue::Refuse(603)),
        ("rings", Cue::Ring),
        ("answers", Cue::Answer),
    ] {
        let mut phone = Sipp::registers(place, environment, name, &account, Codec::Pcmu).await?;
        zhou.set_presence(Presence::Ready).await?;
        let line = (Transport::Udp, Codec::Pcmu);
        let caller = Account::customer(&world.centre.sip, "12800550142", "Chen");
        let mut customer = Sipp::calls(
            place,
            environment,
            &format!("customer-{name}"),
            &caller,
            e2e::centre::QUEUE,
            line,
        )
        .await?;
        phone.is_told("INVITE", PATIENCE).await?;
        phone.cue(cue).await?;
        customer.cue(Cue::HangUp).await?;
        customer.ends_well(PATIENCE).await?;
        phone
            .ends_well(PATIENCE)
            .await
            .with_context(|| name.to_owned())?;
        eventually("the call's end", PATIENCE, async || {
            let calls = world.administrator.calls().await?;
            let legs = calls.iter().flat_map(|call| &call.legs);
            let open = legs.filter(|(_, leg)| leg.ended_at.is_none()).count();
            ensure!(open == 0, "{open} legs go on");
            Ok(())
        })
        .await?;
    }
    Ok(())
}
