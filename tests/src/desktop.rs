//! The built app in a real window, used as a person uses it: controls are found by their role and name, as a screen reader
//! finds them, clicked and typed in. No script is put into the page.
//!
//! Spoken with: Debian's `WebKitWebDriver`, which starts the app itself and lets it inherit its own environment.

use crate::{
    environment::Environment,
    keys::Press,
    place::{Place, eventually, free_port},
    process::{Program, Running},
};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use thirtyfour::{
    By, Capabilities, WebDriver, WebElement,
    common::command::{Command, ExtensionCommand},
};

/// How long a control may take to appear.
const PATIENCE: Duration = Duration::from_secs(20);

const DRIVER: &str = "WebKitWebDriver";

/// The window.
pub struct Desktop {
    driver: WebDriver,
    failed: PathBuf,
    webdriver: Running,
}

impl fmt::Debug for Desktop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Desktop")
    }
}

/// What a control is, as the page tells assistive technology (WAI-ARIA roles).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A button.
    Button,
    /// A field to type in.
    TextBox,
    /// A field to type a secret in; ARIA has no role for it.
    Password,
    /// A choice of one of a list.
    ComboBox,
    /// One entry of such a list.
    Choice,
    /// A radio button.
    Radio,
    /// A handle that is drawn along a line.
    Slider,
    /// A figure that runs, such as the time of a call.
    Timer,
    /// A row of a table.
    Row,
    /// A named part of the page.
    Region,
}

impl Role {
    const fn candidates(self) -> &'static str {
        match self {
            Self::Button => "button, [role=button], input[type=submit]",
            Self::TextBox => {
                "input:not([type=password]), textarea, [role=textbox], [contenteditable=true]"
            }
            Self::Password => "input[type=password]",
            Self::ComboBox => "select, [role=combobox], button[aria-haspopup=listbox]",
            Self::Choice => "option, [role=option], [role=menuitem]",
            Self::Radio => "input[type=radio], [role=radio]",
            Self::Slider => "input[type=range], [role=slider]",
            Self::Timer => "[role=timer]",
            Self::Row => "[role=row]",
            Self::Region => "section, [role=region]",
        }
    }

    fn is(self, computed: &str) -> bool {
        match self {
            Self::Button => computed == "button",
            Self::TextBox => matches!(computed, "textbox" | "searchbox"),
            Self::Password => true,
            // A native select without popup semantics computes to one of several roles, by engine and version.
            Self::ComboBox => matches!(computed, "combobox" | "listbox" | "button"),
            Self::Choice => matches!(computed, "option" | "menuitem"),
            Self::Radio => computed == "radio",
            Self::Slider => computed == "slider",
            Self::Timer => computed == "timer",
            Self::Row => computed == "row",
            Self::Region => computed == "region",
        }
    }

    fn is_named(self, name: &str, wanted: &[&str]) -> bool {
        wanted.iter().any(|wanted| {
            // The name of a list within its label ends in the entry that is chosen.
            name == *wanted
                || (self == Self::ComboBox
                    && name
                        .strip_prefix(wanted)
                        .is_some_and(|rest| rest.starts_with(' ')))
                // The name of a filter ends in how many there are.
                || (self == Self::Radio
                    && name
                        .strip_prefix(wanted)
                        .is_some_and(|rest| rest.trim().parse::<u32>().is_ok()))
        })
    }
}

impl Desktop {
    /// Starts a program with a WebKit window, under the driver.
    ///
    /// # Errors
    /// The driver is not installed, or no window opens.
    pub async fn open(
        place: &Place,
        environment: &Environment,
        program: &Path,
        arguments: &[String],
    ) -> Result<Self> {
        crate::api::use_ring();
        let port = free_port()?;
        let environment = environment
            .clone()
            .with("TAURI_AUTOMATION", "true")
            .with("TAURI_WEBVIEW_AUTOMATION", "true");
        let mut webdriver = Program::new("window", DRIVER, place, &environment)
            .arg("--host=127.0.0.1")
            .arg(format!("--port={port}"))
            .start()?;
        let url = format!("http://127.0.0.1:{port}");
        eventually("WebKitWebDriver", PATIENCE, async || {
            webdriver.must_run()?;
            Ok(tokio::net::TcpStream::connect(("127.0.0.1", port)).await?)
        })
        .await?;
        let mut capabilities = Capabilities::new();
        capabilities.set(
            "webkitgtk:browserOptions",
            json!({ "binary": program, "args": arguments }),
        )?;
        let driver = WebDriver::builder(&url, capabilities)
            .request_timeout(Duration::from_secs(45))
            .connect()
            .await
            .context("Opening the window")?;
        Ok(Self {
            driver,
            failed: place.log("failed.png"),
            webdriver,
        })
    }

