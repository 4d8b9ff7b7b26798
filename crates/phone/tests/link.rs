//! The link to the centre breaks off and is there again.

mod support;

use offhook_desk::{CallPhase, CallView, Command, NoticeKind};
use offhook_model::{
    Activity, Direction, LegOutcome, LegRecord, PhoneNumber, Presence, Wall,
    api::Event as CloudEvent,
};
use offhook_sip::EndCause;
use offhook_sip::endpoint::Event;
use support::{NUMBER, World, caller, eventually, ready};

/// What the centre has of a call that its restart ended.
fn lost(call: &CallView) -> LegRecord {
    LegRecord {
        leg: call.leg,
        call: call.call,
        direction: Direction::Inbound,
        number: PhoneNumber::parse(NUMBER).ok(),
        customer: None,
        skill_group: None,
        offered_at: call.offered_at,
        answered_at: None,
        ended_at: Some(Wall(call.offered_at.0 + 1)),
        outcome: Some(LegOutcome::LostByRestart),
        recording: None,
    }
}

/// Waits until the row says that the restart ended it.
async fn the_row_says_so(world: &World) -> offhook_phone::CallRow {
    loop {
        let row = world.rows().await.remove(0);
        if row.record.outcome == Some(LegOutcome::LostByRestart) {
            return row;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_stream_goes_on_after_its_last_event_and_the_call_list_is_asked_for_again() {
    let mut world = ready().await;
    world.api.tell(CloudEvent::Activity {
        activity: Activity::WrapUp,
        until: None,
    });
    world
        .desk
        .until("wrap-up", |view| view.activity == Activity::WrapUp)
        .await;
    let lists = |asked: &[String]| asked.iter().filter(|one| *one == "GET /v1/legs").count();
    eventually("the call list", &world.api.asked, |asked| lists(asked) == 1).await;
    world.api.break_off();
    world
        .desk
        .until("unconfirmed", |view| {
            view.presence.as_ref().is_some_and(|p| p.unconfirmed)
        })
        .await;
    let resumed = eventually("the stream again", &world.api.resumed, |all| all.len() == 2).await;
    // The first event is of the queues, the second of the activity.
    assert_eq!(resumed, [None, Some(2)]);
    eventually("the call list again", &world.api.asked, |asked| {
        lists(asked) == 2
    })
    .await;
    world
        .desk
        .until("confirmed", |view| {
            view.presence.as_ref().is_some_and(|p| !p.unconfirmed)
        })
        .await;
}

#[tokio::test]
async fn a_presence_asked_for_while_nobody_answers_is_asked_for_once_the_centre_is_back() {
    let mut world = ready().await;
    world.api.go_away(true);
    for presence in [Presence::Break, Presence::Ready, Presence::Break] {
        world.desk.send(Command::SetPresence { presence }).await;
    }
    world
        .desk
        .until("unconfirmed", |view| {
            view.presence.as_ref().is_some_and(|p| {
                p.unconfirmed
                    && p.wanted == Presence::Break
                    && p.confirmed.presence == Presence::Ready
            })
        })
        .await;
    let wishes = |asked: &[String]| {
        asked
            .iter()
            .filter(|one| *one == "PUT /v1/presence")
            .count()
    };
    let before = wishes(&world.api.asked.borrow());
    world.api.go_away(false);
    let view = world
        .desk
        .until("Break", |view| {
            view.presence
                .as_ref()
                .is_some_and(|p| !p.unconfirmed && p.confirmed.presence == Presence::Break)
        })
        .await;
    assert_eq!(view.notices, [], "nothing was refused");
    let after = wishes(&world.api.asked.borrow());
    let sent = after - before;
    assert!(
        (1..=2).contains(&sent),
        "{sent}: the newest wish, and at most one that was just on its way"
    );
}

#[tokio::test]
async fn a_call_that_the_centre_lost_by_its_restart_ends_in_wrap_up() {
    let mut world = ready().await;
    world.registrar.call(caller(1)).await;
    let offered = world.desk.until_offered().await;
    world.desk.send(Command::Answer { leg: offered.leg }).await;
    let live = world.desk.until_live().await;
    world.api.tell(CloudEvent::Leg(lost(&live)));
    let view = world
        .desk
        .until("wrap-up", |view| view.activity == Activity::WrapUp)
        .await;
    assert!(view.calls.is_empty());
    assert!(
        matches!(
            view.notices.last().map(|notice| &notice.about),
            Some(NoticeKind::CallGone {
                outcome: LegOutcome::LostByRestart,
                ..
            })
        ),
        "{:?}",
        view.notices
    );
    let form = view.wrap_ups.iter().find(|form| form.id == live.wrap_up);
    assert_eq!(
        form.and_then(|form| form.outcome),
        Some(LegOutcome::LostByRestart)
    );
    world
        .registrar
        .until("the BYE", |event| {
            matches!(
                event,
                Event::Ended {
                    cause: EndCause::Bye { .. },
                    ..
                }
            )
        })
        .await;
    let row = the_row_says_so(&world).await;
    assert!(
        row.record.answered_at.is_some(),
        "what this phone knew is kept"
    );
    assert_eq!(row.result, Some(offhook_model::CallResult::Normal));
}

#[tokio::test]
async fn a_ring_that_the_centre_lost_by_its_restart_is_let_go() {
    let mut world = ready().await;
    world.registrar.call(caller(1)).await;
    let offered = world.desk.until_offered().await;
    assert_eq!(offered.phase, CallPhase::Offered);
    world.api.tell(CloudEvent::Leg(lost(&offered)));
    let view = world.desk.until("gone", |view| view.calls.is_empty()).await;
    assert_eq!(view.activity, Activity::Free);
    world
        .registrar
        .until("the refusal", |event| {
            matches!(
                event,
                Event::Ended {
                    cause: EndCause::Rejected { .. },
                    ..
                }
            )
        })
        .await;
    let row = the_row_says_so(&world).await;
    assert_eq!(row.result, Some(offhook_model::CallResult::Missed));
}
