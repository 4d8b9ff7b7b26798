//! A media thread with its events within reach.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use offhook_audio::{BackendConfig, Codec, Media, MediaEvent, SessionKey, StreamConfig};

use super::line::config;

pub const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub struct Phone {
    pub media: Media,
    pub events: Receiver<MediaEvent>,
    pub session: SessionKey,
    pub address: SocketAddr,
}

impl Phone {
    pub fn new(backend: BackendConfig) -> Phone {
        let (forward, events) = channel();
        let media = Media::spawn(backend, move |event| drop(forward.send(event))).unwrap();
        let (session, address) = media.bind(LOCALHOST).unwrap();
        Phone {
            media,
            events,
            session,
            address,
        }
    }

    pub fn talk_to(&self, remote: SocketAddr, codec: Codec) {
        self.media.start(
            self.session,
            StreamConfig {
                ..config(codec, remote)
            },
        );
    }

    /// Waits for the first event `pick` takes, past all others.
    pub fn expect<T>(&self, what: &str, mut pick: impl FnMut(MediaEvent) -> Option<T>) -> T {
        let deadline = Instant::now() + Duration::from_secs(10);
        let mut seen = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let event = self
                .events
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("no {what} came, but {seen:?}"));
            if !matches!(event, MediaEvent::Levels { .. }) {
                seen.push(event.clone());
            }
            if let Some(picked) = pick(event) {
                return picked;
            }
        }
    }

    /// Ends the thread and waits until its files are complete.
    pub fn end(self) {
        let Phone { media, events, .. } = self;
        drop(media);
        while !matches!(
            events.recv_timeout(Duration::from_secs(10)),
            Ok(MediaEvent::Ended)
        ) {}
    }
}
