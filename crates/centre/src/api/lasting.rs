//! How long a session lasts: as long as it is used, and never longer than a week.

use super::{App, Refusal};
use crate::store::SessionOnRecord;
use offhook_model::Wall;
use offhook_model::api::Role;
use std::collections::{HashMap, HashSet};
use std::sync::PoisonError;
use std::time::Duration;

/// How often sessions that are over are looked for.
const ROUND: Duration = Duration::from_secs(60);
const SHORTEST_ROUND: Duration = Duration::from_millis(100);

/// How long a session lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// After the last request. An app that runs sends heartbeats.
    pub unused: Duration,
    /// After the sign-in.
    pub longest: Duration,
}

impl Default for Lifetime {
    fn default() -> Self {
        Self {
            unused: Duration::from_secs(24 * 3_600),
            longest: Duration::from_secs(7 * 24 * 3_600),
        }
    }
}

impl Lifetime {
    fn is_over(self, now: Wall, used: Wall, started: Wall) -> bool {
        now.since(used) >= self.unused || now.since(started) >= self.longest
    }
}

/// When sessions were last used since this process started, by the hash of their token. Before that the heartbeats tell.
#[derive(Debug, Default)]
pub(super) struct Used(HashMap<String, Wall>);

impl Used {
    fn last(&self, token_hash: &str, session: &SessionOnRecord) -> Wall {
        let used = self.0.get(token_hash).copied();
        session
            .started_at
            .max(used.max(session.heard_at).unwrap_or_default())
    }
}

impl App {
    /// Tells whether a session still lasts, and counts this as a use of it where it does.
    pub(super) fn lasts(&self, token_hash: &str, session: &SessionOnRecord) -> bool {
        let now = self.clock.now().wall;
        let mut used = self.0.used.lock().unwrap_or_else(PoisonError::into_inner);
        let last = used.last(token_hash, session);
        let lasts = !self.lifetime.is_over(now, last, session.started_at);
        if lasts {
            used.0.insert(token_hash.to_owned(), now);
        }
        lasts
    }

    /// Ends what has lasted too long, with its telephone secrets and its stream, until the centre closes.
    pub(crate) async fn end_lapsed_sessions(self) {
        let mut rounds = tokio::time::interval(ROUND.min(self.lifetime.unused).max(SHORTEST_ROUND));
        loop {
            tokio::select! {
                () = self.closing.cancelled() => return,
                _ = rounds.tick() => {}
            }
            // What it says is logged where it comes from; the next round tries again.
            self.end_lapsed().await.ok();
        }
    }

    async fn end_lapsed(&self) -> Result<(), Refusal> {
        let now = self.clock.now().wall;
        let open = self.store.open_sessions().await?;
        let over: Vec<_> = {
            let mut used = self.0.used.lock().unwrap_or_else(PoisonError::into_inner);
            let known: HashSet<&str> = open.iter().map(|(hash, _)| hash.as_str()).collect();
            used.0.retain(|hash, _| known.contains(hash.as_str()));
            open.iter()
                .filter(|(hash, session)| {
                    let last = used.last(hash, session);
                    self.lifetime.is_over(now, last, session.started_at)
                })
                .collect()
        };
        let mut agents = Vec::new();
        for (token_hash, session) in over {
            self.store.end_session(token_hash, now).await?;
            tracing::info!(account = %session.account, "A session has lapsed");
            match session.role {
                Role::Agent => agents.push(session.account),
                Role::Administrator => {}
            }
        }
        if !agents.is_empty() {
            self.refresh_directory().await?;
        }
        for agent in agents {
            self.hub.end(agent);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use offhook_model::AgentId;

    const HOUR: i64 = 3_600_000;

    fn session(heard_at: Option<i64>) -> SessionOnRecord {
        SessionOnRecord {
            account: AgentId(uuid::Uuid::nil()),
            role: Role::Agent,
            started_at: Wall(0),
            heard_at: heard_at.map(Wall),
            ended: None,
        }
    }

    #[test]
    fn a_session_lasts_while_it_is_used_and_no_longer_than_a_week() {
        let lifetime = Lifetime::default();
        let over =
            |now: i64, used: i64| lifetime.is_over(Wall(now * HOUR), Wall(used * HOUR), Wall(0));
        assert!(!over(23, 0));
        assert!(over(24, 0));
        assert!(!over(24, 1));
        assert!(!over(167, 166));
        assert!(over(168, 168));
    }

    #[test]
    fn requests_and_heartbeats_are_uses() {
        let mut used = Used::default();
        assert_eq!(used.last("hash", &session(None)), Wall(0));
        assert_eq!(used.last("hash", &session(Some(5))), Wall(5));
        used.0.insert("hash".to_owned(), Wall(9));
        assert_eq!(used.last("hash", &session(Some(5))), Wall(9));
        assert_eq!(used.last("hash", &session(Some(12))), Wall(12));
        assert_eq!(used.last("other", &session(None)), Wall(0));
    }
}
