//! What the telephone line says, in the desk's words.

use std::time::Duration;

use offhook_desk::{Fact, LegEnd};
use offhook_model::Code;
use offhook_sip::{
    CallKey, Command as Sip, EndCause, Event, Incoming, Reason, Status, sdp::SessionVersion,
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
                self.facts.push_back(Fact::Registration(Ok(())));
            }
            Event::RegistrationFailed { cause, retry_in } => {
                warn!(%cause, ?retry_in, "Not registered");
                let code = line::registration_code(&cause);
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
            Event::ReofferAnswered { call, answer } => self.offer_answered(call, answer),
            // This phone makes no calls of its own yet.
            Event::Progress { .. } | Event::Answered { .. } => {}
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
        let version = SessionVersion {
            id: u64::from(rand::random::<u32>()),
            version: 1,
        };
        let plan = match &incoming.offer {
            Some(offer) => line::plan_answer(offer, rtp, version),
            None => Ok(line::plan_offer(rtp, version)),
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
        self.legs.add(Leg {
            id: leg,
            call,
            media,
            rtp,
            version,
            plan: Some(plan),
            connected: false,
        });
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
                Ok(stream) => self.media.start(leg.media, stream),
                Err(error) => {
                    warn!(leg = %id, %error, "The answer to our offer leads nowhere");
                    self.media.stop(leg.media);
                    if let Some(line) = &mut self.line {
                        line.commands.push(Sip::HangUp {
                            call,
                            reason: Some(Reason::sip(488, "no common codec")),
                        });
                    }
                    return self.facts.push_back(Fact::Ended {
                        leg: id,
                        how: LegEnd::Failed(Code::MediaFailed),
                    });
                }
            }
        }
        if !leg.connected {
            leg.connected = true;
            info!(leg = %id, "Connected");
            self.facts.push_back(Fact::Connected { leg: id });
        }
    }

    /// The far side changes the session: it holds, moves its media or takes another codec.
    fn reoffered(&mut self, call: CallKey, sdp: Option<Vec<u8>>) {
        let (Some(leg), Some(line)) = (self.legs.of_call(call), &mut self.line) else {
            return;
        };
        leg.version.version += 1;
        let plan = match &sdp {
            Some(offer) => line::plan_answer(offer, leg.rtp, leg.version),
            None => Ok(line::plan_offer(leg.rtp, leg.version)),
        };
        match plan {
            Ok(Plan::Answer { sdp, stream }) => {
                self.media.start(leg.media, stream);
                line.commands.push(Sip::AnswerReoffer { call, sdp });
            }
            Ok(Plan::Offer { sdp }) => line.commands.push(Sip::AnswerReoffer { call, sdp }),
            Err(error) => {
                warn!(leg = %leg.id, %error, "A change of the session leads nowhere");
                line.commands.push(Sip::RejectReoffer {
                    call,
                    status: Status::NOT_ACCEPTABLE_HERE,
                });
            }
        }
    }

    /// The far side had asked for our offer and answered it; the session was as it is until now.
    fn offer_answered(&mut self, call: CallKey, answer: Result<Vec<u8>, Status>) {
        let (Some(leg), Ok(sdp)) = (self.legs.of_call(call), answer) else {
            return;
        };
        match line::accept(&sdp, leg.rtp) {
            Ok(stream) => self.media.start(leg.media, stream),
            Err(error) => warn!(leg = %leg.id, %error, "A change of the session leads nowhere"),
        }
    }

    fn call_ended(&mut self, call: CallKey, cause: &EndCause) {
        let Some(leg) = self.legs.remove(call) else {
            return;
        };
        info!(leg = %leg.id, ?cause, "A call ended");
        self.media.stop(leg.media);
        self.facts.push_back(Fact::Ended {
            leg: leg.id,
            how: line::end_of(cause),
        });
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
        if let (Some(standing), Some((sip, name))) = (&mut self.standing, &self.account) {
            standing.open_line(sip.clone(), name.clone(), ANEW);
        }
    }
}
