//! A round in the real window: written by keystrokes, killed, opened once more and read from the glass; afterwards the phone without
//! a window opens the same profile and says exactly what is there.

use super::{
    campaign::{AGENT, Campaign, PATIENCE},
    gate::Order,
    journal::{Killed, Submitted},
    moment::{Moment, Victim},
    tally::Landed,
    trigger::Trigger,
};
use crate::{
    credentials::Credentials,
    desktop::Role,
    display::Display,
    place::eventually,
    window::{Opening, Window},
    work::SUMMARY,
};
use anyhow::{Context, Result, ensure};
use offhook_model::Random;
use std::{fs, path::Path, sync::Arc, time::Duration};

const SAVED: &[&str] = &["Saved on this computer"];
const WAITS: &[&str] = &["Waiting to sync"];
const DISPOSITION: &[&str] = &["Disposition"];
const REPAIR: &[&str] = &["After-sales / Repair"];
/// What keys can be pressed for one by one.
const KEYS: &[&str] = &["客", "户", "催", "问", "a", "b", " ", "é", "，", "。", "9"];
/// How long a window may take to come.
const SOON: Duration = Duration::from_secs(20);

impl Campaign {
    pub(super) async fn glass_round(&mut self, seed: u64, display: &Display) -> Result<Landed> {
        let (moment, victim) = Self::drawn(seed);
        let mut random = Random::seeded(!seed);
        self.one_form().await?;
        self.settled().await?;
        self.leave().await?;

        let window = self.window(display).await?;
        self.opens_the_form(&window).await?;
        let mut victims = Vec::new();
        if victim.app() {
            victims.push(process_on(&self.profile)?);
        }
        if victim.centre() {
            victims.push(self.world.centre.id().context("the centre runs")?);
        }
        let trigger = Arc::new(Trigger::on(&victims, Duration::ZERO)?);
        let written = self
            .writes_on_glass(&window, moment, victim, &trigger, &mut random)
            .await;
        if trigger.pulled().is_none() {
            window.picture_of("nobody-killed").await.ok();
            written.context("before anybody was killed")?;
            trigger.pull();
        }
        let killed = trigger.pulled().context("it was pulled")?;
        self.saves.disarm();
        self.records.disarm();
        // The driver ends with it, and the window that lives on where only the centre was killed.
        let window = if victim.app() {
            drop(window);
            None
        } else {
            Some(window)
        };
        if victim.centre() {
            self.world.centre.crash()?;
        }
        self.gate_opens(victim.app()).await?;
        let target = self.open.last().context("a form")?.clone();
        let so_far = self.reached(moment, &target, killed, victim);
        if victim.centre() {
            self.centre_up().await?;
        }
        let window = match window {
            Some(window) => window,
            None => self.window(display).await?,
        };
        let shown = self.shows_on_glass(&window, target.submitted).await;
        let shown = match shown {
            Ok(shown) => shown,
            Err(error) => {
                window.picture_of("after").await.ok();
                return Err(error.context("In the window that was opened again"));
            }
        };
        window.close().await?;

        self.phone_up().await?;
        let view = self.settled().await?;
        let proved = match (moment, victim) {
            (Moment::AnswerNotRecorded, Victim::App | Victim::Both) => {
                let passages = self.gate.passages(target.wrap_up);
                so_far && passages.iter().any(|passage| passage.arrived > killed)
            }
            _ => so_far,
        };
        let late = self.pulse.late_at(killed).await;
        let end = victim.app().then_some(Killed { at: killed, late });
        let lost = self.compared(&view, end).await?;
        if let (Some(shown), Some(form)) = (shown, self.open.first()) {
            ensure!(
                shown == form.text("summary"),
                "the window shows another text than there is"
            );
        }
        Ok(Landed {
            moment,
            victim,
            proved,
            lost,
            late,
            windowed: true,
        })
    }

    async fn leave(&mut self) -> Result<()> {
        match self.phone.take() {
            Some(phone) => phone.leave().await,
            None => Ok(()),
        }
    }

    async fn window(&self, display: &Display) -> Result<Window> {
        let opening = Opening::silent("glass").on_profile(self.profile.clone());
        let window = opening.open(&self.world.place, display).await?;
        let credentials = Credentials::of(&self.gate.base, AGENT);
        credentials.are_typed(&window).await?;
        window.find(Role::Button, &["Check in"]).await?;
        Ok(window)
    }

