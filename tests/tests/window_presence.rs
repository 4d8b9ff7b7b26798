//! The voice states in the window: check-in and check-out, Break by hand and by itself, and what the queue does with them.

#![cfg(target_os = "linux")]

use anyhow::{Result, ensure};
use e2e::{
    acceptance::shown,
    call_list::{CallList, Drawer, begins_with},
    desktop::Role,
    display::Display,
    place::eventually,
    window::{Language, Opening, Window},
    work::{
        ANSWER, CALL, DECLINE, DIAL, HANG_UP, PATIENCE, READY, START, TALK_TIME, WRAP_UP, seconds,
        sign_in,
    },
    world::World,
};
use offhook_model::{AgentId, CallId, LegOutcome, LegRecord};

const CUSTOMER: &str = "12800550142";
const SECOND: &str = "12900550167";
const CHECK_IN: &[&str] = &["签入"];

#[tokio::test(flavor = "multi_thread")]
async fn calls_ring_between_check_in_and_check_out_alone() -> Result<()> {
    let world = World::silent("window-check-in", 60).await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let opening = Opening::silent("lin").in_language(Language::Chinese);
    let window = opening.open(&world.place, &display).await?;
    let first = world.customer_calls(CUSTOMER).await?;
    let call = world.waits(first).await?;

    // Not signed in: no key and no button does anything.
    for key in ["F2", "Alt+1", "Ctrl+D"] {
        window.press(key).await?;
    }
    window.find(Role::Button, &["登录"]).await?;
    for names in [CHECK_IN, ANSWER, CALL] {
        window.withholds(Role::Button, names, PATIENCE).await?;
    }
    assert!(!window.text().await?.contains("空闲"));
    assert_eq!(world.legs_so_far(call).await?, []);
    world.customer_is(first, "waiting").await?;
    shown(
        &[1],
        "window: before the sign-in there is neither Answer nor Call nor Check in, and their keys change nothing",
        "centre: the customer waits in the queue and nobody is offered the call",
    )?;

    sign_in(&window, &world.centre.http, "lin").await?;
    window.find(Role::Button, CHECK_IN).await?;
    window.find(Role::Button, &["签出, 不会分配来电"]).await?;
    window.picture_of("checked-out").await?;
    // Dialling is refused, by button and by Enter.
    window.press("Ctrl+D").await?;
    window.focuses(DIAL, PATIENCE).await?;
    window.keys("12000550200").await?;
    window
        .shows(&["签入后才能拨号，请先签入"], PATIENCE)
        .await?;
    window.withholds(Role::Button, CALL, PATIENCE).await?;
    window.press("Enter").await?;
    window.picture_of("dialling-refused").await?;
    window.withholds(Role::Button, ANSWER, PATIENCE).await?;
    world.customer_is(first, "waiting").await?;
    assert_eq!(world.legs_so_far(call).await?, []);
    assert_eq!(world.administrator.practice_calls().await?.len(), 1);
    shown(
        &[10],
        "window: checked out there is no Answer, and a number typed cannot be dialled: not before the check-in, it says",
        "centre: the customer waits without an offer, and no number outside was dialled",
    )?;

    window.click(Role::Button, CHECK_IN).await?;
    window.find(Role::Button, ANSWER).await?;
    window.shows(&["空闲"], PATIENCE).await?;
    let legs = world.legs_end(call, &[None]).await?;
    assert!(legs[0].answered_at.is_none(), "it rings");
    window.picture_of("ringing").await?;
    shown(
        &[8, 9, 14, 16, 40],
        "window: after the sign-in the lamp says Checked out; after Check in it says that a call comes in, in Ready, without another press",
        "centre: the customer who had waited all the time is offered to the agent after the check-in, not before",
    )?;
    window.click(Role::Button, ANSWER).await?;
    window.find(Role::Timer, TALK_TIME).await?;
    world.customer_is(first, "connected").await?;
    shown(
        &[2],
        "window: Answer leads to the running talk time",
        "centre: the customer is connected",
    )?;

    // A check-out during the call waits, is shown, and can be taken back.
    window.press("Alt+0").await?;
    window.shows(&["结束后签出，可撤回"], PATIENCE).await?;
    window.picture_of("check-out-queued").await?;
    window
        .click(Role::Button, &["通话中, 结束后签出，可撤回"])
        .await?;
    window.click(Role::Choice, &["撤回签出"]).await?;
    window.shows(&["结束后进入话后处理"], PATIENCE).await?;
    window.press("Alt+0").await?;
    window.shows(&["结束后签出，可撤回"], PATIENCE).await?;
    window.press("Shift+Escape").await?;
    window
        .find(Role::Button, &["话后处理, 结束后签出，可撤回"])
        .await?;
    let second = world.customer_calls(SECOND).await?;
    let waiting = world.waits(second).await?;
    window.click(Role::Button, START).await?;
    window.find(Role::Button, CHECK_IN).await?;
    window.picture_of("checked-out-again").await?;
    window.withholds(Role::Button, ANSWER, PATIENCE).await?;
    world.customer_is(second, "waiting").await?;
    assert_eq!(world.legs_so_far(waiting).await?, []);
    check_in_to_a_call(&window).await?;
    world.legs_end(waiting, &[None]).await?;
    shown(
        &[11],
        "window: Check out during a call is shown as to come, is taken back, asked for again, and comes when the wrap-up ends; then nothing rings",
        "centre: the next customer waits through wrap-up and check-out without an offer, and is offered after the next check-in",
    )?;
    window.close().await.map(drop)
}

