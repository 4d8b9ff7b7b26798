//! The pictures of a demo: one a step, each different from the one before and with the customer's name in it.

use crate::desktop::Desktop;
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// Between two pictures of the same step.
const BETWEEN: Duration = Duration::from_millis(350);
/// So many pictures in a row must be the same, over more than a second: the timer has ticked, and with it all has been painted.
const STILL: u32 = 4;
/// At most so many are taken.
const SHOTS: u32 = 40;
/// Fewer pixels than this are a timer, a level or a caret: half of a hundredth.
const A_FEW: u64 = 5_000;

/// A folder of pictures, in their order.
#[derive(Debug)]
pub struct Pictures {
    dir: PathBuf,
    name: String,
    taken: Vec<Picture>,
}

/// One picture, and what was known when it was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Picture {
    /// The file's name.
    pub file: String,
    /// The customer's name could be read in the window at that moment.
    pub holds_customer_name: bool,
    /// How many pixels differ from the picture before; the first one has none.
    pub pixels_changed: Option<u64>,
}

impl Pictures {
    /// Takes pictures into a folder, each to hold this customer's name.
    ///
    /// # Errors
    /// The folder cannot be emptied of older pictures and figures.
    pub fn new(dir: &Path, name: &str) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        for entry in std::fs::read_dir(dir)? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|kind| kind == "png" || kind == "json")
            {
                std::fs::remove_file(path)?;
            }
        }
        Ok(Self {
            dir: dir.to_owned(),
            name: name.to_owned(),
            taken: Vec::new(),
        })
    }

    /// Takes one of the window.
    ///
    /// # Errors
    /// The window is gone, or ImageMagick is not installed.
    pub async fn take(&mut self, window: &Desktop, step: &str) -> Result<()> {
        let file = format!("{:02}-{step}.png", self.taken.len() + 1);
        let before = window.text().await?;
        self.settled(window, &self.dir.join(&file)).await?;
        let after = window.text().await?;
        let pixels_changed = match self.taken.last() {
            Some(last) => Some(difference(
                &self.dir.join(&last.file),
                &self.dir.join(&file),
            )?),
            None => None,
        };
        self.taken.push(Picture {
            file,
            holds_customer_name: before.contains(&self.name) && after.contains(&self.name),
            pixels_changed,
        });
        Ok(())
    }

    /// Takes pictures until nothing but a timer or a level moves in them: what is in the page is painted a little later, on a
    /// busy machine a second later.
    async fn settled(&self, window: &Desktop, file: &Path) -> Result<()> {
        let next = self.dir.join("next.png");
        let mut still = 0;
        window.picture(file).await?;
        for _ in 0..SHOTS {
            tokio::time::sleep(BETWEEN).await;
            window.picture(&next).await?;
            let moved = difference(file, &next)?;
            std::fs::rename(&next, file)?;
            still = if moved < A_FEW { still + 1 } else { 0 };
            if still >= STILL && self.differs_from_last(file)? {
                return Ok(());
            }
        }
        anyhow::bail!("the window does not come to rest");
    }

    fn differs_from_last(&self, file: &Path) -> Result<bool> {
        match self.taken.last() {
            Some(last) => Ok(difference(&self.dir.join(&last.file), file)? > 0),
            None => Ok(true),
        }
    }

    /// Gives those taken up to now.
    #[must_use]
    pub fn taken(&self) -> &[Picture] {
        &self.taken
    }

    /// Names a file beside them.
    #[must_use]
    pub fn beside(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

impl Picture {
    /// Tells whether it is what it should be.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.holds_customer_name && self.pixels_changed != Some(0)
    }
}

/// Counts the pixels in which two pictures differ.
fn difference(one: &Path, two: &Path) -> Result<u64> {
    let mut compare = std::process::Command::new("compare");
    let output = compare
        .args(["-metric", "AE"])
        .args([one, two])
        .arg("null:")
        .output()
        .context("Starting ImageMagick's compare (Debian package imagemagick)")?;
    let said = String::from_utf8_lossy(&output.stderr);
    // 0: equal, 1: different, 2: trouble, for instance two sizes.
    ensure!(
        output.status.code() != Some(2),
        "comparing pictures: {said}"
    );
    let count: f64 = said
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .parse()
        .with_context(|| format!("comparing pictures: {said}"))?;
    Ok(count as u64)
}
