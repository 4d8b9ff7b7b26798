//! Server-sent events (WHATWG HTML, section 9.2), as bytes in and events out. Knows nothing of sockets.

use std::time::Duration;

/// The largest event, and the longest line, that is put together, in bytes.
const LARGEST: usize = 1024 * 1024;

/// One event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseEvent {
    /// The last event id the stream has given up to and with this event; nothing where it never gave one.
    pub id: Option<String>,
    /// The event's type; `message` where the stream names none.
    pub kind: String,
    /// The data, its lines joined by line feeds.
    pub data: String,
}

/// Why a stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    /// A line or an event outgrew 1 MiB: not the stream we asked for, or somebody wants our memory.
    #[error("an event is larger than {LARGEST} bytes")]
    TooLarge,
}

/// Puts events together from chunks that may be cut anywhere, also inside a character or between CR and LF.
#[derive(Debug, Default)]
pub struct SseParser {
    line: Vec<u8>,
    /// The last byte was a CR: an LF right after it belongs to it.
    after_cr: bool,
    /// The first line was seen, and with it the place of a byte order mark.
    begun: bool,
    data: Vec<u8>,
    has_data: bool,
    kind: String,
    id: Option<String>,
    retry: Option<Duration>,
}

impl SseParser {
    /// Takes the next chunk and returns the events that it completes.
    ///
    /// # Errors
    /// [`SseError::TooLarge`]; the parser is then of no more use.
    pub fn push(&mut self, chunk: &[u8]) -> Result<Vec<SseEvent>, SseError> {
        let mut events = Vec::new();
        for &byte in chunk {
            let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if after_cr => {}
                b'\r' | b'\n' => events.extend(self.end_line()),
                _ => {
                    if self.line.len() + self.data.len() >= LARGEST {
                        return Err(SseError::TooLarge);
                    }
                    self.line.push(byte);
                }
            }
        }
        Ok(events)
    }

    /// Returns how long the stream asked to wait before connecting again.
    #[must_use]
    pub const fn retry(&self) -> Option<Duration> {
        self.retry
    }

    fn end_line(&mut self) -> Option<SseEvent> {
        let line = std::mem::take(&mut self.line);
        let mut line = line.as_slice();
        if !std::mem::replace(&mut self.begun, true) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            return self.dispatch();
        }
        let (name, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => {
                let value = &line[colon + 1..];
                (&line[..colon], value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &[][..]),
        };
        match name {
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.has_data = true;
                self.data.extend_from_slice(value);
            }
            b"event" => self.kind = text(value),
            b"id" if !value.contains(&0) => self.id = Some(text(value)),
            b"retry" => {
                if let Some(millis) = digits(value) {
                    self.retry = Some(Duration::from_millis(millis));
                }
            }
            // A comment (its name is empty), or a field of a later day.
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<SseEvent> {
        let kind = std::mem::take(&mut self.kind);
        let data = std::mem::take(&mut self.data);
        if !std::mem::take(&mut self.has_data) {
            return None;
        }
        Some(SseEvent {
            id: self.id.clone(),
            kind: if kind.is_empty() {
                "message".into()
            } else {
                kind
            },
            data: text(&data),
        })
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn digits(value: &[u8]) -> Option<u64> {
    if value.iter().all(u8::is_ascii_digit) {
        std::str::from_utf8(value).ok()?.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(stream: &[u8]) -> Vec<SseEvent> {
        SseParser::default().push(stream).expect("small enough")
    }

    fn event(id: Option<&str>, kind: &str, data: &str) -> SseEvent {
        SseEvent {
            id: id.map(str::to_owned),
            kind: kind.into(),
            data: data.into(),
        }
    }

    #[test]
    fn every_kind_of_line_end_ends_a_line() {
        for stream in [
            "id: 1\ndata: a\n\n",
            "id: 1\rdata: a\r\r",
            "id: 1\r\ndata: a\r\n\r\n",
            "\u{feff}id:1\r\ndata:a\r\n\r\n",
        ] {
            assert_eq!(
                read(stream.as_bytes()),
                [event(Some("1"), "message", "a")],
                "{stream:?}"
            );
        }
    }

    #[test]
    fn lines_of_data_are_joined_and_one_space_is_dropped() {
        assert_eq!(
            read(b"data: a\ndata\ndata:  b\ndata:\n\n"),
            [event(None, "message", "a\n\n b\n")]
        );
    }

    #[test]
    fn an_event_without_data_is_none_but_its_id_counts() {
        assert_eq!(
            read(b": hello\n\nid: 7\nevent: x\n\ndata: a\n\nid\ndata: b\n\n"),
            [
                event(Some("7"), "message", "a"),
                event(Some(""), "message", "b")
            ]
        );
    }

    #[test]
    fn an_unfinished_event_is_not_given_out() {
        assert_eq!(read(b"data: a\n"), []);
        assert_eq!(read(b"data: a"), []);
    }

    #[test]
    fn fields_that_are_not_as_they_should_be_are_passed_over() {
        let mut parser = SseParser::default();
        let events = parser
            .push(b"retry: soon\nretry: 1500\nretry: 99999999999999999999999\nid: a\0b\nnew: field\nevent: queue\ndata: \xff\n\n")
            .expect("small enough");
        assert_eq!(events, [event(None, "queue", "\u{fffd}")]);
        assert_eq!(parser.retry(), Some(Duration::from_millis(1500)));
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut parser = SseParser::default();
        let chunk = [b'x'; 64 * 1024];
        let refused = (0..17).find_map(|_| parser.push(&chunk).err());
        assert_eq!(refused, Some(SseError::TooLarge));
    }

    #[test]
    fn an_endless_event_of_empty_lines_is_refused() {
        let mut parser = SseParser::default();
        let chunk = b"data\n".repeat(64 * 1024);
        let refused = (0..32).find_map(|_| parser.push(&chunk).err());
        assert_eq!(refused, Some(SseError::TooLarge));
    }

    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"data".to_vec()),
            Just(b"data: ".to_vec()),
            Just(b"id: ".to_vec()),
            Just(b"event:".to_vec()),
            Just(b"retry: 3000".to_vec()),
            Just(b": comment".to_vec()),
            Just(b"\n".to_vec()),
            Just(b"\n\n".to_vec()),
            Just(b"\r".to_vec()),
            Just(b"\r\n".to_vec()),
            Just("陈雨桐 📞".as_bytes().to_vec()),
            Just(b"\xef\xbb\xbf".to_vec()),
            proptest::collection::vec(any::<u8>(), 0..6),
        ];
        proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn where_the_stream_is_cut_makes_no_difference(
            stream in stream(),
            cuts in proptest::collection::vec(1usize..9, 1..200),
        ) {
            let whole = read(&stream);
            let mut parser = SseParser::default();
            let mut events = Vec::new();
            let mut rest = stream.as_slice();
            for cut in cuts.into_iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (chunk, later) = rest.split_at(cut.min(rest.len()));
                events.extend(parser.push(chunk).expect("small enough"));
                rest = later;
            }
            prop_assert_eq!(events, whole);
        }

        #[test]
        fn what_is_written_as_an_event_is_read_as_that_event(
            id in "[0-9]{1,12}",
            kind in "[a-z-]{1,10}",
            lines in proptest::collection::vec("[^\r\n]{0,30}", 1..6),
        ) {
            let mut stream = format!("id: {id}\nevent: {kind}\n");
            for line in &lines {
                stream.push_str(&format!("data: {line}\n"));
            }
            stream.push('\n');
            prop_assert_eq!(
                read(stream.as_bytes()),
                [event(Some(&id), &kind, &lines.join("\n"))]
            );
        }
    }
}
