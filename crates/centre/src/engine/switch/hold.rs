//! Sides of a call that change their session: another address, hold, and back.
//!
//! The other side is never told: it hears a prompt where an agent holds, silence where anybody else does, and goes on
//! sending what nobody hears.

use super::{Leg, MediaPlane, Switch, Tone};
use offhook_model::Mono;
use offhook_sip::sdp::Negotiated;
use offhook_sip::{CallKey, Status};

impl<M: MediaPlane> Switch<M> {
    /// A side changes its session (RFC 3264 section 8.4): sendonly, inactive and the address 0.0.0.0 say hold.
    pub(super) fn reoffer(&mut self, now: Mono, key: CallKey, sdp: Option<Vec<u8>>) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        leg.session.version += 1;
        let Some(chosen) = &leg.chosen else {
            return self
                .endpoint
                .reject_reoffer(now, key, Status::REQUEST_PENDING);
        };
        let Some(offer) = sdp else {
            let offer = chosen.offer(leg.addr, leg.session);
            return self.endpoint.answer_reoffer(now, key, offer);
        };
        match chosen.answer_again(&offer, leg.addr, leg.session) {
            Ok((answer, negotiated)) => {
                self.agreed(key, &negotiated);
                self.endpoint.answer_reoffer(now, key, answer);
            }
            Err(_) => self
                .endpoint
                .reject_reoffer(now, key, Status::NOT_ACCEPTABLE_HERE),
        }
    }

    /// The answer to the offer that a re-INVITE without one asked us for.
    pub(super) fn reoffer_answered(&mut self, key: CallKey, answer: Result<Vec<u8>, Status>) {
        let negotiated = self.legs.get(&key).and_then(|leg: &Leg| {
            leg.chosen
                .as_ref()?
                .accepted(answer.as_deref().ok()?, leg.addr)
        });
        if let Some(negotiated) = negotiated {
            self.agreed(key, &negotiated);
        }
    }

    /// Takes over where a leg wants its packets, and whether it wants any.
    pub(super) fn agreed(&mut self, key: CallKey, negotiated: &Negotiated) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        // The unspecified address is the old way to say hold, and nowhere to send to.
        if !negotiated.remote.ip().is_unspecified() {
            self.media.set_remote(leg.port, negotiated.remote);
        }
        let listens = negotiated.direction.sends();
        if std::mem::replace(&mut leg.listens, listens) != listens {
            self.bridge(key);
        }
    }

    /// Lets the two sides of a call hear what they should, as long as there are two.
    pub(super) fn bridge(&mut self, key: CallKey) {
        let Some((one, other)) = self
            .legs
            .get(&key)
            .and_then(|leg| Some((leg, self.legs.get(&leg.peer?)?)))
        else {
            return;
        };
        match (one.listens, other.listens) {
            (true, true) => self.media.join(one.port, other.port),
            (false, true) => hold(&mut self.media, one, other),
            (true, false) => hold(&mut self.media, other, one),
            (false, false) => {
                self.media.silence(one.port);
                self.media.silence(other.port);
            }
        }
    }
}

fn hold(media: &mut impl MediaPlane, holder: &Leg, waiting: &Leg) {
    media.silence(holder.port);
    match (holder.role.agent(), &waiting.chosen) {
        (Some(_), Some(chosen)) => {
            media.play(
                waiting.port,
                Tone::Hold,
                chosen.codec,
                chosen.payload_type(),
            );
        }
        (Some(_), None) | (None, _) => media.silence(waiting.port),
    }
}
