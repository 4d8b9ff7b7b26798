//! Calls past the queues: an agent dials a number outside or a colleague, or somebody calls an agent's extension.
//!
//! The caller waits unanswered while the other side rings. It is offered all that the caller speaks of what we know, and the
//! one codec it takes is the caller's, too. Whether the call goes through at all is the queue's word.

use super::admission::{self, Caller};
use super::session::Candidates;
use super::{Event, Leg, MediaPlane, Role, Switch, header};
use crate::acd::{DialRefusal, Dialled};
use offhook_model::{AgentId, CallId, LegId, LegOutcome, Mono, PhoneNumber};
use offhook_sip::endpoint::Invite;
use offhook_sip::sdp::Direction;
use offhook_sip::{
    CallKey, EndCause, Flow, Header, Headers, HeadersExt, Incoming, NameAddr, Reason, Status, Uri,
};

/// Whom a call past the queues is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// A number outside.
    Outside(PhoneNumber),
    /// An agent.
    Agent(AgentId),
}

/// A call past the queues, from the caller's INVITE to its end. Not to be printed: it may hold the caller's name.
pub(super) struct Dial {
    caller: CallKey,
    /// The other side's leg, once it is called.
    callee: Option<CallKey>,
    target: Target,
    /// The caller's leg, where that is an agent's.
    caller_leg: LegId,
    /// The callee's leg, where that is an agent's.
    leg: LegId,
    /// Who calls, as the callee sees them.
    number: Option<PhoneNumber>,
    name: Option<String>,
    candidates: Candidates,
}

impl<M: MediaPlane> Switch<M> {
    /// Asks the queue whether a call may go through.
    pub(super) fn dial(&mut self, now: Mono, incoming: &Incoming, caller: Caller, target: Target) {
        if let Err(status) = self.try_dial(now, incoming, caller, target) {
            self.endpoint.reject(now, incoming.call, status, Vec::new());
        }
    }

    fn try_dial(
        &mut self,
        now: Mono,
        incoming: &Incoming,
        caller: Caller,
        target: Target,
    ) -> Result<(), Status> {
        let callee = match target {
            Target::Outside(_) => None,
            Target::Agent(agent) => Some(agent),
        };
        if callee.is_some() && caller.agent == callee {
            return Err(Status::BUSY_HERE);
        }
        let offer = incoming.offer.as_ref().ok_or(Status::NOT_ACCEPTABLE_HERE)?;
        let (port, addr) = self.media.open().ok_or(Status::SERVICE_UNAVAILABLE)?;
        let session = self.new_session();
        let Ok((candidates, negotiated)) = Candidates::read(offer, addr, session) else {
            self.media.close(port);
            return Err(Status::NOT_ACCEPTABLE_HERE);
        };
        let (call, leg) = self.named(now, &incoming.headers);
        let (number, name) = match (&target, caller.agent) {
            // Outside, the centre's number is seen and no agent's name.
            (Target::Outside(_), Some(agent)) => (self.caller_id(agent, &incoming.headers), None),
            (Target::Outside(_), None) | (Target::Agent(_), _) => (caller.number, caller.name),
        };
        let callee_leg = LegId::mint(self.wall(now), &mut self.random);
        self.events.push_back(Event::Dialled(Dialled {
            call,
            caller: caller.agent.map(|agent| (agent, leg)),
            callee: callee.map(|agent| (agent, callee_leg)),
            number: match &target {
                Target::Outside(number) => Some(number.clone()),
                Target::Agent(agent) => self
                    .extension_of(*agent)
                    .and_then(|extension| PhoneNumber::parse(&extension).ok()),
            },
            caller_id: number.clone(),
        }));
        let role = Role::Caller {
            call,
            agent: caller.agent,
        };
        let mut near = Leg::new(role, port, addr, session);
        near.reached = true;
        self.legs.insert(incoming.call, near);
        self.agreed(incoming.call, &negotiated);
        self.dials.insert(
            call,
            Dial {
                caller: incoming.call,
                callee: None,
                target,
                caller_leg: leg,
                leg: callee_leg,
                number,
                name,
                candidates,
            },
        );
        Ok(())
    }

