//! Calls the agent makes, hold and the keypad, on the wire.

mod support;

use offhook_desk::{CallPhase, Command, NoticeKind, Switch, View};
use offhook_model::{Activity, Code, Key, LegOutcome};
use offhook_sip::endpoint::Event;
use offhook_sip::{CallKey, EndCause, HeadersExt, Status};
use support::{Ask, NUMBER, PATIENCE, World, caller, ready};

/// A-law, and telephone events at its clock.
const ALAW: &str =
    "m=audio PORT RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n";

fn phase(view: &View) -> Option<CallPhase> {
    view.calls.first().map(|call| call.phase)
}

impl World {
    /// The agent dials, and the far side has the INVITE.
    async fn dials(&mut self, number: &str) -> CallKey {
        self.desk
            .send(Command::Dial {
                number: number.into(),
            })
            .await;
        let came = self
            .registrar
            .until("the call", |event| matches!(event, Event::Incoming(_)))
            .await;
        let Event::Incoming(incoming) = came else {
            panic!("no call");
        };
        assert_eq!(incoming.request_uri.user_decoded().as_deref(), Some(NUMBER));
        let call = self.desk.phone.view().calls[0].clone();
        let header = |name: &str| incoming.headers.value(name).map(str::to_owned);
        assert_eq!(header("X-Offhook-Call"), Some(call.call.to_string()));
        assert_eq!(header("X-Offhook-Leg"), Some(call.leg.to_string()));
        let preferred = header("P-Preferred-Identity").expect("the caller id");
        assert!(preferred.contains("057115550100"), "{preferred}");
        incoming.call
    }

    /// A call of ours that was answered.
    async fn talks(&mut self) -> CallKey {
        let call = self.dials(NUMBER).await;
        let sdp = self.registrar.sdp(ALAW);
        self.registrar.ask(Ask::Answer { call, sdp }).await;
        self.desk.until_live().await;
        call
    }

    /// The next description of the session that the phone asks for, and which way media is to flow in it.
    async fn reoffered(&mut self) -> String {
        let event = self
            .registrar
            .until("a change", |event| matches!(event, Event::Reoffer { .. }))
            .await;
        let Event::Reoffer { sdp: Some(sdp), .. } = event else {
            panic!("no offer");
        };
        String::from_utf8_lossy(&sdp).into_owned()
    }

    async fn hold(&self, held: bool) {
        let leg = self.desk.phone.view().calls[0].leg;
        self.desk.send(Command::SetHeld { leg, held }).await;
    }

    /// Reads packets that reach the customer until one `is` as wanted.
    async fn packet(&self, what: &str, is: impl Fn(&[u8]) -> bool) {
        let wanted = async {
            let mut packet = [0; 2048];
            loop {
                let size = self
                    .registrar
                    .rtp
                    .recv(&mut packet)
                    .await
                    .expect("a packet");
                if is(&packet[..size]) {
                    return;
                }
            }
        };
        assert!(
            tokio::time::timeout(PATIENCE, wanted).await.is_ok(),
            "never: {what}"
        );
    }
}

#[tokio::test]
async fn a_call_of_ours_rings_is_answered_and_ends_in_wrap_up() {
    let mut world = ready().await;
    let call = world.dials("128-0055 (0142)").await;
    let status = Status::RINGING;
    let sdp = None;
    world
        .registrar
        .ask(Ask::Progress { call, status, sdp })
        .await;
    let view = world
        .desk
        .until("ringing there", |view| {
            phase(view) == Some(CallPhase::Alerting)
        })
        .await;
    assert_eq!(view.activity, Activity::Dialling);
    assert_eq!(view.calls[0].answered_at, None);
    let sdp = world.registrar.sdp(ALAW);
    world.registrar.ask(Ask::Answer { call, sdp }).await;
    world.desk.until_live().await;
    world.packet("voice", |packet| packet[1] & 0x7f == 8).await;
    world.registrar.hang_up(call, None).await;
    world
        .desk
        .until("wrap-up", |view| view.activity == Activity::WrapUp)
        .await;
    let rows = world.rows().await;
    assert_eq!(rows[0].record.outcome, Some(LegOutcome::Connected));
}

#[tokio::test]
async fn each_refusal_of_a_call_is_told_apart() {
    for (status, outcome) in [
        (486, LegOutcome::Busy),
        (480, LegOutcome::NoAnswer),
        (603, LegOutcome::Rejected),
        (404, LegOutcome::InvalidNumber),
    ] {
        let mut world = ready().await;
        let call = world.dials(NUMBER).await;
        let status = Status(status);
        world.registrar.ask(Ask::Reject { call, status }).await;
        let view = world
            .desk
            .until("wrap-up", |view| view.activity == Activity::WrapUp)
            .await;
        assert!(matches!(
            view.notices.last().map(|notice| &notice.about),
            Some(NoticeKind::NotReached { outcome: told, .. }) if *told == outcome
        ));
        assert_eq!(world.rows().await[0].record.outcome, Some(outcome));
    }
}

