//! Lock-free rings between the callbacks of sound devices and the media thread.
//!
//! The callback's side only copies samples. The media thread's side makes up for the rest: sample rates, channels having
//! been folded before, and two clocks that never agree.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rtrb::{Consumer, Producer, RingBuffer};
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Adjustable, Async, FixedAsync, PolynomialDegree, Resampler, SincInterpolationParameters,
    WindowFunction,
};

use super::{Sink, Source, Wake};
use crate::units::{FRAME, SAMPLE_RATE};

/// What a ring holds: half a second.
const CAPACITY_DIVISOR: u32 = 2;
/// Ticks over which the lowest fill is looked for.
const WATCH: u32 = 50;
/// The most the rate may be bent, to follow another clock: 0.5 %, inaudible.
const BEND: f64 = 0.005;

/// A callback's counters.
#[derive(Debug, Default)]
struct Shared {
    clock: AtomicU64,
    starved: AtomicU64,
}

/// Makes the two ends of a microphone's ring; `rate` in Hz.
pub fn capture(rate: u32, wake: Wake) -> Option<(Intake, RingSource)> {
    let (producer, consumer) = RingBuffer::new((rate / CAPACITY_DIVISOR) as usize);
    let shared = Arc::new(Shared::default());
    let converter = Converter::new(rate, SAMPLE_RATE, FixedAsync::Output)?;
    let source = RingSource {
        consumer,
        shared: shared.clone(),
        converter,
        rate,
        primed: false,
        lowest: usize::MAX,
        watched: 0,
        input: Vec::new(),
    };
    Some((
        Intake {
            producer,
            shared,
            wake,
        },
        source,
    ))
}

/// Makes the two ends of a speaker's ring; `rate` in Hz.
pub fn playback(rate: u32, wake: Wake) -> Option<(RingSink, Outlet)> {
    let (producer, consumer) = RingBuffer::new((rate / CAPACITY_DIVISOR) as usize);
    let shared = Arc::new(Shared::default());
    let converter = match rate {
        SAMPLE_RATE => None,
        _ => Some(Converter::new(SAMPLE_RATE, rate, FixedAsync::Input)?),
    };
    let reserve = Reserve::new(rate);
    let sink = RingSink {
        producer,
        shared: shared.clone(),
        converter,
        reserve,
        output: Vec::new(),
    };
    Some((
        sink,
        Outlet {
            consumer,
            shared,
            wake,
            started: false,
        },
    ))
}

/// The side of a microphone's callback.
#[derive(Debug)]
pub struct Intake {
    producer: Producer<f32>,
    shared: Arc<Shared>,
    wake: Wake,
}

impl Intake {
    /// Takes mono samples; what does not fit is dropped, the media thread being stuck then.
    pub fn push(&mut self, samples: impl ExactSizeIterator<Item = f32>) {
        self.shared
            .clock
            .fetch_add(samples.len() as u64, Ordering::Relaxed);
        for sample in samples {
            if self.producer.push(sample).is_err() {
                break;
            }
        }
        self.wake.wake();
    }
}

/// The side of a speaker's callback.
#[derive(Debug)]
pub struct Outlet {
    consumer: Consumer<f32>,
    shared: Arc<Shared>,
    wake: Wake,
    started: bool,
}

impl Outlet {
    /// Gives mono samples to `take`, as many as it has place for; silence where there are none.
    pub fn pull(&mut self, count: usize, mut take: impl FnMut(f32)) {
        self.shared.clock.fetch_add(count as u64, Ordering::Relaxed);
        let mut missing = 0u64;
        for _ in 0..count {
            take(self.consumer.pop().unwrap_or_else(|_| {
                missing += 1;
                0.0
            }));
        }
        self.started |= missing < count as u64;
        if self.started && missing > 0 {
            self.shared.starved.fetch_add(missing, Ordering::Relaxed);
        }
        self.wake.wake();
    }
}

/// The media thread's side of a microphone.
pub struct RingSource {
    consumer: Consumer<f32>,
    shared: Arc<Shared>,
    converter: Converter,
    rate: u32,
    /// Enough has come in to begin with.
    primed: bool,
    lowest: usize,
    watched: u32,
    input: Vec<f32>,
}

impl RingSource {
    /// What should be left in the ring after reading, to outlast the unevenness of callbacks: 5 ms.
    fn cushion(&self) -> usize {
        (self.rate / 200) as usize
    }

