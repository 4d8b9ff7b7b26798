//! Certificates made for one story: an authority, and what it certifies, in files as programs take them.

use crate::place::Place;
use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use std::path::PathBuf;

/// The name of this machine in a good certificate.
pub const HOST: &str = "localhost";

/// An authority of one's own.
#[derive(Debug)]
pub struct Authority {
    /// The PEM file with its root.
    pub root: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

/// What a server shows.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The PEM file with the certificate.
    pub certificate: PathBuf,
    /// The PEM file with its key.
    pub key: PathBuf,
}

/// What is right or wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is this machine's: [`HOST`] and 127.0.0.1.
    Good,
    /// It is another machine's.
    WrongName,
    /// It was this machine's.
    Expired,
}

impl Authority {
    /// Makes one, whose files are named so.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn new(place: &Place, name: &str) -> Result<Self> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
            .distinguished_name
            .push(DnType::CommonName, format!("{name} root"));
        let key = KeyPair::generate()?;
        let root = place.log(format!("{name}.pem"));
        std::fs::write(&root, params.self_signed(&key)?.pem())?;
        Ok(Self {
            root,
            issuer: Issuer::new(params, key),
        })
    }

    /// Certifies a server, in files named so; what they held before is gone.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn certify(&self, place: &Place, name: &str, kind: Kind) -> Result<Certificate> {
        let names: &[&str] = match kind {
            Kind::Good | Kind::Expired => &[HOST, "127.0.0.1"],
            Kind::WrongName => &["elsewhere.example", "127.0.0.9"],
        };
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let last_year = match kind {
            Kind::Good | Kind::WrongName => 2100,
            Kind::Expired => 2001,
        };
        let mut params = CertificateParams::new(names.clone())?;
        params
            .distinguished_name
            .push(DnType::CommonName, names[0].clone());
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(last_year, 12, 31);
        let key = KeyPair::generate()?;
        let made = Certificate {
            certificate: place.log(format!("{name}-certificate.pem")),
            key: place.log(format!("{name}-key.pem")),
        };
        let certificate = params.signed_by(&key, &self.issuer)?;
        std::fs::write(&made.certificate, certificate.pem())?;
        std::fs::write(&made.key, key.serialize_pem())?;
        Ok(made)
    }
}
