//! Changes of a session: re-INVITE and UPDATE, theirs and ours, and their meeting (RFC 3261 §14, RFC 3311).

use std::time::Duration;

use super::call::{Call, Change, Phase, Talking, Timer, Unacked, Usage};
use super::{Endpoint, Event};
use crate::auth::Attempt;
use crate::header::header;
use crate::timers::{GIVE_UP, T1};
use crate::transaction::{ClientId, ServerId};
use crate::{CallKey, EndCause, Flow, Method, Request, Response, Status};

/// How often a change of ours may meet theirs before it is given up.
const MAX_GLARES: u32 = 8;

impl Endpoint {
    pub(super) fn change_came(
        &mut self,
        now: Duration,
        id: ServerId,
        key: CallKey,
        request: Request,
    ) {
        let talking = match self.calls.get_mut(&key).map(|call| &mut call.phase) {
            Some(Phase::Talking(talking)) => talking,
            // Within an early dialog no INVITE may come (§14.1).
            Some(Phase::Calling(_) | Phase::Ringing(_)) => {
                return self.reply(now, id, &request, Status::REQUEST_PENDING, Vec::new());
            }
            Some(Phase::Leaving(_)) | None => {
                return self.reply(now, id, &request, Status::NO_SUCH_CALL, Vec::new());
            }
        };
        match (&talking.unacked, &talking.change) {
            // Their ACK was lost or comes later, but they would not ask for a change without our 2xx. Only if the ACK brings
            // the answer to our offer, it must come first (RFC 5407 §3.1.4).
            (Some(unacked), _) if unacked.offered || talking.leave.is_some() => {
                return self.reply(now, id, &request, Status::REQUEST_PENDING, Vec::new());
            }
            (_, Change::Ours { .. }) => {
                return self.reply(now, id, &request, Status::REQUEST_PENDING, Vec::new());
            }
            (_, Change::Theirs { .. }) => return self.reply_later(now, id, &request),
            (Some(_) | None, Change::None | Change::Glare { .. }) => {}
        }
        if let Some((status, headers)) = unfit_body(&request) {
            return self.reply(now, id, &request, status, headers);
        }
        let acked = talking.unacked.is_some();
        talking.dialog.refresh(request.contacts());
        if let Change::Glare { sdp, .. } = std::mem::replace(&mut talking.change, Change::None) {
            talking.queued.get_or_insert(sdp);
            self.timers.cancel(Timer::Glare(key));
        }
        let sdp = request.sdp();
        talking.change = Change::Theirs {
            request: id,
            message: Box::new(request),
        };
        if acked {
            self.acknowledged(now, key, None);
        }
        self.tell(key, Event::Reoffer { call: key, sdp });
    }

    pub(super) fn update_came(
        &mut self,
        now: Duration,
        id: ServerId,
        key: CallKey,
        request: Request,
    ) {
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        let talking = match &mut call.phase {
            Phase::Talking(talking) => {
                talking.dialog.refresh(request.contacts());
                Some(talking)
            }
            Phase::Ringing(ringing) => {
                ringing.dialog.refresh(request.contacts());
                None
            }
            Phase::Calling(_) | Phase::Leaving(_) => None,
        };
        let Some(sdp) = request.sdp() else {
            return self.reply_generic(now, id, &request);
        };
        let Some(talking) = talking else {
            return self.reply(now, id, &request, Status::NOT_ACCEPTABLE_HERE, Vec::new());
        };
        match talking.change {
            Change::Ours { .. } => {
                self.reply(now, id, &request, Status::REQUEST_PENDING, Vec::new())
            }
            Change::Theirs { .. } => self.reply_later(now, id, &request),
            Change::None | Change::Glare { .. } if talking.unacked.is_some() => {
                self.reply_later(now, id, &request)
            }
            Change::None | Change::Glare { .. } => {
                if let Change::Glare { sdp, .. } =
                    std::mem::replace(&mut talking.change, Change::None)
                {
                    talking.queued.get_or_insert(sdp);
                    self.timers.cancel(Timer::Glare(key));
                }
                talking.change = Change::Theirs {
                    request: id,
                    message: Box::new(request),
                };
                self.tell(
                    key,
                    Event::Reoffer {
                        call: key,
                        sdp: Some(sdp),
                    },
                );
            }
        }
    }

