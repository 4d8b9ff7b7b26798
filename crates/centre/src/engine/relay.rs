//! RTP ports that hear each other: payloads go through untouched, to wherever the other side's packets really come from,
//! numbered as from one source.

use super::one_source::OneSource;
use super::switch::{MediaPlane, PortKey, Sides, Tone};
use super::{hold_prompt, tone};
use crate::recordings::{Recordings, Tape};
use offhook_audio::{Codec, Side};
use offhook_model::LegId;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// A stranger may take over a port only when its own source was silent for so long.
const SOURCE_LOST: Duration = Duration::from_millis(500);
/// One packet of the tone.
const PACKET: Duration = Duration::from_millis(20);
/// How often an even port is tried for.
const TRIES: u32 = 64;
/// The largest RTP packet that is forwarded.
const LARGEST: usize = 2_048;

/// The builtin media plane: one socket and one task a port. Use it inside a tokio runtime.
#[derive(Debug)]
pub struct Relay {
    ip: IpAddr,
    tones: BTreeMap<(Tone, &'static str), Arc<[Vec<u8>]>>,
    ports: BTreeMap<PortKey, Port>,
    next: u64,
    recordings: Option<Recordings>,
}

#[derive(Debug)]
struct Port {
    line: Arc<Line>,
    mode: watch::Sender<Mode>,
}

#[derive(Debug, Clone)]
enum Mode {
    Silent,
    Tone {
        payloads: Arc<[Vec<u8>]>,
        payload_type: u8,
        /// Timestamp steps of one packet.
        step: u32,
    },
    Joined(Arc<Line>),
}

/// A socket with the address its packets go to.
#[derive(Debug)]
struct Line {
    socket: UdpSocket,
    target: Mutex<Target>,
    outgoing: Mutex<OneSource>,
    /// What records the voice that comes in here.
    tapes: Mutex<Vec<(Side, Arc<Tape>)>>,
}

#[derive(Debug, Default)]
struct Target {
    said: Option<SocketAddr>,
    /// The true source of their packets, and when it was last heard.
    heard: Option<(SocketAddr, Instant)>,
}

impl Relay {
    /// A relay whose ports lie on one address of this machine. Encodes the tones, which takes some milliseconds.
    #[must_use]
    pub fn new(ip: IpAddr) -> Self {
        Self {
            ip,
            tones: Codec::ALL
                .into_iter()
                .flat_map(|codec| {
                    let name = codec.encoding_name();
                    [
                        ((Tone::Queue, name), tone::payloads(codec).into()),
                        ((Tone::Hold, name), hold_prompt::payloads(codec).into()),
                    ]
                })
                .collect(),
            ports: BTreeMap::new(),
            next: 0,
            recordings: None,
        }
    }

    /// Records there what it is asked to; without, nothing.
    #[must_use]
    pub fn with_recordings(mut self, recordings: Option<Recordings>) -> Self {
        self.recordings = recordings;
        self
    }

    fn set_mode(&self, port: PortKey, mode: Mode) {
        if let Some(port) = self.ports.get(&port) {
            port.mode.send_replace(mode);
        }
    }
}

impl MediaPlane for Relay {
    fn open(&mut self) -> Option<(PortKey, SocketAddr)> {
        let socket = bind_even(self.ip)
            .inspect_err(|error| tracing::error!(%error, "No RTP port"))
            .ok()?;
        let addr = socket.local_addr().ok()?;
        let line = Arc::new(Line {
            socket,
            target: Mutex::default(),
            outgoing: Mutex::default(),
            tapes: Mutex::default(),
        });
        let (mode, modes) = watch::channel(Mode::Silent);
        tokio::spawn(run(Arc::clone(&line), modes));
        let key = PortKey(self.next);
        self.next += 1;
        self.ports.insert(key, Port { line, mode });
        Some((key, addr))
    }

    fn set_remote(&mut self, port: PortKey, remote: SocketAddr) {
        if let Some(port) = self.ports.get(&port) {
            port.line.redirect(remote);
        }
    }

    fn play(&mut self, port: PortKey, tone: Tone, codec: Codec, payload_type: u8) {
        if let Some(payloads) = self.tones.get(&(tone, codec.encoding_name())) {
            self.set_mode(
                port,
                Mode::Tone {
                    payloads: Arc::clone(payloads),
                    payload_type,
                    step: codec.clock_rate() / 50,
                },
            );
        }
    }

    fn join(&mut self, one: PortKey, other: PortKey) {
        let line = |key| {
            self.ports
                .get(&key)
                .map(|port: &Port| Arc::clone(&port.line))
        };
        if let (Some(first), Some(second)) = (line(one), line(other)) {
            self.set_mode(one, Mode::Joined(second));
            self.set_mode(other, Mode::Joined(first));
        }
    }

