//! One endpoint against a hand-written peer: each line of the list of faults that has to do with a single exchange.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::time::Duration;

use offhook_sip::endpoint::{Event, Invite};
use offhook_sip::message::Message;
use offhook_sip::{Credentials, EndCause, Flow, NameAddr, Password, Status, Uri};
use support::stage::{Stage, asked, invite, methods, ok, reply, statuses, within};

#[test]
fn options_is_answered_at_once_and_to_anyone() {
    let mut stage = Stage::new();
    let sent = stage.send("OPTIONS sip:192.0.2.1 SIP/2.0\nFrom: <sip:x@x>;tag=1\nTo: <sip:y@y>\nCall-ID: o\nCSeq: 1 OPTIONS\n\n");
    let reply = reply(&sent);
    assert_eq!(reply.status, Status::OK);
    assert!(
        reply.header("Allow").unwrap().contains("INVITE")
            && reply.header("Accept") == Some("application/sdp")
    );
    let via = reply.via().unwrap();
    assert_eq!(
        (via.params.value("received"), via.params.value("rport")),
        (Some("192.0.2.2"), Some("5060"))
    );
}

#[test]
fn what_cannot_be_served_is_said_and_not_kept_silent() {
    let mut stage = Stage::new();
    let request = |method: &str, uri: &str, more: &str| {
        format!(
            "{method} {uri} SIP/2.0\nFrom: <sip:x@x>;tag=1\nTo: <sip:y@y>\nCall-ID: {method}{uri}\nCSeq: 1 {method}\n{more}\n"
        )
    };
    for (method, uri, more, status) in [
        ("DANCE", "sip:a", "", 501),
        ("PUBLISH", "sip:a", "", 405),
        ("BYE", "sip:a", "", 481),
        ("INFO", "sip:a", "", 481),
        ("NOTIFY", "sip:a", "Event: odd\n", 489),
        ("OPTIONS", "odd:a", "", 416),
        ("OPTIONS", "sip:a", "Require: 100rel, foo\n", 420),
        (
            "INVITE",
            "sip:a",
            "Content-Type: text/plain\nContent-Length: 1\n\nx",
            415,
        ),
        ("INVITE", "sip:b", "Accept: text/plain\n", 406),
    ] {
        let sent = stage.send(&request(method, uri, more));
        assert_eq!(reply(&sent).status, Status(status), "{method} {uri} {more}");
        stage.quiet();
    }
    let sent = stage.send(&request("OPTIONS", "sip:c", "Require: 100rel, foo\n"));
    assert_eq!(reply(&sent).header("Unsupported"), Some("100rel, foo"));
    let sent = stage.send("CANCEL sip:a SIP/2.0\nFrom: <sip:x@x>;tag=1\nTo: <sip:y@y>\nCall-ID: c\nCSeq: 1 CANCEL\n\n");
    assert_eq!(reply(&sent).status, Status::NO_SUCH_CALL);
}

#[test]
fn an_unreadable_request_is_answered_with_400_and_an_unreadable_ack_with_nothing() {
    let mut stage = Stage::new();
    let rest =
        "Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK1\nFrom: <sip:x@x>;tag=1\nCall-ID: o\n";
    for to in ["To: nonsense\n", "", "To: <sip:a>\nTo: <sip:b>\n"] {
        let sent = stage.start_lines(&format!(
            "OPTIONS sip:a SIP/2.0\n{rest}{to}CSeq: 1 OPTIONS\n\n"
        ));
        assert_eq!(sent, ["SIP/2.0 400 Bad Request"], "{to}");
        assert!(
            stage
                .start_lines(&format!("ACK sip:a SIP/2.0\n{rest}{to}CSeq: 1 ACK\n\n"))
                .is_empty()
        );
    }
}

