//! An app that is killed: back in time it is where it was; else the centre checks its agent out, but not in a call and not asleep.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    acceptance::shown,
    api::Api,
    centre::PASSWORD,
    headless::{Audio, Headless},
    place::eventually,
    tap::Tap,
    world::{CUSTOMER, World},
};
use offhook_desk::{CallPhase, Command, LinkView, SavedState, SessionView};
use offhook_model::{
    Activity, Code, FieldId, FieldValue, LegOutcome, Presence, PresenceReason, Secret, WrapUpId,
};
use serde_json::json;
use std::{path::PathBuf, time::Duration};
use uuid::Uuid;

/// Longer than the 15 s between two heartbeats, and long enough for a busy machine to bring an app back.
const GRACE: u32 = 25;
/// For what comes when the grace is over.
const LOST: Duration = Duration::from_secs(GRACE as u64 + 40);
const PATIENCE: Duration = Duration::from_secs(20);
const READY: (Presence, PresenceReason) = (Presence::Ready, PresenceReason::ByHand);
const ASLEEP: (Presence, PresenceReason) = (Presence::Break, PresenceReason::Asleep);
const GONE: (Presence, PresenceReason) = (Presence::CheckedOut, PresenceReason::Lost);

/// One agent's computer: what is on its disk stays when the app is killed.
struct Computer<'a> {
    world: &'a World,
    tap: Tap,
    username: &'static str,
    name: String,
    profile: PathBuf,
    starts: u32,
}

impl<'a> Computer<'a> {
    async fn of(world: &'a World, username: &'static str, name: &str) -> Result<Self> {
        Ok(Self {
            world,
            tap: Tap::before(&world.centre.http).await?,
            username,
            name: name.into(),
            profile: world.place.dir(&format!("profile-{name}"))?,
            starts: 0,
        })
    }

    /// Starts the app and signs in, and no more.
    async fn start(&mut self) -> Result<Headless> {
        self.starts += 1;
        let name = format!("{}-{}", self.name, self.starts);
        let World {
            place, environment, ..
        } = self.world;
        let mut app =
            Headless::on_profile(place, environment, &name, &self.profile, &Audio::Null).await?;
        app.command(&Command::SignIn {
            centre: self.tap.base.clone(),
            username: self.username.into(),
            password: Secret::new(PASSWORD),
        })
        .await?;
        app.until("sign-in, telephone and event stream", |view| {
            let confirmed = view.presence.as_ref().is_some_and(|p| !p.unconfirmed);
            let up = view.links.sip == LinkView::Up && view.links.api == LinkView::Up;
            (confirmed && up).then_some(())
        })
        .await?;
        Ok(app)
    }

    /// Starts the app, signs in and checks in.
    async fn work(&mut self) -> Result<Headless> {
        let mut app = self.start().await?;
        app.command(&Command::CheckIn).await?;
        app.presence(READY.0, READY.1).await?;
        Ok(app)
    }

    /// What the centre has of this agent, asked for in the app's newest session.
    async fn stands(&self) -> Result<((Presence, PresenceReason), Activity)> {
        let (state, activity) = self.session()?.stands().await?;
        Ok(((state.presence, state.reason), activity))
    }

