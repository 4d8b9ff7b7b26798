//! The builtin engine: the switch over UDP and TCP at one address, with a relay for the voice.

use super::relay::Relay;
use super::switch::{Config, Switch};
use super::{Engine, Wires};
use crate::clock;
use offhook_sip::net::{self, Sockets};
use std::io;
use std::net::SocketAddr;

/// The builtin engine before it runs.
#[derive(Debug)]
pub struct Builtin {
    sockets: Sockets,
    open: bool,
    trunk: Option<SocketAddr>,
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
        })
    }

    /// Sends calls to numbers outside there.
    #[must_use]
    pub fn with_trunk(mut self, trunk: Option<SocketAddr>) -> Self {
        self.trunk = trunk;
        self
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.sockets.local_addr()
    }
}

impl Engine for Builtin {
    type Error = io::Error;

    async fn start(self) -> Result<Wires, io::Error> {
        let local = self.sockets.local_addr()?;
        let config = Config {
            local,
            open: self.open,
            trunk: self.trunk,
            epoch: clock::wall(),
            seed: rand::random(),
        };
        let switch = Switch::new(config, Relay::new(local.ip()));
        // The task ends by itself once the commands' sender is dropped; its events then run dry.
        let (commands, events, _task) = net::spawn(switch, self.sockets);
        Ok(Wires { commands, events })
    }
}
