//! The far end of the trunk: it does what a story says, with all that SIP knows.

use super::world::spec;
use offhook_model::Mono;
use offhook_sip::endpoint::{self, Endpoint};
use offhook_sip::sdp::{self, Capabilities, CodecSpec, Direction, SessionVersion};
use offhook_sip::{CallKey, EndCause, Incoming, Status};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

pub(super) struct Trunk {
    pub(super) endpoint: Endpoint,
    incoming: Option<Incoming>,
    pub(super) ended: Vec<EndCause>,
    version: u64,
}

impl Trunk {
    pub(super) const ADDR: SocketAddr =
        SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 7_000));
    pub(super) const RTP: SocketAddr =
        SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 7_002));

    pub(super) fn new(seed: u64) -> Self {
        let config = endpoint::Config {
            local: Self::ADDR,
            user_agent: "trunk".to_owned(),
            serves: Vec::new(),
            symmetric: false,
        };
        Self {
            endpoint: Endpoint::new(config, seed ^ 0x7A),
            incoming: None,
            ended: Vec::new(),
            version: 0,
        }
    }

    pub(super) fn settle(&mut self) {
        while let Some(event) = self.endpoint.poll_event() {
            match event {
                endpoint::Event::Incoming(incoming) => self.incoming = Some(*incoming),
                endpoint::Event::Ended { cause, .. } => {
                    self.ended.push(cause);
                    self.incoming = None;
                }
                _ => {}
            }
        }
    }

    pub(super) fn call(&self) -> Option<CallKey> {
        self.incoming.as_ref().map(|incoming| incoming.call)
    }

    pub(super) fn invited(&self) -> &Incoming {
        self.incoming.as_ref().expect("a call came")
    }

    /// The answer with one codec.
    fn sdp(&mut self, codec: CodecSpec, direction: Direction) -> Vec<u8> {
        self.version += 1;
        let offer = self.invited().offer.clone().expect("an offer");
        let capabilities = Capabilities {
            addr: Self::RTP,
            codecs: vec![codec],
            telephone_event: vec![spec(101, "telephone-event", 8_000, 1)],
            ptime: 20,
        };
        let session = SessionVersion {
            id: 9,
            version: self.version,
        };
        let (sdp, _) = sdp::answer(&offer, &capabilities, direction, session).expect("in common");
        sdp
    }

    pub(super) fn progress(&mut self, now: Mono, status: Status, early: Option<Direction>) {
        let sdp = early.map(|direction| self.sdp(spec(0, "PCMU", 8_000, 1), direction));
        let call = self.invited().call;
        self.endpoint.progress(now, call, status, sdp, Vec::new());
    }

    pub(super) fn answer(&mut self, now: Mono, codec: CodecSpec) {
        let sdp = self.sdp(codec, Direction::SendRecv);
        let call = self.invited().call;
        self.endpoint.answer(now, call, sdp, Vec::new());
    }

    pub(super) fn refuse(&mut self, now: Mono, status: Status) {
        let call = self.invited().call;
        self.endpoint.reject(now, call, status, Vec::new());
    }

    pub(super) fn hang_up(&mut self, now: Mono) {
        let call = self.invited().call;
        self.endpoint.hang_up(now, call, None);
    }

    /// Changes the session.
    pub(super) fn reoffer(&mut self, now: Mono, direction: Direction) {
        self.version += 1;
        let capabilities = Capabilities {
            addr: Self::RTP,
            codecs: vec![spec(0, "PCMU", 8_000, 1)],
            telephone_event: Vec::new(),
            ptime: 20,
        };
        let session = SessionVersion {
            id: 9,
            version: self.version,
        };
        let call = self.invited().call;
        let sdp = sdp::offer(&capabilities, direction, session);
        self.endpoint.reoffer(now, call, sdp);
    }
}
