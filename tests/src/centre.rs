//! The practice centre as a process of its own.

use crate::{
    api::Api,
    certificates::{Certificate, HOST},
    environment::Environment,
    place::{Place, program},
    process::{Program, Running},
};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    time::Duration,
};

/// The password of every sample account.
pub const PASSWORD: &str = "practice";
/// The password with which a desk telephone registers as a sample agent.
pub const DEVICE_PASSWORD: &str = "practice-sip";
/// The number of the sample skill group's queue.
pub const QUEUE: &str = "400100";

/// What a centre is told when it starts.
#[derive(Debug, Clone)]
pub struct Rules {
    /// How long a call rings at one agent.
    pub ring_seconds: u32,
    /// How long a wrap-up may take; nothing where it has no limit.
    pub wrap_up_seconds: Option<u32>,
    /// How long after its app fell silent an agent is checked out; the centre's own choice if nothing is said.
    pub grace_seconds: Option<u32>,
    /// Where calls to numbers outside go (`host:port`); to the practice people if nothing is said.
    pub trunk: Option<String>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            ring_seconds: 30,
            wrap_up_seconds: None,
            grace_seconds: None,
            trunk: None,
        }
    }
}

/// The centre.
#[derive(Debug)]
pub struct Centre {
    /// The base address of its API.
    pub http: String,
    /// `host:port` of its SIP side.
    pub sip: String,
    /// `host:port` of SIP over TLS; empty where it speaks none.
    pub sips: String,
    tls: Option<Secured>,
    data: PathBuf,
    rules: Rules,
    starts: u32,
    running: Option<Running>,
}

/// What it shows over TLS, and under which roots that was certified.
#[derive(Debug)]
struct Secured {
    shown: Certificate,
    roots: PathBuf,
}

#[derive(Deserialize)]
struct Ready {
    ready: bool,
    http: String,
    sip: String,
    #[serde(default)]
    sips: String,
}

impl Centre {
    /// Starts a centre with sample data and practice customers, on free ports and a data folder of its own.
    ///
    /// # Errors
    /// It is not built or does not come up.
    pub async fn start(place: &Place, environment: &Environment, rules: Rules) -> Result<Self> {
        let mut centre = Self::at_rest(place, rules)?;
        centre.up(place, environment).await?;
        Ok(centre)
    }

    /// As [`Self::start`], over TLS under the name [`HOST`], showing what was certified under these roots (a PEM file).
    ///
    /// # Errors
    /// It is not built or does not come up.
    pub async fn over_tls(
        place: &Place,
        environment: &Environment,
        shown: &Certificate,
        roots: &Path,
    ) -> Result<Self> {
        let mut centre = Self::at_rest(place, Rules::default())?;
        centre.sips = "127.0.0.1:0".into();
        centre.tls = Some(Secured {
            shown: shown.clone(),
            roots: roots.to_owned(),
        });
        centre.up(place, environment).await?;
        Ok(centre)
    }

    fn at_rest(place: &Place, rules: Rules) -> Result<Self> {
        Ok(Self {
            http: "127.0.0.1:0".into(),
            sip: "127.0.0.1:0".into(),
            sips: String::new(),
            tls: None,
            data: place.dir("centre")?,
            rules,
            starts: 0,
            running: None,
        })
    }

    /// The PEM file with the roots to trust, where it speaks TLS.
    #[must_use]
    pub fn roots(&self) -> Option<&Path> {
        self.tls.as_ref().map(|tls| tls.roots.as_path())
    }

