//! Calls we make (RFC 3261 §13.2, §9.1).

use std::time::Duration;

use super::call::{Call, Calling, Cancel, Phase, Talking, Timer, Usage};
use super::{Endpoint, Event, Invite};
use crate::auth::Attempt;
use crate::dialog::Dialog;
use crate::timers::GIVE_UP;
use crate::transaction::ClientId;
use crate::{CallKey, EndCause, Flow, HeadersExt, Method, Reason, Request, Response, Status};

impl Endpoint {
    pub(super) fn begin_call(&mut self, now: Duration, key: CallKey, invite: Invite) {
        if self.calls.contains_key(&key) {
            tracing::warn!(call = key.0, "A call under this key stands already");
            return;
        }
        let Invite {
            uri,
            from,
            to,
            next_hop,
            offer,
            headers,
            credentials,
        } = invite;
        let local_tag = self.rng.token();
        let call_id = format!("{}{}", self.rng.token(), self.rng.token());
        let contact = self.contact(from.uri.user.as_deref(), next_hop.transport);
        let mut request = Request::new(Method::INVITE, uri);
        request.push("Max-Forwards", "70");
        request.push("From", from.with_tag(&local_tag).to_string());
        request.push("To", to.to_string());
        request.push("Call-ID", &*call_id);
        request.push("Contact", contact);
        request.push("Allow", self.allow());
        request.headers.extend(
            self.user_agent_header()
                .into_iter()
                .chain(headers)
                .collect(),
        );
        request.push("Content-Type", "application/sdp");
        request.body = offer;

        let digest = self.digest_for(credentials);
        let calling = Calling {
            invite: ClientId(0),
            request,
            next_hop,
            seq: 0,
            attempt: Attempt::default(),
            provisional: false,
            cancel: Cancel::No,
            early: Vec::new(),
        };
        self.insert_call(
            key,
            Call {
                call_id,
                local_tag,
                over: false,
                digest,
                phase: Phase::Calling(Box::new(calling)),
            },
        );
        self.send_invite(now, key);
    }

    /// Sends the INVITE, or sends it again with credentials: same Call-ID and tag, next number (§22.1).
    fn send_invite(&mut self, now: Duration, key: CallKey) {
        let Some(Call {
            phase: Phase::Calling(calling),
            digest,
            ..
        }) = self.calls.get_mut(&key)
        else {
            return;
        };
        calling.seq += 1;
        calling.provisional = false;
        calling.early.clear();
        let mut request = calling.request.clone();
        request.push("CSeq", format!("{} INVITE", calling.seq));
        if let Some(digest) = digest {
            let uri = request.uri.to_string();
            for (name, value) in digest.authorize(&mut self.rng, &Method::INVITE, &uri) {
                request.push(name, value);
            }
        }
        match self.tx.start(now, calling.next_hop, request) {
            Ok(id) => {
                calling.invite = id;
                self.usages.insert(
                    id,
                    Usage::Invite {
                        call: key,
                        acks: Vec::new(),
                    },
                );
            }
            Err(error) => {
                tracing::warn!(call = key.0, %error, "The INVITE cannot be written");
                self.end(key, EndCause::Unsendable);
                self.remove_call(now, key);
            }
        }
    }

    pub(super) fn invite_answered(
        &mut self,
        now: Duration,
        id: ClientId,
        key: CallKey,
        response: Response,
        source: Flow,
    ) {
        if response.status.is_success() {
            self.invite_accepted(now, id, key, &response, source);
        } else if response.status.is_provisional() {
            self.invite_progressed(now, id, key, response, source);
        } else if self.calling(key, id).is_some() {
            self.invite_refused(now, key, &response);
        }
    }

    fn invite_progressed(
        &mut self,
        now: Duration,
        id: ClientId,
        key: CallKey,
        response: Response,
        source: Flow,
    ) {
        let symmetric = self.config.symmetric;
        let dialog = self
            .tx
            .request(id)
            .and_then(|request| Dialog::uac(request, &response, source, symmetric));
        let Some(calling) = self.calling(key, id) else {
            return;
        };
        calling.provisional = true;
        if let Some(dialog) = dialog.filter(|dialog| !dialog.remote_tag.is_empty()) {
            match calling
                .early
                .iter_mut()
                .find(|early| early.remote_tag == dialog.remote_tag)
            {
                Some(early) => early.refresh(response.contacts()),
                None => calling.early.push(dialog),
            }
        }
        if let Cancel::Wanted(reason) = &calling.cancel {
            let reason = reason.clone();
            self.send_cancel(now, key, reason.as_ref());
        }
        if response.status != Status::TRYING {
            let sdp = response.sdp();
            self.tell(
                key,
                Event::Progress {
                    call: key,
                    status: response.status,
                    sdp,
                    headers: response.headers,
                },
            );
        }
    }

