//! What the telephone line says, in the desk's words.

use std::time::Duration;

use offhook_desk::{Fact, LegEnd};
use offhook_model::{Code, LegId, LegOutcome, LegRecord};
use offhook_sip::{
    CallKey, Command as Sip, EndCause, Event, Incoming, Reason, Status, sdp::Direction,
};
use tracing::{debug, info, warn};

use crate::actor::Actor;
use crate::line::{self, Leg, Plan};

/// How long after its task died a line is set up anew.
const ANEW: Duration = Duration::from_secs(2);

impl Actor {
    pub(crate) fn line_said(&mut self, event: Option<Event>) {
        let Some(event) = event else {
            return self.line_died();
        };
        match event {
            Event::Registered { expires } => {
                debug!(?expires, "Registered");
                if let Some(standing) = &mut self.standing {
                    standing.registered();
                }
                self.facts.push_back(Fact::Registration(Ok(())));
            }
            Event::RegistrationFailed { cause, retry_in } => {
                warn!(%cause, ?retry_in, "Not registered");
                let code = self.standing.as_ref().map_or_else(
                    || line::registration_code(&cause),
                    |standing| standing.registration_code(&cause),
                );
                self.facts.push_back(Fact::Registration(Err(code)));
            }
            Event::Unregistered => {
                let lost = Fact::Registration(Err(Code::RegistrationLost));
                self.facts.push_back(lost);
            }
            Event::Incoming(incoming) => self.rings(&incoming),
            Event::Confirmed { call, sdp } => self.confirmed(call, sdp),
            Event::Reoffer { call, sdp } => self.reoffered(call, sdp),
            Event::Ended { call, cause } => self.call_ended(call, &cause),
            Event::ReofferAnswered { call, answer } => self.change_answered(call, answer),
            Event::Progress {
                call, status, sdp, ..
            } => self.progressed(call, status, sdp),
            Event::Answered { call, sdp, .. } => self.callee_answered(call, sdp),
        }
    }

    /// Everything is made ready before it rings: sockets, and what the answer will say.
    fn rings(&mut self, incoming: &Incoming) {
        let now = self.clock.now();
        let call = incoming.call;
        let offered = line::offered(incoming, now.wall);
        let leg = offered.leg;
        if self.legs.of(leg).is_some() {
            warn!(%leg, "A leg rings twice");
            return self.refuse(call, Status::LOOP_DETECTED, "this leg rings already");
        }
        let Some(local) = self.line.as_ref().map(|line| line.local) else {
            return;
        };
        let (media, rtp) = match self.media.bind(local) {
            Ok(bound) => bound,
            Err(error) => {
                warn!(%error, "No socket for the sound of a call");
                self.facts.push_back(Fact::Failed(Code::MediaFailed));
                return self.refuse(call, Status::SERVER_ERROR, "no media");
            }
        };
        let version = line::new_version();
        let plan = match &incoming.offer {
            Some(offer) => line::plan_answer(offer, rtp, Direction::SendRecv, version),
            None => Ok(line::plan_offer(rtp, Direction::SendRecv, version)),
        };
        let plan = match plan {
            Ok(plan) => plan,
            Err(error) => {
                warn!(%leg, %error, "A call's offer leads nowhere");
                self.media.stop(media);
                self.facts.push_back(Fact::Failed(Code::MediaFailed));
                return self.refuse(call, Status::NOT_ACCEPTABLE_HERE, "no common codec");
            }
        };
        info!(%leg, call = %offered.call, "A call rings");
        self.legs
            .add(Leg::new(leg, call, (media, rtp), Some(plan), version));
        if let Some(line) = &mut self.line {
            line.commands.push(Sip::Ring { call });
        }
        self.facts.push_back(Fact::Offered(offered));
    }

    fn refuse(&mut self, call: CallKey, status: Status, why: &str) {
        if let Some(line) = &mut self.line {
            line.commands.push(Sip::Reject {
                call,
                status,
                reason: Some(Reason::sip(status.0, why)),
            });
        }
    }

    /// The ACK came. Where the INVITE had no offer, it brings the answer to ours.
    fn confirmed(&mut self, call: CallKey, sdp: Option<Vec<u8>>) {
        let Some(leg) = self.legs.of_call(call) else {
            return;
        };
        let id = leg.id;
        if let Some(sdp) = sdp {
            match line::accept(&sdp, leg.rtp) {
                Ok(agreed) => leg.agreed = Some(agreed),
                Err(error) => {
                    warn!(leg = %id, %error, "The answer to our offer leads nowhere");
                    return self.hang_up_for_media(id);
                }
            }
        }
        self.stands(id);
    }

