//! A whole call over real sockets: a practice customer, the centre, and a phone of an agent.

mod support;

use offhook_audio::{BackendConfig, Codec, Direction, Media, MediaEvent, StreamConfig};
use offhook_centre::practice::{PracticeCall, Stage};
use offhook_centre::store::CallRow;
use offhook_model::api::{Event, SignInResponse};
use offhook_model::{Activity, CallId, CallResult, LegOutcome, Presence, PresenceReason};
use offhook_sip::sdp::{self, Capabilities, CodecSpec, SessionVersion};
use offhook_sip::{Account, Command, HeadersExt, Incoming, Password, UserAgent};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;
use support::{PATIENCE, World};
use tokio::sync::mpsc;

const SESSION: SessionVersion = SessionVersion { id: 3, version: 1 };

/// An agent's phone.
struct Phone {
    commands: mpsc::Sender<Command>,
    events: mpsc::Receiver<offhook_sip::Event>,
}

impl Phone {
    async fn registered(session: &SignInResponse) -> Self {
        let sip = session.sip.as_ref().expect("an account");
        let registrar: SocketAddr = sip.registrar.parse().expect("an address");
        let socket = offhook_sip::net::bind_towards(registrar)
            .await
            .expect("a socket");
        let account = Account {
            aor: sip.aor.parse().expect("a URI"),
            display_name: None,
            auth_user: sip.auth_user.clone(),
            password: Password::new(sip.password.expose()),
            realm: None,
            registrar,
            admitted: Vec::new(),
            expires: Duration::from_secs(300),
            user_agent: "phone".to_owned(),
        };
        let ua = UserAgent::new(account, socket.local_addr().expect("bound"), 5);
        let (commands, events, _task) = offhook_sip::net::spawn(ua, socket);
        let mut phone = Self { commands, events };
        phone.tell(Command::Register).await;
        assert!(matches!(
            phone.next().await,
            offhook_sip::Event::Registered { .. }
        ));
        phone
    }

    async fn tell(&self, command: Command) {
        self.commands.send(command).await.expect("the phone runs");
    }

    async fn next(&mut self) -> offhook_sip::Event {
        tokio::time::timeout(PATIENCE, self.events.recv())
            .await
            .expect("in time")
            .expect("the phone runs")
    }

    async fn incoming(&mut self) -> Box<Incoming> {
        loop {
            if let offhook_sip::Event::Incoming(incoming) = self.next().await {
                self.tell(Command::Ring {
                    call: incoming.call,
                })
                .await;
                return incoming;
            }
        }
    }

    async fn ended(&mut self) -> offhook_sip::EndCause {
        loop {
            if let offhook_sip::Event::Ended { cause, .. } = self.next().await {
                return cause;
            }
        }
    }
}

async fn practice_call(world: &World, admin: &str, body: &Value) -> PracticeCall {
    let response = world
        .ask(Method::POST, "/v1/practice/calls", admin)
        .json(body)
        .send()
        .await
        .expect("answered");
    assert_eq!(response.status(), StatusCode::CREATED);
    response.json().await.expect("a practice call")
}

