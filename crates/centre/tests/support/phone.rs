//! An agent's phone over real sockets, and a headset of wav files.

use super::PATIENCE;
use offhook_audio::{BackendConfig, Codec, Direction, Media, MediaEvent, SessionKey, StreamConfig};
use offhook_model::api::SignInResponse;
use offhook_sip::sdp::{self, Capabilities, CodecSpec, Negotiated, SessionVersion};
use offhook_sip::{
    Account, CallKey, Command, Event, Header, Incoming, Password, Transport, UserAgent,
};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

const SESSION: SessionVersion = SessionVersion { id: 3, version: 1 };

/// An agent's phone.
pub struct Phone {
    pub commands: mpsc::Sender<Command>,
    pub events: mpsc::Receiver<Event>,
    centre: SocketAddr,
}

impl Phone {
    pub async fn registered(session: &SignInResponse) -> Self {
        Self::registered_by(Transport::Udp, session).await
    }

    pub async fn registered_by(transport: Transport, session: &SignInResponse) -> Self {
        let sip = session.sip.as_ref().expect("an account");
        let registrar: SocketAddr = sip.registrar.parse().expect("an address");
        let socket = offhook_sip::net::bind_towards(registrar)
            .await
            .expect("a socket");
        let account = Account {
            aor: sip.aor.parse().expect("a URI"),
            display_name: None,
            auth_user: sip.auth_user.clone(),
            password: Password::new(sip.password.expose()),
            realm: None,
            registrar,
            transport,
            admitted: Vec::new(),
            expires: Duration::from_secs(300),
            user_agent: "phone".to_owned(),
        };
        let ua = UserAgent::new(account, socket.local_addr().expect("bound"), 5);
        let (commands, events, _task) = offhook_sip::net::spawn(ua, socket);
        let mut phone = Self {
            commands,
            events,
            centre: registrar,
        };
        phone.tell(Command::Register).await;
        assert!(matches!(phone.next().await, Event::Registered { .. }));
        phone
    }

    pub async fn tell(&self, command: Command) {
        self.commands.send(command).await.expect("the phone runs");
    }

    pub async fn next(&mut self) -> Event {
        tokio::time::timeout(PATIENCE, self.events.recv())
            .await
            .expect("in time")
            .expect("the phone runs")
    }

    pub async fn incoming(&mut self) -> Box<Incoming> {
        loop {
            if let Event::Incoming(incoming) = self.next().await {
                self.tell(Command::Ring {
                    call: incoming.call,
                })
                .await;
                return incoming;
            }
        }
    }

    pub async fn ended(&mut self) -> offhook_sip::EndCause {
        loop {
            if let Event::Ended { cause, .. } = self.next().await {
                return cause;
            }
        }
    }
}

impl Phone {
    /// Dials a number at the centre.
    pub async fn dial(&self, call: CallKey, number: &str, offer: Vec<u8>, headers: Vec<Header>) {
        let to = format!("sip:{number}@{}", self.centre)
            .parse()
            .expect("a URI");
        self.tell(Command::Invite {
            call,
            to,
            offer,
            headers,
        })
        .await;
    }

    /// Reads on until an event is the one looked for.
    pub async fn until<T>(&mut self, mut so: impl FnMut(Event) -> Option<T>) -> T {
        loop {
            if let Some(found) = so(self.next().await) {
                return found;
            }
        }
    }
}

/// Says one wav file and records into another, over Opus or PCMA.
pub struct Headset {
    media: Media,
    ended: oneshot::Receiver<()>,
    key: SessionKey,
    capabilities: Capabilities,
    version: u64,
}

