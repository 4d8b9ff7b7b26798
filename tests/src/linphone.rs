//! Debian's linphonec as a peer: another SIP phone that nobody here wrote, told what to do on its standard input.
//!
//! While it holds, it plays a tone of its own to whoever speaks with it: 440 Hz, three times.

use crate::{
    account::{Account, Transport},
    place::{Place, eventually},
    process::{Program, Running},
    pulse::Pulse,
};
use anyhow::Result;
use std::time::Duration;

/// The phone.
#[derive(Debug)]
pub struct Linphone {
    program: Running,
}

impl Linphone {
    /// Starts it as `party` (its devices and the name of its files); one with a password registers.
    ///
    /// # Errors
    /// It is not installed, does not come up, or cannot register.
    pub async fn start(
        place: &Place,
        pulse: &Pulse,
        party: &str,
        account: &Account,
    ) -> Result<Self> {
        let port = account.port()?;
        let dir = place.dir(&format!("linphone-{party}"))?;
        // It does nothing at all without its data folders.
        std::fs::create_dir_all(dir.join(".local/share/linphone"))?;
        std::fs::create_dir_all(dir.join("share/linphone"))?;
        let rc = dir.join("linphonerc");
        std::fs::write(&rc, settings(party, port, account))?;
        let environment = pulse
            .environment()
            .clone()
            .with("HOME", dir.display().to_string())
            .with("XDG_DATA_HOME", dir.join("share").display().to_string());
        let program = Program::new(
            &format!("linphone-{party}"),
            "linphonec",
            place,
            &environment,
        )
        .arg("-c")
        .arg(&rc)
        .args(["-d", "5", "-l"])
        .arg(place.log(format!("linphone-{party}.log")))
        .talking()
        .listening()
        .start()?;
        let mut phone = Self { program };
        // It says so once its port is open, and with a password once it is registered.
        let status = match account.password {
            Some(_) => "registered, identity=",
            None => "registered=",
        };
        eventually("linphone to be up", Duration::from_secs(20), async || {
            phone.program.say("status register")?;
            let moment = Duration::from_millis(500);
            phone.says("its status", &[status], moment).await
        })
        .await?;
        Ok(phone)
    }

    /// Dials.
    ///
    /// # Errors
    /// It is gone.
    pub fn call(&mut self, uri: &str) -> Result<()> {
        self.program.say(&format!("call {uri}"))
    }

    /// Waits for a call to ring.
    ///
    /// # Errors
    /// None rings in time.
    pub async fn rings(&mut self, limit: Duration) -> Result<()> {
        self.says("an incoming call", &["Receiving new incoming call"], limit)
            .await
    }

    /// Answers.
    ///
    /// # Errors
    /// It is gone.
    pub fn answer(&mut self) -> Result<()> {
        self.program.say("answer")
    }

    /// Waits until media runs.
    ///
    /// # Errors
    /// It does not in time.
    pub async fn talks(&mut self, limit: Duration) -> Result<()> {
        self.says("media", &["Media streams established"], limit)
            .await
    }

    /// Mutes its microphone.
    ///
    /// # Errors
    /// It is gone.
    pub fn mute(&mut self) -> Result<()> {
        self.program.say("mute")
    }

    /// Puts the call on hold.
    ///
    /// # Errors
    /// It is gone.
    pub fn hold(&mut self) -> Result<()> {
        self.program.say("pause")
    }

    /// Takes the call back from hold.
    ///
    /// # Errors
    /// It is gone.
    pub fn resume(&mut self) -> Result<()> {
        self.program.say("resume")
    }

    /// Keys digits, as telephone events.
    ///
    /// # Errors
    /// It is gone.
    pub fn key(&mut self, digits: &str) -> Result<()> {
        self.program.say(digits)
    }

    /// Waits until these digits have been keyed at the other side, one after the other.
    ///
    /// # Errors
    /// One does not come in time.
    pub async fn is_keyed(&mut self, digits: &str, limit: Duration) -> Result<()> {
        for digit in digits.chars() {
            let tone = format!("Receiving tone {digit} ");
            self.says("a keyed digit", &[&tone], limit).await?;
        }
        Ok(())
    }

    /// Hangs up: what is dialled is cancelled, one who rings is declined with 603.
    ///
    /// # Errors
    /// It is gone.
    pub fn hang_up(&mut self) -> Result<()> {
        self.program.say("terminate all")
    }

    /// Waits until the call is over.
    ///
    /// # Errors
    /// It goes on.
    pub async fn is_over(&mut self, limit: Duration) -> Result<()> {
        self.says("the end", &["Call", "ended"], limit).await
    }

    async fn says(&mut self, what: &str, words: &[&str], limit: Duration) -> Result<()> {
        self.program
            .line(what, limit, |line| {
                words.iter().all(|word| line.contains(word)).then_some(())
            })
            .await
    }
}

fn settings(party: &str, port: u16, account: &Account) -> String {
    let Account {
        centre,
        user,
        name,
        password,
        transport,
        roots,
        port: _,
        early,
    } = account;
    let (udp_port, tcp_port, tls_port) = match transport {
        Transport::Udp => (port, 0, 0),
        Transport::Tcp => (port, port, 0),
        Transport::Tls => (0, 0, port),
    };
    let trust = roots.as_ref().map_or_else(String::new, |roots| {
        format!(
            "root_ca={}\nverify_server_certs=1\nverify_server_cn=1\n",
            roots.display()
        )
    });
    let transport = transport.name();
    let early = u8::from(*early);
    let (speaker, mic) = (Pulse::speaker(party), Pulse::mic(party));
    let mut settings = format!(
        "[sip]\nsip_port={udp_port}\nsip_tcp_port={tcp_port}\nsip_tls_port={tls_port}\n{trust}media_encryption=none\nguess_hostname=0\nuse_ipv6=0\n\
         contact=\"{name}\" <sip:{user}@127.0.0.1:{port};transport={transport}>\nping_with_options=0\ndefault_proxy=0\n\
         incoming_calls_early_media={early}\n\
         [misc]\nreal_early_media={early}\n\
         [net]\nfirewall_policy=0\nmtu=1300\nstun_server=\n\
         [rtp]\naudio_rtp_port=-1\n\
         [sound]\nplayback_dev_id=PulseAudio Unknown: {speaker}\ncapture_dev_id=PulseAudio Unknown: {mic}\n\
         ringer_dev_id=\nlocal_ring=\nremote_ring=\nechocancellation=0\nagc=0\n\
         [video]\nenabled=0\n"
    );
    if let Some(password) = password {
        settings.push_str(&format!(
            "[proxy_0]\nreg_proxy=<sip:{centre};transport={transport}>\nreg_identity=sip:{user}@{centre}\nreg_expires=300\n\
             reg_sendregister=1\npublish=0\n\
             [auth_info_0]\nusername={user}\nuserid={user}\npasswd={password}\n"
        ));
    }
    settings
}
