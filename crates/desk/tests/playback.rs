//! Recordings, played (ACCEPTANCE 110).

mod day;

use day::Day;
use offhook_desk::{
    CannotPlay, Command, Effect, Fact, LegEnd, NoticeKind, PauseReason, PlaybackFact,
    PlaybackPhase, PlaybackView,
};
use offhook_model::{
    CallId, Code, Direction, LegId, LegOutcome, LegRecord, Random, Recording, Wall,
};

fn leg(n: u64) -> LegId {
    LegId::mint(Wall(1), &mut Random::seeded(n))
}

fn told(day: &mut Day, leg: LegId, told: PlaybackFact) {
    day.fact(Fact::Playback { leg, told });
}

fn playback(day: &Day) -> PlaybackView {
    day.view().playback.expect("a playback")
}

/// A day on which a recording of a minute is heard.
fn playing(leg: LegId) -> Day {
    let mut day = Day::ready();
    day.command(Command::PlayRecording { leg });
    told(&mut day, leg, PlaybackFact::Opened { length: 60_000 });
    told(&mut day, leg, PlaybackFact::Playing { position: 1_000 });
    day.take();
    day
}

fn row(recording: Option<Recording>) -> LegRecord {
    LegRecord {
        leg: leg(1),
        call: CallId::mint(Wall(1), &mut Random::seeded(9)),
        direction: Direction::Inbound,
        number: None,
        customer: None,
        skill_group: None,
        offered_at: Wall(1),
        answered_at: Some(Wall(2)),
        ended_at: Some(Wall(3)),
        outcome: Some(LegOutcome::Connected),
        recording,
    }
}

const RECORDED: Option<Recording> = Some(Recording { millis: 60_000 });

#[test]
fn what_was_asked_while_it_was_fetched_is_done_once_it_is_there() {
    let (mut day, leg) = (Day::ready(), leg(1));
    day.command(Command::PlayRecording { leg });
    assert_eq!(day.take(), [Effect::OpenPlayback { leg }]);
    assert_eq!(playback(&day).phase, PlaybackPhase::Loading);
    day.command(Command::PlayRecording { leg });
    day.command(Command::SetPlaybackSpeed { speed: 150 });
    assert_eq!(day.take(), []);
    told(&mut day, leg, PlaybackFact::Opened { length: 60_000 });
    assert_eq!(
        day.take(),
        [
            Effect::SetPlaybackSpeed { speed: 150 },
            Effect::SeekPlayback { millis: 0 },
            Effect::ResumePlayback,
        ]
    );
    told(&mut day, leg, PlaybackFact::Waiting { position: 0 });
    assert_eq!(playback(&day).phase, PlaybackPhase::Loading);
    told(&mut day, leg, PlaybackFact::Playing { position: 200 });
    assert_eq!(
        playback(&day),
        PlaybackView {
            leg,
            phase: PlaybackPhase::Playing,
            position: 200,
            length: 60_000,
            speed: 150,
        }
    );
}

#[test]
fn pause_seek_speed_and_stop() {
    let leg = leg(1);
    let mut day = playing(leg);
    day.command(Command::PausePlayback);
    day.command(Command::PausePlayback);
    assert_eq!(day.take(), [Effect::PausePlayback]);
    let by_hand = PlaybackPhase::Paused {
        why: PauseReason::ByHand,
    };
    // A word that was on its way changes no more than the place.
    told(&mut day, leg, PlaybackFact::Playing { position: 1_200 });
    assert_eq!(playback(&day).phase, by_hand);
    day.command(Command::SeekPlayback { millis: 90_000 });
    assert_eq!(playback(&day).position, 60_000);
    assert_eq!(day.take(), [Effect::SeekPlayback { millis: 60_000 }]);
    for (asked, speed) in [(10, 50), (900, 200), (125, 125)] {
        day.command(Command::SetPlaybackSpeed { speed: asked });
        assert_eq!(day.take(), [Effect::SetPlaybackSpeed { speed }]);
    }
    day.command(Command::PlayRecording { leg });
    assert_eq!(day.take(), [Effect::ResumePlayback]);
    told(&mut day, leg, PlaybackFact::Ended { position: 60_000 });
    let ended = PlaybackPhase::Paused {
        why: PauseReason::Ended,
    };
    assert_eq!(playback(&day).phase, ended);
    day.command(Command::SeekPlayback { millis: 500 });
    assert_eq!(playback(&day).phase, by_hand);
    day.command(Command::StopPlayback);
    assert_eq!(day.view().playback, None);
    assert_eq!(day.take().last(), Some(&Effect::ClosePlayback));
    told(&mut day, leg, PlaybackFact::Playing { position: 1 });
    assert_eq!(day.view().playback, None);
}

