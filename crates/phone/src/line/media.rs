//! Between the two who do not know each other: SDP on one side, a stream of sound on the other.

use std::net::SocketAddr;

use offhook_audio::{Codec, Direction, StreamConfig};
use offhook_sip::sdp::{self, Capabilities, CodecSpec, Negotiated, SdpError, SessionVersion};

/// The codecs of this phone, dearest first.
const CODECS: [Codec; 4] = [Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu];
/// The payload type this phone offers Opus with.
const OPUS: u8 = 96;
/// The payload types this phone offers telephone events with, one a clock (RFC 4733).
const EVENTS: [(u8, u32); 2] = [(101, 48_000), (102, 8_000)];
/// Packet length in milliseconds.
const PTIME: u8 = 20;

/// What goes into the 200 of a call, ready before the agent presses Answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plan {
    /// The caller made an offer: our answer, and the stream it leads to.
    Answer {
        /// The SDP.
        sdp: Vec<u8>,
        /// What it leads to.
        agreed: Agreed,
    },
    /// The caller made none: our offer. The stream follows from the ACK.
    Offer {
        /// The SDP.
        sdp: Vec<u8>,
    },
}

/// What both sides agreed on, kept for the next offer within the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Agreed {
    pub(crate) stream: StreamConfig,
    codecs: Vec<CodecSpec>,
}

/// Answers an offer; `direction` is what we wish.
pub(crate) fn plan_answer(
    offer: &[u8],
    rtp: SocketAddr,
    direction: sdp::Direction,
    version: SessionVersion,
) -> Result<Plan, SdpError> {
    let (sdp, negotiated) = sdp::answer(offer, &capabilities(rtp), direction, version)?;
    let agreed = agreed(negotiated, &[])?;
    Ok(Plan::Answer { sdp, agreed })
}

pub(crate) fn plan_offer(
    rtp: SocketAddr,
    direction: sdp::Direction,
    version: SessionVersion,
) -> Plan {
    Plan::Offer {
        sdp: sdp::offer(&capabilities(rtp), direction, version),
    }
}

/// What follows from their answer to our offer.
pub(crate) fn accept(answer: &[u8], rtp: SocketAddr) -> Result<Agreed, SdpError> {
    let ours = capabilities(rtp);
    agreed(sdp::accept(answer, &ours)?, &ours.codecs)
}

impl Agreed {
    /// The same session offered again with another direction: the same codecs under the same numbers (RFC 3264 section 8.3.2).
    pub(crate) fn offer_again(
        &self,
        rtp: SocketAddr,
        direction: sdp::Direction,
        version: SessionVersion,
    ) -> Vec<u8> {
        let fmtp = |spec: &CodecSpec| {
            Codec::from_rtpmap(&spec.name, spec.clock_rate)
                .and_then(Codec::fmtp)
                .map(str::to_owned)
        };
        let codecs = self.codecs.iter().map(|spec| CodecSpec {
            fmtp: fmtp(spec),
            ..spec.clone()
        });
        let event = self
            .stream
            .telephone_event
            .map(|payload_type| event(payload_type, self.stream.codec.clock_rate()));
        let same = Capabilities {
            codecs: codecs.collect(),
            telephone_event: event.into_iter().collect(),
            ..capabilities(rtp)
        };
        sdp::offer(&same, direction, version)
    }
}

fn capabilities(addr: SocketAddr) -> Capabilities {
    Capabilities {
        addr,
        codecs: CODECS.iter().map(|codec| spec(*codec)).collect(),
        telephone_event: EVENTS
            .iter()
            .map(|(payload_type, clock_rate)| event(*payload_type, *clock_rate))
            .collect(),
        ptime: PTIME,
    }
}

fn event(payload_type: u8, clock_rate: u32) -> CodecSpec {
    CodecSpec {
        payload_type,
        name: "telephone-event".to_owned(),
        clock_rate,
        channels: 1,
        fmtp: Some("0-16".to_owned()),
    }
}

fn spec(codec: Codec) -> CodecSpec {
    CodecSpec {
        payload_type: codec.static_payload_type().unwrap_or(OPUS),
        name: codec.encoding_name().to_owned(),
        clock_rate: codec.clock_rate(),
        channels: codec.channels(),
        fmtp: codec.fmtp().map(str::to_owned),
    }
}

