//! The instruments of the stories are themselves put to the test: what they say must be true without the product.

#![cfg(target_os = "linux")]

use anyhow::Result;
use e2e::{
    bus::Bus,
    display::Display,
    environment::Environment,
    nonce::{MUTED_DBFS, Nonce, loudest_dbfs},
    place::Place,
    process::Program,
    prompt,
    pulse::Pulse,
    sound::Sound,
};
use std::time::Duration;

/// What is played into a party's speaker by a program of the system is found in its monitor, with its level; the other
/// party's speaker stays silent.
#[tokio::test(flavor = "multi_thread")]
async fn a_private_sound_server_carries_a_nonce() -> Result<()> {
    let place = Place::new("instruments-sound")?;
    let environment = Environment::private(&place)?;
    let pulse = Pulse::start(&place, &environment, &["agent", "customer"]).await?;
    let nonce = Nonce::draw();
    let wav = place.log("nonce.wav");
    nonce.sound().write(&wav)?;
    let (agent, customer) = (
        pulse.record(&place, "agent").await?,
        pulse.record(&place, "customer").await?,
    );
    Program::new("play", "paplay", &place, pulse.environment())
        .arg("--device=agent_spk")
        .arg(&wav)
        .start()?
        .success(Duration::from_secs(20))
        .await?;
    let heard = nonce.listen(&agent.sound())?;
    assert!(heard.is_enough() && heard.longest_gap_ms <= 20, "{heard:?}");
    let other = customer.sound();
    assert!(nonce.listen(&other)?.found < 0.1);
    assert!(loudest_dbfs(&other)? < MUTED_DBFS);
    Ok(())
}

/// A notification that any program asks for is seen with its words, and shown on the screen.
#[tokio::test(flavor = "multi_thread")]
async fn the_witness_sees_a_notification() -> Result<()> {
    let place = Place::new("instruments-bus")?;
    let environment = Environment::private(&place)?;
    let display = Display::start(&place, &environment).await?;
    let bus = Bus::start(&place, display.environment()).await?;
    display.picture(&place, &place.log("before.png")).await?;
    let _asking = Program::new("dunstify", "dunstify", &place, bus.environment())
        .args([
            "--appname=story",
            "--action=default,Answer",
            "--timeout=20000",
        ])
        .args(["12800550142", "Li Lei"])
        .start()?;
    let seen = bus
        .notification("12800550142", Duration::from_secs(10))
        .await?;
    assert_eq!(seen.program, "story");
    assert_eq!(seen.body, "Li Lei");
    assert_eq!(seen.actions, ["Answer"]);
    Ok(())
}

/// The prompt is heard with its level as it is, behind a telephone line (8 kHz, µ-law), a wide one (7 kHz, 14 bits), and with
/// a coder's noise around it; at any place of a recording, and as often as it came.
#[test]
fn the_hold_prompt_is_heard_through_every_codec() -> Result<()> {
    let clean = prompt::sound(48_000, 3);
    let at_16 = prompt::sound(16_000, 3);
    let rounds = [
        ("as it is", clean.clone()),
        ("PCMU", mu_law(&clean.at_8_khz()?)),
        ("G.722", fourteen_bits(&at_16)),
        ("Opus", noisy(&clean, 0.08)),
        (
            "cut",
            clean.window(Duration::from_millis(700), Duration::MAX),
        ),
    ];
    for (what, sound) in rounds {
        let turns = prompt::turns(&sound)?;
        assert_eq!(
            turns.len(),
            if what == "cut" { 2 } else { 3 },
            "{what}: {turns:?}"
        );
        for turn in turns {
            assert!((turn.dbfs + 20.0).abs() < 1.0, "{what}: {turn:?}");
            let silence = sound.window(turn.silence.start, turn.silence.end);
            assert!(silence.length() >= Duration::from_millis(950), "{what}");
            assert!(loudest_dbfs(&silence)? < -45.0, "{what}");
        }
    }
    Ok(())
}

