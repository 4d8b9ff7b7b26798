//! Requests within a call but changes of it: ACK, BYE and all others (RFC 3261 §12.2, §15).

use std::time::Duration;

use super::call::{Call, Phase, Timer};
use super::{Endpoint, Event};
use crate::dialog::Dialog;
use crate::header::header;
use crate::transaction::ServerId;
use crate::{CallKey, EndCause, Flow, Method, Reason, Request, Status};

impl Endpoint {
    /// We hang up, whatever the state.
    pub(super) fn leave(&mut self, now: Duration, key: CallKey, reason: Option<Reason>) {
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        if call.over {
            return;
        }
        match &mut call.phase {
            Phase::Calling(_) => {
                self.end(key, EndCause::HungUp);
                self.give_up(now, key, reason);
            }
            Phase::Ringing(_) => {
                let headers = reason
                    .map(|reason| header("Reason", reason.to_string()))
                    .into_iter()
                    .collect();
                self.refuse_call(now, key, Status::TEMPORARILY_UNAVAILABLE, headers);
            }
            Phase::Talking(talking)
                if talking
                    .unacked
                    .as_ref()
                    .is_some_and(|unacked| unacked.first) =>
            {
                talking.leave = Some(reason);
                self.end(key, EndCause::HungUp);
            }
            Phase::Talking(_) => {
                self.end(key, EndCause::HungUp);
                self.drop_their_change(now, key);
                self.send_bye(now, key, reason);
            }
            Phase::Leaving(_) => {}
        }
    }

    /// The ACK to a 2xx of ours.
    pub(super) fn handle_ack(&mut self, now: Duration, ack: &Request, source: Flow) {
        let Some(key) = self.dialog_of(ack) else {
            return;
        };
        let Some(Call {
            phase: Phase::Talking(talking),
            ..
        }) = self.calls.get_mut(&key)
        else {
            return;
        };
        let number = ack.cseq().map(|cseq| cseq.number);
        if !talking.dialog.is_with(ack)
            || talking.unacked.as_ref().map(|unacked| unacked.seq) != number
        {
            return;
        }
        talking.dialog.heard_from(source);
        self.acknowledged(now, key, ack.sdp());
    }

    pub(super) fn acknowledged(&mut self, now: Duration, key: CallKey, sdp: Option<Vec<u8>>) {
        let Some(Call {
            phase: Phase::Talking(talking),
            ..
        }) = self.calls.get_mut(&key)
        else {
            return;
        };
        let Some(unacked) = talking.unacked.take() else {
            return;
        };
        self.timers.cancel(Timer::Repeat(key));
        self.timers.cancel(Timer::AckMissing(key));
        if let Some(reason) = talking.leave.take() {
            self.send_bye(now, key, reason);
            return;
        }
        if unacked.first {
            self.tell(
                key,
                Event::Confirmed {
                    call: key,
                    sdp: sdp.filter(|_| unacked.offered),
                },
            );
        } else if unacked.offered {
            self.tell(
                key,
                Event::ReofferAnswered {
                    call: key,
                    answer: sdp.ok_or(Status::NOT_ACCEPTABLE_HERE),
                },
            );
        }
        self.next_change(now, key);
    }

    /// A request of theirs that names a call of ours.
    pub(super) fn handle_within(
        &mut self,
        now: Duration,
        id: ServerId,
        key: CallKey,
        request: Request,
        source: Flow,
    ) {
        let number = request.cseq().map_or(0, |cseq| cseq.number);
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        let calling = matches!(call.phase, Phase::Calling(_));
        let dialog: Option<&mut Dialog> = match &mut call.phase {
            Phase::Calling(calling) => calling
                .early
                .iter_mut()
                .find(|early| early.is_with(&request)),
            Phase::Ringing(ringing) => {
                Some(&mut ringing.dialog).filter(|dialog| dialog.is_with(&request))
            }
            Phase::Talking(talking) => {
                Some(&mut talking.dialog).filter(|dialog| dialog.is_with(&request))
            }
            Phase::Leaving(leaving) => {
                Some(&mut leaving.dialog).filter(|dialog| dialog.is_with(&request))
            }
        };
        match dialog {
            Some(dialog) => {
                if !dialog.take_seq(number) {
                    return self.reply(now, id, &request, Status::SERVER_ERROR, Vec::new());
                }
                dialog.heard_from(source);
            }
            // They think it answered, and all their 2xx were lost.
            None if request.method == Method::BYE && calling => {}
            None => return self.reply(now, id, &request, Status::NO_SUCH_CALL, Vec::new()),
        }
        match request.method {
            Method::Known(rsip::Method::Bye) => self.bye_came(now, id, key, &request),
            Method::Known(rsip::Method::Invite) => self.change_came(now, id, key, request),
            Method::Known(rsip::Method::Update) => self.update_came(now, id, key, request),
            _ => self.reply_generic(now, id, &request),
        }
    }

    fn bye_came(&mut self, now: Duration, id: ServerId, key: CallKey, bye: &Request) {
        self.reply(now, id, bye, Status::OK, Vec::new());
        let reason = bye.header("Reason").and_then(Reason::parse);
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        match &mut call.phase {
            Phase::Calling(calling) => {
                // One fork of several takes its leave; the last one's leave is the call's end.
                calling.early.retain(|early| !early.is_with(bye));
                if calling.early.is_empty() {
                    self.end(key, EndCause::Bye { reason });
                    self.give_up(now, key, None);
                }
            }
            Phase::Ringing(_) => {
                self.end(key, EndCause::Bye { reason });
                self.refuse_call(now, key, Status::REQUEST_TERMINATED, Vec::new());
            }
            Phase::Talking(_) => {
                self.end(key, EndCause::Bye { reason });
                self.drop_their_change(now, key);
                self.remove_call(now, key);
            }
            // The two BYEs crossed; ours gets its answer, too.
            Phase::Leaving(_) => {}
        }
    }
}
