//! What a call leaves behind to be listened to, and by whom.

mod support;

use offhook_centre::practice::{PracticeCall, Stage};
use offhook_centre::serve::Centre;
use offhook_model::api::Event;
use offhook_model::{LegId, LegRecord};
use offhook_sip::Command;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use support::phone::{Headset, Phone, write_voice};
use support::practice::{practice_call, reached};
use support::{World, options};

const TALK: Duration = Duration::from_secs(3);

/// A customer has called and is talking to an agent.
struct Talk {
    phone: Phone,
    headset: Headset,
    call: offhook_sip::CallKey,
    customer: PracticeCall,
}

impl Talk {
    async fn start(world: &World, admin: &str, username: &str) -> (Self, String) {
        let session = world.signed_in(username).await;
        let token = session.token.expose().to_owned();
        let mut phone = Phone::registered(&session).await;
        world.set_presence(&token, "ready").await;
        let customer = practice_call(world, admin, &json!({"number": "12800550142"})).await;
        let incoming = phone.incoming().await;
        let voice = world.folder.path().join("agent.wav");
        write_voice(&voice);
        let headset = Headset::new(&voice, &world.folder.path().join("heard.wav"));
        let (sdp, negotiated) = headset.answer(incoming.offer.as_deref().expect("an offer"));
        let call = incoming.call;
        phone.tell(Command::Answer { call, sdp }).await;
        headset.start(&negotiated);
        let customer = reached(world, admin, &customer, Stage::Connected).await;
        let talk = Self {
            phone,
            headset,
            call,
            customer,
        };
        (talk, token)
    }

    async fn end(self, world: &World, admin: &str) {
        let call = self.call;
        self.phone
            .tell(Command::HangUp { call, reason: None })
            .await;
        reached(world, admin, &self.customer, Stage::Ended).await;
        self.headset.close().await;
    }
}

/// A call of an agent's, and its leg once the recording is complete.
async fn recorded(world: &World, admin: &str, username: &str) -> (String, LegRecord) {
    let (talk, token) = Talk::start(world, admin, username).await;
    let mut events = world.events(&token, None).await;
    tokio::time::sleep(TALK).await;
    talk.end(world, admin).await;
    let complete = |event: &Event| matches!(event, Event::Leg(leg) if leg.recording.is_some());
    let (_, event) = events.until(complete).await;
    let Event::Leg(leg) = event else {
        panic!("{event:?}");
    };
    (token, leg)
}

fn path(leg: LegId) -> String {
    format!("/v1/recordings/{leg}")
}

async fn code(response: Response) -> (StatusCode, String) {
    let status = response.status();
    let problem: Value = response.json().await.expect("a problem");
    (
        status,
        problem["code"].as_str().unwrap_or_default().to_owned(),
    )
}

