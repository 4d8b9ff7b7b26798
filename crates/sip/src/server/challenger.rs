//! Asks for digest credentials and checks them (RFC 7616, RFC 8760).

use std::collections::HashMap;
use std::time::Duration;

use crate::auth::{Algorithm, auth_params, ha1, response};
use crate::header::header;
use crate::message::scan;
use crate::rng::Rng;
use crate::{Header, Headers, HeadersExt, Method, Password, Status};

/// How many nonces in use are remembered; past it the oldest are forgotten and thereby stale.
const MAX_NONCES: usize = 100_000;

/// What the owner knows of a user.
#[derive(Debug, Clone)]
pub enum Secret {
    /// The password in clear.
    Password(Password),
    /// `H(user:realm:password)` in lower-case hex, per algorithm; an absent one refuses that algorithm.
    Ha1 {
        /// With MD5.
        md5: Option<Password>,
        /// With SHA-256.
        sha256: Option<Password>,
    },
}

/// What a request's credentials are worth.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// They are right, and fresh.
    Accepted {
        /// The user.
        user: String,
    },
    /// Answer with this status and these headers: none given, wrong, or stale.
    Challenge {
        /// 401 or 407.
        status: Status,
        /// One challenge per algorithm, SHA-256 first.
        headers: Vec<Header>,
        /// True if credentials were given and are wrong, not merely absent or stale: worth counting.
        wrong: bool,
    },
}

/// Issues nonces and checks answers to them. A nonce carries its own time and seal, so that asking costs no memory.
#[derive(Debug)]
pub struct Challenger {
    realm: String,
    lifetime: Duration,
    secret: String,
    rng: Rng,
    /// The highest count seen of each nonce in use, and when it was issued: an answer cannot be replayed.
    seen: HashMap<String, (u32, Duration)>,
}

enum Nonce {
    Fresh(Duration),
    Stale,
}

impl Challenger {
    /// A challenger for one realm. Nonces live `lifetime`; older ones are answered with `stale=true`. `seed` must not be guessable.
    pub fn new(realm: impl Into<String>, lifetime: Duration, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let secret = Algorithm::Sha256.hash(&format!("{}{}", rng.token(), rng.token()));
        Self {
            realm: realm.into(),
            lifetime,
            secret,
            rng,
            seen: HashMap::new(),
        }
    }

    /// The realm.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// Checks a request by its method, headers and body. `lookup` gives the secret of a user, `None` if there is no such user.
    /// REGISTER and the like are challenged with 401; `proxy` asks with 407 (RFC 3261 §22.3).
    pub fn check(
        &mut self,
        now: Duration,
        proxy: bool,
        method: &Method,
        headers: &Headers,
        lookup: impl FnOnce(&str) -> Option<Secret>,
    ) -> Verdict {
        let Some(params) = self.ours(proxy, headers) else {
            return self.challenge(now, proxy, false, false);
        };
        let Some(user) = self.right(method, &params, lookup) else {
            return self.challenge(now, proxy, false, true);
        };
        let nonce = value(&params, "nonce").unwrap_or_default();
        let count = value(&params, "nc").and_then(|nc| u32::from_str_radix(nc, 16).ok());
        match (self.nonce(now, nonce), count) {
            (Nonce::Fresh(issued), Some(count))
                if self.seen.get(nonce).is_none_or(|(last, _)| count > *last) =>
            {
                self.remember(now, nonce, count, issued);
                Verdict::Accepted { user }
            }
            (Nonce::Fresh(_), _) | (Nonce::Stale, _) => self.challenge(now, proxy, true, false),
        }
    }

    /// Whom a request's credentials for this realm claim to be of, right or wrong; nothing where it carries none.
    pub fn user(&self, proxy: bool, headers: &Headers) -> Option<String> {
        let params = self.ours(proxy, headers)?;
        value(&params, "username").map(str::to_owned)
    }

    fn ours(&self, proxy: bool, headers: &Headers) -> Option<Vec<(String, String)>> {
        let name = if proxy {
            "Proxy-Authorization"
        } else {
            "Authorization"
        };
        headers
            .values(name)
            .into_iter()
            .flat_map(auth_params)
            .find(|(scheme, params)| {
                scheme.eq_ignore_ascii_case("Digest") && value(params, "realm") == Some(&self.realm)
            })
            .map(|(_, params)| params)
    }

