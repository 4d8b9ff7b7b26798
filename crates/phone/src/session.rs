//! A session at the centre: signing in, and the tasks that stand with it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use offhook_cloud::{Cloud, CloudError, Session};
use offhook_desk::{Fact, SignedIn};
use offhook_model::{
    Code, Secret,
    api::{Event, SignInRequest},
};
use offhook_store::Store;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::account::LineAccount;
use crate::backoff::Backoff;
use crate::link::Link;
use crate::offline::{self, Handout};
use crate::report::{Entry, SessionReport, SignIn, Teller};
use crate::standing::Authority;
use crate::store_task::{self, Job, Remembered};
use crate::sync::{self, Bell};
use crate::wishes::{self, Wish};

/// The centre checks out whom it has not heard for 60 s (ACCEPTANCE 12).
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long after a failure the event stream or the line is tried again, at first and at most.
pub(crate) const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// What the agent typed.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub(crate) centre: String,
    pub(crate) username: String,
    pub(crate) password: Secret,
    /// The PEM file with the roots to trust instead of the system's.
    pub(crate) roots: Option<PathBuf>,
}

/// Signs in; while the centre is away, opens what this computer has of the agent.
pub(crate) async fn sign_in(
    credentials: Credentials,
    store: mpsc::Sender<Job>,
    given_up: CancellationToken,
) -> Result<Entry, Code> {
    match at_centre(credentials.clone(), store.clone(), given_up).await {
        Ok(sign_in) => Ok(Entry::SignedIn(Box::new(sign_in))),
        Err(code) if offline::is_away(code) => {
            let offline = offline::by_password(credentials, store, code).await?;
            Ok(Entry::Offline(Box::new(offline)))
        }
        Err(code) => Err(code),
    }
}

/// The centre's address as it is written down.
pub(crate) fn address(centre: &str) -> String {
    centre.trim().trim_end_matches('/').to_owned()
}

/// Asks the centre, then opens the agent's data. Given up when `given_up` is: a session that came too late is ended again.
pub(crate) async fn at_centre(
    credentials: Credentials,
    store: mpsc::Sender<Job>,
    given_up: CancellationToken,
) -> Result<SignIn, Code> {
    let Credentials {
        centre,
        username,
        password,
        roots,
    } = credentials;
    let failed = |error: CloudError| {
        warn!(%error, "Sign-in failed");
        error.code
    };
    let cloud = Cloud::new(&centre, roots.clone()).map_err(failed)?;
    let request = SignInRequest {
        username: username.clone(),
        password: password.clone(),
    };
    let (session, response) = cloud.sign_in(&request).await.map_err(failed)?;
    let handout = Handout::new(address(&centre), username, &response);
    let Some(sip) = response.sip.filter(|_| !given_up.is_cancelled()) else {
        // An administrator has no telephone, and there is nothing to do at this desk without one.
        sign_out(session).await;
        return Err(Code::Forbidden);
    };
    let owner = handout.owner();
    let remembered = Remembered::Centre(handout);
    let unlocked = store_task::unlock(&store, owner, password, remembered).await?;
    Ok(SignIn {
        account: LineAccount::of_centre(sip, response.agent.name.clone(), roots),
        authority: Authority::Centre {
            session,
            bell: Arc::default(),
        },
        signed_in: SignedIn {
            agent: response.agent,
            presence: response.presence,
            activity: response.activity,
            ring: Duration::from_secs(u64::from(response.ring_seconds)),
            wrap_up_limit: response
                .wrap_up_seconds
                .map(|seconds| Duration::from_secs(u64::from(seconds))),
            form: response.form,
            caller_ids: response.caller_ids,
            local: false,
        },
        unlocked,
    })
}

/// Ends the session at the centre, where it can be reached.
pub(crate) async fn sign_out(session: Session) {
    if let Err(error) = session.sign_out().await {
        // The centre ends it by itself when it hears no more of us.
        info!(%error, "The centre was not told of the sign-out");
    }
}

/// Starts what stands while somebody is signed in at a centre, beside the line.
pub(crate) fn start(
    tasks: &mut JoinSet<()>,
    session: &Session,
    bell: &Arc<Bell>,
    link: &Arc<Link>,
    asked: mpsc::Receiver<Wish>,
    store: Store,
    told: &Teller,
) {
    let back = link.returns();
    tasks.spawn(wishes::run(
        session.clone(),
        asked,
        back.clone(),
        told.clone(),
    ));
    tasks.spawn(legs(session.clone(), back, told.clone()));
    tasks.spawn(events(
        session.clone(),
        bell.clone(),
        link.clone(),
        told.clone(),
    ));
    tasks.spawn(heartbeat(session.clone(), link.clone(), told.clone()));
    tasks.spawn(sync::run(
        store,
        session.clone(),
        bell.clone(),
        told.clone(),
    ));
}

/// Reads the event stream, and resumes it where it broke off.
async fn events(session: Session, bell: Arc<Bell>, link: Arc<Link>, told: Teller) {
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
                            link.is_back();
                            told.tell(SessionReport::Back).await;
                        }
                    }
                    match event {
                        Event::Presence(state) => told.fact(Fact::Presence(state)).await,
                        Event::Activity { activity, until } => {
                            told.fact(Fact::Activity { activity, until }).await;
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
        tokio::select! {
            () = sleep(backoff.next(rand::random())) => {}
            () = link.until_alive() => {}
        }
    }
}

/// Lets the centre hear from us, and us from it.
async fn heartbeat(session: Session, link: Arc<Link>, told: Teller) {
    let mut beat = interval(HEARTBEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failed = false;
    loop {
        beat.tick().await;
        match session.heartbeat().await {
            Ok(()) if failed => {
                failed = false;
                told.fact(Fact::Api(Ok(()))).await;
                link.is_alive();
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

/// Fetches what the centre has of this agent's calls: those taken elsewhere, too (ACCEPTANCE 111). Once more whenever the centre is
/// back: a stream remembers only so much, and nothing over a restart.
async fn legs(session: Session, mut back: watch::Receiver<u64>, told: Teller) {
    let mut backoff = Backoff::new(RETRY.0, RETRY.1);
    loop {
        match session.legs().await {
            Ok(legs) => {
                backoff.reset();
                told.tell(SessionReport::Legs(legs)).await;
                if back.changed().await.is_err() {
                    return;
                }
            }
            Err(error) if error.is_for_good() => {
                warn!(%error, "The centre does not give the call list");
                return;
            }
            Err(error) => {
                debug!(%error, "The call list waits");
                tokio::select! {
                    () = sleep(backoff.next(rand::random())) => {}
                    Ok(()) = back.changed() => backoff.reset(),
                }
            }
        }
    }
}
