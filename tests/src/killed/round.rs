//! One round: forms are written, somebody is killed at a moment, everybody comes back, and what is there is compared with what was
//! written.

use super::{
    campaign::{Campaign, PATIENCE, TALKS},
    gate::Order,
    journal::{Killed, Submitted, Written},
    moment::{Moment, Victim},
    tally::Landed,
    text::typed_on,
    trigger::Trigger,
};
use anyhow::{Context, Result, ensure};
use offhook_desk::{Command, LinkView, SavedState, View};
use offhook_model::{FieldValue, Random, Typed, WrapUpId};
use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

/// A number that is busy: a call that was never answered.
const BUSY: &str = "12000550486";
/// How long a window may take to come.
const SOON: Duration = Duration::from_secs(15);

impl Campaign {
    pub(super) async fn round(&mut self, seed: u64) -> Result<Landed> {
        let (moment, victim) = Self::drawn(seed);
        let mut random = Random::seeded(!seed);
        self.forms(&mut random).await?;
        let trigger = self.trigger(moment, victim, &mut random)?;
        let written = self.write_until(moment, victim, &trigger, &mut random);
        // A phone that dies while it is told something breaks off there.
        let broke_off = written.await;
        if trigger.pulled().is_none() {
            broke_off.context("before anybody was killed")?;
            trigger.pull();
        } else if !victim.app() {
            broke_off.context("though the phone lives")?;
        }
        let killed = trigger.pulled().context("it was pulled")?;

        let seen = match self.phone.take() {
            Some(phone) if victim.app() => phone.last_view().await?,
            phone => {
                let view = phone.as_ref().and_then(|phone| phone.view());
                self.phone = phone;
                view
            }
        }
        .context("the phone has shown something")?;
        self.saves.disarm();
        self.records.disarm();
        for form in &mut self.open {
            if form.submitted != Submitted::No && is_on_its_way(&seen, form.wrap_up) {
                form.submitted = Submitted::Told;
            }
        }
        if victim.centre() {
            self.world.centre.crash()?;
        }
        self.gate_opens(victim.app()).await?;
        let target = self.open.last().context("a form")?.clone();
        let so_far = match moment {
            Moment::InsideSaveDraft => !is_saved(&seen, target.wrap_up),
            Moment::AnswerNotRecorded if is_synced(&seen, &target) => false,
            _ => self.reached(moment, &target, killed, victim),
        };
        if victim.centre() {
            self.centre_up().await?;
        }
        if victim.app() {
            self.phone_up().await?;
        }
        let view = self.settled().await?;
        let proved = match (moment, victim) {
            // The next start has to send it once more.
            (Moment::AnswerNotRecorded, Victim::App | Victim::Both) => {
                let passages = self.gate.passages(target.wrap_up);
                so_far && passages.iter().any(|passage| passage.arrived > killed)
            }
            _ => so_far,
        };
        let late = self.pulse.late_at(killed).await;
        let end = victim.app().then_some(Killed { at: killed, late });
        let lost = self.compared(&view, end).await?;
        Ok(Landed {
            moment,
            victim,
            proved,
            lost,
            late,
            windowed: false,
        })
    }

    fn trigger(
        &mut self,
        moment: Moment,
        victim: Victim,
        random: &mut Random,
    ) -> Result<Arc<Trigger>> {
        let mut victims = Vec::new();
        if victim.app() {
            victims.push(self.phone()?.id());
        }
        if victim.centre() {
            victims.push(self.world.centre.id().context("the centre runs")?);
        }
        // Where in the window: the narrow ones are a few milliseconds wide.
        let at_once = random.below(2) == 0;
        let micros = match moment {
            Moment::BetweenKeystrokes => 0,
            Moment::InsideSaveDraft | Moment::InsideTransaction if at_once => 0,
            Moment::InsideSaveDraft | Moment::InsideTransaction => random.below(1_500),
            Moment::BeforeRequest | Moment::AnswerNotRecorded => random.below(400),
            Moment::AnswerHeldBack => random.below(30_000),
        };
        Ok(Arc::new(Trigger::on(
            &victims,
            Duration::from_micros(micros),
        )?))
    }

