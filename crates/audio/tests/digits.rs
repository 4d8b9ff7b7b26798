//! Digits keyed on one side are heard on the other, in virtual time.

mod support;

use std::f32::consts::PI;
use std::net::SocketAddr;
use std::time::Duration;

use offhook_audio::engine::{Engine, Keyed};
use offhook_audio::{Codec, Digit, Direction, FRAME, SessionKey, StreamConfig};
use proptest::prelude::*;
use support::line::{Faults, Line, TELEPHONE_EVENT, config};
use support::nonce::dbfs;

const KEYS: &str = "0123456789*#0123456789*#";

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn digit(key: char) -> Digit {
    Digit::parse(key).expect("a key")
}

fn remote() -> SocketAddr {
    "192.0.2.2:4000".parse().expect("an address")
}

fn tone(seconds: usize) -> Vec<f32> {
    let sample = |i: usize| 0.3 * (2.0 * PI * 700.0 * i as f32 / 48_000.0).sin();
    (0..seconds * 48_000).map(sample).collect()
}

/// What has become of digits, as a string of keys: those heard, those sent, and how many were not sent.
fn drain(engine: &mut Engine) -> (String, String, usize) {
    let (mut heard, mut sent, mut unsent) = (String::new(), String::new(), 0);
    while let Some(keyed) = engine.poll_keyed() {
        match keyed {
            Keyed::Heard { digit, .. } => heard.push(digit.as_char()),
            Keyed::Sent { digit, .. } => sent.push(digit.as_char()),
            Keyed::Unsent { .. } => unsent += 1,
        }
    }
    (heard, sent, unsent)
}

/// The fields of a packet these tests look at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    marker: bool,
    payload_type: u8,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    payload: Vec<u8>,
    datagram: Vec<u8>,
}

fn read(datagram: Vec<u8>) -> Seen {
    let number = |range: std::ops::Range<usize>| {
        datagram[range]
            .iter()
            .fold(0u32, |sum, byte| sum << 8 | u32::from(*byte))
    };
    Seen {
        marker: datagram[1] & 0x80 != 0,
        payload_type: datagram[1] & 0x7f,
        sequence: number(2..4) as u16,
        timestamp: number(4..8),
        ssrc: number(8..12),
        payload: datagram[12..].to_vec(),
        datagram,
    }
}

/// What an engine sends in so many ticks from `from` on.
fn run(engine: &mut Engine, from: u32, ticks: u32) -> Vec<Seen> {
    let (mut transmits, mut seen) = (Vec::new(), Vec::new());
    for tick in from..from + ticks {
        let now = millis(10) * tick;
        engine.tick(now, &[0.1; FRAME], &mut [0.0; FRAME], &mut transmits);
        seen.extend(transmits.drain(..).map(|transmit| read(transmit.datagram)));
    }
    seen
}

fn started(stream: StreamConfig) -> (Engine, SessionKey) {
    let (mut engine, key) = (Engine::new(3), SessionKey::next());
    engine.open(key);
    engine.start(key, stream);
    (engine, key)
}

#[test]
fn all_keys_twice_in_a_row_arrive_in_order_with_voice_between_them() {
    for codec in Codec::ALL {
        for (loss, seed) in [(0.0, 1), (0.2, 2), (0.2, 3)] {
            let context = format!("{codec:?} at {loss}, seed {seed}");
            let mut line = Line::new(codec, seed, tone(12));
            line.wire.faults = Faults {
                loss,
                duplicate: 0.05,
                jitter: millis(if loss > 0.0 { 30 } else { 0 }),
            };
            line.run(millis(2_000));
            KEYS.chars()
                .for_each(|key| line.a.send_digit(line.key, digit(key)));
            let mut heard = String::new();
            line.run_with(millis(9_000), |line| heard += &drain(&mut line.b).0);
            assert_eq!(heard, KEYS, "{context}");
            assert_eq!(drain(&mut line.a).1, KEYS, "{context}");
            let levels: Vec<f64> = line.heard.chunks_exact(FRAME).map(dbfs).collect();
            let loud = |levels: &[f64]| {
                levels.iter().filter(|level| **level > -30.0).count() as f64 / levels.len() as f64
            };
            // 24 events of 160 ms with 80 ms of voice behind each.
            assert!(
                (0.25..0.45).contains(&loud(&levels[220..760])),
                "{context}: {}",
                loud(&levels[220..760])
            );
            assert!(
                loud(&levels[820..]) > 0.7,
                "{context}: {}",
                loud(&levels[820..])
            );
            if loss == 0.0 {
                let stats = line.stats();
                assert_eq!(
                    (stats.packets_lost, stats.concealed),
                    (0, Duration::ZERO),
                    "{stats:?}"
                );
                assert!(stats.delay < millis(30), "{context}: {stats:?}");
                let between = levels[220..760]
                    .iter()
                    .filter(|level| (-60.0..-30.0).contains(*level));
                assert!(
                    between.count() < 540 / 8,
                    "{context}: silence or voice, and short edges"
                );
            }
        }
    }
}

