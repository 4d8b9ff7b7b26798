//! Wav files as microphone and speaker, for tests, practice customers and quality measured offline.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

use super::null::Null;
use super::ring::convert;
use super::{Backend, DeviceError, DeviceRole, Guard, Opened, Proof, Sink, Source, Wake};
use crate::units::SAMPLE_RATE;

/// What the disk may lag behind: two seconds.
const RING: usize = 2 * SAMPLE_RATE as usize;
/// The header is brought up to date after so many samples: one second.
const FLUSH: usize = SAMPLE_RATE as usize;

/// The backend.
pub struct Wav {
    input: Option<PathBuf>,
    output: Option<PathBuf>,
    writer: Option<SharedWriter>,
}

type SharedWriter = Arc<Mutex<WavWriter<BufWriter<File>>>>;

impl Wav {
    /// Makes the backend; see [`BackendConfig::Wav`](super::BackendConfig::Wav). Files are opened when used.
    pub fn new(input: Option<PathBuf>, output: Option<PathBuf>) -> Wav {
        Wav {
            input,
            output,
            writer: None,
        }
    }

    /// The file is created once; later calls go behind the earlier ones.
    fn writer(&mut self, path: &Path) -> Result<SharedWriter, DeviceError> {
        if let Some(writer) = &self.writer {
            return Ok(writer.clone());
        }
        let spec = WavSpec {
            channels: 1,
            sample_rate: SAMPLE_RATE,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let writer = WavWriter::create(path, spec).map_err(|error| file_error(path, &error))?;
        Ok(self.writer.insert(Arc::new(Mutex::new(writer))).clone())
    }
}

impl Backend for Wav {
    fn open_mic(&mut self, _wake: &Wake) -> Result<Opened<Box<dyn Source>>, DeviceError> {
        let Some(path) = &self.input else {
            return Null.open_mic(&Wake::nobody());
        };
        let end = Box::new(Player {
            samples: read(path)?,
            position: 0,
        });
        Ok(Opened {
            end,
            name: path.display().to_string(),
            guard: Box::new(Null),
        })
    }

    fn open_sink(
        &mut self,
        role: DeviceRole,
        wake: &Wake,
    ) -> Result<Opened<Box<dyn Sink>>, DeviceError> {
        let Some(path) = self.output.clone().filter(|_| role == DeviceRole::Speaker) else {
            return Null.open_sink(role, wake);
        };
        let writer = self.writer(&path)?;
        let (producer, consumer) = rtrb::RingBuffer::new(RING);
        let name = path.display().to_string();
        Ok(Opened {
            end: Box::new(Tape(producer)),
            name,
            guard: Box::new(Recorder {
                path,
                writer,
                consumer,
                unflushed: 0,
            }),
        })
    }

    fn give_up(&mut self, _role: DeviceRole) {}