    /// The call stands on both sides: voice flows, and the desk is told once.
    pub(crate) fn stands(&mut self, id: LegId) {
        let Some(leg) = self.legs.of(id).filter(|leg| !leg.connected) else {
            return;
        };
        leg.answered = true;
        leg.connected = true;
        info!(leg = %id, "Connected");
        self.facts.push_back(Fact::Connected { leg: id });
        self.sound(id);
    }

    /// Lets a leg sound as it is to: whatever was agreed on, and nothing on hold.
    pub(crate) fn sound(&mut self, id: LegId) {
        if let Some(leg) = self.legs.of(id)
            && let Some(stream) = leg.sound()
        {
            self.media.start(leg.media, stream);
        }
    }

    /// The two sides have no way to speak to each other.
    pub(crate) fn hang_up_for_media(&mut self, id: LegId) {
        let (Some(leg), Some(line)) = (self.legs.of(id), &mut self.line) else {
            return;
        };
        self.media.stop(leg.media);
        line.commands.push(Sip::HangUp {
            call: leg.call,
            reason: Some(Reason::sip(488, "no common codec")),
        });
        self.facts.push_back(Fact::Ended {
            leg: id,
            how: LegEnd::Failed(Code::MediaFailed),
        });
    }

    /// The far side changes the session: it holds, moves its media or takes another codec.
    fn reoffered(&mut self, call: CallKey, sdp: Option<Vec<u8>>) {
        let (Some(leg), Some(line)) = (self.legs.of_call(call), &mut self.line) else {
            return;
        };
        leg.version.version += 1;
        let id = leg.id;
        let plan = match &sdp {
            Some(offer) => line::plan_answer(offer, leg.rtp, leg.wish(), leg.version),
            None => Ok(line::plan_offer(leg.rtp, leg.wish(), leg.version)),
        };
        match plan {
            Ok(Plan::Answer { sdp, agreed }) => {
                leg.agreed = Some(agreed);
                line.commands.push(Sip::AnswerReoffer { call, sdp });
                self.sound(id);
            }
            Ok(Plan::Offer { sdp }) => line.commands.push(Sip::AnswerReoffer { call, sdp }),
            Err(error) => {
                warn!(leg = %id, %error, "A change of the session leads nowhere");
                line.commands.push(Sip::RejectReoffer {
                    call,
                    status: Status::NOT_ACCEPTABLE_HERE,
                });
            }
        }
    }

    fn call_ended(&mut self, call: CallKey, cause: &EndCause) {
        let Some(leg) = self.legs.remove(call) else {
            return;
        };
        info!(leg = %leg.id, ?cause, "A call ended");
        self.media.stop(leg.media);
        let ours = !call.is_incoming();
        if ours {
            self.media.tone(None);
        }
        self.facts.push_back(Fact::Ended {
            leg: leg.id,
            how: if ours && !leg.connected {
                line::end_of_ours(cause)
            } else {
                line::end_of(cause)
            },
        });
    }

    /// The centre was started anew and has forgotten these calls: nobody else will end them.
    pub(crate) fn lost_by_restart(&mut self, told: &[LegRecord]) {
        for id in told
            .iter()
            .filter(|record| record.outcome == Some(LegOutcome::LostByRestart))
            .map(|record| record.leg)
        {
            let Some(leg) = self.legs.of(id) else {
                continue;
            };
            if leg.answered || !leg.call.is_incoming() {
                self.hang_up(id);
            } else {
                self.reject(id, Status::BUSY_HERE, "lost by a restart");
            }
            self.facts.push_back(Fact::Ended {
                leg: id,
                how: LegEnd::Withdrawn(LegOutcome::LostByRestart),
            });
        }
    }

    /// The line's task is gone: its calls are, too.
    fn line_died(&mut self) {
        warn!("The telephone line is gone");
        self.line = None;
        for leg in self.legs.take() {
            self.media.stop(leg.media);
            self.facts.push_back(Fact::Ended {
                leg: leg.id,
                how: LegEnd::Failed(Code::RegistrationLost),
            });
        }
        let lost = Fact::Registration(Err(Code::RegistrationLost));
        self.facts.push_back(lost);
        if let Some(standing) = &mut self.standing {
            standing.open_line(ANEW);
        }
    }
}
