//! What a practice person says and hears: a media thread of their own, and the SDP for it.

use super::PracticeCall;
use crate::clock;
use offhook_audio::{BackendConfig, Codec, Direction, Media, MediaEvent, SessionKey, StreamConfig};
use offhook_sip::sdp::{self, Capabilities, CodecSpec, Negotiated, SessionVersion};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// How long the recording may take to be completed.
const RECORDING: Duration = Duration::from_secs(2);

/// The sound of one call.
pub(super) struct Sound {
    media: Media,
    ended: oneshot::Receiver<()>,
    session: SessionKey,
    capabilities: Capabilities,
    version: SessionVersion,
}

impl Sound {
    /// Binds an RTP port; `voice` is said once a stream is started, and what is heard goes to `record`, digits to `told`.
    pub(super) fn open(
        voice: PathBuf,
        record: Option<PathBuf>,
        local: IpAddr,
        told: watch::Sender<PracticeCall>,
    ) -> Result<Self, String> {
        let (ending, ended) = oneshot::channel();
        let ending = std::sync::Mutex::new(Some(ending));
        let backend = BackendConfig::Wav {
            input: Some(voice),
            output: record,
        };
        let media = Media::spawn(backend, move |event| match event {
            MediaEvent::Digit { digit, .. } => {
                told.send_modify(|state| state.digits.push(digit.as_char()));
            }
            MediaEvent::Ended => {
                if let Ok(mut ending) = ending.lock()
                    && let Some(ending) = ending.take()
                {
                    // Whoever waited may have stopped waiting.
                    ending.send(()).ok();
                }
            }
            MediaEvent::Levels { .. }
            | MediaEvent::Heard { .. }
            | MediaEvent::DeviceOpened { .. }
            | MediaEvent::DeviceLost { .. }
            | MediaEvent::DeviceClosed { .. }
            | MediaEvent::StreamStats { .. }
            | MediaEvent::Player(_)
            | MediaEvent::DigitSent { .. }
            | MediaEvent::DigitUnsent { .. } => {}
        })
        .map_err(|error| error.to_string())?;
        let (session, addr) = media.bind(local).map_err(|error| error.to_string())?;
        Ok(Self {
            media,
            ended,
            session,
            capabilities: capabilities(addr),
            version: SessionVersion {
                id: clock::wall().0.unsigned_abs(),
                version: 1,
            },
        })
    }

    /// Our offer.
    pub(super) fn offer(&self) -> Vec<u8> {
        sdp::offer(&self.capabilities, sdp::Direction::SendRecv, self.version)
    }

    /// What follows from the answer to it.
    pub(super) fn accept(&self, answer: &[u8]) -> Option<StreamConfig> {
        let negotiated = sdp::accept(answer, &self.capabilities).ok()?;
        self.stream_of(&negotiated)
    }

    /// Our answer to an offer, and what follows from it.
    pub(super) fn answer(&self, offer: &[u8]) -> Option<(Vec<u8>, StreamConfig)> {
        let wish = sdp::Direction::SendRecv;
        let (answer, negotiated) =
            sdp::answer(offer, &self.capabilities, wish, self.version).ok()?;
        Some((answer, self.stream_of(&negotiated)?))
    }

    /// Our answer to a change of the session, or our offer where it has none.
    pub(super) fn answer_again(&mut self, offer: Option<&[u8]>) -> Option<Vec<u8>> {
        self.version.version += 1;
        match offer {
            None => Some(self.offer()),
            Some(offer) => self.answer(offer).map(|(answer, _)| answer),
        }
    }

    /// Speaks and listens.
    pub(super) fn start(&self, stream: StreamConfig) {
        self.media.start(self.session, stream);
    }

    pub(super) fn set_muted(&self, muted: bool) {
        self.media.set_muted(self.session, muted);
    }

    /// Ends the stream and waits until the recording is complete.
    pub(super) async fn close(self) {
        self.media.stop(self.session);
        drop(self.media);
        if tokio::time::timeout(RECORDING, self.ended).await.is_err() {
            tracing::warn!("A practice recording was not completed");
        }
    }

    fn stream_of(&self, negotiated: &Negotiated) -> Option<StreamConfig> {
        let voice = negotiated.codecs.first()?;
        let codec = Codec::from_rtpmap(&voice.name, voice.clock_rate)?;
        Some(StreamConfig {
            remote: negotiated.remote,
            codec,
            payload_type: voice.payload_type,
            receive: self
                .capabilities
                .codecs
                .iter()
                .filter_map(|spec| {
                    let codec = Codec::from_rtpmap(&spec.name, spec.clock_rate)?;
                    Some((spec.payload_type, codec))
                })
                .collect(),
            telephone_event: negotiated.telephone_event,
            direction: Direction::BOTH,
        })
    }
}

fn capabilities(addr: SocketAddr) -> Capabilities {
    let event = |payload_type, clock_rate| CodecSpec {
        payload_type,
        name: "telephone-event".to_owned(),
        clock_rate,
        channels: 1,
        fmtp: Some("0-15".to_owned()),
    };
    Capabilities {
        addr,
        codecs: Codec::ALL
            .into_iter()
            .map(|codec| CodecSpec {
                payload_type: codec.static_payload_type().unwrap_or(96),
                name: codec.encoding_name().to_owned(),
                clock_rate: codec.clock_rate(),
                channels: codec.channels(),
                fmtp: codec.fmtp().map(str::to_owned),
            })
            .collect(),
        telephone_event: vec![event(97, 48_000), event(101, 8_000)],
        ptime: 20,
    }
}
