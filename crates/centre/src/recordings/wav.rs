//! A recording as a file: WAV, two channels of 16 bits at 16 kHz.
//!
//! Uncompressed on purpose: every player reads it, a place in time is a place in the file, and what a crash leaves behind lacks
//! nothing but the length in its header. An hour is 230 MB.

use super::private;
use offhook_audio::Recorder;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

/// The length of the header: `RIFF`, `fmt ` and the head of `data`.
const HEADER: u32 = 44;
/// Two channels of two bytes.
const FRAME: u32 = 4;
/// What the header's numbers can say, in whole frames: over 18 hours.
const LONGEST: u32 = u32::MAX / FRAME * FRAME - 2 * HEADER;

/// A recording that is being written.
#[derive(Debug)]
pub(super) struct Wav {
    file: File,
    /// Bytes of sound.
    length: u32,
}

impl Wav {
    /// Begins a file that was not there.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let mut file = private::create_file(path)?;
        file.write_all(&header(0))?;
        Ok(Self { file, length: 0 })
    }

    /// Writes on, interleaved. What no header can tell of any more is left out.
    pub(super) fn append(&mut self, samples: &[i16]) -> io::Result<()> {
        let mut bytes: Vec<u8> = samples
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect();
        bytes.truncate((LONGEST - self.length) as usize);
        self.file.write_all(&bytes)?;
        self.length += bytes.len() as u32;
        Ok(())
    }

    /// Says in the header how long it became, and puts all of it on the disk. Returns the length in milliseconds.
    pub(super) fn finish(self) -> io::Result<u64> {
        complete(self.file, self.length)
    }
}

/// Says in the header of a file that was left behind how much there is of it. Returns the length in milliseconds.
pub(super) fn repair(path: &Path) -> io::Result<u64> {
    let file = OpenOptions::new().write(true).open(path)?;
    let sound = file.metadata()?.len().saturating_sub(u64::from(HEADER));
    let length = u32::try_from(sound).unwrap_or(LONGEST).min(LONGEST) / FRAME * FRAME;
    complete(file, length)
}

fn complete(mut file: File, length: u32) -> io::Result<u64> {
    file.set_len(u64::from(HEADER + length))?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&header(length))?;
    file.sync_all()?;
    Ok(u64::from(length / FRAME) * 1_000 / u64::from(Recorder::RATE))
}

fn header(length: u32) -> [u8; HEADER as usize] {
    let mut header = [0; HEADER as usize];
    let rate = Recorder::RATE;
    let parts: [(usize, &[u8]); 13] = [
        (0, b"RIFF"),
        (4, &(length + HEADER - 8).to_le_bytes()),
        (8, b"WAVE"),
        (12, b"fmt "),
        (16, &16u32.to_le_bytes()),
        // PCM.
        (20, &1u16.to_le_bytes()),
        (22, &2u16.to_le_bytes()),
        (24, &rate.to_le_bytes()),
        (28, &(rate * FRAME).to_le_bytes()),
        (32, &(FRAME as u16).to_le_bytes()),
        (34, &16u16.to_le_bytes()),
        (36, b"data"),
        (40, &length.to_le_bytes()),
    ];
    for (at, bytes) in parts {
        header[at..at + bytes.len()].copy_from_slice(bytes);
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_how_long_it_is_also_after_a_crash() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("one.wav");
        let mut wav = Wav::create(&path).expect("created");
        wav.append(&[1; 32_000]).expect("written");
        wav.append(&[2, 3, 4]).expect("written");
        drop(wav);
        // One frame was cut in the middle.
        assert_eq!(repair(&path).expect("repaired"), 1_000);
        let repaired = std::fs::read(&path).expect("read");
        assert_eq!(repaired.len(), 44 + 64_000 + 4);
        assert_eq!(repaired[..44], header(64_004));

        let path = folder.path().join("two.wav");
        let mut wav = Wav::create(&path).expect("created");
        wav.append(&[1; 16_000]).expect("written");
        assert_eq!(wav.finish().expect("finished"), 500);
        let whole = std::fs::read(&path).expect("read");
        assert_eq!(repair(&path).expect("repaired"), 500);
        assert_eq!(std::fs::read(&path).expect("read"), whole);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("one.wav");
        Wav::create(&path).expect("created");
        let mode = std::fs::metadata(&path)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(Wav::create(&path).is_err(), "never one over another");
    }
}
