//! The phone without a window, driven over its JSON-RPC as a company's own program would.

use crate::{
    environment::Environment,
    place::{Place, program},
    process::{Program, Running},
};
use anyhow::{Context, Result, bail, ensure};
use offhook_desk::{CallPhase, CallView, Command, SessionView, View};
use offhook_model::{Activity, Key, LegId, Presence, PresenceReason, Secret};
use serde_json::{Value, json};
use std::{
    io::Write,
    path::Path,
    process::{ChildStdin, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// What it uses for sound.
#[derive(Debug, Clone)]
pub enum Audio<'a> {
    /// Nothing.
    Null,
    /// A file for the microphone and one for the speaker.
    Wav(&'a Path, &'a Path),
    /// Devices of the system, by name.
    Device {
        /// The microphone.
        mic: String,
        /// The speaker.
        speaker: String,
        /// Where it rings.
        ringer: String,
    },
}

impl Audio<'_> {
    /// Spells it as the programs take it.
    #[must_use]
    pub fn argument(&self) -> String {
        match self {
            Self::Null => "null".into(),
            Self::Wav(input, output) => format!("wav:{},{}", input.display(), output.display()),
            Self::Device {
                mic,
                speaker,
                ringer,
            } => format!("device:{mic},{speaker},{ringer}"),
        }
    }
}

fn prepared(
    place: &Place,
    environment: &Environment,
    name: &str,
    profile: &Path,
    audio: &Audio<'_>,
) -> Result<Program> {
    let name = format!("headless-{name}");
    let program = Program::new(&name, program("offhook-headless")?, place, environment);
    Ok(program
        .arg("--profile")
        .arg(profile)
        .arg("--audio")
        .arg(audio.argument()))
}

/// The phone.
#[derive(Debug)]
pub struct Headless {
    name: String,
    seen: watch::Receiver<Seen>,
    stdin: ChildStdin,
    next: u64,
    program: Running,
}

/// All it has said.
#[derive(Debug, Clone, Default)]
struct Seen {
    view: Option<View>,
    answers: Arc<Mutex<Vec<Value>>>,
    notified: Vec<Value>,
    ended: bool,
}

impl Headless {
    /// Starts it with a fresh profile.
    ///
    /// # Errors
    /// It is not built or does not come up.
    pub async fn start(
        place: &Place,
        environment: &Environment,
        name: &str,
        audio: &Audio<'_>,
    ) -> Result<Self> {
        let profile = place.dir(&format!("profile-{name}"))?;
        Self::on_profile(place, environment, name, &profile, audio).await
    }

    /// Starts it with this profile.
    ///
    /// # Errors
    /// It is not built or does not come up.
    pub async fn on_profile(
        place: &Place,
        environment: &Environment,
        name: &str,
        profile: &Path,
        audio: &Audio<'_>,
    ) -> Result<Self> {
        let program = prepared(place, environment, name, profile, audio)?;
        Self::begin(name, program).await
    }

    /// Starts it with a fresh profile, trusting these roots (a PEM file).
    ///
    /// # Errors
    /// It is not built or does not come up.
    pub async fn trusting(
        place: &Place,
        environment: &Environment,
        name: &str,
        audio: &Audio<'_>,
        roots: &Path,
    ) -> Result<Self> {
        let profile = place.dir(&format!("profile-{name}"))?;
        let program = prepared(place, environment, name, &profile, audio)?;
        Self::begin(name, program.arg("--roots").arg(roots)).await
    }

    /// Starts it with this profile and an account file to go to work with.
    ///
    /// # Errors
    /// It is not built or does not come up.
    pub async fn on_account(
        place: &Place,
        environment: &Environment,
        name: &str,
        profile: &Path,
        audio: &Audio<'_>,
        account: &Path,
    ) -> Result<Self> {
        let program = prepared(place, environment, name, profile, audio)?;
        Self::begin(name, program.arg("--account").arg(account)).await
    }

    /// Has it refuse an account file: its exit code and what it says.
    ///
    /// # Errors
    /// It is not built, or it goes to work.
    pub fn refuses(
        environment: &Environment,
        profile: &Path,
        account: &Path,
    ) -> Result<(Option<i32>, String)> {
        let mut command = std::process::Command::new(program("offhook-headless")?);
        environment.apply(&mut command);
        let output = command
            .args(["--audio", "null", "--profile"])
            .arg(profile)
            .arg("--account")
            .arg(account)
            .stdin(Stdio::null())
            .output()?;
        ensure!(!output.status.success(), "it goes to work");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok((output.status.code(), said))
    }

