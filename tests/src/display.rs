//! A screen on a machine without one: Xvfb with a window manager.

use crate::{
    environment::Environment,
    place::{Place, eventually},
    process::{Program, Running},
};
use anyhow::{Context, Result};
use std::{path::Path, time::Duration};

/// The screen, 1360 by 860.
#[derive(Debug)]
pub struct Display {
    environment: Environment,
    _manager: Running,
    _server: Running,
}

impl Display {
    /// Starts the server on a number that is free, and openbox on it.
    ///
    /// # Errors
    /// One of them is not installed or does not come up.
    pub async fn start(place: &Place, environment: &Environment) -> Result<Self> {
        let mut server = Program::new("xvfb", "Xvfb", place, environment)
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1360x860x24",
                "-nolisten",
                "tcp",
            ])
            .talking()
            .start()?;
        let number = server
            .line(
                "the number of its display",
                Duration::from_secs(20),
                |line| line.trim().parse::<u32>().ok(),
            )
            .await?;
        let environment = environment.clone().with("DISPLAY", format!(":{number}"));
        let mut manager = Program::new("openbox", "openbox", place, &environment).start()?;
        eventually("openbox", Duration::from_secs(20), async || {
            server.must_run()?;
            // It gives up where the server is not ready yet.
            if let Err(error) = manager.must_run() {
                manager = Program::new("openbox", "openbox", place, &environment).start()?;
                return Err(error);
            }
            let mut ask = Program::new("xdotool", "xdotool", place, &environment)
                .arg("get_desktop")
                .start()?;
            ask.success(Duration::from_secs(5)).await
        })
        .await?;
        Ok(Self {
            environment,
            _manager: manager,
            _server: server,
        })
    }

    /// The environment in which programs find this screen.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Takes a picture of the whole screen, with toasts and all.
    ///
    /// # Errors
    /// ImageMagick's `import` is not installed or fails.
    pub async fn picture(&self, place: &Place, file: &Path) -> Result<()> {
        Program::new("import", "import", place, &self.environment)
            .args(["-window", "root"])
            .arg(file)
            .start()?
            .success(Duration::from_secs(20))
            .await
            .context("Taking a picture of the screen")
    }

    /// Minimises the window with this in its title.
    ///
    /// # Errors
    /// There is none.
    pub async fn minimise(&self, place: &Place, title: &str) -> Result<()> {
        self.ask_manager(
            place,
            &["search", "--onlyvisible", "--name", title, "windowminimize"],
        )
        .await
        .with_context(|| format!("Minimising {title}"))?;
        eventually(
            "the window to be gone",
            Duration::from_secs(10),
            async || {
                let front = self.is_in_front(place, title).await;
                anyhow::ensure!(front.is_err(), "it is still in front");
                Ok(())
            },
        )
        .await
    }

    /// Gives the window with this in its title another size.
    ///
    /// # Errors
    /// There is none.
    pub async fn resize(
        &self,
        place: &Place,
        title: &str,
        (width, height): (u32, u32),
    ) -> Result<()> {
        let (width, height) = (width.to_string(), height.to_string());
        self.ask_manager(
            place,
            &[
                "search",
                "--onlyvisible",
                "--name",
                title,
                "windowsize",
                "--sync",
                &width,
                &height,
            ],
        )
        .await
        .with_context(|| format!("Resizing {title}"))
    }

    /// Brings the window with this in its title to the front.
    ///
    /// # Errors
    /// There is none.
    pub async fn bring_to_front(&self, place: &Place, title: &str) -> Result<()> {
        self.ask_manager(
            place,
            &[
                "search",
                "--onlyvisible",
                "--name",
                title,
                "windowactivate",
                "--sync",
            ],
        )
        .await
        .with_context(|| format!("Bringing {title} to the front"))
    }

    /// Tells whether the window in front has this in its title.
    ///
    /// # Errors
    /// It has not, or none is in front.
    pub async fn is_in_front(&self, place: &Place, title: &str) -> Result<()> {
        self.ask_manager(place, &["getactivewindow", "getwindowname"])
            .await?;
        let name = std::fs::read_to_string(place.log("xdotool.out"))?;
        anyhow::ensure!(name.contains(title), "in front is {name:?}");
        Ok(())
    }

    async fn ask_manager(&self, place: &Place, question: &[&str]) -> Result<()> {
        Program::new("xdotool", "xdotool", place, &self.environment)
            .args(question)
            .start()?
            .success(Duration::from_secs(5))
            .await
    }
}
