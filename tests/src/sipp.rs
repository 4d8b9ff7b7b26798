//! Debian's sipp as a peer: it does what a scenario of `tests/sipp/` says, one step at a cue, and keeps every message of the wire.
//!
//! What it hears comes back from it, sound and keyed digits alike; an [`Rtp`] witness listens on the way.
//!
//! Cues go over the socket that sipp has for third-party call control: `recvCmd` in a scenario waits for one.

use crate::{
    account::{Account, Transport},
    environment::Environment,
    place::{Place, eventually, free_port},
    process::{Program, Running},
    rtp::Rtp,
};
use anyhow::{Context, Result, ensure};
use std::{
    fmt,
    io::Write as _,
    net::TcpStream,
    path::{Path, PathBuf},
    time::Duration,
};

const CALLER: &str = include_str!("../sipp/caller.xml");
const CALLEE: &str = include_str!("../sipp/callee.xml");
const REGISTER: &str = include_str!("../sipp/register.xml");

/// How long one step may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Ends a cue.
const ESCAPE: u8 = 27;

/// The one codec that it offers and accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Codec {
    /// G.711 µ-law.
    #[default]
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722; the witness does not listen to it.
    G722,
}

/// What it does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cue {
    /// The called one: 180.
    Ring,
    /// The called one: 183 with its sound.
    Early,
    /// The called one: 200.
    Answer,
    /// The called one: one of the statuses in [`REFUSALS`].
    Refuse(u16),
    /// The caller, once it has been told that it rings: sipp takes a 180 that comes after its CANCEL for a fault.
    Cancel,
    /// Either, while they talk: an INVITE with `sendonly`.
    Hold,
    /// Either, while held: an INVITE with `sendrecv`.
    Retrieve,
    /// Either, while they talk.
    HangUp,
}

/// The statuses with which a called one can refuse.
pub const REFUSALS: [u16; 8] = [403, 404, 480, 484, 486, 488, 503, 603];

impl fmt::Display for Cue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ring => f.write_str("ring"),
            Self::Early => f.write_str("early"),
            Self::Answer => f.write_str("answer"),
            Self::Refuse(status) => write!(f, "refuse{status}"),
            Self::Cancel => f.write_str("cancel"),
            Self::Hold => f.write_str("hold"),
            Self::Retrieve => f.write_str("retrieve"),
            Self::HangUp => f.write_str("hangup"),
        }
    }
}

/// One message as it was on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The peer sent it; else it was sent to the peer.
    pub sent: bool,
    /// The whole of it, with `\n` as line ends.
    pub text: String,
}

impl Message {
    /// Gives the value of the first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.text
            .lines()
            .skip(1)
            .take_while(|line| !line.is_empty())
            .filter_map(|line| line.split_once(':'))
            .find(|(known, _)| known.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }
}

/// The peer, with one call.
#[derive(Debug)]
pub struct Sipp {
    /// `host:port` at which it is reached.
    pub address: String,
    /// What it hears.
    pub rtp: Rtp,
    trace: PathBuf,
    cues: TcpStream,
    program: Running,
}

impl Sipp {
    /// Has it call `callee` (a user part) at the account's centre; `name` names its files. Asked for a password, it gives the
    /// account's.
    ///
    /// # Errors
    /// It is not installed or does not come up.
    pub async fn calls(
        place: &Place,
        environment: &Environment,
        name: &str,
        account: &Account,
        callee: &str,
        codec: Codec,
    ) -> Result<Self> {
        let setting = Setting {
            place,
            environment,
            name,
            account,
        };
        let call_id = format!("{}@{name}", uuid::Uuid::new_v4().simple());
        let port = account.port()?;
        let begin = |program: Program| {
            program
                .arg(&account.centre)
                .args(["-s", callee, "-cid_str", &call_id])
        };
        setting.start(CALLER, codec, port, begin).await
    }

