//! Calls that come in (RFC 3261 §13.3, §9.2).

use std::time::Duration;

use super::call::{Call, Change, Phase, Ringing, Talking, Timer, Unacked};
use super::{Endpoint, Event};
use crate::dialog::Dialog;
use crate::header::header;
use crate::timers::{GIVE_UP, T1, T2};
use crate::transaction::ServerId;
use crate::{CallKey, EndCause, Flow, Header, Incoming, Reason, Request, Response, Status};

/// How often an 18x is repeated (§13.3.1.1).
const RERING: Duration = Duration::from_secs(60);

impl Endpoint {
    /// A first INVITE that passed the checks of any request.
    pub(super) fn call_came_in(
        &mut self,
        now: Duration,
        id: ServerId,
        request: Request,
        source: Flow,
    ) {
        let (Some(from), Some(to)) = (request.from(), request.to()) else {
            return;
        };
        if let Some((status, headers)) = self.unfit(&request) {
            return self.reply(now, id, &request, status, headers);
        }
        let local_tag = self.rng.token();
        let contact = self.contact(request.uri.user.as_deref(), source.transport);
        let Some(dialog) =
            Dialog::uas(&request, &local_tag, contact, source, self.config.symmetric)
        else {
            return;
        };
        let key = CallKey(CallKey::INCOMING + self.next_call());
        let incoming = Incoming {
            call: key,
            from,
            to,
            request_uri: request.uri.clone(),
            source,
            call_id: dialog.call_id.clone(),
            offer: request.sdp(),
            headers: request.headers.clone(),
        };
        let digest = self.digest_for(None);
        let call_id = dialog.call_id.clone();
        let ringing = Ringing {
            invite: id,
            request,
            dialog,
            progress: None,
        };
        self.insert_call(
            key,
            Call {
                call_id,
                local_tag,
                over: false,
                digest,
                phase: Phase::Ringing(Box::new(ringing)),
            },
        );
        self.events.push_back(Event::Incoming(Box::new(incoming)));
    }

    /// What an INVITE is refused with before anybody hears of it.
    fn unfit(&self, request: &Request) -> Option<(Status, Vec<Header>)> {
        if !request.body.is_empty() && request.sdp().is_none() {
            return Some((
                Status::UNSUPPORTED_MEDIA_TYPE,
                vec![header("Accept", "application/sdp")],
            ));
        }
        let accept = request.tokens("Accept");
        let takes_sdp = |kind: &&str| {
            let kind = kind
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase();
            matches!(kind.as_str(), "application/sdp" | "application/*" | "*/*")
        };
        if !accept.is_empty() && !accept.iter().any(takes_sdp) {
            return Some((Status::NOT_ACCEPTABLE, Vec::new()));
        }
        // The same request by another way: a proxy forked it to us twice (§8.2.2.2).
        let (from, number) = (request.from()?, request.cseq()?.number);
        let merged = self.calls.values().any(|call| {
            Some(call.call_id.as_str()) == request.call_id()
                && match &call.phase {
                    Phase::Ringing(ringing) => ringing.dialog.is_from(from.tag(), number),
                    Phase::Talking(talking) => talking.dialog.is_from(from.tag(), number),
                    Phase::Calling(_) | Phase::Leaving(_) => false,
                }
        });
        merged.then_some((Status::LOOP_DETECTED, Vec::new()))
    }

    pub(super) fn send_progress(
        &mut self,
        now: Duration,
        key: CallKey,
        status: Status,
        sdp: Option<Vec<u8>>,
        headers: Vec<Header>,
    ) {
        if !status.is_provisional() || status == Status::TRYING {
            return;
        }
        let Some((id, mut response)) = self.ringing_response(key, status) else {
            return;
        };
        response.headers.extend(headers);
        if let Some(sdp) = sdp {
            response.push("Content-Type", "application/sdp");
            response.body = sdp;
        }
        match self.tx.respond(now, id, &response) {
            Ok(()) => {
                if let Some(Call {
                    phase: Phase::Ringing(ringing),
                    ..
                }) = self.calls.get_mut(&key)
                {
                    ringing.progress = Some(response);
                    self.timers.set(Timer::Rering(key), now + RERING);
                }
            }
            Err(error) => tracing::warn!(call = key.0, %error, "The progress cannot be written"),
        }
    }

    pub(super) fn ring_again(&mut self, now: Duration, key: CallKey) {
        let Some(Call {
            phase: Phase::Ringing(ringing),
            ..
        }) = self.calls.get(&key)
        else {
            return;
        };
        let Some(progress) = &ringing.progress else {
            return;
        };
        match self.tx.respond(now, ringing.invite, progress) {
            Ok(()) => self.timers.set(Timer::Rering(key), now + RERING),
            Err(error) => {
                tracing::warn!(call = key.0, %error, "The progress cannot be written again")
            }
        }
    }

