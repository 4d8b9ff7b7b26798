//! The messages of RFC 4475, and mutations of them: read right where they are right, and never a panic.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::path::PathBuf;
use std::time::Duration;

use offhook_sip::message::{Malformed, Message, parse};
use offhook_sip::{Flow, HeadersExt, Method, Request, Response, Status};
use support::Chance;

fn all() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/rfc4475");
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "dat"))
        .map(|path| {
            (
                path.file_stem().unwrap().to_str().unwrap().to_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect();
    all.sort();
    all
}

#[track_caller]
fn read(name: &str) -> Result<Message, Malformed> {
    let (_, bytes) = all().into_iter().find(|(n, _)| n == name).unwrap();
    parse(&bytes)
}

#[track_caller]
fn request(name: &str) -> Request {
    match read(name) {
        Ok(Message::Request(request)) => request,
        other => panic!("{name}: {other:?}"),
    }
}

#[track_caller]
fn response(name: &str) -> Response {
    match read(name) {
        Ok(Message::Response(response)) => response,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn every_message_leads_to_what_the_rfc_says() {
    // Valid, or fit to be taken generously.
    let taken = [
        "wsinv",
        "intmeth",
        "esc01",
        "escnull",
        "esc02",
        "lwsdisp",
        "longreq",
        "dblreq",
        "semiuri",
        "transports",
        "mpart01",
        "unreason",
        "noreason",
        "trws",
        "baddate",
        "badaspec",
        "baddn",
        "regbadct",
        "badbranch",
        "unkscm",
        "novelsc",
        "unksm2",
        "bext01",
        "invut",
        "regaut01",
        "zeromf",
        "cparam01",
        "cparam02",
        "regescrt",
        "sdp01",
        "inv2543",
    ];
    // Requests to be answered with this.
    let refused = [
        ("badinv01", 400),
        ("clerr", 400),
        ("ncl", 400),
        ("scalar02", 400),
        ("quotbal", 400),
        ("ltgtruri", 400),
        ("lwsruri", 400),
        ("lwsstart", 400),
        ("escruri", 400),
        ("badvers", 505),
        ("mismatch01", 400),
        ("mismatch02", 400),
        ("insuf", 400),
        ("multi01", 400),
        ("mcl01", 400),
    ];
    // Responses to be dropped.
    let dropped = ["scalarlg", "bigcode", "bcast"];
    assert_eq!(taken.len() + refused.len() + dropped.len(), all().len());
    for name in taken {
        assert!(read(name).is_ok(), "{name}: {:?}", read(name));
    }
    for (name, status) in refused {
        let malformed = read(name).expect_err(name);
        assert_eq!(malformed.status, Status(status), "{name}");
        assert!(malformed.answerable.is_some(), "{name}");
    }
    for name in ["scalarlg", "bigcode"] {
        assert!(read(name).expect_err(name).answerable.is_none(), "{name}");
    }
    // Well-formed, but its second Via is not ours: the transaction layer drops it.
    assert_eq!(response("bcast").vias().len(), 2);
}

#[test]
fn a_short_tortuous_invite_is_read_whole() {
    let invite = request("wsinv");
    assert_eq!(invite.to().unwrap().tag(), Some("1918181833n"));
    let from = invite.from().unwrap();
    assert_eq!(
        (from.display.as_deref(), from.tag()),
        (Some("J Rosenberg \\\""), Some("98asjd8"))
    );
    assert_eq!(invite.header("Max-Forwards"), Some("0068"));
    assert_eq!(invite.cseq().unwrap().number, 9);
    let hosts: Vec<_> = invite
        .vias()
        .into_iter()
        .map(|via| (via.transport, via.host))
        .collect();
    let hosts: Vec<_> = hosts
        .iter()
        .map(|(transport, host)| (transport.as_str(), host.as_str()))
        .collect();
    assert_eq!(
        hosts,
        [
            ("UDP", "192.0.2.2"),
            ("TCP", "spindle.example.com"),
            ("UDP", "192.168.255.111")
        ]
    );
    assert_eq!(invite.vias()[2].branch(), Some("z9hG4bK30239"));
    assert_eq!(
        invite.header("NewFangledHeader"),
        Some("newfangled value continued newfangled value")
    );
    let contact = &invite.contacts()[0];
    assert_eq!(
        (contact.display.as_deref(), contact.params.value("newparam")),
        (Some("Quoted string \"\""), Some("newvalue"))
    );
    assert_eq!(contact.params.value("q"), Some("0.33"));
    assert_eq!(invite.header("Subject"), Some(""));
    assert!(invite.uri.params.contains("unknownparam"));
    assert!(invite.addresses("Route")[0].uri.params.contains("lr"));
    assert_eq!(invite.sdp().unwrap().len(), 150);
}

#[test]
fn unusual_methods_and_characters_survive_reading_and_writing() {
    let odd = request("intmeth");
    assert_eq!(
        odd.method.as_str(),
        "!interesting-Method0123456789_*+`.%indeed'~"
    );
    assert_eq!(
        odd.to().unwrap().display.as_deref(),
        Some("BEL:\u{7} NUL:\0 DEL:\u{7f}")
    );
    assert_eq!(
        odd.from().unwrap().params.value("fromParam''~+*_!.-%"),
        Some("работающий")
    );
    assert_eq!(odd.from().unwrap().tag(), Some("_token~1'+`*%!-."));
    assert_eq!(
        odd.header("extensionHeader-!.%*+_`'~"),
        Some("\u{feff}大停電")
    );
    match parse(&odd.to_bytes().unwrap()) {
        Ok(Message::Request(again)) => {
            assert_eq!(
                (&again.method, &again.uri, &again.body),
                (&odd.method, &odd.uri, &odd.body)
            );
            for header in odd
                .headers
                .iter()
                .filter(|h| offhook_sip::header_name(h) != "Content-Length")
            {
                assert_eq!(
                    again.header(offhook_sip::header_name(header)),
                    Some(offhook_sip::header_value(header))
                );
            }
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn escapes_belong_to_the_text_they_stand_in() {
    let invite = request("esc01");
    assert_eq!(
        invite.uri.user_decoded().as_deref(),
        Some("sips:user@example.com")
    );
    assert_eq!(
        invite.to().unwrap().uri.user_decoded().as_deref(),
        Some("user")
    );
    // An escaped method name is another method, an escaped header name another header.
    let register = request("esc02");
    assert_eq!(register.method, Method::Other("RE%47IST%45R".to_owned()));
    assert_eq!(register.contacts().len(), 2);
    assert_eq!(request("escnull").contacts().len(), 2);
    assert_eq!(
        request("semiuri").uri.user.as_deref(),
        Some("user;par=u%40example.net")
    );
    let unbracketed = &request("cparam01").contacts()[0];
    assert!(unbracketed.params.contains("unknownparam") && unbracketed.uri.params.is_empty());
    let bracketed = &request("cparam02").contacts()[0];
    assert!(bracketed.params.is_empty() && bracketed.uri.params.contains("unknownparam"));
}

#[test]
fn bodies_are_cut_to_their_length_and_kept_as_bytes() {
    // A second request behind the first is no part of it.
    let register = request("dblreq");
    assert_eq!(
        (register.method.clone(), register.body.len()),
        (Method::REGISTER, 0)
    );
    assert_eq!(request("mpart01").body.len(), 553);
    assert_eq!(
        request("inv2543").sdp().unwrap().len(),
        request("inv2543").body.len()
    );
    assert_eq!(response("noreason").phrase, "");
    assert!(response("unreason").phrase.contains("но"));
    assert_eq!(request("transports").vias()[3].transport, "UNKNOWN");
    assert_eq!(request("longreq").vias().len(), 34);
    assert_eq!(
        request("lwsdisp").from().unwrap().display.as_deref(),
        Some("caller")
    );
}

#[test]
fn lines_may_end_in_lf_and_names_may_be_latin_1() {
    let text = b"\r\n\r\nOPTIONS sip:a@b SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\nf: \"Andr\xe9\" <sip:a@b>;tag=1\nt: <sip:a@b>\ni: 1\nCSeq: 1 OPTIONS\n\nrest";
    let Ok(Message::Request(options)) = parse(text) else {
        panic!("not taken")
    };
    assert_eq!(options.from().unwrap().display.as_deref(), Some("André"));
    assert_eq!(options.body, b"rest");
    let answer = options.response(Status::OK, "2").to_bytes().unwrap();
    assert!(
        answer.windows(5).any(|window| window == b"Andr\xe9"),
        "answered in another charset"
    );
}

#[test]
fn two_to_the_64_minus_one_is_no_length() {
    let text = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n";
    for length in [
        "18446744073709551615",
        "18446744073709551616",
        "-1",
        "1",
        "0x0",
        "",
    ] {
        let malformed =
            parse(format!("{text}Content-Length: {length}\r\n\r\n").as_bytes()).expect_err(length);
        assert_eq!(malformed.status, Status::BAD_REQUEST);
    }
}

/// Cuts, doubles, swaps and flips, and throws in what hurts.
fn mutate(chance: &mut Chance, seeds: &[(String, Vec<u8>)]) -> Vec<u8> {
    const EVIL: [&[u8]; 16] = [
        b"\r\n",
        b"\r\n ",
        b"\0",
        b"\"",
        b"<",
        b">",
        b";",
        b",",
        b"=",
        b"%",
        b"\\",
        b"[",
        b"]",
        b"\xff\xfe",
        b"99999999999999999999",
        b":",
    ];
    let mut bytes = seeds[chance.below(seeds.len() as u64) as usize].1.clone();
    for _ in 0..1 + chance.below(8) {
        let at = chance.below(bytes.len() as u64 + 1) as usize;
        match chance.below(6) {
            0 => bytes.truncate(at),
            1 => {
                let end = (at + chance.below(64) as usize).min(bytes.len());
                bytes.drain(at..end);
            }
            2 => {
                let evil = EVIL[chance.below(EVIL.len() as u64) as usize];
                bytes.splice(at..at, evil.iter().copied());
            }
            3 => {
                let other = &seeds[chance.below(seeds.len() as u64) as usize].1;
                let from = chance.below(other.len() as u64) as usize;
                let to = (from + chance.below(200) as usize).min(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
            4 => {
                let end = (at + chance.below(100) as usize).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << chance.below(8);
                }
            }
        }
    }
    bytes
}

#[test]
fn mutations_are_read_or_refused_and_what_is_read_can_be_written_again() {
    let seeds = all();
    let mut chance = Chance(4475);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..30_000 {
        let bytes = mutate(&mut chance, &seeds);
        let message = match parse(&bytes) {
            Ok(message) => message,
            Err(_) => {
                refused += 1;
                continue;
            }
        };
        read += 1;
        let again = match &message {
            Message::Request(request) => {
                let _all = (
                    request.vias(),
                    request.contacts(),
                    request.addresses("Route"),
                    request.tokens("Require"),
                    request.sdp(),
                );
                request.to_bytes()
            }
            Message::Response(response) => response.to_bytes(),
        };
        // A bare NUL or CR may be read, but is never passed on.
        if let Ok(again) = again {
            let reread = parse(&again)
                .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&again)));
            assert_eq!(call_id(&reread), call_id(&message));
        }
    }
    assert!(
        read > 3000 && refused > 3000,
        "{read} read, {refused} refused"
    );
}

fn call_id(message: &Message) -> Option<String> {
    match message {
        Message::Request(request) => request.headers.value("Call-ID").map(str::to_owned),
        Message::Response(response) => response.headers.value("Call-ID").map(str::to_owned),
    }
}

#[test]
fn an_endpoint_takes_any_datagram_and_is_at_rest_in_the_end() {
    let seeds = all();
    let mut chance = Chance(3261);
    let mut endpoint = support::endpoint("192.0.2.1:5060", 1);
    let mut now = Duration::ZERO;
    for _ in 0..20_000 {
        now += Duration::from_millis(chance.below(50));
        endpoint.handle_timeout(now);
        let bytes = mutate(&mut chance, &seeds);
        let from = Flow::udp("192.0.2.9:5060".parse().unwrap());
        endpoint.handle_message(now, from, &bytes);
        while let Some(transmit) = endpoint.poll_transmit() {
            // Only what answers a request that could not be read may itself be odd.
            let text = String::from_utf8_lossy(&transmit.bytes);
            assert!(
                parse(&transmit.bytes).is_ok()
                    || text.starts_with("SIP/2.0 400")
                    || text.starts_with("SIP/2.0 505"),
                "{text}"
            );
        }
        while endpoint.poll_event().is_some() {}
        for call in endpoint.calls() {
            endpoint.hang_up(now, call, None);
        }
    }
    while let Some(at) = endpoint.poll_timeout() {
        endpoint.handle_timeout(at);
    }
    assert!(endpoint.is_idle(), "{endpoint:#?}");
}