#[test]
fn an_event_is_sent_in_place_of_voice_and_the_stream_goes_on() {
    for codec in Codec::ALL {
        let (mut engine, key) = started(config(codec, remote()));
        let before = run(&mut engine, 0, 10);
        engine.send_digit(key, digit('7'));
        let seen = [before, run(&mut engine, 10, 40)].concat();
        let step = codec.clock_rate() / 50;
        assert_eq!(seen.len(), 25, "one packet every 20 ms");
        for pair in seen.windows(2) {
            assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
            assert_eq!(pair[1].ssrc, pair[0].ssrc);
        }
        for (index, packet) in seen.iter().enumerate() {
            let event = (5..13).contains(&index);
            let slot = if event { 5 } else { index as u32 };
            let expected = seen[0].timestamp.wrapping_add(slot * step);
            assert_eq!(packet.timestamp, expected, "{codec:?}: packet {index}");
            assert_eq!(packet.marker, index == 0 || index == 5);
            assert_eq!(packet.payload_type == TELEPHONE_EVENT, event);
            if event {
                let duration = ((index as u32 - 4).min(6) * step) as u16;
                let [high, low] = duration.to_be_bytes();
                let flags = if index >= 10 { 0x8a } else { 0x0a };
                assert_eq!(packet.payload, [7, flags, high, low], "{codec:?}");
            }
        }
    }
}

#[test]
fn digits_are_sent_on_hold_and_muted_and_wait_for_the_start() {
    let (mut engine, key) = (Engine::new(3), SessionKey::next());
    engine.open(key);
    engine.send_digit(key, digit('1'));
    engine.send_digit(key, digit('2'));
    engine.set_muted(key, true);
    assert_eq!(run(&mut engine, 0, 50), []);
    assert_eq!(drain(&mut engine), Default::default());
    let held = StreamConfig {
        direction: Direction {
            send: false,
            receive: false,
        },
        ..config(Codec::G722, remote())
    };
    engine.start(key, held);
    run(&mut engine, 50, 50);
    assert_eq!(drain(&mut engine).1, "12");
}

#[test]
fn a_digit_that_cannot_be_sent_is_reported() {
    let without = StreamConfig {
        telephone_event: None,
        ..config(Codec::Pcma, remote())
    };
    let (mut engine, key) = started(without.clone());
    engine.send_digit(key, digit('1'));
    let seen = run(&mut engine, 0, 20);
    assert!(seen.iter().all(|packet| packet.payload_type == 8));
    assert_eq!(drain(&mut engine), (String::new(), String::new(), 1));
    // The far end gives telephone events up in the middle of one.
    engine.start(key, config(Codec::Pcma, remote()));
    "123"
        .chars()
        .for_each(|key_| engine.send_digit(key, digit(key_)));
    run(&mut engine, 20, 6);
    engine.start(key, without);
    let seen = run(&mut engine, 26, 20);
    assert!(seen.iter().all(|packet| packet.payload_type == 8));
    assert_eq!(drain(&mut engine), (String::new(), "1".to_owned(), 2));
    // Too many, and a session that ends, or is none.
    engine.start(key, config(Codec::Pcma, remote()));
    (0..70).for_each(|_| engine.send_digit(key, digit('5')));
    assert_eq!(drain(&mut engine).2, 6);
    engine.stop(key);
    assert_eq!(drain(&mut engine).2, 64);
    engine.send_digit(key, digit('5'));
    assert_eq!(drain(&mut engine).2, 1);
}

