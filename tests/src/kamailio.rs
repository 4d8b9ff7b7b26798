//! Debian's kamailio as somebody's PBX: registrar and record-routing proxy with digest passwords, over UDP and TCP at one port, and
//! over TLS at another where it is given a certificate.
//!
//! Who registered is in its memory only, so a restart forgets it, as a PBX does that loses power. A call for one who is registered
//! goes where the REGISTER came from: over TCP down the same connection and never a new one. Its own users are asked for their
//! password when they call; strangers are let in. Numbers of nobody go to the trunk, where there is one.

use crate::{
    account::Account,
    certificates::{Certificate, HOST},
    environment::Environment,
    place::{Place, eventually, free_port},
    process::{Program, Running},
};
use anyhow::{Result, ensure};
use std::{fmt::Write as _, path::PathBuf, time::Duration};
use tokio::net::TcpStream;

/// How long it may take to come up.
const PATIENCE: Duration = Duration::from_secs(20);
/// What it calls itself to those who are asked for a password.
const REALM: &str = "pbx.example";

/// The digest algorithm that it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// MD5.
    Md5,
    /// SHA-256 (RFC 8760), and no other beside it.
    Sha256,
}

/// One of its users.
#[derive(Debug, Clone, Copy)]
pub struct User<'a> {
    /// The user part.
    pub name: &'a str,
    /// The password.
    pub password: &'a str,
}

/// What it does beyond taking whoever knows the password.
#[derive(Debug, Clone, Copy, Default)]
pub struct Habits<'a> {
    /// Speaks TLS as well, and shows this.
    pub tls: Option<&'a Certificate>,
    /// Grants registrations for this long at most.
    pub grants: Option<Duration>,
    /// Asks with OPTIONS whether the telephone is there, before it says that it is registered, and tells the answer:
    /// `there 200`.
    pub asks_first: bool,
}

/// The PBX.
#[derive(Debug)]
pub struct Kamailio {
    /// `host:port`, for UDP and TCP.
    pub address: String,
    /// `host:port` by the name in its certificate, for TLS where it speaks it.
    pub sips: Option<String>,
    config: PathBuf,
    starts: u32,
    running: Option<Running>,
}