    fn current(&mut self, _role: DeviceRole) -> Result<Option<String>, DeviceError> {
        Ok(None)
    }
}

/// Reads a wav file of any rate, width and number of channels as 48 kHz mono.
///
/// # Errors
/// [`DeviceError::File`] if it is not there or no wav file.
pub fn read(path: &Path) -> Result<Vec<f32>, DeviceError> {
    let reader = WavReader::open(path).map_err(|error| file_error(path, &error))?;
    let spec = reader.spec();
    let interleaved: Vec<f32> = match spec.sample_format {
        SampleFormat::Float => reader.into_samples::<f32>().collect::<Result<_, _>>(),
        SampleFormat::Int => {
            let scale = 1.0 / (1u64 << (spec.bits_per_sample.clamp(1, 32) - 1)) as f32;
            reader
                .into_samples::<i32>()
                .map(|sample| sample.map(|value| value as f32 * scale))
                .collect()
        }
    }
    .map_err(|error| file_error(path, &error))?;
    let channels = usize::from(spec.channels.max(1));
    let mono: Vec<f32> = interleaved
        .chunks_exact(channels)
        .map(|frame| frame.iter().sum::<f32>() / channels as f32)
        .collect();
    convert(&mono, spec.sample_rate, SAMPLE_RATE)
        .ok_or_else(|| DeviceError::Format(path.display().to_string()))
}

fn file_error(path: &Path, error: &hound::Error) -> DeviceError {
    DeviceError::File {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

/// The microphone.
struct Player {
    samples: Vec<f32>,
    position: usize,
}

impl Source for Player {
    fn is_ready(&self) -> bool {
        true
    }

    fn read(&mut self, frame: &mut [f32]) {
        let rest = &self.samples[self.position..];
        let length = rest.len().min(frame.len());
        frame[..length].copy_from_slice(&rest[..length]);
        frame[length..].fill(0.0);
        self.position += length;
    }

    fn clock(&self) -> Option<u64> {
        None
    }
}

/// The speaker: hands over to the thread that may wait for the disk.
struct Tape(rtrb::Producer<f32>);

impl Sink for Tape {
    fn is_hungry(&mut self) -> bool {
        false
    }

    fn write(&mut self, frame: &[f32]) {
        // A disk that lags by two seconds loses the rest.
        let (_written, _dropped) = self.0.push_partial_slice(frame);
    }

    fn clock(&self) -> Option<u64> {
        None
    }
}

struct Recorder {
    path: PathBuf,
    writer: SharedWriter,
    consumer: rtrb::Consumer<f32>,
    unflushed: usize,
}

impl Recorder {
    fn drain(&mut self, flush_after: usize) -> Result<(), DeviceError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut record = || {
            while let Ok(sample) = self.consumer.pop() {
                writer.write_sample((sample * 32_767.0) as i16)?;
                self.unflushed += 1;
            }
            if self.unflushed >= flush_after {
                self.unflushed = 0;
                writer.flush()?;
            }
            Ok(())
        };
        record().map_err(|error| file_error(&self.path, &error))
    }
}

impl Guard for Recorder {
    fn keep(&mut self) -> Result<Proof, DeviceError> {
        self.drain(FLUSH).map(|()| Proof::Works)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if let Err(error) = self.drain(0) {
            tracing::warn!(%error, "The recording is not complete");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, spec: WavSpec, frames: usize, mut sample: impl FnMut(f32) -> f32) {
        let mut writer = WavWriter::create(path, spec).unwrap();
        for index in 0..frames {
            let value = sample(index as f32 / spec.sample_rate as f32);
            for _ in 0..spec.channels {
                match spec.sample_format {
                    SampleFormat::Float => writer.write_sample(value).unwrap(),
                    SampleFormat::Int => {
                        let full = ((1i64 << (spec.bits_per_sample - 1)) - 1) as f32;
                        writer.write_sample((value * full) as i32).unwrap();
                    }
                }
            }
        }
        writer.finalize().unwrap();
    }

    #[test]
    fn files_of_any_kind_become_48_khz_mono() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("录音.wav");
        for (channels, sample_rate, bits_per_sample, sample_format) in [
            (1, 48_000, 16, SampleFormat::Int),
            (2, 44_100, 24, SampleFormat::Int),
            (1, 8_000, 8, SampleFormat::Int),
            (1, 22_050, 32, SampleFormat::Float),
            (2, 96_000, 32, SampleFormat::Int),
        ] {
            let spec = WavSpec {
                channels,
                sample_rate,
                bits_per_sample,
                sample_format,
            };
            write(&path, spec, sample_rate as usize, |t| {
                0.5 * (2.0 * std::f32::consts::PI * 500.0 * t).sin()
            });
            let samples = read(&path).unwrap();
            assert!(
                samples.len().abs_diff(48_000) < 100,
                "{spec:?}: {}",
                samples.len()
            );
            let mean = samples[2_000..46_000].iter().map(|s| s * s).sum::<f32>() / 44_000.0;
            assert!((0.115..0.135).contains(&mean), "{spec:?}: {mean}");
            let crossings = samples
                .windows(2)
                .filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0)
                .count();
            assert!((495..=505).contains(&crossings), "{spec:?}: {crossings}");
        }
    }

    #[test]
    fn the_recording_is_a_valid_file_at_any_time_and_goes_on_after_a_pause() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.wav");
        let mut backend = Wav::new(None, Some(path.clone()));
        for part in 1..=2 {
            let Opened {
                end: mut sink,
                mut guard,
                ..
            } = backend
                .open_sink(DeviceRole::Speaker, &Wake::nobody())
                .unwrap();
            sink.write(&[0.25; 60_000]);
            guard.keep().unwrap();
            assert_eq!(
                read(&path).unwrap().len(),
                part * 60_000 + (part - 1) * 40_000
            );
            sink.write(&[0.25; 40_000]);
            drop(guard);
            assert_eq!(read(&path).unwrap().len(), part * 100_000);
        }
    }

    #[test]
    fn a_file_that_is_none_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none.wav");
        assert!(matches!(read(&path), Err(DeviceError::File { .. })));
        std::fs::write(&path, b"RIFF and nothing more").unwrap();
        assert!(matches!(read(&path), Err(DeviceError::File { .. })));
        let mut backend = Wav::new(Some(path), Some(folder.path().join("no/such/folder.wav")));
        assert!(backend.open_mic(&Wake::nobody()).is_err());
        assert!(
            backend
                .open_sink(DeviceRole::Speaker, &Wake::nobody())
                .is_err()
        );
    }
}
