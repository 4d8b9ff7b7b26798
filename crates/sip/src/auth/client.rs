//! Answers challenges, and knows when to stop.

use super::{Challenge, Credentials, ha1, response};
use crate::message::scan;
use crate::rng::Rng;
use crate::{Headers, Method};

/// How often one request may be asked again in all, stale nonces included.
const MAX_ROUNDS: u32 = 6;

/// What has been tried for one request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attempt {
    answered: Vec<(bool, String)>,
    rounds: u32,
}

/// Why there is nothing more to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The same password was refused for a fresh nonce.
    WrongPassword,
    /// Not our realm, or nothing we can compute.
    Unanswerable,
}

/// The challenges met so far and the counts of their nonces.
#[derive(Debug, Clone)]
pub(crate) struct DigestClient {
    credentials: Credentials,
    sessions: Vec<Session>,
}

#[derive(Debug, Clone)]
struct Session {
    challenge: Challenge,
    /// How often the nonce was used (RFC 7616 §3.4, `nc`).
    count: u32,
}

impl DigestClient {
    pub(crate) fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            sessions: Vec::new(),
        }
    }

    /// Takes the challenges of a 401 or 407. A password goes to each realm once, unless the nonce had merely grown stale.
    pub(crate) fn challenged(
        &mut self,
        attempt: &mut Attempt,
        headers: &Headers,
    ) -> Result<(), Refused> {
        attempt.rounds += 1;
        if attempt.rounds > MAX_ROUNDS {
            return Err(Refused::WrongPassword);
        }
        let mut taken: Vec<(bool, String)> = Vec::new();
        for challenge in Challenge::all(headers) {
            let place = (challenge.proxy, challenge.realm.clone());
            let ours = self
                .credentials
                .realm
                .as_deref()
                .is_none_or(|realm| realm == challenge.realm);
            // The first of several for a realm is the one the server likes best.
            if !ours || taken.contains(&place) {
                continue;
            }
            if !challenge.stale && attempt.answered.contains(&place) {
                return Err(Refused::WrongPassword);
            }
            if !attempt.answered.contains(&place) {
                attempt.answered.push(place.clone());
            }
            taken.push(place);
            self.sessions.retain(|known| {
                known.challenge.realm != challenge.realm || known.challenge.proxy != challenge.proxy
            });
            self.sessions.push(Session {
                challenge,
                count: 0,
            });
        }
        if taken.is_empty() {
            Err(Refused::Unanswerable)
        } else {
            Ok(())
        }
    }

    /// The headers for a request, one per realm met so far. Each use counts.
    pub(crate) fn authorize(
        &mut self,
        rng: &mut Rng,
        method: &Method,
        uri: &str,
    ) -> Vec<(&'static str, String)> {
        let Credentials { user, password, .. } = &self.credentials;
        self.sessions
            .iter_mut()
            .map(|session| {
                session.count += 1;
                let challenge = &session.challenge;
                let ha1 = ha1(
                    challenge.algorithm,
                    user,
                    &challenge.realm,
                    password.as_str(),
                );
                let nc = format!("{:08x}", session.count);
                let cnonce = rng.token();
                let qop = challenge.qop_auth.then_some((nc.as_str(), cnonce.as_str()));
                let answer = response(
                    challenge.algorithm,
                    &ha1,
                    &challenge.nonce,
                    qop,
                    method.as_str(),
                    uri,
                );
                let mut text = format!(
                    "Digest username={}, realm={}, nonce={}, uri={}, response=\"{answer}\"",
                    scan::quote(user),
                    scan::quote(&challenge.realm),
                    scan::quote(&challenge.nonce),
                    scan::quote(uri),
                );
                if challenge.algorithm_named {
                    text.push_str(&format!(", algorithm={}", challenge.algorithm.as_str()));
                }
                if let Some((nc, cnonce)) = qop {
                    text.push_str(&format!(", qop=auth, nc={nc}, cnonce=\"{cnonce}\""));
                }
                if let Some(opaque) = &challenge.opaque {
                    text.push_str(&format!(", opaque={}", scan::quote(opaque)));
                }
                (
                    if challenge.proxy {
                        "Proxy-Authorization"
                    } else {
                        "Authorization"
                    },
                    text,
                )
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Password;
    use crate::header::header;

    #[track_caller]
    fn client(realm: Option<&str>) -> DigestClient {
        DigestClient::new(Credentials {
            user: "1001".into(),
            password: Password::new("pw"),
            realm: realm.map(str::to_owned),
        })
    }

    fn asked(value: &str) -> Headers {
        header("WWW-Authenticate", value).into()
    }

    #[test]
    fn sha_256_is_answered_when_it_stands_first() {
        let mut client = client(None);
        let mut headers = asked(r#"Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth""#);
        headers.push(header(
            "WWW-Authenticate",
            r#"Digest realm="r", nonce="n", algorithm=MD5, qop="auth""#,
        ));
        client
            .challenged(&mut Attempt::default(), &headers)
            .unwrap();
        let answers = client.authorize(&mut Rng::new(1), &Method::REGISTER, "sip:r");
        assert_eq!(answers.len(), 1);
        assert!(answers[0].1.contains("algorithm=SHA-256") && answers[0].1.contains("nc=00000001"));
        assert!(
            client.authorize(&mut Rng::new(1), &Method::REGISTER, "sip:r")[0]
                .1
                .contains("nc=00000002")
        );
    }

    #[test]
    fn the_same_password_is_tried_once_but_a_stale_nonce_again() {
        let mut client = client(None);
        let mut attempt = Attempt::default();
        client
            .challenged(&mut attempt, &asked(r#"Digest realm="r", nonce="1""#))
            .unwrap();
        client
            .challenged(
                &mut attempt,
                &asked(r#"Digest realm="r", nonce="2", stale=true"#),
            )
            .unwrap();
        assert_eq!(
            client.challenged(&mut attempt, &asked(r#"Digest realm="r", nonce="3""#)),
            Err(Refused::WrongPassword)
        );
    }

    #[test]
    fn a_server_that_always_says_stale_is_given_up() {
        let mut client = client(None);
        let mut attempt = Attempt::default();
        let refused = (0..20).find_map(|_| {
            client
                .challenged(
                    &mut attempt,
                    &asked(r#"Digest realm="r", nonce="1", stale=true"#),
                )
                .err()
        });
        assert_eq!(refused, Some(Refused::WrongPassword));
    }

    #[test]
    fn a_foreign_realm_gets_no_answer() {
        let mut client = client(Some("ours"));
        let refused = client.challenged(
            &mut Attempt::default(),
            &asked(r#"Digest realm="theirs", nonce="1""#),
        );
        assert_eq!(refused, Err(Refused::Unanswerable));
        assert!(
            client
                .authorize(&mut Rng::new(1), &Method::INVITE, "sip:x")
                .is_empty()
        );
    }

    #[test]
    fn a_401_and_then_a_407_are_both_answered() {
        let mut client = client(None);
        let mut attempt = Attempt::default();
        client
            .challenged(&mut attempt, &asked(r#"Digest realm="r", nonce="1""#))
            .unwrap();
        let proxy: Headers = header("Proxy-Authenticate", r#"Digest realm="r", nonce="2""#).into();
        client.challenged(&mut attempt, &proxy).unwrap();
        let names: Vec<_> = client
            .authorize(&mut Rng::new(1), &Method::INVITE, "sip:x")
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["Authorization", "Proxy-Authorization"]);
    }
}
