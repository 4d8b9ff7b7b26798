//! The world of a story: a centre on free ports, sound devices where they are needed, and folders that are its own.

use crate::{
    account::Account,
    api::Api,
    centre::{Centre, DEVICE_PASSWORD, Rules},
    certificates::{Authority, Kind},
    environment::Environment,
    headless::{Audio, Headless},
    place::{Place, eventually},
    pulse::Pulse,
    sipp::{Codec, Sipp},
};
use anyhow::{Context, Result, ensure};
use offhook_model::{CallId, LegOutcome, LegRecord};
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};

/// How long the centre may need to write a call down.
const PATIENCE: Duration = Duration::from_secs(10);

/// The number of the first customer in the sample data.
pub const CUSTOMER: &str = "12800550142";

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

/// The sound devices of a world, and its turn.
#[derive(Debug, Default)]
struct Sounding {
    pulse: Option<Pulse>,
    turn: Option<MutexGuard<'static, ()>>,
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
        let rules = Rules {
            ring_seconds,
            ..Rules::default()
        };
        Self::around(place, environment, Sounding::default(), rules).await
    }

    /// As [`Self::silent`], with a limit for wrap-ups instead of a ring time.
    ///
    /// # Errors
    /// Something does not come up.
    pub async fn with_wrap_ups_of(story: &str, wrap_up_seconds: u32) -> Result<Self> {
        let place = Place::new(story)?;
        let environment = Environment::private(&place)?;
        let rules = Rules {
            wrap_up_seconds: Some(wrap_up_seconds),
            ..Rules::default()
        };
        Self::around(place, environment, Sounding::default(), rules).await
    }

    /// As [`Self::silent`], with every program of ours logging all it can.
    ///
    /// # Errors
    /// Something does not come up.
    pub async fn logging(story: &str) -> Result<Self> {
        let place = Place::new(story)?;
        let environment = Environment::private(&place)?.with("OFFHOOK_LOG", "trace");
        Self::around(place, environment, Sounding::default(), Rules::default()).await
    }

    /// As [`Self::silent`]; calls to numbers outside go to port `trunk` of 127.0.0.1.
    ///
    /// # Errors
    /// Something does not come up.
    pub async fn with_trunk(story: &str, trunk: u16) -> Result<Self> {
        let place = Place::new(story)?;
        let environment = Environment::private(&place)?;
        let sound = Sounding::default();
        Self::around(place, environment, sound, outside(Some(trunk))).await
    }

    /// Starts a world with sound devices for each party.
    ///
    /// # Errors
    /// Something does not come up.
    pub async fn sounding(story: &str, parties: &[&str]) -> Result<Self> {
        Self::sounding_to(story, parties, None).await
    }

    /// As [`Self::sounding`]; calls to numbers outside go to port `trunk` of 127.0.0.1.
    ///
    /// # Errors
    /// Something does not come up.
    pub async fn sounding_with_trunk(story: &str, parties: &[&str], trunk: u16) -> Result<Self> {
        Self::sounding_to(story, parties, Some(trunk)).await
    }

    /// Starts a world whose centre speaks TLS, certified by an authority of its own, with sound devices for each party.
    ///
    /// # Errors
    /// Something does not come up.
    pub async fn over_tls(story: &str, parties: &[&str]) -> Result<Self> {
        let turn = Some(TURN.lock().await);
        let place = Place::new(story)?;
        let environment = Environment::private(&place)?;
        let pulse = match parties {
            [] => None,
            parties => Some(Pulse::start(&place, &environment, parties).await?),
        };
        let authority = Authority::new(&place, "authority")?;
        let shown = authority.certify(&place, "centre", Kind::Good)?;
        let centre = Centre::over_tls(&place, &environment, &shown, &authority.root).await?;
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

    async fn sounding_to(story: &str, parties: &[&str], trunk: Option<u16>) -> Result<Self> {
        let turn = Some(TURN.lock().await);
        let place = Place::new(story)?;
        let environment = Environment::private(&place)?;
        let pulse = Some(Pulse::start(&place, &environment, parties).await?);
        let sound = Sounding { pulse, turn };
        Self::around(place, environment, sound, outside(trunk)).await
    }

    async fn around(
        place: Place,
        environment: Environment,
        Sounding { pulse, turn }: Sounding,
        rules: Rules,
    ) -> Result<Self> {
        let centre = Centre::start(&place, &environment, rules).await?;
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
        let place = &self.place;
        let mut phone = match self.centre.roots() {
            None => Headless::start(place, environment, username, audio).await?,
            Some(roots) => Headless::trusting(place, environment, username, audio, roots).await?,
        };
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

    /// Has sipp call a number of the centre, as the customer with the first number of the sample data.
    ///
    /// # Errors
    /// It is not installed or does not come up.
    pub async fn sipp_calls(&self, name: &str, callee: &str) -> Result<Sipp> {
        let account = Account::customer(&self.centre.sip, CUSTOMER, "Chen");
        let (place, environment) = (&self.place, &self.environment);
        Sipp::calls(place, environment, name, &account, callee, Codec::Pcmu).await
    }

    /// Has sipp be the desk telephone of an agent's extension, for one call.
    ///
    /// # Errors
    /// It is not installed or cannot register.
    pub async fn sipp_registers(&self, name: &str, extension: &str) -> Result<Sipp> {
        let account = Account::agent(&self.centre.sip, extension, DEVICE_PASSWORD);
        let (place, environment) = (&self.place, &self.environment);
        Sipp::registers(place, environment, name, &account, Codec::Pcmu).await
    }

    /// Waits until every leg of a call is over and on record at the centre, and gives them, oldest first.
    ///
    /// # Errors
    /// One goes on.
    pub async fn legs_of(&self, call: CallId) -> Result<Vec<LegRecord>> {
        eventually("the call's record", PATIENCE, async || {
            let calls = self.administrator.calls().await?;
            let row = calls.into_iter().find(|row| row.call == call);
            let legs = row.context("no such call")?.legs;
            let legs: Vec<_> = legs.into_iter().map(|(_, leg)| leg).collect();
            ensure!(
                legs.iter().all(|leg| leg.ended_at.is_some()),
                "a leg goes on: {legs:?}"
            );
            Ok(legs)
        })
        .await
    }

    /// As [`Self::legs_of`], how each ended.
    ///
    /// # Errors
    /// One goes on.
    pub async fn outcomes_of(&self, call: CallId) -> Result<Vec<LegOutcome>> {
        let legs = self.legs_of(call).await?;
        Ok(legs.into_iter().filter_map(|leg| leg.outcome).collect())
    }
}

/// Calls to numbers outside go to this port of 127.0.0.1.
fn outside(trunk: Option<u16>) -> Rules {
    Rules {
        trunk: trunk.map(|port| format!("127.0.0.1:{port}")),
        ..Rules::default()
    }
}
