//! The command line: the flags of both programs, and what only a phone without a window takes.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use offhook_phone::{Flags, FlagsError};

use crate::listener::Listen;

/// A command line, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    /// The flags of both programs.
    pub flags: Flags,
    /// A bare account to go to work with, where given.
    pub account: Option<PathBuf>,
    /// Where to listen for WebSockets, where asked for.
    pub listen: Option<Listen>,
    /// Whether requests are read from the standard input: always without `--listen`, with it where `--stdio` is given.
    pub stdio: bool,
}

/// A command line that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentsError {
    /// A flag of both programs.
    #[error(transparent)]
    Flags(#[from] FlagsError),
    /// The address is none, or not this computer's alone.
    #[error(
        "--listen takes 127.0.0.1:PORT or [::1]:PORT, and no address that others can reach, not {0:?}"
    )]
    Listen(String),
    /// A flag that stands with `--listen` only.
    #[error("{0} says nothing without --listen")]
    NotListening(&'static str),
}

impl Arguments {
    /// Reads the arguments after the program's name.
    ///
    /// # Errors
    /// [`ArgumentsError`] says what cannot be followed.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, ArgumentsError> {
        let (mut account, mut address, mut origins, mut stdio) = (None, None, Vec::new(), false);
        let mut rest = Vec::new();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let text = argument.to_string_lossy().into_owned();
            let (name, inline) = match text.split_once('=') {
                Some((name, value)) => (name, Some(OsString::from(value))),
                None => (text.as_str(), None),
            };
            let mut value = |flag: &'static str| {
                inline
                    .clone()
                    .or_else(|| arguments.next())
                    .ok_or(FlagsError::ValueMissing(flag))
            };
            match name {
                "--account" => account = Some(value("--account")?.into()),
                "--listen" => address = Some(loopback(&value("--listen")?)?),
                "--allow-origin" => {
                    origins.push(value("--allow-origin")?.to_string_lossy().into_owned());
                }
                "--stdio" if inline.is_none() => stdio = true,
                // A value of another flag goes with it, whatever it looks like.
                "--profile" | "--audio" | "--roots" if inline.is_none() => {
                    rest.push(argument);
                    rest.extend(arguments.next());
                }
                _ => rest.push(argument),
            }
        }
        let listen = match address {
            Some(address) => Some(Listen { address, origins }),
            None if stdio => return Err(ArgumentsError::NotListening("--stdio")),
            None if !origins.is_empty() => {
                return Err(ArgumentsError::NotListening("--allow-origin"));
            }
            None => None,
        };
        Ok(Self {
            flags: Flags::parse(rest)?,
            account,
            stdio: stdio || listen.is_none(),
            listen,
        })
    }
}

fn loopback(value: &OsString) -> Result<SocketAddr, ArgumentsError> {
    let text = value.to_string_lossy();
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Ok(address),
        Ok(_) | Err(_) => Err(ArgumentsError::Listen(text.into_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Arguments, ArgumentsError> {
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
            assert!(read.stdio && read.listen.is_none());
        }
        let read = parse(&["--profile", "--account"]).expect("a command line");
        assert_eq!(read.flags.profile, Some("--account".into()));
        assert_eq!(read.account, None);
        assert_eq!(
            parse(&["--account"]),
            Err(FlagsError::ValueMissing("--account").into())
        );
        assert_eq!(
            parse(&["--dance"]),
            Err(FlagsError::Unknown("--dance".into()).into())
        );
    }

    #[test]
    fn it_listens_instead_of_stdio_or_beside_it() {
        let read = parse(&["--listen", "127.0.0.1:0"]).expect("a command line");
        assert!(!read.stdio);
        let listen = read.listen.expect("it listens");
        assert_eq!((listen.address.port(), listen.origins.len()), (0, 0));
        let read = parse(&[
            "--stdio",
            "--listen=[::1]:7070",
            "--allow-origin",
            "http://a.example",
        ])
        .expect("a command line");
        assert!(read.stdio);
        let listen = read.listen.expect("it listens");
        assert_eq!(listen.address.port(), 7070);
        assert_eq!(listen.origins, ["http://a.example"]);
        assert_eq!(
            parse(&["--stdio"]),
            Err(ArgumentsError::NotListening("--stdio"))
        );
        assert_eq!(
            parse(&["--allow-origin=x"]),
            Err(ArgumentsError::NotListening("--allow-origin"))
        );
    }

    #[test]
    fn nobody_else_may_reach_it() {
        for address in [
            "0.0.0.0:1",
            "192.0.2.1:1",
            "[::]:1",
            "localhost:1",
            "127.0.0.1",
            "",
        ] {
            assert_eq!(
                parse(&["--listen", address]),
                Err(ArgumentsError::Listen(address.into()))
            );
        }
    }
}
