use super::*;
use std::process::Command;

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn tone(hertz: &[f32], length: f64, level: f32) -> Sound {
    Sound {
        rate: RATE,
        samples: (0..(length * f64::from(RATE)) as usize)
            .map(|n| {
                let time = n as f32 / RATE as f32;
                hertz
                    .iter()
                    .map(|hertz| (time * hertz * std::f32::consts::TAU).sin())
                    .sum::<f32>()
                    * level
            })
            .collect(),
    }
}

/// A recording as a telephone line gives it: 8 kHz, µ-law, noise, and quieter.
fn line(sound: &Sound, noise: f32) -> Result<Sound> {
    let mut random = Random::seeded(7);
    let mut low = sound.at_8_khz()?;
    for sample in &mut low.samples {
        let uniform = (random.draw() >> 40) as f32 / (1u64 << 24) as f32 - 0.5;
        let noisy = (*sample * 0.5 + uniform * noise).clamp(-1.0, 1.0);
        let squeezed = (1.0 + 255.0 * noisy.abs()).ln() / 256f32.ln();
        let coded = (squeezed * 127.0).round() / 127.0;
        *sample = (256f32.powf(coded) - 1.0) / 255.0 * noisy.signum();
    }
    Ok(low)
}

fn padded(sound: &Sound) -> Sound {
    let quiet = Sound::silence(sound.rate, seconds(1.3));
    quiet.clone().then(sound).then(&quiet)
}

#[test]
fn a_nonce_is_drawn_anew_each_time_and_no_neighbours_are_equal() -> Result<()> {
    let (a, b) = (Nonce::draw(), Nonce::draw());
    assert_ne!(a, b);
    assert!(a.tones.windows(2).all(|pair| pair[0] != pair[1]));
    assert_eq!(a.length(), seconds(4.8));
    Ok(())
}

#[test]
fn it_is_found_whole_in_itself() -> Result<()> {
    for seed in 0..20 {
        let nonce = Nonce::seeded(seed);
        let heard = nonce.listen(&padded(&nonce.sound()))?;
        assert!(heard.found > 0.99, "{heard:?}");
        assert!(heard.longest_gap_ms <= 10, "{heard:?}");
        assert!((heard.dbfs + 12.2).abs() < 1.0, "{heard:?}");
        assert!((heard.begin.as_secs_f64() - 1.3).abs() < 0.02, "{heard:?}");
        assert!((heard.end.as_secs_f64() - 6.1).abs() < 0.02, "{heard:?}");
    }
    Ok(())
}

#[test]
fn it_is_found_behind_a_telephone_line_with_noise() -> Result<()> {
    let nonce = Nonce::draw();
    let heard = nonce.listen(&line(&padded(&nonce.sound()), 0.1)?)?;
    assert!(heard.found > 0.97, "{heard:?}");
    assert!((heard.dbfs + 18.2).abs() < 1.5, "{heard:?}");
    Ok(())
}

#[test]
fn it_is_found_among_its_own_repetitions() -> Result<()> {
    let nonce = Nonce::draw();
    let loop_of_it = nonce.repeated(seconds(20.0));
    let cut = loop_of_it.window(seconds(2.0), seconds(15.0));
    assert!(nonce.listen(&cut)?.is_enough());
    Ok(())
}

#[test]
fn a_hole_is_told_as_long_as_it_is() -> Result<()> {
    let nonce = Nonce::draw();
    for hole_ms in [40usize, 100, 200] {
        let mut sound = padded(&nonce.sound());
        let begin = RATE as usize * 3;
        for sample in &mut sound.samples[begin..begin + hole_ms * RATE as usize / 1000] {
            *sample = 0.0;
        }
        let heard = nonce.listen(&line(&sound, 0.0)?)?;
        assert!(heard.is_enough(), "{heard:?}");
        assert!(
            heard.longest_gap_ms.abs_diff(hole_ms as u64) <= 15,
            "{hole_ms} ms: {heard:?}"
        );
    }
    Ok(())
}

#[test]
fn a_pause_put_in_between_is_bridged_and_told() -> Result<()> {
    let nonce = Nonce::draw();
    let sound = nonce.sound();
    let split = sound
        .window(Duration::ZERO, seconds(2.0))
        .then(&Sound::silence(RATE, seconds(0.15)))
        .then(&sound.window(seconds(2.0), seconds(4.8)));
    let heard = nonce.listen(&padded(&split))?;
    assert!(heard.is_enough(), "{heard:?}");
    assert!(heard.longest_gap_ms.abs_diff(150) <= 15, "{heard:?}");
    Ok(())
}

