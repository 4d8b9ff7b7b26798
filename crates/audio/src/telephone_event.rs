//! The payload of a telephone event (RFC 4733 section 2.3).

/// How loud the tone is meant to be, in -dBm0.
const VOLUME: u8 = 10;

/// What one packet says of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TelephoneEvent {
    pub(crate) code: u8,
    /// The event is over.
    pub(crate) end: bool,
    /// How long it has lasted, in units of the RTP clock.
    pub(crate) duration: u16,
}

impl TelephoneEvent {
    /// Reads a payload; `None` if it is too short. What follows the first event is of no use here.
    pub(crate) fn parse(payload: &[u8]) -> Option<TelephoneEvent> {
        let &[code, flags, high, low, ..] = payload else {
            return None;
        };
        Some(TelephoneEvent {
            code,
            end: flags & 0x80 != 0,
            duration: u16::from_be_bytes([high, low]),
        })
    }

    /// Returns the payload.
    pub(crate) fn payload(self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        [self.code, u8::from(self.end) << 7 | VOLUME, high, low]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_bits_lie_where_the_rfc_draws_them() {
        let event = TelephoneEvent {
            code: 11,
            end: true,
            duration: 0x1234,
        };
        assert_eq!(event.payload(), [11, 0x8a, 0x12, 0x34]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(code: u8, end: bool, duration: u16) {
            let event = TelephoneEvent { code, end, duration };
            prop_assert_eq!(TelephoneEvent::parse(&event.payload()), Some(event));
        }

        #[test]
        fn no_payload_panics(payload: Vec<u8>) {
            prop_assert_eq!(TelephoneEvent::parse(&payload).is_some(), payload.len() >= 4);
        }
    }
}