    /// The user, if the answer is right for the nonce it names, whosever that is.
    fn right(
        &self,
        method: &Method,
        params: &[(String, String)],
        lookup: impl FnOnce(&str) -> Option<Secret>,
    ) -> Option<String> {
        let user = value(params, "username")?;
        let algorithm = Algorithm::parse(value(params, "algorithm").unwrap_or("MD5"))?;
        if !value(params, "qop")?.eq_ignore_ascii_case("auth") {
            return None;
        }
        let ha1 = match (lookup(user)?, algorithm) {
            (Secret::Password(password), _) => ha1(algorithm, user, &self.realm, password.as_str()),
            (Secret::Ha1 { md5, .. }, Algorithm::Md5) => md5?.as_str().to_owned(),
            (Secret::Ha1 { sha256, .. }, Algorithm::Sha256) => sha256?.as_str().to_owned(),
        };
        let qop = Some((value(params, "nc")?, value(params, "cnonce")?));
        let expected = response(
            algorithm,
            &ha1,
            value(params, "nonce")?,
            qop,
            method.as_str(),
            value(params, "uri")?,
        );
        equal(&expected, &value(params, "response")?.to_ascii_lowercase()).then(|| user.to_owned())
    }

    fn challenge(&mut self, now: Duration, proxy: bool, stale: bool, wrong: bool) -> Verdict {
        let nonce = self.issue(now);
        let (status, name) = if proxy {
            (Status::PROXY_AUTHENTICATION_REQUIRED, "Proxy-Authenticate")
        } else {
            (Status::UNAUTHORIZED, "WWW-Authenticate")
        };
        let stale = if stale { ", stale=true" } else { "" };
        let headers = [Algorithm::Sha256, Algorithm::Md5].map(|algorithm| {
            header(
                name,
                format!(
                    "Digest realm={}, nonce=\"{nonce}\", algorithm={}, qop=\"auth\"{stale}",
                    scan::quote(&self.realm),
                    algorithm.as_str()
                ),
            )
        });
        Verdict::Challenge {
            status,
            headers: headers.into(),
            wrong,
        }
    }

    fn issue(&mut self, now: Duration) -> String {
        let text = format!("{:x}.{}", now.as_millis(), self.rng.token());
        format!("{text}.{}", self.seal(&text))
    }

    fn seal(&self, text: &str) -> String {
        // Hashed twice, so that the seal cannot be extended.
        let inner = Algorithm::Sha256.hash(&format!("{}:{text}", self.secret));
        Algorithm::Sha256.hash(&format!("{}:{inner}", self.secret))
    }

    fn nonce(&self, now: Duration, nonce: &str) -> Nonce {
        let issued = nonce
            .rsplit_once('.')
            .filter(|(text, seal)| equal(&self.seal(text), seal))
            .and_then(|(text, _)| {
                let millis = u64::from_str_radix(text.split_once('.')?.0, 16).ok()?;
                Some(Duration::from_millis(millis))
            });
        match issued {
            Some(issued) if now.saturating_sub(issued) <= self.lifetime => Nonce::Fresh(issued),
            _ => Nonce::Stale,
        }
    }

    fn remember(&mut self, now: Duration, nonce: &str, count: u32, issued: Duration) {
        if self.seen.len() >= 1024 && self.seen.len().is_power_of_two()
            || self.seen.len() >= MAX_NONCES
        {
            self.seen
                .retain(|_, (_, issued)| now.saturating_sub(*issued) <= self.lifetime);
        }
        if self.seen.len() >= MAX_NONCES {
            // Forgetting counts would let answers be replayed; forgetting the secret makes all of them stale instead.
            self.secret = Algorithm::Sha256.hash(&format!("{}{}", self.secret, self.rng.token()));
            self.seen.clear();
        }
        self.seen.insert(nonce.to_owned(), (count, issued));
    }
}

