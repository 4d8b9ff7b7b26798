//! The handle to the media thread.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

use crate::device::{Backend, BackendConfig, DeviceFault, DeviceRole, Wake, backend};
use crate::digit::Digit;
use crate::player::{PlaybackKey, PlayerNews};
use crate::runner::Runner;
use crate::stream::{SessionKey, StreamConfig, StreamStats, Tone};
use crate::wav_head::WavHead;

/// Commands wait here for at most a tick; a caller waits only if so many are under way.
const COMMANDS: usize = 256;
/// How often an even port is looked for.
const ATTEMPTS: usize = 64;

/// What the media thread reports. Events of one [`Media`] come in order, from its own thread.
#[derive(Debug, Clone, PartialEq)]
pub enum MediaEvent {
    /// The loudness of both sides in dB below full scale (0 is the loudest, -100 silence), ten times a second while a
    /// stream runs. The microphone is measured before the mute button.
    Levels {
        /// The agent's microphone.
        mic_dbfs: f32,
        /// What the agent hears of the far end.
        far_dbfs: f32,
    },
    /// Packets of the far end came from this address, the first ones, or the first from here; packets go there from now
    /// on.
    Heard {
        /// The session they came on.
        session: SessionKey,
        /// Where they came from.
        source: SocketAddr,
    },
    /// A device was opened, also again after it was lost, or another one instead.
    DeviceOpened {
        /// What for.
        role: DeviceRole,
        /// Its name.
        name: String,
    },
    /// A device could not be opened, or went away; it is tried again, RTP flows on.
    DeviceLost {
        /// What for.
        role: DeviceRole,
        /// What is wrong with it.
        fault: DeviceFault,
        /// What the system said.
        reason: String,
    },
    /// A device was closed because nothing needs it any more.
    DeviceClosed {
        /// What it was for.
        role: DeviceRole,
    },
    /// The far end has pressed a key. Comes once, when the first packet of it does.
    Digit {
        /// The session it came on.
        session: SessionKey,
        /// The key.
        digit: Digit,
    },
    /// A digit was sent; the next one follows, if any waits.
    DigitSent {
        /// The session it went out on.
        session: SessionKey,
        /// The key.
        digit: Digit,
    },
    /// A digit was dropped: the stream has no telephone events, too many waited, or the session has ended.
    DigitUnsent {
        /// The session it was meant for.
        session: SessionKey,
    },
    /// The answer to [`Media::stats`], and the last word of a stream that was stopped.
    StreamStats {
        /// The session.
        session: SessionKey,
        /// Its counters.
        stats: StreamStats,
    },
    /// A playback needs sound, or has got on.
    Player(PlayerNews),
    /// The media thread has ended: devices are closed, files complete. The last event.
    Ended,
}

