//! Where a story keeps its things, and where the programs under test are.

use anyhow::{Context, Result, ensure};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// The folders of one story. What programs say and what was recorded stays for diagnosis; the rest goes with the story.
#[derive(Debug)]
pub struct Place {
    logs: PathBuf,
    run: PathBuf,
    temporary: Arc<TempDir>,
}

impl Place {
    /// Makes the folders of a story: `target/e2e/STORY`, emptied, and a short-lived one with a short path for sockets.
    ///
    /// # Errors
    /// A folder cannot be made.
    pub fn new(story: &str) -> Result<Self> {
        let logs = build_dir()?.join("../e2e").join(story);
        if logs.exists() {
            std::fs::remove_dir_all(&logs)
                .with_context(|| format!("Emptying {}", logs.display()))?;
        }
        std::fs::create_dir_all(&logs)?;
        let temporary = tempfile::Builder::new().prefix("offhook-e2e-").tempdir()?;
        Ok(Self {
            logs: logs.canonicalize()?,
            run: temporary.path().to_owned(),
            temporary: Arc::new(temporary),
        })
    }

    /// Makes the folders of one part of the story, within the story's: what is there twice keeps apart. What goes with the story
    /// goes with the last of them.
    ///
    /// # Errors
    /// A folder cannot be made.
    pub fn within(&self, part: &str) -> Result<Self> {
        let (logs, run) = (self.logs.join(part), self.run.join(part));
        std::fs::create_dir_all(&logs)?;
        std::fs::create_dir_all(&run)?;
        Ok(Self {
            logs,
            run,
            temporary: Arc::clone(&self.temporary),
        })
    }

    /// Names a file that stays.
    #[must_use]
    pub fn log(&self, name: impl AsRef<Path>) -> PathBuf {
        self.logs.join(name)
    }

    /// Makes a folder that goes with the story: profiles, home folders, sockets.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn dir(&self, name: &str) -> Result<PathBuf> {
        let dir = self.run.join(name);
        std::fs::create_dir_all(&dir)?;
        Ok(dir)
    }
}

/// Finds a program of this workspace beside the running test, where `cargo dev test` and `cargo dev demo` have built it.
///
/// # Errors
/// It is not there.
pub fn program(name: &str) -> Result<PathBuf> {
    let path = build_dir()?.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    ensure!(
        path.exists(),
        "{} is missing: build it first with `cargo build --workspace --bins` (`cargo dev test` does)",
        path.display()
    );
    Ok(path)
}

/// Finds the folder that this build writes its programs to, whatever `CARGO_TARGET_DIR` says.
///
/// # Errors
/// The running program has no path.
pub fn build_dir() -> Result<PathBuf> {
    let own = std::env::current_exe().context("Asking for the test's own path")?;
    let dir = own
        .ancestors()
        .skip(1)
        .find(|dir| !dir.ends_with("deps"))
        .context("a program has a folder")?;
    Ok(dir.to_owned())
}

/// Asks again and again until there is an answer, at most `limit` long.
///
/// # Errors
/// The time is over: `what` says what was waited for, with the last error.
pub async fn eventually<T, F>(what: &str, limit: Duration, mut ask: F) -> Result<T>
where
    F: AsyncFnMut() -> Result<T>,
{
    let end = Instant::now() + limit;
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) if Instant::now() >= end => {
                return Err(error.context(format!("Waited {limit:?} in vain: {what}")));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(40)).await,
        }
    }
}

/// Takes a free port of 127.0.0.1 for a program that cannot take port 0. UDP and TCP of this number are free at this
/// moment.
///
/// # Errors
/// None is free.
pub fn free_port() -> Result<u16> {
    for _ in 0..50 {
        let udp = std::net::UdpSocket::bind("127.0.0.1:0")?;
        let port = udp.local_addr()?.port();
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    anyhow::bail!("no free port")
}