/// The root mean square of a channel, and how much of it is the agent's tone of 700 Hz.
fn loudness(wav: &[u8], channel: usize) -> (f64, f64) {
    let samples: Vec<f64> = wav[44..]
        .chunks_exact(4)
        .map(|frame| {
            f64::from(i16::from_le_bytes([
                frame[2 * channel],
                frame[2 * channel + 1],
            ]))
        })
        .collect();
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        let phase = std::f64::consts::TAU * 700.0 * n as f64 / 16_000.0;
        re += sample * phase.cos();
        im += sample * phase.sin();
    }
    let count = samples.len() as f64;
    let all = samples.iter().map(|s| s * s).sum::<f64>() / count;
    (
        all.sqrt(),
        2.0 * (re * re + im * im) / (count * count) / all.max(1.0),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_recorded_with_the_customer_left_and_the_agent_right() {
    let world = World::start().await;
    let admin = world.token("admin").await;
    let (token, leg) = recorded(&world, &admin, "lin").await;
    let recording = leg.recording.expect("complete");
    let talk = leg
        .ended_at
        .expect("over")
        .since(leg.answered_at.expect("answered"));
    let length = Duration::from_millis(recording.millis);
    assert!(
        length.abs_diff(talk) < Duration::from_millis(200),
        "{length:?} of {talk:?}"
    );
    let listed: Vec<LegRecord> = world.read("/v1/legs", &token).await;
    let listed = listed
        .iter()
        .find(|one| one.leg == leg.leg)
        .expect("listed");
    assert_eq!(listed.recording, leg.recording);

    let whole = world.get(&path(leg.leg), &token).await;
    assert_eq!(whole.status(), StatusCode::OK);
    assert_eq!(whole.headers()["content-type"], "audio/wav");
    assert_eq!(whole.headers()["accept-ranges"], "bytes");
    assert_eq!(whole.headers()["cache-control"], "no-store");
    let whole = whole.bytes().await.expect("the sound").to_vec();
    assert_eq!(
        whole.len() as u64,
        44 + recording.millis * 16 * 4 + (whole.len() as u64 - 44) % 64
    );
    let (customer, agents_tone) = loudness(&whole, 0);
    assert!(
        customer > 200.0 && agents_tone < 0.05,
        "{customer} {agents_tone}"
    );
    let (agent, tone) = loudness(&whole, 1);
    assert!(agent > 3_000.0 && tone > 0.8, "{agent} {tone}");

    // Parts of it, as a player asks for them.
    let ranged = async |range: &str| {
        let request = world.ask(Method::GET, &path(leg.leg), &token);
        request
            .header("Range", range)
            .send()
            .await
            .expect("answered")
    };
    let part = ranged("bytes=1000-70999").await;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    let said = part.headers()["content-range"].to_str().expect("text");
    assert_eq!(said, format!("bytes 1000-70999/{}", whole.len()));
    assert_eq!(part.headers()["content-length"], "70000");
    assert_eq!(part.bytes().await.expect("bytes"), whole[1_000..71_000]);
    let tail = ranged("bytes=-16").await.bytes().await.expect("bytes");
    assert_eq!(tail, whole[whole.len() - 16..]);
    let beyond = ranged("bytes=999999999-").await;
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    let said = beyond.headers()["content-range"].to_str().expect("text");
    assert_eq!(said, format!("bytes */{}", whole.len()));
    world.centre.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_may_hears_a_recording_and_nobody_else_learns_that_there_is_one() {
    let world = World::start().await;
    let admin = world.token("admin").await;
    let (lin, leg) = recorded(&world, &admin, "lin").await;
    let body = world.get(&path(leg.leg), &admin).await;
    assert_eq!(body.status(), StatusCode::OK);

    // Another agent's, and one that never was: the same answer.
    let zhou = world.token("zhou").await;
    let nobodys: LegId = "019a0000-0000-7000-8000-0000000000ff"
        .parse()
        .expect("an id");
    let forbidden = (StatusCode::FORBIDDEN, "forbidden".to_owned());
    for id in [leg.leg, nobodys] {
        assert_eq!(code(world.get(&path(id), &zhou).await).await, forbidden);
    }
    assert_eq!(code(world.get(&path(nobodys), &lin).await).await, forbidden);
    let missing = (StatusCode::NOT_FOUND, "not_found".to_owned());
    assert_eq!(code(world.get(&path(nobodys), &admin).await).await, missing);
    assert_eq!(
        code(world.get("/v1/recordings/x", &lin).await).await,
        missing
    );
    let expired = world.get(&path(leg.leg), "no-such-token").await;
    assert_eq!(expired.status(), StatusCode::UNAUTHORIZED);

    // An own leg of which there is none: a call of days ago.
    let legs: Vec<LegRecord> = world.read("/v1/legs", &lin).await;
    let old = legs
        .iter()
        .find(|leg| leg.recording.is_none())
        .expect("one");
    assert_eq!(code(world.get(&path(old.leg), &lin).await).await, missing);

    // Hannah's own calls are recorded, and she has no right to listen.
    world.set_presence(&lin, "break").await;
    let (hannah, leg) = recorded(&world, &admin, "hannah").await;
    assert_eq!(
        code(world.get(&path(leg.leg), &hannah).await).await,
        forbidden
    );
    let profile = world.signed_in("hannah").await.agent;
    assert!(!profile.listen_recordings);
    assert!(world.signed_in("lin").await.agent.listen_recordings);
    world.centre.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_crash_left_behind_is_completed_and_without_the_setting_nothing_is_recorded() {
    let world = World::start().await;
    let admin = world.token("admin").await;
    let (token, leg) = recorded(&world, &admin, "lin").await;
    let whole = world.get(&path(leg.leg), &token).await.bytes().await;
    let whole = whole.expect("bytes");
    let World {
        centre,
        folder,
        http,
    } = world;
    centre.stop().await;
    // As if the centre had been killed in the call: no row, and a file whose header says nothing of what is in it.
    let file = folder.path().join(format!("recordings/{}.wav", leg.leg));
    let mut left = whole.to_vec();
    left[4..8].fill(0);
    left[40..44].fill(0);
    std::fs::write(&file, &left).expect("written");
    let database = format!(
        "sqlite://{}",
        folder.path().join("centre.sqlite3").display()
    );
    let pool = sqlx::SqlitePool::connect(&database).await.expect("open");
    let forgotten = sqlx::query("DELETE FROM recordings").execute(&pool).await;
    assert_eq!(forgotten.expect("deleted").rows_affected(), 1);
    pool.close().await;

    let mut silent = options(folder.path());
    silent.record = false;
    let centre = Centre::start(silent).await.expect("a centre");
    let world = World {
        centre,
        folder,
        http,
    };
    let lin = world.token("lin").await;
    let admin = world.token("admin").await;
    let legs: Vec<LegRecord> = world.read("/v1/legs", &lin).await;
    let found = legs.iter().find(|one| one.leg == leg.leg).expect("listed");
    assert_eq!(found.recording, leg.recording);
    let again = world.get(&path(leg.leg), &lin).await.bytes().await;
    assert_eq!(again.expect("bytes"), whole);

    world.start_answering(&lin).await;
    let (talk, lin) = Talk::start(&world, &admin, "lin").await;
    let call = talk.customer.call.expect("a call");
    tokio::time::sleep(Duration::from_secs(1)).await;
    talk.end(&world, &admin).await;
    world.centre.stop().await;
    let files = std::fs::read_dir(world.folder.path().join("recordings")).expect("a folder");
    assert_eq!(files.count(), 1, "{call} {lin}");
}
