//! The command line: the flags of both programs, and `--account FILE`.

use std::ffi::OsString;
use std::path::PathBuf;

use offhook_phone::{Flags, FlagsError};

/// A command line, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    /// The flags of both programs.
    pub flags: Flags,
    /// A bare account to go to work with, where given.
    pub account: Option<PathBuf>,
}

impl Arguments {
    /// Reads the arguments after the program's name.
    ///
    /// # Errors
    /// [`FlagsError`] says what cannot be followed.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, FlagsError> {
        let mut account = None;
        let mut rest = Vec::new();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some("--account") => {
                    let file = arguments.next();
                    account = Some(file.ok_or(FlagsError::ValueMissing("--account"))?.into());
                }
                Some(text) if text.starts_with("--account=") => {
                    account = text.strip_prefix("--account=").map(PathBuf::from);
                }
                // A value of another flag goes with it, whatever it looks like.
                Some("--profile" | "--audio" | "--roots") => {
                    rest.push(argument);
                    rest.extend(arguments.next());
                }
                Some(_) | None => rest.push(argument),
            }
        }
        Ok(Self {
            flags: Flags::parse(rest)?,
            account,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Arguments, FlagsError> {
        Arguments::parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn the_account_stands_anywhere_among_the_flags() {
        for arguments in [
            &["--account", "a.json", "--profile", "/p"][..],
            &["--profile", "/p", "--account=a.json"],
        ] {
            let read = parse(arguments).expect("a command line");
            assert_eq!(read.account, Some("a.json".into()));
            assert_eq!(read.flags.profile, Some("/p".into()));
        }
        let read = parse(&["--profile", "--account"]).expect("a command line");
        assert_eq!(read.flags.profile, Some("--account".into()));
        assert_eq!(read.account, None);
        assert_eq!(
            parse(&["--account"]),
            Err(FlagsError::ValueMissing("--account"))
        );
        assert_eq!(
            parse(&["--dance"]),
            Err(FlagsError::Unknown("--dance".into()))
        );
    }
}
