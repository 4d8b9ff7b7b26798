//! Many rounds over one centre and one profile.

use super::{
    compare::Filed,
    gate::{Gate, Order},
    journal::Written,
    moment::{Moment, Victim},
    pulse::Pulse,
    tally::Tally,
    wal::WalWatch,
};
use crate::{
    centre::PASSWORD,
    display::Display,
    headless::{Audio, Headless},
    world::World,
};
use anyhow::{Context, Result};
use offhook_desk::{Command, SessionView};
use offhook_model::{Presence, Random, Secret};
use serde_json::json;
use std::{path::PathBuf, sync::Arc, time::Duration};

/// Who writes.
pub(super) const AGENT: &str = "lin";
/// A number that answers at once and hangs up: a call that was answered.
pub(super) const TALKS: &str = "12000550700";
/// How long anything but a kill may take, on a machine that has other things to do.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// What is to be done.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How many rounds at least.
    pub rounds: u32,
    /// Further rounds follow until each window was hit so often.
    pub each: u32,
    /// Whether they are played in the real window; otherwise in the phone without one.
    pub glass: bool,
    /// Where the chance begins. The first round has this seed itself.
    pub seed: u64,
}

/// The campaign.
#[derive(Debug)]
pub struct Campaign {
    pub(super) world: World,
    pub(super) gate: Gate,
    pub(super) profile: PathBuf,
    pub(super) pulse: Pulse,
    pub(super) saves: WalWatch,
    pub(super) records: Arc<WalWatch>,
    /// Nothing while it is killed.
    pub(super) phone: Option<Headless>,
    starts: u32,
    pub(super) open: Vec<Written>,
    pub(super) filed: Vec<Filed>,
    /// How many wrap-ups the sample data brought.
    pub(super) sample: i64,
}

impl Campaign {
    /// Starts a centre, and a phone on a fresh profile that reaches it through the gate.
    ///
    /// # Errors
    /// Something does not come up.
    pub async fn start(story: &str) -> Result<Self> {
        let world = World::silent(story, 60).await?;
        let gate = Gate::before(&world.centre.http).await?;
        let profile = world.place.dir("profile")?;
        let mut campaign = Self {
            pulse: Pulse::of(&world.place.dir("beside")?)?,
            saves: WalWatch::of(&profile)?,
            records: Arc::new(WalWatch::of(world.centre.data())?),
            world,
            gate,
            profile,
            phone: None,
            starts: 0,
            open: Vec::new(),
            filed: Vec::new(),
            sample: 0,
        };
        campaign.sample = campaign.wrap_ups_on_record().await?;
        campaign.teach().await?;
        campaign.phone_up().await?;
        Ok(campaign)
    }

    /// Plays the rounds, and counts them. `say` is told of each.
    ///
    /// # Errors
    /// A round failed: its seed is named.
    pub async fn play(
        &mut self,
        plan: Plan,
        tally: &mut Tally,
        mut say: impl FnMut(&str),
    ) -> Result<()> {
        let display = if plan.glass {
            let World {
                place, environment, ..
            } = &self.world;
            Some(Display::start(place, environment).await?)
        } else {
            None
        };
        let mut seeds = Random::seeded(plan.seed);
        let mut seed = plan.seed;
        // A window that is never hit must not hold this up for ever.
        let most = plan.rounds.max(plan.each * 18) * 3;
        loop {
            let enough = tally.rounds() >= plan.rounds;
            let short = |moment| tally.hits(moment) < plan.each;
            if enough && (!Moment::ALL.into_iter().any(short) || tally.rounds() >= most) {
                return Ok(());
            }
            let (moment, victim) = Self::drawn(seed);
            if !enough || short(moment) {
                let number = tally.rounds() + 1;
                let landed = match &display {
                    Some(display) => self.glass_round(seed, display).await,
                    None => self.round(seed).await,
                };
                let landed = landed.with_context(|| {
                    let glass = if plan.glass { "--window " } else { "" };
                    format!(
                        "round {number}, {moment}, {victim} killed; once more with \
                         `cargo dev kill {glass}--rounds 1 --seed {seed}`"
                    )
                })?;
                say(&format!("{number:>5}  {landed}"));
                tally.add(&landed);
            }
            seed = seeds.draw();
        }
    }

    /// What a seed stands for.
    pub(super) fn drawn(seed: u64) -> (Moment, Victim) {
        let mut random = Random::seeded(seed);
        (Moment::drawn(&mut random), Victim::drawn(&mut random))
    }

    pub(super) fn phone(&mut self) -> Result<&mut Headless> {
        self.phone.as_mut().context("the phone runs")
    }

    /// Starts the phone on its profile and goes to work, as an agent does after a crash.
    pub(super) async fn phone_up(&mut self) -> Result<()> {
        self.starts += 1;
        let mut phone = Headless::on_profile(
            &self.world.place,
            &self.world.environment,
            // What the one before said is kept.
            &format!("{AGENT}-{}", self.starts % 2),
            &self.profile,
            &Audio::Null,
        )
        .await?;
        phone
            .command(&Command::SignIn {
                centre: self.gate.base.clone(),
                username: AGENT.into(),
                password: Secret::new(PASSWORD),
            })
            .await?;
        let presence = phone
            .until_within("sign-in", PATIENCE, |view| match view.session {
                SessionView::SignedIn { .. } => view.presence.clone(),
                SessionView::SignedOut { .. }
                | SessionView::SigningIn
                | SessionView::Offline { .. } => None,
            })
            .await?;
        if presence.confirmed.presence == Presence::CheckedOut {
            phone.command(&Command::CheckIn).await?;
        }
        self.phone = Some(phone);
        Ok(())
    }

    /// Starts the centre again on its data and addresses.
    pub(super) async fn centre_up(&mut self) -> Result<()> {
        let world = &mut self.world;
        world.centre.up(&world.place, &world.environment).await?;
        self.teach().await
    }

    async fn teach(&self) -> Result<()> {
        let script = json!({ "behaviour": "answers", "answer_after_ms": 0, "hang_up_after_ms": 0 });
        self.world.administrator.teach(TALKS, &script).await
    }

    /// Lets everything through again.
    pub(super) async fn gate_opens(&mut self, phone_gone: bool) -> Result<()> {
        self.gate.order(Order::Pass);
        if phone_gone {
            self.gate.drained().await?;
        }
        self.gate.open().await
    }
}
