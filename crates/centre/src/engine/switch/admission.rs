//! Who may register, who may call, and whom.

use super::dial::Target;
use super::{Event, MediaPlane, Switch, header};
use offhook_model::{AgentId, Mono, PhoneNumber};
use offhook_sip::endpoint::RequestKey;
use offhook_sip::server::{Secret, Verdict};
use offhook_sip::{
    Flow, Header, Headers, HeadersExt, Incoming, Method, NameAddr, Password, Reason, Request,
    Status, Uri, header_value,
};
use std::time::Duration;

/// Who calls, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    /// The agent, whose credentials have been checked.
    pub(super) agent: Option<AgentId>,
    /// The number, where it was not withheld.
    pub(super) number: Option<PhoneNumber>,
    /// The name the network gave.
    pub(super) name: Option<String>,
}

impl<M: MediaPlane> Switch<M> {
    pub(super) fn agent_of(&self, extension: &str) -> Option<AgentId> {
        self.directory
            .agents
            .iter()
            .find(|(_, known)| known == extension)
            .map(|&(agent, _)| agent)
    }

    pub(super) fn extension_of(&self, agent: AgentId) -> Option<String> {
        self.directory
            .agents
            .iter()
            .find(|(known, _)| *known == agent)
            .map(|(_, extension)| extension.clone())
    }

    /// A REGISTER: the credentials must be those of the extension it is for.
    pub(super) fn register(&mut self, now: Mono, key: RequestKey, request: &Request, source: Flow) {
        let extension = request
            .to()
            .and_then(|to| to.uri.user_decoded().map(|user| user.into_owned()))
            .unwrap_or_default();
        let (status, headers) =
            match self.check(now, false, source, &request.method, &request.headers) {
                Ok(agent) if self.agent_of(&extension) == Some(agent) => {
                    match self.registrar.register(now, &extension, request, source) {
                        Ok(contacts) => {
                            let event = if contacts.is_empty() {
                                Event::Unregistered { agent }
                            } else {
                                Event::Registered { agent }
                            };
                            self.events.push_back(event);
                            (Status::OK, contacts)
                        }
                        Err(refusal) => (refusal.status, refusal.headers),
                    }
                }
                Ok(_) => (Status::FORBIDDEN, Vec::new()),
                Err((status, headers)) => (status, headers),
            };
        self.endpoint.respond(now, key, status, headers, Vec::new());
    }

    /// Whose credentials a request carries, or what to answer it with: a challenge, or after too many wrong ones that it has
    /// to wait. A password that was drawn for a session is taken at any time, since nobody guesses it: guessing at its name
    /// gets the answers that any name gets, and does not lock the phone out.
    fn check(
        &mut self,
        now: Mono,
        proxy: bool,
        source: Flow,
        method: &Method,
        request_headers: &Headers,
    ) -> Result<AgentId, (Status, Vec<Header>)> {
        let secrets = &self.directory.secrets;
        let of = |user: &str| secrets.iter().find(|secret| secret.auth_user == user);
        let from = source.addr.ip();
        let tried = self.challenger.user(proxy, request_headers);
        let locked = tried
            .as_deref()
            .and_then(|user| self.guesses.locked(now, from, user));
        let wait = |left: Duration| {
            let seconds = header("Retry-After", left.as_secs() + 1);
            Err((Status::SERVICE_UNAVAILABLE, vec![seconds]))
        };
        let drawn = tried
            .as_deref()
            .and_then(of)
            .is_some_and(|secret| secret.drawn);
        if let Some(left) = locked.filter(|_| !drawn) {
            return wait(left);
        }
        let lookup = |user: &str| {
            of(user).map(|secret| Secret::Ha1 {
                md5: Some(Password::new(&secret.md5)),
                sha256: Some(Password::new(&secret.sha256)),
            })
        };
        match self
            .challenger
            .check(now, proxy, method, request_headers, lookup)
        {
            Verdict::Accepted { user } => {
                self.guesses.forgive(now, from, &user);
                of(&user)
                    .map(|secret| secret.agent)
                    .ok_or((Status::FORBIDDEN, Vec::new()))
            }
            Verdict::Challenge {
                status,
                mut headers,
                wrong,
            } => {
                if let Some(user) = tried.filter(|_| wrong) {
                    tracing::warn!(%from, "Wrong telephone credentials");
                    if let Some(left) = locked {
                        return wait(left);
                    }
                    self.guesses.count(now, from, &user);
                }
                let old = request_headers
                    .value("User-Agent")
                    .is_some_and(knows_md5_only);
                headers.retain(|header| !old || !header_value(header).contains("SHA-256"));
                Err((status, headers))
            }
        }
    }

