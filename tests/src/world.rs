//! The world of a story: a centre on free ports, sound devices where they are needed, and folders that are its own.

use crate::{
    api::Api,
    centre::Centre,
    environment::Environment,
    headless::{Audio, Headless},
    place::Place,
    pulse::Pulse,
};
use anyhow::{Context, Result};
use tokio::sync::{Mutex, MutexGuard};

/// A centre and what is around it.
#[derive(Debug)]
pub struct World {
    /// Folders and files.
    pub place: Place,
    /// What programs without sound are given.
    pub environment: Environment,
    /// The administrator at the centre.
    pub administrator: Api,
    /// The centre.
    pub centre: Centre,
    pulse: Option<Pulse>,
    _turn: Option<MutexGuard<'static, ()>>,
}

/// Stories with sound devices take turns: sound that is late because another story needs the machine proves nothing.
static TURN: Mutex<()> = Mutex::const_new(());

impl World {
    /// Starts a world without sound devices.
    ///
    /// # Errors
    /// Something does not come up.
    pub async fn silent(story: &str, ring_seconds: u32) -> Result<Self> {
        let place = Place::new(story)?;
        let environment = Environment::private(&place)?;
        Self::around(place, environment, None, None, ring_seconds).await
    }

    /// Starts a world with sound devices for each party.
    ///
    /// # Errors
    /// Something does not come up.
    pub async fn sounding(story: &str, parties: &[&str]) -> Result<Self> {
        let turn = TURN.lock().await;
        let place = Place::new(story)?;
        let environment = Environment::private(&place)?;
        let pulse = Pulse::start(&place, &environment, parties).await?;
        Self::around(place, environment, Some(pulse), Some(turn), 30).await
    }

    async fn around(
        place: Place,
        environment: Environment,
        pulse: Option<Pulse>,
        turn: Option<MutexGuard<'static, ()>>,
        ring_seconds: u32,
    ) -> Result<Self> {
        let centre = Centre::start(&place, &environment, ring_seconds).await?;
        let administrator = centre.administrator().await?;
        Ok(Self {
            place,
            environment,
            administrator,
            centre,
            pulse,
            _turn: turn,
        })
    }

    /// The sound server.
    ///
    /// # Errors
    /// This world is silent: a fault of the story.
    pub fn pulse(&self) -> Result<&Pulse> {
        self.pulse.as_ref().context("this world has no sound")
    }

    /// Starts a phone without a window and checks it in.
    ///
    /// # Errors
    /// It does not come up, or the centre refuses.
    pub async fn agent(&self, username: &str, audio: &Audio<'_>) -> Result<Headless> {
        let environment = self
            .pulse
            .as_ref()
            .map_or(&self.environment, Pulse::environment);
        let mut phone = Headless::start(&self.place, environment, username, audio).await?;
        phone
            .take_up_work(&self.centre.http, username, crate::centre::PASSWORD)
            .await?;
        Ok(phone)
    }

    /// Starts a phone on the sound devices of the party named like the agent.
    ///
    /// # Errors
    /// It does not come up, or the centre refuses.
    pub async fn agent_with_devices(&self, username: &str) -> Result<Headless> {
        let audio = Audio::Device {
            mic: Pulse::mic(username),
            speaker: Pulse::speaker(username),
            ringer: Pulse::speaker(username),
        };
        self.agent(username, &audio).await
    }

    /// The address at which anybody reaches the sample queue.
    #[must_use]
    pub fn queue(&self) -> String {
        format!("sip:{}@{}", crate::centre::QUEUE, self.centre.sip)
    }
}
