//! What happens when a number outside is dialled.

use super::{is_path, is_within_a_day};
use offhook_model::{PhoneNumber, Text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use utoipa::ToSchema;

/// How a number behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// Rings, then somebody answers.
    #[default]
    Answers,
    /// 486.
    Busy,
    /// Rings until the caller gives up.
    NeverAnswers,
    /// Rings, then 603.
    Rejects,
    /// 404.
    Invalid,
    /// Plays an announcement (183), then somebody answers.
    EarlyMedia,
    /// A machine answers at once and keeps the digits it hears.
    Ivr,
}

impl Behaviour {
    /// How long it is until the answer, in milliseconds.
    pub(super) fn answers_after(self) -> u64 {
        match self {
            Self::Ivr => 500,
            Self::EarlyMedia => super::voice::ANNOUNCEMENT_MILLIS,
            Self::Answers | Self::Busy | Self::NeverAnswers | Self::Rejects | Self::Invalid => {
                2_000
            }
        }
    }
}

/// What a number outside is to do when it is dialled: the body of `PUT /v1/practice/callees/{number}`.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct CalleeScript {
    /// How it behaves.
    #[serde(default)]
    pub behaviour: Behaviour,
    /// How long it is until the answer, or until 603, in milliseconds, at most a day; what the behaviour says if nothing is said.
    #[serde(default)]
    #[schema(maximum = 86_400_000)]
    pub answer_after_ms: Option<u64>,
    /// The wav file on the centre's machine to be spoken; a short complaint in the number's language if nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 4096)]
    pub voice: Option<PathBuf>,
    /// The wav file on the centre's machine to record what is heard of the agent.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 4096)]
    pub record: Option<PathBuf>,
    /// How long after the answer the callee hangs up, in milliseconds, at most a day; never if nothing is said.
    #[serde(default)]
    #[schema(maximum = 86_400_000)]
    pub hang_up_after_ms: Option<u64>,
}

impl CalleeScript {
    /// Tells whether everything is within its bounds.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        [&self.voice, &self.record].into_iter().all(is_path)
            && [self.answer_after_ms, self.hang_up_after_ms]
                .into_iter()
                .flatten()
                .all(is_within_a_day)
    }
}

impl std::fmt::Debug for CalleeScript {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CalleeScript")
            .field("behaviour", &self.behaviour)
            .finish_non_exhaustive()
    }
}

/// A number of the sample that behaves in a way of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleCallee {
    /// The number.
    pub number: PhoneNumber,
    /// What it stands for.
    pub name: Text,
    /// How it behaves.
    pub behaviour: Behaviour,
}

#[derive(Deserialize)]
struct Sample {
    callees: Vec<SampleCallee>,
}

/// The numbers of the sample. All others are answered.
pub(super) fn sample() -> Result<BTreeMap<PhoneNumber, CalleeScript>, serde_json::Error> {
    let sample: Sample = serde_json::from_str(include_str!("../../sample/practice.json"))?;
    Ok(sample
        .callees
        .into_iter()
        .map(|callee| {
            let script = CalleeScript {
                behaviour: callee.behaviour,
                ..CalleeScript::default()
            };
            (callee.number, script)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_has_a_number_for_each_behaviour_but_answering() {
        let sample = sample().expect("well formed");
        for behaviour in [
            Behaviour::Busy,
            Behaviour::NeverAnswers,
            Behaviour::Rejects,
            Behaviour::Invalid,
            Behaviour::EarlyMedia,
            Behaviour::Ivr,
        ] {
            let have = |script: &CalleeScript| script.behaviour == behaviour;
            assert_eq!(
                sample.values().filter(|script| have(script)).count(),
                1,
                "{behaviour:?}"
            );
        }
    }
}
