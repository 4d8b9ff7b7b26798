//! Real sound devices: a private PulseAudio server with null sinks, programs of the system on its far side.
#![cfg(target_os = "linux")]

mod support;

use std::net::UdpSocket;
use std::thread;
use std::time::{Duration, Instant};

use offhook_audio::engine::Engine;
use offhook_audio::{
    BackendConfig, Codec, DeviceFault, DeviceRole, FRAME, MediaEvent, SessionKey, list_devices,
};
use support::line::config;
use support::nonce::{Nonce, dbfs};
use support::phone::{LOCALHOST, Phone};
use support::pulse::{Listener, measured_with_server, pactl, with_server};

fn devices(mic: &str, speaker: &str, ringer: &str) -> BackendConfig {
    let name = |name: &str| Some(name.to_owned());
    BackendConfig::Device {
        mic: name(mic),
        speaker: name(speaker),
        ringer: name(ringer),
    }
}

/// Waits until this device plays this role.
fn expect_open(phone: &Phone, role: DeviceRole, name: &str) {
    phone.expect(&format!("{role:?} on {name}"), |event| {
        (event
            == MediaEvent::DeviceOpened {
                role,
                name: name.to_owned(),
            })
        .then_some(())
    });
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(Instant::now() < deadline, "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_one_microphone_hears_the_other_speaker_says() {
    measured_with_server(
        "what_one_microphone_hears_the_other_speaker_says",
        |pulse| {
            for codec in [Codec::Opus, Codec::Pcma] {
                let agent = Phone::new(devices("mic-source", "headset", "loudspeaker"));
                let customer = Phone::new(devices("deskmic-source", "desk", "desk"));
                agent.talk_to(customer.address, codec);
                customer.talk_to(agent.address, codec);
                for (phone, mic, speaker) in [
                    (&agent, "mic-source", "headset"),
                    (&customer, "deskmic-source", "desk"),
                ] {
                    let mut open = Vec::new();
                    phone.expect("two devices", |event| {
                        if let MediaEvent::DeviceOpened { name, .. } = event {
                            open.push(name);
                        }
                        (open.len() == 2).then_some(())
                    });
                    open.sort();
                    assert_eq!(open, [speaker.min(mic), speaker.max(mic)]);
                }
                let at = ["mic", "deskmic", "headset", "desk"].map(|sink| pulse.listen(sink));
                thread::sleep(Duration::from_secs(2));
                let (agent_says, customer_says) = (Nonce::draw(31, 40), Nonce::draw(32, 40));
                let speaking = [
                    pulse.say("mic", &agent_says.sound()),
                    pulse.say("deskmic", &customer_says.sound()),
                ];
                speaking
                    .into_iter()
                    .for_each(|speaker| speaker.join().unwrap());
                thread::sleep(Duration::from_secs(1));
                let [mic, deskmic, headset, desk] = at.map(Listener::end);
                for (who, phone) in [("agent", &agent), ("customer", &customer)] {
                    phone.media.stats(phone.session);
                    phone.expect("statistics", |event| {
                        let counted = matches!(event, MediaEvent::StreamStats { .. });
                        if !matches!(event, MediaEvent::Levels { .. }) {
                            println!("{codec:?}: {who}: {event:?}");
                        }
                        counted.then_some(())
                    });
                }
                for (who, says, said, heard) in [
                    ("agent", agent_says, mic, desk),
                    ("customer", customer_says, deskmic, headset),
                ] {
                    let latency = heard.onset().unwrap() - said.onset().unwrap();
                    let (before, after) = (says.find(&said.samples), says.find(&heard.samples));
                    println!(
                        "{codec:?}: {who} mouth to ear {latency:?}, said {before:?}, heard {after:?}"
                    );
                    assert!(after.share >= 0.95, "{codec:?}: {after:?}");
                    // What the server itself stutters is not ours; the machine may be busy with other tests.
                    assert!(
                        after.longest_gap_ms <= before.longest_gap_ms + 400,
                        "{before:?} {after:?}"
                    );
                    assert!(latency < Duration::from_secs(1), "{codec:?}: {latency:?}");
                }
                agent.end();
                customer.end();
            }
        },
    );
}

#[test]
fn a_packet_is_heard_soon_after_it_came() {
    measured_with_server("a_packet_is_heard_soon_after_it_came", |pulse| {
        for codec in [Codec::Opus, Codec::Pcmu] {
            let phone = Phone::new(devices("mic-source", "headset", "headset"));
            let far = UdpSocket::bind((LOCALHOST, 0)).unwrap();
            phone.talk_to(far.local_addr().unwrap(), codec);
            expect_open(&phone, DeviceRole::Speaker, "headset");
            let headset = pulse.listen("headset");
            // Beeps of 100 ms twice a second, the first after two seconds.
            let beep = |tick: u32| tick >= 200 && tick % 50 < 10;
            let (mut engine, key) = (Engine::new(5), SessionKey::next());
            engine.open(key);
            engine.start(key, config(codec, phone.address));
            let (begin, mut beeps, mut transmits) = (Instant::now(), Vec::new(), Vec::new());
            for tick in 0..800u32 {
                let due = begin + Duration::from_millis(10) * tick;
                thread::sleep(due.saturating_duration_since(Instant::now()));
                let mic: [f32; FRAME] = std::array::from_fn(|i| {
                    let phase =
                        (tick as usize * FRAME + i) as f32 * 2.0 * std::f32::consts::PI * 1_000.0
                            / 48_000.0;
                    if beep(tick) { 0.5 * phase.sin() } else { 0.0 }
                });
                engine.tick(begin.elapsed(), &mic, &mut [0.0; FRAME], &mut transmits);
                for transmit in transmits.drain(..) {
                    far.send_to(&transmit.datagram, phone.address).unwrap();
                    // The packet of this and the last tick, whose first sample is the beep's.
                    if beep(tick) && !beep(tick - 2) {
                        beeps.push(Instant::now());
                    }
                }
            }
            thread::sleep(Duration::from_millis(300));
            let heard = headset.end();
            let loud = |sample: &f32| sample.abs() > 0.05;
            let mut delays = Vec::new();
            let mut next = 0;
            for sent in beeps {
                // The onset is the first loud sample after 200 ms without one.
                let Some(found) = (next..heard.samples.len()).find(|&at| {
                    loud(&heard.samples[at])
                        && !heard.samples[at.saturating_sub(9_600)..at].iter().any(loud)
                }) else {
                    panic!("a beep is missing")
                };
                next = found + 9_600;
                delays.push(heard.time_of(found).saturating_duration_since(sent));
            }
            delays.sort();
            let (median, p95) = (delays[delays.len() / 2], delays[delays.len() * 95 / 100]);
            println!(
                "{codec:?}: packet to sound median {median:?}, p95 {p95:?} of {} beeps",
                delays.len()
            );
            // Not a benchmark: a device opened without a fixed buffer would be two seconds late.
            assert!(median < Duration::from_millis(500), "{codec:?}: {median:?}");
            phone.end();
        }
    });
}

#[test]
fn packets_flow_on_while_the_sound_server_is_dead_and_the_voice_comes_back_with_it() {
    measured_with_server(
        "packets_flow_on_while_the_sound_server_is_dead_and_the_voice_comes_back_with_it",
        |pulse| {
            let phone = Phone::new(devices("mic-source", "headset", "headset"));
            let far = UdpSocket::bind((LOCALHOST, 0)).unwrap();
            far.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
            phone.talk_to(far.local_addr().unwrap(), Codec::Pcmu);
            let receive = |time: Duration| {
                let (end, mut buffer, mut arrivals) =
                    (Instant::now() + time, [0; 2_000], Vec::new());
                while Instant::now() < end {
                    let (_, source) = far.recv_from(&mut buffer).expect("packets flow");
                    far.send_to(&buffer[..172], source).unwrap();
                    arrivals.push(Instant::now());
                }
                arrivals
            };
            receive(Duration::from_secs(1));
            pulse.kill();
            let arrivals = receive(Duration::from_secs(3));
            let longest = arrivals
                .windows(2)
                .map(|pair| pair[1] - pair[0])
                .max()
                .unwrap();
            println!("longest gap of RTP after the server was killed: {longest:?}");
            // Not a benchmark: without the timer nothing at all would come until the server is back.
            assert!(longest < Duration::from_millis(500), "{longest:?}");
            assert!(
                arrivals.len().abs_diff(150) < 15,
                "{} packets in 3 s",
                arrivals.len()
            );
            phone.expect("loss", |event| {
                matches!(event, MediaEvent::DeviceLost { .. }).then_some(())
            });
            pulse.revive();
            let nonce = Nonce::draw(33, 30);
            let headset = pulse.listen("headset");
            receive(Duration::from_secs(3));
            let speaker = pulse.say("mic", &nonce.sound());
            receive(Duration::from_secs(4));
            speaker.join().unwrap();
            // The far end sends back what it hears.
            let found = nonce.find(&headset.end().samples);
            assert!(found.share >= 0.95, "{found:?}");
        },
    );
}

#[test]
fn devices_are_chosen_by_name_and_followed_when_they_come_and_go() {
    with_server(
        "devices_are_chosen_by_name_and_followed_when_they_come_and_go",
        |_pulse| {
            let listed = list_devices().unwrap();
            let device = |name: &str| {
                listed
                    .iter()
                    .find(|device| device.name == name)
                    .cloned()
                    .unwrap()
            };
            assert!(
                device("headset").output && device("headset").default && !device("headset").input
            );
            assert!(device("mic-source").input && device("mic-source").default);
            assert!(!device("desk").default);
            let phone = Phone::new(BackendConfig::Device {
                mic: None,
                speaker: Some("desk".to_owned()),
                ringer: Some("no such device".to_owned()),
            });
            phone.talk_to(phone.address, Codec::Opus);
            phone.expect("the named speaker", |event| {
                matches!(event, MediaEvent::DeviceOpened { name, .. } if name == "desk")
                    .then_some(())
            });
            // The default changes.
            assert!(pactl(&["set-default-source", "deskmic-source"]).0);
            expect_open(&phone, DeviceRole::Mic, "deskmic-source");
            // The named one is unplugged, and plugged in again.
            let modules = pactl(&["list", "short", "modules"]).1;
            let module = modules
                .lines()
                .find(|line| line.contains("sink_name=desk "))
                .unwrap();
            assert!(pactl(&["unload-module", module.split('\t').next().unwrap()]).0);
            expect_open(&phone, DeviceRole::Speaker, "headset");
            assert!(
                pactl(&[
                    "load-module",
                    "module-null-sink",
                    "sink_name=desk",
                    "norewinds=1"
                ])
                .0
            );
            expect_open(&phone, DeviceRole::Speaker, "desk");
            // The ringer's name is nobody's: the default rings.
            phone.media.ring(true);
            expect_open(&phone, DeviceRole::Ringer, "headset");
        },
    );
}

#[test]
fn the_ringer_rings_elsewhere_and_nothing_stays_open() {
    with_server(
        "the_ringer_rings_elsewhere_and_nothing_stays_open",
        |pulse| {
            let phone = Phone::new(devices("mic-source", "headset", "loudspeaker"));
            let (headset, loudspeaker) = (pulse.listen("headset"), pulse.listen("loudspeaker"));
            assert_eq!(
                pactl(&["list", "short", "sink-inputs"]).1,
                "",
                "nothing is open before"
            );
            phone.media.ring(true);
            expect_open(&phone, DeviceRole::Ringer, "loudspeaker");
            thread::sleep(Duration::from_secs(4));
            phone.media.ring(false);
            let closed =
                |role| move |event| (event == MediaEvent::DeviceClosed { role }).then_some(());
            phone.expect("the ringer's close", closed(DeviceRole::Ringer));
            assert!(dbfs(&headset.end().samples) < -90.0);
            let rung = loudspeaker.end().samples;
            assert!(
                (-40.0..-10.0).contains(&dbfs(&rung)),
                "{} dBFS",
                dbfs(&rung)
            );
            assert!(Nonce::draw(1, 20).find(&rung).share < 0.5);
            // What a client of the server has open, not the server itself.
            let microphones = || {
                let outputs = pactl(&["list", "short", "source-outputs"]).1;
                outputs
                    .lines()
                    .filter(|line| line.contains("protocol-native"))
                    .count()
            };
            wait_until("the recorders are gone", || microphones() == 0);
            phone.talk_to(phone.address, Codec::Opus);
            wait_until("the microphone opens", || microphones() == 1);
            phone.media.stop(phone.session);
            phone.expect("the microphone's close", closed(DeviceRole::Mic));
            wait_until("the microphone is free", || microphones() == 0);
        },
    );
}

#[test]
fn a_device_that_is_not_there_is_missing() {
    with_server("a_device_that_is_not_there_is_missing", |_pulse| {
        for module in ["module-remap-source", "module-null-sink"] {
            assert!(pactl(&["unload-module", module]).0);
        }
        let phone = Phone::new(devices("mic-source", "headset", "loudspeaker"));
        phone.talk_to(phone.address, Codec::Opus);
        let mut missing = Vec::new();
        phone.expect("two devices missing", |event| {
            if let MediaEvent::DeviceLost { role, fault, .. } = event {
                missing.push((role, fault));
            }
            (missing.len() == 2).then_some(())
        });
        missing.sort_by_key(|(role, _)| *role != DeviceRole::Mic);
        assert_eq!(
            missing,
            [
                (DeviceRole::Mic, DeviceFault::Missing),
                (DeviceRole::Speaker, DeviceFault::Missing)
            ]
        );
    });
}

#[test]
fn what_a_speaker_gives_out_is_no_microphone() {
    with_server("what_a_speaker_gives_out_is_no_microphone", |_pulse| {
        let phone = Phone::new(BackendConfig::Device {
            mic: None,
            speaker: None,
            ringer: None,
        });
        phone.talk_to(phone.address, Codec::Opus);
        expect_open(&phone, DeviceRole::Mic, "mic-source");
        // Both microphones are unplugged: the monitor of a speaker is the default then.
        assert!(pactl(&["unload-module", "module-remap-source"]).0);
        phone.expect("no microphone", |event| {
            matches!(
                event,
                MediaEvent::DeviceLost {
                    role: DeviceRole::Mic,
                    fault: DeviceFault::Missing,
                    ..
                }
            )
            .then_some(())
        });
        let recorders = pactl(&["list", "short", "source-outputs"]).1;
        assert!(!recorders.contains("protocol-native"), "{recorders}");
        let plug = [
            "load-module",
            "module-remap-source",
            "master=mic.monitor",
            "source_name=mic-source",
        ];
        assert!(pactl(&plug).0);
        assert!(pactl(&["set-default-source", "mic-source"]).0);
        expect_open(&phone, DeviceRole::Mic, "mic-source");
    });
}

#[test]
fn a_device_that_another_program_has_is_busy_until_it_is_let_go() {
    with_server(
        "a_device_that_another_program_has_is_busy_until_it_is_let_go",
        |_pulse| {
            for (role, suspend, device) in [
                (DeviceRole::Mic, "suspend-source", "mic-source"),
                (DeviceRole::Speaker, "suspend-sink", "headset"),
            ] {
                let busy = |phone: &Phone| {
                    phone.expect("a busy device", |event| {
                        lost(&event).then(|| {
                            let is_it = matches!(event, MediaEvent::DeviceLost { role: lost, fault: DeviceFault::Busy, .. } if lost == role);
                            assert!(is_it, "{event:?}");
                        })
                    });
                };
                assert!(pactl(&[suspend, device, "1"]).0);
                let phone = Phone::new(devices("mic-source", "headset", "loudspeaker"));
                phone.talk_to(phone.address, Codec::Opus);
                busy(&phone);
                // It is tried again and again, and told once.
                loses_nothing(&phone);
                assert!(pactl(&[suspend, device, "0"]).0);
                open_again(&phone, role, device);
                // Taken in the middle of the call, after which it is let go again.
                assert!(pactl(&[suspend, device, "1"]).0);
                busy(&phone);
                assert!(pactl(&[suspend, device, "0"]).0);
                open_again(&phone, role, device);
                phone.end();
            }
        },
    );
}

#[test]
fn a_device_that_slept_wakes_up_without_an_alarm() {
    with_server("a_device_that_slept_wakes_up_without_an_alarm", |_pulse| {
        assert!(pactl(&["load-module", "module-suspend-on-idle", "timeout=1"]).0);
        wait_until("the devices sleep", || {
            let all =
                pactl(&["list", "short", "sinks"]).1 + &pactl(&["list", "short", "sources"]).1;
            all.lines().all(|line| line.ends_with("SUSPENDED"))
        });
        let phone = Phone::new(devices("mic-source", "headset", "loudspeaker"));
        phone.talk_to(phone.address, Codec::Opus);
        loses_nothing(&phone);
    });
}

fn lost(event: &MediaEvent) -> bool {
    matches!(event, MediaEvent::DeviceLost { .. })
}

/// Waits until a device that was told as lost is open, without another word of it.
fn open_again(phone: &Phone, role: DeviceRole, name: &str) {
    phone.expect(&format!("{role:?} again on {name}"), |event| {
        assert!(!lost(&event), "{event:?}");
        let opened = MediaEvent::DeviceOpened {
            role,
            name: name.to_owned(),
        };
        (event == opened).then_some(())
    });
}

/// For longer than a device may stand still.
fn loses_nothing(phone: &Phone) {
    for _ in 0..30 {
        phone.expect("a level", |event| {
            assert!(!lost(&event), "{event:?}");
            matches!(event, MediaEvent::Levels { .. }).then_some(())
        });
    }
}
