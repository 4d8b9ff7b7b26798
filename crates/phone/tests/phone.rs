//! The phone against a small centre of the tests' own, over real sockets.

// Each test program uses its own part of the tests' centre.
mod support;

use std::sync::Arc;

use offhook_desk::{Command, NoticeKind, SavedState, SessionView, View};
use offhook_model::{
    Activity, CallId, CallerMatch, Code, FieldId, FieldValue, LegId, LegOutcome, PhoneNumber,
    Presence, Secret, Text, WrapUpId, api::Event as CloudEvent,
};
use offhook_phone::{Answer, Query};
use offhook_sip::endpoint::Event;
use offhook_sip::{EndCause, Status};
use serde_json::json;
use support::{Api, Desk, NUMBER, PATIENCE, Registrar, caller, card, eventually, ready};
use tokio::sync::Notify;
use uuid::Uuid;

fn saved(view: &View, wrap_up: WrapUpId) -> Option<SavedState> {
    let form = view.wrap_ups.iter().find(|form| form.id == wrap_up)?;
    Some(form.saved)
}

#[tokio::test]
async fn a_call_rings_pops_is_answered_and_its_form_reaches_the_centre() {
    let mut world = ready().await;
    let call = world.registrar.call(caller(1)).await;
    let offered = world.desk.until_offered().await;
    assert_eq!(offered.call, CallId(Uuid::from_u128(1)));
    assert_eq!(offered.leg, LegId(Uuid::from_u128(1001)));
    assert_eq!(offered.number, PhoneNumber::parse(NUMBER).ok());
    assert_eq!(
        offered.skill_group,
        Some(Text::new("售后服务", "After-sales"))
    );
    let heard = world
        .registrar
        .until("it rings", |event| matches!(event, Event::Progress { .. }))
        .await;
    assert!(matches!(heard, Event::Progress { status, .. } if status == Status::RINGING));
    let shown = eventually("the notification", &world.desk.shell.shown, |all| {
        !all.is_empty()
    })
    .await;
    assert_eq!(shown[0].number, PhoneNumber::parse(NUMBER).ok());
    let answer = world.desk.phone.query(Query::Card { call: offered.call });
    let Ok(Answer::Card { cards, stale, .. }) = answer.await else {
        panic!("no card");
    };
    assert_eq!((cards, stale), (vec![card()], false));

    world.desk.send(Command::Answer { leg: offered.leg }).await;
    world.desk.until_live().await;
    let answered = world
        .registrar
        .until("the 200", |event| matches!(event, Event::Answered { .. }))
        .await;
    let Event::Answered { sdp: Some(sdp), .. } = answered else {
        panic!("no answer to our offer");
    };
    assert!(String::from_utf8_lossy(&sdp).contains("RTP/AVP 8\r\n"));
    let mut packet = [0; 2048];
    let first = tokio::time::timeout(PATIENCE, world.registrar.rtp.recv(&mut packet)).await;
    assert_eq!(first.expect("in time").expect("a packet"), 12 + 160);
    let withdrawn = world.desk.shell.withdrawn.borrow().clone();
    assert_eq!(withdrawn, [offered.leg]);

    world.desk.send(Command::HangUp { leg: offered.leg }).await;
    let ended = world
        .registrar
        .until("the BYE", |event| matches!(event, Event::Ended { .. }))
        .await;
    let bye =
        matches!(ended, Event::Ended { call: ended, cause: EndCause::Bye { .. } } if ended == call);
    assert!(bye, "{ended:?}");
    let rows = world.rows().await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].record.outcome, Some(LegOutcome::Connected));
    assert_eq!(
        rows[0].record.customer.as_ref().map(|c| c.name.as_str()),
        Some("陈雨桐")
    );

    world.write(offered.wrap_up, "换了滤芯").await;
    world
        .desk
        .send(Command::SubmitAndStartAnswering {
            wrap_up: offered.wrap_up,
            presence: Presence::Ready,
        })
        .await;
    world
        .desk
        .until("synced and free", |view| {
            matches!(
                saved(view, offered.wrap_up),
                Some(SavedState::Synced { .. })
            ) && view.activity == Activity::Free
        })
        .await;
    let received = world.api.wrap_ups.borrow().clone();
    assert_eq!(received.len(), 1);
    assert_eq!(
        received[0].path,
        format!("/v1/wrap-ups/{}", offered.wrap_up)
    );
    let body = &received[0].body;
    assert_eq!(body["values"], json!({ "summary": "换了滤芯" }));
    assert_eq!(body["legs"], json!([offered.leg]));
    assert_eq!(body["customer"], json!(card().customer.id));
    assert_eq!(body["form_version"], 3);
    world.desk.phone.shut_down().await;
}