    /// The phone that starts a call names it, and its own leg; a name in use is another call's.
    fn named(&mut self, now: Mono, headers: &Headers) -> (CallId, LegId) {
        let wall = self.wall(now);
        let call = headers
            .value("X-Offhook-Call")
            .and_then(|text| text.trim().parse().ok())
            .filter(|call| !self.dials.contains_key(call) && !self.customers.contains_key(call))
            .unwrap_or_else(|| CallId::mint(wall, &mut self.random));
        let leg = headers
            .value("X-Offhook-Leg")
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or_else(|| LegId::mint(wall, &mut self.random));
        (call, leg)
    }

    /// The number an agent asks to be seen with (RFC 3325 section 9.2), if it is theirs, else their first.
    fn caller_id(&self, agent: AgentId, headers: &Headers) -> Option<PhoneNumber> {
        let theirs = self.directory.caller_ids.get(&agent)?;
        headers
            .value("P-Preferred-Identity")
            .and_then(|value| NameAddr::parse_list(value).next())
            .and_then(|wished| admission::number(&wished.uri))
            .filter(|wished| theirs.contains(wished))
            .or_else(|| theirs.first().cloned())
    }

    /// Calls the other side: the queue allows it.
    pub(super) fn place(&mut self, now: Mono, call: CallId) {
        if let Err(status) = self.try_place(now, call)
            && let Some(dial) = self.dials.remove(&call)
        {
            self.refuse(now, dial.caller, status, None);
            let outcome = outcome(status);
            self.events.push_back(Event::DialOver { call, outcome });
        }
    }

    fn try_place(&mut self, now: Mono, call: CallId) -> Result<(), Status> {
        let Some(dial) = self.dials.get(&call) else {
            // The caller has just given up; the queue hears of it in a moment.
            return Ok(());
        };
        let mut headers = vec![header("X-Offhook-Call", call)];
        let from = self.from(dial.number.as_ref(), dial.name.as_deref());
        let (agent, user, uri, next_hop) = match &dial.target {
            Target::Outside(number) => {
                let trunk = self.config.trunk.ok_or(Status::SERVICE_UNAVAILABLE)?;
                if dial.number.is_some() {
                    let asserted = NameAddr::new(from.uri.clone());
                    headers.push(header("P-Asserted-Identity", asserted));
                }
                let user = user_of(number);
                let uri = Uri::from_addr(Some(&user), trunk);
                (None, user, uri, Flow::udp(trunk))
            }
            Target::Agent(agent) => {
                let (extension, binding) = self
                    .binding(now, *agent)
                    .ok_or(Status::TEMPORARILY_UNAVAILABLE)?;
                headers.push(header("X-Offhook-Leg", dial.leg));
                (Some(*agent), extension, binding.contact, binding.source)
            }
        };
        let to_host = match agent {
            Some(_) => self.config.local,
            None => next_hop.addr,
        };
        let (port, addr) = self.media.open().ok_or(Status::SERVICE_UNAVAILABLE)?;
        let session = self.new_session();
        let Some(dial) = self.dials.get_mut(&call) else {
            return Ok(());
        };
        let invite = Invite {
            uri,
            from,
            to: NameAddr::new(Uri::from_addr(Some(&user), to_host)),
            next_hop,
            offer: dial.candidates.offer(addr, session),
            headers,
            credentials: None,
        };
        let callee = self.endpoint.invite(now, invite);
        dial.callee = Some(callee);
        let mut leg = Leg::new(Role::Callee { call, agent }, port, addr, session);
        leg.peer = Some(dial.caller);
        leg.reached = true;
        let caller = dial.caller;
        self.legs.insert(callee, leg);
        if let Some(near) = self.legs.get_mut(&caller) {
            near.peer = Some(callee);
        }
        Ok(())
    }

