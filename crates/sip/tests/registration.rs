//! A user agent and its registrar: over a fair wire, a bad one, and against answers written by hand.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use offhook_sip::endpoint::{Config, Endpoint};
use offhook_sip::message::{Message, parse};
use offhook_sip::server::{Challenger, Limits, Registrar};
use offhook_sip::{
    Account, CallKey, Command, Core, EndCause, Event, Flow, Method, Password, RegistrationError,
    Request, Response, Status, Transmit, Transport, UserAgent,
};
use support::{Agent, FAIR, Office, Weather, Wire, run};

const PHONE: &str = "192.0.2.1:5060";
const OFFICE: &str = "192.0.2.2:5060";

fn account(password: &str, expires: u64) -> Account {
    Account {
        aor: "sip:1001@example.com".parse().unwrap(),
        display_name: Some("Agent \"1\"".to_owned()),
        auth_user: "1001".to_owned(),
        password: Password::new(password),
        realm: None,
        registrar: OFFICE.parse().unwrap(),
        transport: Transport::Udp,
        admitted: Vec::new(),
        expires: Duration::from_secs(expires),
        user_agent: "test".to_owned(),
    }
}

fn agent(password: &str, expires: u64, seed: u64) -> Agent {
    let addr = PHONE.parse().unwrap();
    Agent {
        ua: UserAgent::new(account(password, expires), addr, seed),
        addr,
    }
}

fn office(seed: u64) -> Office {
    let config = Config {
        local: OFFICE.parse().unwrap(),
        user_agent: "office".to_owned(),
        serves: vec![Method::REGISTER],
        symmetric: true,
    };
    let limits = Limits {
        min: Duration::from_secs(60),
        max: Duration::from_secs(3600),
        default: Duration::from_secs(300),
        contacts: 1,
    };
    Office {
        endpoint: Endpoint::new(config, seed),
        registrar: Registrar::new(limits),
        challenger: Challenger::new("office", Duration::from_secs(32), seed),
    }
}

