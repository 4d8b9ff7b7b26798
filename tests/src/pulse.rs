//! Real sound devices on a machine without a sound card: a private PulseAudio daemon with null sinks.
//!
//! Each party has a speaker `NAME_spk` (what plays there is heard by recording its monitor) and a microphone `NAME_in` (what
//! is played into the sink `NAME_mic` is what it hears).

use crate::{
    environment::Environment,
    place::{Place, eventually},
    process::{Program, Running},
    sound::Sound,
};
use anyhow::{Context, Result};
use std::{
    fmt::Write as _,
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

const RATE: u32 = 48_000;
const BYTES_A_SECOND: f64 = 96_000.0;

/// The daemon.
#[derive(Debug)]
pub struct Pulse {
    environment: Environment,
    _daemon: Running,
}

impl Pulse {
    /// Starts a daemon with the devices of these parties; the first one's are the defaults.
    ///
    /// # Errors
    /// PulseAudio is not installed or does not come up.
    pub async fn start(place: &Place, environment: &Environment, parties: &[&str]) -> Result<Self> {
        use std::os::unix::fs::PermissionsExt;
        let dir = place.dir("pulse")?;
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o700))?;
        let state = place.dir("pulse/state")?;
        // Without a cookie file a native client is thrown out.
        let cookie = dir.join("cookie");
        let bytes: Vec<u8> = (0..16)
            .flat_map(|_| *uuid::Uuid::new_v4().as_bytes())
            .collect();
        std::fs::write(&cookie, bytes)?;
        let socket = dir.join("native");
        let script = dir.join("default.pa");
        std::fs::write(&script, script_for(&socket, parties)?)?;
        let server = format!("unix:{}", socket.display());
        let environment = environment
            .clone()
            .with("PULSE_RUNTIME_PATH", dir.display().to_string())
            .with("PULSE_STATE_PATH", state.display().to_string())
            .with("PULSE_COOKIE", cookie.display().to_string());
        let mut daemon = Program::new("pulseaudio", "pulseaudio", place, &environment)
            .args(["-n", "--daemonize=no", "--exit-idle-time=-1"])
            .args([
                "--use-pid-file=no",
                "--disable-shm=yes",
                "--high-priority=yes",
            ])
            .args([
                "--realtime=yes",
                "--log-target=stderr",
                "--log-level=notice",
            ])
            .arg("-F")
            .arg(&script)
            .start()?;
        let environment = environment.with("PULSE_SERVER", &server);
        eventually("PulseAudio's socket", Duration::from_secs(15), async || {
            daemon.must_run()?;
            std::os::unix::net::UnixStream::connect(&socket)?;
            Ok(())
        })
        .await?;
        Ok(Self {
            environment,
            _daemon: daemon,
        })
    }

    /// The environment in which programs find this daemon.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Plugs the speaker of a party in; the first one becomes the default.
    ///
    /// # Errors
    /// PulseAudio refuses.
    pub async fn plug_speaker(&self, place: &Place, party: &str) -> Result<()> {
        self.load(place, &null_sink(party, "spk", 2)).await
    }

    /// Plugs the microphone of a party in, which becomes the default.
    ///
    /// # Errors
    /// PulseAudio refuses.
    pub async fn plug_mic(&self, place: &Place, party: &str) -> Result<()> {
        self.load(place, &null_sink(party, "mic", 1)).await?;
        self.load(place, &microphone(party)).await?;
        self.tell(place, &["set-default-source", &Self::mic(party)])
            .await
    }

    /// Takes a party's microphone away from everybody, as another program does that wants it for itself.
    ///
    /// # Errors
    /// PulseAudio refuses.
    pub async fn take_mic(&self, place: &Place, party: &str) -> Result<()> {
        self.tell(place, &["suspend-source", &Self::mic(party), "1"])
            .await
    }

    /// Lets the microphone go again.
    ///
    /// # Errors
    /// PulseAudio refuses.
    pub async fn let_mic_go(&self, place: &Place, party: &str) -> Result<()> {
        self.tell(place, &["suspend-source", &Self::mic(party), "0"])
            .await
    }

    async fn load(&self, place: &Place, module: &str) -> Result<()> {
        let words: Vec<_> = std::iter::once("load-module")
            .chain(module.split_whitespace())
            .collect();
        self.tell(place, &words).await
    }

    async fn tell(&self, place: &Place, words: &[&str]) -> Result<()> {
        Program::new("pactl", "pactl", place, &self.environment)
            .args(words)
            .start()?
            .success(Duration::from_secs(10))
            .await
            .with_context(|| format!("Telling PulseAudio to {words:?}"))
    }

    /// Names the microphone of a party.
    #[must_use]
    pub fn mic(party: &str) -> String {
        format!("{party}_in")
    }

    /// Names the speaker of a party.
    #[must_use]
    pub fn speaker(party: &str) -> String {
        format!("{party}_spk")
    }

    /// Begins to record what a party's speaker gives out.
    ///
    /// # Errors
    /// The recorder cannot be started or gets nothing.
    pub async fn record(&self, place: &Place, party: &str) -> Result<Recorder> {
        let name = format!("{party}-heard");
        let mut program = Program::new(&name, "parec", place, &self.environment)
            .args(["--raw", "--format=s16le", "--rate=48000", "--channels=1"])
            .arg("--latency-msec=20")
            .arg(format!("--device={}.monitor", Self::speaker(party)))
            .giving_bytes()
            .start()?;
        let mut output = program.take_bytes().context("output is piped")?;
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&bytes);
        std::thread::spawn(move || {
            let mut piece = [0u8; 4096];
            while let Ok(read @ 1..) = output.read(&mut piece) {
                sink.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend_from_slice(&piece[..read]);
            }
        });
        let mut recorder = Recorder {
            bytes,
            file: place.log(format!("{name}.wav")),
            program,
        };
        eventually(
            "the recorder's first sound",
            Duration::from_secs(10),
            async || {
                recorder.program.must_run()?;
                anyhow::ensure!(
                    recorder.position() > Duration::from_millis(100),
                    "no sound yet"
                );
                Ok(())
            },
        )
        .await?;
        Ok(recorder)
    }

    /// Plays a wav file into a party's microphone; [`Running::success`] waits for its end.
    ///
    /// # Errors
    /// The player cannot be started.
    pub fn speak(&self, place: &Place, party: &str, wav: &Path) -> Result<Running> {
        let what = wav.file_stem().unwrap_or_default().to_string_lossy();
        Program::new(
            &format!("{party}-says-{what}"),
            "paplay",
            place,
            &self.environment,
        )
        .arg(format!("--device={party}_mic"))
        .arg("--latency-msec=60")
        .arg(wav)
        .start()
    }
}

