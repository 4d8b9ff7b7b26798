//! What the desk asks, carried out. Nothing here waits: what takes time is handed on, and facts come back.

use std::path::PathBuf;

use offhook_desk::{Effect, Fact, LegEnd};
use offhook_model::{Code, LegId};
use offhook_sip::{Command as Sip, Reason, Status};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::actor::Actor;
use crate::line::{Leg, Plan};
use crate::offline;
use crate::own;
use crate::report::{Entry, Report};
use crate::session::{self, Credentials};
use crate::shell::IncomingNotification;
use crate::store_task::Job;
use crate::wishes::Wish;

impl Actor {
    pub(crate) fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::SignIn {
                centre,
                username,
                password,
            } => {
                let credentials = Credentials {
                    centre,
                    username,
                    password,
                    roots: self.roots.clone(),
                };
                self.enter(|store, given_up| session::sign_in(credentials, store, given_up));
            }
            Effect::UseAccount(account) => {
                let roots = self.roots.clone();
                self.enter(|store, _| own::sign_in(account, roots, store));
            }
            Effect::SetRoots(file) => {
                self.roots = file.as_ref().map(PathBuf::from);
                self.jobs.push(Job::KeepRoots(file));
            }
            Effect::WorkOffline => self.enter(|store, _| async {
                let offline = offline::by_keyring(store).await?;
                Ok(Entry::Offline(Box::new(offline)))
            }),
            Effect::SignInAgain { password } => self.sign_in_again(password),
            Effect::SignOut => {
                if !self.quitting {
                    self.jobs.push(Job::Leave);
                }
                self.stand_down(true);
            }
            Effect::SetPresence(presence) => self.wish(Wish::Presence(presence)),
            Effect::StartAnswering(presence) => self.wish(Wish::StartAnswering(presence)),
            Effect::ExtendWrapUp => self.wish(Wish::MoreTime),
            Effect::Ring => self.media.ring(true),
            Effect::StopRinging => self.media.ring(false),
            Effect::Notify { leg } => self.notify(leg),
            Effect::WithdrawNotification { leg } => self.shell.withdraw(leg),
            Effect::LookUp { call, number } => self.look_up(call, number),
            Effect::Answer { leg } => self.pick_up(leg),
            Effect::Decline { leg } => self.reject(leg, Status::DECLINE, "declined"),
            Effect::RejectBusy { leg } => self.reject(leg, Status::BUSY_HERE, "busy"),
            Effect::HangUp { leg } => self.hang_up(leg),
            Effect::SetMuted { leg, muted } => {
                if let Some(kept) = self.legs.of(leg) {
                    self.media.set_muted(kept.media, muted);
                    self.facts.push_back(Fact::Muted { leg, muted });
                }
            }
            Effect::Dial(dial) => self.dial(dial),
            Effect::SetHeld { leg, held } => self.set_held(leg, held),
            Effect::SendKey { leg, key } => self.send_key(leg, key),
            Effect::SaveCustomer {
                wrap_up,
                customer,
                version,
                body,
            } => self.save_customer(wrap_up, customer, version, body),
            Effect::CreateTicket {
                wrap_up,
                ticket,
                body,
            } => self.create_ticket(wrap_up, ticket, body),
            Effect::GiveUp { what } => self.give_up(what),
            Effect::SaveDraft(draft) => self.jobs.push(Job::SaveDraft(draft)),
            Effect::DropDraft { wrap_up } => self.jobs.push(Job::DropDraft(wrap_up)),
            Effect::Submit(draft) => self.submit(draft),
            Effect::OpenPlayback { leg } => self.open_playback(leg),
            Effect::ResumePlayback => self.with_player(|media, key| media.set_playing(key, true)),
            Effect::PausePlayback => self.with_player(|media, key| media.set_playing(key, false)),
            Effect::SeekPlayback { millis } => {
                self.with_player(|media, key| media.seek_playback(key, millis));
            }
            Effect::SetPlaybackSpeed { speed } => {
                let speed = f64::from(speed) / 100.0;
                self.with_player(|media, key| media.set_playback_speed(key, speed));
            }
            Effect::ClosePlayback => self.close_playback(),
            Effect::RecordLeg(record) => self.jobs.push(Job::MergeLegs(vec![record])),
        }
    }

    /// Signs in, by whichever of the two ways, on a task of its own.
    fn enter<F>(&mut self, sign_in: impl FnOnce(mpsc::Sender<Job>, CancellationToken) -> F)
    where
        F: Future<Output = Result<Entry, Code>> + Send + 'static,
    {
        self.generation = self.generation.next();
        let generation = self.generation;
        let given_up = CancellationToken::new();
        self.signing_in = Some(given_up.clone());
        let entering = sign_in(self.jobs_sender.clone(), given_up);
        let reports = self.reports.clone();
        // Not aborted when given up: a session that comes too late must be ended again.
        tokio::spawn(async move {
            let report = Report::SignIn(generation, entering.await);
            if let Err(unheard) = reports.send(report).await
                && let Report::SignIn(_, Ok(late)) = unheard.0
            {
                late.leave().await;
            }
        });
    }

    fn wish(&mut self, wish: Wish) {
        match &mut self.standing {
            Some(standing) => standing.wishes.push(wish),
            None => self.facts.push_back(Fact::PresenceRefused(Code::NotNow)),
        }
    }

    fn notify(&mut self, leg: LegId) {
        let view = self.desk.view(self.clock.now());
        let Some(call) = view.calls.into_iter().find(|call| call.leg == leg) else {
            return;
        };
        self.shell.notify(IncomingNotification {
            leg,
            number: call.number,
            name: call.caller_name,
            skill_group: call.skill_group,
        });
    }

    /// 200 and sound: everything has been ready since the INVITE.
    fn pick_up(&mut self, id: LegId) {
        let ready = self
            .legs
            .of(id)
            .and_then(|leg| Some((leg.plan.take()?, leg)));
        let (Some((plan, leg)), Some(line)) = (ready, &mut self.line) else {
            return self.facts.push_back(Fact::Ended {
                leg: id,
                how: LegEnd::Failed(Code::CallGone),
            });
        };
        let sdp = match plan {
            Plan::Answer { sdp, agreed } => {
                leg.agreed = Some(agreed);
                sdp
            }
            Plan::Offer { sdp } => sdp,
        };
        // The agent has answered: the caller hears them from here on, though the ACK is still to come.
        leg.answered = true;
        line.commands.push(Sip::Answer {
            call: leg.call,
            sdp,
        });
        info!(leg = %id, "Answered");
        self.sound(id);
    }

    pub(crate) fn reject(&mut self, leg: LegId, status: Status, why: &str) {
        if let (Some(Leg { call, media, .. }), Some(line)) = (self.legs.of(leg), &mut self.line) {
            self.media.stop(*media);
            line.commands.push(Sip::Reject {
                call: *call,
                status,
                reason: Some(Reason::sip(status.0, why)),
            });
            info!(%leg, why, "Rejected");
        }
    }

    pub(crate) fn hang_up(&mut self, leg: LegId) {
        let (Some(kept), Some(line)) = (self.legs.of(leg), &mut self.line) else {
            warn!(%leg, "There is nothing left to hang up");
            return;
        };
        self.media.stop(kept.media);
        self.media.tone(None);
        line.commands.push(Sip::HangUp {
            call: kept.call,
            reason: None,
        });
        info!(%leg, "Hung up");
    }
}
