//! Telephones that nobody here wrote, on sound devices of their own: as the customer, and as an agent's desk telephone.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    acceptance::shown,
    account::Account,
    api::PracticeCall,
    baresip::{Baresip, Codec, Devices},
    centre::DEVICE_PASSWORD,
    certificates::Authority,
    linphone::Linphone,
    nonce::Nonce,
    talk::{Ear, voice},
    world::World,
};
use offhook_desk::{CallPhase, Command};
use offhook_model::{Activity, CallerMatch, Presence};
use std::time::Duration;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(20);

/// baresip calls the queue with Opus; our agent hears it and is heard.
#[tokio::test(flavor = "multi_thread")]
async fn baresip_calls_the_queue_with_opus() -> Result<()> {
    baresip_calls_the_queue("stranger-calls-opus", Codec::Opus).await
}

/// The same with G.711.
#[tokio::test(flavor = "multi_thread")]
async fn baresip_calls_the_queue_with_g711() -> Result<()> {
    baresip_calls_the_queue("stranger-calls-g711", Codec::G711).await
}

async fn baresip_calls_the_queue(story: &str, codec: Codec) -> Result<()> {
    let world = World::sounding(story, &["lin", "customer"]).await?;
    let pulse = world.pulse()?;
    let mut agent = world.agent_with_devices("lin").await?;
    let account = Account::customer(&world.centre.sip, "12800550142", "Chen");
    let mut customer = Baresip::start(
        &world.place,
        Devices::Of(pulse),
        "customer",
        &account,
        codec,
    )
    .await?;
    let agent_ear = Ear::Device(pulse.record(&world.place, "lin").await?);
    let customer_ear = Ear::Device(pulse.record(&world.place, "customer").await?);
    let (agent_nonce, customer_nonce) = (Nonce::draw(), Nonce::draw());
    let agent_wav = voice(&world.place, "lin", &agent_nonce)?;
    let customer_wav = voice(&world.place, "customer", &customer_nonce)?;
    let _agent_speaks = pulse.speak(&world.place, "lin", &agent_wav)?;
    let _customer_speaks = pulse.speak(&world.place, "customer", &customer_wav)?;

    customer.call(&world.queue()).await?;
    customer.talks(PATIENCE).await?;
    let call = agent.call(CallPhase::Offered).await?;
    agent
        .until("the caller's record", |view| {
            matches!(view.calls.first()?.caller, CallerMatch::Known { .. }).then_some(())
        })
        .await?;
    agent.command(&Command::Answer { leg: call.leg }).await?;
    agent.call(CallPhase::Live).await?;
    tokio::try_join!(
        agent_ear.hears(&customer_nonce),
        customer_ear.hears(&agent_nonce)
    )
    .context("Both listen")?;

    let leg = call.leg;
    agent
        .command(&Command::SetMuted { leg, muted: true })
        .await?;
    customer.toggle_mute().await?;
    tokio::try_join!(
        customer_ear.hears_nothing_of(&agent_nonce),
        agent_ear.hears_nothing_of(&customer_nonce)
    )?;

    customer.hang_up().await?;
    agent
        .until("wrap-up", |view| {
            (view.activity == Activity::WrapUp).then_some(())
        })
        .await?;
    shown(
        &[48],
        "phone: the call ends by itself and the desk is in wrap-up",
        "peer: baresip, which heard the agent, hung up",
    )
}

/// baresip is registered at the centre as an agent, takes a customer's call, holds it and takes it back.
#[tokio::test(flavor = "multi_thread")]
async fn baresip_takes_a_call_as_an_agent() -> Result<()> {
    let world = World::sounding("stranger-answers-baresip", &["zhou"]).await?;
    let account = Account::agent(&world.centre.sip, "1002", DEVICE_PASSWORD);
    let mut phone = Baresip::start(
        &world.place,
        Devices::Of(world.pulse()?),
        "zhou",
        &account,
        Codec::Opus,
    )
    .await?;
    let scene = Scene::set(&world).await?;
    phone.rings(PATIENCE).await?;
    phone.answer().await?;
    phone.talks(PATIENCE).await?;
    scene.both_hear().await?;
    phone.hold().await?;
    scene.is_held().await?;
    phone.resume().await?;
    scene.both_hear_again().await?;
    phone.toggle_mute().await?;
    scene.none_hears(&world).await?;
    world.administrator.hang_up_customer(scene.customer).await?;
    phone.is_over(PATIENCE).await.map(drop)
}

