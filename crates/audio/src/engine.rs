//! The engine: 10 ms of everything at a time. No socket, no device, no clock, no thread.
//!
//! A pacer calls [`Engine::tick`] every 10 ms: the sound device where there is one, a timer where not, a test in virtual
//! time. Between ticks packets go into [`Engine::receive`] as they come.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use crate::digit::Digit;
use crate::keypad::Keypad;
use crate::level::Meter;
use crate::player::{PlaybackKey, Player, PlayerNews};
use crate::random::Random;
use crate::receiver::{Receiver, Taken};
use crate::rtp::Packet;
use crate::sender::Sender;
use crate::stream::{SessionKey, StreamConfig, StreamStats, Tone};
use crate::tone::TonePlayer;
use crate::units::FRAME;
use crate::wav_head::WavHead;

/// A stranger may take over a stream only when its own source was silent for so long.
const SOURCE_LOST: Duration = Duration::from_millis(500);
/// Ticks between two readings of the levels.
const LEVEL_TICKS: u32 = 10;

/// A datagram to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// The session whose socket it leaves from.
    pub session: SessionKey,
    /// Where to.
    pub to: SocketAddr,
    /// The RTP packet.
    pub datagram: Vec<u8>,
}

/// The loudness of both sides, in dB below full scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// The microphone, before the mute button.
    pub mic_dbfs: f32,
    /// What the agent hears of all far ends.
    pub far_dbfs: f32,
}

/// What has become of a digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyed {
    /// The far end has pressed a key.
    Heard {
        /// The session it came on.
        session: SessionKey,
        /// The key.
        digit: Digit,
    },
    /// A digit was sent, to its last packet.
    Sent {
        /// The session it went out on.
        session: SessionKey,
        /// The key.
        digit: Digit,
    },
    /// A digit was dropped: no telephone events were agreed, too many waited, or the session has ended.
    Unsent {
        /// The session it was meant for.
        session: SessionKey,
    },
}

/// See the module.
#[derive(Debug)]
pub struct Engine {
    sessions: BTreeMap<SessionKey, Session>,
    keyed: VecDeque<Keyed>,
    tone: Option<TonePlayer>,
    player: Option<Player>,
    random: Random,
    mic: Meter,
    far: Meter,
    ticks: u32,
}

#[derive(Debug, Default)]
struct Session {
    muted: bool,
    keypad: Keypad,
    stream: Option<Stream>,
}

#[derive(Debug)]
struct Stream {
    config: StreamConfig,
    sender: Sender,
    receiver: Receiver,
    source: Option<Source>,
}

#[derive(Debug, Clone, Copy)]
struct Source {
    address: SocketAddr,
    heard: Duration,
}

impl Engine {
    /// Makes an engine without sessions; `seed` spreads its SSRCs and sequence numbers.
    pub fn new(seed: u64) -> Engine {
        Engine {
            sessions: BTreeMap::new(),
            keyed: VecDeque::new(),
            tone: None,
            player: None,
            random: Random::new(seed),
            mic: Meter::default(),
            far: Meter::default(),
            ticks: 0,
        }
    }

    /// Adds a session that does nothing yet.
    pub fn open(&mut self, session: SessionKey) {
        self.sessions.entry(session).or_default();
    }

    /// Starts the stream of an open session, or changes it where it differs; `false` if the session is not open. A playback
    /// pauses: nobody shall hear two things at once.
    pub fn start(&mut self, session: SessionKey, config: StreamConfig) -> bool {
        let Some(session) = self.sessions.get_mut(&session) else {
            return false;
        };
        if let Some(player) = &mut self.player {
            player.set_playing(false);
        }
        match &mut session.stream {
            Some(stream) => stream.change(config, &mut session.keypad, &mut self.random),
            None => session.stream = Some(Stream::new(config, &mut self.random)),
        }
        true
    }

