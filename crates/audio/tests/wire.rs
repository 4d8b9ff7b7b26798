//! Two engines over a wire that loses, delays, repeats and reorders, in virtual time.

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use offhook_audio::engine::Engine;
use offhook_audio::{Codec, Direction, FRAME, SessionKey, Tone};
use proptest::prelude::*;
use support::line::{Faults, Line, TELEPHONE_EVENT, config};
use support::nonce::{Nonce, dbfs};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A datagram as another program would send it.
fn packet(payload_type: u8, sequence: u16, timestamp: u32, ssrc: u32, payload: &[u8]) -> Vec<u8> {
    let mut datagram = vec![0x80, payload_type];
    datagram.extend(sequence.to_be_bytes());
    datagram.extend(timestamp.to_be_bytes());
    datagram.extend(ssrc.to_be_bytes());
    datagram.extend(payload);
    datagram
}

#[test]
fn the_ear_of_these_tests_hears_only_its_own_nonce() {
    let nonce = Nonce::draw(1, 50);
    assert_eq!(nonce.find(&nonce.sound()).share, 1.0);
    assert_eq!(nonce.find(&vec![0.0; 240_000]).share, 0.0);
    assert!(nonce.find(&Nonce::draw(2, 50).sound()).share < 0.6);
    let mut engine = Engine::new(1);
    engine.set_tone(Some(Tone::Ringback));
    let (mut ringback, mut speaker) = (Vec::new(), [0.0; FRAME]);
    for tick in 0..500u64 {
        engine.tick(
            millis(10 * tick),
            &[0.0; FRAME],
            &mut speaker,
            &mut Vec::new(),
        );
        ringback.extend(speaker);
    }
    assert_eq!(nonce.find(&ringback).share, 0.0);
}

#[test]
fn voice_comes_through_whatever_the_wire_loses() {
    for codec in Codec::ALL {
        for (loss, share, longest_gap_ms) in [
            (0.0, 1.0, 30),
            (0.05, 0.98, 90),
            (0.1, 0.97, 120),
            (0.2, 0.95, 200),
        ] {
            for seed in [42, 43] {
                let nonce = Nonce::draw(seed, 150);
                let mut line = Line::new(codec, seed, nonce.sound());
                line.wire.faults = Faults {
                    loss,
                    duplicate: 0.02,
                    ..Faults::default()
                };
                line.run(seconds(17));
                let found = nonce.find(&line.heard);
                let context = format!(
                    "{codec:?} at {loss}, seed {seed}: {found:?} {:?}",
                    line.stats()
                );
                assert!(found.share >= share, "{context}");
                assert!(found.longest_gap_ms <= longest_gap_ms, "{context}");
            }
        }
    }
}

#[test]
fn a_clean_line_is_played_within_thirty_milliseconds() {
    for codec in Codec::ALL {
        let mut line = Line::new(codec, 1, Nonce::draw(1, 100).sound());
        let mut delays = Vec::new();
        line.run_with(seconds(10), |line| delays.push(line.stats().delay));
        delays.sort();
        assert!(
            delays[delays.len() / 2] < millis(22),
            "{codec:?}: {:?}",
            delays[delays.len() / 2]
        );
        assert_eq!(line.stats().concealed, Duration::ZERO);
    }
}

#[test]
fn the_target_rises_with_the_jitter_and_falls_with_it() {
    for codec in Codec::ALL {
        let nonce = Nonce::draw(5, 300);
        let mut line = Line::new(codec, 5, nonce.sound());
        line.run(seconds(8));
        let calm = line.stats();
        line.wire.faults.jitter = millis(80);
        line.run(seconds(10));
        let rough = line.stats();
        line.wire.faults.jitter = Duration::ZERO;
        line.run(seconds(13));
        let calm_again = line.stats();
        assert!(calm.target_delay < millis(20), "{calm:?}");
        assert!(
            (millis(70)..millis(120)).contains(&rough.target_delay),
            "{rough:?}"
        );
        assert!(
            (millis(60)..millis(130)).contains(&rough.delay),
            "{rough:?}"
        );
        assert!(
            calm_again.target_delay < millis(25) && calm_again.delay < millis(40),
            "{calm_again:?}"
        );
        let found = nonce.find(&line.heard);
        assert!(
            found.share >= 0.99 && found.longest_gap_ms <= 60,
            "{codec:?}: {found:?}"
        );
    }
}