    /// Tells whether the driver is installed.
    #[must_use]
    pub fn is_possible() -> bool {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|dir| dir.join(DRIVER).exists())
    }

    /// Waits until somebody has closed the window.
    pub async fn closed(&self) {
        while self.driver.title().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Waits for a visible control with this role whose name is one of `names`.
    ///
    /// # Errors
    /// None appears; the names of those that are there are told.
    pub async fn find(&self, role: Role, names: &[&str]) -> Result<WebElement> {
        self.find_within(role, names, PATIENCE).await
    }

    /// As [`Self::find`], for at most `limit`.
    ///
    /// # Errors
    /// None appears; the names of those that are there are told.
    pub async fn find_within(
        &self,
        role: Role,
        names: &[&str],
        limit: Duration,
    ) -> Result<WebElement> {
        self.patiently(&format!("a {role:?} named {names:?}"), limit, async || {
            let mut others = Vec::new();
            for element in self.driver.find_all(By::Css(role.candidates())).await? {
                // An element may leave the page while it is asked: then it is not the one.
                let Ok(name) = self.name(&element).await else {
                    continue;
                };
                if role.is_named(&name, names)
                    && let Ok(computed) = self.computed(&element, "computedrole").await
                    && role.is(&computed)
                    && let Ok(true) = element.is_displayed().await
                {
                    return Ok(element);
                }
                others.push(name);
            }
            anyhow::bail!("there are {others:?}")
        })
        .await
    }

    /// Clicks a control, once it is there and enabled.
    ///
    /// # Errors
    /// It does not come, or stays disabled.
    pub async fn click(&self, role: Role, names: &[&str]) -> Result<()> {
        self.patiently(&format!("{names:?} to be clicked"), PATIENCE, async || {
            let element = self
                .find_within(role, names, Duration::from_secs(5))
                .await?;
            ensure!(is_enabled(&element).await?, "{names:?} is disabled");
            Ok(element.click().await?)
        })
        .await
    }

    /// Clicks a control twice, as fast as a double click does.
    ///
    /// # Errors
    /// It does not come.
    pub async fn double_click(&self, role: Role, names: &[&str]) -> Result<()> {
        let element = self.find(role, names).await?;
        let clicks = self.driver.action_chain();
        Ok(clicks.double_click_element(&element).perform().await?)
    }

    /// Gives the text of a control, as it is drawn.
    ///
    /// # Errors
    /// It does not come.
    pub async fn read(&self, role: Role, names: &[&str]) -> Result<String> {
        self.patiently(&format!("{names:?} to be read"), PATIENCE, async || {
            let element = self.find(role, names).await?;
            Ok(element.prop("innerText").await?.unwrap_or_default())
        })
        .await
    }

    /// Gives what stands in a field.
    ///
    /// # Errors
    /// It does not come.
    pub async fn value(&self, names: &[&str]) -> Result<String> {
        self.patiently(&format!("{names:?} to be read"), PATIENCE, async || {
            let field = self.find(Role::TextBox, names).await?;
            Ok(field.prop("value").await?.unwrap_or_default())
        })
        .await
    }

    /// Gives the text of everything visible with this role, from the top; nothing where there is none.
    ///
    /// # Errors
    /// The window is gone.
    pub async fn all(&self, role: Role) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        for element in self.driver.find_all(By::Css(role.candidates())).await? {
            // An element may leave the page while it is asked: then it is none of them.
            let Ok(computed) = self.computed(&element, "computedrole").await else {
                continue;
            };
            if role.is(&computed)
                && let Ok(true) = element.is_displayed().await
                && let Ok(text) = element.prop("innerText").await
            {
                texts.push(text.unwrap_or_default());
            }
        }
        Ok(texts)
    }

    /// Gives the names of all controls with this role that can be seen.
    ///
    /// # Errors
    /// The window is gone.
    pub async fn names(&self, role: Role) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for element in self.driver.find_all(By::Css(role.candidates())).await? {
            // As above.
            if let Ok(true) = element.is_displayed().await
                && let Ok(name) = self.name(&element).await
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// Types into a field, after clearing it.
    ///
    /// # Errors
    /// There is no such field, or it does not take the text.
    pub async fn type_into(&self, role: Role, names: &[&str], text: &str) -> Result<()> {
        let field = self.find(role, names).await?;
        if field
            .prop("value")
            .await?
            .is_some_and(|value| !value.is_empty())
        {
            field.clear().await?;
        }
        field.send_keys(text).await?;
        self.patiently("the field to hold what was typed", PATIENCE, async || {
            let value = field.prop("value").await?;
            ensure!(
                value.as_deref() == Some(text),
                "it holds {value:?} instead of {text:?}"
            );
            Ok(())
        })
        .await
    }

    /// Presses a key, with what is held down for it: `F2`, `Enter`, `Ctrl+Shift+M`. It goes where the focus is.
    ///
    /// # Errors
    /// There is no such key, or the window is gone.
    pub async fn press(&self, key: &str) -> Result<()> {
        let Press { held, key } = Press::parse(key)?;
        let mut keys = self.driver.action_chain();
        for modifier in &held {
            keys = keys.key_down(*modifier);
        }
        keys = keys.key_down(key).key_up(key);
        for modifier in held.iter().rev() {
            keys = keys.key_up(*modifier);
        }
        Ok(keys.perform().await?)
    }

    /// Types a text on the keyboard, wherever the focus is.
    ///
    /// # Errors
    /// The window is gone.
    pub async fn keys(&self, text: &str) -> Result<()> {
        Ok(self.driver.action_chain().send_keys(text).perform().await?)
    }

    /// Tells what has the focus: its role and its name, as a screen reader says them.
    ///
    /// # Errors
    /// The window is gone.
    pub async fn focused(&self) -> Result<(String, String)> {
        let element = self.driver.active_element().await?;
        let role = self.computed(&element, "computedrole").await?;
        Ok((role, self.name(&element).await?))
    }

    /// Waits until the focus is on a control with one of these names.
    ///
    /// # Errors
    /// It is not in time; what has it is told.
    pub async fn focuses(&self, names: &[&str], limit: Duration) -> Result<()> {
        self.patiently(&format!("the focus on {names:?}"), limit, async || {
            let (role, name) = self.focused().await?;
            ensure!(names.contains(&name.as_str()), "it is on {role} {name:?}");
            Ok(())
        })
        .await
    }

    /// Picks an entry of a list by its name.
    ///
    /// # Errors
    /// There is no such list or entry.
    pub async fn choose(&self, names: &[&str], entries: &[&str]) -> Result<()> {
        let list = self.find(Role::ComboBox, names).await?;
        if list.tag_name().await? == "select" {
            for option in list.find_all(By::Tag("option")).await? {
                if entries.contains(&option.text().await?.trim()) {
                    return Ok(option.click().await?);
                }
            }
            anyhow::bail!("{names:?} offers none of {entries:?}");
        }
        list.click().await?;
        self.click(Role::Choice, entries).await
    }

    /// Gives the text that can be read in the window now.
    ///
    /// # Errors
    /// The window is gone.
    pub async fn text(&self) -> Result<String> {
        // Not the driver's own idea of an element's text, which leaves out what may end in an ellipsis.
        let body = self.driver.find(By::Tag("body")).await?;
        Ok(body.prop("innerText").await?.unwrap_or_default())
    }

    /// Waits until one of these can be read in the window, and gives the whole text of that moment.
    ///
    /// # Errors
    /// None comes; what is there instead is told.
    pub async fn shows(&self, texts: &[&str], limit: Duration) -> Result<String> {
        self.patiently(
            &format!("one of {texts:?} in the window"),
            limit,
            async || {
                let all = self.text().await?;
                ensure!(
                    texts.iter().any(|text| all.contains(text)),
                    "it shows: {all}"
                );
                Ok(all)
            },
        )
        .await
    }

    /// Waits until none of these can be read in the window any more.
    ///
    /// # Errors
    /// One stays.
    pub async fn hides(&self, texts: &[&str], limit: Duration) -> Result<()> {
        self.patiently(&format!("{texts:?} to be gone"), limit, async || {
            let all = self.text().await?;
            ensure!(
                !texts.iter().any(|text| all.contains(text)),
                "it shows: {all}"
            );
            Ok(())
        })
        .await
    }

    /// Waits until there is no visible control with this role and one of these names, or until all that are there are disabled.
    ///
    /// # Errors
    /// One can still be pressed.
    pub async fn withholds(&self, role: Role, names: &[&str], limit: Duration) -> Result<()> {
        let what = format!("{names:?} not to be pressed");
        self.patiently(&what, limit, async || {
            for element in self.driver.find_all(By::Css(role.candidates())).await? {
                let Ok(name) = self.name(&element).await else {
                    continue;
                };
                ensure!(
                    !role.is_named(&name, names)
                        || !element.is_displayed().await?
                        || !is_enabled(&element).await?,
                    "{name:?} is there and enabled"
                );
            }
            Ok(())
        })
        .await
    }

    /// Waits until there is a visible control with this role and one of these names that can be pressed.
    ///
    /// # Errors
    /// There is none, or it stays disabled.
    pub async fn allows(&self, role: Role, names: &[&str]) -> Result<()> {
        self.patiently(&format!("{names:?} to be pressed"), PATIENCE, async || {
            let limit = Duration::from_secs(5);
            let element = self.find_within(role, names, limit).await?;
            ensure!(is_enabled(&element).await?, "{names:?} is disabled");
            Ok(())
        })
        .await
    }

    /// Waits until a control is in sight as a whole: nothing of it is beyond an edge of the window.
    ///
    /// # Errors
    /// It is not there, or is cut; where it is and how large the window is are told.
    pub async fn is_whole(&self, role: Role, names: &[&str], limit: Duration) -> Result<()> {
        let what = format!("{names:?} to be whole");
        self.patiently(&what, limit, async || {
            let control = self.find_within(role, names, limit).await?.rect().await?;
            let window = self.driver.find(By::Tag("html")).await?.rect().await?;
            ensure!(
                control.x >= 0.0
                    && control.y >= 0.0
                    && control.x + control.width <= window.width
                    && control.y + control.height <= window.height,
                "{control:?} in {window:?}"
            );
            Ok(())
        })
        .await
    }

    /// Takes a picture of the window.
    ///
    /// # Errors
    /// The window is gone or the file cannot be written.
    pub async fn picture(&self, file: &Path) -> Result<()> {
        Ok(self.driver.screenshot(file).await?)
    }

    /// Closes the window in good order.
    ///
    /// # Errors
    /// It is gone already.
    pub async fn close(self) -> Result<()> {
        Ok(self.driver.quit().await?)
    }

    /// Kills the program without warning, and its driver with it.
    ///
    /// # Errors
    /// The operating system does not say that it has ended.
    pub fn kill(self) -> Result<()> {
        self.webdriver.kill()
    }

    /// Asks again and again; what the window looks like when it was in vain is kept as `failed.png`.
    async fn patiently<T, F>(&self, what: &str, limit: Duration, ask: F) -> Result<T>
    where
        F: AsyncFnMut() -> Result<T>,
    {
        let answer = eventually(what, limit, ask).await;
        if answer.is_err() {
            // The window may be gone, which is then what the error is about.
            self.picture(&self.failed).await.ok();
        }
        answer
    }

    /// Gives the name that assistive technology is told.
    async fn name(&self, element: &WebElement) -> Result<String> {
        let name = self.computed(element, "computedlabel").await?;
        Ok(name.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    async fn computed(&self, element: &WebElement, what: &'static str) -> Result<String> {
        let ask = Computed {
            path: format!("/element/{}/{what}", element.element_id()).into(),
        };
        let answer = self
            .driver
            .cmd(Command::ExtensionCommand(Box::new(ask)))
            .await?;
        Ok(answer.value::<Option<String>>()?.unwrap_or_default())
    }
}

async fn is_enabled(element: &WebElement) -> Result<bool> {
    let told = element.attr("aria-disabled").await?;
    Ok(element.is_enabled().await? && told.as_deref() != Some("true"))
}

/// Computed role and label (WebDriver level 2), which thirtyfour has no method for.
#[derive(Debug)]
struct Computed {
    path: Arc<str>,
}

impl ExtensionCommand for Computed {
    fn parameters_json(&self) -> Option<Value> {
        None
    }

    fn method(&self) -> reqwest::Method {
        reqwest::Method::GET
    }

    fn endpoint(&self) -> Arc<str> {
        Arc::clone(&self.path)
    }
}