    /// Has it wait for one call. It rings, answers or refuses when it is given the cue.
    ///
    /// # Errors
    /// It is not installed or does not come up.
    pub async fn waits(
        place: &Place,
        environment: &Environment,
        name: &str,
        account: &Account,
        codec: Codec,
    ) -> Result<Self> {
        let setting = Setting {
            place,
            environment,
            name,
            account,
        };
        let begin = |program| program;
        setting.start(CALLEE, codec, account.port()?, begin).await
    }

    /// Has it wait for one more call where another one of it, which has ended, was reached.
    ///
    /// # Errors
    /// It is not installed or does not come up.
    pub async fn waits_at(
        place: &Place,
        environment: &Environment,
        name: &str,
        account: &Account,
        codec: Codec,
        address: &str,
    ) -> Result<Self> {
        let setting = Setting {
            place,
            environment,
            name,
            account,
        };
        let port = address.parse::<std::net::SocketAddr>()?.port();
        let begin = |program| program;
        setting.start(CALLEE, codec, port, begin).await
    }

    /// Has it register with the account's password (MD5), and then wait for one call at the same port.
    ///
    /// # Errors
    /// It is not installed, it is not registered, or the account is one over TCP: sipp cannot be called on the connection that it
    /// registered over.
    pub async fn registers(
        place: &Place,
        environment: &Environment,
        name: &str,
        account: &Account,
        codec: Codec,
    ) -> Result<Self> {
        let setting = Setting {
            place,
            environment,
            name,
            account,
        };
        ensure!(account.transport == Transport::Udp, "over UDP only");
        let port = account.port()?;
        let file = format!("{name}-register");
        let mut registering = setting
            .program(&file, REGISTER, port)?
            .arg(&account.centre)
            .start()?;
        registering
            .success(PATIENCE)
            .await
            .with_context(|| format!("Registering {name}, see {file}.msg"))?;
        let begin = |program| program;
        setting.start(CALLEE, codec, port, begin).await
    }

    /// Gives it a cue, and waits until it has gone by: of hold and retrieve the ACK, of the others their message.
    ///
    /// # Errors
    /// It is gone, cannot do this, or nobody called it yet.
    pub async fn cue(&mut self, cue: Cue) -> Result<()> {
        if let Cue::Refuse(status) = cue {
            ensure!(REFUSALS.contains(&status), "sipp does not say {status}");
        }
        let what = match cue {
            Cue::Ring => "SIP/2.0 180",
            Cue::Early => "SIP/2.0 183",
            Cue::Answer => "SIP/2.0 200",
            Cue::Refuse(_) => "SIP/2.0",
            Cue::Cancel => "CANCEL",
            Cue::Hold | Cue::Retrieve => "INVITE",
            Cue::HangUp => "BYE",
        };
        let invite = eventually("a call", PATIENCE, async || {
            let wire = self.wire()?;
            let mut invites = wire
                .into_iter()
                .filter(|said| said.text.starts_with("INVITE"));
            invites.next().context("no call yet")
        })
        .await?;
        let call_id = invite.header("Call-ID").context("a Call-ID")?;
        if cue == Cue::Cancel {
            self.is_told("SIP/2.0 180", PATIENCE).await?;
        }
        let count = |wire: &[Message]| {
            let sent = wire.iter().filter(|said| said.sent);
            sent.filter(|said| said.text.starts_with(what)).count()
        };
        let before = count(&self.wire()?);
        write!(self.cues, "Call-ID: {call_id}\r\nCue: {cue}\r\n\r\n")?;
        self.cues.write_all(&[ESCAPE])?;
        eventually(&format!("sipp to {cue}"), PATIENCE, async || {
            let wire = self.wire()?;
            ensure!(
                count(&wire) > before && (what != "INVITE" || is_acknowledged(&wire)),
                "it did not: {}",
                outline(&wire)
            );
            Ok(())
        })
        .await
    }

    /// Gives every message up to now, oldest first.
    ///
    /// # Errors
    /// There is no trace, so it never ran.
    pub fn wire(&self) -> Result<Vec<Message>> {
        trace(&self.trace)
    }

