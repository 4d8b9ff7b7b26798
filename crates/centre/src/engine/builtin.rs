//! The builtin engine: the switch over UDP and TCP at one address and over TLS at another, with a relay for the voice.

use super::relay::Relay;
use super::switch::{Config, Switch};
use super::{Command, Directory, Engine, Wires};
use crate::clock;
use crate::recordings::Recordings;
use offhook_model::Mono;
use offhook_sip::Core;
use offhook_sip::net::{self, Sockets};
use rustls::ServerConfig;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// The builtin engine before it runs.
#[derive(Debug)]
pub struct Builtin {
    sockets: Sockets,
    open: bool,
    trunk: Option<SocketAddr>,
    directory: Directory,
    recordings: Option<Recordings>,
}

impl Builtin {
    /// Takes its SIP address. `open` lets anybody call the queues; otherwise only loopback and registered phones may.
    ///
    /// # Errors
    /// When the address is not this machine's or is in use.
    pub async fn bind(address: SocketAddr, open: bool) -> io::Result<Self> {
        Ok(Self {
            sockets: Sockets::bind(address).await?,
            open,
            trunk: None,
            directory: Directory::default(),
            recordings: None,
        })
    }

    /// Listens for TLS as well, at an address of its own. Voice is then relayed at that address.
    ///
    /// # Errors
    /// When the address is not this machine's or is in use.
    pub async fn over_tls(
        self,
        address: SocketAddr,
        config: Arc<ServerConfig>,
    ) -> io::Result<Self> {
        Ok(Self {
            sockets: self.sockets.listening_for_tls(address, config).await?,
            ..self
        })
    }

    /// Sends calls to numbers outside there.
    #[must_use]
    pub fn with_trunk(mut self, trunk: Option<SocketAddr>) -> Self {
        self.trunk = trunk;
        self
    }

    /// Knows these telephones before the first of them registers: one that is refused its password does not come back.
    #[must_use]
    pub fn with_directory(mut self, directory: Directory) -> Self {
        self.directory = directory;
        self
    }

    /// Records the agents' calls there; without, none.
    #[must_use]
    pub fn with_recordings(mut self, recordings: Option<Recordings>) -> Self {
        self.recordings = recordings;
        self
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.sockets.local_addr()
    }

    /// Where it listens for TLS; nothing where it does not.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn tls_addr(&self) -> io::Result<Option<SocketAddr>> {
        self.sockets.tls_addr()
    }
}

impl Engine for Builtin {
    type Error = io::Error;

    async fn start(self) -> Result<Wires, io::Error> {
        let local = self.sockets.local_addr()?;
        let tls = self.sockets.tls_addr()?;
        let config = Config {
            local,
            tls,
            open: self.open,
            trunk: self.trunk,
            epoch: clock::wall(),
            seed: rand::random(),
        };
        let relay = Relay::new(tls.unwrap_or(local).ip()).with_recordings(self.recordings);
        let mut switch = Switch::new(config, relay);
        switch.handle_command(Mono::ZERO, Command::Directory(self.directory));
        // The task ends by itself once the commands' sender is dropped; its events then run dry.
        let (commands, events, _task) = net::spawn(switch, self.sockets);
        Ok(Wires { commands, events })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password;
    use offhook_model::{AgentId, Secret};
    use offhook_sip::{Account, Event, Password, Transport, UserAgent};
    use std::time::Duration;
    use uuid::Uuid;

    #[tokio::test]
    async fn a_telephone_that_registers_at_once_is_known() {
        let engine = Builtin::bind("127.0.0.1:0".parse().expect("an address"), false)
            .await
            .expect("bound");
        let registrar = engine.local_addr().expect("an address");
        let agent = AgentId(Uuid::from_u128(1));
        let secret = Secret::new("secret");
        let directory = Directory {
            agents: vec![(agent, "1001".to_owned())],
            secrets: vec![password::sip_secret(agent, "1001".to_owned(), &secret)],
            ..Directory::default()
        };
        let _wires = engine
            .with_directory(directory)
            .start()
            .await
            .expect("started");

        let socket = net::bind_towards(registrar).await.expect("a socket");
        let account = Account {
            aor: format!("sip:1001@{registrar}").parse().expect("a URI"),
            display_name: None,
            auth_user: "1001".to_owned(),
            password: Password::new(secret.expose()),
            realm: None,
            registrar,
            transport: Transport::Udp,
            admitted: Vec::new(),
            expires: Duration::from_secs(300),
            user_agent: "phone".to_owned(),
        };
        let phone = UserAgent::new(account, socket.local_addr().expect("bound"), 5);
        let (commands, mut events, _task) = net::spawn(phone, socket);
        commands
            .send(offhook_sip::Command::Register)
            .await
            .expect("it runs");
        let said = tokio::time::timeout(Duration::from_secs(20), events.recv()).await;
        assert!(
            matches!(said, Ok(Some(Event::Registered { .. }))),
            "{said:?}"
        );
    }
}