#[test]
fn loss_and_jitter_together_leave_the_voice_whole() {
    for codec in Codec::ALL {
        let nonce = Nonce::draw(9, 150);
        let mut line = Line::new(codec, 9, nonce.sound());
        line.wire.faults = Faults {
            loss: 0.1,
            duplicate: 0.05,
            jitter: millis(40),
        };
        line.run(seconds(17));
        let found = nonce.find(&line.heard);
        assert!(
            found.share >= 0.96,
            "{codec:?}: {found:?} {:?}",
            line.stats()
        );
        assert!(line.stats().delay < millis(100), "{:?}", line.stats());
    }
}

#[test]
fn counters_wrap_unnoticed() {
    for codec in Codec::ALL {
        let mut probe = Line::new(codec, 3, Vec::new());
        let mut first = None;
        probe.run_with(millis(100), |line| {
            first = first.take().or(line.last_sent())
        });
        let first = first.expect("a packet was sent");
        let nonce = Nonce::draw(3, 50);
        let mut line = Line::new(codec, 3, nonce.sound());
        // Both counters pass zero after two seconds.
        let ticks = 2 * codec.clock_rate();
        line.wire.shift = (
            (0u16).wrapping_sub(100).wrapping_sub(first.0),
            0u32.wrapping_sub(ticks).wrapping_sub(first.1),
            0,
        );
        line.run(seconds(6));
        let (found, stats) = (nonce.find(&line.heard), line.stats());
        assert_eq!(
            (found.share, stats.packets_lost, stats.packets_late),
            (1.0, 0, 0),
            "{codec:?} {stats:?}"
        );
        assert_eq!(stats.concealed, Duration::ZERO);
    }
}

#[test]
fn a_new_source_or_a_new_clock_is_followed() {
    for codec in Codec::ALL {
        for shift in [
            (0, 0, 77),
            (30_000, 0x7000_0000, 77),
            (0, 50_000_000, 0),
            (20_000, 0, 0),
        ] {
            let nonce = Nonce::draw(4, 100);
            let mut line = Line::new(codec, 4, nonce.sound());
            line.run(seconds(5));
            line.wire.shift = shift;
            line.run(seconds(6));
            let found = nonce.find(&line.heard);
            assert!(
                found.share >= 0.98 && found.longest_gap_ms <= 120,
                "{codec:?} {shift:?} {found:?}"
            );
            assert!(line.stats().delay < millis(40), "{:?}", line.stats());
        }
    }
}

#[test]
fn clocks_that_drift_apart_do_not_add_up() {
    for codec in [Codec::Opus, Codec::Pcmu] {
        for drift_ppm in [200.0, -200.0] {
            let nonce = Nonce::draw(6, 1_800);
            let mut line = Line::new(codec, 6, nonce.sound());
            line.drift_ppm = drift_ppm;
            let mut longest = Duration::ZERO;
            line.run_with(seconds(180), |line| {
                longest = longest.max(line.stats().delay)
            });
            let found = nonce.find(&line.heard);
            assert!(longest < millis(45), "{codec:?} {drift_ppm}: {longest:?}");
            assert!(
                found.share >= 0.99 && found.longest_gap_ms <= 60,
                "{codec:?} {drift_ppm}: {found:?}"
            );
        }
    }
}

#[test]
fn a_stall_of_the_line_is_caught_up_with() {
    let nonce = Nonce::draw(8, 160);
    let mut line = Line::new(Codec::Opus, 8, nonce.sound());
    line.run(seconds(4));
    line.stall(millis(300));
    line.run(seconds(13));
    let (found, stats) = (nonce.find(&line.heard), line.stats());
    assert!(found.share >= 0.96, "{found:?}");
    assert!(stats.delay < millis(40), "{stats:?}");
}

