//! The RTP header (RFC 3550 section 5.1): written without extensions, read with all of them skipped.

/// The fixed part of a header.
pub(crate) const HEADER: usize = 12;

/// What a received packet says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    pub(crate) marker: bool,
    pub(crate) payload_type: u8,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
    pub(crate) payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a datagram; `None` if it is no RTP, RTCP on the same port included (RFC 5761 section 4).
    pub(crate) fn parse(datagram: &'a [u8]) -> Option<Packet<'a>> {
        let (header, rest) = datagram.split_at_checked(HEADER)?;
        let [first, second, ..] = *header else {
            return None;
        };
        let payload_type = second & 0x7f;
        if first >> 6 != 2 || (64..96).contains(&payload_type) {
            return None;
        }
        let mut rest = rest.get(usize::from(first & 0x0f) * 4..)?;
        if first & 0x10 != 0 {
            let &[_, _, high, low, ..] = rest else {
                return None;
            };
            rest = rest.get(4 + usize::from(u16::from_be_bytes([high, low])) * 4..)?;
        }
        if first & 0x20 != 0 {
            let padding = usize::from(*rest.last()?);
            if padding == 0 {
                return None;
            }
            rest = rest.get(..rest.len().checked_sub(padding)?)?;
        }
        Some(Packet {
            marker: second & 0x80 != 0,
            payload_type,
            sequence: u16::from_be_bytes([header[2], header[3]]),
            timestamp: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
            ssrc: u32::from_be_bytes([header[8], header[9], header[10], header[11]]),
            payload: rest,
        })
    }

    /// Appends the header to `datagram`; the payload goes behind it.
    pub(crate) fn write_header(&self, datagram: &mut Vec<u8>) {
        datagram.push(0x80);
        datagram.push(u8::from(self.marker) << 7 | self.payload_type & 0x7f);
        datagram.extend(self.sequence.to_be_bytes());
        datagram.extend(self.timestamp.to_be_bytes());
        datagram.extend(self.ssrc.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(payload: &[u8]) -> Packet<'_> {
        Packet {
            marker: true,
            payload_type: 111,
            sequence: 65_535,
            timestamp: u32::MAX,
            ssrc: 7,
            payload,
        }
    }

    #[test]
    fn csrcs_extension_and_padding_are_skipped() {
        let datagram = [
            &[0xb2, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3][..],
            &[9; 8],
            &[0xbe, 0xde, 0, 1, 8, 8, 8, 8],
            b"voice",
            &[0, 0, 3],
        ]
        .concat();
        let packet = Packet::parse(&datagram).unwrap();
        assert_eq!((packet.sequence, packet.timestamp, packet.ssrc), (1, 2, 3));
        assert_eq!(packet.payload, b"voice");
    }

    #[test]
    fn rtcp_and_other_versions_are_no_rtp() {
        assert_eq!(
            Packet::parse(&[0x80, 200, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0]),
            None
        );
        assert_eq!(
            Packet::parse(&[0x00, 1, 0, 1, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0]),
            None
        );
        assert_eq!(Packet::parse(&[0x80; 11]), None);
        assert_eq!(
            Packet::parse(&[0xa0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9]),
            None,
            "more padding than packet"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(sequence: u16, timestamp: u32, ssrc: u32, payload: Vec<u8>) {
            let written = Packet { sequence, timestamp, ssrc, ..packet(&payload) };
            let mut datagram = Vec::new();
            written.write_header(&mut datagram);
            datagram.extend(&payload);
            prop_assert_eq!(Packet::parse(&datagram), Some(written));
        }

        #[test]
        fn no_datagram_panics(datagram: Vec<u8>) {
            let _ = Packet::parse(&datagram);
        }
    }
}
