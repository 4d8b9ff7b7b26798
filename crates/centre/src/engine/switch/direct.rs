//! Calls from one phone straight to an agent's, past the queues.

use super::admission::Caller;
use super::session::Chosen;
use super::{Event, Leg, MediaPlane, Role, Switch, header};
use crate::acd::Line;
use offhook_model::{AgentId, CallId, LegId, Mono};
use offhook_sip::endpoint::Invite;
use offhook_sip::{CallKey, EndCause, HeadersExt, Incoming, NameAddr, Status, Uri};

impl<M: MediaPlane> Switch<M> {
    /// Rings an agent for a caller, who is answered when the agent answers.
    pub(super) fn direct(
        &mut self,
        now: Mono,
        incoming: &Incoming,
        caller: Caller,
        callee: AgentId,
    ) {
        let key = incoming.call;
        let called = match self.place(now, incoming, &caller, callee) {
            Ok(called) => called,
            Err(status) => return self.endpoint.reject(now, key, status, Vec::new()),
        };
        if let Some(leg) = self.legs.get_mut(&called) {
            leg.peer = Some(key);
        }
        if let Some(agent) = caller.agent {
            self.events.push_back(Event::Line {
                agent,
                line: Line::Dialling,
            });
        }
    }

    fn place(
        &mut self,
        now: Mono,
        incoming: &Incoming,
        caller: &Caller,
        callee: AgentId,
    ) -> Result<CallKey, Status> {
        if self.is_busy(callee) || caller.agent == Some(callee) {
            return Err(Status::BUSY_HERE);
        }
        let (extension, binding) = self
            .binding(now, callee)
            .ok_or(Status::TEMPORARILY_UNAVAILABLE)?;
        let offer = incoming.offer.as_ref().ok_or(Status::NOT_ACCEPTABLE_HERE)?;
        let (port, addr) = self.media.open().ok_or(Status::SERVICE_UNAVAILABLE)?;
        let session = self.new_session();
        let Ok((answer, negotiated, chosen)) = Chosen::answer(offer, addr, session) else {
            self.media.close(port);
            return Err(Status::NOT_ACCEPTABLE_HERE);
        };
        let Some((far_port, far_addr)) = self.media.open() else {
            self.media.close(port);
            return Err(Status::SERVICE_UNAVAILABLE);
        };
        self.media.set_remote(port, negotiated.remote);
        let far_session = self.new_session();
        // The phone that starts a call names it.
        let call = incoming
            .headers
            .value("X-Offhook-Call")
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or_else(|| CallId::mint(self.config.epoch.plus(now), &mut self.random));
        let leg = LegId::mint(self.config.epoch.plus(now), &mut self.random);
        let invite = Invite {
            uri: binding.contact,
            from: self.from(caller.number.as_ref(), caller.name.as_deref()),
            to: NameAddr::new(Uri::from_addr(Some(&extension), self.config.local)),
            next_hop: binding.source,
            offer: chosen.offer(far_addr, far_session),
            headers: vec![header("X-Offhook-Call", call), header("X-Offhook-Leg", leg)],
            credentials: None,
        };
        let called = self.endpoint.invite(now, invite);
        let side = |role, port, addr, session, peer| Leg {
            role,
            port,
            addr,
            session,
            chosen: Some(chosen.clone()),
            answer: Vec::new(),
            peer,
            listens: true,
            hop: None,
            reached: true,
            answered: false,
            early: None,
            arriving: None,
        };
        let role = Role::Caller {
            agent: caller.agent,
        };
        let mut near = side(role, port, addr, session, Some(called));
        near.answer = answer;
        self.legs.insert(incoming.call, near);
        let role = Role::Callee { agent: callee };
        let far = side(role, far_port, far_addr, far_session, Some(incoming.call));
        self.legs.insert(called, far);
        Ok(called)
    }

    /// The agent answered: so is the caller.
    pub(super) fn direct_answered(&mut self, now: Mono, callee: CallKey) {
        let Some(far) = self.legs.get(&callee) else {
            return;
        };
        let called = far.role.agent();
        let Some((caller, near)) = far
            .peer
            .and_then(|key| Some((key, self.legs.get_mut(&key)?)))
        else {
            return self.end(now, callee, None);
        };
        near.answered = true;
        let answer = std::mem::take(&mut near.answer);
        let calling = near.role.agent();
        self.endpoint.answer(now, caller, answer, Vec::new());
        self.bridge(caller);
        for agent in [called, calling].into_iter().flatten() {
            self.events.push_back(Event::Line {
                agent,
                line: Line::Talking,
            });
        }
    }

    /// One side is over: so is the other. A call that only rang changes nothing for the agent it rang at.
    pub(super) fn direct_over(&mut self, now: Mono, leg: &Leg, cause: &EndCause) {
        if let Some(agent) = leg.role.agent()
            && (leg.answered || matches!(leg.role, Role::Caller { .. }))
        {
            self.line_idle(agent);
        }
        let Some(peer) = leg.peer.filter(|peer| self.legs.contains_key(peer)) else {
            return;
        };
        let unanswered = self.legs.get(&peer).is_some_and(|peer| !peer.answered);
        if matches!(leg.role, Role::Callee { .. }) && unanswered {
            let status = match cause {
                EndCause::Rejected { status, .. } if status.0 >= 400 => *status,
                _ => Status::TEMPORARILY_UNAVAILABLE,
            };
            self.endpoint.reject(now, peer, status, Vec::new());
            self.settle(now);
        } else {
            self.end(now, peer, None);
        }
    }
}
