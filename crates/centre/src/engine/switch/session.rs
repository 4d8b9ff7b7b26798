//! What a leg speaks: one codec, one telephone event, the same payload types on both sides of a call.

use offhook_audio::Codec;
use offhook_sip::sdp::{
    self, Capabilities, CodecSpec, Direction, Negotiated, SdpError, SessionVersion,
};
use std::net::SocketAddr;

/// Packet length in milliseconds.
const PTIME: u8 = 20;

/// What both sides of a call speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) codec: Codec,
    /// The codec with the payload type and the format parameters of who offered first.
    voice: CodecSpec,
    event: Option<CodecSpec>,
}

impl Chosen {
    /// The payload type of the voice.
    pub(super) fn payload_type(&self) -> u8 {
        self.voice.payload_type
    }

    /// Answers an offer with its first codec that we know, and nothing but that.
    pub(super) fn answer(
        offer: &[u8],
        addr: SocketAddr,
        session: SessionVersion,
    ) -> Result<(Vec<u8>, Negotiated, Self), SdpError> {
        let all = everything(addr);
        let (_, negotiated) = sdp::answer(offer, &all, Direction::SendRecv, session)?;
        let (codec, voice) = first(&negotiated)?;
        let one = Capabilities {
            codecs: vec![ours(codec, voice.payload_type)],
            ..all
        };
        let (answer, negotiated) = sdp::answer(offer, &one, Direction::SendRecv, session)?;
        let event = events(&answer, voice.clock_rate);
        Ok((
            answer,
            negotiated,
            Self {
                codec,
                voice,
                event,
            },
        ))
    }

    /// Takes an answer to [`offer_everything`].
    pub(super) fn from_answer(
        answer: &[u8],
        addr: SocketAddr,
    ) -> Result<(Negotiated, Self), SdpError> {
        let negotiated = sdp::accept(answer, &everything(addr))?;
        let (codec, voice) = first(&negotiated)?;
        let event = events(answer, voice.clock_rate);
        Ok((
            negotiated,
            Self {
                codec,
                voice,
                event,
            },
        ))
    }

    /// The same session offered to the other side.
    pub(super) fn offer(&self, addr: SocketAddr, session: SessionVersion) -> Vec<u8> {
        sdp::offer(&self.capabilities(addr), Direction::SendRecv, session)
    }

    /// Answers a later offer of the same leg, from which only addresses and directions may differ.
    pub(super) fn answer_again(
        &self,
        offer: &[u8],
        addr: SocketAddr,
        session: SessionVersion,
    ) -> Result<(Vec<u8>, Negotiated), SdpError> {
        let capabilities = Capabilities {
            codecs: vec![ours(self.codec, self.voice.payload_type)],
            ..self.capabilities(addr)
        };
        let (answer, negotiated) = sdp::answer(offer, &capabilities, Direction::SendRecv, session)?;
        // Packets are forwarded untouched: another number for the same codec would not be understood at the far end.
        if negotiated
            .codecs
            .first()
            .is_none_or(|voice| voice.payload_type != self.voice.payload_type)
        {
            return Err(SdpError::NoCodec);
        }
        Ok((answer, negotiated))
    }

    /// What follows from an answer to [`offer`](Self::offer); nothing if it speaks something else.
    pub(super) fn accepted(&self, answer: &[u8], addr: SocketAddr) -> Option<Negotiated> {
        let negotiated = sdp::accept(answer, &self.capabilities(addr)).ok()?;
        let same = negotiated.codecs.first()?.payload_type == self.voice.payload_type;
        same.then_some(negotiated)
    }

    fn capabilities(&self, addr: SocketAddr) -> Capabilities {
        Capabilities {
            addr,
            codecs: vec![self.voice.clone()],
            telephone_event: self.event.iter().cloned().collect(),
            ptime: PTIME,
        }
    }
}

/// What a caller offered of what we know, until the other side has chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidates {
    offer: Vec<u8>,
    /// With the caller's payload types and format parameters.
    codecs: Vec<CodecSpec>,
    events: Vec<CodecSpec>,
}

impl Candidates {
    /// Reads a caller's offer, received at `addr`.
    pub(super) fn read(
        offer: &[u8],
        addr: SocketAddr,
        session: SessionVersion,
    ) -> Result<(Self, Negotiated), SdpError> {
        let (answer, negotiated) =
            sdp::answer(offer, &everything(addr), Direction::SendRecv, session)?;
        let candidates = Self {
            offer: offer.to_vec(),
            codecs: negotiated.codecs.clone(),
            events: all_events(&answer),
        };
        Ok((candidates, negotiated))
    }