    /// Tells its process id; nothing while it is down.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.running.as_ref().map(Running::id)
    }

    /// Tells the folder of its records.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Kills it without warning and starts it again on the same data and the same addresses.
    ///
    /// # Errors
    /// It does not come up again.
    pub async fn crash_and_restart(
        &mut self,
        place: &Place,
        environment: &Environment,
    ) -> Result<()> {
        self.crash()?;
        self.up(place, environment).await
    }

    /// Kills it without warning: its ports are closed.
    ///
    /// # Errors
    /// The operating system does not say that it has ended.
    pub fn crash(&mut self) -> Result<()> {
        match self.running.take() {
            Some(running) => running.kill(),
            None => Ok(()),
        }
    }

    /// Starts it again on the same data and the same addresses, with another time after which an app that fell silent is lost.
    ///
    /// # Errors
    /// It does not come up again.
    pub async fn restart_with_grace(
        &mut self,
        place: &Place,
        environment: &Environment,
        seconds: u32,
    ) -> Result<()> {
        self.rules.grace_seconds = Some(seconds);
        self.crash_and_restart(place, environment).await
    }

    /// Signs in as the administrator.
    ///
    /// # Errors
    /// The centre refuses.
    pub async fn administrator(&self) -> Result<Api> {
        self.sign_in("admin").await
    }

    /// Signs in as somebody of the sample data.
    ///
    /// # Errors
    /// The centre refuses.
    pub async fn sign_in(&self, username: &str) -> Result<Api> {
        match self.roots() {
            None => Api::sign_in(&self.http, username, PASSWORD).await,
            Some(roots) => Api::sign_in_over_tls(&self.http, username, PASSWORD, roots).await,
        }
    }

    /// Shows something else over TLS, from its next start on.
    pub fn shows(&mut self, certificate: Certificate) {
        if let Some(tls) = &mut self.tls {
            tls.shown = certificate;
        }
    }

    /// Starts it, after a crash on the same data and the same addresses.
    ///
    /// # Errors
    /// It does not come up.
    pub async fn up(&mut self, place: &Place, environment: &Environment) -> Result<()> {
        self.starts += 1;
        let Rules {
            ring_seconds,
            wrap_up_seconds,
            grace_seconds,
            trunk,
        } = &self.rules;
        let seconds = |seconds: &Option<u32>| seconds.map(|seconds| seconds.to_string());
        let option = |name: &'static str, value: &Option<String>| -> Vec<String> {
            let value = value.iter().cloned();
            value.flat_map(|value| [name.to_owned(), value]).collect()
        };
        let http = self.http.strip_prefix("http://").unwrap_or(&self.http);
        let http = http.strip_prefix("https://").unwrap_or(http);
        // Over TLS it says its name; it listens at this machine's address.
        let (http, sips) = (
            http.replace(HOST, "127.0.0.1"),
            self.sips.replace(HOST, "127.0.0.1"),
        );
        let mut running = Program::new(
            &format!("centre-{}", self.starts),
            program("offhook-centre")?,
            place,
            environment,
        )
        .arg("serve")
        .arg("--data")
        .arg(&self.data)
        .args(["--http", &http, "--sip", &self.sip])
        .args(["--ring-seconds", &ring_seconds.to_string()])
        .args(["--sample-data", "--practice", "--record", "--print-ready"])
        .args(option("--wrap-up-seconds", &seconds(wrap_up_seconds)))
        .args(option("--grace-seconds", &seconds(grace_seconds)))
        .args(option("--trunk", trunk))
        .args(self.tls.iter().flat_map(|Secured { shown, .. }| {
            [
                OsStr::new("--tls"),
                shown.certificate.as_os_str(),
                shown.key.as_os_str(),
                OsStr::new("--name"),
                OsStr::new(HOST),
                OsStr::new("--sips"),
                OsStr::new(&sips),
            ]
        }))
        .talking()
        .start()?;
        let ready = running
            .line("that it is ready", Duration::from_secs(30), |line| {
                serde_json::from_str::<Ready>(line).ok()
            })
            .await
            .context("Starting the centre")?;
        anyhow::ensure!(ready.ready, "the centre says it is not ready");
        self.http = ready.http;
        self.sip = ready.sip;
        self.sips = ready.sips;
        self.running = Some(running);
        Ok(())
    }
}