    fn silence(&mut self, port: PortKey) {
        self.set_mode(port, Mode::Silent);
    }

    fn record(&mut self, leg: LegId, sides: Sides, codec: Codec, payload_type: u8) {
        let line = |key| self.ports.get(&key).map(|port: &Port| &port.line);
        if let (Some(recordings), Some(customer), Some(agent)) =
            (&self.recordings, line(sides.customer), line(sides.agent))
        {
            let tape = Arc::new(recordings.begin(leg, codec, payload_type));
            customer.tapes().push((Side::Left, Arc::clone(&tape)));
            agent.tapes().push((Side::Right, tape));
        }
    }

    fn close(&mut self, port: PortKey) {
        if let Some(port) = self.ports.get(&port) {
            for (_, tape) in port.line.tapes().drain(..) {
                tape.end();
            }
        }
        // Dropping the sender ends the task; a port that was joined to it goes on sending into the void until it is closed.
        self.ports.remove(&port);
    }
}

/// RTP likes even ports (RFC 3550 section 11), and some phones insist.
fn bind_even(ip: IpAddr) -> io::Result<UdpSocket> {
    let mut odd = Vec::new();
    for _ in 0..TRIES {
        let socket = std::net::UdpSocket::bind((ip, 0))?;
        if socket.local_addr()?.port() % 2 == 0 {
            socket.set_nonblocking(true)?;
            return UdpSocket::from_std(socket);
        }
        // Kept until one is found, or the system would give it out again.
        odd.push(socket);
    }
    Err(io::Error::from(io::ErrorKind::AddrNotAvailable))
}

async fn run(line: Arc<Line>, mut modes: watch::Receiver<Mode>) {
    let mut mode = Mode::Silent;
    let mut player = Player::new();
    let mut buffer = [0; LARGEST];
    let mut ticks = tokio::time::interval(PACKET);
    // After a hiccup the tone goes on at its pace, without a burst.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            changed = modes.changed() => {
                if changed.is_err() {
                    return;
                }
                mode = modes.borrow_and_update().clone();
                player.rewind();
            }
            received = line.socket.recv_from(&mut buffer) => match received {
                Ok((length, source)) => {
                    let packet = &mut buffer[..length];
                    if is_rtp(packet) && line.hears(source) && let Mode::Joined(peer) = &mode {
                        line.record(packet);
                        peer.send(packet);
                    }
                }
                // Some systems report here that an earlier packet found nobody. That is no reason to stop listening.
                Err(error) => {
                    tracing::debug!(%error, "RTP not received");
                    tokio::task::yield_now().await;
                }
            },
            _ = ticks.tick(), if matches!(mode, Mode::Tone { .. }) => {
                if let Mode::Tone { payloads, payload_type, step } = &mode {
                    line.send(&mut player.packet(payloads, *payload_type, *step));
                }
            }
        }
    }
}

/// Version 2, long enough, and none of RTCP's types (RFC 5761 section 4).
fn is_rtp(packet: &[u8]) -> bool {
    packet.len() >= 12 && packet[0] >> 6 == 2 && !(64..96).contains(&(packet[1] & 0x7f))
}

impl Line {
    fn redirect(&self, remote: SocketAddr) {
        let mut target = self.lock();
        if target.said != Some(remote) {
            *target = Target {
                said: Some(remote),
                heard: None,
            };
        }
    }

    /// Takes note of a packet's source; false for a stranger's (RFC 4961: who is heard is who is answered).
    fn hears(&self, source: SocketAddr) -> bool {
        let now = Instant::now();
        let mut target = self.lock();
        let stranger = target
            .heard
            .is_some_and(|(known, at)| known != source && now.duration_since(at) < SOURCE_LOST);
        if !stranger {
            target.heard = Some((source, now));
        }
        !stranger
    }

    /// Hands a packet to whoever records, as it came.
    fn record(&self, packet: &[u8]) {
        for (side, tape) in self.tapes().iter() {
            tape.hear(*side, packet);
        }
    }

    /// Sends at once or not at all: voice that has to wait is of no use.
    fn send(&self, packet: &mut [u8]) {
        let to = {
            let target = self.lock();
            target.heard.map(|(source, _)| source).or(target.said)
        };
        let Some(to) = to else { return };
        self.outgoing
            .lock()
            // What is guarded is whole after every statement: a panic elsewhere spoils nothing.
            .unwrap_or_else(PoisonError::into_inner)
            .number(packet, Instant::now());
        if let Err(error) = self.socket.try_send_to(packet, to) {
            tracing::trace!(%error, "RTP not sent");
        }
    }

