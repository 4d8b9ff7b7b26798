//! Offer and answer of one audio stream (RFC 3264, RFC 8866). Reading is `sdp-types`; what it means is here.

mod direction;
mod format;

use std::net::{IpAddr, SocketAddr};

use sdp_types::{Media, Session};

pub use direction::Direction;
use format::{formats_of, is_event, same_codec};

/// One payload format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodecSpec {
    /// The RTP payload type, 0 to 127.
    pub payload_type: u8,
    /// The encoding name, such as `opus` or `PCMU`; compared without case.
    pub name: String,
    /// The RTP clock in Hz.
    pub clock_rate: u32,
    /// Channels as written in the rtpmap: 2 for Opus whatever it carries, else 1.
    pub channels: u8,
    /// The format parameters.
    pub fmtp: Option<String>,
}

/// What we can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Where we receive RTP.
    pub addr: SocketAddr,
    /// Codecs, the dearest first.
    pub codecs: Vec<CodecSpec>,
    /// telephone-event, one per clock (RFC 4733).
    pub telephone_event: Vec<CodecSpec>,
    /// Packet length in milliseconds.
    pub ptime: u8,
}

/// Names one description of a session; the version grows with every change (RFC 3264 §8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionVersion {
    /// Constant for a call.
    pub id: u64,
    /// Grows by one with each change.
    pub version: u64,
}

/// What both sides agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiated {
    /// Where to send RTP. The unspecified address is an old way to say hold (RFC 2543): keep sending where it went before.
    pub remote: SocketAddr,
    /// Common codecs with the payload types to send and the other side's fmtp; the first is the one to send, any may come.
    pub codecs: Vec<CodecSpec>,
    /// The payload type of telephone-event: the one at the clock of the first codec, else the first offered.
    pub telephone_event: Option<u8>,
    /// The direction as seen by us.
    pub direction: Direction,
    /// The packet length the other side asks for, in milliseconds.
    pub ptime: Option<u8>,
}

/// SDP that leads to no session. The answer to an offer is then 488.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// Not SDP.
    #[error("the body is no SDP")]
    Unreadable,
    /// No audio over plain RTP, or it was refused with port 0.
    #[error("no audio stream that can be used")]
    NoAudio,
    /// No address to send to, or a host name in its place.
    #[error("no address to send audio to")]
    NoAddress,
    /// No codec in common.
    #[error("no codec in common")]
    NoCodec,
}

/// Our offer.
pub fn offer(
    capabilities: &Capabilities,
    direction: Direction,
    session: SessionVersion,
) -> Vec<u8> {
    let mut text = head(capabilities.addr.ip(), session);
    let formats = capabilities
        .codecs
        .iter()
        .chain(&capabilities.telephone_event);
    audio(&mut text, capabilities, "RTP/AVP", formats, direction);
    text.into_bytes()
}

/// Our answer to their offer, and what follows from it. `direction` is what we wish; the answer never exceeds what they offered.
/// It keeps their payload types and their order of codecs, and refuses every stream but the first usable audio.
pub fn answer(
    offer: &[u8],
    capabilities: &Capabilities,
    direction: Direction,
    session: SessionVersion,
) -> Result<(Vec<u8>, Negotiated), SdpError> {
    let theirs = Session::parse(offer).map_err(|_| SdpError::Unreadable)?;
    let at = theirs
        .medias
        .iter()
        .position(usable)
        .ok_or(SdpError::NoAudio)?;
    let mut negotiated = negotiate(&theirs, &theirs.medias[at], capabilities)?;
    negotiated.direction = negotiated.direction.and(direction);

    let ours = |spec: &CodecSpec, known: &[CodecSpec]| CodecSpec {
        fmtp: known
            .iter()
            .find(|k| same_codec(k, spec))
            .and_then(|k| k.fmtp.clone()),
        ..spec.clone()
    };
    let mut formats: Vec<CodecSpec> = negotiated
        .codecs
        .iter()
        .map(|spec| ours(spec, &capabilities.codecs))
        .collect();
    formats.extend(
        formats_of(&theirs.medias[at])
            .iter()
            .filter(|spec| is_event(spec))
            .filter_map(|event| {
                let known = capabilities
                    .telephone_event
                    .iter()
                    .any(|known| known.clock_rate == event.clock_rate);
                known.then(|| ours(event, &capabilities.telephone_event))
            }),
    );

    let mut text = head(capabilities.addr.ip(), session);
    for (index, media) in theirs.medias.iter().enumerate() {
        if index == at {
            audio(
                &mut text,
                capabilities,
                &media.proto,
                formats.iter(),
                negotiated.direction,
            );
        } else {
            text.push_str(&format!(
                "m={} 0 {} {}\r\n",
                media.media, media.proto, media.fmt
            ));
        }
    }
    Ok((text.into_bytes(), negotiated))
}

/// What follows from their answer to our offer. Which way media flows is as both allow: their direction, turned round.
pub fn accept(answer: &[u8], capabilities: &Capabilities) -> Result<Negotiated, SdpError> {
    let theirs = Session::parse(answer).map_err(|_| SdpError::Unreadable)?;
    let media = theirs
        .medias
        .iter()
        .find(|media| usable(media))
        .ok_or(SdpError::NoAudio)?;
    negotiate(&theirs, media, capabilities)
}

