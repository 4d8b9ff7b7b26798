//! `--account FILE`: a bare SIP account to go to work with.
//!
//! ```json
//! { "aor": "1001@pbx.example", "password_command": ["pass", "show", "pbx/1001"], "check_in": true }
//! ```
//!
//! Beside these: `password` in the command's place, `auth_user`, `registrar`, `transport` (`udp`, `tcp` or `tls`), `display_name`,
//! and `roots`, the PEM file with the root certificates to trust instead of the system's; `--roots` counts before it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use offhook_model::{BareAccount, Code, Secret, SipTransport};
use serde::Deserialize;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;

use crate::readable;

/// The largest account file and the longest password, in bytes.
const LARGEST: u64 = 64 * 1024;
/// How long the password command may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What to go to work with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// The account.
    pub account: BareAccount,
    /// Check in as well, as soon as the account is in use.
    pub check_in: bool,
    /// The PEM file with the root certificates to trust, where one is named.
    pub roots: Option<PathBuf>,
}

/// Why an account file cannot be used. Nothing that stands in it is quoted.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// It is not there, or may not be read.
    #[error("the account file cannot be read: {0}")]
    Unreadable(io::Error),
    /// It holds a password and others can read it.
    #[error(
        "others can read the account file, and it holds a password: take their rights away (chmod 600), or name a password_command"
    )]
    Exposed,
    /// It is no JSON object with the fields it must have.
    #[error("the account file is not as it should be: {0}")]
    Malformed(String),
    /// There is neither a password nor a password command, or there are both.
    #[error("the account file needs either a password or a password_command")]
    OnePassword,
    /// The password command did not start.
    #[error("the password command did not start: {0}")]
    NotStarted(io::Error),
    /// The password command failed.
    #[error("the password command failed ({0})")]
    Failed(std::process::ExitStatus),
    /// The password command did not end in time.
    #[error("the password command did not end within 10 s")]
    TimedOut,
    /// The password command ended well and said nothing.
    #[error("the password command wrote no password in its first line")]
    Empty,
}

impl AccountError {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Exposed => Code::AccountReadable,
            Self::Unreadable(_)
            | Self::Malformed(_)
            | Self::OnePassword
            | Self::NotStarted(_)
            | Self::Failed(_)
            | Self::TimedOut
            | Self::Empty => Code::AccountInvalid,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    aor: String,
    password: Option<Secret>,
    password_command: Option<Vec<String>>,
    auth_user: Option<String>,
    registrar: Option<String>,
    #[serde(default)]
    transport: SipTransport,
    display_name: Option<String>,
    #[serde(default)]
    check_in: bool,
    roots: Option<PathBuf>,
}

impl Work {
    /// Reads an account file, and asks its password command where it names one.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn read(path: &Path) -> Result<Self, AccountError> {
        let file = File::open(path).map_err(AccountError::Unreadable)?;
        let mut text = Vec::new();
        (&file)
            .take(LARGEST)
            .read_to_end(&mut text)
            .map_err(AccountError::Unreadable)?;
        let Written {
            aor,
            password,
            password_command,
            auth_user,
            registrar,
            transport,
            display_name,
            check_in,
            roots,
        } = serde_json::from_slice(&text).map_err(|error| malformed(&error))?;
        let password = match (password, password_command) {
            (Some(password), None) => {
                // The open file is asked, not its name: it is the one that was read.
                if readable::by_others(&file).map_err(AccountError::Unreadable)? {
                    return Err(AccountError::Exposed);
                }
                password
            }
            (None, Some(command)) => ask(&command, PATIENCE).await?,
            (Some(_), Some(_)) | (None, None) => return Err(AccountError::OnePassword),
        };
        Ok(Self {
            account: BareAccount {
                aor,
                auth_user,
                password,
                registrar,
                transport,
                display_name,
            },
            check_in,
            roots,
        })
    }
}

/// Says what is wrong with the file. Of serde's own words only those are kept that name fields, not values.
fn malformed(error: &serde_json::Error) -> AccountError {
    let words = error.to_string();
    AccountError::Malformed(
        if words.starts_with("unknown field") || words.starts_with("missing field") {
            words
        } else {
            format!(
                "{:?} error in line {}, column {}",
                error.classify(),
                error.line(),
                error.column()
            )
        },
    )
}