    async fn opens_the_form(&self, window: &Window) -> Result<()> {
        let name = self.form_on_glass(window).await?;
        window.click(Role::Button, &[&name]).await?;
        window.find(Role::TextBox, SUMMARY).await?;
        Ok(())
    }

    async fn form_on_glass(&self, window: &Window) -> Result<String> {
        eventually("the form in the window", SOON, async || {
            let names = window.names(Role::Button).await?;
            let name = names.iter().find(|name| name.ends_with(", draft"));
            Ok(name
                .with_context(|| format!("there are {names:?}"))?
                .clone())
        })
        .await
    }

    async fn writes_on_glass(
        &mut self,
        window: &Window,
        moment: Moment,
        victim: Victim,
        trigger: &Arc<Trigger>,
        random: &mut Random,
    ) -> Result<()> {
        window.click(Role::TextBox, SUMMARY).await?;
        window.press("Ctrl+End").await?;
        // Of a form with blanks alone the window does not say that it is saved.
        self.key(window, KEYS[0]).await?;
        for _ in 0..random.below(5) {
            self.key(window, drawn(random)).await?;
        }
        match moment {
            Moment::BetweenKeystrokes => {
                tokio::time::sleep(Duration::from_millis(random.below(200))).await;
                trigger.pull();
                if !victim.app() {
                    self.key(window, drawn(random)).await?;
                }
                return Ok(());
            }
            Moment::InsideSaveDraft => {
                window.shows(SAVED, SOON).await?;
                self.saves.arm(trigger);
                self.key(window, drawn(random)).await?;
                ensure!(trigger.is_pulled(SOON).await, "nothing is saved");
                return Ok(());
            }
            Moment::BeforeRequest
            | Moment::InsideTransaction
            | Moment::AnswerHeldBack
            | Moment::AnswerNotRecorded => {}
        }
        window.choose(DISPOSITION, REPAIR).await?;
        let form = self.open.last_mut().context("a form")?;
        form.types("disposition", "repair");
        form.submitted = Submitted::Asked;
        match moment {
            Moment::BeforeRequest => self.gate.shut().await,
            Moment::InsideTransaction => {
                let records = Arc::clone(&self.records);
                self.gate.order(Order::Arm(records, Arc::clone(trigger)));
            }
            Moment::AnswerHeldBack => self.gate.order(Order::HoldAnswer(Arc::clone(trigger))),
            Moment::AnswerNotRecorded => self.gate.order(Order::PassAnswer(Arc::clone(trigger))),
            Moment::BetweenKeystrokes | Moment::InsideSaveDraft => {}
        }
        let pressed = window.press("Ctrl+Enter").await;
        if moment == Moment::BeforeRequest {
            pressed?;
            window.shows(WAITS, SOON).await?;
            self.open.last_mut().context("a form")?.submitted = Submitted::Told;
            trigger.pull();
        } else if !trigger.is_pulled(SOON).await {
            pressed?;
        }
        Ok(())
    }

    async fn key(&mut self, window: &Window, key: &str) -> Result<()> {
        let form = self.open.last_mut().context("a form")?;
        let text = form.text("summary") + key;
        form.types("summary", &text);
        window.keys(key).await
    }

    /// Reads the form where it is still open; waits where it was said to be on its way.
    async fn shows_on_glass(
        &self,
        window: &Window,
        submitted: Submitted,
    ) -> Result<Option<String>> {
        match submitted {
            Submitted::No => {
                self.opens_the_form(window).await?;
                window.shows(SAVED, PATIENCE).await?;
                window.value(SUMMARY).await.map(Some)
            }
            // Whether it is open or under way, the next program on this profile tells.
            Submitted::Asked | Submitted::Told => Ok(None),
        }
    }
}

fn drawn(random: &mut Random) -> &'static str {
    let at = usize::try_from(random.below(KEYS.len() as u64)).unwrap_or(0);
    KEYS[at]
}

/// Finds the window's own process by its profile.
fn process_on(profile: &Path) -> Result<u32> {
    let profile = profile.to_string_lossy();
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path();
        let Some(id) = path
            .file_name()
            .and_then(|name| name.to_str()?.parse::<u32>().ok())
        else {
            continue;
        };
        // A process may end while it is looked at.
        let line = fs::read(path.join("cmdline")).unwrap_or_default();
        let mut words = line.split(|byte| *byte == 0);
        let is_app = words.next().is_some_and(|word| word.ends_with(b"/offhook"));
        if is_app && words.any(|word| word == profile.as_bytes()) {
            return Ok(id);
        }
    }
    anyhow::bail!("no window runs on {profile}")
}
