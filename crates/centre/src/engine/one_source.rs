//! Towards one phone the centre is one RTP source for the whole call, whoever speaks: tone, agent, or the next agent.
//!
//! Some phones drop what comes after a change of SSRC when its sequence number happens to lie behind the last one. So the
//! first source gives its SSRC to the call, and each later one is numbered on from the packet before it; payloads stay as
//! they are.

use std::time::Instant;

/// What is added to a source's own numbers.
#[derive(Debug, Clone, Copy)]
struct Shift {
    /// Whose packets.
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
}

/// The last packet that went out, as it went out.
#[derive(Debug, Clone, Copy)]
struct Last {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    at: Instant,
    /// Timestamp units per millisecond, as far as the packets have shown.
    pace: f64,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct OneSource {
    shift: Option<Shift>,
    last: Option<Last>,
}

/// Slowest clock of the codecs the centre knows, in timestamp units per millisecond: for a source that gave way after a
/// single packet.
const PACE: f64 = 8.0;

impl OneSource {
    /// Renumbers a packet in place. `packet` is RTP: at least 12 bytes long.
    pub(super) fn number(&mut self, packet: &mut [u8], now: Instant) {
        let (Some(sequence), Some(timestamp), Some(ssrc)) =
            (u16_at(packet, 2), u32_at(packet, 4), u32_at(packet, 8))
        else {
            return;
        };
        let begins = self.shift.is_none_or(|shift| shift.ssrc != ssrc);
        let shift = match (self.shift, self.last) {
            (Some(shift), _) if !begins => shift,
            (_, None) => Shift {
                ssrc,
                sequence: 0,
                timestamp: 0,
            },
            (_, Some(last)) => {
                let silence = now.duration_since(last.at).as_secs_f64() * 1_000.0;
                // Truncated on purpose: a timestamp is modulo 2^32.
                let advance = ((silence * last.pace) as u64).max(1) as u32;
                Shift {
                    ssrc,
                    sequence: last.sequence.wrapping_add(1).wrapping_sub(sequence),
                    timestamp: last.timestamp.wrapping_add(advance).wrapping_sub(timestamp),
                }
            }
        };
        self.shift = Some(shift);
        let out = self.advance(
            now,
            sequence.wrapping_add(shift.sequence),
            timestamp.wrapping_add(shift.timestamp),
            ssrc,
        );
        if begins && out.ssrc != ssrc {
            // A talkspurt begins (RFC 3551 section 4.1): buffers may settle anew.
            packet[1] |= 0x80;
        }
        packet[2..4].copy_from_slice(&out.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&out.timestamp.to_be_bytes());
        packet[8..12].copy_from_slice(&out.ssrc.to_be_bytes());
    }

    /// Notes what goes out. A packet that was overtaken changes nothing of the newest.
    fn advance(&mut self, now: Instant, sequence: u16, timestamp: u32, ssrc: u32) -> Last {
        let Some(newest) = self.last else {
            let first = Last {
                ssrc,
                sequence,
                timestamp,
                at: now,
                pace: PACE,
            };
            self.last = Some(first);
            return first;
        };
        let steps = sequence.wrapping_sub(newest.sequence);
        let out = Last {
            sequence,
            timestamp,
            ..newest
        };
        if steps == 0 || steps > u16::MAX / 2 {
            return out;
        }
        let millis = now.duration_since(newest.at).as_secs_f64() * 1_000.0;
        // Neighbours tell the pace: a frame is 20 ms in every codec the centre offers.
        let pace = if steps == 1 && millis < 100.0 {
            f64::from(timestamp.wrapping_sub(newest.timestamp)) / 20.0
        } else {
            newest.pace
        };
        let pace = if (PACE..=48.0).contains(&pace) {
            pace
        } else {
            newest.pace
        };
        self.last = Some(Last {
            at: now,
            pace,
            ..out
        });
        out
    }
}

fn u16_at(packet: &[u8], at: usize) -> Option<u16> {
    packet
        .get(at..at + 2)?
        .try_into()
        .ok()
        .map(u16::from_be_bytes)
}

fn u32_at(packet: &[u8], at: usize) -> Option<u32> {
    packet
        .get(at..at + 4)?
        .try_into()
        .ok()
        .map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn packet(sequence: u16, timestamp: u32, ssrc: u32) -> Vec<u8> {
        let mut packet = vec![0x80, 8];
        packet.extend(sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend(ssrc.to_be_bytes());
        packet.extend([0x55; 4]);
        packet
    }

    fn numbers(packet: &[u8]) -> (u16, u32, u32) {
        (
            u16_at(packet, 2).expect("a sequence number"),
            u32_at(packet, 4).expect("a timestamp"),
            u32_at(packet, 8).expect("an SSRC"),
        )
    }

    #[test]
    fn the_first_source_goes_through_as_it_is() {
        let (mut out, now) = (OneSource::default(), Instant::now());
        for n in 0..5_u16 {
            let mut packet = packet(65_533_u16.wrapping_add(n), 7 + u32::from(n) * 160, 1);
            let before = packet.clone();
            out.number(&mut packet, now + Duration::from_millis(20) * u32::from(n));
            assert_eq!(packet, before);
        }
    }

    #[test]
    fn the_next_source_is_numbered_on_with_the_time_that_passed_and_marked() {
        let (mut out, start) = (OneSource::default(), Instant::now());
        for n in 0..10_u16 {
            out.number(
                &mut packet(100 + n, u32::from(n) * 960, 1),
                start + Duration::from_millis(20) * u32::from(n),
            );
        }
        let resumed = start + Duration::from_millis(180 + 60);
        let mut first = packet(9, 4_000_000_000, 2);
        out.number(&mut first, resumed);
        assert_eq!(numbers(&first), (110, 9 * 960 + 60 * 48, 1));
        assert_eq!((first[1], &first[12..]), (0x88, &[0x55; 4][..]));
        let mut second = packet(10, 4_000_000_960, 2);
        out.number(&mut second, resumed + Duration::from_millis(20));
        assert_eq!(numbers(&second), (111, 9 * 960 + 60 * 48 + 960, 1));
        assert_eq!(second[1], 8);
    }

    #[test]
    fn a_packet_that_was_overtaken_keeps_its_place() {
        let (mut out, now) = (OneSource::default(), Instant::now());
        out.number(&mut packet(1, 0, 1), now);
        out.number(&mut packet(500, 9_000, 2), now);
        out.number(&mut packet(502, 9_320, 2), now);
        let mut late = packet(501, 9_160, 2);
        out.number(&mut late, now);
        assert_eq!(numbers(&late).0, 3);
        let mut next = packet(503, 9_480, 2);
        out.number(&mut next, now);
        assert_eq!(numbers(&next).0, 5);
    }
}
