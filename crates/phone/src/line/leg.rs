//! The legs on the line: which SIP call and which sound belong to which leg.

use std::net::SocketAddr;

use offhook_audio::{SessionKey, StreamConfig};
use offhook_desk::LegEnd;
use offhook_model::{Code, LegId, LegOutcome};
use offhook_sip::{
    CallKey, EndCause, Reason, Status,
    sdp::{self, SessionVersion},
};

use super::{Agreed, Plan};

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
    /// What both sides agreed on last.
    pub(crate) agreed: Option<Agreed>,
    pub(crate) hold: Hold,
    /// Somebody has answered: voice goes out from here on.
    pub(crate) answered: bool,
    /// The call stands on both sides and the desk was told.
    pub(crate) connected: bool,
}

/// What was asked of the far side about hold, and what is so. Only one change is on its way at a time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hold {
    pub(crate) wanted: bool,
    pub(crate) asked: Option<bool>,
    pub(crate) confirmed: bool,
}

impl Hold {
    /// Whether something else is wanted than is so.
    pub(crate) const fn differs(self) -> bool {
        self.wanted != self.confirmed
    }
}

impl Leg {
    /// A leg whose call is being set up.
    pub(crate) fn new(
        id: LegId,
        call: CallKey,
        (media, rtp): (SessionKey, SocketAddr),
        plan: Option<Plan>,
        version: SessionVersion,
    ) -> Self {
        Self {
            id,
            call,
            media,
            rtp,
            version,
            plan,
            agreed: None,
            hold: Hold::default(),
            answered: false,
            connected: false,
        }
    }

    /// What sounds now: on hold nothing does, and before the answer nothing of the agent's voice goes out.
    pub(crate) fn sound(&self) -> Option<StreamConfig> {
        let mut stream = self.agreed.as_ref()?.stream.clone();
        let on = !self.hold.wanted && !self.hold.confirmed;
        stream.direction.send &= on && self.answered;
        stream.direction.receive &= on;
        Some(stream)
    }

    /// Which way we want media to flow, for the next description of the session.
    pub(crate) const fn wish(&self) -> sdp::Direction {
        if self.hold.wanted {
            sdp::Direction::SendOnly
        } else {
            sdp::Direction::SendRecv
        }
    }
}

/// Names a new description of a session.
pub(crate) fn new_version() -> SessionVersion {
    SessionVersion {
        id: u64::from(rand::random::<u32>()),
        version: 1,
    }
}

/// All legs on the line; seldom more than two.
#[derive(Debug, Default)]
pub(crate) struct Legs {
    legs: Vec<Leg>,
    /// How many calls of ours there were: their keys count up.
    dialled: u64,
}

impl Legs {
    pub(crate) fn add(&mut self, leg: Leg) {
        self.legs.push(leg);
    }

    /// The key of the next call of ours.
    pub(crate) fn next_key(&mut self) -> CallKey {
        self.dialled += 1;
        CallKey(self.dialled)
    }

    pub(crate) fn of(&mut self, id: LegId) -> Option<&mut Leg> {
        self.legs.iter_mut().find(|leg| leg.id == id)
    }

    pub(crate) fn of_call(&mut self, call: CallKey) -> Option<&mut Leg> {
        self.legs.iter_mut().find(|leg| leg.call == call)
    }

    pub(crate) fn of_media(&self, media: SessionKey) -> Option<LegId> {
        let leg = self.legs.iter().find(|leg| leg.media == media)?;
        Some(leg.id)
    }

    pub(crate) fn remove(&mut self, call: CallKey) -> Option<Leg> {
        let at = self.legs.iter().position(|leg| leg.call == call)?;
        Some(self.legs.remove(at))
    }

    pub(crate) fn take(&mut self) -> Vec<Leg> {
        std::mem::take(&mut self.legs)
    }
}

/// Says in the desk's words how a call of ours ended. One that was answered ends as one that came in does.
pub(crate) fn end_of_ours(cause: &EndCause) -> LegEnd {
    match cause {
        EndCause::Rejected { status, .. } => LegEnd::NotReached(not_reached(*status)),
        EndCause::Bye { .. }
        | EndCause::Cancelled { .. }
        | EndCause::HungUp
        | EndCause::AckMissing
        | EndCause::Lost { .. }
        | EndCause::Timeout
        | EndCause::Unreachable
        | EndCause::Unsendable => end_of(cause),
    }
}

/// What a final status says about the callee (RFC 3261 section 21).
const fn not_reached(status: Status) -> LegOutcome {
    match status.0 {
        486 | 600 => LegOutcome::Busy,
        408 | 480 => LegOutcome::NoAnswer,
        403 | 433 | 603 | 607 | 608 => LegOutcome::Rejected,
        404 | 410 | 484 | 604 => LegOutcome::InvalidNumber,
        487 => LegOutcome::Cancelled,
        _ => LegOutcome::Failed,
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

    #[test]
    fn nothing_sounds_on_hold_and_no_voice_goes_out_before_the_answer() {
        let rtp = "127.0.0.1:4000".parse().expect("an address");
        let answer = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\n";
        let mut leg = Leg::new(
            LegId(uuid::Uuid::nil()),
            CallKey(1),
            (SessionKey::next(), rtp),
            None,
            new_version(),
        );
        assert_eq!(leg.sound(), None);
        leg.agreed = super::super::accept(answer, rtp).ok();
        let ways = |leg: &Leg| {
            let direction = leg.sound().expect("a stream").direction;
            (direction.send, direction.receive)
        };
        assert_eq!(ways(&leg), (false, true), "early media");
        leg.answered = true;
        assert_eq!(ways(&leg), (true, true));
        leg.hold.wanted = true;
        assert_eq!(ways(&leg), (false, false), "hold was asked for");
        leg.hold.confirmed = true;
        leg.hold.wanted = false;
        assert_eq!(ways(&leg), (false, false), "the retrieval is not agreed to");
        leg.hold.confirmed = false;
        assert_eq!(ways(&leg), (true, true));
    }

    #[test]
    fn each_refusal_of_a_call_of_ours_says_what_it_means() {
        for (status, outcome) in [
            (486, LegOutcome::Busy),
            (600, LegOutcome::Busy),
            (480, LegOutcome::NoAnswer),
            (408, LegOutcome::NoAnswer),
            (603, LegOutcome::Rejected),
            (403, LegOutcome::Rejected),
            (404, LegOutcome::InvalidNumber),
            (484, LegOutcome::InvalidNumber),
            (503, LegOutcome::Failed),
            (302, LegOutcome::Failed),
        ] {
            let cause = EndCause::Rejected {
                status: Status(status),
                reason: None,
                retry_after: None,
            };
            assert_eq!(end_of_ours(&cause), LegEnd::NotReached(outcome), "{status}");
        }
        assert_eq!(
            end_of_ours(&EndCause::Timeout),
            LegEnd::Failed(Code::Unreachable)
        );
    }
}