fn head(ip: IpAddr, SessionVersion { id, version }: SessionVersion) -> String {
    let kind = if ip.is_ipv4() { "IP4" } else { "IP6" };
    format!("v=0\r\no=- {id} {version} IN {kind} {ip}\r\ns=-\r\nc=IN {kind} {ip}\r\nt=0 0\r\n")
}

fn audio<'a>(
    text: &mut String,
    capabilities: &Capabilities,
    proto: &str,
    formats: impl Iterator<Item = &'a CodecSpec> + Clone,
    direction: Direction,
) {
    let types: String = formats
        .clone()
        .map(|spec| format!(" {}", spec.payload_type))
        .collect();
    text.push_str(&format!(
        "m=audio {} {proto}{types}\r\n",
        capabilities.addr.port()
    ));
    for spec in formats {
        let CodecSpec {
            payload_type,
            name,
            clock_rate,
            channels,
            fmtp,
        } = spec;
        let channels = if *channels > 1 {
            format!("/{channels}")
        } else {
            String::new()
        };
        text.push_str(&format!(
            "a=rtpmap:{payload_type} {name}/{clock_rate}{channels}\r\n"
        ));
        if let Some(fmtp) = fmtp {
            text.push_str(&format!("a=fmtp:{payload_type} {fmtp}\r\n"));
        }
    }
    text.push_str(&format!(
        "a=ptime:{}\r\na={}\r\n",
        capabilities.ptime,
        direction.as_str()
    ));
}

fn usable(media: &Media) -> bool {
    media.media.eq_ignore_ascii_case("audio")
        && media.port != 0
        && (media.proto.eq_ignore_ascii_case("RTP/AVP")
            || media.proto.eq_ignore_ascii_case("RTP/AVPF"))
}