    /// Silences the microphone of a session, or lets it be heard again.
    pub fn set_muted(&mut self, session: SessionKey, muted: bool) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.muted = muted;
        }
    }

    /// Sends a digit after those under way, as soon as the session is started; [`poll_keyed`](Engine::poll_keyed) tells what
    /// became of it.
    pub fn send_digit(&mut self, session: SessionKey, digit: Digit) {
        let taken = self
            .sessions
            .get_mut(&session)
            .is_some_and(|session| session.keypad.press(digit));
        if !taken {
            self.keyed.push_back(Keyed::Unsent { session });
        }
    }

    /// Plays a tone in the ear, or stops it.
    pub fn set_tone(&mut self, tone: Option<Tone>) {
        self.tone = tone.map(TonePlayer::new);
    }

    /// Makes ready to play a recording in the ear, paused at its beginning, instead of any other.
    pub fn open_playback(&mut self, key: PlaybackKey, head: WavHead) {
        self.player = Some(Player::new(key, head));
    }

    /// Gives a playback the samples it has asked for, from `first` on.
    pub fn feed_playback(&mut self, key: PlaybackKey, first: u64, samples: &[i16]) {
        if let Some(player) = self.playback(key) {
            player.feed(first, samples);
        }
    }

    /// Lets a playback be heard, or pauses it. It is not heard while a stream is started.
    pub fn set_playing(&mut self, key: PlaybackKey, playing: bool) {
        let playing = playing && !self.in_call();
        if let Some(player) = self.playback(key) {
            player.set_playing(playing);
        }
    }

    /// Lets a playback go on from another place, in milliseconds from the beginning.
    pub fn seek_playback(&mut self, key: PlaybackKey, millis: u64) {
        if let Some(player) = self.playback(key) {
            player.seek(millis);
        }
    }

    /// Changes the speed of a playback: 2 is twice as fast, at the same pitch.
    pub fn set_playback_speed(&mut self, key: PlaybackKey, speed: f64) {
        if let Some(player) = self.playback(key) {
            player.set_speed(speed);
        }
    }

    /// Ends a playback.
    pub fn close_playback(&mut self, key: PlaybackKey) {
        self.player.take_if(|player| player.key() == key);
    }

    fn playback(&mut self, key: PlaybackKey) -> Option<&mut Player> {
        self.player.as_mut().filter(|player| player.key() == key)
    }

    /// Removes a session; returns the counters of its stream if it was started.
    pub fn stop(&mut self, session: SessionKey) -> Option<StreamStats> {
        let Session {
            mut keypad, stream, ..
        } = self.sessions.remove(&session)?;
        keypad.cut();
        report_sent(session, &mut keypad, &mut self.keyed);
        report_unsent(session, &mut keypad, &mut self.keyed);
        Some(stream?.stats())
    }

    /// Returns the counters of a started stream.
    pub fn stats(&self, session: SessionKey) -> Option<StreamStats> {
        Some(self.sessions.get(&session)?.stream.as_ref()?.stats())
    }

    /// Tells whether any stream is started.
    pub fn in_call(&self) -> bool {
        self.sessions
            .values()
            .any(|session| session.stream.is_some())
    }

    /// Tells whether the speaker is needed.
    pub fn is_audible(&self) -> bool {
        self.in_call()
            || self.tone.is_some()
            || self.player.as_ref().is_some_and(Player::is_audible)
    }

    /// Takes a datagram. Returns its source if that is where packets go from now on and was not before.
    pub fn receive(
        &mut self,
        session: SessionKey,
        now: Duration,
        source: SocketAddr,
        datagram: &[u8],
    ) -> Option<SocketAddr> {
        let stream = self.sessions.get_mut(&session)?.stream.as_mut()?;
        let Received { moved, digit } = stream.receive(now, source, datagram);
        let heard = digit.map(|digit| Keyed::Heard { session, digit });
        self.keyed.extend(heard);
        moved
    }

    /// Moves everything on by 10 ms: takes what the microphone heard, fills in what the speaker shall say, appends what
    /// is to be sent.
    pub fn tick(
        &mut self,
        now: Duration,
        mic: &[f32; FRAME],
        speaker: &mut [f32; FRAME],
        transmits: &mut Vec<Transmit>,
    ) {
        speaker.fill(0.0);
        let mut heard = [0.0; FRAME];
        for (&key, session) in &mut self.sessions {
            let Some(stream) = &mut session.stream else {
                continue;
            };
            stream.receiver.pull(now, &mut heard);
            if stream.config.direction.receive {
                for (sum, sample) in speaker.iter_mut().zip(heard) {
                    *sum += sample;
                }
            }
            let audible = stream.config.direction.send && !session.muted;
            if stream.config.telephone_event.is_none() {
                report_unsent(key, &mut session.keypad, &mut self.keyed);
            }
            let sent = stream.sender.push(mic, audible, &mut session.keypad);
            report_sent(key, &mut session.keypad, &mut self.keyed);
            if let Some(datagram) = sent {
                transmits.push(Transmit {
                    session: key,
                    to: stream.destination(),
                    datagram,
                });
            }
        }
        self.mic.add(mic);
        self.far.add(&speaker[..]);
        self.ticks += 1;
        if let Some(tone) = &mut self.tone {
            tone.add(speaker);
        }
        if let Some(player) = &mut self.player {
            player.add(speaker);
        }
        for sample in speaker {
            *sample = sample.clamp(-1.0, 1.0);
        }
    }

    /// Returns what has become of digits, one by one, until there is no more.
    pub fn poll_keyed(&mut self) -> Option<Keyed> {
        self.keyed.pop_front()
    }

    /// Returns what is new of the playback, one by one, until there is no more.
    pub fn poll_player(&mut self) -> Option<PlayerNews> {
        self.player.as_mut()?.poll()
    }

    /// Returns the levels once every ten ticks.
    pub fn poll_levels(&mut self) -> Option<Levels> {
        if self.ticks < LEVEL_TICKS {
            return None;
        }
        self.ticks = 0;
        Some(Levels {
            mic_dbfs: self.mic.read(),
            far_dbfs: self.far.read(),
        })
    }
}

