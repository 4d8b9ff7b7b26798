//! The media engine: what the agent says goes out as RTP, what the far end says comes out of the headset.
//!
//! Promise: while a stream is started RTP flows every 20 ms, whatever the microphone, the mute button or the sound
//! server do; nothing the network sends can panic it; no caller of [`Media`] ever waits for a device or a disk.
//!
//! A recording plays in the ear alone: the engine has no way from a player to a stream.
//!
//! Knows: sound devices, wav files, RTP, codecs, jitter, tones. Does not know: SIP, SDP, agents, calls, forms. Whoever
//! negotiates a call maps the result to a [`StreamConfig`].
//!
//! The pure part is [`engine::Engine`]: one [`tick`](engine::Engine::tick) moves 10 ms, time is an argument, packets
//! are plain values. [`Media`] is the thread that feeds it from sockets and a [`device::Backend`].

mod codec;
pub mod device;
mod digit;
pub mod engine;
mod jitter;
mod keypad;
mod level;
mod media;
mod pacer;
mod player;
mod pressed;
mod priority;
mod random;
mod receiver;
mod recorder;
mod rtp;
mod runner;
mod sender;
mod stream;
mod stretch;
mod telephone_event;
mod tempo;
mod tone;
mod track;
mod units;
mod wav_head;

pub use codec::Codec;
pub use device::{BackendConfig, DeviceError, DeviceFault, DeviceInfo, DeviceRole, list_devices};
pub use digit::Digit;
pub use media::{Media, MediaError, MediaEvent};
pub use player::{PlaybackKey, PlaybackState, PlayerNews};
pub use recorder::{Recorder, Side};
pub use stream::{Direction, SessionKey, StreamConfig, StreamStats, Tone};
pub use units::{FRAME, SAMPLE_RATE, TICK};
pub use wav_head::WavHead;
