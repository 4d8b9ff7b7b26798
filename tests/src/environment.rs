//! What a program of a story sees of the machine.

use crate::place::Place;
use anyhow::Result;
use std::process::Command;

/// The variables that every program of a story is given, and no others but `PATH`.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    inherited: bool,
    set: Vec<(String, String)>,
}

impl Environment {
    /// A clean one with a home folder of its own, so that a story neither sees nor touches the person's.
    ///
    /// # Errors
    /// The folders cannot be made.
    pub fn private(place: &Place) -> Result<Self> {
        let home = place.dir("home")?;
        let runtime = place.dir("runtime")?;
        crate::process::only_for_its_owner(&runtime)?;
        let path = |name: &str| home.join(name).display().to_string();
        Ok(Self {
            inherited: false,
            set: vec![
                ("HOME".into(), home.display().to_string()),
                ("XDG_RUNTIME_DIR".into(), runtime.display().to_string()),
                ("XDG_CONFIG_HOME".into(), path(".config")),
                ("XDG_DATA_HOME".into(), path(".local/share")),
                ("XDG_CACHE_HOME".into(), path(".cache")),
                ("XDG_STATE_HOME".into(), path(".local/state")),
                ("LANG".into(), "C.UTF-8".into()),
            ],
        })
    }

    /// The person's own, for a demo on their desktop.
    #[must_use]
    pub fn inherited() -> Self {
        Self {
            inherited: true,
            set: Vec::new(),
        }
    }

    /// Adds one variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set.retain(|(known, _)| known != name);
        self.set.push((name.into(), value.into()));
        self
    }

    /// Adds what another one has beyond it: where the screen is, or the sound devices.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        for (name, value) in &other.set {
            if self.set.iter().all(|(known, _)| known != name) {
                self.set.push((name.clone(), value.clone()));
            }
        }
        self
    }

    pub(crate) fn apply(&self, command: &mut Command) {
        if !self.inherited {
            command.env_clear();
            for kept in ["PATH", "LD_LIBRARY_PATH", "RUST_LOG", "RUST_BACKTRACE"] {
                if let Some(value) = std::env::var_os(kept) {
                    command.env(kept, value);
                }
            }
        }
        command.envs(self.set.iter().map(|(name, value)| (name, value)));
    }
}