    fn tapes(&self) -> MutexGuard<'_, Vec<(Side, Arc<Tape>)>> {
        // What is guarded is whole after every statement: a panic elsewhere spoils nothing.
        self.tapes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Target> {
        // What is guarded is whole after every statement: a panic elsewhere spoils nothing.
        self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Numbers the tone's packets.
struct Player {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    at: usize,
}

impl Player {
    fn new() -> Self {
        Self {
            ssrc: rand::random(),
            sequence: rand::random(),
            timestamp: rand::random(),
            at: 0,
        }
    }

    /// The next packet is the first of its tone.
    fn rewind(&mut self) {
        self.at = 0;
    }

    fn packet(&mut self, payloads: &[Vec<u8>], payload_type: u8, step: u32) -> Vec<u8> {
        let payload = payloads
            .get(self.at % payloads.len().max(1))
            .map_or(&[][..], Vec::as_slice);
        let marker = if self.at == 0 { 0x80 } else { 0 };
        let mut packet = Vec::with_capacity(12 + payload.len());
        packet.extend([0x80, marker | payload_type & 0x7f]);
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(self.timestamp.to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        packet.extend(payload);
        self.at += 1;
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(step);
        packet
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const PATIENCE: Duration = Duration::from_secs(5);

    async fn phone() -> UdpSocket {
        UdpSocket::bind((HERE, 0)).await.expect("bound")
    }

    async fn next(phone: &UdpSocket) -> Vec<u8> {
        let mut buffer = [0; LARGEST];
        let (length, _) = tokio::time::timeout(PATIENCE, phone.recv_from(&mut buffer))
            .await
            .expect("in time")
            .expect("received");
        buffer[..length].to_vec()
    }

    fn rtp(payload: u8) -> Vec<u8> {
        let mut packet = vec![0x80, 8, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        packet.extend([payload; 160]);
        packet
    }

    #[tokio::test]
    async fn a_waiting_customer_hears_the_tone_and_then_the_agent_as_one_source() {
        let mut relay = Relay::new(HERE);
        let (customer, agent) = (phone().await, phone().await);
        let (near, near_addr) = relay.open().expect("a port");
        let (far, far_addr) = relay.open().expect("a port");
        assert_eq!(near_addr.port() % 2, 0);
        relay.set_remote(near, customer.local_addr().expect("bound"));
        relay.play(near, Tone::Queue, Codec::Pcma, 8);
        let (one, two) = (next(&customer).await, next(&customer).await);
        assert_eq!((one[0], one[1], two[1]), (0x80, 0x88, 8));
        assert_eq!(one.len(), 172);

        relay.set_remote(far, agent.local_addr().expect("bound"));
        relay.join(near, far);
        // What was sent before the ports were joined is nobody's: sent again until it comes through.
        let sent = rtp(0x55);
        let got = tokio::time::timeout(PATIENCE, async {
            loop {
                agent.send_to(&sent, far_addr).await.expect("sent");
                let packet = next(&customer).await;
                if packet[12..].iter().all(|byte| *byte == 0x55) {
                    return packet;
                }
            }
        })
        .await
        .expect("in time");
        assert_eq!(got[12..], sent[12..], "the payload is untouched");
        assert_eq!(got[8..12], two[8..12], "one source");
        assert_ne!(got[8..12], sent[8..12]);
        customer.send_to(&rtp(0x66), near_addr).await.expect("sent");
        assert_eq!(next(&agent).await, rtp(0x66));
    }

    /// ITU-T G.711, A-law to linear, against full scale.
    fn expanded(byte: u8) -> f32 {
        let byte = byte ^ 0x55;
        let (segment, step) = (i32::from(byte >> 4 & 7), i32::from(byte & 15));
        let size = match segment {
            0 => step * 2 + 1,
            _ => (step * 2 + 33) << (segment - 1),
        };
        let sign = if byte & 0x80 == 0 { -1.0 } else { 1.0 };
        sign * size as f32 / 4_096.0
    }

    /// How loud a frequency is in the payloads of some packets, in dBFS of a sine.
    fn loudness(packets: &[Vec<u8>], hz: f32) -> f32 {
        let samples: Vec<f32> = packets
            .iter()
            .flat_map(|packet| packet[12..].iter().copied().map(expanded))
            .collect();
        let (mut re, mut im) = (0.0, 0.0);
        for (n, sample) in samples.iter().enumerate() {
            let phase = std::f32::consts::TAU * hz * n as f32 / 8_000.0;
            re += sample * phase.cos();
            im += sample * phase.sin();
        }
        let amplitude = 2.0 * re.hypot(im) / samples.len() as f32;
        20.0 * amplitude.log10() - 3.01
    }

    #[tokio::test]
    async fn who_is_on_hold_hears_the_prompt_and_neither_hears_the_other() {
        let mut relay = Relay::new(HERE);
        let (customer, agent) = (phone().await, phone().await);
        let (near, near_addr) = relay.open().expect("a port");
        let (far, far_addr) = relay.open().expect("a port");
        relay.set_remote(near, customer.local_addr().expect("bound"));
        relay.set_remote(far, agent.local_addr().expect("bound"));
        relay.join(near, far);
        let talk = async {
            loop {
                agent.send_to(&rtp(0x55), far_addr).await.expect("sent");
                customer.send_to(&rtp(0x66), near_addr).await.expect("sent");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let story = async {
            let said = |packet: &Vec<u8>, byte| packet[12..].iter().all(|&one| one == byte);
            let before = next(&customer).await;
            assert!(said(&before, 0x55));
            for _ in 0..3 {
                relay.silence(far);
                relay.play(near, Tone::Hold, Codec::Pcma, 8);
            }
            // What was under way before the hold may still come.
            while said(&next(&customer).await, 0x55) {}
            let turn = tokio::time::timeout(PATIENCE, async {
                let mut turn = Vec::new();
                while turn.len() < 120 {
                    turn.push(next(&customer).await);
                }
                turn
            })
            .await
            .expect("in time");
            assert!(turn.iter().all(|packet| !said(packet, 0x55)), "the agent");
            assert!(turn.iter().all(|packet| packet[8..12] == before[8..12]));
            let sequence = |packet: &Vec<u8>| u16::from_be_bytes([packet[2], packet[3]]);
            assert!(
                turn.windows(2)
                    .all(|pair| sequence(&pair[1]) == sequence(&pair[0]).wrapping_add(1)),
                "one source, packet for packet"
            );
            // The turn began one packet before: 0.4 s low, 0.4 s high, 1.2 s nothing.
            let (low, high, pause) = (&turn[1..18], &turn[21..38], &turn[42..98]);
            assert!((loudness(low, 392.0) + 20.0).abs() < 1.5);
            assert!(loudness(low, 523.0) < -35.0);
            assert!((loudness(high, 523.0) + 20.0).abs() < 1.5);
            assert!(loudness(high, 392.0) < -35.0);
            assert!(loudness(pause, 392.0) < -60.0 && loudness(pause, 523.0) < -60.0);

            // Whatever the agent's phone got of the customer was said before the hold.
            let mut buffer = [0; LARGEST];
            while agent.try_recv_from(&mut buffer).is_ok() {}
            for _ in 0..10 {
                next(&customer).await;
            }
            assert!(agent.try_recv_from(&mut buffer).is_err(), "the agent hears");
            relay.join(near, far);
            assert!(said(&next(&agent).await, 0x66));
            let again = loop {
                let packet = next(&customer).await;
                if said(&packet, 0x55) {
                    break packet;
                }
            };
            assert_eq!(again[8..12], before[8..12], "one source");
        };
        tokio::select! {
            () = talk => {}
            () = story => {}
        }
    }

    #[tokio::test]
    async fn packets_go_where_they_come_from_and_a_stranger_is_not_heard() {
        let mut relay = Relay::new(HERE);
        let (customer, agent, stranger) = (phone().await, phone().await, phone().await);
        let (near, near_addr) = relay.open().expect("a port");
        let (far, far_addr) = relay.open().expect("a port");
        // Behind NAT the customer's SDP names an address that nobody has.
        relay.set_remote(near, "127.0.0.1:9".parse().expect("an address"));
        relay.set_remote(far, agent.local_addr().expect("bound"));
        relay.join(near, far);
        tokio::time::timeout(PATIENCE, async {
            loop {
                customer.send_to(&rtp(1), near_addr).await.expect("sent");
                tokio::select! {
                    _ = next(&agent) => break,
                    () = tokio::time::sleep(Duration::from_millis(20)) => {}
                }
            }
        })
        .await
        .expect("joined");
        stranger.send_to(&rtp(2), near_addr).await.expect("sent");
        stranger.send_to(b"not RTP", near_addr).await.expect("sent");
        customer.send_to(&rtp(3), near_addr).await.expect("sent");
        loop {
            let packet = next(&agent).await;
            assert_ne!(packet, rtp(2));
            if packet == rtp(3) {
                break;
            }
        }
        agent.send_to(&rtp(4), far_addr).await.expect("sent");
        assert_eq!(next(&customer).await, rtp(4));
    }
}
