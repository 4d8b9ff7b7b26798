//! Who can be reached where (RFC 3261 §10.3).

use std::collections::HashMap;
use std::time::Duration;

use crate::header::header;
use crate::{Flow, Header, HeadersExt, NameAddr, Request, Status, Uri};

/// The intervals a registrar grants. A shorter wish than `min` is raised, a longer one than `max` lowered, as Asterisk does.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The shortest.
    pub min: Duration,
    /// The longest.
    pub max: Duration,
    /// What a request without a wish gets.
    pub default: Duration,
    /// How many Contacts one account may have; a new one past it displaces the oldest.
    pub contacts: usize,
}

/// One place where an account can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The Contact: the Request-URI of calls to it.
    pub contact: Uri,
    /// The way its REGISTER came by: the way calls to it go.
    pub source: Flow,
    /// When it ends.
    pub until: Duration,
    call_id: String,
    cseq: u32,
}

/// A REGISTER that changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status}")]
pub struct Refusal {
    /// What to answer.
    pub status: Status,
    /// Headers of the answer.
    pub headers: Vec<Header>,
}

impl Refusal {
    fn new(status: Status) -> Self {
        Self {
            status,
            headers: Vec::new(),
        }
    }
}

/// The bindings of all accounts, by a name the owner chose, such as the user part of the address of record.
#[derive(Debug)]
pub struct Registrar {
    limits: Limits,
    accounts: HashMap<String, Vec<Binding>>,
}

impl Registrar {
    /// An empty registrar.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            accounts: HashMap::new(),
        }
    }

    /// Carries out a REGISTER of `account` (whose credentials have been checked) and gives the headers of its 200.
    /// Without Contact it only asks. All or nothing: one bad Contact and nothing changes.
    pub fn register(
        &mut self,
        now: Duration,
        account: &str,
        request: &Request,
        source: Flow,
    ) -> Result<Vec<Header>, Refusal> {
        let bad = || Refusal::new(Status::BAD_REQUEST);
        let call_id = request.call_id().ok_or_else(bad)?.to_owned();
        let cseq = request.cseq().ok_or_else(bad)?.number;
        let wish = request.header("Expires").and_then(seconds);
        let mut bindings = self.accounts.get(account).cloned().unwrap_or_default();
        bindings.retain(|binding| binding.until > now);

        if request
            .headers
            .values("Contact")
            .iter()
            .any(|value| value.trim() == "*")
        {
            if wish != Some(Duration::ZERO) || request.headers.values("Contact").len() > 1 {
                return Err(bad());
            }
            if bindings
                .iter()
                .any(|binding| binding.is_newer(&call_id, cseq))
            {
                return Err(Refusal::new(Status::SERVER_ERROR));
            }
            bindings.clear();
        }
        for contact in request.contacts() {
            // A Contact with headers in its URI would smuggle them into every call (RFC 4475 §3.1.2.11).
            if !contact.uri.is_sip() || contact.uri.headers.is_some() {
                return Err(bad());
            }
            let known = bindings
                .iter()
                .position(|binding| same_contact(&binding.contact, &contact.uri));
            if known.is_some_and(|at| bindings[at].is_newer(&call_id, cseq)) {
                return Err(Refusal::new(Status::SERVER_ERROR));
            }
            if let Some(at) = known {
                bindings.remove(at);
            }
            let expires = self.granted(contact.params.value("expires").and_then(seconds).or(wish));
            if expires.is_zero() {
                continue;
            }
            let binding = Binding {
                contact: contact.uri,
                source,
                until: now + expires,
                call_id: call_id.clone(),
                cseq,
            };
            bindings.insert(0, binding);
        }
        bindings.truncate(self.limits.contacts.max(1));
        let headers = bindings.iter().map(|binding| binding.header(now)).collect();
        if bindings.is_empty() {
            self.accounts.remove(account);
        } else {
            self.accounts.insert(account.to_owned(), bindings);
        }
        Ok(headers)
    }

    /// Where an account can be reached now, the latest first.
    pub fn bindings(&self, now: Duration, account: &str) -> Vec<Binding> {
        self.accounts
            .get(account)
            .into_iter()
            .flatten()
            .filter(|binding| binding.until > now)
            .cloned()
            .collect()
    }

    /// Forgets an account's bindings, as after a sign-out.
    pub fn forget(&mut self, account: &str) {
        self.accounts.remove(account);
    }

    /// Drops the bindings reached by a connection that has ended, and names the accounts that can no longer be reached.
    pub fn disconnected(&mut self, flow: Flow) -> Vec<String> {
        self.drop_all(|binding| binding.source == flow)
    }

    /// Drops what has lapsed and names the accounts that can no longer be reached.
    pub fn expire(&mut self, now: Duration) -> Vec<String> {
        self.drop_all(|binding| binding.until <= now)
    }

    fn drop_all(&mut self, is_gone: impl Fn(&Binding) -> bool) -> Vec<String> {
        let mut gone = Vec::new();
        self.accounts.retain(|account, bindings| {
            bindings.retain(|binding| !is_gone(binding));
            if bindings.is_empty() {
                gone.push(account.clone());
            }
            !bindings.is_empty()
        });
        gone.sort();
        gone
    }

    /// When the next binding lapses.
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.accounts
            .values()
            .flatten()
            .map(|binding| binding.until)
            .min()
    }

    fn granted(&self, wish: Option<Duration>) -> Duration {
        match wish {
            None => self.limits.default,
            Some(Duration::ZERO) => Duration::ZERO,
            Some(wish) => wish.clamp(self.limits.min, self.limits.max.max(self.limits.min)),
        }
    }
}