async fn reached(world: &World, admin: &str, call: &PracticeCall, stage: Stage) -> PracticeCall {
    let path = format!("/v1/practice/calls/{}", call.id);
    let wait = async {
        loop {
            let state: PracticeCall = world.read(&path, admin).await;
            if state.stage == stage {
                return state;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("in time")
}

/// The record of a call, once its end has arrived at the centre.
async fn ended_row(world: &World, admin: &str, call: CallId) -> CallRow {
    let wait = async {
        loop {
            let row: CallRow = world.read(&format!("/v1/calls/{call}"), admin).await;
            if row.record.ended_at.is_some() {
                return row;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("in time")
}

/// Five seconds of a tone.
fn write_voice(path: &Path) {
    let mut wav = vec![];
    let samples = 16_000_u32 * 5;
    wav.extend(b"RIFF");
    wav.extend((36 + samples * 2).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(16_000_u32.to_le_bytes());
    wav.extend(32_000_u32.to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend((samples * 2).to_le_bytes());
    for n in 0..samples {
        let sample = (n as f32 * 700.0 * std::f32::consts::TAU / 16_000.0).sin() * 10_000.0;
        wav.extend((sample as i16).to_le_bytes());
    }
    std::fs::write(path, wav).expect("written");
}

/// The loudest second of a 16 bit recording, as a root mean square.
fn loudest_second(path: &Path) -> f64 {
    let bytes = std::fs::read(path).expect("a recording");
    let samples: Vec<f64> = bytes
        .get(44..)
        .unwrap_or_default()
        .chunks_exact(2)
        .map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]])))
        .collect();
    samples
        .chunks(48_000)
        .map(|second| (second.iter().map(|s| s * s).sum::<f64>() / second.len() as f64).sqrt())
        .fold(0.0, f64::max)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_practice_customer_and_an_agent_hear_each_other_and_it_is_on_record() {
    let world = World::start().await;
    let admin = world.token("admin").await;
    let session = world.signed_in("lin").await;
    let token = session.token.expose();
    let mut phone = Phone::registered(&session).await;
    world.set_presence(token, "ready").await;
    let mut events = world.events(token, None).await;

    let voice = world.folder.path().join("agent.wav");
    write_voice(&voice);
    let heard_by_agent = world.folder.path().join("agent-heard.wav");
    let heard_by_customer = world.folder.path().join("customer-heard.wav");
    let started = practice_call(
        &world,
        &admin,
        &json!({"number": "12800550142", "display_name": "陈雨桐", "record": heard_by_customer}),
    )
    .await;

    let incoming = phone.incoming().await;
    assert_eq!(incoming.from.uri.user.as_deref(), Some("12800550142"));
    assert_eq!(incoming.from.display.as_deref(), Some("陈雨桐"));
    events
        .until(|event| {
            matches!(
                event,
                Event::Activity {
                    activity: Activity::Ringing
                }
            )
        })
        .await;
    let (_, event) = events.until(|event| matches!(event, Event::Leg(_))).await;
    let Event::Leg(leg) = event else {
        panic!("{event:?}");
    };
    assert_eq!(leg.customer.expect("known").name, "陈雨桐");
    assert_eq!(
        incoming.headers.value("X-Offhook-Leg"),
        Some(leg.leg.to_string().as_str())
    );

    let (ended, media_ended) = tokio::sync::oneshot::channel();
    let ended = std::sync::Mutex::new(Some(ended));
    let media = Media::spawn(
        BackendConfig::Wav {
            input: Some(voice),
            output: Some(heard_by_agent.clone()),
        },
        move |event| {
            if event == MediaEvent::Ended
                && let Some(ended) = ended.lock().expect("whole").take()
            {
                ended.send(()).ok();
            }
        },
    )
    .expect("media");
    let (key, addr) = media.bind(IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("a port");
    let capabilities = Capabilities {
        addr,
        codecs: vec![CodecSpec {
            payload_type: 96,
            name: "opus".to_owned(),
            clock_rate: 48_000,
            channels: 2,
            fmtp: None,
        }],
        telephone_event: Vec::new(),
        ptime: 20,
    };
    let offer = incoming.offer.as_deref().expect("an offer");
    let (answer, negotiated) =
        sdp::answer(offer, &capabilities, sdp::Direction::SendRecv, SESSION).expect("agreed");
    phone
        .tell(Command::Answer {
            call: incoming.call,
            sdp: answer,
        })
        .await;
    let payload_type = negotiated.codecs[0].payload_type;
    media.start(
        key,
        StreamConfig {
            remote: negotiated.remote,
            codec: Codec::Opus,
            payload_type,
            receive: vec![(payload_type, Codec::Opus)],
            telephone_event: None,
            direction: Direction::BOTH,
        },
    );
    let connected = reached(&world, &admin, &started, Stage::Connected).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    phone
        .tell(Command::HangUp {
            call: incoming.call,
            reason: None,
        })
        .await;
    let over = reached(&world, &admin, &started, Stage::Ended).await;
    assert_eq!(over.ended.as_deref(), Some("agent_hung_up"));
    media.stop(key);
    drop(media);
    media_ended.await.expect("the recording is complete");

    assert!(
        loudest_second(&heard_by_agent) > 500.0,
        "the agent heard the customer"
    );
    assert!(
        loudest_second(&heard_by_customer) > 2_000.0,
        "the customer heard the agent"
    );

    let wrap_up = |event: &Event| {
        matches!(
            event,
            Event::Activity {
                activity: Activity::WrapUp
            }
        )
    };
    events.until(wrap_up).await;
    let call = connected.call.expect("named");
    let row = ended_row(&world, &admin, call).await;
    assert_eq!(row.legs.len(), 1);
    assert_eq!(
        row.legs[0].1.outcome.map(LegOutcome::result),
        Some(CallResult::Normal)
    );
    assert!(row.record.answered_at.is_some());
    let legs: Value = world.read("/v1/legs", token).await;
    assert_eq!(legs[0]["call"], call.to_string());
    let list: Vec<CallRow> = world.read("/v1/calls", &admin).await;
    assert_eq!(list[0], row);
    world.start_answering(token).await;
    events
        .until(|event| {
            matches!(
                event,
                Event::Activity {
                    activity: Activity::Free
                }
            )
        })
        .await;
    world.centre.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_who_leaves_while_it_rings_is_abandoned_and_the_next_waits_for_a_phone() {
    let world = World::start().await;
    let admin = world.token("admin").await;
    let session = world.signed_in("zhou").await;
    let token = session.token.expose();
    let mut phone = Phone::registered(&session).await;
    world.set_presence(token, "ready").await;
    let started = practice_call(&world, &admin, &json!({"number": "+14155550142"})).await;
    phone.incoming().await;
    let hang_up = format!("/v1/practice/calls/{}", started.id);
    let response = world
        .ask(Method::DELETE, &hang_up, &admin)
        .send()
        .await
        .expect("answered");
    assert_eq!(response.status(), StatusCode::OK);
    let offhook_sip::EndCause::Cancelled {
        reason: Some(reason),
    } = phone.ended().await
    else {
        panic!("not cancelled");
    };
    assert_eq!(reason.cause, Some(487));
    let over = reached(&world, &admin, &started, Stage::Ended).await;
    let row = ended_row(&world, &admin, over.call.expect("named")).await;
    assert_eq!(
        row.legs[0].1.outcome,
        Some(LegOutcome::AbandonedWhileRinging)
    );

    // A call that is declined waits, and stays with the centre until it closes.
    let started = practice_call(&world, &admin, &json!({"number": "12600550173"})).await;
    let incoming = phone.incoming().await;
    let mut events = world.events(token, None).await;
    phone
        .tell(Command::Reject {
            call: incoming.call,
            status: offhook_sip::Status::DECLINE,
            reason: None,
        })
        .await;
    events
        .until(|event| {
            matches!(event, Event::Presence(state)
                if (state.presence, state.reason) == (Presence::Break, PresenceReason::Declined))
        })
        .await;
    let waiting = reached(&world, &admin, &started, Stage::Waiting).await;
    let call = waiting.call.expect("named");
    let world = world.restart().await;
    let row: CallRow = world.read(&format!("/v1/calls/{call}"), &admin).await;
    assert!(row.record.ended_at.is_some(), "closing ends every call");
    world.centre.stop().await;
}
