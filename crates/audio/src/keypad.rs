//! The keypad of one session: digits wait here, and go out as telephone events (RFC 4733 section 2.5.1).
//!
//! ```text
//! Idle --a digit--> Sending, an event packet every 20 ms --> Resting, voice --> Idle
//! ```

use std::collections::VecDeque;

use crate::digit::Digit;
use crate::telephone_event::TelephoneEvent;

/// Nobody types so far ahead of the line.
const WAITING: usize = 64;
/// How long an event lasts, in packets: 120 ms.
const EVENT: u32 = 6;
/// How often its end is said, so that a loss cannot prolong it.
const ENDS: u32 = 3;
/// The voice between two events, in packets: 80 ms.
const REST: u32 = 4;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Keypad {
    waiting: VecDeque<Digit>,
    state: State,
    sent: Option<Digit>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    Sending {
        digit: Digit,
        /// The RTP timestamp of its beginning, which all its packets carry.
        start: u32,
        packets: u32,
    },
    Resting {
        packets: u32,
    },
}

/// A packet to send instead of one of voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventPacket {
    pub(crate) marker: bool,
    pub(crate) timestamp: u32,
    pub(crate) event: TelephoneEvent,
}

impl Keypad {
    /// Takes a digit to be sent after those that wait; `false` if there are too many.
    pub(crate) fn press(&mut self, digit: Digit) -> bool {
        let room = self.waiting.len() < WAITING;
        if room {
            self.waiting.push_back(digit);
        }
        room
    }

    /// Gives what to send instead of the voice of `step` units from `timestamp` on; called once for every packet.
    pub(crate) fn next_packet(&mut self, timestamp: u32, step: u32) -> Option<EventPacket> {
        let (digit, start, before) = match self.state {
            State::Idle => (self.waiting.pop_front()?, timestamp, 0),
            State::Sending {
                digit,
                start,
                packets,
            } => (digit, start, packets),
            State::Resting { packets } => {
                self.state = match packets {
                    ..=1 => State::Idle,
                    2.. => State::Resting {
                        packets: packets - 1,
                    },
                };
                return None;
            }
        };
        let packets = before + 1;
        if packets == EVENT + ENDS - 1 {
            self.finish(digit);
        } else {
            self.state = State::Sending {
                digit,
                start,
                packets,
            };
        }
        Some(EventPacket {
            marker: before == 0,
            timestamp: start,
            event: TelephoneEvent {
                code: digit.event_code(),
                end: packets >= EVENT,
                // 5760 at most.
                duration: (packets.min(EVENT) * step) as u16,
            },
        })
    }

    /// Ends the event under way because its stream ends, or its clock: the far end has seen it, so it counts as sent.
    pub(crate) fn cut(&mut self) {
        if let State::Sending { digit, .. } = self.state {
            self.finish(digit);
        }
    }

    fn finish(&mut self, digit: Digit) {
        self.state = State::Resting { packets: REST };
        self.sent = Some(digit);
    }

    /// Returns the digit whose event has ended since this was last called.
    pub(crate) fn take_sent(&mut self) -> Option<Digit> {
        self.sent.take()
    }

    /// Forgets the digits that wait; returns how many.
    pub(crate) fn clear(&mut self) -> usize {
        self.waiting.drain(..).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digit(key: char) -> Digit {
        Digit::parse(key).unwrap()
    }

    /// What goes out in so many packets of 160 units: the event packets, `None` for voice.
    fn run(keypad: &mut Keypad, first: u32, packets: u32) -> Vec<Option<EventPacket>> {
        (first..first + packets)
            .map(|index| keypad.next_packet(index * 160, 160))
            .collect()
    }

    #[test]
    fn an_event_lasts_six_packets_and_says_its_end_three_times() {
        let mut keypad = Keypad::default();
        assert!(keypad.press(digit('#')));
        let out: Vec<EventPacket> = run(&mut keypad, 7, 20).into_iter().flatten().collect();
        assert!(out.iter().all(|packet| packet.timestamp == 7 * 160));
        assert!(out.iter().all(|packet| packet.event.code == 11));
        let durations: Vec<u16> = out.iter().map(|packet| packet.event.duration).collect();
        assert_eq!(durations, [160, 320, 480, 640, 800, 960, 960, 960]);
        let ends = out.iter().map(|packet| packet.event.end);
        assert!(ends.eq([false, false, false, false, false, true, true, true]));
        assert!(
            out.iter()
                .map(|packet| packet.marker)
                .eq((0..8).map(|i| i == 0))
        );
    }

    #[test]
    fn digits_go_out_in_order_with_voice_between_them() {
        let mut keypad = Keypad::default();
        "12".chars()
            .for_each(|key| assert!(keypad.press(digit(key))));
        let out = run(&mut keypad, 0, 20);
        let voice: Vec<bool> = out.iter().map(Option::is_none).collect();
        assert_eq!(voice[..8], [false; 8]);
        assert_eq!(voice[8..12], [true; 4]);
        assert_eq!(voice[12..], [false; 8]);
        let codes: Vec<u8> = out
            .iter()
            .flatten()
            .map(|packet| packet.event.code)
            .collect();
        assert_eq!(codes, [[1; 8], [2; 8]].concat());
    }

    #[test]
    fn a_digit_is_sent_when_its_last_packet_is_or_when_it_is_cut_off() {
        let mut keypad = Keypad::default();
        "45".chars()
            .for_each(|key| assert!(keypad.press(digit(key))));
        run(&mut keypad, 0, 7);
        assert_eq!(keypad.take_sent(), None);
        run(&mut keypad, 7, 1);
        assert_eq!(keypad.take_sent(), Some(digit('4')));
        run(&mut keypad, 8, 5);
        keypad.cut();
        assert_eq!(keypad.take_sent(), Some(digit('5')));
        assert!(run(&mut keypad, 13, 20).iter().all(Option::is_none));
        keypad.cut();
        assert_eq!(keypad.take_sent(), None, "nothing was under way");
    }

    #[test]
    fn no_more_than_sixty_four_wait() {
        let mut keypad = Keypad::default();
        assert!((0..64).all(|_| keypad.press(digit('0'))));
        assert!(!keypad.press(digit('0')));
        assert_eq!(keypad.clear(), 64);
    }
}
