//! 通话列表 on the disk: what this phone and the centre tell of each leg, as one row.

use std::time::Duration;

use offhook_model::{Code, LegRecord, Wall};
use offhook_store::{Store, StoreError};

use crate::clock::wall;

/// How far back the call list goes (ACCEPTANCE 105).
const LISTED: Duration = Duration::from_hours(7 * 24);
/// How far the two ends of a call may differ about when it began to ring.
const ABOUT: Duration = Duration::from_mins(1);

/// Two tell of each leg, this phone and the centre, in any order: what is finished is not undone, what is known is kept.
/// Returns whether that was news.
pub(crate) async fn merge(store: &Store, legs: Vec<LegRecord>) -> Result<bool, StoreError> {
    let Some(first) = legs.iter().map(|leg| leg.offered_at).min() else {
        return Ok(false);
    };
    let mut news = false;
    let about = i64::try_from(ABOUT.as_millis()).unwrap_or(0);
    let known = store.legs(Wall(first.0.saturating_sub(about))).await?;
    for leg in legs {
        let old = known.iter().find(|known| known.leg == leg.leg);
        if let Some(new) = merged(old, leg) {
            store.record_leg(&new).await?;
            news = true;
        }
    }
    Ok(news)
}

/// The row to write; nothing where the new one says nothing new.
fn merged(old: Option<&LegRecord>, mut new: LegRecord) -> Option<LegRecord> {
    let Some(old) = old else {
        return Some(new);
    };
    if old.outcome.is_some() && new.outcome.is_none() {
        return None;
    }
    new.customer = new.customer.or_else(|| old.customer.clone());
    new.skill_group = new.skill_group.or_else(|| old.skill_group.clone());
    new.number = new.number.or_else(|| old.number.clone());
    new.recording = new.recording.or(old.recording);
    new.answered_at = new.answered_at.or(old.answered_at);
    (new != *old).then_some(new)
}

/// Lists the legs, newest first.
pub(crate) async fn read(store: &Store) -> Result<Vec<LegRecord>, Code> {
    let now = wall();
    let listed = i64::try_from(LISTED.as_millis()).unwrap_or(i64::MAX);
    store
        .legs(Wall(now.0.saturating_sub(listed)))
        .await
        .map_err(|error| error.code())
}

#[cfg(test)]
mod tests {
    use super::*;
    use offhook_model::{CallId, Direction, LegId, LegOutcome, PhoneNumber, Recording, Text};
    use uuid::Uuid;

    fn leg() -> LegRecord {
        LegRecord {
            leg: LegId(Uuid::from_u128(1)),
            call: CallId(Uuid::from_u128(2)),
            direction: Direction::Inbound,
            number: PhoneNumber::parse("12800550142").ok(),
            customer: None,
            skill_group: Some(Text::new("售后服务", "After-sales")),
            offered_at: Wall(1_000),
            answered_at: None,
            ended_at: None,
            outcome: None,
            recording: None,
        }
    }

    #[test]
    fn a_late_word_of_a_ringing_leg_does_not_undo_its_end() {
        let ended = LegRecord {
            ended_at: Some(Wall(5_000)),
            outcome: Some(LegOutcome::Connected),
            ..leg()
        };
        assert_eq!(merged(Some(&ended), leg()), None);
        assert_eq!(merged(Some(&leg()), ended.clone()), Some(ended.clone()));
        assert_eq!(merged(Some(&ended), ended.clone()), None);
        assert_eq!(merged(None, leg()), Some(leg()));
    }

    #[test]
    fn what_one_side_knew_is_kept_when_the_other_does_not_say_it() {
        let ended = LegRecord {
            number: None,
            skill_group: None,
            outcome: Some(LegOutcome::Declined),
            ..leg()
        };
        let recorded = LegRecord {
            recording: Some(Recording { millis: 5_000 }),
            ..ended.clone()
        };
        assert_eq!(merged(Some(&recorded), ended.clone()), None);
        let row = merged(Some(&leg()), ended).expect("news");
        assert_eq!(row.number, leg().number);
        assert_eq!(row.skill_group, leg().skill_group);
        assert_eq!(row.outcome, Some(LegOutcome::Declined));
    }
}
