//! Debian's baresip as a peer: a SIP phone that nobody here wrote, on sound devices of its own, told what to do over its
//! control port (netstrings of JSON).
//!
//! 1.0.0 knows MD5 only, gives up at any other algorithm, and when it hangs up on one who rings it says 486.

use crate::{
    account::Account,
    environment::Environment,
    place::{Place, eventually, free_port},
    process::{Program, Running},
    pulse::Pulse,
};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::{fmt::Write as _, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// The codecs it may be told to offer, in its own names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// Opus at 48 kHz.
    Opus,
    /// PCMU and PCMA at 8 kHz.
    G711,
    /// G.722, 16 kHz on an RTP clock of 8 kHz.
    G722,
}

/// What it hears and speaks with.
#[derive(Debug, Clone, Copy)]
pub enum Devices<'a> {
    /// The devices of its party.
    Of(&'a Pulse),
    /// None: what it hears comes back from it.
    Echo(&'a Environment),
}

/// The phone.
#[derive(Debug)]
pub struct Baresip {
    /// `host:port` at which it is reached.
    pub address: String,
    digits: String,
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    program: Running,
}

impl Baresip {
    /// Starts it as `party` (its devices and the name of its files); one with a password registers.
    ///
    /// # Errors
    /// It is not installed, does not come up, or cannot register.
    pub async fn start(
        place: &Place,
        devices: Devices<'_>,
        party: &str,
        account: &Account,
        codec: Codec,
    ) -> Result<Self> {
        let (port, control) = (account.port()?, free_port()?);
        let dir = place.dir(&format!("baresip-{party}"))?;
        std::fs::write(
            dir.join("config"),
            config(party, port, control, devices, codec)?,
        )?;
        std::fs::write(dir.join("contacts"), "")?;
        let registration = match &account.password {
            Some(password) => format!("auth_user={};auth_pass={password};regint=300", account.user),
            None => "regint=0".into(),
        };
        std::fs::write(
            dir.join("accounts"),
            format!(
                "\"{}\" <sip:{}@{};transport={}>;{registration}\n",
                account.name,
                account.user,
                account.centre,
                account.transport.name()
            ),
        )?;
        let environment = match devices {
            Devices::Of(pulse) => pulse.environment(),
            Devices::Echo(environment) => environment,
        };
        let name = format!("baresip-{party}");
        let mut program = Program::new(&name, "baresip", place, environment)
            .args(["-v", "-s", "-f"])
            .arg(&dir)
            .talking()
            .listening()
            .start()?;
        let limit = Duration::from_secs(15);
        let stream = eventually("baresip's control port", limit, async || {
            program.must_run()?;
            Ok(TcpStream::connect(("127.0.0.1", control)).await?)
        })
        .await?;
        let (reader, writer) = stream.into_split();
        let mut phone = Self {
            address: format!("127.0.0.1:{port}"),
            digits: String::new(),
            reader: BufReader::new(reader),
            writer,
            program,
        };
        if account.password.is_some() {
            // Not by an event: it may have registered before the control port was connected.
            phone
                .program
                .line("its registration", limit, |line| {
                    (line.contains("200 OK") && line.contains("binding")).then_some(())
                })
                .await?;
        }
        Ok(phone)
    }

    /// Dials.
    ///
    /// # Errors
    /// It does not take the command.
    pub async fn call(&mut self, uri: &str) -> Result<()> {
        self.tell("dial", uri).await
    }

    /// Waits for a call to ring.
    ///
    /// # Errors
    /// None rings in time.
    pub async fn rings(&mut self, limit: Duration) -> Result<()> {
        self.event("CALL_INCOMING", limit).await.map(drop)
    }

    /// Answers.
    ///
    /// # Errors
    /// It does not take the command.
    pub async fn answer(&mut self) -> Result<()> {
        self.tell("accept", "").await
    }

    /// Waits until a call stands.
    ///
    /// # Errors
    /// It does not stand in time.
    pub async fn talks(&mut self, limit: Duration) -> Result<()> {
        self.event("CALL_ESTABLISHED", limit).await.map(drop)
    }

    /// Mutes its microphone, or no longer: each time the other.
    ///
    /// # Errors
    /// It does not take the command.
    pub async fn toggle_mute(&mut self) -> Result<()> {
        self.tell("mute", "").await
    }

    /// Puts the call on hold.
    ///
    /// # Errors
    /// It does not take the command.
    pub async fn hold(&mut self) -> Result<()> {
        self.tell("hold", "").await
    }

    /// Takes the call back from hold.
    ///
    /// # Errors
    /// It does not take the command.
    pub async fn resume(&mut self) -> Result<()> {
        self.tell("resume", "").await
    }

    /// Keys digits, as telephone events.
    ///
    /// # Errors
    /// It does not take them.
    pub async fn key(&mut self, digits: &str) -> Result<()> {
        self.tell("sndcode", digits).await
    }

    /// Waits until `count` digits have been keyed at the other side, and gives all of them.
    ///
    /// # Errors
    /// Fewer came; those are told.
    pub async fn is_keyed(&mut self, count: usize, limit: Duration) -> Result<String> {
        let end = tokio::time::Instant::now() + limit;
        while self.digits.chars().count() < count {
            tokio::time::timeout_at(end, self.message())
                .await
                .with_context(|| format!("baresip: only {:?} keyed", self.digits))??;
        }
        Ok(self.digits.clone())
    }

    /// Hangs up: what is dialled is cancelled, one who rings is refused with 486.
    ///
    /// # Errors
    /// It does not take the command.
    pub async fn hang_up(&mut self) -> Result<()> {
        self.tell("hangup", "").await
    }

    /// Waits until it hears that the other side rings.
    ///
    /// # Errors
    /// It does not in time.
    pub async fn hears_ringing(&mut self, limit: Duration) -> Result<()> {
        self.event("CALL_RINGING", limit).await.map(drop)
    }

    /// Waits until the call is over, and tells why, in its words: `486 Busy Here`, `Connection reset by peer`.
    ///
    /// # Errors
    /// It goes on.
    pub async fn is_over(&mut self, limit: Duration) -> Result<String> {
        let closed = self.event("CALL_CLOSED", limit).await?;
        Ok(closed["param"].as_str().unwrap_or_default().to_owned())
    }

    async fn tell(&mut self, command: &str, parameters: &str) -> Result<()> {
        let body =
            json!({ "command": command, "params": parameters, "token": command }).to_string();
        let line = format!("{}:{body},", body.len());
        self.writer.write_all(line.as_bytes()).await?;
        Ok(())
    }

    async fn event(&mut self, kind: &str, limit: Duration) -> Result<Value> {
        let mut others = Vec::new();
        let found = tokio::time::timeout(limit, async {
            loop {
                let message = self.message().await?;
                if message["response"] == true && message["ok"] != true {
                    bail!("baresip refused: {message}");
                }
                match message["type"].as_str() {
                    Some(seen) if seen == kind => return Ok(message),
                    Some(other) => others.push(other.to_owned()),
                    None => {}
                }
            }
        })
        .await;
        found.with_context(|| format!("baresip: no {kind} within {limit:?}, only {others:?}"))?
    }

    async fn message(&mut self) -> Result<Value> {
        let mut length = 0usize;
        loop {
            let byte = self.reader.read_u8().await?;
            match byte {
                b'0'..=b'9' => length = length * 10 + usize::from(byte - b'0'),
                b':' => break,
                _ => bail!("no netstring"),
            }
            ensure!(length < 1 << 20, "no netstring");
        }
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body).await?;
        ensure!(self.reader.read_u8().await? == b',', "no netstring");
        let message: Value = serde_json::from_slice(&body)?;
        if message["type"] == "CALL_DTMF_START" {
            self.digits
                .push_str(message["param"].as_str().unwrap_or("?"));
        }
        Ok(message)
    }
}

