//! What stands while somebody is signed in, at a centre or with a bare account.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use offhook_cloud::Session;
use offhook_desk::{Draft, Fact};
use offhook_model::{
    CallId, Code, CustomerId, PhoneNumber, Secret, TicketId, WrapUpId,
    api::{CustomerBody, TicketBody},
};
use offhook_sip::{RegistrationError, Status};
use offhook_store::Store;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

use crate::account::LineAccount;
use crate::backoff::Backoff;
use crate::edits::{Edits, Version};
use crate::line::{self, Line};
use crate::link::Link;
use crate::offline::{self, Handout};
use crate::outlet::Outlet;
use crate::own;
use crate::own_store::OwnJob;
use crate::pop;
use crate::query::Answer;
use crate::report::{Generation, SessionReport, SignIn, Teller};
use crate::session::{self, RETRY};
use crate::store_task::Job;
use crate::sync::Bell;
use crate::wishes::Wish;

/// Presence wishes under way.
const WISHES: usize = 16;

/// Who has the last word on presence, on customers and on what is filed.
#[derive(Debug, Clone)]
pub(crate) enum Authority {
    /// A centre: what is filed goes there by way of the outbox, which the bell wakes.
    Centre { session: Session, bell: Arc<Bell> },
    /// A centre that cannot be reached: what is filed waits in the outbox for the session to come.
    Away {
        bell: Arc<Bell>,
        /// What the desk was opened with.
        handout: Arc<Handout>,
    },
    /// This computer: a bare account has nobody else. The name stands in the history.
    Own { agent: String },
}

impl Authority {
    /// Says goodbye where there is somebody to say it to.
    pub(crate) async fn leave(self) {
        match self {
            Self::Centre { session, .. } => session::sign_out(session).await,
            Self::Away { .. } | Self::Own { .. } => {}
        }
    }
}

/// The line, and the tasks of whoever has the last word. Dropping it ends them.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) authority: Authority,
    pub(crate) wishes: Outlet<Wish>,
    /// Nothing while there is no session.
    account: Option<LineAccount>,
    link: Arc<Link>,
    /// The registrar has taken the account before.
    proven: bool,
    jobs: mpsc::Sender<Job>,
    told: Teller,
    tasks: JoinSet<()>,
}

impl Standing {
    pub(crate) fn start(
        sign_in: &SignIn,
        store: Store,
        jobs: mpsc::Sender<Job>,
        told: Teller,
    ) -> Self {
        let (authority, account) = (sign_in.authority.clone(), sign_in.account.clone());
        let (wishes, asked) = mpsc::channel(WISHES);
        let mut tasks = JoinSet::new();
        let link = Arc::default();
        tasks.spawn(line(account.clone(), told.clone()));
        match &authority {
            Authority::Centre { session, bell } => {
                session::start(&mut tasks, session, bell, &link, asked, store, &told);
            }
            Authority::Own { .. } => {
                let first = sign_in.signed_in.presence;
                tasks.spawn(own::presence(first, asked, told.clone()));
            }
            // A session has an authority that can be asked.
            Authority::Away { .. } => {}
        }
        Self {
            authority,
            wishes: Outlet::new(wishes),
            account: Some(account),
            link,
            proven: false,
            jobs,
            told,
            tasks,
        }
    }

    /// Stands without a session: the desk is open, and the centre is looked for.
    pub(crate) fn offline(
        handout: Handout,
        password: Option<Secret>,
        roots: Option<PathBuf>,
        at_once: bool,
        bell: Arc<Bell>,
        jobs: mpsc::Sender<Job>,
        told: Teller,
    ) -> Self {
        let mut tasks = JoinSet::new();
        let looking = offline::look_out(
            handout.clone(),
            password,
            roots,
            at_once,
            jobs.clone(),
            told.clone(),
        );
        tasks.spawn(looking);
        // Nobody asks for a presence before there is a session.
        let (wishes, _) = mpsc::channel(WISHES);
        Self {
            authority: Authority::Away {
                bell,
                handout: Arc::new(handout),
            },
            wishes: Outlet::new(wishes),
            account: None,
            link: Arc::default(),
            proven: false,
            jobs,
            told,
            tasks,
        }
    }

    /// What an offline desk was opened with; nothing where there is a session.
    pub(crate) fn handout(&self) -> Option<&Handout> {
        match &self.authority {
            Authority::Away { handout, .. } => Some(handout),
            Authority::Centre { .. } | Authority::Own { .. } => None,
        }
    }

    /// The bell that jobs for the outbox were given.
    pub(crate) fn bell(&self) -> Option<Arc<Bell>> {
        match &self.authority {
            Authority::Centre { bell, .. } | Authority::Away { bell, .. } => Some(bell.clone()),
            Authority::Own { .. } => None,
        }
    }

    pub(crate) const fn generation(&self) -> Generation {
        self.told.generation
    }