impl Headset {
    pub fn new(voice: &Path, record: &Path) -> Self {
        let (ending, ended) = oneshot::channel();
        let ending = std::sync::Mutex::new(Some(ending));
        let backend = BackendConfig::Wav {
            input: Some(voice.to_owned()),
            output: Some(record.to_owned()),
        };
        let media = Media::spawn(backend, move |event| {
            if event == MediaEvent::Ended
                && let Some(ending) = ending.lock().expect("whole").take()
            {
                ending.send(()).ok();
            }
        })
        .expect("media");
        let (key, addr) = media.bind(IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("a port");
        let spec = |payload_type, codec: Codec| CodecSpec {
            payload_type,
            name: codec.encoding_name().to_owned(),
            clock_rate: codec.clock_rate(),
            channels: codec.channels(),
            fmtp: None,
        };
        Self {
            media,
            ended,
            key,
            capabilities: Capabilities {
                addr,
                codecs: vec![spec(96, Codec::Opus), spec(8, Codec::Pcma)],
                telephone_event: Vec::new(),
                ptime: 20,
            },
            version: 0,
        }
    }

    /// The next offer, such as for hold.
    pub fn offer(&mut self, direction: sdp::Direction) -> Vec<u8> {
        self.version += 1;
        let session = SessionVersion {
            id: 3,
            version: self.version,
        };
        sdp::offer(&self.capabilities, direction, session)
    }

    pub fn answer(&self, offer: &[u8]) -> (Vec<u8>, Negotiated) {
        sdp::answer(offer, &self.capabilities, sdp::Direction::SendRecv, SESSION).expect("agreed")
    }

    pub fn accept(&self, answer: &[u8]) -> Negotiated {
        sdp::accept(answer, &self.capabilities).expect("agreed")
    }

    pub fn start(&self, negotiated: &Negotiated) {
        let voice = &negotiated.codecs[0];
        let codec = Codec::from_rtpmap(&voice.name, voice.clock_rate).expect("known");
        self.media.start(
            self.key,
            StreamConfig {
                remote: negotiated.remote,
                codec,
                payload_type: voice.payload_type,
                receive: vec![(voice.payload_type, codec)],
                telephone_event: None,
                direction: Direction::BOTH,
            },
        );
    }

    /// Waits until the recording is complete.
    pub async fn close(self) {
        self.media.stop(self.key);
        drop(self.media);
        self.ended.await.expect("the recording is complete");
    }
}

/// Five seconds of a tone.
pub fn write_voice(path: &Path) {
    let mut wav = vec![];
    let samples = 16_000_u32 * 5;
    wav.extend(b"RIFF");
    wav.extend((36 + samples * 2).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(16_000_u32.to_le_bytes());
    wav.extend(32_000_u32.to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend((samples * 2).to_le_bytes());
    for n in 0..samples {
        let sample = (n as f32 * 700.0 * std::f32::consts::TAU / 16_000.0).sin() * 10_000.0;
        wav.extend((sample as i16).to_le_bytes());
    }
    std::fs::write(path, wav).expect("written");
}

/// The loudest second of a 16 bit recording, as a root mean square.
pub fn loudest_second(path: &Path) -> f64 {
    let bytes = std::fs::read(path).expect("a recording");
    let samples: Vec<f64> = bytes
        .get(44..)
        .unwrap_or_default()
        .chunks_exact(2)
        .map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]])))
        .collect();
    samples
        .chunks(48_000)
        .map(|second| (second.iter().map(|s| s * s).sum::<f64>() / second.len() as f64).sqrt())
        .fold(0.0, f64::max)
}

/// How loud a frequency is in each tenth of a second of a recording, in dBFS of a sine.
pub fn loudness_of(path: &Path, hz: f64) -> Vec<f64> {
    let bytes = std::fs::read(path).expect("a recording");
    let samples: Vec<f64> = bytes
        .get(44..)
        .unwrap_or_default()
        .chunks_exact(2)
        .map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_768.0)
        .collect();
    samples
        .chunks_exact(4_800)
        .map(|part| {
            let (mut re, mut im) = (0.0, 0.0);
            for (n, sample) in part.iter().enumerate() {
                let phase = std::f64::consts::TAU * hz * n as f64 / 48_000.0;
                re += sample * phase.cos();
                im += sample * phase.sin();
            }
            let amplitude = 2.0 * f64::hypot(re, im) / part.len() as f64;
            20.0 * amplitude.max(1e-9).log10() - 3.01
        })
        .collect()
}