    /// Bends the rate a little so that the lowest fill of the last half second comes near the cushion.
    fn follow(&mut self, left: usize) {
        self.lowest = self.lowest.min(left);
        self.watched += 1;
        if self.watched < WATCH {
            return;
        }
        let surplus = self.lowest as f64 - self.cushion() as f64;
        let bend = (surplus / f64::from(self.rate)).clamp(-BEND, BEND);
        self.converter.bend(1.0 - bend);
        self.lowest = usize::MAX;
        self.watched = 0;
    }
}

impl Source for RingSource {
    fn is_ready(&self) -> bool {
        self.consumer.slots() >= self.converter.needed() + self.cushion()
    }

    fn read(&mut self, frame: &mut [f32]) {
        let (available, needed) = (self.consumer.slots(), self.converter.needed());
        self.primed |= available >= needed + self.cushion();
        if !self.primed || available < needed {
            self.primed = false;
            frame.fill(0.0);
            return;
        }
        // More than 60 ms waiting is no unevenness: nobody read for a while.
        let most = (self.rate / 1_000 * 60) as usize;
        let skip = if available > needed + most {
            available - needed - self.cushion()
        } else {
            0
        };
        self.input.resize(skip + needed, 0.0);
        if self.consumer.pop_entire_slice(&mut self.input).is_ok() {
            self.converter.convert(&self.input[skip..], frame);
        }
        self.follow(available - skip - needed);
    }

    fn clock(&self) -> Option<u64> {
        Some(self.shared.clock.load(Ordering::Relaxed))
    }
}

/// The media thread's side of a speaker.
pub struct RingSink {
    producer: Producer<f32>,
    shared: Arc<Shared>,
    converter: Option<Converter>,
    reserve: Reserve,
    output: Vec<f32>,
}

impl RingSink {
    fn queued(&self) -> usize {
        self.producer.buffer().capacity() - self.producer.slots()
    }
}

impl Sink for RingSink {
    fn is_hungry(&mut self) -> bool {
        self.queued()
            < self
                .reserve
                .wanted(self.shared.starved.load(Ordering::Relaxed))
    }

    fn write(&mut self, frame: &[f32]) {
        self.reserve.tick();
        // Made up for after a standstill: too late to be heard without delaying all that follows.
        if self.queued() >= self.reserve.wanted + 2 * self.reserve.least {
            return;
        }
        let samples = match &mut self.converter {
            None => frame,
            Some(converter) => {
                self.output.resize(converter.most(), 0.0);
                let length = converter.convert(frame, &mut self.output);
                &self.output[..length]
            }
        };
        let (_written, _dropped) = self.producer.push_partial_slice(samples);
    }

    fn clock(&self) -> Option<u64> {
        Some(self.shared.clock.load(Ordering::Relaxed))
    }
}

/// How much to keep queued: 10 ms, more after the device ran dry, less again after ten good seconds.
#[derive(Debug)]
struct Reserve {
    least: usize,
    wanted: usize,
    starved: u64,
    good_ticks: u32,
}

impl Reserve {
    const GOOD_AFTER: u32 = 1_000;

    fn new(rate: u32) -> Reserve {
        let least = (rate / 100) as usize;
        Reserve {
            least,
            wanted: least,
            starved: 0,
            good_ticks: 0,
        }
    }

    fn wanted(&mut self, starved: u64) -> usize {
        if starved != self.starved {
            self.starved = starved;
            self.good_ticks = 0;
            self.wanted = (self.wanted + self.least / 2).min(4 * self.least);
        }
        self.wanted
    }

    fn tick(&mut self) {
        self.good_ticks += 1;
        if self.good_ticks >= Reserve::GOOD_AFTER {
            self.good_ticks = 0;
            self.wanted = (self.wanted - self.least / 4).max(self.least);
        }
    }
}

/// A resampler for frames of 10 ms, whose ratio can be bent.
struct Converter(Async<f32>);

impl Converter {
    /// `None` for a rate that makes no sense.
    fn new(from: u32, to: u32, fixed: FixedAsync) -> Option<Converter> {
        if !(4_000..=400_000).contains(&from) || !(4_000..=400_000).contains(&to) {
            return None;
        }
        let ratio = f64::from(to) / f64::from(from);
        let resampler = if to < from {
            let parameters = SincInterpolationParameters::new(64, WindowFunction::Blackman2);
            Async::new_sinc(ratio, 1.1, &parameters, FRAME, 1, fixed)
        } else {
            Async::new_poly(ratio, 1.1, PolynomialDegree::Quintic, FRAME, 1, fixed)
        };
        resampler.ok().map(Converter)
    }

    /// The samples the next call takes.
    fn needed(&self) -> usize {
        self.0.input_frames_next()
    }

