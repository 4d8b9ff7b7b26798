//! The API is cut off at each step of a call, while telephone and sound go on: the call does too, everything arrives once and in
//! order, and presence is right again on both sides.
//!
//! It takes each step for a second, and some for 30 s and until after the sign-out; three agents at a time share a centre, each with
//! a tap of their own. With `OFFHOOK_EVERY_CUT` set it takes every step for each length and in each way, in some 13 minutes.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, bail, ensure};
use e2e::{
    api::{Api, PracticeCall},
    centre::PASSWORD,
    headless::{Audio, Headless},
    nonce::Nonce,
    place::eventually,
    talk::{Ear, voice},
    tap::{Cut, Tap},
    world::World,
};
use offhook_desk::{CallPhase, CallView, Command, SavedState, SessionView};
use offhook_model::{
    Activity, FieldId, FieldValue, LegOutcome, Presence, PresenceReason, Secret, WrapUpId,
};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use tokio::{sync::Mutex, task::JoinHandle, time::sleep};
use uuid::Uuid;

/// Until a phone has found out that it is cut off by silence, or that it no longer is: tries are up to 30 s apart.
const FOUND_OUT: Duration = Duration::from_secs(90);
const AGENTS: [&str; 3] = ["lin", "zhou", "hannah"];
const NUMBERS: [&str; 3] = ["12800550142", "12900550167", "12600550173"];

/// Where in a call the way is cut: right before this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Ringing,
    Answer,
    Talking,
    Hold,
    HangUp,
    Typing,
    Submit,
    StartAnswering,
}

const STEPS: [Step; 8] = [
    Step::Ringing,
    Step::Answer,
    Step::Talking,
    Step::Hold,
    Step::HangUp,
    Step::Typing,
    Step::Submit,
    Step::StartAnswering,
];

/// For how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Second,
    HalfMinute,
    UntilSignedOut,
}

type Case = (Step, Length, Cut);

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_without_the_api_and_everything_arrives_once() -> Result<()> {
    let kinds = [Cut::Refused, Cut::Silent, Cut::Reset];
    if std::env::var_os("OFFHOOK_EVERY_CUT").is_some() {
        let mut cases = Vec::new();
        for length in [Length::Second, Length::HalfMinute, Length::UntilSignedOut] {
            for how in kinds {
                cases.extend(STEPS.into_iter().map(|step| (step, length, how)));
            }
        }
        return three_at_a_time("api-cut-all", &cases).await;
    }
    let mut cases: Vec<Case> = STEPS
        .into_iter()
        .zip(kinds.into_iter().cycle())
        .map(|(step, how)| (step, Length::Second, how))
        .collect();
    cases.extend([
        (Step::Ringing, Length::HalfMinute, Cut::Reset),
        (Step::Talking, Length::HalfMinute, Cut::Silent),
        (Step::HangUp, Length::HalfMinute, Cut::Refused),
        (Step::Submit, Length::HalfMinute, Cut::Silent),
        (Step::Answer, Length::UntilSignedOut, Cut::Silent),
        (Step::HangUp, Length::UntilSignedOut, Cut::Refused),
        (Step::Typing, Length::UntilSignedOut, Cut::Reset),
    ]);
    three_at_a_time("api-cut", &cases).await
}

async fn three_at_a_time(story: &str, cases: &[Case]) -> Result<()> {
    let world = World::silent(story, 60).await?;
    for (round, cases) in cases.chunks(AGENTS.len()).enumerate() {
        let [one, two, three] = *cases else {
            bail!("cases come by threes");
        };
        let (mut lin, mut zhou, mut hannah) = tokio::try_join!(
            Day::begins(&world, round, AGENTS[0], one),
            Day::begins(&world, round, AGENTS[1], two),
            Day::begins(&world, round, AGENTS[2], three),
        )?;
        let mut customers = Vec::new();
        for number in NUMBERS {
            customers.push(Customer::calls(&world, round, number).await?);
        }
        // Everybody has a call before anybody has ended one, so that each takes exactly one.
        let calls = tokio::try_join!(
            lin.phone.call(CallPhase::Offered),
            zhou.phone.call(CallPhase::Offered),
            hannah.phone.call(CallPhase::Offered),
        )?;
        tokio::try_join!(
            lin.goes_on(calls.0, &customers),
            zhou.goes_on(calls.1, &customers),
            hannah.goes_on(calls.2, &customers),
        )?;
        for phone in [lin.phone, zhou.phone, hannah.phone] {
            phone.leave().await?;
        }
    }
    Ok(())
}

/// Who calls.
struct Customer {
    number: &'static str,
    id: Uuid,
    says: Nonce,
    hears: Ear,
}