impl Binding {
    /// The same registration has been here with this number or a later one: what comes now is old (RFC 3261 §10.3, step 7).
    fn is_newer(&self, call_id: &str, cseq: u32) -> bool {
        self.call_id == call_id && self.cseq >= cseq
    }

    fn header(&self, now: Duration) -> Header {
        let mut contact = NameAddr::new(self.contact.clone());
        // Rounded up, so that a binding just made shows its whole interval.
        let left = self.until.saturating_sub(now).as_millis().div_ceil(1000);
        contact.params.set("expires", Some(&left.to_string()));
        header("Contact", contact.to_string())
    }
}

/// Contacts compare as URIs (RFC 3261 §19.1.4); parameters other than the transport do not make another phone.
fn same_contact(a: &Uri, b: &Uri) -> bool {
    a.same_account(b)
        && a.port == b.port
        && a.params
            .value("transport")
            .unwrap_or("udp")
            .eq_ignore_ascii_case(b.params.value("transport").unwrap_or("udp"))
}

/// Delta-seconds; a number too large is the largest (RFC 3261 §20.19).
fn seconds(text: &str) -> Option<Duration> {
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(Duration::from_secs(
        text.parse()
            .unwrap_or(u64::from(u32::MAX))
            .min(u64::from(u32::MAX)),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Method, header_value};

    const LIMITS: Limits = Limits {
        min: Duration::from_secs(60),
        max: Duration::from_secs(3600),
        default: Duration::from_secs(300),
        contacts: 2,
    };

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[track_caller]
    fn request(call_id: &str, cseq: u32, contacts: &[&str], expires: Option<&str>) -> Request {
        let mut request = Request::new(Method::REGISTER, "sip:example.com".parse().unwrap());
        request.push("Call-ID", call_id);
        request.push("CSeq", format!("{cseq} REGISTER"));
        contacts
            .iter()
            .for_each(|contact| request.push("Contact", *contact));
        if let Some(expires) = expires {
            request.push("Expires", expires);
        }
        request
    }

    fn source() -> Flow {
        Flow::udp("192.0.2.7:4000".parse().unwrap())
    }

    #[test]
    fn a_short_wish_is_raised_and_a_long_one_lowered() {
        let mut registrar = Registrar::new(LIMITS);
        let headers = registrar
            .register(
                at(0),
                "a",
                &request("1", 1, &["<sip:a@h1>;expires=20"], Some("100")),
                source(),
            )
            .unwrap();
        assert!(header_value(&headers[0]).ends_with(";expires=60"));
        let headers = registrar
            .register(
                at(0),
                "a",
                &request("1", 2, &["<sip:a@h1>"], Some("99999999999999999999999")),
                source(),
            )
            .unwrap();
        assert!(header_value(&headers[0]).ends_with(";expires=3600"));
        assert_eq!(registrar.bindings(at(3599), "a")[0].source, source());
        assert!(registrar.bindings(at(3600), "a").is_empty());
        assert_eq!(registrar.poll_timeout(), Some(at(3600)));
        assert_eq!(registrar.expire(at(3600)), ["a"]);
        assert_eq!(registrar.poll_timeout(), None);
    }

    #[test]
    fn an_old_request_that_comes_late_changes_nothing() {
        let mut registrar = Registrar::new(LIMITS);
        registrar
            .register(
                at(0),
                "a",
                &request("1", 5, &["<sip:a@h1>"], None),
                source(),
            )
            .unwrap();
        let late = registrar.register(
            at(1),
            "a",
            &request("1", 4, &["<sip:a@h1>;expires=0"], None),
            source(),
        );
        assert_eq!(late.unwrap_err().status, Status::SERVER_ERROR);
        assert_eq!(registrar.bindings(at(1), "a").len(), 1);
    }

    #[test]
    fn a_star_withdraws_all_but_only_with_zero() {
        let mut registrar = Registrar::new(LIMITS);
        registrar
            .register(
                at(0),
                "a",
                &request("1", 1, &["<sip:a@h1>, <sip:a@h2>"], None),
                source(),
            )
            .unwrap();
        assert_eq!(registrar.bindings(at(1), "a").len(), 2);
        assert!(
            registrar
                .register(at(1), "a", &request("1", 2, &["*"], None), source())
                .is_err()
        );
        assert!(
            registrar
                .register(at(1), "a", &request("1", 3, &["*"], Some("0")), source())
                .unwrap()
                .is_empty()
        );
        assert!(registrar.bindings(at(1), "a").is_empty());
    }

    #[test]
    fn the_latest_phone_comes_first_and_displaces_the_oldest() {
        let mut registrar = Registrar::new(LIMITS);
        for (n, host) in ["h1", "h2", "h3"].into_iter().enumerate() {
            registrar
                .register(
                    at(n as u64),
                    "a",
                    &request(host, 1, &[&format!("<sip:a@{host}>")], None),
                    source(),
                )
                .unwrap();
        }
        let hosts: Vec<_> = registrar
            .bindings(at(5), "a")
            .into_iter()
            .map(|binding| binding.contact.host)
            .collect();
        assert_eq!(hosts, ["h3", "h2"]);
    }

    #[test]
    fn a_phone_whose_connection_ended_can_no_longer_be_reached() {
        let mut registrar = Registrar::new(LIMITS);
        let flow = Flow::tcp(source().addr);
        for (account, by) in [("a", flow), ("b", source())] {
            let contact = format!("<sip:{account}@h1;transport=tcp>");
            registrar
                .register(at(0), account, &request("1", 1, &[&contact], None), by)
                .unwrap();
        }
        assert_eq!(registrar.disconnected(flow), ["a"]);
        assert!(registrar.bindings(at(1), "a").is_empty());
        assert_eq!(registrar.bindings(at(1), "b").len(), 1);
    }

    #[test]
    fn a_contact_with_headers_is_refused() {
        let mut registrar = Registrar::new(LIMITS);
        let smuggled = request(
            "1",
            1,
            &["<sip:user@example.com?Route=%3Csip:sip.example.com%3E>"],
            None,
        );
        assert_eq!(
            registrar
                .register(at(0), "a", &smuggled, source())
                .unwrap_err()
                .status,
            Status::BAD_REQUEST
        );
    }
}