/// Why the media thread or a session could not be started.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The system gave no thread or no poll.
    #[error("starting the media thread: {0}")]
    Start(#[source] io::Error),
    /// No socket on this address: not one of this machine's, or no port is left.
    #[error("opening an RTP socket on {address}: {source}")]
    Bind {
        /// The address asked for.
        address: IpAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The media thread is gone, which only a panic in it can cause.
    #[error("the media thread has ended")]
    Ended,
}

/// A handle to one media thread. The thread ends, its files finished and its devices closed, when the last one drops.
#[derive(Debug, Clone)]
pub struct Media(Arc<Handle>);

#[derive(Debug)]
struct Handle {
    /// `None` only while dropping.
    commands: Option<SyncSender<Command>>,
    wake: Wake,
}

#[derive(Debug)]
pub(crate) enum Command {
    Open(SessionKey, UdpSocket),
    Start(SessionKey, StreamConfig),
    SetMuted(SessionKey, bool),
    SendDigit(SessionKey, Digit),
    Stop(SessionKey),
    Ring(bool),
    Tone(Option<Tone>),
    Stats(SessionKey),
    OpenPlayback(PlaybackKey, WavHead),
    FeedPlayback(PlaybackKey, u64, Vec<i16>),
    SetPlaying(PlaybackKey, bool),
    SeekPlayback(PlaybackKey, u64),
    SetPlaybackSpeed(PlaybackKey, f64),
    ClosePlayback(PlaybackKey),
}

impl Media {
    /// Starts a media thread. Devices are opened only while a stream, a tone or the ringtone needs them.
    ///
    /// `events` is called on the media thread and must not block: forward into a channel of your own.
    ///
    /// # Errors
    /// [`MediaError::Start`] when the system gives no thread.
    pub fn spawn(
        config: BackendConfig,
        events: impl Fn(MediaEvent) + Send + 'static,
    ) -> Result<Media, MediaError> {
        Media::spawn_with(backend(config), events)
    }

    /// Starts a media thread over a backend of one's own.
    ///
    /// # Errors
    /// [`MediaError::Start`] when the system gives no thread.
    pub fn spawn_with(
        backend: Box<dyn Backend>,
        events: impl Fn(MediaEvent) + Send + 'static,
    ) -> Result<Media, MediaError> {
        let (commands, queue) = sync_channel(COMMANDS);
        let wake = Runner::spawn(backend, queue, Box::new(events)).map_err(MediaError::Start)?;
        Ok(Media(Arc::new(Handle {
            commands: Some(commands),
            wake,
        })))
    }

    /// Opens an RTP socket on an even port of `local`, returned as the address to write into SDP.
    ///
    /// Opened when an INVITE comes, so that the answer need not wait. Returns at once.
    ///
    /// # Errors
    /// [`MediaError::Bind`] when the system gives no socket, [`MediaError::Ended`] when the thread is gone.
    pub fn bind(&self, local: IpAddr) -> Result<(SessionKey, SocketAddr), MediaError> {
        let (socket, address) = bind_even(local).map_err(|source| MediaError::Bind {
            address: local,
            source,
        })?;
        let key = SessionKey::next();
        if self.send(Command::Open(key, socket)) {
            Ok((key, address))
        } else {
            Err(MediaError::Ended)
        }
    }

    /// Starts a bound session, or changes a running one after a re-INVITE.
    pub fn start(&self, session: SessionKey, stream: StreamConfig) {
        self.send(Command::Start(session, stream));
    }

    /// Mutes or unmutes the microphone of one session, also before it is started; silence packets flow on.
    pub fn set_muted(&self, session: SessionKey, muted: bool) {
        self.send(Command::SetMuted(session, muted));
    }

    /// Sends a digit to the far end, after those that wait; muted or held, too. Before the session is started it waits for
    /// that. [`MediaEvent::DigitSent`] or [`MediaEvent::DigitUnsent`] tells what became of it.
    pub fn send_digit(&self, session: SessionKey, digit: Digit) {
        self.send(Command::SendDigit(session, digit));
    }

    /// Ends a session and closes its socket; [`MediaEvent::StreamStats`] is its last word if it was started.
    pub fn stop(&self, session: SessionKey) {
        self.send(Command::Stop(session));
    }

    /// Starts the ringtone on the ringer from its beginning, or stops it.
    pub fn ring(&self, on: bool) {
        self.send(Command::Ring(on));
    }

    /// Plays a tone in the ear from its beginning, or stops it.
    pub fn tone(&self, tone: Option<Tone>) {
        self.send(Command::Tone(tone));
    }

    /// Makes ready to play a recording on the speaker, paused at its beginning, instead of any other. Never in a call, and no
    /// microphone is opened for it. [`MediaEvent::Player`] asks for the sound and tells how far it has got.
    pub fn open_playback(&self, head: WavHead) -> PlaybackKey {
        let key = PlaybackKey::next();
        self.send(Command::OpenPlayback(key, head));
        key
    }

    /// Gives a playback the samples it has asked for, from `first` on; others are let go.
    pub fn feed_playback(&self, key: PlaybackKey, first: u64, samples: Vec<i16>) {
        self.send(Command::FeedPlayback(key, first, samples));
    }

    /// Lets a playback be heard, from the beginning after its end, or pauses it. A stream that starts pauses it, too.
    pub fn set_playing(&self, key: PlaybackKey, playing: bool) {
        self.send(Command::SetPlaying(key, playing));
    }

    /// Lets a playback go on from another place, in milliseconds from the beginning.
    pub fn seek_playback(&self, key: PlaybackKey, millis: u64) {
        self.send(Command::SeekPlayback(key, millis));
    }

    /// Changes the speed of a playback, 0.5 to 2, at the same pitch.
    pub fn set_playback_speed(&self, key: PlaybackKey, speed: f64) {
        self.send(Command::SetPlaybackSpeed(key, speed.clamp(0.5, 2.0)));
    }

    /// Ends a playback.
    pub fn close_playback(&self, key: PlaybackKey) {
        self.send(Command::ClosePlayback(key));
    }

    /// Asks for a started session's counters; the answer is [`MediaEvent::StreamStats`].
    pub fn stats(&self, session: SessionKey) {
        self.send(Command::Stats(session));
    }

    fn send(&self, command: Command) -> bool {
        let sent = self
            .0
            .commands
            .as_ref()
            .is_some_and(|commands| commands.send(command).is_ok());
        if !sent {
            tracing::error!("The media thread is gone");
        }
        self.0.wake.wake();
        sent
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.commands = None;
        self.wake.wake();
    }
}

/// RTP wants an even port (RFC 3550 section 11); the system gives any.
fn bind_even(local: IpAddr) -> io::Result<(UdpSocket, SocketAddr)> {
    // Odd ones are kept meanwhile, so as not to be given twice.
    let mut odd = Vec::new();
    loop {
        let socket = UdpSocket::bind((local, 0))?;
        let address = socket.local_addr()?;
        if address.port() % 2 == 0 {
            socket.set_nonblocking(true)?;
            return Ok((socket, address));
        }
        odd.push(socket);
        if odd.len() == ATTEMPTS {
            return Err(io::Error::new(
                io::ErrorKind::AddrInUse,
                "no even port is free",
            ));
        }
    }
}