    /// Has it refuse a profile: its exit code and what it says.
    ///
    /// # Errors
    /// It is not built, or it opens.
    pub fn refuses_profile(
        environment: &Environment,
        profile: &Path,
    ) -> Result<(Option<i32>, String)> {
        let mut command = std::process::Command::new(program("offhook-headless")?);
        environment.apply(&mut command);
        let output = command
            .args(["--audio", "null", "--profile"])
            .arg(profile)
            .stdin(Stdio::null())
            .output()?;
        ensure!(!output.status.success(), "it opens");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok((output.status.code(), said))
    }

    async fn begin(name: &str, program: Program) -> Result<Self> {
        let mut program = program.talking().listening().start()?;
        program
            .line("that it is ready", Duration::from_secs(20), |line| {
                let said: Value = serde_json::from_str(line).ok()?;
                (said["method"] == "ready").then_some(())
            })
            .await?;
        let mut lines = program.take_lines().context("headless talks")?;
        let stdin = program.take_stdin().context("headless listens")?;
        let (sender, seen) = watch::channel(Seen::default());
        tokio::spawn(async move {
            while let Some(line) = lines.recv().await {
                let Ok(said) = serde_json::from_str::<Value>(&line) else {
                    continue;
                };
                sender.send_modify(|seen| seen.take(said));
            }
            sender.send_modify(|seen| seen.ended = true);
        });
        Ok(Self {
            name: name.into(),
            seen,
            stdin,
            next: 0,
            program,
        })
    }

    /// Signs in and checks in, and waits until both are confirmed and the phone is registered.
    ///
    /// # Errors
    /// The centre refuses, or it takes too long.
    pub async fn take_up_work(
        &mut self,
        centre: &str,
        username: &str,
        password: &str,
    ) -> Result<()> {
        self.command(&Command::SignIn {
            centre: centre.into(),
            username: username.into(),
            password: Secret::new(password),
        })
        .await?;
        self.until("sign-in", |view| {
            matches!(view.session, SessionView::SignedIn { .. }).then_some(())
        })
        .await?;
        self.command(&Command::CheckIn).await?;
        self.until("check-in", |view| {
            let presence = view.presence.as_ref()?;
            let up = view.links.sip == offhook_desk::LinkView::Up;
            (presence.confirmed.presence == Presence::Ready && up).then_some(())
        })
        .await
    }

    /// Gives it a command.
    ///
    /// # Errors
    /// It refuses it or is gone.
    pub async fn command(&mut self, command: &Command) -> Result<()> {
        self.ask("command", serde_json::to_value(command)?)
            .await
            .map(drop)
    }

    /// Asks it anything.
    ///
    /// # Errors
    /// It refuses or does not answer.
    pub async fn ask(&mut self, method: &str, parameters: Value) -> Result<Value> {
        self.next += 1;
        let id = self.next;
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": parameters });
        writeln!(self.stdin, "{request}").with_context(|| format!("Telling {}", self.name))?;
        self.stdin.flush()?;
        let mut seen = self.seen.clone();
        let limit = Duration::from_secs(15);
        let answer = tokio::time::timeout(limit, async {
            loop {
                let answer = seen.borrow_and_update().answer(id);
                if let Some(answer) = answer {
                    return Ok(answer);
                }
                seen.changed().await?;
            }
        })
        .await
        .with_context(|| format!("{} does not answer {method}", self.name))?;
        let answer: Value =
            answer.map_err(|gone: watch::error::RecvError| anyhow::anyhow!(gone))?;
        if let Some(error) = answer.get("error") {
            bail!("{} refuses {method}: {error}", self.name);
        }
        Ok(answer["result"].clone())
    }

    /// Waits until `pick` finds something in its view.
    ///
    /// # Errors
    /// It takes longer than 20 s; the last view is told.
    pub async fn until<T>(&self, what: &str, pick: impl FnMut(&View) -> Option<T>) -> Result<T> {
        self.until_within(what, Duration::from_secs(20), pick).await
    }

    /// As [`Self::until`], for at most `limit`.
    ///
    /// # Errors
    /// It takes longer; the last view is told.
    pub async fn until_within<T>(
        &self,
        what: &str,
        limit: Duration,
        mut pick: impl FnMut(&View) -> Option<T>,
    ) -> Result<T> {
        let mut seen = self.seen.clone();
        let found = tokio::time::timeout(limit, async {
            loop {
                {
                    let now = seen.borrow_and_update();
                    if let Some(found) = now.view.as_ref().and_then(&mut pick) {
                        return Some(found);
                    }
                    if now.ended {
                        return None;
                    }
                }
                if seen.changed().await.is_err() {
                    return None;
                }
            }
        })
        .await;
        match found {
            Ok(Some(found)) => Ok(found),
            Ok(None) => bail!("{} ended before: {what}", self.name),
            Err(_) => bail!(
                "{} after {limit:?} still not: {what}; its view: {:#?}",
                self.name,
                self.seen.borrow().view
            ),
        }
    }