    /// Waits until a message that begins so has been sent to it, and gives the newest.
    ///
    /// # Errors
    /// None comes; what came is told.
    pub async fn is_told(&self, begins: &str, limit: Duration) -> Result<Message> {
        eventually(&format!("{begins} at sipp"), limit, async || {
            let wire = self.wire()?;
            let outline = outline(&wire);
            wire.into_iter()
                .rev()
                .find(|said| !said.sent && said.text.starts_with(begins))
                .with_context(|| format!("it has: {outline}"))
        })
        .await
    }

    /// Waits until its call has gone to an end that its scenario knows: nothing unexpected came.
    ///
    /// # Errors
    /// It goes on, or something unexpected came.
    pub async fn ends_well(&mut self, limit: Duration) -> Result<()> {
        self.program.success(limit).await
    }
}

/// What stays the same for all programs of one peer.
struct Setting<'a> {
    place: &'a Place,
    environment: &'a Environment,
    name: &'a str,
    account: &'a Account,
}

impl Setting<'_> {
    async fn start(
        &self,
        scenario: &str,
        codec: Codec,
        port: u16,
        begin: impl FnOnce(Program) -> Program,
    ) -> Result<Sipp> {
        let (echo, cues) = (sound_port()?, free_port()?);
        let rtp = Rtp::before(echo)?;
        let (payload, codec) = match codec {
            Codec::Pcmu => ("0", "PCMU/8000"),
            Codec::Pcma => ("8", "PCMA/8000"),
            Codec::G722 => ("9", "G722/8000"),
        };
        let program = self
            .program(self.name, scenario, port)?
            .args(["-3pcc", &format!("127.0.0.1:{cues}")])
            .args(["-rtp_echo", "-mi", "127.0.0.1", "-mp", &echo.to_string()])
            .args(["-key", "rtp", &rtp.port().to_string()])
            .args(["-key", "payload", payload, "-key", "codec", codec]);
        let mut program = begin(program).start()?;
        let cues = eventually("sipp's ports", PATIENCE, async || {
            program.must_run()?;
            for wanted in [port, echo] {
                ensure!(is_bound(wanted)?, "{wanted} is not bound yet");
            }
            Ok(TcpStream::connect(("127.0.0.1", cues))?)
        })
        .await?;
        Ok(Sipp {
            address: format!("127.0.0.1:{port}"),
            rtp,
            trace: self.trace(self.name),
            cues,
            program,
        })
    }

    fn program(&self, file: &str, scenario: &str, port: u16) -> Result<Program> {
        let path = self.place.log(format!("{file}.xml"));
        std::fs::write(&path, scenario)?;
        let password = self.account.password.as_deref().unwrap_or("none");
        let transport = match self.account.transport {
            Transport::Udp => "u1",
            Transport::Tcp => "t1",
            Transport::Tls => anyhow::bail!("sipp verifies no certificates"),
        };
        Ok(Program::new(file, "sipp", self.place, self.environment)
            .arg("-sf")
            .arg(path)
            .args(["-nostdin", "-bind_local", "-i", "127.0.0.1"])
            .args(["-p", &port.to_string()])
            .args(["-ci", "127.0.0.1", "-cp", &free_port()?.to_string()])
            .args(["-m", "1", "-trace_msg", "-message_file"])
            .arg(self.trace(file))
            .args(["-trace_err", "-error_file"])
            .arg(self.place.log(format!("{file}.err")))
            .args(["-t", transport])
            .args(["-key", "user", &self.account.user])
            .args(["-key", "name", &self.account.name])
            .args(["-au", &self.account.user, "-ap", password])
            .args(["-key", "expires", "600"]))
    }

    fn trace(&self, file: &str) -> PathBuf {
        self.place.log(format!("{file}.msg"))
    }
}

