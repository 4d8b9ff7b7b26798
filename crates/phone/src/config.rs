//! What both programs are told at start.

use std::ffi::OsString;
use std::path::PathBuf;

use offhook_audio::BackendConfig;

/// All that [`open`](crate::open) needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder with the store; created where it is missing, and locked while the phone is open.
    pub profile: PathBuf,
    /// The sound devices.
    pub audio: BackendConfig,
    /// The PEM file with the root certificates to trust, for API and SIP, instead of the system's. Where nothing is said here,
    /// the one that was set last counts.
    pub roots: Option<PathBuf>,
}

/// The flags of both programs: `--profile DIR`, `--audio null | wav:IN,OUT | device[:MIC,SPEAKER[,RINGER]]` and `--roots FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flags {
    /// The profile folder, where given.
    pub profile: Option<PathBuf>,
    /// The sound devices; the system's defaults where not given.
    pub audio: BackendConfig,
    /// The PEM file with the root certificates to trust, where given.
    pub roots: Option<PathBuf>,
}

/// A command line that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlagsError {
    /// There is no such flag.
    #[error(
        "there is no flag {0:?}; there are --profile DIR, --audio null | wav:IN,OUT | device[:MIC,SPEAKER[,RINGER]] and --roots FILE"
    )]
    Unknown(String),
    /// A flag stands without its value.
    #[error("{0} needs a value")]
    ValueMissing(&'static str),
    /// The value of `--audio` names no sound devices.
    #[error("--audio takes null, wav:IN,OUT or device[:MIC,SPEAKER[,RINGER]], not {0:?}")]
    Audio(String),
}

impl Flags {
    /// Reads the arguments after the program's name. `--flag value` and `--flag=value` are the same.
    ///
    /// # Errors
    /// [`FlagsError`] says what cannot be followed.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, FlagsError> {
        let mut flags = Self {
            profile: None,
            audio: SYSTEM,
            roots: None,
        };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            // A value may be a path that is no Unicode; a flag of ours is.
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
                "--profile" => flags.profile = Some(value("--profile")?.into()),
                "--roots" => flags.roots = Some(value("--roots")?.into()),
                "--audio" => flags.audio = parse_audio(&value("--audio")?.to_string_lossy())?,
                _ => return Err(FlagsError::Unknown(text)),
            }
        }
        Ok(flags)
    }
}

const SYSTEM: BackendConfig = BackendConfig::Device {
    mic: None,
    speaker: None,
    ringer: None,
};

/// Reads the value of `--audio`. A name that is left out is the system's default, a file that is left out is silence.
///
/// # Errors
/// [`FlagsError::Audio`].
pub fn parse_audio(text: &str) -> Result<BackendConfig, FlagsError> {
    let refused = || FlagsError::Audio(text.to_owned());
    let (kind, names) = match text.split_once(':') {
        Some((kind, names)) => (kind, Some(names)),
        None => (text, None),
    };
    let mut names = names.map(|names| {
        names
            .split(',')
            .map(|name| (!name.is_empty()).then(|| name.to_owned()))
    });
    let mut next = || names.as_mut().and_then(Iterator::next).flatten();
    let backend = match kind {
        "null" => BackendConfig::Null,
        "wav" => BackendConfig::Wav {
            input: next().map(PathBuf::from),
            output: next().map(PathBuf::from),
        },
        "device" => BackendConfig::Device {
            mic: next(),
            speaker: next(),
            ringer: next(),
        },
        _ => return Err(refused()),
    };
    let left_over = names.is_some_and(|mut names| names.next().is_some());
    if left_over || text == "wav" {
        return Err(refused());
    }
    Ok(backend)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Flags, FlagsError> {
        Flags::parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn flags_take_their_value_with_and_without_an_equals_sign() {
        let expected = Flags {
            profile: Some("/p".into()),
            audio: BackendConfig::Null,
            roots: Some("/ca.pem".into()),
        };
        assert_eq!(
            parse(&["--profile", "/p", "--audio=null", "--roots", "/ca.pem"]),
            Ok(expected.clone())
        );
        assert_eq!(
            parse(&["--profile=/p", "--audio", "null", "--roots=/ca.pem"]),
            Ok(expected)
        );
        assert_eq!(parse(&[]).map(|flags| flags.profile), Ok(None));
    }

    #[test]
    fn what_cannot_be_followed_is_said() {
        assert_eq!(
            parse(&["--audio"]),
            Err(FlagsError::ValueMissing("--audio"))
        );
        assert_eq!(
            parse(&["--verbose"]),
            Err(FlagsError::Unknown("--verbose".into()))
        );
    }

    #[test]
    fn audio_names_files_and_devices() {
        assert_eq!(
            parse_audio("wav:in.wav,out.wav"),
            Ok(BackendConfig::Wav {
                input: Some("in.wav".into()),
                output: Some("out.wav".into())
            })
        );
        assert_eq!(
            parse_audio("wav:,out.wav"),
            Ok(BackendConfig::Wav {
                input: None,
                output: Some("out.wav".into())
            })
        );
        assert_eq!(parse_audio("device"), Ok(SYSTEM));
        assert_eq!(
            parse_audio("device:mic,spk,bell"),
            Ok(BackendConfig::Device {
                mic: Some("mic".into()),
                speaker: Some("spk".into()),
                ringer: Some("bell".into())
            })
        );
        for wrong in ["", "wav", "null:x", "device:a,b,c,d", "wav:a,b,c", "alsa"] {
            assert_eq!(
                parse_audio(wrong),
                Err(FlagsError::Audio(wrong.into())),
                "{wrong}"
            );
        }
    }
}
