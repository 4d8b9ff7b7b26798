//! Recordings, fetched in parts and played (ACCEPTANCE 110).

mod support;

use offhook_desk::{CannotPlay, Command, PauseReason, PlaybackPhase, PlaybackView, View};
use offhook_model::api::Event;
use offhook_model::{CallId, Code, Direction, LegId, LegOutcome, LegRecord, Recording, Wall};
use std::time::SystemTime;
use support::{World, caller, ready};
use uuid::Uuid;

const LEG: LegId = LegId(Uuid::from_u128(77));

/// A minute of two channels.
fn wav() -> Vec<u8> {
    let length = 60 * 64_000_u32;
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + length).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    wav.extend(16_000_u32.to_le_bytes());
    wav.extend(64_000_u32.to_le_bytes());
    wav.extend(b"\x04\0\x10\0data");
    wav.extend(length.to_le_bytes());
    wav.resize(wav.len() + length as usize, 1);
    wav
}

fn row(recording: Option<Recording>) -> LegRecord {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = i64::try_from(now.expect("after 1970").as_millis()).expect("before long");
    LegRecord {
        leg: LEG,
        call: CallId(Uuid::from_u128(78)),
        direction: Direction::Inbound,
        number: None,
        customer: None,
        skill_group: None,
        offered_at: Wall(now - 90_000),
        answered_at: Some(Wall(now - 80_000)),
        ended_at: Some(Wall(now - 20_000)),
        outcome: Some(LegOutcome::Connected),
        recording,
    }
}

fn at(view: &View) -> Option<(PlaybackPhase, u64)> {
    let PlaybackView {
        phase, position, ..
    } = view.playback?;
    Some((phase, position))
}

/// Waits until it plays beyond this place.
async fn plays(world: &mut World, beyond: u64) -> View {
    let beyond = |view: &View| {
        at(view).is_some_and(|(phase, at)| phase == PlaybackPhase::Playing && at > beyond)
    };
    world.desk.until("it to play", beyond).await
}

#[tokio::test]
async fn a_recording_is_fetched_in_parts_and_a_call_pauses_it() {
    let mut world = ready().await;
    world.api.records(Some(wav()));
    world.desk.send(Command::PlayRecording { leg: LEG }).await;
    let view = plays(&mut world, 100).await;
    assert_eq!(view.playback.map(|playback| playback.length), Some(60_000));
    world
        .desk
        .send(Command::SeekPlayback { millis: 50_000 })
        .await;
    plays(&mut world, 50_000).await;
    let fetched = world.api.asked.borrow().clone();
    let parts = fetched
        .iter()
        .filter(|asked| asked.contains("/recordings/"));
    assert!((3..=9).contains(&parts.count()), "{fetched:?}");

    let call = world.registrar.call(caller(1)).await;
    world.desk.until_offered().await;
    let paused = PlaybackPhase::Paused {
        why: PauseReason::Call,
    };
    let view = world.desk.phone.view();
    assert_eq!(at(&view).map(|(phase, _)| phase), Some(paused));
    assert_eq!(view.cannot_play, Some(CannotPlay::InCall));
    world.registrar.hang_up(call, None).await;
    world
        .desk
        .until("the end of the ring", |view| view.calls.is_empty())
        .await;
    let view = world.desk.phone.view();
    assert_eq!(at(&view).map(|(phase, _)| phase), Some(paused));
    world.desk.send(Command::PlayRecording { leg: LEG }).await;
    plays(&mut world, 50_000).await;
    world.desk.send(Command::StopPlayback).await;
    world
        .desk
        .until("its end", |view| view.playback.is_none())
        .await;
}

#[tokio::test]
async fn what_the_centre_does_not_give_is_said_and_the_list_hears_of_a_recording() {
    let mut world = ready().await;
    world.desk.send(Command::PlayRecording { leg: LEG }).await;
    let forbidden = PlaybackPhase::Failed {
        code: Code::Forbidden,
    };
    let failed = |view: &View| at(view).is_some_and(|(phase, _)| phase == forbidden);
    world.desk.until("the refusal", failed).await;

    world.api.tell(Event::Leg(row(None)));
    let listed = |count: u64| move |view: &View| view.call_list > count;
    let view = world.desk.until("the row", listed(0)).await;
    let of_leg = |rows: Vec<offhook_phone::CallRow>| {
        rows.into_iter()
            .find(|row| row.record.leg == LEG)
            .expect("a row")
    };
    let found = of_leg(world.rows().await);
    assert_eq!(found.cannot_play, Some(CannotPlay::NoRecording));
    world
        .api
        .tell(Event::Leg(row(Some(Recording { millis: 60_000 }))));
    world.desk.until("the news", listed(view.call_list)).await;
    let found = of_leg(world.rows().await);
    assert_eq!(found.cannot_play, None);
    assert_eq!(found.record.recording.map(|it| it.millis), Some(60_000));
}
