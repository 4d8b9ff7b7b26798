//! A whole call over real sockets: a practice customer, the centre, and a phone of an agent.

mod support;

use offhook_centre::practice::Stage;
use offhook_centre::serve::Options;
use offhook_centre::store::{CallRow, Store};
use offhook_model::api::{Event, WrapUpExtended};
use offhook_model::{Activity, CallResult, LegOutcome, Presence, PresenceReason, Wall};
use offhook_sip::{Command, HeadersExt, Transport};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use support::phone::{Headset, Phone, loudest_second, write_voice};
use support::practice::{ended_row, practice_call, reached};
use support::{Events, World};
use uuid::Uuid;

/// When the wrap-up ends by itself, by the event that says that it goes on.
async fn wrap_up_until(events: &mut Events) -> Wall {
    let goes_on = |event: &Event| {
        matches!(
            event,
            Event::Activity {
                activity: Activity::WrapUp,
                ..
            }
        )
    };
    match events.until(goes_on).await.1 {
        Event::Activity { until, .. } => until.expect("a limit"),
        other => panic!("{other:?}"),
    }
}

async fn body<T: serde::de::DeserializeOwned>(response: Response) -> T {
    assert_eq!(response.status(), StatusCode::OK);
    response.json().await.expect("the body")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_practice_customer_and_an_agent_hear_each_other_and_it_is_on_record() {
    let world = World::start_with(|options| Options {
        wrap_up_seconds: Some(60),
        ..options
    })
    .await;
    let admin = world.token("admin").await;
    let session = world.signed_in("lin").await;
    assert_eq!(session.wrap_up_seconds, Some(60));
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
                    activity: Activity::Ringing,
                    ..
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

    let headset = Headset::new(&voice, &heard_by_agent);
    let offer = incoming.offer.as_deref().expect("an offer");
    let (answer, negotiated) = headset.answer(offer);
    phone
        .tell(Command::Answer {
            call: incoming.call,
            sdp: answer,
        })
        .await;
    headset.start(&negotiated);
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
    headset.close().await;

    assert!(
        loudest_second(&heard_by_agent) > 500.0,
        "the agent heard the customer"
    );
    assert!(
        loudest_second(&heard_by_customer) > 2_000.0,
        "the customer heard the agent"
    );

    let until = wrap_up_until(&mut events).await;
    let key = Uuid::new_v4();
    let extended: WrapUpExtended = body(world.extend_wrap_up(token, key).await).await;
    assert!(extended.until > until, "the whole time, from now on");
    assert_eq!(wrap_up_until(&mut events).await, extended.until);
    let again: WrapUpExtended = body(world.extend_wrap_up(token, key).await).await;
    assert_eq!(again, extended, "not extended twice by one key");
    let call = connected.call.expect("named");
    let row = ended_row(&world, &admin, call).await;
    assert_eq!(row.legs.len(), 1);
    assert_eq!(row.legs[0].1.result(), Some(CallResult::Normal));
    assert!(row.record.answered_at.is_some());
    let legs: Value = world.read("/v1/legs", token).await;
    assert_eq!(legs[0]["call"], call.to_string());
    let list: Vec<CallRow> = world.read("/v1/calls", &admin).await;
    assert_eq!(list[0], row);
    world.start_answering(token).await;
    let late = world.extend_wrap_up(token, Uuid::new_v4()).await;
    assert_eq!(late.status(), StatusCode::CONFLICT, "it is over");
    let on_disk = Store::open(world.folder.path()).await.expect("opened");
    let agents = on_disk.agents().await.expect("read");
    assert!(
        agents.iter().all(|agent| !agent.in_wrap_up),
        "what was answered is on the disk"
    );
    on_disk.close().await;
    events
        .until(|event| {
            matches!(
                event,
                Event::Activity {
                    activity: Activity::Free,
                    ..
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

/// The states that every stream begins with.
async fn states(events: &mut support::Events) {
    for _ in 0..3 {
        let (_, event) = events.next().await.expect("a state");
        assert!(!matches!(event, Event::Leg(_)), "{event:?}");
    }
}

/// Queues are told as they change, whatever else waits for the disk.
const fn is_no_queue(event: &Event) -> bool {
    !matches!(event, Event::Queues { .. })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_broke_off_tells_each_row_missed_once_and_in_order() {
    let world = World::start().await;
    let admin = world.token("admin").await;
    let session = world.signed_in("lin").await;
    let token = session.token.expose();
    let mut phone = Phone::registered(&session).await;
    world.set_presence(token, "ready").await;
    let mut events = world.events(token, None).await;
    let started = practice_call(&world, &admin, &json!({"number": "12800550142"})).await;
    phone.incoming().await;
    let (last, event) = events.until(|event| matches!(event, Event::Leg(_))).await;
    let Event::Leg(ringing) = event else {
        panic!("{event:?}");
    };
    drop(events);

    let hang_up = format!("/v1/practice/calls/{}", started.id);
    let response = world.ask(Method::DELETE, &hang_up, &admin).send().await;
    assert_eq!(response.expect("answered").status(), StatusCode::OK);
    phone.ended().await;
    let over = reached(&world, &admin, &started, Stage::Ended).await;
    ended_row(&world, &admin, over.call.expect("named")).await;

    let mut events = world.events(token, Some(last)).await;
    states(&mut events).await;
    let (newer, event) = events.next().await.expect("the row");
    let Event::Leg(ended) = event else {
        panic!("{event:?}");
    };
    assert!(newer > last);
    assert_eq!(
        (ended.leg, ended.outcome),
        (ringing.leg, Some(LegOutcome::AbandonedWhileRinging))
    );
    // What comes next is what happens next.
    world.set_presence(token, "break").await;
    let (newest, event) = events.until(is_no_queue).await;
    assert!(matches!(event, Event::Presence(_)), "{event:?}");
    drop(events);

    let world = world.restart().await;
    let mut events = world.events(token, Some(newest)).await;
    states(&mut events).await;
    world.set_presence(token, "ready").await;
    let (after, event) = events.until(is_no_queue).await;
    assert!(matches!(event, Event::Presence(_)), "{event:?}");
    assert!(after > newest, "ids count on over a restart");
    world.centre.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_behind_a_connection_rings_by_that_connection() {
    let world = World::start().await;
    let admin = world.token("admin").await;
    let session = world.signed_in("lin").await;
    let mut phone = Phone::registered_by(Transport::Tcp, &session).await;
    world.set_presence(session.token.expose(), "ready").await;
    let body = json!({"number": "12800550142"});
    practice_call(&world, &admin, &body).await;
    let incoming = phone.incoming().await;
    assert_eq!(incoming.source.transport, Transport::Tcp);
    phone
        .tell(Command::Reject {
            call: incoming.call,
            status: offhook_sip::Status::DECLINE,
            reason: None,
        })
        .await;
    assert!(matches!(phone.ended().await, offhook_sip::EndCause::HungUp));
}
