//! The SIP account that a line registers, whoever gave it: a centre at sign-in, or a person who has no centre.

use offhook_model::{BareAccount, Code, Secret, SipTransport, api::SipAccount};
use offhook_sip::{Scheme, Uri};
use std::path::PathBuf;
use tracing::warn;

/// All that a line needs. `Debug` shows neither names nor the password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct LineAccount {
    /// Address of record.
    pub(crate) aor: String,
    pub(crate) auth_user: String,
    pub(crate) password: Secret,
    /// `host` or `host:port`.
    pub(crate) registrar: String,
    pub(crate) transport: SipTransport,
    pub(crate) display_name: String,
    /// The PEM file with the roots to trust over TLS, instead of the system's.
    pub(crate) roots: Option<PathBuf>,
}

impl std::fmt::Debug for LineAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LineAccount")
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}

impl LineAccount {
    /// Takes what a centre handed out.
    pub(crate) fn of_centre(
        account: SipAccount,
        display_name: String,
        roots: Option<PathBuf>,
    ) -> Self {
        let SipAccount {
            aor,
            auth_user,
            password,
            registrar,
            transport,
        } = account;
        Self {
            aor,
            auth_user,
            password,
            registrar,
            transport,
            display_name,
            roots,
        }
    }

    /// Reads what a person wrote. What is left out follows from the address of record.
    pub(crate) fn bare(account: &BareAccount, roots: Option<PathBuf>) -> Result<Self, Code> {
        let refused = |what: &str| {
            warn!(what, "The account cannot be used as it is written");
            Code::AccountInvalid
        };
        let written = account.aor.trim();
        let aor = if written.starts_with("sip:") {
            written.to_owned()
        } else {
            format!("sip:{written}")
        };
        let uri = parse(&aor).ok_or_else(|| refused("address of record"))?;
        let user = uri
            .user_decoded()
            .filter(|user| !user.is_empty())
            .ok_or_else(|| refused("address of record"))?;
        let registrar = match said(account.registrar.as_deref()) {
            Some(registrar) => {
                let server = parse(&format!("sip:{registrar}"));
                if server.is_none_or(|server| server.user.is_some()) {
                    return Err(refused("registrar"));
                }
                registrar.to_owned()
            }
            None => aor.split_once('@').map_or(&*aor, |(_, host)| host).into(),
        };
        if account.password.is_empty() {
            return Err(refused("password"));
        }
        Ok(Self {
            auth_user: said(account.auth_user.as_deref()).unwrap_or(&user).into(),
            display_name: said(account.display_name.as_deref())
                .unwrap_or(&user)
                .into(),
            password: account.password.clone(),
            registrar,
            transport: account.transport,
            aor,
            roots,
        })
    }

    /// The user part of the address: the extension on most PBXs.
    pub(crate) fn user(&self) -> String {
        let uri = parse(&self.aor);
        let user = uri.as_ref().and_then(Uri::user_decoded);
        user.map(String::from).unwrap_or_default()
    }
}

/// A plain `sip:` address, without parameters, headers or a password.
fn parse(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let plain = uri.scheme == Scheme::Sip
        && !text.contains([';', '?', ','])
        && uri.password.is_none()
        && !uri.host.is_empty();
    plain.then_some(uri)
}

fn said(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(aor: &str, registrar: Option<&str>) -> Result<LineAccount, Code> {
        let account = BareAccount {
            aor: aor.into(),
            auth_user: None,
            password: Secret::new("p"),
            registrar: registrar.map(str::to_owned),
            transport: SipTransport::Udp,
            display_name: None,
        };
        LineAccount::bare(&account, None)
    }

    #[test]
    fn what_is_left_out_follows_from_the_address() {
        for (aor, registrar) in [
            ("sip:1001@pbx.example", "pbx.example"),
            (" 1001@pbx.example:5080 ", "pbx.example:5080"),
            ("1001@192.0.2.1", "192.0.2.1"),
            ("1001@[2001:db8::1]:5070", "[2001:db8::1]:5070"),
        ] {
            let account = written(aor, None).expect(aor);
            assert_eq!(account.registrar, registrar, "{aor}");
            assert!(account.aor.starts_with("sip:1001@"), "{aor}");
            assert_eq!(
                (
                    &*account.auth_user,
                    &*account.display_name,
                    &*account.user()
                ),
                ("1001", "1001", "1001")
            );
        }
        let account = written("1001@pbx.example", Some("10.0.0.1:5061")).expect("an account");
        assert_eq!(account.registrar, "10.0.0.1:5061");
    }

    #[test]
    fn a_centre_says_by_which_transport_and_an_older_one_means_udp() {
        let json = r#"{"aor":"sip:1001@c","auth_user":"u","password":"p","registrar":"c:5061","transport":"tls"}"#;
        let older = json.replace(r#","transport":"tls""#, "");
        for (json, transport) in [
            (json, SipTransport::Tls),
            (older.as_str(), SipTransport::Udp),
        ] {
            let account: SipAccount = serde_json::from_str(json).expect("an account");
            let line = LineAccount::of_centre(account, "Lin".into(), None);
            assert_eq!(line.transport, transport);
        }
    }

    #[test]
    fn what_is_malformed_is_refused_before_anything_is_sent() {
        for aor in [
            "",
            "1001",
            "pbx.example",
            "@pbx.example",
            "sips:1001@pbx.example",
            "tel:1001",
            "sip:1001@pbx.example;transport=tcp",
            "sip:1001:secret@pbx.example",
            "1001@",
            "10 01@pbx.example",
            "1001@pbx.example:99999",
        ] {
            assert_eq!(written(aor, None), Err(Code::AccountInvalid), "{aor}");
        }
        for registrar in ["sip:pbx.example", "a b", "1001@pbx.example", "x:99999"] {
            let account = written("1001@pbx.example", Some(registrar));
            assert_eq!(account, Err(Code::AccountInvalid), "{registrar}");
        }
    }

    #[test]
    fn debug_gives_nothing_away() {
        let account = written("9271@pbx.example", None).expect("an account");
        let text = format!("{account:?}");
        assert!(!text.contains("9271") && !text.contains("pbx"), "{text}");
    }
}
