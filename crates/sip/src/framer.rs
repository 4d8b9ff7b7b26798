//! Cuts a stream into messages (RFC 3261 §7.5, §18.3; RFC 5626 §3.5.1). It reads no more of a message than where it ends.

use std::fmt;

use crate::message::{self, MAX_SIZE};

/// What stood in the stream.
#[derive(Clone, PartialEq, Eq)]
pub enum Frame {
    /// One message, good or bad, from its start line to the end of its body.
    Message(Vec<u8>),
    /// A line end between messages: one is the answer to a keep-alive, two in a row are a keep-alive.
    LineEnd,
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Frame::Message(bytes) => write!(f, "Message({} bytes)", bytes.len()),
            Frame::LineEnd => f.write_str("LineEnd"),
        }
    }
}

/// Why nobody can say where the next message begins: the stream is of no more use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// No Content-Length, which a stream must have (RFC 3261 §20.14).
    #[error("a message without Content-Length")]
    NoLength,
    /// A Content-Length that is no number, or two that differ.
    #[error("a Content-Length that says nothing")]
    BadLength,
    /// More than 64 KiB.
    #[error("a message larger than 64 KiB")]
    TooLarge,
}

/// Takes bytes as they come and gives frames as they are whole. It holds at most one unfinished message of 64 KiB beside what
/// was pushed last.
#[derive(Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// Up to here frames have been given.
    start: usize,
    /// The line of the head that is looked at, from `start`.
    line: usize,
    /// The length of the message, once its head is there.
    length: Option<usize>,
}

impl fmt::Debug for Framer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Framer({} bytes)", self.buffer.len() - self.start)
    }
}

impl Framer {
    /// A framer at the beginning of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what came. Empty it with [`next_frame`](Framer::next_frame) before the next.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// True inside a message that has begun and has not ended.
    pub fn is_amid(&self) -> bool {
        self.start < self.buffer.len()
    }

    /// The next frame that is whole. After an error there is none any more.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        loop {
            match &self.buffer[self.start..] {
                [b'\r', b'\n', ..] => {
                    self.start += 2;
                    return Ok(Some(Frame::LineEnd));
                }
                [b'\n', ..] => {
                    self.start += 1;
                    return Ok(Some(Frame::LineEnd));
                }
                [] | [b'\r'] => return Ok(None),
                // Half a line end, which the reader of messages passes over, too.
                [b'\r', _, ..] => self.start += 1,
                _ => return self.next_message(),
            }
        }
    }

    fn next_message(&mut self) -> Result<Option<Frame>, FrameError> {
        let bytes = &self.buffer[self.start..];
        let length = match self.length {
            Some(length) => length,
            None => match message::find_head_end(bytes, &mut self.line) {
                Some((_, body)) if body > MAX_SIZE => return Err(FrameError::TooLarge),
                Some((head, body)) => {
                    let length = stated_length(&bytes[..head])?.saturating_add(body);
                    *self.length.insert(length)
                }
                None => bytes.len(),
            },
        };
        if length > MAX_SIZE {
            return Err(FrameError::TooLarge);
        }
        if self.length.is_none() || bytes.len() < length {
            return Ok(None);
        }
        let message = bytes[..length].to_vec();
        self.start += length;
        self.line = 0;
        self.length = None;
        Ok(Some(Frame::Message(message)))
    }
}