    /// Has one to three forms to write in; the last is the one that it is about.
    async fn forms(&mut self, random: &mut Random) -> Result<()> {
        let wanted = 1 + usize::try_from(random.below(3))?;
        while self.open.len() < wanted {
            let owed = random.below(3) == 0;
            self.form(owed).await?;
        }
        let about = usize::try_from(random.below(self.open.len() as u64))?;
        let last = self.open.len() - 1;
        self.open.swap(about, last);
        Ok(())
    }

    /// Has just one form, of a call that was answered.
    pub(super) async fn one_form(&mut self) -> Result<()> {
        if self.open.is_empty() {
            self.form(true).await?;
        }
        ensure!(self.open.len() == 1, "there are {}", self.open.len());
        Ok(())
    }

    async fn form(&mut self, owed: bool) -> Result<()> {
        let number = if owed { TALKS } else { BUSY };
        let known: BTreeSet<WrapUpId> = self.ids().await?;
        let phone = self.phone()?;
        let dial = Command::Dial {
            number: Typed::from(number),
        };
        phone.command(&dial).await?;
        let (wrap_up, call) = phone
            .until_within("a form", PATIENCE, |view| {
                let form = view
                    .wrap_ups
                    .iter()
                    .find(|form| !known.contains(&form.id))?;
                let over = view.calls.is_empty() && form.outcome.is_some();
                over.then_some((form.id, form.call))
            })
            .await?;
        self.open.push(Written::new(wrap_up, call, owed));
        Ok(())
    }

    async fn ids(&mut self) -> Result<BTreeSet<WrapUpId>> {
        let view = self.phone()?.until_within("the line", PATIENCE, |view| {
            (view.links.sip == LinkView::Up && view.cannot_dial.is_none()).then(|| view.clone())
        });
        Ok(view.await?.wrap_ups.iter().map(|form| form.id).collect())
    }

    /// Writes until the trigger is pulled, or to the end.
    async fn write_until(
        &mut self,
        moment: Moment,
        victim: Victim,
        trigger: &Arc<Trigger>,
        random: &mut Random,
    ) -> Result<()> {
        let strokes = 1 + random.below(24);
        for _ in 0..strokes {
            let at = usize::try_from(random.below(self.open.len() as u64))?;
            self.keystroke(at, random).await?;
            tokio::time::sleep(Duration::from_millis(random.below(60))).await;
        }
        let about = self.open.len() - 1;
        match moment {
            Moment::BetweenKeystrokes => {
                trigger.pull();
                if !victim.app() {
                    for _ in 0..random.below(8) {
                        self.keystroke(about, random).await?;
                    }
                }
                return Ok(());
            }
            Moment::InsideSaveDraft => {
                self.saved(about).await?;
                self.saves.arm(trigger);
                for _ in 0..random.below(3) {
                    self.keystroke(about, random).await?;
                }
                // Of blanks alone the phone does not say that they are saved, and nothing would be proved.
                let text = self.open[about].text("summary") + "完";
                self.types(about, "summary", text).await?;
                trigger.is_pulled(SOON).await;
                return Ok(());
            }
            Moment::BeforeRequest
            | Moment::InsideTransaction
            | Moment::AnswerHeldBack
            | Moment::AnswerNotRecorded => {}
        }
        self.completes(about, random).await?;
        let shut = moment == Moment::BeforeRequest && random.below(2) == 0;
        match moment {
            Moment::BeforeRequest if shut => self.gate.shut().await,
            Moment::BeforeRequest => self.gate.order(Order::HoldRequest),
            Moment::InsideTransaction => {
                let records = Arc::clone(&self.records);
                self.gate.order(Order::Arm(records, Arc::clone(trigger)));
            }
            Moment::AnswerHeldBack => self.gate.order(Order::HoldAnswer(Arc::clone(trigger))),
            Moment::AnswerNotRecorded => self.gate.order(Order::PassAnswer(Arc::clone(trigger))),
            Moment::BetweenKeystrokes | Moment::InsideSaveDraft => {}
        }
        let form = &mut self.open[about];
        form.submitted = Submitted::Asked;
        let wrap_up = form.wrap_up;
        self.phone()?.command(&Command::Submit { wrap_up }).await?;
        if moment == Moment::BeforeRequest {
            self.phone()?
                .until_within("the outbox to have it", SOON, |view| {
                    is_on_its_way(view, wrap_up).then_some(())
                })
                .await?;
            if shut {
                tokio::time::sleep(Duration::from_millis(random.below(300))).await;
            }
            trigger.pull();
        }
        trigger.is_pulled(SOON).await;
        Ok(())
    }

