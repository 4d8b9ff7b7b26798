//! The product's own sentences for what goes wrong, read where the interface has them: a story asks for exactly these.

use crate::window::Language;
use anyhow::{Context, Result};
use offhook_model::Code;

const ENGLISH: &str = include_str!("../../ui/src/i18n/en.ts");
const CHINESE: &str = include_str!("../../ui/src/i18n/zh.ts");

/// Gives the sentence with its code behind it, as it stands on the screen.
///
/// # Errors
/// The interface has no words for it.
pub fn of(code: Code, language: Language) -> Result<String> {
    let table = match language {
        Language::English => ENGLISH,
        Language::Chinese => CHINESE,
    };
    let name = serde_json::to_value(code)?;
    let name = name.as_str().context("a code is a word")?;
    let begins = format!("{name}: '");
    let sentence = table
        .lines()
        .find_map(|line| line.trim().strip_prefix(&begins)?.strip_suffix("',"))
        .with_context(|| format!("{language:?} has no words for {name}"))?;
    Ok(format!("{sentence} ({name})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_what_is_wrong_and_its_code() -> Result<()> {
        let english = of(Code::UnknownHost, Language::English)?;
        assert!(english.starts_with("No server") && english.ends_with(" (unknown_host)"));
        let chinese = of(Code::WrongPassword, Language::Chinese)?;
        assert!(chinese.starts_with("用户名或密码") && chinese.ends_with(" (wrong_password)"));
        Ok(())
    }
}
