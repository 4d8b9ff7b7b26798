//! Programs of a story: each in its own process group, its words kept in a file, gone when dropped.

use crate::{environment::Environment, place::Place};
use anyhow::{Context, Result, bail};
use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

#[cfg_attr(unix, path = "process/group_unix.rs")]
#[cfg_attr(not(unix), path = "process/group_other.rs")]
mod group;

pub(crate) use group::only_for_its_owner;

/// A program about to be started.
#[derive(Debug)]
pub struct Program {
    name: String,
    command: Command,
    stdout: Out,
    stdin: bool,
    stderr: PathBuf,
}

#[derive(Debug)]
enum Out {
    File(PathBuf),
    Lines(PathBuf),
    Bytes,
}

impl Program {
    /// Prepares a program. What it says goes to `NAME.out` and `NAME.err` in the story's folder. Should the story be killed
    /// itself, the program goes too.
    #[must_use]
    pub fn new(
        name: &str,
        program: impl AsRef<OsStr>,
        place: &Place,
        environment: &Environment,
    ) -> Self {
        let mut command = group::command(program.as_ref());
        environment.apply(&mut command);
        Self {
            name: name.into(),
            command,
            stdout: Out::File(place.log(format!("{name}.out"))),
            stdin: false,
            stderr: place.log(format!("{name}.err")),
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Has its lines read, for [`Running::line`].
    #[must_use]
    pub fn talking(mut self) -> Self {
        if let Out::File(path) = self.stdout {
            self.stdout = Out::Lines(path);
        }
        self
    }

    /// Has its standard input kept open, for [`Running::say`].
    #[must_use]
    pub fn listening(mut self) -> Self {
        self.stdin = true;
        self
    }

    /// Has its output read as bytes, for [`Running::take_bytes`].
    #[must_use]
    pub fn giving_bytes(mut self) -> Self {
        self.stdout = Out::Bytes;
        self
    }

    /// Starts it. To be called from the story's own thread: the program goes when this thread does.
    ///
    /// # Errors
    /// It cannot be started; a missing program is named.
    pub fn start(mut self) -> Result<Running> {
        let stderr = std::fs::File::create(&self.stderr)?;
        group::of_its_own(&mut self.command);
        self.command.stderr(stderr).stdin(if self.stdin {
            Stdio::piped()
        } else {
            Stdio::null()
        });
        match &self.stdout {
            Out::File(path) => self.command.stdout(std::fs::File::create(path)?),
            Out::Lines(_) | Out::Bytes => self.command.stdout(Stdio::piped()),
        };
        let mut child = self
            .command
            .spawn()
            .with_context(|| format!("Starting {}", self.name))?;
        let lines = match self.stdout {
            Out::Lines(path) => {
                let output = child.stdout.take().context("standard output is piped")?;
                let mut copy = std::fs::File::create(path)?;
                let (sender, receiver) = mpsc::unbounded_channel();
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(output);
                    let mut line = Vec::new();
                    while reader
                        .read_until(b'\n', &mut line)
                        .is_ok_and(|read| read > 0)
                    {
                        // A full disk must not stop the program that is watched.
                        drop(copy.write_all(&line));
                        let text = String::from_utf8_lossy(&line);
                        if sender.send(text.trim_end().to_owned()).is_err() {
                            // Nobody reads on: keep draining, so that the program does not block.
                        }
                        line.clear();
                    }
                });
                Some(receiver)
            }
            Out::File(_) | Out::Bytes => None,
        };
        Ok(Running {
            name: self.name,
            stdin: child.stdin.take(),
            child,
            lines,
            stderr: self.stderr,
        })
    }
}

/// A program that runs. Dropping it ends its whole process group.
#[derive(Debug)]
pub struct Running {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Option<mpsc::UnboundedReceiver<String>>,
    stderr: PathBuf,
}

impl Running {
    /// Waits for a line in which `pick` finds something.
    ///
    /// # Errors
    /// The time is over or the program has ended; the end of its standard error is told.
    pub async fn line<T>(
        &mut self,
        what: &str,
        limit: Duration,
        mut pick: impl FnMut(&str) -> Option<T>,
    ) -> Result<T> {
        let lines = self
            .lines
            .as_mut()
            .with_context(|| format!("{} was not started as talking", self.name))?;
        let found = tokio::time::timeout(limit, async {
            while let Some(line) = lines.recv().await {
                if let Some(found) = pick(&line) {
                    return Some(found);
                }
            }
            None
        })
        .await;
        match found {
            Ok(Some(found)) => Ok(found),
            Ok(None) => bail!("{} ended before: {what}\n{}", self.name, self.last_words()),
            Err(_) => bail!(
                "{} did not say within {limit:?}: {what}\n{}",
                self.name,
                self.last_words()
            ),
        }
    }

    /// Takes its lines away, for one who reads them all.
    pub fn take_lines(&mut self) -> Option<mpsc::UnboundedReceiver<String>> {
        self.lines.take()
    }

    /// Takes its output away, for one who reads bytes.
    pub fn take_bytes(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// Takes its input away.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.stdin.take()
    }

    /// Writes a line to it.
    ///
    /// # Errors
    /// It was not started as listening, or it is gone.
    pub fn say(&mut self, line: &str) -> Result<()> {
        let stdin = self
            .stdin
            .as_mut()
            .with_context(|| format!("{} was not started as listening", self.name))?;
        writeln!(stdin, "{line}")
            .and_then(|()| stdin.flush())
            .with_context(|| format!("Telling {} {line:?}", self.name))
    }

    /// Tells its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Tells whether it still runs.
    ///
    /// # Errors
    /// It has ended; the end of its standard error is told.
    pub fn must_run(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended: {status}\n{}", self.name, self.last_words()),
        }
    }

    /// Waits for its end, whatever it is.
    ///
    /// # Errors
    /// The operating system does not say.
    pub async fn end(&mut self) -> Result<()> {
        while self.child.try_wait()?.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Waits for its end, which must be a success.
    ///
    /// # Errors
    /// It fails or does not end in time.
    pub async fn success(&mut self, limit: Duration) -> Result<()> {
        let end = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait()? {
                if status.success() {
                    return Ok(());
                }
                bail!("{} failed: {status}\n{}", self.name, self.last_words());
            }
            if Instant::now() >= end {
                bail!("{} did not end within {limit:?}", self.name);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends it without any warning, as a power cut does.
    ///
    /// # Errors
    /// It is gone already.
    pub fn kill(mut self) -> Result<()> {
        group::kill(&mut self.child);
        self.child.wait()?;
        Ok(())
    }

    fn last_words(&self) -> String {
        let said = std::fs::read(&self.stderr).unwrap_or_default();
        let text = String::from_utf8_lossy(&said);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(25)..].join("\n")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stdin = None;
        if matches!(self.child.try_wait(), Ok(None)) {
            group::ask_to_end(&mut self.child);
            let end = Instant::now() + Duration::from_secs(3);
            while Instant::now() < end && matches!(self.child.try_wait(), Ok(None)) {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        // Its children too, whether it has ended by itself or not.
        group::kill(&mut self.child);
        drop(self.child.wait());
    }
}
