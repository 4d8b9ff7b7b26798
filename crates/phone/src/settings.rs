//! What this computer remembers between starts, in clear: never a password.

use offhook_model::{BareAccount, Code};
use offhook_store::{Store, StoreError};
use tracing::warn;

use crate::query::Settings;
use crate::store_task::Remembered;

const CENTRE: &str = "centre";
const USERNAME: &str = "username";
const ACCOUNT: &str = "account";

pub(crate) async fn remember(store: &Store, remembered: &Remembered) -> Result<(), StoreError> {
    match remembered {
        Remembered::Centre { centre, username } => {
            store.set_setting(CENTRE, centre).await?;
            store.set_setting(USERNAME, username).await
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

pub(crate) async fn read(store: &Store) -> Result<Settings, Code> {
    let setting = async |name| store.setting(name).await.map_err(|error| error.code());
    let account = setting(ACCOUNT).await?;
    Ok(Settings {
        centre: setting(CENTRE).await?,
        username: setting(USERNAME).await?,
        account: account.and_then(|json| serde_json::from_str::<BareAccount>(&json).ok()),
    })
}
