//! Hold and back again, in virtual time.

mod support;

use std::f32::consts::PI;
use std::time::Duration;

use offhook_audio::{Codec, Direction, FRAME, StreamConfig};
use support::line::{Line, config};
use support::nonce::dbfs;

const ROUNDS: usize = 20;
/// In ticks: how long each hold lasts, and the talk after it.
const HELD: usize = 50;
const TALKED: usize = 50;
const BEGIN: usize = 100;
/// The longest the voice may take to come back, in ticks.
const BACK: usize = 10;

/// What A says while they talk, and while they do not, in Hz.
const WANTED: f32 = 700.0;
const UNWANTED: f32 = 1_690.0;

/// Who holds, and what the far end does meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// Both ends agree that nobody is heard.
    Agreed,
    /// The far end talks on.
    Ignored,
    /// The far end sends nothing.
    Mute,
    /// The far end sends nothing, and goes on later where it had stopped.
    Paused,
}

fn ticks(count: usize) -> Duration {
    Duration::from_millis(10) * count as u32
}

fn is_held(tick: usize) -> bool {
    tick >= BEGIN && (tick - BEGIN) % (HELD + TALKED) < HELD
}

fn mouth() -> Vec<f32> {
    let mut phase = 0.0f32;
    (0..(BEGIN + ROUNDS * (HELD + TALKED)) * FRAME)
        .map(|sample| {
            let hz = if is_held(sample / FRAME) {
                UNWANTED
            } else {
                WANTED
            };
            phase = (phase + 2.0 * PI * hz / 48_000.0) % (2.0 * PI);
            0.3 * phase.sin()
        })
        .collect()
}

/// How loud one pitch is, against full scale.
fn level_at(hz: f32, sound: &[f32]) -> f32 {
    let (sin, cos) = sound
        .iter()
        .enumerate()
        .fold((0.0, 0.0), |(sin, cos), (i, s)| {
            let phase = 2.0 * PI * hz * i as f32 / 48_000.0;
            (sin + s * phase.sin(), cos + s * phase.cos())
        });
    2.0 * (sin * sin + cos * cos).sqrt() / sound.len() as f32
}

/// Runs for so long; returns the packets A put on the wire meanwhile: sequence number, timestamp, SSRC.
fn run(line: &mut Line, count: usize) -> Vec<(u16, u32, u32)> {
    let mut packets = Vec::new();
    line.run_with(ticks(count), |line| {
        if let Some((sequence, timestamp)) = line.last_sent() {
            packets.push((sequence, timestamp, line.ssrc()));
        }
    });
    packets
}

#[test]
fn twenty_holds_in_a_row_keep_the_stream_and_bring_the_voice_back_at_once() {
    for codec in [Codec::Opus, Codec::G722, Codec::Pcma] {
        for hold in [Hold::Agreed, Hold::Ignored, Hold::Mute, Hold::Paused] {
            let mut line = Line::new(codec, 7, mouth());
            let (key, (at_a, at_b)) = (line.key, line.addresses);
            let direction = |both, remote| StreamConfig {
                direction: Direction {
                    send: both,
                    receive: both,
                },
                ..config(codec, remote)
            };
            let mut packets = run(&mut line, BEGIN);
            for _ in 0..ROUNDS {
                line.b.start(key, direction(false, at_a));
                match hold {
                    Hold::Agreed => assert!(line.a.start(key, direction(false, at_b))),
                    Hold::Ignored => {}
                    Hold::Mute | Hold::Paused => line.wire.faults.loss = 1.0,
                }
                packets.extend(run(&mut line, HELD));
                if hold == Hold::Paused {
                    let missed = HELD as u32 / 2;
                    line.wire.shift.0 = line.wire.shift.0.wrapping_sub(missed as u16);
                    let units = missed * codec.clock_rate() / 50;
                    line.wire.shift.1 = line.wire.shift.1.wrapping_sub(units);
                }
                line.wire.faults.loss = 0.0;
                line.a.start(key, direction(true, at_b));
                line.b.start(key, direction(true, at_a));
                packets.extend(run(&mut line, TALKED));
            }
            for round in 0..ROUNDS {
                let context = format!("{codec:?}, {hold:?}, round {round}: {:?}", line.stats());
                let start = BEGIN + round * (HELD + TALKED);
                let part = |from: usize, to: usize| {
                    &line.heard[(start + from) * FRAME..(start + to) * FRAME]
                };
                assert!(dbfs(part(0, HELD)) < -90.0, "{context}");
                let talk = part(HELD + BACK, HELD + TALKED);
                for frame in talk.chunks_exact(FRAME) {
                    assert!(dbfs(frame) > -20.0, "{context}");
                }
                assert!(level_at(WANTED, talk) > 0.2, "{context}");
                assert!(level_at(UNWANTED, talk) < 0.01, "{context}");
            }
            assert!(
                line.stats().delay < ticks(6),
                "{codec:?}, {hold:?}: {:?}",
                line.stats()
            );
            assert!(
                line.sent
                    .windows(2)
                    .all(|pair| pair[1] - pair[0] <= ticks(2))
            );
            if hold != Hold::Paused {
                packets.dedup();
                assert_eq!(packets.len(), line.sent.len());
                for pair in packets.windows(2) {
                    let next = (
                        pair[0].0.wrapping_add(1),
                        pair[0].1.wrapping_add(codec.clock_rate() / 50),
                        pair[0].2,
                    );
                    assert_eq!(pair[1], next, "{codec:?}, {hold:?}");
                }
            }
        }
    }
}