fn config(
    party: &str,
    port: u16,
    control: u16,
    devices: Devices<'_>,
    codec: Codec,
) -> Result<String> {
    let mut config = String::new();
    let (player, source, module) = match devices {
        Devices::Of(_) => (
            format!("pulse,{}", Pulse::speaker(party)),
            format!("pulse,{}", Pulse::mic(party)),
            "pulse",
        ),
        Devices::Echo(_) => ("aubridge,echo".into(), "aubridge,echo".into(), "aubridge"),
    };
    for (key, value) in [
        ("sip_listen", format!("127.0.0.1:{port}")),
        ("sip_trans_bsize", "128".into()),
        ("call_max_calls", "4".into()),
        ("audio_player", player),
        ("audio_source", source),
        // What rings must not be in the recording of what was said.
        ("audio_alert", "nullaudio,".into()),
        ("audio_buffer", "20-160".into()),
        ("jitter_buffer_delay", "5-10".into()),
        ("opus_bitrate", "28000".into()),
        ("module_path", "/usr/lib/baresip/modules".into()),
        ("ctrl_tcp_listen", format!("127.0.0.1:{control}")),
    ] {
        writeln!(config, "{key} {value}")?;
    }
    let codec = match codec {
        Codec::Opus => "opus",
        Codec::G711 => "g711",
        Codec::G722 => "g722",
    };
    for module in [codec, module] {
        writeln!(config, "module {module}.so")?;
    }
    for module in ["account", "menu", "ctrl_tcp"] {
        writeln!(config, "module_app {module}.so")?;
    }
    Ok(config)
}
