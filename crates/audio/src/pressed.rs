//! The keys pressed at the far end: every event counts once, however many of its packets come, and in whatever order.

use std::collections::VecDeque;

use crate::digit::Digit;
use crate::telephone_event::TelephoneEvent;

/// How many events are remembered: what comes later than so many others is too late.
const REMEMBERED: usize = 32;
/// An event that lasts longer goes on as another that begins where this one's count ends (RFC 4733 section 2.5.1.3).
const LONGEST: u32 = 0xffff;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Pressed {
    ssrc: Option<u32>,
    /// The timestamp at which each began, the newest last.
    events: VecDeque<(u32, Digit)>,
}

impl Pressed {
    /// Takes an event packet; returns the digit if it is the first one of an event.
    pub(crate) fn take(
        &mut self,
        ssrc: u32,
        timestamp: u32,
        event: TelephoneEvent,
    ) -> Option<Digit> {
        if self.ssrc.replace(ssrc) != Some(ssrc) {
            self.events.clear();
        }
        let digit = Digit::from_event_code(event.code)?;
        if self.events.iter().any(|&(start, _)| start == timestamp) {
            return None;
        }
        if self.events.len() == REMEMBERED {
            let (oldest, _) = self.events.pop_front()?;
            if (timestamp.wrapping_sub(oldest) as i32) < 0 {
                self.events.push_front((oldest, digit));
                return None;
            }
        }
        let before = timestamp.wrapping_sub(LONGEST);
        let goes_on = self.events.contains(&(before, digit));
        self.events.push_back((timestamp, digit));
        (!goes_on).then_some(digit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(code: u8, duration: u16, end: bool) -> TelephoneEvent {
        TelephoneEvent {
            code,
            end,
            duration,
        }
    }

    #[test]
    fn a_key_held_for_long_is_one_digit_and_the_same_key_again_is_another() {
        let mut pressed = Pressed::default();
        let digit = Digit::from_event_code(5);
        let start = u32::MAX - 1_000;
        assert_eq!(pressed.take(1, start, event(5, 160, false)), digit);
        assert_eq!(pressed.take(1, start, event(5, u16::MAX, false)), None);
        let second = start.wrapping_add(0xffff);
        assert_eq!(pressed.take(1, second, event(5, 160, false)), None);
        assert_eq!(pressed.take(1, second, event(5, 320, true)), None);
        let again = second.wrapping_add(1_600);
        assert_eq!(pressed.take(1, again, event(5, 160, false)), digit);
    }

    #[test]
    fn what_is_no_key_is_none() {
        let mut pressed = Pressed::default();
        for code in 16..=255 {
            assert_eq!(
                pressed.take(1, u32::from(code), event(code, 160, false)),
                None
            );
        }
    }

    #[test]
    fn another_source_may_have_the_same_timestamps() {
        let mut pressed = Pressed::default();
        assert!(pressed.take(1, 0, event(1, 160, false)).is_some());
        assert!(pressed.take(2, 0, event(1, 160, false)).is_some());
    }

    #[test]
    fn a_packet_that_comes_long_after_its_event_counts_for_nothing() {
        let mut pressed = Pressed::default();
        for index in 0..40 {
            assert!(
                pressed
                    .take(1, index * 1_600, event(2, 160, false))
                    .is_some()
            );
        }
        assert_eq!(pressed.take(1, 0, event(2, 960, true)), None);
        assert_eq!(pressed.take(1, 0, event(2, 960, true)), None);
    }

    proptest! {
        #[test]
        fn each_event_is_one_digit_whatever_is_lost_repeated_or_overtaken(
            codes in proptest::collection::vec(0u8..16, 1..20),
            first: u32,
            losses in proptest::collection::vec(proptest::collection::vec(any::<bool>(), 8), 20),
            order in proptest::collection::vec(any::<u16>(), 16),
        ) {
            let mut pressed = Pressed::default();
            for (index, &code) in codes.iter().enumerate() {
                let timestamp = first.wrapping_add(index as u32 * 1_920);
                let mut packets: Vec<TelephoneEvent> = (0..8u16)
                    .map(|packet| event(code, 160 * (packet + 1).min(6), packet >= 5))
                    .collect();
                let kept = &losses[index];
                let all = packets.clone();
                packets = all.iter().zip(kept).filter(|&(_, kept)| *kept).map(|(packet, _)| *packet).collect();
                // One at least arrives; each twice, in any order.
                packets.push(all[usize::from(order[0]) % 8]);
                packets.extend(packets.clone());
                let mut keyed: Vec<(u16, TelephoneEvent)> = order.iter().copied().cycle().zip(packets).collect();
                keyed.sort_by_key(|&(key, _)| key);
                let digits: Vec<Digit> = keyed
                    .into_iter()
                    .filter_map(|(_, packet)| pressed.take(9, timestamp, packet))
                    .collect();
                prop_assert_eq!(digits, vec![Digit::from_event_code(code).unwrap()]);
            }
        }
    }
}
