//! The BYE we send (RFC 3261 §15.1.1).

use std::time::Duration;

use super::Endpoint;
use super::call::{Call, Leaving, Phase, Timer, Usage};
use crate::auth::Attempt;
use crate::dialog::Dialog;
use crate::{CallKey, Method, Reason, Request, Response};

impl Endpoint {
    /// Ends a dialog that nobody asked for.
    pub(super) fn send_lone_bye(&mut self, now: Duration, mut dialog: Dialog) {
        let bye = dialog.request(Method::BYE);
        if let Ok(id) = self.tx.start(now, dialog.next_hop(), bye) {
            self.usages.insert(id, Usage::Nobody);
        }
    }

    /// Ends a confirmed dialog.
    pub(super) fn send_bye(&mut self, now: Duration, key: CallKey, reason: Option<Reason>) {
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        let Phase::Talking(talking) = &mut call.phase else {
            return;
        };
        let mut leaving = Leaving {
            dialog: talking.dialog.clone(),
            attempt: Attempt::default(),
            pending: talking.pending_change(),
        };
        let mut bye = leaving.dialog.request(Method::BYE);
        if let Some(reason) =
            reason.filter(|reason| !reason.to_string().contains(['\r', '\n', '\0']))
        {
            bye.push("Reason", reason.to_string());
        }
        for timer in [
            Timer::Repeat(key),
            Timer::AckMissing(key),
            Timer::Glare(key),
        ] {
            self.timers.cancel(timer);
        }
        call.phase = Phase::Leaving(Box::new(leaving));
        self.start_bye(now, key, bye);
    }

    fn start_bye(&mut self, now: Duration, key: CallKey, mut bye: Request) {
        let Some(Call {
            phase: Phase::Leaving(leaving),
            digest,
            ..
        }) = self.calls.get_mut(&key)
        else {
            return;
        };
        if let Some(digest) = digest {
            let uri = bye.uri.to_string();
            for (name, value) in digest.authorize(&mut self.rng, &Method::BYE, &uri) {
                bye.push(name, value);
            }
        }
        match self.tx.start(now, leaving.dialog.next_hop(), bye) {
            Ok(id) => {
                self.usages.insert(id, Usage::Bye { call: key });
            }
            Err(error) => {
                tracing::warn!(call = key.0, %error, "The BYE cannot be written");
                self.remove_call(now, key);
            }
        }
    }

    pub(super) fn bye_answered(&mut self, now: Duration, key: CallKey, response: &Response) {
        if response.status.is_provisional() {
            return;
        }
        let Some(Call {
            phase: Phase::Leaving(leaving),
            digest,
            ..
        }) = self.calls.get_mut(&key)
        else {
            return;
        };
        if response.status.is_challenge()
            && let Some(digest) = digest
            && digest
                .challenged(&mut leaving.attempt, &response.headers)
                .is_ok()
        {
            let bye = leaving.dialog.request(Method::BYE);
            self.start_bye(now, key, bye);
            return;
        }
        self.remove_call(now, key);
    }
}
