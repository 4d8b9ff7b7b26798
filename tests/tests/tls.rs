//! API and SIP over TLS, with an authority of one's own: an agent at work, what is refused and told, and what an eavesdropper hears.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    api::{Api, PracticeCall},
    centre::{Centre, DEVICE_PASSWORD, PASSWORD},
    certificates::{Authority, Certificate, HOST, Kind},
    eavesdropper::Eavesdropper,
    environment::Environment,
    headless::{Audio, Headless},
    nonce::Nonce,
    place::{Place, eventually},
    talk::{Ear, voice},
    world::{CUSTOMER, World},
};
use offhook_desk::{Command, LinkView, SessionView};
use offhook_model::{
    Activity, BareAccount, Code, LegOutcome, Presence, Secret, SipTransport, api::SignInResponse,
};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(20);
/// How long a refused registration may wait at most until it is tried again, and more.
const LONG_PATIENCE: Duration = Duration::from_secs(40);
/// The extension of `zhou`.
const ZHOU: &str = "1002";

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_signs_in_registers_and_talks_over_tls() -> Result<()> {
    let world = World::over_tls("tls-call", &[]).await?;
    ensure!(world.centre.http.starts_with("https://localhost:"));
    let (agent_nonce, customer_nonce) = (Nonce::draw(), Nonce::draw());
    let agent_says = voice(&world.place, "agent", &agent_nonce)?;
    let agent_hears = world.place.log("agent-heard.wav");
    let audio = Audio::Wav(&agent_says, &agent_hears);
    let mut agent = world.agent("lin", &audio).await?;

    let customer_hears = world.place.log("customer-heard.wav");
    let customer = world
        .administrator
        .call_in(&PracticeCall {
            number: CUSTOMER,
            display_name: None,
            voice: Some(&voice(&world.place, "customer", &customer_nonce)?),
            record: Some(&customer_hears),
        })
        .await?;
    let call = agent.answer().await?;
    let (agent_ear, customer_ear) = (Ear::file(&agent_hears), Ear::file(&customer_hears));
    tokio::try_join!(
        agent_ear.hears_again(&customer_nonce),
        customer_ear.hears_again(&agent_nonce)
    )
    .context("Both listen")?;
    agent.command(&Command::HangUp { leg: call.leg }).await?;
    agent.does(Activity::WrapUp).await?;
    is_hung_up(&world.administrator, customer).await?;
    assert_eq!(world.outcomes_of(call.call).await?, [LegOutcome::Connected]);

    let body = json!({ "username": "zhou", "password": PASSWORD });
    let roots = std::fs::read(world.centre.roots().context("roots")?)?;
    let stranger = reqwest::Client::builder()
        .tls_certs_only(reqwest::Certificate::from_pem_bundle(&roots)?)
        .build()?;
    let address = format!("{}/v1/sessions", world.centre.http);
    let said: SignInResponse = stranger
        .post(address)
        .json(&body)
        .send()
        .await?
        .json()
        .await?;
    let sip = said.sip.context("a telephone account")?;
    assert_eq!(sip.transport, SipTransport::Tls);
    assert_eq!(sip.registrar, world.centre.sips);
    agent.leave().await
}

/// A certificate that is another's, has run out, or was issued by somebody unknown.
#[tokio::test(flavor = "multi_thread")]
async fn a_bad_certificate_of_the_api_is_told_at_once_and_the_next_good_one_is_signed_in_with()
-> Result<()> {
    let mut scene = Scene::set("tls-bad-api").await?;
    let mut phone = scene.phone("lin").await?;
    for bad in [
        scene.wrong_name.clone(),
        scene.expired.clone(),
        scene.unknown.clone(),
    ] {
        scene.shows(bad).await?;
        sign_in(&mut phone, &scene.centre.http).await?;
        refused_as(&phone, Code::CertificateInvalid).await?;
        scene.shows(scene.good.clone()).await?;
        sign_in(&mut phone, &scene.centre.http).await?;
        is_up(&phone).await?;
        sign_out(&mut phone).await?;
    }
    phone.leave().await
}

/// The same of the registrar, at a bare account: its next good certificate is registered with by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_bad_certificate_of_the_registrar_is_told_at_once_and_the_next_good_one_is_registered_with()
-> Result<()> {
    let mut scene = Scene::set("tls-bad-sip").await?;
    let mut phone = scene.phone("zhou").await?;
    for bad in [
        scene.wrong_name.clone(),
        scene.expired.clone(),
        scene.unknown.clone(),
    ] {
        scene.shows(bad).await?;
        let account = bare(&scene.centre.sips, SipTransport::Tls);
        phone.command(&Command::UseAccount { account }).await?;
        is_told(&phone, Code::CertificateInvalid).await?;
        scene.shows(scene.good.clone()).await?;
        is_up(&phone).await?;
        sign_out(&mut phone).await?;
    }
    for (registrar, code) in [
        ("nobody.invalid:5061".to_owned(), Code::UnknownHost),
        (
            format!("{HOST}:{}", e2e::place::free_port()?),
            Code::ConnectionRefused,
        ),
    ] {
        let account = bare(&registrar, SipTransport::Tls);
        phone.command(&Command::UseAccount { account }).await?;
        is_told(&phone, code).await?;
        sign_out(&mut phone).await?;
    }
    let account = bare(&scene.centre.sips, SipTransport::Tls);
    phone.command(&Command::UseAccount { account }).await?;
    is_up(&phone).await?;
    phone.leave().await
}

