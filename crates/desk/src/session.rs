//! Sign-in and sign-out.

use crate::{
    Again, Desk, Effect, LinkView, LinksView, OpenedOffline, SignedIn, presence::PresenceRecord,
    wrapping::Wrapping,
};
use offhook_model::{Activity, BareAccount, Code, Now, Secret, api::AgentProfile};

/// Signed in or not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Session {
    /// Nobody is.
    SignedOut {
        /// Why the last try failed or the last session ended.
        error: Option<Code>,
    },
    /// The centre has been asked.
    SigningIn,
    /// Somebody is.
    SignedIn {
        /// Who.
        agent: AgentProfile,
        /// With a bare SIP account.
        local: bool,
    },
    /// This computer's data is open without the centre.
    Offline {
        /// Whose.
        agent: AgentProfile,
        /// Why the centre was not reached.
        why: Code,
        /// How it goes on when the centre answers.
        again: Again,
    },
}

impl Desk {
    pub(crate) fn sign_in(&mut self, now: Now, centre: String, username: String, password: Secret) {
        match self.session {
            Session::SignedOut { .. } => {
                self.session = Session::SigningIn;
                self.effects.push_back(Effect::SignIn {
                    centre,
                    username,
                    password,
                });
            }
            Session::SigningIn => {}
            Session::SignedIn { .. } | Session::Offline { .. } => self.refuse(now, Code::NotNow),
        }
    }

    pub(crate) fn work_offline(&mut self, now: Now) {
        match self.session {
            Session::SignedOut { .. } => {
                self.session = Session::SigningIn;
                self.effects.push_back(Effect::WorkOffline);
            }
            Session::SigningIn => {}
            Session::SignedIn { .. } | Session::Offline { .. } => self.refuse(now, Code::NotNow),
        }
    }

    pub(crate) fn sign_in_again(&mut self, now: Now, password: Secret) {
        match &mut self.session {
            Session::Offline { again, .. } => {
                *again = Again::ByItself;
                self.effects.push_back(Effect::SignInAgain { password });
            }
            Session::SignedOut { .. } | Session::SigningIn | Session::SignedIn { .. } => {
                self.refuse(now, Code::NotNow);
            }
        }
    }

    /// The desk opens with what this computer has. There is no presence, so that no call can come or go.
    pub(crate) fn opened_offline(&mut self, opened: OpenedOffline) {
        if self.session != Session::SigningIn {
            return;
        }
        let OpenedOffline {
            agent,
            form,
            why,
            by_itself,
        } = opened;
        let again = if by_itself {
            Again::ByItself
        } else {
            Again::AsksPassword { error: None }
        };
        self.session = Session::Offline { agent, why, again };
        self.links = LinksView {
            api: LinkView::Connecting { error: Some(why) },
            sip: LinkView::Off,
        };
        self.form = Some(form);
    }

    pub(crate) fn password_needed(&mut self, code: Code) {
        if let Session::Offline { again, .. } = &mut self.session {
            *again = Again::AsksPassword { error: Some(code) };
        }
    }

    pub(crate) fn use_account(&mut self, now: Now, account: BareAccount) {
        match self.session {
            Session::SignedOut { .. } => {
                self.session = Session::SigningIn;
                self.effects.push_back(Effect::UseAccount(account));
            }
            Session::SigningIn => {}
            Session::SignedIn { .. } | Session::Offline { .. } => self.refuse(now, Code::NotNow),
        }
    }

    pub(crate) fn set_roots(&mut self, file: Option<String>) {
        let file = file.map(|file| file.trim().to_owned());
        let file = file.filter(|file| !file.is_empty());
        self.effects.push_back(Effect::SetRoots(file));
    }

    /// A session stands. A desk that was open without one goes on with its forms as they are.
    pub(crate) fn signed_in(&mut self, now: Now, signed_in: SignedIn) {
        match self.session {
            Session::SigningIn | Session::Offline { .. } => {}
            Session::SignedOut { .. } | Session::SignedIn { .. } => return,
        }
        let SignedIn {
            agent,
            presence,
            activity,
            ring,
            wrap_up_limit,
            form,
            caller_ids,
            local,
        } = signed_in;
        self.session = Session::SignedIn { agent, local };
        self.links = LinksView {
            api: if local { LinkView::Off } else { LinkView::Up },
            sip: LinkView::Connecting { error: None },
        };
        self.presence = Some(PresenceRecord::told(presence));
        self.ring = ring;
        self.form = Some(form);
        self.caller_ids = caller_ids;
        self.wrap_up_limit = wrap_up_limit;
        if activity == Activity::WrapUp {
            self.begin_wrap_up(now);
        } else {
            self.wrapping = Wrapping::Over;
        }
        self.activity_since = Some(now.wall);
    }

    pub(crate) fn sign_in_failed(&mut self, code: Code) {
        if self.session == Session::SigningIn {
            self.session = Session::SignedOut { error: Some(code) };
        }
    }

    /// Drafts are put on the disk first; a call must be ended first.
    pub(crate) fn sign_out(&mut self, now: Now) {
        match self.session {
            Session::SignedOut { .. } => {}
            Session::SigningIn => {
                self.effects.push_back(Effect::SignOut);
                self.close_session(None);
            }
            Session::SignedIn { .. } | Session::Offline { .. } if self.calls.is_empty() => {
                self.save_all_drafts();
                self.effects.push_back(Effect::SignOut);
                self.close_session(None);
            }
            Session::SignedIn { .. } | Session::Offline { .. } => self.refuse(now, Code::NotNow),
        }
    }

    /// The centre ended the session. A call goes on to its end; nothing typed is lost.
    pub(crate) fn session_ended(&mut self, why: Option<Code>) {
        if let Session::SignedOut { .. } = self.session {
            return;
        }
        self.ending = Some(why);
        self.links.api = LinkView::Connecting { error: why };
        self.event_stream = false;
    }

    pub(crate) fn close_session(&mut self, error: Option<Code>) {
        self.save_all_drafts();
        self.stop_playback();
        self.session = Session::SignedOut { error };
        self.ending = None;
        self.links = LinksView {
            api: LinkView::Off,
            sip: LinkView::Off,
        };
        self.event_stream = false;
        self.presence = None;
        self.wrapping = Wrapping::Over;
        self.activity_since = None;
        self.queues.clear();
        self.caller_ids.clear();
        self.wrap_ups.clear();
        self.notices.clear();
    }

    pub(crate) const fn is_signed_in(&self) -> bool {
        matches!(self.session, Session::SignedIn { .. })
    }
}