/// `declared` are the codecs of our own offer; in an answer the numbers are the caller's and stand in `negotiated`.
fn agreed(negotiated: Negotiated, declared: &[CodecSpec]) -> Result<Agreed, SdpError> {
    let known = |spec: &CodecSpec| {
        Codec::from_rtpmap(&spec.name, spec.clock_rate).map(|codec| (spec.payload_type, codec))
    };
    let mut receive: Vec<(u8, Codec)> = declared.iter().filter_map(known).collect();
    for (payload_type, codec) in negotiated.codecs.iter().filter_map(known) {
        if !receive.iter().any(|(taken, _)| *taken == payload_type) {
            receive.push((payload_type, codec));
        }
    }
    let (payload_type, codec) = negotiated
        .codecs
        .iter()
        .find_map(known)
        .ok_or(SdpError::NoCodec)?;
    Ok(Agreed {
        stream: StreamConfig {
            remote: negotiated.remote,
            codec,
            payload_type,
            receive,
            telephone_event: negotiated.telephone_event,
            direction: Direction {
                send: negotiated.direction.sends(),
                receive: negotiated.direction.receives(),
            },
        },
        codecs: negotiated.codecs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: SessionVersion = SessionVersion { id: 1, version: 1 };
    const BOTH: sdp::Direction = sdp::Direction::SendRecv;

    fn rtp() -> SocketAddr {
        "127.0.0.1:4000".parse().expect("an address")
    }

    fn offer_of(lines: &str) -> Vec<u8> {
        format!("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n{lines}")
            .into_bytes()
    }

    #[test]
    fn the_callers_numbers_are_used_both_ways() {
        let offer = offer_of(
            "m=audio 5000 RTP/AVP 111 8 101\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:8 PCMA/8000\r\n\
             a=rtpmap:101 telephone-event/48000\r\n",
        );
        let Ok(Plan::Answer { sdp, agreed }) = plan_answer(&offer, rtp(), BOTH, VERSION) else {
            panic!("no answer");
        };
        let stream = &agreed.stream;
        assert_eq!(stream.remote, "127.0.0.1:5000".parse().expect("an address"));
        assert_eq!((stream.codec, stream.payload_type), (Codec::Opus, 111));
        assert_eq!(stream.receive, [(111, Codec::Opus), (8, Codec::Pcma)]);
        assert_eq!(stream.telephone_event, Some(101));
        assert_eq!(stream.direction, Direction::BOTH);
        assert!(String::from_utf8_lossy(&sdp).contains("m=audio 4000 RTP/AVP 111 8 101"));
        let hold = agreed.offer_again(rtp(), sdp::Direction::SendOnly, VERSION);
        let hold = String::from_utf8_lossy(&hold);
        assert!(hold.contains("m=audio 4000 RTP/AVP 111 8 101"), "{hold}");
        assert!(hold.contains("a=sendonly"), "{hold}");
    }

    #[test]
    fn an_offer_without_a_common_codec_is_refused_before_it_rings() {
        let offer = offer_of("m=audio 5000 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n");
        assert_eq!(
            plan_answer(&offer, rtp(), BOTH, VERSION),
            Err(SdpError::NoCodec)
        );
        assert_eq!(
            plan_answer(b"nonsense", rtp(), BOTH, VERSION),
            Err(SdpError::Unreadable)
        );
    }

    #[test]
    fn our_own_offer_is_heard_in_any_codec_we_declared() {
        let Plan::Offer { sdp } = plan_offer(rtp(), BOTH, VERSION) else {
            panic!("no offer");
        };
        assert!(String::from_utf8_lossy(&sdp).contains("m=audio 4000 RTP/AVP 96 9 8 0 101 102"));
        let answer = offer_of("m=audio 5000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendonly\r\n");
        let stream = accept(&answer, rtp()).expect("a stream").stream;
        assert_eq!((stream.codec, stream.payload_type), (Codec::Pcmu, 0));
        assert_eq!(
            stream.receive,
            [
                (96, Codec::Opus),
                (9, Codec::G722),
                (8, Codec::Pcma),
                (0, Codec::Pcmu)
            ]
        );
        assert_eq!(
            stream.direction,
            Direction {
                send: false,
                receive: true
            }
        );
    }
}