    fn session(&self) -> Result<Api> {
        let beats = self.tap.sent("GET", "/v1/events");
        let token = beats.last().context("a stream")?.header("authorization");
        let token = token.context("a token")?.trim_start_matches("Bearer ");
        Api::with_token(&self.world.centre.http, token)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_gone_is_back_in_time_or_its_agent_is_checked_out() -> Result<()> {
    let mut world = World::silent("grace", 60).await?;
    world
        .centre
        .restart_with_grace(&world.place, &world.environment, GRACE)
        .await?;
    let mut lin = Computer::of(&world, "lin", "lin").await?;

    // Killed while free: back, and Ready without a check-in.
    lin.work().await?.kill()?;
    let app = lin.start().await?;
    app.presence(READY.0, READY.1).await?;
    app.does(Activity::Free).await?;
    assert_eq!(lin.stands().await?, (READY, Activity::Free));
    let app = killed_in_wrap_up(&world, &mut lin, app).await?;

    // The last sign-in wins, and takes the state along.
    let mut other = Computer::of(&world, "lin", "other").await?;
    let second = other.start().await?;
    app.until("that somebody signed in elsewhere", |view| {
        let error = Some(Code::SignedInElsewhere);
        (view.session == SessionView::SignedOut { error }).then_some(())
    })
    .await?;
    second.presence(READY.0, READY.1).await?;
    app.leave().await?;
    assert_eq!(
        other.stands().await?,
        (READY, Activity::Free),
        "nobody checked out"
    );

    gone_for_good(&world, &mut other, second).await?;
    shown(
        &[12],
        "phone: killed and started in time it is Ready again without a check-in, or in its wrap-up with all that was typed; \
         signed in elsewhere it says so",
        "centre: killed for good an agent is checked out after the grace, as lost; one in a call not before it ends; one whose \
         computer said it would sleep stays on Break, asleep",
    )
}

/// Killed in the wrap-up of a call: back in it, with the text, which reaches the centre once.
async fn killed_in_wrap_up(
    world: &World,
    lin: &mut Computer<'_>,
    mut app: Headless,
) -> Result<Headless> {
    let customer = world.customer_calls(CUSTOMER).await?;
    let call = app.answer().await?;
    world.administrator.hang_up_customer(customer).await?;
    app.does(Activity::WrapUp).await?;
    let text = format!("换了滤芯 {}", Uuid::new_v4().simple());
    write(&mut app, call.wrap_up, &text).await?;
    app.until("what was typed to be on the disk", |view| {
        let form = view.wrap_ups.iter().find(|form| form.id == call.wrap_up)?;
        matches!(form.saved, SavedState::Saved { .. }).then_some(())
    })
    .await?;
    app.kill()?;

    let mut app = lin.start().await?;
    app.does(Activity::WrapUp).await?;
    app.presence(READY.0, READY.1).await?;
    assert_eq!(lin.stands().await?, (READY, Activity::WrapUp));
    let form = json!({ "kind": "draft", "wrap_up": call.wrap_up });
    let draft = app.ask("query", form).await?;
    ensure!(
        draft["draft"]["values"]["summary"] == json!(text),
        "the form came back as {draft}"
    );
    app.command(&Command::SubmitAndStartAnswering {
        wrap_up: call.wrap_up,
        presence: Presence::Ready,
    })
    .await?;
    app.does(Activity::Free).await?;
    let rows = eventually("the wrap-up at the centre", PATIENCE, async || {
        let rows = world.administrator.wrap_ups_of(call.call).await?;
        ensure!(!rows.is_empty(), "none yet");
        Ok(rows)
    })
    .await?;
    assert_eq!(rows.len(), 1);
    let summary = rows[0].body.values.get(&FieldId::from("summary"));
    assert_eq!(summary, Some(&FieldValue::Text(text)));
    Ok(app)
}

async fn write(app: &mut Headless, wrap_up: WrapUpId, text: &str) -> Result<()> {
    for (field, value) in [("disposition", "visit_overdue"), ("summary", text)] {
        app.command(&Command::EditDraft {
            wrap_up,
            field: FieldId::from(field),
            value: FieldValue::Text(value.into()),
        })
        .await?;
    }
    Ok(())
}

/// Three computers are lost, and only one agent is checked out at the end of the grace.
async fn gone_for_good(world: &World, lin: &mut Computer<'_>, mut app: Headless) -> Result<()> {
    let customer = world.customer_calls(CUSTOMER).await?;
    let call = app.answer().await?;
    world.customer_is(customer, "connected").await?;
    app.kill()?;

    let mut zhou = Computer::of(world, "zhou", "zhou").await?;
    let app = zhou.work().await?;
    let notice = json!({ "presence": "break", "asleep": true });
    zhou.session()?
        .ask(
            reqwest::Method::PUT,
            "/v1/presence",
            Some(Uuid::new_v4()),
            Some(&notice),
        )
        .await?
        .take::<serde_json::Value>()?;
    app.presence(ASLEEP.0, ASLEEP.1).await?;
    app.kill()?;

    // Heard after the last of the others: when this one is lost, their time is over, too.
    let mut hannah = Computer::of(world, "hannah", "hannah").await?;
    hannah.work().await?.kill()?;
    assert_eq!(hannah.stands().await?, (READY, Activity::Free));
    let is_lost = async |computer: &Computer<'_>| {
        eventually("the check-out of who is lost", LOST, async || {
            let stands = computer.stands().await?;
            ensure!(stands == (GONE, Activity::Free), "{stands:?}");
            Ok(())
        })
        .await
    };
    is_lost(&hannah).await?;
    assert_eq!(lin.stands().await?, (READY, Activity::Talking));
    assert_eq!(zhou.stands().await?, (ASLEEP, Activity::Free));
    world.customer_is(customer, "connected").await?;
    world.administrator.hang_up_customer(customer).await?;
    is_lost(lin).await?;
    let outcomes = world.outcomes_of(call.call).await?;
    assert_eq!(outcomes, [LegOutcome::Connected]);

    // Too late: checked out, and one check-in away from the next call. Awake: still on Break.
    let mut app = hannah.start().await?;
    app.presence(Presence::CheckedOut, PresenceReason::SignedIn)
        .await?;
    let asleep = zhou.start().await?;
    asleep.presence(ASLEEP.0, ASLEEP.1).await?;
    app.command(&Command::CheckIn).await?;
    world.customer_calls(CUSTOMER).await?;
    app.call(CallPhase::Offered).await.map(drop)
}