#[test]
fn requests_within_a_call_are_answered_unknown_ones_too() {
    let mut stage = Stage::new();
    let (call, tag) = stage.talking();
    for (seq, method, more, status) in [
        (2, "OPTIONS", "", 200),
        (3, "INFO", "Content-Type: application/dtmf-relay\n", 200),
        (4, "UPDATE", "", 200),
        (5, "NOTIFY", "Event: odd\n", 489),
        (6, "MESSAGE", "", 405),
        (7, "DANCE", "", 501),
        (6, "INFO", "", 500),
    ] {
        let sent = stage.send(&within(method, seq, &tag, more));
        assert_eq!(statuses(&sent), [status], "{method}");
    }
    stage.quiet();
    let sent = stage.send(&within("INFO", 9, "another", ""));
    assert_eq!(statuses(&sent), [481]);
    let sent = stage.send(&within("BYE", 9, &tag, "Reason: Q.850;cause=16\n"));
    assert_eq!(statuses(&sent), [200]);
    match stage.event() {
        Event::Ended {
            call: ended,
            cause: EndCause::Bye {
                reason: Some(reason),
            },
        } => {
            assert_eq!((ended, reason.cause), (call, Some(16)));
        }
        event => panic!("{event:?}"),
    }
}

#[test]
fn a_cancelled_call_ends_with_487_until_its_ack_and_tells_why() {
    let mut stage = Stage::new();
    stage.incoming("");
    let cancel = "CANCEL sip:1001@192.0.2.1 SIP/2.0\nFrom: <sip:bob@b>;tag=theirs\nTo: <sip:1001@a>\nCall-ID: one\nCSeq: 1 CANCEL\n\
                  Reason: SIP;cause=200;text=\"Call completed elsewhere\"\n\n";
    stage.branch -= 1;
    let sent = stage.send(cancel);
    assert_eq!(statuses(&sent), [200, 487]);
    let tags: Vec<_> = sent
        .iter()
        .map(|m| {
            if let Message::Response(r) = m {
                r.to().unwrap().tag().map(str::to_owned)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(tags[0], tags[1]);
    match stage.event() {
        Event::Ended {
            cause: EndCause::Cancelled {
                reason: Some(reason),
            },
            ..
        } => assert!(reason.is_answered_elsewhere()),
        event => panic!("{event:?}"),
    }
    // Repeated at T1, 2 T1, … T2.
    assert_eq!(statuses(&stage.wait(Duration::from_millis(8000))), [487; 4]);
    stage.branch -= 1;
    stage.send(&within("ACK", 1, tags[1].as_deref().unwrap(), ""));
    assert!(stage.wait(Duration::from_secs(60)).is_empty());
    assert!(stage.endpoint.is_idle());
}

#[test]
fn our_answer_is_repeated_for_32_seconds_and_then_taken_back_with_bye() {
    let mut stage = Stage::new();
    let call = stage.incoming("");
    stage
        .endpoint
        .answer(stage.now, call, b"v=0".to_vec(), Vec::new());
    stage.sent();
    let sent = stage.wait(Duration::from_secs(31));
    assert_eq!(statuses(&sent), [200; 9]);
    assert!(methods(&sent).is_empty());
    let sent = stage.wait(Duration::from_secs(1));
    assert_eq!(methods(&sent), ["BYE"]);
    assert!(matches!(
        stage.event(),
        Event::Ended {
            cause: EndCause::AckMissing,
            ..
        }
    ));
}

#[test]
fn bye_before_the_ack_stops_our_answers() {
    let mut stage = Stage::new();
    let call = stage.incoming("");
    stage
        .endpoint
        .answer(stage.now, call, b"v=0".to_vec(), Vec::new());
    let tag = reply(&stage.sent()).to().unwrap().tag().unwrap().to_owned();
    assert_eq!(statuses(&stage.send(&within("BYE", 2, &tag, ""))), [200]);
    assert!(matches!(
        stage.event(),
        Event::Ended {
            cause: EndCause::Bye { .. },
            ..
        }
    ));
    assert!(stage.wait(Duration::from_secs(60)).is_empty());
    assert!(stage.endpoint.is_idle());
}

#[test]
fn hanging_up_before_the_ack_waits_with_the_bye_but_not_with_the_word() {
    let mut stage = Stage::new();
    let call = stage.incoming("");
    stage
        .endpoint
        .answer(stage.now, call, b"v=0".to_vec(), Vec::new());
    let tag = reply(&stage.sent()).to().unwrap().tag().unwrap().to_owned();
    stage.endpoint.hang_up(stage.now, call, None);
    assert!(matches!(
        stage.event(),
        Event::Ended {
            cause: EndCause::HungUp,
            ..
        }
    ));
    assert!(stage.sent().is_empty());
    assert_eq!(methods(&stage.send(&within("ACK", 1, &tag, ""))), ["BYE"]);
    stage.quiet();
}

#[test]
fn a_bye_while_it_rings_ends_the_invite_too() {
    let mut stage = Stage::new();
    let call = stage.incoming("");
    stage
        .endpoint
        .progress(stage.now, call, Status::RINGING, None, Vec::new());
    let tag = reply(&stage.sent()).to().unwrap().tag().unwrap().to_owned();
    assert_eq!(
        statuses(&stage.send(&within("BYE", 2, &tag, ""))),
        [200, 487]
    );
    assert!(matches!(stage.event(), Event::Ended { .. }));
}

#[test]
fn ringing_is_repeated_every_minute_and_never_ended_by_us() {
    let mut stage = Stage::new();
    let call = stage.incoming("");
    stage
        .endpoint
        .progress(stage.now, call, Status::RINGING, None, Vec::new());
    stage.sent();
    assert_eq!(statuses(&stage.wait(Duration::from_secs(200))), [180; 3]);
    stage.quiet();
}

#[test]
fn the_same_invite_by_another_way_rings_once() {
    let mut stage = Stage::new();
    stage.incoming("");
    assert_eq!(statuses(&stage.send(&invite(""))), [100, 482]);
    stage.quiet();
}

#[test]
fn an_invite_without_sdp_gets_our_offer_and_its_ack_the_answer() {
    let mut stage = Stage::new();
    let text = invite("").replace("Content-Type: application/sdp\n\nv=0", "\n");
    stage.send(&text);
    let call = match stage.event() {
        Event::Incoming(incoming) => {
            assert_eq!(incoming.offer, None);
            incoming.call
        }
        event => panic!("{event:?}"),
    };
    stage
        .endpoint
        .answer(stage.now, call, b"our offer".to_vec(), Vec::new());
    let tag = reply(&stage.sent()).to().unwrap().tag().unwrap().to_owned();
    stage.send(&(within("ACK", 1, &tag, "Content-Type: application/sdp\n") + "their answer"));
    assert!(
        matches!(stage.event(), Event::Confirmed { sdp: Some(sdp), .. } if sdp == b"their answer")
    );
}

#[test]
fn a_record_route_is_mirrored_and_followed() {
    let mut stage = Stage::new();
    let call = stage.incoming("Record-Route: <sip:192.0.2.50:5070;lr>, <sip:192.0.2.51;lr>\n");
    stage
        .endpoint
        .answer(stage.now, call, b"v=0".to_vec(), Vec::new());
    let ok = reply(&stage.sent());
    assert_eq!(
        ok.header("Record-Route"),
        Some("<sip:192.0.2.50:5070;lr>, <sip:192.0.2.51;lr>")
    );
    assert_eq!(ok.contacts()[0].uri.to_string(), "sip:1001@192.0.2.1:5060");
    stage.send(&within("ACK", 1, ok.to().unwrap().tag().unwrap(), ""));
    stage.endpoint.hang_up(stage.now, call, None);
    let bye = stage.endpoint.poll_transmit().unwrap();
    assert_eq!(bye.to, Flow::udp("192.0.2.50:5070".parse().unwrap()));
}

#[test]
fn a_second_forks_answer_gets_ack_and_bye_and_a_repeated_one_its_ack_again() {
    let mut stage = Stage::new();
    let (_, invite) = stage.outgoing(None);
    assert_eq!(methods(&stage.answer(&ok(&invite, "first"))), ["ACK"]);
    assert!(matches!(stage.event(), Event::Answered { .. }));
    assert_eq!(methods(&stage.answer(&ok(&invite, "first"))), ["ACK"]);
    let sent = stage.answer(&ok(&invite, "second"));
    assert_eq!(methods(&sent), ["ACK", "BYE"]);
    assert_eq!(asked(&sent, "BYE").to().unwrap().tag(), Some("second"));
    assert_eq!(asked(&sent, "BYE").uri.to_string(), "sip:second@192.0.2.2");
    assert_eq!(methods(&stage.answer(&ok(&invite, "second"))), ["ACK"]);
    stage.quiet();
}

#[test]
fn any_2xx_is_success() {
    let mut stage = Stage::new();
    let (_, invite) = stage.outgoing(None);
    let mut accepted = ok(&invite, "x");
    accepted.status = Status(202);
    assert_eq!(methods(&stage.answer(&accepted)), ["ACK"]);
    assert!(matches!(stage.event(), Event::Answered { .. }));
}

#[test]
fn giving_up_waits_for_a_word_then_cancels_and_a_crossing_200_gets_ack_and_bye() {
    let mut stage = Stage::new();
    let (call, invite) = stage.outgoing(None);
    stage.endpoint.hang_up(stage.now, call, None);
    assert!(matches!(
        stage.event(),
        Event::Ended {
            cause: EndCause::HungUp,
            ..
        }
    ));
    assert!(stage.sent().is_empty(), "CANCEL before any answer");
    let sent = stage.answer(&invite.response(Status::RINGING, "x"));
    let cancel = asked(&sent, "CANCEL");
    assert_eq!(
        cancel.via().unwrap().branch(),
        invite.via().unwrap().branch()
    );
    assert_eq!(
        (cancel.uri.clone(), cancel.header("To")),
        (invite.uri.clone(), invite.header("To"))
    );
    assert_eq!(methods(&stage.answer(&ok(&invite, "x"))), ["ACK", "BYE"]);
    stage.quiet();
}

#[test]
fn a_cancel_that_nobody_answers_is_given_up_after_32_seconds() {
    let mut stage = Stage::new();
    let (call, invite) = stage.outgoing(None);
    stage.answer(&invite.response(Status::RINGING, "x"));
    stage.endpoint.hang_up(stage.now, call, None);
    stage.wait(Duration::from_secs(33));
    assert!(stage.endpoint.is_idle(), "{:#?}", stage.endpoint);
}

#[test]
fn a_call_rings_for_minutes_without_being_ended_by_us() {
    let mut stage = Stage::new();
    let (_, invite) = stage.outgoing(None);
    stage.answer(&invite.response(Status::RINGING, "x"));
    assert!(matches!(
        stage.event(),
        Event::Progress {
            status: Status::RINGING,
            ..
        }
    ));
    assert!(stage.wait(Duration::from_secs(600)).is_empty());
    stage.quiet();
}

#[test]
fn silence_and_a_refused_port_are_told_apart() {
    let mut stage = Stage::new();
    stage.outgoing(None);
    assert_eq!(methods(&stage.wait(Duration::from_secs(33))), ["INVITE"; 6]);
    assert!(matches!(
        stage.event(),
        Event::Ended {
            cause: EndCause::Timeout,
            ..
        }
    ));
    stage.outgoing(None);
    stage.endpoint.handle_unreachable(stage.now, stage.flow());
    assert!(matches!(
        stage.event(),
        Event::Ended {
            cause: EndCause::Unreachable,
            ..
        }
    ));
    assert!(stage.endpoint.is_idle());
}

#[test]
fn a_refusal_is_acknowledged_each_time_and_its_reasons_are_told() {
    let mut stage = Stage::new();
    let (_, invite) = stage.outgoing(None);
    let mut busy = invite.response(Status::BUSY_HERE, "x");
    busy.push("Retry-After", "30 (at lunch)");
    busy.push("Reason", "Q.850;cause=17");
    let sent = stage.answer(&busy);
    let ack = asked(&sent, "ACK");
    assert_eq!(ack.via().unwrap().branch(), invite.via().unwrap().branch());
    assert_eq!(ack.to().unwrap().tag(), Some("x"));
    assert_eq!(methods(&stage.answer(&busy)), ["ACK"]);
    match stage.event() {
        Event::Ended {
            cause:
                EndCause::Rejected {
                    status,
                    reason,
                    retry_after,
                },
            ..
        } => {
            assert_eq!(
                (status, retry_after),
                (Status::BUSY_HERE, Some(Duration::from_secs(30)))
            );
            assert_eq!(reason.unwrap().cause, Some(17));
        }
        event => panic!("{event:?}"),
    }
}

#[test]
fn a_redirection_ends_the_call_with_its_status() {
    let mut stage = Stage::new();
    let (_, invite) = stage.outgoing(None);
    let sent = stage.answer(&invite.response(Status(302), "x"));
    assert_eq!(methods(&sent), ["ACK"]);
    match stage.event() {
        Event::Ended {
            cause: EndCause::Rejected { status, .. },
            ..
        } => assert_eq!(status, Status(302)),
        event => panic!("{event:?}"),
    }
}

#[test]
fn early_media_is_told_with_the_progress_that_brings_it() {
    let mut stage = Stage::new();
    let (_, invite) = stage.outgoing(None);
    for (status, body) in [(Status::RINGING, ""), (Status::SESSION_PROGRESS, "v=0")] {
        let mut response = invite.response(status, "x");
        response.push("Content-Type", "application/sdp");
        response.body = body.into();
        stage.answer(&response);
        match stage.event() {
            Event::Progress {
                status: told, sdp, ..
            } => {
                let expected = (!body.is_empty()).then(|| body.as_bytes().to_vec());
                assert_eq!((told, sdp), (status, expected));
            }
            event => panic!("{event:?}"),
        }
    }
}

fn credentials() -> Option<Credentials> {
    Some(Credentials {
        user: "alice".into(),
        password: Password::new("pw"),
        realm: None,
    })
}

#[test]
fn a_401_and_then_a_407_are_answered_under_the_next_numbers_and_the_ack_carries_credentials() {
    let mut stage = Stage::new();
    let (_, first) = stage.outgoing(credentials());
    let mut asks = first.response(Status::UNAUTHORIZED, "x");
    asks.push(
        "WWW-Authenticate",
        "Digest realm=\"a\", nonce=\"1\", qop=\"auth,auth-int\", algorithm=MD5",
    );
    let sent = stage.answer(&asks);
    let second = asked(&sent, "INVITE");
    assert_eq!(
        (first.cseq().unwrap().number, second.cseq().unwrap().number),
        (1, 2)
    );
    assert_eq!(
        (first.call_id(), first.from()),
        (second.call_id(), second.from())
    );
    assert_ne!(
        first.via().unwrap().branch(),
        second.via().unwrap().branch()
    );
    let mut asks = second.response(Status::PROXY_AUTHENTICATION_REQUIRED, "x");
    asks.push(
        "Proxy-Authenticate",
        "Digest realm=\"b\", nonce=\"2\", qop=\"auth\", algorithm=SHA-256",
    );
    let sent = stage.answer(&asks);
    assert!(asked(&sent, "ACK").header("Authorization").is_some());
    let third = asked(&sent, "INVITE");
    assert!(
        third
            .header("Authorization")
            .unwrap()
            .contains("nc=00000002")
    );
    assert!(third.header("Proxy-Authorization").is_some());
    let ack = asked(&stage.answer(&ok(&third, "y")), "ACK");
    assert!(ack.header("Authorization").is_some() && ack.header("Proxy-Authorization").is_some());
    assert_eq!(ack.cseq().unwrap().number, 3);
}

#[test]
fn a_refused_password_ends_the_call() {
    let mut stage = Stage::new();
    let (_, mut invite) = stage.outgoing(credentials());
    for nonce in 1..=2 {
        let mut asks = invite.response(Status::UNAUTHORIZED, "x");
        asks.push(
            "WWW-Authenticate",
            format!("Digest realm=\"a\", nonce=\"{nonce}\""),
        );
        let sent = stage.answer(&asks);
        if nonce == 1 {
            invite = asked(&sent, "INVITE");
        }
    }
    assert!(matches!(
        stage.event(),
        Event::Ended {
            cause: EndCause::Rejected {
                status: Status::UNAUTHORIZED,
                ..
            },
            ..
        }
    ));
}

#[test]
fn a_change_that_meets_theirs_is_refused_with_491_and_ours_repeated_later() {
    let mut stage = Stage::new();
    let (call, tag) = stage.talking();
    stage.endpoint.reoffer(stage.now, call, b"hold".to_vec());
    let ours = asked(&stage.sent(), "INVITE");
    let sent = stage.send(&(within("INVITE", 2, &tag, "Content-Type: application/sdp\n") + "v=0"));
    assert_eq!(statuses(&sent), [100, 491]);
    assert_eq!(
        methods(&stage.answer(&ours.response(Status::REQUEST_PENDING, ""))),
        ["ACK"]
    );
    stage.quiet();
    // We did not make this call, so it is our turn within 2 s (RFC 3261 §14.1).
    let again = asked(&stage.wait(Duration::from_secs(2)), "INVITE");
    assert_eq!(
        (again.cseq().unwrap().number, again.body.as_slice()),
        (ours.cseq().unwrap().number + 1, &b"hold"[..])
    );
    stage.answer(&ok(&again, ""));
    assert!(matches!(
        stage.event(),
        Event::ReofferAnswered { answer: Ok(_), .. }
    ));
}

#[test]
fn after_a_glare_the_one_who_made_the_call_waits_longer() {
    let mut stage = Stage::new();
    let (call, invite) = stage.outgoing(None);
    stage.answer(&ok(&invite, "x"));
    assert!(matches!(stage.event(), Event::Answered { .. }));
    stage.endpoint.reoffer(stage.now, call, b"hold".to_vec());
    let ours = asked(&stage.sent(), "INVITE");
    stage.answer(&ours.response(Status::REQUEST_PENDING, ""));
    assert!(stage.wait(Duration::from_millis(2099)).is_empty());
    assert_eq!(
        methods(&stage.wait(Duration::from_millis(1901))[..1]),
        ["INVITE"]
    );
}

#[test]
fn their_change_is_answered_and_refreshes_where_requests_go() {
    let mut stage = Stage::new();
    let (call, tag) = stage.talking();
    let change = within(
        "INVITE",
        2,
        &tag,
        "Contact: <sip:bob@192.0.2.77>\nContent-Type: application/sdp\n",
    ) + "hold";
    assert_eq!(statuses(&stage.send(&change)), [100]);
    assert!(matches!(stage.event(), Event::Reoffer { sdp: Some(sdp), .. } if sdp == b"hold"));
    assert_eq!(
        statuses(&stage.send(&change.replace("CSeq: 2", "CSeq: 3"))),
        [100, 500]
    );
    stage.branch -= 1;
    stage.send(&within("ACK", 3, &tag, ""));
    stage
        .endpoint
        .answer_reoffer(stage.now, call, b"held".to_vec());
    assert_eq!(reply(&stage.sent()).body, b"held");
    assert_eq!(statuses(&stage.wait(Duration::from_secs(2))), [200, 200]);
    stage.send(&within("ACK", 2, &tag, ""));
    assert!(stage.wait(Duration::from_secs(20)).is_empty());
    stage.endpoint.hang_up(stage.now, call, None);
    assert_eq!(
        stage.endpoint.poll_transmit().unwrap().to,
        Flow::udp("192.0.2.77:5060".parse().unwrap())
    );
}

#[test]
fn an_update_with_sdp_is_a_change_without_ack() {
    let mut stage = Stage::new();
    let (call, tag) = stage.talking();
    stage.send(&(within("UPDATE", 2, &tag, "Content-Type: application/sdp\n") + "v=0"));
    assert!(matches!(stage.event(), Event::Reoffer { sdp: Some(_), .. }));
    stage
        .endpoint
        .answer_reoffer(stage.now, call, b"new".to_vec());
    assert_eq!(reply(&stage.sent()).body, b"new");
    assert!(stage.wait(Duration::from_secs(40)).is_empty());
    stage.quiet();
}

#[test]
fn a_cancelled_change_leaves_the_call_standing() {
    let mut stage = Stage::new();
    let (call, tag) = stage.talking();
    stage.send(&(within("INVITE", 2, &tag, "Content-Type: application/sdp\n") + "v=0"));
    assert!(matches!(stage.event(), Event::Reoffer { .. }));
    stage.branch -= 1;
    assert_eq!(
        statuses(&stage.send(&within("CANCEL", 2, &tag, ""))),
        [200, 487]
    );
    stage
        .endpoint
        .answer_reoffer(stage.now, call, b"late".to_vec());
    assert!(stage.sent().is_empty());
    stage.quiet();
    assert_eq!(stage.endpoint.calls(), [call]);
}

#[test]
fn a_forgotten_call_ends_with_bye_and_is_no_zombie() {
    for status in [
        Status::NO_SUCH_CALL,
        Status::REQUEST_TIMEOUT,
        Status::UNAUTHORIZED,
    ] {
        let mut stage = Stage::new();
        let (call, _) = stage.talking();
        stage.endpoint.reoffer(stage.now, call, b"hold".to_vec());
        let ours = asked(&stage.sent(), "INVITE");
        assert_eq!(
            methods(&stage.answer(&ours.response(status, ""))),
            ["ACK", "BYE"]
        );
        assert!(matches!(
            stage.event(),
            Event::Ended {
                cause: EndCause::Lost { .. },
                ..
            }
        ));
        stage.wait(Duration::from_secs(100));
        assert!(stage.endpoint.is_idle());
    }
}

#[test]
fn crossing_byes_are_both_answered() {
    let mut stage = Stage::new();
    let (call, tag) = stage.talking();
    stage.endpoint.hang_up(stage.now, call, None);
    let bye = asked(&stage.sent(), "BYE");
    assert_eq!(statuses(&stage.send(&within("BYE", 2, &tag, ""))), [200]);
    stage.answer(&bye.response(Status::OK, ""));
    assert!(matches!(
        stage.event(),
        Event::Ended {
            cause: EndCause::HungUp,
            ..
        }
    ));
    stage.quiet();
    stage.wait(Duration::from_secs(40));
    assert!(stage.endpoint.is_idle());
}

#[test]
fn a_header_that_would_forge_another_is_not_sent() {
    let mut stage = Stage::new();
    let evil = offhook_sip::Header::Other("X-Name".to_owned(), "a\r\nVia: forged".to_owned());
    let uri: Uri = "sip:bob@192.0.2.2".parse().unwrap();
    let invite = Invite {
        uri: uri.clone(),
        from: NameAddr::new(uri.clone()),
        to: NameAddr::new(uri),
        next_hop: stage.flow(),
        offer: Vec::new(),
        headers: vec![evil.clone()],
        credentials: None,
    };
    stage.endpoint.invite(stage.now, invite);
    assert!(matches!(
        stage.event(),
        Event::Ended {
            cause: EndCause::Unsendable,
            ..
        }
    ));
    assert!(stage.sent().is_empty() && stage.endpoint.is_idle());
    let call = stage.incoming("");
    stage
        .endpoint
        .reject(stage.now, call, Status::BUSY_HERE, vec![evil]);
    assert_eq!(statuses(&stage.sent()), [486]);
}

#[test]
fn nothing_private_shows_in_debug() {
    let mut stage = Stage::new();
    stage.endpoint.set_credentials(credentials());
    let private = "INVITE sip:13800138000@192.0.2.1 SIP/2.0\nFrom: \"Secret Name\" <sip:13900139000@b>;tag=theirs\n\
                   To: <sip:13800138000@a>\nCall-ID: one\nCSeq: 1 INVITE\nAuthorization: Digest username=\"secret\"\n\
                   Contact: <sip:13900139000@192.0.2.2>\nContent-Type: application/sdp\n\nsecret";
    stage.send(private);
    let incoming = stage.event();
    let Event::Incoming(call) = &incoming else {
        panic!("{incoming:?}")
    };
    stage
        .endpoint
        .answer(stage.now, call.call, b"secret".to_vec(), Vec::new());
    stage
        .endpoint
        .reoffer(stage.now, call.call, b"secret".to_vec());
    let (_, ours) = stage.outgoing(credentials());
    let shown = format!(
        "{incoming:?} {:?} {ours:?} {:?} {:?} {:?}",
        stage.endpoint,
        call.from,
        call.request_uri,
        credentials()
    );
    // In decimal as well, as bytes are printed.
    for secret in [
        "13800138000",
        "13900139000",
        "Secret Name",
        "secret",
        "115, 101, 99",
        "\"pw\"",
        "alice",
    ] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}
