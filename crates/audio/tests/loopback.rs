//! Media threads with wav files for devices, over real sockets, in real time.

mod support;

use std::net::UdpSocket;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use offhook_audio::device::{Backend, Opened, Sink, Source, Wake, wav};
use offhook_audio::{
    BackendConfig, Codec, DeviceError, DeviceFault, DeviceRole, Digit, Media, MediaEvent,
    StreamStats,
};
use support::nonce::{Nonce, dbfs};
use support::phone::{LOCALHOST, Phone};
use support::write_wav;

fn stats(phone: &Phone) -> StreamStats {
    phone.media.stats(phone.session);
    phone.expect("statistics", |event| match event {
        MediaEvent::StreamStats { stats, .. } => Some(stats),
        _ => None,
    })
}

#[test]
fn two_phones_hear_each_other_and_not_the_muted_one() {
    for codec in [Codec::Opus, Codec::Pcma] {
        let folder = tempfile::tempdir().unwrap();
        let (agent_says, customer_says) = (Nonce::draw(21, 40), Nonce::draw(22, 60));
        let path = |name: &str| folder.path().join(name);
        write_wav(&path("agent.wav"), &agent_says.sound());
        write_wav(&path("customer.wav"), &customer_says.sound());
        let wav = |input: &str, output: &str| {
            Phone::new(BackendConfig::Wav {
                input: Some(path(input)),
                output: Some(path(output)),
            })
        };
        let agent = wav("agent.wav", "agent-heard.wav");
        let customer = wav("customer.wav", "customer-heard.wav");
        agent.talk_to(customer.address, codec);
        customer.talk_to(agent.address, codec);
        customer.expect("voice", |event| {
            matches!(event, MediaEvent::Heard { .. }).then_some(())
        });
        thread::sleep(Duration::from_secs(2));
        agent.media.set_muted(agent.session, true);
        thread::sleep(Duration::from_secs(1));
        let (at_mute, muted_at) = (stats(&customer), Instant::now());
        thread::sleep(Duration::from_secs(2));
        let packets = stats(&customer).packets_received - at_mute.packets_received;
        let expected = muted_at.elapsed().as_millis() as u64 / 20;
        assert!(
            packets.abs_diff(expected) <= 10,
            "{packets} packets, {expected} expected"
        );
        thread::sleep(Duration::from_millis(1_500));
        let last = stats(&customer);
        agent.media.stop(agent.session);
        agent.expect("last statistics", |event| {
            matches!(event, MediaEvent::StreamStats { .. }).then_some(())
        });
        agent.end();
        customer.end();
        let (agent_heard, customer_heard) = (
            wav::read(&path("agent-heard.wav")).unwrap(),
            wav::read(&path("customer-heard.wav")).unwrap(),
        );
        let found = customer_says.find(&agent_heard);
        assert!(
            found.share >= 0.95 && found.longest_gap_ms <= 100,
            "{codec:?}: {found:?} {last:?}"
        );
        assert!(
            (0.4..0.65).contains(&agent_says.find(&customer_heard).share),
            "muted after two seconds of four"
        );
        let muted = dbfs(&customer_heard[120_000..240_000]);
        assert!(muted < -60.0, "{muted} dBFS while muted");
    }
}

#[test]
fn packets_flow_without_any_device() {
    let far = UdpSocket::bind((LOCALHOST, 0)).unwrap();
    far.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let phone = Phone::new(BackendConfig::Null);
    phone.talk_to(far.local_addr().unwrap(), Codec::Pcmu);
    let mut buffer = [0; 2_000];
    let (mut arrivals, mut sequences) = (Vec::new(), Vec::new());
    while arrivals.len() < 50 {
        let (length, source) = far.recv_from(&mut buffer).unwrap();
        assert_eq!((length, source), (172, phone.address));
        arrivals.push(Instant::now());
        sequences.push(u16::from_be_bytes([buffer[2], buffer[3]]));
    }
    assert!(
        sequences
            .windows(2)
            .all(|pair| pair[1] == pair[0].wrapping_add(1))
    );
    let mean = (arrivals[49] - arrivals[0]) / 49;
    assert!(
        (Duration::from_millis(19)..Duration::from_millis(21)).contains(&mean),
        "{mean:?}"
    );
}

#[test]
fn digits_keyed_before_the_start_are_heard_at_the_far_end() {
    let (agent, ivr) = (
        Phone::new(BackendConfig::Null),
        Phone::new(BackendConfig::Null),
    );
    let keys = ['1', '9', '#'];
    for key in keys {
        let digit = Digit::parse(key).expect("a key");
        agent.media.send_digit(agent.session, digit);
    }
    ivr.talk_to(agent.address, Codec::Opus);
    agent.talk_to(ivr.address, Codec::Opus);
    for key in keys {
        let sent = agent.expect("digit sent", |event| match event {
            MediaEvent::DigitSent { session, digit } => Some((session, digit.as_char())),
            _ => None,
        });
        let heard = ivr.expect("digit", |event| match event {
            MediaEvent::Digit { session, digit } => Some((session, digit.as_char())),
            _ => None,
        });
        assert_eq!((sent, heard), ((agent.session, key), (ivr.session, key)));
    }
    let (waiting, _) = agent.media.bind(LOCALHOST).expect("a session");
    agent
        .media
        .send_digit(waiting, Digit::parse('0').expect("a key"));
    agent.media.stop(waiting);
    agent.expect("digit unsent", |event| {
        (event == MediaEvent::DigitUnsent { session: waiting }).then_some(())
    });
}

