//! What the beginning of a wav file says of the rest, so that parts of it can be fetched and played.

use std::io::Cursor;
use std::ops::Range;

use hound::{SampleFormat, WavReader};

use crate::codec::band::Band;

/// The beginning of a wav file of 16 bits, with one channel or two, at 8 or 16 kHz.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WavHead {
    pub(crate) band: Band,
    channels: u16,
    /// Where the sound begins in the file.
    sound_at: u64,
    /// How many samples each channel has.
    pub(crate) length: u64,
}

impl WavHead {
    /// Bytes from which every header of interest can be read.
    pub const ENOUGH: u64 = 4_096;

    /// Reads the beginning of a file; `None` if it is none that can be played.
    pub fn read(beginning: &[u8]) -> Option<WavHead> {
        let reader = WavReader::new(Cursor::new(beginning)).ok()?;
        let spec = reader.spec();
        let band = match spec.sample_rate {
            8_000 => Band::Narrow,
            16_000 => Band::Wide,
            _ => return None,
        };
        let fits = spec.bits_per_sample == 16
            && spec.sample_format == SampleFormat::Int
            && (1..=2).contains(&spec.channels);
        let length = u64::from(reader.duration());
        let sound_at = reader.into_inner().position();
        fits.then_some(WavHead {
            band,
            channels: spec.channels,
            sound_at,
            length,
        })
    }

    /// How long it is, in milliseconds.
    pub fn millis(&self) -> u64 {
        self.length * 1_000 / self.rate()
    }

    /// The place in the file of `count` samples from `first` on, as far as there are any.
    pub fn bytes(&self, first: u64, count: u64) -> Range<u64> {
        let last = first.saturating_add(count).min(self.length);
        let place = |sample: u64| self.sound_at + sample * self.frame();
        place(first.min(last))..place(last)
    }

    /// How many samples last so long.
    pub fn samples(&self, seconds: u64) -> u64 {
        seconds * self.rate()
    }

    /// Reads sound, both channels as one: who speaks is as loud as in their own channel.
    pub fn mono(&self, sound: &[u8]) -> Vec<i16> {
        sound
            .chunks_exact(self.frame() as usize)
            .map(|frame| {
                frame
                    .chunks_exact(2)
                    .map(|sample| i16::from_le_bytes([sample[0], sample[1]]))
                    .fold(0, i16::saturating_add)
            })
            .collect()
    }

    fn rate(&self) -> u64 {
        (crate::SAMPLE_RATE as usize / self.band.factor()) as u64
    }

    fn frame(&self) -> u64 {
        u64::from(self.channels) * 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hound::{WavSpec, WavWriter};

    fn file(channels: u16, sample_rate: u32, bits: u16, samples: usize) -> Vec<u8> {
        let spec = WavSpec {
            channels,
            sample_rate,
            bits_per_sample: bits,
            sample_format: SampleFormat::Int,
        };
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
        for n in 0..samples {
            writer.write_sample(n as i16).unwrap();
        }
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    #[test]
    fn the_beginning_tells_where_each_moment_lies() {
        let file = file(2, 16_000, 16, 64_000);
        let head = WavHead::read(&file[..64]).unwrap();
        assert_eq!(head.millis(), 2_000);
        let range = head.bytes(100, 10);
        let sound = &file[range.start as usize..range.end as usize];
        let expected: Vec<i16> = (100..110).map(|n| 4 * n + 1).collect();
        assert_eq!(head.mono(sound), expected);
        assert_eq!(head.bytes(31_990, 1_000).end, file.len() as u64);
        assert!(head.bytes(99_000, 5).is_empty());
    }

    #[test]
    fn what_cannot_be_played_is_refused() {
        assert!(WavHead::read(&file(1, 8_000, 16, 100)).is_some());
        for other in [
            file(2, 44_100, 16, 100),
            file(3, 16_000, 16, 99),
            file(1, 16_000, 8, 100),
        ] {
            assert!(WavHead::read(&other).is_none());
        }
        assert!(WavHead::read(b"RIFF").is_none());
        assert!(WavHead::read(&[]).is_none());
    }
}