/// The length of the body by the head's word.
fn stated_length(head: &[u8]) -> Result<usize, FrameError> {
    let lengths = message::stated_lengths(head);
    let (first, rest) = lengths.split_first().ok_or(FrameError::NoLength)?;
    if first.is_empty()
        || !first.bytes().all(|b| b.is_ascii_digit())
        || rest.iter().any(|other| other != first)
    {
        return Err(FrameError::BadLength);
    }
    // A number too large for any type is still a number, and too large.
    first.parse().map_err(|_| FrameError::TooLarge)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::{Message, parse};

    fn message(call_id: &str, length: &str, body: &str) -> String {
        format!(
            "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n\
             Call-ID: {call_id}\r\nCSeq: 1 OPTIONS\r\n{length}\r\n{body}"
        )
    }

    fn well(call_id: &str, body: &str) -> String {
        message(
            call_id,
            &format!("Content-Length: {}\r\n", body.len()),
            body,
        )
    }

    /// All frames of a stream that comes in pieces of these sizes, over and over, and how it ended.
    fn frames(stream: &[u8], sizes: &[usize]) -> (Vec<Frame>, Option<FrameError>) {
        let (mut framer, mut found, mut rest) = (Framer::new(), Vec::new(), stream);
        for size in sizes.iter().cycle() {
            let (now, later) = rest.split_at((*size).clamp(1, rest.len().max(1)).min(rest.len()));
            framer.push(now);
            rest = later;
            loop {
                match framer.next_frame() {
                    Ok(Some(frame)) => found.push(frame),
                    Ok(None) => break,
                    Err(error) => return (found, Some(error)),
                }
            }
            if rest.is_empty() {
                break;
            }
        }
        (found, None)
    }

    fn whole(stream: &str) -> (Vec<Frame>, Option<FrameError>) {
        frames(stream.as_bytes(), &[usize::MAX])
    }

    #[test]
    fn messages_come_out_as_they_went_in_and_line_ends_between_them_are_told() {
        let (one, two) = (well("1", "v=0\r\n\r\n"), well("2", ""));
        let stream = format!("\r\n\r\n{one}{two}\r\n{one}");
        let message = |text: &str| Frame::Message(text.as_bytes().to_vec());
        let expected = [
            Frame::LineEnd,
            Frame::LineEnd,
            message(&one),
            message(&two),
            Frame::LineEnd,
            message(&one),
        ];
        assert_eq!(whole(&stream), (expected.to_vec(), None));
    }

    #[test]
    fn the_length_is_found_however_it_is_written() {
        for length in [
            "l: 3\r\n",
            "CONTENT-LENGTH  :   3  \r\n",
            "Content-Length:\r\n  3\r\n",
            "Content-Length: 3\nX: y\n",
            "Content-Length: 3\r\nl: 3\r\n",
            "X: Content-Length: 9\r\nContent-Length: 03\r\n",
        ] {
            let (found, error) = whole(&(message("1", length, "abc") + &well("2", "")));
            assert_eq!((found.len(), error), (2, None), "{length:?}");
        }
    }

    #[test]
    fn a_bad_message_does_not_end_the_stream_but_one_without_an_end_does() {
        let bad = "NONSENSE\r\nContent-Length: 2\r\n\r\nxx";
        let (found, error) = whole(&format!("{bad}{}", well("2", "")));
        assert_eq!((found.len(), error), (2, None));
        for (length, why) in [
            ("", FrameError::NoLength),
            ("Content-Length: \r\n", FrameError::BadLength),
            ("Content-Length: -1\r\n", FrameError::BadLength),
            ("Content-Length: 3, 3\r\n", FrameError::BadLength),
            (
                "Content-Length: 3\r\nContent-Length: 4\r\n",
                FrameError::BadLength,
            ),
            ("Content-Length: 65536\r\n", FrameError::TooLarge),
            (
                "Content-Length: 18446744073709551615\r\n",
                FrameError::TooLarge,
            ),
            (
                "Content-Length: 99999999999999999999999\r\n",
                FrameError::TooLarge,
            ),
        ] {
            let (found, error) = whole(&(well("1", "x") + &message("2", length, "abc")));
            assert_eq!((found.len(), error), (1, Some(why)), "{length:?}");
        }
    }

    #[test]
    fn a_head_without_end_is_not_read_for_ever() {
        let stream = [b'x'; MAX_SIZE + 1];
        assert_eq!(
            frames(&stream, &[1000]),
            (Vec::new(), Some(FrameError::TooLarge))
        );
        let room = MAX_SIZE - message("1", "Content-Length: 65000\r\n", "").len();
        let fits = well("1", &"x".repeat(room));
        assert_eq!(fits.len(), MAX_SIZE);
        assert_eq!(whole(&fits).0.len(), 1);
    }

    /// Something that may stand in a stream.
    fn piece() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            4 => (0..40usize).prop_map(|size| well("1", &"\r\n".repeat(size)).into_bytes()),
            2 => Just(b"\r\n".to_vec()),
            1 => Just(b"\n".to_vec()),
            1 => Just(b"\r".to_vec()),
            1 => Just(b"BAD\r\nl: 1\r\n\r\nx".to_vec()),
            1 => Just(message("1", "", "").into_bytes()),
            1 => proptest::collection::vec(any::<u8>(), 0..30),
        ]
    }

    proptest! {
        #[test]
        fn the_cuts_change_nothing(
            pieces in proptest::collection::vec(piece(), 0..8),
            sizes in proptest::collection::vec(1..50usize, 1..20),
        ) {
            let stream = pieces.concat();
            prop_assert_eq!(frames(&stream, &sizes), frames(&stream, &[usize::MAX]));
            prop_assert_eq!(frames(&stream, &[1]), frames(&stream, &[usize::MAX]));
        }

        #[test]
        fn any_bytes_are_taken_and_every_message_fits(
            noise in proptest::collection::vec(any::<u8>(), 0..400),
            tail in piece(),
        ) {
            let (found, _) = frames(&[noise, tail].concat(), &[7]);
            for frame in found {
                if let Frame::Message(bytes) = frame {
                    prop_assert!(bytes.len() <= MAX_SIZE && !bytes.is_empty());
                    // It ends where the reader of messages sees its end, or the reader refuses it.
                    if let Ok(Message::Request(request)) = parse(&bytes) {
                        prop_assert!(bytes.ends_with(&request.body));
                    }
                }
            }
        }
    }

    #[test]
    fn every_cut_of_every_message_gives_the_same() {
        let stream = format!("\r\n\r\n{}\r\n{}", well("1", "v=0\r\n"), well("2", "x"));
        let expected = whole(&stream);
        for first in 1..stream.len() {
            for second in 1..stream.len() - first {
                let cut = frames(stream.as_bytes(), &[first, second, usize::MAX]);
                assert_eq!(cut, expected, "{first} and {second}");
            }
        }
    }
}