    /// The queue does not allow it, and the phone is told why.
    pub(super) fn refuse_dial(&mut self, now: Mono, call: CallId, why: DialRefusal) {
        let (status, text) = match why {
            DialRefusal::CheckedOut => (Status::FORBIDDEN, "Checked out"),
            DialRefusal::CalleeBusy => (Status::BUSY_HERE, "In a call"),
            DialRefusal::CalleeAway => (Status::TEMPORARILY_UNAVAILABLE, "Away"),
        };
        if let Some(dial) = self.dials.remove(&call) {
            self.refuse(now, dial.caller, status, Some(Reason::sip(status.0, text)));
        }
    }

    /// Nobody answers.
    pub(super) fn end_dial(&mut self, now: Mono, call: CallId) {
        let Some(dial) = self.dials.remove(&call) else {
            return;
        };
        let status = Status::TEMPORARILY_UNAVAILABLE;
        let reason = Reason::sip(status.0, "Ring no answer");
        if let Some(callee) = dial.callee {
            self.end_silently(now, callee, Some(reason.clone()));
        }
        self.refuse(now, dial.caller, status, Some(reason));
    }

    /// The side we called makes progress: so does the caller, who hears what there is to be heard.
    pub(super) fn dial_progress(
        &mut self,
        now: Mono,
        callee: CallKey,
        status: Status,
        sdp: Option<Vec<u8>>,
    ) {
        let Some(caller) = self.legs.get(&callee).and_then(|leg| leg.peer) else {
            return;
        };
        let answer = sdp.and_then(|sdp| self.agree(callee, &sdp, true));
        self.endpoint
            .progress(now, caller, status, answer, Vec::new());
    }

    /// The side we called answered: so is the caller.
    pub(super) fn dial_answered(&mut self, now: Mono, callee: CallKey, sdp: Option<Vec<u8>>) {
        let answer = sdp.and_then(|sdp| self.agree(callee, &sdp, false));
        let role = self.legs.get(&callee).map(|leg| leg.role);
        let (Some(answer), Some(Role::Callee { call, .. })) = (answer, role) else {
            tracing::warn!("A dialled side answered without a codec of the offer");
            return self.end(now, callee, Some(Reason::sip(488, "No common codec")));
        };
        let Some(dial) = self.dials.get(&call) else {
            return;
        };
        let (caller, ends) = (
            dial.caller,
            [(dial.caller, dial.caller_leg), (callee, dial.leg)],
        );
        for (key, id) in ends {
            if let Some(leg) = self.legs.get_mut(&key) {
                leg.answered = true;
                if leg.role.agent().is_some() {
                    self.record(id, key);
                }
            }
        }
        self.endpoint.answer(now, caller, answer, Vec::new());
        self.events.push_back(Event::DialAnswered { call });
    }

    /// Takes the answer of the side we called and lets both be heard; our own answer to the caller follows from it.
    fn agree(&mut self, callee: CallKey, sdp: &[u8], early: bool) -> Option<Vec<u8>> {
        let far = self.legs.get(&callee)?;
        let Role::Callee { call, .. } = far.role else {
            return None;
        };
        let dial = self.dials.get(&call)?;
        let (chosen, mut negotiated) = dial.candidates.choose(sdp, far.addr).ok()?;
        if early {
            // Early media that flow one way hold nobody.
            negotiated.direction = Direction::SendRecv;
        }
        let caller = dial.caller;
        let near = self.legs.get(&caller)?;
        let answer = dial
            .candidates
            .answer(&chosen, near.addr, near.session)
            .ok()?;
        for key in [callee, caller] {
            if let Some(leg) = self.legs.get_mut(&key) {
                leg.chosen = Some(chosen.clone());
            }
        }
        self.agreed(callee, &negotiated);
        self.bridge(callee);
        Some(answer)
    }