#[test]
fn a_far_end_that_falls_silent_is_faded_out_and_heard_again() {
    for codec in Codec::ALL {
        let mut line = Line::new(codec, 2, Nonce::draw(2, 120).sound());
        line.run(seconds(3));
        line.wire.faults.loss = 1.0;
        line.run(seconds(3));
        line.wire.faults.loss = 0.0;
        line.run(seconds(3));
        let second = |index: usize| dbfs(&line.heard[index * 48_000..][..48_000]);
        assert!(second(4) < -80.0, "{codec:?}: {}", second(4));
        assert!(second(7) > -20.0, "{codec:?}: {}", second(7));
    }
}

#[test]
fn a_muted_microphone_is_silence_in_packets() {
    for codec in Codec::ALL {
        let mut line = Line::new(codec, 2, Nonce::draw(2, 120).sound());
        line.run(seconds(3));
        line.a.set_muted(line.key, true);
        let received = line.stats().packets_received;
        line.run(seconds(4));
        assert_eq!(line.stats().packets_received - received, 200);
        line.a.set_muted(line.key, false);
        line.run(seconds(3));
        let part = |from: usize, to: usize| dbfs(&line.heard[from * 480..to * 480]);
        assert!(part(320, 690) < -60.0, "{codec:?}: {}", part(320, 690));
        assert!(part(0, 300) > -20.0 && part(720, 1_000) > -20.0);
        let gaps = line.sent.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(gaps.max().unwrap() <= millis(20));
    }
}

#[test]
fn hold_stops_the_voice_but_not_the_packets() {
    let mut line = Line::new(Codec::Pcma, 2, Nonce::draw(2, 120).sound());
    let on_hold = |remote, send, receive| offhook_audio::StreamConfig {
        direction: Direction { send, receive },
        ..config(Codec::Pcma, remote)
    };
    line.run(seconds(2));
    line.a
        .start(line.key, on_hold(line.addresses.1, false, true));
    line.run(seconds(2));
    line.a
        .start(line.key, on_hold(line.addresses.1, true, true));
    line.b
        .start(line.key, on_hold(line.addresses.0, true, false));
    line.run(seconds(2));
    line.b
        .start(line.key, on_hold(line.addresses.0, true, true));
    line.run(seconds(2));
    let second = |index: usize| dbfs(&line.heard[index * 48_000..][..48_000]);
    assert!(second(1) > -20.0 && second(3) < -60.0 && second(5) < -60.0 && second(7) > -20.0);
    assert_eq!(line.stats().packets_lost, 0);
    assert!(line.stats().packets_received > 395);
}

#[test]
fn the_codec_may_change_in_the_middle_of_a_call() {
    for (before, after) in [
        (Codec::Opus, Codec::G722),
        (Codec::G722, Codec::Pcmu),
        (Codec::Pcmu, Codec::Pcma),
        (Codec::Pcma, Codec::Opus),
    ] {
        let nonce = Nonce::draw(11, 60);
        let mut line = Line::new(before, 11, nonce.sound());
        line.run(seconds(3));
        line.a.start(line.key, config(after, line.addresses.1));
        line.run(seconds(4));
        let found = nonce.find(&line.heard);
        assert!(
            found.share >= 0.96 && found.longest_gap_ms <= 120,
            "{before:?} to {after:?}: {found:?}"
        );
    }
}

#[test]
fn strangers_are_not_heard_while_the_far_end_is_there() {
    let stranger: SocketAddr = "198.51.100.9:9".parse().unwrap();
    let mut line = Line::new(Codec::Pcmu, 2, vec![0.0; 480_000]);
    let mut sequence = 0u16;
    line.run(millis(200));
    line.run_with(seconds(3), |line| {
        sequence += 1;
        let noise = packet(0, sequence, u32::from(sequence) * 160, 666, &[0x20; 160]);
        assert_eq!(line.b.receive(line.key, line.now(), stranger, &noise), None);
    });
    assert!(dbfs(&line.heard) < -60.0);
    assert_eq!(line.stats().packets_refused, 300);
}

