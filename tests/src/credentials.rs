//! What an agent types to get in, right or wrong, and what the window says to it.

use crate::{
    centre::PASSWORD,
    desktop::{Desktop, Role},
    window::Language,
    words,
};
use anyhow::Result;
use offhook_model::Code;
use std::time::{Duration, Instant};

/// A name, an address, a password.
#[derive(Debug, Clone, Copy)]
pub struct Credentials<'a> {
    /// The address of the centre.
    pub centre: &'a str,
    /// The user.
    pub username: &'a str,
    /// The password.
    pub password: &'a str,
}

impl<'a> Credentials<'a> {
    /// Those of a sample agent.
    #[must_use]
    pub const fn of(centre: &'a str, username: &'a str) -> Self {
        Self {
            centre,
            username,
            password: PASSWORD,
        }
    }

    /// Types them and presses Sign in. Gives the moment of the press.
    ///
    /// # Errors
    /// The form is not there.
    pub async fn are_typed(&self, window: &Desktop) -> Result<Instant> {
        let Self {
            centre,
            username,
            password,
        } = self;
        window
            .type_into(Role::TextBox, &["Centre address", "服务端地址"], centre)
            .await?;
        window
            .type_into(Role::TextBox, &["Name", "用户名"], username)
            .await?;
        window
            .type_into(Role::Password, &["Password", "密码"], password)
            .await?;
        window.click(Role::Button, &["Sign in", "登录"]).await?;
        Ok(Instant::now())
    }
}

/// Chooses a language: on the sign-in page, or in the settings of the desk.
///
/// # Errors
/// There is no such choice.
pub async fn speak(window: &Desktop, language: Language) -> Result<()> {
    let name = match language {
        Language::English => "English",
        Language::Chinese => "中文",
    };
    if window.text().await?.contains(name) {
        return window.click(Role::Radio, &[name]).await;
    }
    window.click(Role::Button, &["Settings", "设置"]).await?;
    window.click(Role::Radio, &[name]).await?;
    window.press("Escape").await?;
    window.hides(&[name], Duration::from_secs(10)).await
}

/// Waits until the window, which speaks English, says what went wrong and its code, and then says it in Chinese too. Gives how long
/// after `since` it came.
///
/// # Errors
/// It does not within `limit`, or not in both languages.
pub async fn is_told(
    window: &Desktop,
    code: Code,
    since: Instant,
    limit: Duration,
) -> Result<Duration> {
    let english = words::of(code, Language::English)?;
    window.shows(&[&english], limit).await?;
    let after = since.elapsed();
    speak(window, Language::Chinese).await?;
    let chinese = words::of(code, Language::Chinese)?;
    window.shows(&[&chinese], Duration::from_secs(10)).await?;
    speak(window, Language::English).await?;
    Ok(after)
}
