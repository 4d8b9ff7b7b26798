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

/// The centre.
#[derive(Debug)]
pub struct Centre {
    /// The base address of its API.
    pub http: String,
    /// `host:port` of its SIP side.
    pub sip: String,
    data: PathBuf,
    ring_seconds: u32,
    trunk: Option<String>,
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
    pub async fn start(
        place: &Place,
        environment: &Environment,
        ring_seconds: u32,
    ) -> Result<Self> {
        Self::with_trunk(place, environment, ring_seconds, None).await
    }

    /// As [`Self::start`]; calls to numbers outside go to `trunk` (`host:port`) instead of the practice people.
    ///
    /// # Errors
    /// It is not built or does not come up.
    pub async fn with_trunk(
        place: &Place,
        environment: &Environment,
        ring_seconds: u32,
        trunk: Option<&str>,
    ) -> Result<Self> {
        let mut centre = Self {
            http: "127.0.0.1:0".into(),
            sip: "127.0.0.1:0".into(),
            data: place.dir("centre")?,
            ring_seconds,
            trunk: trunk.map(str::to_owned),
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
        .args(["--ring-seconds", &self.ring_seconds.to_string()])
        .args(["--sample-data", "--practice", "--print-ready"])
        .args(
            self.trunk
                .iter()
                .flat_map(|trunk| ["--trunk", trunk.as_str()]),
        )
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