#[test]
fn the_hold_prompt_is_not_heard_in_anything_else() -> Result<()> {
    let burst = |hertz: &[f32], on: f64, off: f64| {
        tone(hertz, on, 0.2)
            .then(&Sound::silence(48_000, Duration::from_secs_f64(off)))
            .times(6)
    };
    let half = prompt::sound(48_000, 1).window(Duration::ZERO, Duration::from_millis(400));
    let pause = Sound::silence(48_000, Duration::from_millis(1200));
    let others = [
        ("silence", Sound::silence(48_000, Duration::from_secs(10))),
        ("a nonce", Nonce::draw().repeated(Duration::from_secs(12))),
        ("ringback", burst(&[450.0], 1.0, 4.0)),
        ("ringback in America", burst(&[440.0, 480.0], 2.0, 4.0)),
        ("busy", burst(&[450.0], 0.35, 0.35)),
        ("the queue tone", burst(&[880.0], 0.4, 0.4)),
        ("one note of it", half.then(&pause).times(5)),
        ("its first note for good", tone(&[392.0], 10.0, 0.14)),
        ("both notes at once", burst(&[392.0, 523.0], 0.8, 1.2)),
        ("both notes without a pause", {
            let notes = prompt::sound(48_000, 1).window(Duration::ZERO, Duration::from_millis(800));
            notes.times(10)
        }),
        ("notes beside it", {
            let low = tone(&[440.0], 0.4, 0.14).then(&tone(&[587.0], 0.4, 0.14));
            low.then(&pause).times(5)
        }),
        (
            "noise",
            noisy(&Sound::silence(48_000, Duration::from_secs(10)), 0.5),
        ),
        ("far too quiet", scaled(&prompt::sound(48_000, 4), 0.05)),
        ("speech", speech()?),
    ];
    for (what, sound) in others {
        let turns = prompt::turns(&sound)?;
        assert!(turns.is_empty(), "{what}: {turns:?}");
    }
    // Nor is it, when somebody speaks over it.
    let held = prompt::sound(48_000, 4);
    let voice = Nonce::draw().repeated(held.length());
    let both = Sound {
        rate: held.rate,
        samples: held
            .samples
            .iter()
            .zip(&voice.samples)
            .map(|(a, b)| a + b)
            .collect(),
    };
    assert!(prompt::turns(&both)?.is_empty());
    Ok(())
}

fn tone(hertz: &[f32], seconds: f64, level: f32) -> Sound {
    let samples = (0..(seconds * 48_000.0) as usize)
        .map(|n| {
            let angle = n as f32 * std::f32::consts::TAU / 48_000.0;
            hertz.iter().map(|hertz| (angle * hertz).sin()).sum::<f32>() * level
        })
        .collect();
    Sound {
        rate: 48_000,
        samples,
    }
}

fn each(sound: &Sound, change: impl FnMut(f32) -> f32) -> Sound {
    Sound {
        rate: sound.rate,
        samples: sound.samples.iter().copied().map(change).collect(),
    }
}

fn scaled(sound: &Sound, by: f32) -> Sound {
    each(sound, |sample| sample * by)
}

fn mu_law(sound: &Sound) -> Sound {
    each(sound, |sample| {
        let squeezed = (1.0 + 255.0 * sample.abs()).ln() / 256f32.ln();
        let coded = (squeezed * 127.0).round() / 127.0;
        (256f32.powf(coded) - 1.0) / 255.0 * sample.signum()
    })
}

fn fourteen_bits(sound: &Sound) -> Sound {
    each(sound, |sample| (sample * 8192.0).round() / 8192.0)
}

/// Noise that follows the sound, as a coder's does, over a floor that is always there.
fn noisy(sound: &Sound, level: f32) -> Sound {
    let mut random = offhook_model::Random::seeded(11);
    let mut draw = move || (random.below(1 << 24) as f32 / (1u64 << 23) as f32) - 1.0;
    let silent = sound.samples.iter().all(|sample| *sample == 0.0);
    each(sound, move |sample| {
        let around = if silent {
            level
        } else {
            level * sample.abs() + 0.0005
        };
        sample + draw() * around
    })
}

fn speech() -> Result<Sound> {
    let place = Place::new("instruments-speech")?;
    let path = place.log("speech.wav");
    let spoken = std::process::Command::new("espeak-ng")
        .args(["-v", "en", "-w"])
        .arg(&path)
        .arg("One, seven, three. Please hold the line. The quick brown fox waits for an answer to its order.")
        .status()
        .expect("espeak-ng is installed (Debian package espeak-ng)");
    assert!(spoken.success());
    // espeak-ng speaks at 22050 Hz; read as if at 24 kHz it is speech all the same, a little faster.
    let mut speech = Sound::read(&path)?;
    speech.rate = 24_000;
    Ok(speech.times(3))
}