    pub(super) fn take_call(
        &mut self,
        now: Duration,
        key: CallKey,
        sdp: Vec<u8>,
        headers: Vec<Header>,
    ) {
        let Some((id, mut response)) = self.ringing_response(key, Status::OK) else {
            return;
        };
        response.push("Allow", self.allow());
        response.headers.extend(headers);
        response.push("Content-Type", "application/sdp");
        response.body = sdp;
        if let Err(error) = self.tx.respond(now, id, &response) {
            tracing::warn!(call = key.0, %error, "The answer cannot be written");
            self.end(key, EndCause::Unsendable);
            self.refuse_call(now, key, Status::SERVER_ERROR, Vec::new());
            return;
        }
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        let Phase::Ringing(ringing) = &call.phase else {
            return;
        };
        let seq = ringing.request.cseq().map_or(0, |cseq| cseq.number);
        let unacked = Unacked {
            invite: id,
            seq,
            interval: T1,
            offered: ringing.request.sdp().is_none(),
            first: true,
        };
        call.phase = Phase::Talking(Box::new(Talking::new(
            ringing.dialog.clone(),
            Some(unacked),
        )));
        self.timers.cancel(Timer::Rering(key));
        self.await_ack(now, key);
    }

    /// Starts to repeat our 2xx until its ACK (§13.3.1.4).
    pub(super) fn await_ack(&mut self, now: Duration, key: CallKey) {
        self.timers.set(Timer::Repeat(key), now + T1);
        self.timers.set(Timer::AckMissing(key), now + GIVE_UP);
    }

    pub(super) fn repeat_answer(&mut self, now: Duration, key: CallKey) {
        let Some(Call {
            phase: Phase::Talking(talking),
            ..
        }) = self.calls.get_mut(&key)
        else {
            return;
        };
        let Some(unacked) = &mut talking.unacked else {
            return;
        };
        unacked.interval = (unacked.interval * 2).min(T2);
        self.timers.set(Timer::Repeat(key), now + unacked.interval);
        self.tx.repeat(unacked.invite);
    }

    pub(super) fn ack_missing(&mut self, now: Duration, key: CallKey) {
        let Some(Call {
            phase: Phase::Talking(talking),
            ..
        }) = self.calls.get_mut(&key)
        else {
            return;
        };
        let reason = talking.leave.take().flatten();
        self.end(key, EndCause::AckMissing);
        self.send_bye(now, key, reason);
    }

    pub(super) fn refuse_call(
        &mut self,
        now: Duration,
        key: CallKey,
        status: Status,
        headers: Vec<Header>,
    ) {
        let status = if (300..700).contains(&status.0) {
            status
        } else {
            Status::TEMPORARILY_UNAVAILABLE
        };
        let Some((id, bare)) = self.ringing_response(key, status) else {
            return;
        };
        let mut response = bare.clone();
        response.headers.extend(headers);
        let sent = self.tx.respond(now, id, &response).or_else(|error| {
            tracing::warn!(call = key.0, %error, "The refusal cannot be written as wished");
            self.tx.respond(now, id, &bare)
        });
        if let Err(error) = sent {
            tracing::warn!(call = key.0, %error, "The refusal cannot be written");
        }
        self.end(key, EndCause::HungUp);
        self.remove_call(now, key);
    }

    /// CANCEL: 200 to itself, 487 to its INVITE if that is not answered yet (§9.2).
    pub(super) fn cancel_came(&mut self, now: Duration, id: ServerId, cancel: &Request) {
        let Some(invite) = self.tx.cancelled_invite(cancel) else {
            return self.reply(now, id, cancel, Status::NO_SUCH_CALL, Vec::new());
        };
        let found = self.calls.iter().find_map(|(key, call)| match &call.phase {
            Phase::Ringing(ringing) if ringing.invite == invite => Some((*key, true)),
            Phase::Talking(talking) => match &talking.change {
                Change::Theirs { request, .. } if *request == invite => Some((*key, false)),
                Change::None
                | Change::Ours { .. }
                | Change::Glare { .. }
                | Change::Theirs { .. } => None,
            },
            Phase::Calling(_) | Phase::Ringing(_) | Phase::Leaving(_) => None,
        });
        let tag = found
            .and_then(|(key, _)| self.calls.get(&key))
            .map(|call| call.local_tag.clone());
        self.reply_tagged(now, id, cancel, Status::OK, Vec::new(), tag);
        match found {
            Some((key, true)) => {
                let reason = cancel.header("Reason").and_then(Reason::parse);
                self.end(key, EndCause::Cancelled { reason });
                self.refuse_call(now, key, Status::REQUEST_TERMINATED, Vec::new());
            }
            Some((key, false)) => {
                self.finish_their_change(now, key, Err(Status::REQUEST_TERMINATED))
            }
            None => {}
        }
    }

    /// A response to the INVITE that rings, with what every one of them carries.
    fn ringing_response(&mut self, key: CallKey, status: Status) -> Option<(ServerId, Response)> {
        let Some(Call {
            phase: Phase::Ringing(ringing),
            local_tag,
            ..
        }) = self.calls.get(&key)
        else {
            return None;
        };
        let (id, request, tag) = (ringing.invite, ringing.request.clone(), local_tag.clone());
        let contact = ringing.dialog.contact().to_owned();
        let mut response = self.response(&request, status, &tag);
        if status.0 < 300 {
            for value in crate::HeadersExt::values(&request.headers, "Record-Route") {
                response.push("Record-Route", value);
            }
            response.push("Contact", contact);
        }
        Some((id, response))
    }
}