#[test]
fn a_change_of_the_codec_in_the_middle_of_an_event_neither_loses_nor_repeats_it() {
    for (before, after) in [
        (Codec::Opus, Codec::Pcma),
        (Codec::Pcma, Codec::Opus),
        (Codec::G722, Codec::Pcmu),
    ] {
        let mut line = Line::new(before, 5, tone(6));
        line.run(millis(1_000));
        "42".chars()
            .for_each(|key| line.a.send_digit(line.key, digit(key)));
        let mut heard = String::new();
        line.run_with(millis(70), |line| heard += &drain(&mut line.b).0);
        line.a.start(line.key, config(after, line.addresses.1));
        line.run_with(millis(2_000), |line| heard += &drain(&mut line.b).0);
        assert_eq!(heard, "42", "{before:?} to {after:?}");
        assert_eq!(drain(&mut line.a), (String::new(), "42".to_owned(), 0));
        assert!(dbfs(&line.heard[120_000..]) > -20.0);
    }
}

#[test]
fn unknown_events_and_broken_ones_are_no_digits() {
    let (mut engine, key) = started(config(Codec::Pcmu, remote()));
    let mut sequence = 0u16;
    for payload in [
        &[16, 10, 0, 160][..],
        &[255, 0x8a, 3, 192],
        &[1, 10, 0],
        &[],
    ] {
        sequence += 1;
        let header = [
            0x80,
            TELEPHONE_EVENT,
            0,
            sequence as u8,
            0,
            0,
            0,
            9,
            0,
            0,
            0,
            1,
        ];
        engine.receive(key, millis(20), remote(), &[&header[..], payload].concat());
    }
    assert_eq!(drain(&mut engine), Default::default());
    assert_eq!(
        engine.stats(key).map(|stats| stats.packets_refused),
        Some(2)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn an_event_is_heard_once_if_anything_of_it_arrives(
        keys in proptest::collection::vec(0usize..16, 1..6),
        arrives in proptest::collection::vec(proptest::collection::vec(0u8..10, 8), 6),
        survivor in proptest::collection::vec(0usize..8, 6),
        late in proptest::collection::vec(0usize..30, 60),
        codec in prop_oneof![Just(Codec::Opus), Just(Codec::G722), Just(Codec::Pcma)],
    ) {
        let keys: String = keys.into_iter().filter_map(|key| "0123456789*#ABCD".chars().nth(key)).collect();
        let (mut a, key) = started(config(codec, remote()));
        let mut seen = run(&mut a, 0, 20);
        keys.chars().for_each(|pressed| a.send_digit(key, digit(pressed)));
        seen.extend(run(&mut a, 20, 200));
        let (mut b, key) = started(config(codec, remote()));
        // Six of ten packets of an event are lost, but for one; all voice arrives.
        let mut events = 0;
        let mut arrivals: Vec<(usize, Seen)> = Vec::new();
        for (slot, packet) in seen.into_iter().enumerate() {
            if packet.payload_type == TELEPHONE_EVENT {
                let (event, nth) = (events / 8, events % 8);
                events += 1;
                if arrives[event][nth] < 6 && survivor[event] != nth {
                    continue;
                }
                // Again, up to 60 ms later: what comes after it overtakes it.
                arrivals.push((slot * 10 + late[events - 1], packet.clone()));
            }
            arrivals.push((slot * 10, packet));
        }
        arrivals.sort_by_key(|(at, packet)| (*at, packet.sequence));
        prop_assert_eq!(events, 8 * keys.len());
        let (mut now, mut heard) = (Duration::ZERO, String::new());
        for (at, packet) in arrivals {
            let arrival = millis(2) * at as u32;
            while now < arrival {
                b.tick(now, &[0.0; FRAME], &mut [0.0; FRAME], &mut Vec::new());
                now += millis(10);
            }
            b.receive(key, arrival, remote(), &packet.datagram);
            heard += &drain(&mut b).0;
        }
        prop_assert_eq!(heard, keys);
    }
}