fn value<'a>(params: &'a [(String, String)], name: &str) -> Option<&'a str> {
    params
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// Compares without telling by time where the first difference is.
fn equal(a: &str, b: &str) -> bool {
    a.len() == b.len()
        && a.bytes()
            .zip(b.bytes())
            .fold(0, |difference, (x, y)| difference | (x ^ y))
            == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Credentials;
    use crate::auth::{Attempt, DigestClient};

    const NOW: Duration = Duration::from_secs(1000);

    struct Pair {
        server: Challenger,
        client: DigestClient,
        attempt: Attempt,
        rng: Rng,
    }

    #[track_caller]
    fn pair(password: &str) -> Pair {
        Pair {
            server: Challenger::new("the \"realm\"", Duration::from_secs(32), 7),
            client: DigestClient::new(Credentials {
                user: "1001".into(),
                password: Password::new(password),
                realm: None,
            }),
            attempt: Attempt::default(),
            rng: Rng::new(3),
        }
    }

    impl Pair {
        fn headers(&mut self) -> Headers {
            let mut headers = Headers::default();
            for (name, value) in self
                .client
                .authorize(&mut self.rng, &Method::REGISTER, "sip:x")
            {
                headers.push(header(name, value));
            }
            headers
        }

        fn check(&mut self, now: Duration, headers: &Headers) -> Verdict {
            self.server
                .check(now, false, &Method::REGISTER, headers, |user| {
                    (user == "1001").then(|| Secret::Password(Password::new("right")))
                })
        }

        /// Sends until accepted or out of tries; gives the number of challenges met.
        fn run(&mut self, now: Duration) -> Result<usize, ()> {
            self.attempt = Attempt::default();
            for challenges in 0.. {
                let headers = self.headers();
                match self.check(now, &headers) {
                    Verdict::Accepted { user } => {
                        assert_eq!(user, "1001");
                        return Ok(challenges);
                    }
                    Verdict::Challenge { headers, .. } => {
                        let mut answer = Headers::default();
                        answer.extend(headers);
                        self.client
                            .challenged(&mut self.attempt, &answer)
                            .map_err(|_| ())?;
                    }
                }
            }
            Err(())
        }
    }

    #[test]
    fn a_nonce_is_used_again_until_it_is_stale_and_then_renewed_unasked() {
        let mut pair = pair("right");
        assert_eq!(pair.run(NOW), Ok(1));
        assert_eq!(pair.run(NOW + Duration::from_secs(10)), Ok(0));
        assert_eq!(pair.run(NOW + Duration::from_secs(40)), Ok(1));
    }

    #[test]
    fn a_wrong_password_is_told_once_and_counted() {
        let mut pair = pair("wrong");
        assert_eq!(pair.run(NOW), Err(()));
        let headers = pair.headers();
        assert!(matches!(
            pair.check(NOW, &headers),
            Verdict::Challenge { wrong: true, .. }
        ));
    }

    #[test]
    fn an_answer_cannot_be_replayed() {
        let mut pair = pair("right");
        pair.run(NOW).unwrap();
        let headers = pair.headers();
        assert!(matches!(
            pair.check(NOW, &headers),
            Verdict::Accepted { .. }
        ));
        assert!(matches!(
            pair.check(NOW, &headers),
            Verdict::Challenge { wrong: false, .. }
        ));
    }

    #[test]
    fn a_nonce_of_an_earlier_run_is_stale_and_not_wrong() {
        let mut pair = pair("right");
        pair.run(NOW).unwrap();
        pair.server = Challenger::new("the \"realm\"", Duration::from_secs(32), 8);
        assert_eq!(pair.run(NOW), Ok(1));
    }

    #[test]
    fn stored_hashes_serve_as_well_as_the_password() {
        let mut pair = pair("right");
        let sha256 = Some(Password::new(ha1(
            Algorithm::Sha256,
            "1001",
            "the \"realm\"",
            "right",
        )));
        let Verdict::Challenge { headers, .. } = pair.check(NOW, &Headers::default()) else {
            panic!("not asked")
        };
        let mut answer = Headers::default();
        answer.extend(headers);
        pair.client.challenged(&mut pair.attempt, &answer).unwrap();
        let headers = pair.headers();
        let verdict = pair
            .server
            .check(NOW, false, &Method::REGISTER, &headers, |_| {
                Some(Secret::Ha1 { md5: None, sha256 })
            });
        assert!(matches!(verdict, Verdict::Accepted { .. }));
    }
}