#[test]
fn packets_go_where_they_come_from() {
    let (negotiated, natted): (SocketAddr, SocketAddr) = (
        "192.0.2.1:4000".parse().unwrap(),
        "203.0.113.5:61000".parse().unwrap(),
    );
    let (mut engine, key) = (Engine::new(1), SessionKey::next());
    engine.open(key);
    engine.start(key, config(Codec::Pcmu, negotiated));
    let destination = |engine: &mut Engine| {
        let mut transmits = Vec::new();
        for _ in 0..2 {
            engine.tick(seconds(1), &[0.0; FRAME], &mut [0.0; FRAME], &mut transmits);
        }
        transmits[0].to
    };
    let voice = |sequence: u16| packet(0, sequence, u32::from(sequence) * 160, 1, &[0xff; 160]);
    assert_eq!(destination(&mut engine), negotiated);
    assert_eq!(
        engine.receive(key, seconds(1), natted, b"nothing like RTP"),
        None
    );
    assert_eq!(destination(&mut engine), negotiated);
    assert_eq!(
        engine.receive(key, seconds(1), natted, &voice(1)),
        Some(natted)
    );
    assert_eq!(
        engine.receive(key, seconds(1), natted, &voice(2)),
        None,
        "said once"
    );
    assert_eq!(destination(&mut engine), natted);
    assert_eq!(
        engine.receive(key, seconds(1), negotiated, &voice(3)),
        Some(negotiated)
    );
    assert_eq!(destination(&mut engine), negotiated);
    assert_eq!(
        engine.receive(key, seconds(2), natted, &voice(4)),
        Some(natted),
        "the other fell silent"
    );
}

#[test]
fn telephone_events_neither_sound_nor_count_as_lost() {
    let nonce = Nonce::draw(12, 60);
    let mut line = Line::new(Codec::Opus, 12, nonce.sound());
    let mut events = 0u16;
    line.run(seconds(2));
    // An event between two packets of voice takes a sequence number of its own.
    for _ in 0..5 {
        let (sequence, timestamp) = line.last_sent().unwrap();
        let event = packet(
            TELEPHONE_EVENT,
            sequence.wrapping_add(1),
            timestamp,
            line.ssrc(),
            &[5, 10, 0, 160],
        );
        line.wire.put(line.now() + millis(20), event);
        events += 1;
        line.wire.shift.0 = line.wire.shift.0.wrapping_add(1);
        line.run(millis(200));
    }
    line.run(seconds(4));
    let (found, stats) = (nonce.find(&line.heard), line.stats());
    assert_eq!((found.share, stats.packets_lost), (1.0, 0), "{stats:?}");
    assert!(stats.packets_received > u64::from(events) + 300);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_the_network_sends_breaks_the_engine(
        datagrams in proptest::collection::vec(
            (prop_oneof![Just(0u8), Just(8), Just(111), Just(101), any::<u8>()], any::<u16>(), any::<u32>(), 0u32..3,
             proptest::collection::vec(any::<u8>(), 0..200), 0u64..40),
            0..300,
        ),
    ) {
        let remote: SocketAddr = "192.0.2.1:4000".parse().unwrap();
        let (mut engine, key) = (Engine::new(1), SessionKey::next());
        engine.open(key);
        engine.start(key, config(Codec::Opus, remote));
        let (mut now, mut speaker, mut transmits) = (Duration::ZERO, [0.0; FRAME], Vec::new());
        let mut sent = 0;
        for (payload_type, sequence, timestamp, ssrc, payload, wait) in datagrams {
            // Mostly a plausible stream, sometimes a wild jump.
            let (sequence, timestamp) = if wait < 35 {
                (sent, u32::from(sent) * 960)
            } else {
                (sequence, timestamp)
            };
            sent = sent.wrapping_add(1);
            engine.receive(key, now, remote, &packet(payload_type, sequence, timestamp, ssrc, &payload));
            engine.receive(key, now, remote, &payload);
            for _ in 0..wait / 10 {
                now += millis(10);
                engine.tick(now, &[f32::NAN; FRAME], &mut speaker, &mut transmits);
                prop_assert!(speaker.iter().all(|sample| sample.abs() <= 1.0));
            }
        }
    }
}
