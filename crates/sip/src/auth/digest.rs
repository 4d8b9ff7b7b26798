//! Challenges and the arithmetic of their answers.

use md5::Md5;
use sha2::{Digest, Sha256};

use crate::message::scan;
use crate::{Headers, HeadersExt};

/// A digest algorithm we can compute. The `-sess` variants are not among them: no server met asks for them alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "md5" => Some(Self::Md5),
            "sha-256" => Some(Self::Sha256),
            _ => None,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    /// Lower-case hex of the hash.
    pub(crate) fn hash(self, text: &str) -> String {
        match self {
            Self::Md5 => hex(&Md5::digest(text.as_bytes())),
            Self::Sha256 => hex(&Sha256::digest(text.as_bytes())),
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `H(user:realm:password)` (RFC 7616 §3.4.2).
pub(crate) fn ha1(algorithm: Algorithm, user: &str, realm: &str, password: &str) -> String {
    algorithm.hash(&format!("{user}:{realm}:{password}"))
}

/// The answer to a challenge (RFC 7616 §3.4.1); `qop` is the nonce count and client nonce of `qop=auth`, `None` is RFC 2069.
pub(crate) fn response(
    algorithm: Algorithm,
    ha1: &str,
    nonce: &str,
    qop: Option<(&str, &str)>,
    method: &str,
    uri: &str,
) -> String {
    let ha2 = algorithm.hash(&format!("{method}:{uri}"));
    match qop {
        Some((nc, cnonce)) => algorithm.hash(&format!("{ha1}:{nonce}:{nc}:{cnonce}:auth:{ha2}")),
        None => algorithm.hash(&format!("{ha1}:{nonce}:{ha2}")),
    }
}

/// One digest challenge of a 401 or 407.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// 407: answered in Proxy-Authorization.
    pub(crate) proxy: bool,
    pub(crate) realm: String,
    pub(crate) nonce: String,
    pub(crate) opaque: Option<String>,
    pub(crate) algorithm: Algorithm,
    /// The algorithm was written, so it is written back.
    pub(crate) algorithm_named: bool,
    /// `auth` is among the qop values; without any qop the answer is RFC 2069's.
    pub(crate) qop_auth: bool,
    pub(crate) stale: bool,
}

impl Challenge {
    /// All digest challenges that can be answered, in the order offered: the server's preference.
    pub(crate) fn all(headers: &Headers) -> Vec<Self> {
        let mut all = Vec::new();
        for (name, proxy) in [("WWW-Authenticate", false), ("Proxy-Authenticate", true)] {
            for value in headers.values(name) {
                all.extend(
                    auth_params(value)
                        .iter()
                        .filter_map(|(scheme, params)| Self::read(proxy, scheme, params)),
                );
            }
        }
        all
    }

    fn read(proxy: bool, scheme: &str, params: &[(String, String)]) -> Option<Self> {
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let value = |name: &str| {
            params
                .iter()
                .find(|(n, _)| n.eq_ignore_ascii_case(name))
                .map(|(_, v)| v.as_str())
        };
        let algorithm = value("algorithm");
        let qop = value("qop");
        let qop_auth = qop.is_some_and(|list| {
            list.split(',')
                .any(|one| one.trim().eq_ignore_ascii_case("auth"))
        });
        // A challenge for auth-int alone cannot be answered by us.
        if qop.is_some_and(|list| !list.trim().is_empty()) && !qop_auth {
            return None;
        }
        Some(Self {
            proxy,
            realm: value("realm")?.to_owned(),
            nonce: value("nonce")?.to_owned(),
            opaque: value("opaque").map(str::to_owned),
            algorithm: Algorithm::parse(algorithm.unwrap_or("MD5"))?,
            algorithm_named: algorithm.is_some(),
            qop_auth,
            stale: value("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        })
    }
}

/// Reads `Scheme a=b, c="d", Scheme e=f`: several challenges may share a line (RFC 9110 §11.6.1). Values lose their quotes.
pub(crate) fn auth_params(value: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut all: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for piece in scan::split_top(value, ',') {
        let piece = piece.trim();
        let name_end = piece.find('=').unwrap_or(piece.len());
        let param = match piece[..name_end].trim_end().split_once([' ', '\t']) {
            Some((scheme, _)) => {
                all.push((scheme.to_owned(), Vec::new()));
                piece[scheme.len()..].trim_start()
            }
            None if name_end == piece.len() && !piece.is_empty() => {
                all.push((piece.to_owned(), Vec::new()));
                continue;
            }
            None => piece,
        };
        if let (Some((name, value)), Some((_, params))) = (param.split_once('='), all.last_mut()) {
            params.push((name.trim().to_owned(), scan::unquote(value.trim())));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::header;

    #[test]
    fn the_examples_of_rfc_7616_come_out() {
        let (user, realm, password) = ("Mufasa", "http-auth@example.org", "Circle of Life");
        let (nonce, cnonce) = (
            "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        );
        for (algorithm, expected) in [
            (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (
                Algorithm::Sha256,
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let ha1 = ha1(algorithm, user, realm, password);
            assert_eq!(
                response(
                    algorithm,
                    &ha1,
                    nonce,
                    Some(("00000001", cnonce)),
                    "GET",
                    "/dir/index.html"
                ),
                expected
            );
        }
    }

    #[test]
    fn several_challenges_on_one_line_keep_their_order() {
        let mut headers = Headers::default();
        headers.push(header(
            "WWW-Authenticate",
            r#"Digest realm="a \"b\", c", nonce="1", algorithm=SHA-512-256, qop="auth", Digest realm="x",nonce = "2", algorithm=SHA-256,qop="auth,auth-int", stale=TRUE"#,
        ));
        headers.push(header("WWW-Authenticate", "Negotiate"));
        headers.push(header(
            "Proxy-Authenticate",
            r#"Digest realm="a \"b\", c", nonce="3""#,
        ));
        let all = Challenge::all(&headers);
        assert_eq!(all.len(), 2);
        assert!(
            all[0].stale
                && all[0].qop_auth
                && !all[0].proxy
                && all[0].algorithm == Algorithm::Sha256
        );
        assert!(all[1].proxy && !all[1].qop_auth && all[1].realm == "a \"b\", c");
    }

    #[test]
    fn auth_int_alone_cannot_be_answered() {
        let mut headers = Headers::default();
        headers.push(header(
            "WWW-Authenticate",
            r#"Digest realm="a", nonce="1", qop="auth-int""#,
        ));
        assert!(Challenge::all(&headers).is_empty());
    }
}
