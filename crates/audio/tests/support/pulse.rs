//! A private PulseAudio server with null sinks for sound cards, and programs of the system to talk and listen there.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Tells a test that it runs in a process whose environment names its server.
const FOLDER: &str = "OFFHOOK_TEST_PULSE_FOLDER";

/// Sinks that are speakers, and sinks whose monitor is a microphone `…-source`.
const SPEAKERS: [&str; 3] = ["headset", "desk", "loudspeaker"];
const MICS: [&str; 2] = ["mic", "deskmic"];

pub struct Pulse {
    folder: PathBuf,
    server: Option<Child>,
}

/// Runs `test` with a server of its own. The sound library finds it through the environment, which must not change under
/// a running program: so the test called `name` is run again in a process of its own.
pub fn with_server(name: &str, test: impl FnOnce(&mut Pulse)) {
    with_server_and_patience(1, name, test);
}

/// Like [`with_server`], for a test that measures voice in real time: on a machine that others keep busy the sound server
/// itself stutters, so one good run of three will do. What is broken fails three times.
pub fn measured_with_server(name: &str, test: impl FnOnce(&mut Pulse)) {
    with_server_and_patience(3, name, test);
}

fn with_server_and_patience(attempts: u32, name: &str, test: impl FnOnce(&mut Pulse)) {
    if let Ok(folder) = std::env::var(FOLDER) {
        // Linux shares the machine among sessions first, whatever a thread's priority.
        std::fs::write("/proc/self/autogroup", "-11").ok();
        return test(&mut Pulse::start(Path::new(&folder)));
    }
    // One at a time: they measure time.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let succeeded = (1..=attempts).any(|attempt| {
        println!("{name}: attempt {attempt} of {attempts}");
        run_again(name)
    });
    assert!(succeeded, "see above");
}

fn run_again(name: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(FOLDER, folder.path())
        .env("PULSE_RUNTIME_PATH", folder.path())
        .env("PULSE_STATE_PATH", folder.path().join("state"))
        .env(
            "PULSE_SERVER",
            format!("unix:{}", folder.path().join("native").display()),
        )
        .env("PULSE_COOKIE", folder.path().join("cookie"))
        .status()
        .unwrap();
    status.success()
}

impl Pulse {
    fn start(folder: &Path) -> Pulse {
        use std::os::unix::fs::PermissionsExt;
        let mut script = format!(
            ".fail\nload-module module-native-protocol-unix auth-anonymous=1 socket={}\n",
            folder.join("native").display()
        );
        for sink in SPEAKERS {
            // norewinds: or the first sound comes two seconds late.
            script += &format!(
                "load-module module-null-sink sink_name={sink} rate=48000 channels=2 norewinds=1\n"
            );
        }
        for mic in MICS {
            script += &format!(
                "load-module module-null-sink sink_name={mic} rate=48000 channels=1 norewinds=1\n"
            );
            script += &format!(
                "load-module module-remap-source master={mic}.monitor source_name={mic}-source\n"
            );
        }
        script += "set-default-sink headset\nset-default-source mic-source\n";
        std::fs::create_dir_all(folder.join("state")).unwrap();
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
        std::fs::write(folder.join("cookie"), [7; 256]).unwrap();
        std::fs::write(folder.join("default.pa"), script).unwrap();
        let mut pulse = Pulse {
            folder: folder.to_owned(),
            server: None,
        };
        pulse.revive();
        pulse
    }

