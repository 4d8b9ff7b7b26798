//! A private session bus with a notification daemon, and a witness of every notification asked for on it.

use crate::{
    environment::Environment,
    place::{Place, eventually},
    process::{Program, Running},
};
use anyhow::{Context, Result};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// The bus with its witness.
#[derive(Debug)]
pub struct Bus {
    environment: Environment,
    seen: Arc<Mutex<Vec<Notification>>>,
    choice: PathBuf,
    _witness: Running,
    _dunst: Running,
    _daemon: Running,
}

/// One `Notify` call as it went over the bus.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notification {
    /// The program that asked.
    pub program: String,
    /// Its first line.
    pub summary: String,
    /// The rest of it.
    pub body: String,
    /// The labels of its actions.
    pub actions: Vec<String>,
}

impl Notification {
    /// Tells whether a number can be read on it, however it is grouped.
    #[must_use]
    pub fn shows(&self, number: &str) -> bool {
        [&self.summary, &self.body].into_iter().any(|line| {
            let digits: String = line.chars().filter(char::is_ascii_digit).collect();
            digits.contains(number)
        })
    }
}

impl Bus {
    /// Starts a session bus, dunst on the environment's screen, and `dbus-monitor` as the witness.
    ///
    /// # Errors
    /// One of them is not installed or does not come up.
    pub async fn start(place: &Place, environment: &Environment) -> Result<Self> {
        let limit = Duration::from_secs(15);
        let socket = place.dir("bus")?.join("socket");
        let mut daemon = Program::new("dbus-daemon", "dbus-daemon", place, environment)
            .args(["--session", "--nofork", "--nopidfile", "--print-address"])
            .arg(format!("--address=unix:path={}", socket.display()))
            .talking()
            .start()?;
        let address = daemon
            .line("its address", limit, |line| {
                line.starts_with("unix:").then(|| line.to_owned())
            })
            .await?;
        let environment = environment
            .clone()
            .with("DBUS_SESSION_BUS_ADDRESS", &address);
        let mut witness = Program::new("dbus-monitor", "dbus-monitor", place, &environment)
            .arg("--address")
            .arg(&address)
            .arg("type='method_call',interface='org.freedesktop.Notifications',member='Notify'")
            .talking()
            .start()?;
        // It says which name it lost when it became a monitor; from then on it misses nothing.
        witness
            .line("that it watches", limit, |line| {
                line.contains("NameLost").then_some(())
            })
            .await?;
        let mut lines = witness.take_lines().context("the witness talks")?;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&seen);
        tokio::spawn(async move {
            let mut reader = Reader::default();
            while let Some(line) = lines.recv().await {
                if let Some(notification) = reader.line(&line) {
                    list.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(notification);
                }
            }
        });
        // Instead of a person, grep picks from dunst's menu of actions the line that is written here.
        let choice = place.dir("bus")?.join("choice");
        // dunst reads one file alone; where Debian's is, it looks as ever.
        let usual = std::fs::read_to_string("/etc/xdg/dunst/dunstrc").unwrap_or_default();
        let menu = format!("dmenu = /usr/bin/env grep -m1 -F -f {}", choice.display());
        std::fs::write(
            place.dir("home/.config/dunst")?.join("dunstrc"),
            format!("{usual}\n[global]\n{menu}\n"),
        )?;
        let dunst = Program::new("dunst", "dunst", place, &environment).start()?;
        let bus = Self {
            environment,
            seen,
            choice,
            _witness: witness,
            _dunst: dunst,
            _daemon: daemon,
        };
        bus.wait_for_name(place, "org.freedesktop.Notifications", limit)
            .await?;
        Ok(bus)
    }

    /// The environment in which programs find this bus.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Waits for a notification on which a number can be read.
    ///
    /// # Errors
    /// None came in time; those that came are told.
    pub async fn notification(&self, number: &str, limit: Duration) -> Result<Notification> {
        eventually("a notification", limit, async || {
            let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.iter()
                .find(|notification| notification.shows(number))
                .cloned()
                .with_context(|| format!("none shows {number} among {seen:?}"))
        })
        .await
    }

    /// Presses the notification that came last, as a click on it does.
    ///
    /// # Errors
    /// dunst has none, or does not answer.
    pub async fn press(&self, place: &Place) -> Result<()> {
        Program::new("dunstctl", "dunstctl", place, &self.environment)
            .arg("action")
            .start()?
            .success(Duration::from_secs(10))
            .await
            .context("Pressing the notification")
    }

    /// Presses an action of the notification that came last, by its label in dunst's menu.
    ///
    /// # Errors
    /// dunst has none, or does not answer.
    pub async fn choose(&self, place: &Place, label: &str) -> Result<()> {
        std::fs::write(&self.choice, format!("#{label} ("))?;
        Program::new("dunstctl", "dunstctl", place, &self.environment)
            .arg("context")
            .start()?
            .success(Duration::from_secs(10))
            .await
            .with_context(|| format!("Choosing {label}"))
    }

    /// Waits until so many notifications stand on the screen.
    ///
    /// # Errors
    /// They do not in time.
    pub async fn stand(&self, place: &Place, count: usize, limit: Duration) -> Result<()> {
        eventually("the notifications on the screen", limit, async || {
            Program::new("dunstctl-count", "dunstctl", place, &self.environment)
                .args(["count", "displayed"])
                .start()?
                .success(Duration::from_secs(10))
                .await?;
            let said = std::fs::read_to_string(place.log("dunstctl-count.out"))?;
            anyhow::ensure!(said.trim() == count.to_string(), "there are {said}");
            Ok(())
        })
        .await
    }

    async fn wait_for_name(&self, place: &Place, name: &str, limit: Duration) -> Result<()> {
        eventually(name, limit, async || {
            let mut ask = Program::new("dbus-send", "dbus-send", place, &self.environment)
                .args(["--session", "--print-reply", "--dest=org.freedesktop.DBus"])
                .args(["/org/freedesktop/DBus", "org.freedesktop.DBus.GetNameOwner"])
                .arg(format!("string:{name}"))
                .start()?;
            ask.success(Duration::from_secs(5)).await
        })
        .await
    }
}

