//! What stands on the command line.

use offhook_centre::serve::{Lifetime, Limits, Options};
use offhook_centre::tls::Tls;
use rustls::pki_types::DnsName;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// How the program is called.
pub const USAGE: &str = "\
offhook-centre serve [--data DIR] [--http ADDRESS] [--sip ADDRESS] [--ring-seconds N]
                     [--wrap-up-seconds N] [--grace-seconds N] [--trunk HOST:PORT] [--record]
                     [--tls CERT KEY [--sips ADDRESS] [--name HOST]] [--session-hours N]
                     [--sample-data] [--practice] [--print-ready] [--allow-plain]

  --data DIR        where the records are kept (default: offhook-centre-data)
  --http ADDRESS    where the API listens (default: 127.0.0.1:0, any free port)
  --sip ADDRESS     where plain SIP listens, UDP and TCP (default: 127.0.0.1:0)
  --tls CERT KEY    PEM files of a certificate with its chain, and of its key: the API then speaks
                    HTTPS, and agents' telephones register with SIP over TLS
  --sips ADDRESS    where SIP over TLS listens, at any address of this machine (default: 127.0.0.1:0)
  --name HOST       the name in the certificate by which agents reach this machine
                    (default: the addresses above, which the certificate must then hold)
  --ring-seconds N  how long a call rings at one agent, 1 to 600 (default: 30)
  --wrap-up-seconds N
                    how long a wrap-up may take before the agent is free again, 10 to 3600
                    (default: as long as the agent wants)
  --grace-seconds N how long after its app fell silent an agent is checked out, 1 to 3600 (default: 60)
  --trunk HOST:PORT where calls to numbers outside go, plain SIP over UDP (default: practice
                    people answer them with --practice, nobody without)
  --record          record what agents and customers say to each other
  --session-hours N how long a session lasts that nobody uses, 1 to 168 (default: 24)
  --sample-data     fill an empty store with practice agents and customers
  --practice        let an administrator start practice calls
  --print-ready     print one line of JSON once everything listens
  --allow-plain     allow addresses other than loopback for plain HTTP and plain SIP";

/// The command line, read.
#[derive(Debug)]
pub struct Arguments {
    pub options: Options,
    pub print_ready: bool,
}

/// What is wrong with a command line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentError {
    #[error("the only command is serve")]
    Command,
    #[error("{0} is not known")]
    Unknown(String),
    #[error("{0} wants a value")]
    Missing(String),
    #[error("{0} cannot be {1:?}")]
    Value(String, String),
    #[error("{0} counts with --tls only")]
    NeedsTls(&'static str),
}

/// Reads a command line without the program's name.
pub fn read(words: impl IntoIterator<Item = String>) -> Result<Arguments, ArgumentError> {
    let mut words = words.into_iter();
    if words.next().as_deref() != Some("serve") {
        return Err(ArgumentError::Command);
    }
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut options = Options {
        data: PathBuf::from("offhook-centre-data"),
        http: any_port,
        sip: any_port,
        ring_seconds: 30,
        wrap_up_seconds: None,
        grace_seconds: 60,
        trunk: None,
        record: false,
        sample_data: false,
        practice: false,
        allow_plain: false,
        lifetime: Lifetime::default(),
        limits: Limits::default(),
        tls: None,
    };
    let mut print_ready = false;
    let (mut files, mut sips, mut name) = (None, None, None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--data" => options.data = value(&word, &mut words)?.into(),
            "--http" => options.http = parsed(&word, &mut words)?,
            "--sip" => options.sip = parsed(&word, &mut words)?,
            "--tls" => {
                let certificate = value(&word, &mut words)?;
                files = Some((certificate, value(&word, &mut words)?));
            }
            "--sips" => sips = Some(parsed(&word, &mut words)?),
            "--name" => name = Some(host(&word, &mut words)?),
            "--ring-seconds" => options.ring_seconds = seconds(&word, 1..=600, &mut words)?,
            "--wrap-up-seconds" => {
                options.wrap_up_seconds = Some(seconds(&word, 10..=3_600, &mut words)?);
            }
            "--grace-seconds" => options.grace_seconds = seconds(&word, 1..=3_600, &mut words)?,
            "--session-hours" => {
                let hours: u32 = parsed(&word, &mut words)?;
                if !(1..=168).contains(&hours) {
                    return Err(ArgumentError::Value(word, hours.to_string()));
                }
                options.lifetime.unused = Duration::from_secs(3_600 * u64::from(hours));
            }
            "--trunk" => options.trunk = Some(value(&word, &mut words)?),
            "--record" => options.record = true,
            "--sample-data" => options.sample_data = true,
            "--practice" => options.practice = true,
            "--print-ready" => print_ready = true,
            "--allow-plain" => options.allow_plain = true,
            _ => return Err(ArgumentError::Unknown(word)),
        }
    }
    options.tls = match files {
        Some((certificate, key)) => Some(Tls {
            certificate: certificate.into(),
            key: key.into(),
            sips: sips.unwrap_or(any_port),
            name,
        }),
        None if sips.is_some() => return Err(ArgumentError::NeedsTls("--sips")),
        None if name.is_some() => return Err(ArgumentError::NeedsTls("--name")),
        None => None,
    };
    Ok(Arguments {
        options,
        print_ready,
    })
}