    /// Starts the server, also after [`kill`](Pulse::kill).
    pub fn revive(&mut self) {
        let server = Command::new("pulseaudio")
            .arg("-n")
            .arg("-F")
            .arg(self.folder.join("default.pa"))
            .args([
                "--daemonize=no",
                "--exit-idle-time=-1",
                "--use-pid-file=no",
                "--disable-shm=yes",
            ])
            .args(["--log-level=error", "--realtime=yes", "--high-priority=yes"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.server = Some(
            server.expect("`pulseaudio` is missing: apt-get install pulseaudio pulseaudio-utils"),
        );
        let deadline = Instant::now() + Duration::from_secs(10);
        while !pactl(&["info"]).0 {
            assert!(
                Instant::now() < deadline,
                "the private PulseAudio server does not answer"
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    /// Plays 48 kHz mono into a microphone; ends with the sound.
    pub fn say(&self, mic: &str, sound: &[f32]) -> JoinHandle<()> {
        let mut player = Command::new("pacat")
            .args([
                "--playback",
                "--raw",
                "--format=float32le",
                "--rate=48000",
                "--channels=1",
                "--latency-msec=20",
            ])
            .arg(format!("--device={mic}"))
            .stdin(Stdio::piped())
            .spawn()
            .expect("`pacat` is missing: apt-get install pulseaudio-utils");
        let bytes: Vec<u8> = sound
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect();
        thread::spawn(move || {
            // The server may be killed under it: then the sound ends early.
            player.stdin.take().unwrap().write_all(&bytes).ok();
            player.wait().unwrap();
        })
    }

    /// Starts to record what a sink gives out, or a microphone hears.
    pub fn listen(&self, sink: &str) -> Listener {
        Listener::start(sink)
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Asks the server; returns whether it succeeded, and what it said.
pub fn pactl(args: &[&str]) -> (bool, String) {
    let output = Command::new("pactl")
        .args(args)
        .stderr(Stdio::null())
        .output()
        .expect("`pactl` is missing: apt-get install pulseaudio-utils");
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}

/// A program of the system that records.
pub struct Listener {
    recorder: Child,
    reader: JoinHandle<()>,
    heard: Arc<Mutex<Heard>>,
}

/// 48 kHz mono, and when how much of it was there.
#[derive(Debug, Default, Clone)]
pub struct Heard {
    pub samples: Vec<f32>,
    arrivals: Vec<(usize, Instant)>,
}

impl Heard {
    /// When a sample came.
    pub fn time_of(&self, sample: usize) -> Instant {
        let index = self.arrivals.partition_point(|(count, _)| *count <= sample);
        let (count, arrival) = self.arrivals[index.min(self.arrivals.len() - 1)];
        arrival - Duration::from_secs_f64((count - sample) as f64 / 48_000.0)
    }

    /// When it first became loud.
    pub fn onset(&self) -> Option<Instant> {
        let first = self.samples.iter().position(|sample| sample.abs() > 0.05)?;
        Some(self.time_of(first))
    }
}

impl Listener {
    fn start(sink: &str) -> Listener {
        let mut recorder = Command::new("parec")
            .args([
                "--raw",
                "--format=float32le",
                "--rate=48000",
                "--channels=1",
                "--latency-msec=20",
            ])
            .arg(format!("--device={sink}.monitor"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("`parec` is missing: apt-get install pulseaudio-utils");
        let heard = Arc::new(Mutex::new(Heard::default()));
        let (mut stdout, shared) = (recorder.stdout.take().unwrap(), heard.clone());
        let reader = thread::spawn(move || {
            let (mut buffer, mut pending) = ([0; 8_192], Vec::new());
            while let Ok(length @ 1..) = stdout.read(&mut buffer) {
                pending.extend(&buffer[..length]);
                let mut heard = shared.lock().unwrap();
                let whole = pending.len() / 4 * 4;
                for bytes in pending.drain(..whole).collect::<Vec<u8>>().chunks_exact(4) {
                    heard
                        .samples
                        .push(f32::from_le_bytes(bytes.try_into().unwrap()));
                }
                let count = heard.samples.len();
                heard.arrivals.push((count, Instant::now()));
            }
        });
        let listener = Listener {
            recorder,
            reader,
            heard,
        };
        let deadline = Instant::now() + Duration::from_secs(5);
        while listener.so_far().samples.is_empty() {
            assert!(Instant::now() < deadline, "nothing can be recorded");
            thread::sleep(Duration::from_millis(10));
        }
        listener
    }

    pub fn so_far(&self) -> Heard {
        self.heard.lock().unwrap().clone()
    }

    pub fn end(mut self) -> Heard {
        self.recorder.kill().unwrap();
        self.recorder.wait().unwrap();
        self.reader.join().unwrap();
        let heard = self.heard.lock().unwrap();
        heard.clone()
    }
}