#[test]
fn an_offered_call_pauses_it_before_it_rings_and_nothing_but_the_agent_goes_on() {
    let leg = leg(1);
    let mut day = playing(leg);
    let call = day.queue_call();
    let asked = day.take();
    let at = |effect: &Effect| asked.iter().position(|asked| asked == effect);
    assert!(at(&Effect::PausePlayback) < at(&Effect::Ring));
    assert!(at(&Effect::PausePlayback).is_some());
    let by_call = PlaybackPhase::Paused {
        why: PauseReason::Call,
    };
    assert_eq!(playback(&day).phase, by_call);
    assert_eq!(day.view().cannot_play, Some(CannotPlay::InCall));
    day.command(Command::PlayRecording { leg });
    assert_eq!(playback(&day).phase, by_call);
    assert_eq!(day.take(), []);
    let notice = day.view().notices.pop().expect("told why not");
    let busy = NoticeKind::Failed {
        code: Code::LineBusy,
    };
    assert_eq!(notice.about, busy);
    day.fact(Fact::Ended {
        leg: call,
        how: LegEnd::Withdrawn(LegOutcome::AbandonedWhileRinging),
    });
    assert_eq!(playback(&day).phase, by_call);
    assert!(!day.take().contains(&Effect::ResumePlayback));
    assert_eq!(day.view().cannot_play, None);
    day.command(Command::PlayRecording { leg });
    assert_eq!(day.take(), [Effect::ResumePlayback]);
}

#[test]
fn dialling_pauses_it_and_signing_out_ends_it() {
    let leg = leg(1);
    let mut day = playing(leg);
    let call = day.dialled("12800550196");
    assert!(day.take().contains(&Effect::PausePlayback));
    day.fact(Fact::Ended {
        leg: call,
        how: LegEnd::NotReached(LegOutcome::Busy),
    });
    day.command(Command::SignOut);
    assert!(day.take().contains(&Effect::ClosePlayback));
    assert_eq!(day.view().playback, None);
}

#[test]
fn another_recording_takes_its_place_and_news_of_the_first_mean_nothing() {
    let (first, second) = (leg(1), leg(2));
    let mut day = playing(first);
    day.command(Command::PlayRecording { leg: second });
    assert_eq!(day.take(), [Effect::OpenPlayback { leg: second }]);
    told(&mut day, first, PlaybackFact::Playing { position: 9_000 });
    assert_eq!(playback(&day).position, 0);
    assert_eq!(playback(&day).leg, second);
}

#[test]
fn what_fails_says_so_and_play_tries_again_from_there() {
    let leg = leg(1);
    let mut day = playing(leg);
    told(&mut day, leg, PlaybackFact::Failed(Code::Unreachable));
    let failed = PlaybackPhase::Failed {
        code: Code::Unreachable,
    };
    assert_eq!(playback(&day).phase, failed);
    day.command(Command::PlayRecording { leg });
    assert_eq!(day.take(), [Effect::OpenPlayback { leg }]);
    told(&mut day, leg, PlaybackFact::Opened { length: 60_000 });
    assert!(day.take().contains(&Effect::SeekPlayback { millis: 1_000 }));
}

#[test]
fn the_reasons_are_told_apart() {
    let mut day = Day::ready();
    let may = day.desk.right_to_listen();
    assert_eq!(may.cannot_play(&row(RECORDED)), None);
    assert_eq!(may.cannot_play(&row(None)), Some(CannotPlay::NoRecording));
    assert_eq!(day.view().cannot_play, None);
    day.fact(Fact::Api(Err(Code::Unreachable)));
    assert_eq!(day.view().cannot_play, Some(CannotPlay::Offline));
    day.command(Command::PlayRecording { leg: leg(1) });
    assert_eq!(day.view().playback, None);

    let mut day = Day::dawn();
    day.listens = false;
    day.sign_in();
    let may = day.desk.right_to_listen();
    assert_eq!(
        may.cannot_play(&row(RECORDED)),
        Some(CannotPlay::NotAllowed)
    );
    assert_eq!(may.cannot_play(&row(None)), Some(CannotPlay::NoRecording));
    day.take();
    day.command(Command::PlayRecording { leg: leg(1) });
    assert_eq!(day.take(), []);
    let notice = day.view().notices.pop().expect("told why not");
    let forbidden = NoticeKind::Failed {
        code: Code::Forbidden,
    };
    assert_eq!(notice.about, forbidden);
}