#[tokio::test]
async fn the_reason_of_a_cancel_decides_the_row_of_the_call_list() {
    let mut world = ready().await;
    for (n, reason, outcome) in [
        (1, None, LegOutcome::AbandonedWhileRinging),
        (
            2,
            Some("SIP;cause=487;text=\"Caller gone\""),
            LegOutcome::AbandonedWhileRinging,
        ),
        (
            3,
            Some("SIP;cause=480;text=\"Ring no answer\""),
            LegOutcome::RingNoAnswer,
        ),
        (
            4,
            Some("SIP;cause=200;text=\"Call completed elsewhere\""),
            LegOutcome::AnsweredElsewhere,
        ),
    ] {
        let call = world.registrar.call(caller(n)).await;
        let offered = world.desk.until_offered().await;
        world
            .registrar
            .until("it rings", |event| matches!(event, Event::Progress { .. }))
            .await;
        world.registrar.hang_up(call, reason).await;
        world.desk.until("gone", |view| view.calls.is_empty()).await;
        let rows = world.rows().await;
        let row = rows.iter().find(|row| row.record.leg == offered.leg);
        assert_eq!(
            row.and_then(|row| row.record.outcome),
            Some(outcome),
            "{reason:?}"
        );
    }
}

#[tokio::test]
async fn declining_and_being_busy_are_told_apart_on_the_wire() {
    let mut world = ready().await;
    world.registrar.call(caller(1)).await;
    let offered = world.desk.until_offered().await;
    // A second call beside the first finds the agent busy.
    let second = world.registrar.call(caller(2)).await;
    let ended = world
        .registrar
        .until(
            "busy",
            |event| matches!(event, Event::Ended { call, .. } if *call == second),
        )
        .await;
    let busy = matches!(ended, Event::Ended { cause: EndCause::Rejected { status, .. }, .. } if status == Status::BUSY_HERE);
    assert!(busy, "{ended:?}");
    world.desk.send(Command::Decline { leg: offered.leg }).await;
    let ended = world
        .registrar
        .until("declined", |event| matches!(event, Event::Ended { .. }))
        .await;
    let declined = matches!(ended, Event::Ended { cause: EndCause::Rejected { status, .. }, .. } if status == Status::DECLINE);
    assert!(declined, "{ended:?}");
}

#[tokio::test]
async fn a_call_without_a_common_codec_does_not_ring() {
    let mut world = ready().await;
    let sdp = world
        .registrar
        .sdp("m=audio PORT RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n");
    world.registrar.call_with(caller(1), sdp).await;
    let ended = world
        .registrar
        .until("refused", |event| matches!(event, Event::Ended { .. }))
        .await;
    let refused = matches!(ended, Event::Ended { cause: EndCause::Rejected { status, .. }, .. } if status == Status::NOT_ACCEPTABLE_HERE);
    assert!(refused, "{ended:?}");
    assert!(world.desk.phone.view().calls.is_empty());
    assert!(world.desk.shell.shown.borrow().is_empty());
}

#[tokio::test]
async fn the_far_side_can_hold_and_move_its_media() {
    let mut world = ready().await;
    let call = world.registrar.call(caller(1)).await;
    let offered = world.desk.until_offered().await;
    world.desk.send(Command::Answer { leg: offered.leg }).await;
    world.desk.until_live().await;
    let elsewhere = tokio::net::UdpSocket::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let port = elsewhere.local_addr().expect("an address").port();
    let sdp = world.registrar.sdp(&format!(
        "m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendonly\r\n"
    ));
    world.registrar.reoffer(call, sdp).await;
    let answered = world
        .registrar
        .until("the answer", |event| {
            matches!(event, Event::ReofferAnswered { .. })
        })
        .await;
    let Event::ReofferAnswered {
        answer: Ok(sdp), ..
    } = answered
    else {
        panic!("refused: {answered:?}");
    };
    let sdp = String::from_utf8_lossy(&sdp).into_owned();
    assert!(
        sdp.contains("RTP/AVP 0\r\n") && sdp.contains("a=recvonly"),
        "{sdp}"
    );
    let mut packet = [0; 2048];
    let moved = tokio::time::timeout(PATIENCE, elsewhere.recv(&mut packet)).await;
    assert!(moved.expect("in time").is_ok());
    assert_eq!(packet[1] & 0x7f, 0, "µ-law from now on");
}

