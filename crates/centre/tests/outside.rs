//! Agents dial numbers outside: over real sockets, with practice people or a trunk at the other end.

mod support;

use offhook_centre::practice::Stage;
use offhook_centre::serve::Centre;
use offhook_model::api::Event;
use offhook_model::{Activity, Direction, LegOutcome};
use offhook_sip::{CallKey, Command, EndCause, Header, Status, sdp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use support::phone::{Headset, Phone, loudest_second, loudness_of, write_voice};
use support::practice::{callee, ended_row};
use support::{PATIENCE, World};
use uuid::Uuid;

const CALL: CallKey = CallKey(7);

fn header(name: &str, value: impl ToString) -> Header {
    Header::Other(name.to_owned(), value.to_string())
}

fn names(call: Uuid, leg: Uuid) -> Vec<Header> {
    vec![header("X-Offhook-Call", call), header("X-Offhook-Leg", leg)]
}

fn is(activity: Activity) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::Activity { activity: now, .. } if *now == activity)
}

/// The loudest tenth of a second.
fn loudest(levels: &[f64]) -> f64 {
    levels.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_is_dialled_answers_is_held_and_it_is_on_record() {
    let world = World::start().await;
    let admin = world.token("admin").await;
    let session = world.signed_in("lin").await;
    let token = session.token.expose();
    let mut phone = Phone::registered(&session).await;
    world.set_presence(token, "break").await;
    let mut events = world.events(token, None).await;
    let place = |name: &str| world.folder.path().join(name);
    let (voice, agent_heard, customer_heard) = (
        place("agent.wav"),
        place("agent-heard.wav"),
        place("customer-heard.wav"),
    );
    write_voice(&voice);
    let taught = world
        .ask(Method::PUT, "/v1/practice/callees/12800550196", &admin)
        .json(&json!({"record": customer_heard, "answer_after_ms": 300}))
        .send()
        .await
        .expect("answered");
    assert_eq!(taught.status(), StatusCode::NO_CONTENT);

    let (call, leg) = (Uuid::now_v7(), Uuid::now_v7());
    let mut headset = Headset::new(&voice, &agent_heard);
    let mut headers = names(call, leg);
    let caller_id = session.caller_ids[1].clone();
    headers.push(header(
        "P-Preferred-Identity",
        format!("<sip:{caller_id}@{}>", world.centre.sip),
    ));
    let offer = headset.offer(sdp::Direction::SendRecv);
    phone.dial(CALL, "12800550196", offer, headers).await;
    events.until(is(Activity::Dialling)).await;
    let answer = phone
        .until(|event| match event {
            offhook_sip::Event::Answered { sdp, .. } => Some(sdp.expect("an answer")),
            offhook_sip::Event::Ended { cause, .. } => panic!("{cause:?}"),
            _ => None,
        })
        .await;
    let agreed = headset.accept(&answer);
    assert_eq!(agreed.codecs.len(), 1, "the one the callee speaks");
    headset.start(&agreed);
    events.until(is(Activity::Talking)).await;
    callee(&world, &admin, &call.to_string(), Stage::Connected).await;
    tokio::time::sleep(Duration::from_secs(2)).await;

    // Held for more than two turns of the prompt.
    let hold = headset.offer(sdp::Direction::SendOnly);
    phone
        .tell(Command::Reoffer {
            call: CALL,
            sdp: hold,
        })
        .await;
    let answer = phone
        .until(|event| match event {
            offhook_sip::Event::ReofferAnswered { answer, .. } => answer.ok(),
            _ => None,
        })
        .await;
    assert!(String::from_utf8_lossy(&answer).contains("a=recvonly"));
    tokio::time::sleep(Duration::from_millis(4_500)).await;
    phone
        .tell(Command::HangUp {
            call: CALL,
            reason: None,
        })
        .await;
    let over = callee(&world, &admin, &call.to_string(), Stage::Ended).await;
    assert_eq!(over.ended.as_deref(), Some("agent_hung_up"));
    assert_eq!(over.direction, Direction::Outbound);
    headset.close().await;
    assert!(
        loudest_second(&agent_heard) > 500.0,
        "the agent heard the customer"
    );
    assert!(
        loudest_second(&customer_heard) > 2_000.0,
        "the customer heard the agent"
    );
    for hz in [392.0, 523.0] {
        let level = loudest(&loudness_of(&customer_heard, hz));
        assert!((level + 20.0).abs() < 4.0, "{hz} Hz at {level} dBFS");
        // Before the hold there is a voice, which has something of every tone.
        let heard = loudness_of(&agent_heard, hz);
        let level = loudest(&heard[heard.len() - 40..]);
        assert!(level < -30.0, "the agent hears {hz} Hz at {level} dBFS");
    }

    events.until(is(Activity::WrapUp)).await;
    let row = ended_row(&world, &admin, over.call.expect("named")).await;
    assert_eq!(row.record.direction, Direction::Outbound);
    assert_eq!(row.record.caller_id, Some(caller_id));
    assert_eq!(row.legs.len(), 1);
    let record = &row.legs[0].1;
    assert_eq!(record.leg.0, leg);
    assert_eq!(record.outcome, Some(LegOutcome::Connected));
    assert_eq!(record.direction, Direction::Outbound);
    assert_eq!(record.customer.as_ref().expect("known").name, "刘慧敏");
    let legs: Value = world.read("/v1/legs", token).await;
    assert_eq!(legs[0]["leg"], leg.to_string());
    world.centre.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_numbers_that_are_not_answered_each_say_so_in_their_way() {
    let world = World::start().await;
    let admin = world.token("admin").await;
    let session = world.signed_in("lin").await;
    let token = session.token.expose();
    let mut phone = Phone::registered(&session).await;
    let mut headset = Headset::new(
        &world.folder.path().join("none.wav"),
        &world.folder.path().join("heard.wav"),
    );
    // Not checked in yet.
    let offer = headset.offer(sdp::Direction::SendRecv);
    phone
        .dial(CallKey(1), "12000550486", offer, Vec::new())
        .await;
    let EndCause::Rejected { status, reason, .. } = phone.ended().await else {
        panic!("not refused");
    };
    assert_eq!(status, Status::FORBIDDEN);
    assert_eq!(
        reason.and_then(|reason| reason.text).as_deref(),
        Some("Checked out")
    );

    world.set_presence(token, "ready").await;
    for (key, number, status, outcome) in [
        (2, "12000550486", 486, LegOutcome::Busy),
        (5, "+8612000550486", 486, LegOutcome::Busy),
        (3, "12000550404", 404, LegOutcome::InvalidNumber),
        (4, "12000550603", 603, LegOutcome::Rejected),
    ] {
        let (call, leg) = (Uuid::now_v7(), Uuid::now_v7());
        let offer = headset.offer(sdp::Direction::SendRecv);
        phone
            .dial(CallKey(key), number, offer, names(call, leg))
            .await;
        let EndCause::Rejected { status: said, .. } = phone.ended().await else {
            panic!("not refused");
        };
        assert_eq!(said, Status(status), "{number}");
        let row = ended_row(&world, &admin, offhook_model::CallId(call)).await;
        assert_eq!(row.legs[0].1.outcome, Some(outcome), "{number}");
    }
    // One that never answers: the agent gives up.
    let (call, leg) = (Uuid::now_v7(), Uuid::now_v7());
    let offer = headset.offer(sdp::Direction::SendRecv);
    phone
        .dial(CALL, "12000550480", offer, names(call, leg))
        .await;
    phone
        .until(|event| match event {
            offhook_sip::Event::Progress { status, sdp, .. } if status == Status::RINGING => {
                assert!(sdp.is_none());
                Some(())
            }
            _ => None,
        })
        .await;
    phone
        .tell(Command::HangUp {
            call: CALL,
            reason: None,
        })
        .await;
    let over = callee(&world, &admin, &call.to_string(), Stage::Ended).await;
    assert_eq!(over.ended.as_deref(), Some("cancelled"));
    let row = ended_row(&world, &admin, offhook_model::CallId(call)).await;
    assert_eq!(row.legs[0].1.outcome, Some(LegOutcome::Cancelled));
    world.centre.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_announcement_is_heard_before_the_answer() {
    let world = World::start().await;
    let session = world.signed_in("lin").await;
    let mut phone = Phone::registered(&session).await;
    world.set_presence(session.token.expose(), "ready").await;
    let heard = world.folder.path().join("heard.wav");
    let voice = world.folder.path().join("agent.wav");
    write_voice(&voice);
    let mut headset = Headset::new(&voice, &heard);
    let offer = headset.offer(sdp::Direction::SendRecv);
    phone.dial(CALL, "12000550183", offer, Vec::new()).await;
    let early = phone
        .until(|event| match event {
            offhook_sip::Event::Progress { status, sdp, .. } => {
                assert_eq!(status, Status::SESSION_PROGRESS);
                sdp
            }
            offhook_sip::Event::Answered { .. } => panic!("answered too soon"),
            _ => None,
        })
        .await;
    headset.start(&headset.accept(&early));
    phone
        .until(|event| matches!(event, offhook_sip::Event::Answered { .. }).then_some(()))
        .await;
    headset.close().await;
    let level = loudest(&loudness_of(&heard, 620.0));
    assert!(
        (level + 17.0).abs() < 4.0,
        "the announcement at {level} dBFS"
    );
    world.centre.stop().await;
}

#[tokio::test]
async fn calls_go_to_the_trunk_in_the_centres_name() {
    let trunk = tokio::net::UdpSocket::bind("127.0.0.1:0")
        .await
        .expect("bound");
    let addr = trunk.local_addr().expect("bound");
    let mut world = World::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut options = support::options(folder.path());
    options.trunk = Some(addr.to_string());
    let other = Centre::start(options).await.expect("a centre");
    std::mem::replace(&mut world.centre, other).stop().await;
    let session = world.signed_in("zhou").await;
    let phone = Phone::registered(&session).await;
    world.set_presence(session.token.expose(), "ready").await;
    let mut headset = Headset::new(
        &folder.path().join("none.wav"),
        &folder.path().join("heard.wav"),
    );
    let offer = headset.offer(sdp::Direction::SendRecv);
    phone.dial(CALL, "+8612800550196", offer, Vec::new()).await;
    let mut buffer = [0; 4_096];
    let (length, from) = tokio::time::timeout(PATIENCE, trunk.recv_from(&mut buffer))
        .await
        .expect("in time")
        .expect("received");
    assert_eq!(from, world.centre.sip);
    let invite = String::from_utf8_lossy(&buffer[..length]).into_owned();
    assert!(
        invite.starts_with(&format!("INVITE sip:+8612800550196@{addr} SIP/2.0\r\n")),
        "{invite}"
    );
    let identity = format!("<sip:{}@{}>", session.caller_ids[0], world.centre.sip);
    assert!(
        invite.contains(&format!("P-Asserted-Identity: {identity}")),
        "{invite}"
    );
    assert!(
        invite.contains(&format!("From: {identity};tag=")),
        "{invite}"
    );
    assert!(
        !invite.contains("P-Preferred-Identity") && !invite.contains("1002"),
        "{invite}"
    );
    world.centre.stop().await;
}
