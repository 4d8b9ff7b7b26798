//! The voice codecs: how they are named in SDP, and their encoders and decoders.

pub(crate) mod band;
pub(crate) mod coder;
mod conceal;
mod g711;
mod g722;
pub(crate) mod resample;

/// A voice codec this engine can send and receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Opus at 48 kHz, mono, 20 ms packets with in-band FEC (RFC 6716, RFC 7587).
    Opus,
    /// G.722 at 16 kHz and 64 kbit/s, 20 ms packets (RFC 3551 section 4.5.2).
    G722,
    /// G.711 µ-law at 8 kHz, 20 ms packets (RFC 3551 section 4.5.14).
    Pcmu,
    /// G.711 A-law at 8 kHz, 20 ms packets (RFC 3551 section 4.5.14).
    Pcma,
}

impl Codec {
    /// Lists every codec, best sounding first: the order to offer them in.
    pub const ALL: [Codec; 4] = [Codec::Opus, Codec::G722, Codec::Pcmu, Codec::Pcma];

    /// Returns the encoding name as SDP's `rtpmap` writes it.
    pub fn encoding_name(self) -> &'static str {
        match self {
            Codec::Opus => "opus",
            Codec::G722 => "G722",
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
        }
    }

    /// Returns the RTP timestamp rate in Hz. That of G.722 is half its sampling rate, by an old mistake that RFC 3551
    /// section 4.5.2 keeps.
    pub fn clock_rate(self) -> u32 {
        match self {
            Codec::Opus => 48_000,
            Codec::G722 | Codec::Pcmu | Codec::Pcma => 8_000,
        }
    }

    /// Returns the channel count of the `rtpmap`: always 2 for Opus (RFC 7587 section 7), whatever is sent.
    pub fn channels(self) -> u8 {
        match self {
            Codec::Opus => 2,
            Codec::G722 | Codec::Pcmu | Codec::Pcma => 1,
        }
    }

    /// Returns the payload type RFC 3551 fixes, or `None` where one has to be chosen from 96 to 127.
    pub fn static_payload_type(self) -> Option<u8> {
        match self {
            Codec::Opus => None,
            Codec::Pcmu => Some(0),
            Codec::Pcma => Some(8),
            Codec::G722 => Some(9),
        }
    }

    /// Returns the format parameters to declare for receiving.
    pub fn fmtp(self) -> Option<&'static str> {
        match self {
            Codec::Opus => Some("minptime=10;useinbandfec=1;stereo=0"),
            Codec::G722 | Codec::Pcmu | Codec::Pcma => None,
        }
    }

    /// Finds the codec of an `rtpmap`; encoding names are compared without case (RFC 8866 section 6.6).
    pub fn from_rtpmap(encoding_name: &str, clock_rate: u32) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| {
            codec.encoding_name().eq_ignore_ascii_case(encoding_name)
                && codec.clock_rate() == clock_rate
        })
    }

    /// Finds the codec of a payload type that needs no `rtpmap` (RFC 3551 section 6).
    pub fn from_static_payload_type(payload_type: u8) -> Option<Codec> {
        Codec::ALL
            .into_iter()
            .find(|codec| codec.static_payload_type() == Some(payload_type))
    }
}