fn script_for(socket: &Path, parties: &[&str]) -> Result<String> {
    let mut script = String::from(".fail\n");
    writeln!(
        script,
        "load-module module-native-protocol-unix auth-anonymous=1 socket={}",
        socket.display()
    )?;
    for party in parties {
        for module in [
            null_sink(party, "spk", 2),
            null_sink(party, "mic", 1),
            microphone(party),
        ] {
            writeln!(script, "load-module {module}")?;
        }
    }
    if let Some(party) = parties.first() {
        writeln!(
            script,
            "set-default-sink {party}_spk\nset-default-source {party}_in"
        )?;
    }
    Ok(script)
}

fn null_sink(party: &str, kind: &str, channels: u8) -> String {
    format!(
        "module-null-sink sink_name={party}_{kind} rate={RATE} channels={channels} norewinds=1 \
         sink_properties=device.description={party}_{kind}"
    )
}

/// Some programs hide monitors: dressed up, it is a microphone like any other.
fn microphone(party: &str) -> String {
    format!(
        "module-remap-source source_name={party}_in master={party}_mic.monitor remix=no \
         source_properties=device.description={party}_in"
    )
}

/// A recording under way.
#[derive(Debug)]
pub struct Recorder {
    bytes: Arc<Mutex<Vec<u8>>>,
    file: PathBuf,
    program: Running,
}

impl Recorder {
    /// Tells how much is recorded: a mark to cut the recording at.
    #[must_use]
    pub fn position(&self) -> Duration {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        Duration::from_secs_f64(bytes.len() as f64 / BYTES_A_SECOND)
    }

    /// Gives what is recorded up to now.
    #[must_use]
    pub fn sound(&self) -> Sound {
        Sound::from_raw(
            RATE,
            &self.bytes.lock().unwrap_or_else(PoisonError::into_inner),
        )
    }
}

impl Drop for Recorder {
    /// What was heard is kept as a wav file in the story's folder, the more so when the story fails.
    fn drop(&mut self) {
        // A full disk must not hide why the story failed.
        self.sound().write(&self.file).ok();
    }
}
