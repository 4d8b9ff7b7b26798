//! The app in a window of its own: profile, home folder, session bus with a notification daemon, and pictures. Several may stand on
//! one screen.

use crate::{
    bus::Bus,
    desktop::{Desktop, Role},
    display::Display,
    environment::Environment,
    headless::Audio,
    place::{Place, program},
    pulse::Pulse,
};
use anyhow::{Context, Result};
use std::{
    ops::Deref,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// What the window's title holds.
pub const TITLE: &str = "Offhook";

/// The language that is chosen on the sign-in page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// zh-CN.
    Chinese,
}

/// A window to be opened.
#[derive(Debug)]
pub struct Opening<'a> {
    name: &'a str,
    language: Language,
    audio: Audio<'a>,
    pulse: Option<&'a Pulse>,
    profile: Option<PathBuf>,
    logging: bool,
}

impl<'a> Opening<'a> {
    /// One without sound, in English, on a fresh profile. Its files are in the story's folder `name`.
    #[must_use]
    pub fn silent(name: &'a str) -> Self {
        Self {
            name,
            language: Language::English,
            audio: Audio::Null,
            pulse: None,
            profile: None,
            logging: false,
        }
    }

    /// Has it speak a file and record what it hears.
    #[must_use]
    pub fn with_files(mut self, audio: Audio<'a>) -> Self {
        self.audio = audio;
        self
    }

    /// Gives it the sound devices of this party.
    #[must_use]
    pub fn with_devices(mut self, pulse: &'a Pulse, party: &str) -> Self {
        self.audio = Audio::Device {
            mic: Pulse::mic(party),
            speaker: Pulse::speaker(party),
            ringer: Pulse::speaker(party),
        };
        self.pulse = Some(pulse);
        self
    }

    /// Gives it whatever devices are the defaults there.
    #[must_use]
    pub fn with_default_devices(mut self, pulse: &'a Pulse) -> Self {
        self.audio = Audio::Device {
            mic: String::new(),
            speaker: String::new(),
            ringer: String::new(),
        };
        self.pulse = Some(pulse);
        self
    }

    /// Has this language chosen on the sign-in page, where the profile is fresh; it is remembered.
    #[must_use]
    pub fn in_language(mut self, language: Language) -> Self {
        self.language = language;
        self
    }

    /// Opens it on a profile that is there already.
    #[must_use]
    pub fn on_profile(mut self, profile: PathBuf) -> Self {
        self.profile = Some(profile);
        self
    }

    /// Has it log all it can.
    #[must_use]
    pub fn logging(mut self) -> Self {
        self.logging = true;
        self
    }

    /// Opens it on a screen.
    ///
    /// # Errors
    /// Something is not installed, or does not come up.
    pub async fn open(self, place: &Place, display: &Display) -> Result<Window> {
        let place = place.within(self.name)?;
        let mut environment = Environment::private(&place)?.and(display.environment());
        if let Some(pulse) = self.pulse {
            environment = environment.and(pulse.environment());
        }
        if self.logging {
            environment = environment.with("OFFHOOK_LOG", "trace");
        }
        let bus = Bus::start(&place, &environment).await?;
        let fresh = self.profile.is_none();
        let profile = match self.profile {
            Some(profile) => profile,
            None => place.dir("profile")?,
        };
        let arguments = [
            "--profile".to_owned(),
            profile.display().to_string(),
            "--audio".to_owned(),
            self.audio.argument(),
        ];
        let app = program("offhook")?;
        let desktop = Desktop::open(&place, bus.environment(), &app, &arguments)
            .await
            .with_context(|| format!("Opening the window {}", self.name))?;
        // English is what it begins with on a desktop without a locale.
        if fresh && self.language == Language::Chinese {
            desktop.click(Role::Radio, &["中文"]).await?;
        }
        Ok(Window {
            desktop,
            bus,
            profile,
            pictures: AtomicU32::new(0),
            place,
        })
    }
}

/// The window. What it shows and takes is [`Desktop`]'s.
#[derive(Debug)]
pub struct Window {
    /// Its session bus.
    pub bus: Bus,
    /// Its profile, for one who opens it again.
    pub profile: PathBuf,
    /// Its files.
    pub place: Place,
    pictures: AtomicU32,
    desktop: Desktop,
}

impl Window {
    /// Keeps a picture of it: `target/e2e/STORY/NAME/01-step.png`.
    ///
    /// # Errors
    /// The window is gone or the file cannot be written.
    pub async fn picture_of(&self, step: &str) -> Result<()> {
        let number = self.pictures.fetch_add(1, Ordering::Relaxed) + 1;
        let file = self.place.log(format!("{number:02}-{step}.png"));
        self.desktop.picture(&file).await
    }

    /// Presses its last notification, as a click on it does.
    ///
    /// # Errors
    /// It has none.
    pub async fn press_notification(&self) -> Result<()> {
        self.bus.press(&self.place).await
    }

    /// Presses an action of its last notification, by its label.
    ///
    /// # Errors
    /// It has none.
    pub async fn choose_on_notification(&self, label: &str) -> Result<()> {
        self.bus.choose(&self.place, label).await
    }

    /// Waits until so many of its notifications stand on the screen.
    ///
    /// # Errors
    /// They do not in time.
    pub async fn notifications_stand(&self, count: usize, limit: Duration) -> Result<()> {
        self.bus.stand(&self.place, count, limit).await
    }

    /// Kills it without warning, and gives the profile.
    ///
    /// # Errors
    /// The operating system does not say that it has ended.
    pub fn kill(self) -> Result<PathBuf> {
        self.desktop.kill()?;
        Ok(self.profile)
    }

    /// Closes it in good order, and gives the profile.
    ///
    /// # Errors
    /// It is gone already.
    pub async fn close(self) -> Result<PathBuf> {
        self.desktop.close().await?;
        Ok(self.profile)
    }
}

impl Deref for Window {
    type Target = Desktop;

    fn deref(&self) -> &Desktop {
        &self.desktop
    }
}
