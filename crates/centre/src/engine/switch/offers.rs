//! Agents who are offered a queue's call.

use super::dial::user_of;
use super::{Event, Leg, MediaPlane, Role, Sides, Switch, header};
use crate::acd::{CancelReason, Offer, Refusal};
use offhook_model::{AgentId, CallId, LegId, Mono, PhoneNumber, Text};
use offhook_sip::endpoint::Invite;
use offhook_sip::server::Binding;
use offhook_sip::{CallKey, EndCause, Header, NameAddr, Reason, Status, Uri};

impl<M: MediaPlane> Switch<M> {
    /// Rings an agent with exactly what the customer speaks.
    pub(super) fn offer(&mut self, now: Mono, offer: &Offer) {
        if !self.try_offer(now, offer) {
            self.events.push_back(Event::Refused {
                leg: offer.leg,
                why: Refusal::Unreachable,
            });
        }
    }

    fn try_offer(&mut self, now: Mono, offer: &Offer) -> bool {
        let Some(customer) = self
            .customers
            .get(&offer.call)
            .and_then(|key| self.legs.get(key))
        else {
            // The customer has just gone; the queue hears of it in a moment and takes the offer back.
            return false;
        };
        let Some(chosen) = customer.chosen.clone() else {
            return false;
        };
        let Some((extension, binding)) = self.binding(now, offer.agent) else {
            return false;
        };
        let Some((port, addr)) = self.media.open() else {
            return false;
        };
        let session = self.new_session();
        let invite = Invite {
            uri: binding.contact,
            from: self.from(offer.number.as_ref(), offer.name.as_deref()),
            to: NameAddr::new(Uri::from_addr(Some(&extension), self.config.local)),
            next_hop: binding.source,
            offer: chosen.offer(addr, session),
            headers: headers(offer),
            credentials: None,
        };
        let key = self.endpoint.invite(now, invite);
        self.offers.insert(offer.leg, key);
        let role = Role::Agent {
            leg: offer.leg,
            agent: offer.agent,
        };
        let mut leg = Leg::new(role, port, addr, session);
        leg.chosen = Some(chosen);
        leg.hop = Some(binding.source);
        self.legs.insert(key, leg);
        true
    }

    /// Stops ringing and says why (RFC 3326). If the 200 is on its way already, the endpoint answers it with ACK and BYE.
    pub(super) fn cancel_offer(&mut self, now: Mono, leg: LegId, why: CancelReason) {
        let reason = match why {
            CancelReason::RingNoAnswer => Reason::sip(480, "Ring no answer"),
            CancelReason::CallerGone => Reason::sip(487, "Caller gone"),
            CancelReason::Elsewhere => Reason::sip(200, "Call completed elsewhere"),
        };
        if let Some(&key) = self.offers.get(&leg) {
            self.end_silently(now, key, Some(reason));
        }
    }

    /// Lets customer and agent talk. If one of them has gone, that is on its way to the queue.
    pub(super) fn connect(&mut self, call: CallId, leg: LegId) {
        let (Some(&customer), Some(&agent)) = (self.customers.get(&call), self.offers.get(&leg))
        else {
            return;
        };
        for (one, other) in [(customer, agent), (agent, customer)] {
            if let Some(leg) = self.legs.get_mut(&one) {
                leg.peer = Some(other);
            }
        }
        self.bridge(customer);
        self.record(leg, agent);
    }

    /// Records an agent's leg from now on.
    pub(super) fn record(&mut self, leg: LegId, agent: CallKey) {
        let sides = self
            .legs
            .get(&agent)
            .and_then(|near| Some((near, self.legs.get(&near.peer?)?)));
        if let Some((near, far)) = sides
            && let Some(chosen) = &near.chosen
        {
            let sides = Sides {
                customer: far.port,
                agent: near.port,
            };
            self.media
                .record(leg, sides, chosen.codec, chosen.payload_type());
        }
    }

    /// Where an agent's phone is, with the extension it is known by.
    pub(super) fn binding(&self, now: Mono, agent: AgentId) -> Option<(String, Binding)> {
        let extension = self.extension_of(agent)?;
        let binding = self
            .registrar
            .bindings(now, &extension)
            .into_iter()
            .next()?;
        Some((extension, binding))
    }

    /// The caller as who is called sees them (RFC 3323 for one who withheld the number).
    pub(super) fn from(&self, number: Option<&PhoneNumber>, name: Option<&str>) -> NameAddr {
        let user = number.map_or_else(|| "anonymous".to_owned(), user_of);
        let mut uri = Uri::from_addr(Some(&user), self.config.local);
        if number.is_none() {
            uri.host = "anonymous.invalid".to_owned();
            uri.port = None;
        }
        NameAddr::new(uri).with_display(name.unwrap_or_default())
    }
}

fn headers(offer: &Offer) -> Vec<Header> {
    vec![
        header("X-Offhook-Call", offer.call),
        header("X-Offhook-Leg", offer.leg),
        header("X-Offhook-Ring-Left", offer.ring_left.as_millis()),
        header("X-Offhook-Queued", offer.queued.as_millis()),
        header("X-Offhook-Skill-Group", skill_group(&offer.skill_group)),
    ]
}

/// `zh;en`, each percent-encoded UTF-8.
fn skill_group(name: &Text) -> String {
    format!("{};{}", percent(&name.zh), percent(&name.en))
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// What the end of a leg that was never answered means for the queue.
pub(super) fn refusal(cause: &EndCause) -> Refusal {
    match cause {
        EndCause::Rejected { status, .. } => match *status {
            Status::DECLINE | Status::BUSY_EVERYWHERE => Refusal::Declined,
            Status::BUSY_HERE => Refusal::Busy,
            _ => Refusal::Unreachable,
        },
        EndCause::Bye { .. }
        | EndCause::Cancelled { .. }
        | EndCause::HungUp
        | EndCause::Timeout
        | EndCause::Unreachable
        | EndCause::AckMissing
        | EndCause::Lost { .. }
        | EndCause::Unsendable => Refusal::Unreachable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_skill_group_travels_in_both_languages() {
        assert_eq!(
            skill_group(&Text::new("售后", "After-sales; all")),
            "%E5%94%AE%E5%90%8E;After-sales%3B%20all"
        );
    }
}
