//! The media thread: feeds the engine from sockets and devices, 10 ms at a time.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use crate::device::keeper::{Keeper, Kept};
use crate::device::{Backend, DeviceRole, Sink, Source, Wake};
use crate::engine::{Engine, Keyed, Transmit};
use crate::media::{Command, MediaEvent};
use crate::pacer::Pacer;
use crate::priority;
use crate::stream::SessionKey;
use crate::tone::Ringtone;
use crate::units::FRAME;

const WAKER: Token = Token(0);
/// Larger than any RTP packet: one that fills it was cut and is refused.
const DATAGRAM: usize = 4_096;
/// Datagrams taken from one socket before it is another's turn: a flood must not stop the ticks.
const BURST: usize = 64;
/// Ticks made in one go; the pacer owes no more.
const TICKS_AT_ONCE: usize = 128;

type EventSink = Box<dyn Fn(MediaEvent) + Send>;

/// See the module.
pub(crate) struct Runner {
    poll: Poll,
    queue: Receiver<Command>,
    emit: EventSink,
    keeper: Keeper,
    started: Instant,
    engine: Engine,
    pacer: Option<Pacer>,
    sockets: BTreeMap<SessionKey, Socket>,
    next_token: usize,
    mic: Option<Box<dyn Source>>,
    speaker: Option<Box<dyn Sink>>,
    ringer: Option<Box<dyn Sink>>,
    ringtone: Option<Ringtone>,
    transmits: Vec<Transmit>,
}

struct Socket {
    socket: mio::net::UdpSocket,
    token: Token,
    /// There may be more to read: the poll tells only once.
    readable: bool,
}

impl Runner {
    /// Starts the thread; returns what wakes it.
    pub(crate) fn spawn(
        backend: Box<dyn Backend>,
        queue: Receiver<Command>,
        emit: EventSink,
    ) -> io::Result<Wake> {
        let poll = Poll::new()?;
        let wake = Wake::new(Arc::new(mio::Waker::new(poll.registry(), WAKER)?));
        let keeper = Keeper::start(backend, wake.clone())?;
        let runner = Runner {
            poll,
            queue,
            emit,
            keeper,
            started: Instant::now(),
            engine: Engine::new(RandomState::new().build_hasher().finish()),
            pacer: None,
            sockets: BTreeMap::new(),
            next_token: WAKER.0 + 1,
            mic: None,
            speaker: None,
            ringer: None,
            ringtone: None,
            transmits: Vec::new(),
        };
        thread::Builder::new()
            .name("audio-media".to_owned())
            .spawn(move || runner.run())?;
        Ok(wake)
    }