#[test]
fn a_tenth_missing_is_not_enough() -> Result<()> {
    let nonce = Nonce::draw();
    let mut sound = nonce.sound();
    let tenth = sound.samples.len() / 10;
    sound.samples[tenth..2 * tenth].fill(0.0);
    let heard = nonce.listen(&padded(&sound))?;
    assert!(!heard.is_enough(), "{heard:?}");
    assert!((heard.found - 0.9).abs() < 0.02, "{heard:?}");
    Ok(())
}

#[test]
fn the_right_tones_in_another_order_are_not_it() -> Result<()> {
    let nonce = Nonce::draw();
    let mut backwards = nonce.clone();
    backwards.tones.reverse();
    let heard = nonce.listen(&padded(&backwards.sound()))?;
    assert!(heard.found < 0.6, "{heard:?}");
    Ok(())
}

#[test]
fn another_nonce_is_not_it() -> Result<()> {
    for seed in 0..12 {
        let heard = Nonce::draw().listen(&padded(&Nonce::seeded(seed).repeated(seconds(10.0))))?;
        assert!(heard.found < 0.6, "{heard:?}");
    }
    Ok(())
}

#[test]
fn silence_a_ringtone_and_the_queue_tone_are_not_it() -> Result<()> {
    let nonce = Nonce::draw();
    let silence = Sound::silence(RATE, seconds(10.0));
    let burst = |hertz: &[f32], on, off| {
        tone(hertz, on, 0.2)
            .then(&Sound::silence(RATE, seconds(off)))
            .times(4)
    };
    let telephone = [
        burst(&[425.0], 1.0, 4.0),
        burst(&[440.0, 480.0], 2.0, 4.0),
        burst(&[400.0, 450.0], 0.4, 0.2),
        burst(&[880.0], 0.4, 0.4),
        burst(&[1050.0, 1330.0], 0.05, 0.05),
        tone(&[650.0], 10.0, 0.3),
        tone(&[660.0, 880.0, 1320.0], 10.0, 0.1),
    ];
    assert_eq!(nonce.listen(&silence)?.found, 0.0);
    assert!(loudest_dbfs(&silence)? < MUTED_DBFS);
    for sound in &telephone {
        let heard = nonce.listen(sound)?;
        assert!(heard.found < 0.6, "{heard:?}");
    }
    Ok(())
}

#[test]
fn noise_is_not_it() -> Result<()> {
    let nonce = Nonce::draw();
    let noise = line(&Sound::silence(RATE, seconds(20.0)), 0.8)?;
    assert!(nonce.listen(&noise)?.found < 0.3);
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn speech_is_not_it() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("speech.wav");
    let spoken = Command::new("espeak-ng")
        .args(["-v", "en", "-w"])
        .arg(&path)
        .arg("One, seven, three. The quick brown fox calls the queue about its order and waits for an answer.")
        .status()
        .expect("espeak-ng is installed (Debian package espeak-ng)");
    assert!(spoken.success());
    // espeak-ng speaks at 22050 Hz; read as if at 24 kHz it is speech all the same, a little faster.
    let mut speech = Sound::read(&path)?;
    speech.rate = 24_000;
    let heard = Nonce::draw().listen(&speech)?;
    assert!(heard.found < 0.5, "{heard:?}");
    Ok(())
}

#[test]
fn what_is_left_of_a_muted_nonce_is_measured_where_it_is_loudest() -> Result<()> {
    let nonce = Nonce::draw();
    let mut sound = padded(&nonce.sound());
    let full = loudest_dbfs(&sound)?;
    assert!((full + 12.2).abs() < 1.5, "{full}");
    for sample in &mut sound.samples {
        *sample *= 0.001;
    }
    let left = loudest_dbfs(&sound)?;
    assert!((left + 72.2).abs() < 1.5, "{left}");
    assert_eq!(nonce.listen(&sound)?.found, 0.0);
    // One symbol that slips through is not averaged away.
    sound.samples[96_000..96_000 + 5760].copy_from_slice(&tone(&[970.0], 0.12, 0.01).samples);
    assert!(loudest_dbfs(&sound)? > MUTED_DBFS);
    Ok(())
}