/// The centre's certificate runs out while somebody is signed in, and is renewed: nobody has to do anything here.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_runs_out_in_a_session_is_told_and_its_renewal_is_got_over() -> Result<()>
{
    let mut scene = Scene::set("tls-runs-out").await?;
    let mut phone = scene.phone("lin").await?;
    phone
        .take_up_work(&scene.centre.http, "lin", PASSWORD)
        .await?;
    scene.shows(scene.expired.clone()).await?;
    let invalid = LinkView::Connecting {
        error: Some(Code::CertificateInvalid),
    };
    phone
        .until_within("both links down", LONG_PATIENCE, |view| {
            (view.links.sip == invalid && view.links.api == invalid).then_some(())
        })
        .await?;
    scene.shows(scene.good.clone()).await?;
    phone
        .until_within("both links up", LONG_PATIENCE, |view| {
            (view.links.sip == LinkView::Up && view.links.api == LinkView::Up).then_some(())
        })
        .await?;
    phone.leave().await
}

/// A file with roots that cannot be used is told by a code of its own; the one that is set counts at once and after a restart.
#[tokio::test(flavor = "multi_thread")]
async fn roots_are_a_setting_that_is_checked_and_kept() -> Result<()> {
    let world = World::over_tls("tls-roots", &[]).await?;
    let (place, environment) = (&world.place, &world.environment);
    let garbage = place.log("garbage.pem");
    std::fs::write(&garbage, "no certificate\n")?;
    let mut phone = Headless::trusting(place, environment, "lin", &Audio::Null, &garbage).await?;
    sign_in(&mut phone, &world.centre.http).await?;
    refused_as(&phone, Code::RootsInvalid).await?;
    let account = bare(&world.centre.sips, SipTransport::Tls);
    phone.command(&Command::UseAccount { account }).await?;
    is_told(&phone, Code::RootsInvalid).await?;
    sign_out(&mut phone).await?;

    let missing = Some("/nowhere/roots.pem".to_owned());
    phone.command(&Command::SetRoots { file: missing }).await?;
    sign_in(&mut phone, &world.centre.http).await?;
    refused_as(&phone, Code::RootsInvalid).await?;
    // The system does not know this authority.
    phone.command(&Command::SetRoots { file: None }).await?;
    sign_in(&mut phone, &world.centre.http).await?;
    refused_as(&phone, Code::CertificateInvalid).await?;
    let roots = world.centre.roots().context("roots")?.display().to_string();
    let file = Some(roots.clone());
    phone.command(&Command::SetRoots { file }).await?;
    sign_in(&mut phone, &world.centre.http).await?;
    is_up(&phone).await?;
    phone.leave().await?;

    let profile = place.dir("profile-lin")?;
    let mut phone =
        Headless::on_profile(place, environment, "lin-again", &profile, &Audio::Null).await?;
    let settings = phone.ask("query", json!({ "kind": "settings" })).await?;
    assert_eq!(settings["settings"]["roots"], json!(roots));
    sign_in(&mut phone, &world.centre.http).await?;
    is_up(&phone).await?;
    phone.leave().await
}

/// Somebody on the way reads a call over TCP, and of one over TLS nothing: no method, no number, no password.
#[tokio::test(flavor = "multi_thread")]
async fn an_eavesdropper_hears_nothing_of_api_and_sip() -> Result<()> {
    let world = World::over_tls("tls-eavesdropper", &[]).await?;
    let (place, environment) = (&world.place, &world.environment);
    let roots = world.centre.roots().context("roots")?;
    let zhou = world.centre.sign_in("zhou").await?;
    zhou.set_presence(Presence::Ready).await?;

    let before_plain = Eavesdropper::before(port_of(&world.centre.sip)?).await?;
    let registrar = format!("127.0.0.1:{}", before_plain.port);
    let account = bare(&registrar, SipTransport::Tcp);
    let mut phone = Headless::trusting(place, environment, "plain", &Audio::Null, roots).await?;
    takes_a_call(&world, &mut phone, account).await?;
    for word in ["REGISTER sip:", "INVITE sip:", CUSTOMER] {
        ensure!(before_plain.heard(word) > 0, "{word} was not heard");
    }
    phone.leave().await?;
    zhou.start_answering(Presence::Ready).await?;

    let before_tls = Eavesdropper::before(port_of(&world.centre.sips)?).await?;
    let registrar = format!("{HOST}:{}", before_tls.port);
    let account = bare(&registrar, SipTransport::Tls);
    let mut phone = Headless::trusting(place, environment, "tls", &Audio::Null, roots).await?;
    takes_a_call(&world, &mut phone, account).await?;
    phone.leave().await?;
    before_tls.heard_none_of(&[
        "REGISTER",
        "INVITE",
        "SIP/2.0",
        "Authorization",
        CUSTOMER,
        DEVICE_PASSWORD,
    ])?;

    let before_api = Eavesdropper::before(port_of(&world.centre.http)?).await?;
    let centre = format!("https://{HOST}:{}", before_api.port);
    let mut phone = Headless::trusting(place, environment, "lin", &Audio::Null, roots).await?;
    phone.take_up_work(&centre, "lin", PASSWORD).await?;
    phone.leave().await?;
    before_api.heard_none_of(&["/v1/", "HTTP/1.1", "Bearer", PASSWORD, "username"])
}

