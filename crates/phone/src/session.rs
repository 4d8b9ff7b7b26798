//! A session at the centre: signing in, and the tasks that stand while somebody is signed in.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use offhook_cloud::{Cloud, CloudError, Session};
use offhook_desk::Fact;
use offhook_model::{
    CallId, Code, PhoneNumber, Presence, Secret,
    api::{Event, SignInRequest, SipAccount},
};
use offhook_store::Store;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use uuid::Uuid;

use crate::backoff::Backoff;
use crate::line::Line;
use crate::outlet::Outlet;
use crate::pop;
use crate::report::{Generation, SessionReport, SignIn, Teller};
use crate::store_task::Job;
use crate::sync::{self, Bell};

/// The centre checks out whom it has not heard for 60 s (ACCEPTANCE 12).
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long after a failure the event stream or the line is tried again, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How often a presence that the centre did not answer is asked for again, with the same key.
const PRESENCE_TRIES: u32 = 3;
/// Presence wishes under way.
const WISHES: usize = 16;

/// What the agent typed.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) centre: String,
    pub(crate) username: String,
    pub(crate) password: Secret,
}

/// Asks the centre, then opens the agent's data. Given up when `given_up` is: a session that came too late is ended again.
pub(crate) async fn sign_in(
    credentials: Credentials,
    store: mpsc::Sender<Job>,
    given_up: CancellationToken,
) -> Result<SignIn, Code> {
    let Credentials {
        centre,
        username,
        password,
    } = credentials;
    let failed = |error: CloudError| {
        warn!(%error, "Sign-in failed");
        error.code
    };
    let cloud = Cloud::new(&centre, None).map_err(failed)?;
    let request = SignInRequest {
        username: username.clone(),
        password: password.clone(),
    };
    let (session, response) = cloud.sign_in(&request).await.map_err(failed)?;
    if given_up.is_cancelled() || response.sip.is_none() {
        // An administrator has no telephone, and there is nothing to do at this desk without one.
        sign_out(session).await;
        return Err(Code::Forbidden);
    }
    let (reply, unlocked) = oneshot::channel();
    let job = Job::Unlock {
        centre: centre.trim().trim_end_matches('/').to_owned(),
        username,
        password,
        reply,
    };
    store.send(job).await.map_err(|_| Code::NotNow)?;
    let unlocked = unlocked.await.map_err(|_| Code::NotNow)?;
    Ok(SignIn {
        session,
        response,
        restored: unlocked.restored,
        trouble: unlocked.trouble,
    })
}

/// Ends the session at the centre, where it can be reached.
pub(crate) async fn sign_out(session: Session) {
    if let Err(error) = session.sign_out().await {
        // The centre ends it by itself when it hears no more of us.
        info!(%error, "The centre was not told of the sign-out");
    }
}

/// A presence asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wish {
    Presence(Presence),
    StartAnswering(Presence),
}

/// What stands while somebody is signed in. Dropping it ends its tasks.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) session: Session,
    pub(crate) bell: Arc<Bell>,
    pub(crate) wishes: Outlet<Wish>,
    jobs: mpsc::Sender<Job>,
    told: Teller,
    tasks: JoinSet<()>,
}

impl Standing {
    pub(crate) fn start(
        session: Session,
        sip: SipAccount,
        display_name: String,
        store: Store,
        jobs: mpsc::Sender<Job>,
        told: Teller,
    ) -> Self {
        let bell = Arc::new(Bell::default());
        let (wishes, asked) = mpsc::channel(WISHES);
        let mut tasks = JoinSet::new();
        tasks.spawn(line(sip, display_name, told.clone()));
        tasks.spawn(events(session.clone(), bell.clone(), told.clone()));
        tasks.spawn(heartbeat(session.clone(), told.clone()));
        tasks.spawn(presence(session.clone(), asked, told.clone()));
        tasks.spawn(legs(session.clone(), told.clone()));
        tasks.spawn(sync::run(
            store,
            session.clone(),
            bell.clone(),
            told.clone(),
        ));
        Self {
            session,
            bell,
            wishes: Outlet::new(wishes),
            jobs,
            told,
            tasks,
        }
    }

    pub(crate) const fn generation(&self) -> Generation {
        self.told.generation
    }

    /// Asks who has a number; the answer is [`SessionReport::Found`].
    pub(crate) fn look_up(&mut self, call: CallId, number: PhoneNumber) {
        self.forget_finished();
        self.tasks.spawn(pop::look_up(
            self.session.clone(),
            self.jobs.clone(),
            self.told.clone(),
            call,
            number,
        ));
    }

    /// Sets the telephone line up anew after `pause`.
    pub(crate) fn open_line(&mut self, sip: SipAccount, display_name: String, pause: Duration) {
        self.forget_finished();
        let told = self.told.clone();
        self.tasks.spawn(async move {
            sleep(pause).await;
            line(sip, display_name, told).await;
        });
    }