async fn check_in_to_a_call(window: &Window) -> Result<()> {
    window.press("Alt+1").await?;
    window.find(Role::Button, ANSWER).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_call_goes_back_and_a_caller_who_leaves_changes_nothing() -> Result<()> {
    let world = World::silent("window-declined", 60).await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let window = world.desk(&display, "lin", Opening::silent("lin")).await?;

    let leaver = world.customer_calls(SECOND).await?;
    let left = world.waits(leaver).await?;
    window.find(Role::Button, ANSWER).await?;
    world.administrator.hang_up_customer(leaver).await?;
    window
        .shows(&["The customer hung up while it rang"], PATIENCE)
        .await?;
    window.find(Role::Button, READY).await?;
    world
        .legs_end(left, &[Some(LegOutcome::AbandonedWhileRinging)])
        .await?;
    window.click(Role::Button, &["Calls"]).await?;
    begins_with(&window, &["129 0055 0167", "Abandoned"]).await?;
    let list = CallList::read(&window).await?;
    assert_eq!(list.rows(Drawer::Abandoned).len(), 1, "{list:?}");
    assert!(list.rows(Drawer::Abandoned)[0].contains("129 0055 0167"));
    window.picture_of("abandoned").await?;
    shown(
        &[24],
        "window: the ringing stops and it stays Ready, the list holds the call under Abandoned alone",
        "centre: the only leg was abandoned while ringing",
    )?;

    let customer = world.customer_calls(CUSTOMER).await?;
    let call = world.waits(customer).await?;
    window.find(Role::Button, DECLINE).await?;
    window.press("Shift+Escape").await?;
    window
        .find(Role::Button, &["Break, Set after a declined call"])
        .await?;
    window
        .shows(&["The call you declined is back in its queue."], PATIENCE)
        .await?;
    window.withholds(Role::Button, ANSWER, PATIENCE).await?;
    window.picture_of("declined").await?;
    world.customer_is(customer, "waiting").await?;
    world.legs_end(call, &[Some(LegOutcome::Declined)]).await?;
    window.allows(Role::Button, &["Back to Ready"]).await?;
    window.press("F2").await?;
    window.find(Role::Button, ANSWER).await?;
    world
        .legs_end(call, &[Some(LegOutcome::Declined), None])
        .await?;
    shown(
        &[25],
        "window: Decline leads to Break with its reason, one key back to Ready, and the call rings again",
        "centre: the customer waits on; the call has a declined leg and then a new one",
    )?;
    window.click(Role::Button, ANSWER).await?;
    window.find(Role::Button, HANG_UP).await?;
    window.close().await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_rings_out_waits_for_the_next_agent_and_a_break_by_hand_keeps_calls_away()
-> Result<()> {
    const RING_SECONDS: u32 = 12;
    /// With so much left the second agent answers: enough for a busy machine to carry the press.
    const LEFT: i64 = 5;
    let world = World::silent("window-ring-no-answer", RING_SECONDS).await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let (lin, zhou) = tokio::try_join!(
        world.desk(
            &display,
            "lin",
            Opening::silent("lin").in_language(Language::Chinese)
        ),
        world.desk(&display, "zhou", Opening::silent("zhou"))
    )?;
    // The state button.
    zhou.click(Role::Button, READY).await?;
    zhou.picture_of("state-menu").await?;
    zhou.click(Role::Choice, &["Break"]).await?;
    zhou.find(Role::Button, &["Break, No calls are offered"])
        .await?;

    let customer = world.customer_calls(CUSTOMER).await?;
    let call = world.waits(customer).await?;
    lin.find(Role::Button, ANSWER).await?;
    let left = countdown(&lin).await?;
    ensure!((1..=i64::from(RING_SECONDS)).contains(&left), "{left}");
    lin.picture_of("countdown").await?;
    eventually("the countdown to go on", PATIENCE, async || {
        ensure!(countdown(&lin).await? < left, "it stands");
        Ok(())
    })
    .await?;
    lin.find(Role::Button, &["小休, 振铃未接，自动转入"])
        .await?;
    lin.withholds(Role::Button, ANSWER, PATIENCE).await?;
    lin.shows(&["来电振铃到时限没有接，已回到技能组队列。"], PATIENCE)
        .await?;
    lin.picture_of("break-by-itself").await?;
    // Nobody is Ready.
    world.customer_is(customer, "waiting").await?;
    world
        .legs_end(call, &[Some(LegOutcome::RingNoAnswer)])
        .await?;

    zhou.press("Alt+1").await?;
    zhou.find(Role::Button, ANSWER).await?;
    let both = [Some(LegOutcome::RingNoAnswer), None];
    let legs = world.legs_end(call, &both).await?;
    assert_eq!(legs[0].call, legs[1].call);
    lin.withholds(Role::Button, ANSWER, PATIENCE).await?;
    shown(
        &[26],
        "window: the first agent is on Break with no call, also when it rings at the second",
        "centre: with nobody Ready the customer waits and the call has the one leg; the next one comes with the next agent who is Ready",
    )?;
    // Shortly before the end answering still works.
    eventually("the last seconds of the ring", PATIENCE, async || {
        ensure!(countdown(&zhou).await? <= LEFT, "it rings on");
        Ok(())
    })
    .await?;
    zhou.press("F2").await?;
    zhou.find(Role::Timer, TALK_TIME).await?;
    zhou.picture_of("answered-late").await?;
    world.customer_is(customer, "connected").await?;
    let legs = world.legs_end(call, &both).await?;
    assert!(legs[1].answered_at.is_some());
    shown(
        &[21, 22, 23],
        "window: the ring counts down; at its end Answer is gone and the state is Break; the second window rings, and F2 in its last seconds answers",
        "centre: the same call has a leg that was not answered and one that is; the customer is connected",
    )?;

    // Back in one action, then Break by hand: the next call goes to the other agent.
    lin.click(Role::Button, &["回到空闲"]).await?;
    lin.click(Role::Button, READY).await?;
    lin.click(Role::Choice, &["小休"]).await?;
    lin.find(Role::Button, &["小休, 不分配来电"]).await?;
    zhou.press("Shift+Escape").await?;
    zhou.find(Role::Button, WRAP_UP).await?;
    let second = world.customer_calls(SECOND).await?;
    let next = world.waits(second).await?;
    zhou.click(Role::Button, START).await?;
    zhou.find(Role::Button, ANSWER).await?;
    lin.withholds(Role::Button, ANSWER, PATIENCE).await?;
    zhou.click(Role::Button, ANSWER).await?;
    world.customer_is(second, "connected").await?;
    world.legs_end(next, &[None]).await?;
    let agents = agents_of(&world, next).await?;
    let missed = agents_of(&world, call).await?;
    assert_eq!(agents, missed[1..], "the second agent alone");
    shown(
        &[17, 19, 20],
        "window: Break from the state button; the next call rings at the other agent alone",
        "centre: the call's only leg is the other agent's",
    )?;

    // On Break one may dial.
    lin.press("Ctrl+D").await?;
    lin.keys("12000550711").await?;
    lin.press("Enter").await?;
    lin.find(Role::Timer, TALK_TIME).await?;
    lin.picture_of("dialled-on-break").await?;
    let (_, leg) = world.last_with("12000550711").await?;
    assert!(leg.answered_at.is_some());
    shown(
        &[18],
        "window: on Break a number and Enter lead to talking",
        "centre: the call outside has been answered",
    )?;
    lin.press("Shift+Escape").await?;

    lin.find(Role::Button, WRAP_UP).await?;
    zhou.press("Shift+Escape").await?;
    zhou.find(Role::Button, WRAP_UP).await?;

    // Who missed it sees missed, who took it sees normal.
    for window in [&lin, &zhou] {
        // The row is written behind the wrap-up that begins with it.
        window.click(Role::Button, &["Calls", "通话列表"]).await?;
        window.hides(&["Going on", "进行中"], PATIENCE).await?;
    }
    let missed = CallList::read(&lin).await?;
    lin.picture_of("list").await?;
    let taken = CallList::read(&zhou).await?;
    let of_lin = missed.agrees(&world, "lin", Language::Chinese).await?;
    let of_zhou = taken.agrees(&world, "zhou", Language::English).await?;
    let outcome = |legs: &[LegRecord]| {
        let leg = legs.iter().find(|leg| leg.call == call);
        leg.and_then(|leg| leg.outcome)
    };
    assert_eq!(outcome(&of_lin), Some(LegOutcome::RingNoAnswer));
    assert_eq!(outcome(&of_zhou), Some(LegOutcome::Connected));
    shown(
        &[106],
        "window: each filter of both agents' lists holds exactly its own; the same call is missed for the one and normal for the other",
        "centre: the legs of both agents are those of the lists, with these outcomes",
    )?;
    lin.close().await?;
    zhou.close().await.map(drop)
}

async fn agents_of(world: &World, call: CallId) -> Result<Vec<AgentId>> {
    let calls = world.administrator.calls().await?;
    let legs = calls.into_iter().filter(|one| one.call == call);
    Ok(legs
        .flat_map(|one| one.legs)
        .map(|(agent, _)| agent)
        .collect())
}

/// What the countdown of the ring says, in seconds.
async fn countdown(window: &Window) -> Result<i64> {
    let figures = window.all(Role::Timer).await?;
    seconds(figures.first().map_or("", String::as_str))
}