    /// A call came in: to a queue, to an agent, from an agent to a number outside, or to nobody.
    pub(super) fn incoming(&mut self, now: Mono, incoming: &Incoming) {
        let call = incoming.call;
        let caller = match self.caller(now, incoming) {
            Ok(caller) => caller,
            Err((status, headers)) => return self.endpoint.reject(now, call, status, headers),
        };
        let target = incoming.request_uri.user_decoded().unwrap_or_default();
        let queue = self
            .directory
            .queues
            .iter()
            .find(|(number, _)| *number == target)
            .map(|&(_, group)| group);
        if let Some(group) = queue {
            self.take_customer(now, incoming, caller, group);
        } else if let Some(agent) = self.agent_of(&target) {
            self.dial(now, incoming, caller, Target::Agent(agent));
        } else if let (Some(_), Ok(number)) = (caller.agent, PhoneNumber::parse(&target)) {
            if self.config.trunk.is_none() {
                let reason = Reason::sip(503, "No way out");
                let headers = vec![header("Reason", reason)];
                let status = Status::SERVICE_UNAVAILABLE;
                return self.endpoint.reject(now, call, status, headers);
            }
            self.dial(now, incoming, caller, Target::Outside(number));
        } else {
            self.endpoint
                .reject(now, call, Status::NOT_FOUND, Vec::new());
        }
    }

    /// Whoever says to be an agent must prove it; anybody else may call from this machine, or from anywhere if so configured.
    fn caller(&mut self, now: Mono, incoming: &Incoming) -> Result<Caller, (Status, Vec<Header>)> {
        let said = incoming.from.uri.user_decoded().unwrap_or_default();
        if let Some(agent) = self.agent_of(&said) {
            let proved = self.check(
                now,
                true,
                incoming.source,
                &Method::INVITE,
                &incoming.headers,
            )?;
            if proved != agent {
                return Err((Status::FORBIDDEN, Vec::new()));
            }
            return Ok(Caller {
                agent: Some(agent),
                number: PhoneNumber::parse(&said).ok(),
                name: incoming.from.display.clone(),
            });
        }
        if !self.config.open && !incoming.source.addr.ip().is_loopback() {
            return Err((Status::FORBIDDEN, Vec::new()));
        }
        let asserted = incoming
            .headers
            .value("P-Asserted-Identity")
            .and_then(|value| NameAddr::parse_list(value).next());
        let from = asserted.as_ref().unwrap_or(&incoming.from);
        let number = number(&from.uri);
        let name = from.display.clone().filter(|name| {
            number
                .as_ref()
                .is_none_or(|number| name.as_str() != number.as_str())
        });
        Ok(Caller {
            agent: None,
            number,
            name,
        })
    }
}

/// Baresip 1 and older gives up at an algorithm it does not know instead of passing on to the next (seen with 1.0.0).
fn knows_md5_only(user_agent: &str) -> bool {
    let version = user_agent.strip_prefix("baresip v").unwrap_or_default();
    let major = version.split('.').next().and_then(|text| text.parse().ok());
    major.is_some_and(|major: u32| major < 2)
}

pub(super) fn number(uri: &Uri) -> Option<PhoneNumber> {
    PhoneNumber::parse(&uri.user_decoded()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_phones_are_spared_the_better_algorithm() {
        assert!(knows_md5_only("baresip v1.0.0 (x86_64/linux)"));
        assert!(!knows_md5_only("baresip v3.10.1 (x86_64/Linux)"));
        assert!(!knows_md5_only("Linphone/5.1.65"));
        assert!(!knows_md5_only(""));
    }
}