#[test]
fn a_socket_has_an_even_port_and_is_closed_with_its_session() {
    let media = Media::spawn(BackendConfig::Null, |_| {}).unwrap();
    let bound: Vec<_> = (0..20).map(|_| media.bind(LOCALHOST).unwrap()).collect();
    for (session, address) in &bound {
        assert_eq!(address.port() % 2, 0);
        assert!(UdpSocket::bind(address).is_err(), "in use");
        media.stop(*session);
    }
    let deadline = Instant::now() + Duration::from_secs(5);
    while UdpSocket::bind(bound[19].1).is_err() {
        assert!(Instant::now() < deadline, "never closed");
        thread::yield_now();
    }
    assert!(
        media.bind("203.0.113.7".parse().unwrap()).is_err(),
        "not an address of this machine"
    );
}

/// Devices that cannot be opened.
struct Broken(DeviceFault);

impl Broken {
    fn refuse<End>(&self) -> Result<Opened<End>, DeviceError> {
        Err(DeviceError::System {
            fault: self.0,
            reason: "refused".to_owned(),
        })
    }
}

impl Backend for Broken {
    fn open_mic(&mut self, _wake: &Wake) -> Result<Opened<Box<dyn Source>>, DeviceError> {
        self.refuse()
    }

    fn open_sink(
        &mut self,
        _role: DeviceRole,
        _wake: &Wake,
    ) -> Result<Opened<Box<dyn Sink>>, DeviceError> {
        self.refuse()
    }

    fn give_up(&mut self, _role: DeviceRole) {}

    fn current(&mut self, _role: DeviceRole) -> Result<Option<String>, DeviceError> {
        Ok(None)
    }
}

#[test]
fn what_is_wrong_with_a_device_is_told() {
    for fault in [DeviceFault::Missing, DeviceFault::Busy, DeviceFault::Failed] {
        let (forward, events) = channel();
        let media = Media::spawn_with(Box::new(Broken(fault)), move |event| {
            drop(forward.send(event));
        })
        .unwrap();
        media.ring(true);
        let lost = events.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(
            lost,
            MediaEvent::DeviceLost {
                role: DeviceRole::Ringer,
                fault,
                reason: "the sound system: refused".to_owned(),
            }
        );
    }
}

#[test]
fn levels_come_ten_times_a_second_and_only_in_a_call() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mouth.wav");
    write_wav(&path, &Nonce::draw(3, 60).sound());
    let phone = Phone::new(BackendConfig::Wav {
        input: Some(path),
        output: None,
    });
    assert!(
        phone
            .events
            .recv_timeout(Duration::from_millis(300))
            .is_err(),
        "nothing before"
    );
    phone.talk_to(phone.address, Codec::Opus);
    let level = |phone: &Phone| {
        phone.expect("levels", |event| match event {
            MediaEvent::Levels { mic_dbfs, far_dbfs } => Some((mic_dbfs, far_dbfs)),
            _ => None,
        })
    };
    let first = Instant::now();
    let mut levels = (0.0, 0.0);
    for _ in 0..20 {
        levels = level(&phone);
    }
    assert!(
        first.elapsed() > Duration::from_millis(1_700),
        "{:?}",
        first.elapsed()
    );
    // It talks to itself: what is said is heard.
    assert!(
        (-20.0..-10.0).contains(&levels.0) && (-20.0..-10.0).contains(&levels.1),
        "{levels:?}"
    );
    phone.media.stop(phone.session);
    phone.expect("close", |event| {
        matches!(event, MediaEvent::DeviceClosed { .. }).then_some(())
    });
}

#[test]
fn a_tone_is_heard_without_a_call() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("heard.wav");
    let phone = Phone::new(BackendConfig::Wav {
        input: None,
        output: Some(path.clone()),
    });
    phone.media.tone(Some(offhook_audio::Tone::Busy));
    phone.expect("speaker", |event| {
        matches!(event, MediaEvent::DeviceOpened { .. }).then_some(())
    });
    thread::sleep(Duration::from_secs(1));
    phone.media.tone(None);
    phone.expect("close", |event| {
        matches!(event, MediaEvent::DeviceClosed { .. }).then_some(())
    });
    phone.end();
    let level = dbfs(&wav::read(&path).unwrap());
    assert!((-30.0..-20.0).contains(&level), "{level} dBFS");
}