    /// Waits for a call in this phase.
    ///
    /// # Errors
    /// None comes.
    pub async fn call(&self, phase: CallPhase) -> Result<CallView> {
        self.until(&format!("a call that is {phase:?}"), |view| {
            view.calls.iter().find(|call| call.phase == phase).cloned()
        })
        .await
    }

    /// Waits until this is what the agent does.
    ///
    /// # Errors
    /// The agent goes on with something else.
    pub async fn does(&self, activity: Activity) -> Result<()> {
        self.until(&format!("{activity:?}"), |view| {
            (view.activity == activity).then_some(())
        })
        .await
    }

    /// Waits until the centre has this on record as the agent's presence, for this reason.
    ///
    /// # Errors
    /// It has something else.
    pub async fn presence(&self, presence: Presence, reason: PresenceReason) -> Result<()> {
        self.until(&format!("{presence:?} because {reason:?}"), |view| {
            let state = view.presence.as_ref()?.confirmed;
            (state.presence == presence && state.reason == reason).then_some(())
        })
        .await
    }

    /// Sets the presence by hand, and waits until the centre has it on record.
    ///
    /// # Errors
    /// It is refused or does not come.
    pub async fn set_presence(&mut self, presence: Presence) -> Result<()> {
        self.command(&Command::SetPresence { presence }).await?;
        self.presence(presence, PresenceReason::ByHand).await
    }

    /// Answers what rings, and waits until they talk.
    ///
    /// # Errors
    /// Nothing rings, or it does not connect.
    pub async fn answer(&mut self) -> Result<CallView> {
        let leg = self.call(CallPhase::Offered).await?.leg;
        self.command(&Command::Answer { leg }).await?;
        self.call(CallPhase::Live).await
    }

    /// Presses keys of a call's keypad, one after the other.
    ///
    /// # Errors
    /// There is no such key, or one is refused.
    pub async fn press(&mut self, leg: LegId, keys: &str) -> Result<()> {
        for key in keys.chars() {
            let key = Key::try_from(key)?;
            self.command(&Command::Press { leg, key }).await?;
        }
        Ok(())
    }

    /// Puts the customer on hold or takes them back, and waits until it is so.
    ///
    /// # Errors
    /// It is refused or does not come.
    pub async fn set_held(&mut self, leg: LegId, held: bool) -> Result<()> {
        self.command(&Command::SetHeld { leg, held }).await?;
        self.until(if held { "hold" } else { "retrieval" }, |view| {
            (view.calls.first()?.held.confirmed == held).then_some(())
        })
        .await
    }

    /// Tells its view of this moment.
    #[must_use]
    pub fn view(&self) -> Option<View> {
        self.seen.borrow().view.clone()
    }

    /// Tells the notifications it asked for.
    #[must_use]
    pub fn notified(&self) -> Vec<Value> {
        self.seen.borrow().notified.clone()
    }

    /// Kills it without warning.
    ///
    /// # Errors
    /// The operating system does not say that it has ended.
    pub fn kill(self) -> Result<()> {
        self.program.kill()
    }

    /// Tells its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.program.id()
    }

    /// Waits for the end of one that was killed, and gives the last view that it told.
    ///
    /// # Errors
    /// It lives on.
    pub async fn last_view(mut self) -> Result<Option<View>> {
        let heard = async {
            while !self.seen.borrow_and_update().ended {
                if self.seen.changed().await.is_err() {
                    break;
                }
            }
            self.program.end().await
        };
        tokio::time::timeout(Duration::from_secs(20), heard)
            .await
            .with_context(|| format!("{} lives on", self.name))??;
        Ok(self.view())
    }

    /// Ends it in good order, by the end of its input.
    ///
    /// # Errors
    /// It does not end well.
    pub async fn leave(self) -> Result<()> {
        let Self {
            stdin, mut program, ..
        } = self;
        drop(stdin);
        program.success(Duration::from_secs(20)).await
    }
}

impl Seen {
    fn take(&mut self, mut said: Value) {
        match said["method"].as_str() {
            Some("desk-changed") => {
                if let Ok(view) = serde_json::from_value(said["params"].take()) {
                    self.view = Some(view);
                }
            }
            Some("notify") => self.notified.push(said["params"].take()),
            Some(_) => {}
            None => self
                .answers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(said),
        }
    }

    fn answer(&self, id: u64) -> Option<Value> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let at = answers.iter().position(|answer| answer["id"] == id)?;
        Some(answers.swap_remove(at))
    }
}
