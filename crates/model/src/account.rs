//! A bare SIP account: the phone on any PBX, without a cloud API.

use crate::Secret;
use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;

/// How SIP messages travel (RFC 3261 section 18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SipTransport {
    /// Datagrams.
    #[default]
    Udp,
    /// One connection, kept.
    Tcp,
    /// One connection, kept and encrypted, to a server whose certificate holds the registrar's name (RFC 5922).
    Tls,
}

/// An account at a registrar. `Debug` shows neither names nor the password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BareAccount {
    /// Address of record, `sip:1001@pbx.example`; `1001@pbx.example` is read as the same.
    pub aor: String,
    /// The digest user name, where it is not the address's user part.
    #[serde(default)]
    pub auth_user: Option<String>,
    /// The digest password.
    pub password: Secret,
    /// `host:port` of the registrar or its proxy, where it is not the address's host.
    #[serde(default)]
    pub registrar: Option<String>,
    /// How messages travel.
    #[serde(default)]
    pub transport: SipTransport,
    /// The name colleagues see.
    #[serde(default)]
    pub display_name: Option<String>,
}

impl fmt::Debug for BareAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BareAccount")
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}
