//! The phone on a bare SIP account, without a centre: Debian's kamailio is its registrar and its proxy.

#![cfg(target_os = "linux")]

mod matrix;

use anyhow::{Context, Result, ensure};
use e2e::{
    acceptance::{shown, shown_beyond},
    account::{Account, Transport},
    baresip::{self, Baresip, Devices},
    certificates::{Authority, Kind},
    environment::Environment,
    headless::{Audio, Headless},
    kamailio::{Digest, Habits, Kamailio, User},
    nonce::Nonce,
    place::{Place, eventually, free_port},
    sipp::{Codec, Cue, Message, Sipp},
    talk::{Ear, voice},
};
use offhook_desk::{CallPhase, CallView, Command, Filed, LinkView, SavedState, SessionView, View};
use offhook_model::{
    Activity, BareAccount, CallerMatch, Code, FieldId, FieldValue, Key, LegOutcome, PhoneNumber,
    Presence, Secret, SipTransport, WrapUpId, api::CustomerBody,
};
use serde_json::{Value, json};
use std::{
    fs::File,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(20);
/// A keep-alive over UDP, after which the network tells that nobody listens, may be as far away.
const LONG_PATIENCE: Duration = Duration::from_secs(40);
const LIN: User<'_> = User {
    name: "1001",
    password: "correct-horse",
};
const ZHOU: User<'_> = User {
    name: "1002",
    password: "battery-staple",
};
/// The stranger who calls.
const NUMBER: &str = "12800550142";
/// The stranger behind the trunk.
const OUTSIDE: &str = "95588";
const KEYS: &str = "0123456789*#";

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_over_udp_ends_no_call_and_is_got_over() -> Result<()> {
    restart("kamailio-restart-udp", Digest::Md5, Transport::Udp).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_over_tcp_ends_no_call_and_is_got_over() -> Result<()> {
    restart("kamailio-restart-tcp", Digest::Sha256, Transport::Tcp).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_over_tls_ends_no_call_and_is_got_over() -> Result<()> {
    restart("kamailio-restart-tls", Digest::Sha256, Transport::Tls).await
}

/// kamailio ends while they talk, and is back knowing nobody: the sound goes on, the phone is registered again by itself, whoever
/// hangs up is heard, and the next call comes.
async fn restart(story: &str, digest: Digest, transport: Transport) -> Result<()> {
    let mut scene = Scene::set(story, digest, transport, Habits::default()).await?;
    let voice = Voice::draw(&scene)?;
    let mut phone = scene.phone("lin", &voice.audio()).await?;
    let mut caller = scene.stranger("caller", Transport::Udp).await?;
    let call = answered(&mut phone).await?;
    voice.goes_there_and_back(&caller).await?;

    let begun = Instant::now();
    scene.pbx.stop();
    let (lost, ()) = tokio::try_join!(is_lost(&phone, begun), voice.goes_there_and_back(&caller))
        .context("The call goes on without kamailio")?;
    phone.call(CallPhase::Live).await?;
    let back = scene.comes_back(&phone).await?;
    scene.note(&format!(
        "In a call: told after {lost:?}, registered {back:?} after it was back"
    ))?;
    match transport {
        Transport::Udp => phone.command(&Command::HangUp { leg: call.leg }).await?,
        Transport::Tcp | Transport::Tls => caller.cue(Cue::HangUp).await?,
    }
    caller.ends_well(PATIENCE).await?;
    is_wrapping_up(&phone).await?;
    is_free_again(&mut phone).await?;
    talks_to_the_next(&scene, &mut phone, "next").await?;
    shown_beyond(
        &[10],
        "phone: it says that the registration is lost, is registered again by itself, and the call goes on to its end",
        "peer: sipp hears it while kamailio is down, has its BYE through the new kamailio, and its next call is taken",
    )?;

    // Over TCP the end of the connection tells, with no call and no keep-alive under way.
    if transport == Transport::Tcp {
        let begun = Instant::now();
        scene.pbx.stop();
        let lost = is_lost(&phone, begun).await?;
        let back = scene.comes_back(&phone).await?;
        scene.note(&format!(
            "Idle: told after {lost:?}, registered {back:?} after it was back"
        ))?;
        talks_to_the_next(&scene, &mut phone, "after").await?;
    }
    phone.leave().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_file_is_taken_from_its_owner_alone() -> Result<()> {
    let scene = Scene::set(
        "kamailio-account-file",
        Digest::Sha256,
        Transport::Udp,
        Habits::default(),
    )
    .await?;
    let profile = scene.place.dir("refused")?;
    let file = scene.account_file("account", &json!({}))?;
    let unknown = scene.account_file("unknown", &json!({ "pasword": "x" }))?;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644))?;
    for (path, sentence, code) in [
        (
            &file,
            "others can read the account file",
            "account_readable",
        ),
        (&unknown, "unknown field `pasword`", "account_invalid"),
    ] {
        let (status, said) = Headless::refuses(&scene.environment, &profile, path)?;
        assert_eq!(status, Some(1));
        assert!(
            said.contains(sentence) && said.contains(&format!("[{code}]")),
            "{said}"
        );
        assert!(!said.contains(LIN.password), "{said}");
    }
    assert_eq!(scene.pbx.said(&scene.place, &["REGISTER"])?, 0);

    // Rights taken away; then a file that everybody may read, since the password is not in it.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))?;
    scene.works_on("owner", &file).await?.leave().await?;
    let command = scene.place.log("password");
    std::fs::write(&command, format!("{}\nlogin: {}\n", LIN.password, LIN.name))?;
    let asked = json!({ "password": null, "password_command": ["cat", command] });
    let asking = scene.account_file("asking", &asked)?;
    std::fs::set_permissions(&asking, std::fs::Permissions::from_mode(0o644))?;
    scene.works_on("asking", &asking).await?.leave().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_account_is_told_by_its_cause_and_the_right_one_works_without_a_restart()
-> Result<()> {
    let scene = Scene::set(
        "kamailio-wrong",
        Digest::Sha256,
        Transport::Udp,
        Habits::default(),
    )
    .await?;
    let wrong = scene.account_file("wrong", &json!({ "password": "incorrect-horse" }))?;
    let mut phone = scene.begins_on("wrong", &wrong, &Audio::Null).await?;
    is_told(&phone, Code::WrongPassword).await?;
    // That nothing more is sent can only be waited for.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let asked = scene.pbx.said(&scene.place, &["REGISTER 1001"])?;
    assert!((2..=4).contains(&asked), "{asked} REGISTERs");
    sign_out(&mut phone).await?;

    let right = BareAccount {
        aor: format!("{}@pbx.example", LIN.name),
        auth_user: None,
        password: Secret::new(LIN.password),
        registrar: Some(scene.pbx.address.clone()),
        transport: SipTransport::Udp,
        display_name: None,
    };
    use_account(&mut phone, &right).await?;
    is_up(&phone).await?;
    scene.says(&["registered 1001 over udp"]).await?;
    let told = phone.view().context("a view")?.notices;
    assert!(told.is_empty(), "{told:?}");
    sign_out(&mut phone).await?;

    let nobody = format!("127.0.0.1:{}", free_port()?);
    for (registrar, transport, code) in [
        ("nobody.invalid", SipTransport::Udp, Code::UnknownHost),
        ("nobody.invalid", SipTransport::Tcp, Code::UnknownHost),
        (&nobody, SipTransport::Udp, Code::ConnectionRefused),
        (&nobody, SipTransport::Tcp, Code::ConnectionRefused),
    ] {
        let wrong = BareAccount {
            registrar: Some(registrar.to_owned()),
            transport,
            ..right.clone()
        };
        let begun = Instant::now();
        use_account(&mut phone, &wrong).await?;
        is_told(&phone, code).await?;
        let took = begun.elapsed();
        scene.note(&format!("{code:?} over {transport:?}: {took:?}"))?;
        sign_out(&mut phone).await?;
    }
    use_account(&mut phone, &right).await?;
    is_up(&phone).await?;
    phone.leave().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_is_kept_over_udp() -> Result<()> {
    a_registration_is_kept("kamailio-kept-udp", Transport::Udp).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_is_kept_over_tcp() -> Result<()> {
    a_registration_is_kept("kamailio-kept-tcp", Transport::Tcp).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_is_kept_over_tls() -> Result<()> {
    a_registration_is_kept("kamailio-kept-tls", Transport::Tls).await
}

/// kamailio grants four seconds, asks with OPTIONS before it says so, and is told the way back.
async fn a_registration_is_kept(story: &str, transport: Transport) -> Result<()> {
    let habits = Habits {
        grants: Some(Duration::from_secs(4)),
        asks_first: true,
        tls: None,
    };
    let scene = Scene::set(story, Digest::Sha256, transport, habits).await?;
    let phone = scene.phone("lin", &Audio::Null).await?;
    scene.says(&["there 200"]).await?;
    match transport {
        Transport::Udp => {
            scene
                .says(&["registered 1001 over udp at <sip:1001@"])
                .await?
        }
        Transport::Tcp | Transport::Tls => {
            let name = transport.name();
            let registered = format!("registered 1001 over {name} at");
            scene
                .says(&[&registered, &format!(";transport={name}")])
                .await?;
        }
    }
    // The first one and three refreshes, each before the four seconds are over: more than two whole intervals.
    scene
        .pbx
        .says_times(&scene.place, &["registered 1001"], 4, PATIENCE)
        .await?;
    assert_eq!(
        scene.pbx.said(&scene.place, &["there"])?,
        scene.pbx.said(&scene.place, &["there 200"])?
    );
    let view = phone.view().context("a view")?;
    assert_eq!(view.links.sip, LinkView::Up);
    let mut caller = scene.stranger("caller", Transport::Udp).await?;
    phone.call(CallPhase::Offered).await?;
    caller.is_told("SIP/2.0 180", PATIENCE).await?;
    caller.cue(Cue::Cancel).await?;
    caller.ends_well(PATIENCE).await?;
    phone.leave().await?;
    scene.says(&["withdrawn 1001 over", transport.name()]).await
}

/// baresip is another telephone of the same PBX: it is called and calls, keys digits and is keyed, and either hangs up.
#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_at_the_same_pbx_is_called_and_calls() -> Result<()> {
    let scene = Scene::set(
        "kamailio-colleague",
        Digest::Md5,
        Transport::Udp,
        Habits::default(),
    )
    .await?;
    let voice = Voice::draw(&scene)?;
    let mut phone = scene.phone("lin", &voice.audio()).await?;
    let account = scene.pbx.account(ZHOU).over(Transport::Tcp);
    let echo = Devices::Echo(&scene.environment);
    let mut zhou =
        Baresip::start(&scene.place, echo, "zhou", &account, baresip::Codec::G711).await?;

    let call = dial(&mut phone, ZHOU.name).await?;
    zhou.rings(PATIENCE).await?;
    phone.call(CallPhase::Alerting).await?;
    zhou.answer().await?;
    zhou.talks(PATIENCE).await?;
    phone.call(CallPhase::Live).await?;
    voice.comes_back().await?;
    for key in KEYS.chars() {
        let (leg, key) = (call.leg, Key::try_from(key)?);
        phone.command(&Command::Press { leg, key }).await?;
    }
    assert_eq!(zhou.is_keyed(KEYS.len(), PATIENCE).await?, KEYS);
    zhou.key(KEYS).await?;
    phone
        .until("the digits that were keyed", |view| {
            (view.calls.first()?.heard_keys.0 == KEYS).then_some(())
        })
        .await?;
    zhou.hang_up().await?;
    is_wrapping_up(&phone).await?;
    is_free_again(&mut phone).await?;

    zhou.call(&format!("sip:1001@{}", scene.pbx.address))
        .await?;
    let call = answered(&mut phone).await?;
    zhou.talks(PATIENCE).await?;
    phone.command(&Command::HangUp { leg: call.leg }).await?;
    zhou.is_over(PATIENCE).await?;
    is_wrapping_up(&phone).await?;
    shown_beyond(
        &[10],
        "phone: a colleague is called with keys both ways, and calls, and either hangs up",
        "peer: baresip, registered at kamailio over TCP, had every key in order",
    )?;
    phone.leave().await
}

/// Without a centre this computer keeps the form and the customer.
#[tokio::test(flavor = "multi_thread")]
async fn the_wrap_up_and_the_customer_are_kept_here() -> Result<()> {
    let scene = Scene::set(
        "kamailio-local",
        Digest::Md5,
        Transport::Udp,
        Habits::default(),
    )
    .await?;
    let mut phone = scene.phone("lin", &Audio::Null).await?;
    let mut caller = scene.stranger("first", Transport::Udp).await?;
    let call = answered(&mut phone).await?;
    caller.cue(Cue::HangUp).await?;
    caller.ends_well(PATIENCE).await?;
    is_wrapping_up(&phone).await?;
    let wrap_up = call.wrap_up;
    phone
        .until("that nobody has the number", |view| {
            (form(view, wrap_up)?.caller == CallerMatch::Unknown).then_some(())
        })
        .await?;
    phone
        .command(&Command::SaveCustomer {
            wrap_up,
            edited: None,
            body: CustomerBody {
                name: "王秀兰".into(),
                numbers: vec![PhoneNumber::parse(NUMBER)?],
                tags: vec!["会员".into()],
                fields: Vec::new(),
            },
        })
        .await?;
    phone
        .until("that the customer is kept", |view| {
            let filed = form(view, wrap_up)?.filed.iter().any(|entry| {
                matches!(entry.what, Filed::Customer { .. })
                    && matches!(entry.saved, SavedState::Kept { .. })
            });
            filed.then_some(())
        })
        .await?;
    phone
        .command(&Command::EditDraft {
            wrap_up,
            field: FieldId::from("summary"),
            value: FieldValue::Text("换了滤芯".into()),
        })
        .await?;
    phone.command(&Command::Submit { wrap_up }).await?;
    phone
        .until("that the form is kept", |view| {
            matches!(form(view, wrap_up)?.saved, SavedState::Kept { .. }).then_some(())
        })
        .await?;
    phone.leave().await?;

    let mut phone = scene.phone("lin-again", &Audio::Null).await?;
    let mut caller = scene.stranger("second", Transport::Udp).await?;
    let call = phone.call(CallPhase::Offered).await?;
    phone
        .until("that the customer is known", |view| {
            match &view.calls.first()?.caller {
                CallerMatch::Known { customer, .. } => (customer.name == "王秀兰").then_some(()),
                CallerMatch::Looking
                | CallerMatch::Several { .. }
                | CallerMatch::Unknown
                | CallerMatch::Unavailable => None,
            }
        })
        .await?;
    let asked = json!({ "kind": "card", "call": call.call });
    let card: Value = phone.ask("query", asked).await?;
    let past = &card["cards"][0]["calls"];
    assert_eq!(past.as_array().map(Vec::len), Some(1), "{card}");
    assert_eq!(past[0]["summary"], "换了滤芯");
    caller.cue(Cue::Cancel).await?;
    caller.ends_well(PATIENCE).await?;
    shown(
        &[34],
        "phone: the card of the ringing call has the past call with its summary",
        "peer: sipp called twice from the same number",
    )?;
    shown_beyond(
        &[10],
        "phone: the customer and the past call are known after a restart of the program",
        "peer: sipp called twice through kamailio, and there is no centre",
    )?;
    phone.leave().await
}

/// kamailio, the account of one who works with it, and the address of the trunk.
struct Scene {
    place: Place,
    environment: Environment,
    pbx: Kamailio,
    transport: Transport,
    /// `host:port` at which the phone registers.
    registrar: String,
    /// The roots the phone trusts, over TLS.
    roots: Option<PathBuf>,
    trunk: String,
}

impl Scene {
    async fn set(
        story: &str,
        digest: Digest,
        transport: Transport,
        habits: Habits<'_>,
    ) -> Result<Self> {
        let place = Place::new(story)?;
        let environment = Environment::private(&place)?;
        let trunk = format!("127.0.0.1:{}", free_port()?);
        let authority = Authority::new(&place, "authority")?;
        let shown = authority.certify(&place, "kamailio", Kind::Good)?;
        let encrypted = transport == Transport::Tls;
        let habits = Habits {
            tls: encrypted.then_some(&shown),
            ..habits
        };
        let pbx = Kamailio::with_habits(
            &place,
            &environment,
            &[LIN, ZHOU],
            digest,
            Some(&trunk),
            habits,
        )
        .await?;
        let registrar = pbx.sips.clone().unwrap_or_else(|| pbx.address.clone());
        Ok(Self {
            place,
            environment,
            pbx,
            transport,
            registrar,
            roots: encrypted.then_some(authority.root),
            trunk,
        })
    }

    /// Writes an account file, for its owner alone; null takes a field out.
    fn account_file(&self, name: &str, fields: &Value) -> Result<PathBuf> {
        let mut written = json!({
            "aor": format!("{}@pbx.example", LIN.name),
            "password": LIN.password,
            "registrar": self.registrar,
            "transport": self.transport.name(),
            "roots": self.roots,
            "check_in": true,
        });
        for (field, value) in fields.as_object().context("fields")? {
            written[field] = value.clone();
        }
        let written = written.as_object_mut().context("fields")?;
        written.retain(|_, value| !value.is_null());
        let path = self.place.log(format!("{name}.json"));
        std::fs::write(&path, json!(written).to_string())?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(path)
    }

    async fn begins_on(&self, name: &str, file: &Path, audio: &Audio<'_>) -> Result<Headless> {
        let profile = self.place.dir("profile")?;
        Headless::on_account(&self.place, &self.environment, name, &profile, audio, file).await
    }

    /// A phone that is registered and Ready; kamailio says so too.
    async fn phone(&self, name: &str, audio: &Audio<'_>) -> Result<Headless> {
        let file = self.account_file("account", &json!({}))?;
        let phone = self.begins_on(name, &file, audio).await?;
        self.is_at_work(&phone).await?;
        Ok(phone)
    }

    /// The same with this account file.
    async fn works_on(&self, name: &str, file: &Path) -> Result<Headless> {
        let phone = self.begins_on(name, file, &Audio::Null).await?;
        self.is_at_work(&phone).await?;
        Ok(phone)
    }

    async fn is_at_work(&self, phone: &Headless) -> Result<()> {
        is_up(phone).await?;
        phone
            .until("Ready, with no centre", |view| {
                let local = matches!(view.session, SessionView::SignedIn { local: true, .. });
                let ready = view.presence.as_ref()?.confirmed.presence == Presence::Ready;
                (local && ready && view.links.api == LinkView::Off).then_some(())
            })
            .await?;
        let registered = format!("registered 1001 over {}", self.transport.name());
        self.says(&[&registered]).await
    }

    /// Keeps how long something took beside the logs: nothing is asserted of it.
    fn note(&self, line: &str) -> Result<()> {
        let mut times = File::options()
            .create(true)
            .append(true)
            .open(self.place.log("times.txt"))?;
        Ok(writeln!(times, "{line}")?)
    }

    async fn says(&self, words: &[&str]) -> Result<()> {
        self.pbx.says(&self.place, words, PATIENCE).await
    }

    /// A stranger, who calls the phone.
    async fn stranger(&self, name: &str, transport: Transport) -> Result<Sipp> {
        let chen = Account::customer(&self.pbx.address, NUMBER, "Chen").over(transport);
        let (place, environment) = (&self.place, &self.environment);
        Sipp::calls(place, environment, name, &chen, LIN.name, Codec::Pcmu).await
    }

    /// A stranger behind the trunk, who waits for a call.
    async fn outside(&self, name: &str) -> Result<Sipp> {
        let line = Account::line(OUTSIDE);
        let (place, environment) = (&self.place, &self.environment);
        Sipp::waits_at(place, environment, name, &line, Codec::Pcmu, &self.trunk).await
    }

    /// kamailio is started again and knows nobody. Tells how long it takes until it knows the phone.
    async fn comes_back(&mut self, phone: &Headless) -> Result<Duration> {
        self.pbx.up(&self.place, &self.environment).await?;
        let begun = Instant::now();
        is_up(phone).await?;
        let registered = format!("registered 1001 over {}", self.transport.name());
        self.says(&[&registered]).await?;
        Ok(begun.elapsed())
    }
}

/// What the agent says over and over, and what is heard at the agent's.
struct Voice {
    nonce: Nonce,
    says: PathBuf,
    hears: PathBuf,
}

impl Voice {
    fn draw(scene: &Scene) -> Result<Self> {
        let nonce = Nonce::draw();
        Ok(Self {
            says: voice(&scene.place, "lin", &nonce)?,
            hears: scene.place.log("lin-heard.wav"),
            nonce,
        })
    }

    fn audio(&self) -> Audio<'_> {
        Audio::Wav(&self.says, &self.hears)
    }

    /// sipp gives back what it hears: from this moment on, the nonce comes through at both ends.
    async fn goes_there_and_back(&self, peer: &Sipp) -> Result<()> {
        let (wire, here) = (Ear::Wire(peer.rtp.clone()), Ear::file(&self.hears));
        tokio::try_join!(wire.hears_again(&self.nonce), here.hears_again(&self.nonce))
            .context("What the agent says goes to sipp and back")
            .map(drop)
    }

    async fn comes_back(&self) -> Result<()> {
        Ear::file(&self.hears).hears_again(&self.nonce).await
    }
}

fn form(view: &View, wrap_up: WrapUpId) -> Option<&offhook_desk::WrapUpView> {
    view.wrap_ups.iter().find(|form| form.id == wrap_up)
}

async fn is_up(phone: &Headless) -> Result<()> {
    phone
        .until("registered", |view| {
            (view.links.sip == LinkView::Up).then_some(())
        })
        .await
}

/// Tells how long after `begun` the phone says that it is registered no more.
async fn is_lost(phone: &Headless, begun: Instant) -> Result<Duration> {
    let lost = LinkView::Connecting {
        error: Some(Code::RegistrationLost),
    };
    phone
        .until_within("that the registration is lost", LONG_PATIENCE, |view| {
            (view.links.sip == lost).then_some(())
        })
        .await?;
    Ok(begun.elapsed())
}

async fn is_told(phone: &Headless, code: Code) -> Result<()> {
    phone
        .until(&format!("{code:?}"), |view| {
            (view.links.sip == LinkView::Connecting { error: Some(code) }).then_some(())
        })
        .await
}

async fn use_account(phone: &mut Headless, account: &BareAccount) -> Result<()> {
    let account = account.clone();
    phone.command(&Command::UseAccount { account }).await
}

async fn sign_out(phone: &mut Headless) -> Result<()> {
    phone.command(&Command::SignOut).await?;
    phone
        .until("signed out", |view| {
            (view.session == SessionView::SignedOut { error: None }).then_some(())
        })
        .await
}

async fn answered(phone: &mut Headless) -> Result<CallView> {
    let call = phone.call(CallPhase::Offered).await?;
    phone.command(&Command::Answer { leg: call.leg }).await?;
    phone.call(CallPhase::Live).await?;
    Ok(call)
}

async fn dial(phone: &mut Headless, number: &str) -> Result<CallView> {
    phone
        .command(&Command::Dial {
            number: number.into(),
        })
        .await?;
    phone
        .until("a call of ours", |view| view.calls.first().cloned())
        .await
}

/// Holds or retrieves, until the view says so, and the peer was asked with the newest INVITE and has its ACK.
async fn hold(phone: &mut Headless, call: &CallView, peer: &Sipp, held: bool) -> Result<()> {
    let leg = call.leg;
    phone.command(&Command::SetHeld { leg, held }).await?;
    phone
        .until("hold as wanted", |view| {
            (view.calls.first()?.held.confirmed == held).then_some(())
        })
        .await?;
    let direction = if held { "a=sendonly" } else { "a=sendrecv" };
    eventually(direction, PATIENCE, async || {
        let asked = peer.is_told("INVITE", PATIENCE).await?;
        ensure!(asked.text.contains(direction), "{}", asked.text);
        let number = |said: &Message| {
            let number = said.header("CSeq")?.split_whitespace().next()?;
            Some(number.to_owned())
        };
        let granted = peer.is_told("ACK", PATIENCE).await?;
        ensure!(number(&granted) == number(&asked), "no ACK of it yet");
        Ok(())
    })
    .await
}

async fn is_wrapping_up(phone: &Headless) -> Result<()> {
    phone
        .until("wrap-up", |view| {
            (view.calls.is_empty() && view.activity == Activity::WrapUp).then_some(())
        })
        .await
}

async fn is_free_again(phone: &mut Headless) -> Result<()> {
    let presence = Presence::Ready;
    phone.command(&Command::StartAnswering { presence }).await?;
    phone
        .until("free", |view| {
            (view.activity == Activity::Free).then_some(())
        })
        .await
}

async fn ends_as(phone: &Headless, wrap_up: WrapUpId, outcome: LegOutcome) -> Result<()> {
    phone
        .until(&format!("{outcome:?}"), |view| {
            (form(view, wrap_up)?.outcome == Some(outcome) && view.calls.is_empty()).then_some(())
        })
        .await
}

/// A call that comes, is taken, and is ended by the stranger.
async fn talks_to_the_next(scene: &Scene, phone: &mut Headless, name: &str) -> Result<()> {
    let mut caller = scene.stranger(name, Transport::Udp).await?;
    answered(phone).await?;
    caller.cue(Cue::HangUp).await?;
    caller.ends_well(PATIENCE).await?;
    is_wrapping_up(phone).await?;
    is_free_again(phone).await
}
