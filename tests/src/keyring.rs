//! gnome-keyring on a session bus of its own, which starts nothing by itself.

use crate::{
    environment::Environment,
    place::{Place, eventually},
    process::{Program, Running},
};
use anyhow::{Result, ensure};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(15);

/// A bus that knows no services to start.
const CONFIG: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=SOCKET</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// The keyring with its bus.
#[derive(Debug)]
pub struct Keyring {
    environment: Environment,
    daemon: Running,
    _bus: Running,
}

impl Keyring {
    /// Starts both, the keyring unlocked.
    ///
    /// # Errors
    /// One of them is not installed or does not come up.
    pub async fn unlocked(place: &Place, environment: &Environment) -> Result<Self> {
        let folder = place.dir("keyring")?;
        let (socket, config) = (folder.join("socket"), folder.join("bus.conf"));
        std::fs::write(
            &config,
            CONFIG.replace("SOCKET", &socket.display().to_string()),
        )?;
        let mut bus = Program::new("keyring-bus", "dbus-daemon", place, environment)
            .args(["--nofork", "--nopidfile", "--print-address"])
            .arg(format!("--config-file={}", config.display()))
            .talking()
            .start()?;
        let address = bus
            .line("its address", PATIENCE, |line| {
                line.starts_with("unix:").then(|| line.to_owned())
            })
            .await?;
        let environment = environment
            .clone()
            .with("DBUS_SESSION_BUS_ADDRESS", &address);
        let mut daemon = Program::new("keyring", "gnome-keyring-daemon", place, &environment)
            .args(["--foreground", "--components=secrets", "--unlock"])
            .listening()
            .start()?;
        daemon.say("login")?;
        // It reads its password to the end.
        drop(daemon.take_stdin());
        let keyring = Self {
            environment,
            daemon,
            _bus: bus,
        };
        eventually("the keyring", PATIENCE, async || {
            Program::new("dbus-send", "dbus-send", place, &keyring.environment)
                .args(["--session", "--print-reply", "--dest=org.freedesktop.DBus"])
                .args(["/org/freedesktop/DBus", "org.freedesktop.DBus.GetNameOwner"])
                .arg("string:org.freedesktop.secrets")
                .start()?
                .success(Duration::from_secs(5))
                .await
        })
        .await?;
        Ok(keyring)
    }

    /// The environment in which programs find it.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Stops it where it stands: it answers nothing.
    ///
    /// # Errors
    /// It is gone.
    pub fn hang(&self) -> Result<()> {
        self.signal("-STOP")
    }

    fn signal(&self, signal: &str) -> Result<()> {
        let status = std::process::Command::new("kill")
            .args([signal, &self.daemon.id().to_string()])
            .status()?;
        ensure!(status.success(), "the keyring is gone");
        Ok(())
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// It is gone.
    pub fn go_on(&self) -> Result<()> {
        self.signal("-CONT")
    }
}
