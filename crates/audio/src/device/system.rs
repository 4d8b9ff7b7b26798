//! The system's sound devices, through cpal.
//!
//! On Linux that is the PulseAudio protocol (PipeWire speaks it, too); ALSA only where no sound server was ever seen.
//! Callbacks move samples and nothing else; an error callback sets a flag and nothing else, as some hosts call it in a
//! busy loop.

use std::sync::Arc;
use std::time::Duration;

use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{
    BufferSize, Device, FromSample, Host, Sample, SampleFormat, SizedSample, Stream, StreamConfig,
    SupportedStreamConfigRange,
};

use super::fault::fault_of;
use super::playing::{Health, NotStarted, Playing, Starting, stands_still};
use super::ring::{self, Intake, Outlet};
use super::{Backend, DeviceError, DeviceInfo, DeviceRole, Opened, Sink, Source, Wake};
use crate::units::SAMPLE_RATE;

/// What opening a stream may take before the server counts as stuck.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Lists the system's sound devices. Asks the sound server and may block: never call it on a window's thread.
///
/// # Errors
/// [`DeviceError::System`] when there is no sound server to ask.
pub fn list_devices() -> Result<Vec<DeviceInfo>, DeviceError> {
    let host = open_host(false)?;
    let name_of = |device: Option<Device>| device.as_ref().and_then(device_name);
    let (input, output) = (
        name_of(host.default_input_device()),
        name_of(host.default_output_device()),
    );
    let devices = host.devices().map_err(system_error)?;
    Ok(devices
        .filter_map(|device| {
            let name = device_name(&device)?;
            let label = device
                .description()
                .map_or_else(|_| name.clone(), |it| it.name().to_owned());
            let (is_input, is_output) = (device.supports_input(), device.supports_output());
            let default = is_input && input.as_ref() == Some(&name)
                || is_output && output.as_ref() == Some(&name);
            Some(DeviceInfo {
                name,
                label,
                input: is_input,
                output: is_output,
                default,
            })
        })
        .collect())
}

/// The backend.
pub struct System {
    mic: Option<String>,
    speaker: Option<String>,
    ringer: Option<String>,
    /// The connection to the sound server, made anew after an error.
    host: Option<Host>,
    /// A sound server was there once: wait for it rather than go around it.
    server_seen: bool,
    /// A microphone whose first sound has not come.
    starting: Option<Starting>,
}

impl System {
    /// Makes the backend; see [`BackendConfig::Device`](super::BackendConfig::Device). Connects when used.
    pub fn new(mic: Option<String>, speaker: Option<String>, ringer: Option<String>) -> System {
        System {
            mic,
            speaker,
            ringer,
            host: None,
            server_seen: false,
            starting: None,
        }
    }

    fn host(&mut self) -> Result<&Host, DeviceError> {
        let host = match self.host.take() {
            Some(host) => host,
            None => open_host(self.server_seen)?,
        };
        self.server_seen |= is_sound_server(&host);
        Ok(self.host.insert(host))
    }

    /// Finds the device named for a role, or the default.
    fn device(&mut self, role: DeviceRole) -> Result<Device, DeviceError> {
        let name = match role {
            DeviceRole::Mic => self.mic.clone(),
            DeviceRole::Speaker => self.speaker.clone(),
            DeviceRole::Ringer => self.ringer.clone(),
        };
        let host = self.host()?;
        if let Some(name) = name {
            let is_it = |device: &Device| {
                let fits = if role == DeviceRole::Mic {
                    device.supports_input()
                } else {
                    device.supports_output()
                };
                fits && device_name(device).as_ref() == Some(&name)
            };
            if let Some(device) = host.devices().map_err(system_error)?.find(is_it) {
                return Ok(device);
            }
        }
        let default = match role {
            DeviceRole::Mic => host.default_input_device().filter(is_microphone),
            DeviceRole::Speaker | DeviceRole::Ringer => host.default_output_device(),
        };
        default.ok_or(DeviceError::NoDevice)
    }

