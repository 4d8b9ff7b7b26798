//! 通话保持 / 通话取回, and the keypad of a live call.

use crate::{CallPhase, Desk, Effect, Switch};
use offhook_model::{Code, Key, LegId, Now, Typed, Wall};
use std::time::Duration;

/// How many keyed digits are shown; the oldest go first.
const SHOWN: usize = 64;

/// Whether the far side of a call is on hold, and for how long it has been.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hold {
    pub(crate) switch: Switch,
    pub(crate) since: Option<Wall>,
    /// How long earlier holds took.
    pub(crate) before: Duration,
}

impl Hold {
    fn confirm(&mut self, now: Now, held: bool) {
        self.switch.confirmed = held;
        match (held, self.since) {
            (true, None) => self.since = Some(now.wall),
            (false, Some(since)) => {
                self.before += now.wall.since(since);
                self.since = None;
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
}

impl Desk {
    /// What is asked for already is not asked for again: a double click is harmless.
    pub(crate) fn set_held(&mut self, now: Now, leg: LegId, held: bool) {
        match self.call_mut(leg) {
            Some(call) if call.phase == CallPhase::Live => {
                if call.hold.switch.wanted != held {
                    call.hold.switch.wanted = held;
                    self.effects.push_back(Effect::SetHeld { leg, held });
                }
            }
            Some(_) | None => self.refuse(now, Code::NotNow),
        }
    }

    pub(crate) fn held(&mut self, now: Now, leg: LegId, held: bool) {
        if let Some(call) = self.call_mut(leg) {
            call.hold.confirm(now, held);
        }
    }

    pub(crate) fn hold_refused(&mut self, now: Now, leg: LegId) {
        if let Some(call) = self.call_mut(leg) {
            call.hold.switch.wanted = call.hold.switch.confirmed;
            self.refuse(now, Code::HoldRefused);
        }
    }

    pub(crate) fn key_heard(&mut self, leg: LegId, key: Key) {
        if let Some(call) = self.call_mut(leg) {
            show(&mut call.heard_keys, key);
        }
    }

    pub(crate) fn press(&mut self, now: Now, leg: LegId, key: Key) {
        match self.call_mut(leg) {
            Some(call) if call.takes_keys() => {
                show(&mut call.keyed, key);
                self.effects.push_back(Effect::SendKey { leg, key });
            }
            Some(_) | None => self.refuse(now, Code::NotNow),
        }
    }
}

fn show(Typed(shown): &mut Typed, key: Key) {
    if shown.len() == SHOWN {
        shown.remove(0);
    }
    shown.push(key.into());
}

impl crate::call::Call {
    /// Whoever is on hold hears the prompt and no digits.
    pub(crate) fn takes_keys(&self) -> bool {
        self.phase == CallPhase::Live && !self.hold.switch.wanted && !self.hold.switch.confirmed
    }
}