    /// The most samples a call gives.
    fn most(&self) -> usize {
        self.0.output_frames_max()
    }

    fn bend(&mut self, relative: f64) {
        // The ratio is within the bounds given at the beginning, so that it cannot be refused.
        if let Err(error) = self.0.set_resample_ratio_relative(relative, true) {
            tracing::warn!(%error, "The resampler refused its ratio");
        }
    }

    /// Returns how many samples were written.
    fn convert(&mut self, input: &[f32], output: &mut [f32]) -> usize {
        let (inputs, outputs) = (input.len(), output.len());
        let (Ok(from), Ok(mut to)) = (
            InterleavedSlice::new(input, 1, inputs),
            InterleavedSlice::new_mut(output, 1, outputs),
        ) else {
            return 0;
        };
        self.0
            .process_into_buffer(&from, &mut to, None)
            .map_or(0, |(_, written)| written)
    }
}

/// Converts a whole recording; `None` for a rate that makes no sense.
pub(crate) fn convert(samples: &[f32], from: u32, to: u32) -> Option<Vec<f32>> {
    if from == to {
        return Some(samples.to_vec());
    }
    let mut converter = Converter::new(from, to, FixedAsync::Input)?;
    let input = InterleavedSlice::new(samples, 1, samples.len()).ok()?;
    let output = converter.0.process_all(&input, samples.len(), None).ok()?;
    Some(output.take_data())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::PI;

    fn tone(start: usize, count: usize, rate: u32) -> impl ExactSizeIterator<Item = f32> {
        (start..start + count).map(move |i| 0.5 * (2.0 * PI * 440.0 * i as f32 / rate as f32).sin())
    }

    fn largest_step(samples: &[f32]) -> f32 {
        samples
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).abs())
            .fold(0.0, f32::max)
    }

    #[test]
    fn a_microphone_of_any_rate_and_an_uneven_clock_is_heard_without_a_click() {
        for rate in [16_000, 44_100, 48_000, 96_000] {
            for drift in [-0.0005, 0.0, 0.0005] {
                let (mut intake, mut source) = capture(rate, Wake::nobody()).unwrap();
                let (mut given, mut heard, mut fill) = (0usize, Vec::new(), 0);
                for tick in 0..6_000u32 {
                    // Two callbacks at once every other tick, by a clock that is off.
                    let due = (f64::from(tick / 2 * 2 + 2) * f64::from(rate) / 100.0
                        * (1.0 + drift)) as usize;
                    if due > given {
                        intake.push(tone(given, due - given, rate));
                        given = due;
                    }
                    let mut frame = [0.0; FRAME];
                    source.read(&mut frame);
                    heard.extend(frame);
                    fill = source.consumer.slots();
                }
                let settled = &heard[24_000..];
                assert!(
                    largest_step(settled) < 0.06,
                    "{rate} Hz, drift {drift}: {}",
                    largest_step(settled)
                );
                assert!(
                    fill < rate as usize / 25,
                    "{rate} Hz, drift {drift}: {fill} left"
                );
            }
        }
    }

    #[test]
    fn a_speaker_of_any_rate_gets_an_even_tone() {
        for rate in [16_000, 44_100, 48_000, 96_000] {
            let (mut sink, mut outlet) = playback(rate, Wake::nobody()).unwrap();
            let (mut said, mut heard) = (0, Vec::new());
            for _ in 0..500 {
                while sink.is_hungry() {
                    let frame: Vec<f32> = tone(said, FRAME, SAMPLE_RATE).collect();
                    said += FRAME;
                    sink.write(&frame);
                }
                outlet.pull(rate as usize / 100, |sample| heard.push(sample));
            }
            let bound = 0.06 * 48_000.0 / rate as f32;
            assert!(
                largest_step(&heard[rate as usize / 10..]) < bound,
                "{rate} Hz"
            );
            assert_eq!(sink.clock(), Some(u64::from(rate) * 5));
        }
    }

    #[test]
    fn a_speaker_that_ran_dry_is_kept_fuller_for_a_while() {
        let mut reserve = Reserve::new(48_000);
        assert_eq!(reserve.wanted(0), 480);
        assert_eq!(reserve.wanted(3), 720);
        assert_eq!(reserve.wanted(3), 720);
        assert_eq!(reserve.wanted(9), 960);
        for _ in 0..10_000 {
            reserve.tick();
        }
        assert_eq!(reserve.wanted(9), 480);
    }

    #[test]
    fn a_rate_that_makes_no_sense_is_refused() {
        assert!(capture(0, Wake::nobody()).is_none());
        assert!(playback(4_000_000, Wake::nobody()).is_none());
    }
}
