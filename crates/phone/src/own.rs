//! A bare account: the phone on any PBX. There is no centre; this computer has the last word on presence, customers and forms.

use std::path::PathBuf;
use std::time::Duration;

use offhook_desk::{Fact, SignedIn};
use offhook_model::{
    Activity, AgentId, BareAccount, Code, Presence, PresenceReason, PresenceState, Secret,
    api::{AgentProfile, Role},
};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::account::LineAccount;
use crate::clock::wall;
use crate::own_form;
use crate::report::{Entry, SignIn, Teller};
use crate::standing::Authority;
use crate::store_task::{self, Job, Remembered};
use crate::wishes::Wish;

/// How long a call rings (ACCEPTANCE 21).
const RING: Duration = Duration::from_secs(30);

/// Reads the account and opens this computer's data for it. Whether the registrar takes it, the line says.
pub(crate) async fn sign_in(
    account: BareAccount,
    roots: Option<PathBuf>,
    store: mpsc::Sender<Job>,
) -> Result<Entry, Code> {
    let line = LineAccount::bare(&account, roots)?;
    let agent = AgentProfile {
        id: AgentId(Uuid::new_v5(&Uuid::NAMESPACE_URL, line.aor.as_bytes())),
        name: line.display_name.clone(),
        extension: line.user(),
        role: Role::Agent,
        skill_groups: Vec::new(),
        listen_recordings: false,
    };
    let password = line.password.clone();
    let remembered = Remembered::Account(BareAccount {
        password: Secret::default(),
        ..account
    });
    let unlocked = store_task::unlock(&store, line.aor.clone(), password, remembered).await?;
    Ok(Entry::SignedIn(Box::new(SignIn {
        authority: Authority::Own {
            agent: agent.name.clone(),
        },
        account: line,
        signed_in: SignedIn {
            agent,
            presence: PresenceState {
                presence: Presence::CheckedOut,
                reason: PresenceReason::SignedIn,
                since: wall(),
                revision: 1,
            },
            activity: Activity::Free,
            ring: RING,
            wrap_up_limit: None,
            form: own_form::definition(),
            caller_ids: Vec::new(),
            local: true,
        },
        unlocked,
    })))
}

/// Confirms presences as a centre would, one after the other.
pub(crate) async fn presence(first: PresenceState, mut asked: mpsc::Receiver<Wish>, told: Teller) {
    told.fact(Fact::EventStream(true)).await;
    let mut revision = first.revision;
    while let Some(wish) = asked.recv().await {
        let presence = match wish {
            Wish::Presence(presence) | Wish::StartAnswering(presence) => presence,
            // No wrap-up has a limit here.
            Wish::MoreTime => continue,
        };
        revision += 1;
        told.fact(Fact::Presence(PresenceState {
            presence,
            reason: PresenceReason::ByHand,
            since: wall(),
            revision,
        }))
        .await;
    }
}