#[tokio::test]
async fn a_try_that_failed_is_repeated_with_the_same_key_and_body() {
    let mut world = ready().await;
    let wrap_up = world.talked(1).await;
    world.api.refuse([503, 500]);
    world.write(wrap_up, "once").await;
    world.desk.send(Command::Submit { wrap_up }).await;
    world
        .desk
        .until("delayed", |view| {
            matches!(
                saved(view, wrap_up),
                Some(SavedState::Waiting {
                    error: Some(Code::CentreFailed),
                    ..
                })
            )
        })
        .await;
    world
        .desk
        .until("synced", |view| {
            matches!(saved(view, wrap_up), Some(SavedState::Synced { .. }))
        })
        .await;
    let received = world.api.wrap_ups.borrow().clone();
    let statuses: Vec<u16> = received.iter().map(|one| one.answered).collect();
    assert_eq!(statuses, [503, 500, 201]);
    assert!(received.iter().all(|one| one.key == received[0].key));
    assert!(received.iter().all(|one| one.body == received[0].body));
}

#[tokio::test]
async fn a_refusal_for_good_keeps_the_text_and_the_next_submission_has_a_key_of_its_own() {
    let mut world = ready().await;
    let wrap_up = world.talked(1).await;
    world.api.refuse([409]);
    world.write(wrap_up, "first").await;
    world.desk.send(Command::Submit { wrap_up }).await;
    world
        .desk
        .until("refused", |view| {
            saved(view, wrap_up)
                == Some(SavedState::Refused {
                    code: Code::Conflict,
                })
        })
        .await;
    let Ok(Answer::Draft { draft: Some(draft) }) =
        world.desk.phone.query(Query::Draft { wrap_up }).await
    else {
        panic!("the text is gone");
    };
    assert_eq!(
        draft.values.get(&FieldId::from("summary")),
        Some(&FieldValue::Text("first".into()))
    );
    world.write(wrap_up, "second").await;
    world.desk.send(Command::Submit { wrap_up }).await;
    world
        .desk
        .until("synced", |view| {
            matches!(saved(view, wrap_up), Some(SavedState::Synced { .. }))
        })
        .await;
    let received = world.api.wrap_ups.borrow().clone();
    assert_eq!(received.len(), 2);
    assert_ne!(received[0].key, received[1].key);
    assert_eq!(received[1].body["values"]["summary"], "second");
}

#[tokio::test]
async fn what_was_written_and_what_was_submitted_outlive_the_program() {
    let mut world = ready().await;
    let submitted = world.talked(1).await;
    world.api.refuse([503; 50]);
    world.write(submitted, "on its way").await;
    world
        .desk
        .send(Command::Submit { wrap_up: submitted })
        .await;
    world
        .desk
        .until("waiting", |view| {
            matches!(
                saved(view, submitted),
                Some(SavedState::Waiting { error: Some(_), .. })
            )
        })
        .await;
    world
        .desk
        .send(Command::StartAnswering {
            presence: Presence::Ready,
        })
        .await;
    world
        .desk
        .until("free", |view| view.activity == Activity::Free)
        .await;
    let draft = world.talked(2).await;
    world.write(draft, "half a sen").await;
    // At once, before the pause in typing is over.
    world.desk.phone.shut_down().await;

    let mut desk = Desk::open(world.home.path()).await;
    assert!(desk.phone.view().wrap_ups.is_empty(), "nobody is signed in");
    desk.sign_in(&world.api).await;
    desk.until("both are there", |view| {
        saved(view, submitted).is_some() && saved(view, draft).is_some()
    })
    .await;
    let Ok(Answer::Draft { draft: Some(found) }) =
        desk.phone.query(Query::Draft { wrap_up: draft }).await
    else {
        panic!("the draft is gone");
    };
    assert_eq!(
        found.values.get(&FieldId::from("summary")),
        Some(&FieldValue::Text("half a sen".into()))
    );
    // The screen pop of a call of before the start.
    let call = found.call;
    let card_again = desk.phone.query(Query::Card { call }).await;
    assert!(matches!(card_again, Ok(Answer::Card { cards, .. }) if cards == [card()]));
    let received = eventually("another try", &world.api.wrap_ups, |all| all.len() > 1).await;
    assert!(received.iter().all(|one| one.key == received[0].key));
    desk.phone.shut_down().await;
}