/// linphone is registered at the centre as an agent, takes a customer's call, holds it, takes it back and hangs up.
#[tokio::test(flavor = "multi_thread")]
async fn linphone_takes_a_call_as_an_agent() -> Result<()> {
    let world = World::sounding("stranger-answers-linphone", &["zhou"]).await?;
    let account = Account::agent(&world.centre.sip, "1002", DEVICE_PASSWORD);
    let mut phone = Linphone::start(&world.place, world.pulse()?, "zhou", &account).await?;
    let scene = Scene::set(&world).await?;
    phone.rings(PATIENCE).await?;
    phone.answer()?;
    phone.talks(PATIENCE).await?;
    scene.both_hear().await?;
    phone.hold()?;
    scene.is_held().await?;
    phone.resume()?;
    scene.both_hear_again().await?;
    phone.mute()?;
    scene.none_hears(&world).await?;
    phone.hang_up()?;
    phone.is_over(PATIENCE).await?;
    e2e::place::eventually("the customer to be hung up", PATIENCE, async || {
        let stage = world
            .administrator
            .practice_state(scene.customer)
            .await?
            .stage;
        anyhow::ensure!(stage == "ended", "it is {stage}");
        Ok(())
    })
    .await
}

/// linphone verifies the centre's certificate and is registered over TLS, takes a customer's call and hangs up; at an authority
/// that did not certify the centre it is not registered at all.
#[tokio::test(flavor = "multi_thread")]
async fn linphone_takes_a_call_as_an_agent_over_tls() -> Result<()> {
    let world = World::over_tls("stranger-answers-linphone-tls", &["zhou"]).await?;
    let (place, pulse) = (&world.place, world.pulse()?);
    let account = Account::agent(&world.centre.sips, "1002", DEVICE_PASSWORD);
    let another = Authority::new(place, "another")?;
    let doubting = account.clone().trusting(&another.root);
    let part = place.within("doubts")?;
    let doubts = Linphone::start(&part, pulse, "zhou", &doubting).await;
    ensure!(doubts.is_err(), "linphone takes any certificate");
    let said = std::fs::read(part.log("linphone-zhou.log"))?;
    ensure!(String::from_utf8_lossy(&said).contains("Certificate verification failed"));

    let roots = world.centre.roots().context("the roots")?;
    let account = account.trusting(roots);
    let mut phone = Linphone::start(place, pulse, "zhou", &account).await?;
    let scene = Scene::set(&world).await?;
    phone.rings(PATIENCE).await?;
    phone.answer()?;
    phone.talks(PATIENCE).await?;
    scene.both_hear().await?;
    phone.mute()?;
    scene.none_hears(&world).await?;
    phone.hang_up()?;
    phone.is_over(PATIENCE).await?;
    e2e::place::eventually("the customer to be hung up", PATIENCE, async || {
        let customer = world.administrator.practice_state(scene.customer).await?;
        ensure!(customer.stage == "ended", "it is {}", customer.stage);
        Ok(())
    })
    .await
}

/// An agent who is Ready with a telephone on the desk, and a practice customer who calls.
struct Scene {
    customer: Uuid,
    agent_ear: Ear,
    customer_ear: Ear,
    agent_nonce: Nonce,
    customer_nonce: Nonce,
    _agent_speaks: e2e::process::Running,
}

impl Scene {
    async fn set(world: &World) -> Result<Self> {
        let (pulse, place) = (world.pulse()?, &world.place);
        let (agent_nonce, customer_nonce) = (Nonce::draw(), Nonce::draw());
        let agent_ear = Ear::Device(pulse.record(place, "zhou").await?);
        let agent_speaks = pulse.speak(place, "zhou", &voice(place, "zhou", &agent_nonce)?)?;
        let zhou = world.centre.sign_in("zhou").await?;
        zhou.set_presence(Presence::Ready).await?;
        let recording = place.log("customer-heard.wav");
        let customer = world
            .administrator
            .call_in(&PracticeCall {
                number: "12800550142",
                display_name: None,
                voice: Some(&voice(place, "customer", &customer_nonce)?),
                record: Some(&recording),
            })
            .await?;
        Ok(Self {
            customer,
            agent_ear,
            customer_ear: Ear::file(&recording),
            agent_nonce,
            customer_nonce,
            _agent_speaks: agent_speaks,
        })
    }

    async fn both_hear(&self) -> Result<()> {
        tokio::try_join!(
            self.agent_ear.hears(&self.customer_nonce),
            self.customer_ear.hears(&self.agent_nonce)
        )
        .context("Both listen")
        .map(drop)
    }

    /// The agent's telephone holds: the customer hears the prompt, neither hears the other.
    async fn is_held(&self) -> Result<()> {
        let nonces = [&self.agent_nonce, &self.customer_nonce];
        tokio::try_join!(
            self.customer_ear.hears_only_the_prompt(&nonces),
            self.agent_ear.hears_other_than(&self.customer_nonce)
        )
        .context("On hold")
        .map(drop)
    }

    async fn both_hear_again(&self) -> Result<()> {
        tokio::try_join!(
            self.agent_ear.hears_again(&self.customer_nonce),
            self.customer_ear.hears_again(&self.agent_nonce)
        )
        .context("Taken back")
        .map(drop)
    }

    /// The agent's telephone is muted; the customer becomes so too.
    async fn none_hears(&self, world: &World) -> Result<()> {
        world
            .administrator
            .mute_customer(self.customer, true)
            .await?;
        tokio::try_join!(
            self.agent_ear.hears_nothing_of(&self.customer_nonce),
            self.customer_ear.hears_nothing_of(&self.agent_nonce)
        )
        .map(drop)
    }
}