/// Reads the text of `dbus-monitor`: the arguments of Notify are indented by three blanks, in their order.
#[derive(Debug, Default)]
struct Reader {
    strings: Option<Vec<String>>,
    actions: Option<Vec<String>>,
    done: Vec<String>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Option<Notification> {
        if line.starts_with("method call") {
            self.strings = line.contains("member=Notify").then(Vec::new);
            self.actions = None;
            self.done = Vec::new();
            return None;
        }
        let strings = self.strings.as_mut()?;
        let depth = line.len() - line.trim_start().len();
        let text = quoted(line);
        match (depth, text) {
            (3, Some(text)) => strings.push(text),
            (6, Some(text)) => {
                if let Some(actions) = &mut self.actions {
                    actions.push(text);
                }
            }
            (3, None) if line.trim() == "array [" && self.done.is_empty() && strings.len() == 4 => {
                self.actions.get_or_insert_default();
            }
            (3, None) if line.trim() == "]" => {
                if let Some(actions) = self.actions.take() {
                    self.done = actions;
                }
            }
            (3, None) if line.trim().starts_with("int32") => {
                let strings = self.strings.take()?;
                let mut strings = strings.into_iter();
                let program = strings.next()?;
                let _icon = strings.next()?;
                return Some(Notification {
                    program,
                    summary: strings.next()?,
                    body: strings.collect::<Vec<_>>().join("\n"),
                    actions: self
                        .done
                        .chunks(2)
                        .filter_map(|pair| pair.get(1).cloned())
                        .collect(),
                });
            }
            _ => {}
        }
        None
    }
}

fn quoted(line: &str) -> Option<String> {
    let rest = line.trim_start().strip_prefix("string \"")?;
    Some(rest.strip_suffix('"').unwrap_or(rest).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notify_call_is_read_from_the_monitors_text() {
        let text = "method call time=1.2 sender=:1.3 -> destination=:1.1 serial=9 path=/org/freedesktop/Notifications; interface=org.freedesktop.Notifications; member=Notify
   string \"Offhook\"
   uint32 0
   string \"icon\"
   string \"128 0055 0142\"
   string \"Li Lei\"
   array [
      string \"default\"
      string \"Answer\"
   ]
   array [
      dict entry(
         string \"urgency\"
         variant             byte 2
      )
   ]
   int32 -1
signal time=3";
        let mut reader = Reader::default();
        let seen: Vec<_> = text.lines().filter_map(|line| reader.line(line)).collect();
        assert_eq!(
            seen,
            [Notification {
                program: "Offhook".into(),
                summary: "128 0055 0142".into(),
                body: "Li Lei".into(),
                actions: vec!["Answer".into()],
            }]
        );
        assert!(seen[0].shows("12800550142") && !seen[0].shows("12800550143"));
    }
}