    /// Asks who calls; the answer is [`SessionReport::Found`].
    pub(crate) fn look_up(&mut self, call: CallId, number: PhoneNumber) {
        self.forget_finished();
        self.tasks.spawn(pop::look_up(
            self.authority.clone(),
            self.jobs.clone(),
            self.told.clone(),
            call,
            number,
        ));
    }

    /// Answers who has a number, with the edits that are on their way.
    pub(crate) fn customers(
        &mut self,
        number: PhoneNumber,
        edits: Edits,
        reply: oneshot::Sender<Result<Answer, Code>>,
    ) {
        self.forget_finished();
        let (authority, jobs) = (self.authority.clone(), self.jobs.clone());
        self.tasks.spawn(async move {
            let found = pop::find(&authority, &jobs, &number).await;
            let (cards, stale) = edits.over(&number, found).into_cards();
            // Err: whoever asked has gone.
            reply.send(Ok(Answer::Customers { cards, stale })).ok();
        });
    }

    /// Where a form goes that is submitted.
    pub(crate) fn submission(&self, draft: Draft) -> Job {
        match &self.authority {
            Authority::Centre { bell, .. } | Authority::Away { bell, .. } => {
                Job::Submit(draft, bell.clone())
            }
            Authority::Own { .. } => Job::Own(OwnJob::Form(draft)),
        }
    }

    /// Where a profile goes that was edited beside a form.
    pub(crate) fn profile(
        &self,
        wrap_up: WrapUpId,
        customer: CustomerId,
        changes: Version,
        body: CustomerBody,
    ) -> Job {
        match &self.authority {
            Authority::Centre { bell, .. } | Authority::Away { bell, .. } => Job::FileCustomer {
                wrap_up,
                customer,
                changes,
                body,
                bell: bell.clone(),
            },
            Authority::Own { .. } => Job::Own(OwnJob::Customer {
                wrap_up,
                customer,
                body,
            }),
        }
    }

    /// Where a ticket goes that was written beside a form.
    pub(crate) fn ticket(&self, wrap_up: WrapUpId, ticket: TicketId, body: TicketBody) -> Job {
        match &self.authority {
            Authority::Centre { bell, .. } | Authority::Away { bell, .. } => Job::FileTicket {
                wrap_up,
                ticket,
                body,
                bell: bell.clone(),
            },
            Authority::Own { .. } => Job::Own(OwnJob::Ticket { ticket, body }),
        }
    }

    /// The registrar took the account.
    pub(crate) fn registered(&mut self) {
        self.proven = true;
        self.link.is_alive();
    }

    /// Says in our codes why the registration failed. A person who wrote the account down is told what to look at; one who got
    /// it from a centre cannot change it, and an address that has proved right needs no look.
    pub(crate) const fn registration_code(&self, cause: &RegistrationError) -> Code {
        match (&self.authority, cause) {
            (Authority::Centre { .. } | Authority::Away { .. }, cause) => {
                line::registration_code(cause)
            }
            (
                Authority::Own { .. },
                RegistrationError::Unreachable | RegistrationError::Timeout,
            ) if self.proven => line::registration_code(cause),
            (
                Authority::Own { .. },
                RegistrationError::Unauthorized | RegistrationError::Refused(Status::FORBIDDEN),
            ) => Code::WrongPassword,
            (Authority::Own { .. }, RegistrationError::Unreachable) => Code::ConnectionRefused,
            (Authority::Own { .. }, RegistrationError::Untrusted) => Code::CertificateInvalid,
            (Authority::Own { .. }, RegistrationError::Timeout) => Code::Unreachable,
            (Authority::Own { .. }, RegistrationError::Disconnected) => Code::RegistrationLost,
            (
                Authority::Own { .. },
                RegistrationError::Refused(_)
                | RegistrationError::BadChallenge
                | RegistrationError::Unsendable,
            ) => Code::RegistrationRefused,
        }
    }

    /// Sets the telephone line up anew after `pause`.
    pub(crate) fn open_line(&mut self, pause: Duration) {
        self.forget_finished();
        let Some(account) = self.account.clone() else {
            return;
        };
        let told = self.told.clone();
        self.tasks.spawn(async move {
            sleep(pause).await;
            line(account, told).await;
        });
    }

    /// Runs a task for as long as somebody is signed in; it can be ended before.
    pub(crate) fn run<F>(&mut self, task: impl FnOnce(Teller) -> F) -> AbortHandle
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.forget_finished();
        self.tasks.spawn(task(self.told.clone()))
    }

    fn forget_finished(&mut self) {
        while self.tasks.try_join_next().is_some() {}
    }
}

/// Sets the telephone line up, however long it takes; from then on it registers by itself.
async fn line(account: LineAccount, told: Teller) {
    let mut backoff = Backoff::new(RETRY.0, RETRY.1);
    loop {
        match Line::open(&account).await {
            Ok(line) => return told.tell(SessionReport::Line(Box::new(line))).await,
            Err(code) => {
                told.fact(Fact::Registration(Err(code))).await;
                sleep(backoff.next(rand::random())).await;
            }
        }
    }
}
