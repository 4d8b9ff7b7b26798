//! The desk without the centre: opened with what this computer keeps, until the centre answers.

use std::path::PathBuf;
use std::sync::Arc;

use offhook_cloud::Cloud;
use offhook_desk::{Fact, OpenedOffline};
use offhook_model::{
    Code, FormDefinition, Secret,
    api::{AgentProfile, SignInResponse},
};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use crate::backoff::Backoff;
use crate::report::{SessionReport, Teller};
use crate::session::{self, Credentials, RETRY};
use crate::store_task::{self, Job};
use crate::sync::Bell;
use crate::unlocked::Unlocked;

/// What the centre handed out at a sign-in, as it is kept for a start without the centre. Tokens and telephone passwords are not
/// among it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Handout {
    pub(crate) centre: String,
    pub(crate) username: String,
    agent: AgentProfile,
    form: FormDefinition,
}

impl Handout {
    pub(crate) fn new(centre: String, username: String, response: &SignInResponse) -> Self {
        Self {
            centre,
            username,
            agent: response.agent.clone(),
            form: response.form.clone(),
        }
    }

    /// The name of the agent's data on this computer.
    pub(crate) fn owner(&self) -> String {
        owner(&self.username, &self.centre)
    }
}

pub(crate) fn owner(username: &str, centre: &str) -> String {
    format!("{username}@{centre}")
}

/// A desk that was opened without the centre.
#[derive(Debug)]
pub(crate) struct Offline {
    pub(crate) handout: Handout,
    pub(crate) why: Code,
    /// Nothing where the keyring opened it.
    pub(crate) password: Option<Secret>,
    pub(crate) unlocked: Unlocked,
    pub(crate) bell: Arc<Bell>,
}

impl Offline {
    /// For the desk.
    pub(crate) fn opened(&self) -> OpenedOffline {
        OpenedOffline {
            agent: self.handout.agent.clone(),
            form: self.handout.form.clone(),
            why: self.why,
            by_itself: self.password.is_some(),
        }
    }
}

/// Whether a sign-in that failed so leaves the desk to this computer: nobody there has said no. An untrusted certificate does not:
/// it is told where the agent signs in, and put right there.
pub(crate) const fn is_away(code: Code) -> bool {
    matches!(
        code,
        Code::Unreachable | Code::ConnectionRefused | Code::UnknownHost | Code::CentreFailed
    )
}

/// Whether a desk that is open goes on trying after this answer: nobody has looked at the password. A network that wants to be
/// signed in to itself answers with a certificate of its own for a while.
const fn is_tried_again(code: Code) -> bool {
    is_away(code) || matches!(code, Code::CertificateInvalid)
}

/// Opens the data of an agent who has worked here before; the password must be the one it was shut with.
pub(crate) async fn by_password(
    credentials: Credentials,
    store: mpsc::Sender<Job>,
    why: Code,
) -> Result<Offline, Code> {
    let Credentials {
        centre,
        username,
        password,
        roots: _,
    } = credentials;
    let owner = owner(&username, &session::address(&centre));
    let key = password.clone();
    let opened: Option<Opened> = store_task::ask(&store, |reply| Job::OpenAlone {
        owner,
        password: key,
        reply,
    })
    .await;
    let Some((handout, unlocked)) = opened.ok_or(Code::NotNow)?? else {
        return Err(why);
    };
    info!(?why, "Opened without the centre");
    Ok(Offline {
        handout,
        why,
        password: Some(password),
        unlocked,
        bell: Arc::default(),
    })
}

/// Opens the data of the agent who was here last by the keyring.
pub(crate) async fn by_keyring(store: mpsc::Sender<Job>) -> Result<Offline, Code> {
    let opened: Option<Opened> =
        store_task::ask(&store, |reply| Job::OpenByKeyring { reply }).await;
    let (handout, unlocked) = opened
        .ok_or(Code::NotNow)??
        .ok_or(Code::KeyringUnavailable)?;
    info!("Opened without the centre, by the keyring");
    Ok(Offline {
        handout,
        why: Code::Unreachable,
        password: None,
        unlocked,
        bell: Arc::default(),
    })
}

/// What opening without the centre found; nothing where there is nothing to open.
pub(crate) type Opened = Result<Option<(Handout, Unlocked)>, Code>;

/// Stands while the desk is offline: signs in as soon as the centre answers, or says that it does where the password is missing.
pub(crate) async fn look_out(
    handout: Handout,
    password: Option<Secret>,
    roots: Option<PathBuf>,
    at_once: bool,
    store: mpsc::Sender<Job>,
    told: Teller,
) {
    if let Some(password) = password {
        let credentials = Credentials {
            centre: handout.centre.clone(),
            username: handout.username,
            password,
            roots: roots.clone(),
        };
        match sign_in(credentials, at_once, store, &told).await {
            Ok(sign_in) => return told.tell(SessionReport::SignedIn(Box::new(sign_in))).await,
            Err(code) => told.fact(Fact::PasswordNeeded(code)).await,
        }
    }
    watch(&handout.centre, roots, &told).await;
}

/// Tries until the centre says yes or no.
async fn sign_in(
    credentials: Credentials,
    at_once: bool,
    store: mpsc::Sender<Job>,
    told: &Teller,
) -> Result<crate::report::SignIn, Code> {
    let mut backoff = Backoff::new(RETRY.0, RETRY.1);
    if !at_once {
        sleep(backoff.next(rand::random())).await;
    }
    loop {
        let given_up = CancellationToken::new();
        match session::at_centre(credentials.clone(), store.clone(), given_up).await {
            Err(code) if is_tried_again(code) => told.fact(Fact::Api(Err(code))).await,
            answer => return answer,
        }
        sleep(backoff.next(rand::random())).await;
    }
}

/// Asks every now and then whether the centre is there.
async fn watch(centre: &str, roots: Option<PathBuf>, told: &Teller) {
    let mut backoff = Backoff::new(RETRY.0, RETRY.1);
    let mut last = None;
    loop {
        let answer = match Cloud::new(centre, roots.clone()) {
            Ok(cloud) => cloud.health().await.map(drop).map_err(|error| error.code),
            Err(error) => Err(error.code),
        };
        if last != Some(answer) {
            debug!(?answer, "The centre was looked for");
            last = Some(answer);
            told.fact(Fact::Api(answer)).await;
            if answer.is_ok() {
                backoff.reset();
            }
        }
        sleep(backoff.next(rand::random())).await;
    }
}
