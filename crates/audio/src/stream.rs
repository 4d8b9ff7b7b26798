//! The words of one media stream: what was negotiated, and what is measured.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::Codec;

/// Names one RTP session of a [`Media`](crate::Media); never reused within the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey(u64);

impl SessionKey {
    /// Draws the next unused key.
    pub fn next() -> SessionKey {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        SessionKey(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "media-{}", self.0)
    }
}

/// Says which way voice may flow, seen from here; RTP itself flows out in every case, so that no peer times out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Direction {
    /// The microphone is sent; otherwise silence packets are.
    pub send: bool,
    /// The far end is played; otherwise it is received and dropped.
    pub receive: bool,
}

impl Direction {
    /// Voice both ways.
    pub const BOTH: Direction = Direction {
        send: true,
        receive: true,
    };
}

/// The negotiated parameters of a running stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamConfig {
    /// Where to send until the far end's packets show their true source (symmetric RTP, RFC 4961).
    pub remote: SocketAddr,
    /// The codec to send.
    pub codec: Codec,
    /// The payload type to send it with, 0 to 127: the number the far end chose for it.
    pub payload_type: u8,
    /// The payload types we declared, with what they mean when they come in.
    pub receive: Vec<(u8, Codec)>,
    /// The payload type of telephone events (RFC 4733), if agreed.
    pub telephone_event: Option<u8>,
    /// Which way voice may flow.
    pub direction: Direction,
}

/// A tone for the agent's ear, instead of a far end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// The far phone is ringing: 450 Hz, 1 s on, 4 s off.
    Ringback,
    /// The far phone is busy: 450 Hz, 0.35 s on, 0.35 s off.
    Busy,
}

/// What one stream has counted since it was started.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct StreamStats {
    /// RTP packets sent.
    pub packets_sent: u64,
    /// RTP packets taken, telephone events included.
    pub packets_received: u64,
    /// Packets that should have come and did not (RFC 3550 appendix A.3); falls again when one comes late.
    pub packets_lost: u64,
    /// Packets that came after their turn to be played.
    pub packets_late: u64,
    /// Packets that came twice.
    pub packets_duplicated: u64,
    /// Datagrams that were no RTP, of a foreign source or of an unknown payload type.
    pub packets_refused: u64,
    /// Voice made up because its packet was not there.
    pub concealed: Duration,
    /// Voice brought back from the redundancy in the following packet.
    pub recovered: Duration,
    /// Voice dropped to shorten the delay.
    pub shortened: Duration,
    /// Voice drawn out to lengthen the delay.
    pub lengthened: Duration,
    /// Interarrival jitter (RFC 3550 section 6.4.1).
    pub jitter: Duration,
    /// The delay the jitter buffer aims at.
    pub target_delay: Duration,
    /// The delay it has now: from the arrival of a packet on an idle line to its turn.
    pub delay: Duration,
    /// The longest time between two packets taken.
    pub longest_gap: Duration,
}
