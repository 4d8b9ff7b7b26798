//! The peers of the stories, put to the test against each other and against the centre, before anything is told with them.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    account::{Account, Transport},
    api::Api,
    baresip::{self, Baresip, Devices},
    centre::{DEVICE_PASSWORD, PASSWORD},
    environment::Environment,
    headless::Audio,
    kamailio::{Digest, Kamailio, User},
    linphone::Linphone,
    nonce::Nonce,
    place::{Place, eventually},
    pulse::Pulse,
    sipp::{Codec, Cue, REFUSALS, Sipp},
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
        let nobody = Account::line("400").over(transport);
        let callee = Sipp::waits(
            &self.place,
            &self.environment,
            &format!("callee-{round}"),
            &nobody,
            Codec::Pcmu,
        )
        .await?;
        let account = Account::customer(&callee.address, "12800550142", "Chen").over(transport);
        let caller = Sipp::calls(
            &self.place,
            &self.environment,
            &format!("caller-{round}"),
            &account,
            "400",
            Codec::Pcmu,
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
    let mut customer = Sipp::calls(
        place,
        environment,
        "customer",
        &account,
        e2e::centre::QUEUE,
        Codec::Pcmu,
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
        let caller = Account::customer(&world.centre.sip, "12800550142", "Chen");
        let mut customer = Sipp::calls(
            place,
            environment,
            &format!("customer-{name}"),
            &caller,
            e2e::centre::QUEUE,
            Codec::Pcmu,
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

/// kamailio is a PBX: sipp registers at it with MD5, is called through it by a stranger, and calls with its password.
#[tokio::test(flavor = "multi_thread")]
async fn sipp_registers_at_kamailio_with_md5_and_calls_both_ways() -> Result<()> {
    let place = Place::new("peers-kamailio-sipp")?;
    let environment = Environment::private(&place)?;
    let zhou = User {
        name: "zhou",
        password: "correct-horse",
    };
    let trunk = Account::line("95588");
    let mut outside = Sipp::waits(&place, &environment, "trunk", &trunk, Codec::Pcmu).await?;
    let pbx = Kamailio::start(
        &place,
        &environment,
        &[zhou],
        Digest::Md5,
        Some(&outside.address),
    )
    .await?;
    let account = pbx.account(zhou);
    let mut phone = Sipp::registers(&place, &environment, "zhou", &account, Codec::Pcmu).await?;
    let stranger = Account::customer(&pbx.address, "12800550142", "Chen");
    let mut caller =
        Sipp::calls(&place, &environment, "in", &stranger, "zhou", Codec::Pcmu).await?;
    phone.is_told("INVITE", PATIENCE).await?;
    phone.cue(Cue::Ring).await?;
    phone.cue(Cue::Answer).await?;
    phone.is_told("ACK", PATIENCE).await?;
    caller.cue(Cue::Hold).await?;
    caller.cue(Cue::Retrieve).await?;
    phone.cue(Cue::HangUp).await?;
    both_end_well((caller, phone)).await?;

    let mut caller =
        Sipp::calls(&place, &environment, "out", &account, "95588", Codec::Pcmu).await?;
    outside.is_told("INVITE", PATIENCE).await?;
    outside.cue(Cue::Answer).await?;
    outside.is_told("ACK", PATIENCE).await?;
    caller.is_told("SIP/2.0 407", PATIENCE).await?;
    caller.cue(Cue::HangUp).await?;
    both_end_well((caller, outside)).await
}

/// baresip is called at its own address, as on a trunk, and does all that a call has in it: with sipp, which is cued.
#[tokio::test(flavor = "multi_thread")]
async fn baresip_is_called_keyed_held_and_refuses() -> Result<()> {
    let place = Place::new("peers-baresip-sipp")?;
    let environment = Environment::private(&place)?;
    let echo = Devices::Echo(&environment);
    let account = Account::line("95588");
    let mut phone = Baresip::start(&place, echo, "line", &account, baresip::Codec::G711).await?;
    let chen = Account::customer(&phone.address, "12800550142", "Chen");
    let mut caller =
        Sipp::calls(&place, &environment, "talks", &chen, "95588", Codec::Pcmu).await?;
    phone.rings(PATIENCE).await?;
    phone.answer().await?;
    phone.talks(PATIENCE).await?;
    // What it keys is heard on the wire, and comes back from sipp to it.
    phone.key("0123456789*#").await?;
    assert_eq!(phone.is_keyed(12, PATIENCE).await?, "0123456789*#");
    caller.rtp.is_keyed("0123456789*#", PATIENCE).await?;
    phone.hold().await?;
    let held = caller.is_told("INVITE", PATIENCE).await?;
    assert!(held.text.contains("a=sendonly"), "{}", held.text);
    phone.resume().await?;
    eventually("the call to be taken back", PATIENCE, async || {
        let resumed = caller.is_told("INVITE", PATIENCE).await?;
        ensure!(resumed.text.contains("a=sendrecv"), "{}", resumed.text);
        Ok(())
    })
    .await?;
    caller.cue(Cue::Hold).await?;
    caller.cue(Cue::Retrieve).await?;
    phone.hang_up().await?;
    caller.ends_well(PATIENCE).await?;
    phone.is_over(PATIENCE).await?;

    let mut caller =
        Sipp::calls(&place, &environment, "refused", &chen, "95588", Codec::Pcmu).await?;
    phone.rings(PATIENCE).await?;
    phone.hang_up().await?;
    caller.is_told("SIP/2.0 486", PATIENCE).await?;
    caller.ends_well(PATIENCE).await?;

    let mut callee = Sipp::waits(&place, &environment, "rings", &account, Codec::Pcmu).await?;
    phone.call(&format!("sip:95588@{}", callee.address)).await?;
    callee.is_told("INVITE", PATIENCE).await?;
    callee.cue(Cue::Ring).await?;
    phone.hears_ringing(PATIENCE).await?;
    phone.hang_up().await?;
    callee.is_told("CANCEL", PATIENCE).await?;
    callee.ends_well(PATIENCE).await?;

    let mut callee = Sipp::waits(&place, &environment, "busy", &account, Codec::Pcmu).await?;
    phone.call(&format!("sip:95588@{}", callee.address)).await?;
    callee.is_told("INVITE", PATIENCE).await?;
    callee.cue(Cue::Refuse(486)).await?;
    let mut why = phone.is_over(PATIENCE).await?;
    while !why.contains("486") {
        why = phone.is_over(PATIENCE).await?;
    }
    callee.ends_well(PATIENCE).await
}

/// Telephones over TCP: kamailio calls them on the connection that they registered over. baresip with MD5 and G.722, linphone
/// with SHA-256.
#[tokio::test(flavor = "multi_thread")]
async fn telephones_register_at_kamailio_over_tcp_and_are_called_on_that_connection() -> Result<()>
{
    for digest in [Digest::Md5, Digest::Sha256] {
        let story = format!("peers-kamailio-tcp-{digest:?}").to_lowercase();
        let place = Place::new(&story)?;
        let environment = Environment::private(&place)?;
        let pulse = Pulse::start(&place, &environment, &["zhou"]).await?;
        let zhou = User {
            name: "zhou",
            password: "correct-horse",
        };
        let mut pbx = Kamailio::start(&place, &environment, &[zhou], digest, None).await?;
        let account = pbx.account(zhou).over(Transport::Tcp);
        let chen = Account::customer(&pbx.address, "12800550142", "Chen");
        match digest {
            Digest::Md5 => {
                let echo = Devices::Echo(&environment);
                let mut phone =
                    Baresip::start(&place, echo, "zhou", &account, baresip::Codec::G722).await?;
                pbx.says(&place, &["registered zhou over tcp"], PATIENCE)
                    .await?;
                let mut caller =
                    Sipp::calls(&place, &environment, "chen", &chen, "zhou", Codec::G722).await?;
                phone.rings(PATIENCE).await?;
                phone.answer().await?;
                phone.talks(PATIENCE).await?;
                caller.cue(Cue::HangUp).await?;
                caller.ends_well(PATIENCE).await?;
            }
            Digest::Sha256 => {
                let mut phone = Linphone::start(&place, &pulse, "zhou", &account).await?;
                pbx.says(&place, &["registered zhou over tcp"], PATIENCE)
                    .await?;
                let mut caller =
                    Sipp::calls(&place, &environment, "chen", &chen, "zhou", Codec::Pcmu).await?;
                phone.rings(PATIENCE).await?;
                phone.answer()?;
                phone.talks(PATIENCE).await?;
                phone.key("0123456789*#")?;
                phone.is_keyed("0123456789*#", PATIENCE).await?;
                caller.rtp.is_keyed("0123456789*#", PATIENCE).await?;
                phone.hold()?;
                let held = caller.is_told("INVITE", PATIENCE).await?;
                assert!(held.text.contains("a=sendonly"), "{}", held.text);
                phone.resume()?;
                phone.talks(PATIENCE).await?;
                phone.hang_up()?;
                caller.ends_well(PATIENCE).await?;
                let mut caller =
                    Sipp::calls(&place, &environment, "declined", &chen, "zhou", Codec::Pcmu)
                        .await?;
                phone.rings(PATIENCE).await?;
                phone.hang_up()?;
                caller.is_told("SIP/2.0 603", PATIENCE).await?;
                caller.ends_well(PATIENCE).await?;
            }
        }
        // Its port is there again, and it knows nobody.
        pbx.up(&place, &environment).await?;
        let forgotten = Sipp::calls(&place, &environment, "after", &chen, "zhou", Codec::Pcmu);
        forgotten.await?.is_told("SIP/2.0 480", PATIENCE).await?;
    }
    Ok(())
}
