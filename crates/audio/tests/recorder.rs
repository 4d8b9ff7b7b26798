//! A recording: both sides in step whatever the wire does, in virtual time.
#![allow(clippy::unwrap_used, reason = "only tests are here")]

mod support;

use std::f32::consts::TAU;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use offhook_audio::engine::Engine;
use offhook_audio::{
    Codec, Direction, FRAME, Recorder, SAMPLE_RATE, SessionKey, Side, StreamConfig, TICK,
};
use proptest::prelude::*;
use support::Random;

const PACKET: Duration = Duration::from_millis(20);
const FORMATS: [(u8, Codec); 1] = [(96, Codec::Opus)];

/// A tenth of a second of tone at the beginning of each second, in packets.
fn beeps(codec: Codec, seconds: usize) -> Vec<Vec<u8>> {
    let mut engine = Engine::new(7);
    let session = SessionKey::next();
    engine.open(session);
    engine.start(
        session,
        StreamConfig {
            remote: SocketAddr::from((Ipv4Addr::LOCALHOST, 9)),
            codec,
            payload_type: codec.static_payload_type().unwrap_or(96),
            receive: Vec::new(),
            telephone_event: None,
            direction: Direction::BOTH,
        },
    );
    let (mut ear, mut packets) = ([0.0; FRAME], Vec::new());
    for tick in 0..seconds * 100 {
        let mic = std::array::from_fn(|i| {
            let sample = (tick * FRAME + i) % SAMPLE_RATE as usize;
            let tone = 0.5 * (TAU * 800.0 * sample as f32 / SAMPLE_RATE as f32).sin();
            if sample < 4_800 { tone } else { 0.0 }
        });
        engine.tick(TICK * tick as u32, &mic, &mut ear, &mut packets);
    }
    packets.into_iter().map(|packet| packet.datagram).collect()
}

/// What comes of one side: when, and what.
type Wire = Vec<(Duration, Vec<u8>)>;

/// The packets one after the other, each after `transit`.
fn wire(packets: Vec<Vec<u8>>, mut transit: impl FnMut(usize) -> Option<Duration>) -> Wire {
    let sent = packets.into_iter().enumerate();
    let mut wire: Wire = sent
        .filter_map(|(n, packet)| Some((PACKET * n as u32 + transit(n)?, packet)))
        .collect();
    wire.sort_by_key(|(at, _)| *at);
    wire
}

fn record(left: Wire, right: Wire, end: Duration) -> [Vec<i16>; 2] {
    let mut recorder = Recorder::new(&FORMATS);
    let tagged = |side: Side| move |(at, packet): (Duration, Vec<u8>)| (at, side, packet);
    let mut all: Vec<_> = left.into_iter().map(tagged(Side::Left)).collect();
    all.extend(right.into_iter().map(tagged(Side::Right)));
    all.sort_by_key(|(at, ..)| *at);
    let (mut samples, mut pulled) = (Vec::new(), Duration::ZERO);
    for (at, side, packet) in all {
        if at > end {
            break;
        }
        if at - pulled > Duration::from_millis(500) {
            pulled = at;
            recorder.pull(at, &mut samples);
        }
        recorder.insert(side, at, &packet);
    }
    recorder.finish(end, &mut samples);
    let channel = |first: usize| samples.iter().skip(first).step_by(2).copied().collect();
    [channel(0), channel(1)]
}

/// When sound begins after at least 300 ms of near silence, in milliseconds.
fn onsets(channel: &[i16]) -> Vec<f64> {
    let (mut found, mut quiet) = (Vec::new(), usize::MAX / 2);
    for (n, sample) in channel.iter().enumerate() {
        if sample.unsigned_abs() < 1_500 {
            quiet += 1;
            continue;
        }
        if quiet > 4_800 {
            found.push(n as f64 / 16.0);
        }
        quiet = 0;
    }
    found
}

fn near(onsets: &[f64], expected: &[f64]) {
    assert_eq!(onsets.len(), expected.len(), "{onsets:?}");
    for (one, other) in onsets.iter().zip(expected) {
        assert!((one - other).abs() < 20.0, "{onsets:?} for {expected:?}");
    }
}

fn seconds(count: usize) -> Vec<f64> {
    (0..count).map(|n| n as f64 * 1_000.0).collect()
}

#[test]
fn every_codec_is_recorded_where_it_was_said_and_each_side_in_its_own_channel() {
    for codec in Codec::ALL {
        let left = wire(beeps(codec, 4), |_| Some(Duration::from_millis(5)));
        let end = Duration::from_millis(4_200);
        let [customer, agent] = record(left, Wire::new(), end);
        assert_eq!((customer.len(), agent.len()), (67_200, 67_200), "{codec:?}");
        near(&onsets(&customer), &[5.0, 1_005.0, 2_005.0, 3_005.0]);
        assert!(agent.iter().all(|&sample| sample == 0), "{codec:?}");
    }
}

