//! Who we are.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::{Credentials, Flow, NameAddr, Password, Transport, Uri};

/// Who we are and where we register. `Debug` shows neither name nor number.
#[derive(Clone)]
pub struct Account {
    /// The address of record, such as `sip:1001@example.com`.
    pub aor: Uri,
    /// The name for people in From.
    pub display_name: Option<String>,
    /// The user name of the digest.
    pub auth_user: String,
    /// Its password.
    pub password: Password,
    /// The only realm to answer; `None` answers any the registrar asks with.
    pub realm: Option<String>,
    /// The registrar's (or its proxy's) address; all requests outside dialogs go there.
    pub registrar: SocketAddr,
    /// What the registrar is reached by: UDP, TCP or TLS.
    pub transport: Transport,
    /// More addresses calls may come from, beside the registrar's.
    pub admitted: Vec<IpAddr>,
    /// The registration interval asked for, in whole seconds.
    pub expires: Duration,
    /// The `User-Agent` header.
    pub user_agent: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("registrar", &self.flow())
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

impl Account {
    pub(crate) fn credentials(&self) -> Credentials {
        Credentials {
            user: self.auth_user.clone(),
            password: self.password.clone(),
            realm: self.realm.clone(),
        }
    }

    /// The way to the registrar.
    pub(crate) fn flow(&self) -> Flow {
        Flow {
            transport: self.transport,
            addr: self.registrar,
        }
    }

    /// Who we are in From.
    pub(super) fn name_addr(&self) -> NameAddr {
        NameAddr::new(self.aor.clone())
            .with_display(self.display_name.as_deref().unwrap_or_default())
    }
}