    /// Answers their change with our SDP or a refusal.
    pub(super) fn finish_their_change(
        &mut self,
        now: Duration,
        key: CallKey,
        answer: Result<Vec<u8>, Status>,
    ) {
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        let Call {
            phase: Phase::Talking(talking),
            local_tag,
            ..
        } = call
        else {
            return;
        };
        if !matches!(talking.change, Change::Theirs { .. }) {
            return;
        }
        let Change::Theirs {
            request: id,
            message,
        } = std::mem::replace(&mut talking.change, Change::None)
        else {
            return;
        };
        let (tag, contact) = (local_tag.clone(), talking.dialog.contact().to_owned());
        let invite = message.method == Method::INVITE;
        let accepted = match answer {
            Ok(sdp) => {
                let mut response = self.response(&message, Status::OK, &tag);
                response.push("Contact", contact);
                response.push("Content-Type", "application/sdp");
                response.body = sdp;
                self.tx.respond(now, id, &response).is_ok()
            }
            Err(status) => {
                let status = if status.is_final() && !status.is_success() {
                    status
                } else {
                    Status::NOT_ACCEPTABLE_HERE
                };
                self.reply(now, id, &message, status, Vec::new());
                return self.next_change(now, key);
            }
        };
        if !accepted {
            self.reply(now, id, &message, Status::SERVER_ERROR, Vec::new());
        } else if invite
            && let Some(Call {
                phase: Phase::Talking(talking),
                ..
            }) = self.calls.get_mut(&key)
        {
            let seq = message.cseq().map_or(0, |cseq| cseq.number);
            talking.unacked = Some(Unacked {
                invite: id,
                seq,
                interval: T1,
                offered: message.sdp().is_none(),
                first: false,
            });
            self.await_ack(now, key);
        }
        self.next_change(now, key);
    }

    /// The call ends while their change waits for an answer (§15.1.2).
    pub(super) fn drop_their_change(&mut self, now: Duration, key: CallKey) {
        let Some(Call {
            phase: Phase::Talking(talking),
            ..
        }) = self.calls.get_mut(&key)
        else {
            return;
        };
        if let Change::Theirs { .. } = talking.change
            && let Change::Theirs { request, message } =
                std::mem::replace(&mut talking.change, Change::None)
        {
            self.reply(
                now,
                request,
                &message,
                Status::REQUEST_TERMINATED,
                Vec::new(),
            );
        }
    }

    pub(super) fn queue_change(&mut self, now: Duration, key: CallKey, sdp: Vec<u8>) {
        let Some(call) = self.calls.get_mut(&key).filter(|call| !call.over) else {
            return;
        };
        let Phase::Talking(talking) = &mut call.phase else {
            return;
        };
        match &mut talking.change {
            // The one that waits has not been sent: the new one takes its place.
            Change::Glare { sdp: waiting, .. } => *waiting = sdp,
            Change::None | Change::Ours { .. } | Change::Theirs { .. } => {
                talking.queued = Some(sdp);
                self.next_change(now, key);
            }
        }
    }

    /// Sends the change that waits, if nothing is in its way.
    pub(super) fn next_change(&mut self, now: Duration, key: CallKey) {
        let Some(Call {
            phase: Phase::Talking(talking),
            over: false,
            ..
        }) = self.calls.get_mut(&key)
        else {
            return;
        };
        if talking.unacked.is_some() || !matches!(talking.change, Change::None) {
            return;
        }
        if let Some(sdp) = talking.queued.take() {
            self.send_change(now, key, sdp, Attempt::default(), 0);
        }
    }

    fn send_change(
        &mut self,
        now: Duration,
        key: CallKey,
        sdp: Vec<u8>,
        attempt: Attempt,
        glares: u32,
    ) {
        let (allow, agent) = (self.allow(), self.user_agent_header());
        let Some(Call {
            phase: Phase::Talking(talking),
            digest,
            ..
        }) = self.calls.get_mut(&key)
        else {
            return;
        };
        let mut request = talking.dialog.request(Method::INVITE);
        request.push("Allow", allow);
        request.headers.extend(agent.into_iter().collect());
        if let Some(digest) = digest {
            let uri = request.uri.to_string();
            for (name, value) in digest.authorize(&mut self.rng, &Method::INVITE, &uri) {
                request.push(name, value);
            }
        }
        request.push("Content-Type", "application/sdp");
        request.body = sdp.clone();
        match self.tx.start(now, talking.dialog.next_hop(), request) {
            Ok(invite) => {
                talking.change = Change::Ours {
                    invite,
                    sdp,
                    attempt,
                    glares,
                };
                self.usages.insert(
                    invite,
                    Usage::Reinvite {
                        call: key,
                        dialog: Box::new(talking.dialog.clone()),
                        ack: None,
                    },
                );
            }
            Err(error) => {
                tracing::warn!(call = key.0, %error, "The re-INVITE cannot be written");
                talking.change = Change::None;
                self.tell(
                    key,
                    Event::ReofferAnswered {
                        call: key,
                        answer: Err(Status::SERVER_ERROR),
                    },
                );
            }
        }
    }