impl Customer {
    async fn calls(world: &World, round: usize, number: &'static str) -> Result<Self> {
        let says = Nonce::draw();
        let name = format!("{number}-{round}");
        let hears = world.place.log(format!("{name}-heard.wav"));
        let id = world
            .administrator
            .call_in(&PracticeCall {
                number,
                display_name: None,
                voice: Some(&voice(&world.place, &name, &says)?),
                record: Some(&hears),
            })
            .await?;
        Ok(Self {
            number,
            id,
            says,
            hears: Ear::file(&hears),
        })
    }
}

/// One agent, one call, one cut.
struct Day<'a> {
    world: &'a World,
    username: &'static str,
    case: Case,
    tap: Arc<Mutex<Tap>>,
    mending: Option<JoinHandle<Result<()>>>,
    phone: Headless,
    says: Nonce,
    hears: Ear,
}

impl<'a> Day<'a> {
    async fn begins(
        world: &'a World,
        round: usize,
        username: &'static str,
        case: Case,
    ) -> Result<Self> {
        let name = format!("{username}-{round}");
        let (says, hears) = (Nonce::draw(), world.place.log(format!("{name}-heard.wav")));
        let audio = voice(&world.place, &name, &says)?;
        let audio = Audio::Wav(&audio, &hears);
        let (place, environment) = (&world.place, &world.environment);
        let mut phone = Headless::start(place, environment, &name, &audio).await?;
        let tap = Tap::before(&world.centre.http).await?;
        phone.take_up_work(&tap.base, username, PASSWORD).await?;
        phone
            .until("a presence that is confirmed", |view| {
                (!view.presence.as_ref()?.unconfirmed).then_some(())
            })
            .await?;
        Ok(Self {
            world,
            username,
            case,
            tap: Arc::new(Mutex::new(tap)),
            mending: None,
            phone,
            says,
            hears: Ear::file(&hears),
        })
    }

    async fn goes_on(&mut self, call: CallView, customers: &[Customer]) -> Result<()> {
        let (username, case) = (self.username, self.case);
        self.steps(call, customers)
            .await
            .with_context(|| format!("{username} with {case:?}"))
    }

    async fn steps(&mut self, call: CallView, customers: &[Customer]) -> Result<()> {
        let number = call.number.as_ref().context("a number")?;
        let customer = customers
            .iter()
            .find(|customer| customer.number == number.as_str())
            .context("one of the customers")?;
        self.is_at(Step::Ringing).await;
        self.is_at(Step::Answer).await;
        self.phone.answer().await?;
        self.world.customer_is(customer.id, "connected").await?;
        self.is_at(Step::Talking).await;
        tokio::try_join!(
            self.hears.hears_again(&customer.says),
            customer.hears.hears_again(&self.says)
        )
        .context("They hear each other")?;
        self.is_at(Step::Hold).await;
        self.phone.set_held(call.leg, true).await?;
        self.phone.set_held(call.leg, false).await?;
        tokio::try_join!(
            self.hears.hears_again(&customer.says),
            customer.hears.hears_again(&self.says)
        )
        .context("They hear each other again")?;
        self.is_at(Step::HangUp).await;
        self.phone
            .command(&Command::HangUp { leg: call.leg })
            .await?;
        self.phone.does(Activity::WrapUp).await?;
        self.world.customer_is(customer.id, "ended").await?;
        let text = self.writes(call.wrap_up).await?;
        self.is_at(Step::Submit).await;
        self.phone
            .command(&Command::Submit {
                wrap_up: call.wrap_up,
            })
            .await?;
        self.is_at(Step::StartAnswering).await;
        self.starts_answering().await?;
        match self.case.1 {
            Length::Second | Length::HalfMinute => {
                self.mending.take().context("a cut")?.await??;
            }
            Length::UntilSignedOut => self.signs_out_and_in().await?,
        }
        self.is_right_again().await?;
        self.arrived_once(&call, &text).await
    }

    /// Cuts the way if this is the step for it; for a while or until it is mended.
    async fn is_at(&mut self, step: Step) {
        let (cut_at, length, how) = self.case;
        if step != cut_at {
            return;
        }
        self.tap.lock().await.cut_by(how).await;
        let seconds = match length {
            Length::Second => 1,
            Length::HalfMinute => 30,
            Length::UntilSignedOut => return,
        };
        let tap = Arc::clone(&self.tap);
        self.mending = Some(tokio::spawn(async move {
            sleep(Duration::from_secs(seconds)).await;
            tap.lock().await.mend().await
        }));
    }

    /// A summary in two pieces, and a ticket.
    async fn writes(&mut self, wrap_up: WrapUpId) -> Result<String> {
        let half = format!("已联系调度 {}", Uuid::new_v4().simple());
        let whole = format!("{half}，明天九点上门");
        self.types(wrap_up, "disposition", "visit_overdue").await?;
        self.types(wrap_up, "summary", &half).await?;
        self.is_at(Step::Typing).await;
        self.types(wrap_up, "summary", &whole).await?;
        self.phone
            .command(&Command::CreateTicket {
                wrap_up,
                ticket: None,
                title: "上门维修".into(),
                text: whole.clone(),
                due_at: None,
            })
            .await?;
        Ok(whole)
    }