/// Takes a port for sound. sipp binds another one two above it, so both lie below those that the system gives away by itself.
fn sound_port() -> Result<u16> {
    let free = |port: u16| std::net::UdpSocket::bind(("127.0.0.1", port)).is_ok();
    for _ in 0..50 {
        let drawn = uuid::Uuid::new_v4().as_u128() % 3000;
        let port = 20_000 + u16::try_from(drawn)? * 4;
        if free(port) && free(port + 2) {
            return Ok(port);
        }
    }
    anyhow::bail!("no free ports for sound")
}

/// Whether a program holds this port on 127.0.0.1 or on all addresses, over UDP or as a listener over TCP. Asking by binding it
/// could take it away from the one that is waited for.
fn is_bound(port: u16) -> Result<bool> {
    const LISTENS: &str = "0A";
    let wanted = format!(":{port:04X}");
    for (file, tcp) in [("/proc/net/udp", false), ("/proc/net/tcp", true)] {
        let table = std::fs::read_to_string(file)?;
        let found = table.lines().skip(1).any(|line| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            columns.get(1).is_some_and(|local| local.ends_with(&wanted))
                && (!tcp || columns.get(3) == Some(&LISTENS))
        });
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

fn trace(path: &Path) -> Result<Vec<Message>> {
    let bytes = std::fs::read(path).with_context(|| format!("Reading {}", path.display()))?;
    Ok(messages(&String::from_utf8_lossy(&bytes)))
}

/// Reads sipp's message trace: a ruler with the time, a line about what follows, and the message. Cues are left out.
fn messages(trace: &str) -> Vec<Message> {
    const RULER: &str = "-----------------------------------------------";
    let trace = trace.replace('\r', "");
    trace
        .split(RULER)
        .filter_map(|piece| {
            let (_time, rest) = piece.split_once('\n')?;
            let (about, text) = rest.split_once("\n\n")?;
            let sent = match about {
                about if about.contains(" message sent ") => true,
                about if about.contains(" message received ") => false,
                _ => return None,
            };
            let text = text.trim_start().to_owned();
            (!text.starts_with("Call-ID:")).then_some(Message { sent, text })
        })
        .collect()
}

/// Whether the newest INVITE that was sent has been answered and acknowledged: the ACK carries its number (RFC 3261, 13.2.2.4).
fn is_acknowledged(wire: &[Message]) -> bool {
    let newest = |method: &str| {
        let sent = wire.iter().rev().filter(|said| said.sent);
        let number = sent
            .filter(|said| said.text.starts_with(method))
            .find_map(|said| said.header("CSeq"))?;
        number.split_whitespace().next().map(str::to_owned)
    };
    newest("INVITE").is_some_and(|number| newest("ACK") == Some(number))
}

/// The first lines, for one who asks what happened.
fn outline(wire: &[Message]) -> String {
    wire.iter()
        .map(|said| {
            let first = said.text.lines().next().unwrap_or_default();
            format!("{} {first}", if said.sent { ">" } else { "<" })
        })
        .collect::<Vec<_>>()
        .join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_read_with_its_directions() {
        let trace = "----------------------------------------------- 2026-11-25 00:57:50.089682
UDP message received [544] bytes :

INVITE sip:bob@127.0.0.1 SIP/2.0\r
Call-ID: abc\r
\r
v=0\r

----------------------------------------------- 2026-11-25 00:57:50.089941
UDP message sent (218 bytes):

SIP/2.0 100 Trying
call-id: abc

----------------------------------------------- 2026-11-25 00:57:51.1
TCP message received [30] bytes :

Call-ID: abc
Cue: ring
";
        let wire = messages(trace);
        assert_eq!(
            outline(&wire),
            "< INVITE sip:bob@127.0.0.1 SIP/2.0; > SIP/2.0 100 Trying"
        );
        assert_eq!(wire[1].header("Call-ID"), Some("abc"));
    }

    #[test]
    fn every_refusal_is_in_the_scenario() {
        for status in REFUSALS {
            assert!(
                CALLEE.contains(&format!("value=\"refuse{status}\"")),
                "{status}"
            );
            assert!(CALLEE.contains(&format!("SIP/2.0 {status} ")), "{status}");
        }
    }
}