    /// A 2xx: the first makes the call, each further fork's gets ACK and BYE, a repeated one gets its ACK again (§13.2.2.4).
    fn invite_accepted(
        &mut self,
        now: Duration,
        id: ClientId,
        key: CallKey,
        response: &Response,
        source: Flow,
    ) {
        let tag = response
            .to()
            .and_then(|to| to.tag().map(str::to_owned))
            .unwrap_or_default();
        let Some(Usage::Invite { acks, .. }) = self.usages.get_mut(&id) else {
            return;
        };
        if let Some((_, ack)) = acks.iter().find(|(known, _)| *known == tag) {
            self.tx.send(ack.clone());
            return;
        }
        let Some(request) = self.tx.request(id) else {
            return;
        };
        let Some(dialog) = Dialog::uac(request, response, source, self.config.symmetric) else {
            return;
        };
        let ack = dialog.ack(request);
        if let Some(sent) = self.tx.send_ack(dialog.next_hop(), ack) {
            acks.push((tag, sent));
        }
        let Some(calling) = self.calling(key, id) else {
            self.send_lone_bye(now, dialog);
            return;
        };
        let cancel = std::mem::replace(&mut calling.cancel, Cancel::No);
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        let over = call.over;
        call.phase = Phase::Talking(Box::new(Talking::new(dialog, None)));
        if over {
            // Our CANCEL crossed their 2xx.
            let reason = match cancel {
                Cancel::Wanted(reason) => reason,
                Cancel::Sent | Cancel::No => None,
            };
            self.send_bye(now, key, reason);
        } else {
            let event = Event::Answered {
                call: key,
                sdp: response.sdp(),
                headers: response.headers.clone(),
            };
            self.tell(key, event);
        }
    }

    fn invite_refused(&mut self, now: Duration, key: CallKey, response: &Response) {
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        if !call.over && response.status.is_challenge() {
            let Call {
                phase: Phase::Calling(calling),
                digest: Some(digest),
                ..
            } = call
            else {
                return self.refused(now, key, response);
            };
            if digest
                .challenged(&mut calling.attempt, &response.headers)
                .is_ok()
            {
                self.send_invite(now, key);
                return;
            }
        }
        self.refused(now, key, response);
    }

    fn refused(&mut self, now: Duration, key: CallKey, response: &Response) {
        let cause = EndCause::Rejected {
            status: response.status,
            reason: response.header("Reason").and_then(Reason::parse),
            retry_after: retry_after(response),
        };
        self.end(key, cause);
        self.remove_call(now, key);
    }

    pub(super) fn invite_failed(
        &mut self,
        now: Duration,
        id: ClientId,
        key: CallKey,
        unreachable: bool,
    ) {
        if self.calling(key, id).is_some() {
            self.end(
                key,
                if unreachable {
                    EndCause::Unreachable
                } else {
                    EndCause::Timeout
                },
            );
            self.remove_call(now, key);
        }
    }

    /// The connection was lost that the INVITE's answer would have come by. Somebody may be ringing: they are told to stop by a
    /// new connection, and a 200 from there still gets its ACK and BYE.
    pub(super) fn invite_cut(&mut self, now: Duration, id: ClientId, key: CallKey) {
        let Some(calling) = self.calling(key, id) else {
            self.timers.set(Timer::Orphan(id), now + GIVE_UP);
            return;
        };
        let provisional = calling.provisional;
        self.end(key, EndCause::Unreachable);
        if provisional {
            self.give_up(now, key, None);
        } else {
            self.remove_call(now, key);
            self.tx.abandon(id);
        }
    }

    /// The INVITE's transaction is over without a final answer: it was cancelled, and nobody said so (§9.1).
    pub(super) fn invite_gone(&mut self, now: Duration, id: ClientId, key: CallKey) {
        if self.calling(key, id).is_some() {
            self.end(key, EndCause::Timeout);
            self.remove_call(now, key);
        }
    }

    /// We give a call up that has not been answered.
    pub(super) fn give_up(&mut self, now: Duration, key: CallKey, reason: Option<Reason>) {
        let Some(Call {
            phase: Phase::Calling(calling),
            ..
        }) = self.calls.get_mut(&key)
        else {
            return;
        };
        if !matches!(calling.cancel, Cancel::No) {
            return;
        }
        if calling.provisional {
            self.send_cancel(now, key, reason.as_ref());
        } else {
            calling.cancel = Cancel::Wanted(reason);
        }
    }

    fn send_cancel(&mut self, now: Duration, key: CallKey, reason: Option<&Reason>) {
        let Some(Call {
            phase: Phase::Calling(calling),
            ..
        }) = self.calls.get_mut(&key)
        else {
            return;
        };
        calling.cancel = Cancel::Sent;
        let invite = calling.invite;
        let sent = self
            .tx
            .cancel(now, invite, reason)
            .or_else(|| self.tx.cancel(now, invite, None));
        if let Some(id) = sent {
            self.usages.insert(id, Usage::Nobody);
        }
        self.timers.set(Timer::Orphan(invite), now + GIVE_UP);
    }

    /// The call, if this transaction is its INVITE.
    fn calling(&mut self, key: CallKey, id: ClientId) -> Option<&mut Calling> {
        match self.calls.get_mut(&key)?.phase {
            Phase::Calling(ref mut calling) if calling.invite == id => Some(calling),
            _ => None,
        }
    }
}

/// Retry-After in seconds, a comment or parameters after it aside (RFC 3261 §20.33).
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    const DAY: u64 = 86_400;
    let text = response.headers.value("Retry-After")?.trim_start();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0).then(|| Duration::from_secs(text[..digits].parse().unwrap_or(DAY).min(DAY)))
}
