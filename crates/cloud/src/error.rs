//! What can go wrong between this computer and the centre, told apart by its real cause.

use crate::resolve::{NameNotFound, NotThisComputer};
use offhook_model::{Code, Customer};
use std::{error::Error, io, time::Duration};

/// A request that failed. `Display` is for logs: it holds no address, number, token or body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code:?}: {cause}")]
pub struct CloudError {
    /// What went wrong, for the interface.
    pub code: Code,
    /// How long to wait before trying again, where the centre said so.
    pub retry_after: Option<Duration>,
    /// The record as it stands there, where somebody else changed it ([`Code::Conflict`]).
    pub current: Option<Box<Customer>>,
    cause: String,
}

impl CloudError {
    pub(crate) fn new(code: Code, cause: impl Into<String>) -> Self {
        Self {
            code,
            retry_after: None,
            current: None,
            cause: cause.into(),
        }
    }

    pub(crate) fn retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    pub(crate) fn current(mut self, record: Option<Box<Customer>>) -> Self {
        self.current = record;
        self
    }

    pub(crate) fn silent(what: &str, waited: Duration) -> Self {
        Self::new(
            Code::Unreachable,
            format!("{what}: nothing came for {} ms", waited.as_millis()),
        )
    }

    /// Tells whether the very same request can never succeed, however often it is sent. A row of the outbox that meets this
    /// is shown as refused; after any other error it is sent again. A session that is over is not for good: the next one sends it.
    #[must_use]
    pub const fn is_for_good(&self) -> bool {
        match self.code {
            Code::Refused
            | Code::Forbidden
            | Code::NotFound
            | Code::KeyReused
            | Code::Conflict
            | Code::Malformed
            | Code::Incomplete => true,
            Code::WrongPassword
            | Code::LockedOut
            | Code::SessionExpired
            | Code::SignedInElsewhere
            | Code::UnknownHost
            | Code::ConnectionRefused
            | Code::CertificateInvalid
            | Code::RootsInvalid
            | Code::Unreachable
            | Code::CentreFailed
            | Code::RegistrationRefused
            | Code::RegistrationLost
            | Code::CallGone
            | Code::MediaFailed
            | Code::NoMicrophone
            | Code::NoSpeaker
            | Code::DeviceBusy
            | Code::StoreFull
            | Code::StoreDamaged
            | Code::StoreSetAside
            | Code::StoreNewer
            | Code::ProfileInUse
            | Code::KeyringUnavailable
            | Code::NotNow
            | Code::NotCheckedIn
            | Code::InvalidNumber
            | Code::LineBusy
            | Code::KeypadUnavailable
            | Code::HoldRefused
            | Code::AccountReadable
            | Code::AccountInvalid => false,
        }
    }
}

impl From<reqwest::Error> for CloudError {
    fn from(error: reqwest::Error) -> Self {
        // The address may hold a customer's number.
        let error = error.without_url();
        let code = real_cause(&error).unwrap_or(Code::Unreachable);
        Self::new(code, in_words(&error))
    }
}

/// Looks for the error at the bottom that says what happened; nothing where the chain only says "no answer".
fn real_cause(error: &(dyn Error + 'static)) -> Option<Code> {
    let mut link = Some(error);
    while let Some(error) = link {
        if error.is::<NameNotFound>() {
            return Some(Code::UnknownHost);
        }
        if error.is::<NotThisComputer>() {
            return Some(Code::CertificateInvalid);
        }
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(match tls {
                rustls::Error::InvalidCertificate(_)
                | rustls::Error::NoCertificatesPresented
                | rustls::Error::UnsupportedNameType => Code::CertificateInvalid,
                // Whoever answers there does not speak TLS as we do.
                _ => Code::CentreFailed,
            });
        }
        if let Some(http) = error.downcast_ref::<hyper::Error>()
            && http.is_parse()
        {
            return Some(Code::CentreFailed);
        }
        if let Some(io) = error.downcast_ref::<io::Error>() {
            if io.kind() == io::ErrorKind::ConnectionRefused {
                return Some(Code::ConnectionRefused);
            }
            // `source` of an `io::Error` steps over the error it wraps.
            if let Some(inner) = io.get_ref()
                && let Some(code) = real_cause(inner)
            {
                return Some(code);
            }
            if matches!(
                io.kind(),
                io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
            ) {
                return Some(Code::CentreFailed);
            }
        }
        link = error.source();
    }
    None
}

fn in_words(error: &(dyn Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut link = error.source();
    while let Some(error) = link {
        let more = error.to_string();
        if !words.contains(&more) {
            words.push_str(": ");
            words.push_str(&more);
        }
        link = error.source();
    }
    words
}