    fn run(mut self) {
        priority::raise();
        let mut events = Events::with_capacity(64);
        while self.take_commands() {
            self.take_reports();
            self.receive();
            self.tick();
            self.tell_keyed();
            while let Some(news) = self.engine.poll_player() {
                (self.emit)(MediaEvent::Player(news));
            }
            self.ring();
            self.keeper.want(self.roles());
            match self.poll.poll(&mut events, self.sleep()) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    tracing::error!(%error, "The media thread cannot wait for its sockets");
                    break;
                }
            }
            for event in &events {
                if let Some(socket) = self
                    .sockets
                    .values_mut()
                    .find(|socket| socket.token == event.token())
                {
                    socket.readable = true;
                }
            }
        }
        let Runner { keeper, emit, .. } = self;
        drop(keeper);
        emit(MediaEvent::Ended);
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Carries out what was asked; `false` when nobody can ask any more.
    fn take_commands(&mut self) -> bool {
        loop {
            match self.queue.try_recv() {
                Ok(Command::Open(session, socket)) => self.open(session, socket),
                Ok(Command::Start(session, config)) => {
                    if !self.engine.start(session, config) {
                        tracing::warn!(%session, "A stream was started that is not open");
                    }
                }
                Ok(Command::SetMuted(session, muted)) => self.engine.set_muted(session, muted),
                Ok(Command::SendDigit(session, digit)) => self.engine.send_digit(session, digit),
                Ok(Command::Stop(session)) => self.stop(session),
                Ok(Command::Ring(on)) => self.ringtone = on.then(Ringtone::default),
                Ok(Command::Tone(tone)) => self.engine.set_tone(tone),
                Ok(Command::Stats(session)) => {
                    if let Some(stats) = self.engine.stats(session) {
                        (self.emit)(MediaEvent::StreamStats { session, stats });
                    }
                }
                Ok(Command::OpenPlayback(key, head)) => self.engine.open_playback(key, head),
                Ok(Command::FeedPlayback(key, first, samples)) => {
                    self.engine.feed_playback(key, first, &samples);
                }
                Ok(Command::SetPlaying(key, playing)) => self.engine.set_playing(key, playing),
                Ok(Command::SeekPlayback(key, millis)) => self.engine.seek_playback(key, millis),
                Ok(Command::SetPlaybackSpeed(key, speed)) => {
                    self.engine.set_playback_speed(key, speed);
                }
                Ok(Command::ClosePlayback(key)) => self.engine.close_playback(key),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn open(&mut self, session: SessionKey, socket: UdpSocket) {
        let mut socket = mio::net::UdpSocket::from_std(socket);
        let token = Token(self.next_token);
        self.next_token += 1;
        if let Err(error) = self
            .poll
            .registry()
            .register(&mut socket, token, Interest::READABLE)
        {
            tracing::error!(%session, %error, "An RTP socket cannot be listened to");
        }
        self.sockets.insert(
            session,
            Socket {
                socket,
                token,
                readable: true,
            },
        );
        self.engine.open(session);
    }

    fn stop(&mut self, session: SessionKey) {
        if let Some(Socket { mut socket, .. }) = self.sockets.remove(&session)
            && let Err(error) = self.poll.registry().deregister(&mut socket)
        {
            tracing::debug!(%session, %error, "An RTP socket was not listened to");
        }
        let stats = self.engine.stop(session);
        self.tell_keyed();
        if let Some(stats) = stats {
            (self.emit)(MediaEvent::StreamStats { session, stats });
        }
    }

    fn tell_keyed(&mut self) {
        while let Some(keyed) = self.engine.poll_keyed() {
            (self.emit)(match keyed {
                Keyed::Heard { session, digit } => MediaEvent::Digit { session, digit },
                Keyed::Sent { session, digit } => MediaEvent::DigitSent { session, digit },
                Keyed::Unsent { session } => MediaEvent::DigitUnsent { session },
            });
        }
    }

    /// The devices that are needed.
    fn roles(&self) -> impl Iterator<Item = DeviceRole> + use<> {
        let mic = self.engine.in_call().then_some(DeviceRole::Mic);
        let speaker = self.engine.is_audible().then_some(DeviceRole::Speaker);
        let ringer = self.ringtone.is_some().then_some(DeviceRole::Ringer);
        [mic, speaker, ringer].into_iter().flatten()
    }

    fn take_reports(&mut self) {
        while let Some(report) = self.keeper.poll() {
            let event = match report {
                Kept::Mic { end, name } => {
                    self.mic = Some(end);
                    MediaEvent::DeviceOpened {
                        role: DeviceRole::Mic,
                        name,
                    }
                }
                Kept::Sink { role, end, name } => {
                    self.set_sink(role, Some(end));
                    MediaEvent::DeviceOpened { role, name }
                }
                Kept::Lost { role, reason } => {
                    self.forget(role);
                    MediaEvent::DeviceLost {
                        role,
                        fault: reason.fault(),
                        reason: reason.to_string(),
                    }
                }
                Kept::Closed { role } => {
                    self.forget(role);
                    MediaEvent::DeviceClosed { role }
                }
            };
            tracing::debug!(?event, "Device");
            (self.emit)(event);
        }
    }

    fn forget(&mut self, role: DeviceRole) {
        match role {
            DeviceRole::Mic => self.mic = None,
            DeviceRole::Speaker | DeviceRole::Ringer => self.set_sink(role, None),
        }
    }

    fn set_sink(&mut self, role: DeviceRole, sink: Option<Box<dyn Sink>>) {
        match role {
            DeviceRole::Ringer => self.ringer = sink,
            DeviceRole::Speaker | DeviceRole::Mic => self.speaker = sink,
        }
    }

    fn receive(&mut self) {
        let mut buffer = [0; DATAGRAM];
        for (&session, socket) in &mut self.sockets {
            for _ in 0..BURST {
                if !socket.readable {
                    break;
                }
                match socket.socket.recv_from(&mut buffer) {
                    Ok((length, source)) if length < DATAGRAM => {
                        let now = self.started.elapsed();
                        if let Some(source) =
                            self.engine.receive(session, now, source, &buffer[..length])
                        {
                            (self.emit)(MediaEvent::Heard { session, source });
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        socket.readable = false
                    }
                    // Too long, or a refusal of something we sent: the next datagram may be good.
                    Ok(_) | Err(_) => {}
                }
            }
        }
    }

    fn tick(&mut self) {
        let now = self.now();
        if !self.engine.is_audible() {
            self.pacer = None;
            return;
        }
        let clock = self.clock();
        self.pacer
            .get_or_insert_with(|| Pacer::new(now))
            .advance(now, clock);
        for _ in 0..TICKS_AT_ONCE {
            let hungry = self.is_device_hungry();
            let heard = self.mic.as_ref().is_none_or(|mic| mic.is_ready());
            let due = |pacer: &&mut Pacer| pacer.is_due(hungry, heard);
            let Some(pacer) = self.pacer.as_mut().filter(due) else {
                break;
            };
            pacer.tick();
            self.tick_once();
        }
    }

    fn tick_once(&mut self) {
        let now = self.now();
        let (mut heard, mut said) = ([0.0; FRAME], [0.0; FRAME]);
        if let Some(mic) = self
            .mic
            .as_mut()
            .filter(|_| self.keeper.wants(DeviceRole::Mic))
        {
            mic.read(&mut heard);
        }
        self.engine
            .tick(now, &heard, &mut said, &mut self.transmits);
        if let Some(speaker) = &mut self.speaker {
            speaker.write(&said);
        }
        for Transmit {
            session,
            to,
            datagram,
        } in self.transmits.drain(..)
        {
            let Some(socket) = self.sockets.get(&session) else {
                continue;
            };
            if let Err(error) = socket.socket.send_to(&datagram, to) {
                tracing::trace!(%session, %error, "A packet could not be sent");
            }
        }
        if let Some(levels) = self.engine.poll_levels()
            && self.engine.in_call()
        {
            (self.emit)(MediaEvent::Levels {
                mic_dbfs: levels.mic_dbfs,
                far_dbfs: levels.far_dbfs,
            });
        }
    }

    /// The speaker sets the pace, else the microphone.
    fn clock(&self) -> Option<u64> {
        let speaker = self.speaker.as_ref().and_then(|speaker| speaker.clock());
        speaker.or_else(|| self.mic.as_ref().and_then(|mic| mic.clock()))
    }

    fn is_device_hungry(&mut self) -> bool {
        match &mut self.speaker {
            Some(speaker) if speaker.clock().is_some() => speaker.is_hungry(),
            _ => self.mic.as_ref().is_some_and(|mic| mic.is_ready()),
        }
    }

    fn ring(&mut self) {
        let (Some(ringtone), Some(ringer)) = (&mut self.ringtone, &mut self.ringer) else {
            return;
        };
        let mut frame = [0.0; FRAME];
        for _ in 0..TICKS_AT_ONCE {
            if !ringer.is_hungry() {
                break;
            }
            ringtone.fill(&mut frame);
            ringer.write(&frame);
        }
    }

    /// `None`: until something happens. The ringer's callback wakes us itself.
    fn sleep(&self) -> Option<Duration> {
        if self.sockets.values().any(|socket| socket.readable) {
            return Some(Duration::ZERO);
        }
        self.pacer.as_ref().map(Pacer::sleep)
    }
}
