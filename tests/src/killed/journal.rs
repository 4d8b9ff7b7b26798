//! What was typed and when, kept by the one who typed it, and what may be missing of it.

use anyhow::{Context, Result, bail, ensure};
use offhook_model::{CallId, FieldId, FieldValue, FormValues, WrapUpId};
use std::time::{Duration, Instant};

/// How much typing a crash may cost.
pub const MAY_BE_LOST: Duration = Duration::from_millis(300);

/// One form, as the one who writes it knows it.
#[derive(Debug, Clone)]
pub struct Written {
    /// The form.
    pub wrap_up: WrapUpId,
    /// Its call.
    pub call: CallId,
    /// Whether the desk owes it to the agent even without a word in it: its call was answered.
    pub owed: bool,
    /// Whether it was given to be submitted.
    pub submitted: Submitted,
    /// When it was seen first.
    opened: Instant,
    /// What is surely on the disk; nothing where the form itself is not.
    stands: Option<FormValues>,
    strokes: Vec<Stroke>,
}

/// How far a submission has come, as the agent was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submitted {
    /// It is being written.
    No,
    /// It was asked for.
    Asked,
    /// It was said to be on its way: from here on nothing may be missing.
    Told,
}

/// The end of the app.
#[derive(Debug, Clone, Copy)]
pub struct Killed {
    /// When.
    pub at: Instant,
    /// How late the machine itself was around then.
    pub late: Duration,
}

#[derive(Debug, Clone)]
struct Stroke {
    /// When it was handed over.
    at: Instant,
    values: FormValues,
}

impl Written {
    /// Begins with an empty form.
    #[must_use]
    pub fn new(wrap_up: WrapUpId, call: CallId, owed: bool) -> Self {
        Self {
            wrap_up,
            call,
            owed,
            submitted: Submitted::No,
            opened: Instant::now(),
            stands: None,
            strokes: Vec::new(),
        }
    }

    /// What stands in the form now.
    #[must_use]
    pub fn values(&self) -> FormValues {
        let newest = self.strokes.last().map(|stroke| &stroke.values);
        newest.or(self.stands.as_ref()).cloned().unwrap_or_default()
    }

    /// The text of a field now.
    #[must_use]
    pub fn text(&self, field: &str) -> String {
        match self.values().get(&FieldId::from(field)) {
            Some(FieldValue::Text(text)) => text.clone(),
            Some(FieldValue::Many(_)) | None => String::new(),
        }
    }

    /// Notes that this is about to stand in a field.
    pub fn types(&mut self, field: &str, text: &str) {
        let mut values = self.values();
        values.insert(field.into(), FieldValue::Text(text.to_owned()));
        self.strokes.push(Stroke {
            at: Instant::now(),
            values,
        });
    }

    /// Compares it with what was found, and gives the age of the oldest keystroke that is missing. `killed` is when the app was, and
    /// how late the machine itself was then; nothing where the app lives on, which costs nothing at all.
    ///
    /// # Errors
    /// More is missing than may be, or what was found was never typed.
    pub fn lost(&self, found: Option<&FormValues>, killed: Option<Killed>) -> Result<Duration> {
        let Some(found) = found else {
            ensure!(self.stands.is_none(), "the form {} is gone", self.wrap_up);
            // One that is owed goes to the disk when its call is answered: for that it has as long as typing has.
            let owed = self.owed.then_some(self.opened);
            let oldest = owed.or(self.strokes.first().map(|stroke| stroke.at));
            return age(oldest, killed)
                .with_context(|| format!("the form {} is gone", self.wrap_up));
        };
        let at = self
            .strokes
            .iter()
            .rposition(|stroke| stroke.values == *found);
        let missing = match at {
            Some(at) => &self.strokes[at + 1..],
            None if *found == self.stands.clone().unwrap_or_default() => &self.strokes[..],
            None => bail!("what stands in {} was never typed", self.wrap_up),
        };
        let oldest = missing.first().map(|stroke| stroke.at);
        age(oldest, killed).with_context(|| format!("in the form {}", self.wrap_up))
    }

    /// Goes on from what was found.
    pub fn stands(&mut self, found: FormValues) {
        self.stands = Some(found);
        self.strokes.clear();
        self.submitted = Submitted::No;
    }
}

/// How long before the kill the oldest thing that is missing came to be.
fn age(oldest: Option<Instant>, killed: Option<Killed>) -> Result<Duration> {
    let Some(oldest) = oldest else {
        return Ok(Duration::ZERO);
    };
    let killed = killed.context("something is missing though the app was not killed")?;
    let Killed { at, late } = killed;
    let age = at.saturating_duration_since(oldest);
    ensure!(
        age <= MAY_BE_LOST + late,
        "what was there {age:?} before the kill is missing, and the machine was {late:?} late"
    );
    Ok(age)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn form() -> Written {
        let id = Uuid::from_u128(1);
        Written::new(WrapUpId(id), CallId(id), false)
    }

    fn summary(text: &str) -> FormValues {
        FormValues::from([("summary".into(), FieldValue::Text(text.into()))])
    }

    #[test]
    fn only_the_newest_typing_may_be_missing() {
        let mut form = form();
        form.types("summary", "a");
        form.types("summary", "ab");
        let late = |ms, late| {
            Some(Killed {
                at: form.strokes[1].at + Duration::from_millis(ms),
                late: Duration::from_millis(late),
            })
        };
        let at = |ms| late(ms, 0);
        let lost = |found: &str, killed| form.lost(Some(&summary(found)), killed);
        assert_eq!(lost("ab", at(5_000)).ok(), Some(Duration::ZERO));
        assert_eq!(lost("a", at(300)).ok(), Some(Duration::from_millis(300)));
        assert!(lost("a", at(301)).is_err());
        assert!(lost("a", late(301, 1)).is_ok());
        assert!(lost("a", None).is_err(), "nobody was killed");
        assert!(lost("b", at(1)).is_err(), "that was never typed");
        assert!(form.lost(None, at(10)).is_ok());
        assert!(form.lost(None, at(1_000)).is_err());
    }

    #[test]
    fn a_form_that_was_on_the_disk_may_not_be_gone() {
        let mut form = form();
        form.types("summary", "a");
        let killed = Some(Killed {
            at: form.strokes[0].at,
            late: Duration::ZERO,
        });
        form.stands(summary("a"));
        assert!(form.lost(None, killed).is_err());
        assert!(form.lost(Some(&summary("a")), killed).is_ok());
        let mut owed = self::form();
        owed.owed = true;
        let at = |ms| {
            Some(Killed {
                at: owed.opened + Duration::from_millis(ms),
                late: Duration::ZERO,
            })
        };
        assert!(owed.lost(None, at(300)).is_ok());
        assert!(owed.lost(None, at(301)).is_err());
        assert!(owed.lost(None, None).is_err(), "nobody was killed");
        assert!(owed.lost(Some(&FormValues::new()), at(301)).is_ok());
        assert!(self::form().lost(None, None).is_ok(), "nothing was owed");
    }
}
