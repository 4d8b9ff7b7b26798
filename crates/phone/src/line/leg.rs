//! The legs on the line: which SIP call and which sound belong to which leg.

use std::net::SocketAddr;

use offhook_audio::SessionKey;
use offhook_desk::LegEnd;
use offhook_model::{Code, LegId, LegOutcome};
use offhook_sip::{CallKey, EndCause, Reason, sdp::SessionVersion};

use super::Plan;

/// One leg. It is dropped when the SIP call has ended; the desk may have let go of it long before.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) id: LegId,
    pub(crate) call: CallKey,
    pub(crate) media: SessionKey,
    pub(crate) rtp: SocketAddr,
    pub(crate) version: SessionVersion,
    /// What to answer with; taken when the agent answers.
    pub(crate) plan: Option<Plan>,
    /// The ACK came and the desk was told.
    pub(crate) connected: bool,
}

/// All legs on the line; seldom more than two.
#[derive(Debug, Default)]
pub(crate) struct Legs(Vec<Leg>);

impl Legs {
    pub(crate) fn add(&mut self, leg: Leg) {
        self.0.push(leg);
    }

    pub(crate) fn of(&mut self, id: LegId) -> Option<&mut Leg> {
        self.0.iter_mut().find(|leg| leg.id == id)
    }

    pub(crate) fn of_call(&mut self, call: CallKey) -> Option<&mut Leg> {
        self.0.iter_mut().find(|leg| leg.call == call)
    }

    pub(crate) fn remove(&mut self, call: CallKey) -> Option<Leg> {
        let at = self.0.iter().position(|leg| leg.call == call)?;
        Some(self.0.remove(at))
    }

    pub(crate) fn take(&mut self) -> Vec<Leg> {
        std::mem::take(&mut self.0)
    }
}

/// Says in the desk's words how a call that came in ended.
pub(crate) fn end_of(cause: &EndCause) -> LegEnd {
    match cause {
        EndCause::Bye { .. } => LegEnd::FarHungUp,
        EndCause::Cancelled { reason } => LegEnd::Withdrawn(withdrawn(reason.as_ref())),
        EndCause::HungUp => LegEnd::HungUp,
        EndCause::AckMissing | EndCause::Lost { .. } | EndCause::Rejected { .. } => {
            LegEnd::Failed(Code::CallGone)
        }
        EndCause::Timeout | EndCause::Unreachable => LegEnd::Failed(Code::Unreachable),
        EndCause::Unsendable => LegEnd::Failed(Code::MediaFailed),
    }
}

/// Why a CANCEL came (RFC 3326). Nothing said means that the caller gave up.
fn withdrawn(reason: Option<&Reason>) -> LegOutcome {
    let Some(reason) = reason else {
        return LegOutcome::AbandonedWhileRinging;
    };
    if reason.is_answered_elsewhere() {
        return LegOutcome::AnsweredElsewhere;
    }
    let rang_out = if reason.protocol.eq_ignore_ascii_case("SIP") {
        matches!(reason.cause, Some(408 | 480))
    } else {
        // Q.850: 18 and 19 are "no user responding" and "no answer"; a PBX that timed out says 0.
        matches!(reason.cause, Some(0 | 18 | 19))
    };
    if rang_out {
        LegOutcome::RingNoAnswer
    } else {
        LegOutcome::AbandonedWhileRinging
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cancelled(reason: Option<&str>) -> LegEnd {
        end_of(&EndCause::Cancelled {
            reason: reason.and_then(Reason::parse),
        })
    }

    #[test]
    fn a_cancel_says_why_the_ring_ended() {
        for (reason, outcome) in [
            (None, LegOutcome::AbandonedWhileRinging),
            (Some("SIP;cause=487"), LegOutcome::AbandonedWhileRinging),
            (
                Some("SIP;cause=200;text=\"Call completed elsewhere\""),
                LegOutcome::AnsweredElsewhere,
            ),
            (
                Some("SIP;cause=480;text=\"ring no answer\""),
                LegOutcome::RingNoAnswer,
            ),
            (Some("Q.850;cause=0"), LegOutcome::RingNoAnswer),
            (Some("Q.850;cause=16"), LegOutcome::AbandonedWhileRinging),
        ] {
            assert_eq!(cancelled(reason), LegEnd::Withdrawn(outcome), "{reason:?}");
        }
    }
}