    /// Opens a role's device; a failure drops the connection, which may be a dead one.
    fn open<T>(
        &mut self,
        role: DeviceRole,
        open: impl FnOnce(&Device, String) -> Result<T, DeviceError>,
    ) -> Result<T, DeviceError> {
        let opened = self.device(role).and_then(|device| {
            let name = device_name(&device).ok_or(DeviceError::NoDevice)?;
            open(&device, name)
        });
        if opened.is_err() {
            self.host = None;
        }
        opened
    }

    fn start_mic(&mut self, wake: &Wake) -> Result<Starting, DeviceError> {
        self.open(DeviceRole::Mic, |device, name| {
            let configs = device.supported_input_configs().map_err(system_error)?;
            let format = choose(configs, device.default_input_config().ok(), &name)?;
            let (intake, source) = ring::capture(format.rate, wake.clone())
                .ok_or_else(|| DeviceError::Format(name.clone()))?;
            let health = Arc::new(Health::default());
            let stream = match format.sample {
                SampleFormat::F32 => build_input::<f32>(device, format, intake, health.clone()),
                _ => build_input::<i16>(device, format, intake, health.clone()),
            }?;
            Starting::begin(name, Box::new(source), stream, health)
        })
    }
}

impl Backend for System {
    fn open_mic(&mut self, wake: &Wake) -> Result<Opened<Box<dyn Source>>, DeviceError> {
        let starting = match self.starting.take() {
            // Another one may have become the microphone in the meantime.
            Some(starting)
                if self.current(DeviceRole::Mic)?.as_deref() == Some(starting.name()) =>
            {
                starting
            }
            Some(_) | None => self.start_mic(wake)?,
        };
        starting.wait().map_err(|why| match why {
            NotStarted::Yet(starting) => {
                self.starting = Some(starting);
                stands_still()
            }
            NotStarted::Failed(error) => {
                self.host = None;
                error
            }
        })
    }

    fn open_sink(
        &mut self,
        role: DeviceRole,
        wake: &Wake,
    ) -> Result<Opened<Box<dyn Sink>>, DeviceError> {
        self.open(role, |device, name| {
            let configs = device.supported_output_configs().map_err(system_error)?;
            let format = choose(configs, device.default_output_config().ok(), &name)?;
            let (sink, outlet) = ring::playback(format.rate, wake.clone())
                .ok_or_else(|| DeviceError::Format(name.clone()))?;
            let health = Arc::new(Health::default());
            let stream = match format.sample {
                SampleFormat::F32 => build_output::<f32>(device, format, outlet, health.clone()),
                _ => build_output::<i16>(device, format, outlet, health.clone()),
            }?;
            Ok(Opened {
                end: Box::new(sink) as Box<dyn Sink>,
                name,
                guard: Playing::speaker(stream, health)?,
            })
        })
    }

    fn give_up(&mut self, role: DeviceRole) {
        match role {
            DeviceRole::Mic => self.starting = None,
            DeviceRole::Speaker | DeviceRole::Ringer => {}
        }
    }

    fn current(&mut self, role: DeviceRole) -> Result<Option<String>, DeviceError> {
        self.device(role).map(|device| device_name(&device))
    }
}

#[cfg(target_os = "linux")]
fn open_host(server_seen: bool) -> Result<Host, DeviceError> {
    match cpal::host_from_id(cpal::HostId::PulseAudio) {
        Ok(host) => Ok(host),
        Err(error) if server_seen => Err(system_error(error)),
        Err(_) => cpal::host_from_id(cpal::HostId::Alsa).map_err(system_error),
    }
}

#[cfg(not(target_os = "linux"))]
fn open_host(_server_seen: bool) -> Result<Host, DeviceError> {
    Ok(cpal::default_host())
}

#[cfg(target_os = "linux")]
fn is_sound_server(host: &Host) -> bool {
    host.id() == cpal::HostId::PulseAudio
}

#[cfg(not(target_os = "linux"))]
fn is_sound_server(_host: &Host) -> bool {
    false
}