fn report_sent(session: SessionKey, keypad: &mut Keypad, keyed: &mut VecDeque<Keyed>) {
    let sent = keypad.take_sent();
    keyed.extend(sent.map(|digit| Keyed::Sent { session, digit }));
}

fn report_unsent(session: SessionKey, keypad: &mut Keypad, keyed: &mut VecDeque<Keyed>) {
    keyed.extend((0..keypad.clear()).map(|_| Keyed::Unsent { session }));
}

/// What a datagram has brought.
#[derive(Debug, Default)]
struct Received {
    /// Where packets go from now on, if that has changed.
    moved: Option<SocketAddr>,
    digit: Option<Digit>,
}

impl Stream {
    fn new(config: StreamConfig, random: &mut Random) -> Stream {
        Stream {
            sender: Sender::new(&config, random),
            receiver: Receiver::new(config.receive.clone(), config.telephone_event),
            source: None,
            config,
        }
    }

    fn change(&mut self, config: StreamConfig, keypad: &mut Keypad, random: &mut Random) {
        self.sender.set_format(&config, keypad, random);
        self.receiver
            .set_formats(config.receive.clone(), config.telephone_event);
        if config.remote != self.config.remote {
            self.source = None;
        }
        if config.direction.receive && !self.config.direction.receive {
            self.receiver.start_over();
        }
        self.config = config;
    }

    /// Symmetric RTP (RFC 4961): packets go where they come from.
    fn destination(&self) -> SocketAddr {
        self.source
            .map_or(self.config.remote, |source| source.address)
    }

    fn receive(&mut self, now: Duration, address: SocketAddr, datagram: &[u8]) -> Received {
        let known = self
            .source
            .filter(|source| source.address == address)
            .is_some();
        // The negotiated address is always right; anybody else only while nobody is there.
        let welcome = known
            || address == self.config.remote
            || self
                .source
                .is_none_or(|source| now.saturating_sub(source.heard) > SOURCE_LOST);
        let Some(packet) = Packet::parse(datagram).filter(|_| welcome) else {
            self.receiver.refuse();
            return Received::default();
        };
        let digit = match self.receiver.insert(now, &packet) {
            Taken::Refused => return Received::default(),
            Taken::Accepted => None,
            Taken::Key(digit) => Some(digit),
        };
        self.source = Some(Source {
            address,
            heard: now,
        });
        Received {
            moved: (!known).then_some(address),
            digit,
        }
    }

    fn stats(&self) -> StreamStats {
        StreamStats {
            packets_sent: self.sender.sent(),
            ..self.receiver.stats()
        }
    }
}
