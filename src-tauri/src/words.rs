//! The few words the shell says by itself. All others are the window's.

use crate::notify::Toast;
use offhook_phone::IncomingNotification;
use serde::Deserialize;

/// A language of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Language {
    /// Simplified Chinese: until the window has said otherwise.
    #[default]
    #[serde(rename = "zh-CN")]
    Chinese,
    /// English.
    #[serde(rename = "en")]
    English,
}

/// The words in one language.
struct Words {
    incoming: &'static str,
    withheld: &'static str,
    open: &'static str,
    answer: &'static str,
    decline: &'static str,
}

const CHINESE: Words = Words {
    incoming: "来电",
    withheld: "号码未显示",
    open: "打开",
    answer: "接听",
    decline: "拒接",
};

const ENGLISH: Words = Words {
    incoming: "Incoming call",
    withheld: "Number withheld",
    open: "Open",
    answer: "Answer",
    decline: "Decline",
};

impl Language {
    /// Says who calls: name and number above, the skill group below.
    pub fn toast(self, call: &IncomingNotification) -> Toast {
        let words = match self {
            Self::Chinese => &CHINESE,
            Self::English => &ENGLISH,
        };
        let number = call
            .number
            .as_ref()
            .map_or_else(|| words.withheld.to_owned(), ToString::to_string);
        let title = match call.name.as_deref().map(str::trim) {
            Some(name) if !name.is_empty() && name != number => format!("{name}  {number}"),
            Some(_) | None => number,
        };
        let group = call.skill_group.as_ref().map(|group| match self {
            Self::Chinese => group.zh.as_str(),
            Self::English => group.en.as_str(),
        });
        let body = match group {
            Some(group) if !group.is_empty() => format!("{} · {group}", words.incoming),
            Some(_) | None => words.incoming.to_owned(),
        };
        Toast {
            title,
            body,
            open: words.open,
            answer: words.answer,
            decline: words.decline,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use offhook_model::{LegId, PhoneNumber, Text};

    fn call() -> IncomingNotification {
        IncomingNotification {
            leg: LegId(uuid::Uuid::nil()),
            number: PhoneNumber::parse("12800550142").ok(),
            name: Some("陈雨桐".to_owned()),
            skill_group: Some(Text::new("售后服务", "After-sales")),
        }
    }

    #[test]
    fn the_toast_says_name_number_and_skill_group_in_the_windows_language() {
        let toast = Language::Chinese.toast(&call());
        assert_eq!(toast.title, "陈雨桐  12800550142");
        assert_eq!(toast.body, "来电 · 售后服务");
        let toast = Language::English.toast(&call());
        assert_eq!(toast.body, "Incoming call · After-sales");
    }

    #[test]
    fn an_unknown_caller_with_a_withheld_number_is_still_announced() {
        let call = IncomingNotification {
            number: None,
            name: None,
            skill_group: None,
            ..call()
        };
        let toast = Language::English.toast(&call);
        assert_eq!(
            (toast.title.as_str(), toast.body.as_str()),
            ("Number withheld", "Incoming call")
        );
    }

    #[test]
    fn a_name_that_is_only_the_number_is_said_once() {
        let call = IncomingNotification {
            name: Some("12800550142".to_owned()),
            ..call()
        };
        assert_eq!(Language::Chinese.toast(&call).title, "12800550142");
    }

    #[test]
    fn the_windows_names_of_the_languages_are_understood() {
        let language = |text: &str| serde_json::from_str::<Language>(text).ok();
        assert_eq!(language("\"zh-CN\""), Some(Language::Chinese));
        assert_eq!(language("\"en\""), Some(Language::English));
        assert_eq!(language("\"fr\""), None);
    }
}
