//! What the agent asked of the centre about presence and the time of a wrap-up: asked for in order, and kept for as long as nobody
//! can be asked.

use std::collections::VecDeque;
use std::time::Duration;

use offhook_cloud::{CloudError, Session};
use offhook_desk::Fact;
use offhook_model::{Code, Presence, api::WrapUpExtended};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tracing::{debug, warn};
use uuid::Uuid;

use crate::backoff::Backoff;
use crate::report::Teller;

/// How long after a failure a wish is asked for again, at first and at most; at once where the centre answers anything else.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How often a centre that fails inside is asked: about a minute and a half. One that is not reached is asked without end.
const FAILURES: u32 = 8;

/// Something asked of who has the last word: a presence, or more time for the wrap-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Presence(Presence),
    StartAnswering(Presence),
    MoreTime,
}

/// One wish with the key under which the centre counts it once, however often it is sent.
#[derive(Debug, Clone, Copy)]
struct Asked {
    wish: Wish,
    key: Uuid,
    failures: u32,
}

/// What has not been answered, oldest first.
#[derive(Debug, Default)]
struct Wishes(VecDeque<Asked>);

impl Wishes {
    /// A newer wish takes the place of older ones, but for the end of a wrap-up, which no presence says. A wrap-up that is to end
    /// needs no more time.
    fn add(&mut self, wish: Wish, key: Uuid) {
        self.0.retain(|older| match (older.wish, wish) {
            (Wish::Presence(_), Wish::Presence(_) | Wish::StartAnswering(_))
            | (Wish::StartAnswering(_) | Wish::MoreTime, Wish::StartAnswering(_))
            | (Wish::MoreTime, Wish::MoreTime) => false,
            (Wish::StartAnswering(_), Wish::Presence(_) | Wish::MoreTime)
            | (Wish::Presence(_), Wish::MoreTime)
            | (Wish::MoreTime, Wish::Presence(_)) => true,
        });
        self.0.push_back(Asked {
            wish,
            key,
            failures: 0,
        });
    }

    /// Whether the oldest is to be asked for again after this error.
    fn is_kept(&mut self, code: Code) -> bool {
        let unreached = matches!(
            code,
            Code::Unreachable
                | Code::ConnectionRefused
                | Code::UnknownHost
                | Code::CertificateInvalid
        );
        // What else it says is its word on this very wish, or on the session.
        unreached || (code == Code::CentreFailed && self.fails())
    }

    /// Counts a failure of the oldest and tells whether there may be another.
    fn fails(&mut self) -> bool {
        self.0.front_mut().is_some_and(|oldest| {
            oldest.failures += 1;
            oldest.failures < FAILURES
        })
    }
}

/// Asks until the session is over. `back` changes when the centre answers again after it did not.
pub(crate) async fn run(
    session: Session,
    mut asked: mpsc::Receiver<Wish>,
    mut back: watch::Receiver<u64>,
    told: Teller,
) {
    let mut wishes = Wishes::default();
    let mut backoff = Backoff::new(RETRY.0, RETRY.1);
    loop {
        while let Ok(wish) = asked.try_recv() {
            wishes.add(wish, Uuid::new_v4());
        }
        let Some(oldest) = wishes.0.front().copied() else {
            match asked.recv().await {
                Some(wish) => wishes.add(wish, Uuid::new_v4()),
                None => return,
            }
            continue;
        };
        match ask(&session, oldest).await {
            Ok(fact) => {
                wishes.0.pop_front();
                backoff.reset();
                told.fact(fact).await;
            }
            Err(error) if wishes.is_kept(error.code) => {
                debug!(%error, "A wish waits for the centre");
                tokio::select! {
                    () = sleep(backoff.next(rand::random())) => {}
                    Ok(()) = back.changed() => backoff.reset(),
                    Some(wish) = asked.recv() => wishes.add(wish, Uuid::new_v4()),
                }
            }
            Err(error) => {
                warn!(%error, "The centre did not do as asked");
                wishes.0.pop_front();
                told.fact(match oldest.wish {
                    Wish::Presence(_) | Wish::StartAnswering(_) => {
                        Fact::PresenceRefused(error.code)
                    }
                    Wish::MoreTime => Fact::Failed(error.code),
                })
                .await;
                if let Code::SessionExpired | Code::SignedInElsewhere = error.code {
                    return told.over(error.code).await;
                }
            }
        }
    }
}

/// The request may arrive though its answer does not: with the same key it counts once.
async fn ask(session: &Session, asked: Asked) -> Result<Fact, CloudError> {
    let key = asked.key;
    match asked.wish {
        Wish::Presence(presence) => session
            .set_presence(key, presence)
            .await
            .map(Fact::Presence),
        Wish::StartAnswering(presence) => session
            .start_answering(key, presence)
            .await
            .map(Fact::Presence),
        Wish::MoreTime => session
            .extend_wrap_up(key)
            .await
            .map(|WrapUpExtended { until }| Fact::WrapUpExtended { until }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(wishes: &[Wish]) -> Vec<Wish> {
        let mut all = Wishes::default();
        for &wish in wishes {
            all.add(wish, Uuid::new_v4());
        }
        all.0.iter().map(|asked| asked.wish).collect()
    }

    #[test]
    fn the_newest_wish_counts_and_the_end_of_a_wrap_up_is_not_forgotten() {
        let start = Wish::StartAnswering(Presence::Ready);
        let ready = Wish::Presence(Presence::Ready);
        let pause = Wish::Presence(Presence::Break);
        assert_eq!(after(&[ready, pause, ready]), [ready]);
        assert_eq!(after(&[start, ready, pause]), [start, pause]);
        assert_eq!(after(&[pause, start]), [start]);
        assert_eq!(after(&[start, pause, start]), [start]);
        let more = Wish::MoreTime;
        assert_eq!(after(&[more, pause, more]), [pause, more]);
        assert_eq!(after(&[more, start]), [start]);
    }

    #[test]
    fn a_centre_that_is_not_reached_is_asked_without_end_and_one_that_fails_is_not() {
        let mut wishes = Wishes::default();
        wishes.add(Wish::Presence(Presence::Break), Uuid::new_v4());
        assert!((0..1_000).all(|_| wishes.is_kept(Code::ConnectionRefused)));
        let tries = (0..1_000).take_while(|_| wishes.is_kept(Code::CentreFailed));
        assert_eq!(tries.count() as u32, FAILURES - 1);
        assert!(!wishes.is_kept(Code::NotNow));
    }
}
