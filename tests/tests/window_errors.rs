//! What goes wrong is told in the window, in both languages and with its code, and the next good try works without a restart.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    acceptance::shown,
    api::{Api, PracticeCall},
    centre::PASSWORD,
    credentials::{Credentials, is_told, speak},
    desktop::{Desktop, Role},
    display::Display,
    nonce::Nonce,
    place::{eventually, free_port},
    talk::{Ear, voice},
    tap::Tap,
    window::{Language, Opening},
    world::World,
};
use offhook_model::Code;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{io::AsyncReadExt, net::TcpListener, task::JoinSet};
use tokio_rustls::{TlsAcceptor, rustls};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(20);
/// For what this computer finds out by itself; an agent waits for 2 s, a busy machine for longer.
const LOCAL: Duration = Duration::from_secs(5);
const NUMBER: &str = "12800550142";
const CUSTOMER: &str = "陈雨桐";

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_fails_says_why_and_the_next_good_one_works() -> Result<()> {
    let world = World::silent("errors-sign-in", 30).await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let tap = Tap::before(&world.centre.http).await?;
    let window = Opening::silent("lin").open(&world.place, &display).await?;
    let stranger = Stranger::with_a_certificate_of_its_own().await?;
    let nobody = format!("http://127.0.0.1:{}", free_port()?);
    for (centre, code) in [
        ("http://nobody.invalid", Code::UnknownHost),
        (&*nobody, Code::ConnectionRefused),
        (&*stranger.base, Code::CertificateInvalid),
    ] {
        let since = Credentials::of(centre, "lin").are_typed(&window).await?;
        let after = is_told(&window, code, since, LOCAL).await?;
        println!("{code:?} was told after {after:?}");
        window.picture_of(&format!("{code:?}")).await?;
    }
    ensure!(stranger.met() > 0, "nobody spoke to the stranger");
    ensure!(stranger.heard() == 0, "the stranger was told something");
    ensure!(tap.sent("POST", "/v1/sessions").is_empty());

    let wrong = Credentials {
        password: "guess",
        ..Credentials::of(&tap.base, "lin")
    };
    let since = wrong.are_typed(&window).await?;
    let after = is_told(&window, Code::WrongPassword, since, LOCAL).await?;
    println!("WrongPassword was told after {after:?}");
    window.picture_of("WrongPassword").await?;
    ensure!(tap.sent("POST", "/v1/sessions").len() == 1);

    Credentials::of(&tap.base, "lin").are_typed(&window).await?;
    window.find(Role::Button, &["Check in"]).await?;
    ensure!(tap.sent("POST", "/v1/sessions").len() == 2);
    window.close().await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_at_the_centre_leads_back_to_the_sign_in() -> Result<()> {
    let world = World::silent("errors-session", 30).await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let tap = Tap::before(&world.centre.http).await?;
    let window = Opening::silent("lin").open(&world.place, &display).await?;
    let mine = Credentials::of(&tap.base, "lin");
    mine.are_typed(&window).await?;
    ready(&window).await?;

    Api::sign_in(&world.centre.http, "lin", PASSWORD).await?;
    let after = is_told(&window, Code::SignedInElsewhere, Instant::now(), LOCAL).await?;
    println!("SignedInElsewhere was told after {after:?}");
    window.picture_of("signed-in-elsewhere").await?;
    ensure!(
        window
            .hides(&["Calls ring at once"], PATIENCE)
            .await
            .is_ok()
    );

    // Whoever signs in elsewhere takes the state along, and brings it back.
    mine.are_typed(&window).await?;
    window.shows(&["Calls ring at once"], PATIENCE).await?;
    let beats = tap.sent("POST", "/v1/heartbeat");
    let newest = beats.last().context("a heartbeat")?;
    let token = newest.header("authorization").context("a token")?;
    let token = token.trim_start_matches("Bearer ");
    let answer = Api::with_token(&world.centre.http, token)?
        .ask::<()>(reqwest::Method::DELETE, "/v1/sessions/current", None, None)
        .await?;
    ensure!(answer.status == 204, "{answer:?}");
    let after = is_told(&window, Code::SessionExpired, Instant::now(), LOCAL).await?;
    println!("SessionExpired was told after {after:?}");

    mine.are_typed(&window).await?;
    ready(&window).await?;
    window.close().await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_without_the_api_and_the_next_one_shows_what_is_kept_here() -> Result<()> {
    let mut world = World::silent("errors-offline", 30).await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let mut tap = Tap::before(&world.centre.http).await?;
    let window = Opening::silent("lin").open(&world.place, &display).await?;
    Credentials::of(&tap.base, "lin").are_typed(&window).await?;
    ready(&window).await?;

    let customer = calls(&world, None).await?;
    window.shows(&[CUSTOMER], PATIENCE).await?;
    window.click(Role::Button, &["Answer"]).await?;
    stands(&world, customer, "connected").await?;
    tap.cut().await;
    let after = is_told(&window, Code::ConnectionRefused, Instant::now(), PATIENCE).await?;
    println!("ConnectionRefused was told after {after:?}");
    window.picture_of("cut-in-a-call").await?;
    let text = window
        .shows(&["The centre cannot be reached."], PATIENCE)
        .await?;
    ensure!(text.contains("Calls are not affected"), "{text}");
    window.find(Role::Button, &["Hang up"]).await?;
    stands(&world, customer, "connected").await?;
    tap.mend().await?;
    window
        .hides(&["The centre cannot be reached."], PATIENCE)
        .await?;
    stands(&world, customer, "connected").await?;
    window.click(Role::Button, &["Hang up"]).await?;
    stands(&world, customer, "ended").await?;
    window.click(Role::Button, &["Start answering"]).await?;
    // By the centre's word, and not only asked for.
    window.shows(&["1 agent Ready"], PATIENCE).await?;

    tap.cut().await;
    window
        .shows(&["The centre cannot be reached."], PATIENCE)
        .await?;
    let asked = tap.sent("GET", "/v1/customers").len();
    let customer = calls(&world, None).await?;
    window.find(Role::Button, &["Answer"]).await?;
    for marks in [
        [CUSTOMER, "Offline copy", "128 0055 0142"],
        [CUSTOMER, "离线数据", "128 0055 0142"],
    ] {
        for mark in marks {
            window.shows(&[mark], PATIENCE).await?;
        }
        window.picture_of("kept-here").await?;
        speak(&window, Language::Chinese).await?;
    }
    speak(&window, Language::English).await?;
    window.click(Role::Button, &["Answer"]).await?;
    stands(&world, customer, "connected").await?;
    window.find(Role::Button, &["Hang up"]).await?;
    ensure!(tap.sent("GET", "/v1/customers").len() == asked);
    shown(
        &[39],
        "window: with its API cut, a call pops name, number and past calls from this computer, marked as an offline copy in both languages",
        "centre: no look-up reached it, and the same call is connected",
    )?;
    tap.mend().await?;
    window
        .hides(&["The centre cannot be reached.", "Offline copy"], PATIENCE)
        .await?;
    world.administrator.hang_up_customer(customer).await?;
    window.click(Role::Button, &["Start answering"]).await?;
    window.shows(&["1 agent Ready"], PATIENCE).await?;

    // Now the telephone is gone too; of the centre only the tap is left, which says nothing.
    world.centre.crash()?;
    let since = Instant::now();
    let after = is_told(&window, Code::Unreachable, since, PATIENCE).await?;
    println!("Unreachable was told after {after:?}");
    window
        .shows(&["You are offline."], Duration::from_secs(40))
        .await?;
    println!("both links were told after {:?}", since.elapsed());
    window.click(Role::Button, &["Today"]).await?;
    let after = is_told(&window, Code::RegistrationLost, since, PATIENCE).await?;
    println!("RegistrationLost was told after {after:?}");
    window.picture_of("offline").await?;
    world.centre.up(&world.place, &world.environment).await?;
    window
        .hides(&["You are offline."], Duration::from_secs(60))
        .await?;
    window.shows(&["Calls ring at once"], PATIENCE).await?;
    world.administrator = world.centre.administrator().await?;
    let customer = calls(&world, None).await?;
    window.click(Role::Button, &["Answer"]).await?;
    stands(&world, customer, "connected").await?;
    window.close().await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_that_are_missing_are_told_and_used_once_they_are_plugged_in() -> Result<()> {
    let world = World::sounding("errors-devices", &[]).await?;
    let (place, pulse) = (&world.place, world.pulse()?);
    let display = Display::start(place, &world.environment).await?;
    let opening = Opening::silent("lin").with_default_devices(pulse);
    let window = opening.open(place, &display).await?;
    let mine = Credentials::of(&world.centre.http, "lin");
    mine.are_typed(&window).await?;
    ready(&window).await?;

    let (agent, customer) = (Nonce::draw(), Nonce::draw());
    let recording = place.log("customer-heard.wav");
    let voices = (
        voice(place, "agent", &agent)?,
        voice(place, "customer", &customer)?,
    );
    let caller = world
        .administrator
        .call_in(&PracticeCall {
            number: NUMBER,
            display_name: None,
            voice: Some(&voices.1),
            record: Some(&recording),
        })
        .await?;
    window.find(Role::Button, &["Answer"]).await?;
    let after = is_told(&window, Code::NoSpeaker, Instant::now(), LOCAL).await?;
    println!("NoSpeaker was told after {after:?}");
    window.picture_of("no-speaker").await?;
    window.click(Role::Button, &["Answer"]).await?;
    let after = is_told(&window, Code::NoMicrophone, Instant::now(), LOCAL).await?;
    println!("NoMicrophone was told after {after:?}");
    window.picture_of("no-microphone").await?;
    stands(&world, caller, "connected").await?;

    pulse.plug_speaker(place, "agent").await?;
    let agent_ear = Ear::Device(pulse.record(place, "agent").await?);
    let customer_ear = Ear::file(&recording);
    agent_ear.hears_again(&customer).await?;
    // What the speaker gives out can be recorded like a microphone; the customer must not hear itself.
    customer_ear.hears_nothing_of(&customer).await?;
    pulse.plug_mic(place, "agent").await?;
    let _speaks = pulse.speak(place, "agent", &voices.0)?;
    customer_ear.hears_again(&agent).await?;
    window.close().await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_microphone_that_another_program_has_is_told_and_heard_once_it_is_let_go() -> Result<()> {
    let world = World::sounding("errors-busy", &["agent"]).await?;
    let (place, pulse) = (&world.place, world.pulse()?);
    let display = Display::start(place, &world.environment).await?;
    let opening = Opening::silent("lin").with_default_devices(pulse);
    let window = opening.open(place, &display).await?;
    let mine = Credentials::of(&world.centre.http, "lin");
    mine.are_typed(&window).await?;
    ready(&window).await?;

    pulse.take_mic(place, "agent").await?;
    let (agent, customer) = (Nonce::draw(), Nonce::draw());
    let voices = (
        voice(place, "agent", &agent)?,
        voice(place, "customer", &customer)?,
    );
    let call_in = async |recording: &std::path::Path| {
        let call = PracticeCall {
            number: NUMBER,
            display_name: None,
            voice: Some(&voices.1),
            record: Some(recording),
        };
        let caller = world.administrator.call_in(&call).await?;
        window.click(Role::Button, &["Answer"]).await?;
        stands(&world, caller, "connected").await?;
        anyhow::Ok(caller)
    };
    let _speaks = pulse.speak(place, "agent", &voices.0)?;
    let agent_ear = Ear::Device(pulse.record(place, "agent").await?);
    let recording = place.log("customer-heard.wav");
    let caller = call_in(&recording).await?;
    let after = is_told(&window, Code::DeviceBusy, Instant::now(), PATIENCE).await?;
    println!("DeviceBusy was told after {after:?}");
    window.picture_of("device-busy").await?;
    // The call goes on: the agent hears, though nobody hears the agent.
    agent_ear.hears_again(&customer).await?;
    let customer_ear = Ear::file(&recording);
    customer_ear.hears_nothing_of(&agent).await?;
    pulse.let_mic_go(place, "agent").await?;
    customer_ear.hears_again(&agent).await?;
    stands(&world, caller, "connected").await?;
    window.click(Role::Button, &["Hang up"]).await?;
    window.click(Role::Button, &["Start answering"]).await?;

    // Neither the notice nor the silence is left.
    let recording = place.log("customer-heard-next.wav");
    call_in(&recording).await?;
    Ear::file(&recording).hears_again(&agent).await?;
    let told = e2e::words::of(Code::DeviceBusy, Language::English)?;
    ensure!(!window.text().await?.contains(&told), "still {told:?}");
    window.close().await.map(drop)
}

/// Checks in and waits until calls may come.
async fn ready(window: &Desktop) -> Result<()> {
    window.click(Role::Button, &["Check in"]).await?;
    window
        .shows(&["Calls ring at once"], PATIENCE)
        .await
        .map(drop)
}

async fn calls(world: &World, voice: Option<&std::path::Path>) -> Result<Uuid> {
    world
        .administrator
        .call_in(&PracticeCall {
            number: NUMBER,
            display_name: None,
            voice,
            record: None,
        })
        .await
}

/// Waits until the customer's call is this far at the centre.
async fn stands(world: &World, customer: Uuid, stage: &str) -> Result<()> {
    eventually(&format!("the customer {stage}"), PATIENCE, async || {
        let state = world.administrator.practice_state(customer).await?;
        ensure!(state.stage == stage, "it is {}", state.stage);
        Ok(())
    })
    .await
}

/// A server whose certificate nobody vouches for.
struct Stranger {
    base: String,
    met: Arc<AtomicUsize>,
    heard: Arc<AtomicUsize>,
    _task: JoinSet<()>,
}

impl Stranger {
    async fn with_a_certificate_of_its_own() -> Result<Self> {
        e2e::api::use_ring();
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("https://{}", listener.local_addr()?);
        let (met, heard) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (meets, hears) = (Arc::clone(&met), Arc::clone(&heard));
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                meets.fetch_add(1, Ordering::Relaxed);
                let mut bytes = Vec::new();
                if let Ok(mut shaken) = acceptor.accept(socket).await {
                    // However it ends: what came before is what counts.
                    shaken.read_to_end(&mut bytes).await.ok();
                }
                hears.fetch_add(bytes.len(), Ordering::Relaxed);
            }
        });
        Ok(Self {
            base,
            met,
            heard,
            _task: task,
        })
    }

    fn met(&self) -> usize {
        self.met.load(Ordering::Relaxed)
    }

    fn heard(&self) -> usize {
        self.heard.load(Ordering::Relaxed)
    }
}