    /// All of it, offered to the other side.
    pub(super) fn offer(&self, addr: SocketAddr, session: SessionVersion) -> Vec<u8> {
        sdp::offer(&self.capabilities(addr), Direction::SendRecv, session)
    }

    /// What the other side chose in its answer to [`offer`](Self::offer).
    pub(super) fn choose(
        &self,
        answer: &[u8],
        addr: SocketAddr,
    ) -> Result<(Chosen, Negotiated), SdpError> {
        let negotiated = sdp::accept(answer, &self.capabilities(addr))?;
        let (codec, theirs) = first(&negotiated)?;
        // Packets are forwarded untouched: another number for the same codec would not be understood at the near end.
        let voice = self
            .codecs
            .iter()
            .find(|voice| voice.payload_type == theirs.payload_type)
            .ok_or(SdpError::NoCodec)?;
        let event = self
            .events
            .iter()
            .find(|event| negotiated.telephone_event == Some(event.payload_type));
        let chosen = Chosen {
            codec,
            voice: voice.clone(),
            event: event.cloned(),
        };
        Ok((chosen, negotiated))
    }

    /// The answer to the caller's offer that follows from the other side's choice.
    pub(super) fn answer(
        &self,
        chosen: &Chosen,
        addr: SocketAddr,
        session: SessionVersion,
    ) -> Result<Vec<u8>, SdpError> {
        let one = Capabilities {
            codecs: vec![ours(chosen.codec, chosen.voice.payload_type)],
            ..chosen.capabilities(addr)
        };
        sdp::answer(&self.offer, &one, Direction::SendRecv, session).map(|(answer, _)| answer)
    }

    fn capabilities(&self, addr: SocketAddr) -> Capabilities {
        Capabilities {
            addr,
            codecs: self.codecs.clone(),
            telephone_event: self.events.clone(),
            ptime: PTIME,
        }
    }
}

/// An offer of all we know, for who called without one.
pub(super) fn offer_everything(addr: SocketAddr, session: SessionVersion) -> Vec<u8> {
    sdp::offer(&everything(addr), Direction::SendRecv, session)
}

fn everything(addr: SocketAddr) -> Capabilities {
    let event = |payload_type, clock_rate| CodecSpec {
        payload_type,
        name: "telephone-event".to_owned(),
        clock_rate,
        channels: 1,
        fmtp: Some("0-15".to_owned()),
    };
    Capabilities {
        addr,
        codecs: [
            (Codec::Opus, 96),
            (Codec::G722, 9),
            (Codec::Pcma, 8),
            (Codec::Pcmu, 0),
        ]
        .map(|(codec, payload_type)| ours(codec, payload_type))
        .to_vec(),
        telephone_event: vec![event(97, 48_000), event(101, 8_000)],
        ptime: PTIME,
    }
}

fn ours(codec: Codec, payload_type: u8) -> CodecSpec {
    CodecSpec {
        payload_type,
        name: codec.encoding_name().to_owned(),
        clock_rate: codec.clock_rate(),
        channels: codec.channels(),
        fmtp: codec.fmtp().map(str::to_owned),
    }
}

fn first(negotiated: &Negotiated) -> Result<(Codec, CodecSpec), SdpError> {
    let voice = negotiated.codecs.first().ok_or(SdpError::NoCodec)?;
    let codec = Codec::from_rtpmap(&voice.name, voice.clock_rate).ok_or(SdpError::NoCodec)?;
    Ok((codec, voice.clone()))
}

/// The telephone event of a description: the one at the codec's clock, else the first.
fn events(sdp: &[u8], clock: u32) -> Option<CodecSpec> {
    let all = all_events(sdp);
    all.iter()
        .find(|event| event.clock_rate == clock)
        .or(all.first())
        .cloned()
}

fn all_events(sdp: &[u8]) -> Vec<CodecSpec> {
    let text = String::from_utf8_lossy(sdp);
    text.lines().filter_map(event).collect()
}

fn event(line: &str) -> Option<CodecSpec> {
    let (number, map) = line.strip_prefix("a=rtpmap:")?.trim().split_once(' ')?;
    let (name, clock) = map.split_once('/')?;
    if !name.eq_ignore_ascii_case("telephone-event") {
        return None;
    }
    Some(CodecSpec {
        payload_type: number.parse().ok()?,
        name: name.to_owned(),
        clock_rate: clock.split('/').next()?.trim().parse().ok()?,
        channels: 1,
        fmtp: Some("0-15".to_owned()),
    })
}