fn device_name(device: &Device) -> Option<String> {
    device.id().ok().map(|id| id.id().to_owned())
}

/// Whether it is one, and not what a speaker gives out: where there is no microphone, PulseAudio makes that the default.
fn is_microphone(device: &Device) -> bool {
    device_name(device).is_none_or(|name| !name.ends_with(".monitor"))
}

pub(super) fn system_error(error: cpal::Error) -> DeviceError {
    DeviceError::System {
        fault: fault_of(&error),
        reason: error.to_string(),
    }
}

/// What to ask of a device.
#[derive(Debug, Clone, Copy)]
struct Format {
    channels: u16,
    rate: u32,
    sample: SampleFormat,
}

impl Format {
    /// 10 ms at a time: the default may be seconds.
    fn config(self) -> StreamConfig {
        let frames = (self.rate / 100).max(1);
        StreamConfig {
            channels: self.channels,
            sample_rate: self.rate,
            buffer_size: BufferSize::Fixed(frames),
        }
    }
}

/// Prefers 48 kHz, mono and floats, in this order; else takes the rate and channels the device likes best.
fn choose(
    configs: impl Iterator<Item = SupportedStreamConfigRange>,
    liked: Option<cpal::SupportedStreamConfig>,
    name: &str,
) -> Result<Format, DeviceError> {
    let liked_rate = liked.as_ref().map(|liked| liked.sample_rate());
    let liked_channels = liked.as_ref().map(|liked| liked.channels());
    configs
        .filter(|range| matches!(range.sample_format(), SampleFormat::F32 | SampleFormat::I16))
        .map(|range| {
            let rates = range.min_sample_rate()..=range.max_sample_rate();
            let rate = if rates.contains(&SAMPLE_RATE) {
                SAMPLE_RATE
            } else {
                liked_rate
                    .filter(|rate| rates.contains(rate))
                    .unwrap_or(*rates.end())
            };
            Format {
                channels: range.channels(),
                rate,
                sample: range.sample_format(),
            }
        })
        .min_by_key(|format| {
            (
                format.rate != SAMPLE_RATE,
                format.channels != 1,
                Some(format.channels) != liked_channels,
                format.sample != SampleFormat::F32,
                format.channels,
            )
        })
        .ok_or_else(|| DeviceError::Format(name.to_owned()))
}

fn build_input<T>(
    device: &Device,
    format: Format,
    mut intake: Intake,
    health: Arc<Health>,
) -> Result<Stream, DeviceError>
where
    T: SizedSample + Send + 'static,
    f32: FromSample<T>,
{
    let channels = usize::from(format.channels.max(1));
    let beat = health.clone();
    let heard = move |data: &[T], _: &cpal::InputCallbackInfo| {
        beat.beat();
        intake.push(data.chunks_exact(channels).map(|frame| {
            frame
                .iter()
                .map(|&sample| f32::from_sample(sample))
                .sum::<f32>()
                / channels as f32
        }));
    };
    device
        .build_input_stream::<T, _, _>(
            format.config(),
            heard,
            move |error| health.note(error.kind()),
            Some(TIMEOUT),
        )
        .map_err(system_error)
}

fn build_output<T>(
    device: &Device,
    format: Format,
    mut outlet: Outlet,
    health: Arc<Health>,
) -> Result<Stream, DeviceError>
where
    T: SizedSample + FromSample<f32> + Send + 'static,
{
    let channels = usize::from(format.channels.max(1));
    let beat = health.clone();
    let asked = move |data: &mut [T], _: &cpal::OutputCallbackInfo| {
        beat.beat();
        let mut frames = data.chunks_exact_mut(channels);
        outlet.pull(frames.len(), |sample| {
            if let Some(frame) = frames.next() {
                frame.fill(T::from_sample(sample));
            }
        });
    };
    device
        .build_output_stream::<T, _, _>(
            format.config(),
            asked,
            move |error| health.note(error.kind()),
            Some(TIMEOUT),
        )
        .map_err(system_error)
}