/// Their description of one stream beside our capabilities. The direction is theirs, turned round.
fn negotiate(
    session: &Session,
    media: &Media,
    capabilities: &Capabilities,
) -> Result<Negotiated, SdpError> {
    let connection = media
        .connections
        .first()
        .or(session.connection.as_ref())
        .ok_or(SdpError::NoAddress)?;
    let ip = connection
        .try_address()
        .map_err(|_| SdpError::NoAddress)?
        .ip;
    let formats = formats_of(media);
    let codecs: Vec<CodecSpec> = formats
        .iter()
        .filter(|spec| {
            capabilities
                .codecs
                .iter()
                .any(|known| same_codec(known, spec))
        })
        .cloned()
        .collect();
    let clock = codecs.first().ok_or(SdpError::NoCodec)?.clock_rate;
    let events = || formats.iter().filter(|spec| is_event(spec));
    let telephone_event = if capabilities.telephone_event.is_empty() {
        None
    } else {
        events()
            .find(|event| event.clock_rate == clock)
            .or_else(|| events().next())
            .map(|event| event.payload_type)
    };
    let mut direction = Direction::read(&media.attributes)
        .or_else(|| Direction::read(&session.attributes))
        .unwrap_or(Direction::SendRecv)
        .reversed();
    if ip.is_unspecified() {
        direction = direction.and(Direction::RecvOnly);
    }
    let ptime = media
        .attributes
        .iter()
        .find(|a| a.attribute == "ptime")
        .and_then(|a| a.value.as_deref()?.trim().parse().ok());
    Ok(Negotiated {
        remote: SocketAddr::new(ip, media.port),
        codecs,
        telephone_event,
        direction,
        ptime,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: SessionVersion = SessionVersion { id: 7, version: 1 };

    fn spec(
        payload_type: u8,
        name: &str,
        clock_rate: u32,
        channels: u8,
        fmtp: Option<&str>,
    ) -> CodecSpec {
        CodecSpec {
            payload_type,
            name: name.to_owned(),
            clock_rate,
            channels,
            fmtp: fmtp.map(str::to_owned),
        }
    }

    fn phone() -> Capabilities {
        Capabilities {
            addr: "192.0.2.1:4000".parse().unwrap(),
            codecs: vec![
                spec(96, "opus", 48000, 2, Some("useinbandfec=1")),
                spec(8, "PCMA", 8000, 1, None),
                spec(0, "PCMU", 8000, 1, None),
            ],
            telephone_event: vec![
                spec(101, "telephone-event", 48000, 1, Some("0-16")),
                spec(102, "telephone-event", 8000, 1, Some("0-16")),
            ],
            ptime: 20,
        }
    }

    fn body(lines: &str) -> Vec<u8> {
        format!(
            "v=0\r\no=- 1 1 IN IP4 198.51.100.2\r\ns=-\r\nc=IN IP4 198.51.100.2\r\nt=0 0\r\n{lines}"
        )
        .into_bytes()
    }

    #[test]
    fn two_of_ours_agree_on_opus_and_its_own_telephone_event() {
        let caller = phone();
        let callee = Capabilities {
            addr: "[2001:db8::2]:5000".parse().unwrap(),
            ..phone()
        };
        let (answer, theirs) = answer(
            &offer(&caller, Direction::SendRecv, SESSION),
            &callee,
            Direction::SendRecv,
            SESSION,
        )
        .unwrap();
        let ours = accept(&answer, &caller).unwrap();
        assert_eq!((theirs.remote, ours.remote), (caller.addr, callee.addr));
        for negotiated in [ours, theirs] {
            assert_eq!(
                negotiated.codecs[0],
                spec(96, "opus", 48000, 2, Some("useinbandfec=1"))
            );
            assert_eq!(negotiated.telephone_event, Some(101));
            assert_eq!(
                (negotiated.direction, negotiated.ptime),
                (Direction::SendRecv, Some(20))
            );
        }
    }

    #[test]
    fn their_numbers_and_their_order_are_kept() {
        let offer = body(
            "m=audio 6000 RTP/AVP 0 8 111 99\r\na=rtpmap:111 OPUS/48000/2\r\na=fmtp:111 usedtx=1\r\na=rtpmap:99 telephone-event/8000\r\n",
        );
        let (text, negotiated) = answer(&offer, &phone(), Direction::SendRecv, SESSION).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(
            negotiated
                .codecs
                .iter()
                .map(|c| c.payload_type)
                .collect::<Vec<_>>(),
            [0, 8, 111]
        );
        assert_eq!(negotiated.telephone_event, Some(99));
        assert!(
            text.contains("m=audio 4000 RTP/AVP 0 8 111 99\r\n")
                && text.contains("a=fmtp:111 useinbandfec=1\r\n"),
            "{text}"
        );
    }

    #[test]
    fn telephone_event_follows_the_clock_of_the_codec_in_use() {
        let offer = body(
            "m=audio 6000 RTP/AVP 8 96 101 102\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:101 telephone-event/48000\r\na=rtpmap:102 telephone-event/8000\r\n",
        );
        assert_eq!(
            answer(&offer, &phone(), Direction::SendRecv, SESSION)
                .unwrap()
                .1
                .telephone_event,
            Some(102)
        );
    }

    #[test]
    fn hold_is_understood_in_all_its_spellings() {
        for (line, expected) in [
            ("a=sendonly\r\n", Direction::RecvOnly),
            ("a=inactive\r\n", Direction::Inactive),
            ("a=recvonly\r\n", Direction::SendOnly),
            ("c=IN IP4 0.0.0.0\r\n", Direction::RecvOnly),
            ("", Direction::SendRecv),
        ] {
            let offer = body(&format!("m=audio 6000 RTP/AVP 0\r\n{line}"));
            assert_eq!(
                answer(&offer, &phone(), Direction::SendRecv, SESSION)
                    .unwrap()
                    .1
                    .direction,
                expected,
                "{line}"
            );
        }
        let session_level =
            String::from_utf8(body("")).unwrap() + "a=sendonly\r\nm=audio 6000 RTP/AVP 0\r\n";
        assert_eq!(
            accept(session_level.as_bytes(), &phone())
                .unwrap()
                .direction,
            Direction::RecvOnly
        );
    }

    #[test]
    fn an_answer_never_exceeds_the_offer() {
        let offer = body("m=audio 6000 RTP/AVP 0\r\na=sendonly\r\n");
        let (text, negotiated) = answer(&offer, &phone(), Direction::SendOnly, SESSION).unwrap();
        assert_eq!(negotiated.direction, Direction::Inactive);
        assert!(String::from_utf8(text).unwrap().contains("a=inactive\r\n"));
    }

    #[test]
    fn other_streams_are_refused_in_their_place() {
        let offer = body(
            "m=video 7000 RTP/AVP 31\r\nm=audio 6000 RTP/SAVP 0\r\nm=audio 6002 RTP/AVP 0\r\n",
        );
        let (text, negotiated) = answer(&offer, &phone(), Direction::SendRecv, SESSION).unwrap();
        let text = String::from_utf8(text).unwrap();
        let lines: Vec<_> = text.lines().filter(|line| line.starts_with("m=")).collect();
        assert_eq!(
            lines,
            [
                "m=video 0 RTP/AVP 31",
                "m=audio 0 RTP/SAVP 0",
                "m=audio 4000 RTP/AVP 0"
            ]
        );
        assert_eq!(negotiated.remote.port(), 6002);
    }

    #[test]
    fn what_leads_to_no_session_is_told_apart() {
        assert_eq!(accept(b"hello", &phone()), Err(SdpError::Unreadable));
        assert_eq!(
            accept(&body("m=audio 0 RTP/AVP 0\r\n"), &phone()),
            Err(SdpError::NoAudio)
        );
        assert_eq!(
            accept(&body("m=audio 6000 RTP/AVP 18\r\n"), &phone()),
            Err(SdpError::NoCodec)
        );
        assert_eq!(
            accept(
                b"v=0\r\no=- 1 1 IN IP4 x\r\ns=-\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\n",
                &phone()
            ),
            Err(SdpError::NoAddress)
        );
    }
}
