//! A recorded call in the window: played, sought in, sped up, paused by the next call, and kept from who may not listen.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    acceptance::shown,
    api::{Api, PracticeCall},
    call_list::begins_with,
    centre::PASSWORD,
    desktop::Role,
    display::Display,
    place::eventually,
    pulse::Recorder,
    sound::Sound,
    tone,
    window::{Opening, Window},
    work::{ANSWER, PATIENCE, START, TALK_TIME, WRAP_UP, seconds},
    world::World,
};
use offhook_model::{CallId, LegId, LegOutcome, LegRecord};
use std::time::Duration;

const NUMBER: &str = "12800550142";
/// What the customer says first and later, and what the agent says all the time, in Hz.
const FIRST: f32 = 620.0;
const LATER: f32 = 1_240.0;
const AGENT: f32 = 900.0;
/// When the customer's tone changes, and how long both talk at least.
const CHANGE: Duration = Duration::from_secs(8);
const TALK: Duration = Duration::from_secs(14);
/// How much of the speaker is listened to at a time.
const WHILE: Duration = Duration::from_millis(1_500);
/// Heard or not, in dBFS of a tone that was said at -23.
const HEARD: f64 = -35.0;
const NOT_HEARD: f64 = -50.0;
const PLAY: &[&str] = &["Play"];
const PAUSE: &[&str] = &["Pause"];
const PLACE: &[&str] = &["Position"];

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_plays_on_the_speaker_alone_and_a_call_pauses_it() -> Result<()> {
    let world = World::sounding("window-recordings", &["lin"]).await?;
    let pulse = world.pulse()?;
    let display = Display::start(&world.place, &world.environment).await?;
    let opening = Opening::silent("lin").with_devices(pulse, "lin");
    let window = world.desk(&display, "lin", opening).await?;
    let speaker = pulse.record(&world.place, "lin").await?;

    let voice = world.place.log("customer-says.wav");
    tone::sound(FIRST, CHANGE)
        .then(&tone::sound(LATER, Duration::from_secs(30)))
        .write(&voice)?;
    let agents = world.place.log("agent-says.wav");
    tone::sound(AGENT, Duration::from_secs(60)).write(&agents)?;
    let speaking = pulse.speak(&world.place, "lin", &agents)?;
    let customer = calls(&world, &voice, None).await?;
    let call = world.waits(customer).await?;
    window.click(Role::Button, ANSWER).await?;
    window.find(Role::Timer, TALK_TIME).await?;
    let began = speaker.position();
    goes_on(&speaker, began + TALK).await?;
    window.press("Shift+Escape").await?;
    window.find(Role::Button, WRAP_UP).await?;
    drop(speaking);

    let leg = recorded(&world, call).await?;
    let talk = leg
        .ended_at
        .context("over")?
        .since(leg.answered_at.context("answered")?);
    let wav = both_sides(&world, leg.leg, talk).await?;
    let millis = leg.recording.context("recorded")?.millis;
    ensure!(
        Duration::from_millis(millis).abs_diff(talk) < Duration::from_millis(200),
        "{millis} ms of {talk:?}"
    );
    ensure!(
        Sound::channel(&wav, 0)?
            .length()
            .as_millis()
            .abs_diff(millis.into())
            <= 1
    );

    // Played from its beginning: both are heard, and what the customer says later is not yet.
    window.click(Role::Button, START).await?;
    details(&window).await?;
    window.picture_of("details").await?;
    window.click(Role::Button, PLAY).await?;
    window.find(Role::Button, PAUSE).await?;
    until_at(&window, 1).await?;
    hears(&speaker, FIRST, LATER).await?;
    window.picture_of("playing").await?;

    // Sought by keyboard: the later part, and back.
    window.press("Tab").await?;
    window.focuses(PLACE, PATIENCE).await?;
    window.press("Home").await?;
    window.press("Right").await?;
    window.press("Right").await?;
    until_at(&window, 10).await?;
    hears(&speaker, LATER, FIRST).await?;
    window.press("Home").await?;
    hears(&speaker, FIRST, LATER).await?;

    // Twice as fast it ends sooner than they talked; then from its beginning again.
    window.press("Home").await?;
    let from = speaker.position();
    window.click(Role::Radio, &["2×"]).await?;
    window.find(Role::Button, PLAY).await?;
    let took = speaker.position() - from;
    ensure!(took < talk * 3 / 4, "{talk:?} of it took {took:?}");
    window.click(Role::Radio, &["1×"]).await?;
    window.click(Role::Button, PLAY).await?;
    window.find(Role::Button, PAUSE).await?;
    hears(&speaker, FIRST, LATER).await?;

    // The next customer rings: it pauses at once, and nothing of it goes into that call.
    let silence = world.place.log("next-says.wav");
    Sound::silence(48_000, Duration::from_secs(30)).write(&silence)?;
    let heard = world.place.log("next-heard.wav");
    let next = calls(&world, &silence, Some(&heard)).await?;
    let call = world.waits(next).await?;
    window.click(Role::Button, ANSWER).await?;
    window.find(Role::Timer, TALK_TIME).await?;
    let from = speaker.position();
    goes_on(&speaker, from + Duration::from_secs(5)).await?;
    let in_call = speaker
        .sound()
        .window(from + Duration::from_secs(1), speaker.position());
    for hertz in [FIRST, LATER, AGENT] {
        let level = tone::level(&in_call, hertz)?;
        ensure!(level < NOT_HEARD, "{hertz} Hz in the call: {level:.0}");
    }
    window.click(Role::Button, &["Calls"]).await?;
    window.picture_of("in-call").await?;
    window.withholds(Role::Button, PLAY, PATIENCE).await?;
    window.shows(&["Not during a call"], PATIENCE).await?;
    window.press("Shift+Escape").await?;
    window.find(Role::Button, WRAP_UP).await?;
    world.legs_end(call, &[Some(LegOutcome::Connected)]).await?;
    world.customer_is(next, "ended").await?;
    let heard = Sound::read(&heard)?;
    ensure!(
        heard.length() > Duration::from_secs(4),
        "{:?}",
        heard.length()
    );
    for hertz in [FIRST, LATER, AGENT] {
        let level = tone::level(&heard, hertz)?;
        ensure!(
            level < NOT_HEARD,
            "the customer hears {hertz} Hz: {level:.0}"
        );
    }

    // It does not go on by itself, and does when asked.
    window.click(Role::Button, START).await?;
    let from = speaker.position();
    goes_on(&speaker, from + Duration::from_secs(2)).await?;
    let after = speaker.sound().window(from, speaker.position());
    ensure!(tone::level(&after, FIRST)? < NOT_HEARD && tone::level(&after, AGENT)? < NOT_HEARD);
    window.click(Role::Button, &["Calls"]).await?;
    window.shows(&["Paused by a call"], PATIENCE).await?;
    window.picture_of("paused").await?;
    window.click(Role::Button, PLAY).await?;
    window.find(Role::Button, PAUSE).await?;
    let from = speaker.position();
    goes_on(&speaker, from + WHILE).await?;
    let after = speaker.sound().window(from, speaker.position());
    ensure!(tone::level(&after, AGENT)? > HEARD, "it does not go on");
    shown(
        &[110],
        "window: Play lets both tones be heard at the speaker, the keys and 2x move the place and what is heard, the next call pauses it and Play is refused while it goes on, and it goes on when asked alone",
        "centre: the recording has the customer's tone left and the agent's right alone, as long as they talked; the next customer's own recording holds nothing of it",
    )?;
    window.close().await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_listen_sees_why_and_is_refused() -> Result<()> {
    let world = World::silent("window-recordings-right", 60).await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let window = world
        .desk(&display, "hannah", Opening::silent("hannah"))
        .await?;
    let customer = world.customer_calls(NUMBER).await?;
    let call = world.waits(customer).await?;
    window.click(Role::Button, ANSWER).await?;
    window.find(Role::Timer, TALK_TIME).await?;
    window.press("Shift+Escape").await?;
    window.find(Role::Button, WRAP_UP).await?;
    let leg = recorded(&world, call).await?.leg;
    window.click(Role::Button, START).await?;
    details(&window).await?;
    window.withholds(Role::Button, PLAY, PATIENCE).await?;
    window
        .shows(&["You have no right to hear recordings"], PATIENCE)
        .await?;
    window.picture_of("not-allowed").await?;
    window.close().await?;

    // Hannah's own without the right, and others' with it; whether there is such a leg makes no difference.
    let nobodys: LegId = "019a0000-0000-7000-8000-0000000000ff".parse()?;
    for (agent, leg) in [
        ("hannah", leg),
        ("zhou", leg),
        ("lin", leg),
        ("lin", nobodys),
    ] {
        let agent = Api::sign_in(&world.centre.http, agent, PASSWORD).await?;
        for bytes in [None, Some("0-99")] {
            let (status, body) = agent.recording(leg, bytes).await?;
            ensure!(status == 403 && !body.starts_with(b"RIFF"), "{status}");
        }
    }
    ensure!(world.administrator.recording(leg, None).await?.0 == 200);
    shown(
        &[110],
        "window: an agent without the right sees Play disabled, with the reason",
        "centre: refuses her own recording to her and to her colleagues, with the same answer as for a call that never was; the administrator gets it",
    )
}

/// Has a customer call who says a file.
async fn calls(
    world: &World,
    voice: &std::path::Path,
    record: Option<&std::path::Path>,
) -> Result<uuid::Uuid> {
    let call = PracticeCall {
        number: NUMBER,
        display_name: None,
        voice: Some(voice),
        record,
    };
    world.administrator.call_in(&call).await
}

/// Waits until the one leg of a call is over and its recording complete.
async fn recorded(world: &World, call: CallId) -> Result<LegRecord> {
    eventually("the recording", PATIENCE, async || {
        let legs = world.legs_so_far(call).await?;
        let [leg] = legs.as_slice() else {
            anyhow::bail!("one leg: {legs:?}");
        };
        ensure!(leg.ended_at.is_some() && leg.recording.is_some(), "{leg:?}");
        Ok(leg.clone())
    })
    .await
}

/// Fetches a recording and holds both channels against what was said.
async fn both_sides(world: &World, leg: LegId, talk: Duration) -> Result<Vec<u8>> {
    let (status, wav) = world.administrator.recording(leg, None).await?;
    ensure!(status == 200, "{status}");
    let (status, part) = world.administrator.recording(leg, Some("0-99")).await?;
    ensure!(status == 206 && part == wav[..100], "{status}");
    let (customer, agent) = (Sound::channel(&wav, 0)?, Sound::channel(&wav, 1)?);
    let enough = talk - Duration::from_secs(2);
    let said = tone::length(&customer, FIRST)? + tone::length(&customer, LATER)?;
    ensure!(said > enough, "the customer for {said:?} of {talk:?}");
    let said = tone::length(&agent, AGENT)?;
    ensure!(said > enough, "the agent for {said:?} of {talk:?}");
    for (channel, hertz) in [(&customer, AGENT), (&agent, FIRST), (&agent, LATER)] {
        let level = tone::level(channel, hertz)?;
        ensure!(level < -60.0, "{hertz} Hz in the other channel: {level:.0}");
    }
    Ok(wav)
}

/// Opens the details of the newest call.
async fn details(window: &Window) -> Result<()> {
    window.click(Role::Button, &["Calls"]).await?;
    begins_with(window, &["陈雨桐", "Connected"]).await?;
    window.click(Role::Radio, &["All"]).await?;
    window.press("Tab").await?;
    window.press("Enter").await?;
    window.find(Role::Region, &["Call details"]).await.map(drop)
}

/// Where the playback stands, in seconds.
async fn place(window: &Window) -> Result<i64> {
    let text = window.text().await?;
    let (place, _) = text
        .lines()
        .find_map(|line| line.trim().split_once(" / "))
        .context("no place")?;
    seconds(place)
}

async fn until_at(window: &Window, second: i64) -> Result<()> {
    eventually("the place", PATIENCE, async || {
        let at = place(window).await?;
        ensure!(at >= second, "it is at {at}");
        Ok(())
    })
    .await
}

async fn goes_on(speaker: &Recorder, until: Duration) -> Result<()> {
    eventually("the speaker's recording", PATIENCE, async || {
        let at = speaker.position();
        ensure!(at >= until, "it is at {at:?}");
        Ok(())
    })
    .await
}

/// Listens for a while: the agent's tone and this one of the customer's are heard, and not the other.
async fn hears(speaker: &Recorder, said: f32, other: f32) -> Result<()> {
    let from = speaker.position() + Duration::from_millis(700);
    goes_on(speaker, from + WHILE).await?;
    let sound = speaker.sound().window(from, from + WHILE);
    for hertz in [said, AGENT] {
        let level = tone::level(&sound, hertz)?;
        ensure!(level > HEARD, "{hertz} Hz is not heard: {level:.0} dBFS");
    }
    let level = tone::level(&sound, other)?;
    ensure!(level < NOT_HEARD, "{other} Hz is heard: {level:.0} dBFS");
    Ok(())
}
