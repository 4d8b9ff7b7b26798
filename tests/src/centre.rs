//! The practice centre as a process of its own.

use crate::{
    api::Api,
    environment::Environment,
    place::{Place, program},
    process::{Program, Running},
};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::{path::PathBuf, time::Duration};

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
    data: PathBuf,
    rules: Rules,
    starts: u32,
    running: Option<Running>,
}

#[derive(Deserialize)]
struct Ready {
    ready: bool,
    http: String,
    sip: String,
}

impl Centre {
    /// Starts a centre with sample data and practice customers, on free ports and a data folder of its own.
    ///
    /// # Errors
    /// It is not built or does not come up.
    pub async fn start(place: &Place, environment: &Environment, rules: Rules) -> Result<Self> {
        let mut centre = Self {
            http: "127.0.0.1:0".into(),
            sip: "127.0.0.1:0".into(),
            data: place.dir("centre")?,
            rules,
            starts: 0,
            running: None,
        };
        centre.up(place, environment).await?;
        Ok(centre)
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
        Api::sign_in(&self.http, "admin", PASSWORD).await
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
        let mut running = Program::new(
            &format!("centre-{}", self.starts),
            program("offhook-centre")?,
            place,
            environment,
        )
        .arg("serve")
        .arg("--data")
        .arg(&self.data)
        .args(["--http", http, "--sip", &self.sip])
        .args(["--ring-seconds", &ring_seconds.to_string()])
        .args(["--sample-data", "--practice", "--record", "--print-ready"])
        .args(option("--wrap-up-seconds", &seconds(wrap_up_seconds)))
        .args(option("--grace-seconds", &seconds(grace_seconds)))
        .args(option("--trunk", trunk))
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
        self.running = Some(running);
        Ok(())
    }
}
