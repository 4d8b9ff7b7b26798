//! Offer and answer of one audio stream (RFC 3264, RFC 8866).

use std::net::SocketAddr;

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

/// Which way media flows, as seen by the one who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// We send only: the other side is on hold.
    SendOnly,
    /// We receive only: we are on hold.
    RecvOnly,
    /// Neither.
    Inactive,
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
    /// Where to send RTP.
    pub remote: SocketAddr,
    /// Common codecs with the payload types to send; the first is the one to send, any may come.
    pub codecs: Vec<CodecSpec>,
    /// The payload type of telephone-event at the clock of the first codec.
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
    /// No address to send to.
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
    let _ = (capabilities, direction, session);
    Vec::new()
}

/// Our answer to their offer, and what follows from it. `direction` is what we wish; the answer never exceeds what they offered.
pub fn answer(
    offer: &[u8],
    capabilities: &Capabilities,
    direction: Direction,
    session: SessionVersion,
) -> Result<(Vec<u8>, Negotiated), SdpError> {
    let _ = (offer, capabilities, direction, session);
    Err(SdpError::Unreadable)
}

/// What follows from their answer to our offer.
pub fn accept(answer: &[u8], capabilities: &Capabilities) -> Result<Negotiated, SdpError> {
    let _ = (answer, capabilities);
    Err(SdpError::Unreadable)
}