#[tokio::test]
async fn forms_under_an_earlier_password_are_said_to_be_shut_and_come_back_with_it() {
    let mut world = ready().await;
    let draft = world.talked(1).await;
    world.write(draft, "before the change").await;
    world.desk.phone.shut_down().await;
    let mut desk = Desk::open(world.home.path()).await;
    desk.sign_in_with(&world.api, "changed at the centre").await;
    let view = desk.until("said", |view| !view.notices.is_empty()).await;
    let said = NoticeKind::Failed {
        code: Code::StoreDamaged,
    };
    assert_eq!(view.notices[0].about, said);
    assert!(view.wrap_ups.is_empty());
    desk.phone.shut_down().await;
    let mut desk = Desk::open(world.home.path()).await;
    desk.sign_in(&world.api).await;
    desk.until("it is back", |view| saved(view, draft).is_some())
        .await;
}

#[tokio::test]
async fn the_copy_of_a_customers_record_stands_in_when_the_centre_does_not_say() {
    let mut world = ready().await;
    let first = world.registrar.call(caller(1)).await;
    world.desk.until_offered().await;
    let known = |view: &View, stale: bool| {
        view.calls.first().is_some_and(
            |call| matches!(&call.caller, CallerMatch::Known { stale: is, .. } if *is == stale),
        )
    };
    world.desk.until("known", |view| known(view, false)).await;
    world.registrar.hang_up(first, None).await;
    world.desk.until("gone", |view| view.calls.is_empty()).await;

    world.api.customers_fail(true);
    world.registrar.call(caller(2)).await;
    let offered = world.desk.until_offered().await;
    world
        .desk
        .until("known by the copy", |view| known(view, true))
        .await;
    let answer = world.desk.phone.query(Query::Card { call: offered.call });
    assert!(
        matches!(answer.await, Ok(Answer::Card { cards, stale: true, .. }) if cards == [card()])
    );

    // The centre is asked again once it is there again.
    world.api.customers_fail(false);
    world.api.break_off();
    world
        .desk
        .until("known by the centre", |view| known(view, false))
        .await;
    let answer = world.desk.phone.query(Query::Card { call: offered.call });
    assert!(matches!(
        answer.await,
        Ok(Answer::Card { stale: false, .. })
    ));
}

#[tokio::test]
async fn a_session_that_is_taken_over_ends_after_the_call() {
    let mut world = ready().await;
    world.registrar.call(caller(1)).await;
    let offered = world.desk.until_offered().await;
    world.desk.send(Command::Answer { leg: offered.leg }).await;
    world.desk.until_live().await;
    world.api.tell(CloudEvent::SignedInElsewhere);
    let elsewhere = Some(Code::SignedInElsewhere);
    let view = world
        .desk
        .until("told", |view| {
            view.links.api == offhook_desk::LinkView::Connecting { error: elsewhere }
        })
        .await;
    assert_eq!(view.calls.len(), 1, "the customer is still there");
    world.write(offered.wrap_up, "kept").await;
    world.desk.send(Command::HangUp { leg: offered.leg }).await;
    world
        .desk
        .until("signed out", |view| {
            view.session == SessionView::SignedOut { error: elsewhere }
        })
        .await;
    world.desk.sign_in(&world.api).await;
    world
        .desk
        .until("the form is there", |view| {
            saved(view, offered.wrap_up).is_some()
        })
        .await;
}

#[tokio::test]
async fn a_sign_in_that_was_given_up_leaves_no_session_behind() {
    let home = tempfile::tempdir().expect("a folder");
    let registrar = Registrar::start().await;
    let api = Api::start(registrar.address).await;
    let hold = Arc::new(Notify::new());
    *api.hold_sign_in.lock().expect("not poisoned") = Some(hold.clone());
    let mut desk = Desk::open(home.path()).await;
    desk.send(Command::SignIn {
        centre: api.base(),
        username: "lin".into(),
        password: Secret::new("practice"),
    })
    .await;
    eventually("asked", &api.asked, |all| !all.is_empty()).await;
    desk.send(Command::SignOut).await;
    desk.until("signed out", |view| {
        view.session == SessionView::SignedOut { error: None }
    })
    .await;
    hold.notify_one();
    eventually("ended again", &api.asked, |all| {
        all.iter().any(|one| one == "DELETE /v1/sessions/current")
    })
    .await;
    assert_eq!(
        desk.phone.view().session,
        SessionView::SignedOut { error: None }
    );
}

#[tokio::test]
async fn shutting_down_signs_out_and_frees_the_profile() {
    let world = ready().await;
    let other = world.desk.phone.clone();
    world.desk.phone.shut_down().await;
    let asked = world.api.asked.borrow().clone();
    assert!(asked.iter().any(|one| one == "DELETE /v1/sessions/current"));
    assert_eq!(other.query(Query::Form).await, Err(Code::NotNow));
    assert!(other.send(Command::CheckIn).await.is_err());
    other.shut_down().await;
    Desk::open(world.home.path()).await;
}
