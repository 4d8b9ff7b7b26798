//! Forms are data from the service: a new field needs no release.

use crate::Text;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};
use ts_rs::TS;

/// The name of a field, stable over versions of the form: `summary`, `disposition`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(as = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
pub struct FieldId(pub String);

impl From<&str> for FieldId {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

/// 会话小结: the after-call form of a centre.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FormDefinition {
    /// Counts up with each change of the form.
    pub version: u32,
    /// The fields, in their order.
    pub fields: Vec<FieldDefinition>,
}

/// One field of the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldDefinition {
    /// Its name.
    pub id: FieldId,
    /// Its label.
    pub label: Text,
    /// What can be entered.
    pub kind: FieldKind,
    /// Submit waits for it.
    pub required: bool,
}

/// What can be entered in a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FieldKind {
    /// One line.
    ShortText,
    /// Several lines.
    LongText,
    /// One of a list; the value is the option's id.
    Choice {
        /// The list.
        options: Vec<ChoiceOption>,
    },
    /// Any number of words.
    Tags {
        /// Words to offer.
        suggestions: Vec<String>,
    },
}

/// One entry of a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChoiceOption {
    /// What is stored.
    pub id: String,
    /// What is shown.
    pub label: Text,
}

/// What stands in a field. `Debug` tells only how much.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(untagged)]
pub enum FieldValue {
    /// Text, or the id of a choice.
    Text(String),
    /// Tags.
    Many(Vec<String>),
}

impl fmt::Debug for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} characters)", text.chars().count()),
            Self::Many(words) => write!(f, "Many({} words)", words.len()),
        }
    }
}

impl FieldValue {
    /// Tells whether a required field would still be missing with this value.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::Many(words) => words.is_empty(),
        }
    }

    /// Tells whether it is within its bounds: 20,000 characters, or 100 tags of 500.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let length = |text: &String| text.chars().count();
        match self {
            Self::Text(text) => length(text) <= LONGEST_TEXT,
            Self::Many(words) => {
                words.len() <= MOST_WORDS && words.iter().all(|word| length(word) <= LONGEST_WORD)
            }
        }
    }
}

/// How many fields a form may have.
pub(crate) const MOST_FIELDS: usize = 100;
/// How many characters the name of a field may have.
pub(crate) const LONGEST_FIELD_ID: usize = 100;
/// How many characters may stand in a field.
pub(crate) const LONGEST_TEXT: usize = 20_000;
/// How many tags may stand in a field.
pub(crate) const MOST_WORDS: usize = 100;
/// How many characters a tag may have.
pub(crate) const LONGEST_WORD: usize = 500;

/// What stands in the whole form.
pub type FormValues = BTreeMap<FieldId, FieldValue>;

impl FormDefinition {
    /// Lists the required fields that are still blank, in the form's order.
    #[must_use]
    pub fn missing(&self, values: &FormValues) -> Vec<FieldId> {
        self.fields
            .iter()
            .filter(|field| {
                field.required && values.get(&field.id).is_none_or(FieldValue::is_blank)
            })
            .map(|field| field.id.clone())
            .collect()
    }
}
