//! 二次拨号: the keys of the keypad arrive at strangers in their order, theirs arrive here, and they are in no log.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    acceptance::shown,
    account::Account,
    api::Api,
    baresip::{Baresip, Codec, Devices},
    centre::{DEVICE_PASSWORD, PASSWORD, QUEUE},
    headless::{Audio, Headless},
    place::Place,
    sipp::Cue,
    world::{CUSTOMER, World},
};
use offhook_model::{Activity, LegOutcome, Presence};
use std::{fs, time::Duration};

const PATIENCE: Duration = Duration::from_secs(20);
const KEYS: &str = "0123456789*#";

/// What is keyed here is on the wire to sipp; it comes back from there and shows, as if keyed by the customer.
#[tokio::test(flavor = "multi_thread")]
async fn keys_go_to_sipp_and_back_and_into_no_log() -> Result<()> {
    let world = World::logging("keypad-sipp").await?;
    let mut lin = world.agent("lin", &Audio::Null).await?;
    let mut customer = world.sipp_calls("customer", QUEUE).await?;
    let call = lin.answer().await?;
    let before = Logs::read(&world.place)?;
    lin.press(call.leg, KEYS).await?;
    customer.rtp.is_keyed(KEYS, PATIENCE).await?;
    shows(&lin, KEYS, KEYS).await?;
    customer.cue(Cue::HangUp).await?;
    customer.ends_well(PATIENCE).await?;
    lin.does(Activity::WrapUp).await?;
    let outcomes = world.outcomes_of(call.call).await?;
    assert_eq!(outcomes, [LegOutcome::Connected]);
    lin.leave().await?;
    Logs::read(&world.place)?.hold_no_key_since(&before)
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_go_both_ways_between_our_agent_and_baresip() -> Result<()> {
    let world = World::silent("keypad-baresip", 30).await?;
    let mut lin = world.agent("lin", &Audio::Null).await?;
    let account = Account::customer(&world.centre.sip, CUSTOMER, "Chen");
    let echo = Devices::Echo(&world.environment);
    let mut customer =
        Baresip::start(&world.place, echo, "customer", &account, Codec::G711).await?;
    customer.call(&world.queue()).await?;
    customer.talks(PATIENCE).await?;
    let call = lin.answer().await?;
    lin.press(call.leg, KEYS).await?;
    let keyed = customer.is_keyed(KEYS.len(), PATIENCE).await?;
    assert_eq!(keyed, KEYS);
    customer.key(KEYS).await?;
    shows(&lin, KEYS, KEYS).await?;
    customer.hang_up().await?;
    lin.does(Activity::WrapUp).await?;
    shown(
        &[88],
        "phone: in a call that came in it shows the keys pressed and those heard",
        "peer: baresip was keyed 0123456789*# in this order, and keyed them",
    )
}

/// baresip is the agent's telephone, sipp the customer: what baresip keys is on the wire to sipp, and comes back from there.
#[tokio::test(flavor = "multi_thread")]
async fn keys_go_both_ways_between_baresip_as_an_agent_and_sipp() -> Result<()> {
    let world = World::silent("keypad-agent", 30).await?;
    let account = Account::agent(&world.centre.sip, "1002", DEVICE_PASSWORD);
    let echo = Devices::Echo(&world.environment);
    let mut phone = Baresip::start(&world.place, echo, "zhou", &account, Codec::G711).await?;
    let zhou = Api::sign_in(&world.centre.http, "zhou", PASSWORD).await?;
    zhou.set_presence(Presence::Ready).await?;
    let mut customer = world.sipp_calls("customer", QUEUE).await?;
    phone.rings(PATIENCE).await?;
    phone.answer().await?;
    phone.talks(PATIENCE).await?;
    phone.key(KEYS).await?;
    customer.rtp.is_keyed(KEYS, PATIENCE).await?;
    assert_eq!(phone.is_keyed(KEYS.len(), PATIENCE).await?, KEYS);
    phone.hang_up().await?;
    customer.ends_well(PATIENCE).await
}

async fn shows(agent: &Headless, keyed: &str, heard: &str) -> Result<()> {
    agent
        .until("the keys", |view| {
            let call = view.calls.first()?;
            (call.keyed.0 == keyed && call.heard_keys.0 == heard).then_some(())
        })
        .await
}

/// What the phone and the centre have logged.
struct Logs(Vec<(&'static str, String)>);

impl Logs {
    fn read(place: &Place) -> Result<Self> {
        let mut logs = Vec::new();
        for name in [
            "headless-lin.err",
            "centre-1.err",
            "headless-lin.out",
            "centre-1.out",
        ] {
            let bytes = fs::read(place.log(name)).with_context(|| format!("Reading {name}"))?;
            logs.push((name, String::from_utf8_lossy(&bytes).into_owned()));
        }
        Ok(Self(logs))
    }

    /// A log that tells keys would tell the star and the hash like any other. The view is no log: the phone shows keys.
    fn hold_no_key_since(&self, before: &Self) -> Result<()> {
        for ((name, now), (_, then)) in self.0.iter().zip(&before.0) {
            let new = &now[then.len()..];
            ensure!(
                !name.ends_with(".err") || !new.is_empty(),
                "{name} logs nothing, so it proves nothing"
            );
            for line in new.lines().filter(|line| !line.contains("desk-changed")) {
                for key in ["*", "#", "Star", "Hash", "Pound", KEYS] {
                    ensure!(!line.contains(key), "{name} holds a key: {line}");
                }
            }
        }
        Ok(())
    }
}
