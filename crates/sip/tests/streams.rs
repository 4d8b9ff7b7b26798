//! One endpoint over a stream: what differs from datagrams (RFC 3261 §17, §18).
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::time::Duration;

use offhook_sip::endpoint::Event;
use offhook_sip::{EndCause, Status, Transport};
use support::stage::{Stage, asked, methods, ok, reply, statuses, within};

#[test]
fn on_a_stream_nothing_is_repeated_but_the_answer_to_an_invite() {
    let mut stage = Stage::over(Transport::Tcp);
    let (_, invite) = stage.outgoing(None);
    assert_eq!(invite.via().unwrap().transport, "TCP");
    let contact = invite.contacts().remove(0).uri;
    assert_eq!(contact.params.value("transport"), Some("tcp"));
    assert!(stage.wait(Duration::from_secs(31)).is_empty());
    assert!(stage.wait(Duration::from_secs(2)).is_empty());
    assert!(matches!(
        stage.event(),
        Event::Ended {
            cause: EndCause::Timeout,
            ..
        }
    ));
    let call = stage.incoming("");
    stage
        .endpoint
        .reject(stage.now, call, Status::BUSY_HERE, Vec::new());
    assert_eq!(statuses(&stage.sent()), [486]);
    stage.event();
    assert!(stage.wait(Duration::from_secs(33)).is_empty());
    let call = stage.incoming("");
    stage
        .endpoint
        .answer(stage.now, call, b"v=0".to_vec(), Vec::new());
    let answer = reply(&stage.sent());
    let contact = answer.contacts().remove(0).uri;
    assert_eq!(contact.params.value("transport"), Some("tcp"));
    assert_eq!(
        statuses(&stage.wait(Duration::from_secs(4))),
        [200, 200, 200]
    );
    let tag = answer.to().unwrap().tag().unwrap().to_owned();
    stage.send(&within("ACK", 1, &tag, ""));
    stage.event();
    assert_eq!(statuses(&stage.send(&within("BYE", 2, &tag, ""))), [200]);
    stage.event();
    assert!(stage.wait(Duration::from_secs(33)).is_empty());
    assert!(stage.endpoint.is_idle());
}

#[test]
fn a_call_that_rings_ends_with_its_connection_and_the_other_side_is_told_by_a_new_one() {
    let mut stage = Stage::over(Transport::Tcp);
    let (_, invite) = stage.outgoing(None);
    // Without any answer it is sent once more, as it was; with one it is given up.
    stage.endpoint.handle_disconnected(stage.now, stage.flow());
    assert_eq!(asked(&stage.sent(), "INVITE"), invite);
    stage.answer(&invite.response(Status::RINGING, "x"));
    stage.event();
    stage.endpoint.handle_disconnected(stage.now, stage.flow());
    let sent = stage.sent();
    let cancel = asked(&sent, "CANCEL");
    assert_eq!(
        cancel.via().unwrap().branch(),
        invite.via().unwrap().branch()
    );
    assert!(matches!(
        stage.event(),
        Event::Ended {
            cause: EndCause::Unreachable,
            ..
        }
    ));
    // The 200 that crosses it still gets ACK and BYE; the BYE is sent until somebody is there.
    let sent = stage.answer(&ok(&invite, "x"));
    assert_eq!(methods(&sent), ["ACK", "BYE"]);
    let bye = asked(&sent, "BYE");
    for _ in 0..3 {
        stage.endpoint.handle_unreachable(stage.now, stage.flow());
        assert!(methods(&stage.wait(Duration::from_secs(5))).contains(&"BYE".to_owned()));
    }
    stage.answer(&bye.response(Status::OK, ""));
    stage.quiet();
    stage.wait(Duration::from_secs(40));
    assert!(stage.endpoint.is_idle());
}