    pub(super) fn change_answered(
        &mut self,
        now: Duration,
        id: ClientId,
        key: CallKey,
        response: Response,
        source: Flow,
    ) {
        if response.status.is_provisional() {
            return;
        }
        if response.status.is_success() && !self.acknowledge_change(id, key, &response, source) {
            return;
        }
        let Some(talking) = self.changing(key, id) else {
            return;
        };
        let Change::Ours {
            sdp,
            mut attempt,
            glares,
            ..
        } = std::mem::replace(&mut talking.change, Change::None)
        else {
            return;
        };
        let status = response.status;
        if status.is_success() {
            let answer = response.sdp().ok_or(Status::NOT_ACCEPTABLE_HERE);
            self.tell(key, Event::ReofferAnswered { call: key, answer });
            return self.next_change(now, key);
        }
        if status == Status::REQUEST_PENDING && glares < MAX_GLARES {
            talking.change = Change::Glare {
                sdp: talking.queued.take().unwrap_or(sdp),
                glares: glares + 1,
            };
            // Whoever made the call waits longer, so that the two do not meet again (§14.1).
            let wait = if key.is_incoming() {
                self.rng.range(0, 200)
            } else {
                self.rng.range(210, 400)
            };
            self.timers
                .set(Timer::Glare(key), now + Duration::from_millis(wait * 10));
            return;
        }
        if status.is_challenge() {
            let digest = self
                .calls
                .get_mut(&key)
                .and_then(|call| call.digest.as_mut());
            if digest
                .is_some_and(|digest| digest.challenged(&mut attempt, &response.headers).is_ok())
            {
                return self.send_change(now, key, sdp, attempt, glares);
            }
        }
        // The other side has forgotten the call, or we cannot show who we are: it is over (§12.2.1.2).
        if status.is_challenge() || matches!(status, Status::REQUEST_TIMEOUT | Status::NO_SUCH_CALL)
        {
            return self.lose(now, key, EndCause::Lost { status });
        }
        self.tell(
            key,
            Event::ReofferAnswered {
                call: key,
                answer: Err(status),
            },
        );
        self.next_change(now, key);
    }

    /// Sends the ACK of a 2xx to our re-INVITE; false if this one has had it before.
    fn acknowledge_change(
        &mut self,
        id: ClientId,
        key: CallKey,
        response: &Response,
        source: Flow,
    ) -> bool {
        let Some(Usage::Reinvite { dialog, ack, .. }) = self.usages.get_mut(&id) else {
            return false;
        };
        if let Some(ack) = ack {
            self.tx.send(ack.clone());
            return false;
        }
        dialog.refresh(response.contacts());
        dialog.heard_from(source);
        let Some(request) = self.tx.request(id) else {
            return false;
        };
        let message = dialog.ack(request);
        *ack = self.tx.send_ack(dialog.next_hop(), message);
        if let Some(Call {
            phase: Phase::Talking(talking),
            ..
        }) = self.calls.get_mut(&key)
        {
            talking.dialog.refresh(response.contacts());
            talking.dialog.heard_from(source);
        }
        true
    }

    pub(super) fn change_failed(
        &mut self,
        now: Duration,
        id: ClientId,
        key: CallKey,
        unreachable: bool,
    ) {
        let Some(talking) = self.changing(key, id) else {
            return;
        };
        talking.change = Change::None;
        if unreachable {
            // The way may be gone for a moment only: the call stands, the change failed.
            self.tell(
                key,
                Event::ReofferAnswered {
                    call: key,
                    answer: Err(Status::SERVICE_UNAVAILABLE),
                },
            );
            return self.next_change(now, key);
        }
        self.lose(now, key, EndCause::Timeout);
    }

    /// The connection was lost that the answer to our re-INVITE would have come by. A late 2xx is still acknowledged.
    pub(super) fn change_cut(&mut self, now: Duration, id: ClientId, key: CallKey) {
        self.timers.set(Timer::Orphan(id), now + GIVE_UP);
        self.change_failed(now, id, key, true);
    }

    pub(super) fn change_after_glare(&mut self, now: Duration, key: CallKey) {
        let Some(Call {
            phase: Phase::Talking(talking),
            ..
        }) = self.calls.get_mut(&key)
        else {
            return;
        };
        if !matches!(talking.change, Change::Glare { .. }) {
            return;
        }
        let Change::Glare { sdp, glares } = std::mem::replace(&mut talking.change, Change::None)
        else {
            return;
        };
        if talking.unacked.is_some() {
            talking.queued.get_or_insert(sdp);
            return;
        }
        self.send_change(now, key, sdp, Attempt::default(), glares);
    }

    /// Ends a call that cannot go on, with a BYE for whoever may still be there.
    fn lose(&mut self, now: Duration, key: CallKey, cause: EndCause) {
        self.end(key, cause);
        self.send_bye(now, key, None);
    }

    /// The call, if this transaction is its re-INVITE.
    fn changing(&mut self, key: CallKey, id: ClientId) -> Option<&mut Talking> {
        match &mut self.calls.get_mut(&key)?.phase {
            Phase::Talking(talking) if talking.pending_change() == Some(id) => Some(talking),
            _ => None,
        }
    }
}

/// What a change is refused with for its body alone.
fn unfit_body(request: &Request) -> Option<(Status, Vec<crate::Header>)> {
    (!request.body.is_empty() && request.sdp().is_none()).then(|| {
        (
            Status::UNSUPPORTED_MEDIA_TYPE,
            vec![header("Accept", "application/sdp")],
        )
    })
}