/// Runs a command without a shell; the first line of what it writes is the password.
async fn ask(command: &[String], patience: Duration) -> Result<Secret, AccountError> {
    let no_program = || AccountError::NotStarted(io::ErrorKind::InvalidInput.into());
    let (program, arguments) = command.split_first().ok_or_else(no_program)?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(AccountError::NotStarted)?;
    let output = child.stdout.take().ok_or_else(no_program)?;
    let answered = async {
        let mut text = String::new();
        output.take(LARGEST).read_to_string(&mut text).await?;
        let status = child.wait().await?;
        Ok::<_, io::Error>((Secret::new(text), status))
    };
    let (text, status) = timeout(patience, answered)
        .await
        .map_err(|_| AccountError::TimedOut)?
        .map_err(AccountError::NotStarted)?;
    if !status.success() {
        return Err(AccountError::Failed(status));
    }
    match text.expose().lines().next() {
        Some(line) if !line.is_empty() => Ok(Secret::new(line)),
        Some(_) | None => Err(AccountError::Empty),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    async fn read(text: &str) -> Result<Work, AccountError> {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("account.json");
        fs::write(&path, text).expect("a file");
        for_its_owner(&path);
        Work::read(&path).await
    }

    #[cfg(unix)]
    fn for_its_owner(path: &Path) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("rights");
    }

    #[cfg(not(unix))]
    fn for_its_owner(_: &Path) {}

    #[tokio::test]
    async fn an_account_is_read_with_all_its_fields() {
        let work = read(
            r#"{"aor":"1001@pbx.example","password":"p","auth_user":"u","registrar":"10.0.0.1:5080",
                "transport":"tls","display_name":"林晓峰","check_in":true,"roots":"/etc/ca.pem"}"#,
        )
        .await
        .expect("an account");
        assert!(work.check_in);
        assert_eq!(work.roots, Some("/etc/ca.pem".into()));
        assert_eq!(
            work.account,
            BareAccount {
                aor: "1001@pbx.example".into(),
                auth_user: Some("u".into()),
                password: Secret::new("p"),
                registrar: Some("10.0.0.1:5080".into()),
                transport: SipTransport::Tls,
                display_name: Some("林晓峰".into()),
            }
        );
        let short = read(r#"{"aor":"1001@pbx.example","password":"p"}"#).await;
        assert!(!short.expect("an account").check_in);
    }

    #[tokio::test]
    async fn what_is_wrong_is_said_without_a_word_of_the_file() {
        for (text, said) in [
            ("", "line 1"),
            ("[]", "line 1"),
            (r#"{"aor":"secret-word"}"#, "either a password"),
            (
                r#"{"aor":"a","password":"secret-word","password_command":["x"]}"#,
                "either a password",
            ),
            (
                r#"{"aor":"a","pasword":"secret-word"}"#,
                "unknown field `pasword`",
            ),
            (r#"{"password":"secret-word"}"#, "missing field `aor`"),
            (r#"{"aor":"a","password":["secret-word"]}"#, "line 1"),
            (
                r#"{"aor":"a","password":"p","transport":"secret-word"}"#,
                "line 1",
            ),
            (r#"{"aor":"a","password_command":"secret-word"}"#, "line 1"),
            (r#"{"aor":"a","password_command":[]}"#, "did not start"),
        ] {
            let error = read(text).await.expect_err(text);
            assert_eq!(error.code(), Code::AccountInvalid, "{text}");
            let words = error.to_string();
            assert!(words.contains(said), "{text}: {words}");
            assert!(!words.contains("secret-word"), "{text}: {words}");
        }
        let missing = Work::read(Path::new("/nowhere/account.json")).await;
        assert!(matches!(missing, Err(AccountError::Unreadable(_))));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_with_a_password_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("account.json");
        let with_mode = async |text: &str, mode: u32| {
            fs::write(&path, text).expect("a file");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("rights");
            Work::read(&path).await
        };
        let written = r#"{"aor":"1001@pbx.example","password":"p"}"#;
        for mode in [0o644, 0o640, 0o604, 0o620] {
            let error = with_mode(written, mode).await.expect_err("refused");
            assert_eq!(error.code(), Code::AccountReadable, "{mode:o}");
        }
        for mode in [0o600, 0o400, 0o700] {
            with_mode(written, mode).await.expect("an account");
        }
        // Without a password there is nothing to hide.
        let named = r#"{"aor":"1001@pbx.example","password_command":["printf","p"]}"#;
        with_mode(named, 0o644).await.expect("an account");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_first_line_of_a_command_is_the_password() {
        let asked = async |command: &[&str]| {
            let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
            ask(&command, PATIENCE).await
        };
        let password = asked(&["printf", "pa ss\r\nlogin: 1001\n"]).await;
        assert_eq!(password.expect("a password").expose(), "pa ss");
        // No shell reads it.
        let plain = asked(&["printf", "%s", "$HOME;id"]).await;
        assert_eq!(plain.expect("a password").expose(), "$HOME;id");
        assert!(matches!(
            asked(&["false"]).await,
            Err(AccountError::Failed(_))
        ));
        assert!(matches!(asked(&["true"]).await, Err(AccountError::Empty)));
        assert!(matches!(
            asked(&["/nowhere/pass"]).await,
            Err(AccountError::NotStarted(_))
        ));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_command_that_does_not_end_is_given_up() {
        let command = ["sleep".to_owned(), "600".to_owned()];
        let asked = ask(&command, Duration::from_millis(50)).await;
        assert!(matches!(asked, Err(AccountError::TimedOut)));
    }
}