#[tokio::test]
async fn giving_up_cancels_the_call() {
    let mut world = ready().await;
    let call = world.dials(NUMBER).await;
    let status = Status::RINGING;
    let sdp = None;
    world
        .registrar
        .ask(Ask::Progress { call, status, sdp })
        .await;
    let view = world
        .desk
        .until("ringing there", |view| {
            phase(view) == Some(CallPhase::Alerting)
        })
        .await;
    let leg = view.calls[0].leg;
    world.desk.send(Command::HangUp { leg }).await;
    let ended = world
        .registrar
        .until("the cancel", |event| matches!(event, Event::Ended { .. }))
        .await;
    assert!(
        matches!(
            ended,
            Event::Ended {
                cause: EndCause::Cancelled { .. },
                ..
            }
        ),
        "{ended:?}"
    );
    assert_eq!(
        world.rows().await[0].record.outcome,
        Some(LegOutcome::Cancelled)
    );
}

#[tokio::test]
async fn early_media_open_the_way_before_the_answer() {
    let mut world = ready().await;
    let call = world.dials(NUMBER).await;
    let status = Status::SESSION_PROGRESS;
    let sdp = Some(world.registrar.sdp(ALAW));
    world
        .registrar
        .ask(Ask::Progress { call, status, sdp })
        .await;
    world
        .desk
        .until("early media", |view| {
            phase(view) == Some(CallPhase::Alerting)
        })
        .await;
    // Silence packets open the way for the far side's media.
    world
        .packet("silence", |packet| packet[1] & 0x7f == 8)
        .await;
    let sdp = world.registrar.sdp(ALAW);
    world.registrar.ask(Ask::Answer { call, sdp }).await;
    world.desk.until_live().await;
}

#[tokio::test]
async fn hold_is_shown_when_the_far_side_has_agreed_and_packets_flow_on() {
    let mut world = ready().await;
    let call = world.talks().await;
    world.hold(true).await;
    let offer = world.reoffered().await;
    assert!(
        offer.contains("a=sendonly") && offer.contains("RTP/AVP 8 101"),
        "{offer}"
    );
    let held = world.desk.phone.view().calls[0].held;
    assert_eq!(
        held,
        Switch {
            wanted: true,
            confirmed: false
        }
    );
    let sdp = world.registrar.sdp(&format!("{ALAW}a=recvonly\r\n"));
    world.registrar.ask(Ask::AnswerReoffer { call, sdp }).await;
    world
        .desk
        .until("on hold", |view| view.calls[0].held.confirmed)
        .await;
    world
        .packet("silence", |packet| packet[1] & 0x7f == 8)
        .await;
    world.hold(false).await;
    let offer = world.reoffered().await;
    assert!(offer.contains("a=sendrecv"), "{offer}");
    let sdp = world.registrar.sdp(ALAW);
    world.registrar.ask(Ask::AnswerReoffer { call, sdp }).await;
    world
        .desk
        .until("retrieved", |view| view.calls[0].held == Switch::default())
        .await;
}

#[tokio::test]
async fn a_change_of_mind_while_hold_is_asked_ends_where_the_agent_left_it() {
    let mut world = ready().await;
    let call = world.talks().await;
    world.hold(true).await;
    let offer = world.reoffered().await;
    assert!(offer.contains("a=sendonly"), "{offer}");
    for held in [false, true, false] {
        world.hold(held).await;
    }
    let sdp = world.registrar.sdp(&format!("{ALAW}a=recvonly\r\n"));
    world.registrar.ask(Ask::AnswerReoffer { call, sdp }).await;
    let offer = world.reoffered().await;
    assert!(offer.contains("a=sendrecv"), "{offer}");
    let sdp = world.registrar.sdp(ALAW);
    world.registrar.ask(Ask::AnswerReoffer { call, sdp }).await;
    world
        .desk
        .until("retrieved", |view| view.calls[0].held == Switch::default())
        .await;
}

#[tokio::test]
async fn a_refused_hold_is_told_and_the_call_goes_on() {
    let mut world = ready().await;
    let call = world.talks().await;
    world.hold(true).await;
    world.reoffered().await;
    let status = Status::NOT_ACCEPTABLE_HERE;
    world
        .registrar
        .ask(Ask::RejectReoffer { call, status })
        .await;
    let view = world
        .desk
        .until("the refusal", |view| !view.notices.is_empty())
        .await;
    assert_eq!(view.calls[0].held, Switch::default());
    assert!(matches!(
        view.notices[0].about,
        NoticeKind::Failed {
            code: Code::HoldRefused
        }
    ));
    assert_eq!(phase(&view), Some(CallPhase::Live));
}

#[tokio::test]
async fn keys_go_out_as_telephone_events_and_are_refused_where_none_were_agreed() {
    let mut world = ready().await;
    world.talks().await;
    let leg = world.desk.phone.view().calls[0].leg;
    let key = Key::try_from('5').expect("a key");
    world.desk.send(Command::Press { leg, key }).await;
    world
        .packet("the event", |packet| {
            packet[1] & 0x7f == 101 && packet[12] == 5
        })
        .await;
    let view = world.desk.phone.view();
    assert_eq!(view.calls[0].keyed.0, "5");

    let mut world = ready().await;
    world.registrar.call(caller(1)).await;
    let offered = world.desk.until_offered().await;
    let leg = offered.leg;
    world.desk.send(Command::Answer { leg }).await;
    world.desk.until_live().await;
    world.desk.send(Command::Press { leg, key }).await;
    let view = world
        .desk
        .until("the refusal", |view| !view.notices.is_empty())
        .await;
    assert!(matches!(
        view.notices[0].about,
        NoticeKind::Failed {
            code: Code::KeypadUnavailable
        }
    ));
}
