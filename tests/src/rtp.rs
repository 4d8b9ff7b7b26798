//! A witness on the voice's way to a peer and back: passes every packet on, and keeps what went to the peer as sound and as keyed
//! digits (RFC 3550, RFC 4733). G.711 becomes sound; other codecs are passed on and not listened to.

use crate::{place::eventually, sound::Sound};
use anyhow::{Result, ensure};
use std::{
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

const RATE: u32 = 8000;
/// A stream whose place by its own clock is further than this from when it arrived is put where it arrived.
const ADRIFT: usize = 2400;

/// The witness. Clones are the same one, which goes with the last of them.
#[derive(Debug, Clone)]
pub struct Rtp {
    port: u16,
    heard: Arc<Mutex<Heard>>,
    _threads: Arc<Stop>,
}

#[derive(Debug, Default)]
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Rtp {
    /// Stands before a peer's RTP port on 127.0.0.1; what the peer sends back goes to whoever sent last.
    ///
    /// # Errors
    /// No port is free.
    pub fn before(peer: u16) -> Result<Self> {
        let (outer, inner) = (
            UdpSocket::bind("127.0.0.1:0")?,
            UdpSocket::bind("127.0.0.1:0")?,
        );
        inner.connect(("127.0.0.1", peer))?;
        for socket in [&outer, &inner] {
            socket.set_read_timeout(Some(Duration::from_millis(100)))?;
        }
        let port = outer.local_addr()?.port();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let stop = Stop::default();
        let from = Arc::new(Mutex::new(None::<SocketAddr>));
        let (to_outer, to_inner) = (outer.try_clone()?, inner.try_clone()?);
        let (list, sender, end) = (Arc::clone(&heard), Arc::clone(&from), Arc::clone(&stop.0));
        std::thread::spawn(move || {
            let mut packet = [0; 2048];
            while !end.load(Ordering::Relaxed) {
                let Ok((length, address)) = outer.recv_from(&mut packet) else {
                    continue;
                };
                *sender.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
                list.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take(&packet[..length], Instant::now());
                // The peer may be gone already.
                to_inner.send(&packet[..length]).ok();
            }
        });
        let end = Arc::clone(&stop.0);
        std::thread::spawn(move || {
            let mut packet = [0; 2048];
            while !end.load(Ordering::Relaxed) {
                let Ok(length) = inner.recv(&mut packet) else {
                    continue;
                };
                let address = *from.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(address) = address {
                    to_outer.send_to(&packet[..length], address).ok();
                }
            }
        });
        Ok(Self {
            port,
            heard,
            _threads: Arc::new(stop),
        })
    }

    /// Tells the port to announce in place of the peer's.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Tells the digits keyed up to now, in the order of their beginning; one whose end is still to come is left out.
    #[must_use]
    pub fn digits(&self) -> String {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard
            .events
            .iter()
            .filter(|event| event.ended)
            .map(|event| event.key)
            .collect()
    }

    /// Waits until exactly these digits have been keyed, in this order, from the beginning.
    ///
    /// # Errors
    /// Others were, or not all in time.
    pub async fn is_keyed(&self, digits: &str, limit: Duration) -> Result<()> {
        eventually("keyed digits", limit, async || {
            let keyed = self.digits();
            ensure!(keyed == digits, "keyed are {keyed:?}");
            Ok(())
        })
        .await
    }

    /// Tells how many packets came with any of `payload`.
    #[must_use]
    pub fn packets(&self, payload: u8) -> usize {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.packets[usize::from(payload & 127)]
    }

    /// Tells how long it has listened, from the first packet.
    #[must_use]
    pub fn position(&self) -> Duration {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.begun.map_or(Duration::ZERO, |begun| begun.elapsed())
    }

    /// Gives what went to the peer up to now; where nothing came there is silence.
    #[must_use]
    pub fn sound(&self) -> Sound {
        let length = self.position();
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sound = Sound {
            rate: RATE,
            samples: heard.samples.clone(),
        };
        let now = samples_in(length);
        if sound.samples.len() < now {
            sound.samples.resize(now, 0.0);
        }
        sound
    }
}

#[derive(Debug)]
struct Heard {
    begun: Option<Instant>,
    samples: Vec<f32>,
    stream: Option<Stream>,
    events: Vec<Event>,
    packets: [usize; 128],
}

impl Default for Heard {
    fn default() -> Self {
        Self {
            begun: None,
            samples: Vec::new(),
            stream: None,
            events: Vec::new(),
            packets: [0; 128],
        }
    }
}

/// Where one source's clock stands on ours.
#[derive(Debug, Clone, Copy)]
struct Stream {
    source: u32,
    stamp: u32,
    at: usize,
}

#[derive(Debug)]
struct Event {
    source: u32,
    stamp: u32,
    key: char,
    ended: bool,
}

impl Heard {
    fn take(&mut self, packet: &[u8], now: Instant) {
        let Some(Packet {
            payload,
            stamp,
            source,
            body,
        }) = Packet::parse(packet)
        else {
            return;
        };
        self.packets[usize::from(payload)] += 1;
        let arrived = samples_in(now.duration_since(*self.begun.get_or_insert(now)));
        match payload {
            0 => self.voice(source, stamp, arrived, body, mu_law),
            8 => self.voice(source, stamp, arrived, body, a_law),
            96..=127 if body.len() == 4 => self.event(source, stamp, body),
            _ => {}
        }
    }

    fn voice(&mut self, source: u32, stamp: u32, arrived: usize, body: &[u8], law: fn(u8) -> f32) {
        let by_clock = self
            .stream
            .filter(|stream| stream.source == source)
            .and_then(|stream| {
                let ahead = stamp.wrapping_sub(stream.stamp).cast_signed();
                stream.at.checked_add_signed(ahead as isize)
            })
            .filter(|at| at.abs_diff(arrived) < ADRIFT);
        let at = by_clock.unwrap_or(arrived);
        self.stream = Some(Stream { source, stamp, at });
        if self.samples.len() < at + body.len() {
            self.samples.resize(at + body.len(), 0.0);
        }
        for (sample, byte) in self.samples[at..].iter_mut().zip(body) {
            *sample = law(*byte);
        }
    }

    /// All packets of one event carry the stamp of its beginning (RFC 4733, 2.5.1).
    fn event(&mut self, source: u32, stamp: u32, body: &[u8]) {
        const KEYS: &[u8] = b"0123456789*#ABCD";
        let Some(key) = KEYS.get(usize::from(body[0])) else {
            return;
        };
        let ended = body[1] & 0x80 != 0;
        match self
            .events
            .iter_mut()
            .find(|event| event.source == source && event.stamp == stamp)
        {
            Some(event) => event.ended |= ended,
            None => self.events.push(Event {
                source,
                stamp,
                key: char::from(*key),
                ended,
            }),
        }
    }
}

struct Packet<'a> {
    payload: u8,
    stamp: u32,
    source: u32,
    body: &'a [u8],
}

