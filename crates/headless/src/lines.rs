//! A pair of streams as a wire: one JSON object a line.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use crate::wire::{Ear, Heard, LONGEST, Mouth};

/// Hears lines. What stands behind the longest of a line is passed over.
#[derive(Debug)]
pub(crate) struct LinesIn<I> {
    input: BufReader<I>,
    line: Vec<u8>,
}

impl<I: AsyncRead> LinesIn<I> {
    pub(crate) fn new(input: I) -> Self {
        Self {
            input: BufReader::new(input),
            line: Vec::new(),
        }
    }
}

impl<I: AsyncRead + Unpin> Ear for LinesIn<I> {
    async fn next(&mut self) -> io::Result<Option<Heard>> {
        while next_line(&mut self.input, &mut self.line).await? {
            if self.line.len() > LONGEST {
                return Ok(Some(Heard::TooLong));
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some(Heard::Said(std::mem::take(&mut self.line))));
            }
        }
        Ok(None)
    }
}

/// Reads one line without holding more than [`LONGEST`] bytes of it; one more tells that it was longer. False at the end.
async fn next_line(
    input: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
) -> io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let held = input.fill_buf().await?;
        if held.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = held.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(held.len(), |at| at + 1);
        let room = (LONGEST + 1).saturating_sub(line.len());
        line.extend_from_slice(&held[..end.unwrap_or(held.len()).min(room)]);
        input.consume(taken);
        if end.is_some() {
            return Ok(true);
        }
    }
}

/// Says lines.
#[derive(Debug)]
pub(crate) struct LinesOut<O>(pub(crate) O);

impl<O: AsyncWrite + Unpin> Mouth for LinesOut<O> {
    async fn say(&mut self, mut text: String) -> io::Result<()> {
        text.push('\n');
        self.0.write_all(text.as_bytes()).await?;
        self.0.flush().await
    }

    async fn close(&mut self) -> io::Result<()> {
        self.0.shutdown().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_that_is_too_long_is_passed_over_and_the_next_one_read() {
        let mut text = vec![b'x'; LONGEST + 5_000];
        text.extend_from_slice(b"\nnext\n \nlast");
        let mut ear = LinesIn::new(text.as_slice());
        for heard in [
            Some(Heard::TooLong),
            Some(Heard::Said(b"next".to_vec())),
            Some(Heard::Said(b"last".to_vec())),
            None,
        ] {
            assert_eq!(ear.next().await.expect("a line"), heard);
        }
    }
}