impl Kamailio {
    /// Starts it with these users; `trunk` (`host:port`) gets what is for nobody.
    ///
    /// # Errors
    /// It is not installed or does not come up.
    pub async fn start(
        place: &Place,
        environment: &Environment,
        users: &[User<'_>],
        digest: Digest,
        trunk: Option<&str>,
    ) -> Result<Self> {
        let habits = Habits::default();
        Self::with_habits(place, environment, users, digest, trunk, habits).await
    }

    /// As [`Self::start`], with habits of its own.
    ///
    /// # Errors
    /// It is not installed or does not come up.
    pub async fn with_habits(
        place: &Place,
        environment: &Environment,
        users: &[User<'_>],
        digest: Digest,
        trunk: Option<&str>,
        habits: Habits<'_>,
    ) -> Result<Self> {
        let address = format!("127.0.0.1:{}", free_port()?);
        let config = place.log("kamailio.cfg");
        let mut script = script(&address, users, digest, trunk, habits)?;
        let sips = match habits.tls {
            Some(shown) => {
                let port = free_port()?;
                script = script.replace("disable_tls=yes\n", &tls(port, shown));
                Some(format!("{HOST}:{port}"))
            }
            None => None,
        };
        std::fs::write(&config, script)?;
        let mut kamailio = Self {
            address,
            sips,
            config,
            starts: 0,
            running: None,
        };
        kamailio.up(place, environment).await?;
        Ok(kamailio)
    }

    /// Ends it: its port is closed and its connections are cut.
    pub fn stop(&mut self) {
        self.running = None;
    }

    /// Starts it again at the same port, knowing nobody.
    ///
    /// # Errors
    /// It does not come up.
    pub async fn up(&mut self, place: &Place, environment: &Environment) -> Result<()> {
        self.stop();
        self.starts += 1;
        let runtime = place.dir(&format!("kamailio-{}", self.starts))?;
        let mut running = Program::new(
            &format!("kamailio-{}", self.starts),
            "kamailio",
            place,
            environment,
        )
        .args(["-DD", "-E", "-m", "16", "-M", "4", "-f"])
        .arg(&self.config)
        .arg("-Y")
        .arg(&runtime)
        .start()?;
        eventually("kamailio", PATIENCE, async || {
            running.must_run()?;
            Ok(TcpStream::connect(&self.address).await?)
        })
        .await?;
        self.running = Some(running);
        Ok(())
    }

    /// Gives the account of one of its users.
    #[must_use]
    pub fn account(&self, user: User<'_>) -> Account {
        Account::agent(&self.address, user.name, user.password)
    }

    /// Waits until its newest run has said a line with all of these words: `REGISTER lin over tcp`, `INVITE lin over udp`,
    /// `registered lin`, `withdrawn lin`, `asked lin for a password`.
    ///
    /// # Errors
    /// It does not say so in time.
    pub async fn says(&self, place: &Place, words: &[&str], limit: Duration) -> Result<()> {
        self.says_times(place, words, 1, limit).await
    }

    /// As [`Self::says`], until there are so many of these lines.
    ///
    /// # Errors
    /// There are fewer when the time is over.
    pub async fn says_times(
        &self,
        place: &Place,
        words: &[&str],
        times: usize,
        limit: Duration,
    ) -> Result<()> {
        eventually(&format!("kamailio to say {words:?}"), limit, async || {
            let said = self.said(place, words)?;
            ensure!(said >= times, "{said} of {times} times, see its log");
            Ok(())
        })
        .await
    }

    /// Counts the lines with all of these words that its newest run has said.
    ///
    /// # Errors
    /// It never ran.
    pub fn said(&self, place: &Place, words: &[&str]) -> Result<usize> {
        let said = std::fs::read(place.log(format!("kamailio-{}.err", self.starts)))?;
        let said = String::from_utf8_lossy(&said);
        let has_all = |line: &&str| words.iter().all(|word| line.contains(word));
        Ok(said.lines().filter(has_all).count())
    }
}

fn script(
    address: &str,
    users: &[User<'_>],
    digest: Digest,
    trunk: Option<&str>,
    habits: Habits<'_>,
) -> Result<String> {
    let mut script = String::from("#!KAMAILIO\n");
    for line in [
        "debug=1",
        "children=2",
        "tcp_children=2",
        "auto_aliases=no",
        "dns=no",
        "rev_dns=no",
        "disable_tls=yes",
        "tcp_connection_lifetime=3600",
    ] {
        writeln!(script, "{line}")?;
    }
    for transport in ["udp", "tcp"] {
        writeln!(script, "listen={transport}:{address}")?;
    }
    writeln!(script, "alias=\"{REALM}\"")?;
    for module in [
        "tm",
        "sl",
        "rr",
        "pv",
        "maxfwd",
        "textops",
        "siputils",
        "tmx",
        "xlog",
        "usrloc",
        "registrar",
        "auth",
        "nathelper",
        "uac",
    ] {
        writeln!(script, "loadmodule \"{module}.so\"")?;
    }
    let algorithm = match digest {
        Digest::Md5 => "MD5",
        Digest::Sha256 => "SHA-256",
    };
    for (module, parameter, value) in [
        ("auth", "algorithm", format!("\"{algorithm}\"")),
        ("auth", "qop", "\"auth\"".into()),
        // A telephone that is given one puts it in its Contact, and then every later request would have to be looked up.
        ("registrar", "gruu_enabled", "0".into()),
        ("usrloc", "db_mode", "0".into()),
        ("usrloc", "handle_lost_tcp", "1".into()),
        ("registrar", "received_avp", "\"$avp(flow)\"".into()),
        ("nathelper", "received_avp", "\"$avp(flow)\"".into()),
    ] {
        writeln!(script, "modparam(\"{module}\", \"{parameter}\", {value})")?;
    }
    if let Some(longest) = habits.grants {
        for (parameter, seconds) in [("min_expires", 1), ("max_expires", longest.as_secs())] {
            writeln!(
                script,
                "modparam(\"registrar\", \"{parameter}\", {seconds})"
            )?;
        }
    }
    let question = if habits.asks_first { QUESTION } else { "" };
    let routes = ROUTES
        .replace("QUESTION", question)
        .replace("ADDRESS", address);
    script.push_str(&routes.replace("REALM", REALM).replace(
        "TRUNK",
        &trunk.map_or_else(
            || "sl_send_reply(\"404\", \"Not Found\");".into(),
            |trunk| format!("$du = \"sip:{trunk}\"; route(RELAY);"),
        ),
    ));
    script.push_str("route[PASSWORD] {\n  $var(password) = \"\";\n  switch ($var(user)) {\n");
    for User { name, password } in users {
        writeln!(
            script,
            "    case \"{name}\": $var(password) = \"{password}\"; break;"
        )?;
    }
    script.push_str("    default: break;\n  }\n}\n");
    Ok(script)
}

/// The lines with which it speaks TLS.
fn tls(port: u16, shown: &Certificate) -> String {
    let (certificate, key) = (shown.certificate.display(), shown.key.display());
    format!(
        "enable_tls=yes\nlisten=tls:127.0.0.1:{port}\nloadmodule \"tls.so\"\n\
         modparam(\"tls\", \"tls_method\", \"TLSv1.2+\")\n\
         modparam(\"tls\", \"certificate\", \"{certificate}\")\nmodparam(\"tls\", \"private_key\", \"{key}\")\n"
    )
}

/// What it does with a request.
const ROUTES: &str = r#"
request_route {
  xlog("L_NOTICE", "$rm $tU over $proto from $si:$sp\n");
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("OPTIONS") && uri == myself && $rU == $null) { sl_send_reply("200", "OK"); exit; }
  force_rport();
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if (has_totag()) {
    if (loose_route()) { route(RELAY); }
    if (is_method("ACK")) { if (t_check_trans()) t_relay(); exit; }
    sl_send_reply("404", "Not Here");
    exit;
  }
  t_check_trans();
  if (is_method("REGISTER")) {
    $var(user) = $tU;
    route(PASSWORD);
    if ($var(password) == "" || !pv_auth_check("REALM", "$var(password)", "0", "1")) {
      xlog("L_NOTICE", "asked $tU for a password, $rm\n");
      www_challenge("REALM", "1");
      exit;
    }
    QUESTION
    fix_nated_register();
    if (!save("location")) sl_reply_error();
    if ($hdr(Expires) == "0") {
      xlog("L_NOTICE", "withdrawn $tU over $proto at $ct\n");
    } else {
      xlog("L_NOTICE", "registered $tU over $proto at $ct\n");
    }
    exit;
  }
  $var(user) = $fU;
  route(PASSWORD);
  if ($var(password) != "") {
    if (!pv_auth_check("REALM", "$var(password)", "0", "1")) {
      xlog("L_NOTICE", "asked $fU for a password, $rm\n");
      proxy_challenge("REALM", "1");
      exit;
    }
    consume_credentials();
  }
  remove_hf("Route");
  if (is_method("INVITE|SUBSCRIBE")) record_route();
  if (uri != myself) route(RELAY);
  $var(user) = $rU;
  route(PASSWORD);
  if ($var(password) == "") { TRUNK exit; }
  if (!lookup("location")) { sl_send_reply("480", "Temporarily Unavailable"); exit; }
  set_forward_no_connect();
  route(RELAY);
}
event_route[uac:reply] {
  xlog("L_NOTICE", "there $uac_req(evcode)\n");
}
route[RELAY] {
  if (!t_relay()) sl_reply_error();
  exit;
}
"#;

/// How it asks a telephone whether it is there, while the telephone waits for the answer to its REGISTER.
const QUESTION: &str = r#"
    if ($hdr(Expires) != "0") {
      $uac_req(method) = "OPTIONS";
      $uac_req(ruri) = "sip:" + $tU + "@" + $si + ":" + $sp + ";transport=" + $proto;
      $uac_req(furi) = "sip:ADDRESS";
      $uac_req(turi) = $tu;
      $uac_req(evroute) = 1;
      uac_req_send();
    }
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_user_has_a_password_in_the_script() -> Result<()> {
        let users = [User {
            name: "lin",
            password: "secret",
        }];
        let script = script(
            "127.0.0.1:5060",
            &users,
            Digest::Sha256,
            Some("127.0.0.1:5070"),
            Habits {
                grants: Some(Duration::from_secs(4)),
                asks_first: true,
                tls: None,
            },
        )?;
        assert!(script.contains("\"max_expires\", 4") && script.contains("\"sip:127.0.0.1:5060\""));
        assert!(script.contains("case \"lin\": $var(password) = \"secret\";"));
        assert!(script.contains("\"SHA-256\"") && script.contains("$du = \"sip:127.0.0.1:5070\""));
        Ok(())
    }
}