#[test]
fn jitter_and_loss_on_one_side_do_not_move_it_against_the_other() {
    for codec in Codec::ALL {
        let mut random = Random::new(3);
        let rough = wire(beeps(codec, 12), |n| {
            let transit = 30.0 + 120.0 * random.share().powi(3);
            // The beginnings of the beeps are not lost, or there would be nothing to measure by.
            let lost = random.share() < 0.1 && n % 50 > 1;
            (!lost).then(|| Duration::from_secs_f64(transit / 1_000.0))
        });
        let smooth = wire(beeps(codec, 12), |_| Some(Duration::from_millis(30)));
        let end = Duration::from_secs(12);
        let [rough, smooth] = record(rough, smooth, end);
        let at = seconds(12).iter().map(|at| at + 30.0).collect::<Vec<_>>();
        near(&onsets(&smooth), &at);
        near(&onsets(&rough), &at);
    }
}

#[test]
fn who_was_on_hold_is_heard_again_when_they_come_whatever_their_clock_did() {
    for clock in ["goes on", "stands still", "jumps", "is another"] {
        let mut packets = beeps(Codec::Pcma, 6);
        let rest = packets.split_off(100);
        let first = wire(packets, |_| Some(Duration::ZERO));
        // From the beginning of the third second on: three seconds later than it was said.
        let later = wire(rest, |_| Some(Duration::from_secs(5)))
            .into_iter()
            .map(|(at, mut packet)| {
                let time = u32::from_be_bytes(packet[4..8].try_into().unwrap());
                let moved = match clock {
                    "goes on" => time.wrapping_add(24_000),
                    "jumps" => time.wrapping_sub(700_000),
                    _ => time,
                };
                packet[4..8].copy_from_slice(&moved.to_be_bytes());
                if clock == "is another" {
                    packet[8] ^= 0xff;
                }
                (at, packet)
            });
        let all = first.into_iter().chain(later).collect();
        let [channel, _] = record(all, Wire::new(), Duration::from_secs(9));
        near(
            &onsets(&channel),
            &[0.0, 1_000.0, 5_000.0, 6_000.0, 7_000.0, 8_000.0],
        );
    }
}

#[test]
fn two_clocks_that_drift_apart_are_kept_together() {
    // 0.03 % fast and slow: after four minutes they would be 144 ms apart.
    let drifting = |share: f64| {
        let packets = beeps(Codec::Pcmu, 240);
        let sent = packets.into_iter().enumerate();
        sent.map(|(n, packet)| (PACKET.mul_f64(n as f64 * (1.0 + share)), packet))
            .collect()
    };
    let [fast, slow] = record(
        drifting(-0.000_3),
        drifting(0.000_3),
        Duration::from_secs(239),
    );
    let (fast, slow) = (onsets(&fast), onsets(&slow));
    let last = |onsets: &[f64], share: f64| {
        let at = onsets.last().copied().unwrap();
        let said = (at / 1_000.0 / (1.0 + share)).round() * 1_000.0;
        (at - said * (1.0 + share)).abs()
    };
    assert!(last(&fast, -0.000_3) < 20.0, "{fast:?}");
    assert!(last(&slow, 0.000_3) < 20.0, "{slow:?}");
}

#[test]
fn keys_and_a_change_of_codec_are_borne() {
    let mut packets = beeps(Codec::Pcma, 2);
    packets.extend(beeps(Codec::G722, 2));
    // A key for a fifth of a second: its packets have the time of its beginning.
    let began = packets[60][4..8].to_vec();
    for packet in &mut packets[60..70] {
        *packet = [&packet[..4], &began, &packet[8..12], &[5, 10, 0, 160]].concat();
        packet[1] = 101;
    }
    let [channel, _] = record(
        wire(packets, |_| Some(Duration::ZERO)),
        Wire::new(),
        Duration::from_secs(4),
    );
    near(&onsets(&channel), &seconds(4));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_datagram_panics_and_the_length_is_what_was_asked(
        datagrams in prop::collection::vec((0u64..900, any::<bool>(), prop::collection::vec(any::<u8>(), 0..60)), 0..200),
    ) {
        let mut datagrams = datagrams;
        datagrams.sort_by_key(|(at, ..)| *at);
        let (mut recorder, mut samples) = (Recorder::new(&FORMATS), Vec::new());
        for (at, left, mut datagram) in datagrams {
            if let [first, second, ..] = &mut datagram[..] {
                (*first, *second) = (0x80, [0, 8, 9, 96, 101][usize::from(*second % 5)]);
            }
            let side = if left { Side::Left } else { Side::Right };
            let at = Duration::from_millis(at);
            recorder.insert(side, at, &datagram);
            recorder.pull(at, &mut samples);
        }
        recorder.finish(Duration::from_secs(1), &mut samples);
        prop_assert_eq!(samples.len(), 32_000);
    }
}
