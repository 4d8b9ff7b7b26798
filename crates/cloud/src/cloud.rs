//! The centre as seen from here: its address, and whom this computer trusts to be it.

use crate::{
    CloudError, Session,
    request::Answer,
    resolve::{OwnResolver, SystemResolver},
};
use offhook_model::{
    Code, Secret,
    api::{SignInRequest, SignInResponse},
};
use reqwest::{Certificate, Client, Method, RequestBuilder, Url, redirect};
use serde::Deserialize;
use std::{fs, net::IpAddr, path::PathBuf, time::Duration};

/// How long to wait. Defaults: connect 5 s, answer 10 s, silence of the event stream 30 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// For the name, the connection and the TLS handshake together.
    pub connect: Duration,
    /// For the whole answer, from the first byte sent to the last received.
    pub answer: Duration,
    /// For the next byte of the event stream; the centre sends at least a comment every 10 s.
    pub silence: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(10),
            silence: Duration::from_secs(30),
        }
    }
}

/// The centre's API, before sign-in. Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct Cloud {
    pub(crate) http: Client,
    base: Url,
    pub(crate) options: Options,
}

/// `GET /v1/health`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Health {
    /// The version of the centre.
    pub version: String,
}

impl Cloud {
    /// Prepares to speak to the centre at `base` (`https://centre.example`, a path is kept), with the usual waiting times.
    /// `roots` is a PEM file with the certificates to trust instead of the system's.
    ///
    /// # Errors
    /// `UnknownHost` where `base` is not an address. `RootsInvalid` where `roots` cannot be read or holds no certificate.
    /// `CertificateInvalid` where the system has none, and where `base` is plain `http` to the address of another computer:
    /// passwords travel over TLS.
    /// Whether a name is another computer's is known once it is resolved; a request then fails with the same code.
    pub fn new(base: &str, roots: Option<PathBuf>) -> Result<Self, CloudError> {
        Self::with_options(base, roots, Options::default())
    }

    /// Prepares to speak to the centre, with waiting times of one's own.
    ///
    /// # Errors
    /// As [`Cloud::new`].
    pub fn with_options(
        base: &str,
        roots: Option<PathBuf>,
        options: Options,
    ) -> Result<Self, CloudError> {
        // Err: somebody installed one before us, which is just as good.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();

        let base = parse_base(base)?;
        let mut builder = Client::builder()
            .user_agent(concat!("Offhook/", env!("CARGO_PKG_VERSION")))
            // A token is for this centre only, wherever it points to.
            .redirect(redirect::Policy::none())
            .connect_timeout(options.connect);
        builder = if base.scheme() == "http" {
            // A proxy is another computer.
            builder.dns_resolver(OwnResolver).no_proxy()
        } else if is_loopback(&base) {
            builder.dns_resolver(SystemResolver).no_proxy()
        } else {
            builder.dns_resolver(SystemResolver)
        };
        let mut refusal = Code::CertificateInvalid;
        if let Some(file) = roots {
            builder = builder.tls_certs_only(read_roots(&file)?);
            // What stands in the file between the lines of PEM is looked at with the rest.
            refusal = Code::RootsInvalid;
        } else if base.scheme() == "http" {
            // No certificate is looked at, and a computer without any must still reach its practice centre.
            builder = builder.tls_certs_only([]);
        }
        let http = builder
            .build()
            .map_err(|error| CloudError::new(refusal, error.to_string()))?;
        Ok(Self {
            http,
            base,
            options,
        })
    }

    /// `GET /v1/health`: asks whether a centre is there, without signing in.
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn health(&self) -> Result<Health, CloudError> {
        self.request(Method::GET, &["health"]).json_answer().await
    }

    /// `POST /v1/sessions`: signs in.
    ///
    /// # Errors
    /// `WrongPassword`; `LockedOut` with `retry_after`; or what kept the request from the centre.
    pub async fn sign_in(
        &self,
        who: &SignInRequest,
    ) -> Result<(Session, SignInResponse), CloudError> {
        let answer: SignInResponse = self
            .request(Method::POST, &["sessions"])
            .json(who)
            .json_answer()
            .await?;
        let session = self.session(answer.token.clone());
        Ok((session, answer))
    }

    /// Speaks on with a token from an earlier sign-in.
    #[must_use]
    pub fn session(&self, token: Secret) -> Session {
        Session::new(self.clone(), token)
    }

    pub(crate) fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        self.http
            .request(method, self.address(path))
            .timeout(self.options.answer)
    }

    pub(crate) fn address(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(path);
        }
        url
    }
}

fn parse_base(base: &str) -> Result<Url, CloudError> {
    let no_address =
        || CloudError::new(Code::UnknownHost, "the centre's address is not an address");
    let mut url = Url::parse(base.trim()).map_err(|_| no_address())?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(no_address());
    }
    // A name may be nobody's: its owner is looked for first.
    if url.scheme() == "http" && address_of(&url).is_some_and(|ip| !ip.is_loopback()) {
        return Err(CloudError::new(
            Code::CertificateInvalid,
            "plain http is spoken to this computer only",
        ));
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    url.host_str() == Some("localhost") || address_of(url).is_some_and(|ip| ip.is_loopback())
}

fn address_of(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

fn read_roots(file: &std::path::Path) -> Result<Vec<Certificate>, CloudError> {
    let unusable = |cause: String| CloudError::new(Code::RootsInvalid, cause);
    let pem = fs::read(file).map_err(|error| unusable(format!("root certificates: {error}")))?;
    let roots = Certificate::from_pem_bundle(&pem)
        .map_err(|error| unusable(format!("root certificates: {error}")))?;
    if roots.is_empty() {
        return Err(unusable("root certificates: none in the file".into()));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(base: &str) -> Option<Code> {
        Cloud::new(base, None).err().map(|error| error.code)
    }

    #[test]
    fn an_address_that_is_none_is_said_at_once() {
        for base in ["", "centre", "ftp://centre.example", "http://", "unix:/x"] {
            assert_eq!(code_of(base), Some(Code::UnknownHost), "{base}");
        }
    }

    #[test]
    fn plain_http_is_for_this_computer_only() {
        for base in ["http://192.0.2.1", "http://[2001:db8::1]:8080"] {
            assert_eq!(code_of(base), Some(Code::CertificateInvalid), "{base}");
        }
        for base in [
            "http://127.0.0.1:1",
            "http://localhost:1",
            "http://[::1]:1",
            " http://127.0.0.1:1/ ",
        ] {
            assert_eq!(code_of(base), None, "{base}");
        }
    }

    #[test]
    fn a_path_of_the_base_address_is_kept_and_segments_are_escaped() {
        for base in ["http://127.0.0.1:1/desk", "http://127.0.0.1:1/desk/?a#b"] {
            let cloud = Cloud::new(base, None).expect("an address");
            assert_eq!(
                cloud.address(&["wrap-ups", "a/b"]).as_str(),
                "http://127.0.0.1:1/desk/v1/wrap-ups/a%2Fb"
            );
        }
    }

    #[test]
    fn roots_that_cannot_be_read_are_said() {
        let missing = Cloud::new("https://centre.example", Some("/nowhere/ca.pem".into()));
        assert_eq!(
            missing.err().map(|error| error.code),
            Some(Code::RootsInvalid)
        );
    }
}