fn value(name: &str, words: &mut impl Iterator<Item = String>) -> Result<String, ArgumentError> {
    words
        .next()
        .ok_or_else(|| ArgumentError::Missing(name.to_owned()))
}

/// A name that a certificate can hold.
fn host(name: &str, words: &mut impl Iterator<Item = String>) -> Result<String, ArgumentError> {
    let host = value(name, words)?;
    match DnsName::try_from(host.as_str()) {
        Ok(_) => Ok(host),
        Err(_) => Err(ArgumentError::Value(name.to_owned(), host)),
    }
}

fn parsed<T: std::str::FromStr>(
    name: &str,
    words: &mut impl Iterator<Item = String>,
) -> Result<T, ArgumentError> {
    let text = value(name, words)?;
    text.parse()
        .map_err(|_| ArgumentError::Value(name.to_owned(), text))
}

fn seconds(
    name: &str,
    possible: RangeInclusive<u32>,
    words: &mut impl Iterator<Item = String>,
) -> Result<u32, ArgumentError> {
    let seconds = parsed(name, words)?;
    if possible.contains(&seconds) {
        Ok(seconds)
    } else {
        Err(ArgumentError::Value(name.to_owned(), seconds.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Result<Arguments, ArgumentError> {
        read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn everything_can_be_said() {
        let arguments = words(
            "serve --data /d --http 127.0.0.1:80 --sip [::1]:5060 --ring-seconds 5 --wrap-up-seconds 90 --grace-seconds 7 --trunk pbx:5060 --record --session-hours 8 --sample-data --practice --print-ready",
        )
        .expect("read");
        assert_eq!(arguments.options.data, PathBuf::from("/d"));
        assert_eq!(arguments.options.sip.port(), 5060);
        assert_eq!(arguments.options.ring_seconds, 5);
        assert_eq!(arguments.options.wrap_up_seconds, Some(90));
        assert_eq!(arguments.options.grace_seconds, 7);
        let unused = arguments.options.lifetime.unused;
        assert_eq!(unused, Duration::from_secs(8 * 3_600));
        assert_eq!(arguments.options.trunk.as_deref(), Some("pbx:5060"));
        assert!(arguments.print_ready && arguments.options.practice);
        assert!(arguments.options.record);
        assert!(!arguments.options.allow_plain);
    }

    #[test]
    fn tls_has_an_address_of_its_own_for_sip() {
        let line = "serve --tls c.pem k.pem --sips 192.0.2.1:5061 --name centre.example";
        let tls = words(line).expect("read").options.tls.expect("tls");
        assert_eq!((tls.certificate, tls.key), ("c.pem".into(), "k.pem".into()));
        assert_eq!(tls.sips.to_string(), "192.0.2.1:5061");
        assert_eq!(tls.name.as_deref(), Some("centre.example"));
        for (line, error) in [
            (
                "serve --tls c.pem",
                ArgumentError::Missing("--tls".to_owned()),
            ),
            (
                "serve --sips 127.0.0.1:0",
                ArgumentError::NeedsTls("--sips"),
            ),
            (
                "serve --name centre.example",
                ArgumentError::NeedsTls("--name"),
            ),
            (
                "serve --tls c.pem k.pem --name a_b:1",
                ArgumentError::Value("--name".into(), "a_b:1".into()),
            ),
        ] {
            assert_eq!(words(line).expect_err(line), error);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(words("").expect_err("no command"), ArgumentError::Command);
        assert_eq!(
            words("serve --http").expect_err("no value"),
            ArgumentError::Missing("--http".into())
        );
        assert_eq!(
            words("serve --ring-seconds 0").expect_err("too short"),
            ArgumentError::Value("--ring-seconds".into(), "0".into())
        );
        assert_eq!(
            words("serve --wrap-up-seconds 9").expect_err("too short"),
            ArgumentError::Value("--wrap-up-seconds".into(), "9".into())
        );
        assert_eq!(
            words("serve --grace-seconds 3601").expect_err("too long"),
            ArgumentError::Value("--grace-seconds".into(), "3601".into())
        );
        assert_eq!(
            words("serve --what").expect_err("unknown"),
            ArgumentError::Unknown("--what".into())
        );
    }
}