    /// Types once more in the summary of a form.
    async fn keystroke(&mut self, at: usize, random: &mut Random) -> Result<()> {
        let text = typed_on(&self.open[at].text("summary"), random);
        self.types(at, "summary", text).await
    }

    async fn types(&mut self, at: usize, field: &str, text: String) -> Result<()> {
        self.open[at].types(field, &text);
        let command = Command::EditDraft {
            wrap_up: self.open[at].wrap_up,
            field: field.into(),
            value: FieldValue::Text(text),
        };
        self.phone()?.command(&command).await
    }

    /// Fills in what a form cannot be submitted without.
    async fn completes(&mut self, at: usize, random: &mut Random) -> Result<()> {
        if self.open[at].text("summary").trim().is_empty() {
            self.types(at, "summary", "空".into()).await?;
        }
        let choices = ["visit_overdue", "repair", "complaint"];
        let choice = choices[usize::try_from(random.below(3))?];
        self.types(at, "disposition", choice.into()).await
    }

    /// Waits until all that was typed is on the disk.
    async fn saved(&mut self, about: usize) -> Result<()> {
        let (wrap_up, blank) = {
            let form = &self.open[about];
            (form.wrap_up, form.text("summary").trim().is_empty())
        };
        self.phone()?
            .until_within("all forms to be saved", SOON, |view| {
                let unsaved = |state| matches!(state, SavedState::Unsaved);
                let mut forms = view.wrap_ups.iter();
                let none = !forms.any(|form| unsaved(form.saved));
                (none && (blank || is_saved(view, wrap_up))).then_some(())
            })
            .await
    }

    /// Whether the kill fell where it was meant to, by what went through the gate.
    pub(super) fn reached(
        &self,
        moment: Moment,
        target: &Written,
        killed: Instant,
        victim: Victim,
    ) -> bool {
        let passages = self.gate.passages(target.wrap_up);
        let first = passages.first();
        match moment {
            Moment::BetweenKeystrokes | Moment::InsideSaveDraft => true,
            Moment::BeforeRequest => {
                target.submitted == Submitted::Told
                    // Of one that is gone everything was read that it had written.
                    && first.is_none_or(|passage| !victim.app() && passage.arrived > killed)
            }
            Moment::InsideTransaction => first.is_some_and(|passage| {
                passage.forwarded.is_some_and(|at| at <= killed)
                    && passage.answered.as_ref().is_none_or(|(at, _)| *at > killed)
            }),
            Moment::AnswerHeldBack => first.is_some_and(|passage| {
                passage
                    .answered
                    .as_ref()
                    .is_some_and(|(at, _)| *at <= killed)
                    && passage.passed.is_none()
            }),
            Moment::AnswerNotRecorded => first.is_some_and(|passage| passage.passed.is_some()),
        }
    }
}

fn state(view: &View, wrap_up: WrapUpId) -> Option<SavedState> {
    let form = view.wrap_ups.iter().find(|form| form.id == wrap_up)?;
    Some(form.saved)
}

fn is_saved(view: &View, wrap_up: WrapUpId) -> bool {
    matches!(state(view, wrap_up), Some(SavedState::Saved { .. }))
}

fn is_on_its_way(view: &View, wrap_up: WrapUpId) -> bool {
    matches!(
        state(view, wrap_up),
        Some(SavedState::Waiting { .. } | SavedState::Synced { .. })
    )
}

fn is_synced(view: &View, form: &Written) -> bool {
    matches!(state(view, form.wrap_up), Some(SavedState::Synced { .. }))
}
