//! 呼出: calls of ours on the wire, from the INVITE to the answer.

use offhook_audio::Tone;
use offhook_desk::{Dial, Fact, LegEnd};
use offhook_model::{Code, LegId};
use offhook_sip::{CallKey, Command as Sip, Header, Status, sdp::Direction};
use tracing::{info, warn};

use crate::actor::Actor;
use crate::line::{self, Leg, Plan};

impl Actor {
    pub(crate) fn dial(&mut self, dial: Dial) {
        let Some(line) = &mut self.line else {
            return self.not_called(dial.leg, Code::RegistrationLost);
        };
        let bound = match self.media.bind(line.local) {
            Ok(bound) => bound,
            Err(error) => {
                warn!(%error, "No socket for the sound of a call");
                return self.not_called(dial.leg, Code::MediaFailed);
            }
        };
        let version = line::new_version();
        let Plan::Offer { sdp } = line::plan_offer(bound.1, Direction::SendRecv, version) else {
            return self.not_called(dial.leg, Code::MediaFailed);
        };
        let mut headers = vec![
            header("X-Offhook-Call", dial.call.to_string()),
            header("X-Offhook-Leg", dial.leg.to_string()),
        ];
        headers.extend(dial.caller_id.map(|number| {
            // RFC 3325: what we ask the centre to assert.
            header(
                "P-Preferred-Identity",
                format!("<{}>", line.uri_of(&number)),
            )
        }));
        let call = self.legs.next_key();
        line.commands.push(Sip::Invite {
            call,
            to: line.uri_of(&dial.number),
            offer: sdp,
            headers,
        });
        info!(leg = %dial.leg, call = %dial.call, "Dialling");
        self.legs
            .add(Leg::new(dial.leg, call, bound, None, version));
    }

    fn not_called(&mut self, leg: LegId, code: Code) {
        self.facts.push_back(Fact::Ended {
            leg,
            how: LegEnd::Failed(code),
        });
    }

    /// It rings at the far side. Early media are heard instead of our own ringback tone.
    pub(crate) fn progressed(&mut self, call: CallKey, status: Status, sdp: Option<Vec<u8>>) {
        let Some(leg) = self.legs.of_call(call) else {
            return;
        };
        let id = leg.id;
        match sdp.map(|sdp| line::accept(&sdp, leg.rtp)) {
            Some(Ok(agreed)) => {
                leg.agreed = Some(agreed);
                self.media.tone(None);
                self.sound(id);
            }
            // The answer brings a description that can be used, or the call ends there.
            Some(Err(error)) => warn!(leg = %id, %error, "Early media lead nowhere"),
            None if status == Status::RINGING && leg.agreed.is_none() => {
                self.media.tone(Some(Tone::Ringback));
            }
            None => {}
        }
        if matches!(status, Status::RINGING | Status::SESSION_PROGRESS) {
            self.facts.push_back(Fact::Alerting { leg: id });
        }
    }

    pub(crate) fn callee_answered(&mut self, call: CallKey, sdp: Option<Vec<u8>>) {
        let Some(leg) = self.legs.of_call(call) else {
            return;
        };
        let id = leg.id;
        self.media.tone(None);
        match sdp.map(|sdp| line::accept(&sdp, leg.rtp)) {
            Some(Ok(agreed)) => leg.agreed = Some(agreed),
            Some(Err(error)) => {
                warn!(leg = %id, %error, "The callee's answer leads nowhere");
                return self.hang_up_for_media(id);
            }
            // It came with a provisional answer.
            None if leg.agreed.is_some() => {}
            None => return self.hang_up_for_media(id),
        }
        self.stands(id);
    }
}

fn header(name: &str, value: String) -> Header {
    Header::Other(name.to_owned(), value)
}
