//! 通话保持 / 通话取回 on the wire (RFC 3264 section 8.4), and the keypad.

use offhook_audio::SessionKey;
use offhook_desk::Fact;
use offhook_model::{Key, LegId};
use offhook_sip::{CallKey, Command as Sip, Status};
use tracing::{debug, warn};

use crate::actor::Actor;
use crate::line;

impl Actor {
    /// Nobody's voice passes from the moment hold is asked for until the far side has agreed to the retrieval.
    pub(crate) fn set_held(&mut self, id: LegId, held: bool) {
        if let Some(leg) = self.legs.of(id) {
            leg.hold.wanted = held;
            self.sound(id);
            self.ask_hold(id);
        }
    }

    /// Offers what is wanted, if nothing is on its way and it is not so already.
    fn ask_hold(&mut self, id: LegId) {
        let (Some(leg), Some(line)) = (self.legs.of(id), &mut self.line) else {
            return;
        };
        if leg.hold.asked.is_some() {
            return;
        }
        if !leg.hold.differs() {
            let held = leg.hold.confirmed;
            return self.facts.push_back(Fact::Held { leg: id, held });
        }
        let Some(agreed) = &leg.agreed else {
            return self.facts.push_back(Fact::HoldRefused { leg: id });
        };
        leg.version.version += 1;
        leg.hold.asked = Some(leg.hold.wanted);
        line.commands.push(Sip::Reoffer {
            call: leg.call,
            sdp: agreed.offer_again(leg.rtp, leg.wish(), leg.version),
        });
    }

    /// The far side answered a change of ours, or the offer it had asked us for.
    pub(crate) fn change_answered(&mut self, call: CallKey, answer: Result<Vec<u8>, Status>) {
        let Some(leg) = self.legs.of_call(call) else {
            return;
        };
        let id = leg.id;
        let asked = leg.hold.asked.take();
        let agreed = match answer.map(|sdp| line::accept(&sdp, leg.rtp)) {
            Ok(Ok(agreed)) => Some(agreed),
            Ok(Err(error)) => {
                warn!(leg = %id, %error, "A change of the session leads nowhere");
                None
            }
            Err(status) => {
                debug!(leg = %id, ?status, "A change of the session was refused");
                None
            }
        };
        match (asked, agreed) {
            (asked, Some(agreed)) => {
                leg.agreed = Some(agreed);
                if let Some(held) = asked {
                    leg.hold.confirmed = held;
                    self.facts.push_back(Fact::Held { leg: id, held });
                }
            }
            (Some(_), None) => {
                leg.hold.wanted = leg.hold.confirmed;
                self.facts.push_back(Fact::HoldRefused { leg: id });
            }
            (None, None) => {}
        }
        self.sound(id);
        if self.legs.of(id).is_some_and(|leg| leg.hold.differs()) {
            self.ask_hold(id);
        }
    }

    pub(crate) fn send_key(&mut self, id: LegId, key: Key) {
        let Some(leg) = self.legs.of(id) else {
            return;
        };
        match offhook_audio::Digit::parse(key.into()) {
            Some(digit) => self.media.send_digit(leg.media, digit),
            None => self.facts.push_back(Fact::KeyUnsent),
        }
    }

    /// The far side keyed a digit.
    pub(crate) fn key_heard(&mut self, media: SessionKey, digit: offhook_audio::Digit) {
        if let Some(leg) = self.legs.of_media(media)
            && let Ok(key) = Key::try_from(digit.as_char())
        {
            self.facts.push_back(Fact::KeyHeard { leg, key });
        }
    }
}