/// An authority, its centre, and what the centre may show.
struct Scene {
    place: Place,
    environment: Environment,
    authority: Authority,
    centre: Centre,
    good: Certificate,
    wrong_name: Certificate,
    expired: Certificate,
    unknown: Certificate,
}

impl Scene {
    async fn set(story: &str) -> Result<Self> {
        let place = Place::new(story)?;
        let environment = Environment::private(&place)?;
        let authority = Authority::new(&place, "authority")?;
        let another = Authority::new(&place, "another")?;
        let good = authority.certify(&place, "good", Kind::Good)?;
        Ok(Self {
            wrong_name: authority.certify(&place, "wrong-name", Kind::WrongName)?,
            expired: authority.certify(&place, "expired", Kind::Expired)?,
            unknown: another.certify(&place, "unknown", Kind::Good)?,
            centre: Centre::over_tls(&place, &environment, &good, &authority.root).await?,
            good,
            place,
            environment,
            authority,
        })
    }

    /// The centre ends, and is there again with this certificate.
    async fn shows(&mut self, certificate: Certificate) -> Result<()> {
        self.centre.shows(certificate);
        let (place, environment) = (&self.place, &self.environment);
        self.centre.crash_and_restart(place, environment).await
    }

    async fn phone(&self, name: &str) -> Result<Headless> {
        let (place, environment) = (&self.place, &self.environment);
        let roots = &self.authority.root;
        Headless::trusting(place, environment, name, &Audio::Null, roots).await
    }
}

/// `zhou`'s desk telephone as a bare account.
fn bare(registrar: &str, transport: SipTransport) -> BareAccount {
    BareAccount {
        aor: format!("{ZHOU}@{HOST}"),
        auth_user: None,
        password: Secret::new(DEVICE_PASSWORD),
        registrar: Some(registrar.to_owned()),
        transport,
        display_name: None,
    }
}

/// Goes to work with this account, takes a practice customer's call and hangs up; both ends are told.
async fn takes_a_call(world: &World, phone: &mut Headless, account: BareAccount) -> Result<()> {
    phone.command(&Command::UseAccount { account }).await?;
    is_up(phone).await?;
    phone.command(&Command::CheckIn).await?;
    let customer = world
        .administrator
        .call_in(&PracticeCall {
            number: CUSTOMER,
            display_name: None,
            voice: None,
            record: None,
        })
        .await?;
    let call = phone.answer().await?;
    phone.command(&Command::HangUp { leg: call.leg }).await?;
    phone.does(Activity::WrapUp).await?;
    is_hung_up(&world.administrator, customer).await
}

async fn is_hung_up(administrator: &Api, customer: Uuid) -> Result<()> {
    eventually("the customer to be hung up", PATIENCE, async || {
        let stage = administrator.practice_state(customer).await?.stage;
        ensure!(stage == "ended", "it is {stage}");
        Ok(())
    })
    .await
}

async fn sign_in(phone: &mut Headless, centre: &str) -> Result<()> {
    let command = Command::SignIn {
        centre: centre.to_owned(),
        username: "lin".to_owned(),
        password: Secret::new(PASSWORD),
    };
    phone.command(&command).await
}

async fn sign_out(phone: &mut Headless) -> Result<()> {
    phone.command(&Command::SignOut).await?;
    phone
        .until("signed out", |view| {
            (view.session == SessionView::SignedOut { error: None }).then_some(())
        })
        .await
}

async fn refused_as(phone: &Headless, code: Code) -> Result<()> {
    phone
        .until(&format!("refused: {code:?}"), |view| {
            (view.session == SessionView::SignedOut { error: Some(code) }).then_some(())
        })
        .await
}

async fn is_told(phone: &Headless, code: Code) -> Result<()> {
    phone
        .until(&format!("{code:?}"), |view| {
            (view.links.sip == LinkView::Connecting { error: Some(code) }).then_some(())
        })
        .await
}

async fn is_up(phone: &Headless) -> Result<()> {
    phone
        .until("registered", |view| {
            (view.links.sip == LinkView::Up).then_some(())
        })
        .await
}

fn port_of(address: &str) -> Result<u16> {
    let (_, port) = address.rsplit_once(':').context("a port")?;
    Ok(port.trim_end_matches('/').parse()?)
}