    async fn types(&mut self, wrap_up: WrapUpId, field: &str, text: &str) -> Result<()> {
        self.phone
            .command(&Command::EditDraft {
                wrap_up,
                field: FieldId::from(field),
                value: FieldValue::Text(text.into()),
            })
            .await
    }

    async fn starts_answering(&mut self) -> Result<()> {
        self.phone
            .command(&Command::StartAnswering {
                presence: Presence::Ready,
            })
            .await
    }

    /// The centre does not hear of the sign-out. At the next sign-in everything is as it was, and what was filed arrives.
    async fn signs_out_and_in(&mut self) -> Result<()> {
        self.phone
            .until("the form to be in the outbox", |view| {
                view.wrap_ups
                    .iter()
                    .all(|form| matches!(form.saved, SavedState::Waiting { .. }))
                    .then_some(())
            })
            .await?;
        self.phone.command(&Command::SignOut).await?;
        self.phone
            .until("sign-out", |view| {
                (view.session == SessionView::SignedOut { error: None }).then_some(())
            })
            .await?;
        let base = {
            let mut tap = self.tap.lock().await;
            tap.mend().await?;
            tap.base.clone()
        };
        self.phone
            .command(&Command::SignIn {
                centre: base,
                username: self.username.into(),
                password: Secret::new(PASSWORD),
            })
            .await?;
        let activity = self
            .phone
            .until("sign-in", |view| {
                let signed_in = matches!(view.session, SessionView::SignedIn { .. });
                let confirmed = !view.presence.as_ref()?.unconfirmed;
                (signed_in && confirmed).then_some(view.activity)
            })
            .await?;
        match activity {
            Activity::WrapUp => self.starts_answering().await,
            Activity::Free => self.phone.command(&Command::CheckIn).await,
            Activity::Ringing | Activity::Dialling | Activity::Talking | Activity::Consulting => {
                bail!("signed in to {activity:?}")
            }
        }
    }

    /// Presence and activity are confirmed, and the centre has them so.
    async fn is_right_again(&self) -> Result<()> {
        let told = self
            .phone
            .until_within("Ready and free, confirmed", FOUND_OUT, |view| {
                let presence = view.presence.as_ref().filter(|p| !p.unconfirmed)?;
                let state = presence.confirmed;
                let right = state.presence == Presence::Ready
                    && state.reason == PresenceReason::ByHand
                    && presence.wanted == Presence::Ready
                    && view.activity == Activity::Free;
                right.then_some(state)
            })
            .await?;
        let streams = self.tap.lock().await.sent("GET", "/v1/events");
        let token = streams.last().context("a stream")?.header("authorization");
        let token = token.context("a token")?.trim_start_matches("Bearer ");
        let stands = Api::with_token(&self.world.centre.http, token)?
            .stands()
            .await?;
        assert_eq!(stands, (told, Activity::Free));
        Ok(())
    }

    /// One leg on both sides, one ticket, one wrap-up with the whole text, in this order.
    async fn arrived_once(&mut self, call: &CallView, text: &str) -> Result<()> {
        let legs = self.world.legs_of(call.call).await?;
        assert_eq!(legs.len(), 1);
        ensure!(legs[0].leg == call.leg && legs[0].outcome == Some(LegOutcome::Connected));
        ensure!(legs[0].answered_at.is_some());
        let list = self.phone.ask("query", json!({ "kind": "calls" })).await?;
        let rows = list["rows"].as_array().context("rows")?;
        let mine: Vec<_> = rows
            .iter()
            .filter(|row| row["record"]["call"] == json!(call.call))
            .collect();
        ensure!(
            mine.len() == 1 && mine[0]["result"] == "normal",
            "the list has {mine:?}"
        );

        let administrator = &self.world.administrator;
        let wrap_ups = eventually("the wrap-up at the centre", FOUND_OUT, async || {
            let wrap_ups = administrator.wrap_ups_of(call.call).await?;
            ensure!(!wrap_ups.is_empty(), "none yet");
            Ok(wrap_ups)
        })
        .await?;
        let tickets = administrator.tickets_of(call.call).await?;
        assert_eq!((wrap_ups.len(), tickets.len()), (1, 1));
        let summary = wrap_ups[0].body.values.get(&FieldId::from("summary"));
        assert_eq!(summary, Some(&FieldValue::Text(text.into())));
        ensure!(
            tickets[0].received_at <= wrap_ups[0].received_at,
            "the ticket was filed first"
        );
        self.phone
            .until("the form to be at the centre", |view| {
                view.wrap_ups
                    .iter()
                    .all(|form| matches!(form.saved, SavedState::Synced { .. }))
                    .then_some(())
            })
            .await
    }
}
