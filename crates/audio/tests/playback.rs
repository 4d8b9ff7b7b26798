//! A recording in the ear: on the speaker alone, and never in a call.
#![allow(clippy::unwrap_used, reason = "only tests are here")]

mod support;

use std::f32::consts::TAU;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use offhook_audio::engine::{Engine, Transmit};
use offhook_audio::{
    BackendConfig, Codec, DeviceRole, Direction, FRAME, MediaEvent, PlaybackKey, PlaybackState,
    PlayerNews, SessionKey, StreamConfig, TICK, WavHead,
};
use support::phone::Phone;

const HZ: f32 = 600.0;

/// The head of two channels of 16 kHz, so many seconds long.
fn head(seconds: u32) -> WavHead {
    let length = seconds * 64_000;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + length).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    bytes.extend(16_000u32.to_le_bytes());
    bytes.extend(64_000u32.to_le_bytes());
    bytes.extend(b"\x04\0\x10\0data");
    bytes.extend(length.to_le_bytes());
    WavHead::read(&bytes).unwrap()
}

fn tone(first: u64, count: u64) -> Vec<i16> {
    (first..first + count)
        .map(|n| ((TAU * HZ * n as f32 / 16_000.0).sin() * 12_000.0) as i16)
        .collect()
}

fn level(sound: &[f32]) -> f32 {
    (sound.iter().map(|s| s * s).sum::<f32>() / sound.len() as f32).sqrt()
}

/// Runs an engine for a second with a playback, if asked, and a call from the middle on; what was sent and heard in the call.
fn call_after(playback: bool) -> (Vec<Transmit>, Vec<f32>, Option<PlayerNews>) {
    let mut engine = Engine::new(5);
    let session = SessionKey::next();
    let key = PlaybackKey::next();
    if playback {
        engine.open_playback(key, head(30));
        engine.feed_playback(key, 0, &tone(0, 80_000));
        engine.set_playing(key, true);
    }
    let (mut sent, mut heard, mut news) = (Vec::new(), Vec::new(), None);
    for tick in 0..100 {
        if tick == 50 {
            assert_eq!(level(&heard) > 0.05, playback, "{}", level(&heard));
            heard.clear();
            engine.open(session);
            engine.start(
                session,
                StreamConfig {
                    remote: SocketAddr::from((Ipv4Addr::LOCALHOST, 9)),
                    codec: Codec::Pcma,
                    payload_type: 8,
                    receive: vec![(8, Codec::Pcma)],
                    telephone_event: None,
                    direction: Direction::BOTH,
                },
            );
            // Whoever asks for it in the call is not heard either.
            engine.set_playing(key, true);
        }
        let mut ear = [0.0; FRAME];
        engine.tick(TICK * tick, &[0.0; FRAME], &mut ear, &mut sent);
        heard.extend(ear);
        while let Some(next) = engine.poll_player() {
            news = Some(next);
        }
    }
    (sent, heard, news)
}

#[test]
fn a_call_pauses_it_and_nothing_of_it_goes_into_the_call() {
    let (sent, heard, news) = call_after(true);
    let (expected, ..) = call_after(false);
    let bytes = |sent: Vec<Transmit>| -> Vec<Vec<u8>> {
        sent.into_iter().map(|packet| packet.datagram).collect()
    };
    let (sent, expected) = (bytes(sent), bytes(expected));
    assert!(sent.len() > 20);
    assert_eq!(sent, expected, "as without a playback");
    assert!(heard.iter().all(|&sample| sample == 0.0));
    let paused = PlaybackState::Paused;
    assert!(
        matches!(news, Some(PlayerNews::At { state, millis, .. }) if state == paused && millis > 300),
        "{news:?}"
    );
}

#[test]
fn it_opens_the_speaker_and_no_microphone_and_asks_for_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("heard.wav");
    let phone = Phone::new(BackendConfig::Wav {
        input: None,
        output: Some(output.clone()),
    });
    let key = phone.media.open_playback(head(2));
    let wanted = |event: MediaEvent| match event {
        MediaEvent::Player(PlayerNews::Wants { key: whose, first }) if whose == key => Some(first),
        MediaEvent::DeviceOpened { role, .. } => panic!("{role:?} is not needed yet"),
        _ => None,
    };
    let first = phone.expect("a wish", wanted);
    phone.media.feed_playback(key, first, tone(first, 32_000));
    phone.media.set_playing(key, true);
    let ended = |event: MediaEvent| match event {
        MediaEvent::DeviceOpened { role, .. } => {
            assert_eq!(role, DeviceRole::Speaker);
            None
        }
        MediaEvent::Player(PlayerNews::At { millis, state, .. }) => {
            (state == PlaybackState::Ended).then_some(millis)
        }
        _ => None,
    };
    assert_eq!(phone.expect("its end", ended), 2_000);
    phone.expect("no need of the speaker", |event| {
        (event
            == MediaEvent::DeviceClosed {
                role: DeviceRole::Speaker,
            })
        .then_some(())
    });
    phone.end();
    let heard: Vec<f32> = hound::WavReader::open(&output)
        .unwrap()
        .samples::<i16>()
        .map(|sample| f32::from(sample.unwrap()) / 32_768.0)
        .collect();
    let loud = heard.iter().filter(|sample| sample.abs() > 0.02).count();
    let length = Duration::from_secs_f64(loud as f64 / 48_000.0);
    assert!(
        length.abs_diff(Duration::from_secs(2)) < Duration::from_millis(150),
        "{length:?}"
    );
}