    /// One side is over: so is the other.
    pub(super) fn dial_over(&mut self, now: Mono, leg: &Leg, cause: &EndCause) {
        let (Role::Caller { call, .. } | Role::Callee { call, .. }) = leg.role else {
            return;
        };
        let Some(dial) = self.dials.remove(&call) else {
            return;
        };
        let by_caller = matches!(leg.role, Role::Caller { .. });
        let outcome = match (leg.answered, cause) {
            (true, _) => LegOutcome::Connected,
            (false, EndCause::Rejected { status, .. }) => outcome(*status),
            (false, EndCause::Cancelled { .. } | EndCause::Bye { .. }) if by_caller => {
                LegOutcome::Cancelled
            }
            (false, _) => LegOutcome::Failed,
        };
        match dial.callee {
            Some(callee) if by_caller => self.end_silently(now, callee, None),
            _ if by_caller => {}
            _ if leg.answered => self.end_silently(now, dial.caller, None),
            _ => {
                let (status, reason) = passed_on(cause);
                self.refuse(now, dial.caller, status, reason);
            }
        }
        self.events.push_back(Event::DialOver { call, outcome });
    }

    /// Refuses a caller who has not been answered, and forgets them.
    fn refuse(&mut self, now: Mono, key: CallKey, status: Status, reason: Option<Reason>) {
        if self.forget(key).is_some() {
            let headers: Vec<Header> = reason
                .into_iter()
                .map(|reason| header("Reason", reason))
                .collect();
            self.endpoint.reject(now, key, status, headers);
        }
    }
}

/// The user part of a number in a SIP address.
pub(super) fn user_of(number: &PhoneNumber) -> String {
    number.as_str().replace('#', "%23")
}

/// How the caller is told of the other side's end. A challenge is ours to answer, not the caller's.
fn passed_on(cause: &EndCause) -> (Status, Option<Reason>) {
    match cause {
        EndCause::Rejected { status, reason, .. } => {
            let status = match *status {
                Status::UNAUTHORIZED | Status::PROXY_AUTHENTICATION_REQUIRED => {
                    Status::SERVICE_UNAVAILABLE
                }
                status if status.0 >= 400 => status,
                _ => Status::TEMPORARILY_UNAVAILABLE,
            };
            (status, reason.clone())
        }
        EndCause::Timeout | EndCause::Unreachable => (Status::SERVICE_UNAVAILABLE, None),
        EndCause::Bye { .. }
        | EndCause::Cancelled { .. }
        | EndCause::HungUp
        | EndCause::AckMissing
        | EndCause::Lost { .. }
        | EndCause::Unsendable => (Status::TEMPORARILY_UNAVAILABLE, None),
    }
}

/// What a final status means for the call list.
fn outcome(status: Status) -> LegOutcome {
    match status.0 {
        486 | 600 => LegOutcome::Busy,
        408 | 480 | 487 => LegOutcome::NoAnswer,
        403 | 603 | 607 | 608 => LegOutcome::Rejected,
        404 | 410 | 484 | 604 => LegOutcome::InvalidNumber,
        _ => LegOutcome::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trunks_answers_are_told_apart() {
        for (status, expected) in [
            (486, LegOutcome::Busy),
            (600, LegOutcome::Busy),
            (408, LegOutcome::NoAnswer),
            (480, LegOutcome::NoAnswer),
            (403, LegOutcome::Rejected),
            (603, LegOutcome::Rejected),
            (404, LegOutcome::InvalidNumber),
            (484, LegOutcome::InvalidNumber),
            (604, LegOutcome::InvalidNumber),
            (488, LegOutcome::Failed),
            (500, LegOutcome::Failed),
            (503, LegOutcome::Failed),
        ] {
            assert_eq!(outcome(Status(status)), expected, "{status}");
        }
    }

    #[test]
    fn a_challenge_of_the_trunks_is_not_the_phones_to_answer() {
        let rejected = |status| EndCause::Rejected {
            status,
            reason: None,
            retry_after: None,
        };
        assert_eq!(
            passed_on(&rejected(Status::UNAUTHORIZED)).0,
            Status::SERVICE_UNAVAILABLE
        );
        assert_eq!(
            passed_on(&rejected(Status::BUSY_EVERYWHERE)).0,
            Status::BUSY_EVERYWHERE
        );
        assert_eq!(
            passed_on(&rejected(Status::MOVED_TEMPORARILY)).0,
            Status::TEMPORARILY_UNAVAILABLE
        );
    }
}