    fn forget_finished(&mut self) {
        while self.tasks.try_join_next().is_some() {}
    }
}

/// Sets the telephone line up, however long it takes; from then on it registers by itself.
async fn line(sip: SipAccount, display_name: String, told: Teller) {
    let mut backoff = Backoff::new(RETRY.0, RETRY.1);
    loop {
        match Line::open(&sip, &display_name).await {
            Ok(line) => return told.tell(SessionReport::Line(Box::new(line))).await,
            Err(code) => {
                told.fact(Fact::Registration(Err(code))).await;
                sleep(backoff.next(rand::random())).await;
            }
        }
    }
}

/// Reads the event stream, and resumes it where it broke off.
async fn events(session: Session, bell: Arc<Bell>, told: Teller) {
    let mut backoff = Backoff::new(RETRY.0, RETRY.1);
    let mut last = None;
    let mut broke_off = false;
    loop {
        let mut stream = session.events(last);
        let mut stands = false;
        let mut why = Code::Unreachable;
        while let Some(item) = stream.next().await {
            match item {
                Ok((id, event)) => {
                    last = Some(id);
                    if !stands {
                        stands = true;
                        backoff.reset();
                        bell.link_up();
                        told.fact(Fact::Api(Ok(()))).await;
                        told.fact(Fact::EventStream(true)).await;
                        if broke_off {
                            told.tell(SessionReport::Back).await;
                        }
                    }
                    match event {
                        Event::Presence(state) => told.fact(Fact::Presence(state)).await,
                        Event::Activity { activity } => {
                            told.fact(Fact::Activity(activity)).await;
                        }
                        Event::Queues { queues } => told.fact(Fact::Queues(queues)).await,
                        Event::Leg(leg) => told.tell(SessionReport::Legs(vec![leg])).await,
                        Event::SignedInElsewhere => {
                            return told.over(Code::SignedInElsewhere).await;
                        }
                    }
                }
                Err(error) => {
                    debug!(%error, "The event stream broke off");
                    why = error.code;
                }
            }
        }
        if let Code::SessionExpired | Code::SignedInElsewhere = why {
            return told.over(why).await;
        }
        broke_off = true;
        told.fact(Fact::EventStream(false)).await;
        told.fact(Fact::Api(Err(why))).await;
        sleep(backoff.next(rand::random())).await;
    }
}

/// Lets the centre hear from us, and us from it.
async fn heartbeat(session: Session, told: Teller) {
    let mut beat = interval(HEARTBEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failed = false;
    loop {
        beat.tick().await;
        match session.heartbeat().await {
            Ok(()) if failed => {
                failed = false;
                told.fact(Fact::Api(Ok(()))).await;
            }
            Ok(()) => {}
            Err(error) => match error.code {
                code @ (Code::SessionExpired | Code::SignedInElsewhere) => {
                    return told.over(code).await;
                }
                code => {
                    debug!(%error, "A heartbeat was not heard");
                    failed = true;
                    told.fact(Fact::Api(Err(code))).await;
                }
            },
        }
    }
}

/// Asks for presences one after the other, in the order in which the agent did.
async fn presence(session: Session, mut asked: mpsc::Receiver<Wish>, told: Teller) {
    while let Some(wish) = asked.recv().await {
        let key = Uuid::new_v4();
        let mut backoff = Backoff::new(RETRY.0, RETRY.1);
        let mut tries = 0;
        let answer = loop {
            let answer = match wish {
                Wish::Presence(presence) => session.set_presence(key, presence).await,
                Wish::StartAnswering(presence) => session.start_answering(key, presence).await,
            };
            tries += 1;
            match answer {
                // The request may have arrived though the answer did not; with the same key it counts once.
                Err(error) if error.code == Code::Unreachable && tries < PRESENCE_TRIES => {
                    sleep(backoff.next(rand::random())).await;
                }
                answer => break answer,
            }
        };
        match answer {
            Ok(state) => told.fact(Fact::Presence(state)).await,
            Err(error) => {
                warn!(%error, "The centre did not change the presence");
                told.fact(Fact::PresenceRefused(error.code)).await;
                if let Code::SessionExpired | Code::SignedInElsewhere = error.code {
                    return told.over(error.code).await;
                }
            }
        }
    }
}

/// Fetches what the centre has of this agent's calls: those taken elsewhere, too (ACCEPTANCE 111).
async fn legs(session: Session, told: Teller) {
    let mut backoff = Backoff::new(RETRY.0, RETRY.1);
    loop {
        match session.legs().await {
            Ok(legs) => return told.tell(SessionReport::Legs(legs)).await,
            Err(error) if error.is_for_good() => {
                warn!(%error, "The centre does not give the call list");
                return;
            }
            Err(error) => {
                debug!(%error, "The call list waits");
                sleep(backoff.next(rand::random())).await;
            }
        }
    }
}