fn events(agent: &mut Agent) -> Vec<Event> {
    std::iter::from_fn(|| agent.ua.poll_event()).collect()
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// How often the phone sent a REGISTER.
fn registers(wire: &Wire) -> usize {
    wire.log
        .iter()
        .filter(|(_, what, _)| what == "REGISTER")
        .count()
}

#[test]
fn it_stays_registered_by_asking_anew_at_three_quarters_with_stale_nonces_on_the_way() {
    let (mut phone, mut office) = (agent("right", 120, 1), office(2));
    let mut wire = Wire::new(FAIR, 3);
    phone.ua.handle_command(secs(0), Command::Register);
    run(secs(0), secs(1), &mut wire, &mut [&mut phone, &mut office]);
    assert!(
        matches!(events(&mut phone)[..], [Event::Registered { expires }] if expires == secs(120))
    );
    assert_eq!(registers(&wire), 2);
    assert_eq!(
        office.registrar.bindings(secs(1), "1001")[0]
            .contact
            .to_string(),
        format!("sip:1001@{PHONE}")
    );
    run(secs(1), secs(89), &mut wire, &mut [&mut phone, &mut office]);
    assert_eq!(registers(&wire), 2);
    run(
        secs(89),
        secs(1000),
        &mut wire,
        &mut [&mut phone, &mut office],
    );
    // 90 s old, each nonce has gone stale: one challenge each time, and nobody is asked for a password.
    assert!(
        events(&mut phone)
            .iter()
            .all(|event| matches!(event, Event::Registered { .. }))
    );
    assert_eq!(registers(&wire), 2 + 2 * 11);
    assert!(!office.registrar.bindings(secs(1000), "1001").is_empty());
}

#[test]
fn a_short_wish_that_was_raised_is_kept_by_the_raised_interval() {
    let (mut phone, mut office) = (agent("right", 20, 1), office(2));
    let mut wire = Wire::new(FAIR, 3);
    phone.ua.handle_command(secs(0), Command::Register);
    run(secs(0), secs(44), &mut wire, &mut [&mut phone, &mut office]);
    assert!(
        matches!(events(&mut phone)[..], [Event::Registered { expires }] if expires == secs(60))
    );
    assert_eq!(registers(&wire), 2);
}

#[test]
fn a_wrong_password_is_told_after_two_questions_and_not_tried_again_by_itself() {
    let (mut phone, mut office) = (agent("wrong", 120, 1), office(2));
    let mut wire = Wire::new(FAIR, 3);
    phone.ua.handle_command(secs(0), Command::Register);
    run(
        secs(0),
        secs(3600),
        &mut wire,
        &mut [&mut phone, &mut office],
    );
    assert!(matches!(
        events(&mut phone)[..],
        [Event::RegistrationFailed {
            cause: RegistrationError::Unauthorized,
            retry_in: None
        }]
    ));
    assert_eq!(registers(&wire), 2);
    assert!(phone.ua.is_at_rest());
    // Told that things have changed, it asks once more.
    phone.ua.handle_command(secs(3600), Command::NetworkChanged);
    run(
        secs(3600),
        secs(7200),
        &mut wire,
        &mut [&mut phone, &mut office],
    );
    assert_eq!((events(&mut phone).len(), registers(&wire)), (1, 4));
    // Who does not want to be registered does not ask.
    phone.ua.handle_command(secs(7200), Command::Unregister);
    run(
        secs(7200),
        secs(7300),
        &mut wire,
        &mut [&mut phone, &mut office],
    );
    let asked = registers(&wire);
    phone.ua.handle_command(secs(7300), Command::NetworkChanged);
    run(
        secs(7300),
        secs(7400),
        &mut wire,
        &mut [&mut phone, &mut office],
    );
    assert_eq!(registers(&wire), asked);
}

#[test]
fn leaving_withdraws_the_registration() {
    let (mut phone, mut office) = (agent("right", 120, 1), office(2));
    let mut wire = Wire::new(FAIR, 3);
    phone.ua.handle_command(secs(0), Command::Register);
    run(secs(0), secs(50), &mut wire, &mut [&mut phone, &mut office]);
    phone.ua.handle_shutdown(secs(50));
    assert!(!phone.ua.is_idle());
    run(
        secs(50),
        secs(51),
        &mut wire,
        &mut [&mut phone, &mut office],
    );
    assert!(phone.ua.is_idle());
    assert!(matches!(
        events(&mut phone)[..],
        [Event::Registered { .. }, Event::Unregistered]
    ));
    assert!(office.registrar.bindings(secs(51), "1001").is_empty());
    run(
        secs(51),
        secs(2000),
        &mut wire,
        &mut [&mut phone, &mut office],
    );
    assert!(phone.ua.is_at_rest());
}

#[test]
fn over_a_wire_that_loses_a_third_it_is_registered_almost_always() {
    let (mut registered, mut failures) = (0, 0);
    for seed in 0..200 {
        let (mut phone, mut office) = (agent("right", 120, seed), office(seed + 1000));
        let weather = Weather {
            loss: 30,
            repeat: 20,
            longest: Duration::from_millis(400),
        };
        let mut wire = Wire::new(weather, seed + 2000);
        phone.ua.handle_command(secs(0), Command::Register);
        run(
            secs(0),
            secs(1000),
            &mut wire,
            &mut [&mut phone, &mut office],
        );
        // Eleven sendings lost in a row happen once in some thousand times; it is told and tried again.
        let told = events(&mut phone);
        failures += told
            .iter()
            .filter(|event| !matches!(event, Event::Registered { .. }))
            .count();
        registered += usize::from(!office.registrar.bindings(secs(1000), "1001").is_empty());
        phone.ua.handle_command(secs(1000), Command::Unregister);
        run(
            secs(1000),
            secs(1200),
            &mut wire,
            &mut [&mut phone, &mut office],
        );
        assert!(office.registrar.bindings(secs(1200), "1001").is_empty());
        assert!(
            phone.ua.is_at_rest() && office.endpoint.is_idle(),
            "{:#?}",
            office.endpoint
        );
    }
    assert!(
        registered >= 198 && failures <= 10,
        "{registered} of 200, {failures} failures"
    );
}

fn is_keep_alive(transmit: &Transmit) -> bool {
    transmit.bytes == b"\r\n\r\n"
}

/// A user agent whose registrar is the test.
struct Stage {
    ua: UserAgent,
    now: Duration,
}

impl Stage {
    fn new() -> Self {
        Self::over(Transport::Udp)
    }

    fn over(transport: Transport) -> Self {
        let account = Account {
            transport,
            ..account("right", 120)
        };
        Self {
            ua: UserAgent::new(account, PHONE.parse().unwrap(), 5),
            now: secs(1),
        }
    }

    fn registered(transport: Transport) -> Self {
        let mut stage = Self::over(transport);
        let register = stage.command(Command::Register).remove(0);
        stage.answer(&register, 200, &[]);
        assert!(matches!(stage.event(), Event::Registered { .. }));
        stage
    }

    /// When keep-alives are sent in that time.
    fn keep_alives(&mut self, time: Duration) -> Vec<Duration> {
        let until = self.now + time;
        let mut sent = Vec::new();
        while let Some(at) = self.ua.poll_timeout().filter(|at| *at <= until) {
            self.now = at;
            self.ua.handle_timeout(at);
            while let Some(transmit) = self.ua.poll_transmit() {
                if is_keep_alive(&transmit) {
                    assert_eq!(transmit.to, self.office());
                    sent.push(at);
                }
            }
        }
        sent
    }

    fn cut(&mut self) {
        self.ua.handle_disconnected(self.now, self.office());
    }

    fn office(&self) -> Flow {
        Flow {
            transport: self.ua.account().transport,
            addr: OFFICE.parse().unwrap(),
        }
    }

    fn command(&mut self, command: Command) -> Vec<Request> {
        self.ua.handle_command(self.now, command);
        self.requests()
    }

    fn requests(&mut self) -> Vec<Request> {
        std::iter::from_fn(|| self.ua.poll_transmit())
            .filter(|transmit| !is_keep_alive(transmit))
            .filter_map(|transmit| match parse(&transmit.bytes).unwrap() {
                Message::Request(request) => Some(request),
                Message::Response(_) => None,
            })
            .collect()
    }

    fn wait(&mut self, time: Duration) -> Vec<Request> {
        let until = self.now + time;
        let mut sent = Vec::new();
        while let Some(at) = self.ua.poll_timeout().filter(|at| *at <= until) {
            self.now = at;
            self.ua.handle_timeout(at);
            sent.extend(self.requests());
        }
        self.now = until;
        sent
    }

    fn answer(&mut self, request: &Request, status: u16, headers: &[(&str, &str)]) -> Vec<Request> {
        let mut response = request.response(Status(status), "x");
        headers
            .iter()
            .for_each(|(name, value)| response.push(name, *value));
        self.ua
            .handle_message(self.now, self.office(), &response.to_bytes().unwrap());
        self.requests()
    }

    fn event(&mut self) -> Event {
        self.ua.poll_event().expect("an event")
    }

    fn from(&mut self, source: &str, text: &str) -> Vec<Response> {
        self.ua.handle_message(
            self.now,
            Flow::udp(source.parse().unwrap()),
            text.replace('\n', "\r\n").as_bytes(),
        );
        std::iter::from_fn(|| self.ua.poll_transmit())
            .filter_map(|transmit| match parse(&transmit.bytes).unwrap() {
                Message::Response(response) => Some(response),
                Message::Request(_) => None,
            })
            .collect()
    }
}

#[test]
fn the_contacts_own_expires_counts_before_the_header_and_ours_is_picked_of_several() {
    let mut stage = Stage::new();
    let register = stage.command(Command::Register).remove(0);
    assert_eq!(
        (
            register.uri.to_string().as_str(),
            register.header("Expires")
        ),
        ("sip:example.com", Some("120"))
    );
    assert_eq!(
        register.from().unwrap().display.as_deref(),
        Some("Agent \"1\"")
    );
    let contact =
        "<sip:1001@198.51.100.1:5060>;expires=7, \"me\" <sip:1001@192.0.2.1:5060>;expires=40";
    stage.answer(&register, 200, &[("Expires", "3600"), ("Contact", contact)]);
    assert!(matches!(stage.event(), Event::Registered { expires } if expires == secs(40)));
    assert!(stage.wait(secs(29)).is_empty());
    let again = stage.wait(secs(2)).remove(0);
    assert_eq!(again.call_id(), register.call_id());
    assert_eq!(
        again.cseq().unwrap().number,
        register.cseq().unwrap().number + 1
    );
}

#[test]
fn an_interval_too_brief_is_raised_once_as_asked() {
    let mut stage = Stage::new();
    let register = stage.command(Command::Register).remove(0);
    let again = stage
        .answer(&register, 423, &[("Min-Expires", "600")])
        .remove(0);
    assert_eq!(again.header("Expires"), Some("600"));
    assert!(
        stage
            .answer(&again, 423, &[("Min-Expires", "600")])
            .is_empty()
    );
    assert!(matches!(
        stage.event(),
        Event::RegistrationFailed {
            cause: RegistrationError::Refused(Status(423)),
            retry_in: Some(_)
        }
    ));
}

#[test]
fn retry_after_is_kept_and_further_failures_wait_longer_and_by_chance() {
    let mut stage = Stage::new();
    let mut register = stage.command(Command::Register).remove(0);
    stage.answer(&register, 503, &[("Retry-After", "20")]);
    assert!(
        matches!(stage.event(), Event::RegistrationFailed { retry_in: Some(wait), .. } if wait >= secs(20) && wait <= secs(21))
    );
    assert!(stage.wait(secs(19)).is_empty());
    register = stage.wait(secs(3)).remove(0);
    let mut waits = Vec::new();
    for _ in 0..8 {
        stage.answer(&register, 500, &[]);
        let Event::RegistrationFailed {
            retry_in: Some(wait),
            ..
        } = stage.event()
        else {
            panic!("not failed")
        };
        register = stage.wait(wait).remove(0);
        waits.push(wait.as_millis());
    }
    let doubled = [
        4000, 8000, 16_000, 32_000, 64_000, 120_000, 120_000, 120_000,
    ];
    for (wait, most) in waits.iter().zip(doubled) {
        assert!((most / 2..=most).contains(wait), "{waits:?}");
    }
    stage.answer(&register, 200, &[]);
    assert!(matches!(stage.event(), Event::Registered { expires } if expires == secs(120)));
}

#[test]
fn a_refresh_without_answer_is_an_event_and_is_tried_again() {
    let mut stage = Stage::new();
    let register = stage.command(Command::Register).remove(0);
    stage.answer(&register, 200, &[]);
    stage.event();
    let sent = stage.wait(secs(90 + 40));
    assert!(
        sent.len() > 10
            && sent
                .iter()
                .all(|request| request.method == Method::REGISTER)
    );
    assert!(matches!(
        stage.event(),
        Event::RegistrationFailed {
            cause: RegistrationError::Timeout,
            retry_in: Some(_)
        }
    ));
    let again = sent.last().unwrap().clone();
    stage.answer(&again, 200, &[]);
    assert!(matches!(stage.event(), Event::Registered { .. }));
}

#[test]
fn a_refused_port_and_a_foreign_realm_are_told_apart_and_at_once() {
    let mut stage = Stage::new();
    stage.command(Command::Register);
    stage.ua.handle_unreachable(stage.now, stage.office());
    assert!(matches!(
        stage.event(),
        Event::RegistrationFailed {
            cause: RegistrationError::Unreachable,
            retry_in: Some(_)
        }
    ));
    let mut ours = account("right", 120);
    ours.realm = Some("office".to_owned());
    stage.ua = UserAgent::new(ours, PHONE.parse().unwrap(), 5);
    let register = stage.command(Command::Register).remove(0);
    assert!(
        stage
            .answer(
                &register,
                401,
                &[("WWW-Authenticate", "Digest realm=\"evil\", nonce=\"1\"")]
            )
            .is_empty()
    );
    assert!(matches!(
        stage.event(),
        Event::RegistrationFailed {
            cause: RegistrationError::BadChallenge,
            retry_in: None
        }
    ));
}

#[test]
fn a_changed_network_asks_anew_at_once() {
    let mut stage = Stage::new();
    assert!(stage.command(Command::NetworkChanged).is_empty());
    let register = stage.command(Command::Register).remove(0);
    stage.answer(&register, 200, &[]);
    assert_eq!(stage.command(Command::NetworkChanged).len(), 1);
}

#[test]
fn the_way_to_the_registrar_is_kept_open_while_it_knows_us() {
    for (transport, low, high) in [(Transport::Udp, 15, 20), (Transport::Tcp, 25, 30)] {
        let mut stage = Stage::registered(transport);
        let mut before = stage.now;
        let sent = stage.keep_alives(secs(85));
        assert!(sent.len() >= 2, "{sent:?}");
        for at in sent {
            let wait = at - before;
            assert!(wait >= secs(low) && wait <= secs(high), "{wait:?}");
            before = at;
        }
        stage.command(Command::Unregister);
        assert!(stage.keep_alives(secs(40)).is_empty());
    }
}

#[test]
fn a_registrar_that_is_gone_is_noticed_and_asked_within_seconds_until_it_is_back() {
    let mut stage = Stage::registered(Transport::Udp);
    stage.ua.handle_unreachable(stage.now, stage.office());
    for _ in 0..12 {
        let Event::RegistrationFailed {
            cause: RegistrationError::Unreachable,
            retry_in: Some(wait),
        } = stage.event()
        else {
            panic!("not noticed")
        };
        assert!(wait <= secs(8), "{wait:?}");
        assert_eq!(stage.wait(wait).len(), 1);
        stage.ua.handle_unreachable(stage.now, stage.office());
    }
    let Event::RegistrationFailed {
        retry_in: Some(wait),
        ..
    } = stage.event()
    else {
        panic!("not noticed")
    };
    let register = stage.wait(wait).remove(0);
    stage.answer(&register, 200, &[]);
    assert!(matches!(stage.event(), Event::Registered { .. }));
}

#[test]
fn a_lost_connection_is_told_and_the_registrar_asked_at_once_but_not_again_and_again() {
    let mut stage = Stage::registered(Transport::Tcp);
    stage.now += secs(30);
    for (in_between, at_once) in [(30, true), (2, false), (30, true)] {
        stage.cut();
        let Event::RegistrationFailed {
            cause: RegistrationError::Disconnected,
            retry_in: Some(wait),
        } = stage.event()
        else {
            panic!("not told")
        };
        assert_eq!(wait.is_zero(), at_once);
        let register = stage.wait(wait).remove(0);
        assert_eq!(register.via().unwrap().transport, "TCP");
        stage.answer(&register, 200, &[]);
        assert!(matches!(stage.event(), Event::Registered { .. }));
        stage.wait(secs(if at_once { 2 } else { in_between + 30 }));
    }
}

#[test]
fn a_connection_cut_before_the_answer_is_told_and_no_connection_after_it_too() {
    let mut stage = Stage::over(Transport::Tcp);
    stage.command(Command::Register);
    stage.cut();
    assert!(matches!(
        stage.event(),
        Event::RegistrationFailed {
            cause: RegistrationError::Disconnected,
            retry_in: Some(Duration::ZERO)
        }
    ));
    assert_eq!(stage.wait(secs(0)).len(), 1);
    stage.ua.handle_unreachable(stage.now, stage.office());
    assert!(matches!(
        stage.event(),
        Event::RegistrationFailed {
            cause: RegistrationError::Unreachable,
            ..
        }
    ));
}

#[test]
fn a_connection_that_proves_dead_is_given_up_before_the_next_try() {
    let mut stage = Stage::over(Transport::Tcp);
    assert_eq!(stage.command(Command::Register).len(), 1);
    assert!(stage.wait(secs(32)).is_empty());
    assert!(matches!(
        stage.event(),
        Event::RegistrationFailed {
            cause: RegistrationError::Timeout,
            ..
        }
    ));
    assert_eq!(stage.ua.poll_disconnect(), Some(stage.office()));
    let register = stage.wait(secs(8)).remove(0);
    stage.answer(&register, 200, &[]);
    stage.event();
    assert_eq!(stage.command(Command::NetworkChanged).len(), 1);
    assert_eq!(stage.ua.poll_disconnect(), Some(stage.office()));
    assert_eq!(stage.ua.poll_disconnect(), None);
}

#[test]
fn over_connections_that_are_cut_it_is_registered_again_within_moments() {
    for seed in 0..200 {
        let mut phone = Agent {
            ua: UserAgent::new(
                Account {
                    transport: Transport::Tcp,
                    ..account("right", 120)
                },
                PHONE.parse().unwrap(),
                seed,
            ),
            addr: PHONE.parse().unwrap(),
        };
        let mut office = office(seed + 1000);
        let mut wire = Wire::new(
            Weather {
                longest: Duration::from_millis(200),
                ..FAIR
            },
            seed + 2000,
        );
        wire.listening.push(OFFICE.parse().unwrap());
        phone.ua.handle_command(secs(0), Command::Register);
        let mut now = secs(0);
        for round in 1..20 {
            let next = now + Duration::from_millis(seed * 37 + round * 911);
            run(now, next, &mut wire, &mut [&mut phone, &mut office]);
            wire.cut(next);
            now = next;
        }
        run(
            now,
            now + secs(10),
            &mut wire,
            &mut [&mut phone, &mut office],
        );
        let bindings = office.registrar.bindings(now + secs(10), "1001");
        assert_eq!(bindings.len(), 1, "seed {seed}");
        let contact = format!("sip:1001@{PHONE};transport=tcp");
        assert_eq!(bindings[0].contact.to_string(), contact);
        assert_eq!(bindings[0].source, Flow::tcp(PHONE.parse().unwrap()));
        assert!(matches!(
            events(&mut phone).last(),
            Some(Event::Registered { .. })
        ));
    }
}

const INVITE: &str = "INVITE sip:1001@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP SOURCE;branch=z9hG4bKa;rport\nFrom: <sip:x@x>;tag=1\nTo: <sip:1001@a>\n\
                      Call-ID: c\nCSeq: 1 INVITE\nContact: <sip:x@SOURCE>\n\n";

#[test]
fn calls_ring_only_from_the_registrars_address_but_options_is_answered_to_anyone() {
    let mut stage = Stage::new();
    let stranger = "203.0.113.9:5060";
    let answers = stage.from(stranger, &INVITE.replace("SOURCE", stranger));
    assert_eq!(
        answers
            .iter()
            .map(|response| response.status.0)
            .collect::<Vec<_>>(),
        [100, 403]
    );
    assert!(stage.ua.poll_event().is_none());
    let options = INVITE
        .replace("SOURCE", stranger)
        .replace("INVITE", "OPTIONS")
        .replace("z9hG4bKa", "z9hG4bKb");
    assert_eq!(stage.from(stranger, &options)[0].status, Status::OK);
    // Before the 200 of the REGISTER, from another port of the registrar's machine.
    stage.command(Command::Register);
    let other_port = "192.0.2.2:5080";
    assert_eq!(
        stage.from(other_port, &INVITE.replace("SOURCE", other_port))[0].status,
        Status::TRYING
    );
    assert!(matches!(stage.event(), Event::Incoming(_)));
}

/// Anybody can write the registrar's address on a datagram.
#[test]
fn who_is_registered_over_tls_is_called_over_tls_alone() {
    let account = Account {
        transport: Transport::Tls,
        ..account("right", 120)
    };
    let mut phone = UserAgent::new(account, PHONE.parse().unwrap(), 1);
    let invite = INVITE.replace("SOURCE", OFFICE).replace('\n', "\r\n");
    let mut ring_by = |flow: Flow, branch: &str| {
        let invite = invite
            .replace("z9hG4bKa", branch)
            .replace("Call-ID: c", &format!("Call-ID: {branch}"));
        phone.handle_message(secs(0), flow, invite.as_bytes());
        while phone.poll_transmit().is_some() {}
        phone.poll_event()
    };
    let office: SocketAddr = OFFICE.parse().unwrap();
    for (flow, branch) in [
        (Flow::udp(office), "z9hG4bKudp"),
        (Flow::tcp(office), "z9hG4bKtcp"),
    ] {
        assert!(ring_by(flow, branch).is_none(), "{flow}");
    }
    let rings = ring_by(Flow::tls(office), "z9hG4bKtls");
    assert!(matches!(rings, Some(Event::Incoming(_))), "{rings:?}");
}

#[test]
fn a_call_of_ours_goes_through_the_registrar_and_answers_its_challenge() {
    let mut stage = Stage::new();
    let call = CallKey(3);
    let to = "sip:13800138000@example.com".parse().unwrap();
    let invite = stage
        .command(Command::Invite {
            call,
            to,
            offer: b"v=0".to_vec(),
            headers: Vec::new(),
        })
        .remove(0);
    let sent = stage.answer(
        &invite,
        401,
        &[(
            "WWW-Authenticate",
            "Digest realm=\"office\", nonce=\"1\", qop=\"auth\"",
        )],
    );
    assert_eq!(
        sent.iter()
            .map(|request| request.method.as_str())
            .collect::<Vec<_>>(),
        ["ACK", "INVITE"]
    );
    stage.answer(&sent[1], 486, &[]);
    match stage.event() {
        Event::Ended {
            call: ended,
            cause: EndCause::Rejected { status, .. },
        } => {
            assert_eq!((ended, status), (call, Status::BUSY_HERE));
        }
        event => panic!("{event:?}"),
    }
}

#[test]
fn shutting_down_hangs_up_and_withdraws() {
    let mut stage = Stage::new();
    let register = stage.command(Command::Register).remove(0);
    stage.answer(&register, 200, &[]);
    let office = stage.office();
    stage.from(OFFICE, &INVITE.replace("SOURCE", OFFICE));
    stage.ua.handle_shutdown(stage.now);
    let sent: Vec<_> = std::iter::from_fn(|| stage.ua.poll_transmit())
        .map(|t| (t.to, parse(&t.bytes).unwrap()))
        .collect();
    assert!(sent.iter().all(|(to, _)| *to == office));
    assert!(
        matches!(&sent[0].1, Message::Response(response) if response.status == Status::TEMPORARILY_UNAVAILABLE)
    );
    assert!(
        matches!(&sent[1].1, Message::Request(request) if request.header("Expires") == Some("0"))
    );
}
