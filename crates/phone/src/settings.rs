//! What this computer remembers between starts: never a password. What the centre handed out is encrypted, the rest is in clear.

use std::path::PathBuf;

use offhook_model::{BareAccount, Code};
use offhook_store::{Store, StoreError};
use tracing::warn;

use crate::query::Settings;
use crate::store_task::Remembered;

const CENTRE: &str = "centre";
const USERNAME: &str = "username";
const ACCOUNT: &str = "account";
/// Whether the agent has been told that the keyring keeps no key: `told`.
const KEYRING: &str = "keyring";
const ROOTS: &str = "roots";

pub(crate) async fn remember(store: &Store, remembered: &Remembered) -> Result<(), StoreError> {
    match remembered {
        Remembered::Centre(handout) => {
            store.set_setting(CENTRE, &handout.centre).await?;
            store.set_setting(USERNAME, &handout.username).await?;
            match serde_json::to_vec(handout) {
                Ok(json) => store.keep_handout(&json).await,
                Err(error) => {
                    warn!(%error, "What was handed out cannot be written as JSON");
                    Ok(())
                }
            }
        }
        Remembered::Account(account) => match serde_json::to_string(account) {
            Ok(json) => store.set_setting(ACCOUNT, &json).await,
            Err(error) => {
                warn!(%error, "An account cannot be written as JSON");
                Ok(())
            }
        },
    }
}

/// Reads what a window asks for, but for the roots: those are the actor's.
pub(crate) async fn read(store: &Store) -> Result<Settings, Code> {
    let setting = async |name| store.setting(name).await.map_err(|error| error.code());
    let account = setting(ACCOUNT).await?;
    Ok(Settings {
        centre: setting(CENTRE).await?,
        username: setting(USERNAME).await?,
        account: account.and_then(|json| serde_json::from_str::<BareAccount>(&json).ok()),
        roots: None,
        opens_offline: store
            .opens_by_keyring()
            .await
            .map_err(|error| error.code())?,
    })
}

/// Remembers that the keyring keeps the key, so that it would be news if it did no more.
pub(crate) async fn keyring_works(store: &Store) {
    if let Err(error) = store.set_setting(KEYRING, "works").await {
        warn!(%error, "The keyring's state was not remembered");
    }
}

/// Tells whether the agent has still to be told that the keyring keeps no key, and remembers that they were. Where there is no
/// keyring, nobody wants to hear it at each sign-in.
pub(crate) async fn is_news_that_no_keyring_works(store: &Store) -> bool {
    match store.setting(KEYRING).await {
        Ok(Some(state)) if state == "told" => return false,
        Ok(_) => {}
        Err(error) => warn!(%error, "The keyring's state does not read"),
    }
    if let Err(error) = store.set_setting(KEYRING, "told").await {
        warn!(%error, "The keyring's state was not remembered");
    }
    true
}

/// Reads which PEM file with roots was set last.
pub(crate) async fn roots(store: &Store) -> Result<Option<PathBuf>, StoreError> {
    let file = store.setting(ROOTS).await?;
    Ok(file.filter(|file| !file.is_empty()).map(PathBuf::from))
}

pub(crate) async fn keep_roots(store: &Store, file: Option<String>) -> Result<(), StoreError> {
    store.set_setting(ROOTS, &file.unwrap_or_default()).await
}