impl<'a> Packet<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<12>()?;
        if head[0] >> 6 != 2 {
            return None;
        }
        let sources = usize::from(head[0] & 15) * 4;
        let mut body = rest.get(sources..)?;
        if head[0] & 0x10 != 0 {
            let words = u16::from_be_bytes([*body.get(2)?, *body.get(3)?]);
            body = body.get(4 + usize::from(words) * 4..)?;
        }
        if head[0] & 0x20 != 0 {
            let padding = usize::from(*body.last()?);
            body = body.get(..body.len().checked_sub(padding)?)?;
        }
        Some(Self {
            payload: head[1] & 127,
            stamp: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
            source: u32::from_be_bytes([head[8], head[9], head[10], head[11]]),
            body,
        })
    }
}

/// G.711 µ-law.
fn mu_law(byte: u8) -> f32 {
    let byte = !byte;
    let step = i32::from(byte & 15) * 8 + 132;
    let size = (step << ((byte >> 4) & 7)) - 132;
    let signed = if byte & 0x80 == 0 { size } else { -size };
    signed as f32 / 32768.0
}

/// G.711 A-law.
fn a_law(byte: u8) -> f32 {
    let byte = byte ^ 0x55;
    let step = i32::from(byte & 15) * 16 + 8;
    let size = match (byte >> 4) & 7 {
        0 => step,
        segment => (step + 256) << (segment - 1),
    };
    let signed = if byte & 0x80 == 0 { -size } else { size };
    signed as f32 / 32768.0
}

fn samples_in(time: Duration) -> usize {
    (time.as_secs_f64() * f64::from(RATE)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(payload: u8, stamp: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x80, payload, 0, 1];
        bytes.extend(stamp.to_be_bytes());
        bytes.extend([0, 0, 0, 9]);
        bytes.extend(body);
        bytes
    }

    #[test]
    fn voice_lies_where_its_clock_says() {
        let mut heard = Heard::default();
        let now = Instant::now();
        heard.take(&packet(0, 1000, &[0x00; 160]), now);
        heard.take(
            &packet(0, 1320, &[0x80; 160]),
            now + Duration::from_millis(55),
        );
        assert_eq!(heard.samples.len(), 480);
        assert!(heard.samples[159] < -0.97 && heard.samples[320] > 0.97);
        assert!(heard.samples[160..320].iter().all(|sample| *sample == 0.0));
        // The source leapt ahead by an hour: it is put where it came.
        heard.take(
            &packet(8, 30_000_000, &[0xD5; 160]),
            now + Duration::from_millis(100),
        );
        assert_eq!(heard.samples.len(), 960);
    }

    #[test]
    fn digits_are_told_once_each_in_their_order_and_only_when_let_go() {
        let mut heard = Heard::default();
        let now = Instant::now();
        for (stamp, key, flags) in [
            (160, 5, 10),
            (160, 5, 10),
            (160, 5, 0x8A),
            (160, 5, 0x8A),
            (1600, 5, 0x8A),
            (3200, 11, 0x8A),
            (4800, 10, 10),
        ] {
            heard.take(&packet(101, stamp, &[key, flags, 0, 160]), now);
        }
        let keys: String = heard
            .events
            .iter()
            .filter(|event| event.ended)
            .map(|event| event.key)
            .collect();
        assert_eq!(keys, "55#");
    }

    #[test]
    fn silence_of_both_laws_is_silent() {
        assert!(mu_law(0xFF).abs() < 1e-6 && a_law(0xD5).abs() < 1e-3);
        assert!((mu_law(0x80) + mu_law(0x00)).abs() < 1e-6);
        assert!((a_law(0xAA) + a_law(0x2A)).abs() < 1e-6);
    }
}
