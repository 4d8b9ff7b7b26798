//! Customers who call a queue.

use super::admission::Caller;
use super::session::{self, Chosen};
use super::{Event, Leg, MediaPlane, Role, Switch, Tone, header};
use crate::acd::{Arrival, Line};
use offhook_model::{AgentId, CallId, Mono, SkillGroupId};
use offhook_sip::sdp::{Negotiated, SessionVersion};
use offhook_sip::{CallKey, Incoming, Reason, Status};

impl<M: MediaPlane> Switch<M> {
    /// Answers a customer at once; the queue takes it from there.
    pub(super) fn take_customer(
        &mut self,
        now: Mono,
        incoming: &Incoming,
        caller: Caller,
        group: SkillGroupId,
    ) {
        let key = incoming.call;
        let Some((port, addr)) = self.media.open() else {
            return self
                .endpoint
                .reject(now, key, Status::SERVICE_UNAVAILABLE, Vec::new());
        };
        let session = self.new_session();
        let (answer, negotiated) = match &incoming.offer {
            None => (session::offer_everything(addr, session), None),
            Some(offer) => match Chosen::answer(offer, addr, session) {
                Ok((answer, negotiated, chosen)) => (answer, Some((negotiated, chosen))),
                Err(_) => {
                    self.media.close(port);
                    return self
                        .endpoint
                        .reject(now, key, Status::NOT_ACCEPTABLE_HERE, Vec::new());
                }
            },
        };
        let call = CallId::mint(self.wall(now), &mut self.random);
        self.customers.insert(call, key);
        let role = Role::Customer {
            call,
            by: caller.agent,
        };
        let mut leg = Leg::new(role, port, addr, session);
        leg.reached = true;
        leg.answered = true;
        leg.arriving = Some((group, caller.number, caller.name));
        self.legs.insert(key, leg);
        self.endpoint
            .answer(now, key, answer, vec![header("X-Offhook-Call", call)]);
        if let Some(agent) = caller.agent {
            self.events.push_back(Event::Line {
                agent,
                line: Line::Talking,
            });
        }
        if let Some((negotiated, chosen)) = negotiated {
            self.arrive(key, &negotiated, chosen);
        }
    }

    /// The customer's ACK, with the answer to our offer where the INVITE had none.
    pub(super) fn confirmed(&mut self, now: Mono, key: CallKey, sdp: Option<Vec<u8>>) {
        let Some(leg) = self.legs.get(&key).filter(|leg| leg.arriving.is_some()) else {
            return;
        };
        let answer = sdp.and_then(|sdp| Chosen::from_answer(&sdp, leg.addr).ok());
        match answer {
            Some((negotiated, chosen)) => self.arrive(key, &negotiated, chosen),
            None => self.end(now, key, Some(Reason::sip(488, "No common codec"))),
        }
    }

    /// Tells the queue of a customer once it is known what they speak.
    fn arrive(&mut self, key: CallKey, negotiated: &Negotiated, chosen: Chosen) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let (Role::Customer { call, .. }, Some((group, number, name))) =
            (leg.role, leg.arriving.take())
        else {
            return;
        };
        let (port, codec, payload_type) = (leg.port, chosen.codec, chosen.payload_type());
        leg.chosen = Some(chosen);
        self.agreed(key, negotiated);
        self.media.play(port, Tone::Queue, codec, payload_type);
        self.events.push_back(Event::Arrived(Arrival {
            call,
            group,
            number,
            name,
        }));
    }

    pub(super) fn new_session(&mut self) -> SessionVersion {
        SessionVersion {
            // Fits the 63 bits that some parsers have.
            id: self.random.draw() >> 2,
            version: 1,
        }
    }

    pub(super) fn line_idle(&mut self, agent: AgentId) {
        self.events.push_back(Event::Line {
            agent,
            line: Line::Idle,
        });
    }
}
